"""Transition systems for tests of the engine alone: written in Python, called by the kernels through ctypes.

`Toy` follows the native ABI; `search` is a breadth-first search that a reader can check by eye, to compare with.
"""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache as memoize
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kubecheck.checker.cache import Cache
from kubecheck.checker.engine.compiled import Kernels, load_kernels
from kubecheck.checker.engine.explore import Exploration, explore
from kubecheck.checker.report import Limits

State = tuple[int, ...]
Edges = Callable[[State], list[tuple[int, State]]]  # (number of the action, state after it), actions in order
Judge = Callable[[State], int]  # a mask of properties

_WORDS = ctypes.POINTER(ctypes.c_uint64)
_SUCCESSORS = ctypes.CFUNCTYPE(ctypes.c_int64, _WORDS, _WORDS, _WORDS, _WORDS, ctypes.c_uint64, _WORDS)
_JUDGE = ctypes.CFUNCTYPE(ctypes.c_uint64, _WORDS, _WORDS, ctypes.c_uint64, _WORDS)

# Kernels for tests take seconds to compile: once for a run of the tests.
_FOLDER = tempfile.TemporaryDirectory(prefix="kubecheck-tests-")


def shared_cache() -> Cache:
    """Where compiled kernels are kept for a run of the tests."""
    return Cache(Path(_FOLDER.name))


@memoize
def kernels(words: int, hash_mask: int = -1) -> Kernels:
    """Kernels, with a hash of which only the bits in `hash_mask` are left."""
    return load_kernels(words, cache=shared_cache(), hash_mask=hash_mask)


@dataclass
class Toy:
    """A transition system as the native ABI wants it. States in `failing` end in an error."""

    words: int
    edges: Edges
    initial: list[State]
    n_actions: int = 1
    n_properties: int = 0
    max_successors: int = 16
    judged: Judge = lambda state: 0
    step_judged: Judge = lambda state: 0
    failing: frozenset[State] = frozenset()
    failing_judgement: frozenset[State] = frozenset()
    calls: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._successors = _SUCCESSORS(self._call_successors)
        self._judge = _JUDGE(self._call_judge)
        self.successors = ctypes.cast(self._successors, ctypes.c_void_p).value or 0
        self.judge = ctypes.cast(self._judge, ctypes.c_void_p).value or 0

    @property
    def starts(self) -> int:
        return len(self.initial)

    def start(self, out: npt.NDArray[np.uint64], begin: int, end: int) -> tuple[int, int]:
        end = min(end, begin + len(out))
        out[: end - begin] = np.array(self.initial[begin:end], np.uint64).reshape(-1, self.words)
        return end - begin, end

    def _call_successors(self, source, out, fired, premise, open_mask, info):  # type: ignore[no-untyped-def]
        self.calls += 1
        state = tuple(source[i] for i in range(self.words))
        if state in self.failing:
            info[2] = 1
            return -1
        edges = self.edges(state)
        for number, (action, after) in enumerate(edges):
            fired[action] += 1
            for word in range(self.words):
                out[number * self.words + word] = after[word]
        info[0] |= self.step_judged(state) & open_mask
        info[1] += not edges
        for place in range(self.n_properties):
            premise[place] += 1
        return len(edges)

    def _call_judge(self, source, premise, open_mask, info):  # type: ignore[no-untyped-def]
        state = tuple(source[i] for i in range(self.words))
        if state in self.failing_judgement:
            info[2] = 1
            return 0
        for place in range(self.n_properties):
            premise[place] += 1
        return self.judged(state) & open_mask


@dataclass
class Seen:
    """What a search has to find."""

    levels: list[int]
    generated: int
    quiescent: int
    fired: list[int]
    distance: dict[State, int]
    new: list[int]


def search(toy: Toy, *, depth: int | None = None) -> Seen:
    """Breadth-first search, all states."""
    seen = Seen([], len(toy.initial), 0, [0] * toy.n_actions, {}, [0] * toy.n_actions)
    level = list(dict.fromkeys(toy.initial))
    seen.distance.update(dict.fromkeys(level, 0))
    while level and (depth is None or len(seen.levels) < depth):
        seen.levels.append(len(level))
        following: list[State] = []
        for state in level:
            edges = toy.edges(state)
            seen.quiescent += not edges
            seen.generated += len(edges)
            for action, after in edges:
                seen.fired[action] += 1
                if after not in seen.distance:
                    seen.distance[after] = len(seen.levels)
                    following.append(after)
                    seen.new[action] += 1
        level = following
    if level:
        seen.levels.append(len(level))
    return seen


def run(
    toy: Toy,
    *,
    threads: int = 1,
    hash_mask: int = -1,
    limits: Limits | None = None,
    witnesses: int = 0,
    profile: bool = False,
) -> Exploration:
    """Explore a toy."""
    return explore(
        toy,
        kernels(toy.words, hash_mask),
        limits=limits or Limits(),
        threads=threads,
        witnesses=witnesses,
        profile=profile,
    )


def states(exploration: Exploration) -> list[State]:
    """All states of the store, duplicates included if there were any."""
    return [tuple(int(word) for word in row) for part in exploration.store.parts() for row in part]


def counter(limit: int, *, words: int = 2, digits: int = 4) -> Toy:
    """`digits` counters below `limit`, each incremented on its own: limit ** digits states, and many ways to each."""

    def edges(state: State) -> list[tuple[int, State]]:
        result = []
        for digit in range(digits):
            value = state[0] // limit**digit % limit
            if value + 1 < limit:
                result.append((digit, (state[0] + limit**digit, *state[1:])))
        return result

    return Toy(words, edges, [(0,) * words], n_actions=digits, max_successors=digits)
