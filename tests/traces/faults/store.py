"""Faults of the store."""

from __future__ import annotations

import copy
import random
from itertools import pairwise

from tests.traces.faults.places import later, pick, planted, steps
from tests.traces.mutate import Fault, Log, Planted, code, done, key_of, meta, received, ref, version


def stale_put(log: Log, chosen: random.Random) -> Planted | None:
    """A PUT succeeds although it had seen an older version."""
    found = pick(chosen, [(one, other) for one, other in steps(log)
                          if other[2]["verb"] == "update" and ref(other[2]).get("resourceVersion") == str(version(one[2]))])
    if found is None:
        return None
    one, (name, number, _) = found
    older = str(version(one[2]) - 1)
    line = log.edit(name, number)
    ref(line)["resourceVersion"] = older
    if meta(line.get("requestObject")):
        meta(line["requestObject"])["resourceVersion"] = older
    return planted(log, name, number, f"precondition {older} instead of {version(one[2])}")


def reused_version(log: Log, chosen: random.Random) -> Planted | None:
    """Two writes get the same version."""
    name, number, _ = chosen.choice(log.writes)
    other = chosen.choice([entry for entry in log.writes if key_of(entry[2]) != key_of(log.files[name][number])])
    line = log.edit(name, number)
    meta(line["responseObject"])["resourceVersion"] = str(version(other[2]))
    return planted(log, name, number, f"resourceVersion of {other[0]}:{other[1] + 1}")


def swapped_versions(log: Log, chosen: random.Random) -> Planted | None:
    """A later write gets the lower version."""
    one = chosen.choice(log.writes)
    other = pick(chosen, [entry for entry in log.writes if received(entry[2]) > done(one[2]) and key_of(entry[2]) != key_of(one[2])
                          and version(entry[2]) > version(one[2])])
    if other is None:
        return None
    first, second = log.edit(one[0], one[1]), log.edit(other[0], other[1])
    meta(first["responseObject"])["resourceVersion"], meta(second["responseObject"])["resourceVersion"] = (
        str(version(second)), str(version(first)))
    return planted(log, other[0], other[1], f"resourceVersions swapped with {one[0]}:{one[1] + 1}")


def created_twice(log: Log, chosen: random.Random) -> Planted | None:
    """What exists is created once more."""
    places = []
    for entries in log.of.values():
        if entries[0][2]["verb"] != "create":
            continue
        for one, other in pairwise(entries):
            fresh = log.fresh(version(one[2]), version(other[2]))
            if fresh and done(one[2]) < received(other[2]):
                places.append((entries[0], one, fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    origin, before, fresh = found
    line = copy.deepcopy(origin[2])
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = later(done(before[2]), 1), later(done(before[2]), 2)
    meta(line["responseObject"])["resourceVersion"] = str(fresh)
    meta(line["responseObject"])["uid"] = "00000000-0000-4000-8000-000000000001"
    return planted(log, *log.insert_by_time(line), f"created again at {fresh}")


def changed_after_removal(log: Log, chosen: random.Random) -> Planted | None:
    """What was removed is updated."""
    last = max(log.used)
    places = []
    for entries in log.of.values():
        removal = entries[-1]
        body = removal[2]["responseObject"]
        if removal[2]["verb"] == "delete" and meta(body).get("deletionGracePeriodSeconds") == 0 and not meta(body).get("finalizers"):
            updates = [entry for entry in entries if entry[2]["verb"] in ("update", "patch")]
            if updates:
                places.append((updates[-1], removal))
    found = pick(chosen, places)
    if found is None:
        return None
    update, _ = found
    line = copy.deepcopy(update[2])
    end = max(done(entry[2]) for entry in log.audits)
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = later(end, 1), later(end, 2)
    meta(line["responseObject"])["resourceVersion"] = str(last + 1)
    return planted(log, *log.insert_by_time(line), f"updated at {last + 1} after its removal")


def baseless_conflict(log: Log, chosen: random.Random) -> Planted | None:
    """A 409 for a version that was the current one."""
    places = [(one, other) for one, other in steps(log) if other[2]["verb"] == "update" and done(one[2]) < later(received(other[2]), -20)
              and ref(other[2]).get("resourceVersion") == str(version(one[2]))]
    found = pick(chosen, places)
    if found is None:
        return None
    _, other = found
    line = copy.deepcopy(other[2])
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = later(received(line), -10), later(received(line), -5)
    line["responseStatus"] = {"code": 409, "reason": "Conflict", "status": "Failure", "metadata": {},
                              "message": "the object has been modified; please apply your changes to the latest version"}
    line["responseObject"] = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409}
    return planted(log, *log.insert_by_time(line), "refused with 409 before the same update succeeded")


def wrong_not_found(log: Log, chosen: random.Random) -> Planted | None:
    """A GET of what exists is answered with 404."""
    places = []
    for entry in log.complete:
        line = entry[2]
        if line["verb"] != "get" or code(line) != 200 or "resourceVersion=" in line.get("requestURI", "") or not version(line):
            continue
        entries = log.of.get(key_of(line), [])
        if ref(line).get("subresource"):
            continue
        alive = [one for one in entries if done(one[2]) < received(line)]
        if alive and any(received(one[2]) > done(line) for one in entries) and alive[0][2]["verb"] == "create":
            places.append(entry)
    found = pick(chosen, places)
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["responseStatus"] = {"code": 404, "reason": "NotFound", "status": "Failure", "metadata": {}}
    line["responseObject"] = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
    return planted(log, found[0], found[1], "404 instead of 200")


def undeleted(log: Log, chosen: random.Random) -> Planted | None:
    """A deletionTimestamp goes away again."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] in ("patch", "update")
                          and meta(one[2]["responseObject"]).get("deletionTimestamp")])
    if found is None:
        return None
    _, (name, number, _) = found
    body = meta(log.edit(name, number)["responseObject"])
    body.pop("deletionTimestamp")
    body.pop("deletionGracePeriodSeconds", None)
    return planted(log, name, number, "without the deletionTimestamp that it had")


def longer_grace(log: Log, chosen: random.Random) -> Planted | None:
    """A grace period grows."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] in ("patch", "update")
                          and meta(one[2]["responseObject"]).get("deletionGracePeriodSeconds")])
    if found is None:
        return None
    _, (name, number, _) = found
    meta(log.edit(name, number)["responseObject"])["deletionGracePeriodSeconds"] += 300
    return planted(log, name, number, "grace period 300 s longer")


def removed_with_finalizers(log: Log, chosen: random.Random) -> Planted | None:
    """The answer to a removal has a finalizer."""
    found = pick(chosen, [entries for entries in log.of.values() if entries[-1][2]["verb"] == "delete" and len(entries) > 1
                          and meta(entries[-1][2]["responseObject"]).get("deletionGracePeriodSeconds") == 0
                          and not meta(entries[-1][2]["responseObject"]).get("finalizers")])
    if found is None:
        return None
    name, number, _ = found[-2]
    meta(log.edit(name, number)["responseObject"])["finalizers"] = ["example.com/planted"]
    return planted(log, name, number, "a finalizer in the last version before the removal")


def finalizer_added(log: Log, chosen: random.Random) -> Planted | None:
    """A finalizer is added to what is being deleted."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] in ("patch", "update")
                          and meta(one[2]["responseObject"]).get("deletionTimestamp")])
    if found is None:
        return None
    _, (name, number, _) = found
    meta(log.edit(name, number)["responseObject"]).setdefault("finalizers", []).append("example.com/planted")
    return planted(log, name, number, "a finalizer added while it is being deleted")


def generation_back(log: Log, chosen: random.Random) -> Planted | None:
    """generation goes back."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if (meta(one[2]["responseObject"]).get("generation") or 0) > 0
                          and other[2]["verb"] != "delete"])
    if found is None:
        return None
    one, (name, number, _) = found
    meta(log.edit(name, number)["responseObject"])["generation"] = meta(one[2]["responseObject"])["generation"] - 1
    return planted(log, name, number, "generation one less than before")


def spec_without_generation(log: Log, chosen: random.Random) -> Planted | None:
    """A write changes the spec and not the generation."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "update"
                          and meta(other[2]["responseObject"]).get("generation") == meta(one[2]["responseObject"]).get("generation")
                          and ref(other[2]).get("resourceVersion") == str(version(one[2]))
                          and meta(other[2]["responseObject"]).get("generation") and "spec" in other[2]["responseObject"]])
    if found is None:
        return None
    _, (name, number, _) = found
    log.edit(name, number)["responseObject"]["spec"]["minReadySeconds"] = 77
    return planted(log, name, number, "a changed spec with the generation of before")


def observed_ahead(log: Log, chosen: random.Random) -> Planted | None:
    """observedGeneration is ahead of generation."""
    found = pick(chosen, [entry for entry in log.writes
                          if isinstance((entry[2]["responseObject"].get("status") or {}).get("observedGeneration"), int)
                          and meta(entry[2]["responseObject"]).get("generation")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["responseObject"]["status"]["observedGeneration"] = meta(line["responseObject"])["generation"] + 1
    return planted(log, found[0], found[1], "observedGeneration one ahead")


def other_uid(log: Log, chosen: random.Random) -> Planted | None:
    """An update answers another uid."""
    found = pick(chosen, [other for _, other in steps(log) if other[2]["verb"] in ("update", "patch")])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["uid"] = "00000000-0000-4000-8000-000000000002"
    return planted(log, found[0], found[1], "another uid")


def delete_of_another(log: Log, chosen: random.Random) -> Planted | None:
    """A DELETE for one uid removes another."""
    found = pick(chosen, [entry for entry in log.complete if entry[2]["verb"] == "delete" and code(entry[2]) == 200
                          and (entry[2].get("requestObject") or {}).get("preconditions", {}).get("uid")])
    if found is None:
        return None
    log.edit(found[0], found[1])["requestObject"]["preconditions"]["uid"] = "00000000-0000-4000-8000-000000000003"
    return planted(log, found[0], found[1], "another uid in the preconditions")


def new_version_for_nothing(log: Log, chosen: random.Random) -> Planted | None:
    """A write changes nothing and gets a version."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "update"
                          and ref(other[2]).get("resourceVersion") == str(version(one[2]))])
    if found is None:
        return None
    one, (name, number, _) = found
    line = log.edit(name, number)
    mine = str(version(line))
    line["responseObject"] = copy.deepcopy(one[2]["responseObject"])
    meta(line["responseObject"])["resourceVersion"] = mine
    return planted(log, name, number, "the content of the version before")


def stale_read(log: Log, chosen: random.Random) -> Planted | None:
    """A consistent GET answers an older version."""
    places = []
    for entry in log.complete:
        line = entry[2]
        if line["verb"] == "get" and code(line) == 200 and "resourceVersion=" not in line["requestURI"] and version(line):
            older = [one for one in log.of.get(key_of(line), []) if version(one[2]) < version(line)]
            written = any(version(one[2]) == version(line) and done(one[2]) < received(line) for one in log.of.get(key_of(line), []))
            if older and written:
                places.append((entry, older[-1]))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), older_write = found
    log.edit(name, number)["responseObject"] = copy.deepcopy(older_write[2]["responseObject"])
    return planted(log, name, number, f"answers {version(older_write[2])}")


def altered_read(log: Log, chosen: random.Random) -> Planted | None:
    """A GET answers what no write left."""
    found = pick(chosen, [entry for entry in log.complete if entry[2]["verb"] == "get" and code(entry[2]) == 200
                          and any(version(one[2]) == version(entry[2])
                                  and one[2]["responseObject"].get("kind") == entry[2]["responseObject"].get("kind")
                                  for one in log.of.get(key_of(entry[2]), []))])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["labels"] = {"planted": "yes"}
    return planted(log, found[0], found[1], "other labels than were written")


def spec_through_status(log: Log, chosen: random.Random) -> Planted | None:
    """A status write changes the spec."""
    found = pick(chosen, [other for one, other in steps(log) if ref(other[2]).get("subresource") == "status"
                          and other[2]["verb"] == "update" and "spec" in other[2]["responseObject"]
                          and ref(other[2]).get("resourceVersion") == str(version(one[2]))])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["responseObject"]["spec"]["paused"] = True
    meta(line["responseObject"])["generation"] = (meta(line["responseObject"]).get("generation") or 0) + 1
    return planted(log, found[0], found[1], "a write of status that changes the spec")


STORE: dict[str, Fault] = {
    "a stale PUT that succeeds": stale_put,
    "a reused resourceVersion": reused_version,
    "two versions swapped": swapped_versions,
    "created although it exists": created_twice,
    "updated after its removal": changed_after_removal,
    "a 409 without a conflict": baseless_conflict,
    "a 404 of what exists": wrong_not_found,
    "a deletionTimestamp taken back": undeleted,
    "a longer grace period": longer_grace,
    "a removal before its finalizers": removed_with_finalizers,
    "a finalizer added in deletion": finalizer_added,
    "a generation that goes back": generation_back,
    "a spec without a generation": spec_without_generation,
    "an observedGeneration ahead": observed_ahead,
    "another uid": other_uid,
    "a delete of another uid": delete_of_another,
    "a version for a no-op": new_version_for_nothing,
    "a stale consistent read": stale_read,
    "an altered read": altered_read,
    "a spec changed through status": spec_through_status,
}
