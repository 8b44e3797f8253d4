"""The operator of docs/own-controller.md: its bug is found, half a fix is not enough, the fix holds, and what it rests on matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.checker import Verdict
from kubecheck.cli.loading import load_spec

FILE = str(Path(__file__).parents[2] / "examples" / "operator" / "bucket_operator.py")


def check(**settings: Any) -> checker.Report:
    return checker.check(load_spec(FILE, None, {name: str(value) for name, value in settings.items()}))


def actions(report: checker.Report) -> list[str]:
    return [step.action for step in report.path[1:]]


def test_the_informer_has_not_seen_the_operator_s_own_write() -> None:
    report = check()
    assert (report.verdict, report.found) == (Verdict.VIOLATED, "one_bucket_for_a_claim")
    assert actions(report) == ["create_claim", "see", "add_finalizer", "see", "make_bucket", "write_status", "make_bucket"]


def test_waiting_does_not_help_after_a_crash() -> None:
    report = check(waits=True)
    assert (report.verdict, report.found) == (Verdict.VIOLATED, "one_bucket_for_a_claim")
    assert actions(report)[4:] == ["make_bucket", "crash", "make_bucket"]


def test_waiting_leaves_a_bucket_behind_even_without_crashes() -> None:
    report = check(waits=True, crashes=0)
    assert (report.verdict, report.found, len(report.path) - 1) == (Verdict.VIOLATED, "nothing_is_left_behind", 10)


@pytest.mark.parametrize("scope", [{}, {"claims": 2, "crashes": 2, "lag": 3}, {"waits": True}, {"crashes": 0}], ids=str)
def test_fixed_names_hold(scope: dict[str, Any]) -> None:
    report = check(fixed_names=True, **scope)
    assert report.verdict is Verdict.HOLDS
    assert report.warnings == []


def test_the_fix_needs_the_finalizer() -> None:
    report = check(fixed_names=True, finalizer=False, crashes=0)
    assert (report.verdict, report.found, len(report.path) - 1) == (Verdict.VIOLATED, "nothing_is_left_behind", 6)
