"""The model's Deployment controller decides as the oracle does that was written from the source of Kubernetes."""

from __future__ import annotations

import functools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kubecheck.model import ClusterScope, Strategy
from kubecheck.model.cluster import cluster
from kubecheck.model.deployment_controller import Request, decide, max_surge, max_unavailable
from kubecheck.model.objects import (
    Deployment,
    DeploymentObject,
    Phase,
    Pod,
    PodObject,
    ReplicaSet,
    ReplicaSetObject,
    ReplicaSetStatus,
)
from kubecheck.model.rollout_bounds import RolloutBounds
from kubecheck.model.scope_checks import bound
from kubecheck.spec import Spec
from tests.model import upstream_deployment as upstream
from tests.model.states import part
from tests.quick import rounds

MOST = 5

ZERO = (0, "0%")
WRITTEN = [0, 1, 2, "0%", "25%", "34%", "50%", "100%"]
BOUNDS = st.sampled_from(WRITTEN)


@st.composite
def situations(draw: st.DrawFn) -> tuple[upstream.Wanted, list[upstream.Set], int | None]:
    mode = draw(st.sampled_from(["rolling", "rolling", "recreate", "scaling", "paused", "recreate and scaling"]))
    surge = draw(BOUNDS)
    # both 0 as written is refused (validation.go, ValidateRollingUpdateDeployment); both 0 when rounded is not
    unavailable = draw(BOUNDS.filter(lambda b: surge not in ZERO or b not in ZERO))
    wanted = upstream.Wanted(
        replicas=draw(st.integers(0, MOST)),
        template=draw(st.integers(0, 2)),
        recreate="recreate" in mode,
        surge=surge,
        unavailable=unavailable,
        paused=mode == "paused",
    )
    sets = []
    some = st.integers(0, MOST)
    sizes = draw(st.sampled_from([st.just(0), some, st.sampled_from([1, wanted.replicas, wanted.replicas]) | some]))
    for age in range(3):
        if draw(st.integers(0, 3)) > 0:
            replicas = draw(sizes)
            available = draw(st.sampled_from([0, replicas]) | some)
            desired = draw(st.integers(1, MOST)) if "scaling" in mode or wanted.paused else wanted.replicas
            sets.append(upstream.Set(age, replicas, desired, available, draw(st.integers(available, MOST))))
    return wanted, sets, draw(st.none() | st.integers(0, 2))


@functools.cache
def scope_of(recreate: bool, surge: int | str, unavailable: int | str, paused: bool) -> tuple[ClusterScope, Spec]:
    scope = ClusterScope(
        replicas=MOST,
        scales=1,
        least_replicas=0,
        templates=3,
        image_changes=1,
        strategy=Strategy.RECREATE if recreate else Strategy.ROLLING_UPDATE,
        max_surge=surge,
        max_unavailable=unavailable,
        paused=paused,
        resumes=1 if paused else 0,
        pods=12,
    )
    return scope, cluster(scope)


# a new ReplicaSet that is asked for no pods, and still has an available one
EMPTIED = (
    upstream.Wanted(replicas=2, template=2, recreate=False, surge=0, unavailable=1, paused=False),
    [upstream.Set(0, 2, 2, 2, 2), upstream.Set(2, 0, 2, 1, 1)],
    None,
)


@rounds(6)
@settings(max_examples=500)
@example(situation=EMPTIED)
@given(situation=situations())
def test_decisions_are_those_of_kubernetes(
    situation: tuple[upstream.Wanted, list[upstream.Set], int | None], round_: str
) -> None:
    wanted, sets, owner_of_a_pod = situation
    # in Kubernetes a ReplicaSet exists as long as its pods do
    if owner_of_a_pod is not None and all(s.age != owner_of_a_pod for s in sets):
        owner_of_a_pod = None
    scope, spec = scope_of(wanted.recreate, wanted.surge, wanted.unavailable, wanted.paused)
    with part(spec, "api_server") as api:
        api._etcd.put_deployment(
            scope,
            Deployment(0),
            DeploymentObject(
                template=ReplicaSet(wanted.template), replicas=wanted.replicas, paused=1 if wanted.paused else 0
            ),
        )
        for s in sets:
            status = ReplicaSetStatus(replicas=s.actual, ready=s.available)
            stored = ReplicaSetObject(exists=True, replicas=s.replicas, desired=s.desired, status=status)
            api._etcd.put_replica_set(scope, ReplicaSet(s.age), stored)
        if owner_of_a_pod is not None:
            api._etcd.put_pod(scope, Pod(0), PodObject(phase=Phase.PENDING, owner=ReplicaSet(owner_of_a_pod)))
        decision = decide(api, scope, Deployment(0))
        found = None
        if decision.request is not Request.STATUS:
            assert decision.replica_set is not None
            verb = "create" if decision.request is Request.CREATE else "scale"
            found = (verb, decision.replica_set.number, decision.replicas, wanted.replicas)
    old_pods_run = owner_of_a_pod is not None and owner_of_a_pod != wanted.template
    assert found == upstream.first_write(wanted, sets, old_pods_run)


@pytest.mark.parametrize(("surge", "unavailable"), [(0, "25%"), ("0%", "34%"), ("25%", 0), (1, "0%")])
@pytest.mark.parametrize("replicas", range(4))
def test_fenceposts(surge: int | str, unavailable: int | str, replicas: int) -> None:
    """Where both bounds come to 0 one pod may be missing, or no update could ever move."""
    scope = ClusterScope(replicas=MOST, templates=2, image_changes=1, max_surge=surge, max_unavailable=unavailable)
    wanted = upstream.Wanted(
        replicas=replicas, template=0, recreate=False, surge=surge, unavailable=unavailable, paused=False
    )
    assert max_surge(scope, replicas) == upstream.max_surge(wanted, replicas)
    assert max_unavailable(scope, replicas) == upstream.max_unavailable(wanted)


@pytest.mark.parametrize("surge", WRITTEN)
@pytest.mark.parametrize("unavailable", WRITTEN)
def test_the_bounds_that_are_promised_are_those_of_kubernetes(surge: int | str, unavailable: int | str) -> None:
    """rollout_bounds.py judges the controller by an arithmetic of its own."""
    bounds = RolloutBounds(bound("max_surge", surge), bound("max_unavailable", unavailable))
    for replicas in range(MOST + 1):
        wanted = upstream.Wanted(
            replicas=replicas, template=0, recreate=False, surge=surge, unavailable=unavailable, paused=False
        )
        assert bounds.resolve(replicas) == (upstream.max_surge(wanted, replicas), upstream.max_unavailable(wanted))
