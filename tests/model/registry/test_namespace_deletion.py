"""The end of a namespace: each promise holds, and is broken when its protection is removed."""

from __future__ import annotations

import pytest

from kubecheck import checker
from kubecheck.model.registry.namespace_deletion import NamespaceScope, namespace_deletion

CONTROLS = {
    "nothing_outlives_its_namespace": ("namespace-grace-period", 5),
    "who_deletes_admits_nothing_more": ("live-namespace-lookup", 2),
}


@pytest.mark.parametrize("violates", CONTROLS)
def test_a_promise_needs_its_protection(violates: str) -> None:
    feature, steps = CONTROLS[violates]
    report = checker.check(namespace_deletion(NamespaceScope().switched(without=[feature])))
    assert report.verdict is checker.Verdict.VIOLATED
    assert violates in [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED]
    assert len(report.path) - 1 == steps


@pytest.mark.parametrize("servers", [1, 2, 3])
def test_all_promises_hold(servers: int) -> None:
    report = checker.check(namespace_deletion(NamespaceScope(servers=servers)))
    assert report.verdict is checker.Verdict.HOLDS
    assert not report.warnings
    assert all(p.premise for p in report.properties if p.name in CONTROLS)


def test_one_api_server_is_enough_for_the_bug() -> None:
    """What it admitted before it handled the deletion is stored after the controller has listed."""
    scope = NamespaceScope(servers=1, namespace_grace_period=False)
    assert checker.check(namespace_deletion(scope)).verdict is checker.Verdict.VIOLATED
