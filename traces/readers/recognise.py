"""Which format a file has, told by its first lines and never by its name."""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from kubecheck.traces.errors import TraceError
from kubecheck.traces.readers.files import readable
from kubecheck.traces.readers.json_errors import UNREADABLE


class Format(enum.Enum):
    """A format of traces."""

    TEXT = "text"
    """The trace language (trace.lark)."""
    JSON_LINES = "json-lines"
    """The same as JSON lines (trace.schema.json)."""
    AUDIT = "audit"
    """audit.k8s.io/v1."""
    WATCH = "watch"
    """Watch events, raw or as kubectl prints them."""


TEXT_HEADER: Final = b"kubecheck-trace"
RECORDS: Final = frozenset({"trace", "request", "delivery", "crash", "restart"})
"""Values of "event" in JSON lines."""

_LINES: Final = 50  # a log that was cut off by rotation may begin with half a line
_WATCH_TYPES: Final = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"})
_WATCH_START: Final = re.compile(rb'\s*\{\s*"type"\s*:\s*"(ADDED|MODIFIED|DELETED|BOOKMARK|ERROR)"\s*,\s*"object"\s*:')
_WATCH_LINE: Final = re.compile(rb"^" + _WATCH_START.pattern, re.MULTILINE)
_AUDIT_START: Final = re.compile(rb'\s*\{\s*"kind"\s*:\s*"Event(List)?"\s*,\s*"apiVersion"\s*:\s*"audit\.k8s\.io/v1"')


class _Probe(msgspec.Struct, rename="camel"):
    kind: str = ""
    api_version: str = ""
    type: str = ""
    event: str = ""
    object: msgspec.Raw = msgspec.Raw()


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins so; None if it is none of them, or empty."""
    if _WATCH_START.match(head):  # also indented over many lines
        return Format.WATCH
    decoder = msgspec.json.Decoder(_Probe)
    for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n", _LINES)[:_LINES]:
        text = line.strip()
        if text.startswith(TEXT_HEADER):
            return Format.TEXT
        if not text.startswith(b"{"):
            continue
        try:
            probe = decoder.decode(text)
        except UNREADABLE:  # half a line, or longer than what we look at
            found = _cut_off(text)
        else:
            found = _probed(probe)
        if found is not None:
            return found
    return Format.WATCH if _WATCH_LINE.search(head) else None  # kubectl, after a warning of its


def _probed(probe: _Probe) -> Format | None:
    if probe.api_version == "audit.k8s.io/v1" and probe.kind in {"Event", "EventList"}:
        return Format.AUDIT
    if probe.type in _WATCH_TYPES and probe.object != msgspec.Raw():
        return Format.WATCH
    if probe.event in RECORDS:
        return Format.JSON_LINES
    return None


def _cut_off(text: bytes) -> Format | None:
    if _AUDIT_START.match(text):
        return Format.AUDIT
    if _WATCH_START.match(text):
        return Format.WATCH
    return None


def not_recognised(file: str, head: bytes) -> TraceError:
    """The error for a file that was given as a log and is none, with what it looks like instead."""
    start = head[:2000]
    remedy = (
        "a log is audit.k8s.io/v1 JSON lines, a watch stream, or begins with `kubecheck-trace 1`; "
        "--format says what it is where its first lines do not"
    )
    if b"audit.k8s.io/v1beta1" in start or b"audit.k8s.io/v1alpha1" in start:
        remedy = "audit.k8s.io/v1beta1 and v1alpha1 were removed in Kubernetes 1.24: log with --audit-log-version=audit.k8s.io/v1"
    elif b"audit.k8s.io" in start and b"Policy" in start:
        remedy = "this is an audit policy, not a log"
    elif re.match(rb'\s*\{\s*"(apiVersion|kind|metadata)"', start):
        remedy = "these are objects, not what happened to them: record with `kubectl get … --watch --output-watch-events -o json`"
    elif start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        remedy = "this is UTF-16: logs are UTF-8"
    first = head.lstrip().split(b"\n", 1)[0]
    return TraceError(
        "not a trace in a format that kubecheck reads", file=file, line=1,
        text=readable(first, width=100) if first else "", remedy=remedy,
    )  # fmt: skip
