"""The view of a path: a counterexample or a witness, and what else could have happened at each of its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from kubecheck.checker import replay
from kubecheck.checker.engine.explore import Exploration
from kubecheck.checker.errors import InternalError
from kubecheck.checker.graph.build import Builder
from kubecheck.checker.graph.expander import Expander, Steps, Words, keys
from kubecheck.checker.graph.graph import Edge, Graph, Role
from kubecheck.checker.graph.labels import shortened
from kubecheck.checker.graph.symmetry import Symmetry
from kubecheck.checker.graph.totals import Totals
from kubecheck.checker.report import Change, Step
from kubecheck.checker.values import state_values
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
    native, path = expander.native, exploration.store.path(place)
    return replay.confirm(expander.spec, prop, [native.unpack(words) for words in path], native.start_of(path[0]))


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


Tell = Callable[[Sequence[Step], Step], Sequence[str]]
"""What a step changed, in lines: the steps before it, from the initial state on, and the step itself."""


def path_view(
    expander: Expander,
    steps: Sequence[Step],
    totals: Totals,
    *,
    title: str,
    tell: Tell,
    end: str = "",
    why: Sequence[str] = (),
    alternatives: int = MOST_ALTERNATIVES,
    most: int | None = None,
    symmetry: Symmetry | None = None,
) -> Graph:
    """The path down the middle, at most so many other successors of each of its states beside it; none after its end.

    `end` says what the last state is there for, where that is not marked anyway, `why` what is wrong there. Of a path of more than
    `most` steps the middle is one node without alternatives. A state beside the path to which two of its states lead is drawn for each
    of them, since it differs from each in another way.
    """
    rows = states_of(expander, steps)
    build = Builder(expander)
    hidden = _hidden(len(steps), most)
    ids: dict[bytes, int] = {}
    places: list[int] = []
    for number, (key, row) in enumerate(zip(keys(rows), rows, strict=True)):
        if number in hidden:
            if number == hidden.start:
                build.fold(row, name=f"steps {hidden.start} to {hidden.stop - 1}", states=len(hidden))
            places.append(build.last)
            continue
        name = "start" if number == 0 else f"step {number}"
        last = number == len(rows) - 1
        places.append(
            build.node(
                row,
                name=f"{name}, {end}" if end and last else name,
                role=Role.PATH,
                depth=number,
                why=list(why) if last else [],
            )
        )
        ids.setdefault(key, build.last)
    representative = symmetry.canonical if symmetry is not None else lambda states: states
    for number, step in enumerate(steps[1:]):
        if number in hidden and number + 1 in hidden:
            continue
        found = expander.steps(rows[number].reshape(1, -1))
        target_keys, same = keys(found.targets), keys(representative(found.targets))
        here, following = keys(rows[number : number + 1])[0], keys(rows[number + 1 : number + 2])[0]
        beside: dict[bytes, list[int]] = {}  # those of one class of symmetric states are drawn once
        main = []
        for i, key in enumerate(target_keys):
            if key == following:
                main.append(i)
            elif number in hidden:
                continue
            elif key == here:
                build.loops += 1
            else:
                beside.setdefault(key if key in ids else same[i], []).append(i)
        on_path = [_is(expander, int(found.instances[i]), step) for i in main]
        edges = [
            build.step(places[number], places[number + 1], int(found.instances[i]), on_path=on)
            for i, on in zip(main, on_path, strict=True)
        ]
        others: list[Edge] = []
        for alike in list(beside.values())[:alternatives]:
            i = alike[0]
            key = target_keys[i]
            target = ids.get(key)
            if target is None:
                text = tell(steps[: number + 1], _step(expander, number + 1, rows[number], found, i))
                target = build.node(found.targets[i], name="", role=Role.ALTERNATIVE, depth=None, text=shortened(text))
            for j in alike:
                if target_keys[j] == key:
                    others.append(build.step(places[number], target, int(found.instances[j])))
                else:
                    build.merged += 1
        half = len(others) // 2
        build.edges += [*others[:half], *edges, *others[half:]]
    return build.graph("path", title, totals)


def _hidden(states: int, most: int | None) -> range:
    """The numbers of the states in the middle of a path that are drawn as one: what led there matters less than how it ended."""
    if most is None or states <= most + 1:
        return range(0)
    first = max(1, most // 3)
    return range(first, states - max(1, most - first))


def _step(expander: Expander, number: int, row: Words, found: Steps, place: int) -> Step:
    """A step beside the path, as a report has those of the path."""
    spec = expander.spec
    action, parameters = expander.instance(int(found.instances[place]))
    before, after = expander.unpack(row), expander.unpack(found.targets[place])
    changes = [Change(path=path, before=old, after=new) for path, old, new in reference.changes(spec, before, after)]
    return Step(
        step=number,
        actor=action.actor,
        action=action.name,
        parameters=parameters,
        changes=changes,
        kind=str(action.kind),
        state=state_values(spec, after),
    )


def _is(expander: Expander, instance: int, step: Step) -> bool:
    action, parameters = expander.instance(instance)
    return action.name == step.action and parameters == step.parameters


__all__ = ["MOST_ALTERNATIVES", "Tell", "path_to", "path_view", "states_of"]
