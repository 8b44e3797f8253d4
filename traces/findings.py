"""What a validation says: verdicts, violations with the events that contradict each other, counts.

An event is shown as a witness: where it stands (file:line) and one line of what it says, so that two or three of them can be
read side by side without opening the log.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from kubecheck.traces.effects import WRITES, Effect
from kubecheck.traces.event import Event, Kind, Malformed, Stage


class Verdict(enum.Enum):
    """What a rule, or a whole validation, says."""

    CONFORMS = "conforms"
    """Something was judged, and nothing contradicts."""
    VIOLATED = "violated"
    """At least one contradiction was found."""
    NOT_JUDGED = "not judged"
    """There was nothing that could be judged; the reasons say why."""


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a violation shows it."""

    file: str
    line: int
    summary: str
    """Time, actor, what was asked, what was answered."""
    note: str = ""
    """What matters in it here."""

    @property
    def where(self) -> str:
        """file:line."""
        return f"{self.file}:{self.line}"


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and the events that contradict it. The first witness is the event at which it showed."""

    rule: str
    sentence: str
    """Why this is wrong, in words."""
    objects: tuple[str, ...]
    """resource/namespace/name of the objects involved."""
    witnesses: tuple[Witness, ...]

    @property
    def file(self) -> str:
        """File of the event at which it showed."""
        return self.witnesses[0].file if self.witnesses else ""

    @property
    def line(self) -> int:
        """Line of the event at which it showed."""
        return self.witnesses[0].line if self.witnesses else 0


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule found in one validation."""

    name: str
    sentence: str
    source: str
    verdict: Verdict
    judged: int
    """How often it had something to judge."""
    violations: tuple[Violation, ...] = ()
    violation_count: int = 0
    """All of them; `violations` keeps the first ones only."""
    not_judged: dict[str, int] = {}
    """Reason -> how often the log could not tell."""
    open: tuple[str, ...] = ()
    """What was asked for and not reached when the log ended (rules of the end state)."""
    without_matter: bool = False
    """It was not judged because the log has nothing that it is about."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The log at a glance."""

    events: int
    requests: int
    deliveries: int
    duplicates: int
    unanswered: int
    writes: int
    """Versions of objects that entered the history."""
    outcomes: dict[str, dict[str, int]]
    """verb -> outcome (status code, or "no answer") -> how often."""
    actors: dict[str, int]
    resources: dict[str, int]
    objects: int
    """Objects seen, gone ones included."""
    live: int
    begin: int | None
    end: int | None
    """Time span in microseconds since 1970; None if the log has no clock."""
    first_version: int | None
    last_version: int | None
    servers: tuple[str, ...]
    restarts: int
    late: int
    """Writes that came later than the reordering window allows; they were not judged."""
    shortened: int = 0
    """Events that left that window before it was full, because of the bytes that it held."""
    missing_lines: str = ""
    """What shows that lines are missing all over the log: lost, or left out by its audit policy. Empty: nothing does."""


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `validate()`."""

    verdict: Verdict
    summary: Summary
    rules: tuple[RuleResult, ...]
    violations: tuple[Violation, ...]
    """Of all rules, in the order of files and lines."""
    malformed: tuple[Malformed, ...]
    """The first of them."""
    malformed_count: int
    malformed_alike: dict[tuple[str, str], int] = {}
    """(file, message) -> how many lines; of the first messages only."""


def display_time(microseconds: int | None) -> str:
    """hh:mm:ss.ffffff of a time in microseconds since 1970, UTC; "" if there is none."""
    if microseconds is None:
        return ""
    try:
        return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%H:%M:%S.%f")
    except (OverflowError, ValueError, OSError):
        return str(microseconds)


def display_object(event: Event) -> str:
    """resource[/subresource] [namespace/]name of what an event is about."""
    resource = event.resource or event.uri or "?"
    if event.subresource:
        resource += f"/{event.subresource}"
    name = "/".join(part for part in (event.namespace, event.name) if part)
    return f"{resource} {name}".rstrip()


def summarise(event: Event) -> str:
    """One line that tells what an event says."""
    version = f" resourceVersion {event.answer.resource_version}" if event.answer and event.answer.resource_version else ""
    if event.kind is Kind.DELIVERY:
        kind = event.delivery.value if event.delivery else "?"
        return f"watch {event.stream or event.file}: {kind} {display_object(event)}{version}"
    if event.kind is not Kind.REQUEST:
        return f"{event.kind.value} {event.component or event.server}".rstrip()
    parts = [display_time(event.completed), event.user or "(no user)", event.verb or "?", display_object(event)]
    if event.precondition_version:
        parts.append(f"if resourceVersion {event.precondition_version}")
    if event.precondition_uid and event.verb in ("delete", "patch"):
        parts.append(f"if uid {event.precondition_uid}")
    if event.dry_run:
        parts.append("dry run")
    if event.code is None:
        outcome = "no answer" if event.stage is Stage.RECEIVED else "no code"
    else:
        outcome = f"{event.code}" + (f" {event.reason}" if event.reason else "")
    return " ".join(part for part in parts if part) + f" -> {outcome}{version}"


def did(event: Event) -> str:
    """What an event did, in a few words."""
    told = "" if event.version is None else f" resourceVersion {event.version}"
    if event.kind is Kind.DELIVERY:
        return f"delivered{told}"
    if event.kind is not Kind.REQUEST:
        return str(event.kind.value)
    if event.code is None:
        return "has no answer"
    if not event.ok:
        return f"answered {event.code}"
    if event.effect is Effect.REMOVE:
        return "removed it"
    return f"wrote{told}" if event.verb in WRITES and not event.dry_run else f"answered{told}"


def witness(event: Event, note: str = "") -> Witness:
    """An event as a violation shows it."""
    return Witness(file=event.file, line=event.line, summary=summarise(event), note=note)


def violation(rule: str, sentence: str, objects: Sequence[str], *events: Event | tuple[Event, str]) -> Violation:
    """A violation shown by these events; the first is where it showed. An event may come with a note; where several stand side by
    side, one that comes without is noted for what it did."""
    shown = []
    for number, given in enumerate(events):
        event, note = given if isinstance(given, tuple) else (given, "")
        if not note and len(events) > 1:
            note = did(event) if number else f"here it shows: {did(event)}"
        shown.append(witness(event, note))
    return Violation(rule=rule, sentence=sentence, objects=tuple(objects), witnesses=tuple(shown[:MAX_WITNESSES]))


MAX_WITNESSES: Final = 3
