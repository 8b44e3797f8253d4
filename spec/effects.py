"""What a function reads and writes: parts of the state by name, with `[*]` for any element of an array.

The static execution of a spec: vacuity warnings, skipping properties whose variables did not change and reductions rest on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubecheck.spec import ir
from kubecheck.spec.types import RecordType


@dataclass(frozen=True)
class Effects:
    """Names of the parts of the state that may be read, and that may be written, e.g. `store[*].phase`."""

    reads: frozenset[str]
    writes: frozenset[str]


def effects(entry: ir.Entry, root: RecordType) -> Effects:
    """The effects of a declared function. A part that is read or written as a whole stands for everything in it."""
    collector = _Collector(root)
    collector.function(entry.function, {})
    return Effects(frozenset(collector.reads), frozenset(collector.writes))


def only_true(function: ir.Function) -> bool:
    """Whether a property's function returns the constant True wherever it returns, so that no state can violate it."""
    return all(_true(returned.value) for returned in _returns(function.body))


def _true(value: ir.Expr | None) -> bool:
    return (isinstance(value, ir.Const) and value.value is True) or (isinstance(value, ir.Call) and only_true(value.function))


def _returns(body: tuple[ir.Stmt, ...]) -> Iterator[ir.Return]:
    for statement in body:
        if isinstance(statement, ir.Return):
            yield statement
        elif isinstance(statement, ir.If):
            yield from _returns(statement.then)
            yield from _returns(statement.other)
        elif isinstance(statement, ir.For):
            yield from _returns(statement.body)


def path(place: ir.Place, root: RecordType, names: dict[str, str]) -> str:
    """The name of a place; `names` tells what the function's own names stand for."""
    if isinstance(place, ir.PartPlace):
        return "" if len(root.fields) == 1 else root.fields[place.index].name
    if isinstance(place, ir.NamedPlace):
        return names.get(place.name, place.name)
    if isinstance(place, ir.ItemPlace):
        return f"{path(place.base, root, names)}[*]"
    assert isinstance(place, ir.FieldPlace)
    record = place.base.type
    assert isinstance(record, RecordType)
    base = path(place.base, root, names)
    field = record.fields[place.index].name
    return f"{base}.{field}" if base else field


class _Collector:
    def __init__(self, root: RecordType) -> None:
        self.root = root
        self.reads: set[str] = set()
        self.writes: set[str] = set()

    def function(self, f: ir.Function, names: dict[str, str]) -> None:
        names = dict(names)
        for s in f.body:
            self.node(s, names)

    def node(self, node: object, names: dict[str, str]) -> None:
        if isinstance(node, tuple):
            for part in node:
                self.node(part, names)
            return
        if not isinstance(node, ir.Node):
            return
        if isinstance(node, ir.Read):
            self.reads.add(path(node.place, self.root, names))
        elif isinstance(node, ir.Store):
            self.writes.add(path(node.place, self.root, names))
        elif isinstance(node, ir.CopyPlace):
            self.writes.add(path(node.target, self.root, names))
            self.reads.add(path(node.source, self.root, names))
        elif isinstance(node, ir.Name):
            names[node.name] = path(node.place, self.root, names)
        elif isinstance(node, ir.Elements) and isinstance(node.source, ir.Place):
            self.reads.add(f"{path(node.source, self.root, names)}[*]")
        if (
            isinstance(node, ir.Quantify | ir.For)
            and isinstance(node.domain, ir.Elements)
            and isinstance(node.domain.source, ir.Place)
        ):
            names[node.variable] = f"{path(node.domain.source, self.root, names)}[*]"
        if isinstance(node, ir.Call):
            inner = {
                f.name: path(a, self.root, names)
                for f, a in zip(node.function.formals, node.arguments, strict=True)
                if isinstance(a, ir.Place)
            }
            self.function(node.function, inner)
        for name in node.__dataclass_fields__:
            value = getattr(node, name)
            if not isinstance(value, ir.Function):
                self.node(value, names)
