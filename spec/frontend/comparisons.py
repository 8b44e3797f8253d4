"""Comparisons and membership: both sides in one type, None told apart, order only where there is one."""

from __future__ import annotations

import ast

from kubecheck.spec import ir
from kubecheck.spec.errors import Position
from kubecheck.spec.frontend.bindings import (
    Static,
    Value,
    describe,
)
from kubecheck.spec.frontend.context import Display
from kubecheck.spec.frontend.places import Places
from kubecheck.spec.frontend.static import PYTHON
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
            return Static(bool(PYTHON[symbol](left.value, right.value)))
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
        if isinstance(collection, Display):
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


def _type_of(value: Value) -> Type | None:
    """The type that a comparison's other side is read for: of a set or sequence, what it holds stands alone."""
    return value.type if isinstance(value, ir.Expr) and isinstance(value.type, SetType | SeqType) else None


def _is_none(value: Value) -> bool:
    return isinstance(value, Static) and value.value is None
