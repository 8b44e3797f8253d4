"""The picture of a cluster agrees with the state that it shows."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.cluster import cluster
from kubecheck.model.objects import Node, Pod
from kubecheck.model.picture import Key, Picture, is_cluster, picture
from kubecheck.model.scenarios import ALL, WORKLOADS
from kubecheck.model.scope import ClusterScope, Kind
from kubecheck.spec import Spec, reference
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.values import Part, Root, lift


def server(spec: Spec, state: Snapshot) -> ApiServer:
    place = next(i for i, f in enumerate(spec.root.fields) if f.name == "api_server")
    found: ApiServer = lift(spec.root.fields[place].type, state[place], Part(Root(state), place))
    return found


def stepping(spec: Spec, *names: str) -> Snapshot:
    """The state after these steps, each the first of its name, `name` or `name(value, …)`."""
    state = reference.initial_states(spec)[0]
    for name in names:
        steps = [(f"{t.action.name}({', '.join(map(str, t.parameters.values()))})", t.state) for t in reference.steps(spec, state)]
        state = next(after for text, after in steps if name in (text, text.partition("(")[0]))
    return state


def walk(spec: Spec, *, length: int, seed: str) -> list[Snapshot]:
    choose, state = random.Random(seed), reference.initial_states(spec)[0]
    found = [state]
    for _ in range(length):
        after = [t.state for t in reference.steps(spec, state) if t.state != state]
        if not after:
            break
        state = choose.choice(after)
        found.append(state)
    return found


def reader(drawn: Picture, component: str, kind: str) -> tuple[int, dict[str, str]]:
    for c in drawn.components:
        for r in c.readers:
            if (c.name, r.kind) == (component, kind):
                return r.behind, {d.name: d.sees for d in r.differences}
    raise AssertionError((component, kind))


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_every_scenario_has_a_picture_along_a_walk(name: str) -> None:
    spec = ALL[name].build()
    assert is_cluster(spec)
    for state in walk(spec, length=25, seed=name):
        drawn = picture(spec, state)
        api = server(spec, state)
        with spec.types.active():
            pods = {str(p): api.pod(p) for p in Pod if api.pod(p).exists}
            boxes = {p.name: (n.name, p) for n in drawn.nodes for p in n.pods} | {p.name: (None, p) for p in drawn.unbound}
            assert set(boxes) == set(pods) == {o.name for o in drawn.kinds[-1].objects}
            for pod, (node, box) in boxes.items():
                stored = pods[pod]
                assert (box.phase, box.terminating) == (stored.phase.value, stored.terminating)
                assert node == (None if stored.node is None else str(stored.node))
            assert [n.registered for n in drawn.nodes] == [api.is_registered(n) for n in Node]
        assert all(0 <= b.used <= b.most for b in drawn.budgets)


def test_what_an_informer_sees_is_what_the_model_says_that_it_sees() -> None:
    spec = ALL["crash-in-rollout"].build()
    differed = 0
    for seed in "abcdefgh":
        for state in walk(spec, length=40, seed=seed):
            drawn, api = picture(spec, state), server(spec, state)
            behind, sees = reader(drawn, "controller-manager", "Pods")
            with spec.types.active():
                assert behind == api.pods_distance()
                stale = {str(p) for p in Pod if api.controllers_pod(p) != api.pod(p)}
                assert set(sees) == stale
                for p in Pod:
                    if str(p) in stale:
                        seen = api.controllers_pod(p)
                        assert (sees[str(p)] == "not there") == (not seen.exists)
                        assert not seen.exists or sees[str(p)].startswith(seen.phase.value.capitalize())
            differed += len(stale)
    assert differed > 20


def test_the_second_api_server_and_who_watches_there() -> None:
    spec = ALL["stale-restart-1.33"].build()
    served, behind = set(), set()
    for seed in "abcdefgh":
        for state in walk(spec, length=15, seed=seed):
            drawn = picture(spec, state)
            assert [c.name for c in drawn.components] == ["second-api-server", "controller-manager", "scheduler"]
            served.add(drawn.components[1].served_by)
            behind.add(reader(drawn, "second-api-server", "Pods")[0])
    assert served == {"API server", "second API server"}
    assert behind == {0, 1, 2}


def test_a_request_that_will_fail_is_noted() -> None:
    spec = ALL["failures"].build()
    noted = {tuple(picture(spec, s).notes) for seed in "abcd" for s in walk(spec, length=30, seed=seed)}
    assert noted == {(), ("the next request is answered with 500",)}


def test_an_answer_that_will_be_lost_is_noted() -> None:
    spec = ALL["lost-response"].build()
    noted = {tuple(picture(spec, s).notes) for seed in "abcd" for s in walk(spec, length=30, seed=seed)}
    assert noted == {(), ("the answer to the next request that takes effect is lost",)}


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_every_step_that_changes_the_state_changes_the_picture(name: str) -> None:
    """Nothing that may change is left out. There are no exceptions."""
    spec = ALL[name].build()
    states = walk(spec, length=45, seed=name)
    drawn = [picture(spec, state) for state in states]
    pairs = zip(states, states[1:], drawn, drawn[1:], strict=False)
    assert [reference.changes(spec, before, after) for before, after, one, other in pairs if one == other] == []


def test_a_node_that_is_cut_off() -> None:
    spec = ALL["node-cut-off"].build()
    apart = picture(spec, stepping(spec, "cut_off_node(node-1)"))
    assert [n.cut_off for n in apart.nodes] == [False, True]
    assert [(b.label, b.used, b.most) for b in apart.budgets if b.used] == [("nodes cut off", 1, 1)]
    back = picture(spec, stepping(spec, "cut_off_node(node-1)", "reconnect_node(node-1)"))
    assert [n.cut_off for n in back.nodes] == [False, False]


RUNNING = ("create_pod(pod-0)", "bind_pod(pod-0, node-0)", "see_pod(node-0, pod-0)", "start_containers(node-0, pod-0)", "report_running")


def test_a_kubelet_has_a_memory_of_its_own() -> None:
    spec = ALL["stateful-node-cut-off"].build()
    [worker] = picture(spec, stepping(spec, *RUNNING)).nodes[0].workers
    assert (worker.name, worker.uid, worker.known, worker.running, worker.stored) == ("pod-0", "0", True, True, True)
    ended = (*RUNNING, "cut_off_node(node-1)", "create_pod(pod-1)", "bind_pod(pod-1, node-0)")
    assert [w.name for w in picture(spec, stepping(spec, *ended)).nodes[0].workers] == ["pod-0"]
    assert picture(spec, stepping(spec, *ended)).nodes[1].workers == []


def test_containers_of_a_pod_that_etcd_no_longer_has() -> None:
    scope = ClusterScope(kind=Kind.POD, replicas=1, recreations=1, nodes=1, force_deletes=1)
    spec = cluster(scope)
    [node] = picture(spec, stepping(spec, *RUNNING, "force_delete_pod")).nodes
    assert node.pods == []
    assert [(w.name, w.uid, w.running, w.stored) for w in node.workers] == [("pod-0", "0", True, False)]
    [again] = picture(spec, stepping(spec, *RUNNING, "force_delete_pod", "create_pod", "bind_pod")).nodes
    assert [p.name for p in again.pods] == ["pod-0"]  # another of that name, which the kubelet does not know
    assert [(w.name, w.uid, w.running, w.stored) for w in again.workers] == [("pod-0", "0", True, False)]


def test_a_kubelet_that_watches_where_the_cache_lags() -> None:
    budgets: dict[str, Any] = {"recreations": 1, "kubelet_restarts": 1, "api_servers": 2, "cache_lag_pods": 2}
    scope = ClusterScope(kind=Kind.POD, replicas=1, nodes=1, **budgets, without="client-consistent-list")
    spec = cluster(scope)
    [before] = picture(spec, stepping(spec, "create_pod")).nodes
    assert (before.served_by, before.reader) == ("API server", None)
    [after] = picture(spec, stepping(spec, "create_pod", "restart_kubelet")).nodes
    assert after.served_by == "second API server"
    assert after.reader is not None
    assert (after.reader.behind, after.reader.most) == (1, 2)
    assert [(d.name, d.sees) for d in after.reader.differences] == [("pod-0", "not there")]


def test_what_a_user_has_read() -> None:
    spec = ALL["racing-users"].build()
    opened = ("apply_deployment", "open_deployment")
    for steps, has_open, since in (
        (("apply_deployment",), "nothing", "yes"),
        (opened, "template of replica-set-0, spec.replicas 1", "no"),
        ((*opened, "change_image"), "template of replica-set-0, spec.replicas 1", "yes"),
        ((*opened, "save_deployment"), "nothing", "yes"),
    ):
        [second] = [c for c in picture(spec, stepping(spec, *steps)).components if c.name == "second-user"]
        assert {f.label: f.value for f in second.memory} == {"has open": has_open, "the Deployment has been written since": since}


def test_budgets_of_every_part() -> None:
    for name, scenario in WORKLOADS.items():
        spec = scenario.build()
        parts = {f.name for f in spec.root.fields if f.type.bits} & {"user", "faults", "network", "keeper", "outages"}
        labels = [b.label for b in picture(spec, reference.initial_states(spec)[0]).budgets]
        assert bool(labels) == bool(parts), name
        assert len(labels) == len(set(labels)), name
    spec = ALL["stateful-node-cut-off"].build()
    assert [(b.label, b.used, b.most) for b in picture(spec, stepping(spec, "create_pod(pod-1)")).budgets] == [
        ("pod-0 has been created", 0, 1),
        ("pod-1 has been created", 1, 1),
        ("pods created again", 0, 2),
        ("nodes cut off", 0, 1),
    ]


def test_a_pod_without_a_controller_names_none() -> None:
    spec = ALL["stateful-node-cut-off"].build()
    assert [p.owner for p in picture(spec, stepping(spec, "create_pod")).unbound] == [""]


def keys(drawn: Picture, name: str) -> list[Key]:
    [found] = [q.keys for c in drawn.components for q in c.queues if q.name == name]
    return found


def test_a_queue_has_each_key_once_that_has_something_to_do() -> None:
    spec = ALL["rollout"].build()
    applied = picture(spec, stepping(spec, "apply_deployment"))
    assert keys(applied, "deployment-controller") == [Key(name="deployment-0")]
    assert keys(applied, "replicaset-controller") == []
    created = picture(spec, stepping(spec, "apply_deployment", "create_replica_set"))
    assert keys(created, "replicaset-controller") == [Key(name="replica-set-0")]
    pod = picture(spec, stepping(spec, "apply_deployment", "create_replica_set", "create_pod"))
    assert keys(pod, "scheduler") == [Key(name="pod-0")]
    # two of its syncs have something to do: the next pod, and the status
    assert keys(pod, "replicaset-controller") == [Key(name="replica-set-0")]


def test_a_key_that_waits_because_an_informer_may_lag_no_further() -> None:
    spec = cluster(ClusterScope(kind=Kind.REPLICA_SET, replicas=2, lag_pods=1, deployment_status=False))
    assert spec.scope["lag_pods"] == 1
    first = ("apply_replica_set", "create_pod")
    behind = picture(spec, stepping(spec, *first))
    assert reader(behind, "controller-manager", "Pods")[0] == 1
    assert keys(behind, "scheduler") == [Key(name="pod-0", waits="pods")]
    assert keys(picture(spec, stepping(spec, *first, "see_pod")), "scheduler") == [Key(name="pod-0")]


def test_the_queues_are_those_of_the_steps_that_are_possible() -> None:
    """Of a scope in which nobody lags nothing waits, and a key is queued where a step with it is possible."""
    spec = ALL["rollout"].build()
    for state in walk(spec, length=40, seed="queues"):
        queued = {(q.name, k.name) for c in picture(spec, state).components for q in c.queues for k in q.keys}
        possible = {
            (t.action.actor, str(value))
            for t in reference.steps(spec, state)
            if t.action.actor in ("deployment-controller", "replicaset-controller", "scheduler") and t.action.kind == "component"
            for name, value in t.parameters.items()
            if name != "node"
        }
        assert queued == possible


def test_another_spec_is_no_cluster() -> None:
    from kubecheck.cli.loading import load_spec

    example = Path(__file__).parents[2] / "examples" / "two_phase_commit.py"
    assert not is_cluster(load_spec(str(example), None, {}))
