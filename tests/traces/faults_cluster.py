"""Faults of pods, nodes, controllers, requests and of the end."""

from __future__ import annotations

import copy
import random
from itertools import pairwise
from typing import Any

from tests.traces.faults import later, pick, planted, steps
from tests.traces.mutate import Fault, Line, Log, Planted, code, done, key_of, meta, ref, user, version

_ACCOUNT = "system:serviceaccount:kube-system:"
_NEW_UID = "00000000-0000-4000-8000-00000000000a"


def _bindings(log: Log) -> list[tuple[str, int, Line]]:
    return [entry for entry in log.complete if ref(entry[2]).get("subresource") == "binding" and code(entry[2]) == 201]


def _of(log: Log, resource: str, **wanted: str) -> list[tuple[str, int, Line]]:
    return [entry for entry in log.writes if ref(entry[2]).get("resource") == resource
            and all((ref(entry[2]).get(name, "") if name == "subresource" else entry[2][name]) == value for name, value in wanted.items())]


def _status(line: Line) -> dict[str, Any]:
    found = line["responseObject"].get("status")
    return found if isinstance(found, dict) else {}


def _last_version(log: Log) -> tuple[int, str]:
    return max(log.used) + 1, later(max(done(entry[2]) for entry in log.audits), 1)


def second_binding(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is bound once more, to another node."""
    found = pick(chosen, _bindings(log))
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
    found = pick(chosen, _bindings(log))
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
    found = pick(chosen, _bindings(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": _ACCOUNT + "replicaset-controller", "groups": ["system:authenticated"]}
    return planted(log, found[0], found[1], "bound by the replicaset controller")


def kubelet_binds(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet binds."""
    found = pick(chosen, _bindings(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": "system:node:node-1", "groups": ["system:nodes", "system:authenticated"]}
    return planted(log, found[0], found[1], "bound by a kubelet")


def no_such_node(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is bound to a node that never was."""
    found = pick(chosen, _bindings(log))
    if found is None:
        return None
    log.edit(found[0], found[1])["requestObject"]["target"]["name"] = "node-7"
    return planted(log, found[0], found[1], "bound to node-7")


def foreign_status(log: Log, chosen: random.Random) -> Planted | None:
    """A pod's status is written by another node's kubelet."""
    found = pick(chosen, [entry for entry in _of(log, "pods", subresource="status") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["user"]["username"] = "system:node:node-2" if user(line) == "system:node:node-1" else "system:node:node-1"
    return planted(log, found[0], found[1], f"written by {user(line)}")


def controller_status(log: Log, chosen: random.Random) -> Planted | None:
    """A pod's status is written by a controller that has nothing to do with it."""
    found = pick(chosen, _of(log, "pods", subresource="status"))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": _ACCOUNT + "endpoint-controller", "groups": []}
    return planted(log, found[0], found[1], "written by the endpoint controller")


def risen_pod(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that ended runs again."""
    found = pick(chosen, [other for one, other in steps(log) if key_of(one[2])[0] == "pods"
                          and _status(one[2]).get("phase") in ("Succeeded", "Failed") and other[2]["verb"] in ("patch", "update")])
    if found is None:
        return None
    _status(log.edit(found[0], found[1]))["phase"] = "Running"
    return planted(log, found[0], found[1], "Running after its end")


def changed_end(log: Log, chosen: random.Random) -> Planted | None:
    """A pod that succeeded has failed, or the other way about."""
    found = pick(chosen, [other for one, other in steps(log) if key_of(one[2])[0] == "pods"
                          and _status(one[2]).get("phase") in ("Succeeded", "Failed") and other[2]["verb"] in ("patch", "update")])
    if found is None:
        return None
    status = _status(log.edit(found[0], found[1]))
    status["phase"] = "Failed" if status["phase"] == "Succeeded" else "Succeeded"
    return planted(log, found[0], found[1], f"{status['phase']} instead")


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
    number, when = _last_version(log)
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = when, later(when, 1)
    meta(line["responseObject"])["resourceVersion"] = str(number)
    return planted(log, *log.insert_by_time(line), "the status of a pod that is gone")


def ready_unbound(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is ready and not running."""
    found = pick(chosen, [entry for entry in _of(log, "pods", subresource="status")
                          if any(c.get("type") == "Ready" and c.get("status") == "True" for c in _status(entry[2]).get("conditions", []))])
    if found is None:
        return None
    _status(log.edit(found[0], found[1]))["phase"] = "Pending"
    return planted(log, found[0], found[1], "Ready and Pending")


def wrong_ordinal(log: Log, chosen: random.Random) -> Planted | None:
    """A StatefulSet's pod is named for no ordinal of it."""
    found = pick(chosen, [entry for entry in _of(log, "pods", verb="create") if user(entry[2]).endswith("statefulset-controller")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    meta(line["responseObject"])["ownerReferences"][0]["name"] = "other"
    return planted(log, found[0], found[1], "owned by a set of another name")


def twin_identity(log: Log, chosen: random.Random) -> Planted | None:
    """Two live pods have one ordinal."""
    found = pick(chosen, [entry for entry in _of(log, "pods", verb="create") if user(entry[2]).endswith("statefulset-controller")
                          and log.fresh(version(entry[2]), version(entry[2]) + 12)])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    name = key_of(line)[2]
    _rename(line, name.rpartition("-")[0] + "-0" + name.rpartition("-")[2], log.fresh(version(line), version(line) + 12) or 0)
    return planted(log, *log.insert_by_time(line), "a second pod of the ordinal")


def _rename(line: Line, name: str, number: int) -> None:
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = later(done(line), 1), later(done(line), 2)
    if "name" in ref(line):
        ref(line)["name"] = name
    answered = meta(line["responseObject"])
    answered["name"], answered["uid"], answered["resourceVersion"] = name, _NEW_UID, str(number)


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


def foreign_node_status(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet writes another node's status."""
    found = pick(chosen, [entry for entry in _of(log, "nodes", subresource="status") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    log.edit(found[0], found[1])["user"]["username"] = "system:node:node-9"
    return planted(log, found[0], found[1], "written by node-9's kubelet")


def foreign_node_creation(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet registers another node."""
    found = pick(chosen, [entry for entry in _of(log, "nodes", verb="create") if user(entry[2]).startswith("system:node:")])
    if found is None:
        return None
    log.edit(found[0], found[1])["user"]["username"] = "system:node:node-9"
    return planted(log, found[0], found[1], "created by node-9's kubelet")


def _node_leases(log: Log) -> list[tuple[str, int, Line]]:
    return [entry for entry in _of(log, "leases") if ref(entry[2]).get("namespace") == "kube-node-lease" and entry[2]["verb"] != "delete"]


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
            conditions = _status(one[2]).get("conditions", [])
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
    return _taint(log, chosen, who=_ACCOUNT + "ttl-controller")


def scheduler_taint(log: Log, chosen: random.Random) -> Planted | None:
    """A node is tainted by the scheduler."""
    return _taint(log, chosen, who="system:kube-scheduler")


def _evict(log: Log, chosen: random.Random, who: str) -> Planted | None:
    tainted = {ref(entry[2]).get("name") for entry in _of(log, "nodes")
               if any(t.get("effect") == "NoExecute" for t in entry[2]["responseObject"]["spec"].get("taints", []))}
    found = pick(chosen, [entry for entry in _of(log, "pods", verb="delete") if not user(entry[2]).startswith("system:node:")
                          and entry[2]["responseObject"]["spec"].get("nodeName")
                          and entry[2]["responseObject"]["spec"]["nodeName"] not in tainted])
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": _ACCOUNT + who, "groups": []}
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


def _creations(log: Log, controller: str) -> list[tuple[str, int, Line]]:
    return [entry for entry in _of(log, "pods", verb="create") if user(entry[2]) == _ACCOUNT + controller]


def foreign_creator(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is created by another controller than its owner's."""
    found = pick(chosen, [entry for entry in _of(log, "pods", verb="create") if user(entry[2]).startswith(_ACCOUNT)])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["user"]["username"] = _ACCOUNT + ("job-controller" if not user(line).endswith("job-controller") else "replicaset-controller")
    return planted(log, found[0], found[1], f"created by {user(line)}")


def no_such_owner(log: Log, chosen: random.Random) -> Planted | None:
    """A pod names an owner that never was."""
    found = pick(chosen, [entry for entry in _of(log, "pods", verb="create") if user(entry[2]).startswith(_ACCOUNT)
                          and entry[0] == "audit.jsonl.gz" and "s12" not in log.folder.name])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["ownerReferences"][0]["uid"] = _NEW_UID
    return planted(log, found[0], found[1], "an owner's uid that nothing has")


def _one_more(log: Log, chosen: random.Random, controller: str) -> Planted | None:
    """Creates a pod right after the last one of a burst, by the same process."""
    places = []
    by_owner: dict[str, list[tuple[str, int, Line]]] = {}
    for entry in _creations(log, controller):
        by_owner.setdefault(meta(entry[2]["responseObject"])["ownerReferences"][0]["uid"], []).append(entry)
    for owner, entries in by_owner.items():
        sizes = [one for one in log.writes if meta(one[2]["responseObject"]).get("uid") == owner]
        wanted = {one[2]["responseObject"]["spec"].get("replicas", one[2]["responseObject"]["spec"].get("parallelism")) for one in sizes}
        credential = {str(one[2]["user"].get("extra")) for one in entries}
        fresh = log.fresh(version(entries[-1][2]), version(entries[-1][2]) + 9)
        most = max((size for size in wanted if isinstance(size, int)), default=0)
        gone = [one for one in _of(log, "pods", verb="delete")
                if (meta(one[2]["responseObject"]).get("ownerReferences") or [{}])[0].get("uid") == owner
                and version(one[2]) < version(entries[-1][2])]
        if len(entries) - len(gone) >= most and not gone and len(credential) == 1 and fresh and not _scaled_by_subresource(log, sizes):
            places.append((entries[-1], fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    entry, fresh = found
    line = copy.deepcopy(entry[2])
    _rename(line, key_of(line)[2][:-5] + "zzzzz", fresh)
    return planted(log, *log.insert_by_time(line), "one pod more")


def _scaled_by_subresource(log: Log, sizes: list[tuple[str, int, Line]]) -> bool:
    keys = {key_of(one[2]) for one in sizes}
    return any(ref(entry[2]).get("subresource") == "scale" and key_of(entry[2]) in keys for entry in log.complete)


def one_pod_too_many(log: Log, chosen: random.Random) -> Planted | None:
    """A ReplicaSet gets one pod too many."""
    return _one_more(log, chosen, "replicaset-controller")


def one_job_pod_too_many(log: Log, chosen: random.Random) -> Planted | None:
    """A Job gets one pod too many."""
    found = pick(chosen, [entry for entry in _creations(log, "job-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 9)])
    if found is None:
        return None
    owner = meta(found[2]["responseObject"])["ownerReferences"][0]["uid"]
    burst = [entry for entry in _creations(log, "job-controller")
             if meta(entry[2]["responseObject"])["ownerReferences"][0]["uid"] == owner]
    job = next(entry for entry in log.writes if meta(entry[2]["responseObject"]).get("uid") == owner)
    if burst.index(found) + 1 != job[2]["responseObject"]["spec"]["parallelism"]:
        return None
    line = copy.deepcopy(found[2])
    _rename(line, key_of(line)[2][:-5] + "zzzzz", log.fresh(version(line), version(line) + 9) or 0)
    return planted(log, *log.insert_by_time(line), "one pod more")


def second_daemon(log: Log, chosen: random.Random) -> Planted | None:
    """A node gets a second pod of a DaemonSet."""
    found = pick(chosen, [entry for entry in _creations(log, "daemon-set-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 9)])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    _rename(line, key_of(line)[2][:-5] + "zzzzz", log.fresh(version(line), version(line) + 9) or 0)
    return planted(log, *log.insert_by_time(line), "a second pod for the node")


def out_of_order(log: Log, chosen: random.Random) -> Planted | None:
    """A StatefulSet's next pod is created before the one below was ready."""
    found = pick(chosen, [entry for entry in _creations(log, "statefulset-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 9)
                          and key_of(entry[2]) not in [key_of(other[2]) for other in _creations(log, "statefulset-controller")
                                                       if version(other[2]) < version(entry[2])]])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    name = key_of(line)[2]
    ordinal = int(name.rpartition("-")[2]) + 1
    _rename(line, f"{name.rpartition('-')[0]}-{ordinal}", log.fresh(version(line), version(line) + 9) or 0)
    meta(line["responseObject"])["labels"]["apps.kubernetes.io/pod-index"] = str(ordinal)
    return planted(log, *log.insert_by_time(line), f"ordinal {ordinal} right after {ordinal - 1}")


def beyond_replicas(log: Log, chosen: random.Random) -> Planted | None:
    """A StatefulSet gets an ordinal beyond its replicas."""
    found = pick(chosen, [entry for entry in _creations(log, "statefulset-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 30)])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    _rename(line, key_of(line)[2].rpartition("-")[0] + "-9", log.fresh(version(line), version(line) + 30) or 0)
    meta(line["responseObject"])["labels"]["apps.kubernetes.io/pod-index"] = "9"
    return planted(log, *log.insert_by_time(line), "ordinal 9")


def _scaled_sets(log: Log) -> list[tuple[tuple[str, int, Line], tuple[str, int, Line]]]:
    return [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "replicasets" and ref(other[2]).get("subresource", "") == ""
            and user(other[2]).endswith("deployment-controller")
            and one[2]["responseObject"]["spec"].get("replicas") != other[2]["responseObject"]["spec"].get("replicas")]


def beyond_surge(log: Log, chosen: random.Random) -> Planted | None:
    """A ReplicaSet is scaled beyond maxSurge."""
    found = pick(chosen, _scaled_sets(log))
    if found is None:
        return None
    _, (name, number, _) = found
    log.edit(name, number)["responseObject"]["spec"]["replicas"] = 99
    return planted(log, name, number, "99 replicas")


def below_available(log: Log, chosen: random.Random) -> Planted | None:
    """An old ReplicaSet is scaled to nothing before the new one is there."""
    places = []
    for one, other in _scaled_sets(log):
        size, size_before = other[2]["responseObject"]["spec"].get("replicas"), one[2]["responseObject"]["spec"].get("replicas")
        if size_before == 4 and size == 3:
            places.append(other)
    found = pick(chosen, places)
    if found is None:
        return None
    log.edit(found[0], found[1])["responseObject"]["spec"]["replicas"] = 0
    return planted(log, found[0], found[1], "0 replicas at once")


def _jobs(log: Log) -> list[tuple[str, int, Line]]:
    return [entry for entry in _of(log, "jobs", subresource="status") if entry[2]["responseObject"]["spec"].get("completions")]


def too_many_completions(log: Log, chosen: random.Random) -> Planted | None:
    """A Job counts more successes than completions."""
    found = pick(chosen, _jobs(log))
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    _status(line)["succeeded"] = line["responseObject"]["spec"]["completions"] + 1
    return planted(log, found[0], found[1], "succeeded beyond completions")


def early_complete(log: Log, chosen: random.Random) -> Planted | None:
    """A Job is Complete before it is."""
    found = pick(chosen, [entry for entry in _jobs(log)
                          if _status(entry[2]).get("succeeded", 0) < entry[2]["responseObject"]["spec"]["completions"]])
    if found is None:
        return None
    _status(log.edit(found[0], found[1])).setdefault("conditions", []).append({"type": "Complete", "status": "True"})
    return planted(log, found[0], found[1], "Complete too early")


def uncounted(log: Log, chosen: random.Random) -> Planted | None:
    """A pod of a Job loses its finalizer without being counted: no status of the Job ever named it."""
    places = [entry for entry in _of(log, "pods", verb="patch") if user(entry[2]).endswith("job-controller")
              and _status(entry[2]).get("phase") == "Succeeded"]
    found = pick(chosen, places)
    if found is None:
        return None
    uid = meta(found[2]["responseObject"])["uid"]
    name, number = found[0], found[1]
    for file, lines in log.files.items():
        for at, line in enumerate(lines):
            told = line.get("responseObject") if file.startswith("audit") else line.get("object")
            if isinstance(told, dict) and told.get("kind") == "Job" and uid in str(told.get("status")):
                changed = log.edit(file, at)
                body = changed["responseObject"] if file.startswith("audit") else changed["object"]
                lists = body["status"]["uncountedTerminatedPods"]
                for which in lists:
                    lists[which] = [other for other in lists[which] if other != uid]
    return planted(log, name, number, "a finalizer taken off a pod that no status named")


def wrong_address(log: Log, chosen: random.Random) -> Planted | None:
    """An EndpointSlice gives a wrong address."""
    found = pick(chosen, [entry for entry in _of(log, "endpointslices") if entry[2]["responseObject"].get("endpoints")
                          and entry[2]["responseObject"]["endpoints"][0].get("targetRef")])
    if found is None:
        return None
    log.edit(found[0], found[1])["responseObject"]["endpoints"][0]["addresses"] = ["10.99.99.99"]
    return planted(log, found[0], found[1], "an address of no pod")


def wrong_endpoint(log: Log, chosen: random.Random) -> Planted | None:
    """An EndpointSlice holds a pod that never was."""
    found = pick(chosen, [entry for entry in _of(log, "endpointslices") if entry[2]["responseObject"].get("endpoints")
                          and entry[2]["responseObject"]["endpoints"][0].get("targetRef")])
    if found is None:
        return None
    log.edit(found[0], found[1])["responseObject"]["endpoints"][0]["targetRef"]["uid"] = _NEW_UID
    return planted(log, found[0], found[1], "a pod that never was")


def _elections(log: Log) -> list[tuple[tuple[str, int, Line], tuple[str, int, Line]]]:
    return [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "leases" and key_of(one[2])[1] == "kube-system"
            and key_of(one[2])[2] in ("kube-scheduler", "kube-controller-manager")]


def early_takeover(log: Log, chosen: random.Random) -> Planted | None:
    """A lease is taken while it is held."""
    found = pick(chosen, _elections(log))
    if found is None:
        return None
    _, (name, number, _) = found
    spec = log.edit(name, number)["responseObject"]["spec"]
    spec["holderIdentity"], spec["acquireTime"] = "another", spec["renewTime"]
    spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + 1
    return planted(log, name, number, "taken by another")


def lost_transition(log: Log, chosen: random.Random) -> Planted | None:
    """leaseTransitions grows although the holder stays."""
    found = pick(chosen, [(one, other) for one, other in _elections(log)
                          if one[2]["responseObject"]["spec"]["holderIdentity"] == other[2]["responseObject"]["spec"]["holderIdentity"]])
    if found is None:
        return None
    _, (name, number, _) = found
    spec = log.edit(name, number)["responseObject"]["spec"]
    spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + 1
    return planted(log, name, number, "another transition")


def left_behind(log: Log, chosen: random.Random) -> Planted | None:
    """Something is left when a namespace goes: the request that removed it, and what told of it, are not there."""
    places = [entry for entry in log.complete if entry[2]["verb"] == "deletecollection" and code(entry[2]) == 200
              and ref(entry[2]).get("resource") in ("replicasets", "deployments", "services")]
    found = pick(chosen, places)
    if found is None:
        return None
    resource, namespace = ref(found[2])["resource"], ref(found[2])["namespace"]
    name = f"watch-{resource}.jsonl.gz"
    log.files[name] = [line for line in log.files[name] if not (
        line["type"] == "DELETED" and meta(line["object"]).get("namespace") == namespace)]
    log.files[found[0]].pop(found[1])
    return planted(log, found[0], found[1], f"the {resource} of {namespace} are not removed")


def created_too_late(log: Log, chosen: random.Random) -> Planted | None:
    """Something is created in a namespace that is gone."""
    ends = [entry for entry in log.complete if ref(entry[2]).get("subresource") == "finalize" and code(entry[2]) == 200]
    if not ends:
        return None
    namespace = ref(ends[0][2])["name"]
    found = pick(chosen, [entry for entry in log.writes if entry[2]["verb"] == "create" and key_of(entry[2])[1] == namespace])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    number, when = _last_version(log)
    _rename(line, key_of(line)[2] + "-late", number)
    line["requestReceivedTimestamp"], line["stageTimestamp"] = when, later(when, 1)
    return planted(log, *log.insert_by_time(line), f"created in {namespace}")


CONTROLLERS: dict[str, Fault] = {
    "a foreign creator": foreign_creator,
    "an owner that never was": no_such_owner,
    "one pod too many": one_pod_too_many,
    "one pod of a Job too many": one_job_pod_too_many,
    "a second pod of a DaemonSet": second_daemon,
    "an ordinal too early": out_of_order,
    "an ordinal beyond replicas": beyond_replicas,
    "a scale beyond maxSurge": beyond_surge,
    "a scale below maxUnavailable": below_available,
    "completions too many": too_many_completions,
    "a Job complete too early": early_complete,
    "a Job's pod not counted": uncounted,
    "a wrong endpoint address": wrong_address,
    "an endpoint of no pod": wrong_endpoint,
    "a lease taken too early": early_takeover,
    "a transition that was none": lost_transition,
    "something left in a namespace": left_behind,
    "something created in a gone namespace": created_too_late,
}


def forbidden_success(log: Log, chosen: random.Random) -> Planted | None:
    """What was forbidden succeeds."""
    found = pick(chosen, [entry for entry in log.complete
                          if (entry[2].get("annotations") or {}).get("authorization.k8s.io/decision") == "forbid"])
    if found is None:
        return None
    log.edit(found[0], found[1])["responseStatus"] = {"metadata": {}, "code": 200}
    return planted(log, found[0], found[1], "200 although forbidden")


def allowed_to_forbidden(log: Log, chosen: random.Random) -> Planted | None:
    """What succeeded had been forbidden."""
    found = pick(chosen, log.writes)
    if found is None:
        return None
    log.edit(found[0], found[1])["annotations"]["authorization.k8s.io/decision"] = "forbid"
    return planted(log, found[0], found[1], "forbidden and done")


def anonymous_write(log: Log, chosen: random.Random) -> Planted | None:
    """An anonymous user writes."""
    found = pick(chosen, log.writes)
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
    return planted(log, found[0], found[1], "by system:anonymous")


def unauthenticated_write(log: Log, chosen: random.Random) -> Planted | None:
    """A request without an authenticated user succeeds."""
    found = pick(chosen, log.writes)
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {}
    return planted(log, found[0], found[1], "by nobody")


def _by(log: Log, chosen: random.Random, who: str, resource: str) -> Planted | None:
    found = pick(chosen, _of(log, resource))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": who, "groups": ["system:authenticated"]}
    return planted(log, found[0], found[1], f"by {who}")


def scheduler_writes(log: Log, chosen: random.Random) -> Planted | None:
    """The scheduler writes a Deployment."""
    return _by(log, chosen, "system:kube-scheduler", "deployments")


def kubelet_writes(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet writes a ReplicaSet."""
    return _by(log, chosen, "system:node:node-1", "replicasets")


def _watched(log: Log) -> list[tuple[str, int, Line]]:
    told = {int(meta(line["object"])["resourceVersion"]) for name, lines in log.files.items() if name.startswith("watch")
            for line in lines if line["type"] in ("ADDED", "MODIFIED")}
    return [entry for entry in log.writes if version(entry[2]) in told and entry[2]["verb"] in ("create", "update", "patch")]


def lost_write(log: Log, chosen: random.Random) -> Planted | None:
    """A write whose version is told elsewhere is not in the log."""
    found = pick(chosen, [entry for entry in _watched(log) if _safe(log, entry)])
    if found is None:
        return None
    line = log.files[found[0]].pop(found[1])
    return planted(log, found[0], found[1], f"the write of {version(line)} is missing")


def refused_and_done(log: Log, chosen: random.Random) -> Planted | None:
    """A refused write takes effect."""
    found = pick(chosen, [entry for entry in _watched(log) if _safe(log, entry)])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["responseStatus"] = {"code": 403, "reason": "Forbidden", "status": "Failure", "metadata": {}}
    line["responseObject"] = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}
    return planted(log, found[0], found[1], "refused, and its version is told")


def _safe(log: Log, entry: tuple[str, int, Line]) -> bool:
    """Would the log tell that the write is missing? Not where an API server was killed, or where bodies are not kept."""
    return "s12" not in log.folder.name and entry[2]["level"] == "RequestResponse"


def _dry_runs(log: Log) -> list[tuple[str, int, Line]]:
    return [entry for entry in log.complete if "dryRun=All" in entry[2].get("requestURI", "") and code(entry[2]) < 300]


def dry_run_creates(log: Log, chosen: random.Random) -> Planted | None:
    """A dry run answers a new version."""
    found = pick(chosen, [entry for entry in _dry_runs(log) if isinstance(entry[2].get("responseObject"), dict)])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["resourceVersion"] = str(_last_version(log)[0])
    return planted(log, found[0], found[1], "a dry run with a new version")


def dry_run_told(log: Log, chosen: random.Random) -> Planted | None:
    """A dry run takes effect: a write is called one, and its version is told."""
    found = pick(chosen, [entry for entry in _watched(log) if _safe(log, entry) and "?" not in entry[2]["requestURI"]])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["requestURI"] += "?dryRun=All"
    return planted(log, found[0], found[1], "a write called a dry run")


REQUESTS: dict[str, Fault] = {
    "forbidden and successful": forbidden_success,
    "done although forbidden": allowed_to_forbidden,
    "an anonymous write": anonymous_write,
    "a write by nobody": unauthenticated_write,
    "a Deployment written by the scheduler": scheduler_writes,
    "a ReplicaSet written by a kubelet": kubelet_writes,
    "a lost write in the middle": lost_write,
    "a refusal that took effect": refused_and_done,
    "a dry run with a version": dry_run_creates,
    "a dry run that took effect": dry_run_told,
}


def unready_end(log: Log, chosen: random.Random) -> Planted | None:
    """The last status of a ReplicaSet or StatefulSet lacks a ready pod."""
    found = pick(chosen, [entries[-1] for key, entries in log.of.items() if key[0] in ("replicasets", "statefulsets")
                          and _status(entries[-1][2]).get("readyReplicas") and key[1] == "default"])
    if found is None:
        return None
    _status(log.edit(found[0], found[1]))["readyReplicas"] += 7
    for name, lines in log.files.items():
        if name.startswith("watch"):
            for at, line in enumerate(lines):
                if meta(line["object"]).get("resourceVersion") == str(version(found[2])):
                    log.edit(name, at)["object"]["status"]["readyReplicas"] += 7
    return planted(log, found[0], found[1], "more ready replicas than asked for, in every telling")


def unobserved_end(log: Log, chosen: random.Random) -> Planted | None:
    """The last change of a Deployment was not observed."""
    found = pick(chosen, [entries[-1] for key, entries in log.of.items() if key[0] == "deployments" and key[1] == "default"
                          and _status(entries[-1][2]).get("observedGeneration")])
    if found is None:
        return None
    _status(log.edit(found[0], found[1]))["observedGeneration"] -= 1
    for name, lines in log.files.items():
        if name.startswith("watch"):
            for at, line in enumerate(lines):
                if meta(line["object"]).get("resourceVersion") == str(version(found[2])):
                    log.edit(name, at)["object"]["status"]["observedGeneration"] -= 1
    return planted(log, found[0], found[1], "the last generation not observed, in every telling")


def truncated(log: Log, chosen: random.Random) -> Planted | None:
    """The last line breaks off."""
    import json

    name = "audit.jsonl.gz"
    whole = json.dumps(log.files[name][-1]).encode()
    log.files[name][-1] = whole[: chosen.randrange(1, len(whole) - 1)]
    return planted(log, name, len(log.files[name]) - 1, "a truncated last line")


def garbled(log: Log, chosen: random.Random) -> Planted | None:
    """A line in the middle of a stream is no JSON."""
    name = pick(chosen, log.streams())
    if name is None:
        return None
    number = chosen.randrange(len(log.files[name]))
    if log.files[name][number]["type"] != "BOOKMARK":
        return None
    log.files[name][number] = b'{"type":"BOOKMARK","object":\x00\xff}'
    return planted(log, name, number, "no JSON")


END: dict[str, Fault] = {
    "an end that is not reached": unready_end,
    "an end that was not observed": unobserved_end,
}

BROKEN: dict[str, Fault] = {"a truncated last line": truncated, "a garbled line": garbled}

FAULTS: dict[str, tuple[str, Fault]] = {
    **{kind: ("pods", fault) for kind, fault in PODS.items()},
    **{kind: ("nodes", fault) for kind, fault in NODES.items()},
    **{kind: ("controllers", fault) for kind, fault in CONTROLLERS.items()},
    **{kind: ("requests", fault) for kind, fault in REQUESTS.items()},
    **{kind: ("end-state", fault) for kind, fault in END.items()},
    **{kind: ("malformed", fault) for kind, fault in BROKEN.items()},
}

