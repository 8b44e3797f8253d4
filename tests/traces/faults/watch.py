"""Faults of watch streams."""

from __future__ import annotations

import copy
import random
from itertools import pairwise

from tests.traces.faults.places import pick, planted
from tests.traces.mutate import CONNECTION, Fault, Line, Log, Planted, meta, version


def changes(log: Log, name: str) -> list[int]:
    """Lines of a stream after its (last) initial state."""
    lines = log.files[name]
    begin = 0
    for number, line in enumerate(lines):
        if (meta(line["object"]).get("annotations") or {}).get("k8s.io/initial-events-end") == "true":
            begin = number + 1
    return [number for number in range(begin, len(lines)) if lines[number]["type"] in ("ADDED", "MODIFIED", "DELETED")]


def told_object(line: Line) -> tuple[str, str]:
    return (meta(line["object"]).get("namespace", ""), meta(line["object"]).get("name", ""))


def dropped_delivery(log: Log, chosen: random.Random) -> Planted | None:
    """A stream leaves out a change of what it had told and goes on."""
    places = []
    for name in log.streams():
        numbers = changes(log, name)
        told = {told_object(line) for line in log.files[name][: numbers[0]] if line["type"] == "ADDED"} if numbers else set()
        for at, number in enumerate(numbers[:-1]):
            line = log.files[name][number]
            later_ones = [log.files[name][other] for other in numbers[at + 1:] if told_object(log.files[name][other]) == told_object(line)]
            if line["type"] == "ADDED":
                told.add(told_object(line))
                if later_ones and later_ones[0]["type"] != "ADDED":
                    places.append((name, number))
            elif told_object(line) in told and _logged(log, line):
                places.append((name, number))
    found = pick(chosen, places)
    if found is None:
        return None
    name, number = found
    line = log.files[name].pop(number)
    return planted(log, name, number, f"left out {line['type']} at {meta(line['object'])['resourceVersion']}")


def _logged(log: Log, line: Line) -> bool:
    """Is the delivered version in the audit log?"""
    told = int(meta(line["object"])["resourceVersion"])
    return any(version(entry[2]) == told for entry in log.writes)


def swapped_deliveries(log: Log, chosen: random.Random) -> Planted | None:
    """Two deliveries come in the wrong order."""
    found = pick(chosen, [(name, one) for name in log.streams() for one, other in pairwise(changes(log, name))
                          if other == one + 1])
    if found is None:
        return None
    name, number = found
    lines = log.files[name]
    lines[number], lines[number + 1] = lines[number + 1], lines[number]
    return planted(log, name, number + 1, "swapped with the line before")


def repeated_delivery(log: Log, chosen: random.Random) -> Planted | None:
    """A delivery comes twice."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)])
    if found is None:
        return None
    name, number = found
    log.files[name].insert(number + 1, copy.deepcopy(log.files[name][number]))
    return planted(log, name, number + 1, "the line before once more")


def altered_delivery(log: Log, chosen: random.Random) -> Planted | None:
    """A delivery tells other content than was written."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)
                          if log.files[name][number]["type"] != "DELETED" and _logged(log, log.files[name][number])])
    if found is None:
        return None
    meta(log.edit(*found)["object"])["labels"] = {"planted": "yes"}
    return planted(log, found[0], found[1], "other labels than were written")


def wrong_type(log: Log, chosen: random.Random) -> Planted | None:
    """A change is told as an addition, or an addition as a change."""
    places = []
    for name in log.streams():
        for number in changes(log, name):
            if log.files[name][number]["type"] in ("MODIFIED", "ADDED"):
                places.append((name, number))
    found = pick(chosen, places)
    if found is None:
        return None
    line = log.edit(*found)
    line["type"] = "ADDED" if line["type"] == "MODIFIED" else "MODIFIED"
    return planted(log, found[0], found[1], f"told as {line['type']}")


def false_deletion(log: Log, chosen: random.Random) -> Planted | None:
    """A change is told as a deletion."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)
                          if log.files[name][number]["type"] == "MODIFIED" and _logged(log, log.files[name][number])])
    if found is None:
        return None
    log.edit(*found)["type"] = "DELETED"
    return planted(log, found[0], found[1], "told as DELETED")


def early_bookmark(log: Log, chosen: random.Random) -> Planted | None:
    """A bookmark runs ahead of what is delivered after it."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)])
    if found is None:
        return None
    name, number = found
    line = log.files[name][number]
    bookmark = {"type": "BOOKMARK", "object": {"kind": line["object"]["kind"], "apiVersion": line["object"]["apiVersion"],
                                               "metadata": {"resourceVersion": meta(line["object"])["resourceVersion"]}}}
    log.files[name].insert(number, bookmark)
    return planted(log, name, number, "a bookmark at the version of the delivery after it")


def late_bookmark(log: Log, chosen: random.Random) -> Planted | None:
    """A bookmark falls behind."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)])
    if found is None:
        return None
    name, number = found
    line = log.files[name][number]
    behind = int(meta(line["object"])["resourceVersion"]) - 1
    bookmark = {"type": "BOOKMARK", "object": {"kind": line["object"]["kind"], "apiVersion": line["object"]["apiVersion"],
                                               "metadata": {"resourceVersion": str(behind)}}}
    log.files[name].insert(number + 1, bookmark)
    return planted(log, name, number + 1, "a bookmark below the delivery before it")


def expired(log: Log) -> list[tuple[str, int]]:
    return [(name, number) for name in log.streams(2) for number, line in enumerate(log.files[name]) if line["type"] == "ERROR"]


def no_relist(log: Log, chosen: random.Random) -> Planted | None:
    """After 410 a stream goes on, on the same connection, as if nothing had been."""
    found = pick(chosen, [(name, number) for name, number in expired(log) if number + 1 < len(log.files[name])
                          and log.files[name][number + 1]["type"] == "ADDED"])
    if found is None:
        return None
    name, number = found
    log.edit(name, number + 1).update({"type": "MODIFIED", CONNECTION: log.files[name][number].get(CONNECTION)})
    return planted(log, name, number + 1, "MODIFIED right after 410")


def older_relist(log: Log, chosen: random.Random) -> Planted | None:
    """The state after 410 is older than what was told."""
    places = []
    for name, number in expired(log):
        before = [int(meta(line["object"])["resourceVersion"]) for line in log.files[name][:number]]
        for other in range(number, len(log.files[name])):
            if (meta(log.files[name][other]["object"]).get("annotations") or {}).get("k8s.io/initial-events-end") and before:
                places.append((name, other, max(before)))
    found = pick(chosen, places)
    if found is None:
        return None
    name, number, reached = found
    meta(log.edit(name, number)["object"])["resourceVersion"] = str(reached - 1)
    return planted(log, name, number, "the state ends below what was delivered before 410")


WATCH: dict[str, Fault] = {
    "a dropped delivery": dropped_delivery,
    "two deliveries swapped": swapped_deliveries,
    "a delivery twice": repeated_delivery,
    "an altered delivery": altered_delivery,
    "a delivery of the wrong type": wrong_type,
    "a deletion that was none": false_deletion,
    "a bookmark too early": early_bookmark,
    "a bookmark too late": late_bookmark,
    "no state after 410": no_relist,
    "an older state after 410": older_relist,
}
