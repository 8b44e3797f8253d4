"""The table of scenarios in docs/model.md: counts from expected.json, time and memory as measured here.

Run as a script it measures every scenario and writes the table; test_scenarios.py compares the counts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kubecheck import checker
from kubecheck.model.scenarios import ALL

PAGE = Path(__file__).parents[2] / "docs" / "model.md"
EXPECTED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "expected.json").read_text())
BEGIN, END = "<!-- scenarios: written by tests/scenarios/table.py -->\n", "<!-- end of scenarios -->\n"
HEAD = "| scenario | verdict | states | transitions | depth | time | memory |\n|---|---|---:|---:|---:|---:|---:|\n"


def counts(name: str) -> str:
    """What of a row does not depend on the machine."""
    expected = EXPECTED[name]
    if expected["verdict"] == "violated":
        return f"| {name} | {expected['violates']} after {expected['steps']} steps | | | |"
    return f"| {name} | holds | {expected['distinct']:,} | {expected['generated']:,} | {expected['depth']} |"


def row(name: str) -> str:
    """The scenario's row, measured."""
    report = checker.check(ALL[name].build())
    return f"{counts(name)} {report.seconds:.2f} s | {report.memory_bytes / 1e6:.0f} MB |\n"


def written() -> str:
    """The table as it stands in the page."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Measure all scenarios and write the table."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    table = HEAD + "".join(row(name) for name in ALL)
    PAGE.write_text(before + BEGIN + table + END + after)
    sys.stdout.write(table)


if __name__ == "__main__":
    main()
