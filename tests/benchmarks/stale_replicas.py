"""StaleReplicas: the benchmark spec, the same as StaleReplicas.tla and StaleReplicas.pml beside it.

A controller keeps `desired` of `pods` pods, a scheduler binds them, kubelets run them; each acts on its own stale copy and writes
with a version check. At most `failures` pods fail and each pod is written at most `writes` times.
"""

import enum
from typing import Annotated

from kubecheck.spec import Array, Range, Record, Sort, Spec, State, count, require


class Phase(enum.Enum):
    ABSENT = 0
    PENDING = 1
    RUNNING = 2
    FAILED = 3


class Pod(Sort, size="pods", symmetric=True):
    """A pod slot."""


class Node(Sort, size="nodes", symmetric=True):
    """A node, with its kubelet."""


class Client(enum.Enum):
    CONTROLLER = 0
    SCHEDULER = 1


class PodObject(Record):
    phase: Phase = Phase.ABSENT
    node: Node | None = None
    version: Annotated[int, Range(0, "writes")] = 0


class Cluster(State):
    store: Array[Pod, PodObject]
    view: Array[Client, Array[Pod, PodObject]]
    kubelet: Array[Node, Array[Pod, PodObject]]
    failed: Annotated[int, Range(0, "failures")] = 0


def stale_replicas(*, pods: int = 3, nodes: int = 2, desired: int = 2, writes: int = 2, failures: int = 1) -> Spec:
    """A controller keeps `desired` of `pods` pods, seen through stale copies."""
    scope = {"pods": pods, "nodes": nodes, "desired": desired, "writes": writes, "failures": failures}
    spec = Spec("stale-replicas", Cluster, scope=scope)

    def active(s: Cluster) -> int:
        return count(p.phase in (Phase.PENDING, Phase.RUNNING) for p in s.view[Client.CONTROLLER])

    def write(s: Cluster, pod: Pod, seen: PodObject, phase: Phase, node: Node | None) -> None:
        require(s.store[pod] == seen)  # the API server's optimistic lock
        require(seen.version < writes)
        s.store[pod] = PodObject(phase=phase, node=node, version=seen.version + 1)

    @spec.action(actor="watch")
    def sync(s: Cluster, client: Client, pod: Pod) -> None:
        """A client's copy of a pod catches up."""
        require(s.view[client][pod] != s.store[pod])
        s.view[client][pod] = s.store[pod]

    @spec.action(actor="watch")
    def sync_kubelet(s: Cluster, node: Node, pod: Pod) -> None:
        """A kubelet's copy of a pod catches up."""
        require(s.kubelet[node][pod] != s.store[pod])
        s.kubelet[node][pod] = s.store[pod]

    @spec.action(actor="controller")
    def create(s: Cluster, pod: Pod) -> None:
        """The controller creates a missing pod."""
        seen = s.view[Client.CONTROLLER][pod]
        require(seen.phase is Phase.ABSENT)
        require(active(s) < desired)
        write(s, pod, seen, Phase.PENDING, None)

    @spec.action(actor="controller")
    def delete(s: Cluster, pod: Pod) -> None:
        """The controller deletes a pod too many."""
        seen = s.view[Client.CONTROLLER][pod]
        require(seen.phase in (Phase.PENDING, Phase.RUNNING))
        require(active(s) > desired)
        write(s, pod, seen, Phase.ABSENT, None)

    @spec.action(actor="controller")
    def reap(s: Cluster, pod: Pod) -> None:
        """The controller removes a failed pod."""
        seen = s.view[Client.CONTROLLER][pod]
        require(seen.phase is Phase.FAILED)
        write(s, pod, seen, Phase.ABSENT, None)

    @spec.action(actor="scheduler")
    def bind(s: Cluster, pod: Pod, node: Node) -> None:
        """The scheduler binds a pending pod to a node."""
        seen = s.view[Client.SCHEDULER][pod]
        require(seen.phase is Phase.PENDING and seen.node is None)
        write(s, pod, seen, Phase.PENDING, node)

    @spec.action(actor="kubelet")
    def run(s: Cluster, node: Node, pod: Pod) -> None:
        """A kubelet runs a pod that is bound to its node."""
        seen = s.kubelet[node][pod]
        require(seen.phase is Phase.PENDING and seen.node == node)
        write(s, pod, seen, Phase.RUNNING, node)

    @spec.action(actor="fault", kind="fault")
    def fail(s: Cluster, pod: Pod) -> None:
        """A running pod fails."""
        require(s.store[pod].phase is Phase.RUNNING)
        require(s.failed < failures)
        require(s.store[pod].version < writes)
        s.failed += 1
        s.store[pod] = s.store[pod].next(phase=Phase.FAILED, version=s.store[pod].version + 1)

    @spec.invariant
    def running_pods_are_bound(s: Cluster, pod: Pod) -> bool:
        """A running pod has a node."""
        require(s.store[pod].phase is Phase.RUNNING)
        return s.store[pod].node is not None

    @spec.invariant
    def copies_are_not_ahead(s: Cluster, pod: Pod) -> bool:
        """No copy is newer than the store."""
        version = s.store[pod].version
        return all(v[pod].version <= version for v in s.view) and all(k[pod].version <= version for k in s.kubelet)

    return spec
