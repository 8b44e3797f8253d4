"""Faults of controllers."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import (
    ACCOUNT,
    NEW_UID,
    creations,
    last_version,
    later,
    of,
    pick,
    planted,
    rename,
    status,
    steps,
)
from tests.traces.mutate import Fault, Line, Log, Planted, code, key_of, meta, ref, user, version


def foreign_creator(log: Log, chosen: random.Random) -> Planted | None:
    """A pod is created by another controller than its owner's."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="create") if user(entry[2]).startswith(ACCOUNT)])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["user"]["username"] = ACCOUNT + ("job-controller" if not user(line).endswith("job-controller") else "replicaset-controller")
    return planted(log, found[0], found[1], f"created by {user(line)}")


def no_such_owner(log: Log, chosen: random.Random) -> Planted | None:
    """A pod names an owner that never was."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="create") if user(entry[2]).startswith(ACCOUNT)
                          and entry[0] == "audit.jsonl.gz" and "s12" not in log.folder.name])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["ownerReferences"][0]["uid"] = NEW_UID
    return planted(log, found[0], found[1], "an owner's uid that nothing has")


def _one_more(log: Log, chosen: random.Random, controller: str) -> Planted | None:
    """Creates a pod right after the last one of a burst, by the same process."""
    places = []
    by_owner: dict[str, list[tuple[str, int, Line]]] = {}
    for entry in creations(log, controller):
        by_owner.setdefault(meta(entry[2]["responseObject"])["ownerReferences"][0]["uid"], []).append(entry)
    for owner, entries in by_owner.items():
        sizes = [one for one in log.writes if meta(one[2]["responseObject"]).get("uid") == owner]
        wanted = {one[2]["responseObject"]["spec"].get("replicas", one[2]["responseObject"]["spec"].get("parallelism")) for one in sizes}
        credential = {str(one[2]["user"].get("extra")) for one in entries}
        fresh = log.fresh(version(entries[-1][2]), version(entries[-1][2]) + 9)
        most = max((size for size in wanted if isinstance(size, int)), default=0)
        gone = [one for one in of(log, "pods", verb="delete")
                if (meta(one[2]["responseObject"]).get("ownerReferences") or [{}])[0].get("uid") == owner
                and version(one[2]) < version(entries[-1][2])]
        if len(entries) - len(gone) >= most and not gone and len(credential) == 1 and fresh and not _scaled_by_subresource(log, sizes):
            places.append((entries[-1], fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    entry, fresh = found
    line = copy.deepcopy(entry[2])
    rename(line, key_of(line)[2][:-5] + "zzzzz", fresh)
    return planted(log, *log.insert_by_time(line), "one pod more")


def _scaled_by_subresource(log: Log, sizes: list[tuple[str, int, Line]]) -> bool:
    keys = {key_of(one[2]) for one in sizes}
    return any(ref(entry[2]).get("subresource") == "scale" and key_of(entry[2]) in keys for entry in log.complete)


def one_pod_too_many(log: Log, chosen: random.Random) -> Planted | None:
    """A ReplicaSet gets one pod too many."""
    return _one_more(log, chosen, "replicaset-controller")


def one_job_pod_too_many(log: Log, chosen: random.Random) -> Planted | None:
    """A Job gets one pod too many."""
    found = pick(chosen, [entry for entry in creations(log, "job-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 9)])
    if found is None:
        return None
    owner = meta(found[2]["responseObject"])["ownerReferences"][0]["uid"]
    burst = [entry for entry in creations(log, "job-controller")
             if meta(entry[2]["responseObject"])["ownerReferences"][0]["uid"] == owner]
    job = next(entry for entry in log.writes if meta(entry[2]["responseObject"]).get("uid") == owner)
    if burst.index(found) + 1 != job[2]["responseObject"]["spec"]["parallelism"]:
        return None
    line = copy.deepcopy(found[2])
    rename(line, key_of(line)[2][:-5] + "zzzzz", log.fresh(version(line), version(line) + 9) or 0)
    return planted(log, *log.insert_by_time(line), "one pod more")


def second_daemon(log: Log, chosen: random.Random) -> Planted | None:
    """A node gets a second pod of a DaemonSet."""
    found = pick(chosen, [entry for entry in creations(log, "daemon-set-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 9)])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    rename(line, key_of(line)[2][:-5] + "zzzzz", log.fresh(version(line), version(line) + 9) or 0)
    return planted(log, *log.insert_by_time(line), "a second pod for the node")


def out_of_order(log: Log, chosen: random.Random) -> Planted | None:
    """A StatefulSet's next pod is created before the one below was ready."""
    found = pick(chosen, [entry for entry in creations(log, "statefulset-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 9)
                          and key_of(entry[2]) not in [key_of(other[2]) for other in creations(log, "statefulset-controller")
                                                       if version(other[2]) < version(entry[2])]])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    name = key_of(line)[2]
    ordinal = int(name.rpartition("-")[2]) + 1
    rename(line, f"{name.rpartition('-')[0]}-{ordinal}", log.fresh(version(line), version(line) + 9) or 0)
    meta(line["responseObject"])["labels"]["apps.kubernetes.io/pod-index"] = str(ordinal)
    return planted(log, *log.insert_by_time(line), f"ordinal {ordinal} right after {ordinal - 1}")


def beyond_replicas(log: Log, chosen: random.Random) -> Planted | None:
    """A StatefulSet gets an ordinal beyond its replicas."""
    found = pick(chosen, [entry for entry in creations(log, "statefulset-controller")
                          if log.fresh(version(entry[2]), version(entry[2]) + 30)])
    if found is None:
        return None
    line = copy.deepcopy(found[2])
    rename(line, key_of(line)[2].rpartition("-")[0] + "-9", log.fresh(version(line), version(line) + 30) or 0)
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
    return [entry for entry in of(log, "jobs", subresource="status") if entry[2]["responseObject"]["spec"].get("completions")]


def too_many_completions(log: Log, chosen: random.Random) -> Planted | None:
    """A Job counts more successes than completions."""
    found = pick(chosen, _jobs(log))
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    status(line)["succeeded"] = line["responseObject"]["spec"]["completions"] + 1
    return planted(log, found[0], found[1], "succeeded beyond completions")


def early_complete(log: Log, chosen: random.Random) -> Planted | None:
    """A Job is Complete before it is."""
    found = pick(chosen, [entry for entry in _jobs(log)
                          if status(entry[2]).get("succeeded", 0) < entry[2]["responseObject"]["spec"]["completions"]])
    if found is None:
        return None
    status(log.edit(found[0], found[1])).setdefault("conditions", []).append({"type": "Complete", "status": "True"})
    return planted(log, found[0], found[1], "Complete too early")


def uncounted(log: Log, chosen: random.Random) -> Planted | None:
    """A pod of a Job loses its finalizer without being counted: no status of the Job ever named it."""
    places = [entry for entry in of(log, "pods", verb="patch") if user(entry[2]).endswith("job-controller")
              and status(entry[2]).get("phase") == "Succeeded"]
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
    found = pick(chosen, [entry for entry in of(log, "endpointslices") if entry[2]["responseObject"].get("endpoints")
                          and entry[2]["responseObject"]["endpoints"][0].get("targetRef")])
    if found is None:
        return None
    log.edit(found[0], found[1])["responseObject"]["endpoints"][0]["addresses"] = ["10.99.99.99"]
    return planted(log, found[0], found[1], "an address of no pod")


def wrong_endpoint(log: Log, chosen: random.Random) -> Planted | None:
    """An EndpointSlice holds a pod that never was."""
    found = pick(chosen, [entry for entry in of(log, "endpointslices") if entry[2]["responseObject"].get("endpoints")
                          and entry[2]["responseObject"]["endpoints"][0].get("targetRef")])
    if found is None:
        return None
    log.edit(found[0], found[1])["responseObject"]["endpoints"][0]["targetRef"]["uid"] = NEW_UID
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
    number, when = last_version(log)
    rename(line, key_of(line)[2] + "-late", number)
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
