"""Which slots belong to one resource: what is listed, watched and cached together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kubecheck.model.registry.objects import Slot, Stored


@dataclass(frozen=True)
class Resource:
    """A run of slots, `first` up to and without `end`: the objects of one kind, in the order of their keys in etcd."""

    first: int
    end: int

    def has(self, slot: Slot) -> bool:
        """Whether the slot is of this resource."""
        return self.first <= slot.index < self.end

    def has_write(self, slot: Slot | None) -> bool:
        """Whether a write to the slot is to an object of this resource."""
        return slot is not None and self.has(slot)


class Selector(Protocol):
    """What of a resource a list or a watch asks for. Static for the compiler: `selects` is a function of the language.

    `empty`: it leaves nothing out. `single`: it names one object (metadata.name=…), which is then read by its key.
    """

    @property
    def empty(self) -> bool: ...

    @property
    def single(self) -> bool: ...

    def selects(self, slot: Slot, stored: Stored) -> bool: ...


@dataclass(frozen=True)
class Everything:
    """The selector of a request that has none."""

    empty: bool = True
    single: bool = False

    def selects(self, slot: Slot, stored: Stored) -> bool:
        """Every object."""
        return True


EVERYTHING = Everything()
