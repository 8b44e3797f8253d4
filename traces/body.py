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

    __slots__ = ("_decoded", "_raw", "whole")

    def __init__(self, raw: Mapping[str, msgspec.Raw], *, whole: bool = True) -> None:
        self._raw = raw
        self._decoded: dict[str, Any] = {}
        self.whole = whole
        """What is absent here is absent in the object; else it is not told."""

    def tells(self, *names: str) -> bool:
        """Is it told what these fields are, or that there are none?"""
        return self.whole or all(name in self._raw for name in names)

    def both_tell(self, other: Body, *, but: frozenset[str]) -> bool:
        """Is there a field, not one of these, that both tell?"""
        if self.whole and other.whole:
            return True
        names = (self._raw if other.whole else other._raw) if self.whole or other.whole else self._raw.keys() & other._raw.keys()
        return any(name not in but for name in names)

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
        """Is this field alike in both (or absent in both), as far as both tell it?"""
        if not (self.tells(name) and other.tells(name)):
            return True
        one, two = self._raw.get(name, _ABSENT), other._raw.get(name, _ABSENT)
        if one == two:  # their bytes
            return True
        # absent and null are told apart here, numbers written in two ways are not
        return name in self._raw and name in other._raw and bool(self[name] == other[name])

    def alike(self, other: Body, *, but: frozenset[str]) -> bool:
        """Are all fields alike that both tell, but these?"""
        theirs = other._raw
        for name, one in self._raw.items():
            if name not in but and one != theirs.get(name) and not self.same(other, name):
                return False
        return not self.whole or all(name in self._raw or name in but for name in theirs)


def body_of(raw: msgspec.Raw | None, *, whole: bool = True) -> Body | None:
    """The body in a line, which tells the `whole` object or a part of it; None if the line has none, or one that is not an object."""
    if raw is None:
        return None
    try:
        return Body(_FIELDS.decode(raw), whole=whole)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


def _decoded(raw: msgspec.Raw) -> Any:
    try:
        return _ANY.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
