"""Random specs as source text: every type and construct of the language, for differential tests.

`Writer(chooser).module()` gives the text of a Python module with a function `build() -> Spec`. The text is meant to be accepted by the
front end; what it does refuse for a good reason (a fact that was lost, say) is for the caller to discard. All choices are made by a
`Chooser`, so that hypothesis can shrink them: the first alternative is always the simplest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

X = TypeVar("X")

WIDE = 2**61  # names hold what 64 bits hold; so large a number may still be added to another, or multiplied by 3


class Chooser(Protocol):
    """Where choices come from."""

    def integer(self, lo: int, hi: int) -> int:
        """A number lo..hi; lo is the simplest."""


class NoWay(Exception):  # noqa: N818 - a signal, not an error
    """Nothing of the wanted type can be written here: the caller chooses something else."""


# --- types ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ty:
    """A type of the language, as the writer sees it; `text` is its annotation."""

    text: str


@dataclass(frozen=True)
class Bool(Ty):
    text: str = "bool"


@dataclass(frozen=True)
class Int(Ty):
    lo: int = 0
    hi: int = 0


@dataclass(frozen=True)
class Enum(Ty):
    members: int = 1


@dataclass(frozen=True)
class Sort(Ty):
    size: int = 0
    symmetric: bool = False


@dataclass(frozen=True)
class Opt(Ty):
    inner: Ty = Ty("")


@dataclass(frozen=True)
class Rec(Ty):
    fields: tuple[tuple[str, Ty], ...] = ()


@dataclass(frozen=True)
class Arr(Ty):
    key: Ty = Ty("")
    element: Ty = Ty("")


@dataclass(frozen=True)
class SetOf(Ty):
    key: Ty = Ty("")


@dataclass(frozen=True)
class SeqOf(Ty):
    element: Ty = Ty("")
    limit: int = 0


@dataclass(frozen=True)
class Part(Ty):
    """A State class."""

    fields: tuple[tuple[str, Ty], ...] = ()


NUMBER = Int("int", -WIDE, WIDE)
BOOL = Bool()
SCALARS = (Bool, Int, Enum, Sort)


def int_type(lo: int, hi: int) -> Int:
    return Int(f"Annotated[int, Range({lo}, {hi})]", lo, hi)


def optional(t: Ty) -> Opt:
    return Opt(f"{t.text} | None", t)


def is_place_type(t: Ty) -> bool:
    return isinstance(t, Arr | Part)


def holds_place(t: Ty) -> bool:
    return isinstance(t, Part) or (isinstance(t, Arr) and holds_place(t.element))


def needs_default(t: Ty) -> bool:
    return isinstance(t, Sort)


def instances(t: Ty) -> int:
    """The number of values of a type that a parameter may have."""
    if isinstance(t, Int):
        return t.hi - t.lo + 1
    if isinstance(t, Enum):
        return t.members
    if isinstance(t, Sort):
        return t.size
    if isinstance(t, Opt):
        return instances(t.inner) + 1
    if isinstance(t, Rec):
        return math.prod(instances(f) for _, f in t.fields)
    if isinstance(t, SetOf):
        return 1 << instances(t.key)
    return 2


def is_key(t: Ty) -> bool:
    """Whether a record may be a key: its fields are finite, and its values few."""
    finite = all(isinstance(f, SCALARS) or (isinstance(f, Opt) and isinstance(f.inner, SCALARS)) for _, f in getattr(t, "fields", ()))
    return isinstance(t, Rec) and finite and instances(t) <= 12


def holds_symmetric(t: Ty) -> bool:
    """Whether members of a symmetric sort are in its values."""
    if isinstance(t, Rec):
        return any(holds_symmetric(f) for _, f in t.fields)
    return holds_symmetric(t.inner) if isinstance(t, Opt) else isinstance(t, Sort) and t.symmetric


# --- what can be named ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Path:
    """A way to something readable; `parts` are text, or the type of a key to be filled in (`int` for a sequence's index)."""

    parts: tuple[Any, ...]
    type: Ty
    place: bool
    writable: bool
    simple: bool = True  # can be the subject of a fact


@dataclass(frozen=True)
class Root:
    text: str
    type: Ty
    place: bool = False
    writable: bool = False
    numbers: tuple[int, int] | None = None


@dataclass(frozen=True)
class Callee:
    name: str
    receiver: Ty | None
    parameters: tuple[tuple[str, Ty, str], ...]  # name, type, "place" | "value" | "static"
    result: Ty | None
    writes: bool
    is_property: bool = False


@dataclass(frozen=True)
class Loop:
    variable: str
    symmetric: bool


@dataclass(frozen=True)
class Env:
    """What is known at a point of a function."""

    roots: tuple[Root, ...] = ()
    locals: tuple[str, ...] = ()  # names that may be assigned again
    loops: tuple[Loop, ...] = ()
    result: Ty | None = None
    pure: bool = False  # a property, or a function that must not write
    returns: bool = False  # early returns are possible

    def add(self, *roots: Root) -> Env:
        names = {r.text for r in roots}
        return replace(self, roots=(*(r for r in self.roots if r.text not in names), *roots))

    @property
    def symmetric(self) -> tuple[Loop, ...]:
        return tuple(loop for loop in self.loops if loop.symmetric)


@dataclass
class Writer:
    """Writes one module."""

    chooser: Chooser
    errors: bool = True  # whether values may leave their range
    big: bool = True
    enums: list[Enum] = field(default_factory=list)
    sorts: list[Sort] = field(default_factory=list)
    records: list[Rec] = field(default_factory=list)
    callees: list[Callee] = field(default_factory=list)
    defaults: dict[tuple[str, str], str] = field(default_factory=dict)
    methods: dict[str, list[str]] = field(default_factory=dict)
    constants: list[Root] = field(default_factory=list)
    names: int = 0
    nesting: int = 0  # keys within keys

    # --- choices ---------------------------------------------------------------------------------------------------------

    def n(self, lo: int, hi: int) -> int:
        return self.chooser.integer(lo, hi)

    def chance(self, percent: int) -> bool:
        return self.chooser.integer(0, 99) >= 100 - percent

    def pick(self, options: Sequence[X]) -> X:
        if not options:
            raise NoWay
        return options[self.chooser.integer(0, len(options) - 1)]

    def fresh(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def attempt(self, *ways: Callable[[], X]) -> X:
        """One of several ways; if it leads nowhere, the next one."""
        start = self.n(0, len(ways) - 1)
        for i in range(len(ways)):
            try:
                return ways[(start + i) % len(ways)]()
            except NoWay:
                continue
        raise NoWay

    # --- types -----------------------------------------------------------------------------------------------------------

    def scalar(self) -> Ty:
        kind = self.n(0, 7)
        if kind <= 1:
            return BOOL
        if kind <= 4:
            return self.range()
        if kind == 5:
            return self.pick(self.enums)
        if kind == 6:
            return optional(self.pick(self.sorts))
        return optional(self.pick([*self.enums, *self.sorts, self.range(), BOOL]))

    def range(self) -> Int:
        kind = self.n(0, 6)
        if kind <= 2:
            return int_type(0, self.n(1, 3))
        if kind == 3:
            lo = -self.n(1, 6)
            return int_type(lo, lo + self.n(0, 9))
        if kind == 4:
            lo = self.n(-3, 3)
            return int_type(lo, lo)
        if kind == 5 or not self.big:
            return int_type(0, 2 ** self.n(1, 6) - 1)
        return self.pick([int_type(-5, 2**20), int_type(0, 2**31 - 1), int_type(-(2**31), 2**31 - 1)])

    def key(self) -> Ty:
        kind = self.n(0, 6)
        if kind == 6 and any(map(is_key, self.records)):
            return self.pick([r for r in self.records if is_key(r)])
        if kind <= 2:
            return self.pick(self.sorts)
        if kind == 3:
            return self.pick(self.enums)
        if kind == 4:
            lo = self.n(-2, 2)
            return int_type(lo, lo + self.n(0, 2))
        return BOOL

    def value_type(self, depth: int) -> Ty:
        """A type of value: what a record may hold."""
        kind = self.n(0, 9) if depth > 0 else 0
        if kind <= 3:
            return self.scalar()
        if kind == 4 and self.records:
            return self.pick(self.records)
        if kind == 5 and self.records:
            return optional(self.pick(self.records))
        if kind == 6:
            return self.set_type()
        if kind == 7:
            return self.seq_type(depth - 1)
        if kind == 8:
            return self.array_type(self.value_type(depth - 1))
        if kind == 9:
            t = self.pick([self.set_type(), self.seq_type(depth - 1)])
            return optional(t)
        return self.scalar()

    def set_type(self) -> SetOf:
        keys = [r for r in self.records if is_key(r)]
        k = self.pick([self.pick(self.sorts), self.pick(self.enums), BOOL, int_type(-1, 2), *keys])
        return SetOf(f"Set[{k.text}]", k)

    def seq_type(self, depth: int) -> SeqOf:
        element = self.element_type(depth)
        limit = self.n(0, 3)
        return SeqOf(f"Annotated[Seq[{element.text}], MaxLen({limit})]", element, limit)

    def element_type(self, depth: int) -> Ty:
        kind = self.n(0, 3)
        if kind == 0:
            return self.pick([*self.sorts, *self.enums])
        if kind == 1 and self.records:
            return self.pick(self.records)
        if kind == 2 and depth > 0:
            return self.set_type()
        return self.scalar()

    def array_type(self, element: Ty) -> Arr:
        k = self.key()
        return Arr(f"Array[{k.text}, {element.text}]", k, element)

    def fields(self, prefix: str, number: int, make: Callable[[], Ty]) -> tuple[tuple[str, Ty], ...]:
        return tuple((f"{prefix}{i}", make()) for i in range(number))

    def default_of(self, t: Ty) -> str:
        """The text of a default in a class body, or nothing."""
        if isinstance(t, Opt):
            return " = None" if self.chance(30) else ""
        if self.chance(70):
            return ""
        if isinstance(t, Bool):
            return " = True"
        if isinstance(t, Int):
            return f" = {self.n(t.lo, t.hi)}"
        if isinstance(t, Enum):
            return f" = {t.text}.M{self.n(0, t.members - 1)}"
        if isinstance(t, SetOf):
            return " = Set()"
        if isinstance(t, SeqOf):
            return " = Seq()"
        return ""

    # --- paths -----------------------------------------------------------------------------------------------------------

    def paths(self, env: Env, *, through: bool = True) -> list[Path]:
        """Everything that can be read here; with `through`, also what needs present(…) or an index into a sequence."""
        found: list[Path] = []
        for r in env.roots:
            start = Path((r.text,), r.type, r.place, r.writable)
            found += _down(start, 5, through)
        if self.nesting > 1:
            found = [p for p in found if all(isinstance(part, str) for part in p.parts)]
        return found

    def fill(self, path: Path, env: Env, depth: int) -> str:
        """The text of a path, with keys filled in."""
        text = ""
        for part in path.parts:
            if isinstance(part, str):
                text += part
            elif isinstance(part, Ty):
                text += self.index(part, env, depth)
            else:  # a sequence's index
                text += str(self.n(0, 2)) if self.chance(80) else self.number(env, 0)[0]
        return text

    def index(self, t: Ty, env: Env, depth: int) -> str:
        self.nesting += 1
        try:
            if isinstance(t, Bool):
                return self.pick(["False", "True"]) if self.chance(60) else self.condition(env, 0)
            return self.value(t, env, min(depth, 1) if self.nesting == 1 else 0)
        finally:
            self.nesting -= 1

    def read(self, t: Ty, env: Env, depth: int, *, through: bool = True) -> str:
        wanted = [p for p in self.paths(env, through=through) if p.type == t]
        return self.fill(self.pick(wanted), env, depth)

    # --- numbers ---------------------------------------------------------------------------------------------------------

    def number(self, env: Env, depth: int) -> tuple[str, int, int]:
        """An integer expression, with bounds of its value."""
        ways: list[Callable[[], tuple[str, int, int]]] = [
            lambda: self._literal(),
            lambda: self._read_number(env, depth),
            lambda: self._read_number(env, depth),
        ]
        if depth > 0:
            ways += [
                lambda: self._arithmetic(env, depth - 1),
                lambda: self._arithmetic(env, depth - 1),
                lambda: self._length(env, depth - 1),
                lambda: self._aggregate(env, depth - 1),
                lambda: self._pick_number(env, depth - 1),
                lambda: self._number_of(env, depth - 1),
                lambda: self._called_number(env, depth - 1),
                lambda: self._looked_up(env, depth - 1),
            ]
        text, lo, hi = self.attempt(*ways)
        if not -WIDE <= lo <= hi <= WIDE:
            return f"({text}) % 1009", 0, 1008
        return text, lo, hi

    def _literal(self) -> tuple[str, int, int]:
        v = self.pick([0, 1, 2, -1, 3, 7, -4])
        if self.chance(20):
            return "K", 2, 2
        return str(v), v, v

    def _read_number(self, env: Env, depth: int) -> tuple[str, int, int]:
        found = [p for p in self.paths(env) if isinstance(p.type, Int)]
        path = self.pick(found)
        t = path.type
        assert isinstance(t, Int)
        lo, hi = t.lo, t.hi
        for r in env.roots:
            if path.parts == (r.text,) and r.numbers is not None:
                lo, hi = r.numbers
        return self.fill(path, env, depth), lo, hi

    def _arithmetic(self, env: Env, depth: int) -> tuple[str, int, int]:
        a, alo, ahi = self.number(env, depth)
        op = self.pick(["+", "-", "*", "//", "%", "neg"])
        if op == "neg":
            return f"-({a})", -ahi, -alo
        if op == "*" and self.chance(30):
            b, blo, bhi = self.number(env, depth)
            corners = [alo * blo, alo * bhi, ahi * blo, ahi * bhi]
            if max(map(abs, corners)) < 2 * WIDE:
                return f"({a}) * ({b})", min(corners), max(corners)
        if op == "*":
            v = self.pick([2, 3, -1, -2, 0])
            lo, hi = sorted((alo * v, ahi * v))
            return f"({a}) * {v}" if v >= 0 else f"({a}) * ({v})", lo, hi
        if op in ("//", "%"):
            big = max(abs(alo), abs(ahi))
            if self.errors and self.chance(15):
                d, dlo, dhi = self.number(env, depth)
                bound = max(abs(dlo), abs(dhi))
                return f"({a}) {op} ({d})", -max(big, bound), max(big, bound)
            v = self.pick([2, 3, -2, -3, 1])
            return f"({a}) {op} ({v})" if v < 0 else f"({a}) {op} {v}", -max(big, 4), max(big, 4)
        b, blo, bhi = self.number(env, depth)
        if op == "+":
            return f"({a}) + ({b})", alo + blo, ahi + bhi
        return f"({a}) - ({b})", alo - bhi, ahi - blo

    def _length(self, env: Env, depth: int) -> tuple[str, int, int]:
        found = [p for p in self.paths(env) if isinstance(p.type, SetOf | SeqOf | Arr)]
        sorts = [s.text for s in self.sorts]
        if found and self.chance(80):
            return f"len({self.fill(self.pick(found), env, depth)})", 0, 16
        return f"len({self.pick(sorts)})", 0, 3

    def _aggregate(self, env: Env, depth: int) -> tuple[str, int, int]:
        kind = self.pick(["count", "sum", "max", "min"])
        clauses, inner = self.clauses(env, depth)
        if kind == "count":
            return f"count({self.condition(inner, depth)} {clauses})", 0, 4096
        if kind in ("max", "min"):
            if " in (" in clauses:
                raise NoWay
            text, lo, hi = self.number(inner, depth)
            if self.errors and self.chance(20):
                return f"{kind}({text} {clauses})", lo, hi
            default = self.pick([0, 1, -3, 9])
            return f"{kind}(({text} {clauses}), default={default})", min(lo, default), max(hi, default)
        text, lo, hi = self.number(inner, depth)
        if max(abs(lo), abs(hi)) > 10_000:
            text, lo, hi = f"({text}) % 11", 0, 10
        return f"sum({text} {clauses})", min(0, lo * 1000), max(0, hi * 1000)

    def _pick_number(self, env: Env, depth: int) -> tuple[str, int, int]:
        a, alo, ahi = self.number(env, depth)
        kind = self.pick(["min", "max", "abs", "if"])
        if kind == "abs":
            return f"abs({a})", 0, max(abs(alo), abs(ahi))
        b, blo, bhi = self.number(env, depth)
        lo, hi = min(alo, blo), max(ahi, bhi)
        if kind == "if":
            return f"({a} if {self.condition(env, depth)} else {b})", lo, hi
        return f"{kind}({a}, {b})", lo, hi

    def _number_of(self, env: Env, depth: int) -> tuple[str, int, int]:
        sort = self.pick([s for s in self.sorts if not s.symmetric])
        return f"{_atom(self.value(sort, env, depth))}.index", 0, 3

    def _looked_up(self, env: Env, depth: int) -> tuple[str, int, int]:
        """A number from a table of constants, by a number or by a member of an Enum, or what is one of such a member."""
        kind = self.n(0, 3)
        if kind == 0:
            key = f"({self.number(env, depth)[0]}) % 4" if not self.errors or self.chance(70) else self.number(env, depth)[0]
            return f"TABLE[{key}]", -3, 7
        enum = self.pick(self.enums)
        value = _atom(self.value(enum, env, depth))
        return (f"PRICES_{enum.text}[{value}]", 0, 9) if kind == 1 else (f"{value}.{'value' if kind == 2 else 'twice'}", 0, 9)

    def _called_number(self, env: Env, depth: int) -> tuple[str, int, int]:
        return self.call(NUMBER, env, depth), NUMBER.lo, NUMBER.hi

    def in_range(self, t: Int, env: Env, depth: int) -> str:
        """A number that lies in a range, or mostly so."""
        if t == NUMBER:
            text, lo, hi = self.number(env, depth)
            return text
        if depth <= 0 or self.chance(30):
            return self.attempt(lambda: str(self.n(t.lo, t.hi)), lambda: self.read(t, env, depth))
        text, lo, hi = self.number(env, depth)
        if t.lo <= lo and hi <= t.hi:
            return text
        if self.errors and self.chance(12):
            return text
        if t.lo > -10_000 and t.hi < 10_000 and self.chance(30):
            return f"({text}) % {t.hi + 1}" if t.lo == 0 else f"{t.lo} + ({text}) % {t.hi - t.lo + 1}"
        return f"min(max({text}, {t.lo}), {t.hi})"

    # --- conditions ------------------------------------------------------------------------------------------------------

    def condition(self, env: Env, depth: int) -> str:
        ways: list[Callable[[], str]] = [
            lambda: self._compared(env, 0),
            lambda: self.read(BOOL, env, depth),
            lambda: self._none_test(env, depth),
            lambda: self._compared(env, depth),
        ]
        if depth > 0:
            d = depth - 1
            ways += [
                lambda: self._compared(env, d),
                lambda: self._equal(env, d),
                lambda: self._equal(env, d),
                lambda: f"not ({self.condition(env, d)})",
                lambda: self._both(env, d),
                lambda: self._both(env, d),
                lambda: f"(({self.condition(env, d)}) {self.pick(['==', '!='])} ({self.condition(env, d)}))",
                lambda: f"(({self._none_test(env, 0)}) {self.pick(['==', '!='])} ({self._none_test(env, 0)}))",
                lambda: self._member(env, d),
                lambda: self._quantified(env, d),
                lambda: self._quantified(env, d),
                lambda: self._with_fact(env, d),
                lambda: self._with_fact(env, d),
                lambda: f"implies({self.condition(env, d)}, {self.condition(env, d)})",
                lambda: f"({self.condition(env, d)} if {self.condition(env, d)} else {self.condition(env, d)})",
                lambda: f"(({self.condition(env, d)}) {self.pick(['|', '&'])} ({self.condition(env, d)}))",
                lambda: self.call(BOOL, env, d),
                lambda: self._ordered(env, d),
                lambda: self._asked_of_enum(env, d),
                lambda: self.pick(["True", "False", "K == 2", "K > 5", "NAMES[0] is E0.M0"]),
            ]
        return self.attempt(*ways)

    def _compared(self, env: Env, depth: int) -> str:
        a, b = self.number(env, depth)[0], self.number(env, depth)[0]
        if self.chance(20):
            c = self.number(env, depth)[0]
            return f"{_atom(a)} {self.pick(['<=', '<'])} {_atom(b)} {self.pick(['<=', '<', '!='])} {_atom(c)}"
        return f"{_atom(a)} {self.pick(['<=', '<', '==', '!=', '>', '>='])} {_atom(b)}"

    def _none_test(self, env: Env, depth: int) -> str:
        found = [p for p in self.paths(env) if isinstance(p.type, Opt)]
        return f"{self.fill(self.pick(found), env, depth)} {self.pick(['is', 'is not', '=='])} None"

    def _equal(self, env: Env, depth: int) -> str:
        """Equality of two values of any type."""
        path = self.pick([p for p in self.paths(env) if not isinstance(p.type, Part) and not holds_place(p.type)])
        left = self.fill(path, env, depth)
        op = self.pick(["==", "!="])
        t = path.type
        if isinstance(t, Enum | Sort) and self.chance(50):
            op = self.pick(["is", "is not"])
        if isinstance(t, Opt) and self.chance(60):
            t = t.inner
        if isinstance(t, Int):
            return f"{left} {op} {_atom(self.number(env, depth)[0])}"
        return f"{left} {op} {_atom(self.value(t, env, depth))}"

    def _both(self, env: Env, depth: int) -> str:
        op = self.pick(["and", "or"])
        return f"({self.condition(env, depth)} {op} {self.condition(env, depth)})"

    def _member(self, env: Env, depth: int) -> str:
        word = self.pick(["in", "not in"])
        kind = self.n(0, 2)
        if kind == 0:
            path = self.pick([p for p in self.paths(env) if isinstance(p.type, SetOf | SeqOf | Arr)])
            t = path.type
            item = t.key if isinstance(t, SetOf) else t.element  # type: ignore[union-attr]
            if holds_place(item):
                raise NoWay
            value = self.number(env, depth)[0] if isinstance(item, Int) else self.value(item, env, depth)
            return f"{_atom(value)} {word} {self.fill(path, env, depth)}"
        if kind == 1:
            e = self.pick(self.enums)
            members = ", ".join(f"{e.text}.M{i}" for i in range(e.members) if self.chance(60))
            return f"{_atom(self.value(e, env, depth))} {word} ({members}{',' if members else ''})"
        a = self.number(env, depth)[0]
        return f"{_atom(a)} {word} (0, 1, {_atom(self.number(env, depth)[0])})"

    def _quantified(self, env: Env, depth: int) -> str:
        clauses, inner = self.clauses(env, depth)
        return f"{self.pick(['any', 'all'])}({self.condition(inner, depth)} {clauses})"

    def _ordered(self, env: Env, depth: int) -> str:
        sort = self.pick([s for s in self.sorts if not s.symmetric])
        a, b = self.value(sort, env, depth), self.value(sort, env, depth)
        return f"{_atom(a)} {self.pick(['<', '<=', '>', '>='])} {_atom(b)}"

    def _asked_of_enum(self, env: Env, depth: int) -> str:
        """A method of an Enum's member, or whether it is in a table's set."""
        enum = self.pick(self.enums)
        one = _atom(self.value(enum, env, depth))
        if self.chance(50):
            return f"{one}.below({self.number(env, depth)[0]})"
        return f"{one} {self.pick(['in', 'not in'])} AFTER_{enum.text}[{self.value(enum, env, depth)}]"

    def known(self, env: Env, depth: int) -> tuple[str, Env]:
        """An optional that can be the subject of a fact: its text, and what is known once it is not None."""
        path = self.pick([p for p in self.paths(env, through=False) if isinstance(p.type, Opt) and p.simple])
        text = self.fill(path, env, 0)
        if "(" in text.replace("K", ""):
            raise NoWay
        assert isinstance(path.type, Opt)
        return text, env.add(Root(text, path.type.inner))

    def _with_fact(self, env: Env, depth: int) -> str:
        text, inside = self.known(env, depth)
        kind = self.n(0, 2)
        if kind == 0:
            return f"({text} is not None and {self.condition(inside, depth)})"
        if kind == 1:
            return f"({text} is None or {self.condition(inside, depth)})"
        return f"({self.condition(inside, depth)} if {text} is not None else {self.condition(env, depth)})"

    # --- generators ------------------------------------------------------------------------------------------------------

    def domain(self, env: Env, depth: int, *, ordered: bool = False) -> tuple[str, Ty, bool, bool]:
        """Something to loop over: its text, the type of its members, whether these are places, whether it is symmetric."""
        ways: list[Callable[[], tuple[str, Ty, bool, bool]]] = [
            lambda: self._sort_domain(ordered),
            lambda: self._enum_domain(),
            lambda: self._range_domain(env, depth),
            lambda: self._path_domain(env, depth, ordered),
            lambda: self._path_domain(env, depth, ordered),
            lambda: ("(1, 2, 3)", NUMBER, False, False),
        ]
        return self.attempt(*ways)

    def _sort_domain(self, ordered: bool) -> tuple[str, Ty, bool, bool]:
        s = self.pick([s for s in self.sorts if not (ordered and s.symmetric)])
        return s.text, s, False, s.symmetric

    def _enum_domain(self) -> tuple[str, Ty, bool, bool]:
        e = self.pick(self.enums)
        return e.text, e, False, False

    def _range_domain(self, env: Env, depth: int) -> tuple[str, Ty, bool, bool]:
        text, lo, hi = self.number(env, min(depth, 1))
        if lo < -8 or hi > 8:
            text = f"min(max({text}, -3), 4)"
        if self.chance(40):
            return f"range({self.n(-2, 2)}, {text})", int_type(-8, 8), False, False
        return f"range({text})", int_type(-8, 8), False, False

    def _path_domain(self, env: Env, depth: int, ordered: bool) -> tuple[str, Ty, bool, bool]:
        path = self.pick([p for p in self.paths(env) if isinstance(p.type, Arr | SetOf | SeqOf)])
        t = path.type
        keyed = t.key if isinstance(t, Arr | SetOf) else None
        symmetric = keyed is not None and holds_symmetric(keyed)
        if symmetric and ordered:
            raise NoWay
        member = t.key if isinstance(t, SetOf) else t.element  # type: ignore[union-attr]
        return self.fill(path, env, depth), member, path.place and is_place_type(member), symmetric

    def clauses(self, env: Env, depth: int) -> tuple[str, Env]:
        """The `for … in … if …` of a generator, and what is known in its body."""
        text = ""
        for _ in range(1 if self.chance(75) else 2):
            domain, member, place, _ = self.domain(env, min(depth, 1))
            name = self.fresh("v")
            env = env.add(Root(name, member, place, False, _bounds(member, domain)))
            text += f"for {name} in {domain}"
            if self.chance(50):
                if self.chance(30):
                    try:
                        known, inside = self.known(env, 0)
                        text += f" if {known} is not None"
                        env = inside
                    except NoWay:
                        text += f" if {self.condition(env, min(depth, 1))}"
                else:
                    text += f" if {self.condition(env, min(depth, 1))}"
            text += " "
        return text.rstrip(), env

    def first(self, t: Ty, env: Env, depth: int) -> str:
        """`first(…)` with members of this type."""
        domain, member, place, _ = self.domain(env, depth, ordered=True)
        if domain.startswith("(1"):
            raise NoWay
        name = self.fresh("v")
        inner = env.add(Root(name, member, place, False, _bounds(member, domain)))
        body = name if member == t and not place else self.value(t, inner, depth)
        test = f" if {self.condition(inner, depth)}" if self.chance(60) else ""
        return f"first({body} for {name} in {domain}{test})"

    # --- values ----------------------------------------------------------------------------------------------------------

    def value(self, t: Ty, env: Env, depth: int, *, stored: bool = False) -> str:
        """An expression of a type; `stored` where it goes straight into a place or a field, so that displays are possible."""
        if isinstance(t, Part):
            raise NoWay
        if isinstance(t, Bool):
            return self.attempt(lambda: self.condition(env, depth), lambda: self.pick(["False", "True"]))
        if isinstance(t, Int):
            return self.in_range(t, env, depth)
        ways: list[Callable[[], str]] = [
            lambda: self.read(t, env, depth, through=depth > 0),
            lambda: self._made(t, env, depth, stored),
            lambda: self._made(t, env, depth, stored),
        ]
        if depth > 0 and not isinstance(t, Arr):
            ways += [
                lambda: self._chosen(t, env, depth - 1, stored),
                lambda: self.call(t, env, depth - 1),
                lambda: self._known_value(t, env, depth - 1, stored),
            ]
        return self.attempt(*ways)

    def _chosen(self, t: Ty, env: Env, depth: int, stored: bool) -> str:
        return f"({self.value(t, env, depth)} if {self.condition(env, depth)} else {self.value(t, env, depth)})"

    def _known_value(self, t: Ty, env: Env, depth: int, stored: bool) -> str:
        text, inside = self.known(env, depth)
        return f"({self.value(t, inside, depth)} if {text} is not None else {self.value(t, env, depth)})"

    def _made(self, t: Ty, env: Env, depth: int, stored: bool) -> str:
        if isinstance(t, Enum):
            return f"{t.text}.M{self.n(0, t.members - 1)}"
        if isinstance(t, Sort):
            return self._member_of(t, env, depth)
        if isinstance(t, Opt):
            return self._optional(t, env, depth, stored)
        if isinstance(t, Rec):
            return self._record(t, env, depth)
        if isinstance(t, SetOf):
            return self._set(t, env, depth, stored)
        if isinstance(t, SeqOf):
            return self._seq(t, env, depth, stored)
        raise NoWay

    def _member_of(self, t: Sort, env: Env, depth: int) -> str:
        if t.symmetric or t.size == 0:
            found = [p for p in self.paths(env) if p.type == t or p.type == optional(t)]
            path = self.pick(found)
            text = self.fill(path, env, 0)
            return text if path.type == t else f"present({text})"
        if self.errors and self.chance(25):
            return f"{t.text}({self.number(env, min(depth, 1))[0]})"
        return f"{t.text}({self.n(0, t.size - 1)})"

    def _optional(self, t: Opt, env: Env, depth: int, stored: bool) -> str:
        def inner() -> str:
            return self.value(t.inner, env, depth, stored=stored and not isinstance(t.inner, SetOf | SeqOf))

        if depth > 0 and isinstance(t.inner, Enum | Sort | Rec) and self.chance(25):
            return self.attempt(lambda: self.first(t.inner, env, depth - 1), inner)
        return self.attempt(lambda: "None", inner)

    def _record(self, t: Rec, env: Env, depth: int) -> str:
        if depth <= 0:
            return f"{t.text}()"
        chosen = [(n, f) for n, f in t.fields if self.chance(50)]
        if self.chance(30):
            chosen.reverse()
        parts = []
        for name, f in chosen:
            try:
                parts.append(f"{name}={self.value(f, env, depth - 1, stored=True)}")
            except NoWay:
                continue
        arguments = ", ".join(parts)
        if self.chance(50):
            try:
                return f"{_atom(self.read(t, env, depth - 1))}.next({arguments})"
            except NoWay:
                pass
        return f"{t.text}({arguments})"

    def _set(self, t: SetOf, env: Env, depth: int, stored: bool) -> str:
        kind = self.n(0, 5)
        if kind == 5 and depth > 0 and not isinstance(t.key, Int | Bool):
            clauses, inner = self.clauses(env, depth - 1)
            if " in (" in clauses:
                raise NoWay
            member = self.value(t.key, inner, depth - 1)
            return f"{{{member} {clauses}}}" if stored and self.chance(50) else f"Set({member} {clauses})"
        if depth <= 0 or kind == 0:
            return "Set()" if stored else self.read(t, env, depth)
        if kind == 1 and stored:
            items = [self.value(t.key, env, depth - 1) for _ in range(self.n(1, 2))]
            return "{" + ", ".join(items) + "}"
        left = self.read(t, env, depth)
        op = self.pick(["|", "-", "&"])
        if kind == 2:
            return f"({left} {op} {self.read(t, env, depth)})"
        return f"({left} {op} {{{self.value(t.key, env, depth - 1)}}})"

    def _seq(self, t: SeqOf, env: Env, depth: int, stored: bool) -> str:
        kind = self.n(0, 7)
        if kind == 5 and depth > 0 and stored and self.errors:
            domain, member, place, _ = self.domain(env, depth - 1, ordered=True)
            if domain.startswith("("):
                raise NoWay
            name = self.fresh("v")
            inner = env.add(Root(name, member, place, False, _bounds(member, domain)))
            value = self.value(t.element, inner, depth - 1)
            if "present" in value or "(" in value:
                raise NoWay
            return f"tuple({value} for {name} in {domain})"
        if kind == 6:
            a, b = self.n(0, 3), self.n(0, 3) if self.chance(70) else f"abs({self.number(env, 0)[0]})"
            return f"{self.read(t, env, depth)}[{self.pick(['', a])}:{b}]"
        if kind == 7 and (self.errors or t.limit == 0):
            return f"({self.read(t, env, depth)} + {self.read(t, env, depth)})"
        if depth <= 0 or kind == 0:
            return "Seq()" if stored else self.read(t, env, depth)
        if kind == 1 and stored and t.limit:
            items = [self.value(t.element, env, depth - 1) for _ in range(self.n(1, t.limit))]
            return "(" + ", ".join(items) + ",)"
        left = self.read(t, env, depth)
        if kind == 2:
            n = self.n(0, 3) if self.chance(70) else f"abs({self.number(env, depth - 1)[0]})"
            return f"{left}[{n}:]"
        grown = f"{left} + ({self.value(t.element, env, depth - 1)},)"
        if self.errors and self.chance(20):
            return f"({grown})"
        return f"({grown} if len({left}) < {t.limit} else {left})"

    # --- calls -----------------------------------------------------------------------------------------------------------

    def call(self, result: Ty | None, env: Env, depth: int, *, writing: bool = False) -> str:
        """A call of a helper or method with this result."""
        if writing and (env.symmetric or env.pure):
            raise NoWay
        callee = self.pick([c for c in self.callees if c.result == result and c.writes == writing])
        text = callee.name
        if callee.receiver is not None:
            want_place = isinstance(callee.receiver, Part)
            found = [
                p
                for p in self.paths(env, through=not want_place)
                if p.type == callee.receiver and (p.place or not want_place) and (p.writable or not callee.writes)
            ]
            text = f"{self.fill(self.pick(found), env, 0)}.{callee.name}"
        if callee.is_property:
            return text
        arguments = []
        by_name = self.n(0, 2) if self.chance(15) else 99
        for i, (name, t, kind) in enumerate(callee.parameters):
            if kind == "place":
                found = [p for p in self.paths(env, through=False) if p.type == t and p.place]
                if callee.writes:
                    found = [p for p in found if p.writable]
                value = self.fill(self.pick(found), env, 0)
            elif kind == "static":
                value = str(self.n(0, 3))
            else:
                value = self.value(t, env, depth)
            arguments.append(f"{name}={value}" if i >= by_name else value)
        return f"{text}({', '.join(arguments)})"

    # --- statements ------------------------------------------------------------------------------------------------------

    def block(self, env: Env, depth: int, number: int) -> tuple[list[str], Env]:
        """Some statements, and what is known after them."""
        lines: list[str] = []
        for _ in range(number):
            try:
                new, env = self.statement(env, depth)
            except NoWay:
                continue
            lines += new
        return lines or ["pass"], env

    def statement(self, env: Env, depth: int) -> tuple[list[str], Env]:
        ways: list[Callable[[], tuple[list[str], Env]]] = [
            lambda: self._write(env, depth),
            lambda: self._write(env, depth),
            lambda: self._write(env, depth),
            lambda: self._augment(env, depth),
            lambda: self._augment(env, depth),
            lambda: self._local(env, depth),
            lambda: self._local(env, depth),
            lambda: self._again(env, depth),
            lambda: self._again(env, depth),
            lambda: self._two(env),
            lambda: self._exchange(env, depth),
            lambda: self._name_place(env),
            lambda: self._require(env, depth),
            lambda: self._copy_array(env),
            lambda: self._call_statement(env, depth),
            lambda: self._require_known(env, depth),
        ]
        if depth > 0:
            ways += [
                lambda: self._if(env, depth - 1),
                lambda: self._if(env, depth - 1),
                lambda: self._if(env, depth - 1),
                lambda: self._for(env, depth - 1),
                lambda: self._for(env, depth - 1),
                lambda: self._for(env, depth - 1),
                lambda: self._leave(env),
            ]
        return self.attempt(*ways)

    def _targets(self, env: Env, accumulate: bool) -> list[Path]:
        """Places that may be written to here; in a loop over a symmetric sort only what belongs to the round."""
        if env.pure:
            raise NoWay
        return [p for p in self.paths(env, through=False) if p.writable and not holds_place(p.type)]

    def _target(self, env: Env, path: Path, accumulate: bool) -> str:
        text = self.fill(path, env, 0)
        if accumulate:
            return text
        for loop in env.symmetric:  # the scalarset rule
            if f"[{loop.variable}]" not in text and not text.startswith(f"{loop.variable}."):
                raise NoWay
        return text

    def _write(self, env: Env, depth: int) -> tuple[list[str], Env]:
        path = self.pick([p for p in self._targets(env, False) if not isinstance(p.type, Arr)])
        target = self._target(env, path, False)
        return [f"{target} = {self.value(path.type, env, 2, stored=True)}"], env

    def _copy_array(self, env: Env) -> tuple[list[str], Env]:
        path = self.pick([p for p in self._targets(env, False) if isinstance(p.type, Arr)])
        source = self.pick([p for p in self.paths(env) if p.type == path.type])
        return [f"{self._target(env, path, False)} = {self.fill(source, env, 0)}"], env

    def _augment(self, env: Env, depth: int) -> tuple[list[str], Env]:
        path = self.pick([p for p in self._targets(env, True) if isinstance(p.type, Int | SetOf | SeqOf | Bool)])
        t = path.type
        if isinstance(t, SeqOf):
            target = self._target(env, path, False)
            line = f"{target} += ({self.value(t.element, env, 1)},)"
            return ([line] if self.errors and self.chance(20) else [f"if len({target}) < {t.limit}:", f"    {line}"]), env
        if isinstance(t, SetOf):
            target = self._target(env, path, True)
            op = "|" if env.symmetric else self.pick(["|", "-", "&"])
            return [f"{target} {op}= {{{self.value(t.key, env, 1)}}}"], env
        if isinstance(t, Bool):
            op = "|" if env.symmetric else self.pick(["|", "&"])
            return [f"{self._target(env, path, True)} {op}= {self.condition(env, 1)}"], env
        assert isinstance(t, Int)
        if env.symmetric:
            if not self.errors:
                raise NoWay
            return [f"{self._target(env, path, True)} += {self.n(0, 1)}"], env
        target = self._target(env, path, True)
        op = self.pick(["+", "-"])
        if self.errors and self.chance(15):
            op = self.pick(["+", "-", "*", "//", "%"])
            v = self.number(env, 1)[0] if op in "+-" else str(self.pick([2, 3, -1]))
            return [f"{target} {op}= {v}"], env
        step = self.n(0, min(2, max(0, t.hi - t.lo)))
        guard = f"{target} + {step} <= {t.hi}" if op == "+" else f"{target} - {step} >= {t.lo}"
        if self.chance(50) and not env.loops:
            return [f"require({guard})", f"{target} {op}= {step}"], env
        return [f"if {guard}:", f"    {target} {op}= {step}"], env

    def _local(self, env: Env, depth: int) -> tuple[list[str], Env]:
        kind = self.n(0, 3)
        name = self.fresh("x")
        if kind == 0:
            return [f"{name} = {self.number(env, 2)[0]}"], replace(
                env.add(Root(name, NUMBER, numbers=None)), locals=(*env.locals, name)
            )
        if kind == 1:
            return [f"{name} = {self.condition(env, 2)}"], replace(
                env.add(Root(name, BOOL)), locals=(*env.locals, name)
            )
        found = [p for p in self.paths(env, through=False) if not p.place and not isinstance(p.type, Int | Arr | Part)]
        t = self.pick(found).type
        if kind == 3 and not isinstance(t, Opt | Bool):
            t = optional(t)
        text = self.value(t, env, 2)
        if isinstance(t, Opt) or self.chance(30):
            return [f"{name}: {t.text} = {text}"], replace(env.add(Root(name, t)), locals=(*env.locals, name))
        return [f"{name} = {text}"], replace(env.add(Root(name, t)), locals=(*env.locals, name))

    def _again(self, env: Env, depth: int) -> tuple[list[str], Env]:
        """Another value for a local name, or for a parameter."""
        if env.symmetric:
            raise NoWay
        name = self.pick([n for n in env.locals if any(r.text == n for r in env.roots)])
        t = next(r.type for r in env.roots if r.text == name)
        if t == NUMBER and self.chance(50):
            return [f"{name} = {name} % 1000", f"{name} += {self.number(env, 1)[0]} % 1000"], env
        return [f"{name} = {self.value(t, env, 2)}"], env

    def _two(self, env: Env) -> tuple[list[str], Env]:
        """Two names assigned at once."""
        a, b = self.fresh("x"), self.fresh("x")
        line = f"{a}, {b} = {self.number(env, 1)[0]}, {self.condition(env, 1)}"
        return [line], replace(env.add(Root(a, NUMBER), Root(b, BOOL)), locals=(*env.locals, a, b))

    def _exchange(self, env: Env, depth: int) -> tuple[list[str], Env]:
        """Two places assigned at once."""
        targets = [p for p in self._targets(env, False) if not isinstance(p.type, Arr)]
        one, other = self.pick(targets), self.pick(targets)
        values = [self.value(p.type, env, 1, stored=True) for p in (one, other)]
        if one.type == other.type and self.chance(50):
            values = [self.fill(other, env, 0), self.fill(one, env, 0)]
        return [f"{self._target(env, one, False)}, {self._target(env, other, False)} = {values[0]}, {values[1]}"], env

    def _name_place(self, env: Env) -> tuple[list[str], Env]:
        path = self.pick([p for p in self.paths(env, through=False) if p.place and len(p.parts) > 1 and is_place_type(p.type)])
        name = self.fresh("c")
        note = f": {path.type.text}" if isinstance(path.type, Arr) and self.chance(30) else ""
        return [f"{name}{note} = {self.fill(path, env, 0)}"], env.add(Root(name, path.type, True, path.writable))

    def _require(self, env: Env, depth: int) -> tuple[list[str], Env]:
        return [f"require({self.condition(env, 2)})"], env

    def _require_known(self, env: Env, depth: int) -> tuple[list[str], Env]:
        text, inside = self.known(env, 0)
        new, _ = self._write(inside, depth) if not env.pure else self._local(inside, depth)
        test = self.pick([f"require({text} is not None)", f"if {text} is not None:"])
        if test.startswith("if"):
            return [test, *("    " + line for line in new)], env
        return [test, *new], env

    def _call_statement(self, env: Env, depth: int) -> tuple[list[str], Env]:
        results = [c.result for c in self.callees if c.writes]
        result = self.pick(results)
        text = self.call(result, env, 1, writing=True)
        if result is None or self.chance(20):
            return [text], env
        name = self.fresh("x")
        if isinstance(result, Opt):
            return [f"{name}: {result.text} = {text}"], env.add(Root(name, result))
        return [f"{name} = {text}"], env.add(Root(name, result))

    def _if(self, env: Env, depth: int) -> tuple[list[str], Env]:
        lines = [f"if {self.condition(env, 2)}:"]
        lines += _indent(self.block(env, depth, self.n(1, 2))[0])
        if self.chance(25):
            lines += [f"elif {self.condition(env, 1)}:", *_indent(self.block(env, depth, 1)[0])]
        if self.chance(50):
            lines += ["else:", *_indent(self.block(env, depth, self.n(1, 2))[0])]
        return lines, env

    def _for(self, env: Env, depth: int) -> tuple[list[str], Env]:
        domain, member, place, symmetric = self.domain(env, 1)
        name = self.fresh("i")
        writable = place and not env.pure
        inner = replace(
            env.add(Root(name, member, place, writable, _bounds(member, domain))),
            loops=(*env.loops, Loop(name, symmetric)),
        )
        body = self.block(inner, depth, self.n(1, 2))[0]
        constant = domain.startswith("(1")
        if self.chance(30) and not constant:
            word = "continue" if any(loop.symmetric for loop in inner.loops) else self.pick(["break", "continue"])
            at = self.n(0, 1)
            jump = [f"if {self.condition(inner, 1)}:", f"    {word}"]
            body = jump + body if at else body + jump
        return [f"for {name} in {domain}:", *_indent(body)], env

    def _leave(self, env: Env) -> tuple[list[str], Env]:
        if env.symmetric or not env.returns:
            raise NoWay
        result = "" if env.result is None else f" {self.value(env.result, env, 1)}"
        return [f"if {self.condition(env, 1)}:", f"    return{result}"], env

    # --- functions -------------------------------------------------------------------------------------------------------

    def function(self, name: str, receiver: Ty | None, parts: list[Part]) -> tuple[list[str], Callee]:
        """A helper, or a method if there is a receiver."""
        writes = self.chance(40) and not isinstance(receiver, Rec)
        result = None if writes and self.chance(60) else self.result_type()
        is_property = receiver is not None and not writes and self.chance(30)
        parameters: list[tuple[str, Ty, str]] = []
        if not is_property:
            for i in range(self.n(0, 2)):
                kind = self.n(0, 3)
                if kind == 0 and parts and receiver is None:
                    part = self.pick(parts)
                    inside = [p for p in _down(Path(("s",), part, True, True), 3, False) if is_place_type(p.type)]
                    parameters.append((f"p{i}", self.pick(inside).type, "place"))
                elif kind == 1:
                    parameters.append((f"p{i}", NUMBER, "static"))
                elif kind == 2:
                    parameters.append((f"p{i}", NUMBER, "value"))
                else:
                    parameters.append((f"p{i}", self.value_type(1) if self.chance(50) else BOOL, "value"))
            if receiver is None and writes and not any(k == "place" for _, _, k in parameters):
                parameters.insert(0, ("p9", self.pick(parts), "place"))
        parameters = [(n, NUMBER if isinstance(t, Int) else t, k) for n, t, k in parameters]
        roots = [Root("self", receiver, isinstance(receiver, Part), writes)] if receiver is not None else []
        roots += [Root(n, t, k == "place", k == "place" and writes) for n, t, k in parameters]
        roots += self.constants
        changeable = tuple(n for n, t, k in parameters if k == "value" and not isinstance(t, Arr))
        env = Env(tuple(roots), changeable, (), result, not writes, True)
        body, after = self.block(env, 2, self.n(0, 2))
        if result is not None:
            try:
                body.append(f"return {self.value(result, after, 2)}")
            except NoWay:
                result = NUMBER
                env = replace(env, result=NUMBER)
                body, after = self.block(env, 2, self.n(0, 2))
                body.append(f"return {self.number(after, 2)[0]}")
        formals = ["self"] * (receiver is not None) + [f"{n}: {t.text}" for n, t, _ in parameters]
        head = f"def {name}({', '.join(formals)}) -> {'None' if result is None else result.text}:"
        lines = [*(["@property"] if is_property else []), head, *_indent(body)]
        return lines, Callee(name, receiver, tuple(parameters), result, writes, is_property)

    def result_type(self) -> Ty:
        t = self.pick([NUMBER, BOOL, self.value_type(1)])
        if isinstance(t, Int):
            return NUMBER
        if isinstance(t, Arr) or (isinstance(t, Opt) and isinstance(t.inner, Int)):
            return BOOL
        return t

    def parameters(self, limit: int) -> list[tuple[str, Ty]]:
        found: list[tuple[str, Ty]] = []
        total = 1
        for i in range(self.n(0, 2)):
            some = self.pick([*self.sorts, *self.enums])
            subsets = SetOf(f"Set[{some.text}]", some)
            keys = [r for r in self.records if is_key(r)]
            t = self.pick([*self.sorts, *self.enums, BOOL, int_type(-1, 1), optional(self.pick(self.sorts)), subsets, *keys])
            if total * max(1, instances(t)) <= limit:
                total *= max(1, instances(t))
                found.append((f"a{i}", t))
        return found

    def action(self, name: str, parts: list[Part], decorator: str) -> list[str]:
        chosen = [p for p in parts if self.chance(80)] or parts[:1]
        finite = self.parameters(18)
        roots = [Root(f"s{parts.index(p)}", p, True, True) for p in chosen] + [Root(n, t) for n, t in finite]
        roots += self.constants
        env = Env(tuple(roots), tuple(n for n, t in finite if self.chance(20)), (), None, False, True)
        body, _ = self.block(env, 2, self.n(1, 4))
        formals = [f"s{parts.index(p)}: {p.text}" for p in chosen] + [f"{n}: {t.text}" for n, t in finite]
        return [decorator, f"def {name}({', '.join(formals)}) -> None:", *_indent(body)]

    def property(self, name: str, parts: list[Part]) -> list[str]:
        kind = self.pick(["invariant", "step_invariant", "reachable", "quiescent"])
        finite = self.parameters(9)
        part = self.pick(parts)
        names = ["before", "after"] if kind == "step_invariant" else ["s"]
        roots = [Root(n, part, True, False) for n in names] + [Root(n, t) for n, t in finite] + self.constants
        env = Env(tuple(roots), (), (), BOOL, True, True)
        body: list[str] = []
        if self.chance(50):
            body.append(f"require({self.condition(env, 2)})")
        more, env = self.block(env, 1, self.n(0, 2))
        body += [line for line in more if line != "pass"]
        body.append(f"return {self.condition(env, 3)}")
        formals = [f"{n}: {part.text}" for n in names] + [f"{n}: {t.text}" for n, t in finite]
        return [f"@spec.{kind}", f"def {name}({', '.join(formals)}) -> bool:", *_indent(body)]

    # --- the module ------------------------------------------------------------------------------------------------------

    def module(self) -> str:
        """The text of a whole module."""
        out = [
            "import enum",
            "from typing import Annotated",
            "from kubecheck.spec import (",
            "    Array, MaxLen, Range, Record, Seq, Set, Sort, Spec, State, count, first, implies, present, require",
            ")",
            "",
        ]
        for i in range(self.n(1, 2)):
            e = Enum(f"E{i}", self.n(1, 4))
            self.enums.append(e)
            out += [f"class {e.text}(enum.Enum):", *(f"    M{m} = {m}" for m in range(e.members)), ""]
            out += ["    @property", "    def twice(self) -> int:", "        return 2 * self.value", ""]
            out += ["    def below(self, limit: int) -> bool:", f"        return self.value < limit or self is {e.text}.M0", ""]
            left_out = int(self.errors and self.chance(30))
            prices = ", ".join(f"{e.text}.M{m}: {self.n(0, 9)}" for m in range(max(1, e.members - left_out)))
            after = ", ".join(f"{e.text}.M{m}: {{{e.text}.M{self.n(0, e.members - 1)}}}" for m in range(e.members))
            out += [f"PRICES_{e.text} = {{{prices}}}", f"AFTER_{e.text} = {{{after}}}", ""]
        for i in range(self.n(1, 3)):
            s = Sort(f"S{i}", self.pick([2, 3, 1, 0]), self.chance(40))
            self.sorts.append(s)
            flag = ", symmetric=True" if s.symmetric else ""
            out += [f"class {s.text}(Sort, size='n{i}'{flag}): ...", ""]
        out += ["K = 2", "NAMES = (E0.M0,)", "TABLE = (4, -3, 0, 7)", ""]
        for i in range(self.n(0, 3)):
            r = Rec(f"R{i}", self.fields("f", self.n(0, 3), lambda: self.value_type(2)))
            out += self._class(r, "Record", [])
            self.records.append(r)
            out += [f"CONSTANT{i} = {r.text}()", ""]
            self.constants.append(Root(f"CONSTANT{i}", r))
        parts: list[Part] = []
        inner: list[Part] = []
        for i in range(self.n(0, 2)):
            c = Part(f"C{i}", self.fields("g", self.n(1, 3), lambda: self.place_type(inner[:])))
            out += self._class(c, "State", [c])
            inner.append(c)
        for i in range(self.n(1, 2)):
            c = Part(f"Main{i}", self.fields("h", self.n(1, 5), lambda: self.place_type(inner[:])))
            out += self._class(c, "State", [c])
            parts.append(c)
        body = [
            f"spec = Spec('random', {', '.join(p.text for p in parts)}, scope={self._scope()})",
            "",
        ]
        for i in range(self.n(0, 3)):
            lines, callee = self.function(f"helper{i}", None, [*inner, *parts])
            body += [*lines, ""]
            self.callees.append(callee)
        for i in range(self.n(0, 2)):
            body += [*self.action(f"start{i}", parts, "@spec.initial"), ""]
        for i in range(self.n(1, 4)):
            kind = self.pick(["component", "environment", "fault"])
            body += [*self.action(f"act{i}", parts, f"@spec.action(actor='x', kind='{kind}')"), ""]
        for i in range(self.n(0, 4)):
            body += [*self.property(f"prop{i}", parts), ""]
        return "\n".join([*out, "def build() -> Spec:", *_indent([*body, "return spec"]), ""])

    def _scope(self) -> str:
        return "{" + ", ".join(f"'n{i}': {s.size}" for i, s in enumerate(self.sorts)) + "}"

    def _class(self, t: Rec | Part, base: str, parts: list[Part]) -> list[str]:
        lines = [f"class {t.text}({base}):"]
        lines += [f"    {n}: {f.text}{self.default_of(f)}" for n, f in t.fields] or ["    pass"]
        for i in range(self.n(0, 3) // 2):
            name = f"m{i}_{t.text.lower()}"
            method, callee = self.function(name, t, parts)
            lines += ["", *_indent(method)]
            self.callees.append(callee)
        return [*lines, ""]

    def place_type(self, inner: list[Part]) -> Ty:
        """The type of a State's field."""
        kind = self.n(0, 9)
        if kind <= 2:
            return self.value_type(1)
        if kind <= 4 and self.records:
            return self.pick(self.records)
        if kind <= 6:
            return self.array_type(self.value_type(1))
        if kind == 7 and inner:
            return self.pick(inner)
        if kind == 8 and inner:
            return self.array_type(self.pick(inner))
        if kind == 9:
            return self.array_type(self.array_type(self.value_type(1)))
        return self.value_type(2)


def _down(path: Path, depth: int, through: bool) -> Iterator[Path]:
    """A path and everything below it."""
    yield path
    if depth == 0:
        return
    t = path.type
    if isinstance(t, Part | Rec):
        for name, f in t.fields:
            yield from _down(
                Path((*path.parts, f".{name}"), f, path.place and (isinstance(t, Part) or not isinstance(f, Arr)),
                     path.writable, path.simple),
                depth - 1, through,
            )  # fmt: skip
    elif isinstance(t, Arr):
        yield from _down(
            Path((*path.parts, "[", t.key, "]"), t.element, path.place, path.writable and path.place, path.simple),
            depth - 1, through,
        )  # fmt: skip
    elif through and isinstance(t, Opt):
        yield from _down(
            Path(("present(", *path.parts, ")"), t.inner, False, False, False), depth - 1, through
        )
    elif through and isinstance(t, SeqOf):
        yield from _down(Path((*path.parts, "[", int, "]"), t.element, False, False, False), depth - 1, through)


def _bounds(t: Ty, domain: str) -> tuple[int, int] | None:
    if domain.startswith("(1"):
        return (1, 3)
    return None


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" if line else line for line in lines]


def _atom(text: str) -> str:
    """The text in parentheses unless it stands for itself."""
    plain = text.replace(".", "").replace("_", "").isalnum() and " " not in text
    closed = text.startswith("(") and text.endswith(")") and text.count("(") == 1
    return text if plain or closed else f"({text})"
