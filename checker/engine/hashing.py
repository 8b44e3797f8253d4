"""How the kernels find a state in the visited set: its hash, where a partition's states are, in which order slots are looked at."""

from __future__ import annotations

from collections.abc import Callable

from kubecheck.checker.engine.fields import CHUNK, CHUNK_BITS, PARTITION_BITS
from kubecheck.checker.engine.intrinsics import compiled, load, shift_right

_IN_CHUNK = CHUNK - 1
_ROW_BITS = CHUNK_BITS + PARTITION_BITS
# Odd multipliers with well spread bits: 2^64 / golden ratio, and one from Pelle Evensen's rrxmrrxmsx. Written as signed numbers.
_MULTIPLY_1 = 0x9E3779B97F4A7C15 - (1 << 64)
_MULTIPLY_2 = 0x9FB21C651E98DF25 - (1 << 64)

_LINE_SLOTS = 16

_One = Callable[[int], int]
_Two = Callable[[int, int], int]


def functions(words: int, hash_mask: int) -> tuple[_One, _Two, _One, _Two]:
    """`hashed(state)`, `equal(state, state)`, `position(number)` and `probe(hash, step)` for states of `words` words, to be compiled.

    `hash_mask` is for tests: see `kernel.kernels`.
    """

    @compiled
    def hashed(state: int) -> int:
        value = _MULTIPLY_2
        for word in range(words):
            value = (value ^ load(state + 8 * word)) * _MULTIPLY_1
            value ^= shift_right(value, 32)
        value *= _MULTIPLY_2
        return (value ^ shift_right(value, 29)) & hash_mask

    @compiled
    def equal(one: int, other: int) -> int:
        difference = 0
        for word in range(words):
            difference |= load(one + 8 * word) ^ load(other + 8 * word)
        return int(difference == 0)

    @compiled
    def position(number: int) -> int:
        """Where a partition's state with this number is, counted from the partition's first."""
        return (number >> CHUNK_BITS) << _ROW_BITS | number & _IN_CHUNK

    @compiled
    def probe(value: int, step: int) -> int:
        """The slot, before the table's mask, to be looked at in this step: a cache line's all, beginning anywhere, then the next line's."""
        return (value & -_LINE_SLOTS) + (step & -_LINE_SLOTS) | value + step & _LINE_SLOTS - 1

    return hashed, equal, position, probe
