"""Expressions: names, fields, indices, operators and displays, from syntax to IR."""

from __future__ import annotations

import ast
import contextlib
import difflib
import inspect
from types import FunctionType, ModuleType
from typing import Any

from kubecheck.spec import ir
from kubecheck.spec.errors import Position
from kubecheck.spec.frontend.bindings import (
    Method,
    Passing,
    Static,
    Value,
    Variable,
    describe,
    fact,
    not_none,
)
from kubecheck.spec.frontend.calls import Calls
from kubecheck.spec.frontend.context import Display, arith, collection_in, outer_names
from kubecheck.spec.frontend.purity import computed, from_module, impure
from kubecheck.spec.frontend.static import BINARY
from kubecheck.spec.source import fail
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
    scalar_index,
)
from kubecheck.spec.values import FieldView, Record, Sort, State

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}
_SETS = {ast.BitOr: "|", ast.BitAnd: "&", ast.Sub: "-"}

MOST_ENTRIES = 4096  # of a table


class Expressions(Calls):
    """What a function's body needs to compile its expressions."""

    # --- values ----------------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr, wanted: Type | None = None) -> Value:
        """What an expression stands for; `wanted` is the type that its place has, for empty sets and the like."""
        found = self._value(node, wanted)
        if isinstance(found, Passing):
            fail("KC233", f"`{ast.unparse(node)}` is an iterator, which is used up when it is run over", self.at(node), "make it a tuple")
        if isinstance(found, ir.Expr) and isinstance(found.type, OptionalType):
            known = fact(node)
            if known is not None and known in self.facts:
                return ir.Unwrap(self.at(node), found.type.inner, found, False)
        return found

    def iterable(self, node: ast.expr) -> Value:
        """The same of something that is run over at once, and may be an iterator."""
        found = self._value(node, None) if isinstance(node, ast.Call) else None
        return found if isinstance(found, Passing) else self.value(node)

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
            # only the whole must fit in its place: of a sum, the place's type says nothing about the parts
            wanted = collection_in(wanted)
            left = self.value(node.left, wanted)
            right = self.value(node.right, collection_in(left.type) if isinstance(left, ir.Expr) else wanted)
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
            return self.call(node, wanted)
        if isinstance(node, ast.Tuple | ast.Set | ast.List):
            return self._display(node, wanted)
        if isinstance(node, ast.SetComp):
            return self.collected("plain", node, node, wanted)
        word = type(node).__name__
        remedy = (
            "use any, all, sum, count, first, min, max, Set or tuple over a generator"
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
        if name in self.mixed:
            fail("KC206", f"{name} has different types on the ways to this line", self.at(node), "use two names")
        if name in code.co_varnames or name in code.co_cellvars:
            fail(
                "KC206",
                f"{name} may have no value here",
                self.at(node),
                "assign it on every way to this line, before any loop",
            )
        if name in self._outer:
            function = self.function
            return self.read(node, (id(function), name), lambda: outer_names(function)[name], self._outer[name])
        near = difflib.get_close_matches(name, [*self.names, *self._outer])
        hint = f"; did you mean {near[0]}?" if near else ""
        fail("KC207", f"{name} is not defined{hint}", self.at(node), "define it before the spec is compiled")

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(self.value(node.value), node)

    def attribute(self, base: Value, node: ast.Attribute) -> Value:
        """What `node` stands for, an attribute of what `base` does."""
        at, name = self.at(node), node.attr
        if isinstance(base, Static):
            if isinstance(base.value, Sort | Record) and not isinstance(base.value, type):
                base = self.constant(base, self.natural(base, node.value), node.value)
            else:
                missing, holder = object(), base.value
                if isinstance(holder, ModuleType):
                    self.pure(from_module(holder, name, getattr(holder, name, None)), node)
                else:
                    self.pure(computed(holder, name), node)
                found = self.twice(node, lambda: getattr(holder, name, missing))
                if found is not missing:
                    return self.read(node, (id(holder), name), lambda: getattr(holder, name), found)
                near = difflib.get_close_matches(name, dir(base.value))
                hint = f"; did you mean {near[0]}?" if near else ""
                known = "it is read when the spec is compiled"
                fail("KC208", f"{describe(base.value)} has no attribute {name}{hint}", at, known)
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
        if isinstance(t, RefType) and name == "index":
            self.numbered(t, at, f".{name}")
            assert isinstance(base, ir.Expr)
            return ir.NumberOf(at, IntType(0, max(0, t.size - 1)), base)
        if isinstance(t, RefType | EnumType):
            return self._of_member(base, t, name, node)
        if not isinstance(t, RecordType):
            fail("KC208", f"a {t} has no attribute {name}", at, "records and states have fields and methods")
        self._private(t, name, at)
        defined = inspect.getattr_static(t.cls, name, None)
        if isinstance(defined, FieldView):
            return self.field(base, t, name, at)
        plain = (FunctionType, staticmethod, classmethod, type)
        if hasattr(type(defined), "__get__") and not isinstance(defined, plain) and type(defined) is not property:
            kind = type(defined).__name__
            fail("KC208", f"{t}.{name} is a {kind}, which only Python understands", at, "write a method, or a plain @property")
        member = getattr(t.cls, name, None)
        if isinstance(member, property):
            if isinstance(member.fget, FunctionType):
                return self.call_function(member.fget, base, [], {}, node)
            fail("KC208", f"{t}.{name} is no property that is written in the language", at, "write it with `def`")
        if isinstance(defined, staticmethod):
            return Static(member)
        if isinstance(member, FunctionType):
            return Method(member, base)
        if any(name in vars(c) for c in t.cls.__mro__ if c.__module__ != State.__module__):
            return self.read(node, (id(t.cls), name), lambda: getattr(t.cls, name), member)
        near = difflib.get_close_matches(name, [f.name for f in t.fields])
        hint = f"; did you mean {near[0]}?" if near else ""
        fail("KC103", f"{t} has no field {name}{hint}", at, f"its fields are {', '.join(f.name for f in t.fields)}")

    def _of_member(self, base: Value, t: RefType | EnumType, name: str, node: ast.Attribute) -> Value:
        """A method or a property of an Enum's or a Sort's member, or what each member of an Enum has as an attribute."""
        at = self.at(node)
        defined = inspect.getattr_static(t.cls, name, None)
        own = any(name in vars(c) for c in t.cls.__mro__ if c.__module__ not in ("enum", State.__module__))
        if own and isinstance(defined, property) and isinstance(defined.fget, FunctionType):
            return self.call_function(defined.fget, base, [], {}, node)
        if own and isinstance(defined, FunctionType) and isinstance(base, ir.Expr):
            return Method(defined, base)
        if isinstance(t, EnumType) and isinstance(base, ir.Expr) and not callable(defined):
            members = t.values()
            if all(hasattr(member, name) for member in members):
                with self.author(node):
                    entries = {i: getattr(member, name) for i, member in enumerate(members)}
                return self.looked_up(entries, ir.NumberOf(at, IntType(0, len(members) - 1), base), node)
        known = "a sort's members have .index and the methods of their class"
        fail("KC208", f"a {t} has no attribute {name}", at, known if isinstance(t, RefType) else "read what each of its members has")

    def field(self, base: ir.Expr | ir.Place, t: RecordType, name: str, at: Position) -> Value:
        """A field of a record or state."""
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
                whole, place = base.value, key.value
                found = self.twice(node, lambda: whole[place])
                self.pure(impure(found) if not isinstance(found, FunctionType) else None, node)
                return Static(found)
            if isinstance(base.value, tuple | list | dict) and isinstance(key, ir.Expr):
                return self._entry(base.value, key, node)
            fail(
                "KC202",
                f"{ast.unparse(node.value)} is a constant and cannot be indexed by {ast.unparse(node.slice)}",
                at,
                "index a tuple, a list or a dict, or write if/elif",
            )
        if isinstance(base, Method):
            fail("KC208", "a method cannot be indexed", at, "call it")
        t = base.type
        if isinstance(t, ArrayType):
            self.one_key(node)
            key_expr = self.coerce(self.value(node.slice, t.key), t.key, node.slice)
            if isinstance(base, ir.Place):
                place = ir.ItemPlace(at, t.element, base.root, base, key_expr)
                return place if is_place(t.element) else ir.Read(at, t.element, place)
            if isinstance(base, ir.Read):
                return ir.Read(at, t.element, ir.ItemPlace(at, t.element, base.place.root, base.place, key_expr))
            return ir.GetItem(at, t.element, base, key_expr)
        if isinstance(t, SeqType) and isinstance(base, ir.Expr):
            if isinstance(node.slice, ast.Slice):
                return self._slice(base, t, node.slice, at)
            index = self.coerce(self.value(node.slice), INT, node.slice)
            if isinstance(index, ir.Const) and index.value < 0:
                fail("KC212", "a sequence is indexed from 0", self.at(node.slice), "write q[len(q) - 1]")
            return ir.SeqAt(at, t.element, base, index)
        fail("KC209", f"a {t} cannot be indexed", at, "arrays and sequences can")

    def _entry(self, table: Any, key: ir.Expr, node: ast.Subscript) -> ir.Expr:
        """`TABLE[key]`, of a constant tuple, list or dict."""
        at, t = self.at(node), key.type
        if isinstance(t, OptionalType):
            fail("KC210", f"{ast.unparse(node.slice)} may be None here", self.at(node.slice), "require(x is not None) first, or present(x)")
        if not isinstance(t, IntType | EnumType | RefType | BoolType):
            fail("KC202", f"a table is not indexed by a {t}", self.at(node.slice), "index it by a number, an Enum, bool or a sort")
        if isinstance(t, RefType):
            self.numbered(t, self.at(node.slice), "an entry for each")
        entries: dict[int, Any] = {}
        if isinstance(table, dict):
            for k, entry in table.items():
                if isinstance(t, IntType) and isinstance(k, int):
                    entries[int(k)] = entry
                elif not isinstance(t, IntType):
                    with contextlib.suppress(ValueError):
                        entries[scalar_index(t, k)] = entry
        elif isinstance(t, IntType | BoolType):
            count = len(table)
            lowest = -count if isinstance(t, IntType) and t.lo < 0 else 0  # as in Python, -1 is the last
            entries = {i: table[i] for i in range(lowest, count)}
        else:
            fail("KC202", f"a list is not indexed by a {t}", self.at(node.slice), "index a dict by it, or the list by its .index")
        number = key if isinstance(t, IntType) else ir.NumberOf(at, IntType(0, max(0, (t.cardinality or 0) - 1)), key)
        return self.looked_up(entries, number, node)

    def looked_up(self, entries: dict[int, Any], number: ir.Expr, node: ast.expr) -> ir.Expr:
        """The entry with this number of a table of constants."""
        at = self.at(node)
        if not entries:
            fail("KC202", f"{ast.unparse(node)}: no entry of this table can be meant", at, "its keys are of another type")
        first, last = min(entries), max(entries)
        if last - first >= MOST_ENTRIES:
            fail("KC202", f"a table from {first:,} to {last:,}", at, f"at most {MOST_ENTRIES:,} entries")
        t = self._common_type(list(entries.values()), node)
        found = [self.constant(Static(entries[i]), t, node) if i in entries else None for i in range(first, last + 1)]
        assert isinstance(number.type, IntType)
        span = range(number.type.lo, number.type.hi + 1)
        total = first <= span.start and span.stop <= last + 1 and all(i in entries for i in span)
        made = ir.Lookup(at, t, number, first, tuple(e if isinstance(e, ir.Const) else None for e in found), total)
        if isinstance(t, SetType):
            self.displays.append(made)
        return made

    def _common_type(self, values: list[Any], node: ast.expr) -> Type:
        """One type for all entries of a table."""
        some = [v for v in values if v is not None]
        if some and all(isinstance(v, set | frozenset) for v in some):
            members = [m for v in some for m in v]
            if not members:
                fail("KC202", f"{ast.unparse(node)}: all sets of this table are empty", self.at(node), "remove the condition")
            key = self._common_type(members, node)
            if not isinstance(key, EnumType | IntType | BoolType):
                fail("KC202", f"a table of sets of {key}", self.at(node), "use members of an Enum, or numbers")
            return SetType(key)
        kinds = [self.natural(Static(v), node) for v in some]
        if kinds and all(isinstance(k, IntType) for k in kinds):
            numbers = [v for v in some if isinstance(v, int)]
            t: Type = IntType(min(numbers), max(numbers))
        elif kinds and all(k == kinds[0] for k in kinds):
            t = kinds[0]
        else:
            several = ", ".join(sorted({str(k) for k in kinds})) or "None"
            fail("KC202", f"the entries of this table have no common type: {several}", self.at(node), "use values of one type")
        return t if len(some) == len(values) else OptionalType(t)

    def _slice(self, base: ir.Expr, t: SeqType, node: ast.Slice, at: Position) -> ir.Expr:
        """`q[a:b]`: without what comes from b on, and then without what comes before a."""
        if node.step is not None or (node.lower is None and node.upper is None):
            fail("KC003", "only q[a:b], q[a:] and q[:b] are in the language", at, "name where the part begins or ends")
        given = [bound for bound in (node.lower, node.upper) if bound is not None]
        numbers = [self.coerce(self.value(bound), INT, bound) for bound in given]
        for bound, number in zip(given, numbers, strict=True):
            if isinstance(number, ir.Const) and number.value < 0:
                fail("KC212", "a sequence is indexed from 0", self.at(bound), "q[1:] drops the first, q[:1] is the first")

        def part(parts: list[ir.Expr]) -> ir.Expr:
            whole, *rest = parts
            if node.upper is not None:
                whole = ir.SeqTake(at, t, whole, rest[-1])
            return whole if node.lower is None else ir.SeqDrop(at, t, whole, rest[0])

        return part([base, *numbers]) if len(numbers) == 1 else self.in_order(at, [base, *numbers], part)

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
        fail("KC001", f"`{ast.unparse(node)}` is not in the language", self.at(node), "write it with + - * // %")

    def binary(self, op: type[ast.operator], left: Value, right: Value, node: ast.AST) -> Value:
        """The value of `left op right`, for integers, sets and sequences."""
        at = self.at(node)
        if isinstance(left, Static) and isinstance(right, Static):
            a, b = left.value, right.value
            return Static(self.twice(node, lambda: BINARY[op](a, b)))
        typed = left if isinstance(left, ir.Expr) and not isinstance(left, Display) else right
        if not isinstance(typed, ir.Expr):
            fail("KC213", "these cannot be combined", at, "use integers, sets or sequences")
        t = typed.type
        if isinstance(t, SetType) and op in _SETS:
            return ir.SetOp(at, t, _SETS[op], self.coerce(left, t, node), self.coerce(right, t, node))
        if isinstance(t, SeqType) and op is ast.Add:
            return self._append(t, left, right, node)
        if isinstance(t, BoolType) and op in (ast.BitOr, ast.BitAnd):
            a, b = self.coerce(left, BOOL, node), self.coerce(right, BOOL, node)
            word = "or" if op is ast.BitOr else "and"
            return self.in_order(at, [a, b], lambda parts: ir.Logic(at, BOOL, word, *parts))
        if op not in _ARITHMETIC:
            fail("KC213", f"{t} has no such operator", at, "integers have + - * // %, sets | & -, sequences +")
        a, b = self.integer(left, node), self.integer(right, node)
        return arith(at, _ARITHMETIC[op], a, b)

    def _append(self, t: SeqType, left: Value, right: Value, node: ast.AST) -> Value:
        if isinstance(left, Static):
            left = self.constant(left, t, node)
        if not isinstance(left, ir.Expr) or isinstance(left, Display):
            fail("KC213", "a sequence grows at its end: q + (x,)", self.at(node))
        if isinstance(right, Static):
            right = self.constant(right, t, node)
        if isinstance(right, ir.Const):
            parts: list[ir.Expr] = [ir.Const(right.at, t.element, d) for d in right.value]
        elif isinstance(right, Display):
            parts = [self.coerce(item, t.element, node) for item in right.items]
        elif isinstance(right, ir.Expr) and isinstance(right.type, SeqType) and right.type.element == t.element:
            if isinstance(left, ir.Const):
                message = "a sequence grows at its end, and a constant does not know how far"
                fail("KC213", message, self.at(node), "begin with one of the state")
            return ir.SeqJoin(self.at(node), t, left, right)
        else:
            remedy = "append the elements one by one"
            fail("KC213", f"a sequence is extended by a tuple, q + (x,), or by a sequence of {t.element}", self.at(node), remedy)

        def grown(found: list[ir.Expr]) -> ir.Expr:
            whole, *items = found
            for item in items:
                whole = ir.SeqAppend(self.at(node), t, whole, item)
            return whole

        if len(parts) == 1:
            return grown([left, *parts])
        return self.in_order(self.at(node), [left, *parts], grown)

    def _logic(self, node: ast.BoolOp) -> Value:
        op = "and" if isinstance(node.op, ast.And) else "or"
        before, changes = self.facts, self.changes
        result: ir.Expr | None = None
        last: Value = Static(op == "and")
        for part in node.values:
            last = self.value(part)
            value = self.truth(last, part)
            self.facts |= not_none(part, op == "and")
            if isinstance(value, ir.Const):
                if result is not None and isinstance(last, Static) and not isinstance(last.value, bool):
                    fail("KC216", f"{describe(last.value)} is not a condition", self.at(part), "write bool(…)")
                if value.value is not (op == "or"):
                    continue
                if result is None:  # decides; what follows is never evaluated
                    break
                result = ir.Logic(self.at(node), BOOL, op, result, value)
                break
            result = value if result is None else ir.Logic(self.at(node), BOOL, op, result, value)
        self.restore(before, changes)
        return last if result is None else result

    def condition(self, node: ast.expr) -> ir.Expr:
        """A condition as a bool; a static one is a Const."""
        return self.truth(self.value(node), node)

    def truth(self, value: Value, node: ast.expr) -> ir.Expr:
        """A value as a condition."""
        if isinstance(value, Static):
            if isinstance(value.value, type) or callable(value.value):
                fail(
                    "KC216",
                    f"{describe(value.value)} is not a condition",
                    self.at(node),
                    "call it, or compare it with something",
                )
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

    def _display(self, node: ast.Tuple | ast.Set | ast.List, wanted: Type | None) -> Value:
        wanted = collection_in(wanted)
        element = wanted.element if isinstance(wanted, SeqType) else wanted.key if isinstance(wanted, SetType) else None
        values = [self.value(e, element) for e in node.elts]
        if all(isinstance(v, Static) for v in values):
            plain = [v.value for v in values if isinstance(v, Static)]
            with self.author(node):  # members that cannot be hashed, say
                return Static(set(plain) if isinstance(node, ast.Set) else tuple(plain))
        if isinstance(node, ast.Set) and isinstance(wanted, SetType):
            items = tuple(self.coerce(v, wanted.key, e) for v, e in zip(values, node.elts, strict=True))
            return self._set(node, wanted, items)
        if isinstance(node, ast.Tuple) and isinstance(wanted, SeqType):
            items = tuple(self.coerce(v, wanted.element, e) for v, e in zip(values, node.elts, strict=True))
            return Display(self.at(node), wanted, items)
        exprs = tuple(self.plain(v, e) for v, e in zip(values, node.elts, strict=True))
        if isinstance(node, ast.Set) and exprs:
            keys = [e.type for e in exprs]
            known = isinstance(keys[0], RefType | EnumType | BoolType) or (isinstance(keys[0], RecordType) and keys[0].cardinality)
            if known and all(k == keys[0] for k in keys):
                return self._set(node, SetType(keys[0]), exprs)
        return Display(self.at(node), NoneType(), exprs)

    def _set(self, node: ast.Set, t: SetType, items: tuple[ir.Expr, ...]) -> ir.Expr:
        made = ir.MakeSet(self.at(node), t, items)
        if len(items) > 1:
            self.displays.append(made)
        return made
