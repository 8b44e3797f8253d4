"""The view of a path: a counterexample or a witness, and what else could have happened at each of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from kubecheck.checker import replay
from kubecheck.checker.engine.explore import Exploration
from kubecheck.checker.errors import InternalError
from kubecheck.checker.graph.build import Builder
from kubecheck.checker.graph.expander import Expander, Words, keys
from kubecheck.checker.graph.graph import Edge, Graph, Role
from kubecheck.checker.graph.symmetry import Symmetry
from kubecheck.checker.graph.totals import Totals
from kubecheck.checker.report import Step
from kubecheck.spec import Property, reference

MOST_ALTERNATIVES: Final = 4
"""Other successors of a state of the path that are drawn, unless one asks for more."""


def path_to(expander: Expander, exploration: Exploration, prop: Property) -> list[Step]:
    """The shortest path to a violation of a property (of a reachable: to a witness), confirmed by the reference execution.

    Empty if the search saw none. Raises InternalError if the reference execution does not confirm it.
    """
    place = exploration.found.get(expander.spec.properties.index(prop))
    if place is None:
        return []
    return replay.confirm(
        expander.spec, prop, [expander.native.unpack(words) for words in exploration.store.path(place)]
    )


def states_of(expander: Expander, steps: Sequence[Step]) -> Words:
    """The states of a path that a report has, in rows. Raises InternalError if the native execution does not go that way."""
    spec = expander.spec
    for first in expander.initial:
        changes = reference.changes(spec, None, expander.unpack(first))
        if changes == [(c.path, c.before, c.after) for c in steps[0].changes]:
            break
    else:
        raise InternalError(spec.name, "a path of the report does not begin in an initial state", evidence=[])
    rows = [first]
    for step in steps[1:]:
        found = expander.steps(rows[-1].reshape(1, -1))
        named = (expander.instance(int(i)) for i in found.instances)
        wanted = [target for (action, given), target in zip(named, found.targets, strict=True)
                  if action.name == step.action and given == step.parameters]  # fmt: skip
        if not wanted:
            raise InternalError(
                spec.name, f"the native execution does not know step {step.step} of the report's path", evidence=[]
            )
        rows.append(wanted[0])
    return np.array(rows, np.uint64).reshape(-1, expander.words)


def path_view(
    expander: Expander,
    steps: Sequence[Step],
    totals: Totals,
    *,
    title: str,
    end: str = "",
    alternatives: int = MOST_ALTERNATIVES,
    symmetry: Symmetry | None = None,
) -> Graph:
    """The path down the middle, at most so many other successors of each of its states beside it; none after its end.

    `end` says what the last state is there for, where that is not marked anyway.
    """
    rows = states_of(expander, steps)
    build = Builder(expander)
    ids: dict[bytes, int] = {}
    for number, (key, row) in enumerate(zip(keys(rows), rows, strict=True)):
        ids.setdefault(key, number)
        name = "start" if number == 0 else f"step {number}"
        build.node(
            row, name=f"{name}, {end}" if end and number == len(rows) - 1 else name, role=Role.PATH, depth=number
        )
    seen = dict(ids)
    representative = symmetry.canonical if symmetry is not None else lambda states: states
    for number, step in enumerate(steps[1:]):
        found = expander.steps(rows[number].reshape(1, -1))
        target_keys, same = keys(found.targets), keys(representative(found.targets))
        here, following = keys(rows[number : number + 1])[0], keys(rows[number + 1 : number + 2])[0]
        beside: dict[bytes, list[int]] = {}  # those of one class of symmetric states are drawn once
        main = []
        for i, key in enumerate(target_keys):
            if key == here:
                build.loops += 1
            elif key == following:
                main.append(i)
            else:
                beside.setdefault(key if key in ids else same[i], []).append(i)
        on_path = [_is(expander, int(found.instances[i]), step) for i in main]
        edges = [
            build.step(number, number + 1, int(found.instances[i]), on_path=on)
            for i, on in zip(main, on_path, strict=True)
        ]
        shown = list(beside.values())[:alternatives]
        others: list[Edge] = []
        for places in shown:
            i = places[0]
            key = target_keys[i]
            if key not in seen:
                text = build.labels.step(expander.unpack(rows[number]), expander.unpack(found.targets[i]))
                seen[key] = build.node(found.targets[i], name="", role=Role.ALTERNATIVE, depth=None, text=text)
            for j in places:
                if target_keys[j] == key:
                    others.append(build.step(number, seen[key], int(found.instances[j])))
                else:
                    build.merged += 1
        half = len(others) // 2
        build.edges += [*others[:half], *edges, *others[half:]]
    return build.graph("path", title, totals)


def _is(expander: Expander, instance: int, step: Step) -> bool:
    action, parameters = expander.instance(instance)
    return action.name == step.action and parameters == step.parameters


__all__ = ["MOST_ALTERNATIVES", "path_to", "path_view", "states_of"]
