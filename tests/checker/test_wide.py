"""Integers are those of Python, as wide as their values need, or the check says where they are not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kubecheck.checker import Verdict, check
from kubecheck.spec import SpecError
from tests.spec.comparing import ERROR, Native, Reference, compare, load, random_data

MODULE = """\
from __future__ import annotations
from typing import Annotated
from kubecheck.spec import Array, Range, Record, Spec, State, count, first, require

I = Annotated[int, Range(0, 3)]
Big = Annotated[int, Range(-(2**31), 2**31 - 1)]
WIDE = 2**40

class Work(Record):
    big: Big

    def squared(self) -> int:
        return self.big * self.big

class S(State):
    a: Big
    b: Big
    row: Array[I, Big]
    work: Work
    r: Annotated[int, Range(-50, 50)]

def square(x: int) -> int:
    return x * x

def again(x: int) -> int:
    x *= 5
    x += WIDE
    return x

def either(x: int, y: int) -> int:
    if x > y:
        return x * x
    return y

def build() -> Spec:
    spec = Spec("wide", S)

    @spec.action(actor="x")
    def act(s: S) -> None:
BODY

    return spec
"""

# bodies of an action; each ends in s.r, so that what was computed shows
CASES = {
    "a name": "x = s.a * s.b\ns.r = x % 47",
    "a name that is assigned again": "x = 1\nx = s.a * s.b\nx -= s.a\ns.r = x % 47",
    "a name of two branches": "if s.a > 0:\n    x = s.a * s.b\nelse:\n    x = s.b * 3\ns.r = x % 47",
    "an annotated name": "x: int = s.a * s.b\ns.r = x % 47",
    "two names at once": "x, y = s.a * s.b, s.a + s.b\ns.r = (x - y) % 47",
    "a parameter": "s.r = square(s.a + s.b) % 47 if abs(s.a + s.b) < 3037000500 else 0",
    "a result in a name": "x = square(s.a)\ny = x - s.b\ns.r = y % 47",
    "a parameter that is assigned again": "s.r = again(s.a * s.b) % 47 if abs(s.a) < 2**29 else 0",
    "results of two widths": "s.r = either(s.a, s.b) % 47",
    "a summed name": "t = 0\nfor x in s.row:\n    t += x\ns.r = t % 47",
    "a product that grows in a loop": "t = 1\nfor x in s.row:\n    t = t * (x % 1000)\ns.r = t % 47",
    "a sum": "s.r = sum(x * 1000003 for x in s.row) % 47",
    "sums in names": "t = sum(x for x in s.row)\nu = t * 3 - s.a\ns.r = u % 47",
    "negation and abs": "x = -s.a\ny = abs(s.a)\ns.r = (x + y + abs(x)) % 47",
    "min and max": "x = max(s.a * 2, s.b * 3)\ny = min(x, -s.a * 5)\ns.r = (x - y) % 47",
    "division of negative numbers": "x = s.a * s.b\ns.r = x // 1000003 % 47 + x // -1000003 % -3",
    "remainders of negative numbers": "x = s.a * s.b\nrequire(s.b != 0)\ns.r = x % -47 + x % s.b % 2 + x // s.b % 2",
    "a method of a record": "s.r = s.work.squared() % 47",
    "a wide constant": "s.r = (WIDE + s.a) % 47\nif WIDE < s.a:\n    s.r = 50",
    "the first wide number": "k = first(x * 4 for x in s.row if x * 4 > 2**31)\nif k is not None:\n    s.r = k % 47",
    "a chain of comparisons": "s.r = 1 if -WIDE < s.a * 4 <= s.b * 4 < WIDE else 2",
}


@pytest.mark.parametrize("name", CASES)
def test_executions_agree(name: str, tmp_path: Path) -> None:
    body = "\n".join("        " + line for line in CASES[name].split("\n"))
    spec = load(MODULE.replace("BODY", body), tmp_path).build()
    chance = random.Random(11)
    done = compare(spec, limit=200, more=[random_data(spec.root, chance.randint) for _ in range(150)])
    assert done.generated > 50
    assert done.errors == 0


# 64 bits are too few for these: Python goes on, the native execution says where it does not
TOO_WIDE = {
    "x = s.a * s.a * s.a\ns.r = x % 7": ("s.a * s.a * s.a", 3037000499),
    "x = s.a * s.a\nx = x * x\ns.r = x % 7": ("x * x", 0),
    "t = 1\nfor i in range(5):\n    t *= s.a\ns.r = t % 7": ("t *= s.a", 0),
    "x = square(square(s.a))\ns.r = x % 7": ("x * x", 0),
    "s.r = sum(s.a * s.a * 3 for i in range(4)) % 7": ("sum(s.a * s.a * 3 for i in range(4))", 0),
}


@pytest.mark.parametrize("body", TOO_WIDE)
def test_more_than_64_bits_are_said(body: str, tmp_path: Path) -> None:
    body_text = "\n".join("        " + line for line in ["s.a = 2**31 - 1 if s.a < 0 else s.a", *body.split("\n")])
    text = MODULE.replace("BODY", body_text)
    report = check(load(text, tmp_path).build())
    assert report.verdict is Verdict.ERROR
    assert "KC508: a number here needs more than 64 bits" in report.reason
    line = int(report.reason.split(":")[1])
    assert TOO_WIDE[body][0] in text.split("\n")[line - 1]


def test_less_than_64_bits_are_no_error(tmp_path: Path) -> None:
    """The control of the test above: where every value fits, nothing is said, though the intervals do not show it."""
    body = "x = s.b * s.b\nx = x * x\ns.r = x % 7"
    spec = load(MODULE.replace("BODY", "\n".join("        " + line for line in body.split("\n"))), tmp_path).build()
    native, plain, chance = Native(spec), Reference(spec), random.Random(3)
    for _ in range(60):
        ((a, _, *rest),) = random_data(spec.root, chance.randint)
        state = ((a, chance.randint(-50_000, 50_000), *rest),)
        assert native.answer(state) == plain.answer(state) != ERROR


def test_no_initial_state(tmp_path: Path) -> None:
    text = MODULE.replace("BODY", "        s.r = 1").replace(
        "    @spec.action", "    @spec.initial\n    def init(s: S) -> None:\n        require(s.r > 0)\n\n    @spec.action"
    )
    with pytest.raises(SpecError, match="KC140: wide has no initial state"):
        check(load(text, tmp_path).build())
