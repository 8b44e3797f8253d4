"""Ctrl-C as a question that can be asked, so that it never comes in the middle of bookkeeping."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """While the context lasts, Ctrl-C makes the given function answer True; a second one raises KeyboardInterrupt as usual.

    Does nothing outside the main thread, and where somebody has a handler of their own.
    """
    asked = threading.Event()
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield asked.is_set
        return

    def handler(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            signal.default_int_handler(number, frame)
        asked.set()

    signal.signal(signal.SIGINT, handler)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
