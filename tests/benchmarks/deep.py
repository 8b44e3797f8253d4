"""Measures what a level costs: a chain of 50,000 states, each a level of its own.

    python tests/benchmarks/deep.py              levels done several at once, and one by one as larger ones are, in turns
    python tests/benchmarks/deep.py --rounds 5   more rounds: medians settle

Times are only printed. Exit code 1 if a count differs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import Annotated
from unittest import mock

from kubecheck.checker import Verdict, check
from kubecheck.checker.engine import explore
from kubecheck.spec import Range, Spec, State, require

LEVELS = 50_000


class Chain(State):
    """A place on the way."""

    at: Annotated[int, Range(0, LEVELS - 1)]


def chain() -> Spec:
    """One state after the other."""
    spec = Spec("chain", Chain)

    @spec.action(actor="somebody")
    def step(s: Chain) -> None:
        """One step further."""
        require(s.at < LEVELS - 1)
        s.at += 1

    @spec.invariant
    def on_the_way(s: Chain) -> bool:
        """It goes no further than the end."""
        return s.at < LEVELS

    return spec


def microseconds() -> float:
    """What a level took. Raises if the levels are not those of a chain."""
    report = check(chain(), threads=2)
    if (report.verdict, report.levels) != (Verdict.HOLDS, [1] * LEVELS):
        raise SystemExit(f"DIFFERENT: {report.verdict}, {len(report.levels):,} levels")
    return report.seconds / LEVELS * 1e6


def main() -> int:
    """Runs everything; ends with 1 if a count differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed (default 3)")
    options = parser.parse_args()
    check(chain())  # compiled once, for all rounds
    together, alone = [], []
    for _ in range(options.rounds):
        together.append(microseconds())
        with mock.patch.object(explore._Search, "_descend", return_value=0):
            alone.append(microseconds())
    few, many = statistics.median(together), statistics.median(alone)
    print(f"a level of one state: {few:.1f} µs, {many:.0f} µs where each is done by itself ({many / few:.0f} times); {LEVELS:,} levels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
