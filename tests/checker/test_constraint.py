"""A constraint: states outside of it are judged and not expanded, and a check that met one is never a pass."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated

import pytest

from kubecheck.checker import Limits, Verdict, check
from kubecheck.cli.main import main
from kubecheck.spec import Range, Spec, State, reference
from tests.spec.comparing import compare, random_data

TEXT = '''"""A counter."""
from typing import Annotated
from kubecheck.spec import Range, Spec, State

class Counter(State):
    a: Annotated[int, Range(0, 99)]

def count(*, most: int = 5) -> Spec:
    """Counts."""
    spec = Spec("count", Counter, scope={})

    @spec.action(actor="x")
    def up(s: Counter) -> None:
        """Up."""
        s.a = min(99, s.a + 1)

    @spec.constraint
    def few(s: Counter) -> bool:
        """Not too many."""
        return s.a < most

    @spec.invariant
    def small(s: Counter) -> bool:
        """Small enough."""
        return s.a < 100

    return spec
'''


class Two(State):
    a: Annotated[int, Range(0, 20)]
    b: Annotated[int, Range(0, 20)]


def two(*, most: int = 5, bad: int = 99, wanted: int = 3) -> Spec:
    """Two counters, of which the sum is constrained."""
    spec = Spec("two", Two)

    @spec.action(actor="x")
    def left(s: Two) -> None:
        s.a += 1

    @spec.action(actor="x")
    def right(s: Two) -> None:
        s.b += 1

    @spec.constraint
    def few(s: Two) -> bool:
        return s.a + s.b < most

    @spec.invariant
    def no_bad_sum(s: Two) -> bool:
        return s.a + s.b != bad

    @spec.reachable
    def is_reached(s: Two) -> bool:
        return s.a == wanted

    @spec.quiescent
    def never_at_rest(s: Two) -> bool:
        return False

    return spec


@pytest.mark.parametrize("threads", [1, 2])
def test_states_outside_are_not_expanded_and_the_check_is_no_pass(threads: int) -> None:
    report = check(two(), threads=threads)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.reason == "6 states are outside of few: they were judged, but what lies beyond was not explored"
    assert report.levels == [1, 2, 3, 4, 5, 6]
    assert (report.states.distinct, report.states.expanded, report.states.frontier) == (21, 15, 6)
    assert report.states.quiescent == 0
    assert {p.name: p.verdict for p in report.properties} == {
        "few": Verdict.INCOMPLETE, "no_bad_sum": Verdict.INCOMPLETE, "is_reached": Verdict.HOLDS, "never_at_rest": Verdict.INCOMPLETE,
    }  # fmt: skip


def test_states_outside_are_judged() -> None:
    report = check(two(bad=5))
    assert (report.verdict, report.found, len(report.path)) == (Verdict.VIOLATED, "no_bad_sum", 6)
    assert check(two(bad=6)).verdict is Verdict.INCOMPLETE


def test_what_is_not_reached_inside_may_be_reached_outside() -> None:
    report = check(two(wanted=7))
    assert report.verdict is Verdict.INCOMPLETE
    assert {p.name: p.verdict for p in report.properties}["is_reached"] is Verdict.INCOMPLETE


def test_a_constraint_that_is_never_false_leaves_nothing_out() -> None:
    spec = Spec("one", Two)

    @spec.action(actor="x")
    def left(s: Two) -> None:
        s.a = min(20, s.a + 1)

    @spec.constraint
    def few(s: Two) -> bool:
        return s.a < 21

    @spec.invariant
    def fine(s: Two) -> bool:
        return s.b == 0

    assert check(spec).verdict is Verdict.HOLDS


def test_another_limit_comes_first() -> None:
    report = check(two(), limits=Limits(depth=2))
    assert report.reason.startswith("the depth limit of 2 steps is reached")


def test_executions_agree() -> None:
    spec = two()
    integer = random.Random(1).randint
    more = [random_data(spec.root, integer) for _ in range(30)]
    assert compare(spec, limit=60, more=more).states > 30
    assert list(reference.steps(spec, ((5, 0),))) == []
    assert not reference.is_quiescent(spec, ((5, 0),))


def test_exit_code_and_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "count.py"
    path.write_text(TEXT, encoding="utf-8")
    assert main(["check", str(path)]) == 3
    told = " ".join(capsys.readouterr().out.split())
    assert "1 state is outside of few: it was judged, but what lies beyond was not explored" in told
    assert "everything holds" not in told
