"""The variables of a function of a spec's author at one moment, and what expressions of its source mean among them."""

from __future__ import annotations

import ast
import enum
import inspect
import linecache
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any, Final

import msgspec

import kubecheck.spec as language
from kubecheck.checker.report import Condition, Operand, Position
from kubecheck.spec import source
from kubecheck.spec.layout import show_scalar
from kubecheck.spec.reference import show
from kubecheck.spec.types import Data
from kubecheck.spec.values import Array, Record, Root, Seq, Set, Sort

LONGEST_VALUE: Final = 200
"""Characters of a value that are shown; a longer one, a whole array of records, says nothing at first sight."""

_OWN: Final = os.path.dirname(language.__file__) + os.sep


@dataclass(frozen=True)
class Moment:
    """What the states that an execution looks at hold at one moment of it. Functions may write to them, and be run again."""

    roots: tuple[Root, ...]
    data: tuple[Data, ...]

    @classmethod
    def of(cls, *roots: Root | None) -> Moment:
        """As they are now."""
        there = tuple(root for root in roots if root is not None)
        return cls(there, tuple(root.data for root in there))

    @contextmanager
    def now(self) -> Iterator[None]:
        """The states are as they were then while the body runs, and after it as they are now."""
        before = [root.data for root in self.roots]
        for root, data in zip(self.roots, self.data, strict=True):
            root.data = data
        try:
            yield
        finally:
            for root, data in zip(self.roots, before, strict=True):
                root.data = data


@dataclass(frozen=True)
class Names:
    """What the names of a function stand for. `tree` is the function; `moment` has the states that it looks at, as they are there."""

    file: str
    tree: ast.FunctionDef
    variables: dict[str, Any]
    moment: Moment

    def value(self, node: ast.expr, *, default: Any) -> Any:
        """What an expression evaluates to, in CPython; `default` if it raises."""
        try:
            with self.moment.now():
                return eval(compile(ast.Expression(node), self.file, "eval"), dict(self.variables))
        except Exception:  # a part that `and` kept from being evaluated may raise anything
            return default

    def elements(self, generator: ast.GeneratorExp) -> Iterator[tuple[dict[str, str], Names]]:
        """The elements that a generator expression goes through: its loop variables as they are shown, and all names with them."""
        yield from self._loop(generator.generators, {})

    def _loop(self, loops: list[ast.comprehension], shown: dict[str, str]) -> Iterator[tuple[dict[str, str], Names]]:
        if not loops:
            yield shown, self
            return
        loop, *inner = loops
        domain = self.value(loop.iter, default=())
        keys = [f"{self.text(loop.iter)}[{show_scalar(key)}]" for key in domain._type.key.values()] if isinstance(domain, Array) else []
        for number, value in enumerate(domain):
            bound = dict(_bound(loop.target, value))
            names = replace(self, variables={**self.variables, **bound})
            if all(names.value(condition, default=False) for condition in loop.ifs):
                # an element of an array is called by its place: its value alone would not say which one it is
                told = {name: keys[number] if keys else shown_value(v) or name for name, v in bound.items()}
                yield from names._loop(inner, shown | told)

    def assigned(self, name: str) -> ast.expr | None:
        """The expression that a local name stands for, if it is assigned once, as a whole, and not in a loop."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.For) and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node)):
                return None
            targets = node.targets if isinstance(node, ast.Assign) else []
            targets = [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else targets
            if any(isinstance(n, ast.Name) and n.id == name for target in targets for n in ast.walk(target)):
                found.append(node)
        only = found[0] if len(found) == 1 else None
        if isinstance(only, ast.Assign) and len(only.targets) == 1 and isinstance(only.targets[0], ast.Name):
            return only.value
        return None

    def text(self, node: ast.AST) -> str:
        """The source text of a node, in one line."""
        lines = "".join(linecache.getlines(self.file))
        return " ".join((ast.get_source_segment(lines, node) or ast.unparse(node)).split())

    def bare(self, node: ast.expr, *, holds: bool) -> Condition:
        """A condition, and nothing about why."""
        at = source.position(self.file, node)
        place = Position(file=at.file, line=at.line, column=at.column)
        return Condition(text=self.text(node), holds=holds, function=self.tree.name, position=place)

    def leaf(self, node: ast.expr, *, holds: bool, value: str = "") -> Condition:
        """A condition with the values that it compares, without its parts."""
        operands = []
        if value:
            operands.append(Operand(text=self.text(node), value=value))
        if isinstance(node, ast.Compare):
            for operand in (node.left, *node.comparators):
                operands += self._operand(operand)
        return msgspec.structs.replace(self.bare(node, holds=holds), operands=operands)

    def _operand(self, node: ast.expr) -> list[Operand]:
        """An expression and its value, unless the expression is the value."""
        text, value = self.text(node), shown_value(self.value(node, default=None))
        if isinstance(node, ast.Constant) or not value or text == value or len(value) > LONGEST_VALUE:
            return []
        if isinstance(node, ast.Attribute) and value == node.attr.lower().replace("_", "-"):
            return []  # a member of an enum
        counted = self.counted(node)
        return [Operand(text=text, value=value, counted=counted if str(len(counted)) == value else [])]

    def counted(self, node: ast.expr, depth: int = 0) -> list[str]:
        """What a count found, `p = pod-0`: of `count(…)` itself, of a name for one, or of a function that returns one."""
        if depth > 3:
            return []
        if isinstance(node, ast.Name) and (assigned := self.assigned(node.id)) is not None:
            return self.counted(assigned, depth + 1)
        if not isinstance(node, ast.Call):
            return []
        function = self.value(node.func, default=None)
        if function is language.count and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            element = node.args[0].elt
            return [
                ", ".join(f"{name} = {value}" for name, value in shown.items())
                for shown, inner in self.elements(node.args[0])
                if inner.value(element, default=False)
            ]
        if isinstance(function, FunctionType | MethodType) and (given := called(function, node, self)) is not None:
            returned = returned_by(*given, self.moment)
            if returned is not None and returned.statement.value is not None:
                return returned.names.counted(returned.statement.value, depth + 1)
        return []


@dataclass(frozen=True)
class Returned:
    """A call that has come to its end: the function, the `return` that it took, its variables there."""

    tree: ast.FunctionDef
    statement: ast.Return
    names: Names


def returned_by(function: FunctionType, arguments: dict[str, Any], moment: Moment) -> Returned | None:
    """Runs a function in the states of a moment and looks at its end; None if it does not end with a `return` of its own."""
    tree = source.tree(function)
    ends: list[tuple[dict[str, Any], int, Moment]] = []

    def at_end(frame: FrameType) -> None:
        ends.append((dict(frame.f_locals), frame.f_lineno, Moment.of(*moment.roots)))

    try:
        with moment.now():
            _watch(function, arguments, function.__code__, at_end)
    except Exception:  # it refuses, or a value leaves its type: others tell that
        return None
    variables, line, end = ends[-1]
    statements = [n for n in ast.walk(tree) if isinstance(n, ast.Return) and n.lineno <= line <= (n.end_lineno or n.lineno)]
    if not statements or statements[-1].value is None:
        return None
    closure = dict(zip(function.__code__.co_freevars, _cells(function), strict=True))
    names = Names(function.__code__.co_filename, tree, {**function.__globals__, **closure, **variables}, end)
    return Returned(tree, statements[-1], names)


def _cells(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that is bound later, and so not used here
            yield None


def _watch(function: Callable[..., Any], arguments: dict[str, Any], code: CodeType, at_end: Callable[[FrameType], None]) -> None:
    """Calls a function; `at_end` gets its frame when it comes to an end, and not those of the calls inside."""

    def local(frame: FrameType, event: str, _: Any) -> Any:
        if event == "return":
            at_end(frame)
        return local

    def each(frame: FrameType, event: str, _: Any) -> Any:
        return local if event == "call" and frame.f_code is code else None

    before = sys.gettrace()
    sys.settrace(each)
    try:
        function(**arguments)
    finally:
        sys.settrace(before)


def called(function: FunctionType | MethodType, node: ast.Call, names: Names) -> tuple[FunctionType, dict[str, Any]] | None:
    """The function of the author's own that a call calls, with its arguments by name; None for any other, or if one cannot be evaluated."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(plain, FunctionType) or not is_authors(plain.__code__.co_filename):
        return None
    missing = object()
    first = [function.__self__] if isinstance(function, MethodType) else []
    positional = [*first, *(names.value(a, default=missing) for a in node.args)]
    keywords = {k.arg: names.value(k.value, default=missing) for k in node.keywords if k.arg is not None}
    try:
        bound = inspect.signature(plain).bind(*positional, **keywords)
    except TypeError:
        return None
    bound.apply_defaults()
    if any(value is missing for value in bound.arguments.values()):
        return None
    return plain, dict(bound.arguments)


def is_authors(file: str) -> bool:
    """Whether a source file is a spec author's, and not the language's own or Python's."""
    return not file.startswith((_OWN, "<"))


def _bound(target: ast.expr, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        for part, inner in zip(target.elts, value, strict=True):
            yield from _bound(part, inner)


def shown_value(value: Any) -> str:
    """A value as a person reads it, the same in every process; empty for a place, and for what is no value of the language."""
    if value is None:
        return "none"
    if isinstance(value, Record):
        t = value._resolved()
        return show(t, value.data_as(t))
    if isinstance(value, Array):
        return show(value._type, value.data())
    if isinstance(value, Set):
        return "{" + ", ".join(shown_value(v) for v in value) + "}"
    if isinstance(value, Seq | tuple):
        return "[" + ", ".join(shown_value(v) for v in value) + "]"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(shown_value(v) for v in value)) + "}"
    return show_scalar(value) if isinstance(value, bool | int | str | enum.Enum | Sort) else ""
