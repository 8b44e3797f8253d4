"""From what a search saw to what a user is told: verdicts, the path that shows one, warnings, the record.

HOLDS is only said when every state was expanded; a path is only shown when the reference execution has confirmed it.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata

from kubecheck.checker import replay, report
from kubecheck.checker.engine.explore import Exploration
from kubecheck.checker.engine.fields import FOUND_ACTION_ERROR, FOUND_PROPERTY_ERROR
from kubecheck.checker.errors import InternalError
from kubecheck.checker.explain import why_quiet
from kubecheck.checker.native import NativeSpec
from kubecheck.checker.native.calls import Calls
from kubecheck.checker.profiling import profile
from kubecheck.checker.report import ActionReport, PropertyReport, Refusal, Report, States, Step, Verdict, Why
from kubecheck.spec import Property, PropertyKind, Spec
from kubecheck.spec.reference import Snapshot


def conclude(
    spec: Spec,
    native: NativeSpec,
    exploration: Exploration,
    *,
    threads: int,
    witnessed: bool = False,
    profiled: bool = False,
) -> Report:
    """The report of a search; `seconds_total` is left 0. Raises InternalError if the reference execution does not confirm it."""
    _audit(spec, exploration)
    failed = FOUND_ACTION_ERROR in exploration.found or FOUND_PROPERTY_ERROR in exploration.found
    covered = exploration.complete and not failed
    verdicts = [_verdict(exploration, number, prop, covered) for number, prop in enumerate(spec.properties)]
    path: list[Step] = []
    found = ""
    why: Why | None = None
    if failed:
        verdict = Verdict.ERROR
        path, found, reason = _error(spec, native, exploration)
    elif Verdict.VIOLATED in verdicts:
        verdict = Verdict.VIOLATED
        path, found, reason, why = _violation(spec, native, exploration, verdicts)
    elif covered and (limit := _limit(spec, exploration)) is not None:
        number = spec.properties.index(limit)
        verdict, found, path = Verdict.INCOMPLETE, limit.name, _path(spec, native, exploration, number)
        why = _why(spec, native, exploration, number)
        reason = f"a bound of the scope stopped the system ({limit.name}): {limit.sentence.rstrip('.')}"
    elif covered:
        verdict, reason = Verdict.HOLDS, "every reachable state was explored"
    else:
        verdict, reason = Verdict.INCOMPLETE, exploration.stopped
    store = exploration.store
    distinct = store.distinct
    return Report(
        spec=spec.name,
        verdict=verdict,
        reason=reason,
        states=States(
            distinct=distinct,
            generated=exploration.generated,
            expanded=exploration.expanded,
            frontier=distinct - exploration.expanded,
            quiescent=exploration.quiescent,
        ),
        depth=max(0, len(exploration.levels) - 1),
        levels=exploration.levels,
        seconds=exploration.seconds,
        seconds_total=0.0,
        memory_bytes=exploration.memory_bytes,
        bytes_per_state=exploration.memory_bytes / max(1, distinct),
        state_bits=native.bits,
        threads=threads,
        properties=[
            _property(
                prop,
                verdicts[number],
                exploration,
                premise=exploration.premise[number],
                witness=_path(spec, native, exploration, number) if witnessed and _is_shown(exploration, number, prop) else [],
            )
            for number, prop in enumerate(spec.properties)
        ],
        actions=[
            ActionReport(name=action.name, actor=action.actor, kind=str(action.kind), fired=fired)
            for action, fired in zip(spec.actions, exploration.fired, strict=True)
        ],
        warnings=_warnings(spec, exploration, covered),
        found=found,
        path=path,
        scope=dict(spec.scope),
        release=spec.release,
        versions=versions(),
        profile=profile(spec, exploration) if profiled else None,
        why=why,
        refusals=_refusals(spec, native, exploration, found) if path else [],
    )


def _audit(spec: Spec, exploration: Exploration) -> None:
    """Sums that must come out, whatever the spec. Raises InternalError if one does not."""
    distinct, failed = exploration.store.distinct, FOUND_ACTION_ERROR in exploration.found
    sums = {
        "states of all levels": (sum(exploration.levels), distinct),
        "states expanded when none was left": (exploration.expanded, distinct if exploration.complete else exploration.expanded),
        "states generated": (
            exploration.generated,
            # In a state with an error, actions may have fired before it was met.
            exploration.generated if failed else sum(exploration.fired) + exploration.initial,
        ),
    }
    wrong = [f"{what}: {count:,} instead of {expected:,}" for what, (count, expected) in sums.items() if count != expected]
    if wrong:
        raise InternalError(spec.name, "the search has lost count", evidence=wrong)


def versions() -> dict[str, str]:
    """The versions of everything that a report depends on."""
    found = {"python": platform.python_version()}
    for name in ("kubecheck", "llvmlite", "numba", "numpy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from a checkout that is not installed
            found[name] = "unknown"
    return found


def _verdict(exploration: Exploration, number: int, prop: Property, covered: bool) -> Verdict:
    if number in exploration.found and prop.kind is PropertyKind.LIMIT:
        return Verdict.INCOMPLETE
    if number in exploration.found:
        return Verdict.HOLDS if _is_shown(exploration, number, prop) else Verdict.VIOLATED
    if not covered:
        return Verdict.INCOMPLETE
    return Verdict.VIOLATED if prop.kind is PropertyKind.REACHABLE else Verdict.HOLDS


def _limit(spec: Spec, exploration: Exploration) -> Property | None:
    """The first limit that was met, if any."""
    return next((p for n, p in enumerate(spec.properties) if p.kind is PropertyKind.LIMIT and n in exploration.found), None)


def _is_shown(exploration: Exploration, number: int, prop: Property) -> bool:
    return prop.kind is PropertyKind.REACHABLE and number in exploration.found


def _path(spec: Spec, native: NativeSpec, exploration: Exploration, number: int) -> list[Step]:
    """The path to what was found about a property, confirmed."""
    found = exploration.found[number]
    return replay.confirm(spec, spec.properties[number], _states(native, exploration, found), _start(native, exploration, found))


def _why(spec: Spec, native: NativeSpec, exploration: Exploration, number: int) -> Why | None:
    return replay.why(spec, spec.properties[number], _states(native, exploration, exploration.found[number]))


def _refusals(spec: Spec, native: NativeSpec, exploration: Exploration, found: str) -> list[Refusal]:
    """What keeps the components from moving at the end of the path, where that is what was found."""
    for number, prop in enumerate(spec.properties):
        if prop.name == found and prop.kind in (PropertyKind.QUIESCENT, PropertyKind.LIMIT):
            return why_quiet(spec, _states(native, exploration, exploration.found[number])[-1])
    return []


def _property(
    prop: Property, verdict: Verdict, exploration: Exploration, *, premise: int, witness: list[Step]
) -> PropertyReport:
    detail = ""
    if prop.kind is PropertyKind.REACHABLE and verdict is Verdict.VIOLATED:
        detail = f"none of the {exploration.store.distinct:,} states shows it"
    elif prop.kind is PropertyKind.LIMIT and verdict is Verdict.INCOMPLETE and exploration.complete:
        detail = "there are states in which it is false"
    elif verdict is Verdict.INCOMPLETE:
        what = "not shown" if prop.kind is PropertyKind.REACHABLE else "not violated"
        detail = f"{what} by the {exploration.expanded:,} states that were explored"
    return PropertyReport(
        name=prop.name,
        kind=str(prop.kind),
        sentence=prop.sentence,
        verdict=verdict,
        premise=premise,
        position=report.Position(file=prop.position.file, line=prop.position.line, column=prop.position.column),
        detail=detail,
        witness=witness,
    )


def _violation(
    spec: Spec, native: NativeSpec, exploration: Exploration, verdicts: Sequence[Verdict]
) -> tuple[list[Step], str, str, Why | None]:
    """The path, name, reason and cause of the violation that is shown: the one with the shortest path, then the first in the spec."""
    shown: tuple[list[Step], Property, int] | None = None
    violated = [(n, prop) for n, prop in enumerate(spec.properties) if verdicts[n] is Verdict.VIOLATED]
    for number, prop in violated:
        if number in exploration.found:
            steps = _path(spec, native, exploration, number)
            if shown is None or len(steps) < len(shown[0]):
                shown = steps, prop, number
    if shown is None:
        name = violated[0][1].name
        return [], name, f"no reachable state shows {name}", None
    steps, prop, number = shown
    last = len(steps) - 1
    reason = f"{prop.name} is violated after {last} {'step' if last == 1 else 'steps'}"
    return steps, prop.name, reason, _why(spec, native, exploration, number)


def _error(spec: Spec, native: NativeSpec, exploration: Exploration) -> tuple[list[Step], str, str]:
    """The path, place and reason of the error that is shown: an error in a state comes before one in the steps from it."""
    in_property = FOUND_PROPERTY_ERROR in exploration.found
    number = exploration.found[FOUND_PROPERTY_ERROR if in_property else FOUND_ACTION_ERROR]
    if in_property and FOUND_ACTION_ERROR in exploration.found:
        other = exploration.found[FOUND_ACTION_ERROR]
        if len(exploration.store.path(other)) < len(exploration.store.path(number)):
            in_property, number = False, other
    states, start = _states(native, exploration, number), _start(native, exploration, number)
    wide = Calls(native).too_wide(exploration.store.state(number))
    steps, error = replay.explain_error(spec, states, start, in_property=in_property, wide=wide)
    return steps, str(error.position or ""), str(error)


def _states(native: NativeSpec, exploration: Exploration, number: int) -> list[Snapshot]:
    return [native.unpack(words) for words in exploration.store.path(number)]


def _start(native: NativeSpec, exploration: Exploration, number: int) -> int | None:
    return native.start_of(exploration.store.path(number)[0])


def _warnings(spec: Spec, exploration: Exploration, covered: bool) -> list[str]:
    """What makes a verdict worth less than it looks. Counts of a search that ended early say nothing yet."""
    warnings = []
    if not spec.properties:
        warnings.append("the spec has no property: nothing was judged but that no value leaves its type")
    if covered:
        for action, fired in zip(spec.actions, exploration.fired, strict=True):
            if fired == 0:
                warnings.append(f"action {action.name} never fired")
        for prop, premise in zip(spec.properties, exploration.premise, strict=True):
            if premise == 0 and prop.kind is not PropertyKind.REACHABLE:
                warnings.append(f"{prop.kind} {prop.name} was never put to the test: its premise was never true")
    return warnings
