"""Pods: bindings, status, identity."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import ACCOUNT, bindings, of, pick, planted, safe, status, steps
from tests.traces.faults.semantics.places import (
    Body,
    body,
    condition,
    copied,
    end,
    last,
    metadata,
    register,
    shift,
    tellings,
    uid,
)
from tests.traces.mutate import Fault, Log, Planted, key_of, meta, received, ref, user, version

KINDS: dict[str, Fault] = {}


def _node(body: Body) -> str:
    return str((body.get("spec") or {}).get("nodeName") or "")


@register(KINDS, "a nodeName taken back, in every telling")
def unbound(log: Log, chosen: random.Random) -> Planted | None:
    """A bound pod has no node any more."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "pods" and _node(body(one))
                          and other[2]["verb"] == "patch"])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        told["spec"].pop("nodeName")
    return planted(log, name, number, "without the nodeName that it had, in every telling")


@register(KINDS, "a binding that nobody made")
def no_binding(log: Log, chosen: random.Random) -> Planted | None:
    """A pod has a node though no request bound it."""
    found = pick(chosen, [entry for entry in bindings(log) if safe(log, entry)])
    if found is None:
        return None
    log.files[found[0]] = [line for line in log.files[found[0]] if line.get("auditID") != found[2]["auditID"]]
    return planted(log, found[0], -1, f"the binding of {ref(found[2])['name']} is not in the log")


@register(KINDS, "a node that never was, in every telling")
def imaginary_node(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is bound to a node that is never registered."""
    created = {key_of(entry[2]): entry for entry in of(log, "pods", verb="create")}
    found = pick(chosen, [entry for entry in bindings(log) if key_of(entry[2]) in created])
    if found is None:
        return None
    for told in tellings(log, uid(created[key_of(found[2])]), since=1):
        if _node(told):
            told["spec"]["nodeName"] = "node-99"
    log.edit(found[0], found[1])["requestObject"]["target"]["name"] = "node-99"
    return planted(log, found[0], found[1], "bound to node-99, in every telling")


@register(KINDS, "a kubelet deletes another node's pod")
def foreign_deletion(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet confirms the removal of a pod that is on another node."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="delete") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    other = "node-2" if user(line) == "system:node:node-1" else "node-1"
    line["user"] = {"username": f"system:node:{other}", "groups": ["system:nodes", "system:authenticated"]}
    return planted(log, found[0], found[1], f"by {other}")


@register(KINDS, "a status of another node's pod, in every telling")
def on_another_node(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet writes the status of a pod; everything says that the pod is on the other node."""
    found = pick(chosen, [entry for entry in of(log, "pods", subresource="status") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    mine = user(found[2]).removeprefix("system:node:")
    other = "node-2" if mine == "node-1" else "node-1"
    for told in tellings(log, uid(found), since=1):
        if _node(told) == mine:
            told["spec"]["nodeName"] = other
    for entry in bindings(log):
        if key_of(entry[2]) == key_of(found[2]):
            log.edit(entry[0], entry[1])["requestObject"]["target"]["name"] = other
    return planted(log, found[0], found[1], f"by {mine}, of a pod that is on {other} in every telling")


@register(KINDS, "an ended pod that runs, in every telling")
def risen(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that succeeded or failed is Running in the next version."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "pods"
                          and other[2]["verb"] in ("patch", "update")
                          and status(one[2]).get("phase") in ("Succeeded", "Failed")])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        told["status"]["phase"] = "Running"
    return planted(log, name, number, "Running after it had ended, in every telling")


@register(KINDS, "a container of an ended pod that starts again")
def restarted(log: Log, chosen: random.Random) -> Planted | None:
    """A container of a pod that ended runs in the next version."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "pods"
                          and other[2]["verb"] in ("patch", "update")
                          and status(one[2]).get("phase") in ("Succeeded", "Failed")
                          and (status(one[2]).get("containerStatuses") or [{}])[0].get("state", {}).get("terminated")])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        told["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": meta(told)["creationTimestamp"]}}
    return planted(log, name, number, "a container runs after the pod had ended, in every telling")


@register(KINDS, "a removed pod bound")
def bound_after(log: Log, chosen: random.Random) -> Planted | None:
    """A binding of a pod that was removed succeeds."""
    removed = {uid(entry) for entry in of(log, "pods", verb="delete") if metadata(entry).get("deletionGracePeriodSeconds") == 0}
    names = {key_of(entry[2]): uid(entry) for entry in of(log, "pods", verb="create")}
    found = pick(chosen, [entry for entry in bindings(log) if names.get(key_of(entry[2])) in removed])
    if found is None:
        return None
    return planted(log, *log.insert_by_time(copied(found, at=end(log))), "bound after its removal")


@register(KINDS, "a stream that tells of a removed pod")
def told_after(log: Log, chosen: random.Random) -> Planted | None:
    """Long after a pod was removed it is delivered as a running one."""
    removed = [entry for entry in of(log, "pods", verb="delete") if metadata(entry).get("deletionGracePeriodSeconds") == 0]
    found = pick(chosen, removed)
    name = "watch-pods.jsonl.gz"
    if found is None or name not in log.files:
        return None
    told = copy.deepcopy(body(found))
    meta(told)["resourceVersion"] = str(last(log))
    told["status"]["phase"] = "Running"
    log.files[name].append({"type": "ADDED", "object": told})
    return planted(log, name, len(log.files[name]) - 1, f"told at {last(log)}, removed at {version(found[2])}")


@register(KINDS, "a wrong pod index, in every telling")
def wrong_index(log: Log, chosen: random.Random) -> Planted | None:
    """A StatefulSet's pod is labelled with the index of another."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="create") if user(entry[2]) == ACCOUNT + "statefulset-controller"])
    if found is None:
        return None
    for told in tellings(log, uid(found), since=1):
        meta(told)["labels"]["apps.kubernetes.io/pod-index"] = "7"
    return planted(log, found[0], found[1], f"{key_of(found[2])[2]} with the index 7, in every telling")


@register(KINDS, "a StatefulSet's pod beside its old one")
def beside_old(log: Log, chosen: random.Random) -> Planted | None:
    """A pod of an identity is created before the old one of that identity is removed."""
    places = []
    for key, entries in log.of.items():
        uids = list(dict.fromkeys(uid(entry) for entry in entries))
        if key[0] == "pods" and len(uids) == 2:
            old = [entry for entry in entries if uid(entry) == uids[0]]
            new = next(entry for entry in entries if uid(entry) == uids[1])
            fresh = log.fresh(version(old[0][2]), version(old[-1][2]))
            if old[-1][2]["verb"] == "delete" and fresh:
                places.append((new, old[-1], fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, line), removal, fresh = found
    moved = log.edit(name, number)
    at = shift(received(removal[2]), -250)
    moved["requestReceivedTimestamp"], moved["stageTimestamp"] = at, shift(at, 100)
    for told in tellings(log, meta(line["responseObject"])["uid"], at=version(line)):
        meta(told)["resourceVersion"] = str(fresh)
    return planted(log, name, number, f"created at {fresh}, the old one removed at {version(removal[2])}")


@register(KINDS, "Ready while its containers are not")
def ready_alone(log: Log, chosen: random.Random) -> Planted | None:
    """Ready is True and ContainersReady is False."""
    found = pick(chosen, [entry for entry in of(log, "pods", subresource="status") if user(entry[2]).startswith("system:node:")
                          and condition(body(entry), "ContainersReady").get("status") == "False"
                          and status(entry[2]).get("phase") == "Pending"])
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        condition(told, "Ready")["status"] = "True"
    return planted(log, found[0], found[1], "Ready True and ContainersReady False, in every telling")


@register(KINDS, "Ready after its end")
def ready_ended(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that succeeded is Ready."""
    found = pick(chosen, [entry for entry in of(log, "pods", subresource="status")
                          if status(entry[2]).get("phase") in ("Succeeded", "Failed")])
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        condition(told, "Ready")["status"] = "True"
    return planted(log, found[0], found[1], "Ready after it had ended, in every telling")


@register(KINDS, "Ready without a node")
def ready_nowhere(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that was never bound runs and is Ready."""
    found = pick(chosen, [entry for entry in of(log, "pods", subresource="status") if status(entry[2]).get("phase") == "Running"
                          and condition(body(entry), "Ready").get("status") == "True"])
    if found is None:
        return None
    for told in tellings(log, uid(found), since=1):
        told["spec"].pop("nodeName", None)
    for entry in bindings(log):
        if key_of(entry[2]) == key_of(found[2]):
            log.files[entry[0]] = [line for line in log.files[entry[0]] if line.get("auditID") != entry[2]["auditID"]]
    number = next(at for at, line in enumerate(log.files[found[0]]) if line["auditID"] == found[2]["auditID"]
                  and line["stage"] == "ResponseComplete")
    return planted(log, found[0], number, "Running and Ready without a node, in every telling")
