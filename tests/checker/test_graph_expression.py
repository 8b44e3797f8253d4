"""Expressions over the state: what they give, what they refuse and in which words."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from kubecheck.checker.graph import expression as module
from kubecheck.checker.graph.enumeration import Enumeration
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.expression import Expression, ExpressionError, shown
from kubecheck.model.scenarios import ALL
from kubecheck.spec import reference
from kubecheck.spec.frontend import query
from tests.checker.expression_fuzz import fuzz
from tests.cli.specs.crossing import Colour, crossing
from tests.spec.comparing import load
from tests.spec.toys import Node, Phase, Pod, empty


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

    def test_private_fields_go_by_their_name_without_the_underscore(self) -> None:
        assert set(values(Expander(ALL["apply"].build()), "count(p.ready for p in pods)")) == {(0,), (1,), (2,)}

    @pytest.mark.parametrize(
        ("value", "text"),
        [(None, "none"), (True, "True"), (Colour.GREEN, "green"), ((1, None), "(1, none)"), (frozenset({2, 1}), "{1, 2}")],
    )
    def test_shown(self, value: object, text: str) -> None:
        assert shown(value) == text


REFUSED = [
    ("turn", "KC207: crossing has no turn", "^^^^", "did you mean turns?"),
    ("zzz", "KC207: crossing has no zzz", "^^^", "the state has crossing, colour, turns"),
    ("quiescnt", "KC207: crossing has no quiescnt", "^^^^^^^^", "did you mean quiescent?"),
    ("open(0)", "KC207: crossing has no open", "^^^^", "the state has crossing, colour, turns"),
    ("turns +* 2", "KC602: this is no expression: invalid syntax", "       ^", "write one as a spec would"),
    ("", "KC602: there is no expression", "^", "write one as a spec would"),
    ("()", "KC602: there is nothing between the brackets", "^", "give one expression or more, divided by commas"),
    ("turns.__class__", "KC208: a Range(0, 4) has no attribute __class__", "^^^^^^^^^^^^^^^", "records and states have fields and methods"),
    ("1, colour[2]", "KC201: 2 does not belong to Light", "          ^", "write Light(2)"),
    ("colour[7]", "KC201: 7 does not belong to Light", "       ^", "write Light(0)"),
    ("any(c == 1 for c in colour)", "KC201: 1 does not belong to Colour", "         ^", "write Colour.GREEN"),
    (
        "(lambda: 1)()",
        "KC001: `lambda: 1` (Lambda) is not in the language",
        " ^^^^^^^^^",
        "see docs/design.md, Functions",
    ),
    (
        "[c for c in colour]",
        "KC001: `[c for c in colour]` (ListComp) is not in the language",
        "^^^^^^^^^^^^^^^^^^^",
        "use any, all, sum, count, first, min, max, Set or tuple over a generator",
    ),
    (
        "1, turns ** turns",
        "KC213: Range(0, 4) has no such operator",
        "   ^^^^^^^^^^^^^^",
        "integers have + - * // %, sets | & -, sequences +",
    ),
    (
        "'red' in colour",
        "KC202: 'red' is no value of a spec",
        "^^^^^",
        "write a number, True, False, None, or a member of an enum",
    ),
    ("(1, 2) * 1000000000", "KC213: these cannot be combined", "^^^^^^^^^^^^^^^^^^^", "integers have + - * // %, sets | & -"),
    ("sum(range(1000000000))", "KC229: sum takes one generator", "^^^^^^^^^^^^^^^^^^^^^^", "write sum(… for x in … if …)"),
    (
        "Colour.RED.value",
        "KC208: a Colour has no value that an expression may ask for",
        "^^^^^^^^^^^^^^^^",
        "an expression has values, places and functions of the spec only; docs/design.md, Functions, has what there is",
    ),
    ("Colour.GREY", "KC208: Colour has no GREY", "^^^^^^^^^^^", "did you mean GREEN?"),
    ("None.x", "KC210: None has no x", "^^^^^^", "ask for `is not None` first: … if x is not None else …"),
    ("crossing", "KC204: Crossing is a State, a place and not a value", "^^^^^^^^", "use its fields"),
    ("(1, 2)[0]", "KC603: `(1, 2)[0]` is not in the language of expressions", "^^^^^^^^^", query._REMEDY),
    ("9" * 100, "KC222: a number of 333 bits", "^" * 100, "64 bits hold every integer of the language: use smaller numbers"),
]

FAILING = [
    (
        "(turns + 3) * 4000000000000000000",
        "KC508: a number here needs more than 64 bits",
        "^" * 33,
        "keep numbers smaller on the way: 64 bits hold every integer of the language",
    ),
    ("1, turns // turns", "KC507: division by zero", "   ^^^^^^^^^^^^^^", "require the divisor to be positive first"),
    (
        "sum(1 for a in range(9999) for b in range(9999))",
        "KC604: sum(1 for a in range(9999) for b in range(9999)) takes more than 1,000,000 steps in one state",
        "^" * 48,
        "nest fewer loops",
    ),
    (
        "all(any(a == b for b in range(9999)) for a in range(9999))",
        "KC604: all(any(a == b for b in range(9999)) for a in range(9999)) takes more than 1,000,000 steps in one state",
        "^" * 58,
        "nest fewer loops",
    ),
    (
        "colour[Light(turns + 3)]",
        "KC501: Light(3): the sort has 3 members, 0 to 2",
        "       ^^^^^^^^^^^^^^^^",
        "require that the number is less than len(Light) first",
    ),
]


@pytest.mark.parametrize(("text", "message", "mark", "remedy"), REFUSED)
def test_refused(lights: Expander, text: str, message: str, mark: str, remedy: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        Expression(lights, text)
    assert (str(raised.value), raised.value.remedy) == (message, remedy)
    assert raised.value.snippet == f"  | {text}\n  | {mark}"


@pytest.mark.parametrize(("text", "message", "mark", "remedy"), FAILING)
def test_fails(lights: Expander, text: str, message: str, mark: str, remedy: str) -> None:
    by = Expression(lights, text)
    with pytest.raises(ExpressionError) as raised:
        by.values(lights.initial)
    assert (str(raised.value), raised.value.remedy) == (message, remedy)
    assert raised.value.snippet == f"  | {text}\n  | {mark}"


def test_a_name_that_means_two_things(toy: Expander) -> None:
    """Nested States have fields of one name; the path of each is as good."""
    assert Expression(toy, "level").values(toy.initial) == [(0,)]
    assert Expression(toy, "main.inner.level").values(toy.initial) == [(0,)]


_AND = "and a condition is true or false"

CONDITIONS = [
    ("turns", "turns is a Range(0, 4), and a condition is true or false", "compare it: turns == 0"),
    ("True, colour[Light(0)]", f"colour[Light(0)] is a Colour, {_AND}", "compare it: colour[Light(0)] == Colour.RED"),
    ("None", "None is none, and a condition is true or false", "compare it: None is not None"),
    ("Light(1)", "Light(1) is light-1, and a condition is true or false", "compare it: Light(1) == Light(1)"),
    ("colour", "colour is an Array[Light, Colour], and a condition is true or false", "compare it: len(colour) > 0"),
    ("(True, False), True", "(True, False) is a tuple, and a condition is true or false", "give a condition"),
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


def test_the_steps_of_each_state_are_counted_anew(lights: Expander, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 30)
    states = Enumeration(lights, limit=1_000)
    while not states.complete:
        states.grow()
    text = "count(c is Colour.GREEN for c in colour)"
    assert len(Expression(lights, text).values(states.states())) == len(states)
    with pytest.raises(ExpressionError, match="more than 30 steps"):
        Expression(lights, f"{text} + {text}").values(states.states())


VALUES = [
    ("work[Pod(0)].tried()", True),  # a method
    ("main.inner.hidden", False),  # a property, of a place
    ("inner.hidden", False),
    ("work[Pod(0)].next(phase=Phase.RUNNING).phase", Phase.RUNNING),
    ("Work(phase=Phase.RUNNING) == work[Pod(0)]", False),
    ("last.phase if last is not None else None", None),
    ("present(owner) == Pod(0)", None),  # says nothing
    ("first(n for n in Node if n not in nodes)", Node.member(0)),
    ("first(p for p in Pod)", Pod.member(0)),
    ("nodes <= {Node(0)}, nodes == {Node(0)}", True),
    ("queue == (Phase.RUNNING,)", False),
    ("queue + (Phase.RUNNING,)", (Phase.RUNNING,)),
    ("{Node(1)} | nodes", frozenset({Node.member(1)})),
    ("many", ((0, False), (0, False))),
    ("Phase.PENDING.value + Node(1).index", 2),
    ("work[Pod(0)].phase.value", 1),
    ("Node(0) < Node(1)", True),
    ("(level, 1), 2", (0, 1)),
    ("flag is (level > 0)", True),
    ("max(many[n].level for n in Node) + len({n for n in Node if n in nodes})", 0),
    ("Set(n for n in Node), queue + tuple(f for f in Phase if f in queue)", frozenset({Node.member(0), Node.member(1)})),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_what_may_be_asked_of_every_kind_of_field(toy: Expander, text: str, value: object) -> None:
    assert Expression(toy, text).values(toy.initial)[0][0] == value


OUT_OF_REACH = [
    "kind.shout()", "kind.loud", "kind.trap", "kind.name", "kind.value", "kind._value_", "Kind.A.trap", "kind.trap.x", "kind.__class__",
    "Kind.trap", "kind.first.real", "Kind.A.shout()",
    "Kind.A.loud", "Kind.A.value", "Kind(1)", "Kind['A']", "Kind.A.name", "Kind.A.bit_length()", "Kind.__members__",
    "Kind.mro",
    "item.seen_by", "item.made", "item.made()", "item.run(1)", "Item.run(1)", "item.table", "item.trap", "item.cached()", "Item.made",
    "part.run", "part.free(1)", "part.trap", "part.count.real", "part._hidden()", "item._hidden", "item.power(1 << 40)",
    "item.power(2 ** 99)",
    "item.power(9)", "item.__class__", "Item(count=1).__dict__", "Item.mro()", "item.next.__func__", "count.__globals__",
    "free(1)", "helper(1)", "RAN", "secret", "secret.x", "name", "os", "Trap", "Secret", "enum",
]  # fmt: skip


def test_what_an_expression_may_not_have_in_its_hands(tmp_path: Path) -> None:
    """Of a spec's classes an expression gets what the language compiles. Nothing of the author's is run: each would leave its mark."""
    spec = load(HOSTILE, tmp_path)
    expander = Expander(spec.hostile())
    spec.RAN.clear()
    for text in OUT_OF_REACH:
        with pytest.raises(ExpressionError):
            print(text, Expression(expander, text).values(expander.initial))
    assert spec.RAN == []
    text = "item.count, item.more(2), Kind.A is kind, item.LIMIT, size, kind.number(), Kind.B.first"
    found = Expression(expander, text).values(expander.initial)
    assert found == [(0, 2, True, 3, 2, 1, False)]
    assert spec.RAN == []


HOSTILE = """
import enum, functools, os
from typing import Annotated, ClassVar
from kubecheck.spec import Range, Record, Spec, State

RAN = []

def helper(x: int) -> int:
    RAN.append("helper")
    return x

class Trap:
    def __get__(self, instance, owner):
        RAN.append("trap")
        return 1

class Kind(enum.Enum):
    A = "a"
    B = "b"
    trap = Trap()
    def number(self) -> int:
        return 1 if self is Kind.A else 2
    @property
    def first(self) -> bool:
        return self is Kind.A
    def shout(self): RAN.append("shout")
    @property
    def loud(self): RAN.append("loud")
    @classmethod
    def _missing_(cls, value): RAN.append("missing")

class Item(Record):
    LIMIT: ClassVar[int] = 3
    count: Annotated[int, Range(0, 3)] = 0
    table: ClassVar[dict] = {1: helper}
    trap = Trap()
    made = functools.partial(helper, 1)
    @classmethod
    def seen_by(cls): RAN.append("seen_by")
    @staticmethod
    def run(x): RAN.append("run")
    @functools.cache
    def cached(self): RAN.append("cached")
    def power(self, n) -> int:
        return 2 ** n
    def more(self, n: int) -> int:
        return self.count + n
    def _hidden(self) -> int:
        return 1

class Part(State):
    item: Item
    kind: Kind
    trap = Trap()
    run = functools.partial(helper, 1)
    free = staticmethod(os.getenv)
    def _hidden(self) -> int:
        return 1

class Secret:
    @property
    def x(self): RAN.append("secret")

def hostile() -> Spec:
    return Spec("hostile", Part, scope={"size": 2, "secret": Secret(), "name": "x", "helper": helper})
"""


def test_a_sample_of_generated_expressions_ends_at_once() -> None:
    """The whole fuzz is `python -m tests.checker.expression_fuzz 100000`."""
    tally = fuzz(1_000, seed=1)
    assert tally.slowest < 1.0, tally
    assert tally.answered > 50, tally
    assert tally.refused > 50, tally


ATTACKS = [
    "any(v.gi_frame.f_globals[(1701737837).to_bytes(4).decode()].bltns.exec((1).to_bytes(28).decode(),v.gi_frame.f_globals) is None "
    "for v in (x for x in range(1)).gi_frame.f_locals.values())",
    "len(Phase.PENDING.name.ljust(3000000000)) > 0",
    "len((1).to_bytes(3000000000)) > 0",
    "any(a25 > 0 for a0 in (9999999*9999999,) for a1 in (a0*a0,) for a2 in (a1*a1,) for a25 in (a2*a2,))",
    "2 ** (2 ** 25)", "1 << 2000000000", "turns * " * 40 + "1", "'%3000000000d' % 1", "f'{turns:3000000000}'",
    "'{0.__class__}'.format(turns)", "(" * 190 + "1" + ")" * 190, "(" * 900 + "1" + ")" * 900, "-" * 1990 + "1", "not " * 490 + "True",
    "min(1)", "max(1, None)", "max(turns)", "abs()", "len(1)", "Set(1)", "tuple(1)", "Set", "tuple", "Set.items", "any(x for x in Set)",
    "turns" + ".x" * 900, "turns" + "[0]" * 600, "1" + "+1" * 900, "lambda:" * 280 + "1", "1 if True else " * 120 + "1",
    "{" * 150 + "1" + "}" * 150, "1<" * 900 + "2", "turns<" * 300 + "2",
    "implies(True," * 45 + "True" + ")" * 45, "implies(" * 45 + "True" + ",True)" * 45, "any(" * 45 + "True" + " for x in (1,2))" * 45,
    "sum(1 " + "for a in (1,2,3,4,5,6,7,8,9,10) " * 40 + ")", "turns in (" + "turns," * 300 + ")", "turns in (" + "1," * 900 + ")",
    "any(any(any(turns == a + b + c for a in range(65536)) for b in range(65536)) for c in range(65536))",
    "0x" + "f" * 1900, "9" * 1999, "\0", "\ud800", "\x1b]0;pwned\x07", "a" * 1_000_000, "turns\n\n+1\n;import os",
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_attacks_are_answered_or_refused_at_once(lights: Expander, text: str) -> None:
    """In a thread with a small stack, as a server's may be."""
    outcome: list[object] = []

    def ask() -> None:
        begin = time.thread_time()  # of the processor: what else the machine does is not counted
        try:
            outcome.append(Expression(lights, text).values(lights.initial))
        except ExpressionError as error:
            outcome.append(error)
        outcome.append(time.thread_time() - begin)

    old = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=ask)
        thread.start()
    finally:
        threading.stack_size(old)
    thread.join()
    assert len(outcome) == 2
    assert isinstance(outcome[1], float)
    assert outcome[1] < 1.0
