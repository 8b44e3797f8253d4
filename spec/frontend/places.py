"""Places that are written to, and the scalarset rule for writes in loops (Ip and Dill, 1996)."""

from __future__ import annotations

import ast
import difflib

from kubecheck.spec import ir
from kubecheck.spec.errors import Position
from kubecheck.spec.frontend.bindings import Fact, Static
from kubecheck.spec.frontend.context import Context
from kubecheck.spec.source import fail
from kubecheck.spec.types import (
    ArrayType,
    OptionalType,
    RecordType,
    SeqType,
    SetType,
    Type,
    holds_symmetric,
)


class Places(Context):
    """Targets of assignments, and whether they may be written where they stand."""

    def target(self, node: ast.expr) -> ir.Place:
        """The place that an assignment writes to."""
        at = self.at(node)
        if isinstance(node, ast.Attribute):
            base = self._base(node.value)
            t = base.type
            if not isinstance(t, RecordType):
                fail("KC208", f"a {t} has no field {node.attr}", at, "records and states have fields")
            self._private(t, node.attr, at)
            try:
                i = t.index(node.attr)
            except KeyError:
                near = difflib.get_close_matches(node.attr, [f.name for f in t.fields])
                hint = f"; did you mean {near[0]}?" if near else ""
                fail(
                    "KC103",
                    f"{t} has no field {node.attr}{hint}",
                    at,
                    f"its fields are {', '.join(f.name for f in t.fields)}",
                )
            return ir.FieldPlace(at, t.fields[i].type, base.root, base, i)
        if isinstance(node, ast.Subscript):
            base = self._base(node.value)
            if isinstance(base.type, SeqType):
                fail("KC203", "a sequence is a value", at, "assign a whole new one: s.q = s.q[1:]")
            if not isinstance(base.type, ArrayType):
                fail("KC209", f"a {base.type} cannot be indexed", at, "arrays can")
            if (
                isinstance(base, ir.FieldPlace)
                and isinstance(base.base.type, RecordType)
                and not base.base.type.is_state
            ):
                fail(
                    "KC203",
                    "an array inside a record is a value",
                    at,
                    "hold the array in a State, or store a new record",
                )
            self.one_key(node)
            key = self.coerce(self.value(node.slice, base.type.key), base.type.key, node.slice)
            return ir.ItemPlace(at, base.type.element, base.root, base, key)
        fail("KC003", f"{ast.unparse(node)} cannot be assigned to", at, "assign a name, a field or an element")

    def one_key(self, node: ast.Subscript) -> None:
        """SpecError for `a[x, y]` and `a[x:y]`."""
        if isinstance(node.slice, ast.Tuple | ast.Slice):
            fail("KC209", "an array is indexed by one key", self.at(node), "write a[x][y] for an array of arrays")

    def _base(self, node: ast.expr) -> ir.Place:
        if isinstance(node, ast.Attribute | ast.Subscript):
            place = self.target(node)
            if isinstance(place.type, OptionalType):
                fail(
                    "KC203",
                    f"{ast.unparse(node)} is optional, and a value",
                    self.at(node),
                    "store a whole value: s.x = r.next(field=…)",
                )
            return place
        value = self.value(node)
        if isinstance(value, ir.Place):
            return value
        text = ast.unparse(node)
        fail(
            "KC203",
            f"{text} is a value, not a place in the state",
            self.at(node),
            f"write to the state, or make a new value: {text}.next(…)",
        )

    def _private(self, t: RecordType, name: str, at: Position) -> None:
        if not name.startswith("_"):
            return
        if not any(self.function in _methods(c) for c in t.cls.__mro__):
            fail("KC211", f"{t}.{name} is private to {t}", at, f"call a method of {t} instead")

    def wrote(self, place: ir.Place) -> None:
        """The state changed: facts about places are forgotten."""
        if place.root == 1:
            fail("KC214", "a property writes to the state", place.at, "a property only looks; make it an action")
        self.changed()

    def changed(self) -> None:
        """The state changed: facts about what it holds are forgotten."""
        self.compiled.writes_state = True
        self.changes += 1
        self.facts = self.lasting(self.facts)

    def lasting(self, facts: frozenset[Fact]) -> frozenset[Fact]:
        """The facts that do not depend on the state."""
        return frozenset(f for f in facts if not any(self.is_place_name(n) for n in f.names))

    def restore(self, facts: frozenset[Fact], changes: int) -> None:
        """Goes back to the facts of a point at which the state had changed so many times."""
        self.facts = facts if self.changes == changes else self.lasting(facts)

    def is_place_name(self, name: str) -> bool:
        """Whether a local name stands for a place, so that what it shows can change."""
        return isinstance(self.names.get(name), ir.Place)

    def check_symmetric_write(self, node: ast.expr, place: ir.Place, op: type[ast.operator] | None) -> None:
        """In a loop over a symmetric sort, writes must not depend on the order of the rounds."""
        if not self.loops:
            return
        if op in (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd) and not isinstance(place.type, SeqType):
            return
        indexed = {p.key.name for p in chain(place) if isinstance(p, ir.ItemPlace) and isinstance(p.key, ir.Local)}
        rooted = {p.name for p in chain(place) if isinstance(p, ir.NamedPlace)}
        for loop in self.loops:
            if loop.variable is None or loop.variable not in indexed | rooted:
                fail(
                    "KC303",
                    f"this write does not belong to one member of {loop.what}, which is symmetric: the last round would win",
                    self.at(node),
                    "index it by the loop variable, or accumulate with += or |=",
                )

    def check_symmetric_local(self, node: ast.expr, name: str, op: type[ast.operator] | None) -> None:
        """The same for names that live outside the loop."""
        for loop in self.loops:
            if name in loop.outer and (op not in (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd)):
                fail(
                    "KC303",
                    f"{name} is assigned in a loop over {loop.what}, which is symmetric: the last round would win",
                    self.at(node),
                    "accumulate with += or |=, or use any(…), all(…), count(…)",
                )


def _methods(cls: type) -> list[object]:
    """The functions that a class statement defines. A name proves nothing: another class may have the same one."""
    found = []
    for member in vars(cls).values():
        member = member.fget if isinstance(member, property) else member
        found.append(member.__func__ if isinstance(member, staticmethod | classmethod) else member)
    return found


def is_symmetric(domain: ir.Domain | list[Static]) -> str | None:
    """The symmetric sort that a domain runs over, alone or in records, by name; None if there is none."""
    t: Type | None = None
    if isinstance(domain, ir.AllValues):
        t = domain.element
    elif isinstance(domain, ir.Elements):
        source = domain.source.type
        t = source.key if isinstance(source, ArrayType | SetType) else None
    return None if t is None else holds_symmetric(t)


def chain(place: ir.Place) -> list[ir.Place]:
    """A place, and those that it is a part of, outwards."""
    found = [place]
    while isinstance(found[-1], ir.FieldPlace | ir.ItemPlace):
        found.append(found[-1].base)
    return found
