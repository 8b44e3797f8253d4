"""The scheduler: binds pods to nodes that have room.

Facts, from pkg/scheduler: schedule_one.go (scheduleOnePod, assume, bind, handleBindingCycleError, skipPodSchedule), backend/cache/cache.go
(AssumePod, AddPod, RemovePod, ForgetPod), eventhandlers.go (addPod, updatePod, deletePod):
- A scheduling cycle takes an unassigned pod that is not being deleted, filters the nodes by room, counting assigned and assumed pods,
  and assumes the pod on one of those; the binding request follows. If it fails the pod is forgotten and tried again.
- An assumed pod stops being assumed when the informer shows it bound, or deleted. Terminal pods take no room.

One step is a scheduling cycle with its binding request: nobody sees the assumption before the request, and a cycle that ran before
another pod's binding is explained by an informer that lags. `assumed` is kept from the request until the informer shows it; an
informer that reads through needs none. A failed request forgets in the same step.

Room is a number of pods per node. Which of the feasible nodes is taken is left open (scoring is not modelled). Not modelled either:
preemption, the PodScheduled condition that is written when no node fits, several profiles.
"""

from __future__ import annotations

from kubecheck.model.apiserver import Answer, ApiServer
from kubecheck.model.objects import Node, Pod, PodObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, State, count, present, require


class Scheduler(State):
    """The scheduler's cache, as far as it is not its informer: the pods that it has bound and not yet seen bound."""

    assumed: Array[Pod, Node | None]

    def pod_event(self, pod: Pod, after: PodObject) -> None:
        """The informer shows a write to a pod: bound or gone, it is no longer assumed."""
        if after.node is not None or not after.exists:
            self.assumed[pod] = None

    def restart(self) -> None:
        """The process crashes and starts again: it remembers nothing."""
        for pod in Pod:
            self.assumed[pod] = None


def pod_in_view(api: ApiServer, scope: ClusterScope, pod: Pod) -> PodObject:
    """The pod as the scheduler sees it."""
    if scope.lag_scheduler:
        return api.scheduler_pod(pod)
    return api.pod(pod)


def occupies(api: ApiServer, s: Scheduler, scope: ClusterScope, pod: Pod, node: Node) -> bool:
    """Whether the pod takes room on the node, assigned or assumed."""
    seen = pod_in_view(api, scope, pod)
    if seen.occupies:
        return seen.node == node
    return s.assumed[pod] == node


def scheduler(scope: ClusterScope) -> Module:
    """The scheduler's steps."""
    module = Module("scheduler", ApiServer, Scheduler)

    @module.action(actor="scheduler")
    def bind_pod(api: ApiServer, s: Scheduler, pod: Pod, node: Node) -> None:
        """The scheduler finds a node with room for an unassigned pod, assumes it there and binds it."""
        seen = pod_in_view(api, scope, pod)
        require(seen.exists and seen.node is None and not seen.terminating and s.assumed[pod] is None)
        if scope.features.scheduler_known_nodes:
            require(api.is_registered(node))
        require(count(occupies(api, s, scope, p, node) for p in Pod) < scope.pods_per_node)
        answer = api.bind_pod(scope, pod, node)
        if scope.lag_scheduler > 0 and scope.features.scheduler_assume and answer is Answer.OK:
            s.assumed[pod] = node

    if scope.lag_scheduler:

        @module.action(actor="scheduler")
        def scheduler_sees_pod(api: ApiServer, s: Scheduler) -> None:
            """The scheduler's informer shows the next write to a pod."""
            pod = present(api.next_scheduler_write())
            api.deliver_pod_to_scheduler()
            s.pod_event(pod, api.scheduler_pod(pod))

    return module
