"""Bodies of objects that nothing has happened to for a while, packed: they are most of what a live object takes in memory."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

SMALLEST: Final = 512
"""Bytes below which packing gains nothing."""
_EXAMPLES: Final = 8
"""Bodies of one kind that are kept to pack others by."""
_SEEN_BY_ZLIB: Final = 32 << 10


class Packed(msgspec.Struct, frozen=True, gc=False):
    """A packed body."""

    data: bytes
    example: bytes
    """A body of the same kind: packed is only what differs from it."""

    def unpack(self) -> msgspec.Raw:
        """The body as it was."""
        unpacking = zlib.decompressobj(zdict=self.example)
        return msgspec.Raw(unpacking.decompress(self.data) + unpacking.flush())


class Packer:
    """Packs bodies by examples of their kinds."""

    def __init__(self) -> None:
        self._examples: dict[str, list[bytes]] = {}
        """Resource -> bodies that those before did not resemble; the last one is gone by."""

    def pack(self, resource: str, raw: msgspec.Raw) -> Packed | None:
        """The body packed; None if that gains nothing."""
        if len(raw) < SMALLEST:
            return None
        body = bytes(raw)
        examples = self._examples.setdefault(resource, [b"{}"])
        packing = zlib.compressobj(1, zdict=examples[-1])
        packed = Packed(packing.compress(body) + packing.flush(), examples[-1])
        if 8 * len(packed.data) > len(body) and len(body) <= _SEEN_BY_ZLIB and len(examples) <= _EXAMPLES:
            examples.append(body)
        return packed if 2 * len(packed.data) < len(body) else None
