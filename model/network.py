"""The network between the nodes and the API servers, and what the node controller does about nodes that it does not hear of.

A node that is cut off neither sees nor writes anything; what runs there goes on. Facts, from
pkg/controller/nodelifecycle/node_lifecycle_controller.go and pkg/controller/tainteviction/taint_eviction.go: after a while such
a node is tainted (NoSchedule, NoExecute), and its pods are deleted, gracefully, so that they stay until their kubelet confirms;
before 1.5 they were removed (kubernetes/kubernetes#35145). How long that takes is not modelled, and the scheduler knows of the
taint at once.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.objects import Node, Pod
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, Range, State, present, require


class Network(State):
    """Which nodes are cut off, and how often that has happened."""

    cut_off: Array[Node, Annotated[int, Range(0, "cutting")]]
    outages: Annotated[int, Range(0, "cut_offs")]

    def is_up(self, node: Node) -> bool:
        """Whether the node reaches the API servers."""
        return self.cut_off[node] == 0

    def is_whole(self) -> bool:
        """Whether no node is cut off."""
        return all(self.cut_off[n] == 0 for n in Node)


def node_of(api: ApiServer, pod: Pod) -> Node:
    """The node that a pod is bound to; not enabled if it is bound to none."""
    return present(api.pod(pod).node)


def network(scope: ClusterScope) -> Module:
    """Nodes that are cut off and come back, and the evictions that follow."""
    module = Module("network", ApiServer, Network)
    if not scope.cut_offs:
        return module

    @module.action(actor="network", kind="fault")
    def cut_off_node(net: Network, node: Node) -> None:
        """A node is cut off from the API server; what runs there goes on."""
        require(net.outages < scope.cut_offs and net.is_up(node))
        net.outages += 1
        net.cut_off[node] = 1

    @module.action(actor="network", kind="environment")
    def reconnect_node(net: Network, node: Node) -> None:
        """A node that was cut off is back."""
        require(not net.is_up(node))
        net.cut_off[node] = 0

    @module.action(actor="node-controller")
    def evict_pod(api: ApiServer, net: Network, pod: Pod) -> None:
        """The node controller deletes a pod of a node that it does not hear of."""
        require(not net.is_up(node_of(api, pod)) and not api.pod(pod).terminating)
        api.delete_pod(scope, pod)

    if not scope.features.no_force_deletion:

        @module.action(actor="node-controller")
        def force_delete_evicted_pod(api: ApiServer, net: Network, pod: Pod) -> None:
            """The node controller removes a pod whose deletion nobody has confirmed."""
            require(not net.is_up(node_of(api, pod)) and api.pod(pod).terminating)
            api.remove_pod(scope, pod, api.pod(pod).uid)

    return module
