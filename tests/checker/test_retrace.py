"""A recorded path, taken again: it is the same, ends earlier, or leads elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from kubecheck.checker.errors import InternalError
from kubecheck.checker.replay import confirm
from kubecheck.checker.report import Step
from kubecheck.checker.retrace import retrace, still_violated, why_still
from kubecheck.spec import Range, Spec, State, reference, require
from tests.cli.specs.crossing import crossing


class Moving(State):
    """How far something has got."""

    n: Annotated[int, Range(0, 2)]


UNGUARDED = crossing(guard=False)


def recorded(spec: Spec = UNGUARDED, *lights: int) -> list[Step]:
    """Lights that turn green, one after another."""
    states = reference.initial_states(spec)[:1]
    for light in lights:
        [after] = [
            t.state
            for t in reference.steps(spec, states[-1])
            if t.action.name == "go" and t.parameters["light"].number == light
        ]
        states.append(after)
    return confirm(spec, spec.find_property("at_most_one_is_green"), states, 0)


PATH = recorded(UNGUARDED, 0, 1)


def changed(number: int, **fields: Any) -> list[Step]:
    return [msgspec.structs.replace(step, **fields) if step.step == number else step for step in PATH]


def test_the_same() -> None:
    found = retrace(UNGUARDED, PATH)
    assert (found.steps, found.gone, found.differs) == (PATH, None, None)
    prop = UNGUARDED.find_property("at_most_one_is_green")
    assert still_violated(UNGUARDED, prop, found.states)
    why = why_still(UNGUARDED, prop, found.states)
    assert why is not None
    assert why.condition.operands[0].value == "2"
    assert not still_violated(UNGUARDED, prop, found.states[:2])


def moving(*, ends: bool = True) -> Spec:
    """Counts to two, and then rests or goes on."""
    spec = Spec("moving", Moving, scope={})

    @spec.action(actor="mover")
    def go(m: Moving) -> None:
        """One more."""
        require(m.n < 2 or not ends)
        m.n = (m.n + 1) % 3

    @spec.quiescent
    def rests_at_none(m: Moving) -> bool:
        """It never rests with something counted."""
        return m.n == 0

    @spec.limit
    def has_room(m: Moving) -> bool:
        """There is room left."""
        return m.n < 2

    return spec


@pytest.mark.parametrize("name", ["rests_at_none", "has_room"])
def test_what_is_said_of_rest_is_violated_only_where_it_rests(name: str) -> None:
    """Both are false in the last state; a component can still move there in one of the two specs."""
    resting, restless = moving(), moving(ends=False)
    states = reference.initial_states(resting)
    while taken := list(reference.steps(resting, states[-1])):
        states.append(taken[0].state)
    assert still_violated(resting, resting.find_property(name), states)
    assert len(confirm(resting, resting.find_property(name), states, 0)) == 3
    assert not still_violated(restless, restless.find_property(name), states)
    with pytest.raises(InternalError, match=f"a violation of {name}"):
        confirm(restless, restless.find_property(name), states, 0)


def test_a_step_that_is_not_enabled_any_more_says_which_condition_refuses_it() -> None:
    found = retrace(crossing(guard=True), PATH)
    assert found.gone is not None
    assert (found.gone.step, found.gone.reason) == (2, "go(light-1) is not enabled")
    assert found.gone.condition is not None
    assert found.gone.condition.text == "all(colour is Colour.RED for colour in s.colour)"
    assert found.gone.condition.parts[0].element == {"colour": "s.colour[light-0]"}
    assert [step.step for step in found.steps] == [0, 1]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (changed(1, action="leap"), "the spec has no action leap"),
        (changed(1, parameters={"lamp": "light-0"}), "the parameters of go are other ones: light"),
        (changed(1, parameters={"light": "light-9"}), "light of go cannot be light-9"),
    ],
)
def test_a_step_that_the_spec_does_not_know(path: list[Step], reason: str) -> None:
    found = retrace(UNGUARDED, path)
    assert found.gone is not None
    assert (found.gone.step, found.gone.reason, found.gone.condition) == (1, reason, None)


def test_a_value_that_leaves_its_type() -> None:
    spec = crossing(turns=1, overflow=True, guard=False)
    found = retrace(spec, PATH)
    assert found.gone is not None
    assert found.gone.step == 2
    assert "KC504: go(light-1): 2 is outside Range(0, 1)" in found.gone.reason


def test_a_state_that_is_another_one_is_noticed_and_the_path_goes_on() -> None:
    found = retrace(UNGUARDED, changed(1, state=PATH[0].state))
    assert (found.differs, found.gone, len(found.steps)) == (1, None, 3)
    assert retrace(UNGUARDED, changed(1, state={})).differs is None


def test_a_smaller_state_starts_elsewhere() -> None:
    found = retrace(crossing(lights=2, guard=False), PATH)
    assert (found.differs, found.gone) == (0, None)


def test_without_a_path_there_is_nothing_to_take() -> None:
    assert retrace(UNGUARDED, []).steps == []
