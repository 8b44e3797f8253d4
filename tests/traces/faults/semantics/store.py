"""The store: revisions, existence, preconditions, conflicts, reads."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import pick, planted, steps
from tests.traces.faults.semantics.places import (
    body,
    copied,
    end,
    gap,
    last,
    metadata,
    refused,
    register,
    shift,
    tellings,
    uid,
)
from tests.traces.mutate import Fault, Log, Planted, code, done, key_of, meta, received, ref, version

KINDS: dict[str, Fault] = {}


@register(KINDS, "a version below one answered earlier")
def earlier_version(log: Log, chosen: random.Random) -> Planted | None:
    """A write that was received after another had been answered has a lower version."""
    places = []
    for number, one in enumerate(log.writes):
        for other in log.writes[number + 1: number + 30]:
            fresh = log.fresh(version(one[2]) - 20, version(one[2]))
            if done(one[2]) < received(other[2]) and key_of(one[2]) != key_of(other[2]) and fresh:
                places.append((other, fresh, one))
                break
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), fresh, one = found
    meta(log.edit(name, number)["responseObject"])["resourceVersion"] = str(fresh)
    return planted(log, name, number, f"version {fresh}, though {version(one[2])} was answered before it was received")


@register(KINDS, "two writes of one object in the wrong order")
def own_order(log: Log, chosen: random.Random) -> Planted | None:
    """Two writes of one object, one after the other, have each other's versions."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if done(one[2]) < received(other[2]) and other[2]["verb"] != "delete"])
    if found is None:
        return None
    one, other = found
    meta(log.edit(one[0], one[1])["responseObject"])["resourceVersion"] = str(version(other[2]))
    meta(log.edit(other[0], other[1])["responseObject"])["resourceVersion"] = str(version(one[2]))
    return planted(log, other[0], other[1], f"versions swapped with the write before, {one[0]}:{one[1] + 1}")


@register(KINDS, "a no-op that answers other content")
def altered_no_op(log: Log, chosen: random.Random) -> Planted | None:
    """A PUT answers the version that is there, with other content."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if one[2]["verb"] == "update" and gap(log, one, other)])
    if found is None:
        return None
    one, _ = found
    line = copied(one, at=shift(done(one[2]), 20))
    ref(line)["resourceVersion"] = str(version(one[2]))
    meta(line["responseObject"])["labels"] = {"planted": "other"}
    return planted(log, *log.insert_by_time(line), f"answers {version(one[2])} with other labels than that version has")


@register(KINDS, "two creations with one version")
def same_version(log: Log, chosen: random.Random) -> Planted | None:
    """Two objects are created with one version."""
    creates = [entry for entry in log.writes if entry[2]["verb"] == "create"]
    if len(creates) < 2:
        return None
    at = chosen.randrange(1, len(creates))
    one, (name, number, _) = creates[at - 1], creates[at]
    meta(log.edit(name, number)["responseObject"])["resourceVersion"] = str(version(one[2]))
    return planted(log, name, number, f"the version of {one[0]}:{one[1] + 1}")


@register(KINDS, "an AlreadyExists that was a success")
def created_although(log: Log, chosen: random.Random) -> Planted | None:
    """A create that was refused because the object exists is said to have succeeded."""
    places = []
    for entry in log.complete:
        line = entry[2]
        if line["verb"] == "create" and code(line) == 409 and not ref(line).get("subresource"):
            name = (line.get("requestObject") or {}).get("metadata", {}).get("name") or ref(line).get("name")
            resource = str(ref(line)["resource"])
            key = (resource, "" if resource == "namespaces" else str(ref(line).get("namespace", "")), str(name))
            entries = log.of.get(key, [])
            before = [one for one in entries if done(one[2]) < received(line)]
            after = [one for one in entries if received(one[2]) > done(line)]
            if before and after and before[-1][2]["verb"] != "delete" and (
                    fresh := log.fresh(version(before[-1][2]), version(after[0][2]))):
                places.append((entry, before[-1], fresh, name))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), before, fresh, called = found
    line = log.edit(name, number)
    line["responseStatus"] = {"metadata": {}, "code": 201}
    line["responseObject"] = copy.deepcopy(body(before))
    meta(line["responseObject"]).update(resourceVersion=str(fresh), uid="00000000-0000-4000-8000-00000000000b")
    ref(line)["name"] = called
    return planted(log, name, number, "201 instead of 409, of a name that was taken")


@register(KINDS, "patched before it was created")
def patched_early(log: Log, chosen: random.Random) -> Planted | None:
    """A change of what does not exist yet succeeds."""
    places = []
    for entries in log.of.values():
        if entries[0][2]["verb"] != "create":
            continue
        changes = [entry for entry in entries[1:] if entry[2]["verb"] in ("patch", "update")]
        fresh = log.fresh(version(entries[0][2]) - 40, version(entries[0][2]))
        if changes and fresh:
            places.append((entries[0], changes[0], fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    create, change, fresh = found
    line = copied(change, at=shift(received(create[2]), -500), fresh=fresh)
    return planted(log, *log.insert_by_time(line), f"changed at {fresh}, created at {version(create[2])}")


@register(KINDS, "a second DELETE that succeeds")
def deleted_twice(log: Log, chosen: random.Random) -> Planted | None:
    """What was removed is deleted once more, with a version of its own."""
    found = pick(chosen, [entries[-1] for entries in log.of.values() if entries[-1][2]["verb"] == "delete"
                          and metadata(entries[-1]).get("deletionGracePeriodSeconds") == 0
                          and not metadata(entries[-1]).get("finalizers")])
    if found is None:
        return None
    line = copied(found, at=end(log), fresh=last(log))
    return planted(log, *log.insert_by_time(line), f"deleted at {last(log)}, removed at {version(found[2])}")


@register(KINDS, "an update of what exists refused with 404")
def update_not_found(log: Log, chosen: random.Random) -> Planted | None:
    """Between two writes of an object an update of it is answered with 404."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] in ("update", "patch") and gap(log, one, other)
                          and not metadata(one).get("deletionTimestamp")])
    if found is None:
        return None
    one, other = found
    line = refused(copied(other, at=shift(done(one[2]), 20)), 404, "NotFound")
    return planted(log, *log.insert_by_time(line), "404 between two writes that succeeded")


@register(KINDS, "a DELETE of what exists refused with 404")
def delete_not_found(log: Log, chosen: random.Random) -> Planted | None:
    """Before a deletion that succeeds one is answered with 404."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "delete" and gap(log, one, other)])
    if found is None:
        return None
    one, other = found
    line = refused(copied(other, at=shift(done(one[2]), 20)), 404, "NotFound")
    return planted(log, *log.insert_by_time(line), "404 right before the deletion succeeded")


@register(KINDS, "a DELETE with an old version that succeeds")
def stale_delete(log: Log, chosen: random.Random) -> Planted | None:
    """A deletion names an old version and succeeds."""
    places = []
    for entries in log.of.values():
        for at, entry in enumerate(entries[2:], 2):
            if entry[2]["verb"] == "delete" and done(entries[at - 1][2]) < received(entry[2]) and uid(entries[at - 2]) == uid(entry) and (
                    isinstance(entry[2].get("requestObject"), dict)):
                places.append((entry, entries[at - 2]))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), older = found
    line = log.edit(name, number)
    line["requestObject"].setdefault("preconditions", {})["resourceVersion"] = str(version(older[2]))
    return planted(log, name, number, f"precondition {version(older[2])}, which had been replaced")


@register(KINDS, "a PATCH of an old version that succeeds")
def stale_patch(log: Log, chosen: random.Random) -> Planted | None:
    """A patch names an old version and succeeds."""
    places = []
    for entries in log.of.values():
        for at, entry in enumerate(entries[2:], 2):
            if entry[2]["verb"] == "patch" and done(entries[at - 1][2]) < received(entry[2]) and isinstance(
                    entry[2].get("requestObject"), dict):
                places.append((entry, entries[at - 2]))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), older = found
    log.edit(name, number)["requestObject"].setdefault("metadata", {})["resourceVersion"] = str(version(older[2]))
    return planted(log, name, number, f"the patch names {version(older[2])}, which had been replaced")


@register(KINDS, "a write between read and write")
def written_between(log: Log, chosen: random.Random) -> Planted | None:
    """Another client writes between the version that an update saw and the update."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "update" and one[2]["verb"] == "update"
                          and ref(other[2]).get("resourceVersion") == str(version(one[2])) and gap(log, one, other)])
    if found is None:
        return None
    one, other = found
    fresh, at = gap(log, one, other) or (0, "")
    line = copied(one, at=at, fresh=fresh)
    ref(line)["resourceVersion"] = str(version(one[2]))
    if meta(line.get("requestObject")):
        meta(line["requestObject"])["resourceVersion"] = str(version(one[2]))
    meta(line["responseObject"])["labels"] = {"planted": "between"}
    return planted(log, *log.insert_by_time(line), f"written at {fresh}; the update after it saw {version(one[2])}")


@register(KINDS, "an AlreadyExists of a free name")
def no_such_name(log: Log, chosen: random.Random) -> Planted | None:
    """A create is refused although nothing of that name has ever been."""
    found = pick(chosen, [entries[0] for entries in log.of.values() if entries[0][2]["verb"] == "create"
                          and ref(entries[0][2]).get("name") and received(entries[0][2]) > shift(done(log.complete[0][2]), 2_000_000)
                          and "audit-2.jsonl.gz" not in log.files])  # clocks of two servers may differ
    if found is None:
        return None
    line = refused(copied(found, at=shift(received(found[2]), -2000)), 409, "AlreadyExists")
    return planted(log, *log.insert_by_time(line), "409 before it was created")


@register(KINDS, "a conflict of a uid that fits")
def uid_conflict(log: Log, chosen: random.Random) -> Planted | None:
    """A deletion that names the right uid is refused with 409."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "delete" and gap(log, one, other)
                          and list((other[2].get("requestObject") or {}).get("preconditions") or {}) == ["uid"]])
    if found is None:
        return None
    one, other = found
    mine = uid(one)
    line = refused(copied(other, at=shift(done(one[2]), 20)), 409, "Conflict",  # as storage.NewInvalidObjError words it
                   f"Precondition failed: UID in precondition: {mine}, UID in object meta: {mine}")
    return planted(log, *log.insert_by_time(line), "409 although the uid is that of the object")


@register(KINDS, "a version without a change, in every telling")
def nothing_new(log: Log, chosen: random.Random) -> Planted | None:
    """A patch or update leaves the object as it was and gets a version."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] in ("patch", "update")
                          and "s12" not in log.folder.name
                          and done(one[2]) < received(other[2]) and ref(other[2]).get("subresource") != "binding"
                          and (ref(other[2]).get("resourceVersion") == str(version(one[2])))])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        kept = copy.deepcopy(body(one))
        told.clear()
        told.update(kept)
        meta(told)["resourceVersion"] = str(version(line))
    return planted(log, name, number, "the content of the version before, in every telling")


@register(KINDS, "a no-op that gets a version")
def no_op_version(log: Log, chosen: random.Random) -> Planted | None:
    """An update that changed nothing is answered with a new version."""
    places = []
    for entry in log.complete:
        line = entry[2]
        if line["verb"] == "update" and code(line) == 200 and version(line) and ref(line).get("resourceVersion") == str(version(line)) and (
                "dryRun" not in line["requestURI"] and not ref(line).get("subresource")):
            after = [one for one in log.of.get(key_of(line), []) if version(one[2]) > version(line)]
            fresh = log.fresh(version(line), version(after[0][2]) if after else version(line) + 30)
            if fresh:
                places.append((entry, fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), fresh = found
    meta(log.edit(name, number)["responseObject"])["resourceVersion"] = str(fresh)
    return planted(log, name, number, f"{fresh} for an update that changed nothing")


@register(KINDS, "a read of what was not yet written")
def read_ahead(log: Log, chosen: random.Random) -> Planted | None:
    """A GET answers a version whose write was received later."""
    places = []
    for entry in log.complete:
        line = entry[2]
        if line["verb"] == "get" and code(line) == 200 and version(line) and not ref(line).get("subresource"):
            later = [one for one in log.of.get(key_of(line), []) if received(one[2]) > done(line) and uid(one) == uid(entry)
                     and one[2]["verb"] != "delete"]
            if later:
                places.append((entry, chosen.choice(later)))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), later_write = found
    log.edit(name, number)["responseObject"] = copy.deepcopy(body(later_write))
    return planted(log, name, number, f"answers {version(later_write[2])}, whose write came later")


@register(KINDS, "a read of the removed")
def read_removed(log: Log, chosen: random.Random) -> Planted | None:
    """A consistent GET answers an object that was removed before."""
    reads = [entry for entry in log.complete if entry[2]["verb"] == "get" and code(entry[2]) == 200]
    gone = [entries[-1] for entries in log.of.values() if entries[-1][2]["verb"] == "delete" and ref(entries[-1][2])["resource"] == "pods"
            and metadata(entries[-1]).get("deletionGracePeriodSeconds") == 0]
    removal, read = pick(chosen, gone), pick(chosen, reads)
    if removal is None or read is None:
        return None
    line = copied(read, at=end(log))
    line["objectRef"] = {key: value for key, value in ref(removal[2]).items() if key not in ("uid", "resourceVersion")}
    line["requestURI"] = removal[2]["requestURI"].partition("?")[0]
    line["level"], line["responseObject"] = "RequestResponse", copy.deepcopy(body(removal))
    line.pop("requestObject", None)
    return planted(log, *log.insert_by_time(line), "200 of what was removed")
