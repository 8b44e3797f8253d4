"""One step at a time: the steps that a state allows, by the native execution, and the shortest way to a state that one looks for.

Nothing is enumerated before it is asked for. What is found is named by *choices*: the place of the initial state among the initial
states, then for each step its place among the steps of its state. As their order follows from the spec alone, the same choices lead to
the same state wherever the spec is the same; a path can be written down as a few numbers.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from kubecheck.checker.cache import Cache, cache_folder
from kubecheck.checker.engine.compiled import load_kernels, load_rest_kernels
from kubecheck.checker.engine.explore import explore
from kubecheck.checker.engine.fields import FOUND_ACTION_ERROR, FOUND_PROPERTY_ERROR
from kubecheck.checker.engine.rest import comes_to_rest
from kubecheck.checker.engine.workers import usable_processors
from kubecheck.checker.graph.expander import Expander, Words, keys
from kubecheck.checker.report import Limits
from kubecheck.spec import ActionKind, Property, PropertyKind, Spec, SpecError, reference
from kubecheck.spec.reference import Outcome, Snapshot, Taken
from kubecheck.spec.types import Data

Condition = Callable[[Words], Sequence[bool] | npt.NDArray[np.bool_]]
"""What a search looks for: of each of some states, given as packed rows, whether it is one."""

T = TypeVar("T")

_BLOCK: Final = 1024  # states that are expanded between two looks at the clock
_LEAST_MEMORY: Final = 64 << 20  # bytes for a search of the engine, whatever its states take
_FEW: Final = 16  # states that are asked for the condition between two: one may go through much in each state


@dataclass(frozen=True)
class SearchLimits:
    """How much a search may do: states that it keeps, and seconds."""

    states: int = 1_000_000
    seconds: float = 30.0


@dataclass(frozen=True)
class Search:
    """What a search came to.

    `choices` lead to the state, and are None if there was none: nowhere if `stopped` is empty, else so far. `seen` is how many states it
    met, `depth` how many steps it looked ahead. Where the path ends in a loop, its last step leads back to the state after the step
    `back_to`.
    """

    choices: tuple[int, ...] | None
    seen: int
    depth: int
    stopped: str = ""
    back_to: int | None = None


class Stepper:
    """A compiled spec that is walked step by step; may be used from several threads. Raises SpecError for one that cannot be compiled."""

    def __init__(self, spec: Spec, *, cache: bool | Cache = True) -> None:
        store = cache if isinstance(cache, Cache) else Cache(cache_folder()) if cache else None
        self.spec = spec
        self._cache = store
        self.expander = Expander(spec, cache=store)
        self._lock = threading.Lock()  # the expander writes to buffers of its own; not held while a user's condition runs
        self._parameters = [_Parameters(spec, n) for n in range(len(spec.actions))]
        firsts = itertools.accumulate((p.instances for p in self._parameters), initial=0)
        self._firsts = np.array(list(firsts), np.int64)
        integer, pointer = ctypes.c_int64, ctypes.c_void_p
        self._judge = ctypes.CFUNCTYPE(ctypes.c_uint64, pointer, pointer, integer, pointer)(self.expander.native.judge)

    def initial(self) -> list[Snapshot]:
        """The initial states in the order of the reference execution, each once."""
        return [self.expander.unpack(row) for row in self.expander.initial]

    def steps(self, state: Snapshot) -> list[Taken]:
        """What `reference.steps` gives: every enabled action instance with its successor, self loops included.

        Where a value leaves its type on the way, the steps before that one; `error` says which it is.
        """
        with self._lock:
            found = self.expander.steps(self._row(state))
        return [self._taken(int(n), row) for n, row in zip(found.instances, found.targets, strict=True)]

    def error(self, state: Snapshot) -> SpecError | None:
        """The error that the reference execution raises when it takes all steps of this state; None if it raises none."""
        with self._lock:
            if not self.expander.marks(self._row(state)).error[0]:
                return None
        try:
            for _ in reference.steps(self.spec, state):
                pass
        except SpecError as error:
            return error
        return None

    def is_quiescent(self, state: Snapshot) -> bool:
        """Whether no action of kind component leads to a different state."""
        with self._lock:
            return bool(self.expander.marks(self._row(state)).quiescent[0])

    def walk(self, choices: Sequence[int]) -> list[tuple[Taken | None, Snapshot]]:
        """The states that the choices lead through, each with the step to it. Raises ChoiceError where there is no such choice."""
        if not choices:
            raise ChoiceError("a path begins with the number of an initial state", step=0)
        found: list[tuple[Taken | None, Snapshot]] = [(None, chosen(self.initial(), choices[0], step=0))]
        for number, choice in enumerate(choices[1:], start=1):
            taken = chosen(self.steps(found[-1][1]), choice, step=number)
            found.append((taken, taken.state))
        return found

    def choices(self, states: Sequence[Snapshot]) -> tuple[int, ...]:
        """The choices that lead through these states; of several steps to the same state the first.

        Raises ChoiceError where no step leads to the next.
        """
        starts = self.initial()
        if not states or states[0] not in starts:
            raise ChoiceError("the path does not begin in an initial state", step=0)
        found = [starts.index(states[0])]
        for number, (before, after) in enumerate(itertools.pairwise(states), start=1):
            place = next((i for i, taken in enumerate(self.steps(before)) if taken.state == after), None)
            if place is None:
                raise ChoiceError(f"step {number}: no step leads to the next state", step=number)
            found.append(place)
        return tuple(found)

    def find(
        self,
        condition: Condition,
        *,
        limits: SearchLimits | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Search:
        """A shortest path from an initial state to a state of the condition, breadth first.

        Between any few states it looks at the clock, and whether it was cancelled. Raises whatever the condition raises.
        What lies beyond a value that leaves its type is not found, and `stopped` says so.
        """
        return _BreadthFirst(self, condition, limits or SearchLimits(), cancelled).run()

    def find_property(
        self,
        prop: Property,
        *,
        limits: SearchLimits | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Search:
        """The path that a check shows: a shortest one to a violation of the property; of a reachable, to a state that shows it.

        A step invariant is violated by the last step of the path. What speaks of quiescent states is also false of a run that never
        comes to one: then the path ends in a loop. Where a value leaves its type a check ends; then what else there is is looked for.
        """
        found = self._checked(prop, limits or SearchLimits(), cancelled) or self.find(
            self.decides(prop), limits=limits, cancelled=cancelled
        )
        if found.choices is None or prop.kind is not PropertyKind.STEP_INVARIANT:
            return found
        last = self.walk(found.choices)[-1][1]
        for place, taken in enumerate(self.steps(last)):
            if reference.evaluate(self.spec, prop, last, taken.state) is Outcome.VIOLATED:
                return Search((*found.choices, place), found.seen, found.depth + 1)
        raise AssertionError(f"{prop.name}: the reference execution knows no violation")  # the executions disagree

    def _checked(self, prop: Property, limits: SearchLimits, cancelled: Callable[[], bool]) -> Search | None:
        """What the engine finds of one property; None if a value left its type on the way."""
        native, number = self.expander.native, self.spec.properties.index(prop)
        most = Limits(seconds=limits.seconds, memory_bytes=limits.states * (8 * native.words + 24) + _LEAST_MEMORY)
        threads = usable_processors()
        others = (1 << len(self.spec.properties)) - 1 & ~(1 << number)
        found = explore(
            native, load_kernels(native.words, cache=self._cache), witnesses=others, limits=most, threads=threads, interrupted=cancelled
        )
        seen, depth = found.store.distinct, max(0, len(found.levels) - 1)
        if number in found.found:
            return Search(self.choices([native.unpack(words) for words in found.store.path(found.found[number])]), seen, depth)
        if found.found.keys() & {FOUND_ACTION_ERROR, FOUND_PROPERTY_ERROR}:
            return None
        stopped = found.stopped
        if found.complete and prop.kind in (PropertyKind.QUIESCENT, PropertyKind.LIMIT):
            rest = comes_to_rest(
                native,
                load_rest_kernels(native.words, cache=self._cache),
                found,
                components=[action.kind is ActionKind.COMPONENT for action in self.spec.actions],
                limits=most,
                threads=threads,
                interrupted=cancelled,
            )
            if rest.lasso is not None:
                stem, loop = found.store.path(rest.lasso.loop[0]), [found.store.state(n) for n in rest.lasso.loop[1:]]
                states = [native.unpack(words) for words in (*stem, *loop, stem[-1])]
                return Search(self.choices(states), seen, depth, back_to=len(stem) - 1)
            stopped = rest.stopped
        return Search(None, seen, depth, "it was cancelled" if stopped == "interrupted" else stopped)

    def decides(self, prop: Property) -> Condition:
        """The states that violate a property, or from which a step does; of a reachable, the states that show it."""
        bit = 1 << self.spec.properties.index(prop)
        if prop.kind in (PropertyKind.INVARIANT, PropertyKind.REACHABLE):
            premise = np.zeros(len(self.spec.properties) + 1, np.int64)
            info = np.zeros(4, np.int64)

            def judged(states: Words) -> npt.NDArray[np.bool_]:
                first, size = int(states.ctypes.data), 8 * self.expander.words
                counted, told = int(premise.ctypes.data), int(info.ctypes.data)  # of arrays that live as long as this function
                masks = [self._judge(first + i * size, counted, bit, told) for i in range(len(states))]
                return np.array([mask != 0 for mask in masks], np.bool_)

            return judged

        def marked(states: Words) -> npt.NDArray[np.bool_]:
            with self._lock:
                return (self.expander.marks(states).violated & np.uint64(bit)).astype(np.bool_)

        return marked

    def quiescent(self, states: Words) -> npt.NDArray[np.bool_]:
        """A condition: no component can change anything."""
        with self._lock:
            return self.expander.marks(states).quiescent

    def _row(self, state: Snapshot) -> Words:
        return np.array([self.expander.native.pack(state)], np.uint64).reshape(1, -1)

    def _taken(self, instance: int, row: Words) -> Taken:
        at = int(self.expander.action_of[instance])
        return Taken(self.spec.actions[at], self._parameters[at].values(instance - int(self._firsts[at])), self.expander.unpack(row))


class ChoiceError(Exception):
    """Choices that lead nowhere; `step` is the first that does not exist."""

    def __init__(self, message: str, *, step: int) -> None:
        super().__init__(message)
        self.step = step


def chosen(options: Sequence[T], choice: int, *, step: int) -> T:
    """What a choice means among what there is at a step; at step 0 that are the initial states. Raises ChoiceError."""
    if 0 <= choice < len(options):
        return options[choice]
    what = f"step {step}: there is no step {choice}" if step else f"there is no initial state {choice}"
    there = "only 0" if len(options) == 1 else f"only 0 to {len(options) - 1}"
    raise ChoiceError(f"{what}, {there}" if options else f"{what}: nothing is possible there", step=step)


class _Parameters:
    """The instances of an action: the values of its parameters, in the order of `itertools.product`."""

    def __init__(self, spec: Spec, number: int) -> None:
        finite = [p for p in spec.parameters(spec.actions[number]) if p.part is None]
        self._names = [p.name for p in finite]
        self._values: list[list[Data]] = [p.type.values() for p in finite]
        self.instances = 1
        for values in self._values:
            self.instances *= len(values)

    def values(self, instance: int) -> dict[str, Data]:
        digits = []
        for values in reversed(self._values):
            instance, digit = divmod(instance, len(values))
            digits.append(values[digit])
        return dict(zip(self._names, reversed(digits), strict=True))


class _StoppedError(Exception):
    """A search ends before it has found anything; the text says why."""


class _BreadthFirst:
    """One search. A state's number is its place in the order in which it was met."""

    def __init__(
        self, stepper: Stepper, condition: Condition, limits: SearchLimits, cancelled: Callable[[], bool]
    ) -> None:
        self._stepper, self._condition, self._limits, self._cancelled = stepper, condition, limits, cancelled
        self._ends = time.monotonic() + limits.seconds
        self._seen: set[bytes] = set()
        self._predecessors: list[int] = []
        self._choices: list[int] = []
        self._error = False
        self._depth = 0

    def run(self) -> Search:
        try:
            return self._run()
        except _StoppedError as stopped:
            return Search(None, len(self._seen), self._depth, str(stopped))

    def _run(self) -> Search:
        level, depth = self._stepper.expander.initial, 0
        places = np.arange(len(level))
        level, found = self._meet(level, np.full(len(level), -1), places)
        while found is None and len(level):
            first = len(self._predecessors) - len(level)
            next_level: list[Words] = []
            for start in range(0, len(level), _BLOCK):
                self._look()
                if len(self._seen) > self._limits.states:
                    raise _StoppedError(f"more than {self._limits.states:,} states")
                sources, targets, choices = self._expand(level[start : start + _BLOCK])
                new, found = self._meet(targets, sources + first + start, choices)
                next_level.append(new)
                if found is not None:
                    break
            level, depth = np.concatenate(next_level), depth + 1
            self._depth = depth
        stopped = "a value left its type, and what comes after it is not known" if self._error and found is None else ""
        return Search(None if found is None else self._path(found), len(self._seen), depth, stopped)

    def _expand(self, states: Words) -> tuple[npt.NDArray[np.int64], Words, npt.NDArray[np.int64]]:
        with self._stepper._lock:
            steps = self._stepper.expander.steps(states)
            self._error |= bool(self._stepper.expander.marks(states).error.any())
        counts = np.bincount(steps.sources, minlength=len(states))
        firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        return steps.sources, steps.targets, np.arange(len(steps.sources)) - firsts[steps.sources]

    def _meet(self, states: Words, predecessors: npt.NDArray[np.int64], choices: npt.NDArray[np.int64]) -> tuple[Words, int | None]:
        """Keep the states that are new; the number of the first of them that is looked for."""
        new, before = [], len(self._predecessors)
        for place, key in enumerate(keys(states)):
            if key not in self._seen:
                self._seen.add(key)
                new.append(place)
        self._predecessors += predecessors[new].tolist()
        self._choices += choices[new].tolist()
        rows = np.ascontiguousarray(states[new])
        if not new:
            return rows, None
        for start in range(0, len(rows), _FEW):
            self._look()
            hits = np.flatnonzero(np.asarray(self._condition(rows[start : start + _FEW]), bool))
            if len(hits):
                return rows, before + start + int(hits[0])
        return rows, None

    def _look(self) -> None:
        """Raises _StoppedError if the time is over, or nobody waits any more."""
        if self._cancelled():
            raise _StoppedError("it was cancelled")
        if time.monotonic() > self._ends:
            raise _StoppedError(f"after {self._limits.seconds:g} s")

    def _path(self, number: int) -> tuple[int, ...]:
        def back(at: int) -> Iterator[int]:
            while at >= 0:
                yield self._choices[at]
                at = self._predecessors[at]

        return tuple(back(number))[::-1]

