"""Single requests: what they answer and what they write, through the reference execution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kubecheck.model import ClusterScope, Kind
from kubecheck.model.answers import Answer
from kubecheck.model.cluster import cluster
from kubecheck.model.objects import Deployment, Node, Phase, Pod, ReplicaSet, ReplicaSetObject
from tests.model.states import part

NAMED = ClusterScope(kind=Kind.POD, replicas=1, recreations=1, nodes=2, lag_scheduler=3)


@contextmanager
def api_of(scope: ClusterScope) -> Iterator[Any]:
    with part(cluster(scope), "api_server") as api:
        yield api


@pytest.mark.parametrize("without", [(), ("no-op-writes",)])
def test_a_write_that_changes_nothing_is_none(without: tuple[str, ...]) -> None:
    """Nothing in the model's clusters comes of it: whoever writes has seen a reason to, and an event more hurts nobody."""
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, lag_pods=3, without=without)
    with api_of(scope) as api:
        api.create_pod(scope, Pod(0), ReplicaSet(0), 0)
        api.bind_pod(scope, Pod(0), Node(0))
        api.deliver_pod()
        api.deliver_pod()
        assert api.patch_pod_status(scope, Pod(0), 0, Phase.RUNNING) is Answer.OK
        assert api.patch_pod_status(scope, Pod(0), 0, Phase.RUNNING) is Answer.OK
        assert api.pods_distance() == (2 if without else 1)


def test_a_second_deletion_of_a_pod_writes_nothing() -> None:
    """delete.go, BeforeDelete: what is being deleted is left as it is."""
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, lag_pods=4, without=("no-op-writes",))
    with api_of(scope) as api:
        api.create_pod(scope, Pod(0), ReplicaSet(0), 0)
        api.bind_pod(scope, Pod(0), Node(0))
        assert api.delete_pod(scope, Pod(0)) is Answer.OK
        assert api.delete_pod(scope, Pod(0)) is Answer.OK
        assert api.pods_distance() == 3


def test_a_lost_answer_is_a_timeout_and_the_request_has_taken_effect() -> None:
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=2, lost_responses=1)
    with api_of(scope) as api:
        api.lose_next()
        assert (
            api.bind_pod(scope, Pod(0), Node(0)) is Answer.NOT_FOUND
        )  # which says that nothing happened, and is not lost
        assert api.create_pod(scope, Pod(0), ReplicaSet(0), 0) is Answer.TIMEOUT
        assert api.pod(Pod(0)).exists
        assert api.create_pod(scope, Pod(1), ReplicaSet(0), 0) is Answer.OK


def test_a_pod_that_is_created_again_has_another_uid() -> None:
    with api_of(NAMED) as api:
        assert api.create_named_pod(NAMED, Pod(0), None) is Answer.OK
        assert api.create_named_pod(NAMED, Pod(0), None) is Answer.ALREADY_EXISTS
        assert api.pod(Pod(0)).uid == 0
        assert api.remove_pod(NAMED, Pod(0), 0) is Answer.OK
        assert api.create_named_pod(NAMED, Pod(0), None) is Answer.OK
        assert api.pod(Pod(0)).uid == 1


def test_a_uid_is_a_precondition() -> None:
    with api_of(NAMED) as api:
        api.create_named_pod(NAMED, Pod(0), None)
        assert api.patch_pod_status(NAMED, Pod(0), 1, Phase.RUNNING) is Answer.CONFLICT
        assert api.remove_pod(NAMED, Pod(0), 1) is Answer.CONFLICT
        assert api.pod(Pod(0)).phase is Phase.PENDING


def test_an_edit_of_what_has_changed_since_is_refused() -> None:
    scope = ClusterScope(replicas=1, edits=1, most_replicas=2, scales=1)
    with api_of(scope) as api:
        deployment = Deployment(0)
        api.create_deployment(scope, deployment, ReplicaSet(0), 1)
        read = api.read_for_edit(deployment)
        api.patch_deployment(scope, deployment, ReplicaSet(0), 2, 0)
        api.patch_deployment(scope, deployment, ReplicaSet(0), 1, 0)
        assert api.deployment(deployment) == read  # as it was, but with another resourceVersion
        assert api.replace_deployment(scope, deployment, read.next(replicas=2)) is Answer.CONFLICT
        read = api.read_for_edit(deployment)
        assert api.replace_deployment(scope, deployment, read.next(replicas=2)) is Answer.OK
        assert api.deployment(deployment).replicas == 2


def test_a_deletion_in_the_foreground_waits_for_the_finalizer() -> None:
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, deletes=1, foreground=True)
    with api_of(scope) as api:
        replica_set = ReplicaSet(0)
        api.create_replica_set(scope, replica_set, ReplicaSetObject(exists=True, replicas=1))
        assert api.delete_replica_set(scope, replica_set) is Answer.OK
        assert api.replica_set(replica_set).deleting == 1
        new = api.replica_set(replica_set).next(replicas=0, deleting=0)
        assert api.update_replica_set(scope, replica_set, new, False) is Answer.OK
        assert api.replica_set(replica_set).deleting == 1  # no write takes it back
        assert api.finalize_replica_set(scope, replica_set) is Answer.OK
        assert not api.replica_set(replica_set).exists


def test_generations() -> None:
    scope = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, scales=1, least_replicas=0, generations=True)
    with api_of(scope) as api:
        replica_set = ReplicaSet(0)
        api.create_replica_set(scope, replica_set, ReplicaSetObject(exists=True, replicas=1))
        assert api.replica_set(replica_set).generation == 1
        api.scale_replica_set(scope, replica_set, 1)
        assert api.replica_set(replica_set).generation == 1
        api.scale_replica_set(scope, replica_set, 0)
        assert api.replica_set(replica_set).generation == 2
        told = api.replica_set(replica_set)
        observed = told.status.next(observed=2)
        api.update_replica_set_status(scope, replica_set, told.next(status=observed, replicas=1), 1, False)
        assert api.replica_set(replica_set) == told.next(status=observed)  # a status write keeps the stored spec
