"""A cluster's steps in words: revisions that the model does not keep, and what an informer that lags has seen."""

from __future__ import annotations

import random
import re
from typing import Any

import msgspec
import pytest

from kubecheck.checker.replay import first_step, one_step
from kubecheck.checker.report import Step
from kubecheck.cli.cluster_words import is_cluster
from kubecheck.cli.rows import lanes, rows
from kubecheck.model.scenarios import ALL, WORKLOADS
from kubecheck.spec import Spec, reference
from tests.cli.reports import step

SEEN = re.compile(r"controllers' informer of pods: rv (\d+) \(([^)]+)\), (?:(\d+) behind|up to date)")


def walk(spec: Spec, seed: int, length: int) -> list[Step]:
    """A random path."""
    choose = random.Random(seed)
    state = reference.initial_states(spec)[0]
    path = [first_step(spec, state)]
    for number in range(1, length + 1):
        following = list(reference.steps(spec, state))
        if not following:
            break
        action = choose.choice(sorted({taken.action.name for taken in following}))
        taken = choose.choice([taken for taken in following if taken.action.name == action])
        path.append(one_step(spec, number, state, taken))
        state = taken.state
    return path


def etcd(moment: Step) -> dict[str, Any]:
    found: dict[str, Any] = moment.state["api_server"]["etcd"]
    return found


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_scenario_can_be_told(name: str) -> None:
    path = walk(ALL[name].build(), 1, 40)
    found = rows(path)
    written = [row.revision for row in found[1:] if row.revision]
    first = written[0] if written else 0
    assert written == list(range(first, first + len(written)))
    for row, before, after in zip(found[1:], path, path[1:], strict=False):
        objects = [
            {kind: etcd(s)[kind] for kind in ("deployments", "replica_sets", "pods", "nodes")} for s in (before, after)
        ]
        assert (row.revision > 0) == (objects[0] != objects[1])
        assert row.changes
        assert (row.changes == ("nothing",)) == (before.state == after.state)
        assert row.lane in lanes(found, cluster=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("network.cut_off[node-0]", "0", "1"), "node-0 is cut off from the API servers"),
        (("network.cut_off[node-0]", "1", "0"), "node-0 reaches the API servers again"),
        (("api_server._losing", "0", "1"), "the answer to the next request that takes effect will be lost"),
        (("api_server._losing", "1", "0"), "the answer is lost: the client sees a timeout"),
        (("api_server._changed_since_read", "0", "1"), "the Deployment is not any more what the second user has read"),
        (("kubelets.server[node-1]", "0", "1"), "the kubelet of node-1 watches the second API server"),
        (("faults.watches_broken", "0", "1"), "counted: watches broken 0 -> 1"),
        (("keeper.created[pod-1]", "False", "True"), "counted: created of pod-1 False -> True"),
    ],
)
def test_what_is_no_object_has_words_too(change: tuple[str, str, str], told: str) -> None:
    state = {"api_server": {"etcd": {}, "watches": {}}}
    path = [msgspec.structs.replace(s, state=state) for s in (step(0), step(1, change, action="go", actor="user"))]
    assert rows(path)[1].changes == (told,)


@pytest.mark.parametrize(
    "name",
    [
        "node-cut-off",
        "stateful-node-cut-off",
        "lost-response",
        "racing-users",
        "recreated-replica-set",
        "slow-deployment-informer",
        "scheduler-restart",
    ],
)
def test_no_field_of_the_model_is_told_as_it_is(name: str) -> None:
    """Names with underscores and truths are the model's."""
    for seed in range(4):
        for row in rows(walk(ALL[name].build(), seed, 40))[1:]:
            assert not [
                c
                for c in row.changes
                if re.search(r"_|\[|\b(True|False)\b", c) and not c.startswith("counted: created of")
            ]


def test_an_informer_shows_what_the_model_delivers() -> None:
    """The model's history says which pod an informer sees next; the words say it from the numbers of writes."""
    spec = ALL["slow-informer"].build()
    deliveries = 0
    for seed in range(10):
        path = walk(spec, seed, 60)
        found = rows(path)
        for before, row in zip(path, found[1:], strict=False):
            if not row.action.startswith("see_pod"):
                continue
            deliveries += 1
            behind = int(before.state["api_server"]["watches"]["controllers_pods"]["#bigint"])
            history = etcd(before)["pod_history"]
            [pod] = history[len(history) - behind]["pod"]["#set"]
            told = SEEN.fullmatch(row.changes[0])
            assert told is not None, row.changes
            assert (told[2], int(told[3] or 0)) == (pod, behind - 1)
            writer = next(r for r in found if r.revision == int(told[1]))
            assert writer.changes[0].startswith(pod)
    assert deliveries > 20


def test_a_kubelet_has_a_lane_for_each_node() -> None:
    path = walk(ALL["full-nodes"].build(), 3, 60)
    names = lanes(rows(path), cluster=True)
    assert [name for name in names if name.startswith("kubelet")] == ["kubelet node-0", "kubelet node-1"]
    assert names[:2] == ["user", "api-server"]


def test_another_spec_is_no_cluster() -> None:
    assert not is_cluster([step(0)])
    assert not is_cluster([])


def test_who_serves_the_scheduler_is_said() -> None:
    spec = ALL["scheduler-restart"].build()
    told = {
        line
        for seed in range(20)
        for row in rows(walk(spec, seed, 40))
        if row.action.startswith("crash_scheduler(server=1")
        for line in row.changes
    }
    assert "scheduler's informer is served by the second API server" in told
