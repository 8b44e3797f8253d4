"""What keeps the ReplicaSet controller from a sync, and what the controller manager's memory makes of events.

By pkg/controller of 1.36: controller_utils.go (SatisfiedExpectations, CreationObserved, DeletionObserved), replicaset/replica_set.go
(addPod, updatePod, deletePod, resolveControllerRef), util/consistency/consistency.go (EnsureReady).
"""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model import ClusterScope, Kind
from kubecheck.model.cluster import cluster
from kubecheck.model.controller_manager import Sync
from kubecheck.model.expectations import Expectations
from kubecheck.model.objects import Phase, Pod, PodObject, ReplicaSet
from kubecheck.model.replicaset_controller import free_slot, may_manage, may_sync
from kubecheck.model.workqueue import Work
from kubecheck.spec.values import Root
from tests.model.states import component, part

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=2, pods=3, lag_pods=2, lag_replica_sets=2, applies=2, deletes=1)
SPEC = cluster(SCOPE)


@pytest.mark.parametrize(
    ("memory", "syncs", "manages"),
    [
        ({}, True, True),
        ({"unseen_pods": 1}, False, False),
        ({"unseen_status": 1}, False, False),
        ({"queue": Work.IDLE}, False, False),
        ({"syncs": "creating"}, False, False),
        ({"expectations": "creations"}, True, False),
        ({"expectations": "deletions"}, True, False),
    ],
)
def test_a_sync_waits(memory: dict[str, Any], syncs: bool, manages: bool) -> None:
    """For its own writes to be seen, for a key that comes back; to create and delete, for what is expected too."""
    root = Root(SPEC.root.default)
    with SPEC.types.active():
        api, cm = component(SPEC, root, "api_server"), component(SPEC, root, "controller_manager")
        mine = ReplicaSet(0)
        made = {
            "creating": Sync(creating=1, wanted=2),
            "creations": Expectations(creations=1),
            "deletions": Expectations(deletions=frozenset({Pod(0)})),
        }
        for name, value in memory.items():
            place = api.replica_set_queue.keys if name == "queue" else getattr(cm, name)
            place[mine] = made.get(value, value)
        assert may_sync(api, cm, mine) is syncs
        assert may_manage(api, cm, SCOPE, mine) is manages


PENDING, GONE = {"phase": Phase.PENDING}, {"phase": Phase.ABSENT}
GOING = {"phase": Phase.RUNNING, "terminating": True}


@pytest.mark.parametrize(
    ("before", "after", "is_known", "creations", "deletions"),
    [
        (GONE, PENDING, True, 0, {1}),
        (GONE, PENDING, False, 1, {1}),
        (PENDING, PENDING, True, 1, {1}),
        (PENDING, GOING, True, 1, set()),
        (GOING, GONE, True, 1, set()),
        (GOING, GONE, False, 1, {1}),
    ],
)
def test_what_an_event_of_a_pod_fulfils(
    before: dict[str, Any], after: dict[str, Any], is_known: bool, creations: int, deletions: set[int]
) -> None:
    """A deletionTimestamp counts as a deletion (updatePod); an event of another ReplicaSet's pod is passed over, but not as a write."""
    with part(SPEC, "controller_manager") as cm:
        mine, pod = ReplicaSet(0), Pod(1)
        cm.expectations[mine] = Expectations(creations=1, deletions=frozenset({pod}))
        cm.unseen_pods[mine] = 2
        old, new = (PodObject(**{**p, **({} if p is GONE else {"owner": mine})}) for p in (before, after))
        cm.pod_event(pod, old, new, is_known)
        assert cm.expectations[mine].creations == creations
        assert {p.number for p in cm.expectations[mine].deletions} == deletions
        assert cm.unseen_pods[mine] == 1


@pytest.mark.parametrize("where", ["syncs", "expectations"])
def test_a_name_that_is_in_hand_is_not_given_again(where: str) -> None:
    root = Root(SPEC.root.default)
    with SPEC.types.active():
        api, cm = component(SPEC, root, "api_server"), component(SPEC, root, "controller_manager")
        assert free_slot(api, cm, SCOPE) == Pod(0)
        hand = frozenset({Pod(0)})
        getattr(cm, where)[ReplicaSet(0)] = Sync(deleting=hand) if where == "syncs" else Expectations(deletions=hand)
        assert free_slot(api, cm, SCOPE) == Pod(1)
        api._etcd._pods[Pod(1)] = PodObject(phase=Phase.PENDING, owner=ReplicaSet(0))
        assert free_slot(api, cm, SCOPE) == Pod(2)
