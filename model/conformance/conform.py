"""A whole recording held against the model: which probes agree, which do not and how, and which it says nothing about."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from kubecheck.model.conformance.compare import Difference, differences
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.reads import is_read, read_differences
from kubecheck.model.conformance.replay import may_lack_managers, replay, with_managers_emptied, world_of
from kubecheck.model.conformance.rows import Malformed, Row, read_rows
from kubecheck.spec import SpecError


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
class Conformance:
    """A recording's probes, in order, and the lines that are none."""

    checked: tuple[Checked, ...]
    malformed: tuple[Malformed, ...]

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


def check_row(line: int, row: Row) -> Checked:
    """Replays one probe and compares."""
    try:
        found = _differences(row)
        if found and may_lack_managers(row.request) and not _differences(with_managers_emptied(row)):
            raise NotModelled("managedFields in a body, which the recording leaves out")
    except NotModelled as why:
        return Checked(line, row, Outcome.NOT_MODELLED, reason=str(why))
    except SpecError as error:
        why = error.message if error.position is None or error.code != "KC505" else "a list is too long"
        return Checked(line, row, Outcome.NOT_MODELLED, reason=f"more than a replay has room for: {why}")
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
    for number, found in read_rows(lines):
        if isinstance(found, Malformed):
            malformed.append(found)
        elif not topics or found.topic in topics:
            checked.append(check_row(number, found))
    return Conformance(tuple(checked), tuple(malformed))
