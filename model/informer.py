"""The controller manager's informers: what they show, and how they catch up with the API server.

Facts, from staging/src/k8s.io/client-go/tools/cache (reflector.go, shared_informer.go, the_real_fifo.go): an informer lists, then
watches from the list's revision; it applies each write of its kind in order, one at a time, to its store and then calls the event
handlers. Kinds are not in step with each other.

An informer's store is not kept: it is its distance from etcd, see watches.py. One that does not lag reads through. The store's update
and the handlers are one step: a sync in between would read the new object with expectations not yet lowered and a key not yet
added, so it would do nothing that it could not do before or after. That is about controllers; of a scheduler that starts the
handlers are steps of their own (scheduler.py).
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.controller_manager import ControllerManager
from kubecheck.model.objects import Deployment, DeploymentObject, Pod, PodObject, ReplicaSet, ReplicaSetObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, Range, State, present, require


class Resyncs(State):
    """How many keys a resync has put back into a queue."""

    done: Annotated[int, Range(0, "resyncs")]


def deployment_in_view(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> DeploymentObject:
    """The Deployment as the controller manager sees it."""
    if scope.lag_deployments:
        return api.controllers_deployment(deployment)
    return api.deployment(deployment)


def is_deployment_stale(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> bool:
    """Whether the Deployment has been written since."""
    if scope.lag_deployments:
        return api.controllers_deployment_stale(deployment)
    return False


def replica_set_in_view(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet) -> ReplicaSetObject:
    """The ReplicaSet as the controller manager sees it."""
    if scope.lag_replica_sets:
        return api.controllers_replica_set(replica_set)
    return api.replica_set(replica_set)


def is_replica_set_stale(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet) -> bool:
    """Whether the ReplicaSet has been written since."""
    if scope.lag_replica_sets:
        return api.controllers_replica_set_stale(replica_set)
    return False


def pod_in_view(api: ApiServer, scope: ClusterScope, pod: Pod) -> PodObject:
    """The pod as the controller manager sees it."""
    if scope.lag_pods:
        return api.controllers_pod(pod)
    return api.pod(pod)


def is_owner_known(api: ApiServer, scope: ClusterScope, seen: PodObject) -> bool:
    """Whether the informer shows the pod's ReplicaSet, by name and UID (replica_set.go, resolveControllerRef).

    Where none is applied twice it makes no difference: what is expected for a ReplicaSet that is gone stops nobody.
    """
    if scope.applies > 1:
        owner = replica_set_in_view(api, scope, present(seen.owner))
        return owner.exists and owner.uid == seen.owner_uid
    return True


def controller_informers(scope: ClusterScope) -> Module:
    """The informers that lag, each with the step in which it shows one more write; and the second API server's caches."""
    module = Module("informers", ApiServer, ControllerManager)

    if scope.lag_deployments:

        @module.action(actor="controller-manager")
        def see_deployment(api: ApiServer) -> None:
            """The controller manager's informer shows the next write to a Deployment."""
            require(api.next_deployment_write())
            api.deliver_deployment()

    if scope.lag_replica_sets:

        @module.action(actor="controller-manager")
        def see_replica_set(api: ApiServer, cm: ControllerManager) -> None:
            """The controller manager's informer shows the next write to a ReplicaSet."""
            replica_set = present(api.next_replica_set_write())
            api.deliver_replica_set()
            cm.replica_set_event()
            is_gone = not api.controllers_replica_set(replica_set).exists
            if scope.applies > 1 and scope.features.delete_resets_expectations and is_gone:
                cm.replica_set_gone(replica_set)

    if scope.lag_pods:

        @module.action(actor="controller-manager")
        def see_pod(api: ApiServer, cm: ControllerManager) -> None:
            """The controller manager's informer shows the next write to a pod."""
            pod = present(api.next_pod_write())
            before = api.controllers_pod(pod)
            api.deliver_pod()
            after = api.controllers_pod(pod)
            is_known = is_owner_known(api, scope, before if before.exists else after)
            cm.pod_event(pod, before, after, is_known)
            if is_known:
                api.pod_shown(scope, before, after)

    if scope.cache_lag_deployments:

        @module.action(actor="api-server")
        def cache_deployment(api: ApiServer) -> None:
            """The second API server's watch cache takes in the next write to a Deployment."""
            api.advance_deployment_cache()

    if scope.cache_lag_replica_sets:

        @module.action(actor="api-server")
        def cache_replica_set(api: ApiServer) -> None:
            """The second API server's watch cache takes in the next write to a ReplicaSet."""
            api.advance_replica_set_cache()

    if scope.cache_lag_pods:

        @module.action(actor="api-server")
        def cache_pod(api: ApiServer) -> None:
            """The second API server's watch cache takes in the next write to a pod."""
            api.advance_pod_cache()

    return module
