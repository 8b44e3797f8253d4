"""Pods with names of their own: who keeps and deletes them, and restarts of their kubelets.

A name that outlives its pod is what a StatefulSet gives its pods, and what makes identities matter: a pod that is created again
has another UID. The StatefulSet controller is reduced to what its pods depend on
(pkg/controller/statefulset/stateful_set_control.go): it creates a name that is missing; that two pods cannot have one name in
the API at one time is all that keeps them apart.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.answers import took_effect
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.kubelet_workers import Kubelets
from kubecheck.model.objects import Node, Pod
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, Range, State, count, require


class Keeper(State):
    """What of the budgets has been spent: how often names were created again, and how many pods the user has deleted."""

    created: Array[Pod, bool]
    recreated: Annotated[int, Range(0, "recreations")]
    deleted: Annotated[int, Range(0, "deletes")]
    pinned: Annotated[int, Range(0, "pinned")]


class Outages(State):
    """How often a kubelet was restarted."""

    restarted: Annotated[int, Range(0, "kubelet_restarts")]


def named_pods(scope: ClusterScope) -> Module:
    """Those who write the pods, but for the scheduler, the kubelets and the node controller; and restarts."""
    module = Module("named pods", ApiServer, Keeper)

    @module.action(actor="statefulset-controller")
    def create_pod(api: ApiServer, k: Keeper, pod: Pod) -> None:
        """A pod is missing and is created, under its name."""
        require(not api.pod(pod).exists and (not k.created[pod] or k.recreated < scope.recreations))
        if took_effect(api.create_named_pod(scope, pod, None)):
            if k.created[pod]:
                k.recreated += 1
            k.created[pod] = True

    if scope.pinned:

        @module.action(actor="user", kind="environment")
        def create_pinned_pod(api: ApiServer, k: Keeper, pod: Pod, node: Node) -> None:
            """The user creates a missing pod again and names its node, which has room: no scheduler is asked."""
            require(k.created[pod] and not api.pod(pod).exists and api.is_registered(node))
            require(k.recreated < scope.recreations and k.pinned < scope.pinned)
            require(count(api.pod(p).occupies and api.pod(p).node == node for p in Pod) < scope.pods_per_node)
            if took_effect(api.create_named_pod(scope, pod, node)):
                k.recreated += 1
                k.pinned += 1

    if scope.named_pods_end and scope.recreations:

        @module.action(actor="statefulset-controller")
        def delete_ended_pod(api: ApiServer, k: Keeper, pod: Pod) -> None:
            """A pod that has ended is deleted, to be created again (processReplica)."""
            require(api.pod(pod).terminal and not api.pod(pod).terminating and k.recreated < scope.recreations)
            api.delete_pod(scope, pod)

    if scope.deletes:

        @module.action(actor="user", kind="environment")
        def delete_pod(api: ApiServer, k: Keeper, pod: Pod) -> None:
            """The user deletes a pod, gracefully."""
            require(k.deleted < scope.deletes and api.pod(pod).exists and not api.pod(pod).terminating)
            if took_effect(api.delete_pod(scope, pod)):
                k.deleted += 1

    module.include(outages(scope))
    return module


def outages(scope: ClusterScope) -> Module:
    """Restarts of kubelets, and the API server that lags, at which they may find themselves."""
    module = Module("outages", ApiServer, Kubelets, Outages)

    if scope.kubelet_restarts:

        @module.action(actor="kubelet", kind="fault")
        def restart_kubelet(k: Kubelets, o: Outages, node: Node) -> None:
            """A kubelet restarts, and lists its pods, at the second API server if there is one; containers go on running."""
            require(o.restarted < scope.kubelet_restarts)
            o.restarted += 1
            k.restart(scope, node)

    if scope.cache_lag_pods:

        @module.action(actor="api-server")
        def cache_pod(api: ApiServer) -> None:
            """The second API server's watch cache takes in the next write to a pod."""
            api.advance_pod_cache()

    return module
