"""How a running check shows that it is alive: a line that changes on a terminal, a line every ten seconds elsewhere.

Progress goes to standard error, so that standard output has the result and nothing else.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from kubecheck.cli.units import count, duration, size
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubecheck.checker.report import Progress

SECONDS_BETWEEN_LINES: Final = 10.0


@contextmanager
def shown_on(stream: TextIO, *, quiet: bool, what: str = "") -> Iterator[Callable[[Progress], None] | None]:
    """A function to give Progress to, as long as the context lasts; None if nothing is to be shown. `what` is said before each line."""
    prefix = f"{visible(what)}: " if what else ""
    if quiet:
        yield None
    elif stream.isatty():
        with _live(stream, prefix) as listener:
            yield listener
    else:
        yield _lines(stream, prefix)


def _lines(stream: TextIO, prefix: str) -> Callable[[Progress], None]:
    due = SECONDS_BETWEEN_LINES

    def show(progress: Progress) -> None:
        nonlocal due
        if progress.seconds >= due:
            due = progress.seconds - progress.seconds % SECONDS_BETWEEN_LINES + SECONDS_BETWEEN_LINES
            print(prefix + describe(progress), file=stream, flush=True)

    return show


@contextmanager
def _live(stream: TextIO, prefix: str) -> Iterator[Callable[[Progress], None]]:
    from rich.live import Live
    from rich.text import Text

    from kubecheck.cli.terminal import Terminal

    console = Terminal(stream)
    with Live(Text(f"{prefix}compiling …", style="dim"), console=console, transient=True, auto_refresh=False) as live:

        def show(progress: Progress) -> None:
            live.update(Text(prefix + describe(progress), overflow="ellipsis", no_wrap=True), refresh=True)

        live.refresh()
        yield show


def describe(progress: Progress) -> str:
    """One moment in one line."""
    seconds = max(progress.seconds, 1e-9)
    rates = f"{count(progress.distinct / seconds)}/s distinct, {count(progress.generated / seconds)}/s generated"
    share = f" ({progress.memory_bytes / progress.memory_limit:.0%})" if progress.memory_limit else ""
    return (
        f"{duration(progress.seconds)}: {count(progress.distinct)} states, {rates}, depth {progress.depth}, "
        f"frontier {count(progress.frontier)} {trend(progress)}, {size(progress.memory_bytes)}{share}"
    )


def trend(progress: Progress) -> str:
    """Where the frontier is going: an exhaustive check ends when it has shrunk to nothing."""
    if progress.previous_frontier == 0 or progress.frontier == progress.previous_frontier:
        return "steady"
    change = progress.frontier / progress.previous_frontier
    if abs(change - 1) < 0.02:
        return "steady"
    return f"growing {change - 1:+.0%}" if change > 1 else f"shrinking {change - 1:+.0%}"
