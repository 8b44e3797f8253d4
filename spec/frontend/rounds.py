"""Loops over a symmetric sort: no round may see what another one writes, or the order of the rounds would show.

Ip and Dill (Better verification through symmetry, 1996) ask this of a `for` over a scalarset. What is written in a round either belongs
to the round's own member, or is accumulated by operations that can be exchanged; and nothing else in the loop reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubecheck.spec import ir
from kubecheck.spec.errors import Position
from kubecheck.spec.types import ArrayType, RecordType, Type

OWN = "own"  # the key that is the round's own member
Step = tuple[str, int | str | None]  # a field by its number, an element by its key if that is OWN
Path = tuple[tuple[str | int, ...], Type | None, tuple[Step, ...]]  # where it starts, the type there, the way
Formals = dict[str, list[Path]]  # what the parameters of a helper stand for


@dataclass(frozen=True)
class Access:
    """A place or a local name that a round reads or writes; `family` tells which accumulations can be exchanged."""

    at: Position
    root: tuple[str | int, ...]
    root_type: Type | None
    steps: tuple[Step, ...]
    family: str | None = None


class Rounds:
    """What the body of one loop reads and writes."""

    def __init__(
        self, loop: ir.For, aliases: dict[str, list[ir.Place]], families: dict[int, str], own_reads: set[int], outer: set[str]
    ) -> None:
        self.loop = loop
        self.aliases = aliases  # what the function's names of places stand for
        self.families = families  # accumulating stores, by id
        self.own_reads = own_reads  # the reads that belong to them, by id
        self.outer = outer  # names of values that live outside of the loop
        self._open: list[str] = []
        self.reads: list[Access] = []
        self.writes: list[Access] = []

    def conflict(self) -> Access | None:
        """The first access that collides with a write of another round."""
        self._visit(self.loop.body, {})
        for i, write in enumerate(self.writes):
            for other in self.writes[i:]:
                if (write.family is None or write.family != other.family) and _meet(write, other):
                    return other
            for read in self.reads:
                if _meet(write, read):
                    return read
        return None

    def _visit(self, node: object, formals: Formals) -> None:
        if isinstance(node, tuple):
            for part in node:
                self._visit(part, formals)
            return
        if not isinstance(node, ir.Node):
            return
        if isinstance(node, ir.Store):
            self._note(self.writes, node.place, formals, self.families.get(id(node)))
        elif isinstance(node, ir.CopyPlace):
            self._note(self.writes, node.target, formals)
            self._note(self.reads, node.source, formals)
        elif isinstance(node, ir.Read) and id(node) not in self.own_reads:
            self._note(self.reads, node.place, formals)
        elif isinstance(node, ir.Elements) and isinstance(node.source, ir.Place):
            self._note(self.reads, node.source, formals)
        elif isinstance(node, ir.SetLocal) and not formals and node.name in self.outer:
            self.writes.append(Access(node.at, ("local", node.name), None, (), self.families.get(id(node))))
        elif isinstance(node, ir.Local) and not formals and node.name in self.outer and id(node) not in self.own_reads:
            self.reads.append(Access(node.at, ("local", node.name), None, ()))
        if isinstance(node, ir.Call):
            inner = {
                f.name: list(self._paths(a, formals))
                for f, a in zip(node.function.formals, node.arguments, strict=True)
                if isinstance(a, ir.Place)
            }
            self._visit(node.function.body, inner or {"": []})
        for name in node.__dataclass_fields__:
            value = getattr(node, name)
            if not isinstance(value, ir.Function):
                self._visit(value, formals)

    def _note(
        self,
        into: list[Access],
        place: ir.Place,
        formals: Formals,
        family: str | None = None,
    ) -> None:
        for root, t, steps in self._paths(place, formals):
            into.append(Access(place.at, root, t, steps, family))

    def _paths(self, place: ir.Place, formals: Formals) -> Iterator[Path]:
        """All that a place may be: where it starts, and the fields and elements on the way."""
        if isinstance(place, ir.FieldPlace):
            for root, t, steps in self._paths(place.base, formals):
                yield root, t, (*steps, ("field", place.index))
        elif isinstance(place, ir.ItemPlace):
            own = not formals and isinstance(place.key, ir.Local) and place.key.name == self.loop.variable
            for root, t, steps in self._paths(place.base, formals):
                yield root, t, (*steps, ("item", OWN if own else None))
        elif isinstance(place, ir.PartPlace):
            yield ("part", place.root, place.index), None, ()
        elif isinstance(place, ir.NamedPlace):
            domain = self.loop.domain
            if place.name in formals:
                yield from formals[place.name]
            elif place.name == self.loop.variable and isinstance(domain, ir.Elements) and isinstance(domain.source, ir.Place):
                for root, t, steps in self._paths(domain.source, formals):
                    yield root, t, (*steps, ("item", OWN))
            elif not formals and place.name in self.aliases and place.name not in self._open:
                self._open.append(place.name)  # a name may stand for what it stood for before
                for source in self.aliases[place.name]:
                    yield from self._paths(source, formals)
                self._open.pop()
            else:
                yield ("name", place.name), place.type, ()


def _meet(a: Access, b: Access) -> bool:
    """Whether two accesses of different rounds may touch the same thing."""
    if a.root != b.root:
        return "local" not in (a.root[0], b.root[0]) and _may_alias(a, b)
    for (kind, x), (_, y) in zip(a.steps, b.steps, strict=False):
        if kind == "field" and x != y:
            return False
        if kind == "item" and x == y == OWN:
            return False
    return True


def _may_alias(a: Access, b: Access) -> bool:
    """Parameters of a helper may be parts of one another if their types allow it."""
    if a.root_type is None or b.root_type is None:
        return a.root_type is not b.root_type  # a part of the whole state, and a parameter
    return _holds(a.root_type, b.root_type) or _holds(b.root_type, a.root_type)


def _holds(whole: Type, part: Type) -> bool:
    if whole == part:
        return True
    if isinstance(whole, ArrayType):
        return _holds(whole.element, part)
    return isinstance(whole, RecordType) and any(_holds(f.type, part) for f in whole.fields)
