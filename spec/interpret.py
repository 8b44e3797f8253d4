"""Evaluates read-only IR in Python, on plain data, with every step counted: what a user's expression runs on.

An expression becomes a tree of closures. Nothing of a spec's author runs here: only what the front end compiled. Work is charged before
it is done, a unit for each node and more where data are large, so that whatever it is given ends soon.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from kubecheck.spec import ir
from kubecheck.spec.errors import NotEnabled, Position, SpecError, ValueEscape, too_wide
from kubecheck.spec.intervals import may_be_cut
from kubecheck.spec.source import fail
from kubecheck.spec.types import (
    INT,
    ArrayType,
    BoolType,
    Data,
    EnumType,
    IntType,
    NoneType,
    OptionalType,
    RecordType,
    RefType,
    SetType,
    Type,
    is_scalar,
)
from kubecheck.spec.values import Seq, lower

Env = dict[Any, Any]  # locals by name; under BEFORE and AFTER the states, under BUDGET the steps that are left, in a list of one
Run = Callable[[Env], Any]

BEFORE, AFTER, BUDGET = 0, 1, 2
_RESULT = 3
_NEXT, _BREAK, _CONTINUE, _RETURN = range(4)


class TooManyStepsError(Exception):
    """An evaluation has taken as many steps as it may."""


class Interpreter:
    """Turns the IR of one program into closures; each function once."""

    def __init__(self) -> None:
        self._functions: dict[int, tuple[Run, int, ir.Function]] = {}
        self._values: dict[Type, Sequence[Data]] = {}
        self._cost = 0

    def compile(self, e: ir.Expr) -> Run:
        """What evaluates an expression, with its steps charged.

        It raises ValueEscape with a position, NotEnabled, or TooManyStepsError. SpecError KC214 for what writes to the state.
        """
        run, cost = self._charged(lambda: self._expr(e))

        def whole(env: Env) -> Any:
            _charge(env, cost)
            return run(env)

        return whole

    def _charged(self, make: Callable[[], Run]) -> tuple[Run, int]:
        """What is made, and what evaluating it once costs: to be charged where it is run."""
        before, self._cost = self._cost, 0
        try:
            made = make()
            return made, self._cost
        finally:
            self._cost = before

    # --- places, which are only read: a place is what it holds ------------------------------------------------------------

    def _place(self, p: ir.Place) -> Run:
        self._cost += 1
        if isinstance(p, ir.PartPlace):
            root, part = p.root, p.index
            return lambda env: env[root][part]
        if isinstance(p, ir.NamedPlace):
            name = p.name
            return lambda env: env[name]
        if isinstance(p, ir.FieldPlace):
            base, index = self._place(p.base), p.index
            return lambda env: base(env)[index]
        assert isinstance(p, ir.ItemPlace)
        assert isinstance(p.base.type, ArrayType)
        return self._item(self._place(p.base), p.base.type, p.key)

    def _item(self, base: Run, array: ArrayType, key_of: ir.Expr) -> Run:
        key, number = self._expr(key_of), _numbering(array.key)
        return lambda env: base(env)[number(key(env))]

    # --- expressions -----------------------------------------------------------------------------------------------------

    def _expr(self, e: ir.Expr) -> Run:
        self._cost += 1
        found: Run = getattr(self, f"_{type(e).__name__.lower()}")(e)
        return found

    def _whole(self, t: Type) -> None:
        """Charges for handling a value as a whole."""
        if not is_scalar(t):
            self._cost += t.bits // 8

    def _const(self, e: ir.Const) -> Run:
        value = e.value
        return lambda _: value

    def _local(self, e: ir.Local) -> Run:
        name = e.name
        return lambda env: env[name]

    def _read(self, e: ir.Read) -> Run:
        return self._place(e.place)

    def _not(self, e: ir.Not) -> Run:
        value = self._expr(e.value)
        return lambda env: not value(env)

    def _arith(self, e: ir.Arith) -> Run:
        if e.op == "+":  # a long sum is a loop and not a deep call
            first, *rest = [self._expr(term) for term in _spine(e, lambda x: isinstance(x, ir.Arith) and x.op == "+")]

            def total(env: Env) -> int:
                found: int = first(env)
                for term in rest:
                    found += term(env)
                return found

            return _held(total, e)
        a, b = self._expr(e.left), self._expr(e.right)
        if e.op in ("//", "%"):
            divide, at = operator.floordiv if e.op == "//" else operator.mod, e.at

            def divided(env: Env) -> int:
                x, y = a(env), b(env)
                if y == 0:
                    raise ValueEscape("KC507", "division by zero", position=at, remedy="require the divisor to be positive first")
                found: int = divide(x, y)
                return found

            return _held(divided, e)
        op: Any = {"-": operator.sub, "*": operator.mul, "min": min, "max": max}[e.op]
        return _held(lambda env: op(a(env), b(env)), e)

    def _compare(self, e: ir.Compare) -> Run:
        self._whole(e.left.type)
        a, b = self._expr(e.left), self._expr(e.right)
        if isinstance(e.left.type, RefType) and e.op not in ("==", "!="):
            order = _ORDER[e.op]
            return lambda env: order(a(env).number, b(env).number)
        op = (_SAME if _by_identity(e.left.type) else _ORDER)[e.op]
        return lambda env: op(a(env), b(env))

    def _logic(self, e: ir.Logic) -> Run:
        parts = [self._expr(p) for p in _spine(e, lambda x: isinstance(x, ir.Logic) and x.op == e.op)]
        if e.op == "and":
            return lambda env: all(part(env) for part in parts)
        return lambda env: any(part(env) for part in parts)

    def _choose(self, e: ir.Choose) -> Run:
        condition, then, other = self._expr(e.condition), self._expr(e.then), self._expr(e.other)
        return lambda env: then(env) if condition(env) else other(env)

    def _let(self, e: ir.Let) -> Run:
        held: list[tuple[str, Run]] = []
        body: ir.Expr = e
        while isinstance(body, ir.Let):
            held.append((body.name, self._expr(body.value)))
            body = body.body
        inside = self._expr(body)

        def within(env: Env) -> Any:
            for name, value in held:
                env[name] = value(env)
            return inside(env)

        return within

    def _fit(self, e: ir.Fit) -> Run:
        value, t, at = self._expr(e.value), e.type, e.at
        assert isinstance(t, IntType)
        lo, hi = t.lo, t.hi

        def fitting(env: Env) -> int:
            found: int = value(env)
            return found if lo <= found <= hi else _refused(at, lower, t, found)

        return fitting

    def _wrap(self, e: ir.Wrap) -> Run:
        return self._expr(e.value)

    def _unwrap(self, e: ir.Unwrap) -> Run:
        value, t, at, required = self._expr(e.value), e.type, e.at, e.required

        def present(env: Env) -> Any:
            found = value(env)
            if found is None:
                if required:
                    raise NotEnabled
                _refused(at, lower, t, None)
            return found

        return present

    def _isnone(self, e: ir.IsNone) -> Run:
        value = self._expr(e.value)
        return lambda env: value(env) is None

    def _getfield(self, e: ir.GetField) -> Run:
        value, index = self._expr(e.value), e.index
        return lambda env: value(env)[index]

    def _getitem(self, e: ir.GetItem) -> Run:
        assert isinstance(e.value.type, ArrayType)
        return self._item(self._expr(e.value), e.value.type, e.key)

    def _makerecord(self, e: ir.MakeRecord) -> Run:
        self._whole(e.type)
        fields = [self._expr(f) for f in e.fields]
        return lambda env: tuple(f(env) for f in fields)

    def _withfields(self, e: ir.WithFields) -> Run:
        self._whole(e.type)
        value, changes = self._expr(e.value), [(i, self._expr(new)) for i, new in e.changes]

        def changed(env: Env) -> Data:
            fields = list(value(env))
            for i, new in changes:
                fields[i] = new(env)
            return tuple(fields)

        return changed

    def _makeset(self, e: ir.MakeSet) -> Run:
        items = [self._expr(i) for i in e.items]
        return lambda env: frozenset([i(env) for i in items])

    def _setop(self, e: ir.SetOp) -> Run:
        self._whole(e.left.type)
        a, b = self._expr(e.left), self._expr(e.right)
        op: Any = {"|": operator.or_, "&": operator.and_, "-": operator.sub, "<=": operator.le}[e.op]
        return lambda env: op(a(env), b(env))

    def _contains(self, e: ir.Contains) -> Run:
        item, collection = self._expr(e.item), self._expr(e.collection)

        def found(env: Env) -> bool:
            wanted = item(env)
            return wanted in collection(env)

        return found

    def _length(self, e: ir.Length) -> Run:
        value = self._expr(e.value)
        return lambda env: len(value(env))

    def _seqat(self, e: ir.SeqAt) -> Run:
        value, index, at = self._expr(e.value), self._expr(e.index), e.at

        def element(env: Env) -> Data:
            whole, i = value(env), index(env)
            return whole[i] if 0 <= i < len(whole) else _refused(at, Seq(whole).__getitem__, i)

        return element

    def _seqappend(self, e: ir.SeqAppend) -> Run:
        self._whole(e.type)
        whole, *items = [self._expr(i) for i in _appended(e)]
        return _short(lambda env: (*whole(env), *(i(env) for i in items)), e)

    def _seqdrop(self, e: ir.SeqDrop) -> Run:
        self._whole(e.type)
        value, number, at = self._expr(e.value), self._expr(e.number), e.at

        def rest(env: Env) -> Data:
            whole, n = value(env), number(env)
            return whole[n:] if n >= 0 else _refused(at, Seq(whole).__getitem__, slice(n, None))

        return rest

    def _seqtake(self, e: ir.SeqTake) -> Run:
        self._whole(e.type)
        value, number, at = self._expr(e.value), self._expr(e.number), e.at

        def begin(env: Env) -> Data:
            whole, n = value(env), number(env)
            return whole[:n] if n >= 0 else _refused(at, Seq(whole).__getitem__, slice(n))

        return begin

    def _seqjoin(self, e: ir.SeqJoin) -> Run:
        self._whole(e.type)
        self._whole(e.other.type)
        value, other = self._expr(e.value), self._expr(e.other)
        return _short(lambda env: value(env) + other(env), e)

    def _lookup(self, e: ir.Lookup) -> Run:
        number, at = self._expr(e.number), e.at
        known = {i: entry.value for i, entry in enumerate(e.entries, start=e.first) if entry is not None}

        def entry(env: Env) -> Data:
            n = number(env)
            if n not in known:
                raise ValueEscape("KC510", "the table has no such entry", position=at, remedy="require that there is one first")
            return known[n]

        return entry

    def _makeref(self, e: ir.MakeRef) -> Run:
        number, t, at = self._expr(e.number), e.type, e.at
        assert isinstance(t, RefType)
        member, size = t.cls.member, t.size

        def found(env: Env) -> Data:
            n = number(env)
            return member(n) if 0 <= n < size else _refused(at, t.cls, n)

        return found

    def _numberof(self, e: ir.NumberOf) -> Run:
        value, number = self._expr(e.value), _numbering(e.value.type)
        return lambda env: number(value(env))

    def _call(self, e: ir.Call) -> Run:
        f = e.function
        if f.writes_state:
            fail("KC214", f"{f.name} writes to the state", e.at, "an expression only looks")
        if id(f) not in self._functions:
            body, cost = self._charged(lambda: self._block(f.body))
            self._functions[id(f)] = body, cost, f
        body, cost, _ = self._functions[id(f)]
        names = [formal.name for formal in f.formals]
        given = [self._place(a) if isinstance(a, ir.Place) else self._expr(a) for a in e.arguments]

        def called(env: Env) -> Any:
            _charge(env, cost)
            inner: Env = {BEFORE: env[BEFORE], AFTER: env.get(AFTER), BUDGET: env[BUDGET]}
            for name, value in zip(names, given, strict=True):
                inner[name] = value(env)
            body(inner)
            return inner.get(_RESULT)

        return called

    # --- loops and quantifiers -------------------------------------------------------------------------------------------

    def _domain(self, d: ir.Domain) -> Callable[[Env], Sequence[Data]]:
        """The members of a domain, in their order."""
        if isinstance(d, ir.Between):
            start, stop = self._expr(d.start), self._expr(d.stop)
            return lambda env: range(start(env), stop(env))
        if isinstance(d, ir.AllValues):
            members = self._members(d.element)
            return lambda _: members
        assert isinstance(d, ir.Elements)
        t = d.source.type
        source = self._place(d.source) if isinstance(d.source, ir.Place) else self._expr(d.source)
        if not isinstance(t, SetType):
            return source
        keys = self._members(t.key)
        self._whole(t)

        def chosen(env: Env) -> Sequence[Data]:
            found = source(env)
            return [key for key in keys if key in found]

        return chosen

    def _members(self, t: Type) -> Sequence[Data]:
        if t not in self._values:
            self._values[t] = tuple(t.values())
        return self._values[t]

    def _quantify(self, e: ir.Quantify) -> Run:
        members, variable, kind = self._domain(e.domain), e.variable, e.kind
        test = e.condition
        condition, kept = (None, 0) if test is None else self._charged(lambda: self._expr(test))
        body, cost = self._charged(lambda: self._expr(e.body))
        each = 1 + kept + cost

        def values(env: Env) -> Any:
            for member in members(env):
                env[variable] = member
                _charge(env, each)
                if condition is None or condition(env):
                    yield body(env)

        if kind == "any":
            return lambda env: any(values(env))
        if kind == "all":
            return lambda env: all(values(env))
        if kind == "first":
            return lambda env: next(values(env), None)
        nested = e.body.type == e.type
        if kind in ("min", "max"):
            pick: Any = min if kind == "min" else max
            return lambda env: pick((value for value in values(env) if value is not None), default=None)
        if kind in ("set", "plain"):
            self._whole(e.type)
            return lambda env: frozenset().union(*values(env)) if nested else frozenset(values(env))
        if kind == "seq":
            self._whole(e.type)
            return _short(lambda env: tuple(values(env)), e)
        assert kind in ("sum", "count")
        return _held(lambda env: sum(values(env)), e)

    # --- statements: each says how the block goes on ----------------------------------------------------------------------

    def _block(self, statements: Sequence[ir.Stmt]) -> Run:
        parts = [self._statement(s) for s in statements]

        def run(env: Env) -> int:
            for part in parts:
                how: int = part(env) or _NEXT
                if how:
                    return how
            return _NEXT

        return run

    def _statement(self, s: ir.Stmt) -> Run:
        self._cost += 1
        found: Run = getattr(self, f"_do_{type(s).__name__.lower()}")(s)
        return found

    def _do_setlocal(self, s: ir.SetLocal) -> Run:
        return _named(s.name, self._expr(s.value))

    def _do_name(self, s: ir.Name) -> Run:
        return _named(s.name, self._place(s.place))

    def _do_require(self, s: ir.Require) -> Run:
        condition = self._expr(s.condition)

        def run(env: Env) -> None:
            if not condition(env):
                raise NotEnabled

        return run

    def _do_evaluate(self, s: ir.Evaluate) -> Run:
        return _named(_RESULT, self._expr(s.value))  # what is given is not used

    def _do_if(self, s: ir.If) -> Run:
        condition, then, other = self._expr(s.condition), self._block(s.then), self._block(s.other)
        return lambda env: then(env) if condition(env) else other(env)

    def _do_for(self, s: ir.For) -> Run:
        members, variable = self._domain(s.domain), s.variable
        body, each = self._charged(lambda: self._block(s.body))
        each += 1

        def run(env: Env) -> int:
            for member in members(env):
                env[variable] = member
                _charge(env, each)
                how = body(env)
                if how == _BREAK:
                    break
                if how == _RETURN:
                    return _RETURN
            return _NEXT

        return run

    def _do_break(self, _: ir.Break) -> Run:
        return lambda _: _BREAK

    def _do_continue(self, _: ir.Continue) -> Run:
        return lambda _: _CONTINUE

    def _do_return(self, s: ir.Return) -> Run:
        value = None if s.value is None else self._expr(s.value)

        def run(env: Env) -> int:
            env[_RESULT] = None if value is None else value(env)
            return _RETURN

        return run

    def _do_store(self, s: ir.Store | ir.CopyPlace) -> NoReturn:
        fail("KC214", "this writes to the state", s.at, "an expression only looks")

    _do_copyplace = _do_store


_ORDER: dict[str, Any] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SAME: dict[str, Any] = {"==": operator.is_, "!=": operator.is_not}


def _by_identity(t: Type) -> bool:
    """Whether equal values are one object: members of sorts and enums, which then need no `__eq__`."""
    return _by_identity(t.inner) if isinstance(t, OptionalType) else isinstance(t, EnumType | RefType | NoneType)


def _held(run: Run, e: ir.Expr) -> Run:
    """The same, and an error where 64 bits do not hold what it gives: numbers do not grow as long as one likes."""
    at, lo, hi = e.at, INT.lo, INT.hi
    if not may_be_cut(e.type):
        return run

    def checked(env: Env) -> int:
        found: int = run(env)
        if not lo <= found <= hi:
            raise too_wide(at)
        return found

    return checked


def _short(run: Run, e: ir.Expr) -> Run:
    """The same, and an error where a sequence is longer than its type."""
    t, at = e.type, e.at
    limit = getattr(t, "limit")  # noqa: B009 - of a sequence, as the front end has made sure

    def checked(env: Env) -> Data:
        found = run(env)
        if len(found) > limit:
            message = f"a sequence of {len(found)} does not fit in {t}"
            raise ValueEscape("KC505", message, position=at, remedy="require room first, or raise MaxLen")
        return found

    return checked


def _numbering(t: Type) -> Callable[[Data], int]:
    """The place of a key among the values of its type."""
    if isinstance(t, IntType):
        lo = t.lo
        return lambda key: int(key) - lo
    if isinstance(t, BoolType):
        return int
    if isinstance(t, RefType):
        return lambda key: int(key.number)
    if isinstance(t, RecordType):
        places = {value: i for i, value in enumerate(t.values())}
        return lambda key: places[key]
    numbers = {id(value): i for i, value in enumerate(t.values())}
    return lambda key: numbers[id(key)]


def _named(name: Any, value: Run) -> Run:
    def run(env: Env) -> None:
        env[name] = value(env)

    return run


def _spine(e: Any, same: Callable[[Any], bool]) -> list[ir.Expr]:
    """The operands of a chain of one operator that leans to the left."""
    found: list[ir.Expr] = []
    while same(e):
        found.append(e.right)
        e = e.left
    return [e, *reversed(found)]


def _appended(e: ir.Expr) -> list[ir.Expr]:
    """A sequence and what is put at its end, one after the other."""
    items: list[ir.Expr] = []
    while isinstance(e, ir.SeqAppend):
        items.append(e.item)
        e = e.value
    return [e, *reversed(items)]


def _charge(env: Env, steps: int) -> None:
    budget = env[BUDGET]
    budget[0] -= steps
    if budget[0] < 0:
        raise TooManyStepsError


def _refused(at: Position, act: Callable[..., Any], *arguments: Any) -> NoReturn:
    """Raises the error of the reference execution's values, which say it in their words, at a place of the source."""
    try:
        act(*arguments)
    except SpecError as e:
        raise type(e)(e.code, e.message, position=at, remedy=e.remedy) from None
    raise AssertionError(f"{act} accepts {arguments}")  # the executions disagree

