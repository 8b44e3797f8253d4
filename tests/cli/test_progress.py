"""How a running check shows that it is alive."""

from __future__ import annotations

import io

import pytest

from kubecheck.checker.report import Progress
from kubecheck.cli.progress import describe, shown_on, trend


def moment(**changes: float) -> Progress:
    values: dict[str, float] = {
        "seconds": 2.0,
        "distinct": 8_000_000,
        "generated": 64_000_000,
        "depth": 21,
        "frontier": 900_000,
        "previous_frontier": 800_000,
        "memory_bytes": 512 << 20,
        "memory_limit": 4 << 30,
    }
    return Progress(**(values | changes))  # type: ignore[arg-type]  # ints and floats, by name


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_line() -> None:
    assert describe(moment()) == (
        "2.00 s: 8,000,000 states, 4,000,000/s distinct, 32.0 M/s generated, depth 21, "
        "frontier 900,000 growing +12%, 512 MiB (12%)"
    )


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [(100, 150, "growing +50%"), (100, 50, "shrinking -50%"), (100, 101, "steady"), (0, 5, "steady"), (5, 0, "shrinking -100%")],
)  # fmt: skip
def test_trend(before: int, now: int, expected: str) -> None:
    assert trend(moment(frontier=now, previous_frontier=before)) == expected


def test_a_line_every_ten_seconds_without_a_terminal() -> None:
    out = io.StringIO()
    with shown_on(out, quiet=False) as listener:
        assert listener is not None
        for tenth in range(450):
            listener(moment(seconds=tenth / 10))
    assert [line.split(":")[0] for line in out.getvalue().splitlines()] == ["10.00 s", "20.00 s", "30.00 s", "40.00 s"]


def test_a_gap_does_not_make_up_for_lost_lines() -> None:
    out = io.StringIO()
    with shown_on(out, quiet=False) as listener:
        assert listener is not None
        for seconds in (35.0, 36.0, 40.0):
            listener(moment(seconds=seconds))
    assert [line.split(":")[0] for line in out.getvalue().splitlines()] == ["35.00 s", "40.00 s"]


def test_one_changing_line_on_a_terminal() -> None:
    out = Terminal()
    with shown_on(out, quiet=False) as listener:
        assert listener is not None
        listener(moment())
    assert "8,000,000 states" in out.getvalue()


def test_what_is_checked_is_said_before_each_line() -> None:
    for out in (io.StringIO(), Terminal()):
        with shown_on(out, quiet=False, what="2 of 3") as listener:
            assert listener is not None
            listener(moment(seconds=35.0))
        assert "2 of 3: 35.00 s: 8,000,000 states" in out.getvalue()


def test_quiet() -> None:
    with shown_on(Terminal(), quiet=True) as listener:
        assert listener is None
