"""What a picture says of a cluster's states: the objects as they are, and who has not seen them yet."""

from __future__ import annotations

import pytest

from kubecheck.model.scenarios import ALL
from kubecheck.spec import Spec, reference
from kubecheck.spec.reference import Snapshot


def first(spec: Spec, *actions: str) -> Snapshot:
    """The state after these actions, each by its first enabled instance."""
    state = reference.initial_states(spec)[0]
    for name in actions:
        state = next(taken.state for taken in reference.steps(spec, state) if taken.action.name == name)
    return state


def test_objects() -> None:
    spec = ALL["apply"].build()
    assert reference.summary(spec, first(spec)) == ["node-0 is not registered"]
    applied = ("register_node", "apply_deployment", "create_replica_set")
    assert reference.summary(spec, first(spec, *applied)) == ["deployment-0: 2 of replica-set-0", "replica-set-0: 2 wanted"]
    bound = first(spec, *applied, "create_pod", "bind_pod", "create_pod")
    assert reference.summary(spec, bound)[1] == "replica-set-0: 2 wanted; pod-0 pending bound, pod-1 pending"


def test_what_the_controllers_have_not_seen() -> None:
    spec = ALL["slow-informer"].build()
    lines = reference.summary(spec, first(spec, "apply_replica_set", "create_pod"))
    assert lines == [
        "replica-set-0: 2 wanted; pod-0 pending",
        "controllers have not seen 1 write to pods",
        "still to create for replica-set-0: 1",
        "replica-set-0 expects 2 to be created",
    ]


def test_status_and_generations() -> None:
    spec = ALL["recreated-replica-set"].build()
    begun = ("apply_replica_set", "see_replica_set", "create_pod", "update_replica_set_status", "scale_replica_set")
    assert reference.summary(spec, first(spec, *begun))[:2] == [
        "replica-set-0: 0 wanted; pod-0 pending",
        "- status: 1 pod, 0 ready; generation 2, 1 observed",
    ]
    again = first(spec, "apply_replica_set", "delete_replica_set", "apply_replica_set")
    assert reference.summary(spec, again)[:2] == ["replica-set-0 (applied again): 1 wanted", "- generation 1, 0 observed"]


def test_a_node_that_is_cut_off() -> None:
    spec = ALL["node-cut-off"].build()
    assert reference.summary(spec, first(spec, "cut_off_node")) == ["nothing is applied", "node-0 is cut off"]


def test_pods_and_nodes_are_alike_in_pictures() -> None:
    spec = ALL["apply"].build()
    assert [sort.__name__ for sort in spec.alike_sorts] == ["Pod", "Node"]


@pytest.mark.parametrize("name", ["conflicts", "failures", "full-nodes", "stale-restart", "delete"])
def test_every_state_has_one(name: str) -> None:
    """Of a run that always takes the last enabled step, so that it goes far."""
    spec = ALL[name].build()
    state = reference.initial_states(spec)[0]
    for _ in range(25):
        lines = reference.summary(spec, state)
        assert lines
        assert all(line == line.strip() for line in lines)
        steps = [taken.state for taken in reference.steps(spec, state) if taken.state != state]
        if not steps:
            break
        state = steps[-1]
