"""Where each part of a state lies in 64-bit words.

A value is an unsigned integer of `type.bits` bits: the same in a register and in a word. Two rules keep access to one shift and one
mask: a value of up to 64 bits never crosses a word boundary, and a larger one starts at a boundary. Fields are placed first-fit,
so a gap that the rules leave is filled by a later field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kubecheck.spec.types import (
    ArrayType,
    Data,
    EnumType,
    IntType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
    is_scalar,
    scalar_index,
)

WORD = 64


@lru_cache(maxsize=4096)
def _place(types: tuple[Type, ...]) -> tuple[tuple[int, ...], int]:
    """Bit offsets of fields of these types, and the size of the whole."""
    total = sum(t.bits for t in types)
    if total <= WORD:
        offsets, at = [], 0
        for t in types:
            offsets.append(at)
            at += t.bits
        return tuple(offsets), total
    used: list[int] = []  # bits used in each word
    result = [0] * len(types)
    order = sorted(range(len(types)), key=lambda i: -types[i].bits)  # stable: equal sizes keep the order of the source
    for i in order:
        bits = types[i].bits
        if bits > WORD:
            result[i] = len(used) * WORD
            whole, rest = divmod(bits, WORD)
            used += [WORD] * whole + ([rest] if rest else [])
            continue
        word = next((w for w, n in enumerate(used) if n + bits <= WORD), None)
        if word is None:
            word = len(used)
            used.append(0)
        result[i] = word * WORD + used[word]
        used[word] += bits
    return tuple(result), (len(used) - 1) * WORD + used[-1]


def field_offsets(record: RecordType) -> tuple[int, ...]:
    """The bit offset of each field from the start of the record."""
    return _place(tuple(f.type for f in record.fields))[0]


def fields_size(types: tuple[Type, ...]) -> int:
    """The size in bits of a record with fields of these types."""
    return _place(types)[1]


def array_stride(element: Type, length: int) -> int:
    """The distance in bits between neighbours of an array.

    Tight if the whole array fits in a word; else the next power of two, so that no element crosses a word; else whole words.
    """
    bits = element.bits
    if bits * length <= WORD:
        return bits
    if bits <= WORD:
        return 1 << (bits - 1).bit_length()
    return -(-bits // WORD) * WORD


def words(t: Type) -> int:
    """How many 64-bit words a value of this type takes, at least 1."""
    return max(1, -(-t.bits // WORD))


def encode(t: Type, data: Data) -> int:
    """A value as an unsigned integer of `t.bits` bits; raises ValueError if it does not belong to the type."""
    if is_scalar(t):
        return scalar_index(t, data)
    if isinstance(t, OptionalType):
        return 0 if data is None else 1 | encode(t.inner, data) << 1
    if isinstance(t, RecordType):
        parts = zip(t.fields, field_offsets(t), data, strict=True)
        return sum(encode(f.type, d) << at for f, at, d in parts)
    if isinstance(t, ArrayType):
        stride = array_stride(t.element, t.length)
        return sum(encode(t.element, d) << (i * stride) for i, d in enumerate(data))
    if isinstance(t, SetType):
        return sum(1 << scalar_index(t.key, d) for d in data)
    if isinstance(t, SeqType):
        bits = t.element.bits
        items = sum(encode(t.element, d) << (t.length_bits + i * bits) for i, d in enumerate(data))
        return items | len(data)
    raise TypeError(f"{t} is not a type of the state")


def decode(t: Type, value: int) -> Data:
    """The inverse of `encode`. Bits outside the type are ignored."""
    value &= (1 << t.bits) - 1
    if isinstance(t, OptionalType):
        if is_scalar(t):
            return None if value == 0 else decode(t.inner, value - 1)
        return decode(t.inner, value >> 1) if value & 1 else None
    if isinstance(t, IntType):
        return t.lo + value
    if isinstance(t, EnumType):
        return t.values()[value]
    if isinstance(t, RefType):
        return t.cls.member(value)
    if isinstance(t, RecordType):
        return tuple(decode(f.type, value >> at) for f, at in zip(t.fields, field_offsets(t), strict=True))
    if isinstance(t, ArrayType):
        stride = array_stride(t.element, t.length)
        return tuple(decode(t.element, value >> (i * stride)) for i in range(t.length))
    if isinstance(t, SetType):
        return frozenset(v for i, v in enumerate(_members(t.key)) if value >> i & 1)
    if isinstance(t, SeqType):
        length = value & ((1 << t.length_bits) - 1)
        bits = t.element.bits
        return tuple(decode(t.element, value >> (t.length_bits + i * bits)) for i in range(length))
    return bool(value)


@lru_cache(maxsize=256)
def _members(t: Type) -> tuple[Data, ...]:
    return tuple(t.values())


def pack(t: Type, data: Data) -> tuple[int, ...]:
    """A state as 64-bit words, lowest first."""
    value = encode(t, data)
    return tuple(value >> (WORD * i) & (2**WORD - 1) for i in range(words(t)))


def unpack(t: Type, packed: tuple[int, ...]) -> Data:
    """The inverse of `pack`."""
    return decode(t, sum(int(w) << (WORD * i) for i, w in enumerate(packed)))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A smallest named part of a state: `bits` bits at `shift` of word `word` (a large set or sequence goes on in the next words)."""

    path: str
    type: Type
    word: int
    shift: int
    bits: int


def leaves(t: Type, *, path: str = "", at: int = 0) -> Iterator[Leaf]:
    """All parts of a state, in the order of the source: fields and elements down to scalars, sets, sequences and optional records."""
    if isinstance(t, RecordType):
        for f, offset in zip(t.fields, field_offsets(t), strict=True):
            yield from leaves(f.type, path=f"{path}.{f.name}" if path else f.name, at=at + offset)
    elif isinstance(t, ArrayType):
        stride = array_stride(t.element, t.length)
        for i, key in enumerate(t.key.values()):
            yield from leaves(t.element, path=f"{path}[{show_scalar(key)}]", at=at + i * stride)
    else:
        yield Leaf(path=path, type=t, word=at // WORD, shift=at % WORD, bits=t.bits)


def show_scalar(value: Data) -> str:
    """A value of a finite type as a person reads it: enum members by their name in lower case, sort members as `pod-1`."""
    if isinstance(value, tuple):
        return f"({', '.join(map(show_scalar, value))})"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(show_scalar, value)))}}}"
    name = getattr(value, "name", None)
    return str(name).lower().replace("_", "-") if isinstance(name, str) else str(value)
