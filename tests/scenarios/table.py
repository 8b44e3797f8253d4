"""The table of scenarios in docs/model.md: counts as they are pinned, time and memory as measured here.

Run as a script it measures every scenario and writes the table; test_scenarios.py compares the counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kubecheck import checker
from kubecheck.model.scenarios import ALL, Violates

PAGE = Path(__file__).parents[2] / "docs" / "model.md"
BEGIN, END = "<!-- scenarios: written by tests/scenarios/table.py -->\n", "<!-- end of scenarios -->\n"
HEAD = "| scenario | verdict | states | transitions | depth | time | memory |\n|---|---|---:|---:|---:|---:|---:|\n"


def counts(name: str) -> str:
    """What of a row does not depend on the machine."""
    expected = ALL[name].expected
    if isinstance(expected, Violates):
        return f"| {name} | {expected.property} after {expected.steps} steps | | | |"
    return f"| {name} | holds | {expected.states:,} | {expected.transitions:,} | {expected.depth} |"


def row(name: str) -> str:
    """The scenario's row, measured."""
    report = checker.check(ALL[name].build())
    return f"{counts(name)} {report.seconds:.2f} s | {report.memory_bytes / 1e6:.0f} MB |\n"


def between(begin: str, end: str) -> str:
    """What stands in the page between two marks."""
    return PAGE.read_text().partition(begin)[2].partition(end)[0]


def written() -> str:
    """The table as it stands in the page."""
    return between(BEGIN, END)


def main() -> None:
    """Measure all scenarios and write the table."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    table = HEAD + "".join(row(name) for name in ALL)
    PAGE.write_text(before + BEGIN + table + END + after)
    sys.stdout.write(table)


if __name__ == "__main__":
    main()
