"""Calls: the language's own functions, constructors, helpers and methods; and what loops run over."""

from __future__ import annotations

import ast
import builtins
import enum
import functools
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from kubecheck.spec import functions as language
from kubecheck.spec import ir
from kubecheck.spec.errors import Position
from kubecheck.spec.evaluation import harmless, may_refuse
from kubecheck.spec.frontend.bindings import (
    Method,
    Passing,
    Static,
    Value,
    Variable,
    describe,
    not_none,
)
from kubecheck.spec.frontend.comparisons import Comparisons
from kubecheck.spec.frontend.context import Display, arith, collection_in, ends
from kubecheck.spec.frontend.functions import bind, stays_static
from kubecheck.spec.frontend.places import chain, is_symmetric
from kubecheck.spec.frontend.purity import changed, frozen, impure, of_python
from kubecheck.spec.intervals import as_wide_as, held
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
    holds_state,
    is_place,
    lacks_default,
)
from kubecheck.spec.values import Record, Seq, Set, Sort, SortMeta, State

_QUANTIFIERS: tuple[tuple[Any, str], ...] = (
    (builtins.any, "any"),
    (builtins.all, "all"),
    (builtins.sum, "sum"),
    (language.count, "count"),
    (language.first, "first"),
)
_COLLECTIONS: tuple[tuple[Any, str], ...] = ((Set, "set"), (set, "plain"), (frozenset, "plain"), (Seq, "seq"), (tuple, "seq"))


_ITERATORS: tuple[Any, ...] = (zip, map, filter, enumerate, reversed)  # made of constants, they are run over where they stand
_CONSUMERS: tuple[Any, ...] = (tuple, list, set, frozenset, dict, sorted, *_ITERATORS)
_PLAIN: tuple[Any, ...] = (bool, int, str, type(None), range)
_CACHED = type(functools.cache(len))

Rounds = ast.GeneratorExp | ast.SetComp


class Calls(Comparisons):
    """The part of the expression compiler that deals with calls."""

    _wanted: SetType | SeqType | None = None  # of the collection that is collected

    # --- what is called --------------------------------------------------------------------------------------------------

    def required(self, node: ast.Call) -> ast.expr | None:
        """The condition of `require(condition)`; None if the call is another."""
        if isinstance(node.func, ast.Name | ast.Attribute) and len(node.args) == 1 and not node.keywords:
            callee = self.value(node.func) if not isinstance(node.func, ast.Attribute) else None
            if isinstance(callee, Static) and callee.value is language.require:
                return node.args[0]
        return None

    def call(self, node: ast.Call, wanted: Type | None = None) -> Value:
        """A call, whatever is called; `wanted` is the type that its place has, for collections."""
        special = self._record_next(node)
        if special is not None:
            return special
        callee = self.value(node.func)
        if isinstance(callee, Method):
            positional, named = self._arguments(node)
            return self.call_function(callee.function, callee.receiver, positional, named, node)
        if not isinstance(callee, Static):
            fail("KC224", f"{ast.unparse(node.func)} cannot be called", self.at(node.func), "it is a value: remove the ()")
        target = callee.value
        kind = next((word for function, word in _QUANTIFIERS if target is function), None)
        if kind is not None:
            return self._quantifier(kind, node)
        if target is language.require:
            fail("KC223", "require is a statement", self.at(node), "put it on a line of its own")
        if target is builtins.print:  # with constants it would print while the spec is compiled, and once more in the reference
            fail("KC224", "print is not in the language", self.at(node), "remove it; `--full` shows the states of a path")
        if target is language.present:
            return self._present(node)
        if target is language.implies:
            return self._implies(node)
        if _one_of(target, (builtins.len, builtins.min, builtins.max, builtins.abs, builtins.bool, builtins.int)):
            return self._builtin(target, node)
        if isinstance(target, SortMeta):
            return self._member_of(target, node)
        if isinstance(target, type) and issubclass(target, Record):
            return self._construct(target, node)
        collection = next((kind for known, kind in _COLLECTIONS if known is target), None)
        if collection is not None and not node.keywords:
            if not node.args:
                return Static(() if target in (Seq, tuple) else frozenset())
            if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
                return self.collected(collection, node.args[0], node, wanted)
        if isinstance(target, type) and issubclass(target, State):
            fail(
                "KC225",
                f"{target.__name__} is a State: it is a place and cannot be made",
                self.at(node),
                "make it a Record, or use the state",
            )
        positional, named = self._arguments(node, target)
        if isinstance(target, FunctionType):
            self.pure(of_python(target), node)
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
            self.pure(impure(target), node)
            if _one_of(target, _ITERATORS):
                return Passing(self.twice(node, lambda: tuple(target(*args, **kwargs))))
            plain = self._simple(target, args, kwargs)
            called = getattr(target, "__wrapped__", target) if isinstance(target, _CACHED) else target  # a cache would say the same twice
            before = None if plain else frozen((target, args, kwargs))
            found = self.twice(node, lambda: called(*args, **kwargs))
            if not plain:
                if frozen((target, args, kwargs)) != before:
                    changed(f"`{ast.unparse(node)}`", self.at(node), "it changes something that it is made of")
                self.pure(impure(found) if isinstance(found, Iterator) else None, node)
                key = (id(node), *(id(a) for a in (target, *args, *kwargs.values())))
                self.compiler.constants.add(key, f"`{ast.unparse(node)}`", self.at(node), lambda: called(*args, **kwargs), found)
            return Static(found)
        fail("KC224", f"{describe(target)} cannot be called", self.at(node), "it is a constant: remove the ()")

    def _simple(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> bool:
        """Whether a call runs no code of the author's."""
        values = [*args, *kwargs.values()]
        return isinstance(target, BuiltinFunctionType | type) and target.__module__ == "builtins" and all(type(v) in _PLAIN for v in values)

    def _arguments(self, node: ast.Call, target: Any = None) -> tuple[list[Value], dict[str, Value]]:
        for a in node.args:
            if isinstance(a, ast.Starred):
                fail("KC124", "arguments cannot be unpacked", self.at(a), "write them one by one")
        named = {}
        for k in node.keywords:
            if k.arg is None:
                fail("KC124", "arguments cannot be unpacked", self.at(k.value), "write them one by one")
            named[k.arg] = self.value(k.value)
        read = self.iterable if _one_of(target, _CONSUMERS) else self.value
        return [read(a) for a in node.args], named

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
        given: dict[str, ast.AST] = {}  # the expressions of the arguments, to point at
        if isinstance(node, ast.Call):
            given = dict(zip(list(found)[0 if receiver is None else 1 :], node.args, strict=False))
            given |= {k.arg: k.value for k in node.keywords if k.arg is not None}
        bound: list[tuple[str, Value, Type | None]] = []
        for i, (name, value) in enumerate(found.items()):
            t = self.compiler.annotation(function, name, self.namespace, at)
            if i == 0 and receiver is not None and t is None:
                t = self.natural(value, node) if not isinstance(value, Static) else None
                bound.append((name, value, t))
                continue
            argument = given.get(name, node)
            here = self.at(argument)
            if isinstance(value, Method):
                fail("KC221", f"{value.function.__name__} is a method", here, "call it")
            if t is None:
                if not isinstance(value, Static):
                    if function.__name__ == "<lambda>":
                        fail("KC002", "a lambda cannot be compiled", here, "define it with `def`")
                    fail(
                        "KC125",
                        f"{function.__name__}: parameter {name} has no type of the language, so it takes constants only",
                        here,
                        f"annotate it: {name}: {self.natural(value, argument)}",
                    )
                bound.append((name, value, None))
            elif holds_state(t) or (isinstance(t, ArrayType) and isinstance(value, ir.Place)):
                if not isinstance(value, ir.Place) or value.type != t:
                    fail(
                        "KC201",
                        f"{function.__name__}: {name} is a {t}, a place, and this is a {self.natural(value, argument)}",
                        here,
                        f"give it a {t} of the state",
                    )
                bound.append((name, value, t))
            elif isinstance(value, Static) and stays_static(function, name):
                self.constant(value, t, argument)
                bound.append((name, value, t))
            else:
                if t == INT and isinstance(own := self.natural(value, argument), IntType):
                    t = as_wide_as(own)
                bound.append((name, self.bound(value, t, argument, f"parameter {name}"), t))
        compiled, arguments = self.compiler.specialise(function, self.namespace, bound, at)
        if compiled.writes_state:
            if id(node) not in self.alone:
                fail(
                    "KC232",
                    f"{function.__name__} writes to the state in the middle of an expression",
                    at,
                    "call it on a line of its own, and keep its result in a name",
                )
            if self.loops:
                fail(
                    "KC303",
                    f"{function.__name__} writes to the state in a loop over {self.loops[-1].what}, which is symmetric",
                    at,
                    "write to elements indexed by the loop variable here, or use a sort that is not symmetric",
                )
            self.changed()
        values = {name: value for name, value, _ in bound if isinstance(value, ir.Expr)}
        order = [*(n for n in values if n not in named), *(n for n in named if n in values)]
        if order == list(values):
            return ir.Call(at, compiled.result, compiled, arguments)

        def called(parts: list[ir.Expr]) -> ir.Expr:
            found = {id(values[n]): part for n, part in zip(order, parts, strict=True)}
            return ir.Call(at, compiled.result, compiled, tuple(found.get(id(a), a) for a in arguments))

        return self.in_order(at, [values[n] for n in order], called)

    # --- the language's own functions ------------------------------------------------------------------------------------

    def _present(self, node: ast.Call) -> Value:
        if len(node.args) != 1 or node.keywords:
            fail("KC124", "present takes one value", self.at(node), "write present(x)")
        value = self.value(node.args[0])
        if isinstance(value, ir.Expr) and isinstance(value.type, OptionalType):
            return ir.Unwrap(self.at(node), value.type.inner, value, True)
        if isinstance(value, ir.Unwrap):
            return value
        text = ast.unparse(node.args[0])
        if isinstance(value, Static) and value.value is None:
            fail("KC219", f"{text} is a constant and always None", self.at(node), "give it what may be there: a part of the state")
        fail("KC219", f"{text} is never None", self.at(node), "remove present(…)")

    def _implies(self, node: ast.Call) -> Value:
        if len(node.args) != 2 or node.keywords:
            fail("KC124", "implies takes a premise and a conclusion", self.at(node), "write implies(a, b)")
        premise = self.condition(node.args[0])
        found = self.value(node.args[1])
        conclusion = self.truth(found, node.args[1])
        if isinstance(found, Static) and not isinstance(found.value, bool):
            fail("KC216", f"{describe(found.value)} is not a condition", self.at(node.args[1]), "write bool(…)")
        # both sides are evaluated, as CPython does: an error in the conclusion must not depend on the premise
        return self.in_order(
            self.at(node),
            [premise, conclusion],
            lambda parts: ir.Logic(self.at(node), BOOL, "or", ir.Not(self.at(node), BOOL, parts[0]), parts[1]),
        )

    def _builtin(self, target: Any, node: ast.Call) -> Value:
        at = self.at(node)
        if target in (builtins.min, builtins.max) and len(node.args) == 1:
            return self._extreme(target, node)
        if node.keywords or not node.args:
            fail("KC124", f"{target.__name__} takes values only", at, f"write {target.__name__}(x)")
        if target in (builtins.len, builtins.abs) and len(node.args) != 1:
            fail("KC124", f"{target.__name__} takes one value", at, f"write {target.__name__}(x)")
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
                return self._array_length(t, value, at)
            fail("KC213", f"a {t} has no length", at, "sets, sequences and arrays have")
        if target is builtins.abs:
            a = self.integer(values[0], node.args[0])
            name = self.fresh("value")
            assert isinstance(a.type, IntType)
            local, zero = ir.Local(at, a.type, name), ir.Const(at, IntType(0, 0), 0)
            t = held(IntType(0, max(abs(a.type.lo), abs(a.type.hi))))
            larger = ir.Arith(at, t, "max", local, arith(at, "-", zero, local))
            return ir.Let(at, t, name, a, larger)
        if target in (builtins.min, builtins.max):
            result = self.integer(values[0], node.args[0])
            for v, a_node in zip(values[1:], node.args[1:], strict=True):
                result = arith(at, target.__name__, result, self.integer(v, a_node))
            return result
        fail("KC213", f"{target.__name__}(…) is not in the language", at, "write the condition or the number itself")

    def _extreme(self, target: Any, node: ast.Call) -> Value:
        """`max(… for x in …)`, with or without a default."""
        at, generator, name = self.at(node), node.args[0], target.__name__
        if not isinstance(generator, ast.GeneratorExp) and not node.keywords and isinstance(value := self.value(generator), Static):
            return self._static_call(target, [value], {}, node)
        known = [k for k in node.keywords if k.arg == "default"]
        if not isinstance(generator, ast.GeneratorExp) or len(known) != len(node.keywords):
            remedy = f"write {name}(a, b), or {name}(… for x in …), with default=… where there may be none"
            fail("KC124", f"{name} takes two or more values, or one generator", at, remedy)
        default = self.integer(self.value(known[0].value), known[0].value) if known else None
        if default is not None and not harmless(default):  # CPython would evaluate it between the domain and the rounds
            fail("KC229", "this default may fail", default.at, "keep it in a name first")
        found = self.collected(name, generator, node, None)
        inner = found.type.inner if isinstance(found.type, OptionalType) else found.type
        assert isinstance(inner, IntType)
        if not isinstance(found.type, OptionalType):  # of constants: there is always one
            return found
        if default is None:
            return ir.Unwrap(at, inner, found, False)
        assert isinstance(default.type, IntType)
        both = IntType(min(inner.lo, default.type.lo), max(inner.hi, default.type.hi))
        held = self.fresh("most")
        local = ir.Local(at, found.type, held)
        choice = ir.Choose(at, both, ir.IsNone(at, BOOL, local), default, ir.Unwrap(at, inner, local, False))
        return ir.Let(at, both, held, found, choice)

    def _array_length(self, t: ArrayType, array: ir.Place | ir.Expr, at: Position) -> Value:
        """A constant; but what may fail on the way to the array is evaluated."""
        if harmless(array):
            return Static(t.length)
        parts = [array] if isinstance(array, ir.Expr) else [p.key for p in chain(array) if isinstance(p, ir.ItemPlace)]
        return self.in_order(at, parts[::-1], lambda _: ir.Const(at, IntType(t.length, t.length), t.length))

    def _member_of(self, sort: Any, node: ast.Call) -> Value:
        at = self.at(node)
        t = self.compiler.spec.types.resolve(sort)
        assert isinstance(t, RefType)
        self.numbered(t, at, f"{t}(…)")
        if len(node.args) != 1 or node.keywords:
            fail("KC124", f"{t}(number) takes one number", at, f"write {t}(0)")
        number = self.value(node.args[0])
        if isinstance(number, Static) and isinstance(number.value, int) and 0 <= number.value < t.size:
            return Static(sort.member(number.value))
        return ir.MakeRef(at, t, self.integer(number, node.args[0]))

    def _construct(self, cls: Any, node: ast.Call) -> Value:
        at = self.at(node)
        t = self.compiler.spec.types.resolve(cls)
        assert isinstance(t, RecordType)
        if node.args:
            example = f"{cls.__name__}({t.fields[0].name}=…)" if t.fields else f"{cls.__name__}()"
            fail("KC124", f"{cls.__name__} takes its fields by name", self.at(node.args[0]), f"write {example}")

        named = {k.arg for k in node.keywords}
        missing = next((f.name for f in t.fields if f.name not in named and lacks_default(f.default)), None)
        if missing is not None and None not in named:
            fail("KC141", f"{t} without {missing}, which has no default", at, f"write {t}({missing}=…)")

        def made(given: dict[int, ir.Expr]) -> ir.Expr:
            if all(isinstance(e, ir.Const) for e in given.values()):
                constants = {i: e.value for i, e in given.items() if isinstance(e, ir.Const)}
                return ir.Const(at, t, tuple(constants.get(i, f.default) for i, f in enumerate(t.fields)))
            fields = tuple(given.get(i) or ir.Const(at, f.type, f.default) for i, f in enumerate(t.fields))
            return ir.MakeRecord(at, t, fields)

        return self._with_fields(t, node, [], lambda _, given: made(given))

    def _with_fields(
        self,
        t: RecordType,
        node: ast.Call,
        first: list[ir.Expr],
        make: Callable[[list[ir.Expr], dict[int, ir.Expr]], ir.Expr],
    ) -> ir.Expr:
        """What `make` makes of `first` and of a call's keyword arguments, by field number, each as its field wants it.

        As in CPython the arguments are evaluated in the order of the call, and only then checked against the fields.
        """
        wanted: list[tuple[int, ast.expr]] = []
        given: list[Value] = []
        for k in node.keywords:
            if k.arg is None:
                fail("KC124", "fields cannot be unpacked", self.at(k.value), "write them one by one")
            try:
                i = t.index(k.arg)
            except KeyError:
                known = f"its fields are {', '.join(f.name for f in t.fields)}" if t.fields else "it has no fields"
                fail("KC103", f"{t} has no field {k.arg}", self.at(k.value), known)
            value = self.value(k.value, t.fields[i].type)
            # a conversion that cannot fail early is made at once
            plain = isinstance(value, Static | Display | Method | ir.Place)
            given.append(self.coerce(value, t.fields[i].type, k.value) if plain else value)
            wanted.append((i, k.value))

        def converted(parts: list[ir.Expr]) -> ir.Expr:
            rest = zip(wanted, parts[len(first) :], strict=True)
            fields = {i: self.coerce(part, t.fields[i].type, argument) for (i, argument), part in rest}
            return make(parts[: len(first)], dict(sorted(fields.items())))

        parts = [*first, *(g for g in given if isinstance(g, ir.Expr))]
        return self.in_order(self.at(node), parts, converted)

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
            fail("KC208", f"next(field=…) is for records, and this is a {t}", at, "name the fields that change")
        return self._with_fields(t, node, [expr], lambda base, given: ir.WithFields(at, t, base[0], tuple(given.items())))

    # --- domains and quantifiers -----------------------------------------------------------------------------------------

    def domain(self, node: ast.expr) -> ir.Domain | list[Static]:
        """What a loop runs over; a static collection as the list of its members."""
        at = self.at(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            callee = self.value(node.func)
            if isinstance(callee, Static) and callee.value is builtins.range:
                return self._range(node)
        value = self.iterable(node)
        if isinstance(value, Static):
            found = value.value
            if isinstance(found, SortMeta) and found is not Sort:
                return ir.AllValues(at, self.compiler.spec.types.resolve(found))
            if isinstance(found, enum.EnumMeta):
                return ir.AllValues(at, self.compiler.spec.types.resolve(found))
            if isinstance(found, Set | Seq):
                return [Static(v) for v in found]
            if isinstance(found, tuple | list | set | frozenset | dict | range):
                members = self.twice(node, lambda: tuple(found))
                return [Static(v) for v in (sorted(members, key=repr) if isinstance(found, set | frozenset) else members)]
        elif isinstance(value, ir.Place | ir.Expr):
            t = value.type
            if isinstance(value, ir.Expr) and any(end is d for end in ends(value) for d in self.displays):
                fail("KC231", "this is Python's own collection and no set yet", at, "write Set() | {…}")
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

    def symmetric(self, domain: ir.Domain) -> str | None:
        """The symmetric sort that a quantifier runs over, by name: the order of its members must not show."""
        return is_symmetric(domain)

    def loop_variable(self, name: str, domain: ir.Domain) -> str:
        """Makes a loop's variable known in the body; returns its name in the IR."""
        variable = self.slot(name, domain.element)
        self._bind_variable(name, variable, domain)
        return variable

    def _bind_variable(self, name: str, variable: str, domain: ir.Domain) -> None:
        """A loop's variable stands for a place where places are run over, else for a value."""
        if isinstance(domain, ir.Elements) and isinstance(domain.source, ir.Place) and is_place(domain.element):
            self.names[name] = ir.NamedPlace(domain.at, domain.element, domain.source.root, variable)
        else:
            self.names[name] = Variable(variable, domain.element)

    def _quantifier(self, kind: str, node: ast.Call) -> Value:
        at = self.at(node)
        if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.GeneratorExp):
            name = kind if kind != "sum" else "sum"
            fail("KC229", f"{name} takes one generator", at, f"write {name}(… for x in … if …)")
        return self.collected(kind, node.args[0], node, None)

    def collected(self, kind: str, generator: Rounds, node: ast.expr, wanted: Type | None) -> ir.Expr:
        """What a generator gives to the function around it (see ir.Quantify); `wanted` is the type that a collection is to have."""
        before_names, before_facts = dict(self.names), self.facts
        self._wanted, before_wanted = collection_in(wanted), self._wanted
        try:
            result = self._generator(kind, generator, 0, node)
        finally:
            self.names, self.facts, self._wanted = before_names, before_facts, before_wanted
        if kind in ("plain", "seq"):
            self.displays.append(result)
        return result

    def _generator(self, kind: str, node: Rounds, level: int, call: ast.expr) -> ir.Expr:
        clause = node.generators[level]
        at = self.at(call)
        if not isinstance(clause.target, ast.Name) or clause.is_async:
            fail("KC003", "a generator has one variable", self.at(clause.target), "take the rest from it")
        domain = self.domain(clause.iter)
        name = clause.target.id
        self.facts = frozenset(f for f in self.facts if name not in f.names)
        if isinstance(domain, list):
            return self._unrolled_generator(kind, node, level, call, [(name, v) for v in domain])
        sort = self.symmetric(domain)
        if kind == "first":
            if sort is not None:
                fail(
                    "KC304",
                    f"first(…) over {sort}, which is symmetric: it has no first member",
                    at,
                    "make the choice a parameter of the action",
                )
            if level or len(node.generators) > 1:
                fail("KC003", "first(…) takes one `for`", at, "filter with `if any(… for …)`")
        if kind == "seq":
            if sort is not None:
                fail("KC304", f"a sequence over {sort}, which is symmetric: its members have no order", at, "collect a Set")
            if len(node.generators) > 1:
                fail("KC003", "a sequence takes one `for`", at, "add one sequence to another")
        variable = self.fresh(name)
        self._bind_variable(name, variable, domain)
        condition: ir.Expr | None = None
        for test in clause.ifs:
            part = self.condition(test)
            self.facts |= not_none(test, True)
            condition = part if condition is None else ir.Logic(self.at(test), BOOL, "and", condition, part)
        body, result = self._collected(kind, node, level, call)
        if sort is not None and kind in ("any", "all") and may_refuse((condition, body)):
            fail(
                "KC306",
                f"present(…) or require(…) in {kind}(…) over {sort}, which is symmetric: which member comes first would show",
                at,
                "filter with `if x is not None`",
            )
        if kind == "seq" and may_refuse((condition, body)):
            remedy = "filter with `if x is not None`"
            fail("KC229", "present(…) or require(…) while a sequence is collected: it may be too long before", at, remedy)
        if isinstance(body.type, IntType) and kind in ("sum", "count"):
            result = _sum_type(domain, body)
        return ir.Quantify(
            at,
            result,
            "sum" if kind == "count" and level + 1 < len(node.generators) else kind,
            variable,
            domain,
            condition,
            body,
        )

    def _collected(self, kind: str, node: Rounds, level: int, call: ast.expr) -> tuple[ir.Expr, Type]:
        if level + 1 < len(node.generators):
            inner = self._generator(kind, node, level + 1, call)
            return inner, inner.type
        if kind in ("any", "all", "count"):
            body = self.condition(node.elt)
            return body, INT if kind == "count" else BOOL
        if kind in ("set", "plain"):
            return self._member_to_collect(node.elt)
        if kind == "seq":
            if not isinstance(self._wanted, SeqType):
                fail("KC202", "the type of this sequence is not known here", self.at(call), "store it at once, or add it to a sequence")
            return self.coerce(self.value(node.elt, self._wanted.element), self._wanted.element, node.elt), self._wanted
        value = self.plain(self.value(node.elt), node.elt)
        if kind == "sum":
            return self.integer(value, node.elt), INT
        if kind in ("min", "max"):
            number = self.integer(value, node.elt)
            return number, OptionalType(number.type)
        if isinstance(value.type, OptionalType | NoneType):
            fail(
                "KC210",
                "first(…) of something that may be None cannot be told from nothing",
                self.at(node.elt),
                "filter with `if x is not None`",
            )
        return value, OptionalType(value.type)

    def _member_to_collect(self, node: ast.expr) -> tuple[ir.Expr, Type]:
        """What is put into a set, and the set's type."""
        if isinstance(self._wanted, SetType):
            key = self._wanted.key
            member = self.coerce(self.value(node, key), key, node)
            if isinstance(member, ir.Fit):
                fail("KC230", f"`{ast.unparse(node)}` may be outside {key}", self.at(node), f"collect members of {key} only")
            return member, self._wanted
        member = self.plain(self.value(node), node)
        t = member.type
        if not isinstance(t, RefType | EnumType | BoolType) and not (isinstance(t, RecordType) and t.cardinality is not None):
            fail("KC202", f"a set of {t} is not known here", self.at(node), "store it at once, or collect members of a Sort or an Enum")
        return member, SetType(t)

    def _unrolled_generator(
        self, kind: str, node: Rounds, level: int, call: ast.expr, rounds: list[tuple[str, Static]]
    ) -> ir.Expr:
        """A generator over constants: any, all, sum, count, min, max and sets written out."""
        at = self.at(call)
        if kind in ("first", "seq"):
            what = "first(…)" if kind == "first" else "a sequence"
            fail("KC229", f"{what} over a constant collection is not in the language", at, "use a Sort or an Enum")
        if kind in ("min", "max", "set", "plain"):
            return self._unrolled_collection(kind, node, level, call, rounds)
        numeric = kind in ("sum", "count")
        result: ir.Expr = ir.Const(at, IntType(0, 0), 0) if numeric else ir.Const(at, BOOL, kind == "all")
        zero = ir.Const(at, IntType(0, 0), 0)
        facts = self.facts
        for name, value in rounds:
            self.names[name], self.facts = value, facts
            condition: ir.Expr | None = None
            skipped = False
            for test in node.generators[level].ifs:
                part = self.condition(test)
                self.facts |= not_none(test, True)
                if isinstance(part, ir.Const):
                    skipped = not part.value
                    if skipped:
                        break
                    continue
                condition = part if condition is None else ir.Logic(at, BOOL, "and", condition, part)
            if skipped and condition is None:  # this round does not exist
                continue
            if skipped:
                fail("KC229", "a filter of constants comes after one that is not", at, "filter by the constants first")
            body, _ = self._collected(kind, node, level, call)
            if kind == "count" and body.type == BOOL:
                body = ir.Choose(at, IntType(0, 1), body, ir.Const(at, IntType(1, 1), 1), zero)
            if numeric:
                if condition is not None:
                    assert isinstance(body.type, IntType)
                    kept = IntType(min(0, body.type.lo), max(0, body.type.hi))
                    body = ir.Choose(at, kept, condition, body, zero)
                result = arith(at, "+", result, body)
                continue
            if condition is not None:
                guard = condition if kind == "any" else ir.Not(at, BOOL, condition)
                body = ir.Logic(at, BOOL, "and" if kind == "any" else "or", guard, body)
            result = ir.Logic(at, BOOL, "or" if kind == "any" else "and", result, body)
        return result


    def _unrolled_collection(
        self, kind: str, node: Rounds, level: int, call: ast.expr, rounds: list[tuple[str, Static]]
    ) -> ir.Expr:
        """The same for kinds that have no neutral value: filters may only be constants, and something must be left."""
        at, found = self.at(call), []
        facts = self.facts
        for name, value in rounds:
            self.names[name], self.facts = value, facts
            tests = [self.condition(test) for test in node.generators[level].ifs]
            if not all(isinstance(test, ir.Const) for test in tests):
                fail("KC229", "a filter over a constant collection depends on the state", at, "use a Sort or an Enum")
            if all(isinstance(test, ir.Const) and test.value for test in tests):
                found.append(self._collected(kind, node, level, call))
        if not found or level + 1 < len(node.generators):
            fail("KC229", "this collects over constants, and there may be nothing", at, "use a Sort or an Enum")
        if kind in ("min", "max"):
            result = found[0][0]
            for body, _ in found[1:]:
                result = arith(at, kind, result, body)
            return result
        return ir.MakeSet(at, found[0][1], tuple(body for body, _ in found))


def _sum_type(domain: ir.Domain, body: ir.Expr) -> Type:
    """The interval of the sum of `body` over a domain."""
    assert isinstance(body.type, IntType)
    n = 1 << 16
    if isinstance(domain, ir.AllValues):
        n = domain.element.cardinality or 0
    elif isinstance(domain, ir.Elements):
        t = domain.source.type
        n = t.length if isinstance(t, ArrayType) else t.limit if isinstance(t, SeqType) else t.bits
    elif isinstance(domain, ir.Between) and isinstance(domain.element, IntType):
        n = domain.element.hi - domain.element.lo + 1
    return held(IntType(min(0, body.type.lo * n), max(0, body.type.hi * n)))


def _one_of(target: Any, functions: tuple[Any, ...]) -> bool:
    """Whether something is one of these, whatever it says to `==`."""
    return any(target is f for f in functions)


__all__ = ["Calls", "EnumType"]
