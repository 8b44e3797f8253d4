"""Breadth-first search by levels: every state at distance 0 from the initial ones, then 1, and so on.

A level is a range of each partition of the store (`store.py`). It is expanded in batches; in a batch, all threads first expand
states into candidates, then insert the candidates into the visited set (`kernel.py`). Between batches the driver looks at the limits.
A level in which something was found is finished before the search stops, so that what is found and what is counted does not
depend on the threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from kubecheck.checker.engine.compiled import Kernels
from kubecheck.checker.engine.fields import (
    FINDINGS,
    PARTITIONS,
    RUN_BITS,
    Local,
    Shared,
    Tally,
    TallyLayout,
    piece_bytes,
)
from kubecheck.checker.engine.memory import free_memory, pages
from kubecheck.checker.engine.store import Store, StoreFullError
from kubecheck.checker.engine.workers import Workers
from kubecheck.checker.report import Limits, Progress

Ints = npt.NDArray[np.int64]

_MOST_BLOCKS: Final = 512  # in a batch
_MOST_SHARE: Final = 16  # states of a partition in a block
_BLOCK: Final = 2 << 20  # bytes that a block's candidates may take, if its states have fewer successors than one may have
_ARENA: Final = 8 << 20  # bytes of candidates, at most, for each thread
_ARENA_SHARE: Final = 8  # all arenas together take at most one eighth of what the store does
_LEAST_ARENA: Final = 1 << 20  # but as much as this, and room for a block
_ALONE: Final = 256  # a level of so few states, or a batch of so few candidates for each, is not worth waking the others
_LEVELS: Final = 4096  # small levels, at most, between two looks at the limits
_TICK: Final = 0.1  # seconds between reports of progress
_SHARE: Final = 0.7  # of the free memory, without a limit
_RESERVE: Final = 256 << 20  # bytes that must stay free on the machine, whatever the limit says


class Native(Protocol):
    """A compiled spec, as the native code generator makes it."""

    @property
    def words(self) -> int: ...
    @property
    def max_successors(self) -> int: ...
    @property
    def n_actions(self) -> int: ...
    @property
    def n_properties(self) -> int: ...
    @property
    def successors(self) -> int: ...
    @property
    def judge(self) -> int: ...
    @property
    def starts(self) -> int: ...
    def start(self, out: npt.NDArray[np.uint64], begin: int, end: int, /) -> tuple[int, int]: ...


@dataclass
class Exploration:
    """What a search saw. `stopped` says in words why it ended before every state was expanded, and is empty if none was left.

    `found` maps a property's number, FOUND_ACTION_ERROR or FOUND_PROPERTY_ERROR to the id of a state that shows it: of the level in
    which it was first found, the state whose packed words are least.
    """

    store: Store
    memory_limit: int
    levels: list[int] = field(default_factory=list)
    complete: bool = False
    stopped: str = ""
    expanded: int = 0
    generated: int = 0
    initial: int = 0  # of the generated: initial states, duplicates included
    quiescent: int = 0
    outside: int = 0  # of a constraint: judged, but not expanded, though they count as expanded here
    fired: list[int] = field(default_factory=list)
    premise: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    found: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    memory_bytes: int = 0


class MemoryTooSmallError(Exception):
    """The memory limit does not even hold the initial states."""


class _StoppedError(Exception):
    """The search ends here; the reason in words."""


def explore(
    native: Native,
    kernels: Kernels,
    *,
    witnesses: int = 0,
    limits: Limits,
    threads: int = 1,
    progress: Callable[[Progress], None] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    profile: bool = False,
) -> Exploration:
    """Search until every state is expanded, a limit is met, or a level has shown a property that is not in the mask `witnesses`.

    `interrupted` is asked between batches. A KeyboardInterrupt, wherever it comes, stops the search as well. With `profile` the
    new states of each action are counted. Raises MemoryTooSmallError.
    """
    free = free_memory()
    limit = int(free * _SHARE) if limits.memory_bytes is None else limits.memory_bytes
    search = _Search(native, kernels, limits, limit, threads, witnesses, profile)
    search.progress, search.interrupted, search.reserve = progress, interrupted, min(_RESERVE, free // 20)
    with Workers(threads) as workers:
        return search.run(workers)


@dataclass(frozen=True)
class _Done:
    """What is known after the last batch that was finished: `levels` says how many there are, `level` how large the last is so far."""

    counts: Ints
    tallies: Ints
    initial: int
    expanded: int
    levels: int
    level: int


class _Search:
    """One search: the records that kernels read and write, and what is known between batches."""

    progress: Callable[[Progress], None] | None = None
    interrupted: Callable[[], bool]
    reserve: int

    def __init__(
        self,
        native: Native,
        kernels: Kernels,
        limits: Limits,
        memory_limit: int,
        threads: int,
        witnesses: int,
        profile: bool,
    ) -> None:
        self._kernels, self._limits, self._memory_limit = kernels, limits, memory_limit
        self._witnesses = witnesses
        self._store = store = Store(native.words, memory_limit=memory_limit)
        self._result = Exploration(store, memory_limit)
        self._native = native
        self._layout = layout = TallyLayout(actions=native.n_actions, properties=native.n_properties)
        self._tallies = _lines(threads, layout.words)
        self._tallies[:, Tally.FOUND : Tally.FOUND + FINDINGS] = -1
        self._shared = _lines(1, Shared.WORDS)[0]
        self._begins = np.zeros(PARTITIONS, np.int64)
        self._ends = np.zeros(PARTITIONS, np.int64)
        self._records = np.zeros(_MOST_BLOCKS, np.int64)
        self._runs = np.zeros((_MOST_BLOCKS, PARTITIONS), np.int64)
        self._sizes = np.zeros(_LEVELS, np.int64)
        self._kept_tally = np.zeros(layout.words, np.int64)
        self._stride = 1  # levels that may be done before a look at the limits
        for position, value in {
            Shared.SUCCESSORS: native.successors,
            Shared.JUDGE: native.judge,
            Shared.OPEN_MASK: _signed((1 << native.n_properties) - 1),
            Shared.ACTIONS: native.n_actions,
            Shared.PROFILE: int(profile),
            Shared.STATES: store.states_address,
            Shared.PREDECESSORS: store.predecessors_address,
            Shared.COUNTS: store.counts.ctypes.data,
            Shared.LEVEL_BEGINS: self._begins.ctypes.data,
            Shared.LEVEL_ENDS: self._ends.ctypes.data,
            Shared.BLOCK_RECORDS: self._records.ctypes.data,
            Shared.BLOCK_RUNS: self._runs.ctypes.data,
            Shared.FIRED_AT: layout.fired * 8,
            Shared.PREMISE_AT: layout.premise * 8,
            Shared.NEW_AT: layout.new * 8,
            Shared.LEVEL_SIZES: self._sizes.ctypes.data,
            Shared.TALLY_KEPT: self._kept_tally.ctypes.data,
            Shared.TALLY_WORDS: layout.words,
        }.items():
            self._shared[position] = value
        self._make_locals(threads)
        self._address = int(self._shared.ctypes.data)
        self._before_level = 0  # states in all levels but the last
        self._done = _Done(store.counts.copy(), self._tallies.copy(), 0, 0, 0, 0)

    def _make_locals(self, threads: int) -> None:
        """For each thread a Local record and the memory that it points to. Untouched pages of it take no memory."""
        record = 8 * (self._native.words + 1)
        successors = max(1, self._native.max_successors)
        # What is a block may depend on the spec, but not on the threads: blocks make the order in which states are found.
        states = max(1, _BLOCK // (successors * record))
        self._share = min(_MOST_SHARE, max(1, states // PARTITIONS))
        self._group = min(PARTITIONS, 1 << (states.bit_length() - 1))
        states = self._share * self._group
        self._scratch_size = max(successors, 1024)
        piece = piece_bytes(self._native.words)
        # Each partition may begin one more piece than its candidates fill.
        most = max(states * successors, self._scratch_size)
        self._room = room = (-(-most // ((piece - 8) // record)) + PARTITIONS) * piece
        self._least_arena = room + PARTITIONS * piece
        self._arena = arena = max(min(_ARENA, self._memory_limit // (32 * threads)), self._least_arena)
        shared = self._shared
        shared[Shared.BLOCK_STATES], shared[Shared.BLOCK_PARTITIONS] = self._share, self._group
        shared[Shared.BLOCK_ROOM] = room
        self._scratches = [np.empty((self._scratch_size, self._native.words), np.uint64) for _ in range(threads)]
        self._memory: list[npt.NDArray[np.generic]] = []
        self._locals = _lines(threads, Local.WORDS)
        for thread, own in enumerate(self._locals):
            fired = _lines(1, self._native.n_actions + 1)
            group, cursors = _lines(1, 3 * 256), _lines(1, 2 * PARTITIONS)
            candidates = np.empty(arena + piece, np.uint8)
            self._memory += [fired, group, cursors, candidates]
            for position, value in {
                Local.ARENA: -(-int(candidates.ctypes.data) // piece) * piece,
                Local.ARENA_SIZE: arena,
                Local.SCRATCH: self._scratches[thread].ctypes.data,
                Local.FIRED: fired.ctypes.data,
                Local.GROUP: group.ctypes.data,
                Local.CURSORS: cursors.ctypes.data,
                Local.TALLY: self._tallies[thread].ctypes.data,
            }.items():
                own[position] = value
        self._arena_peaks = np.zeros(threads, np.int64)
        self._local_addresses = [int(own.ctypes.data) for own in self._locals]

    def run(self, workers: Workers) -> Exploration:
        """The search itself."""
        self._workers = workers
        self._started = self._ticked = time.perf_counter()
        result = self._result
        try:
            self._seed()
            while not self._after_level():
                if not self._descend():
                    self._expand_level()
        except _StoppedError as stop:
            result.stopped = str(stop)
        except KeyboardInterrupt:
            result.stopped = "interrupted"
        self._restore()
        self._gather()
        result.seconds = time.perf_counter() - self._started
        return result

    def _after_level(self) -> bool:
        """Whether the search is over; looks at what the level showed and closes properties that have their witness."""
        result = self._result
        stopping = False
        closed = 0
        for place, number in self._findings().items():
            result.found[place] = number
            if self._witnesses >> place & 1:
                closed |= 1 << place
            else:
                stopping = True
        self._shared[Shared.OPEN_MASK] &= ~_signed(closed)
        if stopping:
            result.complete = result.levels[-1] == 0
            return True
        if result.levels[-1] == 0:
            result.complete = True
            return True
        depth = self._limits.depth
        if depth is not None and len(result.levels) > depth:
            raise _StoppedError(
                f"the depth limit of {depth} steps is reached (states {depth} steps away were not expanded, so not judged for quiescence)"
            )
        return False

    def _findings(self) -> dict[int, int]:
        """What was found since it was last asked: of all threads' findings in a place the state whose packed words are least."""
        found = self._tallies[:, Tally.FOUND : Tally.FOUND + FINDINGS]
        places = [int(place) for place in np.flatnonzero((found >= 0).any(axis=0)) if place not in self._result.found]
        return {p: min((int(n) for n in found[:, p] if n >= 0), key=self._store.state) for p in places}

    def _seed(self) -> None:
        """Make and insert the initial states, the search's first level."""
        self._new_level()
        native, scratch = self._native, self._scratches[0]
        begin, stride = 0, len(scratch)
        while begin < native.starts:
            if begin:
                self._tick()
            before = time.perf_counter()
            found, begin = native.start(scratch, begin, min(native.starts, begin + stride))
            # As far as a tick: instances that are refused leave room for many more, and some take long.
            stride = stride * 2 if time.perf_counter() - before < _TICK / 4 else max(1, stride // 2)
            if found == 0:
                continue
            self._locals[0][Local.SCRATCH_USED] = found
            self._locals[0][Local.SCRATCH_PEAK] = max(found, int(self._locals[0][Local.SCRATCH_PEAK]))
            self._kernels.seed(self._address, self._local_addresses[0])
            self._shared[Shared.BLOCK_FIRST] = 0
            try:
                self._insert(1)
            except _StoppedError as stop:
                raise MemoryTooSmallError(f"{stop} before the search began: the initial states do not fit") from None
            self._tallies[0, Tally.GENERATED] += found
            self._commit(0, initial=found)

    def _expand_level(self) -> None:
        """Expand every state of the last level; what is new is the next one."""
        self._ends[:] = self._store.counts
        shared = self._shared
        blocks = -(-int((self._ends - self._begins).max()) // self._share) * (PARTITIONS // self._group)
        self._new_level()
        begin = 0
        while begin < blocks:
            self._tick()
            end = min(blocks, begin + _MOST_BLOCKS)
            shared[Shared.BLOCK_FIRST] = shared[Shared.NEXT_BLOCK] = begin
            shared[Shared.BLOCK_END] = end
            self._clear_arenas()
            self._workers.run(self._expand_here, alone=end - begin == 1)
            end = min(end, int(shared[Shared.NEXT_BLOCK]))
            self._insert(end - begin)
            self._commit(self._states_before(end) - self._states_before(begin))
            begin = end
        self._begins[:] = self._ends

    def _descend(self) -> int:
        """Expand levels as long as they are small; how many that were."""
        result, done, shared = self._result, self._done, self._shared
        most = PARTITIONS * self._share
        if self._workers.size > 1:  # several threads are worth waking for so many candidates
            generated = int(done.tallies[:, Tally.GENERATED].sum()) - done.initial
            most = min(most, _ALONE * 8 * max(1, done.expanded) // max(1, generated))
        size = result.levels[-1]
        if size > most:
            return 0
        self._tick(under_way=0)
        depth = self._limits.depth
        shared[Shared.LEVELS] = self._stride if depth is None else min(self._stride, depth + 1 - len(result.levels))
        shared[Shared.LEVEL_MOST] = most
        self._clear_arenas()
        room = self._store.room(other_bytes=self._other_bytes() + int(self._locals[0][Local.ARENA_SIZE]))
        if room == 0:
            return 0
        shared[Shared.PARTITION_ROOM] = room
        before = time.perf_counter()
        number = self._kernels.descend(self._address, self._local_addresses[0])
        fast = time.perf_counter() - before < _TICK / 4
        self._stride = min(_LEVELS, self._stride * 2) if fast else max(1, self._stride // 2)
        np.maximum(self._arena_peaks, self._locals[:, Local.ARENA_USED], out=self._arena_peaks)
        levels = self._sizes[:number].tolist()
        if levels:
            result.levels += levels
            self._before_level = int(self._store.counts.sum()) - levels[-1]
            self._commit(size + sum(levels[:-1]))
        return number

    def _clear_arenas(self) -> None:
        # The larger the batch, the more of its candidates meet in the processor's cache.
        share = self._store.bytes_held() // (_ARENA_SHARE * self._workers.size)
        self._locals[:, Local.ARENA_SIZE] = min(self._arena, max(self._least_arena + _LEAST_ARENA, share))
        self._locals[:, Local.ARENA_USED] = 0

    def _new_level(self) -> None:
        self._before_level = int(self._done.counts.sum())
        self._result.levels.append(0)
        self._done = replace(self._done, levels=len(self._result.levels), level=0)

    def _states_before(self, block: int) -> int:
        """States of the level in earlier blocks. (A block is `_share` states of each of `_group` partitions.)"""
        row, first = divmod(block * self._group, PARTITIONS)
        sizes = self._ends - self._begins
        rows = np.full(PARTITIONS, row)
        rows[:first] += 1
        return int(np.minimum(rows * self._share, sizes).sum())

    def _insert(self, blocks: int) -> None:
        """Insert the candidates that are in the arenas. Raises _StoppedError when there may be no room; then nothing is inserted."""
        np.maximum(self._arena_peaks, self._locals[:, Local.ARENA_USED], out=self._arena_peaks)
        incoming = (self._runs[:blocks] & (1 << RUN_BITS) - 1).sum(axis=0)
        try:
            grown = self._store.make_room(incoming, other_bytes=self._other_bytes())
        except StoreFullError as full:
            raise _StoppedError(full.reason) from None
        shared = self._shared
        shared[Shared.TABLES], shared[Shared.TABLE_MASK] = self._store.table_address, self._store.slots - 1
        shared[Shared.REHASH] = int(grown)
        shared[Shared.BLOCK_END] = shared[Shared.BLOCK_FIRST] + blocks
        shared[Shared.NEXT_PARTITION] = 0
        self._workers.run(self._insert_here, alone=int(incoming.sum()) < _ALONE * 8)

    def _expand_here(self, thread: int) -> None:
        self._kernels.expand(self._address, self._local_addresses[thread])

    def _insert_here(self, thread: int) -> None:
        self._kernels.insert(self._address, self._local_addresses[thread])

    def _commit(self, expanded: int, *, initial: int = 0) -> None:
        """A batch is done. Whatever interrupts the next one, this is what the report is made from."""
        result = self._result
        counts = self._store.counts.copy()
        distinct = int(counts.sum())
        if result.levels:
            result.levels[-1] = distinct - self._before_level
        result.memory_bytes = max(result.memory_bytes, self._bytes_held())
        # One assignment: it happened or it did not.
        done = self._done
        level, tallies = distinct - self._before_level, self._tallies.copy()
        self._done = _Done(counts, tallies, done.initial + initial, done.expanded + expanded, len(result.levels), level)

    def _restore(self) -> None:
        """Forget a batch that was not finished."""
        done, result = self._done, self._result
        self._store.counts[:] = done.counts
        self._tallies[:] = done.tallies
        result.initial, result.expanded = done.initial, done.expanded
        del result.levels[done.levels :]
        if result.levels:
            result.levels[-1] = done.level

    def _gather(self) -> None:
        """Add up what the threads counted."""
        result, layout = self._result, self._layout
        while result.levels and result.levels[-1] == 0:
            result.levels.pop()
        totals = [int(total) for total in self._tallies.sum(axis=0)]
        result.generated, result.quiescent, result.outside = totals[Tally.GENERATED], totals[Tally.INFO + 1], totals[Tally.INFO + 3]
        result.fired = totals[layout.fired : layout.premise]
        result.premise = totals[layout.premise : layout.new]
        result.new = totals[layout.new : layout.new + self._native.n_actions]
        result.found.update(self._findings())  # a search that was stopped inside a level may have found something in it

    def _tick(self, under_way: int = 1) -> None:
        """Look at the clock, the machine and whoever wants to stop us; raises _StoppedError. Reports progress.

        `under_way` says whether the last level is being found; else it is complete.
        """
        if self.interrupted():
            raise _StoppedError("interrupted")
        now = time.perf_counter()
        seconds = now - self._started
        if self._limits.seconds is not None and seconds >= self._limits.seconds:
            raise _StoppedError(f"the time limit of {self._limits.seconds:g} s is reached")
        if now - self._ticked < _TICK:
            return
        self._ticked = now
        if free_memory() < self.reserve:
            raise _StoppedError("the machine has hardly any free memory left")
        if self.progress is not None:
            levels = [0, 0, *self._result.levels[: len(self._result.levels) - under_way]]
            self.progress(
                Progress(
                    seconds=seconds,
                    distinct=int(self._done.counts.sum()),
                    generated=int(self._done.tallies[:, Tally.GENERATED].sum()),
                    depth=max(0, len(levels) - 3),
                    frontier=levels[-1],
                    previous_frontier=levels[-2],
                    memory_bytes=self._bytes_held(),
                    memory_limit=self._memory_limit,
                )
            )

    def _bytes_held(self) -> int:
        return self._store.bytes_held() + self._other_bytes()

    def _other_bytes(self) -> int:
        """Arenas and scratches, as far as they were ever used, and the small records."""
        scratch = int(self._locals[:, Local.SCRATCH_PEAK].sum()) * 8 * self._native.words
        small = self._runs.nbytes + self._records.nbytes + 3 * self._tallies.nbytes
        return pages(int(self._arena_peaks.sum())) + pages(scratch) + pages(small)


def _lines(rows: int, words: int) -> Ints:
    """Zeroed rows of words, each row beginning on a cache line pair of its own."""
    width = -(-words // 16) * 16
    memory = np.zeros(rows * width + 16, np.int64)
    skip = -(int(memory.ctypes.data) // 8) % 16
    return memory[skip : skip + rows * width].reshape(rows, width)


def _signed(mask: int) -> int:
    """A mask of 64 bits as the int64 with the same bits."""
    return mask - (1 << 64) if mask >> 63 else mask
