"""Garbage collection: each promise holds, completely explored, and is broken when its protection is removed.

The controls of what a bug breaks are in tests/model/test_bugs_registry.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from kubecheck import checker
from kubecheck.model.bugs import all_bugs
from kubecheck.model.registry import garbage_collection
from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.garbage_graph import Collector
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.spec import PropertyKind, Spec, require

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
        (43_164, 178_351, 17),
    ),
}


# A loop that ends when the informer shows what was written: until then the collector deletes again what is being deleted already.
OPEN = {"a chain": {"look_at_object", "delete_object"}}


@pytest.mark.parametrize("name", LARGER)
def test_all_promises_hold_in_larger_scopes(name: str) -> None:
    scope, counts = LARGER[name]
    report = checker.check(collecting(scope))
    if name in OPEN:
        assert report.verdict is checker.Verdict.INCOMPLETE
        assert {step.action for step in report.path[(report.back_to or 0) + 1 :]} == OPEN[name]
    else:
        assert report.verdict is checker.Verdict.HOLDS
    assert (report.states.distinct, report.states.generated, report.depth) == counts


TWICE = all_bugs()["foreground-twice"].scope


def in_order(scope: CollectingScope) -> Spec:
    """The spec of a scope, with what an informer is: what it has begun to show it will show up to what is stored."""
    spec = collecting(scope)

    @spec.invariant
    def versions_come_in_order(etcd: Etcd, c: Collector, slot: Slot) -> bool:
        """Nothing was written that the informer does not come to."""
        require(c.view[slot].exists)
        return c.newest(slot) == etcd.get(slot)

    return spec


@pytest.mark.parametrize("scope", [CollectingScope(), TWICE, LARGER["adoption, a move and a restart"][0]], ids=str)
def test_informers_are_told_of_every_write(scope: CollectingScope) -> None:
    report = checker.check(in_order(scope))
    assert report.verdict is checker.Verdict.HOLDS
    assert next(p.premise for p in report.properties if p.name == "versions_come_in_order") > 0


def test_a_write_that_they_are_not_told_of_is_noticed() -> None:
    spec = in_order(CollectingScope())

    @spec.action(actor="stranger", kind="environment")
    def write_silently(etcd: Etcd, c: Collector) -> None:
        """Somebody writes to the owner, and says nothing."""
        require(etcd.get(Slot(0)).exists and etcd.revision() < 4)
        etcd.update(Slot(0), etcd.get(Slot(0)), remember=False)

    report = checker.check(spec)
    assert report.found == "versions_come_in_order"
    assert len(report.path) - 1 == 2  # shown, then written


def test_only_a_relist_hides_that_a_second_deletion_began() -> None:
    """kubernetes#77081 is mended; what is left of it needs a relist (kubernetes#115570)."""
    for relists, verdict in ((0, checker.Verdict.HOLDS), (1, checker.Verdict.VIOLATED)):
        report = checker.check(collecting(replace(TWICE, relists=relists)))
        assert report.verdict is verdict
    assert report.found == "deletions_end"
    assert [step.action for step in report.path if step.action].count("relist_object") == 1
