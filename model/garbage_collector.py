"""The garbage collector: removes what belonged to something that is gone.

Facts, from pkg/controller/garbagecollector/garbagecollector.go (attemptToDeleteItem) and graph_builder.go: an object all of
whose owners are gone is deleted in the background; that an owner is gone is confirmed by a GET from the API server, and the
deletion names the object's UID.

Its graph of owners is not kept: what it decides is confirmed by the API server, so an old graph only makes it later.
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
            """The garbage collector deletes a ReplicaSet whose Deployment is gone."""
            require(api.replica_set(replica_set).exists and api.deployment(deployment).template is None)
            api.delete_replica_set(scope, replica_set)

    @module.action(actor="garbage-collector")
    def collect_pod(api: ApiServer, pod: Pod) -> None:
        """The garbage collector deletes a pod whose ReplicaSet is gone."""
        stored = api.pod(pod)
        require(not api.replica_set(present(stored.owner)).exists and not stored.terminating)
        api.delete_pod(scope, pod)

    return module
