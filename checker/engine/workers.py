"""A team of threads that do one thing at a time together: the caller is one of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from queue import SimpleQueue
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
        self._tasks: list[SimpleQueue[Task | None]] = [SimpleQueue() for _ in range(size - 1)]
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()
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
        others = [] if alone else self._tasks
        failure: BaseException | None = None
        for tasks in others:
            tasks.put(task)
        try:
            task(0)
        finally:
            # Whatever happened here: the others work on memory that must not change under them.
            for _ in others:
                failure = self._done.get() or failure
        if failure is not None:
            raise failure

    def _work(self, number: int) -> None:
        tasks = self._tasks[number - 1]
        while (task := tasks.get()) is not None:
            try:
                task(number)
            except BaseException as error:  # handed to the caller, who is waiting
                self._done.put(error)
            else:
                self._done.put(None)
