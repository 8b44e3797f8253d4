"""What a check found: one record, rendered by others as text, JSON and more.

The nouns follow Stateright and TLC: a Report holds a Finding per property, a Path of Steps shows a finding. Everything here is
plain data (msgspec structs), so that writing and reading it needs no knowledge of the spec.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec


class Verdict(enum.StrEnum):
    """The answer of a check, for the whole and for each property.

    INCOMPLETE is never a pass: a limit was met before every state was seen, a bound of the scope stopped the system, states lie outside
    of a constraint, a run may never come to rest, or there was nothing to judge.
    """

    HOLDS = "holds"
    VIOLATED = "violated"
    INCOMPLETE = "incomplete"
    ERROR = "error"


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where something stands in a spec's source; line and column count from 1."""

    file: str
    line: int
    column: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the state that a step changed, e.g. `store[pod-1].phase: absent -> pending`."""

    path: str
    before: str
    after: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One atomic action of a path; step 0 is the initial state and has no action.

    `kind` says who moved: component, environment or fault. `sentence` and `position` are the action's. `state` is the whole state after
    the step, in the values of the Informal Trace Format (see checker/values.py).
    """

    step: int
    actor: str
    action: str
    parameters: dict[str, str]
    changes: list[Change]
    kind: str = ""
    sentence: str = ""
    position: Position | None = None
    state: dict[str, Any] = {}


class Operand(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a condition's source text, and the value that it has; `counted` are the elements that a count found."""

    text: str
    value: str
    counted: list[str] = []


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of a spec as its source has it, whether it holds, and why.

    `function` is the function that it stands in; `element` are the loop variables for which it is judged, `operands` the values that
    it compares. `parts` are the conditions that make it so, each with its own.
    """

    text: str
    holds: bool
    function: str
    position: Position
    element: dict[str, str] = {}
    operands: list[Operand] = []
    parts: list[Condition] = []


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a property is false at the end of a path: the instance of the property, and its condition, as the reference execution has it."""

    property: str
    kind: str
    sentence: str
    parameters: dict[str, str]
    condition: Condition


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An action of a component that leads nowhere in a quiescent state: the condition that is false, None if it changes nothing."""

    actor: str
    action: str
    parameters: dict[str, str]
    condition: Condition | None = None


class PropertyReport(msgspec.Struct, frozen=True, kw_only=True):
    """One property's outcome. `premise` counts the states (transitions, for step invariants) in which its premise held.

    `witness` is a shortest path to a state that shows a reachable property, if witnesses were asked for.
    """

    name: str
    kind: str
    sentence: str
    verdict: Verdict
    premise: int
    position: Position
    detail: str = ""
    witness: list[Step] = []


class ActionReport(msgspec.Struct, frozen=True, kw_only=True):
    """How often an action fired: its enabled instances, summed over all expanded states."""

    name: str
    actor: str
    kind: str
    fired: int


class States(msgspec.Struct, frozen=True, kw_only=True):
    """Counts. `generated` includes the initial states, as TLC and SPIN count."""

    distinct: int
    generated: int
    expanded: int
    frontier: int
    quiescent: int


class PartProfile(msgspec.Struct, frozen=True, kw_only=True):
    """How many different values a part of the state took; what multiplies the states. Parts come before the parts within them."""

    path: str
    bits: int
    values: int


class ActionProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Successors that an action generated, and how many of them were states not seen before (the first to generate one counts)."""

    name: str
    generated: int
    new: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Where a spec's states come from. `states` is how many were looked at for `parts`: all of them, unless there are millions."""

    states: int
    parts: list[PartProfile]
    actions: list[ActionProfile]


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """Whether every run of component steps ends, as quiescent properties and limits take for granted. `verdict` is

    - holds: every one ends in a quiescent state;
    - violated: from `trapped` states no component steps lead to a quiescent state;
    - incomplete: `looping` states are on loops of component steps, from each of which rest can still be reached, so that it depends on
      what is fair; or it was not judged, for the reason in `stopped`.

    `seconds` and `memory_bytes` are what the question took, the states of the search included.
    """

    verdict: Verdict
    looping: int
    trapped: int
    stopped: str
    seconds: float
    memory_bytes: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a search the reference execution has seen as well, and found the same: `states`, of the `of` that were to be compared,
    with their `steps`. It is not `complete` if the time for it was up before. `seed` chose the states.
    """

    states: int
    of: int
    steps: int
    complete: bool
    seed: int
    seconds: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole record of a check. `seconds` is exploration only; `seconds_total` includes compiling.

    `path` shows `found`, and `why` says what is false at its end. Where that is a quiescent state, `refusals` say what keeps the components
    from moving there. Where the path ends in a loop, its last step leads back to the state after the step `back_to`. `rest` is there if a
    quiescent property or a limit was judged of all states. `audit` says how much Python has seen of the search; None
    where a path was found, which Python has confirmed.
    """

    spec: str
    verdict: Verdict
    reason: str
    states: States
    depth: int
    levels: list[int]
    seconds: float
    seconds_total: float
    memory_bytes: int
    bytes_per_state: float
    state_bits: int
    threads: int
    properties: list[PropertyReport]
    actions: list[ActionReport]
    warnings: list[str]
    found: str
    path: list[Step]
    scope: dict[str, Any]
    release: str
    versions: dict[str, str]
    profile: Profile | None = None
    why: Why | None = None
    refusals: list[Refusal] = []
    back_to: int | None = None
    rest: Rest | None = None
    audit: Audit | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a running check, for whoever draws it."""

    seconds: float
    distinct: int
    generated: int
    depth: int
    frontier: int
    previous_frontier: int
    memory_bytes: int
    memory_limit: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Where a check stops by itself: seconds, bytes, steps from the initial state. None means: as far as it goes.

    `memory_bytes` None means 70 % of what the machine has free when the check starts.
    """

    seconds: float | None = None
    memory_bytes: int | None = None
    depth: int | None = None
