"""Faults of pods."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import ACCOUNT, bindings, last_version, later, of, pick, planted, rename, status, steps
from tests.traces.mutate import Fault, Log, Planted, done, key_of, meta, ref, user, version


def second_binding(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is bound once more, to another node."""
    found = pick(chosen, bindings(log))
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    line["auditID"] = "planted"
    line["requestObject"]["target"]["name"] = "node-2" if line["requestObject"]["target"]["name"] == "node-1" else "node-1"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = later(done(line), 1), later(done(line), 2)
    log.files[found[0]].insert(found[1] + 1, line)
    return planted(log, found[0], found[1] + 1, "bound again")


def other_target(log: Log, chosen: random.Random) -> Planted | None:
    """The binding names another node than the pod gets."""
    found = pick(chosen, bindings(log))
    if found is None:
        return None
    target = log.edit(found[0], found[1])["requestObject"]["target"]
    target["name"] = "node-2" if target["name"] == "node-1" else "node-1"
    return planted(log, found[0], found[1], f"bound to {target['name']}")


def moved_pod(log: Log, chosen: random.Random) -> Planted | None:
    """A pod changes its node."""
    found = pick(chosen, [other for one, other in steps(log) if key_of(one[2])[0] == "pods" and other[2]["verb"] in ("patch", "update")
                          and one[2]["responseObject"]["spec"].get("nodeName")])
    if found is None:
        return None
    log.edit(found[0], found[1])["responseObject"]["spec"]["nodeName"] = "node-9"
    return planted(log, found[0], found[1], "on node-9")


def foreign_binder(log: Log, chosen: random.Random) -> Planted | None:
    """A controller binds."""
    found = pick(chosen, bindings(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": ACCOUNT + "replicaset-controller", "groups": ["system:authenticated"]}
    return planted(log, found[0], found[1], "bound by the replicaset controller")


def kubelet_binds(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet binds."""
    found = pick(chosen, bindings(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": "system:node:node-1", "groups": ["system:nodes", "system:authenticated"]}
    return planted(log, found[0], found[1], "bound by a kubelet")


def no_such_node(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is bound to a node that never was."""
    found = pick(chosen, bindings(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["requestObject"]["target"]["name"] = "node-7"
    return planted(log, found[0], found[1], "bound to node-7")


def foreign_status(log: Log, chosen: random.Random) -> Planted | None:
    """A pod's status is written by another node's kubelet."""
    found = pick(chosen, [entry for entry in of(log, "pods", subresource="status") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["user"]["username"] = "system:node:node-2" if user(line) == "system:node:node-1" else "system:node:node-1"
    return planted(log, found[0], found[1], f"written by {user(line)}")


def controller_status(log: Log, chosen: random.Random) -> Planted | None:
    """A pod's status is written by a controller that has nothing to do with it."""
    found = pick(chosen, of(log, "pods", subresource="status"))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": ACCOUNT + "endpoint-controller", "groups": []}
    return planted(log, found[0], found[1], "written by the endpoint controller")


def risen_pod(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that ended runs again."""
    found = pick(chosen, [other for one, other in steps(log) if key_of(one[2])[0] == "pods"
                          and status(one[2]).get("phase") in ("Succeeded", "Failed") and other[2]["verb"] in ("patch", "update")])
    if found is None:
        return None
    status(log.edit(found[0], found[1]))["phase"] = "Running"
    return planted(log, found[0], found[1], "Running after its end")


def changed_end(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that succeeded has failed, or the other way about."""
    found = pick(chosen, [other for one, other in steps(log) if key_of(one[2])[0] == "pods"
                          and status(one[2]).get("phase") in ("Succeeded", "Failed") and other[2]["verb"] in ("patch", "update")])
    if found is None:
        return None
    told = status(log.edit(found[0], found[1]))
    told["phase"] = "Failed" if told["phase"] == "Succeeded" else "Succeeded"
    return planted(log, found[0], found[1], f"{told['phase']} instead")


def status_of_the_gone(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet's status of a pod that was removed is accepted."""
    places = []
    for key, entries in log.of.items():
        removal = entries[-1][2]
        if key[0] == "pods" and removal["verb"] == "delete" and meta(removal["responseObject"]).get("deletionGracePeriodSeconds") == 0 and (
            not meta(removal["responseObject"]).get("finalizers")
        ):
            statuses = [entry for entry in entries if ref(entry[2]).get("subresource") == "status"]
            places += statuses[-1:]
    found = pick(chosen, places)
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    number, when = last_version(log)
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = when, later(when, 1)
    meta(line["responseObject"])["resourceVersion"] = str(number)
    return planted(log, *log.insert_by_time(line), "the status of a pod that is gone")


def ready_unbound(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is ready and not running."""
    found = pick(chosen, [entry for entry in of(log, "pods", subresource="status")
                          if any(c.get("type") == "Ready" and c.get("status") == "True" for c in status(entry[2]).get("conditions", []))])
    if found is None:
        return None
    status(log.edit(found[0], found[1]))["phase"] = "Pending"
    return planted(log, found[0], found[1], "Ready and Pending")


def wrong_ordinal(log: Log, chosen: random.Random) -> Planted | None:
    """A StatefulSet's pod is named for no ordinal of it."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="create") if user(entry[2]).endswith("statefulset-controller")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    meta(line["responseObject"])["ownerReferences"][0]["name"] = "other"
    return planted(log, found[0], found[1], "owned by a set of another name")


def twin_identity(log: Log, chosen: random.Random) -> Planted | None:
    """Two live pods have one ordinal."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="create") if user(entry[2]).endswith("statefulset-controller")
                          and log.fresh(version(entry[2]), version(entry[2]) + 12)])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    name = key_of(line)[2]
    rename(line, name.rpartition("-")[0] + "-0" + name.rpartition("-")[2], log.fresh(version(line), version(line) + 12) or 0)
    return planted(log, *log.insert_by_time(line), "a second pod of the ordinal")


PODS: dict[str, Fault] = {
    "a second binding": second_binding,
    "a binding to another node": other_target,
    "a pod that moves": moved_pod,
    "a foreign binder": foreign_binder,
    "a kubelet that binds": kubelet_binds,
    "a binding to no node": no_such_node,
    "a foreign kubelet's status": foreign_status,
    "a foreign controller's status": controller_status,
    "an ended pod that runs": risen_pod,
    "an end that changes": changed_end,
    "a status of a removed pod": status_of_the_gone,
    "a ready pod that is pending": ready_unbound,
    "a pod of no ordinal": wrong_ordinal,
    "two pods of one ordinal": twin_identity,
}
