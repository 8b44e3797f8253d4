"""The garbage collector: removes what belonged to something that is gone, or is waiting to go.

Facts, from pkg/controller/garbagecollector/garbagecollector.go (attemptToDeleteItem, processDeletingDependentsItem) and
graph_builder.go: an object all of whose owners are gone is deleted in the background; that an owner is gone is confirmed by a
GET from the API server, and the deletion names the object's UID. An owner that is deleted in the foreground keeps a finalizer
while it has dependents; these are deleted, in the foreground if they have dependents of their own, and then the finalizer is
removed.

Its graph of owners is not kept: what it decides is confirmed by the API server, so an old graph only makes it later. That is
less than true for one decision, that an owner has no dependents left, which its graph alone decides: a dependent that is
created meanwhile is not overlooked here. As it runs in the controller manager it restarts with that; without a graph there is nothing
that it could forget.
"""

from __future__ import annotations

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.objects import Deployment, Pod, ReplicaSet
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, present, require


def garbage_collector(scope: ClusterScope) -> Module:
    """The collector's steps, one request each."""
    module = Module("garbage collector", ApiServer)

    if scope.is_deployment:

        @module.action(actor="garbage-collector")
        def collect_replica_set(api: ApiServer, deployment: Deployment, replica_set: ReplicaSet) -> None:
            """The garbage collector deletes a ReplicaSet whose Deployment is gone, or waits for it to go."""
            owner = api.deployment(deployment)
            require(api.replica_set(replica_set).exists and api.replica_set(replica_set).deleting == 0)
            require(owner.template is None or owner.deleting == 1)
            api.delete_replica_set(scope, replica_set)

    @module.action(actor="garbage-collector")
    def collect_pod(api: ApiServer, pod: Pod) -> None:
        """The garbage collector deletes a pod whose ReplicaSet is gone, or waits for it to go."""
        stored = api.pod(pod)
        owner = api.replica_set(present(stored.owner))
        is_other = scope.applies > 1 and owner.uid != stored.owner_uid
        require((not owner.exists or owner.deleting == 1 or is_other) and not stored.terminating)
        api.delete_pod(scope, pod)

    if scope.foreground and scope.features.foreground_finalizer:
        module.include(finalization(scope))
    return module


def finalization(scope: ClusterScope) -> Module:
    """The last step of a deletion in the foreground: the finalizer is removed."""
    module = Module("finalization", ApiServer)

    @module.action(actor="garbage-collector")
    def finalize_replica_set(api: ApiServer, replica_set: ReplicaSet) -> None:
        """The garbage collector takes its finalizer from a ReplicaSet that has no pods left."""
        require(api.replica_set(replica_set).deleting == 1)
        require(not any(api.pod(p).owner == replica_set for p in Pod))
        api.finalize_replica_set(scope, replica_set)

    if scope.is_deployment:

        @module.action(actor="garbage-collector")
        def finalize_deployment(api: ApiServer, deployment: Deployment) -> None:
            """The garbage collector takes its finalizer from a Deployment that has no ReplicaSets left."""
            require(api.deployment(deployment).deleting == 1)
            require(not any(api.replica_set(r).exists for r in ReplicaSet))
            api.finalize_deployment(scope, deployment)

    return module
