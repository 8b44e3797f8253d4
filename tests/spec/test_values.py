"""Values and places as CPython holds them: snapshots, write-through, live views, and what belongs where."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from kubecheck.spec import Record, Seq, Set, SpecError, ValueEscape, first, present
from kubecheck.spec.errors import NotEnabled
from kubecheck.spec.types import SeqType, SetType, Type
from kubecheck.spec.values import Root, lift, lower
from tests.spec.toys import Inner, Main, Node, Phase, Pod, Spot, Work, empty


class World:
    """A state outside of any action, with its scope active."""

    def __init__(self) -> None:
        self.spec = empty()
        self.root = Root(self.spec.root.default)
        self.main: Main = lift(self.spec.root, self.root.data, self.root)._read("main")

    def __enter__(self) -> Main:
        self.active = self.spec.types.active()
        self.active.__enter__()
        return self.main

    def __exit__(self, *exception: object) -> None:
        self.active.__exit__(None, None, None)


@pytest.fixture
def world() -> World:
    return World()


def test_defaults(world: World) -> None:
    with world as s:
        assert s.work[Pod.member(0)] == Work(phase=Phase.PENDING, spot=Spot(node=None, tries=1))
        assert (s.count, s.owner, s.last, s.inner.level) == (0, None, None, 0)
        assert (s.ready, s.queue) == (Set(), Seq())


def test_reading_a_record_gives_a_snapshot(world: World) -> None:
    with world as s:
        seen, spot = s.work[Pod.member(0)], s.work[Pod.member(0)].spot
        s.work[Pod.member(0)].phase = Phase.RUNNING
        s.work[Pod.member(0)].spot.tries = 3
        assert (seen.phase, seen.spot.tries, spot.tries) == (Phase.PENDING, 1, 1)
        assert (s.work[Pod.member(0)].phase, s.work[Pod.member(0)].spot.tries) == (Phase.RUNNING, 3)
        assert s.work[Pod.member(1)].phase is Phase.PENDING


def test_storing_a_record_copies_it(world: World) -> None:
    with world as s:
        s.work[Pod.member(1)] = s.work[Pod.member(0)].next(phase=Phase.RUNNING)
        s.last = s.work[Pod.member(1)]
        s.work[Pod.member(1)].phase = Phase.ABSENT
        assert present(s.last).phase is Phase.RUNNING


def test_arrays_and_states_are_live(world: World) -> None:
    with world as s:
        row, inner = s.grid[Node(1)], s.many[Node(0)]
        s.grid[Node(1)][Node(0)] = True
        s.many[Node(0)].level = 4
        assert list(row) == [True, False]
        assert inner.level == 4
        inner.level = 5
        row[Node(1)] = True
        assert s.many[Node(0)].level == 5
        assert list(s.grid[Node(1)]) == [True, True]


def test_whole_arrays_are_copied(world: World) -> None:
    with world as s:
        s.grid[Node(0)] = s.grid[Node(1)]
        s.grid[Node(1)][Node(1)] = True
        assert not any(s.grid[Node(0)])


def test_an_array_in_a_record_is_a_value(world: World) -> None:
    with world as s, pytest.raises(SpecError, match="KC203: an array inside a record is a value"):
        s.work[Pod.member(0)].seen[Node(0)] = True


def test_a_made_record_is_a_value(world: World) -> None:
    with world, pytest.raises(SpecError, match="KC203: Spot is a value"):
        Spot().tries = 2


def test_next_does_not_change(world: World) -> None:
    with world:
        old = Spot(tries=2)
        new = old.next(node=Node(1))
        assert (old.node, new.node, new.tries) == (None, Node(1), 2)
        assert old != new
        assert {old, new, Spot(tries=2)} == {old, new}
        assert repr(new) == "Spot(node=node-1, tries=2)"


def test_constants_are_completed_for_each_scope() -> None:
    constant = Work(phase=Phase.RUNNING)
    for nodes in (1, 3):
        spec = empty(nodes=nodes)
        with spec.types.active():
            assert len(constant.seen) == nodes
            assert constant == Work(phase=Phase.RUNNING)


def test_private_names_are_for_methods(world: World) -> None:
    with world as s:
        assert not s.inner.hidden
        s.inner.hide()
        assert s.inner.hidden


def test_sorts(world: World) -> None:
    with world:
        assert list(Node) == [Node(0), Node(1)]
        assert len(Node) == 2
        assert Node(1) > Node(0) <= Node(0) < Node(1) >= Node(1)
        assert Node(1).index == 1
        assert pickle.loads(pickle.dumps(Node(1))) is Node(1)
        with pytest.raises(ValueEscape, match="KC501"):
            Node(2)
        with pytest.raises(TypeError, match="cannot be compared"):
            assert Node(0) < Pod.member(0)
        with pytest.raises(AttributeError, match="constants"):
            Node(0).number = 3


@pytest.mark.parametrize("use", [lambda p: p < p, lambda p: p >= p, lambda p: p.index], ids=["<", ">=", "index"])
def test_symmetric_sorts_have_no_order(world: World, use: Callable[[Pod], Any]) -> None:
    with world, pytest.raises(SpecError, match="KC301"):
        use(Pod.member(0))


def test_sets(world: World) -> None:
    with world as s:
        a, b = Node(0), Node(1)
        s.nodes = {b}
        s.nodes |= {a}
        assert list(s.nodes) == [a, b], "in the order of the sort, however it was made"
        assert (s.nodes - {a}, s.nodes & {a}, {a} | s.nodes, {a, b} - s.nodes) == ({b}, {a}, {a, b}, set())
        assert {a} <= s.nodes >= {b}
        assert a in s.nodes
        assert len(s.nodes) == 2
        assert repr(s.nodes) == "{node-0, node-1}"
        with pytest.raises(SpecError, match="KC201"):
            s.nodes |= {Phase.ABSENT}  # type: ignore[arg-type]  # on purpose


def test_sets_of_numbers_and_bools_are_ordered() -> None:
    assert list(Set({2, -1, 0})) == [-1, 0, 2]
    assert list(Set({True, False})) == [False, True]


def test_sequences(world: World) -> None:
    with world as s:
        s.queue += (Phase.RUNNING,)
        kept = s.queue
        s.queue += (Phase.ABSENT,)
        assert (list(s.queue), list(kept)) == ([Phase.RUNNING, Phase.ABSENT], [Phase.RUNNING])
        assert (s.queue[1], s.queue[1:], s.queue[5:]) == (Phase.ABSENT, (Phase.ABSENT,), ())
        assert Phase.ABSENT in s.queue
        for wrong in (2, -1):
            with pytest.raises(ValueEscape, match="KC503"):
                s.queue[wrong]
        with pytest.raises(ValueEscape, match="KC503"):
            s.queue[-1:]


def test_a_sequence_overflows_when_it_grows_not_when_it_is_stored(world: World) -> None:
    with world as s:
        s.queue = (Phase.RUNNING, Phase.RUNNING)
        with pytest.raises(ValueEscape, match="KC505: a sequence of 3 does not fit in Seq"):
            s.queue += (Phase.ABSENT,)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("count", 10, "KC504"), ("count", -1, "KC504"), ("count", True, "KC201"), ("count", None, "KC506"),
        ("owner", Phase.ABSENT, "KC201"), ("last", Spot(), "KC201"), ("queue", (Phase.ABSENT,) * 3, "KC505"),
        ("ready", {Phase.ABSENT}, "KC201"), ("ready", None, "KC506"), ("grid", 3, "KC201"),
    ],
)  # fmt: skip
def test_what_does_not_belong_is_refused(world: World, field: str, value: object, code: str) -> None:
    with world as s, pytest.raises(SpecError) as caught:
        setattr(s, field, value)
    assert caught.value.code == code


def test_unknown_names(world: World) -> None:
    with world as s:
        with pytest.raises(SpecError, match="KC103: Main has no field coutn"):
            s.coutn = 3
        with pytest.raises(SpecError, match="KC103: Spot has no field trys"):
            Spot().next(trys=3)


def test_a_state_is_no_value(world: World) -> None:
    with world as s:
        assert s.many[Node(0)] == s.many[Node(1)]
        with pytest.raises(TypeError, match="unhashable"):
            hash(s.inner)
        assert repr(s.inner) == "Inner(level=0, _hidden=False)"


def test_fields_are_inherited() -> None:
    class More(Inner):
        extra: bool

    class Further(Spot):
        extra: bool = True

        def spread(self) -> int:
            return self.tries

    spec = empty()
    assert [f.name for f in spec.types.resolve(More).fields] == ["level", "_hidden", "extra"]  # type: ignore[attr-defined]
    with spec.types.active():
        assert Further(tries=2).spread() == 2
        assert Further(tries=2) != Spot(tries=2)


def test_functions() -> None:
    assert first(n for n in (3, 4)) == 3
    assert first(n for n in ()) is None
    with pytest.raises(NotEnabled):
        present(None)
    assert present(False) is False


def test_lift_and_lower_are_inverse(world: World) -> None:
    with world as s:
        t: Type = world.spec.types.resolve(Work)
        assert lower(t, lift(t, t.default, None)) == t.default
        assert isinstance(lift(t, t.default, None), Record)
        nodes: Type = SetType(world.spec.types.resolve(Node))
        assert lower(nodes, Set({Node(1)})) == frozenset({Node(1)})
        queue: Type = SeqType(world.spec.types.resolve(Phase), 1)
        assert lower(queue, (Phase.ABSENT,)) == (Phase.ABSENT,)
        assert s is world.main
