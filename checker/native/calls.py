"""The two functions of a compiled spec, called for one state at a time: what the search calls for millions, for those who look closely."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubecheck.checker.native.emit import TOO_WIDE
from kubecheck.spec.errors import Position

if TYPE_CHECKING:
    from kubecheck.checker.native import NativeSpec

U64 = ctypes.c_uint64
SUCCESSORS = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 4, ctypes.c_int64, ctypes.c_void_p)
JUDGE = ctypes.CFUNCTYPE(U64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)

Packed = tuple[int, ...]


@dataclass(frozen=True)
class Expanded:
    """What `successors` says of a state. `error` is 0, or how its function ended: then the rest says nothing."""

    successors: list[Packed]
    fired: list[int]
    premises: list[int]
    violated: int
    quiescent: bool
    error: int


@dataclass(frozen=True)
class Judged:
    """What `judge` says of a state: the mask of violated invariants and shown reachables, and whose premise held."""

    mask: int
    premises: list[int]
    error: int


class Calls:
    """A compiled spec's functions."""

    def __init__(self, native: NativeSpec) -> None:
        self._native = native
        self._successors, self._judge = SUCCESSORS(native.successors), JUDGE(native.judge)
        self._out = (U64 * (native.words * native.max_successors))()
        self._all = (1 << native.n_properties) - 1

    def expand(self, state: Packed) -> Expanded:
        """All successors of a state, in the order of the action instances, and what is said of the steps there."""
        n = self._native
        source, fired, premises, info = self._words(state), (U64 * (n.n_actions + 1))(), (U64 * (n.n_properties + 1))(), (U64 * 4)()
        count = self._successors(source, self._out, fired, premises, self._all, info)
        out = self._out[: max(0, count) * n.words]
        rows = [tuple(out[i : i + n.words]) for i in range(0, len(out), n.words)]
        return Expanded(rows, list(fired)[:-1], list(premises)[:-1], int(info[0]), bool(info[1]), int(info[2]))

    def judge(self, state: Packed) -> Judged:
        """What the invariants and reachables say of a state."""
        premises, info = (U64 * (self._native.n_properties + 1))(), (U64 * 4)()
        mask = self._judge(self._words(state), premises, self._all, info)
        return Judged(0 if info[2] else int(mask), list(premises)[:-1], int(info[2]))

    def too_wide(self, state: Packed) -> Position | None:
        """Where a number needs more than 64 bits, if that is what ends the functions for a state."""
        status = self.judge(state).error or self.expand(state).error
        return self._native.wide[status - TOO_WIDE] if status >= TOO_WIDE else None

    def _words(self, state: Sequence[int]) -> ctypes.Array[U64]:
        return (U64 * len(state))(*state)
