"""The reference execution and the native engine find the same states in small clusters that use every component."""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model import ClusterScope, Kind, Strategy
from kubecheck.model.cluster import cluster
from kubecheck.spec import Spec
from kubecheck.spec.reference import initial_states, steps

SCOPES: tuple[dict[str, Any], ...] = (
    {"kind": Kind.REPLICA_SET, "replicas": 2, "deletes": 1, "container_steps": True},
    {
        "kind": Kind.REPLICA_SET,
        "replicas": 1,
        "pods": 3,
        "lag_pods": 2,
        "lag_replica_sets": 2,
        "crashes": 1,
        "conflicts": 1,
    },
    {
        "kind": Kind.REPLICA_SET,
        "replicas": 2,
        "nodes": 2,
        "capacity": 1,
        "registered": 1,
        "lag_scheduler": 2,
        "scheduler_crashes": 1,
    },
    {
        "kind": Kind.REPLICA_SET,
        "replicas": 1,
        "lag_scheduler": 1,
        "scheduler_crashes": 1,
        "api_servers": 2,
        "lag_pods": 1,
        "cache_lag_pods": 1,
        "api_server_crashes": 1,
        "conflicts_of_pods": 1,
    },
    {
        "replicas": 1,
        "api_servers": 2,
        "broken_watches": 1,
        "lag_deployments": 1,
        "cache_lag_deployments": 1,
        "conflicts_of_deployments": 1,
        "generations": True,
    },
    {"kind": Kind.REPLICA_SET, "replicas": 3, "request_failures": 1},
    {"replicas": 1, "templates": 2, "image_changes": 1, "crashes": 1},
    {"replicas": 1, "templates": 2, "image_changes": 1, "strategy": Strategy.RECREATE, "pod_failures": 1},
    {"replicas": 1, "lag_deployments": 1, "lag_replica_sets": 1, "lag_pods": 1, "request_failures": 1},
    {"replicas": 1, "scales": 1, "least_replicas": 0, "most_replicas": 2, "paused": True, "resumes": 1},
    {"replicas": 1, "edits": 1, "least_replicas": 0, "deletes": 1, "foreground": True, "lost_responses": 1},
    {
        "kind": Kind.REPLICA_SET,
        "replicas": 1,
        "pods": 2,
        "applies": 2,
        "deletes": 1,
        "lag_pods": 1,
        "lag_replica_sets": 1,
        "generations": True,
    },
    {
        "kind": Kind.REPLICA_SET,
        "replicas": 1,
        "pods": 2,
        "lag_scheduler": 2,
        "scheduler_relists": 1,
        "force_deletes": 1,
        "request_failures": 1,
        "expiries": 1,
        "lag_pods": 1,
    },
    {
        "kind": Kind.REPLICA_SET,
        "replicas": 1,
        "pods": 2,
        "api_servers": 2,
        "lag_pods": 1,
        "cache_lag_pods": 1,
        "api_server_crashes": 1,
    },
    {"kind": Kind.POD, "replicas": 1, "nodes": 2, "recreations": 1, "cut_offs": 1, "force_deletes": 1},
    {
        "kind": Kind.POD,
        "replicas": 1,
        "nodes": 1,
        "recreations": 1,
        "deletes": 1,
        "api_servers": 2,
        "cache_lag_pods": 2,
        "kubelet_restarts": 1,
        "lag_scheduler": 2,
        "scheduler_relists": 1,
        "fixes": ("split-recreated-update",),
    },
)


def counts(spec: Spec) -> tuple[int, int]:
    """Distinct and generated states, by plain Python."""
    level = list(dict.fromkeys(initial_states(spec)))
    seen, generated = set(level), len(initial_states(spec))
    while level:
        following = []
        for state in level:
            for taken in steps(spec, state):
                generated += 1
                if taken.state not in seen:
                    seen.add(taken.state)
                    following.append(taken.state)
        level = following
    return len(seen), generated


@pytest.mark.parametrize(
    "values", [pytest.param(v, id=str(v), marks=() if n % 3 == 0 else pytest.mark.slow) for n, v in enumerate(SCOPES)]
)
def test_both_executions_find_the_same_states(values: dict[str, Any]) -> None:
    scope = ClusterScope(**values)
    report = checker.check(cluster(scope))
    assert not any(p.verdict is checker.Verdict.VIOLATED for p in report.properties)
    assert report.states.frontier == 0  # every state was seen; whether all runs come to rest is another question
    assert (report.states.distinct, report.states.generated) == counts(cluster(scope))
