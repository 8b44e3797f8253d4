"""Each known bug of model/registry/ is violated without its fix, by a path of the pinned length, and gone with it."""

from __future__ import annotations

import pytest

from kubecheck import checker
from kubecheck.model.bugs import Bug, all_bugs

# steps to the violation without the fix; distinct states and generated ones with it
PINNED = {
    "missed-first-event": (4, 245, 480),
    "too-large-version": (4, 3_912, 12_742),
    "restored-etcd": (4, 179, 418),
    "lost-deletion": (4, 1_016, 2_270),
    "readopted-orphan": (13, 1_743, 4_519),
    "wrong-owner-coordinates": (6, 83, 192),
    "foreground-twice": (9, 1_332, 2_779),
    "outlived-namespace": (6, 382, 868),
    "unprotected-pod": (3, 16, 18),
    "moved-dependent": (6, 1_518, 3_667),
    "ignored-finalizer": (4, 90, 330),
    "spurious-conflict": (4, 90, 330),
}


def bug(name: str) -> Bug:
    return all_bugs()[name]


@pytest.mark.parametrize("name", PINNED)
def test_without_its_fix_the_property_is_violated(name: str) -> None:
    report = checker.check(bug(name).broken())
    assert report.verdict is checker.Verdict.VIOLATED
    assert bug(name).violates in [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED]
    assert len(report.path) - 1 == PINNED[name][0]


@pytest.mark.parametrize("name", PINNED)
def test_with_its_fix_everything_holds_and_was_seen(name: str) -> None:
    report = checker.check(bug(name).fixed())
    assert report.verdict is checker.Verdict.HOLDS
    assert next(p.premise for p in report.properties if p.name == bug(name).violates) > 0
    assert not report.warnings
    assert (report.states.distinct, report.states.generated) == PINNED[name][1:]
