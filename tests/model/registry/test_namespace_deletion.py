"""The end of a namespace: each promise holds, and is broken when its protection is removed."""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model.registry.namespace_deletion import Life, NamespaceScope, namespace_deletion
from kubecheck.model.registry.reflector import Server
from tests.model.registry.laboratory import Admission

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


@pytest.mark.parametrize(
    ("shown", "handled", "live", "admitted"),
    [
        (Life.ACTIVE, False, Life.TERMINATING, True),
        (Life.ACTIVE, True, Life.TERMINATING, False),
        (Life.ACTIVE, True, Life.ACTIVE, True),
        (Life.TERMINATING, False, Life.ACTIVE, False),
        (Life.TERMINATING, True, Life.ACTIVE, False),
        (Life.GONE, False, Life.ACTIVE, True),
        (Life.GONE, False, Life.GONE, False),
    ],
)
def test_who_sees_no_namespace_or_has_handled_its_deletion_looks_live(
    shown: Life, handled: bool, live: Life, admitted: bool
) -> None:
    """admission.go, Admit: a live lookup if the informer shows none, or shows one that is active and was to be deleted.

    A namespace of the same name may have been created since, which the spec leaves out.
    """
    bench = Admission()

    def request(a: Any) -> bool:
        a.view[Server(0)] = shown
        a.handled[Server(0)] = handled
        return bool(a.admits(Server(0), live, True))

    assert bench.run(request) is admitted
