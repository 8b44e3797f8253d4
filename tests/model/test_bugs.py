"""Each known bug of the workload model is violated without its fix, by a path of the pinned length, and gone with it.

The counts change when the model does: `kubecheck bugs run` prints the new ones.
"""

from __future__ import annotations

import pytest

from kubecheck import checker
from kubecheck.model.bugs import Bug, all_bugs

# steps to the violation without the fix; distinct states and generated ones with it
PINNED = {
    "failed-binding": (7, 121, 229),
    "twin-pod": (11, 74, 118),
    "phase-goes-back": (7, 36, 69),
    "stale-kubelet": (16, 826, 2_243),
    "stale-restart": (6, 1_486, 4_109),
    "stale-relist": (4, 1_116, 3_184),
    "recreated-replica-set": (10, 29_989, 84_511),
    "ghost-pod": (9, 170, 408),
    "early-terminal-phase": (9, 26, 39),
    "expired-expectations": (6, 196, 387),
    "stuck-rollout": (10, 33_696, 137_029),
    "recreated-pod": (6, 724, 2_015),
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
    assert (report.states.distinct, report.states.generated) == PINNED[name][1:]


@pytest.mark.parametrize("name", PINNED)
def test_the_fix_is_the_only_difference(name: str) -> None:
    """The same cluster, but for the feature: what a scope holds beside `without` and `fixes` is equal."""
    broken, fixed = bug(name).broken().scope, bug(name).fixed().scope
    assert broken != fixed
    features = {"without", "fixes", "failed_bindings", "ghosts", "unseen_pods", "unseen_status"}
    assert {k: v for k, v in broken.items() if k not in features} == {
        k: v for k, v in fixed.items() if k not in features
    }


@pytest.mark.parametrize("found", all_bugs().values(), ids=lambda b: b.name)
def test_what_is_said_of_a_bug(found: Bug) -> None:
    assert all(issue.startswith("kubernetes#") and issue[11:].isdigit() for issue in found.issues)
    assert found.mechanism.endswith(".")
    assert found.fix.endswith(".")
    assert found.releases
    assert all(found.is_called(name) for name in (found.name, str(found.number), found.issues[0]))
    assert not found.is_called("59848.")


def test_names_are_unique() -> None:
    modules = len(all_bugs())
    assert modules == len({b.name for b in all_bugs().values()}) >= len(PINNED)
