"""The view of a quotient: states merged by the values of expressions, edges counted.

The engine finds the states; nobody needs their numbers here, so a space of millions is looked at as fast as it can be expanded once more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from kubecheck.checker.engine.explore import Exploration
from kubecheck.checker.graph.expander import Expander, Ints, Words
from kubecheck.checker.graph.expression import Expression, shown
from kubecheck.checker.graph.graph import Coverage, Edge, Graph, Node, acting
from kubecheck.checker.graph.totals import Totals
from kubecheck.spec.layout import show_scalar

_BATCH: Final = 1 << 16


class TooManyClassesError(Exception):
    """The expressions take more values than can be drawn; `classes` says how many were found by then."""

    def __init__(self, classes: int) -> None:
        super().__init__(f"more than {classes:,} classes")
        self.classes = classes


_NAME: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)")


def named(text: str) -> tuple[dict[int, str], str]:
    """`ready=count(…), turns`: the names that are given to expressions, by their number, and the text with blanks in place of them."""
    names: dict[int, str] = {}
    found = ""
    depth = number = 0
    quote = ""
    begins = True
    while len(found) < len(text):
        rest = text[len(found) :]
        if begins and (match := _NAME.match(rest)):
            names[number] = match[1]
            found += " " * match.end()
            begins = False
            continue
        letter = rest[0]
        begins = False
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and depth == 0:
            number, begins = number + 1, True
        found += letter
    return names, found


def quotient_view(
    expander: Expander,
    by: Expression,
    exploration: Exploration,
    totals: Totals,
    *,
    most: int,
    names: Mapping[int, str] | None = None,
) -> Graph:
    """A node for each value that the expressions take, an edge for each action that leads from one to another.

    `names` are what expressions are called, by their number; others are called by their text. Raises ExpressionError, and
    TooManyClassesError if there are more values than `most`.
    """
    tally = _Tally(expander, by, most)
    for part in exploration.store.parts():
        for begin in range(0, len(part), _BATCH):
            tally.add(part[begin : begin + _BATCH])
    spec = expander.spec
    called = [(names or {}).get(number, name) for number, name in enumerate(by.names)]
    order = sorted(range(len(by.found)), key=lambda n: (n not in tally.starts, [_rank(v) for v in by.found[n]]))
    ids = {found: number for number, found in enumerate(order)}
    nodes = [_node(tally, called, by, found, number) for number, found in enumerate(order)]
    edges = [
        Edge(source=ids[s], target=ids[t], actor=action.actor, action=action.name, count=count)
        for (s, t, a), count in sorted(tally.edges.items(), key=lambda e: (ids[e[0][0]], ids[e[0][1]], e[0][2]))
        if s != t
        for action in [spec.actions[a]]
    ]
    counted = sum(tally.edges.values())
    return Graph(
        spec=spec.name,
        scope=dict(spec.scope),
        view="quotient",
        title=f"states merged by {', '.join(called)}",
        actions=acting(spec.actions),
        coverage=Coverage(
            states=tally.states,
            edges=counted,
            all_states=max(totals.states, tally.states),
            all_edges=None if totals.edges is None else max(totals.edges, counted),
            stopped=totals.stopped,
            classes=len(nodes),
        ),
        nodes=nodes,
        edges=edges,
        notes=[
            *(f"{name} is {by.names[number]}" for number, name in (names or {}).items()),
            "a number at an action counts its steps; those that stay in a class are counted in its node",
        ],
    )


class _Tally:
    """Counts by class, while the states go by."""

    def __init__(self, expander: Expander, by: Expression, most: int) -> None:
        self._expander, self._by, self._most = expander, by, most
        self._shape = (most + 1, most + 1, max(1, len(expander.spec.actions)))
        self.edges: dict[tuple[int, int, int], int] = {}
        self.sizes: dict[int, int] = {}
        self.quiescent: dict[int, int] = {}
        self.violated: dict[int, int] = {}
        self.errors: set[int] = set()
        self.states = 0
        self.starts: set[int] = set(by.numbers(expander.initial).tolist())

    def add(self, states: Words) -> None:
        """Count some states and the steps from them."""
        classes = self._classes(states)
        steps, marks = self._expander.steps(states), self._expander.marks(states)
        self.states += len(states)
        for some, tally in ((classes, self.sizes), (classes[marks.quiescent], self.quiescent)):
            for c, n in zip(*np.unique(some, return_counts=True), strict=True):
                tally[int(c)] = tally.get(int(c), 0) + int(n)
        for place in np.flatnonzero(marks.violated):
            here = int(classes[place])
            self.violated[here] = self.violated.get(here, 0) | int(marks.violated[place])
        self.errors.update(classes[marks.error].tolist())
        ends, actions = self._classes(steps.targets), self._expander.action_of[steps.instances]
        triples = np.ravel_multi_index((classes[steps.sources], ends, actions), self._shape)  # as one number each
        found, counts = np.unique(triples, return_counts=True)
        for *step, count in zip(
            *(n.tolist() for n in np.unravel_index(found, self._shape)), counts.tolist(), strict=True
        ):
            s, t, a = step
            self.edges[s, t, a] = self.edges.get((s, t, a), 0) + count

    def _classes(self, states: Words) -> Ints:
        found = self._by.numbers(states)
        if len(self._by.found) > self._most:
            raise TooManyClassesError(self._most)
        return found


def _node(tally: _Tally, called: list[str], by: Expression, found: int, number: int) -> Node:
    inside = sum(count for (s, t, _), count in tally.edges.items() if s == t == found)
    return Node(
        id=number,
        name="",
        text=[f"{name} = {shown(v)}" for name, v in zip(called, by.found[found], strict=True)],
        initial=found in tally.starts,
        quiescent=tally.quiescent.get(found, 0) > 0,
        violates=tally._expander.violated(tally.violated.get(found, 0)),
        error=found in tally.errors,
        states=tally.sizes.get(found, 0),
        inside=inside,
    )


def _rank(value: Any) -> tuple[int, Any]:
    """An order of values that do not depend on how they were found: numbers by size, the rest by their text."""
    if value is None:
        return 0, ""
    if isinstance(value, int):
        return 1, int(value)
    return 2, show_scalar(value) if not isinstance(value, tuple | frozenset) else shown(value)
