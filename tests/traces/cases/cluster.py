"""Rules of nodes, namespaces, leases, and of the end."""

from __future__ import annotations

from tests.traces.cases.head import ADMIN, COMPLETE, HEAD, NOTHING, Case
from tests.traces.cases.pods import BIND, POD, RUNS

READY = 'status.conditions=[{type=Ready status="True"}]'
NODE = f"1 node-1 create nodes node-1 -> 201 rv=2 uid=n1 kind=Node {{{READY}}}\n"
LOST = (
    "2 nodes update nodes/status node-1 if rv=2 -> 200 rv=3 uid=n1 kind=Node {status.conditions=[{type=Ready status=Unknown}]}\n"
    '3 nodes patch nodes node-1 -> 200 rv=4 uid=n1 kind=Node {spec.taints=[{key="node.kubernetes.io/unreachable" effect=NoExecute}] '
    "status.conditions=[{type=Ready status=Unknown}]}\n"
)
TAINTED = (
    f'3 nodes patch nodes node-1 -> 200 rv=4 uid=n1 kind=Node {{spec.taints=[{{key="node.kubernetes.io/unreachable" effect=NoExecute}}] '
    f"{READY}}}\n"
)
EVICT = (
    '8 taint delete pods t/p -> 200 rv=20 uid=u kind=Pod {spec.nodeName=node-1 metadata.deletionTimestamp="2026-01-01T00:00:30Z" '
    "metadata.deletionGracePeriodSeconds=30}\n"
)
NODE_LEASE = "2 node-1 create leases.coordination.k8s.io kube-node-lease/node-1 -> 200 rv=3 uid=l kind=Lease {spec.holderIdentity=node-1}\n"


def leader(when: int, second: int, rv: int, holder: str, transitions: int, acquired: int, rest: str = "") -> str:
    """A leader's write of its lease."""
    return (
        f'{when} system update leases.coordination.k8s.io kube-system/kcm agent="m/v1 leader-election" -> 200 rv={rv} uid=l kind=Lease '
        f"{{spec.holderIdentity={holder} "
        f'spec.leaseDurationSeconds=15 spec.leaseTransitions={transitions} spec.acquireTime="2026-01-01T00:00:{acquired:02d}Z" '
        f'spec.renewTime="2026-01-01T00:00:{second:02d}Z"{rest}}}\n'
    )


NAMESPACE = "1 alice create namespaces doomed -> 201 rv=2 uid=n kind=Namespace\n"
INSIDE = "2 alice create configmaps doomed/c -> 201 rv=3 uid=c\n"
GOING = '3 alice delete namespaces doomed -> 200 rv=4 uid=n kind=Namespace {metadata.deletionTimestamp="2026-01-01T00:00:30Z"}\n'
EMPTIED = "4 alice delete configmaps doomed/c -> 200 kind=Status\n"
FINALIZED = (
    "5 alice update namespaces/finalize doomed -> 200 rv=4 uid=n kind=Namespace "
    '{metadata.deletionTimestamp="2026-01-01T00:00:30Z"}\n'
)
OWNER = "metadata.ownerReferences=[{kind=ReplicaSet name=r uid=r controller=true}]"


def at(second: int) -> str:
    """A time."""
    return f"2026-01-01T00:00:{second:02d}Z"


SET = f"{at(1)} dep create replicasets.apps t/r -> 201 rv=1 uid=r kind=ReplicaSet generation=1 {{spec.replicas=1}}\n"
MEMBER = f"{at(2)} rs create pods t/p -> 201 rv=2 uid=p kind=Pod {{{OWNER} status.phase=Pending}}\n"
UP = f"{at(3)} node-1 patch pods/status t/p -> 200 rv=3 uid=p kind=Pod {{{OWNER} spec.nodeName=node-1 status.phase=Running {READY}}}\n"
COUNTED = (
    f"{at(4)} rs update replicasets.apps/status t/r if rv=1 -> 200 rv=4 uid=r kind=ReplicaSet generation=1 "
    "{spec.replicas=1 status.replicas=1 status.readyReplicas=1 status.observedGeneration=1}\n"
)
WORKS_ON = f"{at(40)} rs update replicasets.apps/status t/other -> 200 rv=5 uid=o kind=ReplicaSet\n"

CASES = {
    "nodes.own-kubelet": Case(HEAD + NODE, HEAD + NODE.replace("1 node-1 create", "1 node-2 create"), NOTHING),
    "nodes.lease-holder": Case(
        COMPLETE + NODE_LEASE,
        COMPLETE + NODE_LEASE.replace("2 node-1", "2 node-2"),
        COMPLETE + NODE_LEASE.replace("2 node-1", "2 alice").replace(" ->", f" {ADMIN} ->"),
    ),
    "nodes.taints": Case(HEAD + NODE + LOST, HEAD + NODE + TAINTED, NOTHING),
    "nodes.evictions": Case(
        HEAD
        + NODE
        + LOST
        + POD.replace("2 alice", "4 alice")
        + BIND.replace("3 ", "5 ")
        + RUNS.replace("4 ", "6 ")
        + EVICT,
        HEAD + NODE + POD + BIND + RUNS + EVICT,
        HEAD + POD + BIND + RUNS + EVICT,
    ),
    "controllers.leader-election": Case(
        HEAD + leader(1, 1, 2, "a", 1, 1) + leader(2, 20, 3, "b", 2, 20),
        HEAD + leader(1, 1, 2, "a", 1, 1) + leader(2, 5, 3, "b", 2, 5),
        HEAD + leader(1, 1, 2, "a", 1, 1) + leader(2, 5, 3, "b", 2, 5, " spec.preferredHolder=b"),
    ),
    "controllers.namespace-empty": Case(
        HEAD + NAMESPACE + INSIDE + GOING + EMPTIED + FINALIZED,
        HEAD + NAMESPACE + INSIDE + GOING + FINALIZED,
        HEAD + NAMESPACE + INSIDE,
    ),
    "end-state.reached": Case(COMPLETE + SET + MEMBER + UP + COUNTED, "", NOTHING),
    "end-state.status-true": Case(
        COMPLETE + SET + MEMBER + UP + COUNTED + WORKS_ON,
        COMPLETE + SET + MEMBER + UP + COUNTED.replace("readyReplicas=1", "readyReplicas=0") + WORKS_ON,
        COMPLETE + SET + MEMBER + UP + COUNTED,
    ),
    "end-state.endpoints": Case(
        HEAD + "1 alice create services t/s -> 201 rv=1 uid=s kind=Service {spec.selector.a=b}\n",
        "",
        NOTHING,
    ),
}
"""The rules of the end that are about what is open call nothing a violation: it is listed."""

OPEN = {
    "end-state.reached": (COMPLETE + SET + MEMBER, "replicasets/t/r asks for 1 replicas and has 0 ready"),
    "end-state.endpoints": (
        HEAD + "1 alice create services t/s -> 201 rv=1 uid=s kind=Service {spec.selector.a=b}\n"
        f"2 alice create pods t/p -> 201 rv=2 uid=p kind=Pod {{metadata.labels.a=b spec.nodeName=n status.phase=Running {READY}}}\n",
        "services/t/s: 1 pods are ready, its EndpointSlices tell 0, 0 of them the same",
    ),
}

MORE = {
    "a kubelet that taints its node": (
        "nodes.own-kubelet",
        HEAD + NODE + f"2 node-1 patch nodes node-1 if rv=2 -> 200 rv=3 uid=n1 kind=Node "
        f"{{spec.taints=[{{key=x effect=NoSchedule}}] {READY}}}\n",
    ),
    "a namespace that goes with something in it": (
        "controllers.namespace-empty",
        HEAD
        + NAMESPACE
        + GOING.replace("3 alice", at(1) + " alice")
        + INSIDE.replace("2 alice", at(9) + " alice").replace("rv=3", "rv=7"),
    ),
    "another transition": (
        "controllers.leader-election",
        HEAD + leader(1, 1, 2, "a", 1, 1) + leader(2, 2, 3, "a", 2, 1),
    ),
    "no node": ("pods.bound-to-a-node", COMPLETE + NODE + POD + BIND.replace("node-1}", "node-9}")),
}
