"""JSON Schemas made from msgspec's types, the same with every version of msgspec."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec


def schema_of(record: object) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a type, as msgspec makes it: `$ref` and `$defs`.

    A description is a docstring, which msgspec up to 0.22 took over with its indentation and 0.23 trims: here it is
    always trimmed, as `inspect.cleandoc` does.
    """
    made: dict[str, Any] = _trimmed(msgspec.json.schema(record))
    return made


def _trimmed(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _trimmed(value)
            for key, value in part.items()
        }
    return [_trimmed(value) for value in part] if isinstance(part, list) else part
