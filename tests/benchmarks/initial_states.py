"""Measures how fast initial states are made: an inductive invariant, checked from every state that it allows.

    python tests/benchmarks/initial_states.py              655,200 initial states, one step from each
    python tests/benchmarks/initial_states.py --rounds 5   more rounds: medians settle

Times are only printed. Exit code 1 if a count differs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Annotated

from kubecheck.checker import Verdict, check
from kubecheck.spec import Array, Range, Sort, Spec, State, reference, require

INITIAL = 16 * 15 * 14 * 13 * 15
Number = Annotated[int, Range(0, 15)]


class Place(Sort, size=4):
    """A place in a row."""


class Row(State):
    """Numbers that lie in a row, no two alike, and how often two of them were exchanged."""

    number: Array[Place, Number]
    exchanged: Annotated[int, Range(0, 14)]


def all_different() -> Spec:
    """Exchanging neighbours keeps numbers different, from wherever they start."""
    spec = Spec("all-different", Row)

    @spec.initial
    def anywhere(s: Row, a: Number, b: Number, c: Number, d: Number, exchanged: Annotated[int, Range(0, 14)]) -> None:
        """Any four different numbers: of 983,040 instances two thirds are enabled."""
        require(a != b and a != c and a != d and b != c and b != d and c != d)
        s.number[Place(0)] = a
        s.number[Place(1)] = b
        s.number[Place(2)] = c
        s.number[Place(3)] = d
        s.exchanged = exchanged

    @spec.action(actor="somebody")
    def exchange(s: Row, place: Place) -> None:
        """Two neighbours change places."""
        require(place.index < len(Place) - 1 and s.exchanged < 14)
        after = Place(place.index + 1)
        kept = s.number[place]
        s.number[place] = s.number[after]
        s.number[after] = kept
        s.exchanged += 1

    @spec.invariant
    def different(s: Row, one: Place, other: Place) -> bool:
        """No two numbers are alike."""
        return one == other or s.number[one] != s.number[other]

    return spec


def main() -> int:
    """Runs everything; 1 if a count differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often it is timed (default 3)")
    options = parser.parse_args()
    check(all_different())  # compiled once, for all rounds
    seconds = []
    for _ in range(options.rounds):
        report = check(all_different())
        seconds.append(report.seconds_total)
        if (report.verdict, report.levels) != (Verdict.HOLDS, [INITIAL]):
            print(f"DIFFERENT: {report.verdict}, levels {report.levels[:3]}")
            return 1
    print(f"{INITIAL:,} initial states made, judged and expanded: median {statistics.median(seconds):.2f} s of {options.rounds}")
    started, number = time.perf_counter(), 0
    for _ in reference.each_initial_state(all_different()):
        number += 1
        if time.perf_counter() - started > 1:
            break
    print(f"the reference execution makes {number:,} a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
