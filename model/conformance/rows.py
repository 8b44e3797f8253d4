"""The recorded answers: one JSON object a line, one probe each.

The format is that of the recording: `setup` requests with their codes, the `request` under test, its `response`, the observed `object`
before and after, the `events` of a watch opened just before, and etcd's own history of the request, `etcd_writes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, TypedDict

import msgspec

Revision = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,19}$")]


class Call(msgspec.Struct, kw_only=True, rename={"content_type": "contentType", "certificate": "clientCertificate"}):
    """A request. In a setup with the `code` that it was answered, and the answer's resourceVersion where there was one."""

    method: str = ""
    path: str = ""
    body: Any = None
    raw: str | None = None
    content_type: str | None = None
    user: str | None = None
    authentication: str | None = None
    certificate: str | None = None
    headers: dict[str, str] = {}
    then: list[Call] | None = None
    note: str | None = None
    code: int = 0
    rv: Revision | None = None
    reason: str | None = None


class Cause(msgspec.Struct, kw_only=True):
    """Of a Status' details, one cause: the field that it is about, and why."""

    reason: str | None = None
    field: str | None = None


class Response(
    msgspec.Struct,
    kw_only=True,
    rename={
        "deletion_timestamp": "deletionTimestamp",
        "grace": "deletionGracePeriodSeconds",
        "retry_after": "retryAfterSeconds",
    },
):
    """What the request was answered: for a refusal the reason, otherwise metadata of the answer; chosen fields of it are in `show`."""

    code: int
    kind: str | None = None
    reason: str | None = None
    message: str | None = None
    rv: Revision | None = None
    rv_rel: dict[str, str | None] | list[str] | None = None
    generation: int | None = None
    deletion_timestamp: str | None = None
    grace: int | None = None
    finalizers: list[str] | None = None
    show: dict[str, Any] | None = None
    items: list[tuple[str, Revision]] | None = None
    n: int | None = None
    continue_set: bool | None = None
    stream_end: str | None = None
    lines: int | None = None
    status: str | None = None
    causes: list[Cause] | None = None
    retry_after: int | None = None
    details_uid_set: bool | None = None
    text: str | None = None


class Observed(
    msgspec.Struct,
    kw_only=True,
    rename={
        "deleting": "deletionTimestamp_set",
        "grace": "deletionGracePeriodSeconds_after",
        "grace_before": "deletionGracePeriodSeconds_before",
        "deleting_before": "deletionTimestamp_set_before",
    },
):
    """The observed object, by GET before and after the request."""

    path: str | None
    exists_before: bool
    exists_after: bool
    rv_changed: bool
    generation_before: int | None
    generation_after: int | None
    uid_same: bool | None
    deleting: bool
    finalizers_before: list[str]
    finalizers_after: list[str]
    etcd_writes_to_it: int
    rv_before: Revision | None = None
    rv_after: Revision | None = None
    grace: int | None = None
    grace_before: int | None = None
    deleting_before: bool | None = None
    show: dict[str, Any] | None = None


class Event(
    msgspec.Struct,
    kw_only=True,
    rename={"deleting": "deletionTimestamp_set", "node": "nodeName", "initial_events_end": "initial-events-end"},
):
    """What a watch delivered: `rel` has the relations of its resourceVersion to those of the answer and of the object before and after."""

    type: str
    name: str | None = None
    rv: Revision | None = None
    rel: list[str] = []
    deleting: bool = False
    phase: str | None = None
    node: str | None = None
    labels: dict[str, str] | None = None
    kind: str | None = None
    code: int | None = None
    reason: str | None = None
    initial_events_end: str | None = None


class Written(msgspec.Struct, kw_only=True):
    """A write in etcd's history."""

    op: str
    key: str
    rel: str | None = None
    rev: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None


class Extra(TypedDict, total=False):
    """What else was recorded: the resourceVersions that a list or a watch is compared with; the status of a budget or a quota after it."""

    rvs: dict[str, Revision]
    pdb_status_after: Any
    quota_status_after: Any


class Row(msgspec.Struct, kw_only=True):
    """A probe with what was recorded of it."""

    id: str
    topic: str
    title: str
    setup: list[Call]
    request: Call
    response: Response
    object: Observed | None
    events: list[Event]
    etcd_writes: list[Written]
    note: str = ""
    extra: Extra | None = None


class Malformed(msgspec.Struct, frozen=True):
    """A line that is no probe."""

    line: int
    cause: str


_SHORTENED: Final = re.compile(r"(.*)\u2026\(([0-9]+) characters\)", re.DOTALL)
_SHORT_LIST: Final = re.compile(r"\u2026 ([0-9]+) items")
_LONGEST: Final = 10_000_000  # no request is longer: what a mark says is not believed beyond


def lengthened(value: Any) -> Any:
    """A body with what the recording has shortened as long as it was: the last character of a string, the last item of a list, repeated."""
    if isinstance(value, str):
        found = _SHORTENED.fullmatch(value)
        return found[1].ljust(min(int(found[2]), _LONGEST), found[1][-1:] or "x") if found else value
    if isinstance(value, dict):
        return {name: lengthened(child) for name, child in value.items()}
    if isinstance(value, list):
        found = _SHORT_LIST.fullmatch(value[-1]) if value and isinstance(value[-1], str) else None
        items = [lengthened(child) for child in (value[:-1] if found else value)]
        return items + [items[-1]] * (min(int(found[1]), _LONGEST) - len(items)) if found and items else items
    return value


def read_rows(lines: Iterable[bytes]) -> Iterator[tuple[int, Row | Malformed]]:
    """Each line that is not blank, with its number from 1: a probe, or why it is none."""
    decoder = msgspec.json.Decoder(Row)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = decoder.decode(line)
            for call in [*row.setup, row.request]:
                call.body = lengthened(call.body)
            yield number, row
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            yield number, Malformed(number, str(error))
