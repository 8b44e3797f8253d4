"""A whole state as lines of text, from the values that a record has of it (checker/values.py): an object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def whole_state(state: dict[str, Any]) -> list[str]:
    """`store[pod-0]: phase running, node none`: every place, those of one object in one line."""
    return [f"{path}: {told}" if path else told for path, told in _objects("", state)]


def _objects(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if not _is_record(value):
        yield path, shown(value)
        return
    deep = {name: inner for name, inner in value.items() if _is_record(inner) or _has_records(inner)}
    flat = [f"{name} {shown(inner)}" for name, inner in value.items() if name not in deep]
    if flat:
        yield path, ", ".join(flat)
    for name, inner in deep.items():
        place = f"{path}.{name}" if path else name
        if _is_record(inner):
            yield from _objects(place, inner)
        else:
            for key, element in inner["#map"]:
                yield from _objects(f"{place}[{shown(key)}]", element)


def shown(value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, list):
        return "[" + ", ".join(shown(v) for v in value) + "]"
    if not isinstance(value, dict):
        return str(value)
    if "#bigint" in value:
        return str(value["#bigint"])
    if "#set" in value:
        return "{" + ", ".join(shown(v) for v in value["#set"]) + "}"
    if "#map" in value:
        return "[" + ", ".join(f"{shown(k)}: {shown(v)}" for k, v in value["#map"]) + "]"
    return "{" + ", ".join(f"{name}: {shown(v)}" for name, v in value.items()) + "}"


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and not any(name.startswith("#") for name in value)


def _has_records(value: Any) -> bool:
    return isinstance(value, dict) and any(_is_record(element) for _, element in value.get("#map", []))
