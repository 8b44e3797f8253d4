"""The table "What multiplies the states" of docs/model.md: `python -m tests.scenarios.multipliers` measures all rows and writes it.

test_scenarios.py measures the quick rows again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any, Final

from kubecheck import checker
from kubecheck.model import ClusterScope
from kubecheck.model.cluster import cluster
from tests.scenarios.table import PAGE, between

BEGIN: Final = "<!-- multipliers: written by tests/scenarios/multipliers.py -->\n"
END: Final = "<!-- end of multipliers -->\n"
BASE: Final[dict[str, Any]] = {"replicas": 2, "templates": 2, "image_changes": 1}

QUICK: Final[tuple[dict[str, Any], ...]] = ({}, {"deployment_status": False}, {"pods": 5}, {"container_steps": True})
ROWS: Final[tuple[dict[str, Any], ...]] = (
    *QUICK,
    {"registered": 0},
    {"deletes": 1},
    {"lag_replica_sets": 1},
    {"lag_pods": 1},
    {"lag_pods": 2},
    {"lag_scheduler": 1},
    {"lag_deployments": 1},
    {"conflicts": 1},
    {"conflicts_of_deployments": 1},
    {"conflicts_of_pods": 1},
    {"crashes": 1},
    {"request_failures": 1},
    {"nodes": 2},
    {"scales": 1, "least_replicas": 1},
    {"pod_failures": 1},
    {"image_changes": 2, "fixes": ("available-up-to-spec",)},
)
NOTES: Final = {
    "pods=5": " (one slot more than is ever wanted)",
    "pod_failures=1": " (brings `pods=5`)",
    "image_changes=2, fixes=available-up-to-spec": " (without the fix a bound is violated)",
}
_ROW: Final = re.compile(r"\| `([^`]+)`[^|]*\| ([\d,]+) \|")


def shown(changes: dict[str, Any]) -> str:
    """What is changed, as the page has it."""
    words = [f"{name}={', '.join(value) if isinstance(value, tuple) else value}" for name, value in changes.items()]
    return ", ".join(words) or ", ".join(f"{name}={value}" for name, value in BASE.items())


def measured(changes: dict[str, Any]) -> int:
    """Distinct states of a complete exploration."""
    report = checker.check(cluster(ClusterScope(**{**BASE, **changes})))
    assert report.verdict is checker.Verdict.HOLDS, f"{shown(changes)}: {report.reason}"
    return report.states.distinct


def rows() -> dict[str, int]:
    """The states that the page tells, by what is changed, in its order."""
    return {match[1]: int(match[2].replace(",", "")) for match in _ROW.finditer(between(BEGIN, END))}


def in_order(states: dict[str, int]) -> Iterable[dict[str, Any]]:
    """The rows, by their states."""
    return sorted(ROWS, key=lambda changes: states[shown(changes)])


def main() -> None:
    """Measure all rows and write the table."""
    states = {shown(changes): measured(changes) for changes in ROWS}
    base = states[shown({})]
    table = "| with | states | times |\n|---|---:|---:|\n"
    for changes in in_order(states):
        name = shown(changes)
        times = states[name] / base
        table += f"| `{name}`{NOTES.get(name, '')} | {states[name]:,} | {times:.{1 if times < 10 else 0}f} |\n"
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table + END + rest.partition(END)[2])
    sys.stdout.write(table)


if __name__ == "__main__":
    main()
