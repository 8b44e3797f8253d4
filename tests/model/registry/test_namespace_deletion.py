"""The end of a namespace: each promise holds, and is broken when its protection is removed."""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model.registry import namespace_deletion as of_namespaces
from kubecheck.model.registry.namespace_deletion import (
    Kind,
    Life,
    Namespace,
    NamespaceScope,
    Object,
    namespace_deletion,
)
from kubecheck.model.registry.reflector import Server
from kubecheck.spec import require
from tests.model.registry.laboratory import Admission

CONTROLS = {
    "nothing_outlives_its_namespace": ("namespace-grace-period", 6),
    "who_deletes_admits_nothing_more": ("live-namespace-lookup", 2),
    "pods_go_first": ("ordered-namespace-deletion", 4),
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


def test_finalizers_are_waited_for() -> None:
    report = checker.check(namespace_deletion(NamespaceScope(finalizers=1)))
    assert report.verdict is checker.Verdict.HOLDS
    assert not report.warnings


def test_a_finalizer_that_nobody_takes_off_keeps_the_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    def held_for_ever(kind: Kind, *, held: bool) -> Object:
        return Object(there=True, held=True)

    monkeypatch.setattr(of_namespaces, "made", held_for_ever)
    report = checker.check(namespace_deletion(NamespaceScope(creations=0)))
    assert report.found == "deleted_namespaces_go"


def test_pods_are_waited_for_even_if_nobody_stops_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no pod stays while a pod does not end: it is deleted after it or never."""

    def endless(kind: Kind, *, held: bool) -> Object:
        return Object(there=True, runs=kind is Kind.POD, held=kind is Kind.POD)

    monkeypatch.setattr(of_namespaces, "made", endless)
    spec = namespace_deletion(NamespaceScope(creations=0))

    @spec.invariant
    def the_other_stays(n: Namespace) -> bool:
        """Where there is a pod nothing else is deleted."""
        require(n.objects[Kind.POD].there)
        return n.objects[Kind.OTHER].there

    report = checker.check(spec)
    assert next(p for p in report.properties if p.name == "the_other_stays").verdict is not checker.Verdict.VIOLATED
    assert report.found == "deleted_namespaces_go"


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
