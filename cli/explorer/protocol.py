"""What the page is told: plain data, the same from the server and in an exported file."""

from __future__ import annotations

from typing import Any

import msgspec

from kubecheck.model.picture import Picture


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The step that led to a state, in words; of an initial state, what is not as by default. `place` is the action's source."""

    number: int
    lane: str
    kind: str
    action: str
    sentence: str
    changes: list[str]
    revision: int
    place: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A step that is possible: its number among them, and what it would change. `same` says that it changes nothing.

    `breaks` names the properties that the step violates, or that are false in the state after it and were not before.
    """

    number: int
    actor: str
    lane: str
    kind: str
    action: str
    sentence: str
    changes: list[str]
    same: bool
    breaks: list[str]


class PropertyNow(msgspec.Struct, frozen=True, kw_only=True):
    """What a property says here: `value` is holds, violated, silent (its premise is false), shown, not shown or waiting.

    Waiting are those of quiescent states in a state that is none, and those of steps before there was one. `why` are lines.
    """

    name: str
    kind: str
    sentence: str
    value: str
    why: list[str]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the state; `quiet` if it holds what it does by default."""

    path: str
    value: str
    quiet: bool


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """An array of records, one a row, or of plain values; of an array of arrays each element is a row, with both keys."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    keys: list[str]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the state: its plain places, then its arrays."""

    title: str
    cells: list[Cell]
    tables: list[Table]


class Revisions(msgspec.Struct, frozen=True, kw_only=True):
    """ResourceVersions at the end of a path: the latest, those of objects by name, and those that readers are at, by `owner/kind`."""

    latest: int
    objects: dict[str, int]
    readers: dict[str, int]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A state at the end of a path. `error`: a value leaves its type here.

    `picture` and `revisions` are there for a cluster, `parts` for every spec.
    """

    path: str
    row: Row
    choices: list[Choice]
    properties: list[PropertyNow]
    quiescent: bool
    error: str
    picture: Picture | None
    revisions: Revisions | None
    parts: list[Part]


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What is explored. `fingerprint` is a digest of what the spec means: a path is only good for the spec that it was made with.

    `lanes` are all components in the order in which they are drawn. `start` is the path to begin with, `start_at` the step of it, the last
    if something is wrong there. `exported` is None on the server, else how many steps beside the path the file has.
    """

    title: str
    spec: str
    scope: dict[str, Any]
    release: str
    version: str
    fingerprint: str
    command: str
    lanes: list[str]
    initial_states: int
    names: list[str]
    examples: list[str]
    start: str
    start_at: int
    note: str
    exported: int | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search came to; `path` is None if it found nothing, and the sentence says whether there is nothing."""

    path: str | None
    sentence: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request has no answer; `snippet` shows the place in what the user wrote. `fits` is as much of a path as there is."""

    message: str
    remedy: str = ""
    snippet: str = ""
    fits: str = ""
