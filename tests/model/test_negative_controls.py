"""Each property is violated when its protection is removed, and holds, in the same scope, when it is not.

A property that nothing can break says nothing. The scopes are as small as shows it; the path's length is pinned, for it is
the shortest one.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.cli.subjects import ScopeOptions, manifest_scope
from kubecheck.model import ClusterScope, Kind, ScopeError, Strategy, deployment_controller, kubelet_workers
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.bugs import replaced_pod
from kubecheck.model.cluster import cluster
from kubecheck.model.feature_list import OF_WORKLOADS
from kubecheck.model.manifest import read_file
from kubecheck.model.objects import Deployment, DeploymentStatus, Node, PodObject
from kubecheck.model.scenarios import WORKLOADS

WEB = Path(__file__).parents[2] / "examples" / "web.yaml"
SAFETY = ("invariant", "step invariant")

BARE: dict[str, Any] = {"kind": Kind.REPLICA_SET, "replicas": 1}
ROLLOUT: dict[str, Any] = {"replicas": 1, "templates": 2, "image_changes": 1, "deployment_status": False}
TWO_SERVERS: dict[str, Any] = {**BARE, "pods": 2, "api_servers": 2}
NAMED: dict[str, Any] = {"kind": Kind.POD, "replicas": 1, "recreations": 1, "nodes": 2}
TOLD: dict[str, Any] = {"replicas": 1, "templates": 2, "image_changes": 1}
APPLIED_TWICE: dict[str, Any] = {**BARE, "pods": 2, "applies": 2, "deletes": 1, "scales": 1, "least_replicas": 0}


@dataclass(frozen=True)
class Control:
    """A property, the features whose absence breaks it, a scope, and the number of steps to the violation.

    `fix` is a feature that no release has and without which the property is violated already.
    """

    violates: str
    without: tuple[str, ...]
    scope: ClusterScope
    steps: int
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.violates} without {', '.join(self.without) or self.fix}"


CONTROLS = (
    Control(
        "no_update_is_lost",
        ("optimistic-lock",),
        ClusterScope(**ROLLOUT, conflicts=1, lag_replica_sets=2),
        13,
    ),
    Control(
        "pods_are_bound_once",
        ("binding-check", "scheduler-assume"),
        ClusterScope(**BARE, nodes=2, lag_scheduler=2),
        5,
    ),
    Control(
        "pods_are_bound_to_existing_nodes",
        ("scheduler-known-nodes",),
        ClusterScope(**BARE, nodes=2, registered=1),
        3,
    ),
    Control(
        "nodes_have_room",
        ("scheduler-assume",),
        ClusterScope(kind=Kind.REPLICA_SET, replicas=2, nodes=2, capacity=1, lag_scheduler=2),
        7,
    ),
    Control(
        "no_pod_too_many",
        ("expectations",),
        ClusterScope(**BARE, pods=2, lag_pods=2, release="1.35"),
        3,
    ),
    Control(
        "no_pod_too_many",
        ("expectations", "stale-write-guard"),
        ClusterScope(**BARE, pods=2, lag_pods=2),
        3,
    ),
    Control(
        "no_more_pods_than_replicas",
        ("expectations", "stale-write-guard"),
        ClusterScope(**BARE, pods=2, lag_pods=2),
        3,
    ),
    Control(
        "no_pod_too_many_after_a_restart",
        ("consistent-list",),
        ClusterScope(**TWO_SERVERS, crashes=1, lag_pods=2, cache_lag_pods=2),
        4,
    ),
    Control(
        "view_of_pods_never_goes_back",
        ("relist-at-last-version",),
        ClusterScope(**TWO_SERVERS, broken_watches=1, lag_pods=1, cache_lag_pods=1),
        4,
    ),
    Control(
        "view_of_replica_sets_never_goes_back",
        ("relist-at-last-version",),
        ClusterScope(**TWO_SERVERS, broken_watches=1, lag_replica_sets=1, cache_lag_replica_sets=1),
        3,
    ),
    Control(
        "replica_set_has_converged",
        ("requeue-on-error",),
        ClusterScope(**BARE, lag_pods=1, lag_replica_sets=1, request_failures=1),
        4,
    ),
    Control(
        "deployment_has_converged",
        ("requeue-on-error",),
        ClusterScope(replicas=1, lag_deployments=1, lag_replica_sets=1, lag_pods=1, request_failures=1),
        4,
    ),
    Control(
        "paused_deployment_makes_no_pods",
        ("pause",),
        ClusterScope(replicas=1, paused=True),
        3,
    ),
    Control(
        "nothing_is_left_behind",
        ("garbage-collection",),
        ClusterScope(replicas=1, deletes=1),
        7,
    ),
    Control(
        "pods_count_where_they_are",
        ("scheduler-forget",),
        ClusterScope(**BARE, nodes=2, lag_scheduler=2, request_failures=1),
        7,
    ),
    Control(
        "replica_set_has_converged",
        ("tombstone-cleanup",),
        ClusterScope(**BARE, pods=2, capacity=1, lag_scheduler=2, scheduler_relists=1, force_deletes=1),
        9,
    ),
    Control(
        "replica_set_has_converged",
        ("delete-resets-expectations",),
        ClusterScope(**BARE, pods=3, applies=2, deletes=1, lag_pods=1, lag_replica_sets=2),
        12,
    ),
    Control(
        "bound_pods_are_admitted",
        ("terminal-phase-last",),
        ClusterScope(**BARE, capacity=1, pod_failures=1, container_steps=True),
        9,
    ),
    Control(
        "terminal_phases_are_final",
        ("terminal-phase-final",),
        ClusterScope(**BARE, pods=2, scales=1, least_replicas=0, container_steps=True),
        7,
    ),
    Control(
        "recreate_never_mixes_templates",
        ("recreate-waits-for-pods",),
        ClusterScope(**ROLLOUT, strategy=Strategy.RECREATE),
        7,
    ),
    Control(
        "deployment_has_converged",
        ("recreate-skips-ended",),
        ClusterScope(**ROLLOUT, strategy=Strategy.RECREATE, pod_failures=1),
        10,
    ),
    Control(
        "deployment_has_converged",
        ("terminating-replicas",),
        ClusterScope(**ROLLOUT, strategy=Strategy.RECREATE, pod_failures=1),
        15,
    ),
    Control(
        "deployment_has_converged",
        (),
        ClusterScope(**ROLLOUT, strategy=Strategy.RECREATE, pod_failures=1, release="1.34"),
        15,
        fix="recreate-ended-pods",
    ),
    Control(
        "surge_is_bounded",
        ("max-surge",),
        ClusterScope(replicas=2, templates=2, image_changes=1, deployment_status=False),
        4,
    ),
    Control(
        "unavailability_is_bounded",
        ("max-unavailable",),
        ClusterScope(replicas=2, templates=2, image_changes=1, deployment_status=False),
        5,
    ),
    Control(
        "unavailability_is_bounded",
        (),
        ClusterScope(replicas=2, templates=2, image_changes=2, deployment_status=False),
        23,
        fix="available-up-to-spec",
    ),
    Control(
        "nodes_have_room",
        ("client-consistent-list",),
        ClusterScope(
            kind=Kind.REPLICA_SET,
            replicas=2,
            nodes=2,
            capacity=1,
            scheduler_crashes=1,
            api_servers=2,
            lag_scheduler=2,
            lag_pods=2,
            cache_lag_pods=2,
        ),
        11,
    ),
    Control(
        "view_of_deployments_never_goes_back",
        ("relist-at-last-version",),
        ClusterScope(**ROLLOUT, api_servers=2, broken_watches=1, lag_deployments=1, cache_lag_deployments=1),
        3,
    ),
    Control(
        "informer_of_deployments_skips_nothing",
        ("relist-at-last-version",),
        ClusterScope(**TOLD, api_servers=2, broken_watches=1, lag_deployments=2),
        3,
    ),
    Control(
        "no_update_of_a_deployment_is_lost",
        ("optimistic-lock", "status-subresource"),
        ClusterScope(**TOLD, lag_deployments=2, conflicts_of_deployments=1),
        7,
    ),
    Control(
        "informer_of_pods_skips_nothing",
        ("relist-at-last-version",),
        ClusterScope(**TWO_SERVERS, broken_watches=1, lag_pods=2),
        4,
    ),
    Control(
        "informer_of_replica_sets_skips_nothing",
        ("relist-at-last-version",),
        ClusterScope(**TWO_SERVERS, broken_watches=1, lag_replica_sets=2, scales=1, least_replicas=0),
        3,
    ),
    Control(
        "spec_is_the_users",
        ("optimistic-lock", "status-subresource"),
        ClusterScope(**TOLD, lag_deployments=2),
        7,
    ),
    Control(
        "edits_undo_nothing",
        ("optimistic-lock",),
        ClusterScope(**ROLLOUT, edits=1, most_replicas=2),
        4,
    ),
    Control(
        "owners_outlive_what_they_own",
        ("foreground-finalizer",),
        ClusterScope(**ROLLOUT, deletes=1, foreground=True),
        3,
    ),
    Control(
        "owners_outlive_what_they_own",
        ("foreground-finalizer",),
        ClusterScope(**BARE, deletes=1, foreground=True),
        3,
    ),
    Control(
        "rollout_is_complete_when_told",
        ("observed-generation",),
        ClusterScope(**TOLD, generations=True),
        8,
    ),
    Control(
        "observed_generation_is_never_ahead",
        (),
        ClusterScope(**APPLIED_TWICE, lag_replica_sets=3, generations=True),
        8,
        fix="uid-on-status-retry",
    ),
    Control(
        "at_most_one_container_per_name",
        ("no-force-deletion",),
        ClusterScope(**NAMED, cut_offs=1),
        11,
    ),
    Control(
        "at_most_one_container_per_name",
        ("client-consistent-list",),
        ClusterScope(**NAMED, deletes=1, kubelet_restarts=1, api_servers=2, cache_lag_pods=5),
        16,
    ),
    Control(
        "terminal_phases_are_final",
        ("ended-pods-not-readmitted",),
        ClusterScope(kind=Kind.POD, replicas=1, completions=1, kubelet_restarts=1),
        8,
    ),
    Control(
        "status_is_the_own_kubelets",
        ("uid-on-status",),
        ClusterScope(**NAMED, deletes=1, force_deletes=1),
        8,
    ),
    Control(
        "only_deleted_pods_are_removed",
        ("uid-on-delete",),
        ClusterScope(**NAMED, deletes=1, force_deletes=1),
        10,
    ),
    Control(
        "pods_run",
        (),
        ClusterScope(
            **{**NAMED, "nodes": 1},
            capacity=1,
            deletes=1,
            force_deletes=1,
            lag_scheduler=3,
            scheduler_relists=1,
        ),
        6,
        fix="split-recreated-update",
    ),
    Control("full_nodes_get_no_pod", ("atomic-pod-replacement",), replaced_pod.SCOPE, 9),
)


def protected(control: Control) -> ClusterScope:
    """The control's scope with every protection that there is, and the fix that it is about."""
    scope = control.scope
    if scope.release != ClusterScope().release:
        scope = dataclasses.replace(scope, release=ClusterScope().release)
    if control.fix:
        scope = dataclasses.replace(scope, fixes=(control.fix,))
    return scope


@pytest.mark.parametrize("control", CONTROLS, ids=str)
def test_property_is_violated_without_its_protection(control: Control) -> None:
    report = checker.check(cluster(dataclasses.replace(control.scope, without=control.without)))
    violated = [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED]
    assert control.violates in violated
    assert report.found in violated
    assert len(report.path) - 1 == control.steps


# Of these it is not decided whether everything comes to rest: as long as a controller's informer shows a ReplicaSet that is gone, pods
# are made for it and collected; that ends when the informer is told, which is a matter of fairness.
LOOPS = {
    "replica_set_has_converged without delete-resets-expectations",
    "observed_generation_is_never_ahead without uid-on-status-retry",
}


@pytest.mark.parametrize(
    "control", [pytest.param(c, id=str(c), marks=() if n % 3 == 0 else pytest.mark.slow) for n, c in enumerate(CONTROLS)]
)
def test_property_holds_with_its_protection(control: Control) -> None:
    report = checker.check(cluster(protected(control)))
    if str(control) in LOOPS:
        assert report.verdict is checker.Verdict.INCOMPLETE
        assert {step.action for step in report.path[(report.back_to or 0) + 1 :]} >= {"create_pod", "collect_pod"}
    else:
        assert report.verdict is checker.Verdict.HOLDS
    assert next(p.premise for p in report.properties if p.name == control.violates) > 0


@pytest.mark.parametrize("without", ["expectations", "stale-write-guard"])
def test_either_of_two_protections_keeps_pods_from_being_created_twice(without: str) -> None:
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=2, pods=4, lag_pods=3, without=(without,))
    assert checker.check(cluster(scope)).verdict is checker.Verdict.HOLDS


@pytest.mark.parametrize("without", ["binding-check", "scheduler-assume"])
def test_either_of_two_protections_keeps_pods_from_being_bound_twice(without: str) -> None:
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, nodes=2, lag_scheduler=3, without=(without,))
    assert checker.check(cluster(scope)).verdict is checker.Verdict.HOLDS


def scopes_with_each_switch() -> Iterator[ClusterScope]:
    """The scopes of all scenarios and controls, and one with every number and every switch that a scope has."""
    yield from (scenario.scope for scenario in WORKLOADS.values())
    yield from (control.scope for control in CONTROLS)
    everything: dict[str, Any] = {
        "replicas": 2,
        "templates": 2,
        "scales": 1,
        "least_replicas": 1,
        "image_changes": 1,
        "paused": True,
        "resumes": 1,
        "deletes": 1,
        "registered": 0,
        "nodes": 2,
        "capacity": 2,
        "container_steps": True,
        "api_servers": 2,
        "foreground": True,
        "cut_offs": 1,
        "edits": 1,
        "generations": True,
        **dict.fromkeys(("crashes", "pod_failures", "conflicts", "request_failures", "broken_watches"), 1),
        **dict.fromkeys(("scheduler_crashes", "conflicts_of_deployments", "conflicts_of_pods"), 1),
        **dict.fromkeys(("lost_responses", "api_server_crashes", "scheduler_relists", "expiries", "force_deletes", "resyncs"), 1),
        **dict.fromkeys(("lag_deployments", "lag_replica_sets", "lag_pods", "lag_scheduler"), 2),
        **dict.fromkeys(("cache_lag_deployments", "cache_lag_replica_sets", "cache_lag_pods"), 2),
    }
    used = {*everything, "kind", "strategy", "most_replicas", "max_surge", "max_unavailable", "pods"}
    used |= {
        "deployment_status",
        "release",
        "without",
        "fixes",
    }  # the first is on; the others are no parts of a cluster
    named = {
        "recreations": 1,
        "pinned": 1,
        "cut_offs": 1,
        "kubelet_restarts": 1,
        "api_servers": 2,
        "cache_lag_pods": 2,
        "deletes": 1,
    }
    used |= {*named, "applies", "completions"}
    assert used == {f.name for f in dataclasses.fields(ClusterScope)}
    for strategy in Strategy:
        yield ClusterScope(**everything, strategy=strategy)
        # a property may also be there only where something is not
        for name in everything:
            fewer = {n: v for n, v in everything.items() if n != name}
            with contextlib.suppress(ScopeError):
                yield ClusterScope(**fewer, strategy=strategy)
    bare = {n: v for n, v in everything.items() if n not in ("templates", "image_changes", "paused", "resumes")}
    bare.pop("edits")
    bare.pop("conflicts_of_deployments")
    yield ClusterScope(**bare, kind=Kind.REPLICA_SET)
    yield ClusterScope(**bare, kind=Kind.REPLICA_SET, applies=2)
    for force_deletes in (0, 1):
        yield ClusterScope(kind=Kind.POD, replicas=1, nodes=2, **named, force_deletes=force_deletes)
        yield ClusterScope(kind=Kind.POD, replicas=1, nodes=2, **named, force_deletes=force_deletes, completions=1)


def test_every_property_has_a_negative_control() -> None:
    declared = {
        p.name: p.kind
        for scope in scopes_with_each_switch()
        for p in cluster(scope).properties
        if p.kind != "reachable"
    }
    limits = {name for name, kind in declared.items() if kind == "limit"}
    assert limits == {"no_creation_waits_for_a_slot"}  # its control: test_limits.py
    assert set(declared) - limits == {c.violates for c in CONTROLS} | set(WRONG_CONTROLLERS)


# --- what no feature can break, and a controller that is wrong can


def one_too_many(scope: ClusterScope, replicas: int) -> int:
    """maxSurge as a controller has it that rounds a percentage up and adds one."""
    return (scope.bounds.surge.value * replicas + 99) // 100 + 1


def rounded_up(scope: ClusterScope, replicas: int) -> int:
    """maxUnavailable as a controller has it that rounds a percentage up."""
    return (scope.bounds.unavailable.value * replicas + 99) // 100


def status_of_tomorrow(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> DeploymentStatus:
    """The status as a controller has it that tells of a generation that it has not seen."""
    seen = deployment_controller.deployment_in_view(api, scope, deployment)
    return DeploymentStatus(observed=min(seen.generation + 1, 2))


ROLLOUT_OF_TWO = ClusterScope(replicas=2, templates=2, image_changes=1, deployment_status=False)
WRONG_CONTROLLERS: dict[str, tuple[str, Any, ClusterScope]] = {
    "surge_is_bounded": ("max_surge", one_too_many, ROLLOUT_OF_TWO),
    "unavailability_is_bounded": ("max_unavailable", rounded_up, ROLLOUT_OF_TWO),
    "observed_generation_of_a_deployment_is_never_ahead": (
        "status_of",
        status_of_tomorrow,
        ClusterScope(replicas=1, templates=2, image_changes=1, generations=True),
    ),
}


@pytest.mark.parametrize("violates", WRONG_CONTROLLERS)
def test_a_controller_that_is_wrong_does_not_judge_itself(violates: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong, scope = WRONG_CONTROLLERS[violates]
    report = checker.check(cluster(scope))
    assert report.verdict is checker.Verdict.HOLDS
    assert next(p.premise for p in report.properties if p.name == violates) > 0
    monkeypatch.setattr(deployment_controller, name, wrong)
    assert checker.check(cluster(scope)).found == violates


def wants_everything(seen: PodObject, node: Node, uid: int) -> bool:
    """Whether a pod is to run, as a kubelet has it that does not look for a deletionTimestamp."""
    return seen.node == node and seen.uid == uid


def test_a_kubelet_that_stops_nothing_leaves_deletions_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = ClusterScope(kind=Kind.POD, replicas=1, deletes=1)
    assert checker.check(cluster(scope)).verdict is checker.Verdict.HOLDS
    monkeypatch.setattr(kubelet_workers, "is_wanted", wants_everything)
    report = checker.check(cluster(scope))
    assert report.found == "pods_run"
    assert len(report.path) - 1 == 6


def test_every_feature_has_something_to_show() -> None:
    """Each is in a control; what is not says why, and has a test of its own."""
    shown = {name for control in CONTROLS for name in (*control.without, control.fix) if name}
    elsewhere = {
        "no-op-writes": "test_apiserver.py: an event more changes no verdict",
        "handlers-synced": "model/bugs/deaf_scheduler.py",
        "refresh-scale-annotation": "model/bugs/stuck_rollout.py, and the scenario stuck-rollout-fixed",
    }
    assert shown | set(elsewhere) == {feature.name for feature in OF_WORKLOADS}
    assert not shown & set(elsewhere)


def test_what_no_missing_protection_could_break_is_not_declared() -> None:
    """A scope in which nothing lags has only the bounds of a rolling update, which lag does not matter for, to boast of."""
    scope = ClusterScope(replicas=2, templates=2, image_changes=1, crashes=1, pod_failures=1)
    bounds = ["surge_is_bounded", "unavailability_is_bounded"]
    assert [p.name for p in cluster(scope).properties if p.kind in SAFETY] == bounds
    scope = ClusterScope(replicas=2, crashes=1, pod_failures=1)
    assert [p.name for p in cluster(scope).properties if p.kind in SAFETY] == []


@pytest.fixture(scope="module")
def manifest_scope_of_web() -> ClusterScope:
    """What `kubecheck check examples/web.yaml --replicas 1` explores."""
    (workload,) = read_file(str(WEB)).workloads
    scope, *_ = manifest_scope(workload, ScopeOptions(replicas=1))
    return scope


def test_every_safety_property_of_a_manifest_is_violated_without_a_protection(
    manifest_scope_of_web: ClusterScope,
) -> None:
    assert checker.check(cluster(manifest_scope_of_web)).verdict is checker.Verdict.HOLDS
    declared = {p.name for p in cluster(manifest_scope_of_web).properties if p.kind in SAFETY}
    broken: set[str] = set()
    for control in CONTROLS:
        if control.violates in declared:
            report = checker.check(cluster(dataclasses.replace(manifest_scope_of_web, without=control.without)))
            if report.verdict is checker.Verdict.VIOLATED:
                broken.add(report.found)
    assert declared
    assert broken == declared
