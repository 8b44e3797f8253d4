"""Each known bug of the workload model is violated without its fix, by a path of the pinned length, and gone with it.

The counts change when the model does: `kubecheck bugs run` prints the new ones.
"""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from kubecheck import checker
from kubecheck.model import FEATURES, FeatureError, bugs
from kubecheck.model.bugs import Bug, all_bugs
from tests.model import test_bugs_registry

# steps to the violation without the fix; distinct states and generated ones with it
PINNED = {
    "failed-binding": (7, 121, 229),
    "twin-pod": (11, 74, 118),
    "phase-goes-back": (7, 42, 76),
    "stale-kubelet": (16, 800, 2_213),
    "stale-restart": (6, 1_143, 3_239),
    "stale-relist": (4, 1_116, 3_184),
    "recreated-replica-set": (12, 46_732, 123_042),
    "ghost-pod": (9, 170, 388),
    "deaf-scheduler": (8, 492, 1_231),
    "early-terminal-phase": (9, 26, 37),
    "expired-expectations": (6, 204, 400),
    "stuck-rollout": (10, 36_687, 137_386),
    "recreated-pod": (6, 724, 2_015),
    "replaced-pod": (9, 19_444, 67_491),
    "overlapping-recreate": (7, 138, 283),
    "stalled-recreate": (15, 334, 695),
    "blocking-ended-pod": (10, 430, 945),
    "readmitted-pod": (8, 25, 35),
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
    if bug(name).loop:
        assert report.verdict is checker.Verdict.INCOMPLETE
        assert {step.action for step in report.path[(report.back_to or 0) + 1 :]} >= {*bug(name).loop_actions}
    else:
        assert report.verdict is checker.Verdict.HOLDS
    assert next(p.premise for p in report.properties if p.name == bug(name).violates) > 0
    assert (report.states.distinct, report.states.generated) == PINNED[name][1:]


@pytest.mark.parametrize("found", all_bugs().values(), ids=lambda b: b.name)
def test_what_is_said_of_a_bug(found: Bug) -> None:
    assert all(issue.startswith("kubernetes#") and issue[11:].isdigit() for issue in found.issues)
    assert found.mechanism.endswith(".")
    assert found.fix.endswith(".")
    assert found.releases
    assert all(found.is_called(name) for name in (found.name, str(found.number), found.issues[0]))
    assert not found.is_called("59848.")


@pytest.mark.parametrize("found", all_bugs().values(), ids=lambda b: b.name)
def test_the_fix_is_one_feature_and_changes_the_model(found: Bug) -> None:
    """Both clusters are made from one scope, with that feature off and on."""
    feature = FEATURES[found.feature]
    assert found.violates in feature.protects
    assert found.broken().scope != found.fixed().scope
    assert not checker.same_code(found.broken(), found.fixed())


@pytest.mark.parametrize("found", all_bugs().values(), ids=lambda b: b.name)
def test_a_bug_ends_where_its_fix_begins(found: Bug) -> None:
    """ "up to 1.22" means that the fix is on since 1.23."""
    last = re.match(r"(?:up to|.* to|.* and) (1\.\d+)$", found.releases)
    spans = FEATURES[found.feature].releases
    if last is None:
        return
    minor = int(last[1].split(".")[1])
    assert any(span.first == f"1.{minor + 1}" for span in spans), f"{found.releases}, but the fix is on {spans}"


def test_the_fix_cannot_be_switched_as_another_feature() -> None:
    for switch in ({"without": ["terminal-phase-final"]}, {"having": ["terminal-phase-final"]}):
        with pytest.raises(FeatureError, match="is the fix of phase-goes-back, which is run without it and with it"):
            bug("phase-goes-back").broken(**switch)


def test_other_features_are_switched_in_both_clusters() -> None:
    """Notifications of progress keep a client from asking in vain, too (KEP-1904); what a model does not have cannot be switched."""
    assert checker.check(bug("too-large-version").broken(having=["progress-notifications"])).verdict is (
        checker.Verdict.HOLDS
    )
    assert checker.check(bug("expired-expectations").fixed(without=["optimistic-lock"])).verdict is (
        checker.Verdict.HOLDS
    )
    with pytest.raises(FeatureError, match="feature 'pause' is not part of this model"):
        bug("too-large-version").fixed(without=["pause"])


def test_every_module_with_a_bug_is_found_and_every_bug_is_pinned() -> None:
    modules = [m.name for m in pkgutil.iter_modules(bugs.__path__)]
    assert len(all_bugs()) == sum(hasattr(importlib.import_module(f"{bugs.__name__}.{m}"), "BUG") for m in modules)
    assert set(all_bugs()) == {*PINNED, *test_bugs_registry.PINNED}
    assert not set(PINNED) & set(test_bugs_registry.PINNED)
