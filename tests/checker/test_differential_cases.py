"""What random specs have found, shrunk: constructs in which the reference and the native execution once differed, or crashed.

Each case is the body of an action over the state below; it is run by both executions from the defaults and from arbitrary states.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.spec.comparing import compare, load, random_data

MODULE = """\
import enum
from typing import Annotated, ClassVar

from kubecheck.spec import (
    Array, MaxLen, Range, Record, Seq, Set, Sort, Spec, State, count, first, implies, present, require
)

LIMITS = (1, 2, 3)


class Phase(enum.Enum):
    OFF = 0
    ON = 1


class Node(Sort, size=3): ...


class None_(Sort, size=0): ...


Small = Annotated[int, Range(0, 3)]
Signed = Annotated[int, Range(-4, 3)]


class Spot(Record):
    LIMIT: ClassVar[int] = 2
    x: Signed
    node: Node | None = None

    @staticmethod
    def twice(n: int) -> int:
        return n * 2

    def moved(self, by: int) -> int:
        return self.x + by


class Wide(Record):
    spots: Array[Node, Spot]
    rows: Array[Node, Array[bool, Small]]
    tags: Set[Node]
    big: Annotated[int, Range(-(2**31), 2**31 - 1)] = 0


class Inner(State):
    n: Small
    opt: Small | None = None

    def take(self) -> bool:
        self.opt = None
        self.n = 3 - self.n
        return self.n > 1


class Main(State):
    a: Small
    b: Signed
    yes: bool
    opt: Small | None = None
    far: Signed | None = None
    who: Node | None = None
    spot: Spot
    some: Spot | None = None
    wide: Wide
    wides: Array[Node, Wide]
    row: Array[Node, Small]
    grid: Array[Node, Array[bool, Small]]
    nothing: Array[None_, Small]
    inner: Inner
    many: Array[Node, Inner]
    nodes: Set[Node]
    ours: Set[Node] | None = None
    numbers: Set[Annotated[int, Range(-1, 2)]]
    flags: Set[bool]
    q: Annotated[Seq[Small], MaxLen(2)]
    spots: Annotated[Seq[Spot], MaxLen(3)]
    phase: Phase


def clamp(n: int) -> int:
    if n > 3:
        n = 3
    return n


def upto(n: int) -> int:
    total = 0
    for i in range(3):
        n = n - 1
        total += n
    return total


def kept(n: Small) -> int:
    n += 9
    return n


def maybe(s: Main, n: Node | None) -> int:
    require(n is not None)
    return n.index


def both(first: int, second: int) -> int:
    return first - second


def drop(s: Main) -> None:
    s.opt = None


def build() -> Spec:
    spec = Spec("case", Main)

    @spec.action(actor="a")
    def act(s: Main, n: Node) -> None:
BODY

    return spec
"""

CASES = {
    "a choice with None beside what is known": "if s.ours is not None:\n    s.yes = s.ours == (None if s.a > 1 else s.ours)",
    "a set beside what is known": "if s.ours is not None:\n    s.yes = s.ours == {n} or s.ours == s.nodes",
    "two tests for None are equal": "s.yes = (s.opt is None) == (s.who is None)",
    "two tests for None differ": "s.yes = (s.opt is None) != (s.some is None)",
    "two tests for None are the same": "s.yes = (s.opt is not None) is (s.who is None)",
    "a parameter assigned in a branch": "s.a = clamp(s.b + 4)",
    "a parameter assigned in a loop": "s.b = upto(s.a) % 4",
    "a parameter with a range assigned anew": "s.a = kept(s.a) % 4",
    "an annotated number assigned anew": "k: Small = 1\nfor i in range(s.a):\n    k = k + 3\ns.a = k % 4",
    "a number in a name may leave its range": "k = s.a\nk = k + 9\ns.a = k - 9",
    "only a sum must fit": "s.b = (s.a if s.yes else 3) - 3",
    "only a sum must fit, augmented": "s.b += (7 if s.yes else 0)",
    "a key that is a sum": "s.row[Node((s.a + 2 if s.yes else 2) - 2)] = 1",
    "implies evaluates the premise first": "s.yes = implies(present(s.opt) > 1, 1 // s.a > 0)",
    "implies evaluates both": "s.yes = implies(s.yes, 1 // s.a > 0)",
    "| evaluates both": "s.yes = s.yes | (1 // s.a > 0)",
    "& evaluates both, in order": "s.yes = (present(s.opt) > 1) & (1 // s.a > 0)",
    "or does not": "s.yes = s.a == 0 or 1 // s.a > 0",
    "a chain stops where it fails": "s.yes = s.a < s.b < 1 // s.a",
    "a chain evaluates from left to right": "s.yes = present(s.opt) < 1 // s.a < 3",
    "a chain of four": "s.yes = 0 <= s.a < present(s.opt) <= 1 // s.a",
    "an optional number and one beyond it": "s.yes = s.opt == s.b + 9 or s.b - 1 != s.opt or s.opt == 7",
    "a number beyond what a set can hold": "s.yes = s.b + 9 in s.numbers or -7 in s.numbers",
    "a number beyond what a sequence can hold": "s.yes = s.b in s.q or s.b in s.row",
    "a number beyond what a tuple of constants has": "s.yes = s.a in (1, 7) or s.b in LIMITS or s.opt in (9, None, 2)",
    "the members of a tuple are evaluated first": "s.yes = s.a in (s.b, 1 // s.a, 2)",
    "membership evaluates the item first": "s.yes = present(s.who) in (s.nodes if 1 // s.a > 0 else s.nodes - {n})",
    "an array among arrays": "s.yes = s.grid[n] in s.grid",
    "an array among arrays of a record": "s.yes = s.wide.rows[n] in s.wides[n].rows",
    "a loop over the arrays of a record": "for r in s.wide.rows:\n    s.a = r[s.yes]",
    "keys are evaluated from left to right": "s.grid[present(s.who)][1 // s.a > 0] = 1",
    "the keys of an array in arrays": "s.a = s.grid[present(s.who)][1 // s.a > 0]",
    "a range is checked after the key is known": "s.row[present(s.who)] = s.b",
    "a sequence overflows where it grows": "s.q = (s.q + (1,))[1:]",
    "an element is checked where it is added": "grown = s.q[2:] + (s.b,)\ns.a = len(grown)",
    "elements are evaluated before they are added": "s.q = s.q + (s.a, present(s.opt))",
    "a set checks what joins it": "more = s.numbers | {s.b + 2}\ns.a = len(more) % 4",
    "a plain set on the left": "s.nodes = {n} | s.nodes\ns.nodes = {n} - s.nodes\ns.yes = {n} <= s.nodes",
    "sets of numbers in order": "for k in s.numbers:\n    s.b = k",
    "sets of bools in order": "for k in s.flags:\n    s.yes = k",
    "an annotated name of a place": "row: Array[Node, Small] = s.row\ns.row[n] = 1\ns.a = row[n]",
    "a value of an array is a snapshot": "old = s.wide\ns.wide.spots = s.wides[n].spots\ns.yes = old.spots == s.wide.spots",
    "None either way": "s.who = None if present(s.opt) > 1 else None\ns.opt = None if s.yes else None",
    "None for an optional, evaluated all the same": "s.who = (None if 1 // s.a > 0 else None)",
    "a static method and a constant of a record": "s.b = s.spot.twice(s.a) - s.spot.LIMIT - Spot.twice(1)",
    "what was known of another round": (
        "for k in (Node(0), Node(1)):\n    s.yes = s.yes != (s.row[k] == 2)\n    if s.many[k].opt is not None:\n"
        "        s.a = s.many[k].opt"
    ),
    "arguments by name, in another order": "s.b = both(second=maybe(s, s.who), first=1 // s.a)",
    "fields by name, in another order": "s.spot = Spot(node=present(s.who), x=1 // s.a)",
    "fields are checked when all are evaluated": "s.spot = s.spot.next(x=s.a + 2, node=present(s.who))",
    "the length of an array that may not be reached": "s.a = len(s.grid[present(s.who)])",
    "break in a loop in a loop over constants": (
        "for k in LIMITS:\n    for m in Node:\n        if s.row[m] == k:\n            break\n        s.row[m] = k"
    ),
    "a write ends what was known, even within a condition": (
        "if s.inner.opt is not None:\n    if s.inner.take() and s.yes:\n        s.opt = s.inner.opt"
    ),
    "a call that writes, first of all": "s.yes = s.inner.take()\nif not s.many[n].take():\n    s.a = s.inner.n",
    "two assignments at once": "x, y = s.a, s.b\nx, y = y, x\ns.yes = x < y",
    "a place of the same type again": "c = s.many[n]\nfor m in Node:\n    c = s.many[m]\n    c.n = 1\nc.n = 2",
    "an alias sees writes": "c = s.many[n]\ns.many[n].n = 3\ns.a = c.n",
    "sums of sums": "s.b = sum(x * y for x in s.row for y in s.q if x != y) % 4",
    "sums of constants": "s.b = sum(k - s.a for k in LIMITS if k != 2) % 3",
    "quantifiers over nothing": (
        "s.yes = all(x > 9 for x in s.nothing) and not any(True for x in None_)\ns.a = count(True for x in None_)"
    ),
    "division rounds down": "s.b = max(-4, min(3, s.b // 3 + s.b % 3 + s.b // -2 + s.b % -2))",
    "wide values": "s.wides[n] = s.wide\ns.wide = s.wides[Node(2)].next(big=-5, tags=s.nodes)\ns.yes = s.wide == s.wides[n]",
    "write-through in wide values": "s.wides[n].spots = s.wide.spots\ns.wides[n].big = 2**31 - 1\ns.wides[n].tags |= {n}",
    "an optional record": "s.some = s.spot\nif s.some is not None and s.some.x > 0:\n    s.spot = s.some.next(node=n)",
    "sequences of records": "s.spots = s.spots[1:] + (s.spot,)\ns.spot = s.spots[0]\ns.yes = s.spot in s.spots",
    "dropping more than there is": "s.q = s.q[s.a :]\ns.spots = s.spots[s.a :]",
    "the first of places": "k = first(m for m in Node if s.many[m].n > 1)\nif k is not None:\n    s.row[k] = 0",
    "a method of a value with an argument": "s.b = s.spots[0].moved(1)",
    "a constant that is true": "if LIMITS and s.yes:\n    s.a = 0",
    "a number may be 32 bits wide": "s.wide.big += 2**30\ns.yes = s.wide.big * 2 > 2**31",
    "the same name in two generators": "s.a = count(k > 1 for k in s.row) + count(k > 1 for k in s.q if k in s.q)",
    "early return in nested loops": (
        "for m in Node:\n    for k in range(s.a):\n        if k == m.index:\n            return\n        s.row[m] = k"
    ),
    "an element that does not belong to the loop": "for x in s.row:\n    s.row[n] = (x + 1) % 4",
    "letters beyond ASCII": "größe = s.a\nfor ñ in Node:\n    s.row[ñ] = größe",
    "names that LLVM uses": "entry = s.a\nthen = entry\nfor body in Node:\n    s.row[body] = then",
    "optional numbers of different ranges": "s.yes = s.opt == s.far or s.far != s.opt\ns.far = s.opt\ns.opt = s.inner.opt",
    "an optional number that leaves its range": "s.opt = s.far",
    "an optional name assigned anew": "k: Small | None = None\nif s.yes:\n    k = s.opt if s.a > 1 else 2\ns.opt = k",
    "any operator on constants": "s.a = (2**3 >> 1) - 3 + (len(LIMITS) ^ 1) % 2 + int(4 / 2) - 2",
}


@pytest.mark.parametrize("name", CASES)
def test_executions_agree(name: str, tmp_path: Path) -> None:
    body = "\n".join("        " + line for line in CASES[name].split("\n"))
    spec = load(MODULE.replace("BODY", body), tmp_path).build()
    chance = random.Random(7)
    states = [random_data(spec.root, chance.randint) for _ in range(40)]
    done = compare(spec, limit=80, more=states)
    assert done.states > 40
    assert done.generated > 0, "the action is enabled somewhere"


def test_what_both_call_an_error(tmp_path: Path) -> None:
    """The cases above do reach errors as well as steps, or they would compare little."""
    found = {}
    for name in ("only a sum must fit", "a sequence overflows where it grows", "division rounds down"):
        body = "\n".join("        " + line for line in CASES[name].split("\n"))
        spec = load(MODULE.replace("BODY", body), tmp_path).build()
        chance = random.Random(7)
        found[name] = compare(spec, more=[random_data(spec.root, chance.randint) for _ in range(60)]).errors > 0
    assert found == {
        "only a sum must fit": False,
        "a sequence overflows where it grows": True,
        "division rounds down": False,
    }
