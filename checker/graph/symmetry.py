"""Merging states that differ only in how the members of symmetric sorts are named (Ip and Dill, 1996), for pictures.

Of all states that renaming can make of one, the one whose packed words are least tells which of them are the same. All renamings are tried,
so this is for small sorts. Of a symmetric sort the front end has checked that a spec treats its members alike; of one that a spec only
calls alike (`Module.alike`) nobody has. So what is drawn are states that were found, with their own steps, and not the renamed ones.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from kubecheck.checker.graph.expander import Expander, Words, keys
from kubecheck.spec.layout import pack
from kubecheck.spec.types import ArrayType, Data, OptionalType, RecordType, RefType, SeqType, SetType, Type

MOST_RENAMINGS: Final = 720
"""Renamings that are tried for each state, at most: those of one sort of six members."""

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
        self._known: dict[bytes, tuple[int, ...]] = {}

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
        found = [self._least(key, row) for key, row in zip(keys(states), states, strict=True)]
        return np.array(found, np.uint64).reshape(states.shape)

    def _least(self, key: bytes, row: Words) -> tuple[int, ...]:
        if key not in self._known:
            state = self._expander.unpack(row)
            self._known[key] = min(pack(self._root, renamed(self._root, state, each)) for each in self._renamings)
        return self._known[key]


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
