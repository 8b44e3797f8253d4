"""A team of threads that do one thing at a time together: the caller is one of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType

Task = Callable[[int], object]


def usable_processors() -> int:
    """Processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """`size` threads, the caller included; a context manager that ends them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._round = 0
        self._tasks: list[SimpleQueue[Task | None]] = [SimpleQueue() for _ in range(size - 1)]
        self._rounds_done = [0] * (size - 1)
        self._failures: list[BaseException | None] = [None] * (size - 1)
        self._ticks: SimpleQueue[None] = SimpleQueue()  # wakes the caller; what counts is in _rounds_done
        self._threads = [
            Thread(target=self._work, args=(number,), name=f"kubecheck-{number}", daemon=True)
            for number in range(1, size)
        ]

    def __enter__(self) -> Workers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for tasks in self._tasks:
            tasks.put(None)
        for thread in self._threads:
            thread.join()

    def run(self, task: Task, *, alone: bool = False) -> None:
        """Call `task(0)` here and, unless `alone`, `task(1)` … on the other threads; return when all have returned."""
        if alone:
            task(0)
            return
        self._round += 1
        for tasks in self._tasks:
            tasks.put(task)
        try:
            task(0)
        finally:
            self._wait()
        for number, failure in enumerate(self._failures):
            if failure is not None:
                self._failures[number] = None
                raise failure

    def _wait(self) -> None:
        """Until all others are done. They work on memory that must not change under them: not even Ctrl-C may cut this short."""
        interrupt: KeyboardInterrupt | None = None
        while any(done != self._round for done in self._rounds_done):
            try:
                self._ticks.get(timeout=0.1)
            except Empty:
                pass
            except KeyboardInterrupt as error:
                interrupt = error
        while not self._ticks.empty():
            self._ticks.get()
        if interrupt is not None:
            raise interrupt

    def _work(self, number: int) -> None:
        tasks, rounds = self._tasks[number - 1], 0
        while (task := tasks.get()) is not None:
            rounds += 1
            try:
                task(number)
            except BaseException as error:
                self._failures[number - 1] = error  # raised in the caller, who is waiting
            self._rounds_done[number - 1] = rounds
            self._ticks.put(None)
