"""Whether the search saw what Python sees: a sample of its states is expanded and judged once more by the reference execution.

Only a violation is replayed. That nothing is violated rests on the native execution alone, so before it is said the two are compared, in
states of the first levels and, in turns with them, in some chosen by chance from the whole search. Compared are the successors with the
actions that lead there, in their order; what each property says of the state and of its steps, and under which premise; whether it is
quiescent; whether a value leaves its type. Of a search that is complete, every successor must be among its states, and each state that
was chosen must follow from the one it is said to.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt

from kubecheck.checker.engine.explore import Exploration
from kubecheck.checker.engine.store import Store
from kubecheck.checker.errors import InternalError
from kubecheck.checker.graph.decoding import data_reader
from kubecheck.checker.native import NativeSpec
from kubecheck.checker.native.calls import Calls, Expanded, Packed
from kubecheck.checker.native.emit import TOO_WIDE
from kubecheck.checker.report import Audit
from kubecheck.spec import Property, PropertyKind, Spec, SpecError, reference
from kubecheck.spec.reference import Outcome, Snapshot

STATES: Final = 300  # that are compared, unless somebody asks for another number
_SECONDS: Final = 3.0  # of the processor that this may take, however busy the machine is, and a share of what the search took
_SHARE: Final = 0.05
_LEAST_BY_CHANCE: Final = 20  # states from all over the search, which the clock does not take away, up to
_MOST_SECONDS: Final = 10.0
_SEED: Final = 1
_PACKED: Final = 20  # states of which it is asked whether packing loses something
_LINKED: Final = 20  # states of which it is asked whether they follow from the state before them
_DISAGREE: Final = "the native and the reference execution disagree, so there is no verdict"
_MOST_STARTS: Final = 2000  # initial states that are all made again; of more, some


@dataclass(frozen=True)
class _Said:
    """What one execution says of a state: the same, if nothing is wrong. What ends in an error says nothing else.

    `steps` are the enabled actions with the states that they lead to, in their order; `false` are the properties that are false of the
    state or of a step from it, `shown` the reachables that it shows; `premises` counts how often a premise held.
    """

    steps: list[tuple[str, Snapshot]]
    quiescent: bool
    false: set[str]
    shown: set[str]
    premises: dict[str, int]
    error: bool
    error_in_property: bool


def audit(
    spec: Spec,
    native: NativeSpec,
    exploration: Exploration,
    *,
    states: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Audit:
    """Compares so many states (None: some hundreds, as far as three seconds and a twentieth of the search's time go). What was compared.

    Raises InternalError, with the state and what differs, if the executions disagree; SpecError if that is because something which the spec
    reads as a constant is none.
    """
    started, begun = time.perf_counter(), time.process_time()
    patience = None if states is not None else _SECONDS + _SHARE * exploration.seconds
    work = _Audit(spec, native, exploration, STATES if states is None else states)
    cut = False
    try:
        for _ in work.run():
            spent = time.process_time() - begun
            enough = work.by_chance >= _LEAST_BY_CHANCE or spent > _MOST_SECONDS
            if interrupted() or (patience is not None and spent > patience and enough):
                cut = True
                break
        work.look_up()
    except InternalError:
        native.still_constant()
        raise
    native.still_constant()
    return Audit(
        states=work.compared, of=work.wanted, steps=work.steps, complete=not cut, seed=_SEED, seconds=time.perf_counter() - started
    )


class _Audit:
    def __init__(self, spec: Spec, native: NativeSpec, exploration: Exploration, states: int) -> None:
        self.spec, self.native, self.exploration = spec, native, exploration
        self.store: Store = exploration.store
        self.calls = Calls(native)
        self.wanted = min(states, self.store.distinct)
        self.compared = self.steps = self.by_chance = 0
        self._done: set[Packed] = set()
        self._expected: dict[Packed, Packed | None] = {}  # states that the search must have, and what each follows from
        self._random = random.Random(_SEED)
        self._read = data_reader(spec.root)

    def run(self) -> Iterator[None]:
        """Compares state by state, in turns one of the first levels and one by chance; stops where it may be left."""
        turns: list[Iterator[None]] = [self._first_levels(), self._by_chance()]
        while turns:
            for turn in tuple(turns):
                if next(turn, turn) is turn:
                    turns.remove(turn)
                else:
                    yield

    def _by_chance(self) -> Iterator[None]:
        distinct = self.store.distinct
        linked = 0
        for number in self._random.sample(range(distinct), min(distinct, 2 * self.wanted)):
            if self.compared >= self.wanted:
                return
            place = self.store.nth(number)
            packed = self.store.state(place)
            self._compare(packed)
            self.by_chance += 1
            yield
            before = self.store.predecessor(place)
            if before is not None and linked < _LINKED:
                linked += 1
                self._follows(self.store.state(before), packed)
                yield

    def _first_levels(self) -> Iterator[None]:
        """Level by level from the initial states on, as the reference execution makes them, up to half of what is wanted.

        Those that are expanded whole must have as many states as in the search.
        """
        level = list(dict.fromkeys(self._initial()))
        seen = set(level)
        taken = 0
        for depth, size in enumerate(self.exploration.levels):
            judged = self.exploration.complete or depth + 1 < len(self.exploration.levels)
            if judged and self.native.starts <= _MOST_STARTS and len(level) != size:
                found = f"level {depth} has {size:,} states in the search, and {len(level):,} by Python"
                raise InternalError(self.spec.name, _DISAGREE, evidence=[found])
            following: dict[Packed, None] = {}
            for packed in level:
                if 2 * taken >= self.wanted:
                    return
                taken += 1
                following.update((after, None) for after in self._compare(packed) if after not in seen)
                yield
            level = list(following)
            seen |= following.keys()

    def _initial(self) -> Iterator[Packed]:
        """The initial states; some of them if they are very many. They must be those that the search began with."""
        spec, starts = self.spec, self.native.starts
        numbers = range(starts) if starts <= _MOST_STARTS else sorted(self._random.sample(range(starts), self.wanted))
        out = np.empty((1, self.native.words), np.uint64)
        for number in numbers:
            state = reference.initial_state(spec, number)
            count, _ = self.native.start(out, number, number + 1)
            packed = tuple(int(w) for w in out[0]) if count else None
            native = None if packed is None else self._unpack(packed)
            if native != state:
                evidence = []
                for who, s in (("native", native), ("Python", state)):
                    evidence += [f"{who}: not enabled"] if s is None else [f"{who}:", *self._changes(None, s)]
                raise InternalError(spec.name, f"{_DISAGREE} (instance {number} of the initial functions)", evidence=evidence)
            if packed is not None:
                self._expected[packed] = None
                yield packed

    def _compare(self, packed: Packed) -> list[Packed]:
        """The states that a state leads to. Raises InternalError where the two executions, or what the search says, are not the same."""
        state = self._unpack(packed)
        theirs, expanded = self._reference(state), self.calls.expand(packed)
        ours, too_wide = self._native(packed, expanded)
        if packed in self._done:
            return expanded.successors
        self._done.add(packed)
        evidence = []
        if len(self._done) <= _PACKED and self.native.pack(state) != packed:
            evidence.append("packing it again gives other words")
        if not too_wide:  # else the native execution says itself that it went no further
            evidence += self._differences(ours, theirs)
        if self.exploration.complete and not evidence:
            evidence = self._missed(theirs, too_wide)
        if evidence:
            self._disagree("a state", evidence, state)
        self.compared += 1
        self.steps += len(theirs.steps)
        for after in expanded.successors:
            self._expected.setdefault(after, packed)
        return expanded.successors

    def _follows(self, before: Packed, after: Packed) -> None:
        state, wanted = self._unpack(before), self._unpack(after)
        if all(found != wanted for _, found in self._reference(state).steps):
            self._disagree("a step of the search", ["no action leads from one state to the other:", *self._changes(state, wanted)], state)

    def look_up(self) -> None:
        """Of a search that is complete: that it has every state that is known to be reachable."""
        if not self.exploration.complete:
            return
        missing = _missing(self.store, list(self._expected), self.native.words)
        if missing is not None:
            before = self._expected[missing]
            whole = self._unpack(missing)
            evidence = ["the search has no such state"] if before is None else ["the search has not got what it leads to:"]
            evidence += [] if before is None else self._changes(self._unpack(before), whole)
            self._disagree("a state that can be reached", evidence, whole if before is None else self._unpack(before))

    def _unpack(self, packed: Packed) -> Snapshot:
        try:
            found: Snapshot = self._read(sum(word << 64 * i for i, word in enumerate(packed)))
        except (LookupError, ValueError, OverflowError) as e:  # bits that no value has
            evidence = [f"words {', '.join(f'{word:#x}' for word in packed)}: {type(e).__name__}: {e}"]
            raise InternalError(self.spec.name, f"{_DISAGREE} (a state of the search is none)", evidence=evidence) from e
        return found

    # --- what each says --------------------------------------------------------------------------------------------------

    def _native(self, packed: Packed, expanded: Expanded) -> tuple[_Said, bool]:
        """What the native execution says; whether a number was too wide for it."""
        judged = self.calls.judge(packed)
        names = [a.name for a, times in zip(self.spec.actions, expanded.fired, strict=True) for _ in range(times)]
        mask = expanded.violated | judged.mask
        said = [p for n, p in enumerate(self.spec.properties) if mask >> n & 1]
        premises = {p.name: n + m for p, n, m in zip(self.spec.properties, expanded.premises, judged.premises, strict=True)}
        return _Said(
            steps=list(zip(names, map(self._unpack, expanded.successors), strict=not expanded.error)),
            quiescent=expanded.quiescent,
            false={p.name for p in said if p.kind is not PropertyKind.REACHABLE},
            shown={p.name for p in said if p.kind is PropertyKind.REACHABLE},
            premises=premises,
            error=bool(expanded.error),
            error_in_property=bool(judged.error),
        ), max(expanded.error, judged.error) >= TOO_WIDE

    def _reference(self, state: Snapshot) -> _Said:
        spec = self.spec
        steps: list[tuple[str, Snapshot]] = []
        false: set[str] = set()
        shown: set[str] = set()
        premises = {p.name: 0 for p in spec.properties}
        failed = [False, False]
        quiescent = False

        def judge(prop: Property, after: Snapshot | None = None) -> None:
            outcomes = [outcome for _, outcome in reference.instances(spec, prop, state, after)]
            premises[prop.name] += any(o is not Outcome.PREMISE_FALSE for o in outcomes)
            if prop.kind is PropertyKind.REACHABLE and Outcome.HOLDS in outcomes:
                shown.add(prop.name)
            elif prop.kind is not PropertyKind.REACHABLE and Outcome.VIOLATED in outcomes:
                false.add(prop.name)

        try:
            for prop in self._of_kind(PropertyKind.INVARIANT, PropertyKind.REACHABLE):
                judge(prop)
        except SpecError:
            failed[1] = True
        try:
            outside = self._is_outside(state, premises)
            quiescent = not outside
            for taken in () if outside else reference.steps(spec, state):
                steps.append((taken.action.name, taken.state))
                quiescent = quiescent and (taken.action.kind != "component" or taken.state == state)
                for prop in self._of_kind(PropertyKind.STEP_INVARIANT):
                    judge(prop, taken.state)
            if quiescent:
                for prop in self._of_kind(PropertyKind.QUIESCENT, PropertyKind.LIMIT):
                    judge(prop)
        except SpecError:
            failed[0] = True
        except Exception as e:  # the spec's own code may raise anything
            self._disagree("a state", [f"Python raises {type(e).__name__}: {e}"], state)
        return _Said(steps, quiescent, false, shown, premises, failed[0], failed[1])

    def _is_outside(self, state: Snapshot, premises: dict[str, int]) -> bool:
        """Whether a constraint is false; counts the premises of those that are asked until one is."""
        for prop in self._of_kind(PropertyKind.CONSTRAINT):
            outcomes = [outcome for _, outcome in reference.instances(self.spec, prop, state)]
            premises[prop.name] += any(o is not Outcome.PREMISE_FALSE for o in outcomes)
            if Outcome.VIOLATED in outcomes:
                return True
        return False

    def _of_kind(self, *kinds: PropertyKind) -> list[Property]:
        return [p for p in self.spec.properties if p.kind in kinds]

    # --- how they differ -------------------------------------------------------------------------------------------------

    def _differences(self, ours: _Said, theirs: _Said) -> list[str]:
        """What the native execution and Python say differently, a line for each."""
        found = []
        for what, a, b in (
            ("a value leaves its type in an invariant or reachable", ours.error_in_property, theirs.error_in_property),
            ("a value leaves its type in an action, or in what judges its steps", ours.error, theirs.error),
        ):
            if a != b:
                found.append(f"{what}: native {_word(a)}, Python {_word(b)}")
        if found or theirs.error or theirs.error_in_property:
            return found
        if ours.quiescent != theirs.quiescent:
            found.append(f"no component can change anything: native {_word(ours.quiescent)}, Python {_word(theirs.quiescent)}")
        for name in sorted(ours.false ^ theirs.false):
            found.append(f"{name} is false: native {_word(name in ours.false)}, Python {_word(name in theirs.false)}")
        for name in sorted(ours.shown ^ theirs.shown):
            found.append(f"it shows {name}: native {_word(name in ours.shown)}, Python {_word(name in theirs.shown)}")
        for name, times in theirs.premises.items():
            if ours.premises[name] != times:
                found.append(f"how often the premise of {name} held: native {ours.premises[name]}, Python {times}")
        if ours.steps != theirs.steps:
            at = next(i for i, (a, b) in enumerate(itertools.zip_longest(ours.steps, theirs.steps)) if a != b)
            found.append(f"steps: native {len(ours.steps)}, Python {len(theirs.steps)}; they differ from step {at + 1} on")
            for who, steps in (("native", ours.steps), ("Python", theirs.steps)):
                if at < len(steps):
                    action, after = steps[at]
                    found += [f"{who}: {action}, which leads to", *self._changes(None, after)]
        return found

    def _missed(self, said: _Said, too_wide: bool) -> list[str]:
        """What is so in this state and should have shown in the search."""
        exploration, spec = self.exploration, self.spec
        found = ["a value leaves its type here, and the search went on"] if said.error or said.error_in_property or too_wide else []
        for number, prop in enumerate(spec.properties):
            if prop.name in said.false | said.shown and number not in exploration.found:
                found.append(f"{prop.name} is {'shown' if prop.name in said.shown else 'false'} here, and the search did not find it")
            if said.premises[prop.name] and not exploration.premise[number]:
                found.append(f"the premise of {prop.name} holds here, and never did in the search")
        fired = {action for action, _ in said.steps}
        for action, times in zip(spec.actions, exploration.fired, strict=True):
            if action.name in fired and not times:
                found.append(f"{action.name} is enabled here, and never was in the search")
        return found

    def _disagree(self, about: str, evidence: list[str], state: Snapshot) -> NoReturn:
        lines = [*evidence, "the state, as it differs from the defaults:", *self._changes(None, state)]
        raise InternalError(self.spec.name, f"{_DISAGREE} ({about})", evidence=lines)

    def _changes(self, before: Snapshot | None, after: Snapshot) -> list[str]:
        return [f"  {path}: {old} -> {new}" for path, old, new in reference.changes(self.spec, before, after)] or ["  nothing"]


def _word(yes: bool) -> str:
    return "yes" if yes else "no"


def _missing(store: Store, states: list[Packed], words: int) -> Packed | None:
    """The first of some states that is not in a store."""
    if not states:
        return None
    wanted = np.array(states, np.uint64).reshape(-1, words)
    keys = np.sort(_mixed(wanted))
    found: set[Packed] = set()
    for part in store.parts():
        mixed = _mixed(part)
        places = np.minimum(np.searchsorted(keys, mixed), len(keys) - 1)
        found.update(tuple(row) for row in part[keys[places] == mixed].tolist())
    return next((state for state in states if state not in found), None)


def _mixed(rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A number for each row that tells most rows apart."""
    mixed = np.zeros(len(rows), np.uint64)
    for word in range(rows.shape[1]):
        mixed = (mixed ^ rows[:, word]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed
