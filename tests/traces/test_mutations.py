"""Planted faults: each rule finds those that it is there for, and of all kinds together at least 95 % are found."""

from __future__ import annotations

import functools
import random

import pytest

from kubecheck.traces.findings import Verdict
from kubecheck.traces.rules import ALL
from kubecheck.traces.validate import validate
from tests.traces.faults import FAULTS
from tests.traces.mutate import DATA, Log, Outcome, campaign, judge, report

FOLDERS = sorted(path for path in DATA.iterdir() if path.is_dir())

FINDS = {
    "store.revision-order": ["two versions swapped", "a reused resourceVersion"],
    "store.revision-unique": ["a reused resourceVersion", "an altered read"],
    "store.create-absent": ["created although it exists"],
    "store.change-existing": ["updated after its removal"],
    "store.not-found": ["a 404 of what exists"],
    "store.lost-update": ["a stale PUT that succeeds", "created although it exists"],
    "store.conflict": ["a 409 without a conflict"],
    "store.uid": ["another uid", "a delete of another uid"],
    "store.no-op": ["a version for a no-op"],
    "store.fresh-read": ["a stale consistent read"],
    "store.deletion": ["a deletionTimestamp taken back", "a longer grace period"],
    "store.finalizers": ["a removal before its finalizers", "a finalizer added in deletion"],
    "store.generation": ["a generation that goes back", "a spec without a generation"],
    "store.observed-generation": ["an observedGeneration ahead", "a generation that goes back"],
    "store.status-subresource": ["a spec changed through status"],
    "watch.order": ["two deliveries swapped", "a delivery twice"],
    "watch.no-gap": ["a dropped delivery", "a delivery of the wrong type"],
    "watch.agreement": ["an altered delivery", "a deletion that was none"],
    "watch.relist": ["no state after 410", "an older state after 410"],
    "watch.bookmark": ["a bookmark too early", "a bookmark too late"],
    "pods.bound-once": ["a second binding", "a binding to another node", "a pod that moves"],
    "pods.bound-by-scheduler": ["a foreign binder", "a kubelet that binds"],
    "pods.bound-to-a-node": ["a binding to no node"],
    "pods.status-by-its-kubelet": ["a foreign kubelet's status", "a foreign controller's status"],
    "pods.terminal-phase": ["an ended pod that runs", "an end that changes"],
    "pods.deleted-not-seen-running": ["a status of a removed pod"],
    "pods.one-per-identity": ["a pod of no ordinal", "two pods of one ordinal"],
    "pods.ready-runs": ["a ready pod that is pending"],
    "nodes.own-kubelet": ["a foreign kubelet's node status", "a node registered by another"],
    "nodes.lease-holder": ["a foreign kubelet's lease", "a node lease held by another"],
    "nodes.taints": ["a taint by a controller that may not", "a taint by the scheduler"],
    "nodes.evictions": ["an eviction without a taint", "a taint eviction without a taint"],
    "controllers.owner": ["a foreign creator", "an owner that never was"],
    "controllers.replicaset-size": ["one pod too many"],
    "controllers.job-parallelism": ["one pod of a Job too many"],
    "controllers.daemonset-one-per-node": ["a second pod of a DaemonSet"],
    "controllers.statefulset-order": ["an ordinal too early", "an ordinal beyond replicas"],
    "controllers.rolling-update": ["a scale beyond maxSurge", "a scale below maxUnavailable"],
    "controllers.job-completions": ["completions too many", "a Job complete too early"],
    "controllers.job-tracking": ["a Job's pod not counted"],
    "controllers.endpoints": ["a wrong endpoint address", "an endpoint of no pod"],
    "controllers.leader-election": ["a lease taken too early", "a transition that was none"],
    "controllers.namespace-empty": ["something left in a namespace", "something created in a gone namespace"],
    "requests.authorised": ["forbidden and successful", "done although forbidden", "a write by nobody"],
    "requests.anonymous": ["an anonymous write"],
    "requests.role": ["a Deployment written by the scheduler", "a ReplicaSet written by a kubelet"],
    "requests.through-api": ["a lost write in the middle", "a refusal that took effect", "a dry run that took effect"],
    "requests.dry-run": ["a dry run with a version"],
}
"""rule -> the kinds of faults that it has to find: the negative control of each rule."""

BY_HAND = {"watch.not-from-the-future", "end-state.status-true"}
"""Rules that the recorded logs do not exercise: test_rules_by_hand.py has both controls."""


@functools.cache
def _log(name: str) -> Log:
    return Log(DATA / name)


@functools.cache
def _judged() -> dict[str, int]:
    """The positive control of all rules: how often each had something to judge in logs that conform."""
    counts: dict[str, int] = {}
    for folder in FOLDERS:
        for result in validate(_log(folder.name).sources()).rules:
            assert result.verdict is not Verdict.VIOLATED
            counts[result.name] = counts.get(result.name, 0) + result.judged
    return counts


@functools.cache
def _outcomes(kind: str) -> tuple[Outcome, ...]:
    """Up to two faults of this kind, in logs and at places chosen by the kind's name."""
    group, fault = FAULTS[kind]
    chosen = random.Random(kind)
    names = [folder.name for folder in FOLDERS]
    chosen.shuffle(names)
    found = []
    for name in [*names, *names]:
        planted = fault(_log(name).copied(), chosen)
        if planted is not None:
            found.append(judge(kind, group, planted))
        if len(found) == 2:
            break
    return tuple(found)


def test_every_rule_has_its_controls() -> None:
    assert {rule.name for rule in ALL} == set(FINDS) | BY_HAND | {"end-state.reached", "end-state.endpoints"}
    assert {kind for kinds in FINDS.values() for kind in kinds} <= set(FAULTS)
    for subject in ("store", "watch", "pods", "nodes", "controllers", "requests", "end-state"):
        assert sum(group == subject for group, _ in FAULTS.values()) >= 2


@pytest.mark.parametrize("rule", sorted(FINDS))
def test_rule_is_exercised_by_logs_that_conform(rule: str) -> None:
    assert _judged()[rule] > 0


@pytest.mark.parametrize(("rule", "kind"), [(rule, kind) for rule, kinds in sorted(FINDS.items()) for kind in kinds])
def test_rule_finds_its_fault(rule: str, kind: str) -> None:
    outcomes = _outcomes(kind)
    assert outcomes, "no log has a place for this fault"
    assert any(rule in outcome.rules for outcome in outcomes), outcomes


@pytest.mark.parametrize("kind", [kind for kind, (group, _) in FAULTS.items() if group in ("end-state", "malformed")])
def test_open_ends_and_broken_lines_are_told(kind: str) -> None:
    assert _outcomes(kind)
    assert all(outcome.found for outcome in _outcomes(kind)), _outcomes(kind)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_share_found(seed: int) -> None:
    outcomes = campaign(FOLDERS, FAULTS, seed=seed, each=3)
    print(report(outcomes))
    assert sum(outcome.found for outcome in outcomes) >= 0.95 * len(outcomes), report(outcomes)
