"""The scheduler's cache, event by event: what is assumed, what a list makes of it, what takes room.

By pkg/scheduler of 1.36: eventhandlers.go (addPod, updatePod, deletePod), backend/cache/cache.go (AssumePod, AddPod, UpdatePod,
RemovePod, ForgetPod); and by the releases before the fixes that are switched off here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kubecheck.model import ClusterScope, Kind
from kubecheck.model.cluster import cluster
from kubecheck.model.objects import Node, Phase, Pod, PodObject
from kubecheck.model.scheduler import is_in_queue, occupies
from kubecheck.spec.values import Root
from tests.model.states import component

NAMED: dict[str, Any] = {
    "kind": Kind.POD,
    "replicas": 2,
    "nodes": 2,
    "recreations": 2,
    "deletes": 2,
    "lag_scheduler": 2,
    "scheduler_relists": 1,
}
TODAY = ClusterScope(**NAMED)
SPLIT = ClusterScope(**NAMED, fixes=("split-recreated-update",))
GHOSTS = ClusterScope(**NAMED, without=("tombstone-cleanup",))
UNFORGOTTEN = ClusterScope(**NAMED, request_failures=1, without=("scheduler-forget",))
TWO_STEPS = ClusterScope(**NAMED, pinned=1, without=("atomic-pod-replacement",))


@contextmanager
def states(scope: ClusterScope) -> Iterator[tuple[Any, Any]]:
    """The API server and the scheduler of a cluster that has not begun."""
    spec = cluster(scope)
    root = Root(spec.root.default)
    with spec.types.active():
        yield component(spec, root, "api_server"), component(spec, root, "scheduler")


def pod(node: int | None = None, *, uid: int = 0) -> PodObject:
    return PodObject(phase=Phase.PENDING, uid=uid, node=None if node is None else Node(node))


GONE = PodObject  # made where the types are active


@pytest.mark.parametrize(
    ("scope", "seen", "assumed", "failed"),
    [
        (TODAY, 0, None, 0),
        (TODAY, 1, None, 0),
        (TODAY, None, 0, 0),
        (TODAY, "gone", None, 0),
        (UNFORGOTTEN, 0, None, 0),
        (UNFORGOTTEN, 1, 0, 1),
        (UNFORGOTTEN, None, 0, 1),
        (UNFORGOTTEN, "gone", None, 0),
    ],
)
def test_what_is_seen_bound_or_gone_is_not_assumed_any_more(
    scope: ClusterScope, seen: Any, assumed: int | None, failed: int
) -> None:
    """addPod confirms an assumption. Where a failed binding was not forgotten, AddPod did not put right a pod bound elsewhere."""
    with states(scope) as (_, s):
        s.assumed[Pod(0)] = Node(0)
        if scope is UNFORGOTTEN:
            s.failed[Pod(0)] = 1
        s.pod_event(scope, Pod(0), GONE() if seen == "gone" else pod(seen))
        assert s.assumed[Pod(0)] == (None if assumed is None else Node(assumed))
        assert s.failed[Pod(0)] == failed


@pytest.mark.parametrize("scope", [TODAY, GHOSTS])
@pytest.mark.parametrize("assumed", [None, 1])
def test_a_tombstone_frees_what_was_assumed(scope: ClusterScope, assumed: int | None) -> None:
    """deletePod removes the pod by its key; before kubernetes#106102 a tombstone of an unassigned pod was filtered out."""
    with states(scope) as (_, s):
        s.assumed[Pod(0)] = None if assumed is None else Node(assumed)
        s.pod_listed(scope, Pod(0), pod(), GONE())
        assert s.assumed[Pod(0)] is None
        left = 1 if scope is GHOSTS and assumed is not None else 0
        assert [s.ghosts[Node(n)] for n in range(2)] == [0, left]


@pytest.mark.parametrize("scope", [TODAY, GHOSTS])
def test_what_is_listed_as_it_was_changes_nothing(scope: ClusterScope) -> None:
    with states(scope) as (_, s):
        s.assumed[Pod(0)] = Node(1)
        s.pod_listed(scope, Pod(0), pod(), pod())
        assert s.assumed[Pod(0)] == Node(1)
        s.pod_listed(scope, Pod(0), pod(), pod(1))
        assert s.assumed[Pod(0)] is None
        assert s.ghosts[Node(1)] == 0


def test_a_new_pod_that_is_listed_is_an_event() -> None:
    with states(TODAY) as (_, s):
        s.assumed[Pod(1)] = Node(0)
        s.pod_listed(TODAY, Pod(0), GONE(), pod(uid=1))
        s.assumed[Pod(0)] = Node(0)
        s.pod_listed(TODAY, Pod(0), pod(uid=1), GONE())
        assert s.assumed[Pod(0)] is None
        assert s.assumed[Pod(1)] == Node(0)
        assert [s.ghosts[Node(n)] for n in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("before", "after", "assumed", "then", "ghosts", "other"),
    [
        # nobody removes the old one, which had not been seen bound
        (None, None, 0, None, [1, 0], 1),
        (None, 1, 0, None, [1, 0], 1),
        (None, 1, None, None, [0, 0], 1),
        # it had: bound to the same node, or not, and then the process exits
        (0, 0, None, None, [0, 0], 1),
        (0, 1, None, None, [0, 0], None),
        (0, None, None, None, [0, 0], None),
    ],
)
def test_a_pod_that_a_list_replaces(
    before: int | None, after: int | None, assumed: int | None, then: int | None, ghosts: list[int], other: int | None
) -> None:
    """cache.go, UpdatePod: a pod that is bound elsewhere than the cached one is a fatal inconsistency."""
    with states(TODAY) as (_, s):
        s.assumed[Pod(0)] = None if assumed is None else Node(assumed)
        s.assumed[Pod(1)] = Node(1)
        s.pod_listed(TODAY, Pod(0), pod(before), pod(after, uid=1))
        assert s.assumed[Pod(0)] == (None if then is None else Node(then))
        assert [s.ghosts[Node(n)] for n in range(2)] == ghosts
        assert s.assumed[Pod(1)] == (None if other is None else Node(other))


def test_an_update_that_is_split_leaves_nothing_behind() -> None:
    for before in (None, 0):
        with states(SPLIT) as (_, s):
            s.assumed[Pod(0)] = Node(0) if before is None else None
            s.assumed[Pod(1)] = Node(1)
            s.pod_listed(SPLIT, Pod(0), pod(before), pod(1, uid=1))
            assert s.assumed[Pod(0)] is None
            assert s.assumed[Pod(1)] == Node(1)
            assert [s.ghosts[Node(n)] for n in range(2)] == [0, 0]


@pytest.mark.parametrize(("before", "after", "replacing"), [(0, 0, 1), (0, 1, 1), (0, None, 0), (None, 0, 0)])
def test_a_replacement_in_two_steps_is_one_of_bound_pods(before: int | None, after: int | None, replacing: int) -> None:
    """eventhandlers.go of 1.19 to 1.23, updatePodInCache: deletePodFromCache, then addPodToCache."""
    with states(TWO_STEPS) as (_, s):
        s.pod_listed(TWO_STEPS, Pod(0), pod(before), pod(after, uid=1))
        assert s.replacing[Pod(0)] == replacing


def test_a_scheduler_that_restarts_has_forgotten_everything() -> None:
    with states(UNFORGOTTEN) as (_, s):
        s.assumed[Pod(0)], s.failed[Pod(0)] = Node(0), 1
        s.restart()
        assert s.assumed[Pod(0)] is None
        assert s.failed[Pod(0)] == 0


@pytest.mark.parametrize(
    ("scope", "stored", "phase", "assumed", "occupied"),
    [
        (TODAY, None, Phase.PENDING, None, []),
        (TODAY, None, Phase.PENDING, 1, [1]),
        (TODAY, 0, Phase.RUNNING, None, [0]),
        (TODAY, 0, Phase.FAILED, None, []),
        # of one that is bound elsewhere than it was assumed
        (TODAY, 0, Phase.RUNNING, 1, [0]),
        (UNFORGOTTEN, 0, Phase.RUNNING, 1, [1]),
        (UNFORGOTTEN, 0, Phase.RUNNING, None, [0]),
        (UNFORGOTTEN, None, Phase.PENDING, 1, [1]),
    ],
)
def test_what_takes_room(
    scope: ClusterScope, stored: int | None, phase: Phase, assumed: int | None, occupied: list[int]
) -> None:
    """Assigned pods that have not ended, and assumed ones (cache.go, AssumePod, AddPod)."""
    with states(scope) as (api, s):
        api.create_named_pod(scope, Pod(0), None if stored is None else Node(stored))
        if phase is not Phase.PENDING:
            api.patch_pod_status(scope, Pod(0), 0, phase)
        while api.next_scheduler_write() is not None:
            api.deliver_pod_to_scheduler()
        s.assumed[Pod(0)] = None if assumed is None else Node(assumed)
        assert [n for n in range(2) if occupies(api, s, scope, Pod(0), Node(n))] == occupied


def test_a_pod_that_is_being_replaced_takes_no_room() -> None:
    with states(TWO_STEPS) as (api, s):
        api.create_named_pod(TWO_STEPS, Pod(0), Node(0))
        api.deliver_pod_to_scheduler()
        assert occupies(api, s, TWO_STEPS, Pod(0), Node(0))
        s.replacing[Pod(0)] = 1
        assert not occupies(api, s, TWO_STEPS, Pod(0), Node(0))


@pytest.mark.parametrize(
    ("scope", "assumed", "failed", "queued"),
    [(TODAY, None, 0, True), (TODAY, 0, 0, False), (UNFORGOTTEN, 0, 0, False), (UNFORGOTTEN, 0, 1, True)],
)
def test_what_is_tried_again(scope: ClusterScope, assumed: int | None, failed: int, queued: bool) -> None:
    """handleBindingCycleError puts a pod back into the queue; one that is assumed is skipped (skipPodSchedule)."""
    with states(scope) as (_, s):
        s.assumed[Pod(0)] = None if assumed is None else Node(assumed)
        if failed:
            s.failed[Pod(0)] = 1
        assert is_in_queue(s, Pod(0)) is queued
