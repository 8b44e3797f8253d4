"""Garbage collection: each promise holds, completely explored, and is broken when its protection is removed.

The controls of what a bug breaks are in tests/model/test_bugs_registry.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from kubecheck import checker
from kubecheck.model.bugs import all_bugs
from kubecheck.model.registry import garbage_collection
from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting
from kubecheck.model.registry.objects import Stored
from kubecheck.spec import PropertyKind

OWNER, DEPENDENT = Owned(), Owned(0, 1, True)


@dataclass(frozen=True)
class Control:
    """A promise, the feature whose absence breaks it, and the number of steps to the violation."""

    violates: str
    without: str
    steps: int

    def __str__(self) -> str:
        return self.violates


CONTROLS = (
    Control("dependents_of_deleted_owners_go", "virtual-nodes", 2),
    Control("foreground_owners_go_last", "block-owner-deletion", 4),
    Control("orphaned_dependents_survive", "orphan-dependents", 8),
)


@pytest.mark.parametrize("case", CONTROLS, ids=str)
def test_a_promise_needs_its_protection(case: Control) -> None:
    report = checker.check(collecting(CollectingScope().switched(without=[case.without])))
    assert report.verdict is checker.Verdict.VIOLATED
    assert case.violates in [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED]
    assert len(report.path) - 1 == case.steps


@pytest.mark.parametrize("case", CONTROLS, ids=str)
def test_with_it_all_promises_hold(case: Control) -> None:
    report = checker.check(collecting(CollectingScope()))
    assert report.verdict is checker.Verdict.HOLDS
    assert next(p.premise for p in report.properties if p.name == case.violates) > 0


def never_waits(_owner: Stored) -> bool:
    """A collector's word for an owner that does not know of foreground deletion."""
    return False


def test_a_collector_that_does_not_know_of_the_foreground_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """No feature breaks deletions_end; a collector that is wrong does."""
    monkeypatch.setattr(garbage_collection, "is_waiting", never_waits)
    report = checker.check(collecting(CollectingScope()))
    assert report.found == "deletions_end"
    assert len(report.path) - 1 == 5


def test_every_promise_can_be_broken() -> None:
    """By a control above, or by a bug (tests/model/test_bugs_registry.py)."""
    scopes = [CollectingScope(), *(scope for scope, _ in LARGER.values())]
    specs = [collecting(scope) for scope in scopes]
    promised = {p.name for spec in specs for p in spec.properties if p.kind is not PropertyKind.REACHABLE}
    broken = {bug.violates for bug in all_bugs().values()} | {c.violates for c in CONTROLS} | {"deletions_end"}
    assert promised - broken == set()


# distinct states, generated ones, depth
LARGER = {
    "a chain": (CollectingScope(objects=(OWNER, DEPENDENT, Owned(1, 2, True))), (2_639, 7_134, 19)),
    "two dependents and a restart": (
        CollectingScope(objects=(OWNER, DEPENDENT, Owned(0, 1)), restarts=1),
        (4_673, 12_884, 17),
    ),
    "adoption, a move and a restart": (
        CollectingScope(objects=(OWNER, Owned(), Owned()), adopts=True, moves=1, restarts=1),
        (38_778, 160_168, 16),
    ),
}


@pytest.mark.parametrize("name", LARGER)
def test_all_promises_hold_in_larger_scopes(name: str) -> None:
    scope, counts = LARGER[name]
    report = checker.check(collecting(scope))
    assert report.verdict is checker.Verdict.HOLDS
    assert (report.states.distinct, report.states.generated, report.depth) == counts
