"""A scope with too few pod slots gives INCOMPLETE, never a pass; no shipped scope has too few."""

from __future__ import annotations

import dataclasses

import pytest

from kubecheck import checker
from kubecheck.cli.subjects import ScopeOptions, subjects
from kubecheck.model.cluster import cluster
from kubecheck.model.scenarios import ALL, WORKLOADS

WEB = "examples/web.yaml"
LIMIT = "no_creation_waits_for_a_slot"


def assert_incomplete(report: checker.Report) -> None:
    assert report.verdict is checker.Verdict.INCOMPLETE
    assert LIMIT in report.reason
    assert not any(p.verdict is checker.Verdict.VIOLATED for p in report.properties)


def test_a_manifest_with_too_few_slots(pytestconfig: pytest.Config) -> None:
    (subject,) = subjects(str(pytestconfig.rootpath / WEB), ScopeOptions(replicas=2, pods=3))
    assert_incomplete(checker.check(subject.build()))


def test_a_scenario_with_too_few_slots() -> None:
    assert_incomplete(checker.check(cluster(dataclasses.replace(ALL["failures"].scope, pods=4))))


@pytest.mark.parametrize("name", [n for n, s in WORKLOADS.items() if s.verdict == "holds" and not s.scope.is_pods])
def test_every_scenario_that_holds_has_the_limit_or_wants_no_pods(name: str) -> None:
    """tests/scenarios sees them hold, so it is never hit there."""
    kinds = {p.name: p.kind for p in ALL[name].build().properties}
    assert kinds[LIMIT] == "limit"
