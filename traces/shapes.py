"""Reading of bodies that may hold anything: what is not of the expected type counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from kubecheck.traces.body import Body

_EMPTY: Final[Mapping[str, Any]] = {}


def as_dict(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, (dict, Body)) else _EMPTY


def as_list(value: Any) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str | None:
    """The value if it is a string."""
    return value if isinstance(value, str) else None


def as_int(value: Any) -> int | None:
    """The value if it is an integer (true and false are not)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_micros(value: Any) -> int | None:
    """The value as microseconds since 1970 if it is a time as objects have it (RFC 3339)."""
    if not isinstance(value, str):
        return None
    try:
        return int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


def as_number(text: str | None) -> int | None:
    """A number above 0 that a request names, such as a resourceVersion; None if it names none."""
    if not text or len(text) >= 20 or not text.isascii() or not text.isdigit():
        return None
    return int(text) or None
