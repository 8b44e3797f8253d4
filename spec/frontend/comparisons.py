"""Comparisons and membership: both sides in one type, None told apart, order only where there is one."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from kubecheck.spec import ir
from kubecheck.spec.errors import Position
from kubecheck.spec.frontend.bindings import (
    Static,
    Value,
    describe,
)
from kubecheck.spec.frontend.context import Display
from kubecheck.spec.frontend.places import Places
from kubecheck.spec.frontend.static import COMPARISONS
from kubecheck.spec.source import fail
from kubecheck.spec.types import (
    BOOL,
    ArrayType,
    IntType,
    OptionalType,
    RefType,
    SeqType,
    SetType,
    Type,
    is_place,
    is_scalar,
)
from kubecheck.spec.values import Seq, Set, Sort

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


class Comparisons(Places):
    """`== != < <= > >= is in`, chained or not."""

    def _comparison(self, node: ast.Compare) -> Value:
        left: Value = self.value(node.left)
        if len(node.ops) == 1:
            return self._compare(
                node.ops[0], left, self.value(node.comparators[0], _type_of(left)), node.left, node.comparators[0], node
            )
        return self._chain(node, 0, left, node.left)

    def _chain(self, node: ast.Compare, i: int, left: Value, left_node: ast.expr) -> ir.Expr:
        """`left < middle < …` from the i-th operator on: each operand is evaluated once, and only if those before it compared."""
        at, op, right_node = self.at(node), node.ops[i], node.comparators[i]
        right = self.value(right_node, _type_of(left))
        if i + 1 == len(node.ops):
            return self.coerce(self._compare(op, left, right, left_node, right_node, node), BOOL, node)
        held: list[tuple[str, ir.Expr]] = []
        operands: list[Value] = []
        for operand in (left, right):
            if isinstance(operand, ir.Expr) and not isinstance(operand, ir.Local | ir.Const | Display):
                name = self.fresh("between")
                held.append((name, operand))
                operand = ir.Local(operand.at, operand.type, name)
            operands.append(operand)
        first = self.coerce(self._compare(op, operands[0], operands[1], left_node, right_node, node), BOOL, node)
        result: ir.Expr = ir.Logic(at, BOOL, "and", first, self._chain(node, i + 1, operands[1], right_node))
        for name, value in reversed(held):
            result = ir.Let(at, BOOL, name, value, result)
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
        if symbol in ("==", "!=") and not isinstance(op, ast.Is | ast.IsNot):
            mixed = self._optional_number(left, right, left_node, right_node, at)
            if mixed is not None:
                return ir.Not(at, BOOL, mixed) if symbol == "!=" else mixed
        test = self._test_for_none(left, right, left_node, right_node, at)
        if test is not None:
            return ir.Not(at, BOOL, test) if symbol == "!=" else test
        a, b = self._alike(left, right, left_node, right_node, at)
        if isinstance(op, ast.Is | ast.IsNot) and not is_scalar(a.type):
            fail("KC218", f"`is` compares identities, and a {a.type} is a value", at, "write ==")
        if isinstance(op, ast.Is | ast.IsNot) and isinstance(a.type, IntType):
            fail("KC218", "`is` compares identities; numbers have none", at, "write ==")
        if symbol in ("==", "!="):
            return ir.Compare(at, BOOL, symbol, a, b)
        if isinstance(a.type, SetType) and symbol in ("<=", ">="):
            if symbol == "<=":
                return ir.SetOp(at, BOOL, "<=", a, b)
            return self.in_order(at, [a, b], lambda parts: ir.SetOp(at, BOOL, "<=", parts[1], parts[0]))
        if isinstance(a.type, RefType):
            self.numbered(a.type, at, f"`{symbol}`")
        elif not isinstance(a.type, IntType):
            fail("KC213", f"{a.type} has no order", at, "compare numbers, or members of a sort that is not symmetric")
        return ir.Compare(at, BOOL, symbol, a, b)

    def _static_comparison(self, symbol: str, left: Static, right: Static, node: ast.expr) -> Value:
        for side in (left, right):
            if isinstance(side.value, Sort):
                self.constant(side, self.natural(side, node), node)
        a, b = left.value, right.value
        return Static(self.twice(node, lambda: bool(COMPARISONS[symbol](a, b))))

    def _optional_number(
        self, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr, at: Position
    ) -> ir.Expr | None:
        """An optional number compared with a number that may be none of its values: then they are unequal, and nothing fails."""
        a, b = self.natural(left, left_node), self.natural(right, right_node)
        first = isinstance(a, OptionalType)
        inner, other = (a.inner if isinstance(a, OptionalType) else a), (b.inner if isinstance(b, OptionalType) else b)
        if first == isinstance(b, OptionalType) or not (isinstance(inner, IntType) and isinstance(other, IntType)):
            return None
        optional, number = (inner, other) if first else (other, inner)
        if optional.lo <= number.lo and number.hi <= optional.hi:
            return None

        def compared(parts: list[ir.Expr]) -> ir.Expr:
            x, y = parts if first else reversed(parts)
            same = ir.Compare(at, BOOL, "==", ir.Unwrap(at, optional, x, False), y)
            return ir.Logic(at, BOOL, "and", ir.Not(at, BOOL, ir.IsNone(at, BOOL, x)), same)

        return self.in_order(at, [self.plain(left, left_node), self.plain(right, right_node)], compared)

    def _test_for_none(
        self, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr, at: Position
    ) -> ir.Expr | None:
        """A comparison with None: whether the other side is None. None if neither side is written so."""
        for value, other, node in ((left, right, left_node), (right, left, right_node)):
            if _is_none(other) and isinstance(value, ir.Expr):
                if isinstance(value.type, OptionalType):
                    return ir.IsNone(at, BOOL, value)
                if isinstance(value, ir.Unwrap):  # known not to be None
                    return ir.IsNone(at, BOOL, value.value)
                fail("KC219", f"{ast.unparse(node)} is a {value.type} and never None", at, "remove the comparison")
        return None

    def _alike(
        self, left: Value, right: Value, left_node: ast.expr, right_node: ast.expr, at: Position
    ) -> tuple[ir.Expr, ir.Expr]:
        """Both sides of a comparison in one type."""
        a, b = self.natural(left, left_node), self.natural(right, right_node)
        if isinstance(a, IntType) and isinstance(b, IntType):
            return self.plain(left, left_node), self.plain(right, right_node)
        if isinstance(a, OptionalType) and isinstance(b, OptionalType):
            x, y = a.inner, b.inner
            if isinstance(x, IntType) and isinstance(y, IntType):  # neither may leave the range of both
                hull = OptionalType(IntType(min(x.lo, y.lo), max(x.hi, y.hi)))
                return self.coerce(left, hull, left_node), self.coerce(right, hull, right_node)
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
                fail("KC213", f"every {describe(values)} is in {describe(values)}", at, "remove the condition")
            if isinstance(item, Static):
                wanted_value = item.value
                return Static(self.twice(node, lambda: wanted_value in values))
            try:
                members = list(values.items() if isinstance(values, Set | Seq) else values)
            except TypeError:
                at = self.at(collection_node)
                fail("KC213", f"{describe(values)} is not a collection", at, "write a tuple or a set")
            return self._one_of(item, [Static(m) for m in members], item_node, collection_node, at)
        if isinstance(collection, Display):
            return self._one_of(item, list(collection.items), item_node, collection_node, at)
        if isinstance(collection, ir.Place | ir.Expr):
            t = collection.type
            if isinstance(t, SetType) and isinstance(collection, ir.Expr):
                number = isinstance(t.key, IntType)
                wanted = self.integer(item, item_node) if number else self.coerce(item, t.key, item_node)
                return self.in_order(at, [wanted, collection], lambda parts: ir.Contains(at, BOOL, parts[1], parts[0]))
            if isinstance(t, SeqType | ArrayType):
                return self._among(item, collection, t.element, item_node, collection_node, at)
        fail("KC213", "`in` needs a set, a sequence, an array or a constant collection", at, "compare with ==")

    def _one_of(
        self, item: Value, members: Sequence[Value], item_node: ast.expr, collection_node: ast.expr, at: Position
    ) -> ir.Expr:
        """Membership in a collection that is written out: a comparison with each."""

        def compared(parts: list[ir.Expr]) -> ir.Expr:
            rest = iter(parts[1:])
            result: ir.Expr | None = None
            for m in members:
                other: Value = m if isinstance(m, Static) else next(rest)
                same = self._compare(ast.Eq(), parts[0], other, item_node, collection_node, collection_node)
                one = self.coerce(same, BOOL, collection_node)
                result = one if result is None else ir.Logic(at, BOOL, "or", result, one)
            return result or ir.Const(at, BOOL, False)

        values = [self.plain(m, collection_node) for m in members if not isinstance(m, Static)]
        return self.in_order(at, [self.plain(item, item_node), *values], compared, held=len(members) > 1)

    def _among(
        self,
        item: Value,
        collection: ir.Place | ir.Expr,
        element: Type,
        item_node: ast.expr,
        collection_node: ast.expr,
        at: Position,
    ) -> ir.Expr:
        """Membership in a sequence or an array: whether an element is equal."""
        name = self.fresh("element")
        one: ir.Expr = ir.Local(at, element, name)
        if isinstance(collection, ir.Place) and is_place(element):
            one = self.plain(ir.NamedPlace(at, element, collection.root, name), collection_node)

        def found(wanted: Value) -> ir.Expr:
            same = self.coerce(self._compare(ast.Eq(), one, wanted, collection_node, item_node, item_node), BOOL, item_node)
            return ir.Quantify(at, BOOL, "any", name, ir.Elements(at, element, collection), None, same)

        if isinstance(item, Static):
            return found(item)
        value, held = self.plain(item, item_node), self.fresh("wanted")
        return ir.Let(at, BOOL, held, value, found(ir.Local(at, value.type, held)))


def _type_of(value: Value) -> Type | None:
    """The type that a comparison's other side is read for: of a set or sequence, what it holds stands alone.

    Beside what is known not to be None, None may still be written.
    """
    if not isinstance(value, ir.Expr) or not isinstance(value.type, SetType | SeqType):
        return None
    return OptionalType(value.type) if isinstance(value, ir.Unwrap) else value.type


def _is_none(value: Value) -> bool:
    return isinstance(value, Static) and value.value is None
