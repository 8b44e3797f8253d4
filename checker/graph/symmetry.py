"""Merging states that differ only in how the members of symmetric sorts are named (Ip and Dill, 1996), for pictures.

Of all states that renaming can make of one, the one whose packed words are least tells which of them are the same. All renamings are tried,
so this is for small sorts. Of a symmetric sort the front end has checked that a spec treats its members alike; of one that a spec only
calls alike (`Module.alike`) nobody has. So what is drawn are states that were found, with their own steps, and not the renamed ones.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from kubecheck.checker.graph.expander import Expander, Words, keys
from kubecheck.spec.layout import array_stride, decode, encode, field_offsets
from kubecheck.spec.types import ArrayType, Data, OptionalType, RecordType, RefType, SeqType, SetType, Type

MOST_RENAMINGS: Final = 720
"""Renamings that are tried for each state, at most: those of one sort of six members."""

_FEW_BITS: Final = 20
_MOST_VALUES: Final = 1 << 16  # of a part that are remembered

Renaming = Mapping[Any, tuple[int, ...]]  # of a Sort class, where each of its members goes


class NotSymmetricError(Exception):
    """States cannot be merged; the message says why."""


class Symmetry:
    """The renamings of a spec's symmetric sorts, and of those it calls alike. Raises NotSymmetricError if there are none or too many."""

    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self._root = expander.spec.root
        alike = expander.spec.alike_sorts
        self.sorts = list(
            dict.fromkeys(t for t in _references(self._root) if (t.symmetric or t.cls in alike) and t.size > 1)
        )
        if not self.sorts:
            raise NotSymmetricError(
                f"{expander.spec.name} has no symmetric sort of more than one member in its state, and calls none alike"
            )
        count = math.prod(math.factorial(t.size) for t in self.sorts)
        if count > MOST_RENAMINGS:
            sizes = ", ".join(f"{t.cls.__name__} has {t.size} members" for t in self.sorts)
            raise NotSymmetricError(
                f"{expander.spec.name} has {count:,} renamings of its symmetric sorts ({sizes}), more than {MOST_RENAMINGS}"
            )
        orders = itertools.product(*(itertools.permutations(range(t.size)) for t in self.sorts))
        self._renamings = [{t.cls: order for t, order in zip(self.sorts, each, strict=True)} for each in orders]
        self._packed = [_packed_renamer(self._root, each) for each in self._renamings]
        self._known: dict[bytes, bytes] = {}

    @property
    def note(self) -> str:
        """What a reader must know of a graph in which states are merged."""
        which = " and ".join(f"which {t.cls.__name__}" for t in self.sorts)
        return (
            f"of states that differ only in {which} is which, the one that was found first is shown, with its steps: "
            "after a step they may be called otherwise"
        )

    def canonical(self, states: Words) -> Words:
        """For each state the one that stands for it."""
        found = b"".join([self._least(key) for key in keys(states)])
        return np.frombuffer(found, np.uint64).reshape(states.shape)

    def _least(self, key: bytes) -> bytes:
        if key not in self._known:
            packed = int.from_bytes(key, "little")
            self._known[key] = min(rename(packed) for rename in self._packed).to_bytes(len(key), "little")
        return self._known[key]


def _packed_renamer(t: Type, renaming: Renaming) -> Callable[[int], int]:
    """As `renamed`, of packed values: part by part, those of few bits from what is known already, those without such members untouched."""
    parts = _parts(t, renaming) if t.bits > _FEW_BITS else None
    if parts is None:
        known: dict[int, int] = {}

        def remembered(packed: int) -> int:
            found = known.get(packed)
            if found is None:
                found = encode(t, renamed(t, decode(t, packed), renaming))
                if len(known) < _MOST_VALUES:
                    known[packed] = found
            return found

        return remembered
    touched = [
        (at, (1 << part.bits) - 1, _packed_renamer(part, renaming), to)
        for at, to, part in parts
        if at != to or any(inner.cls in renaming for inner in _references(part))
    ]
    kept = (1 << t.bits) - 1
    for at, mask, _, _ in touched:
        kept &= ~(mask << at)

    def rename(packed: int) -> int:
        found = packed & kept
        for at, mask, inner, to in touched:
            found |= inner(packed >> at & mask) << to
        return found

    return rename


def _parts(t: Type, renaming: Renaming) -> list[tuple[int, int, Type]] | None:
    """The fields or elements of a value: the bits that they begin at, before and after; None if they do not lie at fixed places."""
    if isinstance(t, RecordType):
        return [(at, at, f.type) for at, f in zip(field_offsets(t), t.fields, strict=True)]
    if isinstance(t, ArrayType):
        stride = array_stride(t.element, t.length)
        places = [t.key.values().index(renamed(t.key, key, renaming)) for key in t.key.values()]
        return [(i * stride, to * stride, t.element) for i, to in enumerate(places)]
    return None


def renamed(t: Type, data: Data, renaming: Renaming) -> Data:
    """A value with the members of some sorts renamed, wherever they occur: as values, as keys, in sets and sequences."""
    if isinstance(t, RefType):
        return t.cls.member(renaming[t.cls][data.number]) if t.cls in renaming else data
    if isinstance(t, OptionalType):
        return None if data is None else renamed(t.inner, data, renaming)
    if isinstance(t, RecordType):
        return tuple(renamed(f.type, d, renaming) for f, d in zip(t.fields, data, strict=True))
    if isinstance(t, ArrayType):
        elements = (renamed(t.element, d, renaming) for d in data)
        places = dict(zip((renamed(t.key, k, renaming) for k in t.key.values()), elements, strict=True))
        return tuple(places[k] for k in t.key.values())
    if isinstance(t, SetType):
        return frozenset(renamed(t.key, d, renaming) for d in data)
    if isinstance(t, SeqType):
        return tuple(renamed(t.element, d, renaming) for d in data)
    return data


def _references(t: Type) -> Iterator[RefType]:
    """The sorts that occur in a type."""
    if isinstance(t, RefType):
        yield t
    elif isinstance(t, OptionalType):
        yield from _references(t.inner)
    elif isinstance(t, RecordType):
        for f in t.fields:
            yield from _references(f.type)
    elif isinstance(t, ArrayType):
        yield from _references(t.key)
        yield from _references(t.element)
    elif isinstance(t, SetType):
        yield from _references(t.key)
    elif isinstance(t, SeqType):
        yield from _references(t.element)
