"""Confirming what the search found: its states are walked again by the reference execution, which shares no code with the search.

All that is taken from the search is the list of states, decoded; a fault in packing them would show as a disagreement.

The search gives states; the reference says which action leads from one to the next, what that changed, and that the end is what it is
said to be. If it does not agree, one of the two executions is wrong, and nobody gets to see such a path: InternalError.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from kubecheck.checker.errors import InternalError
from kubecheck.checker.explain import why_violated
from kubecheck.checker.report import Change, Position, Step, Why
from kubecheck.checker.values import state_values
from kubecheck.spec import ActionKind, Property, PropertyKind, Spec, SpecError, errors, reference
from kubecheck.spec.reference import Outcome, Snapshot, Taken

_TRAP: Final = 200  # states of a trap that the reference execution looks at


def replay(spec: Spec, states: Sequence[Snapshot], start: int | None) -> list[Step]:
    """The path through these states, the first of them from the instance `start` of the initial functions (None: from none that the
    search knows). Where several actions lead to the next state, the first is shown.

    Raises InternalError if the reference execution does not go that way.
    """
    if start is None or reference.initial_state(spec, start) != states[0]:
        raise InternalError(
            spec.name,
            "the search started in a state that the reference execution does not start in",
            evidence=_difference(spec, None, states[0]),
        )
    steps = [first_step(spec, states[0])]
    for number, (before, after) in enumerate(itertools.pairwise(states), start=1):
        taken = next((t for t in _steps(spec, before) if t.state == after), None)
        if taken is None:
            raise InternalError(
                spec.name,
                f"the search took a step that the reference execution does not know (step {number})",
                evidence=[*_path_evidence(steps), *_difference(spec, before, after)],
            )
        steps.append(one_step(spec, number, before, taken))
    return steps


def first_step(spec: Spec, state: Snapshot) -> Step:
    """Step 0: an initial state, shown as what differs from the defaults."""
    changes = _changes(spec, None, state)
    return Step(step=0, actor="", action="", parameters={}, changes=changes, state=state_values(spec, state))


def one_step(spec: Spec, number: int, before: Snapshot, taken: Taken) -> Step:
    """A step as the record has it."""
    action = taken.action
    types = {p.name: p.type for p in spec.parameters(action)}
    return Step(
        step=number,
        actor=action.actor,
        action=action.name,
        parameters={name: reference.show(types[name], value) for name, value in taken.parameters.items()},
        changes=_changes(spec, before, taken.state),
        kind=str(action.kind),
        sentence=action.sentence,
        position=Position(file=action.position.file, line=action.position.line, column=action.position.column),
        state=state_values(spec, taken.state),
    )


def confirm(spec: Spec, prop: Property, states: Sequence[Snapshot], start: int | None) -> list[Step]:
    """The path to the last of these states, which violates `prop` (or, if it is a reachable, is a witness of it).

    A step invariant is violated by a step from that state: it is added. Raises InternalError if the reference execution disagrees.
    """
    steps = replay(spec, states, start)
    last = states[-1]
    if prop.kind is PropertyKind.STEP_INVARIANT:
        taken = _violating_step(spec, prop, last)
        if taken is not None:
            return [*steps, one_step(spec, len(steps), last, taken)]
        agrees = False
    elif prop.kind in (PropertyKind.QUIESCENT, PropertyKind.LIMIT):
        agrees = reference.is_quiescent(spec, last) and reference.evaluate(spec, prop, last) is Outcome.VIOLATED
    elif prop.kind is PropertyKind.REACHABLE:
        agrees = reference.evaluate(spec, prop, last) is Outcome.HOLDS
    else:
        agrees = reference.evaluate(spec, prop, last) is Outcome.VIOLATED
    if not agrees:
        what = "a witness of" if prop.kind is PropertyKind.REACHABLE else "a violation of"
        raise InternalError(
            spec.name,
            f"the search found {what} {prop.name} ({prop.kind}) where the reference execution finds none",
            evidence=[*_path_evidence(steps), *_difference(spec, None, last)],
        )
    return steps


def confirm_loop(
    spec: Spec, states: Sequence[Snapshot], start: int | None, loop: Sequence[Snapshot], *, trap: bool
) -> list[Step]:
    """The path through `states` to the first state of `loop`, then once round the loop and back to it, by component steps only.

    The loop is taken twice: the second time must be as the first. With `trap` nothing may lead from there to rest; of what can be reached
    the first states are looked at. Raises InternalError if the reference execution disagrees.
    """
    steps = replay(spec, states, start)
    for time in range(2):
        for before, after in itertools.pairwise([*loop, loop[0]]):
            number = len(steps) + time * len(loop)
            taken = next((t for t in _steps(spec, before) if t.state == after and t.action.kind is ActionKind.COMPONENT), None)
            if taken is None or before == after:
                raise InternalError(
                    spec.name,
                    f"the search went round by a component step that the reference execution does not know (step {number})",
                    evidence=[*_path_evidence(steps), *_difference(spec, before, after)],
                )
            if time == 0:
                steps.append(one_step(spec, number, before, taken))
    if trap and can_rest(spec, loop[0], most=_TRAP):
        raise InternalError(
            spec.name,
            "the search found no way to rest where the reference execution finds one",
            evidence=[*_path_evidence(steps), *_difference(spec, None, loop[0])],
        )
    return steps


def can_rest(spec: Spec, state: Snapshot, *, most: int) -> bool | None:
    """Whether steps of components lead from a state to one that is quiescent; None if that is not known after `most` states."""
    seen, waiting = {state}, [state]
    for here in waiting:
        beyond = [t.state for t in reference.steps(spec, here) if t.action.kind is ActionKind.COMPONENT and t.state != here]
        if not beyond:
            return True
        new = [after for after in dict.fromkeys(beyond) if after not in seen]
        seen.update(new)
        waiting += new
        if len(seen) > most:
            return None
    return False


def why(spec: Spec, prop: Property, states: Sequence[Snapshot]) -> Why | None:
    """Why `prop` is false at the end of a path that `confirm` has confirmed; None for a witness."""
    taken = _violating_step(spec, prop, states[-1]) if prop.kind is PropertyKind.STEP_INVARIANT else None
    return why_violated(spec, prop, states[-1], None if taken is None else taken.state)


def _violating_step(spec: Spec, prop: Property, state: Snapshot) -> Taken | None:
    """The first step from a state that violates a step invariant."""
    return next((t for t in _steps(spec, state) if reference.evaluate(spec, prop, state, t.state) is Outcome.VIOLATED), None)


def explain_error(
    spec: Spec, states: Sequence[Snapshot], start: int | None, *, in_property: bool, wide: errors.Position | None = None
) -> tuple[list[Step], SpecError]:
    """The path to a state in which a value left its type, and the error that the reference execution raises there.

    `in_property`: while invariants and reachables were judged; else while steps were taken or judged. `wide` is where the native
    execution ended for want of bits, if it did: Python's integers have no end, so the reference execution goes on there. Raises
    InternalError if the reference execution raises no error and there is no such place.
    """
    steps = replay(spec, states, start)
    last = states[-1]
    error = error_in(spec, last, in_property=in_property)
    if error is not None:
        return steps, error
    if wide is not None:
        return steps, errors.too_wide(wide)
    raise InternalError(
        spec.name,
        "the native execution met an error in a state where the reference execution meets none",
        evidence=[*_path_evidence(steps), *_difference(spec, None, last)],
    )


def error_in(spec: Spec, state: Snapshot, *, in_property: bool) -> SpecError | None:
    """The error that the reference execution raises in a state (`in_property`: while it is judged; else in steps from it), if any."""
    try:
        if in_property:
            for prop in _of_kind(spec, PropertyKind.INVARIANT, PropertyKind.REACHABLE):
                reference.evaluate(spec, prop, state)
        else:
            for taken in reference.steps(spec, state):
                for prop in _of_kind(spec, PropertyKind.STEP_INVARIANT):
                    reference.evaluate(spec, prop, state, taken.state)
            if reference.is_quiescent(spec, state):
                for prop in _of_kind(spec, PropertyKind.QUIESCENT, PropertyKind.LIMIT):
                    reference.evaluate(spec, prop, state)
    except SpecError as error:
        return error
    return None


def _steps(spec: Spec, state: Snapshot) -> Iterator[Taken]:
    """The reference's steps; where an error is raised, those before it: the search has seen these."""
    with contextlib.suppress(SpecError):
        yield from reference.steps(spec, state)


def _of_kind(spec: Spec, *kinds: PropertyKind) -> list[Property]:
    return [prop for prop in spec.properties if prop.kind in kinds]


def _changes(spec: Spec, before: Snapshot | None, after: Snapshot) -> list[Change]:
    return [Change(path=path, before=old, after=new) for path, old, new in reference.changes(spec, before, after)]


def _difference(spec: Spec, before: Snapshot | None, after: Snapshot) -> list[str]:
    found = [f"{path}: {old} -> {new}" for path, old, new in reference.changes(spec, before, after)]
    return ["state, as it differs from the " + ("defaults:" if before is None else "one before:"), *found]


def _path_evidence(steps: list[Step]) -> list[str]:
    lines = []
    for step in steps[1:]:
        parameters = ", ".join(f"{name}={value}" for name, value in step.parameters.items())
        lines.append(f"step {step.step}: {step.action}({parameters})")
    return lines
