"""Every built-in scenario is found to be as its file says: the verdict, and counts or the length of the shortest path.

The counts change when the model does. Read what changed them, then pin new ones with `python -m tests.scenarios.pins`. docs/model.md has
them too: `python -m tests.scenarios.table` writes them there.
"""

from __future__ import annotations

import functools
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.cli.expected import found
from kubecheck.model import ClusterScope
from kubecheck.model.bugs import all_bugs
from kubecheck.model.cluster import cluster
from kubecheck.model.scenarios import ALL, WORKLOADS
from tests.model.test_negative_controls import CONTROLS
from tests.scenarios import multipliers, pictures, pins, table


@functools.cache
def report_of(name: str) -> checker.Report:
    return checker.check(ALL[name].build())


def test_each_scenario_is_a_file() -> None:
    files = {f.name for f in pins.FOLDER.glob("*.py")} - {"__init__.py", "scenario.py"}
    assert files == {pins.file_of(name).name for name in ALL}
    assert len(ALL) >= 10


@pytest.mark.parametrize("name", ALL)
def test_scenario(name: str) -> None:
    assert found(report_of(name)) == ALL[name].expected
    # small enough to be a default: 5 million states at most
    assert report_of(name).states.distinct < 5_000_000


@pytest.mark.parametrize("name", [name for name, scenario in ALL.items() if scenario.verdict == "holds"])
def test_no_property_of_a_scenario_is_vacuous(name: str) -> None:
    report = report_of(name)
    assert [p.name for p in report.properties if p.premise == 0] == []


def test_every_property_of_a_cluster_holds_in_some_scenario() -> None:
    """What is only in the scopes of negative controls is seen by nobody who looks at scenarios. So is the premise: see above."""
    seen = {p.name for s in WORKLOADS.values() if s.verdict == "holds" for p in s.build().properties}
    declared = {p.name for control in CONTROLS for p in cluster(control.scope).properties}
    only_violated = {
        "observed_generation_is_never_ahead"
    }  # it holds with a fix that no release has: recreated-replica-set
    in_bugs = {
        "at_most_one_container_per_name",
        "status_is_the_own_kubelets",
        "only_deleted_pods_are_removed",
        "full_nodes_get_no_pod",
    }
    assert declared - seen - in_bugs == only_violated


def test_every_fault_is_in_some_scenario_or_bug() -> None:
    scopes = [s.scope for s in WORKLOADS.values()]
    scopes += [bug.scope for bug in all_bugs().values() if isinstance(bug.scope, ClusterScope)]
    assert set(FAULTS) <= {f.name for f in fields(ClusterScope)}
    only_by_set = {"conflicts_of_pods"}  # an event more changes no verdict; tests/model/test_reference_agrees.py has it
    assert {b for b in FAULTS if not any(getattr(scope, b) for scope in scopes)} == only_by_set


FAULTS = (
    "crashes",
    "scheduler_crashes",
    "scheduler_relists",
    "kubelet_restarts",
    "pod_failures",
    "force_deletes",
    "expiries",
    "conflicts",
    "conflicts_of_deployments",
    "conflicts_of_pods",
    "request_failures",
    "lost_responses",
    "broken_watches",
    "api_server_crashes",
    "cut_offs",
)


def test_the_page_tells_the_counts() -> None:
    """docs/model.md has the counts that are pinned; to write them again: python -m tests.scenarios.table."""
    rows = table.written().splitlines()[2:]
    assert [line[: len(table.counts(name))] for name, line in zip(ALL, rows, strict=True)] == list(
        map(table.counts, ALL)
    )


def test_the_page_tells_what_multiplies_the_states() -> None:
    """All rows are in docs/model.md, in the order of their states; to write them again: python -m tests.scenarios.multipliers."""
    rows = multipliers.rows()
    assert list(rows) == [multipliers.shown(changes) for changes in multipliers.in_order(rows)]


@pytest.mark.parametrize("changes", multipliers.QUICK, ids=multipliers.shown)
def test_what_multiplies_the_states(changes: dict[str, Any]) -> None:
    assert multipliers.measured(changes) == multipliers.rows()[multipliers.shown(changes)]


def test_a_pin_is_written_as_files_have_it() -> None:
    for name, scenario in ALL.items():
        assert pins.written(scenario.expected) in Path(pins.file_of(name)).read_text()


def test_the_page_of_pictures_tells_what_is_pinned() -> None:
    """To draw them again: python -m tests.scenarios.pictures."""
    known = pictures.digests()
    assert set(known) == set(ALL)
    assert pictures.PAGE.read_text() == pictures.page(known)
    files = {f.stem: f.stat().st_size for f in pictures.PICTURES.glob("*.svg")}
    assert set(files) == set(ALL)
    assert sum(files.values()) < 2_000_000


@pytest.mark.parametrize("name", ["apply", "stuck-rollout", "namespace-deletion"])
def test_a_picture_is_as_the_command_makes_it(name: str) -> None:
    """Its text for Graphviz, whose layout differs from version to version."""
    assert pictures.drawn(name) == pictures.digests()[name]
