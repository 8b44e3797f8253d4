"""Every state with a number, breadth first, and every step between them: what graphs are cut from.

The numbers follow from the spec alone: the initial states in their order, then for each state its successors in the order of the actions
and of their parameters. The engine's own search (checker/engine) is faster and smaller, but keeps no steps and numbers states by their
hashes; it is asked for totals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kubecheck.checker.graph.expander import Expander, Ints, Words, keys

Canonical = Callable[[Words], Words]


class TooManyStatesError(Exception):
    """There are more states than the limit allows; `limit` says how many it is."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit:,} states")
        self.limit = limit


class Enumeration:
    """A state space that grows level by level. States that `canonical` maps to one are one: the first of them that is found."""

    def __init__(self, expander: Expander, *, limit: int, canonical: Canonical | None = None) -> None:
        """The initial states. Raises TooManyStatesError if already these are too many, as does `grow`."""
        self._expander, self._limit, self._canonical = expander, limit, canonical
        self._numbers: dict[bytes, int] = {}
        self._edges: list[tuple[Ints, Ints, Ints]] = []
        self.levels: list[Words] = []
        self.merged = 0
        self._add(expander.initial)
        self.initial = len(self._numbers)

    def __len__(self) -> int:
        """How many states have a number so far."""
        return len(self._numbers)

    @property
    def merges(self) -> bool:
        """Whether a state may stand for others."""
        return self._canonical is not None

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to expand."""
        return not len(self.levels[-1])

    def grow(self) -> None:
        """Expand the last level: its steps are known then, and the next level."""
        level, first = self.levels[-1], len(self._numbers) - len(self.levels[-1])
        found = self._expander.steps(level)
        targets = self._add(found.targets)
        self._edges.append((found.sources + first, targets, found.instances))

    def states(self) -> Words:
        """All states, the one with number i in row i."""
        return np.concatenate(self.levels)

    def depths(self) -> Ints:
        """The distance of each state from the initial ones."""
        return np.repeat(np.arange(len(self.levels)), [len(level) for level in self.levels])

    def edges(self) -> tuple[Ints, Ints, Ints]:
        """All steps so far: the numbers of their sources, of their targets, and their instances; in the order of the sources."""
        if not self._edges:
            none = np.zeros(0, np.int64)
            return none, none, none
        sources, targets, instances = zip(*self._edges, strict=True)
        return np.concatenate(sources), np.concatenate(targets), np.concatenate(instances)

    def number(self, state: Words) -> int | None:
        """The number of a state, given as a row; None if it has none yet."""
        row = state.reshape(1, -1)
        return self._numbers.get(keys(self._canonical(row) if self._canonical else row)[0])

    def _add(self, states: Words) -> Ints:
        """Number the states that have no number yet, as a new level; the numbers of all of them."""
        found = self._canonical(states) if self._canonical is not None else states
        numbers = self._numbers
        before = len(numbers)
        told = np.fromiter((numbers.setdefault(key, len(numbers)) for key in keys(found)), np.int64, len(found))
        if len(numbers) > self._limit:
            raise TooManyStatesError(self._limit)
        first_seen, places = np.unique(told, return_index=True)
        self.levels.append(np.ascontiguousarray(states[places[first_seen >= before]]))
        return told
