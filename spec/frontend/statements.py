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
from kubecheck.spec.frontend.expressions import Expressions
from kubecheck.spec.frontend.functions import Compiler
from kubecheck.spec.frontend.places import is_symmetric
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
        self._parameters = frozenset(names)

    def compile(self, definition: ast.FunctionDef) -> tuple[ir.Stmt, ...]:
        """The body of the function; SpecError if it can end without the result that it promises."""
        self._assigned = assigned_names(definition.body)
        body, ends = self._block(definition.body)
        if not ends and not isinstance(self.compiled.result, NoneType):
            fail(
                "KC215",
                f"{definition.name} can end without a result",
                self.at(definition.body[-1]),
                f"return a {self.compiled.result} on every way through",
            )
        return tuple(body)

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
            return self._expression_statement(node), False
        if isinstance(node, ast.Assign):
            if len(node.targets) != 1:
                fail("KC003", "several targets in one assignment", self.at(node), "assign one after the other")
            return self._assign(node.targets[0], node.value, node), False
        if isinstance(node, ast.AnnAssign):
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
                condition = self.condition(required)
                self.facts |= not_none(required, True)
                if isinstance(condition, ir.Const) and condition.value is True:
                    return []
                return [ir.Require(self.at(node), condition)]
            value = self.value(node.value)
            if isinstance(value, Static):
                return []
            if isinstance(value, ir.Expr):
                return [ir.Evaluate(self.at(node), value)]
        fail("KC004", "this has no effect", self.at(node), "assign the value, require it, or remove the line")

    # --- assignments -----------------------------------------------------------------------------------------------------

    def _assign(self, target: ast.expr, source: ast.expr, node: ast.stmt) -> list[ir.Stmt]:
        if isinstance(target, ast.Name):
            return self._set_name(target, self.value(source), None, node, source)
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
        if isinstance(place.type, RecordType) and place.type.is_state:
            fail(
                "KC204",
                f"{place.type} is a State and cannot be replaced",
                self.at(target),
                "assign its fields one by one",
            )
        value = self.coerce(self.value(source, place.type), place.type, source)
        self.check_symmetric_write(target, place, None)
        self.wrote(place)
        return [ir.Store(self.at(node), place, value)]

    def _set_name(
        self, target: ast.Name, value: Value, declared: Type | None, node: ast.stmt, source: ast.expr
    ) -> list[ir.Stmt]:
        name = target.id
        old = self.names.get(name)
        self.forget(name)
        if isinstance(value, ir.Place) and is_place(value.type) and declared is None:
            if old is not None and not (
                isinstance(old, ir.Place) and old.type == value.type and old.root == value.root
            ):
                fail("KC205", f"{name} already stands for something else", self.at(target), "use another name")
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
        if isinstance(t, IntType) and declared is None:
            t = INT
        expr = self.coerce(value, t, source)
        self.check_symmetric_local(target, name, None)
        slot = self.slot(name, t)
        self.names[name] = Variable(slot, t)
        if isinstance(value, ir.Expr) and isinstance(t, OptionalType) and value.type == t.inner:
            self.learn(target)
        return [ir.SetLocal(self.at(node), slot, t, expr)]

    def _assign_all(self, targets: ast.Tuple, sources: ast.Tuple, node: ast.stmt) -> list[ir.Stmt]:
        """`a, b = x, y`: every value is computed before any name changes."""
        out: list[ir.Stmt] = []
        held: list[Value] = []
        for source in sources.elts:
            value = self.value(source)
            if not isinstance(value, Static | ir.Place):
                expr = self.plain(value, source)
                t = INT if isinstance(expr.type, IntType) else expr.type
                name = self.fresh("value")
                out.append(ir.SetLocal(self.at(source), name, t, self.coerce(expr, t, source)))
                value = ir.Local(self.at(source), t, name)
            held.append(value)
        for target, source, value in zip(targets.elts, sources.elts, held, strict=True):
            if not isinstance(target, ast.Name):
                fail("KC003", "only names can be assigned together", self.at(target), "assign one after the other")
            out += self._set_name(target, value, None, node, source)
        return out

    def _annotated(self, node: ast.AnnAssign) -> list[ir.Stmt]:
        if not isinstance(node.target, ast.Name) or node.value is None:
            fail("KC003", "only a name with a value can be annotated", self.at(node), "write `name: Type = value`")
        t = self.local_annotation(node.annotation)
        value = self.value(node.value, t)
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
            if not isinstance(old, Variable):
                self.value(node.target)  # says what is wrong with it
                fail(
                    "KC205",
                    f"{node.target.id} is not a variable of this function",
                    self.at(node.target),
                    "assign it first",
                )
            self.check_symmetric_local(node.target, node.target.id, operator)
            value = self.binary(
                operator, ir.Local(self.at(node.target), old.type, old.ir_name), self.value(node.value, old.type), node
            )
            expr = self.coerce(value, old.type, node.value)
            self.forget(node.target.id)
            return [ir.SetLocal(self.at(node), old.ir_name, old.type, expr)]
        place = self.target(node.target)
        self.check_symmetric_write(node.target, place, operator)
        value = self.binary(
            operator, ir.Read(self.at(node.target), place.type, place), self.value(node.value, place.type), node
        )
        expr = self.coerce(value, place.type, node)
        self.wrote(place)
        return [ir.Store(self.at(node), place, expr)]

    # --- control flow ----------------------------------------------------------------------------------------------------

    def _if(self, node: ast.If) -> tuple[list[ir.Stmt], bool]:
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
            self.names = {n: b for n, b in self.names.items() if n in then_names and _same(b, then_names[n])}
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
        domain = self.domain(node.iter)
        before = dict(self.names)
        changed = assigned_names(node.body)
        self.facts = frozenset(f for f in self.facts if not f.names & set(changed) and not self.is_place_name(f.root))
        if isinstance(domain, list):
            return self._unrolled(node, name, domain)
        kept = self.facts
        symmetric = is_symmetric(domain)
        if symmetric is not None:
            names_member = isinstance(domain, ir.AllValues) or is_place(domain.element) or _over_set(domain)
            variable = self.slot(name, domain.element) if names_member else None
            self.loops.append(SymmetricLoop(variable, frozenset(before), symmetric))
        statement = self.loop_variable(name, domain)
        body, _ = self._block(node.body)
        if symmetric is not None:
            self.loops.pop()
        self.names = {n: b for n, b in self.names.items() if n in before}
        for n, b in before.items():
            self.names.setdefault(n, b)
        self.facts = frozenset(f for f in kept if f in self.facts)
        return [ir.For(self.at(node), statement, domain, tuple(body))]

    def _unrolled(self, node: ast.For, name: str, values: list[Static]) -> list[ir.Stmt]:
        """A loop over a static collection: its rounds, one after the other."""
        if any(isinstance(n, ast.Break | ast.Continue) for s in node.body for n in ast.walk(s)):
            fail(
                "KC005",
                "break and continue cannot be used in a loop over a constant collection",
                self.head(node),
                "write `if`",
            )
        out: list[ir.Stmt] = []
        outer = self.names.get(name)
        for value in values:
            self.names[name] = value
            body, ends = self._block(node.body)
            out += body
            if ends:
                break
        self.names.pop(name, None)
        if outer is not None:
            self.names[name] = outer
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
        value = self.coerce(self.value(node.value, result), result, node.value)
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
