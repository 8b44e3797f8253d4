"""Declaring specs: modules compose, names are unique, and a spec that is in use is a value."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubecheck.spec import ActionKind, Module, PropertyKind, Spec, SpecError, reference, require
from kubecheck.spec.frontend import program
from tests.spec.toys import Main, Node, Other, Pod, empty


def test_what_is_declared_is_kept_as_it_was() -> None:
    spec = empty()

    def act(s: Main, node: Node) -> None:
        """Does it.

        At length.
        """

    def fine(s: Main) -> bool:
        return True

    assert spec.action(actor="a", kind="fault")(act) is act
    for declare in (spec.invariant, spec.reachable, spec.quiescent):
        fine.__name__ = f"fine_{len(spec.properties)}"
        assert declare(fine) is fine
    assert spec.invariant()(_named("with_parentheses"))
    action = spec.find_action("act")
    assert (action.name, action.actor, action.kind, action.sentence) == ("act", "a", ActionKind.FAULT, "Does it.")
    assert Path(action.position.file).samefile(__file__)
    assert action.position.line == act.__code__.co_firstlineno
    assert [p.kind for p in spec.properties] == [
        PropertyKind.INVARIANT, PropertyKind.REACHABLE, PropertyKind.QUIESCENT, PropertyKind.INVARIANT,
    ]  # fmt: skip


def _named(name: str) -> Callable[..., Any]:
    def fine(s: Main) -> bool:
        return True

    fine.__name__ = name
    return fine


def test_parameters_tell_parts_and_values_apart() -> None:
    spec = empty()

    @spec.action(actor="a")
    def act(o: Other, s: Main, node: Node, pod: Pod | None, yes: bool) -> None: ...

    found = spec.parameters(spec.find_action("act"))
    assert [(p.name, str(p.type), p.part) for p in found] == [
        ("o", "Other", 1), ("s", "Main", 0), ("node", "Node", None), ("pod", "Pod | None", None), ("yes", "bool", None),
    ]  # fmt: skip


def component() -> Module:
    """A part with an action, a start and a property."""
    module = Module("flag", Other)

    @module.initial
    def start(o: Other, on: bool) -> None:
        o.flag = on

    @module.action(actor="switch")
    def switch(o: Other) -> None:
        o.flag = not o.flag

    @module.invariant
    def free(o: Other) -> bool:
        return True

    return module


def test_modules_compose() -> None:
    spec = Spec("composed", Main, scope={"pods": 1, "nodes": 1})
    spec.include(component())
    spec.include(Module("again", Other, Main))
    assert [f.name for f in spec.root.fields] == ["main", "other"]
    assert [a.name for a in spec.actions] == ["switch"]
    assert len(reference.initial_states(spec)) == 2
    assert [e.declared.name for e in program(spec).actions] == ["switch"]


def test_a_module_can_be_used_in_several_specs() -> None:
    module = component()
    for pods in (1, 2):
        spec = Spec("composed", Main, scope={"pods": pods, "nodes": 1})
        spec.include(module)
        assert len(list(reference.steps(spec, spec.root.default))) == 1


def test_a_part_is_named_after_its_class() -> None:
    class HTTPCache(Other): ...

    class SomeState(Other): ...

    assert [f.name for f in Spec("names", HTTPCache, SomeState).root.fields] == ["h_t_t_p_cache", "some_state"]


@pytest.mark.parametrize("change", ["action", "initial", "invariant", "step_invariant", "reachable", "quiescent", "include"])
def test_a_spec_in_use_cannot_change(change: str) -> None:
    spec = empty()
    late = component() if change == "include" else _named("late")
    declare = spec.action(actor="a") if change == "action" else getattr(spec, change)
    assert spec.root.bits > 0
    with pytest.raises(SpecError, match="KC113: toy is in use and cannot change"):
        declare(late)


def test_names_are_unique_among_actions_and_among_properties() -> None:
    spec = Spec("twice", Other)
    spec.include(component())
    with pytest.raises(SpecError, match="KC111: twice already has switch"):
        spec.include(component())

    @spec.action(actor="a")
    def free(o: Other) -> None:
        """An action may have the name of a property."""

    assert [a.name for a in spec.actions] == ["switch", "free"]


def test_unknown_names() -> None:
    spec = Spec("small", Other)
    for find in (spec.find_action, spec.find_property):
        with pytest.raises(KeyError, match="nothing"):
            find("nothing")


def test_string_annotations_see_local_names() -> None:
    """This file has them: `from __future__ import annotations` makes every annotation a string."""

    class Color(enum.Enum):
        RED = 0
        BLUE = 1

    spec = empty()

    @spec.action(actor="a")
    def paint(s: Main, color: Color) -> None:
        require(color is Color.BLUE)
        s.count = 1

    assert [t.parameters for t in reference.steps(spec, spec.root.default)] == [{"color": Color.BLUE}]
    assert len(program(spec).actions) == 1


def test_scopes_do_not_mix() -> None:
    small, large = empty(pods=1), empty(pods=3)
    assert small.root != large.root
    assert small.root == empty(pods=1).root
    assert large.root.bits > small.root.bits


def test_sorts_that_a_picture_may_hold_alike() -> None:
    module, spec = Module("pictures"), Spec("toy", Main, scope={"pods": 2, "nodes": 2})
    module.alike(Node, Pod)
    spec.include(module)
    assert spec.alike_sorts == [Node, Pod]
    with pytest.raises(SpecError, match=r"KC138: toy: int is no sort"):
        spec.alike(int)  # type: ignore[arg-type]
