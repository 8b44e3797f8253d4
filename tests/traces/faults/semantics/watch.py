"""Watch streams: order, completeness, content, bookmarks, relists."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import pick, planted
from tests.traces.faults.semantics.places import last, register, shift
from tests.traces.faults.watch import changes
from tests.traces.mutate import RECEIVED, Fault, Line, Log, Planted, meta, received, version

KINDS: dict[str, Fault] = {}


def told(line: Line) -> int:
    """The version that a line tells."""
    return int(meta(line["object"]).get("resourceVersion") or 0)


def whose(line: Line) -> str:
    """The uid of what it tells of."""
    return str(meta(line["object"]).get("uid", ""))


@register(KINDS, "a delivery some places late")
def delayed(log: Log, chosen: random.Random) -> Planted | None:
    """A delivery comes after deliveries of higher versions."""
    places = [(name, numbers[at], numbers[min(at + 3, len(numbers) - 1)]) for name in log.streams(6)
              for numbers in [changes(log, name)] for at in range(len(numbers) - 1)]
    places = [(name, one, other) for name, one, other in places if 0 < told(log.files[name][one]) < told(log.files[name][other])
              and all(line["type"] != "ERROR" for line in log.files[name][one:other + 1])]
    found = pick(chosen, places)
    if found is None:
        return None
    name, one, other = found
    lines = log.files[name]
    lines.insert(other, lines.pop(one))
    return planted(log, name, other, f"{told(lines[other])} after {told(lines[other - 1])}")


@register(KINDS, "an old delivery at the end")
def replayed(log: Log, chosen: random.Random) -> Planted | None:
    """The last line of a stream is one that it had delivered before."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)[:-1]])
    if found is None:
        return None
    name, number = found
    log.files[name].append(copy.deepcopy(log.files[name][number]))
    return planted(log, name, len(log.files[name]) - 1, f"line {number + 1} once more")


@register(KINDS, "a deletion never told")
def deletion_untold(log: Log, chosen: random.Random) -> Planted | None:
    """A stream leaves out that a pod was removed, and goes on."""
    places = []
    for name in log.streams():
        if not name.startswith("watch-pods"):
            continue
        numbers = changes(log, name)
        places += [(name, number) for number in numbers[:-1] if log.files[name][number]["type"] == "DELETED"]
    found = pick(chosen, places)
    if found is None:
        return None
    name, number = found
    line = log.files[name].pop(number)
    return planted(log, name, number, f"DELETED of {meta(line['object'])['name']} is not delivered")


@register(KINDS, "deleted twice in a stream")
def deleted_again(log: Log, chosen: random.Random) -> Planted | None:
    """A DELETED comes a second time, with a higher version."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)
                          if log.files[name][number]["type"] == "DELETED"])
    if found is None:
        return None
    name, number = found
    line = copy.deepcopy(log.files[name][number])
    meta(line["object"])["resourceVersion"] = str(last(log))
    log.files[name].append(line)
    return planted(log, name, len(log.files[name]) - 1, f"DELETED once more, at {last(log)}")


@register(KINDS, "changed after its deletion in a stream")
def changed_after(log: Log, chosen: random.Random) -> Planted | None:
    """A stream tells a change of what it had told to be deleted."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)
                          if log.files[name][number]["type"] == "DELETED"])
    if found is None:
        return None
    name, number = found
    line = copy.deepcopy(log.files[name][number])
    line["type"] = "MODIFIED"
    meta(line["object"])["resourceVersion"] = str(last(log))
    log.files[name].append(line)
    return planted(log, name, len(log.files[name]) - 1, f"MODIFIED at {last(log)} after DELETED")


@register(KINDS, "the content of before under the new version")
def old_content(log: Log, chosen: random.Random) -> Planted | None:
    """A delivery tells the version before with the new number."""
    places = []
    for name in log.streams():
        numbers = changes(log, name)
        for at, number in enumerate(numbers):
            before = [other for other in numbers[:at] if whose(log.files[name][other]) == whose(log.files[name][number])]
            if before and log.files[name][number]["type"] == "MODIFIED" and any(
                    told(log.files[name][number]) == version(line) for _, _, line in log.writes):
                places.append((name, number, before[-1]))
    found = pick(chosen, places)
    if found is None:
        return None
    name, number, before_it = found
    line = log.edit(name, number)
    number_told = meta(line["object"])["resourceVersion"]
    line["object"] = copy.deepcopy(log.files[name][before_it]["object"])
    meta(line["object"])["resourceVersion"] = number_told
    return planted(log, name, number, f"{number_told} with the content of line {before_it + 1}")


@register(KINDS, "a deletion of another uid")
def deleted_other(log: Log, chosen: random.Random) -> Planted | None:
    """A DELETED tells another uid than the stream knew under this name."""
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)
                          if log.files[name][number]["type"] == "DELETED"
                          and any(whose(log.files[name][other]) == whose(log.files[name][number]) for other in range(number))])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["object"])["uid"] = "00000000-0000-4000-8000-00000000000d"
    return planted(log, found[0], found[1], "another uid than it was known under")


@register(KINDS, "an object missing after 410")
def missing_after(log: Log, chosen: random.Random) -> Planted | None:
    """The state after 410 lacks an object that lives, and that is changed later."""
    places = []
    for name in log.streams(3):
        lines = log.files[name]
        errors = [number for number, line in enumerate(lines) if line["type"] == "ERROR"]
        if not errors:
            continue
        for number in range(errors[-1] + 1, len(lines)):
            if (meta(lines[number]["object"]).get("annotations") or {}).get("k8s.io/initial-events-end"):
                break
            if lines[number]["type"] == "ADDED" and any(whose(line) == whose(lines[number]) and line["type"] == "MODIFIED"
                                                        for line in lines[number + 1:]):
                places.append((name, number))
    found = pick(chosen, places)
    if found is None:
        return None
    line = log.files[found[0]].pop(found[1])
    return planted(log, found[0], found[1], f"{meta(line['object'])['name']} is not in the state after 410")


@register(KINDS, "an initial state that ends below its objects")
def ends_below(log: Log, chosen: random.Random) -> Planted | None:
    """The bookmark that ends the initial state has a lower version than an object of it."""
    places = []
    for name in log.streams(1):
        highest = 0
        for number, line in enumerate(log.files[name]):
            if line["type"] == "ERROR":
                highest = 0
            elif (meta(line["object"]).get("annotations") or {}).get("k8s.io/initial-events-end") and highest > 1:
                places.append((name, number, highest))
            else:
                highest = max(highest, told(line))
    found = pick(chosen, places)
    if found is None:
        return None
    name, number, highest = found
    meta(log.edit(name, number)["object"])["resourceVersion"] = str(highest - 1)
    return planted(log, name, number, f"ends at {highest - 1} and holds {highest}")


@register(KINDS, "a creation told with what was written later")
def told_ahead(log: Log, chosen: random.Random) -> Planted | None:
    """ADDED of a live stream tells the content of the object's next version under the number of the creation."""
    places = []
    for name in log.streams():
        numbers = changes(log, name)
        for at, number in enumerate(numbers):
            after = [other for other in numbers[at + 1:] if whose(log.files[name][other]) == whose(log.files[name][number])]
            if after and log.files[name][number]["type"] == "ADDED" and any(
                    told(log.files[name][number]) == version(line) for _, _, line in log.writes):
                places.append((name, number, after[0]))
    found = pick(chosen, places)
    if found is None:
        return None
    name, number, next_one = found
    line = log.edit(name, number)
    number_told = meta(line["object"])["resourceVersion"]
    line["object"] = copy.deepcopy(log.files[name][next_one]["object"])
    meta(line["object"])["resourceVersion"] = number_told
    return planted(log, name, number, f"{number_told} with the content of line {next_one + 1}")


@register(KINDS, "a delivery before its write")
def before_its_write(log: Log, chosen: random.Random) -> Planted | None:
    """A delivery was received before the write that it tells had been received by the API server."""
    written = {version(line): received(line) for _, _, line in log.writes}
    found = pick(chosen, [(name, number) for name in log.streams() for number in changes(log, name)
                          if told(log.files[name][number]) in written and RECEIVED in log.files[name][number]])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line[RECEIVED] = shift(written[told(line)], -2_000_000)
    return planted(log, found[0], found[1], "received two seconds before its write was")


@register(KINDS, "a bookmark ahead of time")
def bookmark_ahead(log: Log, chosen: random.Random) -> Planted | None:
    """A bookmark, the last line of its stream's connection, tells a version that was written seconds later."""
    places = []
    for name in log.streams(0):
        for number, line in enumerate(log.files[name]):
            if line["type"] == "BOOKMARK" and RECEIVED in line and (number + 1 == len(log.files[name])):
                late = [version(write) for _, _, write in log.writes if received(write) > shift(line[RECEIVED], 2_000_000)]
                if late:
                    places.append((name, number, late[-1]))
    found = pick(chosen, places)
    if found is None:
        return None
    name, number, ahead = found
    meta(log.edit(name, number)["object"])["resourceVersion"] = str(ahead)
    return planted(log, name, number, f"a bookmark at {ahead}, written two seconds later and more")
