"""The kubelets of pods with names of their own: with a memory of each pod, apart from the API, and containers apart from both.

Facts, from pkg/kubelet: pod_workers.go (a worker for each UID: sync, terminating, terminated), kubelet.go (HandlePodAdditions,
HandlePodUpdates, HandlePodRemoves, HandlePodCleanups: containers whose pod is not wanted are stopped), status/status_manager.go
(syncPod: GET, PATCH with the UID, then DELETE with grace period 0 and the UID as precondition).

kubelet.py has no memory, since what a kubelet of pods with random names forgets it is told again. A name that outlives its pod
makes the difference: a kubelet may act on the one pod by what it knows of the other. A node that is cut off goes on with what
it knows.

How it is kept small: one worker for each node and name; the next pod of the name waits until its containers have stopped, as if
both were on one cgroup. Kubelets read through unless they have been restarted at an API server that lags. Not modelled: what
kubelet.py does not have either.

A kubelet admits each pod that it learns of, so all of its pods anew after a restart (HandlePodAdditions), but not those that have ended;
before kubernetes/kubernetes#126343 these too, and what such a pod needs, a device say, may not be there yet.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.answers import took_effect
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.faults import Faults
from kubecheck.model.network import Network
from kubecheck.model.objects import Node, Phase, Pod, PodObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, Range, Record, State, count, require


class Worker(Record):
    """What one kubelet has of one name: a pod that it knows, by UID; whether its containers run.

    `ended`: its containers have ended of themselves, 1 for good and 2 well, which the runtime tells a restarted kubelet, too.
    `ending`: the pod has ended or is being deleted, and its containers have stopped; `removing`: it is about to be removed.
    """

    known: bool = False
    uid: Annotated[int, Range(0, "recreations")] = 0
    running: bool = False
    ended: Annotated[int, Range(0, "endings")] = 0
    ending: bool = False
    removing: bool = False


class Kubelets(State):
    """The kubelets and container runtimes of all nodes, and which API server each kubelet watches."""

    workers: Array[Node, Array[Pod, Worker]]
    server: Array[Node, Annotated[int, Range(0, "servers_of_kubelets")]]

    def restart(self, scope: ClusterScope, node: Node) -> None:
        """The kubelet forgets all but what its runtime shows: which pods' containers run. It watches the second API server from now on."""
        for pod in Pod:
            worker = self.workers[node][pod]
            self.workers[node][pod] = Worker()
            if worker.running or worker.ended > 0:
                self.workers[node][pod] = Worker(uid=worker.uid, running=worker.running, ended=worker.ended)
        if scope.cache_lag_pods > 0 and not scope.features.client_consistent_list:
            self.server[node] = 1


def seen_by(api: ApiServer, k: Kubelets, node: Node, pod: Pod) -> PodObject:
    """The pod as the node's kubelet sees it, if it is not cut off."""
    return api.cached_pod(pod) if k.server[node] == 1 else api.pod(pod)


def is_wanted(seen: PodObject, node: Node, uid: int) -> bool:
    """Whether this pod is what the node is to run."""
    return seen.node == node and seen.uid == uid and not seen.terminating and not seen.terminal


def is_admitted(k: Kubelets, scope: ClusterScope, node: Node, pod: Pod) -> bool:
    """Whether there is room beside the pods that the kubelet has admitted and not ended (allocation_manager.go, canAdmitPod)."""
    others = count(p != pod and k.workers[node][p].known and not k.workers[node][p].ending for p in Pod)
    return others < scope.pods_per_node


def kubelet_workers(scope: ClusterScope) -> Module:
    """The kubelets' steps."""
    module = Module("kubelet workers", ApiServer, Network, Kubelets)

    if scope.registered_nodes < scope.nodes:

        @module.action(actor="kubelet")
        def register_node(api: ApiServer, net: Network, node: Node) -> None:
            """A kubelet starts and creates its Node object."""
            require(net.is_up(node) and not api.is_registered(node))
            api.create_node(scope, node)

    @module.action(actor="kubelet")
    def see_pod(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet learns of a pod that is bound to its node and admits it, or finds one again, after a restart."""
        worker = k.workers[node][pod]
        seen = seen_by(api, k, node, pod)
        require(net.is_up(node) and not worker.known and seen.node == node)
        require((not worker.running and worker.ended == 0) or worker.uid == seen.uid)
        if not seen.terminal:
            require(is_admitted(k, scope, node, pod))
        # else its containers are stopped first
        ending = (seen.terminating or seen.terminal or worker.ended > 0) and not worker.running
        k.workers[node][pod] = Worker(
            known=True, uid=seen.uid, running=worker.running, ended=worker.ended, ending=ending
        )

    @module.action(actor="kubelet")
    def reject_pod(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet learns of a pod for which it has no room, and reports it Failed."""
        worker = k.workers[node][pod]
        seen = seen_by(api, k, node, pod)
        require(net.is_up(node) and not worker.known and seen.node == node and not seen.terminal)
        require((not worker.running and worker.ended == 0) or worker.uid == seen.uid)
        require(not is_admitted(k, scope, node, pod))
        if took_effect(api.patch_pod_status(scope, pod, seen.uid, Phase.FAILED)):
            k.workers[node][pod] = Worker(
                known=True, uid=seen.uid, running=worker.running, ended=worker.ended, ending=not worker.running
            )

    @module.action(actor="kubelet")
    def start_containers(k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet starts the containers of a pod that it knows; it needs no API server for that."""
        worker = k.workers[node][pod]
        require(worker.known and not worker.running and not worker.ending)
        k.workers[node][pod] = worker.next(running=True)

    @module.action(actor="kubelet")
    def report_running(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet reports a pod running."""
        worker = k.workers[node][pod]
        require(net.is_up(node) and worker.known and worker.running and api.pod(pod).phase is Phase.PENDING)
        api.patch_pod_status(scope, pod, worker.uid, Phase.RUNNING)

    @module.action(actor="kubelet")
    def stop_containers(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet sees that the pod is being deleted, has ended, or is gone, and stops its containers."""
        worker = k.workers[node][pod]
        require(net.is_up(node) and (worker.known or worker.running or worker.ended > 0) and not worker.ending)
        seen = seen_by(api, k, node, pod)
        require(not is_wanted(seen, node, worker.uid))
        is_there = worker.known and seen.exists and seen.uid == worker.uid
        k.workers[node][pod] = worker.next(running=False, ending=True) if is_there else Worker()

    @module.action(actor="kubelet")
    def report_stopped(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet reports a terminal phase for a pod whose containers have stopped, as it is being deleted, or ended of themselves."""
        worker = k.workers[node][pod]
        require(net.is_up(node) and worker.ending and not worker.removing)
        require(api.pod(pod).exists and not api.pod(pod).terminal)
        api.patch_pod_status(scope, pod, worker.uid, Phase.SUCCEEDED if worker.ended == 2 else Phase.FAILED)

    @module.action(actor="kubelet")
    def decide_removal(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet gets a pod that has ended and is being deleted, and is about to remove it (syncPod, canBeDeleted)."""
        worker = k.workers[node][pod]
        stored = api.pod(pod)
        require(net.is_up(node) and worker.ending and not worker.removing)
        require(stored.uid == worker.uid and stored.terminating and stored.terminal)
        k.workers[node][pod] = worker.next(removing=True)

    @module.action(actor="kubelet")
    def confirm_deletion(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet removes the pod."""
        worker = k.workers[node][pod]
        require(net.is_up(node) and worker.removing)
        api.remove_pod(scope, pod, worker.uid)
        k.workers[node][pod] = Worker()

    if scope.named_pods_end:
        module.include(endings(scope))

    if scope.force_deletes or scope.named_pods_end or not scope.features.no_force_deletion or not scope.features.uid_on_delete:

        @module.action(actor="kubelet")
        def forget_pod(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
            """The kubelet sees that a pod is gone, removed by somebody else, whose containers have stopped, and forgets it."""
            worker = k.workers[node][pod]
            seen = seen_by(api, k, node, pod)
            require(net.is_up(node) and worker.ending and not worker.removing)
            require(not seen.exists or seen.uid != worker.uid)
            k.workers[node][pod] = Worker()

    return module


def endings(scope: ClusterScope) -> Module:
    """Containers that end of themselves, or are evicted."""
    module = Module("endings", ApiServer, Network, Kubelets, Faults)

    if scope.pod_failures:

        @module.action(actor="kubelet", kind="fault")
        def fail_containers(k: Kubelets, f: Faults, node: Node, pod: Pod) -> None:
            """A running pod fails for good: its kubelet evicts it, say, and stops its containers."""
            worker = k.workers[node][pod]
            require(f.pods_failed < scope.pod_failures and worker.known and worker.running)
            f.pods_failed += 1
            k.workers[node][pod] = worker.next(running=False, ended=1, ending=True)

    if scope.completions:

        @module.action(actor="container", kind="environment")
        def complete_containers(k: Kubelets, f: Faults, node: Node, pod: Pod) -> None:
            """The containers of a running pod end well."""
            worker = k.workers[node][pod]
            require(f.pods_completed < scope.completions and worker.known and worker.running)
            f.pods_completed += 1
            k.workers[node][pod] = worker.next(running=False, ended=2, ending=True)

    if scope.kubelet_restarts and not scope.features.ended_pods_not_readmitted:

        @module.action(actor="kubelet")
        def readmit_ended_pod(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
            """A restarted kubelet admits a pod again that has ended, and fails it: the device that it needs is not there yet."""
            worker = k.workers[node][pod]
            seen = seen_by(api, k, node, pod)
            require(net.is_up(node) and not worker.known and seen.node == node and seen.terminal)
            require(worker.uid == seen.uid and worker.ended > 0)
            if took_effect(api.patch_pod_status(scope, pod, seen.uid, Phase.FAILED)):
                k.workers[node][pod] = worker.next(known=True, ending=True)

    return module
