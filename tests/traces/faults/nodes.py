"""Faults of nodes."""

from __future__ import annotations

import random
from itertools import pairwise

from tests.traces.faults.places import ACCOUNT, of, pick, planted, status
from tests.traces.mutate import Fault, Line, Log, Planted, key_of, ref, user


def foreign_node_status(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet writes another node's status."""
    found = pick(chosen, [entry for entry in of(log, "nodes", subresource="status") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    log.edit(found[0], found[1])["user"]["username"] = "system:node:node-9"
    return planted(log, found[0], found[1], "written by node-9's kubelet")


def foreign_node_creation(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet registers another node."""
    found = pick(chosen, [entry for entry in of(log, "nodes", verb="create") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    log.edit(found[0], found[1])["user"]["username"] = "system:node:node-9"
    return planted(log, found[0], found[1], "created by node-9's kubelet")


def _node_leases(log: Log) -> list[tuple[str, int, Line]]:
    return [entry for entry in of(log, "leases") if ref(entry[2]).get("namespace") == "kube-node-lease" and entry[2]["verb"] != "delete"]


def foreign_lease(log: Log, chosen: random.Random) -> Planted | None:
    """A node's lease is renewed by another kubelet."""
    found = pick(chosen, _node_leases(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"]["username"] = "system:node:node-9"
    return planted(log, found[0], found[1], "renewed by node-9's kubelet")


def foreign_holder(log: Log, chosen: random.Random) -> Planted | None:
    """A node's lease is held by another."""
    found = pick(chosen, _node_leases(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["responseObject"]["spec"]["holderIdentity"] = "node-9"
    return planted(log, found[0], found[1], "held by node-9")


def _taint(log: Log, chosen: random.Random, *, who: str | None) -> Planted | None:
    places = []
    for entries in log.of.values():
        ready = False
        for one, other in pairwise(entries):
            if key_of(one[2])[0] != "nodes":
                break
            conditions = status(one[2]).get("conditions", [])
            ready = ready or any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
            if other[2]["verb"] == "patch" and (who is not None or user(other[2]).endswith("node-controller")):
                places.append(other)
    found = pick(chosen, places)
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    if who is not None:
        line["user"] = {"username": who, "groups": []}
    taints = line["responseObject"]["spec"].setdefault("taints", [])
    taints.append({"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"})
    return planted(log, found[0], found[1], "tainted unreachable")


def foreign_taint(log: Log, chosen: random.Random) -> Planted | None:
    """A node is tainted by one who may not."""
    return _taint(log, chosen, who=ACCOUNT + "ttl-controller")


def scheduler_taint(log: Log, chosen: random.Random) -> Planted | None:
    """A node is tainted by the scheduler."""
    return _taint(log, chosen, who="system:kube-scheduler")


def _evict(log: Log, chosen: random.Random, who: str) -> Planted | None:
    tainted = {ref(entry[2]).get("name") for entry in of(log, "nodes")
               if any(t.get("effect") == "NoExecute" for t in entry[2]["responseObject"]["spec"].get("taints", []))}
    found = pick(chosen, [entry for entry in of(log, "pods", verb="delete") if not user(entry[2]).startswith("system:node:")
                          and entry[2]["responseObject"]["spec"].get("nodeName")
                          and entry[2]["responseObject"]["spec"]["nodeName"] not in tainted])
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": ACCOUNT + who, "groups": []}
    return planted(log, found[0], found[1], f"deleted by the {who}")


def baseless_eviction(log: Log, chosen: random.Random) -> Planted | None:
    """The node controller deletes a pod from a healthy node."""
    return _evict(log, chosen, "node-controller")


def baseless_taint_eviction(log: Log, chosen: random.Random) -> Planted | None:
    """The taint eviction controller deletes a pod from a node without a taint."""
    return _evict(log, chosen, "taint-eviction-controller")


NODES: dict[str, Fault] = {
    "a foreign kubelet's node status": foreign_node_status,
    "a node registered by another": foreign_node_creation,
    "a foreign kubelet's lease": foreign_lease,
    "a node lease held by another": foreign_holder,
    "a taint by a controller that may not": foreign_taint,
    "a taint by the scheduler": scheduler_taint,
    "an eviction without a taint": baseless_eviction,
    "a taint eviction without a taint": baseless_taint_eviction,
}
