"""Expressions over the state: what they give, what they refuse and in which words."""

from __future__ import annotations

import pytest

from kubecheck.checker.graph import expression as module
from kubecheck.checker.graph.enumeration import Enumeration
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.expression import Expression, ExpressionError, shown
from kubecheck.model.scenarios import ALL
from kubecheck.spec import reference
from tests.cli.specs.crossing import Colour, crossing
from tests.spec.toys import empty


@pytest.fixture(scope="module")
def lights() -> Expander:
    return Expander(crossing())


@pytest.fixture(scope="module")
def toy() -> Expander:
    return Expander(empty())


def values(expander: Expander, text: str) -> list[tuple[object, ...]]:
    states = Enumeration(expander, limit=1_000)
    while not states.complete:
        states.grow()
    return Expression(expander, text).values(states.states())


class TestValues:
    def test_each_state_gets_its_own(self, lights: Expander) -> None:
        states = Enumeration(lights, limit=1_000)
        while not states.complete:
            states.grow()
        found = Expression(lights, "count(c is Colour.GREEN for c in colour), turns").values(states.states())
        for row, (green, turns) in zip(states.states(), found, strict=True):
            ((colours, number),) = lights.unpack(row)
            assert (green, turns) == (sum(c is Colour.GREEN for c in colours), number)

    def test_names_of_the_columns(self, lights: Expander) -> None:
        assert Expression(lights, " turns ,  turns//2 ").names == ["turns", "turns//2"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("crossing.turns", {0, 1, 2, 3, 4}),
            ("turns if turns > 3 else None", {None, 4}),
            ("at_most_one_is_green", {True}),
            ("one_is_green", {False, True}),
            ("colour[Light(0)]", {Colour.RED, Colour.GREEN}),
            ("first(c for c in Colour if c in colour)", {Colour.RED}),
            ("min(lights, 2), ", {2}),  # a value of the scope
            ("len(colour)", {3}),
            ("any(c is Colour.GREEN for c in colour) and turns == 4", {False, True}),
        ],
    )
    def test_what_they_may_name(self, lights: Expander, text: str, expected: set[object]) -> None:
        assert {value[0] for value in values(lights, text)} == expected

    def test_only_the_bits_that_are_named_are_looked_at(self, lights: Expander) -> None:
        by = Expression(lights, "turns > 2")
        states = Enumeration(lights, limit=1_000)
        while not states.complete:
            states.grow()
        by.values(states.states())
        assert len(by._parts[0].memo) == 5  # 0 to 4 turns, of 17 states

    def test_true_and_one_are_two(self, lights: Expander) -> None:
        assert {repr(value) for value in values(lights, "True if turns > 3 else turns")} == {"(0,)", "(1,)", "(2,)", "(3,)", "(True,)"}

    def test_private_fields_go_by_their_name_without_the_underscore(self) -> None:
        assert set(values(Expander(ALL["apply"].build()), "count(p.ready for p in pods)")) == {(0,), (1,), (2,)}

    @pytest.mark.parametrize(
        ("value", "text"),
        [(None, "none"), (True, "True"), (Colour.GREEN, "green"), ((1, None), "(1, none)"), (frozenset({2, 1}), "{1, 2}")],
    )
    def test_shown(self, value: object, text: str) -> None:
        assert shown(value) == text


REFUSED = [
    ("turn", "crossing has no turn", 0, "did you mean turns?"),
    ("zzz", "crossing has no zzz", 0, "the state has crossing, colour, turns"),
    ("quiescnt", "crossing has no quiescnt", 0, "did you mean quiescent?"),
    ("turns +* 2", "this is no expression: invalid syntax", 7, "write one as a spec would"),
    ("", "there is no expression", 0, "write one as a spec would"),
    ("(lambda: 1)()", "Lambda is not in the language of specs", 1, "docs/design.md has what is"),
    ("[c for c in colour]", "ListComp is not in the language of specs", 0, "docs/design.md has what is"),
    ("turns ** turns", "Pow is not in the language of specs", 0, "docs/design.md has what is"),
    ("'red' in colour", "'red' is no value of a spec", 0, "write a number, True, False, None, or a member of an enum"),
    ("turns.__class__", "__class__ is private", 0, "the fields of the parts of the state are called without the underscore"),
    ("open(0)", "crossing has no open", 0, "the state has crossing, colour, turns"),
    ("()", "there is nothing between the brackets", 0, "give one expression or more, divided by commas"),
]

FAILING = [
    ("any(colour[0] is c for c in Colour)", "colour has the keys Light(0) to Light(2), and not 0", 4, "write colour[Light(0)]"),
    ("1, colour[2]", "colour has the keys Light(0) to Light(2), and not 2", 3, "write colour[Light(2)]"),
    ("colour[7]", "colour has the keys Light(0) to Light(2), and not 7", 0, "write colour[Light(0)]"),
    ("(1, 2) * 1000000000", "(1, 2) * 1000000000 cannot be evaluated: * is for numbers", 0, "see what the names in it mean"),
    (
        "sum(range(1000000000))",
        "sum(range(1000000000)) cannot be evaluated: this range has more than 10,000 numbers",
        0,
        "see what the names in it mean",
    ),
    (
        "sum(1 for a in range(9999) for b in range(9999))",
        "sum(1 for a in range(9999) for b in range(9999)): its loops make more than 100,000 rounds in one state",
        0,
        "nest fewer loops",
    ),
    (
        "all(any(a == b for b in range(9999)) for a in range(9999))",
        "all(any(a == b for b in range(9999)) for a in range(9999)): its loops make more than 100,000 rounds in one state",
        0,
        "nest fewer loops",
    ),
    ("1, turns // 0", "turns // 0 cannot be evaluated: integer division or modulo by zero", 3, "see what the names in it mean"),
    ("Colour.RED.vale", "Colour.RED.vale: Colour has no vale", 0, "did you mean value?"),
    ("Colour.GREY", "Colour.GREY: Colour has no GREY", 0, "did you mean GREEN?"),
    ("None.x", "None.x: None has no x", 0, "ask for `is not None` first: … if x is not None else …"),
    (
        "colour[Light(3)]",
        "colour[Light(3)]: Light(3): the sort has 3 members, 0 to 2",
        0,
        "require that the number is less than len(Light) first",
    ),
    (
        "crossing",
        "crossing cannot be evaluated: it gives something of class Crossing, which is not a value that states can be told apart by",
        0,
        "see what the names in it mean",
    ),
]


@pytest.mark.parametrize(("text", "message", "column", "remedy"), REFUSED)
def test_refused(lights: Expander, text: str, message: str, column: int, remedy: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        Expression(lights, text)
    assert (raised.value.message, raised.value.remedy) == (message, remedy)
    assert raised.value.snippet == f"  | {text}\n  | {' ' * column}^"


@pytest.mark.parametrize(("text", "message", "column", "remedy"), FAILING)
def test_fails(lights: Expander, text: str, message: str, column: int, remedy: str) -> None:
    by = Expression(lights, text)
    with pytest.raises(ExpressionError) as raised:
        by.values(lights.initial)
    assert (raised.value.message, raised.value.remedy) == (message, remedy)
    assert raised.value.snippet == f"  | {text}\n  | {' ' * column}^"


def test_a_name_that_means_two_things(toy: Expander) -> None:
    """Nested States have fields of one name; the path of each is as good."""
    assert Expression(toy, "level").values(toy.initial) == [(0,)]
    assert Expression(toy, "main.inner.level").values(toy.initial) == [(0,)]


CONDITIONS = [
    ("turns", "turns is 0, and a condition is true or false", "compare it: turns == 0"),
    ("True, colour[Light(0)]", "colour[Light(0)] is red, and a condition is true or false", "compare it: colour[Light(0)] == Colour.RED"),
    ("None", "None is none, and a condition is true or false", "compare it: None is not None"),
    ("Light(1)", "Light(1) is light-1, and a condition is true or false", "compare it: Light(1) == Light(1)"),
    ("colour", "colour is (red, red, red), and a condition is true or false", "compare it: len(colour) > 0"),
]


@pytest.mark.parametrize(("text", "message", "remedy"), CONDITIONS)
def test_a_condition_is_true_or_false(lights: Expander, text: str, message: str, remedy: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        Expression(lights, text, condition=True).holds(lights.initial)
    assert (raised.value.message, raised.value.remedy) == (message, remedy)


def test_conditions_hold_or_do_not(lights: Expander) -> None:
    assert Expression(lights, "turns == 0, colour[Light(0)] is Colour.RED", condition=True).holds(lights.initial) == [True]
    assert Expression(lights, "turns == 0, turns == 1", condition=True).holds(lights.initial) == [False]


def test_quiescent_is_a_name_and_properties_of_quiescent_states_speak_of_these_only() -> None:
    expander = Expander(ALL["stuck-rollout"].build())
    states = Enumeration(expander, limit=3_000)
    for _ in range(11):  # as far as the first that is violated
        states.grow()
    rows = states.states()
    quiescent, converged, both = zip(
        *Expression(expander, "quiescent, deployment_has_converged, quiescent and deployment_has_converged").values(rows), strict=True
    )
    spec, prop = expander.spec, expander.spec.find_property("deployment_has_converged")
    assert list(quiescent) == [reference.is_quiescent(spec, expander.unpack(row)) for row in rows]
    assert list(both) == [q and c for q, c in zip(quiescent, converged, strict=True)]
    outcomes = [reference.evaluate(spec, prop, expander.unpack(row)) for row in rows]
    wrong = [q and outcome is reference.Outcome.VIOLATED for q, outcome in zip(quiescent, outcomes, strict=True)]
    assert [not value for value in converged] == wrong
    assert 0 < sum(wrong) < sum(quiescent)


def test_only_places_that_have_bits_are_suggested() -> None:
    expander = Expander(ALL["apply"].build())
    with pytest.raises(ExpressionError) as raised:
        Expression(expander, "zzz")
    names = raised.value.remedy.removeprefix("the state has ").split(", ")
    assert "pods" in names
    assert not {"paused", "crashed", "cache_pods", "requests_failed"} & set(names)


def test_the_loops_of_each_state_are_counted_anew(lights: Expander, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROUNDS", 3)
    states = Enumeration(lights, limit=1_000)
    while not states.complete:
        states.grow()
    text = "count(c is Colour.GREEN for c in colour)"
    assert len(Expression(lights, text).values(states.states())) == len(states)
    with pytest.raises(ExpressionError, match="more than 3 rounds"):
        Expression(lights, f"{text} + {text}").values(states.states())
