"""Calls: the language's own functions, constructors, helpers and methods; and what loops run over."""

from __future__ import annotations

import ast
import builtins
import enum
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from kubecheck.spec import functions as language
from kubecheck.spec import ir
from kubecheck.spec.frontend.bindings import (
    Method,
    Static,
    Value,
    Variable,
    describe,
    not_none,
)
from kubecheck.spec.frontend.comparisons import Comparisons
from kubecheck.spec.frontend.functions import bind, stays_static
from kubecheck.spec.source import fail
from kubecheck.spec.types import (
    BOOL,
    INT,
    ArrayType,
    EnumType,
    IntType,
    NoneType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
    holds_state,
    is_place,
)
from kubecheck.spec.values import Record, Seq, Set, Sort, SortMeta, State

if TYPE_CHECKING:
    pass

_QUANTIFIERS: dict[Any, str] = {
    builtins.any: "any",
    builtins.all: "all",
    builtins.sum: "sum",
    language.count: "count",
    language.first: "first",
}


class Calls(Comparisons):
    """The part of the expression compiler that deals with calls."""

    # --- what is called --------------------------------------------------------------------------------------------------

    def required(self, node: ast.Call) -> ast.expr | None:
        """The condition of `require(condition)`; None if the call is another."""
        if isinstance(node.func, ast.Name | ast.Attribute) and len(node.args) == 1 and not node.keywords:
            callee = self.value(node.func) if not isinstance(node.func, ast.Attribute) else None
            if isinstance(callee, Static) and callee.value is language.require:
                return node.args[0]
        return None

    def call(self, node: ast.Call) -> Value:
        """A call, whatever is called."""
        special = self._record_next(node)
        if special is not None:
            return special
        callee = self.value(node.func)
        if isinstance(callee, Method):
            positional, named = self._arguments(node)
            return self.call_function(callee.function, callee.receiver, positional, named, node)
        if not isinstance(callee, Static):
            fail("KC224", f"{ast.unparse(node.func)} cannot be called", self.at(node.func))
        target = callee.value
        if target in _QUANTIFIERS if _hashable(target) else False:
            return self._quantifier(_QUANTIFIERS[target], node)
        if target is language.require:
            fail("KC223", "require is a statement", self.at(node), "put it on a line of its own")
        if target is language.present:
            return self._present(node)
        if target is language.implies:
            return self._implies(node)
        if target in (
            builtins.len,
            builtins.min,
            builtins.max,
            builtins.abs,
            builtins.bool,
            builtins.int,
        ) and not isinstance(target, SortMeta):
            return self._builtin(target, node)
        if isinstance(target, SortMeta):
            return self._member_of(target, node)
        if isinstance(target, type) and issubclass(target, Record):
            return self._construct(target, node)
        if target in (Set, Seq, set, frozenset, tuple) and not node.args and not node.keywords:
            return Static(() if target in (Seq, tuple) else frozenset())
        if isinstance(target, type) and issubclass(target, State):
            fail(
                "KC225",
                f"{target.__name__} is a State: it is a place and cannot be made",
                self.at(node),
                "make it a Record, or use the state",
            )
        positional, named = self._arguments(node)
        if isinstance(target, FunctionType):
            return self.call_function(target, None, positional, named, node)
        values = [*positional, *named.values()]
        if all(isinstance(v, Static) for v in values):
            return self._static_call(target, positional, named, node)
        if isinstance(target, MethodType) and isinstance(target.__func__, FunctionType):
            return self.call_function(target.__func__, Static(target.__self__), positional, named, node)
        fail(
            "KC224",
            f"{describe(target)} cannot be called with values of the state",
            self.at(node),
            "call functions written in the language",
        )

    def _static_call(self, target: Any, positional: list[Value], named: dict[str, Value], node: ast.Call) -> Value:
        if isinstance(target, BuiltinFunctionType | type | MethodType) or callable(target):
            args = [v.value for v in positional if isinstance(v, Static)]
            kwargs = {k: v.value for k, v in named.items() if isinstance(v, Static)}
            try:
                with self.compiler.spec.types.active():
                    return Static(target(*args, **kwargs))
            except Exception as e:  # whatever the author's own code raises while it is being compiled
                fail("KC226", f"{ast.unparse(node)} raised {type(e).__name__}: {e}", self.at(node))
        fail("KC224", f"{describe(target)} cannot be called", self.at(node))

    def _arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
        for a in node.args:
            if isinstance(a, ast.Starred):
                fail("KC124", "arguments cannot be unpacked", self.at(a), "write them one by one")
        named = {}
        for k in node.keywords:
            if k.arg is None:
                fail("KC124", "arguments cannot be unpacked", self.at(k.value), "write them one by one")
            named[k.arg] = self.value(k.value)
        return [self.value(a) for a in node.args], named

    def call_function(
        self,
        function: FunctionType,
        receiver: Value | None,
        positional: list[Value],
        named: dict[str, Value],
        node: ast.AST,
    ) -> ir.Expr:
        """A call of a function that is written in the language."""
        at = self.at(node)
        found = bind(function, receiver, positional, named, at)
        bound: list[tuple[str, Value, Type | None]] = []
        for i, (name, value) in enumerate(found.items()):
            t = self.compiler.annotation(function, name, self.namespace, at)
            if i == 0 and receiver is not None and t is None:
                t = self.natural(value, node) if not isinstance(value, Static) else None
                bound.append((name, value, t))
                continue
            if isinstance(value, Method):
                fail("KC221", f"{value.function.__name__} is a method", at, "call it")
            if t is None:
                if not isinstance(value, Static):
                    fail(
                        "KC125",
                        f"{function.__name__}: parameter {name} has no type of the language, so it takes constants only",
                        at,
                        f"annotate it: {name}: {self.natural(value, node)}",
                    )
                bound.append((name, value, None))
            elif holds_state(t) or (isinstance(t, ArrayType) and isinstance(value, ir.Place)):
                if not isinstance(value, ir.Place) or value.type != t:
                    fail(
                        "KC201",
                        f"{function.__name__}: {name} is a {t}, a place, and this is a {self.natural(value, node)}",
                        at,
                    )
                bound.append((name, value, t))
            elif isinstance(value, Static) and stays_static(function, name):
                self.constant(value, t, node)
                bound.append((name, value, t))
            else:
                bound.append((name, self.coerce(value, t, node), t))
        compiled, arguments = self.compiler.specialise(function, self.namespace, bound, at)
        if compiled.writes_state:
            if self.loops:
                fail(
                    "KC303",
                    f"{function.__name__} writes to the state in a loop over {self.loops[-1].what}, which is symmetric",
                    at,
                    "write to elements indexed by the loop variable here, or use a sort that is not symmetric",
                )
            self.compiled.writes_state = True
            self.facts = frozenset(f for f in self.facts if not self.is_place_name(f.root))
        return ir.Call(at, compiled.result, compiled, arguments)

    # --- the language's own functions ------------------------------------------------------------------------------------

    def _present(self, node: ast.Call) -> Value:
        if len(node.args) != 1 or node.keywords:
            fail("KC124", "present takes one value", self.at(node))
        value = self.value(node.args[0])
        if isinstance(value, ir.Expr) and isinstance(value.type, OptionalType):
            return ir.Unwrap(self.at(node), value.type.inner, value, True)
        if isinstance(value, ir.Unwrap):
            return value
        fail("KC219", f"{ast.unparse(node.args[0])} is never None", self.at(node), "remove present(…)")

    def _implies(self, node: ast.Call) -> Value:
        if len(node.args) != 2 or node.keywords:
            fail("KC124", "implies takes a premise and a conclusion", self.at(node))
        premise = self.condition(node.args[0])
        conclusion = self.condition(node.args[1])
        # both sides are evaluated, as CPython does: an error in the conclusion must not depend on the premise
        at, name = self.at(node), self.fresh("conclusion")
        other = ir.Logic(at, BOOL, "or", ir.Not(at, BOOL, premise), ir.Local(at, BOOL, name))
        return ir.Let(at, BOOL, name, conclusion, other)

    def _builtin(self, target: Any, node: ast.Call) -> Value:
        at = self.at(node)
        if node.keywords or not node.args:
            fail("KC124", f"{target.__name__} takes values only", at)
        if target in (builtins.min, builtins.max) and len(node.args) == 1:
            fail("KC124", f"{target.__name__} takes two or more values", at, f"write {target.__name__}(a, b)")
        values = [self.value(a) for a in node.args]
        if all(isinstance(v, Static) for v in values):
            if any(isinstance(v, Static) and isinstance(v.value, SortMeta) for v in values):
                return Static(self.compiler.spec.types.size_of(values[0].value))  # type: ignore[union-attr]
            return self._static_call(target, values, {}, node)
        if target is builtins.len:
            value = self.plain(values[0], node.args[0]) if not isinstance(values[0], ir.Place) else values[0]
            t = value.type
            if isinstance(t, SetType):
                assert isinstance(value, ir.Expr)
                return ir.Length(at, IntType(0, t.bits), value)
            if isinstance(t, SeqType):
                assert isinstance(value, ir.Expr)
                return ir.Length(at, IntType(0, t.limit), value)
            if isinstance(t, ArrayType):
                return Static(t.length)
            fail("KC213", f"a {t} has no length", at, "sets, sequences and arrays have")
        if target is builtins.abs:
            a = self.integer(values[0], node.args[0])
            name = self.fresh("value")
            assert isinstance(a.type, IntType)
            local, zero = ir.Local(at, a.type, name), ir.Const(at, IntType(0, 0), 0)
            t = IntType(0, max(abs(a.type.lo), abs(a.type.hi)))
            negative = ir.Arith(at, t, "-", zero, local)
            return ir.Let(at, t, name, a, ir.Arith(at, t, "max", local, negative))
        if target in (builtins.min, builtins.max):
            result = self.integer(values[0], node.args[0])
            for v, a_node in zip(values[1:], node.args[1:], strict=True):
                b = self.integer(v, a_node)
                assert isinstance(result.type, IntType)
                assert isinstance(b.type, IntType)
                pick = min if target is builtins.min else max
                both = IntType(pick(result.type.lo, b.type.lo), pick(result.type.hi, b.type.hi))
                result = ir.Arith(at, both, target.__name__, result, b)
            return result
        fail("KC213", f"{target.__name__}(…) is not in the language", at, "write the condition or the number itself")

    def _member_of(self, sort: Any, node: ast.Call) -> Value:
        at = self.at(node)
        t = self.compiler.spec.types.resolve(sort)
        assert isinstance(t, RefType)
        self.numbered(t, at, f"{t}(…)")
        if len(node.args) != 1 or node.keywords:
            fail("KC124", f"{t}(number) takes one number", at)
        number = self.value(node.args[0])
        if isinstance(number, Static) and isinstance(number.value, int) and 0 <= number.value < t.size:
            return Static(sort.member(number.value))
        return ir.MakeRef(at, t, self.integer(number, node.args[0]))

    def _construct(self, cls: Any, node: ast.Call) -> Value:
        at = self.at(node)
        t = self.compiler.spec.types.resolve(cls)
        assert isinstance(t, RecordType)
        if node.args:
            fail(
                "KC124",
                f"{cls.__name__} takes its fields by name",
                self.at(node.args[0]),
                f"write {cls.__name__}({t.fields[0].name}=…)",
            )
        given = self._fields(t, node)
        if all(isinstance(e, ir.Const) for e in given.values()):
            constant = tuple(given[f.name].value if f.name in given else f.default for f in t.fields)  # type: ignore[attr-defined]
            return ir.Const(at, t, constant)
        fields = tuple(given.get(f.name) or ir.Const(at, f.type, f.default) for f in t.fields)
        return ir.MakeRecord(at, t, fields)

    def _fields(self, t: RecordType, node: ast.Call) -> dict[str, ir.Expr]:
        given: dict[str, ir.Expr] = {}
        for k in node.keywords:
            if k.arg is None:
                fail("KC124", "fields cannot be unpacked", self.at(k.value), "write them one by one")
            try:
                f = t.fields[t.index(k.arg)]
            except KeyError:
                fail(
                    "KC103",
                    f"{t} has no field {k.arg}",
                    self.at(k.value),
                    f"its fields are {', '.join(f.name for f in t.fields)}",
                )
            given[k.arg] = self.coerce(self.value(k.value, f.type), f.type, k.value)
        return given

    def _record_next(self, node: ast.Call) -> Value | None:
        """`r.next(field=…)`, if this call is one."""
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "next":
            return None
        base = self.value(node.func.value)
        if isinstance(base, Static) and not isinstance(base.value, Record):
            return None
        at = self.at(node)
        expr = self.plain(base, node.func.value)
        t = expr.type
        if isinstance(t, OptionalType):
            fail(
                "KC210",
                f"{ast.unparse(node.func.value)} may be None here",
                self.at(node.func.value),
                "require(x is not None) first, or present(x)",
            )
        if not isinstance(t, RecordType) or node.args:
            fail("KC208", f"next(field=…) is for records, and this is a {t}", at)
        changes = tuple((t.index(name), e) for name, e in self._fields(t, node).items())
        return ir.WithFields(at, t, expr, changes)

    # --- domains and quantifiers -----------------------------------------------------------------------------------------

    def domain(self, node: ast.expr) -> ir.Domain | list[Static]:
        """What a loop runs over; a static collection as the list of its members."""
        at = self.at(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            callee = self.value(node.func)
            if isinstance(callee, Static) and callee.value is builtins.range:
                return self._range(node)
        value = self.value(node)
        if isinstance(value, Static):
            found = value.value
            if isinstance(found, SortMeta) and found is not Sort:
                return ir.AllValues(at, self.compiler.spec.types.resolve(found))
            if isinstance(found, enum.EnumMeta):
                return ir.AllValues(at, self.compiler.spec.types.resolve(found))
            if isinstance(found, Set | Seq):
                return [Static(v) for v in found.items()]
            if isinstance(found, tuple | list | set | frozenset | dict | range):
                return [Static(v) for v in (sorted(found, key=repr) if isinstance(found, set | frozenset) else found)]
        elif isinstance(value, ir.Place | ir.Expr):
            t = value.type
            if isinstance(t, ArrayType):
                return ir.Elements(at, t.element, value)
            if isinstance(t, SetType):
                return ir.Elements(at, t.key, value)
            if isinstance(t, SeqType):
                return ir.Elements(at, t.element, value)
        fail(
            "KC227",
            f"{ast.unparse(node)} is nothing that a loop runs over",
            at,
            "a Sort, an Enum, range(…), an array, a Set, a Seq or a constant tuple",
        )

    def _range(self, node: ast.Call) -> ir.Domain:
        at = self.at(node)
        if not 1 <= len(node.args) <= 2 or node.keywords:
            fail("KC124", "range takes a stop, or a start and a stop", at, "count in steps of one")
        bounds = [self.integer(self.value(a), a) for a in node.args]
        start = bounds[0] if len(bounds) == 2 else ir.Const(at, IntType(0, 0), 0)
        stop = bounds[-1]
        assert isinstance(start.type, IntType)
        assert isinstance(stop.type, IntType)
        if stop.type.hi - start.type.lo > 1 << 16:
            fail(
                "KC228",
                f"this range may have {stop.type.hi - start.type.lo:,} members",
                at,
                "give the bounds a smaller type; at most 65,536",
            )
        return ir.Between(at, IntType(start.type.lo, max(start.type.lo, stop.type.hi - 1)), start, stop)

    def loop_variable(self, name: str, domain: ir.Domain) -> str:
        """Makes a loop's variable known in the body; returns its name in the IR."""
        variable = self.slot(name, domain.element)
        if is_place(domain.element):
            assert isinstance(domain, ir.Elements)
            root = domain.source.root if isinstance(domain.source, ir.Place) else 0
            self.names[name] = ir.NamedPlace(domain.at, domain.element, root, variable)
        else:
            self.names[name] = Variable(variable, domain.element)
        return variable

    def _quantifier(self, kind: str, node: ast.Call) -> Value:
        at = self.at(node)
        if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.GeneratorExp):
            name = kind if kind != "sum" else "sum"
            fail("KC229", f"{name} takes one generator", at, f"write {name}(… for x in … if …)")
        generator = node.args[0]
        before_names, before_facts = dict(self.names), self.facts
        try:
            result = self._generator(kind, generator, 0, node)
        finally:
            self.names, self.facts = before_names, before_facts
        return result

    def _generator(self, kind: str, node: ast.GeneratorExp, level: int, call: ast.Call) -> ir.Expr:
        clause = node.generators[level]
        at = self.at(call)
        if not isinstance(clause.target, ast.Name) or clause.is_async:
            fail("KC003", "a generator has one variable", self.at(clause.target), "take the rest from it")
        domain = self.domain(clause.iter)
        name = clause.target.id
        self.facts = frozenset(f for f in self.facts if name not in f.names)
        if isinstance(domain, list):
            return self._unrolled_generator(kind, node, level, call, [(name, v) for v in domain])
        if kind == "first":
            t = domain.element
            symmetric = isinstance(t, RefType) and t.symmetric
            if isinstance(domain, ir.Elements) and isinstance(domain.source.type, ArrayType | SetType):
                key = domain.source.type.key
                symmetric = isinstance(key, RefType) and key.symmetric
                t = key
            if symmetric:
                fail(
                    "KC304",
                    f"first(…) over {t}, which is symmetric: it has no first member",
                    at,
                    "make the choice a parameter of the action",
                )
            if level or len(node.generators) > 1:
                fail("KC003", "first(…) takes one `for`", at)
        variable = self.fresh(name)
        if is_place(domain.element):
            assert isinstance(domain, ir.Elements)
            root = domain.source.root if isinstance(domain.source, ir.Place) else 0
            self.names[name] = ir.NamedPlace(domain.at, domain.element, root, variable)
        else:
            self.names[name] = Variable(variable, domain.element)
        condition: ir.Expr | None = None
        for test in clause.ifs:
            part = self.condition(test)
            self.facts |= not_none(test, True)
            condition = part if condition is None else ir.Logic(self.at(test), BOOL, "and", condition, part)
        body, result = self._collected(kind, node, level, call)
        if level + 1 == len(node.generators) and kind == "sum":
            result = self._sum_type(domain, body)
        return ir.Quantify(
            at,
            result,
            "sum" if kind == "count" and level + 1 < len(node.generators) else kind,
            variable,
            domain,
            condition,
            body,
        )

    def _collected(self, kind: str, node: ast.GeneratorExp, level: int, call: ast.Call) -> tuple[ir.Expr, Type]:
        if level + 1 < len(node.generators):
            inner = self._generator(kind, node, level + 1, call)
            return inner, INT if kind in ("sum", "count") else BOOL
        if kind in ("any", "all", "count"):
            body = self.condition(node.elt)
            return body, INT if kind == "count" else BOOL
        value = self.plain(self.value(node.elt), node.elt)
        if kind == "sum":
            return self.integer(value, node.elt), INT
        if isinstance(value.type, OptionalType | NoneType):
            fail(
                "KC210",
                "first(…) of something that may be None cannot be told from nothing",
                self.at(node.elt),
                "filter with `if x is not None`",
            )
        return value, OptionalType(value.type)

    def _sum_type(self, domain: ir.Domain, body: ir.Expr) -> Type:
        assert isinstance(body.type, IntType)
        lo, hi = body.type.lo, body.type.hi
        n = 1 << 16
        if isinstance(domain, ir.AllValues):
            n = domain.element.cardinality or 0
        elif isinstance(domain, ir.Elements) and isinstance(domain.source.type, ArrayType):
            n = domain.source.type.length
        return IntType(max(min(0, lo * n), -(2**62)), min(max(0, hi * n), 2**62))

    def _unrolled_generator(
        self, kind: str, node: ast.GeneratorExp, level: int, call: ast.Call, rounds: list[tuple[str, Static]]
    ) -> ir.Expr:
        """A generator over constants: any, all, sum and count written out."""
        at = self.at(call)
        if kind == "first":
            fail("KC229", "first(…) over a constant collection is not in the language", at, "use a Sort or an Enum")
        numeric = kind in ("sum", "count")
        result: ir.Expr = ir.Const(at, IntType(0, 0), 0) if numeric else ir.Const(at, BOOL, kind == "all")
        zero = ir.Const(at, IntType(0, 0), 0)
        facts = self.facts
        for name, value in rounds:
            self.names[name], self.facts = value, facts
            condition: ir.Expr | None = None
            for test in node.generators[level].ifs:
                part = self.condition(test)
                self.facts |= not_none(test, True)
                condition = part if condition is None else ir.Logic(at, BOOL, "and", condition, part)
            body, _ = self._collected(kind, node, level, call)
            if kind == "count" and body.type == BOOL:
                body = ir.Choose(at, IntType(0, 1), body, ir.Const(at, IntType(1, 1), 1), zero)
            if numeric:
                if condition is not None:
                    assert isinstance(body.type, IntType)
                    kept = IntType(min(0, body.type.lo), max(0, body.type.hi))
                    body = ir.Choose(at, kept, condition, body, zero)
                assert isinstance(body.type, IntType)
                assert isinstance(result.type, IntType)
                total = IntType(result.type.lo + body.type.lo, result.type.hi + body.type.hi)
                result = ir.Arith(at, total, "+", result, body)
                continue
            if condition is not None:
                guard = condition if kind == "any" else ir.Not(at, BOOL, condition)
                body = ir.Logic(at, BOOL, "and" if kind == "any" else "or", guard, body)
            result = ir.Logic(at, BOOL, "or" if kind == "any" else "and", result, body)
        return result


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


__all__ = ["Calls", "EnumType"]
