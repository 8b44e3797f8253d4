"""The kubelets of pods with names of their own: with a memory of each pod, apart from the API, and containers apart from both.

Facts, from pkg/kubelet: pod_workers.go (a worker for each UID: sync, terminating, terminated), kubelet.go (HandlePodAdditions,
HandlePodUpdates, HandlePodRemoves, HandlePodCleanups: containers whose pod is not wanted are stopped), status/status_manager.go
(syncPod: GET, PATCH with the UID, then DELETE with grace period 0 and the UID as precondition).

kubelet.py has no memory, since what a kubelet of pods with random names forgets it is told again. A name that outlives its pod
makes the difference: a kubelet may act on the one pod by what it knows of the other. A node that is cut off goes on with what
it knows.

How it is kept small: one worker for each node and name; the next pod of the name waits until its containers have stopped, as if
both were on one cgroup. Kubelets read through unless they have been restarted at an API server that lags. Not modelled: what
kubelet.py does not have either, and admission (all pods fit).
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.network import Network
from kubecheck.model.objects import Node, Phase, Pod, PodObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, Range, Record, State, require


class Worker(Record):
    """What one kubelet has of one name: a pod that it knows, by UID; whether its containers run.

    `ending`: the pod is being deleted, and its containers have stopped; `removing`: it is about to be removed.
    """

    known: bool = False
    uid: Annotated[int, Range(0, "recreations")] = 0
    running: bool = False
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
            self.workers[node][pod] = Worker(uid=worker.uid, running=True) if worker.running else Worker()
        if not scope.features.client_consistent_list:
            self.server[node] = 1


def seen_by(api: ApiServer, k: Kubelets, node: Node, pod: Pod) -> PodObject:
    """The pod as the node's kubelet sees it, if it is not cut off."""
    return api.cached_pod(pod) if k.server[node] == 1 else api.pod(pod)


def is_wanted(seen: PodObject, node: Node, uid: int) -> bool:
    """Whether this pod is what the node is to run."""
    return seen.node == node and seen.uid == uid and not seen.terminating and not seen.terminal


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
        """The kubelet learns of a pod that is bound to its node, or finds again, after a restart, the one whose containers run."""
        worker = k.workers[node][pod]
        seen = seen_by(api, k, node, pod)
        require(net.is_up(node) and not worker.known and seen.node == node)
        require(not worker.running or worker.uid == seen.uid)
        ending = seen.terminating and not worker.running  # else its containers are stopped first
        k.workers[node][pod] = Worker(known=True, uid=seen.uid, running=worker.running, ending=ending)

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
        """The kubelet sees that the pod is being deleted, or gone, and stops its containers."""
        worker = k.workers[node][pod]
        require(net.is_up(node) and (worker.known or worker.running) and not worker.ending)
        seen = seen_by(api, k, node, pod)
        require(not is_wanted(seen, node, worker.uid))
        is_there = worker.known and seen.exists and seen.uid == worker.uid
        k.workers[node][pod] = worker.next(running=False, ending=True) if is_there else Worker()

    @module.action(actor="kubelet")
    def report_stopped(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
        """The kubelet reports a terminal phase for a pod that is being deleted and whose containers have stopped."""
        worker = k.workers[node][pod]
        require(net.is_up(node) and worker.ending and not worker.removing)
        require(api.pod(pod).exists and not api.pod(pod).terminal)
        api.patch_pod_status(scope, pod, worker.uid, Phase.FAILED)

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

    if scope.force_deletes or not scope.features.no_force_deletion or not scope.features.uid_on_delete:

        @module.action(actor="kubelet")
        def forget_pod(api: ApiServer, net: Network, k: Kubelets, node: Node, pod: Pod) -> None:
            """The kubelet sees that a pod is gone, removed by somebody else, whose containers have stopped, and forgets it."""
            worker = k.workers[node][pod]
            seen = seen_by(api, k, node, pod)
            require(net.is_up(node) and worker.ending and not worker.removing)
            require(not seen.exists or seen.uid != worker.uid)
            k.workers[node][pod] = Worker()

    return module
