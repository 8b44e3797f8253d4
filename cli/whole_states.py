"""A whole state as lines of text, from the values that a record has of it (checker/values.py) and their types: an object a line.

The types tell a set from an optional, which a record writes alike, and what has only one value in this scope: that is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubecheck.spec.types import ArrayType, OptionalType, RecordType, SeqType, SetType, Type

if TYPE_CHECKING:
    from collections.abc import Iterator


def whole_state(root: RecordType, state: dict[str, Any]) -> list[str]:
    """`store[pod-0]: phase running, node none`: every place, those of one object in one line."""
    only = root.fields[0].type if len(root.fields) == 1 else root
    return [f"{path}: {told}" if path else told for path, told in _objects("", only, state)]


def _objects(path: str, t: Type, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(t, RecordType):
        yield path, shown(t, value)
        return
    fields = [(name, f.type, value[name]) for f, name in zip(t.fields, value, strict=True) if f.type.bits]
    flat = [f"{name} {shown(inner, v)}" for name, inner, v in fields if not _is_deep(inner)]
    if flat:
        yield path, ", ".join(flat)
    for name, inner, v in fields:
        place = f"{path}.{name}" if path else name
        if isinstance(inner, RecordType):
            yield from _objects(place, inner, v)
        elif isinstance(inner, ArrayType) and _is_deep(inner):
            for key, element in v["#map"]:
                yield from _objects(f"{place}[{key_text(key)}]", inner.element, element)


def _is_deep(t: Type) -> bool:
    """Whether it is told in lines of its own: a record, or an array of records."""
    return isinstance(t, RecordType) or (isinstance(t, ArrayType) and isinstance(t.element, RecordType))


def shown(t: Type, value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(t, OptionalType):
        return shown(t.inner, value["#set"][0]) if value["#set"] else "none"
    if isinstance(t, SetType):
        return "{" + ", ".join(key_text(v) for v in value["#set"]) + "}"
    if isinstance(t, SeqType):
        return "[" + ", ".join(shown(t.element, v) for v in value) + "]"
    if isinstance(t, ArrayType):
        return "[" + ", ".join(f"{key_text(k)}: {shown(t.element, v)}" for k, v in value["#map"]) + "]"
    if isinstance(t, RecordType):
        fields = zip(t.fields, value, strict=True)
        return "{" + ", ".join(f"{name}: {shown(f.type, value[name])}" for f, name in fields if f.type.bits) + "}"
    return key_text(value)


def key_text(value: Any) -> str:
    """A scalar, which may be a key: a number, a truth, the name of a member."""
    return str(value["#bigint"]) if isinstance(value, dict) else str(value)
