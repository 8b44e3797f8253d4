"""The visited set: every state once, exact, with the state that it was first reached from.

States live in 64 partitions, named by their hash. Each partition numbers its states 0, 1, … in the order in which they were found, and
keeps three things: the packed states themselves in that order (so a level of the breadth-first search is a range, and there is no
separate frontier), their predecessors (4 bytes each), and an open-addressing table of 4-byte slots, each a state's number and 6 bits
of its hash. A slot whose bits fit is compared with the whole state, so two different states are never taken for one. Probing stays in a
cache line, from anywhere in it and around, before it goes to the next one.

The tables double together when one is 0.6 full; as the states are all there, the new ones take the place of the old ones.
For a state of w words that makes 8w + 4 + at most 13.4 bytes, and at most 2^32 states in all, less a few.

Random access to a lot of memory waits for address translation more than for the memory: large pages are asked for, but only once
there is enough to fill them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from kubecheck.checker.engine.fields import CHUNK, NO_PREDECESSOR, PARTITION_CAPACITY, PARTITIONS, state_id
from kubecheck.checker.engine.memory import LARGE_PAGE, PAGE, Region

Words = npt.NDArray[np.uint64]

_LOAD: Final = 0.6
_SMALLEST_TABLE: Final = 64
_SLOT: Final = 4
_PREDECESSOR: Final = 4
_ROW: Final = CHUNK * PARTITIONS  # states


class StoreFullError(Exception):
    """There is no room for what may have to be stored. `reason` says in words what is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Store:
    """Arrays that kernels fill; growing them is done here, between kernels."""

    def __init__(self, words: int, *, memory_limit: int) -> None:
        """Reserve addresses, not memory, for as many states as `memory_limit` bytes can hold."""
        self.words = words
        self._state_bytes = 8 * words
        self._limit = memory_limit
        self.counts = np.zeros(PARTITIONS, np.int64)
        # A quarter more than the even share, as hashes are never quite even; and never so little that chance decides.
        share = memory_limit // (self._state_bytes + _PREDECESSOR) // PARTITIONS
        rows = min(share * 5 // 4 // CHUNK + 2, PARTITION_CAPACITY // CHUNK)
        while True:
            try:
                # The first row keeps to small pages: most specs never fill it.
                self._state_memory = Region(rows * _ROW * self._state_bytes, large_from=_ROW * self._state_bytes)
                self._predecessor_memory = Region(rows * _ROW * _PREDECESSOR, large_from=_ROW * _PREDECESSOR)
                tables = PARTITIONS * _SLOT * _slots(rows * CHUNK, _SMALLEST_TABLE)
                self._tables = Region(tables, large_from=2 * LARGE_PAGE)
                break
            except OSError:
                if rows == 1:
                    raise
                rows //= 2
        self._capacity = rows * CHUNK
        self._states = self._state_memory.view(np.uint64).reshape(-1, words)
        self._predecessors = self._predecessor_memory.view(np.uint32)
        self.slots = _SMALLEST_TABLE

    @property
    def states_address(self) -> int:
        """Where the states are: the one with id i at i times the size of a state."""
        return self._state_memory.address

    @property
    def predecessors_address(self) -> int:
        """Where the ids of their predecessors are."""
        return self._predecessor_memory.address

    @property
    def table_address(self) -> int:
        """Where the partitions' tables are, each of `slots` slots."""
        return self._tables.address

    @property
    def distinct(self) -> int:
        """How many states there are."""
        return int(self.counts.sum())

    def bytes_held(self) -> int:
        """Memory that the states, the predecessors and the tables take now."""
        return self._bytes(self.counts, self.slots)

    def make_room(self, incoming: npt.NDArray[np.int64], *, other_bytes: int) -> bool:
        """Grow the tables when a partition could not take so many new states more. Whether they grew: then they are empty.

        Raises StoreFullError when that might take more than the memory limit, of which others hold `other_bytes`; then nothing has changed.
        """
        counts = self.counts + incoming
        most = int(counts.max())
        slots = _slots(most, self.slots)
        if most > PARTITION_CAPACITY:
            raise StoreFullError(f"the state store is full: {PARTITIONS * PARTITION_CAPACITY:,} states")
        if most > self._capacity or self._bytes(counts, slots) + other_bytes > self._limit:
            raise StoreFullError(f"the memory limit of {_readable(self._limit)} is reached")
        if slots == self.slots:
            return False
        # In the same place: memory that was used before costs less than memory that is new.
        self._tables.view(np.uint8)[: PARTITIONS * self.slots * _SLOT] = 0
        self.slots = slots
        return True

    def room(self, *, other_bytes: int) -> int:
        """How many states each partition may have for which `make_room` neither grows anything nor raises; 0 if that is not known."""
        most = min(int(self.slots * _LOAD), self._capacity)
        fits = self._bytes(np.full(PARTITIONS, most), self.slots) + other_bytes <= self._limit
        return most if fits else 0

    def _bytes(self, counts: npt.NDArray[np.int64], slots: int) -> int:
        size = PARTITIONS * slots * _SLOT
        for each in (self._state_bytes, _PREDECESSOR):
            rows = -(-int(counts.max()) // CHUNK)
            if rows > 1:
                size += -(-rows * _ROW * each // LARGE_PAGE) * LARGE_PAGE
            else:
                size += int((-(-counts * each // PAGE) * PAGE).sum())
        return size

    def state(self, number: int) -> tuple[int, ...]:
        """The words of the state with this id."""
        return tuple(int(word) for word in self._states[number])

    def nth(self, number: int) -> int:
        """The id of the state with this number, counted from 0 through all partitions."""
        ends = np.cumsum(self.counts)
        partition = int(np.searchsorted(ends, number, side="right"))
        return state_id(partition, number - int(ends[partition] - self.counts[partition]))

    def predecessor(self, number: int) -> int | None:
        """The id of the state that this one was first reached from; None for an initial state."""
        found = int(self._predecessors[number])
        return None if found == NO_PREDECESSOR else found

    def path(self, number: int) -> list[tuple[int, ...]]:
        """The states from an initial one to this one, both included: a shortest path, as the search is breadth first."""
        states = []
        here: int | None = number
        while here is not None:
            states.append(self.state(here))
            here = self.predecessor(here)
        return states[::-1]

    def parts(self) -> list[Words]:
        """All states, as arrays of rows of words, without copying."""
        parts = []
        for partition, count in enumerate(self.counts):
            for begin in range(0, int(count), CHUNK):
                first = state_id(partition, begin)
                parts.append(self._states[first : first + min(CHUNK, int(count) - begin)])
        return parts


def _slots(states: int, slots: int) -> int:
    """How many slots a table for so many states has that has at least `slots`."""
    while states > slots * _LOAD:
        slots *= 2
    return slots


def _readable(size: int) -> str:
    for unit, scale in (("GB", 1 << 30), ("MB", 1 << 20)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size:,} bytes"
