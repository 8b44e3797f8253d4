"""Scopes that combine what scenarios and bugs show one at a time: complete explorations with their counts pinned.

A guard that matters only where two features meet (a container that stops on a node that is cut off, say) is noticed here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model import ClusterScope, Kind
from kubecheck.model.cluster import cluster
from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting
from kubecheck.model.registry.namespace_deletion import NamespaceScope, namespace_deletion
from kubecheck.model.registry.watching import WatchingScope, watching
from kubecheck.model.scope import Strategy
from kubecheck.spec import Spec
from tests.quick import some

SET: dict[str, Any] = {"kind": Kind.REPLICA_SET}
NAMED: dict[str, Any] = {"kind": Kind.POD, "replicas": 1}
ROLLOUT: dict[str, Any] = {"replicas": 1, "templates": 2, "image_changes": 1}

# distinct states, generated ones, depth
CLUSTERS: dict[str, tuple[ClusterScope, tuple[int, int, int]]] = {
    "containers on a node cut off": (
        ClusterScope(**SET, replicas=1, nodes=2, cut_offs=1, container_steps=True, scales=1, least_replicas=0),
        (1_955, 5_908, 19),
    ),
    "containers of a node that registers late": (
        ClusterScope(**SET, replicas=1, nodes=2, registered=1, capacity=1, container_steps=True, pod_failures=1),
        (92, 162, 12),
    ),
    "a deletion on a node cut off": (
        ClusterScope(**SET, replicas=1, nodes=2, cut_offs=1, deletes=1, pod_failures=1, lost_responses=1),
        (14_634, 50_876, 21),
    ),
    "two lost responses": (
        ClusterScope(**SET, replicas=2, lost_responses=2, scales=1, least_replicas=1),
        (1_163, 2_933, 14),
    ),
    "lost response and failed request": (
        ClusterScope(**SET, replicas=3, lost_responses=1, request_failures=1, scales=1, least_replicas=1),
        (26_140, 81_714, 21),
    ),
    "failed pods while pods lag": (
        ClusterScope(**SET, replicas=2, lag_pods=1, pod_failures=1, scales=1, least_replicas=1, crashes=1),
        (2_645, 6_469, 29),
    ),
    "status while ReplicaSets lag": (
        ClusterScope(**SET, replicas=1, lag_replica_sets=2, conflicts=1, scales=1, most_replicas=2, generations=True),
        (552, 1_266, 15),
    ),
    "deletion while everything lags": (
        ClusterScope(**SET, replicas=1, pods=2, lag_replica_sets=1, lag_pods=1, deletes=1, applies=2, crashes=1),
        (2_922, 8_578, 34),
    ),
    "foreground deletion and a failure": (
        ClusterScope(**ROLLOUT, deletes=1, foreground=True, request_failures=1, deployment_status=False),
        (17_565, 67_674, 26),
    ),
    "Recreate with generations": (
        ClusterScope(**ROLLOUT, strategy=Strategy.RECREATE, generations=True, pod_failures=1),
        (2_557, 7_354, 22),
    ),
    "a paused rollout is scaled": (
        ClusterScope(
            replicas=2,
            templates=2,
            image_changes=1,
            paused=True,
            resumes=1,
            scales=1,
            least_replicas=1,
            deployment_status=False,
        ),
        (67_161, 249_353, 34),
    ),
    "scaling in a rollout of two, one at a time": (
        ClusterScope(
            replicas=2,
            templates=2,
            image_changes=1,
            scales=1,
            least_replicas=1,
            max_surge=1,
            max_unavailable=0,
            deployment_status=False,
        ),
        (67_157, 249_345, 33),
    ),
    "an edit while the Deployment lags": (
        ClusterScope(replicas=1, scales=1, most_replicas=2, edits=1, lag_deployments=1, conflicts_of_deployments=1),
        (10_045, 40_169, 28),
    ),
    "scheduler crash and relist": (
        ClusterScope(
            **SET,
            replicas=2,
            nodes=2,
            capacity=1,
            lag_scheduler=1,
            scheduler_crashes=1,
            scheduler_relists=1,
            request_failures=1,
        ),
        (2_468, 7_709, 16),
    ),
    "named pods, two nodes, everything": (
        ClusterScope(**NAMED, nodes=2, recreations=1, deletes=1, cut_offs=1, force_deletes=1, conflicts_of_pods=1),
        (2_881, 9_633, 17),
    ),
    "two named pods": (
        ClusterScope(
            kind=Kind.POD, replicas=2, nodes=2, recreations=1, deletes=1, lag_scheduler=1, scheduler_relists=1, pinned=1
        ),
        (4_904, 12_533, 21),
    ),
    "kubelet restarts at the other server": (
        ClusterScope(
            **NAMED,
            nodes=2,
            recreations=1,
            deletes=1,
            api_servers=2,
            cache_lag_pods=1,
            lag_scheduler=1,
            kubelet_restarts=1,
            cut_offs=1,
        ),
        (2_430, 8_099, 31),
    ),
    "a kubelet restarts while a pod is being deleted": (
        ClusterScope(**NAMED, deletes=1, api_servers=2, cache_lag_pods=1, kubelet_restarts=1),
        (83, 164, 14),
    ),
    "failed pods on two nodes": (
        ClusterScope(**SET, replicas=2, nodes=2, pod_failures=1, scales=1, least_replicas=1),
        (2_366, 5_926, 16),
    ),
    "generations in a rollout": (
        ClusterScope(**ROLLOUT, generations=True, conflicts_of_deployments=1, lag_deployments=1),
        (16_687, 57_046, 27),
    ),
    "scaled to none in a rollout": (
        ClusterScope(**ROLLOUT, scales=1, least_replicas=0, max_surge=1, max_unavailable=1, deployment_status=False),
        (3_239, 10_487, 21),
    ),
    "applied twice, deleted in the foreground": (
        ClusterScope(
            **SET,
            replicas=1,
            pods=2,
            applies=2,
            deletes=1,
            lag_replica_sets=1,
            lag_pods=1,
            foreground=True,
            conflicts=1,
        ),
        (11_191, 27_562, 42),
    ),
    "named pods on full nodes": (
        ClusterScope(kind=Kind.POD, replicas=2, nodes=2, capacity=1, deletes=1, recreations=1, request_failures=1),
        (1_324, 3_289, 14),
    ),
    "before the stale-write guard": (
        ClusterScope(
            **SET, replicas=1, release="1.35", lag_replica_sets=2, lag_pods=2, scales=1, most_replicas=2, conflicts=1
        ),
        (11_585, 37_042, 25),
    ),
    "conflicts and failed requests in a rollout": (
        ClusterScope(**ROLLOUT, lag_replica_sets=1, conflicts=1, request_failures=1, deployment_status=False),
        (11_453, 31_694, 26),
    ),
    "named pods that name their node": (
        ClusterScope(**NAMED, nodes=2, recreations=2, deletes=2, pinned=1, request_failures=1),
        (294, 499, 11),
    ),
    "a crash while Deployments lag at the other server": (
        ClusterScope(
            replicas=1,
            scales=1,
            most_replicas=2,
            crashes=1,
            api_servers=2,
            lag_deployments=1,
            cache_lag_deployments=1,
            deployment_status=False,
        ),
        (453, 1_352, 15),
    ),
    "a crash while everything lags at the other server": (
        ClusterScope(
            **SET,
            replicas=1,
            scales=1,
            most_replicas=2,
            crashes=1,
            api_servers=2,
            lag_replica_sets=1,
            lag_pods=1,
            cache_lag_replica_sets=1,
            cache_lag_pods=1,
        ),
        (3_657, 10_595, 30),
    ),
    "broken watches at the other server": (
        ClusterScope(
            **SET,
            replicas=2,
            broken_watches=1,
            api_servers=2,
            lag_replica_sets=1,
            lag_pods=1,
            cache_lag_replica_sets=1,
            cache_lag_pods=1,
        ),
        (1_518, 4_278, 27),
    ),
    "an API server crashes under controllers and scheduler": (
        ClusterScope(
            **SET, replicas=1, api_servers=2, api_server_crashes=2, lag_pods=1, lag_scheduler=1, cache_lag_pods=1
        ),
        (250, 1_047, 15),
    ),
    "broken watches of Deployments": (
        ClusterScope(
            **ROLLOUT,
            lag_deployments=1,
            api_servers=2,
            cache_lag_deployments=1,
            broken_watches=1,
            deployment_status=False,
        ),
        (1_161, 3_738, 21),
    ),
    "the scheduler lists at the other server": (
        ClusterScope(
            **NAMED,
            nodes=2,
            recreations=1,
            deletes=1,
            force_deletes=1,
            lag_scheduler=1,
            scheduler_relists=1,
            api_servers=2,
            cache_lag_pods=1,
        ),
        (2_707, 8_796, 29),
    ),
    "the scheduler lists pods that name their node": (
        ClusterScope(
            **NAMED, nodes=2, recreations=2, deletes=2, pinned=1, lag_scheduler=2, scheduler_relists=1, release="1.22"
        ),
        (796, 1_831, 20),
    ),
    "the scheduler lists, and splits updates": (
        ClusterScope(
            **NAMED,
            nodes=2,
            recreations=1,
            deletes=1,
            force_deletes=1,
            lag_scheduler=2,
            scheduler_relists=1,
            fixes=("split-recreated-update",),
        ),
        (1_418, 4_394, 22),
    ),
    "a binding fails and is not forgotten": (
        ClusterScope(
            **NAMED,
            nodes=2,
            recreations=1,
            deletes=1,
            lag_scheduler=2,
            request_failures=1,
            without=("scheduler-forget",),
        ),
        (503, 1_003, 16),
    ),
    "a scheduler that assumes nothing": (
        ClusterScope(**SET, replicas=2, nodes=2, capacity=2, lag_scheduler=2, without=("scheduler-assume",)),
        (394, 1_233, 14),
    ),
    "pods of a node cut off twice": (
        ClusterScope(**NAMED, cut_offs=2, deletes=1),
        (106, 189, 11),
    ),
    "a node that registers late is cut off": (
        ClusterScope(**SET, replicas=1, nodes=2, registered=1, cut_offs=1),
        (386, 955, 13),
    ),
    "named pods on a node that registers late": (
        ClusterScope(**NAMED, nodes=2, registered=1, cut_offs=1, deletes=1, recreations=1),
        (314, 701, 15),
    ),
    "pinned pods on a node that registers late": (
        ClusterScope(**NAMED, nodes=2, registered=1, recreations=1, deletes=1, pinned=1, capacity=1),
        (68, 109, 8),
    ),
    "two pinned pods on full nodes": (
        ClusterScope(kind=Kind.POD, replicas=2, nodes=2, capacity=1, recreations=2, deletes=2, pinned=2),
        (2_072, 4_869, 17),
    ),
    "somebody forces deletions on a node cut off": (
        ClusterScope(**SET, replicas=1, nodes=2, cut_offs=1, force_deletes=1),
        (672, 1_998, 16),
    ),
    "pods of a lost node are removed": (
        ClusterScope(**SET, replicas=1, nodes=2, cut_offs=1, without=("no-force-deletion",)),
        (311, 769, 11),
    ),
    "containers fail on a node cut off": (
        ClusterScope(**SET, replicas=1, nodes=2, cut_offs=1, container_steps=True, pod_failures=1),
        (3_683, 9_642, 20),
    ),
    "an ended pod whose containers run": (
        ClusterScope(
            **SET,
            replicas=1,
            scales=1,
            least_replicas=0,
            container_steps=True,
            pod_failures=1,
            without=("terminal-phase-last",),
        ),
        (156, 377, 15),
    ),
    "containers on two full nodes": (
        ClusterScope(**SET, replicas=2, nodes=2, capacity=1, container_steps=True),
        (87, 171, 10),
    ),
    "failed pods on full nodes": (
        ClusterScope(**SET, replicas=2, nodes=2, capacity=1, pod_failures=1, scales=1, least_replicas=1),
        (1_552, 3_650, 16),
    ),
    "a failed pod on a full node": (
        ClusterScope(**SET, replicas=1, capacity=1, pod_failures=1),
        (21, 29, 9),
    ),
    "one of three pods on two nodes goes": (
        ClusterScope(**SET, replicas=3, nodes=2, scales=1, least_replicas=2),
        (1_963, 5_356, 15),
    ),
    "three pods while a request fails and pods lag": (
        ClusterScope(**SET, replicas=3, request_failures=1, lag_pods=1),
        (1_242, 2_955, 22),
    ),
    "applied twice while requests fail": (
        ClusterScope(**SET, replicas=1, applies=2, deletes=1, request_failures=1, scales=1, least_replicas=0),
        (525, 1_185, 16),
    ),
    "applied twice while requests fail and informers lag": (
        ClusterScope(**SET, replicas=1, applies=2, deletes=1, lag_replica_sets=1, lag_pods=1, request_failures=1),
        (759, 1_965, 29),
    ),
    "generations, applied twice": (
        ClusterScope(
            **SET,
            replicas=1,
            applies=2,
            deletes=1,
            lag_replica_sets=1,
            lag_pods=1,
            generations=True,
            scales=1,
            least_replicas=0,
        ),
        (925, 1_983, 30),
    ),
    "generations of what is applied twice, in the foreground": (
        ClusterScope(
            **SET, replicas=1, applies=2, deletes=1, foreground=True, lag_replica_sets=1, generations=True, conflicts=1
        ),
        (846, 1_727, 23),
    ),
    "applied twice, deleted twice in the foreground": (
        ClusterScope(**SET, replicas=1, applies=2, deletes=2, foreground=True),
        (63, 119, 12),
    ),
    "generations of a deletion whose answer is lost": (
        ClusterScope(**SET, replicas=1, deletes=1, lost_responses=1, generations=True, foreground=True),
        (183, 406, 11),
    ),
    "writes of ReplicaSets that change nothing": (
        ClusterScope(**SET, replicas=1, lag_replica_sets=1, conflicts=1, without=("no-op-writes",)),
        (46, 75, 10),
    ),
    "writes of pods that change nothing": (
        ClusterScope(**SET, replicas=1, lag_pods=1, conflicts_of_pods=1, without=("no-op-writes",)),
        (32, 52, 10),
    ),
    "writes of Deployments that change nothing": (
        ClusterScope(
            replicas=1,
            lag_deployments=1,
            conflicts_of_deployments=1,
            deployment_status=False,
            without=("no-op-writes",),
        ),
        (29, 52, 9),
    ),
    "without expectations": (
        ClusterScope(**SET, replicas=2, lag_pods=1, without=("expectations",)),
        (63, 101, 14),
    ),
    "expectations without the stale-write guard": (
        ClusterScope(**SET, replicas=2, lag_pods=1, scales=1, least_replicas=0, without=("stale-write-guard",)),
        (1_007, 1_959, 27),
    ),
    "expectations expire while pods are deleted": (
        ClusterScope(**SET, replicas=2, lag_pods=2, pods=4, expiries=1, scales=1, least_replicas=1),
        (4_538, 10_514, 34),
    ),
    "Recreate while ReplicaSets lag": (
        ClusterScope(
            **ROLLOUT,
            strategy=Strategy.RECREATE,
            lag_replica_sets=1,
            scales=1,
            most_replicas=2,
            deployment_status=False,
        ),
        (6_305, 17_561, 30),
    ),
    "the scale annotation is brought up to date": (
        ClusterScope(
            **ROLLOUT, scales=1, least_replicas=0, fixes=("refresh-scale-annotation",), deployment_status=False
        ),
        (2_099, 6_392, 22),
    ),
    "without maxSurge": (
        ClusterScope(**ROLLOUT, without=("max-surge",), deployment_status=False),
        (184, 385, 16),
    ),
    "pods fail in a rollout that is interrupted": (
        ClusterScope(**ROLLOUT, crashes=1, pod_failures=1, deployment_status=False),
        (3_671, 10_759, 22),
    ),
    "generations of a rollout that is deleted": (
        ClusterScope(**ROLLOUT, deletes=1, foreground=True, generations=True),
        (33_625, 145_152, 26),
    ),
    "three templates": (
        ClusterScope(replicas=1, templates=3, image_changes=2, deployment_status=False),
        (14_995, 49_596, 27),
    ),
    "two requests fail": (
        ClusterScope(**SET, replicas=1, request_failures=2, scales=1, least_replicas=0),
        (284, 583, 13),
    ),
    "a crash after the Deployment is deleted": (
        ClusterScope(**ROLLOUT, deletes=1, crashes=1, deployment_status=False),
        (2_447, 8_794, 22),
    ),
    "the status of pods that are being deleted": (
        ClusterScope(**SET, replicas=1, nodes=1, lag_pods=1, scales=2, least_replicas=0),
        (116, 216, 21),
    ),
    "pinned pods more often than pods come back": (
        ClusterScope(kind=Kind.POD, replicas=2, nodes=2, recreations=1, deletes=2, pinned=1),
        (2_327, 6_015, 14),
    ),
    "a restart without consistent lists of Deployments": (
        ClusterScope(
            replicas=1,
            scales=1,
            most_replicas=2,
            crashes=1,
            api_servers=2,
            cache_lag_deployments=1,
            lag_deployments=1,
            deployment_status=False,
            without=("consistent-list",),
        ),
        (870, 2_540, 23),
    ),
    "a restart without consistent lists of ReplicaSets": (
        ClusterScope(
            **SET,
            replicas=1,
            scales=1,
            most_replicas=2,
            crashes=1,
            api_servers=2,
            cache_lag_replica_sets=1,
            lag_replica_sets=1,
            without=("consistent-list",),
        ),
        (1_559, 3_944, 25),
    ),
    "a pod is deleted twice": (
        ClusterScope(**NAMED, nodes=2, deletes=1, cut_offs=1, lag_scheduler=1),
        (311, 693, 15),
    ),
    "two edits": (
        ClusterScope(replicas=1, edits=2, most_replicas=2, generations=True),
        (1_895, 5_979, 20),
    ),
    "a kubelet restarts, without UIDs on deletion": (
        ClusterScope(
            **NAMED,
            nodes=2,
            recreations=1,
            deletes=1,
            kubelet_restarts=1,
            api_servers=2,
            cache_lag_pods=2,
            without=("uid-on-delete",),
        ),
        (328, 851, 15),
    ),
    "a kubelet of 1.34 restarts while pods are forced out": (
        ClusterScope(
            **NAMED,
            recreations=1,
            deletes=1,
            force_deletes=1,
            kubelet_restarts=1,
            api_servers=2,
            cache_lag_pods=2,
            release="1.34",
        ),
        (646, 1_661, 20),
    ),
}

REGISTRY: dict[str, tuple[Callable[[], Spec], tuple[int, int, int]]] = {
    "two objects, restored": (
        functools.partial(watching, WatchingScope(objects=2, restores=1, compactions=1, writes=2, window=1)),
        (1_662, 4_418, 7),
    ),
    "two resources, restored": (
        functools.partial(watching, WatchingScope(others=1, watch_others=True, restores=1, server_restarts=1)),
        (17_488, 75_645, 10),
    ),
    "a watch breaks and etcd is compacted": (
        functools.partial(
            watching, WatchingScope(others=1, broken_watches=1, client_restarts=1, compactions=2, window=2)
        ),
        (13_506, 44_253, 11),
    ),
    "two clients, two servers, restored": (
        functools.partial(watching, WatchingScope(servers=2, clients=2, restores=1, writes=1, broken_watches=1)),
        (1_598, 6_795, 8),
    ),
    "two owners of one": (
        functools.partial(
            collecting, CollectingScope(objects=(Owned(), Owned(0, 1, True), Owned()), moves=1, adopts=True)
        ),
        (7_028, 24_241, 14),
    ),
    "an owner that goes by itself": (
        functools.partial(collecting, CollectingScope(objects=(Owned(1, 3), Owned(0, 1, True), Owned()))),
        (4_739, 14_156, 17),
    ),
    "two resources, compacted": (
        functools.partial(watching, WatchingScope(others=1, watch_others=True, compactions=1, writes=1)),
        (1_018, 3_048, 8),
    ),
    "one API server's namespace": (
        functools.partial(namespace_deletion, NamespaceScope(servers=1, creations=2)),
        (77, 106, 10),
    ),
    "three API servers' namespace": (
        functools.partial(namespace_deletion, NamespaceScope(servers=3, creations=2)),
        (1_673, 5_255, 14),
    ),
}


def pinned() -> dict[str, Callable[[], Spec]]:
    """What builds each spec."""
    clusters = {name: functools.partial(cluster, scope) for name, (scope, _) in CLUSTERS.items()}
    return {**clusters, **{name: build for name, (build, _) in REGISTRY.items()}}


COUNTS = {name: counts for name, (_, counts) in [*CLUSTERS.items(), *REGISTRY.items()]}


# Loops that end when an informer is told, which is a matter of fairness; so they are in Kubernetes. A controller whose informer still
# shows a ReplicaSet that is gone makes pods for it as long as the garbage collector deletes them; one that is shown an old status writes
# the new one again, is refused, and finds it there; a garbage collector that has not seen its own DELETE sends it again.
OPEN = {
    "deletion while everything lags": {"create_pod", "collect_pod"},
    "applied twice, deleted in the foreground": {"create_pod", "collect_pod"},
    "applied twice while requests fail and informers lag": {"create_pod", "collect_pod"},
    "generations, applied twice": {"create_pod", "collect_pod"},
    "generations of what is applied twice, in the foreground": {"create_pod", "collect_pod"},
    "an owner that goes by itself": {"look_at_object", "delete_object"},
    "before the stale-write guard": {"update_replica_set_status", "retry_replica_set_status"},
}


@pytest.mark.parametrize("name", some(COUNTS, *list(COUNTS)[::4]))
def test_all_promises_hold_and_counts_are_these(name: str) -> None:
    report = checker.check(pinned()[name]())
    if name in OPEN:
        assert report.verdict is checker.Verdict.INCOMPLETE
        assert {step.action for step in report.path[(report.back_to or 0) + 1 :]} >= OPEN[name]
    else:
        assert report.verdict is checker.Verdict.HOLDS
    assert (report.states.distinct, report.states.generated, report.depth) == COUNTS[name]
