"""A state as plain data, in the value encoding of the Informal Trace Format (Apalache, ADR-015): what JSON has no word for is an object.

    int                 {"#bigint": "3"}
    Enum, Sort          its text: "running", "pod-0"
    T | None            a set of at most one element: {"#set": []} is none
    Record, State       an object of its fields, private ones without their underscores
    Array               {"#map": [["pod-0", …], …]}, in the order of the keys
    Set, Seq            {"#set": […]}, […]

A set stands for an optional, as it often does in TLA+: a null would have no type there, and readers disagree about variants.
"""

from __future__ import annotations

from typing import Any

from kubecheck.spec import Spec
from kubecheck.spec.layout import show_scalar
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.types import ArrayType, Data, OptionalType, RecordType, SeqType, SetType, Type


def state_values(spec: Spec, state: Snapshot) -> dict[str, Any]:
    """A whole state by the names of its parts; a spec of one part gives that part's fields, since its name says nothing."""
    root = spec.root
    only = root.fields[0].type if len(root.fields) == 1 else None
    found: dict[str, Any] = value(root, state) if only is None else value(only, state[0])
    return found


def value(t: Type, data: Data) -> Any:
    """A value of a type as plain data."""
    if isinstance(t, OptionalType):
        return {"#set": [] if data is None else [value(t.inner, data)]}
    if isinstance(t, RecordType):
        return {name: value(f.type, d) for name, f, d in zip(_names(t), t.fields, data, strict=True)}
    if isinstance(t, ArrayType):
        return {"#map": [[value(t.key, k), value(t.element, d)] for k, d in zip(t.key.values(), data, strict=True)]}
    if isinstance(t, SetType):
        return {"#set": [value(t.key, v) for v in t.key.values() if v in data]}
    if isinstance(t, SeqType):
        return [value(t.element, d) for d in data]
    if isinstance(data, bool):
        return data
    return {"#bigint": str(data)} if isinstance(data, int) else show_scalar(data)


def _names(t: RecordType) -> list[str]:
    """The fields' names without leading underscores, which readers refuse; two that would be the same keep their difference behind."""
    found: list[str] = []
    for f in t.fields:
        plain = f.name.lstrip("_")
        underscores = len(f.name) - len(plain)
        while plain in found:
            plain += "_" * max(1, underscores)
        found.append(plain)
    return found
