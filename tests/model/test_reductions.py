"""What keeps clusters small does not change what is found: the same verdicts with and without it, in small scopes.

docs/model.md says why each reduction is sound; here they are tried, where a property holds and where one is violated.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model import ClusterScope, Kind, Strategy
from kubecheck.model.cluster import cluster
from tests.quick import some

ROLLOUT: dict[str, Any] = {"replicas": 1, "templates": 2, "image_changes": 1}
SCOPES = {
    "rollout": ClusterScope(**ROLLOUT, crashes=1),
    "recreate": ClusterScope(**ROLLOUT, strategy=Strategy.RECREATE, pod_failures=1),
    "scale": ClusterScope(**ROLLOUT, scales=1, least_replicas=0),
    "stuck rollout": ClusterScope(
        replicas=2,
        templates=2,
        image_changes=1,
        scales=1,
        least_replicas=1,
        max_surge=0,
        max_unavailable=1,
        deployment_status=False,
    ),
    "pods created twice": ClusterScope(
        kind=Kind.REPLICA_SET, replicas=1, pods=2, lag_pods=2, without=("expectations",), release="1.35"
    ),
    "node overfull": ClusterScope(
        kind=Kind.REPLICA_SET, replicas=2, nodes=2, capacity=1, lag_scheduler=2, without=("scheduler-assume",)
    ),
    "update lost": ClusterScope(**ROLLOUT, conflicts=1, lag_replica_sets=2, without=("optimistic-lock",)),
    "left behind": ClusterScope(replicas=1, deletes=1, without=("garbage-collection",)),
    "not paused": ClusterScope(replicas=1, paused=True, without=("pause",)),
    "manifest without protections": ClusterScope(
        **ROLLOUT, crashes=1, lag_pods=2, registered=0, without=("expectations", "stale-write-guard")
    ),
}


def verdicts(scope: ClusterScope) -> dict[str, str]:
    """The verdict of the whole, and the property that is violated, if one is."""
    report = checker.check(cluster(scope))
    assert report.verdict in (checker.Verdict.HOLDS, checker.Verdict.VIOLATED)
    return {"verdict": report.verdict.value, "found": report.found}


@pytest.mark.parametrize("name", some(SCOPES, "scale"))
@pytest.mark.parametrize(
    "finer",
    [
        {"deployment_status": True},
        {"container_steps": True},
        {"more pods": 1},
    ],
    ids=str,
)
def test_finer_models_have_the_same_verdicts(name: str, finer: dict[str, Any]) -> None:
    scope = SCOPES[name]
    changes = {"pods": scope.pod_slots + 1, "capacity": scope.pods_per_node} if "more pods" in finer else finer
    assert verdicts(dataclasses.replace(scope, **changes)) == verdicts(scope)


HOLDING = ("rollout", "recreate", "scale")


@pytest.mark.slow
def test_some_hold_and_some_are_violated() -> None:
    """So a reduction that hides a violation is noticed, as is one that makes one up."""
    found = {name: verdicts(scope)["verdict"] for name, scope in SCOPES.items()}
    assert {name for name, verdict in found.items() if verdict == "holds"} == set(HOLDING)


# The one that is hidden: with pods seen late, pods of both templates run side by side (the scenario overlapping-recreate).
SHOWN_BY_LAG = {("recreate", "lag_pods"): "recreate_never_mixes_templates"}


@pytest.mark.parametrize("name", some(SCOPES, "scale"))
@pytest.mark.parametrize(
    "lag", [{"lag_deployments": 1}, {"lag_replica_sets": 1}, {"lag_pods": 2}, {"lag_scheduler": 1}], ids=str
)
def test_informers_that_read_through_hide_no_violation_here(name: str, lag: dict[str, Any]) -> None:
    ((field, writes),) = lag.items()
    scope = SCOPES[name]
    if field == "lag_deployments" and not scope.is_deployment:
        pytest.skip("there is no Deployment to lag behind")
    more = {field: max(writes, getattr(scope, field))}
    found = verdicts(dataclasses.replace(scope, **more))
    if (name, field) in SHOWN_BY_LAG:
        assert found == {"verdict": "violated", "found": SHOWN_BY_LAG[name, field]}
    else:
        assert found == verdicts(scope)
