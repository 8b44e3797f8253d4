"""The life of an object: uids, deletion, finalizers, generations, the status subresource."""

from __future__ import annotations

import random

from tests.traces.faults.places import pick, planted, steps
from tests.traces.faults.semantics.places import (
    body,
    metadata,
    register,
    renamed_uid,
    tellings,
    uid,
)
from tests.traces.mutate import Fault, Log, Planted, done, key_of, meta, received, ref, version

KINDS: dict[str, Fault] = {}


@register(KINDS, "a uid used again after the removal")
def reused_uid(log: Log, chosen: random.Random) -> Planted | None:
    """What is created again under its name has the uid that it had before."""
    places = []
    for entries in log.of.values():
        uids = list(dict.fromkeys(uid(entry) for entry in entries))
        if len(uids) > 1 and all(uids):
            places.append((uids[0], next(entry for entry in entries if uid(entry) == uids[1])))
    found = pick(chosen, places)
    if found is None:
        return None
    old, (name, number, line) = found
    renamed_uid(log, meta(line["responseObject"])["uid"], old)
    return planted(log, name, number, "created with the uid of what was removed, in every telling")


@register(KINDS, "two objects of one uid")
def shared_uid(log: Log, chosen: random.Random) -> Planted | None:
    """Two objects of one kind have one uid, in every telling."""
    creates = [entry for entry in log.writes if entry[2]["verb"] == "create" and uid(entry)]
    pairs = [(one, other) for at, other in enumerate(creates) for one in creates[:at] if key_of(one[2])[0] == key_of(other[2])[0]]
    found = pick(chosen, pairs)
    if found is None:
        return None
    one, (name, number, line) = found
    renamed_uid(log, meta(line["responseObject"])["uid"], uid(one))
    return planted(log, name, number, f"the uid of {key_of(one[2])}")


@register(KINDS, "a PUT of another uid that succeeds")
def put_other_uid(log: Log, chosen: random.Random) -> Planted | None:
    """An update's body names another uid than the object has."""
    found = pick(chosen, [entry for entry in log.writes if entry[2]["verb"] == "update" and ref(entry[2]).get("uid")
                          and meta(entry[2].get("requestObject")).get("uid")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    meta(line["requestObject"])["uid"] = ref(line)["uid"] = "00000000-0000-4000-8000-00000000000c"
    return planted(log, found[0], found[1], "a uid in the request that is not the object's")


@register(KINDS, "a deletion put off, in every telling")
def put_off(log: Log, chosen: random.Random) -> Planted | None:
    """The deletionTimestamp of what is being deleted moves an hour away."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if metadata(one).get("deletionTimestamp")
                          and other[2]["verb"] in ("patch", "update")])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), since=version(line)):
        when = meta(told).get("deletionTimestamp")
        if when:
            meta(told)["deletionTimestamp"] = when[:11] + f"{(int(when[11:13]) + 1) % 24:02d}" + when[13:]
    return planted(log, name, number, "an hour later than the version before, in every telling")


@register(KINDS, "a deletion that nobody asked for")
def undeclared_deletion(log: Log, chosen: random.Random) -> Planted | None:
    """An update sets a deletionTimestamp: only a DELETE can."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] in ("patch", "update")
                          and not any(entry[2]["verb"] == "delete" for entry in log.of[key_of(one[2])])
                          and key_of(one[2])[0] in ("configmaps", "replicasets", "deployments", "nodes")])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), since=version(line)):
        meta(told).update(deletionTimestamp=meta(told)["creationTimestamp"], deletionGracePeriodSeconds=0,
                          finalizers=["example.com/planted"])
    return planted(log, name, number, "a deletionTimestamp by an update, in every telling")


@register(KINDS, "a removal with its finalizer, in every telling")
def removed_held(log: Log, chosen: random.Random) -> Planted | None:
    """An object has a finalizer from its creation on, and is removed."""
    found = pick(chosen, [entries for entries in log.of.values() if entries[-1][2]["verb"] == "delete" and len(entries) > 2
                          and entries[0][2]["verb"] == "create" and key_of(entries[0][2])[0] == "pods"
                          and uid(entries[0]) == uid(entries[-1])
                          and metadata(entries[-1]).get("deletionGracePeriodSeconds") == 0])
    if found is None:
        return None
    for told in tellings(log, uid(found[0]), since=1):
        held = meta(told).setdefault("finalizers", [])
        held.append("example.com/planted")
    return planted(log, found[-1][0], found[-1][1], "a finalizer in every telling, and removed")


@register(KINDS, "a finalizer added in deletion, in every telling")
def held_late(log: Log, chosen: random.Random) -> Planted | None:
    """A finalizer is added by an update of what is being deleted."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if metadata(one).get("deletionTimestamp")
                          and other[2]["verb"] in ("patch", "update")])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        meta(told).setdefault("finalizers", []).append("example.com/planted")
    return planted(log, name, number, "a finalizer added while it is being deleted, in every telling")


@register(KINDS, "a generation that jumps, in every telling")
def jumped(log: Log, chosen: random.Random) -> Planted | None:
    """A change of the spec raises the generation by two."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "update" and metadata(one).get("generation")
                          and ref(other[2]).get("resourceVersion") == str(version(one[2]))
                          and metadata(other)["generation"] == metadata(one)["generation"] + 1])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), since=version(line)):
        meta(told)["generation"] += 1
    return planted(log, name, number, "generation two more than before, in every telling")


@register(KINDS, "a status write that raises the generation, in every telling")
def status_generation(log: Log, chosen: random.Random) -> Planted | None:
    """A write of status raises the generation."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if ref(other[2]).get("subresource") == "status"
                          and key_of(one[2])[0] in ("deployments", "replicasets", "statefulsets", "daemonsets", "jobs")
                          and ref(other[2]).get("resourceVersion") == str(version(one[2]))])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), since=version(line)):
        meta(told)["generation"] = (meta(told).get("generation") or 0) + 1
    return planted(log, name, number, "generation raised by a write of status, in every telling")


@register(KINDS, "an observedGeneration ahead, in every telling")
def observed_early(log: Log, chosen: random.Random) -> Planted | None:
    """A controller has observed what nobody has asked for."""
    found = pick(chosen, [entry for entry in log.writes if ref(entry[2]).get("subresource") == "status"
                          and isinstance((body(entry).get("status") or {}).get("observedGeneration"), int)])
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        told["status"]["observedGeneration"] = meta(told)["generation"] + 1
    return planted(log, found[0], found[1], "observedGeneration one ahead, in every telling")


@register(KINDS, "a status changed past its subresource")
def status_past(log: Log, chosen: random.Random) -> Planted | None:
    """An update of the object itself changes its status."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "update" and not ref(other[2]).get("subresource")
                          and key_of(one[2])[0] in ("deployments", "replicasets") and done(one[2]) < received(other[2])
                          and ref(other[2]).get("resourceVersion") == str(version(one[2]))])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        told["status"]["replicas"] = told["status"].get("replicas", 0) + 3
    return planted(log, name, number, "status.replicas changed by an update of the object, in every telling")


@register(KINDS, "labels of a Deployment changed through status")
def labels_through_status(log: Log, chosen: random.Random) -> Planted | None:
    """A write of a Deployment's status changes its labels."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if ref(other[2]).get("subresource") == "status"
                          and key_of(one[2])[0] == "deployments" and ref(other[2]).get("resourceVersion") == str(version(one[2]))])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), since=version(line)):
        meta(told)["labels"] = {**(meta(told).get("labels") or {}), "planted": "status"}
    return planted(log, name, number, "a label set by a write of status, in every telling")
