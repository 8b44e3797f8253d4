"""Initial states are made by the native execution, within the limits of a check, and confirmed by the reference execution."""

from __future__ import annotations

import time
from typing import Annotated

import pytest

from kubecheck.checker import Limits, Progress, Verdict, check
from kubecheck.checker.native import compile_spec
from kubecheck.spec import Range, Spec, SpecError, State, reference, require

Byte = Annotated[int, Range(0, 255)]


class Bytes(State):
    """Three numbers."""

    a: Byte
    b: Byte
    c: Byte


def anything(*, refused: bool = False, worst: int = 255) -> Spec:
    """Every state of three bytes is initial, or with `refused` hardly any."""
    spec = Spec("anything", Bytes)

    @spec.initial
    def anywhere(s: Bytes, a: Byte, b: Byte, c: Byte) -> None:
        require(not refused or (a == 200 and b == 7))
        s.a = a
        s.b = b
        s.c = c

    @spec.action(actor="nobody")
    def stop(s: Bytes) -> None:
        require(False)

    @spec.invariant
    def small(s: Bytes) -> bool:
        return s.c <= worst

    return spec


def test_instances_that_are_refused_are_no_states() -> None:
    report = check(anything(refused=True), threads=1)
    assert (report.verdict, report.levels, report.states.generated) == (Verdict.HOLDS, [256], 256)


def test_a_path_begins_in_the_reference_executions_own_state() -> None:
    """Of sixteen million instances only the one that the search names is run by Python."""
    before = time.perf_counter()
    report = check(anything(refused=True, worst=254), threads=1)
    assert time.perf_counter() - before < 30
    assert report.verdict is Verdict.VIOLATED
    assert [(c.path, c.after) for c in report.path[0].changes] == [("a", "200"), ("b", "7"), ("c", "255")]


def test_the_time_limit_is_looked_at_while_they_are_made() -> None:
    report = check(anything(), limits=Limits(seconds=0.05), threads=1)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.reason == "the time limit of 0.05 s is reached"
    assert 0 < report.levels[0] == report.states.distinct < 256**3
    assert report.states.expanded == 0
    assert report.properties[0].detail == "not violated by the 0 states that were explored"


def test_progress_is_told_while_they_are_made() -> None:
    seen: list[Progress] = []
    check(anything(), limits=Limits(seconds=1), threads=1, progress=seen.append)
    assert seen
    assert all((p.depth, p.frontier) == (0, 0) for p in seen)
    assert [p.distinct for p in seen] == sorted(p.distinct for p in seen)


def test_numbers_of_instances() -> None:
    spec = anything(refused=True)
    native = compile_spec(spec)
    assert native.starts == 256**3
    number = native.start_of(native.pack(((200, 7, 3),)))
    assert number == (200 * 256 + 7) * 256 + 3
    assert reference.initial_state(spec, number) == ((200, 7, 3),)
    assert reference.initial_state(spec, number - 256) is None
    assert native.start_of(native.pack(((200, 8, 3),))) is None


def test_too_many() -> None:
    spec = Spec("many", Bytes)

    @spec.initial
    def anywhere(s: Bytes, a: Byte, b: Byte, c: Byte, d: Byte, e: Byte, f: Byte, g: Byte) -> None:
        s.a = a

    with pytest.raises(SpecError, match="KC131: many has 72,057,594,037,927,936 initial instances"):
        compile_spec(spec)


def test_a_value_that_leaves_its_type_is_told_as_python_tells_it() -> None:
    spec = Spec("leaves", Bytes)

    @spec.initial
    def anywhere(s: Bytes, a: Byte) -> None:
        s.a = a + 1

    with pytest.raises(SpecError) as caught:
        check(spec)
    assert "anywhere(255): 256 is outside Range(0, 255)" in str(caught.value)
