"""What the scheduler and the kubelets may never do: where pods are placed, and what is reported about them."""

from __future__ import annotations

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.objects import Node, Phase, Pod
from kubecheck.model.scheduler import Scheduler, pod_in_view
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, count, present, require


def safety_of_placement(scope: ClusterScope) -> Module:
    """What the scheduler may never do."""
    module = Module("safety of placement", ApiServer)

    if scope.registered_nodes < scope.nodes:

        @module.invariant
        def pods_are_bound_to_existing_nodes(api: ApiServer, pod: Pod) -> bool:
            """A pod is bound to a node that is registered."""
            return api.is_registered(present(api.pod(pod).node))

    if scope.lag_scheduler > 1 and scope.nodes > 1:

        @module.step_invariant
        def pods_are_bound_once(before: ApiServer, after: ApiServer, pod: Pod) -> bool:
            """A pod that is bound to a node stays bound to it."""
            require(before.pod(pod).node is not None and after.pod(pod).exists)
            return before.pod(pod).node == after.pod(pod).node

    if scope.lag_scheduler > 1 and scope.pods_per_node < scope.pod_slots:

        @module.invariant
        def nodes_have_room(api: ApiServer, node: Node) -> bool:
            """No more pods are bound to a node than fit."""
            bound = count(api.pod(p).occupies and api.pod(p).node == node for p in Pod)
            require(bound > 0)
            return bound <= scope.pods_per_node

    if scope.lag_scheduler and scope.request_failures and scope.nodes > 1:
        module.include(safety_of_the_cache(scope))
    if scope.container_steps:
        module.include(safety_of_phases(scope))
    return module


def safety_of_the_cache(scope: ClusterScope) -> Module:
    """What the scheduler's cache may never say."""
    module = Module("safety of the cache", ApiServer, Scheduler)

    @module.invariant
    def pods_count_where_they_are(api: ApiServer, s: Scheduler, pod: Pod) -> bool:
        """A pod that the scheduler has seen bound takes room, in its cache, on no other node."""
        seen = pod_in_view(api, scope, pod)
        require(seen.occupies)
        return s.assumed[pod] is None or s.assumed[pod] == seen.node

    return module


def safety_of_phases(scope: ClusterScope) -> Module:
    """What the kubelets may never report. Declared where containers start and stop in steps of their own."""
    module = Module("safety of phases", ApiServer)

    @module.step_invariant
    def terminal_phases_are_final(before: ApiServer, after: ApiServer, pod: Pod) -> bool:
        """A pod that has ended stays so."""
        require(before.pod(pod).terminal and after.pod(pod).exists)
        return after.pod(pod).phase == before.pod(pod).phase

    if scope.pods_per_node < scope.pod_slots and scope.pod_failures:

        @module.step_invariant
        def bound_pods_are_admitted(before: ApiServer, after: ApiServer, pod: Pod) -> bool:
            """No kubelet rejects a pod that the scheduler has found room for."""
            require(before.pod(pod).phase is Phase.PENDING and not before.pod(pod).terminating)
            require(after.pod(pod).exists and after.pod(pod).phase is not Phase.PENDING)
            return after.pod(pod).phase is Phase.RUNNING

    return module
