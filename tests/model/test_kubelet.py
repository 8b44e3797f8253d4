"""What a kubelet may do with a pod, state by state: where containers start in steps of their own, and where they do not.

By pkg/kubelet of 1.36: kubelet.go (HandlePodAdditions, syncTerminatingPod), allocation/allocation_manager.go (canAdmitPod),
status/status_manager.go (syncPod); and by the releases before the fixes that are switched off here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from kubecheck.model import ClusterScope, Kind
from kubecheck.model.cluster import cluster
from kubecheck.model.objects import Node, Phase, Pod, PodObject, ReplicaSet
from kubecheck.spec import Spec
from kubecheck.spec.reference import take
from kubecheck.spec.values import Root
from tests.model.states import component, part

TWO: dict[str, Any] = {
    "kind": Kind.REPLICA_SET,
    "replicas": 2,
    "nodes": 2,
    "registered": 1,
    "capacity": 1,
    "cut_offs": 1,
}
AT_ONCE = cluster(ClusterScope(**TWO))
IN_STEPS = cluster(ClusterScope(**TWO, container_steps=True, pod_failures=1))
NOT_FINAL = cluster(ClusterScope(**TWO, container_steps=True, without=("terminal-phase-final",)))
NOT_LAST = cluster(ClusterScope(**TWO, container_steps=True, without=("terminal-phase-last",)))
PENDING, RUNNING, FAILED = Phase.PENDING, Phase.RUNNING, Phase.FAILED


@dataclass(frozen=True)
class At:
    """A pod, on which node it is, and whether its containers run."""

    phase: Phase = PENDING
    node: int | None = 0
    terminating: bool = False
    running: int = 0


def then(spec: Spec, action: str, *pods: At, registered: bool = True, cut_off: bool = False) -> Phase | int | None:
    """The phase of the first pod after the action, or, where that is as it was, whether its containers run; None if it is not enabled."""
    root = Root(spec.root.default)
    names = [field.name for field in spec.root.fields]
    with spec.types.active():
        api = component(spec, root, "api_server")
        if registered:
            api._etcd.put_node(Node(0))
        for n, p in enumerate(pods):
            node = None if p.node is None else Node(p.node)
            stored = PodObject(phase=p.phase, owner=ReplicaSet(0), node=node, terminating=p.terminating)
            api._etcd._pods[Pod(n)] = stored
            if "runtime" in names and p.running:
                component(spec, root, "runtime").running[Pod(n)] = 1
        if cut_off:
            component(spec, root, "network").cut_off[Node(0)] = 1
        parameters = {"pod": Pod(0)}
    after = take(spec, next(a for a in spec.actions if a.name == action), parameters, root.get())
    if after is None:
        return None
    with part(spec, "api_server", after) as api:
        phase: Phase = api.pod(Pod(0)).phase
    if phase is not pods[0].phase:
        return phase
    with part(spec, "runtime", after) as runtime:
        running: int = runtime.running[Pod(0)]
    return running


ALONE = At()
ENDED = At(FAILED, terminating=True)


@pytest.mark.parametrize(
    ("others", "phase"),
    [
        ([], RUNNING),
        ([At(RUNNING, 1)], RUNNING),
        ([At(PENDING, 0)], RUNNING),
        ([At(FAILED, 0)], RUNNING),
        ([At(RUNNING, 0)], FAILED),
        ([At(RUNNING, 0, terminating=True)], FAILED),
    ],
)
def test_a_pod_runs_where_there_is_room(others: list[At], phase: Phase) -> None:
    assert then(AT_ONCE, "run_pod", ALONE, *others) is phase


@pytest.mark.parametrize(
    ("others", "starts"),
    [
        ([], True),
        ([At(RUNNING, 1, running=1)], True),
        ([At(FAILED, 0)], True),
        ([At(PENDING, 0)], True),
        # admitted, and not reported yet; or reported as ended, and not stopped yet
        ([At(PENDING, 0, running=1)], False),
        ([At(FAILED, 0, running=1)], False),
    ],
)
def test_containers_start_or_the_pod_is_rejected(others: list[At], starts: bool) -> None:
    assert then(IN_STEPS, "start_containers", ALONE, *others) == (1 if starts else None)
    assert then(IN_STEPS, "reject_pod", ALONE, *others) == (None if starts else FAILED)


FULL = At(RUNNING, 0, running=1)
# the action, the pod, and what becomes of it
STEPS: list[tuple[Spec, str, list[At], Phase | int | None]] = [
    (AT_ONCE, "run_pod", [At(node=None)], None),
    (AT_ONCE, "run_pod", [At(terminating=True)], None),
    (AT_ONCE, "run_pod", [At(RUNNING)], None),
    (AT_ONCE, "run_pod", [At(FAILED)], None),
    (AT_ONCE, "stop_pod", [At(RUNNING)], None),
    (AT_ONCE, "stop_pod", [At(RUNNING, terminating=True)], FAILED),
    (AT_ONCE, "stop_pod", [At(FAILED, terminating=True)], None),
    (AT_ONCE, "confirm_deletion", [ENDED], Phase.ABSENT),
    (AT_ONCE, "confirm_deletion", [At(FAILED)], None),
    (AT_ONCE, "confirm_deletion", [At(RUNNING, terminating=True)], None),
    (IN_STEPS, "start_containers", [At(terminating=True)], None),
    (IN_STEPS, "start_containers", [At(running=1)], None),
    (IN_STEPS, "start_containers", [At(RUNNING)], None),
    (IN_STEPS, "reject_pod", [At(terminating=True), FULL], None),
    (IN_STEPS, "reject_pod", [At(running=1)], None),
    (IN_STEPS, "reject_pod", [At(RUNNING), FULL], None),
    (IN_STEPS, "report_running", [ALONE], None),
    (IN_STEPS, "report_running", [At(running=1)], RUNNING),
    (IN_STEPS, "report_running", [At(FAILED, running=1)], None),
    (IN_STEPS, "stop_containers", [FULL], None),
    (IN_STEPS, "stop_containers", [At(RUNNING, terminating=True)], None),
    (IN_STEPS, "stop_containers", [At(RUNNING, terminating=True, running=1)], 0),
    (IN_STEPS, "stop_containers", [At(FAILED, running=1)], 0),
    (IN_STEPS, "report_stopped", [At(RUNNING, terminating=True, running=1)], None),
    (IN_STEPS, "report_stopped", [At(RUNNING, terminating=True)], FAILED),
    (IN_STEPS, "report_stopped", [At(RUNNING)], None),
    (IN_STEPS, "report_stopped", [ENDED], None),
    (IN_STEPS, "fail_pod_and_stop", [ALONE], None),
    (IN_STEPS, "fail_pod_and_stop", [FULL], FAILED),
    (IN_STEPS, "fail_pod_and_stop", [At(RUNNING, terminating=True, running=1)], None),
    # before kubernetes#108366 the phase came first
    (NOT_LAST, "report_stopped", [At(RUNNING, terminating=True, running=1)], FAILED),
    (NOT_LAST, "confirm_deletion", [At(FAILED, terminating=True, running=1)], None),
    # before kubernetes#102344 an ended pod became Pending when its containers had been removed
    (NOT_FINAL, "report_without_containers", [ENDED], PENDING),
    (NOT_FINAL, "report_without_containers", [At(FAILED)], None),
    (NOT_FINAL, "report_without_containers", [At(RUNNING, terminating=True)], None),
    (NOT_FINAL, "report_without_containers", [At(FAILED, terminating=True, running=1)], None),
]


@pytest.mark.parametrize(("spec", "action", "pods", "expected"), STEPS)
def test_a_step_of_a_kubelet(spec: Spec, action: str, pods: list[At], expected: Phase | int | None) -> None:
    assert then(spec, action, *pods) == expected


ENABLED = [(spec, action, pods) for spec, action, pods, expected in STEPS if expected is not None]
ENABLED += [
    (AT_ONCE, "run_pod", [ALONE]),
    (IN_STEPS, "start_containers", [ALONE]),
    (IN_STEPS, "reject_pod", [ALONE, FULL]),
]


@pytest.mark.parametrize(("spec", "action", "pods"), ENABLED)
def test_a_kubelet_that_is_cut_off_takes_no_step(spec: Spec, action: str, pods: list[At]) -> None:
    """Neither does it see anything; that its containers go on is no step."""
    assert then(spec, action, *pods) is not None
    assert then(spec, action, *pods, cut_off=True) is None


@pytest.mark.parametrize(("spec", "action"), [(AT_ONCE, "run_pod"), (IN_STEPS, "start_containers")])
def test_a_kubelet_that_has_not_been_started_runs_nothing(spec: Spec, action: str) -> None:
    assert then(spec, action, ALONE, registered=False) is None


def test_nor_does_it_reject_anything() -> None:
    assert then(IN_STEPS, "reject_pod", ALONE, FULL, registered=False) is None
