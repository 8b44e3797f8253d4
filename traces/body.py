"""The body of an object, decoded field by field when it is asked for.

Most of an object's bytes are never looked at (managedFields above all), and two versions of one object are alike in most fields:
fields are compared as bytes first, and decoded only where those differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY: Final = msgspec.json.Decoder(Any)
_ABSENT: Final = msgspec.Raw()


class Body(Mapping[str, Any]):
    """An object's fields: `kind`, `metadata`, `spec` and so on. What cannot be decoded counts as absent."""

    __slots__ = ("_decoded", "_raw")

    def __init__(self, raw: Mapping[str, msgspec.Raw]) -> None:
        self._raw = raw
        self._decoded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self._decoded:
            return self._decoded[name]
        value = self._decoded[name] = _decoded(self._raw[name])
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """The field's value, or the default if there is no such field."""
        if name in self._decoded:
            return self._decoded[name]
        return self[name] if name in self._raw else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def follows(self, before: Body) -> None:
        """Takes over what is decoded already of the version before, where the bytes are the same. Nobody changes what is decoded."""
        for name, value in before._decoded.items():
            if before._raw[name] == self._raw.get(name):
                self._decoded[name] = value

    def same(self, other: Body, name: str) -> bool:
        """Is this field alike in both (or absent in both)?"""
        one, two = self._raw.get(name, _ABSENT), other._raw.get(name, _ABSENT)
        if one == two:  # their bytes
            return True
        # absent and null are told apart here, numbers written in two ways are not
        return name in self._raw and name in other._raw and bool(self[name] == other[name])

    def alike(self, other: Body, *, but: frozenset[str]) -> bool:
        """Are all fields alike, but these?"""
        theirs = other._raw
        for name, one in self._raw.items():
            if name not in but and one != theirs.get(name) and not self.same(other, name):
                return False
        return all(name in self._raw or name in but for name in theirs)


def body_of(raw: msgspec.Raw | None) -> Body | None:
    """The body in a line; None if the line has none, or one that is not an object."""
    if raw is None:
        return None
    try:
        return Body(_FIELDS.decode(raw))
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


def _decoded(raw: msgspec.Raw) -> Any:
    try:
        return _ANY.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
