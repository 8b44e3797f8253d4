"""A whole recording held against the model: which probes agree, which do not and how, and which it says nothing about."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kubecheck.model.conformance.compare import Difference, differences
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.reads import is_read, read_differences
from kubecheck.model.conformance.replay import as_sent, may_lack_managers, replay, with_managers_emptied, world_of
from kubecheck.model.conformance.rows import Malformed, Row, read_rows
from kubecheck.spec import SpecError

# What the language says of a value that leaves its type (spec/values.py), in the words of a recording. A JSON value of a wrong type ends
# up there, too: what a server does about it is known of the kinds in shapes.py.
_REASONS: Final = {
    "KC504": "a number that is greater than a replay has room for",
    "KC505": "a list that is longer than a replay has room for",
    "KC506": "a value of a wrong type, in a kind whose types the model does not have",
}


class Outcome(enum.Enum):
    """What came of a probe."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    NOT_MODELLED = "not modelled"


@dataclass(frozen=True)
class Checked:
    """A probe with its outcome: the differences, or the reason why it is not modelled."""

    line: int
    row: Row
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Fault:
    """A probe at which this package itself failed: nothing is said about it."""

    line: int
    id: str
    cause: str


@dataclass(frozen=True)
class Conformance:
    """A recording's probes, in order, the lines that are none, and those that nothing can be said about."""

    checked: tuple[Checked, ...]
    malformed: tuple[Malformed, ...]
    faults: tuple[Fault, ...] = ()

    def of(self, outcome: Outcome) -> list[Checked]:
        """The probes with this outcome."""
        return [c for c in self.checked if c.outcome is outcome]

    def by_topic(self) -> dict[str, tuple[int, int, int]]:
        """Agreeing, disagreeing and not modelled probes of each topic, in the order of the recording."""
        found: dict[str, Counter[Outcome]] = {}
        for c in self.checked:
            found.setdefault(c.row.topic, Counter())[c.outcome] += 1
        order = (Outcome.AGREES, Outcome.DISAGREES, Outcome.NOT_MODELLED)
        return {topic: (counts[order[0]], counts[order[1]], counts[order[2]]) for topic, counts in found.items()}

    def unmodelled(self) -> dict[str, list[Checked]]:
        """The probes that are not modelled by their reasons, those with most of them first."""
        found: dict[str, list[Checked]] = {}
        for c in self.of(Outcome.NOT_MODELLED):
            found.setdefault(c.reason, []).append(c)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def check_row(line: int, row: Row) -> Checked:
    """Replays one probe and compares."""
    try:
        found = _differences(as_sent(row))
        if found and may_lack_managers(row.request) and not _differences(with_managers_emptied(row)):
            raise NotModelled("managedFields in a body, which the recording leaves out")
    except NotModelled as why:
        return Checked(line, row, Outcome.NOT_MODELLED, reason=str(why))
    except SpecError as error:
        if error.code not in _REASONS:
            raise
        return Checked(line, row, Outcome.NOT_MODELLED, reason=_REASONS[error.code])
    outcome = Outcome.DISAGREES if found else Outcome.AGREES
    return Checked(line, row, outcome, tuple(found))


def _differences(row: Row) -> list[Difference]:
    if is_read(row):
        return read_differences(row)
    world = world_of(row)
    with world.active():
        return differences(row, replay(row, world))


def conform(lines: Iterable[bytes], *, topics: frozenset[str] = frozenset()) -> Conformance:
    """Checks every line; with `topics`, only the probes of these."""
    checked: list[Checked] = []
    malformed: list[Malformed] = []
    faults: list[Fault] = []
    for number, found in read_rows(lines):
        if isinstance(found, Malformed):
            malformed.append(found)
        elif not topics or found.topic in topics:
            try:
                checked.append(check_row(number, found))
            except (
                Exception
            ) as error:  # one probe must not keep the others from being judged; the command fails with it
                faults.append(Fault(number, found.id, f"{type(error).__name__}: {error}"))
    return Conformance(tuple(checked), tuple(malformed), tuple(faults))
