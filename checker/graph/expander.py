"""States and their steps by the native execution, many at a time: packed words in, packed words out.

A state is a row of 64-bit words (spec/layout.py). What actions lead where is told by number: instance 0, 1, … through all actions.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kubecheck.checker.graph.decoding import data_reader, json_reader
from kubecheck.checker.native import NativeSpec, Store, compile_spec, compile_steps
from kubecheck.checker.native.calls import JUDGE, SUCCESSORS
from kubecheck.spec import Action, Property, PropertyKind, Spec, reference
from kubecheck.spec.reference import Outcome, Snapshot

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_ROOM: Final = 1 << 14  # successors that are written before they are taken away


@dataclass(frozen=True)
class Steps:
    """All steps of some states: the step i leads from state `sources[i]` (its place among those given) to `targets[i]`."""

    sources: Ints
    targets: Words
    instances: Ints


@dataclass(frozen=True)
class Marks:
    """What is true of each of some states: bit p of `violated` for property p, of the state or of a step from it."""

    quiescent: Bools
    violated: npt.NDArray[np.uint64]
    error: Bools


class Expander:
    """The compiled spec. Raises SpecError where the spec cannot be compiled."""

    def __init__(self, spec: Spec, *, cache: Store | None = None) -> None:
        self.spec = spec
        self.native: NativeSpec = compile_spec(spec, cache=cache)
        self._steps = compile_steps(spec, cache=cache)
        self.words = self.native.words
        integer, pointer = ctypes.c_int64, ctypes.c_void_p
        self._call_steps = ctypes.CFUNCTYPE(integer, *[pointer] * 4)(self._steps.steps)
        self._call_successors, self._call_judge = SUCCESSORS(self.native.successors), JUDGE(self.native.judge)
        self._room = max(_ROOM, self.native.max_successors)
        self._out = np.empty((self._room, self.words), np.uint64)
        self._which = np.empty(self._room, np.int64)
        self._firsts = list(itertools.accumulate((_instances(spec, a) for a in spec.actions), initial=0))
        self.action_of: Ints = np.repeat(
            np.arange(len(spec.actions)), [b - a for a, b in itertools.pairwise(self._firsts)]
        )
        self._data, self._json = data_reader(spec.root), json_reader(spec.root)
        self._instance = functools.cache(self._named)

    @property
    def initial(self) -> Words:
        """The initial states, each once, in their order."""
        rows = list(dict.fromkeys(self.native.initial))
        return np.array(rows, np.uint64).reshape(-1, self.words)

    def steps(self, states: Words) -> Steps:
        """Every step of these states, those that change nothing included, in the order of states and instances.

        Where a value leaves its type on the way, the steps before that one.
        """
        states = np.ascontiguousarray(states)
        counts = np.zeros(len(states), np.int64)
        info = np.zeros(4, np.int64)
        targets: list[Words] = []
        instances: list[Ints] = []
        call, size, most = self._call_steps, 8 * self.words, self.native.max_successors
        source, out, which, told = (int(a.ctypes.data) for a in (states, self._out, self._which, info))
        used = 0
        for i in range(len(states)):
            if used + most > self._room:
                targets.append(self._out[:used].copy())
                instances.append(self._which[:used].copy())
                used = 0
            found = call(source + i * size, out + used * size, which + 8 * used, told)
            counts[i] = found
            used += found
        targets.append(self._out[:used].copy())
        instances.append(self._which[:used].copy())
        return Steps(np.repeat(np.arange(len(states)), counts), np.concatenate(targets), np.concatenate(instances))

    def marks(self, states: Words) -> Marks:
        """What the properties say of these states and of the steps from them."""
        states = np.ascontiguousarray(states)
        count, everything = len(states), (1 << self.native.n_properties) - 1
        state_mask = sum(
            1 << n
            for n, p in enumerate(self.spec.properties)
            if p.kind in (PropertyKind.INVARIANT, PropertyKind.REACHABLE)
        )
        reachable = sum(1 << n for n, p in enumerate(self.spec.properties) if p.kind is PropertyKind.REACHABLE)
        info = np.zeros((count, 4), np.int64)
        fired = np.zeros(self.native.n_actions + 1, np.int64)
        premise = np.zeros(self.native.n_properties + 1, np.int64)
        violated = np.zeros(count, np.uint64)
        judged = np.zeros(4, np.int64)
        error = np.zeros(count, np.bool_)
        size, source, out, told = (
            8 * self.words,
            int(states.ctypes.data),
            int(self._out.ctypes.data),
            int(info.ctypes.data),
        )
        a, b, c = (int(x.ctypes.data) for x in (fired, premise, judged))
        for i in range(count):
            self._call_successors(source + i * size, out, a, b, everything, told + 32 * i)
            violated[i] = self._call_judge(source + i * size, b, state_mask & ~reachable, c)
            if judged[2]:
                error[i], judged[2] = True, 0
        violated |= info[:, 0].astype(np.uint64)
        return Marks(info[:, 1] > 0, violated, error | (info[:, 2] != 0))

    def shows(self, states: Words, prop: Property) -> Bools:
        """Which of these states show a reachable property; one in which a value leaves its type does not."""
        states = np.ascontiguousarray(states)
        mask = 1 << self.spec.properties.index(prop)
        premise, told = np.zeros(self.native.n_properties + 1, np.int64), np.zeros(4, np.int64)
        size, source, b, c = 8 * self.words, *(int(x.ctypes.data) for x in (states, premise, told))
        found = np.zeros(len(states), np.bool_)
        for i in range(len(states)):
            found[i] = bool(self._call_judge(source + i * size, b, mask, c)) and not told[2]
            told[2] = 0
        return found

    def violated(self, mask: int, *, by_step: bool = False) -> list[str]:
        """The names of the properties in a mask that speak of states, or (`by_step`) of steps.

        Limits are not among them: they speak of the model.
        """
        kinds = (PropertyKind.STEP_INVARIANT,) if by_step else (PropertyKind.INVARIANT, PropertyKind.QUIESCENT)
        return [p.name for n, p in enumerate(self.spec.properties) if mask >> n & 1 and p.kind in kinds]

    def violated_by_step(self, mask: int, before: Words, after: Words) -> list[str]:
        """Of the step invariants in the mask of a state, those that this step from it violates."""
        names = self.violated(mask, by_step=True)
        if not names:
            return []
        old, new = self.unpack(before), self.unpack(after)
        told = ((name, reference.evaluate(self.spec, self.spec.find_property(name), old, new)) for name in names)
        return [name for name, outcome in told if outcome is Outcome.VIOLATED]

    def instance(self, number: int) -> tuple[Action, dict[str, str]]:
        """The action of an instance, and its parameters as a person reads them."""
        return self._instance(number)

    def _named(self, number: int) -> tuple[Action, dict[str, str]]:
        at = int(self.action_of[number])
        action = self.spec.actions[at]
        finite = [p for p in self.spec.parameters(action) if p.part is None]
        rest = number - self._firsts[at]
        found: dict[str, str] = {}
        for p in reversed(finite):
            rest, digit = divmod(rest, p.type.cardinality or 1)
            found[p.name] = reference.show(p.type, p.type.values()[digit])
        return action, {p.name: found[p.name] for p in finite}

    def unpack(self, row: Words) -> Snapshot:
        """A row as the reference execution has it."""
        found: Snapshot = self._data(int.from_bytes(row.tobytes(), "little"))
        return found

    def json(self, row: Words) -> str:
        """A row as JSON text."""
        return self._json(int.from_bytes(row.tobytes(), "little"))


def keys(states: Words) -> list[bytes]:
    """Each row as bytes, for dictionaries."""
    rows = np.ascontiguousarray(states)
    if not len(rows):
        return []
    found: Any = rows.view(np.dtype((np.void, rows.shape[1] * 8))).ravel().tolist()
    return list(found)


def _instances(spec: Spec, action: Action) -> int:
    count = 1
    for p in spec.parameters(action):
        if p.part is None:
            count *= p.type.cardinality or 0
    return count
