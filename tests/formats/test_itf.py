"""ITF traces, read back by Apalache's own Python library and compared with the states of the path."""

from __future__ import annotations

import json
from typing import Any

import itf_py
import pytest

from kubecheck.checker.values import state_values
from kubecheck.cli.formats.itf import itf
from kubecheck.spec import Spec, reference
from kubecheck.spec.layout import show_scalar
from kubecheck.spec.types import ArrayType, Data, OptionalType, RecordType, SeqType, SetType, Type
from tests.formats.checks import VERDICTS, checks, report
from tests.spec.toys import Main


def read(what: str) -> Any:
    return itf_py.trace_from_json(json.loads(itf(checks(what))))


@pytest.mark.parametrize("what", VERDICTS)
def test_it_can_be_read_back(what: str) -> None:
    trace = read(what)
    back_to = report(what).back_to
    path = report(what).path if back_to is None else report(what).path[:-1]
    assert [state.meta["index"] for state in trace.states] == [step.step for step in path]
    assert [state.meta.get("action", "") for state in trace.states] == [step.action for step in path]
    for state in trace.states:
        assert list(state.values) == trace.vars


def test_a_loop() -> None:
    """The state that the loop comes back to is there once; the step that leads back is told beside it."""
    trace = read("loop")
    assert trace.loop == 1
    assert [state.meta.get("action", "") for state in trace.states] == ["", "red", "green"]
    assert trace.meta["loop"]["action"] == "red"


def test_a_path() -> None:
    trace = read("violated")
    assert trace.vars == ["colour", "turns"]
    assert trace.states[2].values["turns"] == 2
    assert dict(trace.states[2].values["colour"]) == {"light-0": "green", "light-1": "green", "light-2": "red"}
    assert trace.meta["description"] == "kubecheck: violated: at_most_one_is_green is violated after 2 steps"
    assert trace.states[2].meta == {"index": 2, "actor": "controller", "action": "go", "parameters": {"light": "light-1"}}


def test_a_cluster() -> None:
    last = read("cluster").states[-1].values
    assert last["api_server"].etcd.pods["pod-0"].phase == "running"
    assert last["api_server"].etcd.pods["pod-0"].node == frozenset({"node-0"})
    assert last["api_server"].etcd.pods["pod-1"].node == frozenset()


def test_without_a_path_there_are_no_states() -> None:
    assert (read("holds").states, read("holds").vars) == ([], [])


def same(t: Type, data: Data, found: Any) -> bool:
    """Whether what the library read is this value."""
    if isinstance(t, OptionalType):
        return bool(found == frozenset()) if data is None else len(found) == 1 and same(t.inner, data, next(iter(found)))
    if isinstance(t, RecordType):
        return all(same(f.type, d, getattr(found, f.name.lstrip("_"))) for f, d in zip(t.fields, data, strict=True))
    if isinstance(t, ArrayType):
        keys = [k if isinstance(k, int) else show_scalar(k) for k in t.key.values()]
        return list(found) == keys and all(same(t.element, d, found[k]) for k, d in zip(keys, data, strict=True))
    if isinstance(t, SetType):
        return bool(found == frozenset(show_scalar(v) for v in data))
    if isinstance(t, SeqType):
        return len(found) == len(data) and all(same(t.element, d, f) for d, f in zip(data, found, strict=True))
    return bool(found == (data if isinstance(data, bool | int) else show_scalar(data)))


def test_every_type_of_the_language() -> None:
    import random

    from tests.spec.comparing import random_data

    spec = Spec("every", Main, scope={"pods": 3, "nodes": 2})
    draw = random.Random(7)
    root = spec.root
    for _ in range(50):
        data = random_data(root, draw.randint)
        found = itf_py.state_from_json(state_values(spec, data)).values
        inner = root.fields[0].type
        assert isinstance(inner, RecordType)
        for f, d in zip(inner.fields, data[0], strict=True):
            assert same(f.type, d, found[f.name.lstrip("_")]), (f.name, reference.show(f.type, d), found[f.name])
