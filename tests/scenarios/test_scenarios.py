"""Every built-in scenario has the verdict and the counts that are pinned in expected.json.

The counts change when the model does. To pin new ones, read what changed them, then run `python -m tests.scenarios.test_scenarios`: it
prints them. docs/model.md has them too: `python -m tests.scenarios.table` writes them there.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model.scenarios import ALL
from tests.scenarios import table

EXPECTED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "expected.json").read_text())


def found(report: checker.Report) -> dict[str, Any]:
    """What is pinned of a report: the counts of a complete one; the property and the path's length of a violated one."""
    if report.verdict is checker.Verdict.VIOLATED:
        violated = [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED]
        return {"verdict": "violated", "violates": violated[0], "steps": len(report.path) - 1}
    return {
        "verdict": str(report.verdict),
        "distinct": report.states.distinct,
        "generated": report.states.generated,
        "depth": report.depth,
    }


@functools.cache
def report_of(name: str) -> checker.Report:
    return checker.check(ALL[name].build())


def test_each_scenario_is_pinned() -> None:
    assert set(EXPECTED) == set(ALL)
    assert len(ALL) >= 10


@pytest.mark.parametrize("name", ALL)
def test_scenario(name: str) -> None:
    scenario = ALL[name]
    report = report_of(name)
    assert found(report) == EXPECTED[name]
    assert EXPECTED[name]["verdict"] == scenario.verdict
    assert EXPECTED[name].get("violates", "") == scenario.violates
    # small enough to be a default: 5 million states at most
    assert report.states.distinct < 5_000_000


@pytest.mark.parametrize("name", [name for name, scenario in ALL.items() if scenario.verdict == "holds"])
def test_no_property_of_a_scenario_is_vacuous(name: str) -> None:
    report = report_of(name)
    assert [p.name for p in report.properties if p.premise == 0] == []


def test_the_page_tells_the_counts() -> None:
    """docs/model.md has the counts that are pinned; to write them again: python -m tests.scenarios.table."""
    rows = table.written().splitlines()[2:]
    assert [line[: len(table.counts(name))] for name, line in zip(ALL, rows, strict=True)] == list(
        map(table.counts, ALL)
    )


if __name__ == "__main__":
    print(json.dumps({name: found(checker.check(scenario.build())) for name, scenario in ALL.items()}, indent=2))
