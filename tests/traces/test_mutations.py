"""Planted faults: each rule finds those that it is there for, and of all kinds together at least 95 % are found."""

from __future__ import annotations

import functools
import random

import pytest

from kubecheck.traces.findings import Verdict
from kubecheck.traces.rules import ALL
from kubecheck.traces.validate import validate
from tests.traces.faults import FAULTS, FIRST
from tests.traces.faults.semantics import SEMANTICS
from tests.traces.mutate import DATA, Fault, Log, Outcome, campaign, judge, report

FOLDERS = sorted(path for path in DATA.iterdir() if path.is_dir())

FINDS = {
    "store.revision-order": [
        "two versions swapped",
        "a reused resourceVersion",
        "a StatefulSet's pod beside its old one",
        "a no-op that gets a version",
        "a version below one answered earlier",
        "an AlreadyExists that was a success",
    ],
    "store.revision-unique": [
        "a reused resourceVersion",
        "an altered read",
        "a no-op that answers other content",
        "two creations with one version",
    ],
    "store.create-absent": [
        "created although it exists",
        "a uid used again after the removal",
        "an AlreadyExists that was a success",
        "patched before it was created",
    ],
    "store.change-existing": ["updated after its removal", "a second DELETE that succeeds"],
    "store.not-found": [
        "a 404 of what exists",
        "a DELETE of what exists refused with 404",
        "an update of what exists refused with 404",
    ],
    "store.lost-update": [
        "a stale PUT that succeeds",
        "created although it exists",
        "a DELETE with an old version that succeeds",
        "a PATCH of an old version that succeeds",
        "a write between read and write",
    ],
    "store.conflict": [
        "a 409 without a conflict",
        "a conflict of a uid that fits",
        "a no-op that gets a version",
        "an AlreadyExists of a free name",
    ],
    "store.uid": [
        "another uid",
        "a delete of another uid",
        "a PUT of another uid that succeeds",
        "an AlreadyExists that was a success",
        "two objects of one uid",
    ],
    "store.no-op": [
        "a version for a no-op",
        "a no-op that gets a version",
        "a version without a change, in every telling",
        "two writes of one object in the wrong order",
    ],
    "store.fresh-read": [
        "a stale consistent read",
        "a read of the removed",
        "a read of what was not yet written",
        "an AlreadyExists that was a success",
        "a GET older than it asked for",
    ],
    "store.deletion": [
        "a deletionTimestamp taken back",
        "a longer grace period",
        "a deletion put off, in every telling",
        "a deletion that nobody asked for",
    ],
    "store.finalizers": [
        "a removal before its finalizers",
        "a finalizer added in deletion",
        "a finalizer added in deletion, in every telling",
    ],
    "store.generation": [
        "a generation that goes back",
        "a spec without a generation",
        "a generation that jumps, in every telling",
        "a status write that raises the generation, in every telling",
        "an old ReplicaSet that grows in a rollout",
    ],
    "store.observed-generation": [
        "an observedGeneration ahead",
        "a generation that goes back",
        "an observedGeneration ahead, in every telling",
    ],
    "store.status-subresource": [
        "a spec changed through status",
        "a kubelet that taints its node",
        "a status changed past its subresource",
        "an old ReplicaSet that grows in a rollout",
        "labels of a Deployment changed through status",
    ],
    "store.creation": [
        "a creation of generation 5, in every telling",
        "a creation with a status, in every telling",
        "a creation an hour early, in every telling",
        "a pod that runs nowhere",
    ],
    "store.immutable-fields": [
        "a creationTimestamp that changes, in every telling",
        "a selector that changes, in every telling",
        "a service account that changes, in every telling",
    ],
    "store.answers-its-object": ["a GET of another object", "a PUT answered with another object"],
    "store.list": [
        "a list with an item of the future",
        "a list with other content",
        "a consistent list from before a write",
    ],
    "watch.creations": ["a pod that a stream never tells of", "a creation and a removal that a stream skips"],
    "pods.graceful-deletion": ["a running pod removed at once", "a kubelet that removes what nobody deleted"],
    "pods.start-time": ["a startTime that changes, in every telling", "a pod that runs nowhere"],
    "controllers.status-counts": [
        "more ready than there are, in every telling",
        "pods counted that never were, in every telling",
    ],
    "controllers.job-end": [
        "a failed that goes back, in every telling",
        "a Job that is Complete and Failed, in every telling",
    ],
    "controllers.pod-from-template": [
        "a pod without its owner's labels",
        "a pod of another image",
        "a pod of a suspended Job, in every telling",
    ],
    "controllers.endpoint-selection": [
        "an endpoint twice, in every telling",
        "an endpoint that is not selected, in every telling",
    ],
    "controllers.garbage-collector": [
        "a collected object whose owner exists",
        "a collected object without an owner",
    ],
    "watch.order": [
        "two deliveries swapped",
        "a delivery twice",
        "a StatefulSet's pod beside its old one",
        "a delivery some places late",
        "an initial state that ends below its objects",
        "an old delivery at the end",
    ],
    "watch.no-gap": [
        "a dropped delivery",
        "a delivery of the wrong type",
        "a StatefulSet's pod beside its old one",
        "a deletion never told",
        "a deletion of another uid",
        "a delivery some places late",
        "a no-op that gets a version",
        "a write between read and write",
        "an object missing after 410",
        "changed after its deletion in a stream",
        "deleted twice in a stream",
    ],
    "watch.agreement": [
        "an altered delivery",
        "a deletion that was none",
        "a creation told with what was written later",
        "a removal with its finalizer, in every telling",
        "the content of before under the new version",
        "two writes of one object in the wrong order",
    ],
    "watch.not-from-the-future": ["a delivery before its write", "a bookmark ahead of time"],
    "watch.relist": ["no state after 410", "an older state after 410"],
    "watch.bookmark": ["a bookmark too early", "a bookmark too late", "an initial state that ends below its objects"],
    "pods.bound-once": [
        "a second binding",
        "a binding to another node",
        "a pod that moves",
        "a nodeName taken back, in every telling",
        "a removed pod bound",
    ],
    "pods.bound-by-scheduler": ["a foreign binder", "a kubelet that binds"],
    "pods.bound-to-a-node": [
        "a binding to no node",
        "a node registered in another's name",
        "a node that never was, in every telling",
    ],
    "pods.status-by-its-kubelet": [
        "a foreign kubelet's status",
        "a foreign controller's status",
        "a kubelet deletes another node's pod",
        "a node that never was, in every telling",
        "a status of another node's pod, in every telling",
    ],
    "pods.terminal-phase": [
        "an ended pod that runs",
        "an end that changes",
        "a container of an ended pod that starts again",
        "an ended pod that runs, in every telling",
    ],
    "pods.deleted-not-seen-running": ["a status of a removed pod", "a stream that tells of a removed pod"],
    "pods.one-per-identity": ["a pod of no ordinal", "two pods of one ordinal", "a wrong pod index, in every telling"],
    "pods.ready-runs": [
        "a ready pod that is pending",
        "Ready after its end",
        "Ready while its containers are not",
        "Ready without a node",
    ],
    "nodes.own-kubelet": [
        "a foreign kubelet's node status",
        "a node registered by another",
        "a kubelet deletes another node",
        "a node registered in another's name",
        "a kubelet that taints its node",
    ],
    "nodes.lease-holder": [
        "a foreign kubelet's lease",
        "a node lease held by another",
        "a node lease renewed by a controller",
        "a node lease that changes hands, in every telling",
    ],
    "nodes.taints": [
        "a taint by a controller that may not",
        "a taint by the scheduler",
        "a kubelet deletes another node",
    ],
    "nodes.evictions": [
        "an eviction without a taint",
        "a taint eviction without a taint",
        "an eviction from the wrong node",
    ],
    "controllers.owner": [
        "a foreign creator",
        "an owner that never was",
        "an owner of another kind",
        "an owner under another name",
        "two controllers own it",
    ],
    "controllers.replicaset-size": [
        "one pod too many",
        "a pod for a ReplicaSet of none",
        "a pod for a full ReplicaSet at the end",
    ],
    "controllers.job-parallelism": ["one pod of a Job too many", "a Job's pod after the Job was complete"],
    "controllers.daemonset-one-per-node": [
        "a second pod of a DaemonSet",
        "a pod of a DaemonSet for no node",
        "two pods of a DaemonSet for one node, in every telling",
    ],
    "controllers.statefulset-order": [
        "an ordinal too early",
        "an ordinal beyond replicas",
        "a StatefulSet deletes a healthy pod that it wants",
    ],
    "controllers.rolling-update": [
        "a scale beyond maxSurge",
        "a scale below maxUnavailable",
        "an old ReplicaSet that grows in a rollout",
        "the new ReplicaSet at once",
    ],
    "controllers.job-completions": [
        "completions too many",
        "a Job complete too early",
        "a success that no pod had, in every telling",
        "succeeded that goes back, in every telling",
    ],
    "controllers.job-tracking": ["a Job's pod not counted", "the tracking finalizer taken off a running pod"],
    "controllers.endpoints": [
        "a wrong endpoint address",
        "an endpoint of no pod",
        "an endpoint ready before its pod, in every telling",
        "two endpoints with each other's address",
    ],
    "controllers.leader-election": [
        "a lease taken too early",
        "a transition that was none",
        "a holder that changes without a transition, in every telling",
        "a takeover without a count, in every telling",
    ],
    "controllers.namespace-empty": [
        "something left in a namespace",
        "something created in a gone namespace",
        "a creation in a namespace that goes",
    ],
    "requests.authorised": [
        "forbidden and successful",
        "done although forbidden",
        "a write by nobody",
        "a request without a valid token that succeeds",
    ],
    "requests.anonymous": ["an anonymous write", "an anonymous read of a Secret"],
    "requests.role": [
        "a Deployment written by the scheduler",
        "a ReplicaSet written by a kubelet",
        "a Deployment created by the job controller",
        "a Service created by a kubelet",
        "a kubelet deletes another node",
        "a node lease renewed by a controller",
        "a node registered in another's name",
        "a pod deleted by the endpoint controller",
        "a scheduler that reads a Secret",
        "a kubelet that lists all Secrets",
        "a kubelet's pod that is no mirror pod",
    ],
    "requests.through-api": [
        "a lost write in the middle",
        "a refusal that took effect",
        "a dry run that took effect",
        "a binding that nobody made",
        "a dry run that is read afterwards",
        "a read of a version that nobody wrote",
        "a version below one answered earlier",
        "a version that nobody wrote, in a stream",
        "a dry-run deletion that marks",
    ],
    "requests.dry-run": ["a dry run with a version", "a dry-run creation with a version"],
    "controllers.former-leader": ["a former leader that creates pods", "a former leader that writes Deployments"],
    "end-state.reached": ["an end that is not reached", "an end that was not observed"],
    "end-state.status-true": ["a status at rest that counts too many", "a status at rest with too many ready"],
    "end-state.endpoints": ["an endpoint missing at the end", "an endpoint not ready at the end"],
}
"""rule -> the kinds of faults that it has to find: the negative control of each rule."""


ELSEWHERE = {
    "a lost write in the middle": "the line is gone",
    "a binding that nobody made": "the line is gone",
    "an object missing after 410": "the line is gone; it shows at the object's next change",
    "two writes of one object in the wrong order": "their versions are swapped: it may show at either",
    "something left in a namespace": "the deletion is gone; it shows at the namespace's removal",
}
"""Kinds whose contradiction does not show at the planted line, and why. (What is open when the log ends has no line.)"""
OPEN = {kind for kind, (group, _) in FAULTS.items() if group in ("end-state", "malformed")} - {
    "a status at rest that counts too many", "a status at rest with too many ready",
}


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
def _outcomes(kind: str, most: int) -> tuple[Outcome, ...]:
    """Up to so many faults of this kind, in logs and at places chosen by the kind's name."""
    group, fault = FAULTS[kind]
    chosen = random.Random(kind)
    names = [folder.name for folder in FOLDERS]
    chosen.shuffle(names)
    names.sort(key=lambda name: name.startswith("s12"))  # three times as long as the others
    found: list[Outcome] = []
    for name in [*names, *names]:
        if len(found) == most:
            break
        planted = fault(_log(name).copied(), chosen)
        if planted is not None:
            found.append(judge(kind, group, planted))
    return tuple(found)


def test_every_rule_has_its_controls() -> None:
    assert {rule.name for rule in ALL} == set(FINDS)
    assert {kind for kinds in FINDS.values() for kind in kinds} <= set(FAULTS)
    assert all(len(kinds) >= 2 for kinds in FINDS.values())
    assert not FIRST.keys() & SEMANTICS.keys()


NOT_RECORDED = {"end-state.status-true"}
"""Rules to which the recorded logs give nothing to judge: they end too early (test_rules_table.py has a log that conforms)."""


@pytest.mark.parametrize("rule", sorted(FINDS.keys() - NOT_RECORDED))
def test_rule_is_exercised_by_logs_that_conform(rule: str) -> None:
    assert _judged()[rule] > 0


@pytest.mark.parametrize(("rule", "kind"), [(rule, kind) for rule, kinds in sorted(FINDS.items()) for kind in kinds])
def test_rule_finds_its_fault(rule: str, kind: str) -> None:
    assert _outcomes(kind, 1), "no log has a place for this fault"
    assert any(rule in outcome.rules for most in (1, 6) for outcome in _outcomes(kind, most)), _outcomes(kind, 6)


@pytest.mark.parametrize("kind", sorted(FAULTS.keys() - ELSEWHERE.keys() - OPEN))
def test_the_planted_line_is_shown(kind: str) -> None:
    """By a rule that is there for it, if the table names one."""
    wanted = {rule for rule, kinds in FINDS.items() if kind in kinds}
    assert any(wanted & set(outcome.shown) or (not wanted and outcome.shown)
               for most in (1, 6) for outcome in _outcomes(kind, most)), _outcomes(kind, 6)


@pytest.mark.parametrize("kind", [kind for kind, (group, _) in FAULTS.items() if group in ("end-state", "malformed")])
def test_open_ends_and_broken_lines_are_told(kind: str) -> None:
    assert _outcomes(kind, 2)
    assert all(outcome.found for outcome in _outcomes(kind, 2)), _outcomes(kind, 2)


def test_one_fault_of_each_kind() -> None:
    """One of each kind: those written with the rules, and those written without them, each 95 % and more."""
    for kinds in (FIRST, SEMANTICS):
        outcomes = [outcome for kind in kinds for outcome in _outcomes(kind, 1)]
        assert len(outcomes) == len(kinds), "a kind has no place in any log"
        assert sum(outcome.found for outcome in outcomes) >= 0.95 * len(outcomes), report(outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [FIRST, SEMANTICS], ids=["first", "semantics"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_share_found(seed: int, kinds: dict[str, tuple[str, Fault]]) -> None:
    outcomes = campaign(FOLDERS, kinds, seed=seed, each=3)
    print(report(outcomes))
    assert sum(outcome.found for outcome in outcomes) >= 0.95 * len(outcomes), report(outcomes)
