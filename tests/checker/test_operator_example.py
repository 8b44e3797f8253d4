"""The operator of docs/own-controller.md: its bug is found, half a fix is not enough, the fix holds, and what it rests on matters."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.checker import Verdict
from kubecheck.checker.values import state_values
from kubecheck.cli.loading import load_spec
from kubecheck.spec import reference

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


class Informer:
    """What an informer may show, from the full history of what was written: every version of every claim, in order, none twice."""

    def __init__(self, lag: int) -> None:
        self.lag, self.history, self.shown = lag, list[tuple[Any, Any]](), 0

    def take(self, action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        """A step of the spec: what it wrote, and what the informer shows after it, which must be what the history says."""
        written = [(c, after["claims"][c]) for c in after["claims"] if after["claims"][c] != before["claims"][c]]
        assert len(written) <= 1
        self.history += written
        expected = dict(before["seen"])
        if action == "see":
            claim, version = self.history[self.shown]
            expected[claim] = version
            self.shown += 1
        elif action == "crash":  # it lists anew
            expected, self.shown = dict(after["claims"]), len(self.history)
        assert after["seen"] == expected
        assert 0 <= after["behind"] == len(self.history) - self.shown <= self.lag


def told(spec: Any, state: Any) -> dict[str, Any]:
    """The claims, what the informer shows of them, and how many versions it is behind, as plain data."""
    api = state_values(spec, state)["api_server"]
    return {
        "claims": dict(api["claims"]["#map"]),
        "seen": dict(api["seen"]["#map"]),
        "behind": len(api["unseen"]),
    }


def walk(spec: Any, lag: int, chance: random.Random, steps: int) -> int:
    """A random run, with the informer held against the full history; how many versions it has shown."""
    informer, state = Informer(lag), reference.initial_states(spec)[0]
    for _ in range(steps):
        options = list(reference.steps(spec, state))
        if not options:
            break
        taken = chance.choice(options)
        informer.take(taken.action.name, told(spec, state), told(spec, taken.state))
        state = taken.state
    return informer.shown


@pytest.mark.parametrize("lag", [1, 2, 4])
def test_the_informer_shows_every_version_in_order(lag: int) -> None:
    spec = load_spec(FILE, None, {"lag": str(lag), "claims": "2", "crashes": "1", "fixed_names": "true"})
    chance = random.Random(lag)
    assert sum(walk(spec, lag, chance, 40) for _ in range(40)) > 200


def test_an_informer_that_leaves_versions_out_is_noticed(tmp_path: Path) -> None:
    """The control: the one that this page taught before, for which of several writes to one claim the last was what counted."""
    text = Path(FILE).read_text()
    newest = text.replace("self.seen[claim] = shown.new", "self.seen[claim] = self.claims[claim]")
    assert newest != text
    file = tmp_path / "newest.py"
    file.write_text(newest)
    spec = load_spec(str(file), None, {"lag": "2", "claims": "2"})
    with pytest.raises(AssertionError):
        sum(walk(spec, 2, random.Random(seed), 40) for seed in range(40))


def test_the_fix_needs_the_finalizer() -> None:
    report = check(fixed_names=True, finalizer=False, crashes=0)
    assert (report.verdict, report.found, len(report.path) - 1) == (Verdict.VIOLATED, "nothing_is_left_behind", 6)
