"""Packed states as data and as JSON text, fast enough for a whole state space.

A state is cut into parts of few bits (fields and elements, as spec/layout.py lays them out). The same parts come again and again, so
each of a part's values is decoded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from kubecheck.spec.layout import array_stride, decode, field_offsets, show_scalar
from kubecheck.spec.types import ArrayType, Data, OptionalType, RecordType, SeqType, SetType, Type
from kubecheck.spec.visible import whole_characters

T = TypeVar("T")

_FEW_BITS: Final = 32
_MOST_VALUES: Final = 1 << 16  # of a part that are remembered


def data_reader(t: Type) -> Callable[[int], Data]:
    """A function from a packed value to what the reference execution has for it."""
    return _reader(t, decode, lambda _: tuple)


def json_reader(t: Type) -> Callable[[int], str]:
    """A function from a packed value to JSON text: records and arrays as objects, sets and sequences as lists, names as texts.

    A field that has only one value in this scope is left out.
    """
    return _reader(t, lambda inner, packed: _json(plain(inner, decode(inner, packed))), _joined)


def plain(t: Type, data: Data) -> Any:
    """A value as JSON can have it."""
    if isinstance(t, OptionalType):
        return None if data is None else plain(t.inner, data)
    if isinstance(t, RecordType):
        pairs = zip(t.fields, data, strict=True)
        return {f.name.lstrip("_"): plain(f.type, d) for f, d in pairs if f.type.bits}
    if isinstance(t, ArrayType):
        return {show_scalar(k): plain(t.element, d) for k, d in zip(t.key.values(), data, strict=True)}
    if isinstance(t, SetType):
        return [plain(t.key, k) for k in t.key.values() if k in data]
    if isinstance(t, SeqType):
        return [plain(t.element, d) for d in data]
    return data if data is None or isinstance(data, bool | int) else show_scalar(data)


def _reader(
    t: Type, leaf: Callable[[Type, int], T], join: Callable[[Type], Callable[[list[T]], T]]
) -> Callable[[int], T]:
    parts = _parts(t) if t.bits > _FEW_BITS else None
    if parts is None:
        known: dict[int, T] = {}

        def remembered(packed: int) -> T:
            found = known.get(packed)
            if found is None:
                found = leaf(t, packed)
                if len(known) < _MOST_VALUES:
                    known[packed] = found
            return found

        return remembered
    readers = [(at, (1 << part.bits) - 1, _reader(part, leaf, join)) for at, part in parts]
    joined = join(t)
    return lambda packed: joined([read(packed >> at & mask) for at, mask, read in readers])


def _parts(t: Type) -> list[tuple[int, Type]] | None:
    """The fields or elements of a value with the bits that they begin at; None if it has none that lie at fixed places."""
    if isinstance(t, RecordType):
        return list(zip(field_offsets(t), (f.type for f in t.fields), strict=True))
    if isinstance(t, ArrayType):
        stride = array_stride(t.element, t.length)
        return [(i * stride, t.element) for i in range(t.length)]
    return None


def _joined(t: Type) -> Callable[[list[str]], str]:
    """How the parts of a record or an array become one text."""
    if isinstance(t, RecordType):
        names = [f.name.lstrip("_") if f.type.bits else "" for f in t.fields]
    else:
        assert isinstance(t, ArrayType)
        names = [show_scalar(k) for k in t.key.values()]
    written = [f"{_json(name)}:" if name else "" for name in names]
    return lambda parts: "{" + ",".join(w + part for w, part in zip(written, parts, strict=True) if w) + "}"


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a character in a label
        return msgspec.json.encode(whole_characters(value)).decode()
