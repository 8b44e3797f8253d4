"""The kubelet of each node, with its container runtime: registers the node, runs bound pods, reports, confirms deletions.

Facts, from pkg/kubelet: kubelet_node_status.go (tryRegisterWithAPIServer), kubelet.go (HandlePodAdditions and admission, SyncPod,
SyncTerminatingPod, SyncTerminatedPod), pod_workers.go, status/status_manager.go (syncPod, canBeDeleted):
- A kubelet creates its Node object when it starts.
- A bound pod is admitted if there is room, else it is Failed (OutOfcpu); then its containers start and the status is patched: a GET and
  a PATCH with the pod's UID, without resourceVersion.
- A pod with a deletionTimestamp has its containers stopped, a terminal phase reported, and is then deleted with grace period 0 and its
  UID as precondition. So the object outlives the containers.

How it is kept small: the kubelet's informer reads through, for acting on an older pod is acting earlier. A kubelet remembers nothing that
the runtime and the API do not tell it again, so a crash changes nothing and is not an action. Starting containers is one step
with the report, stopping them one with the terminal phase, unless the scope asks for `container_steps`.

Not modelled: probes (a running pod is Ready), restarts in place, static pods, the Node's heartbeats and conditions.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.network import Network, node_of
from kubecheck.model.objects import Node, Phase, Pod
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, Range, State, count, present, require


class Runtime(State):
    """The container runtimes of all nodes: whose containers run. A pod's containers run on the node it is bound to."""

    running: Array[Pod, Annotated[int, Range(0, "container_steps")]]


def works(api: ApiServer, net: Network, node: Node) -> bool:
    """Whether the node's kubelet has been started and reaches the API servers."""
    return api.is_registered(node) and net.is_up(node)


def is_admitted(api: ApiServer, scope: ClusterScope, node: Node) -> bool:
    """Whether there is room for one more pod beside those that the kubelet has admitted (allocation_manager.go, canAdmitPod).

    A pod is admitted and reported running in one step, so those that have been admitted are those that run.
    """
    return count(api.pod(p).node == node and api.pod(p).phase is Phase.RUNNING for p in Pod) < scope.pods_per_node


def is_admitted_to(api: ApiServer, runtime: Runtime, scope: ClusterScope, node: Node) -> bool:
    """The same where containers start before the report: a pod counts from its admission until its containers have stopped."""
    return count(api.pod(p).node == node and runtime.running[p] == 1 for p in Pod) < scope.pods_per_node


def kubelet(scope: ClusterScope) -> Module:
    """The kubelets' steps."""
    module = Module("kubelet", ApiServer, Network)

    if scope.registered_nodes < scope.nodes:

        @module.action(actor="kubelet")
        def register_node(api: ApiServer, net: Network, node: Node) -> None:
            """A kubelet starts and creates its Node object."""
            require(net.is_up(node) and not api.is_registered(node))
            api.create_node(scope, node)

    if scope.container_steps:
        module.include(containers(scope))
        return module

    @module.action(actor="kubelet")
    def run_pod(api: ApiServer, net: Network, pod: Pod) -> None:
        """The kubelet starts a bound pod and reports it running and ready; if there is no room, it reports it Failed."""
        stored = api.pod(pod)
        node = present(stored.node)
        require(stored.phase is Phase.PENDING and not stored.terminating and works(api, net, node))
        api.patch_pod_status(
            scope, pod, api.pod(pod).uid, Phase.RUNNING if is_admitted(api, scope, node) else Phase.FAILED
        )

    @module.action(actor="kubelet")
    def stop_pod(api: ApiServer, net: Network, pod: Pod) -> None:
        """The kubelet stops the containers of a pod that is being deleted and reports a terminal phase."""
        stored = api.pod(pod)
        require(stored.terminating and not stored.terminal)
        require(works(api, net, present(stored.node)))
        api.patch_pod_status(scope, pod, api.pod(pod).uid, Phase.FAILED)

    module.include(removal(scope))
    return module


def removal(scope: ClusterScope) -> Module:
    """The kubelet's last request for a pod."""
    module = Module("removal", ApiServer, Network, Runtime)

    @module.action(actor="kubelet")
    def confirm_deletion(api: ApiServer, net: Network, runtime: Runtime, pod: Pod) -> None:
        """The kubelet removes a pod that is being deleted and has ended."""
        require(api.pod(pod).terminating and api.pod(pod).terminal and runtime.running[pod] == 0)
        require(net.is_up(node_of(api, pod)))
        api.remove_pod(scope, pod, api.pod(pod).uid)

    return module


def containers(scope: ClusterScope) -> Module:
    """The kubelets' steps, with containers that start and stop in steps of their own."""
    module = Module("containers", ApiServer, Network, Runtime)

    @module.action(actor="kubelet")
    def start_containers(api: ApiServer, net: Network, runtime: Runtime, pod: Pod) -> None:
        """The kubelet admits a bound pod and starts its containers."""
        stored = api.pod(pod)
        node = present(stored.node)
        require(stored.phase is Phase.PENDING and not stored.terminating and runtime.running[pod] == 0)
        require(works(api, net, node) and is_admitted_to(api, runtime, scope, node))
        runtime.running[pod] = 1

    @module.action(actor="kubelet")
    def reject_pod(api: ApiServer, net: Network, runtime: Runtime, pod: Pod) -> None:
        """The kubelet reports a bound pod Failed, for which there is no room."""
        stored = api.pod(pod)
        node = present(stored.node)
        require(stored.phase is Phase.PENDING and not stored.terminating and runtime.running[pod] == 0)
        require(works(api, net, node) and not is_admitted_to(api, runtime, scope, node))
        api.patch_pod_status(scope, pod, api.pod(pod).uid, Phase.FAILED)

    @module.action(actor="kubelet")
    def report_running(api: ApiServer, net: Network, runtime: Runtime, pod: Pod) -> None:
        """The kubelet reports a pod running and ready whose containers have started."""
        require(runtime.running[pod] == 1 and api.pod(pod).phase is Phase.PENDING and net.is_up(node_of(api, pod)))
        api.patch_pod_status(scope, pod, api.pod(pod).uid, Phase.RUNNING)

    @module.action(actor="kubelet")
    def stop_containers(api: ApiServer, net: Network, runtime: Runtime, pod: Pod) -> None:
        """The kubelet stops the containers of a pod that is being deleted, or that it has reported as ended."""
        require(runtime.running[pod] == 1 and net.is_up(node_of(api, pod)))
        require(api.pod(pod).terminating or api.pod(pod).terminal)
        runtime.running[pod] = 0

    @module.action(actor="kubelet")
    def report_stopped(api: ApiServer, net: Network, runtime: Runtime, pod: Pod) -> None:
        """The kubelet reports a terminal phase for a pod that is being deleted and whose containers have stopped."""
        stored = api.pod(pod)
        require(stored.terminating and not stored.terminal)
        if scope.features.terminal_phase_last:
            require(runtime.running[pod] == 0)
        require(works(api, net, present(stored.node)))
        api.patch_pod_status(scope, pod, api.pod(pod).uid, Phase.FAILED)

    if not scope.features.terminal_phase_final:

        @module.action(actor="kubelet")
        def report_without_containers(api: ApiServer, net: Network, runtime: Runtime, pod: Pod) -> None:
            """The kubelet derives the phase anew after the containers of an ended pod have been removed: none has started, so Pending."""
            stored = api.pod(pod)
            require(stored.terminating and stored.terminal and runtime.running[pod] == 0)
            require(net.is_up(node_of(api, pod)))
            api.patch_pod_status(scope, pod, api.pod(pod).uid, Phase.PENDING)

    module.include(removal(scope))
    return module
