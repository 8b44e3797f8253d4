"""A scope that makes no sense is refused, with the field, what it holds and what it may hold."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model import ClusterScope, Kind, ScopeError, Strategy
from kubecheck.model.cluster import cluster
from kubecheck.model.scenarios import REGISTRY
from tests.model import scope_page

REFUSED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"replicas": -1}, "replicas", "replicas: is -1, and must be 0 or more"),
    ({"nodes": 0}, "nodes", "nodes: is 0, and must be 1 or more"),
    ({"replicas": True}, "replicas", "replicas: is True, and must be a whole number"),
    ({"paused": 1}, "paused", "paused: is 1, and must be true or false"),
    ({"kind": "StatefulSet"}, "kind", "kind: is 'StatefulSet', and must be Deployment, ReplicaSet or Pod"),
    ({"applies": 0}, "applies", "applies: is 0, and must be 1 or 2"),
    ({"applies": 2}, "applies", "applies: is 2, and may be more than 1 only for a ReplicaSet"),
    (
        {"kind": Kind.REPLICA_SET, "applies": 2},
        "applies",
        "applies: is 2, and needs deletes of 1 or more: what exists is not applied again",
    ),
    (
        {"kind": Kind.REPLICA_SET, "applies": 2, "deletes": 1, "lag_pods": 1},
        "applies",
        "applies: is 2, and with lag_pods needs lag_replica_sets, whose events end expectations",
    ),
    ({"deletes": 2}, "deletes", "deletes: is 2, and may be 1 at most: what is gone is not deleted"),
    ({"foreground": True}, "foreground", "foreground: needs deletes of 1 or more"),
    (
        {"edits": 1},
        "edits",
        "edits: needs a Deployment, and least_replicas or most_replicas to change to",
    ),
    (
        {"api_server_crashes": 1},
        "api_server_crashes",
        "api_server_crashes: needs api_servers=2; of a single one nobody sees more than lost_responses and request_failures",
    ),
    (
        {"scheduler_relists": 1},
        "scheduler_relists",
        "scheduler_relists: needs lag_scheduler of 1 or more: else nothing is missed",
    ),
    (
        {"expiries": 1},
        "expiries",
        "expiries: needs lag_pods of 1 or more and the feature expectations: else nothing expires",
    ),
    (
        {"scheduler_crashes": 1},
        "scheduler_crashes",
        "scheduler_crashes: needs lag_scheduler of 1 or more: else the scheduler has nothing to forget",
    ),
    (
        {"kind": Kind.REPLICA_SET, "conflicts_of_deployments": 1},
        "conflicts_of_deployments",
        "conflicts_of_deployments: is 1, and there is no Deployment",
    ),
    ({"conflicts_of_pods": 8}, "conflicts_of_pods", "conflicts_of_pods: is 8, and may be 7 at most"),
    (
        {"kubelet_restarts": 1},
        "kubelet_restarts",
        "kubelet_restarts: is 1, and may be more than 0 only for kind Pod: a kubelet of pods with random names remembers nothing "
        "that its runtime and the API server do not tell it again",
    ),
    (
        {"api_servers": 2, "lag_deployments": 1, "cache_lag_deployments": 2},
        "cache_lag_deployments",
        "cache_lag_deployments: is 2, and may be lag_deployments (1) at most: a client cannot be ahead of the cache it watches",
    ),
    (
        {"api_servers": 2, "lag_pods": 2, "cache_lag_pods": 2, "lag_scheduler": 1, "scheduler_crashes": 1},
        "cache_lag_pods",
        "cache_lag_pods: is 2, and may be lag_scheduler (1) at most where the scheduler may list there",
    ),
    ({"kind": Kind.POD, "pinned": 1}, "pinned", "pinned: is 1, and may be 0 at most, as recreations is"),
    ({"recreations": 1}, "recreations", "recreations: is 1, and may be more than 0 only for kind Pod"),
    ({"kind": Kind.POD, "scales": 1}, "scales", "scales: is 1, but least_replicas and most_replicas leave only 2"),
    ({"completions": 1}, "completions", "completions: is 1, and may be more than 0 only for kind Pod"),
    (
        {"resyncs": 1},
        "resyncs",
        "resyncs: needs strategy Recreate and image_changes, or expiries, or no requeue-on-error: else each key has an event",
    ),
    ({"kind": Kind.POD, "crashes": 1}, "crashes", "crashes: is 1, and may not be set for kind Pod"),
    ({"kind": Kind.POD, "replicas": 0}, "replicas", "replicas: is 0, and must be 1 or more for kind Pod"),
    (
        {"kind": Kind.POD, "kubelet_restarts": 1},
        "kubelet_restarts",
        "kubelet_restarts: needs api_servers=2 and cache_lag_pods, or completions or pod_failures: else a kubelet is told again "
        "all that it forgets",
    ),
    ({"strategy": "Canary"}, "strategy", "strategy: is 'Canary', and must be RollingUpdate or Recreate"),
    (
        {"max_surge": "a"},
        "max_surge",
        "max_surge: is 'a', and must be a number of pods or a percentage such as 25%",
    ),
    (
        {"max_surge": 0, "max_unavailable": 0},
        "max_unavailable",
        "max_unavailable: is 0, and may not be when max_surge is 0 too: no update could ever move",
    ),
    (
        {"image_changes": 1},
        "image_changes",
        "image_changes: needs templates of 2 or more: there is no other image to change to",
    ),
    (
        {"scales": 1},
        "scales",
        "scales: is 1, but least_replicas and most_replicas leave only 2 to scale to",
    ),
    (
        {"kind": Kind.REPLICA_SET, "templates": 2},
        "kind",
        "kind: is ReplicaSet, which has one template, no strategy and no pause",
    ),
    ({"replicas": 20}, "pods", "pods: comes to 20 pods at one time, and at most 12 can be explored"),
    (
        {"replicas": 3, "pods": 2},
        "pods",
        "pods: is 2, but 3 may be wanted at one time (replicas, surge, failed pods)",
    ),
    (
        {"cache_lag_pods": 1},
        "cache_lag_pods",
        "cache_lag_pods: needs api_servers=2: it is the second one's watch cache that lags",
    ),
    (
        {"api_servers": 2, "lag_pods": 1, "cache_lag_pods": 2},
        "cache_lag_pods",
        "cache_lag_pods: is 2, and may be lag_pods (1) at most: a client cannot be ahead of the cache it watches",
    ),
    (
        {"without": ("expectation",)},
        "without",
        "without: there is no feature 'expectation'; did you mean 'expectations'?",
    ),
    ({"release": "1.99"}, "release", "release: release 1.99 is not modelled: 1.18 to 1.36 are"),
    (
        {"without": ("requeue-on-error",)},
        "without",
        "without: requeue-on-error can be off only with lag_replica_sets and lag_pods and lag_deployments of 1 or more",
    ),
)


@pytest.mark.parametrize(("values", "field", "message"), REFUSED, ids=lambda v: str(v)[:40])
def test_refused(values: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ScopeError) as caught:
        ClusterScope(**values)
    assert caught.value.field == field
    assert str(caught.value).startswith(message)


def test_words_become_enums_and_one_name_a_tuple() -> None:
    scope = ClusterScope(kind="Deployment", strategy="Recreate", without="expectations")  # type: ignore[arg-type]
    assert scope.kind is Kind.DEPLOYMENT
    assert scope.strategy is Strategy.RECREATE
    assert scope.without == ("expectations",)
    assert not scope.features.expectations


@pytest.mark.parametrize(
    ("values", "slots"),
    [
        ({"replicas": 2}, 2),
        # both ReplicaSets may be about to create all their pods
        ({"replicas": 2, "templates": 2, "image_changes": 1}, 4),
        ({"replicas": 1, "templates": 2, "image_changes": 1, "pod_failures": 2}, 4),
        ({"replicas": 1, "scales": 1, "most_replicas": 3}, 3),
        ({"replicas": 3, "templates": 2, "image_changes": 1, "pods": 5}, 5),
    ],
)
def test_pod_slots_that_a_cluster_needs(values: dict[str, Any], slots: int) -> None:
    assert ClusterScope(**values).pod_slots == slots


def test_what_is_not_used_takes_no_bits() -> None:
    from kubecheck.model.cluster import cluster

    plain = cluster(ClusterScope(replicas=2)).root.bits
    assert plain < 64
    assert cluster(ClusterScope(replicas=2, lag_pods=1)).root.bits > plain


def test_the_page_has_every_field_with_its_sentence() -> None:
    """To write it again: python -m tests.model.scope_page > docs/scope.md."""
    assert (Path(__file__).parents[2] / "docs" / "scope.md").read_text() == scope_page.page()
    for kind in (ClusterScope, *(type(s.scope) for s in REGISTRY.values())):
        assert [name for _, name, _, told in scope_page.fields_of(kind) if not told.endswith(".")] == []
    assert {name for _, name, _, _ in scope_page.fields_of(ClusterScope)} == {f.name for f in fields(ClusterScope)}


def test_a_conflict_is_promised_only_where_it_can_be_told() -> None:
    """A ReplicaSet's controller tries a refused status again at once; where requests fail as well, that is no conflict for certain."""
    alone = ClusterScope(
        kind=Kind.REPLICA_SET, replicas=1, lag_replica_sets=1, scales=1, most_replicas=2, conflicts=1
    )
    told, untold = cluster(alone), cluster(replace(alone, request_failures=1))
    assert "a_conflict_happens" in [p.name for p in told.properties]
    assert "a_conflict_happens" not in [p.name for p in untold.properties]
    for spec in (told, untold):
        assert checker.check(spec).verdict is checker.Verdict.HOLDS
