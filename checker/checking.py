"""The checker's one entrance: `check` compiles a spec, explores it, has what was found confirmed, and writes the report."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from kubecheck.checker.audit import audit as run_audit
from kubecheck.checker.cache import Cache, cache_folder
from kubecheck.checker.engine.compiled import load_kernels, load_rest_kernels
from kubecheck.checker.engine.explore import MemoryTooSmallError, explore
from kubecheck.checker.engine.rest import comes_to_rest
from kubecheck.checker.engine.workers import usable_processors
from kubecheck.checker.interrupt import interruptible
from kubecheck.checker.native import compile_spec
from kubecheck.checker.report import Limits, Progress, Report
from kubecheck.checker.verdict import AT_REST, conclude
from kubecheck.spec import ActionKind, PropertyKind, Spec, SpecError


def check(
    spec: Spec,
    *,
    limits: Limits | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cache: bool | Cache = True,
    witnesses: bool = False,
    profile: bool = False,
    audit: int | None = None,
) -> Report:
    """Explore every state that a spec can reach, within limits, and judge its properties.

    `threads` None means all processors that this process may use; every number in the report but times and memory is the same
    for any number of threads. `progress` is called about ten times a second, in this thread. `cache` False compiles everything
    anew and stores nothing; a Cache is used instead of the one in the user's cache folder. `witnesses` adds to each reachable property
    that was seen a shortest path to a state that shows it, `profile` adds `Report.profile`.

    A verdict that rests on the search alone is compared with the reference execution before it is given: some hundreds of states, for
    three seconds of processor time at most, or longer after a long search; or `audit` states, however long that takes
    (see audit.py and `Report.audit`).

    Ctrl-C ends the search with the verdict INCOMPLETE. Raises SpecError for a spec that cannot be compiled or does not fit the memory
    limit, ValueError for limits that are none, and InternalError if the reference execution does not confirm what was found.
    """
    limits = limits or Limits()
    threads = usable_processors() if threads is None else threads
    _validate(limits, threads)
    if audit is not None and audit < 0:
        raise ValueError(f"audit must not be negative, but is {audit}")
    started = time.perf_counter()
    store = cache if isinstance(cache, Cache) else Cache(cache_folder()) if cache else None
    native = compile_spec(spec, cache=store)
    kernels = load_kernels(native.words, cache=store)
    # A witness, or a bound of the scope that was met, is noted and the search goes on.
    noted = (PropertyKind.REACHABLE, PropertyKind.LIMIT)
    going_on = [number for number, prop in enumerate(spec.properties) if prop.kind in noted]
    try:
        with interruptible() as interrupted:
            exploration = explore(
                native,
                kernels,
                witnesses=sum(1 << number for number in going_on),
                limits=limits,
                threads=threads,
                progress=progress,
                interrupted=interrupted,
                profile=profile,
            )
            # what is violated has a path, which is replayed; the rest nobody has seen but the search
            shown = set(exploration.found) - set(going_on)
            audited = None if shown else run_audit(spec, native, exploration, states=audit, interrupted=interrupted)
            if audited is not None and exploration.complete and interrupted():  # whoever did not wait for it gets no pass
                exploration.complete, exploration.stopped = False, "interrupted"
    except MemoryTooSmallError as error:
        raise SpecError("KC132", f"{spec.name}: {error}", remedy="a smaller scope, or a higher memory limit") from None
    if exploration.complete and not exploration.levels:
        where = spec.initials[0].position
        message = f"{spec.name} has no initial state: no instance of an initial function is enabled"
        remedy = "some instance must pass every require(…); without initial functions the defaults are it"
        raise SpecError("KC140", message, position=where, remedy=remedy)
    rest = None
    # Whether everything comes to rest is worth knowing where nothing is wrong so far.
    fine = exploration.complete and not exploration.outside and not set(exploration.found) - set(going_on)
    if fine and any(p.kind in AT_REST for p in spec.properties):
        with interruptible() as interrupted:
            rest = comes_to_rest(
                native,
                load_rest_kernels(native.words, cache=store),
                exploration,
                components=[action.kind is ActionKind.COMPONENT for action in spec.actions],
                limits=limits,
                threads=threads,
                interrupted=interrupted,
            )
    report = conclude(spec, native, exploration, rest, threads=threads, witnessed=witnesses, profiled=profile)
    # What a user waits for: compiling, exploring, and the confirmation by the reference execution.
    return msgspec.structs.replace(report, audit=audited, seconds_total=time.perf_counter() - started)


def _validate(limits: Limits, threads: int) -> None:
    if threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    for name in ("seconds", "memory_bytes"):
        value = getattr(limits, name)
        if value is not None and not value > 0:
            raise ValueError(f"the limit {name} must be positive, not {value}")
    if limits.depth is not None and limits.depth < 0:
        raise ValueError(f"the limit depth must not be negative, but is {limits.depth}")
