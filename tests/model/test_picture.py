"""The picture of a cluster agrees with the state that it shows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.objects import Node, Pod
from kubecheck.model.picture import Picture, is_cluster, picture
from kubecheck.model.scenarios import ALL
from kubecheck.spec import Spec, reference
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.values import Part, Root, lift


def server(spec: Spec, state: Snapshot) -> ApiServer:
    place = next(i for i, f in enumerate(spec.root.fields) if f.name == "api_server")
    found: ApiServer = lift(spec.root.fields[place].type, state[place], Part(Root(state), place))
    return found


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


@pytest.mark.parametrize("name", list(ALL))
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
    spec = ALL["stale-restart-1.34"].build()
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


def test_another_spec_is_no_cluster() -> None:
    from kubecheck.cli.loading import load_spec

    example = Path(__file__).parents[2] / "examples" / "two_phase_commit.py"
    assert not is_cluster(load_spec(str(example), None, {}))
