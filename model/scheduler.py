"""The scheduler: binds pods to nodes that have room.

Facts, from pkg/scheduler: schedule_one.go (scheduleOnePod, assume, bind, handleBindingCycleError, skipPodSchedule), backend/cache/cache.go
(AssumePod, AddPod, RemovePod, ForgetPod), eventhandlers.go (addPod, updatePod, deletePod, WaitForHandlersSync):
- A scheduling cycle takes an unassigned pod that is not being deleted, filters the nodes by room, counting assigned and assumed pods,
  and assumes the pod on one of those; the binding request follows. If it fails the pod is forgotten and tried again.
- An assumed pod stops being assumed when the informer shows it bound, or deleted. Terminal pods take no room.

One step is a scheduling cycle with its binding request: nobody sees the assumption before the request, and a cycle that ran before
another pod's binding is explained by an informer that lags. `assumed` is kept from the request until the informer shows it; an
informer that reads through needs none. A failed request forgets in the same step.

After a restart the informer has listed, and its handlers are told of one pod after the other: assigned pods and unassigned ones come to
different handlers, which run side by side (staging/src/k8s.io/client-go/tools/cache/shared_informer.go, processorListener). Since 1.28
nothing is scheduled before all are told; before, a cycle could run without having heard of the pods that fill the nodes. Here they are
told in any order, and later writes are shown when all are.

Room is a number of pods per node. Which of the feasible nodes is taken is left open (scoring is not modelled). Not modelled either:
preemption, the PodScheduled condition that is written when no node fits, several profiles.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.answers import Answer
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.network import Network
from kubecheck.model.objects import Node, Pod, PodObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, Range, State, count, present, require


class Scheduler(State):
    """The scheduler's cache, as far as it is not its informer: the pods that it has bound and not yet seen bound.

    Four protections keep it true, and each has something to show for it when it is off: `failed` marks pods that were assumed, whose
    binding failed, and that were not forgotten; `ghosts` counts pods on a node that are gone, which a tombstone did not tell;
    `replacing` marks bound pods that have been taken out, since a list shows others of their names, which are not in yet; `untold` marks
    pods of the first list that the handlers have not been told of.
    """

    assumed: Array[Pod, Node | None]
    failed: Array[Pod, Annotated[int, Range(0, "failed_bindings")]]
    ghosts: Array[Node, Annotated[int, Range(0, "ghosts")]]
    replacing: Array[Pod, Annotated[int, Range(0, "replacing")]]
    untold: Array[Pod, Annotated[int, Range(0, "untold")]]

    def pod_event(self, scope: ClusterScope, pod: Pod, after: PodObject) -> None:
        """The informer shows a write to a pod: bound or gone, it is no longer assumed.

        Without scheduler-forget it may be bound elsewhere than the cache says, which AddPod then did not put right
        (plugin/pkg/scheduler/schedulercache/cache.go of 1.3).
        """
        if not scope.keeps_failed_bindings:
            if after.node is not None or not after.exists:
                self.assumed[pod] = None
        elif after.node == self.assumed[pod] or not after.exists:
            self.assumed[pod] = None
            self.failed[pod] = 0

    def pod_listed(self, scope: ClusterScope, pod: Pod, before: PodObject, after: PodObject) -> None:
        """The informer has listed anew: an event for each pod, which changes nothing if the pod is as it was.

        What vanished is told of by a tombstone with its last known state.

        Without tombstone-cleanup a tombstone that shows an unassigned pod takes nothing from the cache (eventhandlers.go before 1.23:
        the handler's filter asked the tombstone whether the pod was assigned).
        """
        node = self.assumed[pod]
        if not scope.features.tombstone_cleanup and not after.exists and node is not None:
            self.ghosts[node] += 1
        if scope.is_pods and before.exists and after.exists and before.uid != after.uid:
            self.pod_replaced(scope, pod, before, after)
        else:
            self.pod_event(scope, pod, after)

    def pod_replaced(self, scope: ClusterScope, pod: Pod, before: PodObject, after: PodObject) -> None:
        """A list shows another pod under the name: the handlers get one update, for informers know names and not UIDs.

        As of 1.36 (eventhandlers.go, updatePod) nobody removes the old one from the cache if the informer had not seen it bound; if it had,
        and the new one is not bound to the same node, the process exits (cache.go, UpdatePod) and starts again. From 1.19 to 1.23
        updatePodInCache took a bound one out and put the other in, each under a lock of its own.
        """
        node = self.assumed[pod]
        if scope.replaces_in_two_steps and before.node is not None and after.node is not None:
            self.assumed[pod] = None
            self.replacing[pod] = 1
        elif scope.features.split_recreated_update:
            self.assumed[pod] = None
        elif before.node is None:
            if node is not None:
                self.ghosts[node] += 1
            self.assumed[pod] = None
        elif before.node != after.node:
            self.restart()

    def restart(self) -> None:
        """The process crashes and starts again: it remembers nothing."""
        for pod in Pod:
            self.assumed[pod] = None
            self.failed[pod] = 0
            self.replacing[pod] = 0
            self.untold[pod] = 0
        for node in Node:
            self.ghosts[node] = 0

    def listed(self, api: ApiServer, scope: ClusterScope) -> None:
        """The informer of a new process has listed; without handlers-synced it schedules before its handlers are told of all that."""
        if scope.tells_one_by_one:
            for pod in Pod:
                if pod_in_view(api, scope, pod).exists:
                    self.untold[pod] = 1


def pod_in_view(api: ApiServer, scope: ClusterScope, pod: Pod) -> PodObject:
    """The pod as the scheduler sees it."""
    if scope.lag_scheduler:
        return api.scheduler_pod(pod)
    return api.pod(pod)


def occupies(api: ApiServer, s: Scheduler, scope: ClusterScope, pod: Pod, node: Node) -> bool:
    """Whether the pod takes room on the node, assigned or assumed."""
    if s.replacing[pod] == 1:
        return False
    if s.untold[pod] == 1:
        return False
    seen = pod_in_view(api, scope, pod)
    if scope.keeps_failed_bindings and s.assumed[pod] is not None:
        return s.assumed[pod] == node
    if seen.occupies:
        return seen.node == node
    return s.assumed[pod] == node


def is_in_queue(s: Scheduler, pod: Pod) -> bool:
    """Whether the scheduler would try the pod (again): it has not assumed it, or it has but the binding failed."""
    if s.failed[pod] == 1:
        return True
    return s.assumed[pod] is None


def scheduler(scope: ClusterScope) -> Module:
    """The scheduler's steps."""
    module = Module("scheduler", ApiServer, Network, Scheduler)

    @module.action(actor="scheduler")
    def bind_pod(api: ApiServer, net: Network, s: Scheduler, pod: Pod, node: Node) -> None:
        """The scheduler finds a node with room for an unassigned pod, assumes it there and binds it."""
        seen = pod_in_view(api, scope, pod)
        require(seen.exists and seen.node is None and not seen.terminating and is_in_queue(s, pod))
        require(s.untold[pod] == 0)
        require(net.is_up(node))  # or it is tainted
        if scope.features.scheduler_known_nodes:
            require(api.is_registered(node))
        require(count(occupies(api, s, scope, p, node) for p in Pod) + s.ghosts[node] < scope.pods_per_node)
        answer = api.bind_pod(scope, pod, node)
        if scope.lag_scheduler > 0 and scope.features.scheduler_assume:
            if answer is Answer.OK:
                if s.assumed[pod] is None:
                    s.assumed[pod] = node
                s.failed[pod] = 0
            elif scope.keeps_failed_bindings:
                if s.assumed[pod] is None:
                    s.assumed[pod] = node
                s.failed[pod] = 1

    if scope.lag_scheduler:

        @module.action(actor="scheduler")
        def scheduler_sees_pod(api: ApiServer, s: Scheduler) -> None:
            """The scheduler's informer shows the next write to a pod."""
            require(all(s.replacing[p] == 0 and s.untold[p] == 0 for p in Pod))  # the handlers run one after the other
            pod = present(api.next_scheduler_write())
            api.deliver_pod_to_scheduler()
            s.pod_event(scope, pod, api.scheduler_pod(pod))

    if scope.tells_one_by_one:

        @module.action(actor="scheduler")
        def tell_of_listed_pod(s: Scheduler, pod: Pod) -> None:
            """An event handler is told of a pod of the first list."""
            require(s.untold[pod] == 1)
            s.untold[pod] = 0

    if scope.replaces_in_two_steps:

        @module.action(actor="scheduler")
        def add_replaced_pod(s: Scheduler, pod: Pod) -> None:
            """The event handler puts the pod that a list shows into the cache, after it has taken out the one that had its name."""
            require(s.replacing[pod] == 1)
            s.replacing[pod] = 0

    return module
