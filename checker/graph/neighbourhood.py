"""Views of states by their numbers: all of them, or those around one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from kubecheck.checker.graph.build import Builder
from kubecheck.checker.graph.enumeration import Enumeration, TooManyStatesError
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.expression import Expression
from kubecheck.checker.graph.graph import Coverage, Edge, Graph, Node, Role, acting
from kubecheck.checker.graph.symmetry import Symmetry
from kubecheck.checker.graph.totals import Totals

ENUMERATED: Final = 1_000_000
"""States that get a number, at most, unless a user says otherwise."""

_WHOLE: Final = 100_000  # a state space of so many states is looked at as a whole, so that every predecessor is found

_LONGEST_NUMBER: Final = 18  # digits; what is longer is an expression, and refused as one


class NoSuchStateError(Exception):
    """No state has this number, or satisfies this condition; the message says which and where it was looked for."""


def full_view(expander: Expander, states: Enumeration, *, merged: Totals | None = None, note: str = "") -> Graph:
    """Every state and step of a complete enumeration, made while they are written. `merged`: totals without merging; `note` tells of it."""
    sources, targets, _ = states.edges()
    loops = int((sources == targets).sum())
    count, steps = len(states), len(sources) - loops
    whole = _Whole(expander, states)
    return Graph(
        spec=expander.spec.name,
        scope=dict(expander.spec.scope),
        view="full",
        title="every state",
        actions=acting(expander.spec.actions),
        coverage=Coverage(
            states=count,
            edges=steps,
            all_states=count,
            all_edges=steps,
            loops=loops,
            merged=merged.states - count if merged is not None else 0,
        ),
        nodes=_Nodes(whole),
        edges=_Edges(whole),
        notes=[note] if note else [],
    )


def drawn(expander: Expander, states: Enumeration, *, merged: Totals | None = None, note: str = "") -> Graph:
    """As `full_view`, of few states, with texts: for a picture."""
    build = Builder(expander)
    for number, (row, depth) in enumerate(zip(states.states(), states.depths(), strict=True)):
        build.node(row, name=str(number), role=Role.STATE, depth=int(depth))
    whole = full_view(expander, states, merged=merged, note=note)
    build.edges = [msgspec.structs.replace(edge, violates=[]) for edge in whole.edges]
    build.loops, build.merged = whole.coverage.loops, whole.coverage.merged
    return build.graph("full", whole.title, Totals(whole.coverage.all_states, whole.coverage.all_edges), whole.notes)


def find(expander: Expander, states: Enumeration, wanted: str) -> int:
    """The number of a state that is named by its number, or by a condition that is true in it and in none before it.

    Enumerates as far as it must. Raises NoSuchStateError, TooManyStatesError and ExpressionError.
    """
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) <= _LONGEST_NUMBER else None
    condition = Expression(expander, wanted) if number is None else None
    first = 0
    while True:
        level = states.levels[-1]
        if number is not None and number < first + len(level):
            return number
        if condition is not None:
            for i, (value, *_) in enumerate(condition.values(level)):
                if value is True:
                    return first + i
        first += len(level)
        if states.complete:
            what = f"state {wanted}" if condition is None else f"state in which {wanted} is true"
            merged = ", with one state for all that differ in names only," if states.merges else ""
            raise NoSuchStateError(f"{expander.spec.name}{merged} has no {what}: it has {len(states):,}, 0 to {len(states) - 1:,}")
        states.grow()


def around_view(
    expander: Expander,
    states: Enumeration,
    totals: Totals,
    wanted: str,
    *,
    depth: int,
    most: int,
    symmetry: Symmetry | None = None,
) -> Graph:
    """The state, what it is reached from in at most `depth` steps, and what is reached from it; the nearest `most` of them.

    In a large state space only predecessors are found that are no further from the start than what is reached from it.
    """
    centre = find(expander, states, wanted)
    last = int(states.depths()[centre]) + depth
    whole = totals.states <= _WHOLE and not totals.stopped
    while not states.complete and (whole or len(states.levels) <= last + 1):
        states.grow()
    sources, targets, instances = states.edges()
    distance = {centre: 0}
    for step in range(1, depth + 1):
        for begin, end in ((sources, targets), (targets, sources)):
            nearest = [n for n, d in distance.items() if d < step]
            touched = end[np.isin(begin, nearest)]
            for n in sorted(set(touched.tolist()) - distance.keys()):
                distance[n] = step
    shown = sorted(sorted(distance, key=lambda n: (distance[n], n))[:most])
    build = Builder(expander)
    rows, depths = states.states(), states.depths()
    for n in shown:
        role = Role.CENTRE if n == centre else Role.STATE
        build.node(rows[n], name=str(n), role=role, depth=int(depths[n]), number=n)
    inside = np.isin(sources, shown) & np.isin(targets, shown)
    for s, t, i in zip(sources[inside].tolist(), targets[inside].tolist(), instances[inside].tolist(), strict=True):
        if s == t:
            build.loops += 1
        else:
            build.edges.append(build.step(s, t, i))
    title = f"around state {centre}" + (f", the first in which {wanted}" if not wanted.isdigit() else "")
    notes = (
        []
        if whole or states.complete
        else ["states that lead here from further away than what is shown were not looked for"]
    )
    if symmetry is not None:
        notes.append(symmetry.note)
    return build.graph("around", f"{title}, {depth} step{'' if depth == 1 else 's'} forth and back", totals, notes)


class _Whole:
    """What the nodes and edges of a whole state space are made from."""

    def __init__(self, expander: Expander, states: Enumeration) -> None:
        self.expander, self.states = expander, states
        self.rows = states.states()
        self.marks = expander.marks(self.rows)


class _Nodes:
    """The nodes of a whole state space, made one after the other."""

    def __init__(self, whole: _Whole) -> None:
        self._whole = whole

    def __len__(self) -> int:
        return len(self._whole.states)

    def __iter__(self) -> Iterator[Node]:
        whole, expander = self._whole, self._whole.expander
        marks, initial = whole.marks, whole.states.initial
        names: dict[int, list[str]] = {}
        told = zip(
            whole.states.depths().tolist(),
            marks.quiescent.tolist(),
            marks.violated.tolist(),
            marks.error.tolist(),
            strict=True,
        )
        for number, (depth, quiescent, mask, error) in enumerate(told):
            if mask not in names:
                names[mask] = expander.violated(mask)
            yield Node(
                id=number,
                name=str(number),
                text=[],
                depth=depth,
                initial=number < initial,
                quiescent=quiescent,
                violates=names[mask],
                error=error,
                state=msgspec.Raw(expander.json(whole.rows[number]).encode()),
            )


class _Edges:
    """The edges of a whole state space, made one after the other."""

    def __init__(self, whole: _Whole) -> None:
        self._whole = whole

    def __iter__(self) -> Iterator[Edge]:
        whole, expander = self._whole, self._whole.expander
        steps = zip(*(column.tolist() for column in whole.states.edges()), strict=True)
        masks = whole.marks.violated.tolist()
        for source, target, instance in steps:
            if source == target:
                continue
            action, parameters = expander.instance(instance)
            mask = masks[source]
            broken = expander.violated_by_step(mask, whole.rows[source], whole.rows[target]) if mask else []
            yield Edge(
                source=source,
                target=target,
                actor=action.actor,
                action=action.name,
                parameters=parameters,
                violates=broken,
            )


__all__ = ["ENUMERATED", "NoSuchStateError", "TooManyStatesError", "around_view", "drawn", "find", "full_view"]
