"""What is known while a function is compiled, and the conversions of values: the base of the expression compiler."""

from __future__ import annotations

import ast
import builtins
import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from kubecheck.spec import ir
from kubecheck.spec.declare import annotations_of
from kubecheck.spec.errors import Position, SpecError
from kubecheck.spec.evaluation import harmless
from kubecheck.spec.frontend.bindings import (
    Binding,
    Fact,
    Method,
    Static,
    SymmetricLoop,
    Value,
    describe,
)
from kubecheck.spec.frontend.functions import Compiler
from kubecheck.spec.frontend.purity import changed, impure, same
from kubecheck.spec.intervals import exact, held
from kubecheck.spec.source import fail, position
from kubecheck.spec.types import (
    BOOL,
    INT,
    ArrayType,
    IntType,
    NoneType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
    is_place,
)
from kubecheck.spec.values import Record, Sort, SortMeta, lower


class Context:
    """The function that is compiled, the names and facts at the current point, and conversions between kinds of values."""

    def __init__(self, compiler: Compiler, function: FunctionType, namespace: Any, compiled: ir.Function) -> None:
        self.compiler = compiler
        self.function = function
        self.namespace = namespace
        self.compiled = compiled
        self.names: dict[str, Binding] = {}
        self.facts: frozenset[Fact] = frozenset()
        self.loops: list[SymmetricLoop] = []
        self.mixed: set[str] = set()  # names that had different types in the branches of an `if`
        self.changes = 0  # how often the state has been written to so far, in the order of the source
        self.alone: set[int] = set()  # calls, by id of their node, before which nothing is evaluated: these may write
        self.displays: list[ir.Expr] = []  # sets and tuples that are written out: plain Python until they are stored
        self._file = function.__code__.co_filename
        self._slots: dict[tuple[str, Type], str] = {}
        self._used: set[str] = set()
        self._outer = outer_names(function)

    def at(self, node: ast.AST) -> Position:
        """The position of a syntax node."""
        return position(self._file, node)

    def head(self, node: ast.AST) -> Position:
        """The first word of a compound statement, which is all that a message should point at."""
        at = self.at(node)
        word = 3 if isinstance(node, ast.For) else 5
        return Position(at.file, at.line, at.column, at.line, at.column + word) if at.end_line != at.line else at

    def fresh(self, name: str) -> str:
        """A name that nothing else in the function has, for variables of comprehensions."""
        number, found = 1, name
        while found in self._used or found in self.names:
            number += 1
            found = f"{name}.{number}"
        self._used.add(found)
        return found

    def slot(self, name: str, t: Type) -> str:
        """Where a local of that name and type is kept: the same for every assignment to it."""
        if (name, t) not in self._slots:
            self._slots[name, t] = self.fresh(name)
        return self._slots[name, t]

    @contextmanager
    def author(self, node: ast.AST) -> Iterator[None]:
        """Runs code of the spec's author, on constants; whatever it raises becomes an error with a position."""
        try:
            with self.compiler.spec.types.active():
                yield
        except SpecError as e:
            raise SpecError(e.code, e.message, position=e.position or self.at(node), remedy=e.remedy) from None
        except Exception as e:  # it may raise anything
            remedy = "this is evaluated when the spec is compiled: correct the constants in it"
            fail("KC226", f"{_text(node)} raised {type(e).__name__}: {e}", self.at(node), remedy)

    def twice(self, node: ast.AST, evaluate: Callable[[], Any]) -> Any:
        """What constants give, as CPython evaluates them; SpecError if they give something else the second time."""
        with self.author(node):
            found = evaluate()
        with self.compiler.spec.types.active():
            try:
                again = evaluate()
            except Exception as e:  # it may raise anything
                changed(_text(node), self.at(node), f"the second time it raises {type(e).__name__}")
        if not same(found, again):
            changed(_text(node), self.at(node), f"it gives {describe(found)}, and then {describe(again)}")
        return found

    def read(self, node: ast.expr, key: Any, evaluate: Callable[[], Any], value: Any) -> Static:
        """What was read from Python, as a constant; SpecError if it is known to be none."""
        if not isinstance(value, FunctionType):  # these are compiled, or looked into when they are called
            self.pure(impure(value), node)
        self.compiler.constants.add(key, _text(node), self.at(node), evaluate, value)
        return Static(value)

    def pure(self, why: tuple[str, str] | None, node: ast.expr) -> None:
        """SpecError for what is known to be no function of the state."""
        if why is not None:
            fail("KC233", f"{_text(node)} {why[0]}", self.at(node), why[1])

    def value(self, node: ast.expr, wanted: Type | None = None) -> Value:
        """What an expression stands for; see `Expressions`."""
        raise NotImplementedError

    def iterable(self, node: ast.expr) -> Value:
        """The same of something that is run over at once, and may be an iterator; see `Expressions`."""
        raise NotImplementedError

    def condition(self, node: ast.expr) -> ir.Expr:
        """A condition as a bool; see `Expressions`."""
        raise NotImplementedError

    def truth(self, value: Value, node: ast.expr) -> ir.Expr:
        """A value as a condition; see `Expressions`."""
        raise NotImplementedError

    # --- conversions -----------------------------------------------------------------------------------------------------

    def natural(self, value: Value, node: ast.AST) -> Type:
        """The type that a value has by itself."""
        if isinstance(value, ir.Expr | ir.Place):
            return value.type
        if isinstance(value, Method):
            fail("KC221", f"{value.function.__name__} is a method", self.at(node), "call it")
        v = value.value
        if v is None:
            return NoneType()
        if isinstance(v, bool):
            return BOOL
        if isinstance(v, int):
            if not INT.lo <= v <= INT.hi:
                remedy = "64 bits hold every integer of the language: use smaller numbers"
                fail("KC222", f"a number of {v.bit_length():,} bits", self.at(node), remedy)
            return IntType(v, v)
        if isinstance(v, enum.Enum | Sort | Record | SortMeta):
            if isinstance(v, type):
                fail("KC221", f"{describe(v)} is a class, not a value", self.at(node), "use one of its members")
            return self.compiler.spec.types.resolve(type(v))
        fail(
            "KC202",
            f"{describe(v)} is not a value of the language",
            self.at(node),
            "use int, bool, an Enum, a Sort, a Record",
        )

    def plain(self, value: Value, node: ast.AST) -> ir.Expr:
        """A value as an expression of its own type; a place is read."""
        if isinstance(value, Display):
            fail(
                "KC202",
                "the type of this collection is not known here",
                self.at(node),
                "store it at once, or write Seq() + (…) or Set() | {…} into an annotated name",
            )
        if isinstance(value, ir.Expr):
            return value
        if isinstance(value, ir.Place):
            if isinstance(value.type, RecordType) and value.type.is_state:
                fail("KC204", f"{value.type} is a State, a place and not a value", self.at(node), "use its fields")
            return ir.Read(self.at(node), value.type, value)
        return self.constant(value, self.natural(value, node), node)

    def constant(self, value: Value, t: Type, node: ast.AST) -> ir.Expr:
        """A static value as a constant of a type; SpecError if it does not belong to it."""
        if not isinstance(value, Static):
            return self.plain(value, node)
        self.nameable(value, node)
        if isinstance(value.value, enum.EnumType | type):
            self.natural(value, node)
        try:
            with self.compiler.spec.types.active():
                return ir.Const(self.at(node), t, lower(t, value.value) if not isinstance(t, NoneType) else None)
        except SpecError as e:
            wanted = f"{describe(value.value)} does not belong to {t}" if e.code == "KC201" else e.message
            fail(e.code, wanted, self.at(node), e.remedy or f"a {t} is needed here")

    def nameable(self, value: Static, node: ast.AST) -> None:
        """SpecError for a member of a symmetric sort, alone or in a collection."""
        for v in [value.value, *(value.value if isinstance(value.value, tuple | set | frozenset) else ())]:
            if isinstance(v, Sort) and type(v).symmetric:
                fail(
                    "KC301",
                    f"{type(v).__name__} is symmetric: it has no member {v!r} that could be named",
                    self.at(node),
                    "take it as a parameter",
                )

    def coerce(self, value: Value, t: Type, node: ast.AST) -> ir.Expr:
        """A value as a member of type `t`; checks that can only be made while running become part of the expression."""
        at = self.at(node)
        if isinstance(value, Static):
            made = self.constant(value, t, node)
            many = 1 if isinstance(value.value, tuple) else 2
            if isinstance(value.value, set | frozenset | tuple) and len(value.value) >= many:
                self.displays.append(made)
            return made
        if isinstance(value, Display) and isinstance(t, SeqType):
            result: ir.Expr = ir.Const(at, t, ())
            for item in value.items:
                result = ir.SeqAppend(at, t, result, self.coerce(item, t.element, node))
            self.displays.append(result)
            return result
        if isinstance(value, Display) and isinstance(t, OptionalType):
            return ir.Wrap(at, t, self.coerce(value, t.inner, node))
        if isinstance(value, Method):
            self.natural(value, node)
        if isinstance(value, ir.Place) and value.type == t and is_place(t):
            return ir.Read(at, t, value) if isinstance(t, ArrayType) else self.plain(value, node)
        expr = self.plain(value, node)
        have = expr.type
        if have == t:
            return expr
        if isinstance(have, IntType) and isinstance(t, IntType):
            return expr if t.lo <= have.lo and have.hi <= t.hi else ir.Fit(at, t, expr)
        if isinstance(t, OptionalType):
            if isinstance(have, NoneType):
                return self.in_order(at, [expr], lambda _: ir.Const(at, t, None))
            if not isinstance(have, OptionalType):
                return ir.Wrap(at, t, self.coerce(expr, t.inner, node))
            if isinstance(have.inner, IntType) and isinstance(t.inner, IntType):
                return self._other_range(expr, have, t, node)
        if isinstance(have, SeqType) and isinstance(t, SeqType) and have.element == t.element:  # of another length: checked when stored
            return ir.SeqJoin(at, t, ir.Const(at, t, ()), expr)
        if isinstance(have, OptionalType) and have.inner == t:
            fail(
                "KC210",
                f"{_text(node)} may be None, and a {t} is needed",
                at,
                "require(x is not None) first, or present(x)",
            )
        fail("KC201", f"{_text(node)} is a {have}, and a {t} is needed", at, f"write a {t}")

    def _other_range(self, expr: ir.Expr, have: OptionalType, t: OptionalType, node: ast.AST) -> ir.Expr:
        """An optional integer as one of another range."""
        at, name = self.at(node), self.fresh("optional")
        held = ir.Local(at, have, name)
        inner = self.coerce(ir.Unwrap(at, have.inner, held, False), t.inner, node)
        same = ir.Choose(at, t, ir.IsNone(at, BOOL, held), ir.Const(at, t, None), ir.Wrap(at, t, inner))
        return ir.Let(at, t, name, expr, same)

    def bound(self, value: Value, t: Type, node: ast.AST, what: str) -> ir.Expr:
        """A value for a name, a parameter or a result, where CPython keeps what the expression gave, unchecked and unconverted."""
        expr = self.coerce(value, t, node)
        for end in ends(expr):
            if isinstance(end, ir.Fit) and end.type != INT:
                fail(
                    "KC230",
                    f"{_text(node)} may be outside {end.type}, and {what} does not check that",
                    self.at(node),
                    "annotate it as int; a place in the state checks its range",
                )
            if isinstance(end, ir.SeqJoin) and isinstance(end.value, ir.Const):
                have = end.other.type
                fail("KC201", f"{_text(node)} is a {have}, and {what} is a {t}", self.at(node), f"write a {t}; a place checks the length")
            if any(end is d for d in self.displays) and isinstance(end.type, SeqType | SetType):
                kind, made = ("sequence", "Seq() + (…)") if isinstance(end.type, SeqType) else ("set", "Set() | {…}")
                fail("KC231", f"this is Python's own collection and no {kind} yet", self.at(node), f"write {made}")
            if isinstance(end, ir.Read) and isinstance(end.type, ArrayType) and not isinstance(t, ArrayType):
                fail("KC217", "an array of the state is a place and cannot be kept as a value", self.at(node), "use it here")
        return expr

    def in_order(
        self, at: Position, parts: list[ir.Expr], make: Callable[[list[ir.Expr]], ir.Expr], *, held: bool = False
    ) -> ir.Expr:
        """An expression made of parts that are all evaluated, in this order, whatever `make` does with them.

        `held` where `make` uses a part several times.
        """
        if not held and all(harmless(p) for p in parts):
            return make(parts)
        names = [None if isinstance(p, ir.Const | ir.Local) else self.fresh("part") for p in parts]
        result = make([p if n is None else ir.Local(p.at, p.type, n) for p, n in zip(parts, names, strict=True)])
        for part, name in reversed(list(zip(parts, names, strict=True))):
            if name is not None:
                result = ir.Let(at, result.type, name, part, result)
        return result

    def integer(self, value: Value, node: ast.AST) -> ir.Expr:
        """An integer expression; SpecError if it is something else."""
        expr = self.plain(value, node)
        if isinstance(expr.type, IntType):
            return expr
        if isinstance(expr.type, OptionalType):
            fail("KC210", "this may be None", expr.at, "require(x is not None) first, or present(x)")
        if isinstance(expr.type, RefType):
            self.numbered(expr.type, expr.at, "arithmetic")
            fail("KC213", f"a {expr.type} is not a number", expr.at, "use .index")
        fail(
            "KC213",
            f"a {expr.type} is not a number",
            expr.at,
            "count(…) counts conditions" if expr.type == BOOL else "use numbers, or a field that is one",
        )

    def numbered(self, t: RefType, at: Position, what: str) -> None:
        """SpecError if the sort is symmetric: its members have no numbers and no order."""
        if t.symmetric:
            fail(
                "KC301",
                f"{t} is symmetric: {what} would tell its members apart",
                at,
                "compare for equality only, or declare the sort without symmetric=True",
            )


def outer_names(function: FunctionType) -> dict[str, Any]:
    """What names stand for that a function does not define itself: as Python looks them up, a module's own `min` before the builtin one."""
    return {**vars(builtins), **annotations_of(function, {})[1]}


def arith(at: Position, op: str, a: ir.Expr, b: ir.Expr) -> ir.Arith:
    """An operation on integers, as wide as its result may be."""
    assert isinstance(a.type, IntType)
    assert isinstance(b.type, IntType)
    return ir.Arith(at, held(exact(op, a.type, b.type)), op, a, b)


class Display(ir.MakeSet):
    """A tuple or set of values whose type depends on where it stands."""


def ends(e: ir.Expr) -> Iterator[ir.Expr]:
    """The expressions that the value of an expression may come from."""
    if isinstance(e, ir.Choose):
        yield from ends(e.then)
        yield from ends(e.other)
    elif isinstance(e, ir.Let):
        yield from ends(e.body)
    elif isinstance(e, ir.Wrap):
        yield from ends(e.value)
    elif isinstance(e, ir.SetOp) and all(map(_is_plain, [*ends(e.left), *ends(e.right)])):
        yield from ends(e.left)  # of two plain sets Python makes another one
        yield from ends(e.right)
    else:
        yield e


def _is_plain(e: ir.Expr) -> bool:
    return isinstance(e, ir.MakeSet | ir.Const) or (isinstance(e, ir.Quantify) and e.kind == "plain")


def collection_in(t: Type | None) -> SetType | SeqType | None:
    """The set or sequence type that a wanted type stands for, if it is one."""
    inner = t.inner if isinstance(t, OptionalType) else t
    return inner if isinstance(inner, SetType | SeqType) else None


def _text(node: ast.AST) -> str:
    return f"`{ast.unparse(node)}`" if isinstance(node, ast.expr) else "this"
