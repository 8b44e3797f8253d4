"""Which events put which keys into the work queues, against the handlers of Kubernetes 1.36 once more in plain Python.

pkg/controller/deployment/deployment_controller.go (deletePod), pkg/controller/replicaset/replica_set.go (addPod, updatePod, deletePod).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck import checker
from kubecheck.model import ClusterScope, Strategy, deployment_controller
from kubecheck.model.answers import Answer
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.cluster import cluster
from kubecheck.model.deployment_controller import has_nothing_to_do
from kubecheck.model.objects import Deployment, DeploymentObject, Phase, Pod, PodObject, ReplicaSet, ReplicaSetObject
from kubecheck.model.workqueue import Work
from tests.model.states import part

ROLLOUT: dict[str, Any] = {"replicas": 1, "templates": 2, "image_changes": 1, "deployment_status": False}
RECREATE = ClusterScope(**ROLLOUT, strategy=Strategy.RECREATE, pods=3)
SPEC = cluster(RECREATE)
PHASES = st.sampled_from([Phase.ABSENT, Phase.PENDING, Phase.RUNNING, Phase.FAILED])


def stored(phase: Phase, *, terminating: bool = False) -> PodObject:
    return PodObject() if phase is Phase.ABSENT else PodObject(phase=phase, owner=ReplicaSet(0), terminating=terminating)


@given(st.tuples(PHASES, PHASES), PHASES, st.booleans())
def test_a_deployment_hears_of_its_last_pod_only(others: tuple[Phase, Phase], after: Phase, fixed: bool) -> None:
    """deletePod: a pod is gone, and of all that the informer shows none is left; with kubernetes#136639, none that has not ended."""
    scope = ClusterScope(
        **ROLLOUT, strategy=Strategy.RECREATE, pods=3, fixes=("recreate-ended-pods",) if fixed else ()
    )
    left = [p for p in others if p is not Phase.ABSENT and not (fixed and p is Phase.FAILED)]
    with part(SPEC, "api_server") as api:
        with SPEC.types.active():
            for n, phase in enumerate((Phase.RUNNING, *others)):
                api._etcd.put_pod(scope, Pod(n), stored(phase))
        api.deployment_queue.forget(Deployment(0))
        api.replica_set_queue.forget(ReplicaSet(0))
        api._put_pod(scope, Pod(0), stored(after, terminating=True))
        assert api.deployment_queue.has(Deployment(0)) is (after is Phase.ABSENT and not left)
        assert api.replica_set_queue.has(ReplicaSet(0))  # which hears of everything


def test_any_write_to_a_deployment_or_a_replica_set_is_heard() -> None:
    with part(SPEC, "api_server") as api:
        for write in (
            lambda: api.create_deployment(RECREATE, Deployment(0), ReplicaSet(0), 1),
            lambda: api.create_replica_set(RECREATE, ReplicaSet(0), ReplicaSetObject(exists=True, replicas=1)),
            lambda: api.delete_replica_set(RECREATE, ReplicaSet(0)),
        ):
            api.deployment_queue.forget(Deployment(0))
            assert write() is Answer.OK
            assert api.deployment_queue.has(Deployment(0))


@pytest.mark.parametrize(
    ("answer", "work"),
    [
        (Answer.OK, Work.READY),
        (Answer.CONFLICT, Work.CONFLICTED),
        (Answer.ALREADY_EXISTS, Work.BACKOFF),
        (Answer.ERROR, Work.BACKOFF),
        (Answer.TIMEOUT, Work.BACKOFF),
    ],
)
def test_a_key_after_a_request(answer: Answer, work: Work) -> None:
    with part(SPEC, "api_server") as api:
        api.deployment_queue.after(RECREATE, Deployment(0), answer)
        assert api.deployment_queue.keys[Deployment(0)] is work
        assert api.deployment_queue.has(Deployment(0))
        api.deployment_queue.add_all()
        assert api.deployment_queue.keys[Deployment(0)] is Work.READY


def test_without_a_requeue_a_failed_key_waits_for_an_event() -> None:
    scope = ClusterScope(
        replicas=1, lag_deployments=1, lag_replica_sets=1, lag_pods=1, request_failures=1, without=("requeue-on-error",)
    )
    with part(cluster(scope), "api_server") as api:
        api.deployment_queue.after(scope, Deployment(0), Answer.ERROR)
        assert not api.deployment_queue.has(Deployment(0))


def test_a_sync_of_a_deployment_that_is_as_it_should_be_makes_no_request() -> None:
    with part(SPEC, "api_server") as api:
        api._etcd.put_deployment(RECREATE, Deployment(0), DeploymentObject(template=ReplicaSet(0), replicas=1))
        assert not has_nothing_to_do(api, RECREATE, Deployment(0))
        made = ReplicaSetObject(exists=True, replicas=1, desired=1)
        api._etcd.put_replica_set(RECREATE, ReplicaSet(0), made)
        assert has_nothing_to_do(api, RECREATE, Deployment(0))


# --- where no key is ever forgotten it could be, and nobody would notice


def at_any_time(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> bool:
    """In the place of `has_old_pods`: a key is forgotten whenever there is nothing to do."""
    return True


@pytest.mark.parametrize(
    "scope",
    [
        ClusterScope(**ROLLOUT, pod_failures=1),
        ClusterScope(**ROLLOUT, lag_pods=1),
        ClusterScope(**{**ROLLOUT, "deployment_status": True}, scales=1, most_replicas=2, fixes=("refresh-scale-annotation",)),
    ],
    ids=["a pod fails", "pods lag", "scaled"],
)
def test_a_rolling_update_loses_no_wakeup(scope: ClusterScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reduction of workqueue.py: here the key is forgotten by each sync that makes no request, and everything holds as well."""
    before = checker.check(cluster(scope))
    monkeypatch.setattr(ClusterScope, "keys_rest", True)
    monkeypatch.setattr(ClusterScope, "waits_for_pods", True)
    monkeypatch.setattr(deployment_controller, "has_old_pods", at_any_time)
    after = checker.check(cluster(scope))
    assert before.verdict is after.verdict is checker.Verdict.HOLDS
    assert after.states.distinct > before.states.distinct
