"""How a running validation shows that it is alive: a line on a terminal's standard error, nothing elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from kubecheck.cli.units import count, duration, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubecheck.traces.progress import Progress
    from kubecheck.traces.readers.files import Input

SECONDS_BEFORE: Final = 0.5
"""What takes no longer shows nothing."""
SECONDS_BETWEEN: Final = 0.1


@contextmanager
def shown_on(stream: TextIO, inputs: Sequence[Input], *, quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A function to give Progress to, as long as the context lasts; None if nothing is to be shown."""
    if quiet or not stream.isatty():
        yield None
        return
    from rich.live import Live
    from rich.text import Text

    from kubecheck.cli.terminal import Terminal

    console = Terminal(stream)
    began = time.monotonic()
    due = began + SECONDS_BEFORE
    with Live(Text(""), console=console, transient=True, auto_refresh=False) as live:

        def show(progress: Progress) -> None:
            nonlocal due
            now = time.monotonic()
            if now >= due:
                due = now + SECONDS_BETWEEN
                line = describe(progress, seconds=now - began, inputs=inputs)
                live.update(Text(line, overflow="ellipsis", no_wrap=True), refresh=True)

        yield show


def describe(progress: Progress, *, seconds: float, inputs: Sequence[Input]) -> str:
    """One moment in one line."""
    taken = sum(source.taken for source in inputs)
    sizes = [source.size for source in inputs]
    whole = None if any(one is None for one in sizes) else sum(one or 0 for one in sizes)
    share = f" of {size(whole)} ({taken / whole:.0%})" if whole else ""
    found = f", {count(progress.violations)} violations" if progress.violations else ""
    return (
        f"{duration(seconds)}: {size(taken)}{share}, {count(progress.events)} events, "
        f"{count(progress.events / max(seconds, 1e-9))}/s, {count(progress.live)} objects live{found}"
    )
