"""What lagging clients see is what etcd held, in order: random runs beside a full history kept by the test.

The model keeps a window of old objects and distances; the test keeps every revision of every kind. A client at distance n must
see exactly the revision n writes ago, and must be told of a conflict exactly when its object has changed since.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from kubecheck.model import ClusterScope
from kubecheck.model.cluster import cluster
from kubecheck.model.objects import Deployment, Pod, ReplicaSet
from kubecheck.spec import Spec
from kubecheck.spec.reference import Snapshot, initial_states, steps
from tests.model.states import part

SCOPE = ClusterScope(
    replicas=2,
    templates=2,
    image_changes=1,
    scales=1,
    least_replicas=1,
    conflicts=1,
    lag_deployments=2,
    lag_replica_sets=3,
    lag_pods=3,
    lag_scheduler=2,
    api_servers=2,
    cache_lag_pods=1,
    cache_lag_replica_sets=1,
)


def objects(spec: Spec, state: Snapshot) -> dict[str, tuple[Any, ...]]:
    """All objects of each kind as they are."""
    with part(spec, "api_server", state) as api:
        return {
            "deployments": tuple(repr(api.deployment(d)) for d in Deployment),
            "replica_sets": tuple(repr(api.replica_set(r)) for r in ReplicaSet),
            "pods": tuple(repr(api.pod(p)) for p in Pod),
        }


def views(spec: Spec, state: Snapshot) -> list[tuple[str, int, tuple[Any, ...]]]:
    """(kind, distance, all objects of the kind) as each client sees them."""
    with part(spec, "api_server", state) as api:
        watches = api._watches
        return [
            (
                "deployments",
                watches.controllers_deployments,
                tuple(repr(api.controllers_deployment(d)) for d in Deployment),
            ),
            (
                "replica_sets",
                watches.controllers_replica_sets,
                tuple(repr(api.controllers_replica_set(r)) for r in ReplicaSet),
            ),
            ("pods", watches.controllers_pods, tuple(repr(api.controllers_pod(p)) for p in Pod)),
            ("pods", watches.scheduler_pods, tuple(repr(api.scheduler_pod(p)) for p in Pod)),
        ]


def stale(spec: Spec, state: Snapshot) -> list[bool]:
    """For each ReplicaSet, whether the controllers' copy counts as out of date."""
    with part(spec, "api_server", state) as api:
        return [api.controllers_replica_set_stale(r) for r in ReplicaSet]


@pytest.mark.parametrize("seed", range(8))
def test_clients_see_what_was(seed: int) -> None:
    spec = cluster(SCOPE)
    choose = random.Random(seed)
    state = initial_states(spec)[0]
    history = {kind: [found] for kind, found in objects(spec, state).items()}
    furthest = 0
    for _ in range(150):
        successors = [taken for taken in steps(spec, state) if taken.state != state]
        if not successors:
            break
        state = choose.choice(successors).state
        for kind, found in objects(spec, state).items():
            if found != history[kind][-1]:
                history[kind].append(found)
        for kind, distance, seen in views(spec, state):
            assert seen == history[kind][-1 - distance], (kind, distance)
            furthest = max(furthest, distance)
        distance = views(spec, state)[1][1]
        recent = history["replica_sets"][-1 - distance :]
        written = [any(a[i] != b[i] for a, b in itertools.pairwise(recent)) for i in range(2)]
        assert stale(spec, state) == written
    assert furthest > 0
