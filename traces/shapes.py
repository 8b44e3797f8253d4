"""Reading of bodies that may hold anything: what is not of the expected type counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
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
