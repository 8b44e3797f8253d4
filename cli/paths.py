"""The steps of a path in words: which action, and what it changed, object by object.

A place such as `api_server._etcd._pods[pod-0].phase` is the field `phase` of an object; the object is called by the
shortest end of its path that means nothing else on the whole path. Of a sequence that only lost elements or gained last ones,
these are told, not the sequence twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubecheck.checker.report import Change, Step


_LONG_RECORD: Final = 80
"""Characters of a record that are shown where it comes into a sequence or goes."""


def action_text(step: Step) -> str:
    """`create(pod-1, server=1)`: a value that says by itself what it is goes without its name; the initial state has no action."""
    if not step.action:
        return "initial state" if step.step == 0 else ""
    told = (v if v.startswith(name.replace("_", "-")) else f"{name}={v}" for name, v in step.parameters.items())
    return f"{step.action}({', '.join(told)})"


def changes_text(step: Step, names: dict[str, str]) -> str:
    """What a step changed, a line for each object: `store[pod-1]: phase absent -> pending, version 0 -> 1`.

    `names` are the short names of objects, see `short_names`.
    """
    objects: dict[str, list[str]] = {}
    for change in step.changes:
        thing, place = split_path(change.path)
        objects.setdefault(thing, []).append(f"{place} {shortened(difference(change, initial=step.step == 0))}".strip())
    if not objects:
        return "" if step.step == 0 else "nothing"
    return "\n".join(
        f"{names.get(thing, thing)}: {', '.join(changes)}" if thing else ", ".join(changes)
        for thing, changes in objects.items()
    )


def split_path(path: str) -> tuple[str, str]:
    """A place as object and field: `a.store[pod-1].phase` is `phase` of `a.store[pod-1]`; an element has no field."""
    indexed = re.fullmatch(r"(.*\])(?:\.([^\]]+))?", path)
    if indexed:
        return indexed[1], _plain(indexed[2] or "")
    thing, _, place = path.rpartition(".")
    return thing, _plain(place)


def short_names(path: Iterable[Step]) -> dict[str, str]:
    """The objects that steps change, each with the shortest end of its path that no other of them ends with."""
    things = {split_path(change.path)[0] for step in path for change in step.changes} - {""}
    ends = {thing: [".".join(parts[i:]) for i in range(len(parts))] for thing in things for parts in [_parts(thing)]}
    found = {}
    for thing, candidates in ends.items():
        others = {end for other, its in ends.items() if other != thing for end in its}
        found[thing] = next((end for end in reversed(candidates) if end not in others), candidates[0])
    return found


def difference(change: Change, *, initial: bool) -> str:
    """`before -> after`; only the value in an initial state; only what came and went in a sequence."""
    if initial:
        return change.after
    if change.before.startswith("[") and change.after.startswith("["):
        told = _sequence_difference(elements(change.before), elements(change.after))
        if told:
            return told
    return f"{change.before} -> {change.after}"


def shortened(text: str) -> str:
    """The same with long records cut after their first fields: `{revision: 2, slot: slot-0, …}`; the whole state has them in full."""
    found, depth, start = [], 0, 0
    for i, character in enumerate(text):
        if character == "{":
            depth += 1
            if depth == 1:
                found.append(text[start:i])
                start = i
        elif character == "}" and depth > 0:
            depth -= 1
            if depth == 0:
                found.append(_cut(text[start : i + 1]))
                start = i + 1
    return "".join([*found, text[start:]])


def _cut(record: str) -> str:
    if len(record) <= _LONG_RECORD:
        return record
    fields, kept = elements(record), ""
    for field in fields:
        if kept and len(kept) + len(field) > _LONG_RECORD:
            break
        kept += f"{field}, "
    return f"{{{kept}…}}"


def _sequence_difference(before: Sequence[str], after: Sequence[str]) -> str:
    """What went from the front and came at the end; or, if that says less, what went from between two parts that stayed."""
    for kept in range(min(len(before), len(after)), -1, -1):
        if before[len(before) - kept :] == after[:kept]:
            break
    gone, come = before[: len(before) - kept], after[kept:]
    if len(after) < len(before) and come:
        front = next((i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(after))
        back = len(before) - len(after) + front
        if before[back:] == after[front:]:
            gone, come = before[front:back], []
    return ", ".join([f"lost {element}" for element in gone] + [f"gained {element}" for element in come])


def elements(text: str) -> list[str]:
    """The elements of a sequence, or the fields of a record, as they are written: `[a, {b: 1, c: 2}]`."""
    found, depth, start = [], 0, 1
    for i, character in enumerate(text):
        if character in "[{(":
            depth += 1
        elif character in "]})":
            depth -= 1
        if (character == "," and depth == 1) or (depth == 0 and i > start):
            found.append(text[start:i].strip())
            start = i + 1
    return [element for element in found if element]


def _parts(thing: str) -> list[str]:
    """The parts of an object's path; a dot inside brackets divides nothing."""
    return [_plain(part) for part in re.findall(r"[^.\[\]]+(?:\[[^\]]*\])*", thing)]


def _plain(name: str) -> str:
    """A name without the underscore that makes it private."""
    return name.lstrip("_")
