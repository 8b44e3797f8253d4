"""A path that shows how a system recovers: a fault, a state in which a reachable property does not hold, later one in which it does.

The search of a check finds the shortest witness of a property, and the shortest has no fault in it where it can do without. What a fault
was put into a scope for is to be seen all the same. States are looked at breadth first, each twice: before any fault, and after one.
"""

from __future__ import annotations

import numpy as np

from kubecheck.checker import replay
from kubecheck.checker.graph.expander import Bools, Expander, Ints, Words, keys
from kubecheck.checker.report import Step
from kubecheck.spec import ActionKind, Property


def recovery(expander: Expander, prop: Property, *, most: int) -> list[Step]:
    """The shortest path with a fault after which the reachable `prop` does not hold and then does, confirmed by the reference execution.

    Empty if there is none, or none among the first `most` states.
    """
    faults = np.array([action.kind is ActionKind.FAULT for action in expander.spec.actions], np.bool_)
    if not faults.any():
        return []
    level, hurt = expander.initial, np.zeros(len(expander.initial), np.bool_)
    numbers: dict[tuple[bytes, bool], int] = {}
    levels: list[Words] = []
    parents: list[Ints] = [np.full(len(level), -1)]
    first = 0
    _add(numbers, level, hurt)
    while len(level) and len(numbers) <= most:
        levels.append(level)
        shown = np.flatnonzero(hurt & expander.shows(level, prop)) if first else np.zeros(0, np.int64)
        if len(shown):
            path = _back(parents, first + int(shown[0]))
            rows = np.concatenate(levels)
            start = expander.native.start_of(tuple(rows[path[0]].tolist()))
            return replay.confirm(expander.spec, prop, [expander.unpack(rows[number]) for number in path], start)
        found = expander.steps(level)
        struck = hurt[found.sources] | (
            faults[expander.action_of[found.instances]] & ~expander.shows(found.targets, prop)
        )
        new = _add(numbers, found.targets, struck)
        parents.append(found.sources[new] + first)
        first += len(level)
        level, hurt = found.targets[new], struck[new]
    return []


def _add(numbers: dict[tuple[bytes, bool], int], states: Words, hurt: Bools) -> Ints:
    """Number the states that have no number yet; the places of these."""
    new = []
    for place, pair in enumerate(zip(keys(states), hurt.tolist(), strict=True)):
        if pair not in numbers:
            numbers[pair] = len(numbers)
            new.append(place)
    return np.array(new, np.int64)


def _back(parents: list[Ints], last: int) -> list[int]:
    """The numbers of the states on the way to this one."""
    before = np.concatenate(parents)
    path = [last]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return path[::-1]
