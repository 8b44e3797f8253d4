"""What is promised for pods with names of their own: no name runs twice, and no pod is taken for another of its name."""

from __future__ import annotations

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.faults import Faults
from kubecheck.model.kubelet_workers import Kubelets
from kubecheck.model.network import Network, node_of
from kubecheck.model.objects import Node, Phase, Pod
from kubecheck.model.scheduler import Scheduler, pod_in_view
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, count, present, require


def safety_of_identities(scope: ClusterScope) -> Module:
    """The properties of a cluster of named pods."""
    module = Module("safety of identities", ApiServer, Network, Kubelets, Faults, Scheduler)

    if not scope.force_deletes and (scope.cut_offs or scope.kubelet_restarts):

        @module.invariant
        def at_most_one_container_per_name(k: Kubelets, pod: Pod) -> bool:
            """Containers of a name run on one node at most."""
            running = count(k.workers[n][pod].running for n in Node)
            require(running > 0)
            return running <= 1

    if scope.recreations:

        @module.step_invariant
        def status_is_the_own_kubelets(
            before: ApiServer,
            after: ApiServer,
            k_before: Kubelets,
            k_after: Kubelets,  # noqa: ARG001 - a step invariant gets each part twice
            pod: Pod,
        ) -> bool:
            """A pod's phase is changed only by the kubelet of its node, and only for what runs, or has ended, there."""
            old, new = before.pod(pod), after.pod(pod)
            require(old.exists and new.exists and old.uid == new.uid and old.phase is not new.phase)
            worker = k_before.workers[node_of(before, pod)][pod]
            if new.phase is Phase.FAILED and not worker.known and not worker.running:
                return True  # not admitted
            return worker.known and worker.uid == old.uid and worker.running == (new.phase is Phase.RUNNING)

    if scope.recreations and (scope.deletes or scope.cut_offs):

        @module.step_invariant
        def only_deleted_pods_are_removed(
            before: ApiServer, after: ApiServer, f_before: Faults, f_after: Faults, pod: Pod
        ) -> bool:
            """A bound pod that has not ended is removed only after its deletion was asked for, unless somebody forces it."""
            require(before.pod(pod).node is not None and not after.pod(pod).exists)
            require(f_before.force_deleted == f_after.force_deleted)
            return before.pod(pod).terminating or (scope.named_pods_end and before.pod(pod).terminal)

    if scope.completions and scope.kubelet_restarts:

        @module.step_invariant
        def terminal_phases_are_final(before: ApiServer, after: ApiServer, pod: Pod) -> bool:
            """A pod that has ended stays so, and what has succeeded has not failed."""
            require(before.pod(pod).terminal and after.pod(pod).exists and before.pod(pod).uid == after.pod(pod).uid)
            return after.pod(pod).phase == before.pod(pod).phase

    if scope.pinned and scope.scheduler_relists and scope.pods_per_node < scope.pod_slots:

        @module.step_invariant
        def full_nodes_get_no_pod(before: ApiServer, after: ApiServer, s: Scheduler, _then: Scheduler, pod: Pod) -> bool:
            """The scheduler binds no pod to a node that is full by what its informer shows and what it has assumed itself."""
            require(before.pod(pod).exists and before.pod(pod).node is None)
            node = present(after.pod(pod).node)
            seen = count(pod_in_view(before, scope, p).occupies and pod_in_view(before, scope, p).node == node for p in Pod)
            assumed = count(not pod_in_view(before, scope, p).occupies and s.assumed[p] == node for p in Pod)
            return seen + assumed < scope.pods_per_node

    @module.quiescent
    def pods_run(api: ApiServer, net: Network, k: Kubelets, pod: Pod) -> bool:
        """When everything is quiet and no node is cut off, every pod runs, on its node, or has ended, and none is being deleted."""
        require(api.pod(pod).exists and net.is_whole())
        require(not api.pod(pod).terminal or api.pod(pod).terminating)
        return api.pod(pod).ready and k.workers[node_of(api, pod)][pod].running

    @module.reachable
    def a_pod_comes_back(api: ApiServer, pod: Pod) -> bool:
        """A pod runs that was created again under its name, where the scope allows it; else one that was created once."""
        return api.pod(pod).phase is Phase.RUNNING and (scope.recreations == 0 or api.pod(pod).uid > 0)

    return module
