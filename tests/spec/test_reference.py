"""The reference execution: initial states, steps, properties, what changed, and errors at the author's line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubecheck.spec import Spec, SpecError, ValueEscape, present, reference, require
from kubecheck.spec.reference import Outcome
from tests.spec.toys import Main, Node, Other, Phase, Pod, Work, empty


@pytest.fixture
def spec() -> Spec:
    """A counter with an owner."""
    spec = empty()

    @spec.action(actor="user")
    def add(s: Main, node: Node) -> None:
        require(s.count < 2)
        s.count += node.index + 1

    @spec.action(actor="user", kind="environment")
    def own(s: Main, o: Other, pod: Pod | None) -> None:
        s.owner = pod
        o.flag = True
        s.work[present(pod)].phase = Phase.RUNNING

    @spec.invariant
    def small(s: Main, node: Node) -> bool:
        require(s.count > node.index)
        return s.count < 3

    @spec.step_invariant
    def grows(before: Main, after: Main) -> bool:
        require(before.count > 0)
        return before.count <= after.count

    @spec.reachable
    def owned(s: Main, pod: Pod) -> bool:
        return s.owner == pod

    return spec


def test_without_initial_functions_the_defaults_are_the_start(spec: Spec) -> None:
    assert reference.initial_states(spec) == [spec.root.default]


def test_each_instance_gives_an_initial_state() -> None:
    spec = empty()

    @spec.initial
    def some(s: Main, node: Node, high: bool) -> None:
        require(not (high and node.index == 0))
        s.count = node.index + (5 if high else 0)

    @spec.initial
    def again(s: Main) -> None:
        s.count = 1

    counts = [state[0][spec.root.fields[0].type.index("count")] for state in reference.initial_states(spec)]  # type: ignore[attr-defined]
    assert counts == [0, 1, 6, 1], "in the order of declaration and of values, duplicates included"


def test_steps_come_in_order_with_their_parameters(spec: Spec) -> None:
    start = spec.root.default
    taken = list(reference.steps(spec, start))
    assert [(t.action.name, t.parameters) for t in taken] == [
        ("add", {"node": Node.member(0)}),
        ("add", {"node": Node.member(1)}),
        ("own", {"pod": Pod.member(0)}),
        ("own", {"pod": Pod.member(1)}),
    ]
    assert reference.changes(spec, start, taken[1].state) == [("main.count", "0", "2")]
    assert reference.changes(spec, start, taken[2].state) == [
        ("main.work[pod-0].phase", "pending", "running"),
        ("main.owner", "none", "pod-0"),
        ("other.flag", "False", "True"),
    ]
    assert reference.changes(spec, None, taken[1].state) == [("main.count", "0", "2")]


def test_take(spec: Spec) -> None:
    add, own = spec.find_action("add"), spec.find_action("own")
    after = reference.take(spec, add, {"node": Node.member(1)}, spec.root.default)
    assert after is not None
    assert reference.take(spec, add, {"node": Node.member(0)}, after) is None
    assert reference.take(spec, own, {"pod": None}, after) is None, "present(None) is not enabled"


def test_changes_inside_values(spec: Spec) -> None:
    root = spec.root.fields[0].type
    with spec.types.active():
        work = Work(phase=Phase.RUNNING).data_as(spec.types.resolve(Work))  # type: ignore[arg-type]
    start = spec.root.default
    last = root.index("last")  # type: ignore[attr-defined]
    main = (*start[0][:last], work, *start[0][last + 1 :])
    assert reference.changes(spec, start, (main, start[1])) == [
        ("main.last", "none", "{phase: running, spot: {node: none, tries: 1}, seen: [node-0: False, node-1: False]}")
    ]
    other = (*main[:last], (Phase.ABSENT, *work[1:]), *main[last + 1 :])
    assert reference.changes(spec, (main, start[1]), (other, start[1])) == [("main.last.phase", "running", "absent")]


def test_show() -> None:
    spec = empty()
    main = spec.root.fields[0].type
    ready, queue = main.fields[main.index("ready")].type, main.fields[main.index("queue")].type  # type: ignore[attr-defined]
    assert reference.show(ready, frozenset({Pod.member(1), Pod.member(0)})) == "{pod-0, pod-1}"
    assert reference.show(queue, (Phase.RUNNING, Phase.ABSENT)) == "[running, absent]"


def test_properties(spec: Spec) -> None:
    start = spec.root.default
    small, grows, owned = (spec.find_property(n) for n in ("small", "grows", "owned"))
    assert reference.evaluate(spec, small, start) is Outcome.PREMISE_FALSE
    add = spec.find_action("add")
    one = reference.take(spec, add, {"node": Node.member(0)}, start)
    assert one is not None
    three = reference.take(spec, add, {"node": Node.member(1)}, one)
    assert three is not None
    assert reference.evaluate(spec, small, one) is Outcome.HOLDS
    assert reference.evaluate(spec, small, three) is Outcome.VIOLATED
    assert [o for _, o in reference.instances(spec, small, one)] == [Outcome.HOLDS, Outcome.PREMISE_FALSE]
    assert reference.evaluate(spec, grows, start, one) is Outcome.PREMISE_FALSE
    assert reference.evaluate(spec, grows, one, three) is Outcome.HOLDS
    assert reference.evaluate(spec, grows, three, one) is Outcome.VIOLATED
    assert reference.evaluate(spec, owned, start) is Outcome.PREMISE_FALSE, "for a reachable: no witness"
    own = reference.take(spec, spec.find_action("own"), {"pod": Pod.member(1)}, start)
    assert own is not None
    assert reference.evaluate(spec, owned, own) is Outcome.HOLDS


def test_quiescence_asks_components_only() -> None:
    spec = empty()

    @spec.action(actor="controller")
    def settle(s: Main) -> None:
        s.count = 1

    @spec.action(actor="user", kind="environment")
    def disturb(s: Main) -> None:
        s.count = 2

    start = spec.root.default
    settled = reference.take(spec, spec.find_action("settle"), {}, start)
    assert settled is not None
    assert not reference.is_quiescent(spec, start)
    assert reference.is_quiescent(spec, settled), "a step that changes nothing does not count"


def test_a_step_changes_nothing_but_its_own_state(spec: Spec) -> None:
    start = spec.root.default
    copy = (tuple(start[0]), tuple(start[1]))
    list(reference.steps(spec, start))
    assert start == copy


def test_an_error_stands_at_the_authors_line() -> None:
    spec = empty()

    def helper(s: Main) -> None:
        s.count -= 1  # here

    @spec.action(actor="user")
    def sink(s: Main) -> None:
        helper(s)

    with pytest.raises(ValueEscape) as caught:
        list(reference.steps(spec, spec.root.default))
    error = caught.value
    assert (error.code, error.message) == ("KC504", "sink: -1 is outside Range(0, 9)")
    assert error.position is not None
    line = Path(error.position.file).read_text(encoding="utf-8").split("\n")[error.position.line - 1]
    assert Path(error.position.file).samefile(__file__)
    assert line[error.position.column - 1 : error.position.end_column - 1] == "s.count"
    assert line.endswith("# here")
    assert str(error).endswith("help: a value must stay in its range; require the condition, or widen it")


def test_none_where_a_value_is_needed() -> None:
    spec = empty()

    @spec.action(actor="user")
    def blind(s: Main) -> None:
        s.count = s.last.spot.tries  # type: ignore[union-attr]  # the front end would see it

    with pytest.raises(ValueEscape, match="KC506: blind: None where a value is needed"):
        list(reference.steps(spec, spec.root.default))


def test_errors_of_the_language_keep_their_kind() -> None:
    spec = empty()

    @spec.action(actor="user")
    def misuse(s: Main, pod: Pod) -> None:
        s.count = pod.index

    with pytest.raises(SpecError, match=r"KC301: misuse\(pod-0\): Pod is symmetric") as caught:
        list(reference.steps(spec, spec.root.default))
    assert not isinstance(caught.value, ValueEscape)
