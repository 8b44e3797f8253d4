"""Does every run of component steps come to rest? Asked of the states of a finished search, with all of them at hand.

The graph is that of component steps that change something. Whether it has a loop needs every edge: each state is expanded once more, by
all threads, and its targets are kept, 4 bytes each; then one search in depth finds the strongly connected components. A component of
several states is a loop: a run of component steps that need never end, whatever users and faults do or do not do.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kubecheck.checker.engine import rest_kernel as at
from kubecheck.checker.engine.compiled import RestKernels
from kubecheck.checker.engine.explore import Exploration, Native
from kubecheck.checker.engine.fields import CHUNK, PARTITIONS
from kubecheck.checker.engine.memory import Region
from kubecheck.checker.engine.store import Store
from kubecheck.checker.engine.workers import Workers
from kubecheck.checker.report import Limits

_BATCH: Final = 512  # blocks between two looks at the limits
_ALONE: Final = 2  # so few are not worth waking the other threads
_NOTES: Final = 1 << 18  # targets that a thread can note in a batch, at least
_MOST_TARGETS: Final = (1 << 32) - 1
_CANDIDATES: Final = 16  # states as near as the nearest, of which the one with the shortest loop is shown


@dataclass(frozen=True)
class Lasso:
    """A loop, as the ids of its states; the first is one of those that are nearest to an initial state.

    `trap`: no component steps lead from there to a quiet state. Otherwise some do, and a run may or may not take them.
    """

    loop: tuple[int, ...]
    trap: bool


@dataclass(frozen=True)
class Rest:
    """What came out. Without a lasso and if `stopped` is empty, every run of component steps ends.

    `looping` is how many states are on a loop of component steps; from `trapped` no component steps lead to rest.
    """

    seconds: float
    memory_bytes: int
    lasso: Lasso | None = None
    looping: int = 0
    trapped: int = 0
    stopped: str = ""


class _StoppedError(Exception):
    """The question is not answered; the reason in words."""


def comes_to_rest(
    native: Native,
    kernels: RestKernels,
    exploration: Exploration,
    *,
    components: Sequence[bool],
    limits: Limits,
    threads: int = 1,
    interrupted: Callable[[], bool] = lambda: False,
) -> Rest:
    """Ask it of a search that is complete and met no error. `components` says of each action whether it is a component's.

    The time limit holds for search and question together, the memory limit for all that is held at a time.
    """
    question = _Question(native, exploration, limits, interrupted)
    try:
        with Workers(threads) as workers:
            question.follow(kernels, workers, components)
            return question.answer(kernels)
    except _StoppedError as stop:
        return question.unanswered(str(stop))
    except KeyboardInterrupt:
        return question.unanswered("interrupted")


class _Question:
    """The graph as far as it is known. Arrays have an element for each id, also for those that no state has."""

    def __init__(
        self, native: Native, exploration: Exploration, limits: Limits, interrupted: Callable[[], bool]
    ) -> None:
        self._native, self._store, self._limits, self._interrupted = native, exploration.store, limits, interrupted
        self._started = time.perf_counter()
        self._before = exploration.seconds
        self._limit = exploration.memory_limit
        self._held = self._peak = exploration.store.bytes_held()
        store = self._store
        # All partitions' rows, filled to the height of the fullest.
        self._ids = -(-int(store.counts.max(initial=0)) // CHUNK) * CHUNK * PARTITIONS
        self._shared = np.zeros(at.SHARED_WORDS, np.int64)
        for position, value in {
            at.SUCCESSORS: native.successors,
            at.STATES: store.states_address,
            at.TABLES: store.table_address,
            at.TABLE_MASK: store.slots - 1,
            at.COUNTS: store.counts.ctypes.data,
            at.IDS: self._ids,
        }.items():
            self._shared[position] = value

    def follow(self, kernels: RestKernels, workers: Workers, components: Sequence[bool]) -> None:
        """Expand all states, and keep what their component steps lead to."""
        most = self._native.max_successors
        room = max(_NOTES, 2 * at.BLOCK * most)
        scratch = 8 * self._native.words * most
        self._hold(5 * self._touched() + workers.size * (4 * room + scratch))
        self._marks, self._ends = np.zeros(self._ids, np.uint8), np.zeros(self._ids + 1, np.uint32)
        component = np.array([*components, 0], np.int64)
        pieces = np.zeros((_BATCH, 2), np.int64)
        shared = self._shared
        shared[at.COMPONENTS], shared[at.PIECES] = component.ctypes.data, pieces.ctypes.data
        shared[at.MARKS], shared[at.ENDS] = self._marks.ctypes.data, self._ends.ctypes.data
        threads = [_Thread(self._native, scratch, room) for _ in range(workers.size)]
        self._targets = np.empty(0, np.uint32)
        # Addresses, not memory, as much as there may be: as targets come, memory is taken.
        free = max(0, self._limit - self._held)
        targets = Region(min(free, 4 * _MOST_TARGETS) // 4 * 4 + 4, large_from=0).view(np.uint32)
        known, begin, blocks = 0, 0, self._ids // at.BLOCK
        while begin < blocks:
            self._look()
            end = min(blocks, begin + _BATCH)
            shared[at.FIRST] = shared[at.NEXT] = begin
            shared[at.END] = end
            for thread in threads:
                thread.record[at.NOTED] = 0
            failed: list[int] = []

            def work(number: int, failed: list[int] = failed) -> None:
                if kernels.follow(shared.ctypes.data, threads[number].record.ctypes.data) < 0:
                    failed.append(number)

            workers.run(work, alone=end - begin <= _ALONE)
            if failed:
                raise AssertionError("a successor is not in the visited set")  # the search was not complete
            end = min(end, int(shared[at.NEXT]))
            more = int(pieces[: end - begin, 1].sum())
            self._hold(4 * more)
            for address, count in pieces[: end - begin].tolist():
                if count:
                    thread = next(t for t in threads if t.has(address))
                    targets[known : known + count] = thread.piece(address, count)
                    known += count
            begin = end
        self._targets = targets[:known]
        shared[at.TARGETS] = targets.ctypes.data
        np.cumsum(self._ends, out=self._ends)
        self._held -= workers.size * (4 * room + scratch)

    def answer(self, kernels: RestKernels) -> Rest:
        """Look for loops."""
        self._look()
        self._hold(4 * self._touched())
        frames = min(self._ids, max(0, self._limit - self._held) // (at.FRAME + 4)) + 1
        self._component, stack = np.zeros(self._ids, np.uint32), np.empty(self._ids, np.uint32)
        memory = np.empty(frames * at.FRAME, np.uint8)
        shared = self._shared
        shared[at.INDEX], shared[at.STACK], shared[at.FRAMES], shared[at.DEPTH] = (
            self._component.ctypes.data,
            stack.ctypes.data,
            memory.ctypes.data,
            frames,
        )
        if kernels.components(shared.ctypes.data, 0) < 0:
            raise self._full()
        self._hold(0 if shared[at.DEPTH] < 2 else int(shared[at.DEPTH]) * (at.FRAME + 4))
        looping = (self._marks & at.LOOPS).astype(np.bool_)
        if not looping.any():
            return Rest(self._seconds(), self._peak)
        trapped = self._states() & ~(self._marks & at.RESTS).astype(np.bool_)
        lasso = self._lasso(looping, trapped)
        return Rest(self._seconds(), self._peak, lasso, int(looping.sum()), int(trapped.sum()))

    def unanswered(self, reason: str) -> Rest:
        """What there is to say if the question was not answered."""
        return Rest(self._seconds(), self._peak, stopped=reason)

    def _touched(self) -> int:
        """How many ids have memory: those of states, nearly."""
        return min(self._ids, self._store.distinct * 5 // 4 + (1 << 12) * PARTITIONS)

    def _states(self) -> npt.NDArray[np.bool_]:
        """Which ids are those of states."""
        numbers = np.arange(self._ids // PARTITIONS).reshape(-1, 1, CHUNK)
        return (numbers < self._store.counts.reshape(1, PARTITIONS, 1)).ravel()

    def _seconds(self) -> float:
        return time.perf_counter() - self._started

    def _hold(self, size: int) -> None:
        """Count so many bytes more as held. Raises _StoppedError if there is no room for them."""
        if self._held + size > self._limit:
            raise self._full()
        self._held += size
        self._peak = max(self._peak, self._held)

    def _full(self) -> _StoppedError:
        return _StoppedError("the memory limit is reached")

    def _look(self) -> None:
        if self._interrupted():
            raise _StoppedError("interrupted")
        seconds = self._limits.seconds
        if seconds is not None and self._before + self._seconds() >= seconds:
            raise _StoppedError(f"the time limit of {seconds:g} s is reached")

    def _lasso(self, looping: npt.NDArray[np.bool_], trapped: npt.NDArray[np.bool_]) -> Lasso:
        """Of the loops without a way to rest, or else of all, the nearest; of some that are as near, the shortest."""
        without_rest = looping & trapped
        trap = bool(without_rest.any())
        best: tuple[int, ...] = ()
        for start in self._nearest(without_rest if trap else looping):
            loop = self._loop(start, len(best))
            best = loop or best
        return Lasso(best, trap)

    def _nearest(self, wanted: npt.NDArray[np.bool_]) -> list[int]:
        """Ids as near to an initial state as the nearest, those with the least words first; a few of them.

        A partition numbers its states in the order in which they were found, so that its first are its nearest.
        """
        nearest: list[int] = []
        least = -1
        rows = wanted.reshape(-1, PARTITIONS, CHUNK)
        for partition in range(PARTITIONS):
            here = np.flatnonzero(rows[:, partition].ravel())
            for number in here[: 64 * _CANDIDATES].tolist():
                state = (number // CHUNK * PARTITIONS + partition) * CHUNK + number % CHUNK
                depth = len(self._store.path(state)) if least < 0 else _depth(self._store, state, least)
                if least < 0 or depth < least:
                    nearest, least = [], depth
                if depth > least:
                    break
                nearest.append(state)
        return sorted(nearest, key=self._store.state)[:_CANDIDATES]

    def _loop(self, start: int, most: int) -> tuple[int, ...]:
        """The ids of a shortest loop from and to a state; nothing if `most` is not 0 and it is no shorter."""
        component = int(self._component[start])
        before = {start: -1}
        queue = deque([(start, 1)])
        while queue:
            here, length = queue.popleft()
            if most and length >= most:
                return ()
            for target in self._targets[self._ends[here] : self._ends[here + 1]].tolist():
                if target == start:
                    path = []
                    while here >= 0:
                        path.append(here)
                        here = before[here]
                    return tuple(path[::-1])
                if target not in before and int(self._component[target]) == component:
                    before[target] = here
                    queue.append((target, length + 1))
        raise AssertionError("a state of a component of several is on no loop")


class _Thread:
    """A thread's record, and the memory that it points to."""

    def __init__(self, native: Native, scratch: int, room: int) -> None:
        self.record = np.zeros(at.LOCAL_WORDS, np.int64)
        self._noted = np.empty(room, np.uint32)
        self._address = int(self._noted.ctypes.data)
        self._memory: list[npt.NDArray[Any]] = []
        for position, size in {
            at.SCRATCH: scratch,
            at.FIRED: 8 * (native.n_actions + 1),
            at.IGNORED: at.PREMISES + 8 * (native.n_properties + 1),
            at.WAITING: at.GROUP * 8 * (native.words + 1),
        }.items():
            self._memory.append(np.zeros(size // 8 + 1, np.int64))
            self.record[position] = self._memory[-1].ctypes.data
        self.record[at.EDGES] = self._address
        self.record[at.ROOM] = room // 2

    def has(self, address: int) -> bool:
        """Whether the thread has noted the targets at this address."""
        return self._address <= address < self._address + self._noted.nbytes

    def piece(self, address: int, count: int) -> npt.NDArray[np.uint32]:
        """So many targets from there on."""
        first = (address - self._address) // 4
        return self._noted[first : first + count]


def _depth(store: Store, number: int, most: int) -> int:
    """How many states a shortest path to this one has; `most` + 1 if they are more."""
    depth = 1
    here = store.predecessor(number)
    while here is not None and depth <= most:
        depth, here = depth + 1, store.predecessor(here)
    return depth
