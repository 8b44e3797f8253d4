"""Pods are created in batches of 1, 2, 4 …: one that fails does not stop the others of its batch, and nothing comes after it.

pkg/controller/replicaset/replica_set.go, slowStartBatch and manageReplicas.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model import ClusterScope, Kind
from kubecheck.model.cluster import cluster
from kubecheck.model.objects import Pod, ReplicaSet
from kubecheck.model.replicaset_controller import others_of_batch
from kubecheck.model.workqueue import Work
from kubecheck.spec import Spec
from kubecheck.spec.reference import Snapshot, initial_states, take
from tests.model.states import part

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=3, request_failures=1, lag_pods=3)


def told(spec: Spec, *story: str) -> Snapshot:
    """The state after these actions, of the only ReplicaSet."""
    actions = {a.name: a for a in spec.actions}
    state = initial_states(spec)[0]
    with spec.types.active():
        parameters: dict[str, Any] = {"replica_set": ReplicaSet(0)}
    for name in story:
        wanted = {p: v for p, v in parameters.items() if name != "fail_request"}
        after = take(spec, actions[name], wanted, state)
        assert after is not None, f"{name} is not enabled"
        state = after
    return state


def seen(spec: Spec, state: Snapshot) -> tuple[int, bool, int, Work]:
    """Pods that exist, whether the sync is over, creations that are expected, and the key."""
    with part(spec, "api_server", state) as api:
        pods = sum(api.pod(p).exists for p in Pod)
        work = api.replica_set_queue.keys[ReplicaSet(0)]
    with part(spec, "controller_manager", state) as cm:
        replica_set = ReplicaSet(0)
        return (
            pods,
            cm.syncs[replica_set].done,
            cm.expectations[replica_set].creations,
            work,
        )


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        # the first batch is one pod: nothing else is asked for
        (("fail_request", "create_pod"), (0, True, 0, Work.BACKOFF)),
        # the second batch is two pods: the other one is asked for, and only then two of three are expected
        (("create_pod", "fail_request", "create_pod"), (1, False, 3, Work.READY)),
        (("create_pod", "fail_request", "create_pod", "create_pod"), (2, True, 2, Work.BACKOFF)),
        # or the first of the two succeeds
        (("create_pod", "create_pod", "fail_request", "create_pod"), (2, True, 2, Work.BACKOFF)),
        (("create_pod", "create_pod", "create_pod"), (3, True, 3, Work.READY)),
    ],
)
def test_a_failure_in_a_batch(story: tuple[str, ...], expected: tuple[int, bool, int, Work]) -> None:
    spec = cluster(SCOPE)
    assert seen(spec, told(spec, "apply_replica_set", *story)) == expected


def test_batches_double() -> None:
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=8, request_failures=1)
    assert [others_of_batch(scope, begun, 8 - begun) for begun in range(8)] == [0, 1, 0, 3, 2, 1, 0, 0]
    assert others_of_batch(scope, 3, 2) == 1  # only two are missing


@pytest.mark.parametrize(
    "failures", [{"request_failures": 1}, {"request_failures": 0, "lost_responses": 1, "lag_pods": 0}]
)
def test_clusters_recover(failures: dict[str, int]) -> None:
    report = checker.check(cluster(dataclasses.replace(SCOPE, **failures)))
    assert report.verdict is checker.Verdict.HOLDS
