"""What names and expressions stand for while a function is being compiled."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field
from typing import Any

from kubecheck.spec import ir
from kubecheck.spec.types import Type


@dataclass(frozen=True)
class Static:
    """A Python object that is known when the spec is compiled: a constant, a class, a scope, a function."""

    value: Any


@dataclass(frozen=True)
class Passing(Static):
    """What an iterator over constants gives, as a tuple: to be run over where it stands, and nothing else."""


@dataclass(frozen=True)
class Method:
    """A function with its first argument, `self`, which is a place or a value of the state."""

    function: Any
    receiver: ir.Place | ir.Expr


Value = Static | Method | ir.Expr | ir.Place


@dataclass(frozen=True)
class Variable:
    """A local name that holds a value. `ir_name` is unique in the function; `declared` is the type it was given by annotation."""

    ir_name: str
    type: Type


Binding = Variable | Static | ir.Place


@dataclass(frozen=True)
class Fact:
    """That an expression, by its text, is not None. `names` are the local names it is made of; `root` is the leftmost."""

    text: str
    names: frozenset[str]
    root: str


@dataclass
class SymmetricLoop:
    """A loop over members of a symmetric sort: the order of its rounds must not show (Ip and Dill, 1996)."""

    variable: str | None
    outer: frozenset[str]
    what: str


@dataclass
class Flow:
    """What is known at a point of a function: names, facts, and the symmetric loops around it."""

    names: dict[str, Binding] = field(default_factory=dict)
    facts: frozenset[Fact] = frozenset()


def fact(node: ast.expr) -> Fact | None:
    """The fact that an expression is not None, for those that facts can be kept of: names, attributes and subscripts."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    if not isinstance(root, ast.Name):
        return None
    names = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    return Fact(ast.unparse(node), names, root.id)


def not_none(node: ast.expr, truth: bool) -> frozenset[Fact]:
    """The facts that follow if a condition has this truth value."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not_none(node.operand, not truth)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And if truth else ast.Or):
        return frozenset().union(*(not_none(v, truth) for v in node.values))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.comparators[0], ast.Constant):
        wanted = ast.IsNot | ast.NotEq if truth else ast.Is | ast.Eq
        found = fact(node.left)
        if node.comparators[0].value is None and isinstance(node.ops[0], wanted) and found is not None:
            return frozenset([found])
    return frozenset()


def assigned_names(body: list[ast.stmt]) -> dict[str, int]:
    """How often each name is assigned in these statements, nested ones included; loop variables count as often as it takes."""
    counts: dict[str, int] = {}
    for statement in body:
        nodes = list(ast.walk(statement))
        own = {id(n) for node in nodes if isinstance(node, ast.comprehension) for n in ast.walk(node.target)}  # of generators
        for node in nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in own:
                counts[node.id] = counts.get(node.id, 0) + 1
            if isinstance(node, ast.For | ast.AugAssign):
                for target in ast.walk(node.target):
                    if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):  # not what an index is made of
                        counts[target.id] = counts.get(target.id, 0) + 2
    return counts


def describe(value: Any) -> str:
    """A static object in an error message."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    name = getattr(value, "__name__", None)
    if isinstance(name, str):  # a class, a function, a module
        return name
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
