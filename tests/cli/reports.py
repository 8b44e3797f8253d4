"""Reports as a check might give them: tests of how a Report is shown need no check."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import msgspec

from kubecheck.checker.report import (
    ActionReport,
    Change,
    Condition,
    Operand,
    Position,
    PropertyReport,
    Report,
    States,
    Step,
    Verdict,
    Why,
)
from kubecheck.spec import Array, Range, Record, Set, Sort, Spec, State


class Pod(Sort, size=2):
    """A pod."""


class Phase(enum.Enum):
    """What has become of it."""

    ABSENT = "absent"
    PENDING = "pending"


class Stored(Record):
    """A pod as it is stored."""

    phase: Phase = Phase.ABSENT
    version: Annotated[int, Range(0, 3)] = 0
    node: Pod | None = None
    epoch: Annotated[int, Range(0, 0)] = 0


class Cluster(State):
    """What the paths here are of."""

    queue: Set[Pod]
    leader: Pod | None
    store: Array[Pod, Stored]


WHOLE = Spec("web", Cluster).root
"""The type of the paths' states."""

HERE = Position(file="spec.py", line=7, column=1)


def prop(name: str, verdict: Verdict, **changes: Any) -> PropertyReport:
    values: dict[str, Any] = {
        "name": name,
        "kind": "invariant",
        "sentence": f"The sentence of {name}.",
        "verdict": verdict,
        "premise": 10,
        "position": HERE,
    }
    return PropertyReport(**(values | changes))


def report(verdict: Verdict = Verdict.HOLDS, **changes: Any) -> Report:
    values: dict[str, Any] = {
        "spec": "web",
        "verdict": verdict,
        "reason": "",
        "states": States(distinct=1234, generated=56789, expanded=1234, frontier=0, quiescent=3),
        "depth": 12,
        "levels": [1, 2, 3],
        "seconds": 0.5,
        "seconds_total": 1.5,
        "memory_bytes": 64 << 20,
        "bytes_per_state": 40.4,
        "state_bits": 93,
        "threads": 2,
        "properties": [prop("no_lost_update", Verdict.HOLDS)],
        "actions": [ActionReport(name="create", actor="controller", kind="component", fired=17)],
        "warnings": [],
        "found": "",
        "path": [],
        "scope": {"pods": 3, "nodes": 2},
        "release": "1.36",
        "versions": {"python": "3.11.7"},
    }
    return Report(**(values | changes))


def step(number: int, *changes: tuple[str, str, str], action: str = "", actor: str = "controller", **parameters: str) -> Step:
    return Step(
        step=number,
        actor=actor if action else "",
        action=action,
        parameters=parameters,
        changes=[Change(path=path, before=before, after=after) for path, before, after in changes],
        kind="component" if action else "",
        sentence=f"The sentence of {action}." if action in ("create", "overwrite") else "",
        position=HERE if action else None,
    )


def with_state(moment: Step, queue: list[str], phase: str, version: int) -> Step:
    """The step with a whole state: a queue, and two pods of which one changes."""
    rest = {"node": {"#set": []}, "epoch": {"#bigint": "0"}}
    absent = {"phase": "absent", "version": {"#bigint": "0"}, **rest}
    changed = {"phase": phase, "version": {"#bigint": str(version)}, **rest}
    state = {"queue": {"#set": queue}, "leader": {"#set": []}, "store": {"#map": [["pod-0", absent], ["pod-1", changed]]}}
    return msgspec.structs.replace(moment, state=state)


def why() -> Why:
    """Why no_lost_update is false: of all pods one."""
    element = Condition(
        text="s.store[p].version > 0",
        holds=False,
        function="no_lost_update",
        position=Position(file="spec.py", line=9, column=20),
        element={"p": "pod-1"},
        operands=[Operand(text="s.store[p].version", value="0")],
    )
    whole = Condition(
        text="all(s.store[p].version > 0 for p in Pod)",
        holds=False,
        function="no_lost_update",
        position=HERE,
        parts=[element],
    )
    return Why(
        property="no_lost_update",
        kind="invariant",
        sentence="The sentence of no_lost_update.",
        parameters={"pod": "pod-1"},
        condition=whole,
    )


def violated() -> Report:
    return report(
        Verdict.VIOLATED,
        reason="no_lost_update is violated after 2 steps",
        properties=[
            prop("no_lost_update", Verdict.VIOLATED, detail="store[pod-1].version is 0, and must be 1"),
            prop("converges", Verdict.INCOMPLETE, kind="quiescent"),
        ],
        warnings=["action delete never fired"],
        found="no_lost_update",
        path=[
            with_state(step(0, ("store[pod-1].phase", "", "absent")), [], "absent", 0),
            with_state(
                step(
                    1,
                    ("store[pod-1].phase", "absent", "pending"),
                    ("store[pod-1].version", "0", "1"),
                    ("queue", "{}", "{pod-1}"),
                    action="create",
                    pod="pod-1",
                ),
                ["pod-1"],
                "pending",
                1,
            ),
            with_state(
                step(2, ("store[pod-1].version", "1", "0"), action="overwrite", pod="pod-1", server="1"),
                ["pod-1"],
                "pending",
                0,
            ),
        ],
        why=why(),
    )
