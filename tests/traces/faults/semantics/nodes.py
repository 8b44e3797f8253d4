"""Nodes: who writes them and their leases, taints, evictions."""

from __future__ import annotations

import random

from tests.traces.faults.places import ACCOUNT, Entry, of, pick, planted, steps
from tests.traces.faults.semantics.places import body, condition, copied, end, gap, last, register, tellings, uid
from tests.traces.mutate import Fault, Log, Planted, key_of, meta, ref, user, version

KINDS: dict[str, Fault] = {}
UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}


@register(KINDS, "a kubelet deletes another node")
def deletes_node(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet deletes the Node of another machine."""
    found = pick(chosen, of(log, "nodes", verb="create"))
    if found is None:
        return None
    line = copied(found, at=end(log), fresh=last(log))
    mine = key_of(line)[2]
    line["verb"], line["requestURI"] = "delete", f"/api/v1/nodes/{mine}"
    line["responseStatus"] = {"metadata": {}, "code": 200}
    other = "node-2" if mine == "node-1" else "node-1"
    line["user"] = {"username": f"system:node:{other}", "groups": ["system:nodes", "system:authenticated"]}
    line["requestObject"] = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/__internal"}
    return planted(log, *log.insert_by_time(line), f"{mine} deleted by {other}")


def _own_patches(log: Log) -> list[tuple[Entry, Entry]]:
    return [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "nodes"
            and user(other[2]) == f"system:node:{key_of(other[2])[2]}" and other[2]["verb"] == "patch"]


@register(KINDS, "a kubelet that taints its node")
def own_taint(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet changes the taints of its own node after registration, which NodeRestriction forbids."""
    found = pick(chosen, _own_patches(log))
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), since=version(line)):
        told["spec"].setdefault("taints", []).append({"key": "example.com/planted", "effect": "NoSchedule"})
    return planted(log, name, number, "a taint put on by the node's own kubelet, in every telling")


@register(KINDS, "a node lease renewed by a controller")
def lease_by_controller(log: Log, chosen: random.Random) -> Planted | None:
    """The node controller renews a node's lease."""
    found = pick(chosen, [entry for entry in of(log, "leases", verb="update") if key_of(entry[2])[1] == "kube-node-lease"])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["user"] = {"username": ACCOUNT + "node-controller", "groups": ["system:serviceaccounts", "system:authenticated"]}
    return planted(log, found[0], found[1], "by the node controller")


@register(KINDS, "a node lease that changes hands, in every telling")
def lease_handed(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet renews its lease in another node's name."""
    found = pick(chosen, [entry for entry in of(log, "leases", verb="update") if key_of(entry[2])[1] == "kube-node-lease"])
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        told["spec"]["holderIdentity"] = "node-99"
    return planted(log, found[0], found[1], "held by node-99, in every telling")


@register(KINDS, "unreachable while Ready")
def healthy_taint(log: Log, chosen: random.Random) -> Planted | None:
    """The node controller taints a node as unreachable that is Ready, between two writes of it."""
    places = [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "nodes" and gap(log, one, other)
              and condition(body(one), "Ready").get("status") == "True"
              and not (body(one).get("spec") or {}).get("taints")
              and any(user(entry[2]) == ACCOUNT + "node-controller" and condition(body(entry), "Ready").get("status") == "True"
                      for entry in log.of[key_of(one[2])] if version(entry[2]) <= version(one[2]))]
    found = pick(chosen, places)
    if found is None:
        return None
    one, other = found
    fresh, at = gap(log, one, other) or (0, "")
    line = copied(one, at=at, fresh=fresh)
    line["verb"] = "patch"
    ref(line).pop("subresource", None)
    ref(line).pop("resourceVersion", None)
    line["user"] = {"username": ACCOUNT + "node-controller", "groups": ["system:serviceaccounts", "system:authenticated"]}
    line["requestObject"] = {"spec": {"taints": [UNREACHABLE]}}
    line["responseObject"]["spec"]["taints"] = [UNREACHABLE]
    return planted(log, *log.insert_by_time(line), f"unreachable at {fresh}, Ready when the controller saw it")


@register(KINDS, "an eviction from the wrong node")
def wrong_eviction(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that was evicted from a dead node is on a healthy one, in every telling."""
    tainted = {key_of(entry[2])[2] for entry in of(log, "nodes") if any(
        taint.get("effect") == "NoExecute" for taint in (body(entry).get("spec") or {}).get("taints") or [])}
    nodes = {key_of(entry[2])[2] for entry in of(log, "nodes", verb="create")}
    found = pick(chosen, [entry for entry in of(log, "pods", verb="delete")
                          if user(entry[2]) in (ACCOUNT + "node-controller", ACCOUNT + "taint-eviction-controller")
                          and body(entry)["spec"].get("nodeName") in tainted])
    healthy = sorted(nodes - tainted)
    if found is None or not healthy:
        return None
    for told in tellings(log, uid(found), since=1):
        if told["spec"].get("nodeName"):
            told["spec"]["nodeName"] = healthy[0]
    for name, number, line in log.complete:
        if ref(line).get("subresource") == "binding" and key_of(line)[2] == key_of(found[2])[2]:
            log.edit(name, number)["requestObject"]["target"]["name"] = healthy[0]
        elif key_of(line) == key_of(found[2]) and user(line).startswith("system:node:"):
            log.edit(name, number)["user"]["username"] = f"system:node:{healthy[0]}"
    return planted(log, found[0], found[1], f"evicted from {healthy[0]}, which was never tainted NoExecute")


@register(KINDS, "a node registered in another's name")
def registered_other(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet registers a node that is called otherwise, in every telling."""
    found = pick(chosen, of(log, "nodes", verb="create"))
    if found is None:
        return None
    for told in tellings(log, uid(found), since=1):
        meta(told)["name"] = "node-99"
    for name, number, line in log.audits:
        if ref(line).get("resource") == "nodes" and ref(line).get("name") == key_of(found[2])[2]:
            ref(log.edit(name, number))["name"] = "node-99"
    return planted(log, found[0], found[1], f"{key_of(found[2])[2]}'s kubelet registers node-99, and keeps it")
