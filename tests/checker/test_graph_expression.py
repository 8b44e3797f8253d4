"""Expressions over the state: what they give, what they refuse and in which words."""

from __future__ import annotations

import pytest

from kubecheck.checker.graph.enumeration import Enumeration
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.expression import Expression, ExpressionError, shown
from kubecheck.model.scenarios import ALL
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
