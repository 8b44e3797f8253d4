"""How large a state space is: the engine counts it, whatever it finds on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubecheck.checker.cache import Cache
from kubecheck.checker.engine.compiled import load_kernels
from kubecheck.checker.engine.explore import Exploration, MemoryTooSmallError, explore
from kubecheck.checker.engine.workers import usable_processors
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.interrupt import interruptible
from kubecheck.checker.report import Limits, Progress
from kubecheck.spec import SpecError


@dataclass(frozen=True)
class Totals:
    """States, and steps between them (None: not counted). `stopped` says why there may be more, and is empty if there are not."""

    states: int
    edges: int | None
    stopped: str = ""


def explored(
    expander: Expander,
    *,
    limits: Limits,
    threads: int | None = None,
    cache: Cache | None = None,
    progress: Callable[[Progress], None] | None = None,
    most: int | None = None,
) -> Exploration:
    """A search that goes on whatever it finds, up to its limits. Raises SpecError if the memory limit holds nothing.

    With `most` it ends some time after it has found so many states; when exactly depends on the machine, so ask `totals` with the same.
    """
    enough = False

    def seen(moment: Progress) -> None:
        nonlocal enough
        enough = most is not None and moment.distinct >= most
        if progress is not None:
            progress(moment)

    kernels = load_kernels(expander.words, cache=cache)
    try:
        with interruptible() as interrupted:
            return explore(
                expander.native,
                kernels,
                witnesses=(1 << expander.native.n_properties) - 1,
                limits=limits,
                threads=usable_processors() if threads is None else threads,
                progress=seen,
                interrupted=lambda: enough or interrupted(),
            )
    except MemoryTooSmallError as error:
        raise SpecError(
            "KC132", f"{expander.spec.name}: {error}", remedy="a smaller scope, or a higher memory limit"
        ) from None


def totals(exploration: Exploration, *, most: int | None = None) -> Totals:
    """What a search counted. Initial states are no steps. Of one that ended after `most` states, `most`: the same on any machine."""
    if most is not None and not exploration.complete and exploration.store.distinct >= most:
        return Totals(most, None, f"there are more than {most:,} states")
    edges = max(0, exploration.generated - exploration.initial)
    if exploration.complete and not exploration.stopped:
        failed = max(exploration.found, default=0) >= 64
        outside = f"{exploration.outside:,} states outside of a constraint were not expanded" if exploration.outside else ""
        return Totals(exploration.store.distinct, edges, "a value left its type" if failed else outside)
    return Totals(exploration.store.distinct, edges, exploration.stopped or "a value left its type")
