"""Runs a spec by the reference and by the native execution, and compares everything that both say; properties by the interpreter, too.

The search here is plain Python over the native functions called through ctypes: it shares nothing with the engine.
"""

from __future__ import annotations

import ctypes
import itertools
import linecache
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kubecheck.checker.native import NativeSpec, compile_spec
from kubecheck.spec import PropertyKind, Spec, SpecError, ValueEscape, ir, reference
from kubecheck.spec.errors import NotEnabled
from kubecheck.spec.frontend import program
from kubecheck.spec.interpret import BEFORE, BUDGET, Interpreter, Run
from kubecheck.spec.reference import Outcome, Snapshot
from kubecheck.spec.types import ArrayType, Data, IntType, OptionalType, RecordType, RefType, SeqType, SetType, Type

U64 = ctypes.c_uint64
_SUCCESSORS = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 4, U64, ctypes.c_void_p)
_JUDGE = ctypes.CFUNCTYPE(U64, ctypes.c_void_p, ctypes.c_void_p, U64, ctypes.c_void_p)
ALL = 2**64 - 1
ERROR = "error"


def load(text: str, folder: Path, name: str = "spec_under_test") -> ModuleType:
    """A module made of this text; the front end needs it in a file."""
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    linecache.checkcache(str(path))
    linecache.cache.pop(str(path), None)
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # string annotations are looked up in their module
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


@dataclass(frozen=True)
class Answer:
    """What an execution says of one state: its successors in order, and counts per action and property."""

    successors: list[Snapshot]
    fired: list[int]
    premises: list[int]
    violated: int
    quiescent: bool


@dataclass(frozen=True)
class Judgement:
    """What an execution says of a state by itself: the mask of violated invariants and shown reachables, and premises."""

    mask: int
    premises: list[int]


class Native:
    """The native execution of a spec, through its two functions."""

    def __init__(self, spec: Spec) -> None:
        self.compiled: NativeSpec = compile_spec(spec)
        c = self.compiled
        self._successors, self._judge = _SUCCESSORS(c.successors), _JUDGE(c.judge)
        self._out = (U64 * (c.words * c.max_successors + 4))()

    def answer(self, state: Snapshot) -> Answer | str:
        c = self.compiled
        fired, premises, info = (U64 * (c.n_actions + 1))(), (U64 * (c.n_properties + 1))(), (U64 * 4)()
        guard = 0x5A5A5A5A5A5A5A5A
        end = c.words * c.max_successors
        for i in range(4):
            self._out[end + i] = guard
        source = (U64 * c.words)(*c.pack(state))
        n = self._successors(source, self._out, fired, premises, ALL, info)
        assert all(self._out[end + i] == guard for i in range(4)), "wrote past the successors"
        assert tuple(source) == c.pack(state), "the source state was changed"
        if info[2]:
            assert n == -1
            return ERROR
        words = [tuple(self._out[i * c.words : (i + 1) * c.words]) for i in range(n)]
        found = [c.unpack(w) for w in words]
        for state_words, data in zip(words, found, strict=True):
            assert c.pack(data) == state_words, "a state is not packed canonically"
        return Answer(found, list(fired)[:-1], list(premises)[:-1], info[0], bool(info[1]))

    def judge(self, state: Snapshot) -> Judgement | str:
        c = self.compiled
        premises, info = (U64 * (c.n_properties + 1))(), (U64 * 4)()
        mask = self._judge((U64 * c.words)(*c.pack(state)), premises, ALL, info)
        return ERROR if info[2] else Judgement(mask, list(premises)[:-1])


class Reference:
    """The reference execution, asked the same questions."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def answer(self, state: Snapshot) -> Answer | str:
        spec = self.spec
        fired, premises, violated = [0] * len(spec.actions), [0] * len(spec.properties), 0
        quiescent, found = True, []
        outside = [i for i, prop in enumerate(spec.properties) if prop.kind is PropertyKind.CONSTRAINT]
        try:
            for i in outside:  # in order: where one is false the next is not asked
                held, bad = self._outcome(spec.properties[i], state, None)
                premises[i] += held
                quiescent &= not bad
                if bad:
                    break
            for taken in reference.steps(spec, state):
                found.append(taken.state)
                fired[spec.actions.index(taken.action)] += 1
                quiescent &= taken.action.kind != "component" or taken.state == state
                for i, prop in enumerate(spec.properties):
                    if prop.kind is PropertyKind.STEP_INVARIANT:
                        held, bad = self._outcome(prop, state, taken.state)
                        premises[i] += held
                        violated |= bad << i
            if quiescent:
                for i, prop in enumerate(spec.properties):
                    if prop.kind is PropertyKind.QUIESCENT:
                        held, bad = self._outcome(prop, state, None)
                        premises[i] += held
                        violated |= bad << i
        except ValueEscape:
            return ERROR
        return Answer(found, fired, premises, violated, quiescent)

    def judge(self, state: Snapshot) -> Judgement | str:
        mask, premises = 0, [0] * len(self.spec.properties)
        try:
            for i, prop in enumerate(self.spec.properties):
                if prop.kind in (PropertyKind.INVARIANT, PropertyKind.REACHABLE):
                    outcomes = [o for _, o in reference.instances(self.spec, prop, state)]
                    premises[i] += any(o is not Outcome.PREMISE_FALSE for o in outcomes)
                    wanted = Outcome.HOLDS if prop.kind is PropertyKind.REACHABLE else Outcome.VIOLATED
                    mask |= (wanted in outcomes) << i
        except ValueEscape:
            return ERROR
        return Judgement(mask, premises)

    def _outcome(self, prop: Any, state: Snapshot, after: Snapshot | None) -> tuple[bool, bool]:
        outcomes = [o for _, o in reference.instances(self.spec, prop, state, after)]
        return any(o is not Outcome.PREMISE_FALSE for o in outcomes), Outcome.VIOLATED in outcomes


class Interpreted:
    """What a user's expressions are evaluated by, asked what the properties say of a state."""

    def __init__(self, spec: Spec) -> None:
        self.spec, made = spec, Interpreter()
        self._instances: list[list[Run]] = []
        for entry in program(spec).properties:
            at = entry.function.at
            finite = [p.type.values() for p in entry.parameters if p.part is None]
            calls = []
            for values in itertools.product(*finite):
                rest = iter(values)
                arguments = [
                    ir.Const(at, p.type, next(rest)) if p.part is None else ir.PartPlace(at, p.type, 0, p.part) for p in entry.parameters
                ]
                calls.append(made.compile(ir.Call(at, entry.function.result, entry.function, tuple(arguments))))
            self._instances.append(calls)

    def judge(self, state: Snapshot) -> Judgement | str:
        mask, premises = 0, [0] * len(self.spec.properties)
        for i, prop in enumerate(self.spec.properties):
            if prop.kind not in (PropertyKind.INVARIANT, PropertyKind.REACHABLE):
                continue
            for run in self._instances[i]:
                try:
                    with self.spec.types.active():
                        holds = run({BEFORE: state, BUDGET: [10**9]})
                except NotEnabled:
                    continue
                except ValueEscape:
                    return ERROR
                premises[i] = 1
                mask |= (holds is (prop.kind is PropertyKind.REACHABLE)) << i
        return Judgement(mask, premises)


@dataclass
class Comparison:
    """How much was compared."""

    states: int = 0
    generated: int = 0
    errors: int = 0
    complete: bool = False


def compare(spec: Spec, *, limit: int = 100, more: Iterable[Snapshot] = ()) -> Comparison:
    """Searches breadth first by both executions side by side, from the initial states and from `more`; AssertionError where they differ.

    Raises SpecError if the front end refuses the spec.
    """
    native, plain, interpreted = Native(spec), Reference(spec), Interpreted(spec)
    c = native.compiled
    try:
        initial = reference.initial_states(spec)
    except ValueEscape as error:
        expected = str(error)
        with pytest.raises(ValueEscape) as caught:
            _ = c.initial
        assert str(caught.value) == expected
        return Comparison()
    assert [c.unpack(w) for w in c.initial] == initial
    assert [s for n in range(c.starts) if (s := reference.initial_state(spec, n)) is not None] == initial
    for packed in c.initial:
        start = c.start_of(packed)
        assert start is not None
        assert reference.initial_state(spec, start) == c.unpack(packed)
    frontier = list(dict.fromkeys([*initial, *more]))
    seen, done = set(frontier), Comparison(complete=True)
    while frontier:
        following: list[Snapshot] = []
        for state in frontier:
            if done.states >= limit:
                done.complete = False
                return done
            done.states += 1
            assert c.unpack(c.pack(state)) == state, "packing loses something"
            ours, theirs = native.judge(state), plain.judge(state)
            assert ours == theirs, f"judge differs at {state}: native {ours}, reference {theirs}"
            third = interpreted.judge(state)
            assert third == theirs, f"judge differs at {state}: interpreted {third}, reference {theirs}"
            mine, wanted = native.answer(state), plain.answer(state)
            assert mine == wanted, f"successors differ at {state}:\n native    {mine}\n reference {wanted}"
            _same_under_renaming(spec, plain, state, wanted)
            if isinstance(wanted, str):
                done.errors += 1
                continue
            done.generated += len(wanted.successors)
            for found in wanted.successors:
                if found not in seen:
                    seen.add(found)
                    following.append(found)
        frontier = following
    return done


def random_data(t: Type, integer: Callable[[int, int], int]) -> Data:
    """Some value of a type: an arbitrary state, reachable or not, is as good for comparing as any."""
    if isinstance(t, OptionalType):
        return None if t.inner.cardinality == 0 or integer(0, 2) == 0 else random_data(t.inner, integer)
    if isinstance(t, IntType):
        return (t.lo, t.hi, integer(t.lo, t.hi), max(t.lo, min(t.hi, integer(-2, 3))))[integer(0, 3)]
    if isinstance(t, RecordType):
        return tuple(random_data(f.type, integer) for f in t.fields)
    if isinstance(t, ArrayType):
        return tuple(random_data(t.element, integer) for _ in range(t.length))
    if isinstance(t, SetType):
        return frozenset(v for v in t.key.values() if integer(0, 1))
    if isinstance(t, SeqType):
        if t.element.cardinality == 0:
            return ()
        return tuple(random_data(t.element, integer) for _ in range(integer(0, t.limit)))
    values = t.values()
    return values[integer(0, len(values) - 1)]


# --- symmetry ------------------------------------------------------------------------------------------------------------


def _same_under_renaming(spec: Spec, plain: Reference, state: Snapshot, answer: Answer | str) -> None:
    """Swapping two members of a symmetric sort everywhere in a state swaps them in its successors: the scalarset rule's promise."""
    for sort in symmetric_sorts(spec.root):
        for a, b in itertools.combinations(sort.values(), 2):
            other = plain.answer(renamed(spec.root, state, a, b))
            if isinstance(answer, str) or isinstance(other, str):
                continue  # which of several rounds fails first depends on their order
            images = Counter(renamed(spec.root, s, a, b) for s in answer.successors)
            assert images == Counter(other.successors), f"{a} <-> {b} is no symmetry at {state}"
            assert (answer.fired, answer.violated) == (other.fired, other.violated)
            assert plain.judge(state) == plain.judge(renamed(spec.root, state, a, b))


def symmetric_sorts(t: Type) -> set[RefType]:
    """The symmetric sorts that occur in a type."""
    if isinstance(t, RefType):
        return {t} if t.symmetric else set()
    if isinstance(t, OptionalType):
        return symmetric_sorts(t.inner)
    if isinstance(t, RecordType):
        return set().union(*(symmetric_sorts(f.type) for f in t.fields))
    if isinstance(t, ArrayType):
        return symmetric_sorts(t.key) | symmetric_sorts(t.element)
    if isinstance(t, SetType):
        return symmetric_sorts(t.key)
    if isinstance(t, SeqType):
        return symmetric_sorts(t.element)
    return set()


def renamed(t: Type, data: Data, a: Any, b: Any) -> Data:
    """Data with two members of a sort exchanged everywhere."""
    if data is None:
        return None
    if isinstance(t, RefType):
        return b if data is a else a if data is b else data
    if isinstance(t, OptionalType):
        return renamed(t.inner, data, a, b)
    if isinstance(t, RecordType):
        return tuple(renamed(f.type, d, a, b) for f, d in zip(t.fields, data, strict=True))
    if isinstance(t, ArrayType):
        items = {
            renamed(t.key, k, a, b): renamed(t.element, d, a, b) for k, d in zip(t.key.values(), data, strict=True)
        }
        return tuple(items[k] for k in t.key.values())
    if isinstance(t, SetType):
        return frozenset(renamed(t.key, d, a, b) for d in data)
    if isinstance(t, SeqType):
        return tuple(renamed(t.element, d, a, b) for d in data)
    return data


__all__ = ["Comparison", "Native", "Reference", "SpecError", "compare", "load"]
