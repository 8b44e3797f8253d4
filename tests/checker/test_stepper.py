"""The stepper gives the reference's steps, and its searches find the shortest paths."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Annotated

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kubecheck import checker
from kubecheck.checker.graph.expander import Words
from kubecheck.checker.stepper import ChoiceError, SearchLimits, Stepper
from kubecheck.checker.values import state_values
from kubecheck.model.bugs import all_bugs
from kubecheck.model.scenarios import ALL, WORKLOADS
from kubecheck.spec import PropertyKind, Range, Spec, SpecError, State, reference, require
from kubecheck.spec.reference import Outcome, Snapshot, Taken
from tests.checker.test_differential import CHOICES, Drawn, written
from tests.checker.test_rest import lamps
from tests.quick import some


class Counter(State):
    n: Annotated[int, Range(0, 9)]
    stopped: bool


def counting(*, most: int = 9) -> Spec:
    spec = Spec("counting", Counter, scope={"most": most})

    @spec.initial
    def low(c: Counter) -> None:
        """From 0."""

    @spec.initial
    def high(c: Counter) -> None:
        """From 4."""
        c.n = 4

    @spec.action(actor="up")
    def up(c: Counter, by: Annotated[int, Range(1, 3)]) -> None:
        """Adds something."""
        require(not c.stopped)
        c.n += by

    @spec.action(actor="stop", kind="environment")
    def stop(c: Counter) -> None:
        """Stops it."""
        c.stopped = True

    @spec.invariant
    def below_eight(c: Counter) -> bool:
        """It stays below 8."""
        return c.n < 8

    @spec.step_invariant
    def by_less_than_three(before: Counter, after: Counter) -> bool:
        """No step is large."""
        return after.n < before.n + 3

    @spec.quiescent
    def stopped_early(c: Counter) -> bool:
        """It stops at 3 at most."""
        return c.n <= 3

    @spec.reachable
    def seven(c: Counter) -> bool:
        """It gets to 7."""
        return c.n == 7

    @spec.reachable
    def never(c: Counter) -> bool:
        """It never gets there."""
        return c.stopped and c.n > 9

    return spec


class Place(State):
    n: Annotated[int, Range(0, 99)]


def wide(first: int) -> Spec:
    """A first level of so many states, and a second one of as many."""
    spec = Spec("wide", Place, scope={})

    @spec.initial
    def anywhere(p: Place, at: Annotated[int, Range(0, 49)]) -> None:
        """One of the first."""
        require(at < first)
        p.n = at

    @spec.action(actor="mover")
    def jump(p: Place) -> None:
        """To the second level."""
        require(p.n < 50)
        p.n += 50

    return spec


@pytest.mark.parametrize("first", [1, 15, 16, 17, 32, 33, 49, 50])
def test_every_state_of_a_level_is_asked(first: int) -> None:
    """Also the last ones, however many the level has: a search asks a few at a time."""
    stepper = Stepper(wide(first))
    for wanted in (0, first // 2, first - 1):
        for level, at in ((0, wanted), (1, wanted + 50)):
            # its one field is the whole state
            found = stepper.find(lambda rows, at=at: rows[:, 0] == at)
            assert found.choices is not None, (first, at)
            assert len(found.choices) == level + 1


def same(found: list[Taken], expected: list[Taken]) -> bool:
    return [(t.action.name, t.parameters, t.state) for t in found] == [
        (t.action.name, t.parameters, t.state) for t in expected
    ]


def reference_steps(spec: Spec, state: Snapshot) -> tuple[list[Taken], str]:
    found: list[Taken] = []
    try:
        found.extend(reference.steps(spec, state))
    except SpecError as error:
        return found, error.code
    return found, ""


def agrees(stepper: Stepper, choose: Callable[[int], int], length: int) -> int:
    """Walks along chosen steps; how many states were compared."""
    spec = stepper.spec
    assert stepper.initial() == list(dict.fromkeys(reference.initial_states(spec)))
    if not stepper.initial():
        return 0
    state = stepper.initial()[choose(len(stepper.initial()))]
    for number in range(1, length + 1):
        expected, code = reference_steps(spec, state)
        error = stepper.error(state)
        assert (error.code if error else "") == code
        found = stepper.steps(state)
        assert same(found, expected)
        if not code:
            assert stepper.is_quiescent(state) == reference.is_quiescent(spec, state)
        if not found:
            return number
        state = found[choose(len(found))].state
    return length


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(CHOICES, st.randoms(use_true_random=False))
def test_random_specs_step_as_the_reference_does(
    tmp_path_factory: pytest.TempPathFactory, choices: Drawn, chosen: random.Random
) -> None:
    spec = written(choices, tmp_path_factory.mktemp("specs"), errors=True)
    try:
        reference.initial_states(spec)
        stepper = Stepper(spec, cache=False)
    except SpecError:
        assume(False)
    agrees(stepper, chosen.randrange, 8)


@pytest.mark.parametrize("name", some(WORKLOADS, "rollout", "node-cut-off", "conflicts", "stale-restart"))
def test_clusters_step_as_the_reference_does(name: str) -> None:
    stepper = Stepper(ALL[name].build())
    assert max(agrees(stepper, random.Random(f"{name} {walk}").randrange, 60) for walk in range(4)) > 10


@pytest.mark.parametrize("name", some(all_bugs(), "expired-expectations", "readopted-orphan"))
def test_bugs_step_as_the_reference_does(name: str) -> None:
    stepper = Stepper(all_bugs()[name].broken())
    assert max(agrees(stepper, random.Random(f"{name} {walk}").randrange, 40) for walk in range(4)) > 3


@pytest.mark.parametrize("name", ["stuck-rollout", "stale-restart-1.33"])
def test_a_violation_is_found_as_near_as_the_engine_finds_it(name: str) -> None:
    spec = ALL[name].build()
    report = checker.check(spec)
    stepper = Stepper(spec)
    found = stepper.find_property(spec.find_property(report.found or ""))
    assert found.choices is not None
    states = [state for _, state in stepper.walk(found.choices)]
    assert [state_values(spec, state) for state in states] == [step.state for step in report.path]
    assert stepper.choices(states) == found.choices


def test_a_loop_is_found_as_a_check_finds_it() -> None:
    spec = lamps()
    found = Stepper(spec).find_property(spec.properties[0])
    assert found.choices is not None
    assert (len(found.choices), found.back_to) == (4, 1)
    spec = lamps(stays=True)
    assert Stepper(spec).find_property(spec.properties[0]).choices is None


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("below_eight", (1, 0, 2)),  # 4, 5, 8
        ("by_less_than_three", (0, 2)),
        ("stopped_early", (1, 3)),
        ("seven", (1, 2)),
        ("never", None),
    ],
)
def test_each_kind_of_property(name: str, choices: tuple[int, ...] | None) -> None:
    spec = counting()
    stepper = Stepper(spec)
    prop = spec.find_property(name)
    found = stepper.find_property(prop)
    assert (found.choices and len(found.choices)) == (choices and len(choices))  # of several that are as short, that of a check
    if found.choices is None:
        assert found.seen == 17
        assert found.stopped == "a value left its type, and what comes after it is not known"
        return
    walked = stepper.walk(found.choices)
    after = walked[-1][1] if prop.kind is PropertyKind.STEP_INVARIANT else None
    state = walked[-2][1] if after else walked[-1][1]
    shown = Outcome.HOLDS if prop.kind is PropertyKind.REACHABLE else Outcome.VIOLATED
    assert reference.evaluate(spec, prop, state, after) is shown


def test_a_path_that_a_long_search_found_exists() -> None:
    spec = ALL["crash-in-rollout"].build()
    stepper = Stepper(spec)
    for prop in (p for p in spec.properties if p.kind is PropertyKind.REACHABLE):
        found = stepper.find_property(prop)
        assert found.choices is not None
        assert found.seen > 1000
        walked = stepper.walk(found.choices)
        assert reference.evaluate(spec, prop, walked[-1][1]) is Outcome.HOLDS
        assert stepper.choices([state for _, state in walked])[0] == found.choices[0]


def test_a_search_says_what_stopped_it() -> None:
    stepper = Stepper(ALL["rollout"].build())
    nothing = stepper.find(lambda rows: [False] * len(rows), limits=SearchLimits(states=2000))
    assert nothing.choices is None
    assert nothing.stopped == "more than 2,000 states"
    assert 2000 < nothing.seen < 20_000
    assert stepper.find(lambda rows: [False] * len(rows), limits=SearchLimits(seconds=0)).stopped == "after 0 s"
    assert stepper.find(lambda rows: [False] * len(rows), cancelled=lambda: True).stopped == "it was cancelled"


def test_a_search_looks_up_between_any_few_states() -> None:
    """A condition may take long in each state: neither the clock nor who cancels waits for a whole level."""
    stepper = Stepper(ALL["rollout"].build())
    asked: list[int] = []

    def slow(rows: Words) -> list[bool]:
        asked.append(len(rows))
        return [False] * len(rows)

    assert stepper.find(slow, cancelled=lambda: sum(asked) > 100).stopped == "it was cancelled"
    assert 100 < sum(asked) <= 132
    assert max(asked) <= 16


def test_a_value_that_leaves_its_type_is_told_and_the_steps_before_it_are_there() -> None:
    stepper = Stepper(counting(), cache=False)
    eight = stepper.walk((1, 0, 2))[-1][1]
    error = stepper.error(eight)
    assert error is not None
    assert error.message.startswith("up(2): 10 is outside")
    assert [t.parameters for t in stepper.steps(eight)] == [{"by": 1}]


@pytest.mark.parametrize(
    ("choices", "message", "step"),
    [
        ((), "a path begins with the number of an initial state", 0),
        ((2,), "there is no initial state 2, only 0 to 1", 0),
        ((-1,), "there is no initial state -1, only 0 to 1", 0),
        ((0, 4), "step 1: there is no step 4, only 0 to 3", 1),
        ((0, 3, 1), "step 2: there is no step 1, only 0", 2),
        ((0, 3, 0, 7), "step 3: there is no step 7, only 0", 3),
    ],
)
def test_choices_that_lead_nowhere(choices: tuple[int, ...], message: str, step: int) -> None:
    with pytest.raises(ChoiceError) as caught:
        Stepper(counting(), cache=False).walk(choices)
    assert (str(caught.value), caught.value.step) == (message, step)


def test_states_that_are_no_path() -> None:
    stepper = Stepper(counting(), cache=False)
    zero, four = stepper.initial()
    with pytest.raises(ChoiceError, match="step 1: no step leads to the next state"):
        stepper.choices([zero, four])
    with pytest.raises(ChoiceError, match="the path does not begin in an initial state"):
        stepper.choices([(5, False)])
