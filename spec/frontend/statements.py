"""Statements: the body of one function, from syntax to IR."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any

from kubecheck.spec import ir
from kubecheck.spec.declare import annotations_of
from kubecheck.spec.errors import SpecError
from kubecheck.spec.frontend.bindings import (
    Binding,
    Static,
    SymmetricLoop,
    Value,
    Variable,
    assigned_names,
    fact,
    not_none,
)
from kubecheck.spec.frontend.context import collection_in
from kubecheck.spec.frontend.expressions import Expressions
from kubecheck.spec.frontend.functions import Compiler
from kubecheck.spec.frontend.places import is_symmetric
from kubecheck.spec.frontend.rounds import Rounds
from kubecheck.spec.intervals import as_wide_as
from kubecheck.spec.source import fail
from kubecheck.spec.types import (
    INT,
    ArrayType,
    IntType,
    NoneType,
    OptionalType,
    RecordType,
    SetType,
    Type,
    is_place,
)

_REMEDY = {
    ast.While: "write a `for` over a finite domain",
    ast.Try: "write a condition with `if` or `require`",
    ast.With: "leave it out",
    ast.Assert: "write `require(…)` for a condition, or an invariant for a property",
    ast.Raise: "write `require(False)`, or let a value leave its range",
    ast.Match: "write `if`/`elif`",
    ast.Delete: "store a default instead",
    ast.FunctionDef: "move the function out of this one",
    ast.ClassDef: "move the class out of the function",
    ast.Import: "import at the top of the file",
    ast.ImportFrom: "import at the top of the file",
    ast.Global: "keep everything that changes in the state",
    ast.Nonlocal: "keep everything that changes in the state",
}


class Body(Expressions):
    """Compiles one function's statements; `names`, `facts` and `loops` are what is known at the current point."""

    def __init__(
        self,
        compiler: Compiler,
        function: FunctionType,
        namespace: Any,
        compiled: ir.Function,
        names: dict[str, Binding],
    ) -> None:
        super().__init__(compiler, function, namespace, compiled)
        self.names = names
        self._assigned: dict[str, int] = {}
        self._loop_variables: list[str] = []
        self._aliases: dict[str, list[ir.Place]] = {}  # what names of places stand for
        self._families: dict[int, str] = {}  # which accumulating stores can be exchanged, by id
        self._own_reads: set[int] = set()  # the reads that belong to these
        self._kept: list[ir.Node] = []  # so that ids stay their own
        self._parameters = frozenset(names)
        self._results: list[IntType] = []  # of a function that returns integers

    def compile(self, definition: ast.FunctionDef) -> tuple[ir.Stmt, ...]:
        """The body of the function; SpecError if it can end without the result that it promises."""
        self._assigned = assigned_names(definition.body)
        start = self._changeable(definition)
        body, ends = self._block(definition.body)
        body = start + body
        if not ends and not isinstance(self.compiled.result, NoneType):
            fail(
                "KC215",
                f"{definition.name} can end without a result",
                self.at(definition.body[-1]),
                f"return a {self.compiled.result} on every way through",
            )
        if self.compiled.result == INT and self._results:
            whole = IntType(min(t.lo for t in self._results), max(t.hi for t in self._results))
            self.compiled.result = as_wide_as(whole)
        return tuple(body)

    def _changeable(self, definition: ast.FunctionDef) -> list[ir.Stmt]:
        """Gives parameters that are assigned to the slot of a local name; integers may then be any integer."""
        out: list[ir.Stmt] = []
        for name, binding in list(self.names.items()):
            if not isinstance(binding, Variable) or name not in self._assigned:
                continue
            if isinstance(binding.type, IntType) and binding.type != INT:
                at, slot = self.at(definition), self.slot(name, INT)
                out.append(ir.SetLocal(at, slot, INT, ir.Local(at, binding.type, binding.ir_name)))
                self.names[name] = Variable(slot, INT)
            else:
                self._slots[name, binding.type] = binding.ir_name
        return out

    # --- blocks ----------------------------------------------------------------------------------------------------------

    def _block(self, statements: list[ast.stmt]) -> tuple[list[ir.Stmt], bool]:
        """IR of a block, and whether its end is never reached."""
        out: list[ir.Stmt] = []
        for statement in statements:
            new, ends = self._statement(statement)
            out += new
            if ends:
                return out, True
        return out, False

    def _statement(self, node: ast.stmt) -> tuple[list[ir.Stmt], bool]:
        if isinstance(node, ast.Pass):
            return [], False
        if isinstance(node, ast.Expr):
            self.alone |= alone(node.value)
            found = self._expression_statement(node)
            # `require(False)`, as constants have it: what follows is for other constants
            never = any(isinstance(s, ir.Require) and isinstance(s.condition, ir.Const) and not s.condition.value for s in found)
            return found, never
        if isinstance(node, ast.Assign):
            if len(node.targets) != 1:
                fail("KC003", "several targets in one assignment", self.at(node), "assign one after the other")
            self.alone |= alone(node.value)
            return self._assign(node.targets[0], node.value, node), False
        if isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.alone |= alone(node.value)
            return self._annotated(node), False
        if isinstance(node, ast.AugAssign):
            return self._augmented(node), False
        if isinstance(node, ast.If):
            return self._if(node)
        if isinstance(node, ast.For):
            return self._for(node), False
        if isinstance(node, ast.Return):
            return self._return(node), True
        if isinstance(node, ast.Break | ast.Continue):
            return self._jump(node), True
        remedy = next(
            (text for kind, text in _REMEDY.items() if isinstance(node, kind)), "see docs/design.md, Functions"
        )
        fail("KC001", f"`{_keyword(node)}` is not in the language", self.head(node), remedy)

    def _expression_statement(self, node: ast.Expr) -> list[ir.Stmt]:
        if isinstance(node.value, ast.Constant):
            return []  # a docstring
        if isinstance(node.value, ast.Call):
            required = self.required(node.value)
            if required is not None:
                self.alone |= alone(required)
                condition = self.condition(required)
                self.facts |= not_none(required, True)
                if isinstance(condition, ir.Const) and condition.value is True:
                    return []
                return [ir.Require(self.at(node), condition)]
            value = self.value(node.value)
            if isinstance(value, Static):  # of constants only: what it does is not done to the state
                fail("KC004", "this has no effect on the state", self.at(node), "remove the line")
            if isinstance(value, ir.Expr):
                return [ir.Evaluate(self.at(node), value)]
        fail("KC004", "this has no effect", self.at(node), "assign the value, require it, or remove the line")

    # --- assignments -----------------------------------------------------------------------------------------------------

    def _assign(self, target: ast.expr, source: ast.expr, node: ast.stmt) -> list[ir.Stmt]:
        if isinstance(target, ast.Name):
            old = self.names.get(target.id)
            wanted = old.type if isinstance(old, Variable) and not isinstance(old.type, IntType) else None
            return self._set_name(target, self.value(source, wanted), None, node, source)
        if isinstance(target, ast.Tuple) and isinstance(source, ast.Tuple) and len(target.elts) == len(source.elts):
            return self._assign_all(target, source, node)
        if isinstance(target, ast.Tuple | ast.List | ast.Starred):
            fail("KC003", "unpacking is not in the language", self.at(target), "assign one name at a time")
        place = self.target(target)
        if isinstance(place.type, ArrayType):
            value = self.value(source)
            if isinstance(value, ir.Place) and value.type == place.type:
                self.check_symmetric_write(target, place, None)
                self.wrote(place)
                return [ir.CopyPlace(self.at(node), place, value)]
        return self._store(target, self.value(source, place.type), source, node)

    def _store(self, target: ast.expr, value: Value, source: ast.expr, node: ast.stmt) -> list[ir.Stmt]:
        """A value stored in the place that an expression names."""
        place = self.target(target)
        if isinstance(place.type, RecordType) and place.type.is_state:
            fail(
                "KC204",
                f"{place.type} is a State and cannot be replaced",
                self.at(target),
                "assign its fields one by one",
            )
        stored = self.coerce(value, place.type, source)
        self.check_symmetric_write(target, place, None)
        self.wrote(place)
        return [ir.Store(self.at(node), place, stored)]

    def _set_name(
        self, target: ast.Name, value: Value, declared: Type | None, node: ast.stmt, source: ast.expr
    ) -> list[ir.Stmt]:
        name = target.id
        old = self.names.get(name)
        if name in self._loop_variables:
            fail("KC205", f"{name} is the variable of a loop", self.at(target), "use another name")
        self.forget(name)
        if isinstance(value, ir.Place) and is_place(value.type) and declared is None:
            if name in self._parameters or not (
                old is None or (isinstance(old, ir.Place) and old.type == value.type and old.root == value.root)
            ):
                fail("KC205", f"{name} already stands for something else", self.at(target), "use another name")
            self._aliases.setdefault(name, []).append(value)
            place = ir.NamedPlace(self.at(node), value.type, value.root, name)
            self.names[name] = place
            return [ir.Name(self.at(node), name, value)]
        if (
            isinstance(value, Static)
            and declared is None
            and self._assigned.get(name) == 1
            and name not in self._parameters
        ):
            self.names[name] = value
            return []
        if isinstance(old, Static | ir.Place) and name in self._parameters:
            fail(
                "KC205", f"{name} is a parameter that holds a place or a constant", self.at(target), "use another name"
            )
        t = declared
        if t is None and isinstance(old, Variable):
            t = old.type
        if t is None:
            t = self.natural(value, source)
        if isinstance(t, IntType):
            if self._assigned.get(name) != 1 or name in self._parameters:
                t = INT  # what is assigned again may hold any integer: CPython checks no annotation
            elif declared in (None, INT) and isinstance(own := self.natural(value, source), IntType):
                t = own
        expr = self.bound(value, t, source, f"{name}")
        self.check_symmetric_local(target, name, None)
        slot = self.slot(name, t)
        self.names[name] = Variable(slot, t)
        if isinstance(value, ir.Expr) and isinstance(t, OptionalType) and value.type == t.inner:
            self.learn(target)
        return [ir.SetLocal(self.at(node), slot, t, expr)]

    def _assign_all(self, targets: ast.Tuple, sources: ast.Tuple, node: ast.stmt) -> list[ir.Stmt]:
        """`a, b = x, y`: every value is computed before anything changes."""
        out: list[ir.Stmt] = []
        held: list[Value] = []
        names = {target.id for target in targets.elts if isinstance(target, ast.Name)}
        wanted = [None if isinstance(target, ast.Name) else self.target(target).type for target in targets.elts]
        for source, t in zip(sources.elts, wanted, strict=True):
            value = self.value(source, t)
            if isinstance(value, ir.Place) and isinstance(source, ast.Name) and source.id in names:
                fail("KC003", "names of places cannot be exchanged", self.at(source), "assign one after the other")
            if isinstance(value, ir.Place) and t is not None:
                remedy = "assign one after the other"
                fail("KC003", f"{value.type} is a place: it cannot be assigned together with others", self.at(source), remedy)
            if not isinstance(value, Static | ir.Place):
                if t is not None and not isinstance(value, ir.Local) and collection_in(t) is not None:
                    value = self.coerce(value, t, source)  # a tuple or set that is written out has the type of its place
                expr = self.plain(value, source)
                name = self.fresh("value")
                out.append(ir.SetLocal(self.at(source), name, expr.type, expr))
                value = ir.Local(self.at(source), expr.type, name)
            held.append(value)
        for target, source, value in zip(targets.elts, sources.elts, held, strict=True):
            if isinstance(target, ast.Name):
                out += self._set_name(target, value, None, node, source)
            else:
                out += self._store(target, value, source, node)
        return out

    def _annotated(self, node: ast.AnnAssign) -> list[ir.Stmt]:
        if not isinstance(node.target, ast.Name) or node.value is None:
            fail("KC003", "only a name with a value can be annotated", self.at(node), "write `name: Type = value`")
        t = self.local_annotation(node.annotation)
        value = self.value(node.value, t)
        if isinstance(value, ir.Place) and is_place(t) and value.type == t:
            return self._set_name(node.target, value, None, node, node.value)
        if isinstance(value, Static) and not isinstance(value.value, list | set | tuple):
            value = self.constant(value, t, node.value)
        return self._set_name(node.target, value, t, node, node.value)

    def local_annotation(self, node: ast.expr) -> Type:
        """The type that the annotation of a local name stands for."""
        text = ast.unparse(node)
        if text == "int":
            return INT
        _, names = annotations_of(self.function, self.namespace)
        try:
            return self.compiler.spec.types.resolve(text, names)
        except SpecError as e:
            fail(e.code, e.message, self.at(node), e.remedy)

    def _augmented(self, node: ast.AugAssign) -> list[ir.Stmt]:
        operator = type(node.op)
        if isinstance(node.target, ast.Name):
            old = self.names.get(node.target.id)
            if node.target.id in self._loop_variables:
                fail("KC205", f"{node.target.id} is the variable of a loop", self.at(node.target), "use another name")
            self.alone |= alone(node.value)
            if not isinstance(old, Variable):
                self.value(node.target)  # says what is wrong with it
                fail(
                    "KC205",
                    f"{node.target.id} is not a variable of this function",
                    self.at(node.target),
                    "assign it first",
                )
            self.check_symmetric_local(node.target, node.target.id, operator)
            now: ir.Expr = ir.Local(self.at(node.target), old.type, old.ir_name)
            value = self.binary(operator, now, self.value(node.value, collection_in(old.type)), node)
            expr = self.bound(value, old.type, node.value, node.target.id)
            self.forget(node.target.id)
            return [self._accumulates(ir.SetLocal(self.at(node), old.ir_name, old.type, expr), now, operator)]
        place = self.target(node.target)
        self.check_symmetric_write(node.target, place, operator)
        now = ir.Read(self.at(node.target), place.type, place)
        value = self.binary(operator, now, self.value(node.value, collection_in(place.type)), node)
        expr = self.coerce(value, place.type, node)
        self.wrote(place)
        return [self._accumulates(ir.Store(self.at(node), place, expr), now, operator)]

    def _accumulates(self, store: ir.Stmt, now: ir.Expr, operator: type[ast.operator]) -> ir.Stmt:
        """Remembers that a store accumulates, and by an operation that can be exchanged with which others."""
        t = now.type
        if operator in (ast.Add, ast.Sub) and isinstance(t, IntType):
            family = "sum"
        elif operator is ast.BitOr:
            family = "or"
        elif operator is ast.BitAnd or (operator is ast.Sub and isinstance(t, SetType)):
            family = "and"
        else:
            return store
        self._families[id(store)] = family
        self._own_reads.add(id(now))
        self._kept += [store, now]
        return store

    # --- control flow ----------------------------------------------------------------------------------------------------

    def _if(self, node: ast.If) -> tuple[list[ir.Stmt], bool]:
        self.alone |= alone(node.test)
        condition = self.condition(node.test)
        if isinstance(condition, ir.Const):  # static: only the branch that is taken exists
            self.facts |= not_none(node.test, condition.value)
            return self._block(node.body if condition.value else node.orelse)
        before_names, before_facts = dict(self.names), self.facts
        self.facts = before_facts | not_none(node.test, True)
        then, then_ends = self._block(node.body)
        then_names, then_facts = self.names, self.facts
        self.names, self.facts = dict(before_names), before_facts | not_none(node.test, False)
        other, other_ends = self._block(node.orelse)
        if then_ends and not other_ends:
            pass
        elif other_ends:
            self.names, self.facts = then_names, then_facts
        else:
            other_names = self.names
            self.names = {n: b for n, b in other_names.items() if n in then_names and _same(b, then_names[n])}
            self.mixed |= {n for n in other_names if n in then_names and n not in self.names}
            self.facts &= then_facts
        return [ir.If(self.at(node), condition, tuple(then), tuple(other))], then_ends and other_ends

    def _for(self, node: ast.For) -> list[ir.Stmt]:
        if node.orelse:
            fail("KC003", "`for … else` is not in the language", self.head(node), "set a flag in the loop")
        if not isinstance(node.target, ast.Name):
            fail("KC003", "a loop has one variable", self.at(node.target), "loop over keys and read the rest from them")
        name = node.target.id
        if name in self._parameters:
            fail("KC205", f"{name} is a parameter", self.at(node.target), "use another name for the loop variable")
        if name in self.names:
            fail("KC205", f"{name} already stands for something else", self.at(node.target), "use another name")
        self.alone |= alone(node.iter)
        domain = self.domain(node.iter)
        if isinstance(domain, list) and len(domain) > 1 and self._unordered(node.iter):
            fail("KC231", "a Python set has no order", self.at(node.iter), "loop over a tuple")
        before = dict(self.names)
        changed = assigned_names(node.body)
        self.facts = self.lasting(frozenset(f for f in self.facts if not f.names & set(changed)))
        if isinstance(domain, list):
            return self._unrolled(node, name, domain)
        kept = self.facts
        symmetric = is_symmetric(domain)
        if symmetric is not None:
            names_member = isinstance(domain, ir.AllValues) or is_place(domain.element) or _over_set(domain)
            variable = self.slot(name, domain.element) if names_member else None
            self.loops.append(SymmetricLoop(variable, frozenset(before), symmetric))
        statement = self.loop_variable(name, domain)
        self._loop_variables.append(name)
        body, _ = self._block(node.body)
        self._loop_variables.pop()
        if symmetric is not None:
            self.loops.pop()
        self.names = {n: b for n, b in self.names.items() if n in before}
        for n, b in before.items():
            self.names.setdefault(n, b)
        self.facts = frozenset(f for f in kept if f in self.facts)
        if isinstance(domain, ir.Elements) and isinstance(domain.source, ir.Place) and is_place(domain.element):
            any_key = ir.Const(domain.at, domain.source.type.key, None)  # type: ignore[attr-defined]  # an array
            element = ir.ItemPlace(domain.at, domain.element, domain.source.root, domain.source, any_key)
            self._aliases.setdefault(statement, []).append(element)
        loop = ir.For(self.at(node), statement, domain, tuple(body))
        if symmetric is not None:
            self._check_rounds(loop, before, symmetric)
        return [loop]

    def _check_rounds(self, loop: ir.For, before: dict[str, Binding], what: str) -> None:
        outer = {b.ir_name for b in before.values() if isinstance(b, Variable)}
        found = Rounds(loop, self._aliases, self._families, self._own_reads, outer).conflict()
        if found is not None:
            fail(
                "KC305",
                f"a round of the loop over {what}, which is symmetric, would see here what another round wrote",
                found.at,
                "compute it before the loop, or write in a loop of its own",
            )

    def _unordered(self, node: ast.expr) -> bool:
        value = self.iterable(node)
        return isinstance(value, Static) and isinstance(value.value, set | frozenset)

    def _unrolled(self, node: ast.For, name: str, values: list[Static]) -> list[ir.Stmt]:
        """A loop over a static collection: its rounds, one after the other."""
        if any(_jumps(s) for s in node.body):
            fail(
                "KC005",
                "break and continue cannot be used in a loop over a constant collection",
                self.head(node),
                "write `if`",
            )
        out: list[ir.Stmt] = []
        self._loop_variables.append(name)
        for value in values:
            self.names[name] = value
            self.forget(name)
            body, ends = self._block(node.body)
            out += body
            if ends:
                break
        self._loop_variables.pop()
        self.names.pop(name, None)
        return out

    def _return(self, node: ast.Return) -> list[ir.Stmt]:
        if self.loops:
            fail(
                "KC302",
                f"return inside a loop over {self.loops[-1].what}, which is symmetric: which member comes first would show",
                self.at(node),
                "use any(…), all(…) or count(…)",
            )
        result = self.compiled.result
        if node.value is None or (
            isinstance(node.value, ast.Constant) and node.value.value is None and isinstance(result, NoneType)
        ):
            if not isinstance(result, NoneType):
                fail("KC215", f"a {result} must be returned", self.at(node), "return a value")
            return [ir.Return(self.at(node), None)]
        if isinstance(result, NoneType):
            fail(
                "KC215",
                "this function returns nothing, as its annotation says",
                self.at(node),
                "return without a value",
            )
        self.alone |= alone(node.value)
        value = self.bound(self.value(node.value, result), result, node.value, "a result")
        if isinstance(value.type, IntType):
            self._results.append(value.type)
        return [ir.Return(self.at(node), value)]

    def _jump(self, node: ast.Break | ast.Continue) -> list[ir.Stmt]:
        if isinstance(node, ast.Continue):
            return [ir.Continue(self.at(node))]
        if self.loops:
            fail(
                "KC302",
                f"break inside a loop over {self.loops[-1].what}, which is symmetric: which member comes first would show",
                self.at(node),
                "use any(…), all(…) or count(…)",
            )
        return [ir.Break(self.at(node))]

    # --- facts -----------------------------------------------------------------------------------------------------------

    def forget(self, name: str) -> None:
        """A name is assigned anew: nothing that was known of it holds."""
        self.facts = frozenset(f for f in self.facts if name not in f.names)

    def learn(self, target: ast.expr) -> None:
        """A value that is not None was assigned to an optional name."""
        known = fact(target)
        if known is not None:
            self.facts |= {known}


def alone(node: ast.expr) -> set[int]:
    """The calls, by id, that are evaluated first of all when an expression is, always and once: these may write to the state."""
    if isinstance(node, ast.Call):
        return {id(node), *(alone(node.args[0]) if len(node.args) == 1 else ())}
    if isinstance(node, ast.UnaryOp):
        return alone(node.operand)
    if isinstance(node, ast.Compare | ast.BinOp):
        return alone(node.left)
    if isinstance(node, ast.BoolOp):
        return alone(node.values[0])
    if isinstance(node, ast.Attribute | ast.Subscript):
        return {id(node), *alone(node.value)}  # a property is a call, too
    if isinstance(node, ast.IfExp):
        return alone(node.test)
    return set()


def _jumps(node: ast.stmt) -> bool:
    """Whether a statement leaves a round of the loop around it."""
    if isinstance(node, ast.Break | ast.Continue):
        return True
    return isinstance(node, ast.If) and any(_jumps(s) for s in [*node.body, *node.orelse])


def _same(a: Binding, b: Binding) -> bool:
    if isinstance(a, ir.NamedPlace) and isinstance(b, ir.NamedPlace):
        return a.type == b.type and a.root == b.root
    return a == b or a is b


def _over_set(domain: ir.Domain) -> bool:
    return isinstance(domain, ir.Elements) and isinstance(domain.source.type, SetType)


def _keyword(node: ast.stmt) -> str:
    words = {
        ast.FunctionDef: "def",
        ast.ClassDef: "class",
        ast.ImportFrom: "from … import",
        ast.Delete: "del",
        ast.AsyncFor: "async for",
    }
    return words.get(type(node), type(node).__name__.lower())
