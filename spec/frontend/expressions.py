"""Expressions: names, fields, arithmetic, comparisons and conversions, from syntax to IR."""

from __future__ import annotations

import ast
import builtins
import difflib
import enum
import operator
from types import FunctionType
from typing import Any

from kubecheck.spec import ir
from kubecheck.spec.declare import annotations_of
from kubecheck.spec.errors import Position, SpecError
from kubecheck.spec.frontend.bindings import (
    Binding,
    Fact,
    Method,
    Static,
    SymmetricLoop,
    Value,
    Variable,
    describe,
    fact,
    not_none,
)
from kubecheck.spec.frontend.calls import Calls
from kubecheck.spec.frontend.functions import Compiler
from kubecheck.spec.source import fail, position
from kubecheck.spec.types import (
    BOOL,
    INT,
    ArrayType,
    BoolType,
    EnumType,
    IntType,
    NoneType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
    is_place,
    is_scalar,
)
from kubecheck.spec.values import FieldView, Record, Seq, Set, Sort, SortMeta, State, lower

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}
_SETS = {ast.BitOr: "|", ast.BitAnd: "&", ast.Sub: "-"}
_COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "==",
    ast.IsNot: "!=",
}
_PYTHON: dict[str, Any] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv,
    "%": operator.mod, "|": operator.or_, "&": operator.and_,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Expressions(Calls):
    """What a function's body needs to compile its expressions."""

    def __init__(self, compiler: Compiler, function: FunctionType, namespace: Any, compiled: ir.Function) -> None:
        self.compiler = compiler
        self.function = function
        self.namespace = namespace
        self.compiled = compiled
        self.names: dict[str, Binding] = {}
        self.facts: frozenset[Fact] = frozenset()
        self.loops: list[SymmetricLoop] = []
        self._file = function.__code__.co_filename
        self._slots: dict[tuple[str, Type], str] = {}
        self._used: set[str] = set()
        self._outer = {**vars(builtins), **annotations_of(function, {})[1]}

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

    # --- values ----------------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr, wanted: Type | None = None) -> Value:
        """What an expression stands for; `wanted` is the type that its place has, for empty sets and the like."""
        found = self._value(node, wanted)
        if isinstance(found, ir.Expr) and isinstance(found.type, OptionalType):
            known = fact(node)
            if known is not None and known in self.facts:
                return ir.Unwrap(self.at(node), found.type.inner, found, False)
        return found

    def _value(self, node: ast.expr, wanted: Type | None) -> Value:
        if isinstance(node, ast.Constant):
            if not isinstance(node.value, bool | int | type(None) | str):
                fail(
                    "KC202",
                    f"{node.value!r} is not a value of the language",
                    self.at(node),
                    "use int, bool, an Enum or a Sort",
                )
            return Static(node.value)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.BinOp):
            left = self.value(node.left, wanted)
            right = self.value(node.right, left.type if isinstance(left, ir.Expr) else wanted)
            return self.binary(type(node.op), left, right, node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BoolOp):
            return self._logic(node)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.IfExp):
            return self._choice(node, wanted)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Tuple | ast.Set | ast.List):
            return self._display(node, wanted)
        word = type(node).__name__
        remedy = (
            "use any, all, sum, count or first over a generator"
            if "Comp" in word or "Gen" in word
            else "see docs/design.md, Functions"
        )
        fail("KC001", f"`{ast.unparse(node)}` ({word}) is not in the language", self.at(node), remedy)

    def _name(self, node: ast.Name) -> Value:
        name = node.id
        if name in self.names:
            found = self.names[name]
            if isinstance(found, Variable):
                return ir.Local(self.at(node), found.type, found.ir_name)
            return found
        code = self.function.__code__
        if name in code.co_varnames or name in code.co_cellvars:
            fail(
                "KC206",
                f"{name} may have no value here",
                self.at(node),
                "assign it on every way to this line, before any loop",
            )
        if name in self._outer:
            return Static(self._outer[name])
        near = difflib.get_close_matches(name, [*self.names, *self._outer])
        fail("KC207", f"{name} is not defined" + (f"; did you mean {near[0]}?" if near else ""), self.at(node))

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.value(node.value)
        at, name = self.at(node), node.attr
        if isinstance(base, Static):
            if isinstance(base.value, Sort | Record) and not isinstance(base.value, type):
                base = self.constant(base, self.natural(base, node.value), node.value)
            else:
                try:
                    return Static(getattr(base.value, name))
                except AttributeError:
                    near = difflib.get_close_matches(name, dir(base.value))
                    hint = f"; did you mean {near[0]}?" if near else ""
                    fail("KC208", f"{describe(base.value)} has no attribute {name}{hint}", at)
        if isinstance(base, Method):
            fail("KC208", f"a method has no attribute {name}", at, "call it")
        t = base.type
        if isinstance(t, OptionalType):
            fail(
                "KC210",
                f"{ast.unparse(node.value)} may be None here",
                self.at(node.value),
                "require(x is not None) first, or present(x)",
            )
        if isinstance(t, RefType):
            if name == "index":
                self.numbered(t, at, f".{name}")
                assert isinstance(base, ir.Expr)
                return ir.NumberOf(at, IntType(0, max(0, t.size - 1)), base)
            fail("KC208", f"a {t} has no attribute {name}", at, "a sort's members have nothing but .index")
        if not isinstance(t, RecordType):
            fail("KC208", f"a {t} has no attribute {name}", at)
        self._private(t, name, at)
        member = getattr(t.cls, name, None)
        if isinstance(member, FieldView):
            return self._field(base, t, name, at)
        if isinstance(member, property):
            assert isinstance(member.fget, FunctionType)
            return self.call_function(member.fget, base, [], {}, node)
        if isinstance(member, FunctionType):
            return Method(member, base)
        if member is not None and name in vars(t.cls):
            return Static(member)
        near = difflib.get_close_matches(name, [f.name for f in t.fields])
        hint = f"; did you mean {near[0]}?" if near else ""
        fail("KC103", f"{t} has no field {name}{hint}", at, f"its fields are {', '.join(f.name for f in t.fields)}")

    def _private(self, t: RecordType, name: str, at: Position) -> None:
        if not name.startswith("_"):
            return
        inside = self.function.__qualname__.rsplit(".", 1)[0]
        if not any(c.__qualname__ == inside for c in t.cls.__mro__):
            fail("KC211", f"{t}.{name} is private to {t}", at, f"call a method of {t} instead")

    def _field(self, base: ir.Expr | ir.Place, t: RecordType, name: str, at: Position) -> Value:
        i = t.index(name)
        ft = t.fields[i].type
        if isinstance(base, ir.Place):
            place = ir.FieldPlace(at, ft, base.root, base, i)
            return place if is_place(ft) else ir.Read(at, ft, place)
        if isinstance(base, ir.Read):  # only the field is read, not the whole record
            return ir.Read(at, ft, ir.FieldPlace(at, ft, base.place.root, base.place, i))
        return ir.GetField(at, ft, base, i)

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.value(node.value)
        at = self.at(node)
        if isinstance(base, Static):
            key = self.value(node.slice) if not isinstance(node.slice, ast.Slice) else None
            if isinstance(key, Static):
                try:
                    return Static(base.value[key.value])
                except (TypeError, LookupError) as e:
                    fail("KC208", f"{ast.unparse(node)}: {e!r}", at)
            fail(
                "KC202",
                f"{ast.unparse(node.value)} is a constant and cannot be indexed by {ast.unparse(node.slice)}",
                at,
                "write if/elif",
            )
        if isinstance(base, Method):
            fail("KC208", "a method cannot be indexed", at, "call it")
        t = base.type
        if isinstance(t, ArrayType):
            key_expr = self.coerce(self.value(node.slice, t.key), t.key, node.slice)
            if isinstance(base, ir.Place):
                place = ir.ItemPlace(at, t.element, base.root, base, key_expr)
                return place if is_place(t.element) else ir.Read(at, t.element, place)
            if isinstance(base, ir.Read):
                return ir.Read(at, t.element, ir.ItemPlace(at, t.element, base.place.root, base.place, key_expr))
            return ir.GetItem(at, t.element, base, key_expr)
        if isinstance(t, SeqType) and isinstance(base, ir.Expr):
            if isinstance(node.slice, ast.Slice):
                if node.slice.upper is not None or node.slice.step is not None or node.slice.lower is None:
                    fail("KC003", "only q[n:] is in the language", at, "drop elements from the front")
                number = self.coerce(self.value(node.slice.lower), INT, node.slice.lower)
                if isinstance(number, ir.Const) and number.value < 0:
                    fail("KC212", "a sequence is indexed from 0", self.at(node.slice.lower), "q[1:] drops the first")
                return ir.SeqDrop(at, t, base, number)
            index = self.coerce(self.value(node.slice), INT, node.slice)
            if isinstance(index, ir.Const) and index.value < 0:
                fail("KC212", "a sequence is indexed from 0", self.at(node.slice), "write q[len(q) - 1]")
            return ir.SeqAt(at, t.element, base, index)
        fail("KC209", f"a {t} cannot be indexed", at, "arrays and sequences can")

    # --- operators -------------------------------------------------------------------------------------------------------

    def _unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            value = self.condition(node.operand)
            if isinstance(value, ir.Const):
                return Static(not value.value)
            return ir.Not(self.at(node), BOOL, value)
        operand = self.value(node.operand)
        if isinstance(node.op, ast.USub):
            return self.binary(ast.Sub, Static(0), operand, node)
        fail("KC001", f"`{ast.unparse(node)}` is not in the language", self.at(node))

    def binary(self, op: type[ast.operator], left: Value, right: Value, node: ast.AST) -> Value:
        """The value of `left op right`, for integers, sets and sequences."""
        at = self.at(node)
        if isinstance(left, Static) and isinstance(right, Static):
            symbol = _ARITHMETIC.get(op) or _SETS.get(op)
            if symbol is not None:
                try:
                    return Static(_PYTHON[symbol](left.value, right.value))
                except (TypeError, ZeroDivisionError) as e:
                    fail("KC213", f"{type(e).__name__}: {e}", at)
        typed = left if isinstance(left, ir.Expr) else right
        if not isinstance(typed, ir.Expr):
            fail("KC213", "these cannot be combined", at, "use integers, sets or sequences")
        t = typed.type
        if isinstance(t, SetType) and op in _SETS:
            return ir.SetOp(at, t, _SETS[op], self.coerce(left, t, node), self.coerce(right, t, node))
        if isinstance(t, SeqType) and op is ast.Add:
            return self._append(t, left, right, node)
        if isinstance(t, BoolType) and op in (ast.BitOr, ast.BitAnd):
            a, b = self.coerce(left, BOOL, node), self.coerce(right, BOOL, node)
            # `|` on bools evaluates both sides; they have no effects, so the order does not show
            return ir.Logic(at, BOOL, "or" if op is ast.BitOr else "and", a, b)
        if op not in _ARITHMETIC:
            fail("KC213", f"{t} has no such operator", at, "integers have + - * // %, sets | & -, sequences +")
        a, b = self.integer(left, node), self.integer(right, node)
        return ir.Arith(at, _interval(_ARITHMETIC[op], a, b, at), _ARITHMETIC[op], a, b)

    def _append(self, t: SeqType, left: Value, right: Value, node: ast.AST) -> Value:
        if not isinstance(left, ir.Expr):
            fail("KC213", "a sequence grows at its end: q + (x,)", self.at(node))
        if isinstance(right, Static):
            right = self.constant(right, t, node)
        assert isinstance(right, ir.Expr)
        if isinstance(right, ir.Const):
            parts: list[ir.Expr] = [ir.Const(right.at, t.element, d) for d in right.value]
        elif isinstance(right, _Display):
            parts = list(right.items)
        else:
            fail(
                "KC213", "a sequence is extended by a tuple: q + (x,)", self.at(node), "append the elements one by one"
            )
        for item in parts:
            left = ir.SeqAppend(self.at(node), t, left, item)
        return left

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
            "count(…) counts conditions" if expr.type == BOOL else "",
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

    def _logic(self, node: ast.BoolOp) -> Value:
        op = "and" if isinstance(node.op, ast.And) else "or"
        before = self.facts
        result: ir.Expr | None = None
        for part in node.values:
            value = self.condition(part)
            self.facts |= not_none(part, op == "and")
            if isinstance(value, ir.Const):
                if value.value is (op == "or"):  # decides; what follows is never evaluated
                    result = value if result is None else ir.Logic(self.at(node), BOOL, op, result, value)
                    break
                continue
            result = value if result is None else ir.Logic(self.at(node), BOOL, op, result, value)
        self.facts = before
        if result is None:
            return Static(op == "and")
        return Static(result.value) if isinstance(result, ir.Const) else result

    def condition(self, node: ast.expr) -> ir.Expr:
        """A condition as a bool; a static one is a Const."""
        value = self.value(node)
        if isinstance(value, Static):
            if isinstance(value.value, type) or callable(value.value):
                fail("KC216", f"{describe(value.value)} is not a condition", self.at(node), "call it, or compare it with something")
            return ir.Const(self.at(node), BOOL, bool(value.value))  # what is static is as true as Python finds it
        if isinstance(value, ir.Expr) and value.type == BOOL:
            return value
        if isinstance(value, ir.Expr) and isinstance(value.type, SetType | SeqType):
            fail("KC216", f"a {value.type} is not a condition", self.at(node), "write len(x) > 0")
        what = value.type if isinstance(value, ir.Expr | ir.Place) else "a method"
        fail("KC216", f"{what} is not a condition", self.at(node), "compare it: `x is not None`, `n > 0`")

    def _choice(self, node: ast.IfExp, wanted: Type | None) -> Value:
        condition = self.condition(node.test)
        if isinstance(condition, ir.Const):
            return self.value(node.body if condition.value else node.orelse, wanted)
        before = self.facts
        self.facts = before | not_none(node.test, True)
        then = self.value(node.body, wanted)
        self.facts = before | not_none(node.test, False)
        other = self.value(node.orelse, wanted)
        self.facts = before
        t = wanted or self._common(then, other, node)
        if is_place(t):
            fail(
                "KC217",
                "a place cannot be chosen by a condition",
                self.at(node),
                "choose its elements, or write if/else",
            )
        a, b = self.coerce(then, t, node.body), self.coerce(other, t, node.orelse)
        return ir.Choose(self.at(node), t, condition, a, b)

    def _common(self, then: Value, other: Value, node: ast.IfExp) -> Type:
        a, b = self.natural(then, node.body), self.natural(other, node.orelse)
        if isinstance(a, IntType) and isinstance(b, IntType):
            return IntType(min(a.lo, b.lo), max(a.hi, b.hi))
        if isinstance(a, NoneType) and not isinstance(b, NoneType):
            return b if isinstance(b, OptionalType) else OptionalType(b)
        if isinstance(b, NoneType) and not isinstance(a, NoneType):
            return a if isinstance(a, OptionalType) else OptionalType(a)
        if isinstance(a, OptionalType) and a.inner == b:
            return a
        if isinstance(b, OptionalType) and b.inner == a:
            return b
        return a

    # --- comparisons -----------------------------------------------------------------------------------------------------

    def _comparison(self, node: ast.Compare) -> Value:
        left: Value = self.value(node.left)
        if len(node.ops) == 1:
            return self._compare(
                node.ops[0], left, self.value(node.comparators[0], _type_of(left)), node.left, node.comparators[0], node
            )
        lets: list[tuple[str, ir.Expr]] = []
        parts: list[ir.Expr] = []
        left_node = node.left
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, _type_of(left))
            if (
                isinstance(right, ir.Expr)
                and right_node is not node.comparators[-1]
                and not isinstance(right, ir.Local | ir.Const)
            ):
                name = self.fresh("between")
                lets.append((name, right))
                right = ir.Local(right.at, right.type, name)
            part = self._compare(op, left, right, left_node, right_node, node)
            parts.append(self.coerce(part, BOOL, node))
            left, left_node = right, right_node
        result: ir.Expr = parts[0]
        for part in parts[1:]:
            result = ir.Logic(self.at(node), BOOL, "and", result, part)
        for name, value in reversed(lets):
            result = ir.Let(self.at(node), BOOL, name, value, result)
        return result

    def _compare(
        self, op: ast.cmpop, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr, node: ast.expr
    ) -> Value:
        at = self.at(node)
        if isinstance(op, ast.In | ast.NotIn):
            found = self._member(left, right, left_node, right_node, node)
            if isinstance(op, ast.In):
                return found
            return (
                Static(not found.value)
                if isinstance(found, Static)
                else ir.Not(at, BOOL, self.coerce(found, BOOL, node))
            )
        symbol = _COMPARE[type(op)]
        if isinstance(left, Static) and isinstance(right, Static):
            return self._static_comparison(symbol, left, right, node)
        if isinstance(left, ir.Place) or isinstance(right, ir.Place):
            left, right = self.plain(left, left_node), self.plain(right, right_node)
        a, b = self._alike(left, right, left_node, right_node, at)
        if isinstance(op, ast.Is | ast.IsNot) and not (
            is_scalar(a.type) or isinstance(a, ir.IsNone) or _is_none(left) or _is_none(right)
        ):
            fail("KC218", f"`is` compares identities, and a {a.type} is a value", at, "write ==")
        if isinstance(op, ast.Is | ast.IsNot) and isinstance(a.type, IntType):
            fail("KC218", "`is` compares identities; numbers have none", at, "write ==")
        if isinstance(a, ir.IsNone):
            return ir.Not(at, BOOL, a) if symbol == "!=" else a
        if symbol in ("==", "!="):
            return ir.Compare(at, BOOL, symbol, a, b)
        if isinstance(a.type, SetType) and symbol in ("<=", ">="):
            return ir.SetOp(at, BOOL, "<=", *((a, b) if symbol == "<=" else (b, a)))
        if isinstance(a.type, RefType):
            self.numbered(a.type, at, f"`{symbol}`")
        elif not isinstance(a.type, IntType):
            fail("KC213", f"{a.type} has no order", at, "compare numbers, or members of a sort that is not symmetric")
        return ir.Compare(at, BOOL, symbol, a, b)

    def _static_comparison(self, symbol: str, left: Static, right: Static, node: ast.expr) -> Value:
        for side in (left, right):
            if isinstance(side.value, Sort):
                self.constant(side, self.natural(side, node), node)
        try:
            return Static(bool(_PYTHON[symbol](left.value, right.value)))
        except TypeError as e:
            fail("KC213", str(e), self.at(node))

    def _alike(
        self, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr, at: Position
    ) -> tuple[ir.Expr, ir.Expr]:
        """Both sides of a comparison in one type; a comparison with None becomes IsNone on the left."""
        for value, other, node in ((left, right, left_node), (right, left, right_node)):
            if _is_none(other) and isinstance(value, ir.Expr):
                if isinstance(value.type, OptionalType):
                    test = ir.IsNone(at, BOOL, value)
                    return test, test
                if isinstance(value, ir.Unwrap):  # known not to be None
                    test = ir.IsNone(at, BOOL, value.value)
                    return test, test
                fail("KC219", f"{ast.unparse(node)} is a {value.type} and never None", at, "remove the comparison")
        a, b = self.natural(left, left_node), self.natural(right, right_node)
        if isinstance(a, IntType) and isinstance(b, IntType):
            return self.plain(left, left_node), self.plain(right, right_node)
        if isinstance(a, OptionalType):
            return self.plain(left, left_node), self.coerce(right, a, right_node)
        if isinstance(b, OptionalType):
            return self.coerce(left, b, left_node), self.plain(right, right_node)
        if isinstance(left, Static):
            return self.coerce(left, b, left_node), self.plain(right, right_node)
        first = self.plain(left, left_node)
        if a != b and not isinstance(right, Static):
            fail("KC220", f"{a} and {b} are never equal", at, "compare values of one type")
        return first, self.coerce(right, a, right_node)

    def _member(
        self, item: Value, collection: Value, item_node: ast.expr, collection_node: ast.expr, node: ast.expr
    ) -> Value:
        at = self.at(node)
        if isinstance(collection, Static):
            values = collection.value
            if isinstance(values, type):
                fail("KC213", f"every {describe(values)} is in {describe(values)}", at)
            if isinstance(item, Static):
                return Static(item.value in values)
            try:
                members = list(values.items() if isinstance(values, Set | Seq) else values)
            except TypeError:
                fail("KC213", f"{describe(values)} is not a collection", self.at(collection_node))
            expr = self.plain(item, item_node)
            return self._one_of(expr, [self.coerce(Static(m), expr.type, collection_node) for m in members], at)
        if isinstance(collection, _Display):
            expr = self.plain(item, item_node)
            return self._one_of(expr, [self.coerce(v, expr.type, collection_node) for v in collection.items], at)
        if isinstance(collection, ir.Place | ir.Expr):
            t = collection.type
            if isinstance(t, SetType) and isinstance(collection, ir.Expr):
                return ir.Contains(at, BOOL, collection, self.coerce(item, t.key, item_node))
            if isinstance(t, SeqType | ArrayType):
                wanted = self.coerce(item, t.element, item_node)
                name, held = self.fresh("element"), self.fresh("wanted")
                same = ir.Compare(at, BOOL, "==", ir.Local(at, t.element, name), ir.Local(at, t.element, held))
                found = ir.Quantify(at, BOOL, "any", name, ir.Elements(at, t.element, collection), None, same)
                return ir.Let(at, BOOL, held, wanted, found)
        fail("KC213", "`in` needs a set, a sequence, an array or a constant collection", at)

    def _one_of(self, item: ir.Expr, members: list[ir.Expr], at: Position) -> ir.Expr:
        if not members:
            return ir.Const(at, BOOL, False)
        name = self.fresh("item")
        local = ir.Local(item.at, item.type, name)
        result: ir.Expr = ir.Compare(at, BOOL, "==", local, members[0])
        for m in members[1:]:
            result = ir.Logic(at, BOOL, "or", result, ir.Compare(at, BOOL, "==", local, m))
        return ir.Let(at, BOOL, name, item, result)

    # --- collections -----------------------------------------------------------------------------------------------------

    def _display(self, node: ast.Tuple | ast.Set | ast.List, wanted: Type | None) -> Value:
        element = wanted.element if isinstance(wanted, SeqType) else wanted.key if isinstance(wanted, SetType) else None
        values = [self.value(e, element) for e in node.elts]
        if all(isinstance(v, Static) for v in values):
            plain = [v.value for v in values if isinstance(v, Static)]
            return Static(set(plain) if isinstance(node, ast.Set) else tuple(plain))
        if isinstance(node, ast.Set) and isinstance(wanted, SetType):
            items = tuple(self.coerce(v, wanted.key, e) for v, e in zip(values, node.elts, strict=True))
            return ir.MakeSet(self.at(node), wanted, items)
        if isinstance(node, ast.Tuple) and isinstance(wanted, SeqType):
            items = tuple(self.coerce(v, wanted.element, e) for v, e in zip(values, node.elts, strict=True))
            return _Display(self.at(node), wanted, items)
        exprs = tuple(self.plain(v, e) for v, e in zip(values, node.elts, strict=True))
        if isinstance(node, ast.Set) and exprs:
            keys = [e.type for e in exprs]
            if all(isinstance(k, RefType | EnumType | BoolType) and k == keys[0] for k in keys):
                return ir.MakeSet(self.at(node), SetType(keys[0]), exprs)
        return _Display(self.at(node), NoneType(), exprs)

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
        if isinstance(value, _Display):
            fail(
                "KC202",
                "the type of this collection is not known here",
                self.at(node),
                "annotate the name: `x: Annotated[…] = (…)`",
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
        for v in [value.value, *(value.value if isinstance(value.value, tuple | set | frozenset) else ())]:
            if isinstance(v, Sort) and type(v).symmetric:
                fail(
                    "KC301",
                    f"{type(v).__name__} is symmetric: it has no member {v!r} that could be named",
                    self.at(node),
                    "take it as a parameter",
                )
        if isinstance(value.value, enum.EnumType | type):
            self.natural(value, node)
        try:
            with self.compiler.spec.types.active():
                return ir.Const(self.at(node), t, lower(t, value.value) if not isinstance(t, NoneType) else None)
        except SpecError as e:
            wanted = f"{describe(value.value)} does not belong to {t}" if e.code == "KC201" else e.message
            fail(e.code, wanted, self.at(node), e.remedy or f"a {t} is needed here")

    def coerce(self, value: Value, t: Type, node: ast.AST) -> ir.Expr:
        """A value as a member of type `t`; checks that can only be made while running become part of the expression."""
        at = self.at(node)
        if isinstance(value, Static):
            return self.constant(value, t, node)
        if isinstance(value, _Display) and isinstance(t, SeqType):
            result: ir.Expr = ir.Const(at, t, ())
            for item in value.items:
                result = ir.SeqAppend(at, t, result, self.coerce(item, t.element, node))
            return result
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
                return ir.Const(at, t, None)
            if not isinstance(have, OptionalType):
                return ir.Wrap(at, t, self.coerce(expr, t.inner, node))
        if isinstance(have, OptionalType) and have.inner == t:
            fail(
                "KC210",
                f"{_text(node)} may be None, and a {t} is needed",
                at,
                "require(x is not None) first, or present(x)",
            )
        fail("KC201", f"{_text(node)} is a {have}, and a {t} is needed", at)

    # --- places ----------------------------------------------------------------------------------------------------------

    def target(self, node: ast.expr) -> ir.Place:
        """The place that an assignment writes to."""
        at = self.at(node)
        if isinstance(node, ast.Attribute):
            base = self._base(node.value)
            t = base.type
            if not isinstance(t, RecordType):
                fail("KC208", f"a {t} has no field {node.attr}", at)
            self._private(t, node.attr, at)
            try:
                i = t.index(node.attr)
            except KeyError:
                near = difflib.get_close_matches(node.attr, [f.name for f in t.fields])
                hint = f"; did you mean {near[0]}?" if near else ""
                fail(
                    "KC103",
                    f"{t} has no field {node.attr}{hint}",
                    at,
                    f"its fields are {', '.join(f.name for f in t.fields)}",
                )
            return ir.FieldPlace(at, t.fields[i].type, base.root, base, i)
        if isinstance(node, ast.Subscript):
            base = self._base(node.value)
            if isinstance(base.type, SeqType):
                fail("KC203", "a sequence is a value", at, "assign a whole new one: s.q = s.q[1:]")
            if not isinstance(base.type, ArrayType):
                fail("KC209", f"a {base.type} cannot be indexed", at)
            if (
                isinstance(base, ir.FieldPlace)
                and isinstance(base.base.type, RecordType)
                and not base.base.type.is_state
            ):
                fail(
                    "KC203",
                    "an array inside a record is a value",
                    at,
                    "hold the array in a State, or store a new record",
                )
            key = self.coerce(self.value(node.slice, base.type.key), base.type.key, node.slice)
            return ir.ItemPlace(at, base.type.element, base.root, base, key)
        fail("KC003", f"{ast.unparse(node)} cannot be assigned to", at)

    def _base(self, node: ast.expr) -> ir.Place:
        if isinstance(node, ast.Attribute | ast.Subscript):
            place = self.target(node)
            if isinstance(place.type, OptionalType):
                fail(
                    "KC203",
                    f"{ast.unparse(node)} is optional, and a value",
                    self.at(node),
                    "store a whole value: s.x = r.next(field=…)",
                )
            return place
        value = self.value(node)
        if isinstance(value, ir.Place):
            return value
        text = ast.unparse(node)
        fail(
            "KC203",
            f"{text} is a value, not a place in the state",
            self.at(node),
            f"write to the state, or make a new value: {text}.next(…)",
        )

    def wrote(self, place: ir.Place) -> None:
        """The state changed: facts about places are forgotten."""
        if place.root == 1:
            fail("KC214", "a property writes to the state", place.at, "a property only looks; make it an action")
        self.compiled.writes_state = True
        self.facts = frozenset(f for f in self.facts if not self.is_place_name(f.root))

    def is_place_name(self, name: str) -> bool:
        """Whether a local name stands for a place, so that what it shows can change."""
        return isinstance(self.names.get(name), ir.Place)

    # --- symmetric loops -------------------------------------------------------------------------------------------------

    def check_symmetric_write(self, node: ast.expr, place: ir.Place, op: type[ast.operator] | None) -> None:
        """In a loop over a symmetric sort, writes must not depend on the order of the rounds."""
        if not self.loops:
            return
        if op in (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd) and not isinstance(place.type, SeqType):
            return
        indexed = {p.key.name for p in _chain(place) if isinstance(p, ir.ItemPlace) and isinstance(p.key, ir.Local)}
        rooted = {p.name for p in _chain(place) if isinstance(p, ir.NamedPlace)}
        for loop in self.loops:
            if loop.variable is None or loop.variable not in indexed | rooted:
                fail(
                    "KC303",
                    f"this write does not belong to one member of {loop.what}, which is symmetric: the last round would win",
                    self.at(node),
                    "index it by the loop variable, or accumulate with += or |=",
                )

    def check_symmetric_local(self, node: ast.expr, name: str, op: type[ast.operator] | None) -> None:
        """The same for names that live outside the loop."""
        for loop in self.loops:
            if name in loop.outer and (op not in (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd)):
                fail(
                    "KC303",
                    f"{name} is assigned in a loop over {loop.what}, which is symmetric: the last round would win",
                    self.at(node),
                    "accumulate with += or |=, or use any(…), all(…), count(…)",
                )


class _Display(ir.MakeSet):
    """A tuple or set of values whose type depends on where it stands."""


def is_symmetric(domain: ir.Domain | list[Static]) -> str | None:
    """The symmetric sort that a domain runs over, by name; None if there is none."""
    t: Type | None = None
    if isinstance(domain, ir.AllValues):
        t = domain.element
    elif isinstance(domain, ir.Elements):
        source = domain.source.type
        t = source.key if isinstance(source, ArrayType | SetType) else None
    return str(t) if isinstance(t, RefType) and t.symmetric else None


def _chain(place: ir.Place) -> list[ir.Place]:
    found = [place]
    while isinstance(found[-1], ir.FieldPlace | ir.ItemPlace):
        found.append(found[-1].base)
    return found


def _interval(op: str, a: ir.Expr, b: ir.Expr, at: Position) -> IntType:
    """The interval of an operation's results; SpecError if it does not fit in 64 bits."""
    assert isinstance(a.type, IntType)
    assert isinstance(b.type, IntType)
    x, y = a.type, b.type
    if op == "+":
        lo, hi = x.lo + y.lo, x.hi + y.hi
    elif op == "-":
        lo, hi = x.lo - y.hi, x.hi - y.lo
    elif op == "*":
        corners = [x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi]
        lo, hi = min(corners), max(corners)
    elif op == "//":
        bound = max(abs(x.lo), abs(x.hi))
        lo, hi = (0, x.hi) if x.lo >= 0 and y.lo > 0 else (-bound, bound)
    else:
        bound = max(abs(y.lo), abs(y.hi))
        lo, hi = (0, max(0, y.hi - 1)) if y.lo >= 0 else (-bound, bound)
    if lo < -(2**62) or hi > 2**62:
        fail(
            "KC222",
            f"the result may be as large as {max(abs(lo), abs(hi)):,}",
            at,
            "keep intermediate results in names: they hold 32 bits",
        )
    return IntType(lo, hi)


def _type_of(value: Value) -> Type | None:
    """The type that a comparison's other side is read for: of a set or sequence, what it holds stands alone."""
    return value.type if isinstance(value, ir.Expr) and isinstance(value.type, SetType | SeqType) else None


def _is_none(value: Value) -> bool:
    return isinstance(value, Static) and value.value is None


def _text(node: ast.AST) -> str:
    return f"`{ast.unparse(node)}`" if isinstance(node, ast.expr) else "this"


__all__ = ["Expressions", "State", "is_symmetric"]
