"""A recorded path, taken again by the reference execution in the spec as it is now: does it still exist, and does it show the same?

Nothing of the record is believed but which action comes next: each step must be enabled now, and its result is computed anew and compared
with the recorded one. A path that leads elsewhere is followed as long as its actions are enabled.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from kubecheck.checker.explain import why_refused, why_violated
from kubecheck.checker.replay import error_in, first_step, one_step
from kubecheck.checker.report import Condition, Step, Why
from kubecheck.checker.values import state_values
from kubecheck.spec import ActionKind, Property, PropertyKind, Spec, SpecError, reference
from kubecheck.spec.reference import Outcome, Snapshot, Taken
from kubecheck.spec.types import Data


@dataclass(frozen=True)
class Gone:
    """Where a recorded path ends, since the spec is another one: the number of the step, the reason, the condition that refuses it."""

    step: int
    reason: str
    condition: Condition | None = None


@dataclass
class Retraced:
    """A path as far as it can be taken now: `steps` and `states` as they are now, `gone` if it ends before the recorded one does.

    `differs` is the number of the first step that leads to another state than it did, None if all lead to the same.
    """

    steps: list[Step] = field(default_factory=list)
    states: list[Snapshot] = field(default_factory=list)
    gone: Gone | None = None
    differs: int | None = None


def retrace(spec: Spec, recorded: Sequence[Step]) -> Retraced:
    """Takes a recorded path again, from its initial state. Its steps are numbered from 0; their `state` may be empty if it is not known."""
    found = Retraced()
    if not recorded:
        return found
    start = _initial(spec, recorded[0])
    if start is None:
        found.gone = Gone(0, "the spec does not start in this state any more")
        return found
    found.states.append(start)
    found.steps.append(first_step(spec, start))
    _compare(found, recorded[0])
    for number, step in enumerate(recorded[1:], start=1):
        before = found.states[-1]
        taken = _take(spec, number, step, before)
        if isinstance(taken, Gone):
            found.gone = taken
            return found
        found.states.append(taken.state)
        found.steps.append(one_step(spec, number, before, taken))
        _compare(found, step)
    return found


def still_violated(spec: Spec, prop: Property, states: Sequence[Snapshot]) -> bool:
    """Whether a property is false at the end of a path (of its last step, for a step invariant). Raises SpecError as the spec does."""
    if prop.kind is PropertyKind.STEP_INVARIANT:
        return len(states) > 1 and reference.evaluate(spec, prop, states[-2], states[-1]) is Outcome.VIOLATED
    if prop.kind in (PropertyKind.QUIESCENT, PropertyKind.LIMIT) and not reference.is_quiescent(spec, states[-1]):
        return False
    return prop.kind is not PropertyKind.REACHABLE and reference.evaluate(spec, prop, states[-1]) is Outcome.VIOLATED


def still_round(found: Retraced, back_to: int) -> bool:
    """Whether the end of a path leads back to the state after the step `back_to`, by steps of components that change something."""
    if not back_to < len(found.states) - 1 or found.states[-1] != found.states[back_to]:
        return False
    round_it = zip(itertools.pairwise(found.states[back_to:]), found.steps[back_to + 1 :], strict=True)
    return all(before != after and step.kind == ActionKind.COMPONENT for (before, after), step in round_it)


def why_still(spec: Spec, prop: Property, states: Sequence[Snapshot]) -> Why | None:
    """Why the property is false there."""
    if prop.kind is PropertyKind.STEP_INVARIANT:
        return why_violated(spec, prop, states[-2], states[-1])
    return why_violated(spec, prop, states[-1])


def error_at_end(spec: Spec, states: Sequence[Snapshot]) -> SpecError | None:
    """The error that the spec raises in the last state of a path, or in a step from there."""
    return error_in(spec, states[-1], in_property=True) or error_in(spec, states[-1], in_property=False)


def _initial(spec: Spec, recorded: Step) -> Snapshot | None:
    """The initial state that is recorded; the only one that there is, if it looks different now."""
    states = list(dict.fromkeys(reference.initial_states(spec)))
    same = [state for state in states if state_values(spec, state) == recorded.state]
    return same[0] if same else states[0] if len(states) == 1 else None


def _take(spec: Spec, number: int, step: Step, before: Snapshot) -> Taken | Gone:
    try:
        action = spec.find_action(step.action)
    except KeyError:
        return Gone(number, f"the spec has no action {step.action}")
    parameters: dict[str, Data] = {}
    finite = [p for p in spec.parameters(action) if p.part is None]
    if {p.name for p in finite} != step.parameters.keys():
        now = ", ".join(p.name for p in finite) or "none"
        return Gone(number, f"the parameters of {step.action} are other ones: {now}")
    for p in finite:
        text = step.parameters[p.name]
        values = [value for value in p.type.values() if reference.show(p.type, value) == text]
        if not values:
            return Gone(number, f"{p.name} of {step.action} cannot be {text}")
        parameters[p.name] = values[0]
    try:
        after = reference.take(spec, action, parameters, before)
    except SpecError as error:
        return Gone(number, str(error))
    if after is None:
        told = ", ".join(step.parameters.values())
        return Gone(number, f"{step.action}({told}) is not enabled", why_refused(spec, action, parameters, before))
    return Taken(action, parameters, after)


def _compare(found: Retraced, recorded: Step) -> None:
    if found.differs is None and recorded.state and found.steps[-1].state != recorded.state:
        found.differs = recorded.step
