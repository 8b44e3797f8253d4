"""What the ReplicaSet controller counts, and which pods it deletes, against pkg/controller once more in plain Python.

controller_utils.go (IsPodActive, ActivePodsWithRanks.Less), replicaset/replica_set.go (getPodsToDelete,
getPodsRankedByRelatedPodsOnSameNode), replicaset/replica_set_utils.go (calculateStatus).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from kubecheck.model import ClusterScope
from kubecheck.model.cluster import cluster
from kubecheck.model.deployment_controller import is_old_pod
from kubecheck.model.objects import Node, Phase, Pod, PodObject, ReplicaSet
from kubecheck.model.replicaset_controller import active_pods, is_to_be_deleted, status_of
from tests.model.states import part
from tests.quick import rounds

PODS, NODES = 4, 2
SCOPE = ClusterScope(replicas=3, templates=2, image_changes=1, nodes=NODES, pods=PODS)
SPEC = cluster(SCOPE)


@dataclass(frozen=True)
class Seen:
    """A pod as the informer shows it."""

    owner: int
    node: int | None
    phase: Phase
    terminating: bool

    @property
    def active(self) -> bool:
        return self.phase is not Phase.FAILED and not self.terminating

    @property
    def ready(self) -> bool:
        return self.phase is Phase.RUNNING


@st.composite
def pods(draw: st.DrawFn) -> Seen | None:
    if draw(st.integers(0, 5)) == 0:
        return None
    node = draw(st.sampled_from([None, 0, 0, 1]))
    phase = (
        Phase.PENDING
        if node is None
        else draw(st.sampled_from([Phase.PENDING, Phase.RUNNING, Phase.RUNNING, Phase.FAILED]))
    )
    return Seen(draw(st.sampled_from([0, 0, 1])), node, phase, node is not None and draw(st.integers(0, 4)) == 0)


def first_to_go(seen: list[Seen | None], owner: int) -> list[int]:
    """The active pods of a ReplicaSet in the order in which they are deleted; `related` pods are those of the Deployment."""
    related = Counter(p.node for p in seen if p is not None and p.active)
    mine = [(n, p) for n, p in enumerate(seen) if p is not None and p.active and p.owner == owner]
    return [n for n, p in sorted(mine, key=lambda m: (m[1].node is not None, m[1].ready, -related[m[1].node], m[0]))]


@rounds(6)
@settings(max_examples=250)
@given(seen=st.lists(pods(), min_size=PODS, max_size=PODS), surplus=st.integers(0, PODS))
def test_pods_are_counted_and_chosen_as_kubernetes_does(seen: list[Seen | None], surplus: int, round_: str) -> None:
    with part(SPEC, "api_server") as api:
        for n, p in enumerate(seen):
            if p is not None:
                node = None if p.node is None else Node(p.node)
                stored = PodObject(phase=p.phase, owner=ReplicaSet(p.owner), node=node, terminating=p.terminating)
                api._etcd.put_pod(SCOPE, Pod(n), stored)
        for owner in range(2):
            order, mine = first_to_go(seen, owner), ReplicaSet(owner)
            assert active_pods(api, SCOPE, mine) == len(order)
            found = {n for n in range(PODS) if is_to_be_deleted(api, SCOPE, mine, Pod(n), surplus)}
            assert found == set(order[:surplus])
            status = status_of(api, SCOPE, mine)
            ready = sum(p is not None and p.owner == owner and p.active and p.ready for p in seen)
            assert (status.replicas, status.ready) == (len(order), ready)
            old = {n for n in range(PODS) if is_old_pod(api, SCOPE, Pod(n), mine)}
            assert old == {
                n for n, p in enumerate(seen) if p is not None and p.owner != owner and p.phase is not Phase.FAILED
            }
