"""From what a search saw to what a user is told: verdicts, the path that shows one, warnings, the record.

HOLDS is only said when every state was expanded; a path is only shown when the reference execution has confirmed it.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Final

from kubecheck.checker import replay, report
from kubecheck.checker.engine.explore import Exploration
from kubecheck.checker.engine.fields import FOUND_ACTION_ERROR, FOUND_PROPERTY_ERROR
from kubecheck.checker.engine.rest import Lasso, Rest
from kubecheck.checker.errors import InternalError
from kubecheck.checker.explain import why_quiet
from kubecheck.checker.native import NativeSpec
from kubecheck.checker.native.calls import Calls
from kubecheck.checker.profiling import profile
from kubecheck.checker.report import ActionReport, PropertyReport, Refusal, Report, States, Step, Verdict, Why
from kubecheck.spec import Property, PropertyKind, Spec
from kubecheck.spec.declare import Declared
from kubecheck.spec.reference import Snapshot

AT_REST: Final = (PropertyKind.QUIESCENT, PropertyKind.LIMIT)
"""The kinds of property that speak of quiescent states, and so take for granted that every run of component steps ends in one."""


def conclude(
    spec: Spec,
    native: NativeSpec,
    exploration: Exploration,
    rest: Rest | None = None,
    *,
    threads: int,
    witnessed: bool = False,
    profiled: bool = False,
) -> Report:
    """The report of a search; `seconds_total` is left 0. `rest` is there if it was asked whether all comes to rest.

    Raises InternalError if the reference execution does not confirm what was found.
    """
    _audit(spec, exploration)
    failed = FOUND_ACTION_ERROR in exploration.found or FOUND_PROPERTY_ERROR in exploration.found
    covered = exploration.complete and not failed and not exploration.outside
    rests = None if rest is None else _rest_verdict(rest)
    verdicts = [_verdict(exploration, number, prop, covered, rests) for number, prop in enumerate(spec.properties)]
    path: list[Step] = []
    found = ""
    why: Why | None = None
    back_to: int | None = None
    if failed:
        verdict = Verdict.ERROR
        path, found, reason = _error(spec, native, exploration)
    elif (lasso := _shown_lasso(spec, exploration, rest, verdicts)) is not None:
        verdict = Verdict.VIOLATED if Verdict.VIOLATED in verdicts else Verdict.INCOMPLETE
        path, back_to = _round(spec, native, exploration, lasso)
        found = _of_rest(spec, verdicts, verdict)[0].name
        reason = _round_reason(found, lasso, back_to)
    elif Verdict.VIOLATED in verdicts:
        verdict = Verdict.VIOLATED
        path, found, reason, why = _violation(spec, native, exploration, verdicts)
    elif covered and (limit := _limit(spec, exploration)) is not None:
        number = spec.properties.index(limit)
        verdict, found, path = Verdict.INCOMPLETE, limit.name, _path(spec, native, exploration, number)
        why = _why(spec, native, exploration, number)
        reason = f"a bound of the scope stopped the system ({limit.name}): {limit.sentence.rstrip('.')}"
    elif rests is Verdict.INCOMPLETE:
        assert rest is not None
        verdict = Verdict.INCOMPLETE
        reason = f"every reachable state was explored, but whether every run of component steps ends was not judged: {rest.stopped}"
    elif covered and not spec.properties:
        verdict, reason = Verdict.INCOMPLETE, "every reachable state was explored, but the spec has no property that says what is right"
    elif covered:
        verdict, reason = Verdict.HOLDS, "every reachable state was explored"
    else:
        verdict, reason = Verdict.INCOMPLETE, exploration.stopped or _outside(spec, exploration)
    store = exploration.store
    distinct = store.distinct
    return Report(
        spec=spec.name,
        verdict=verdict,
        reason=reason,
        states=States(
            distinct=distinct,
            generated=exploration.generated,
            expanded=exploration.expanded - exploration.outside,
            frontier=distinct - exploration.expanded + exploration.outside,
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
                number,
                prop,
                verdicts[number],
                exploration,
                rest,
                witness=_path(spec, native, exploration, number) if witnessed and _is_shown(exploration, number, prop) else [],
            )
            for number, prop in enumerate(spec.properties)
        ],
        actions=[
            ActionReport(name=action.name, actor=action.actor, kind=str(action.kind), fired=fired)
            for action, fired in zip(spec.actions, exploration.fired, strict=True)
        ],
        warnings=_warnings(spec, native, exploration, covered),
        found=found,
        path=path,
        scope=dict(spec.scope),
        release=spec.release,
        versions=versions(),
        profile=profile(spec, exploration) if profiled else None,
        why=why,
        refusals=_refusals(spec, native, exploration, found) if path and back_to is None else [],
        back_to=back_to,
        rest=None if rest is None or rests is None else _rest(rest, rests),
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


def _rest_verdict(rest: Rest) -> Verdict:
    if rest.lasso is None:
        return Verdict.INCOMPLETE if rest.stopped else Verdict.HOLDS
    return Verdict.VIOLATED if rest.lasso.trap else Verdict.INCOMPLETE


def _rest(rest: Rest, verdict: Verdict) -> report.Rest:
    return report.Rest(
        verdict=verdict,
        looping=rest.looping,
        trapped=rest.trapped,
        stopped=rest.stopped,
        seconds=rest.seconds,
        memory_bytes=rest.memory_bytes,
    )


def _of_rest(spec: Spec, verdicts: Sequence[Verdict], wanted: Verdict) -> list[Property]:
    """The properties of quiescent states that have this verdict; limits last."""
    found = [prop for prop, verdict in zip(spec.properties, verdicts, strict=True) if prop.kind in AT_REST and verdict is wanted]
    return sorted(found, key=lambda prop: prop.kind is PropertyKind.LIMIT)


def _shown_lasso(spec: Spec, exploration: Exploration, rest: Rest | None, verdicts: Sequence[Verdict]) -> Lasso | None:
    """The lasso, if it is what decides the verdict of the whole."""
    if rest is None or rest.lasso is None:
        return None
    if Verdict.VIOLATED in verdicts:
        decides = bool(_of_rest(spec, verdicts, Verdict.VIOLATED))
    else:
        decides = _limit(spec, exploration) is None
    return rest.lasso if decides else None


def _round(spec: Spec, native: NativeSpec, exploration: Exploration, lasso: Lasso) -> tuple[list[Step], int]:
    """The path into a loop and once round it, confirmed; and the step that its last one leads back to."""
    stem = _states(native, exploration, lasso.loop[0])
    loop = [native.unpack(exploration.store.state(number)) for number in lasso.loop]
    start = _start(native, exploration, lasso.loop[0])
    return replay.confirm_loop(spec, stem, start, loop, trap=lasso.trap), len(stem) - 1


def _round_reason(name: str, lasso: Lasso, back_to: int) -> str:
    where = f"after {back_to} {'step' if back_to == 1 else 'steps'}" if back_to else "from the initial state on"
    if lasso.trap:
        return f"{name} is violated: {where} components go round for ever, and nothing that they do comes to rest"
    return (
        f"{name} is not decided: {where} components can go round for ever; they can come to rest, too, "
        "and whether they must is a question of fairness, which is not judged"
    )


def _verdict(exploration: Exploration, number: int, prop: Property, covered: bool, rests: Verdict | None) -> Verdict:
    if number in exploration.found and prop.kind is PropertyKind.LIMIT:
        return Verdict.INCOMPLETE
    if number in exploration.found:
        return Verdict.HOLDS if _is_shown(exploration, number, prop) else Verdict.VIOLATED
    if not covered:
        return Verdict.INCOMPLETE
    if prop.kind in AT_REST and rests is not None and rests is not Verdict.HOLDS:
        # A limit is about the model, and never violated.
        return rests if prop.kind is PropertyKind.QUIESCENT else Verdict.INCOMPLETE
    return Verdict.VIOLATED if prop.kind is PropertyKind.REACHABLE else Verdict.HOLDS


def _outside(spec: Spec, exploration: Exploration) -> str:
    names = " or ".join(prop.name for prop in spec.properties if prop.kind is PropertyKind.CONSTRAINT)
    one = exploration.outside == 1
    are, were = ("state is", "it was") if one else ("states are", "they were")
    return f"{exploration.outside:,} {are} outside of {names}: {were} judged, but what lies beyond was not explored"


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
    number: int, prop: Property, verdict: Verdict, exploration: Exploration, rest: Rest | None, *, witness: list[Step]
) -> PropertyReport:
    detail = ""
    if prop.kind is PropertyKind.REACHABLE and verdict is Verdict.VIOLATED:
        detail = f"none of the {exploration.store.distinct:,} states shows it"
    elif prop.kind is PropertyKind.LIMIT and number in exploration.found and exploration.complete:
        detail = "there are states in which it is false"
    elif prop.kind in AT_REST and rest is not None and verdict is not Verdict.HOLDS:
        detail = _rest_detail(rest)
    elif verdict is Verdict.INCOMPLETE:
        what = "not shown" if prop.kind is PropertyKind.REACHABLE else "not violated"
        detail = f"{what} by the {exploration.expanded:,} states that were explored"
    return PropertyReport(
        name=prop.name,
        kind=str(prop.kind),
        sentence=prop.sentence,
        verdict=verdict,
        premise=exploration.premise[number],
        position=report.Position(file=prop.position.file, line=prop.position.line, column=prop.position.column),
        detail=detail,
        witness=witness,
    )


def _rest_detail(rest: Rest) -> str:
    if rest.lasso is None:
        return f"true where everything is quiet; whether every run of component steps ends was not judged: {rest.stopped}"
    if rest.lasso.trap:
        return f"from {rest.trapped:,} states nothing that components do comes to rest: they go round for ever"
    return f"components can go round for ever through {rest.looping:,} states, from which they can come to rest, too"


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


def _warnings(spec: Spec, native: NativeSpec, exploration: Exploration, covered: bool) -> list[str]:
    """What makes a verdict worth less than it looks. Counts of a search that ended early say nothing yet."""
    warnings = []
    if not spec.properties:
        warnings.append("the spec has no property: nothing was judged but that no value leaves its type")
    for prop in native.idle:
        if prop.kind is not PropertyKind.REACHABLE:
            warnings.append(f"{prop.kind} {prop.name} cannot be violated: all that it returns is True")
    if covered:
        for action, fired in zip(spec.actions, exploration.fired, strict=True):
            if fired == 0:
                none = _without_values(spec, action)
                warnings.append(f"action {action.name} never fired{f': {none}' if none else ''}")
        for prop, premise in zip(spec.properties, exploration.premise, strict=True):
            if premise == 0 and prop.kind is not PropertyKind.REACHABLE:
                never = prop.kind in AT_REST and exploration.quiescent == 0
                cause = "in no state is everything quiet" if never else "its premise was never true"
                warnings.append(f"{prop.kind} {prop.name} was never put to the test: {_without_values(spec, prop) or cause}")
    return warnings


def _without_values(spec: Spec, declared: Declared) -> str:
    """Why a declared function has no instance in this scope; empty if it has any."""
    for parameter in spec.parameters(declared):
        if parameter.part is None and parameter.type.cardinality == 0:
            return f"its parameter {parameter.name} has no value, for there is no {parameter.type}"
    return ""
