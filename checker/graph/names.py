"""What an expression over the state may name, and which bits of the state each name depends on."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from kubecheck.spec import PropertyKind, Record, Sort, Spec, ir, reference
from kubecheck.spec.errors import Position
from kubecheck.spec.layout import field_offsets
from kubecheck.spec.reference import Outcome, Snapshot
from kubecheck.spec.types import ArrayType, EnumType, OptionalType, RecordType, RefType, SeqType, SetType, Type

QUIESCENT: Final = "quiescent"
"""The name of a condition that every spec has: no component can change anything."""


@dataclass(frozen=True)
class Place:
    """A part of the state that has a name: `bits` bits from bit `at` on. `way` leads there: which part, which field of it, and so on."""

    path: str
    at: int
    bits: int
    way: tuple[tuple[int, Type], ...]

    def named(self, at: Position) -> ir.Place:
        """The place, for what names it at a position."""
        (index, t), *fields = self.way
        place: ir.Place = ir.PartPlace(at, t, 0, index)
        for index, t in fields:
            place = ir.FieldPlace(at, t, 0, place, index)
        return place


def places(spec: Spec) -> dict[str, list[Place]]:
    """The parts of the state and their fields by name, without the underscore that makes them private; some names mean several."""
    found: dict[str, list[Place]] = {}
    root = spec.root
    for i, (f, at) in enumerate(zip(root.fields, field_offsets(root), strict=True)):
        for place in _places(f.name, at, ((i, f.type),)):
            found.setdefault(place.path.rpartition(".")[2], []).append(place)
    return found


def classes(spec: Spec) -> dict[str, type]:
    """The sorts, enums and records of the state by name, and those that parameters of actions and properties are of."""
    found: dict[str, type] = {}
    types = [spec.root, *(p.type for d in (*spec.actions, *spec.properties) for p in spec.parameters(d))]
    for t in types:
        for cls in _classes(t):
            found.setdefault(cls.__name__, cls)
    return found


def conditions(spec: Spec) -> dict[str, Callable[[Snapshot], bool]]:
    """The properties of states by name, as conditions: whether it holds here; of a reachable, whether this state shows it.

    Those that `needs_quiescence` are about quiescent states only.
    """

    def holds(name: str, state: Snapshot) -> bool:
        prop = spec.find_property(name)
        outcome = reference.evaluate(spec, prop, state)
        return outcome is Outcome.HOLDS if prop.kind is PropertyKind.REACHABLE else outcome is not Outcome.VIOLATED

    return {p.name: partial(holds, p.name) for p in spec.properties if p.kind is not PropertyKind.STEP_INVARIANT}


def needs_quiescence(spec: Spec, name: str) -> bool:
    """Whether a property speaks of quiescent states only."""
    return spec.find_property(name).kind in (PropertyKind.QUIESCENT, PropertyKind.LIMIT)


def _places(path: str, at: int, way: tuple[tuple[int, Type], ...]) -> Iterator[Place]:
    t = way[-1][1]
    yield Place(path, at, t.bits, way)
    if isinstance(t, RecordType) and t.is_state:
        for i, (f, offset) in enumerate(zip(t.fields, field_offsets(t), strict=True)):
            yield from _places(f"{path}.{f.name.lstrip('_')}", at + offset, (*way, (i, f.type)))


def _classes(t: Type) -> Iterator[type]:
    if isinstance(t, RefType | EnumType):
        cls: type = t.cls
        if issubclass(cls, Sort | enum.Enum):
            yield cls
    elif isinstance(t, OptionalType):
        yield from _classes(t.inner)
    elif isinstance(t, RecordType):
        if issubclass(t.cls, Record):
            yield t.cls
        for f in t.fields:
            yield from _classes(f.type)
    elif isinstance(t, ArrayType):
        yield from _classes(t.key)
        yield from _classes(t.element)
    elif isinstance(t, SetType):
        yield from _classes(t.key)
    elif isinstance(t, SeqType):
        yield from _classes(t.element)
