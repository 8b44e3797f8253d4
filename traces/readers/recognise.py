"""Which format a file has, told by its first lines and never by its name."""

from __future__ import annotations

import enum
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from kubecheck.traces.errors import TraceError
from kubecheck.traces.event import Malformed
from kubecheck.traces.readers.documents import joined
from kubecheck.traces.readers.files import STDIN_NAME, Limits, readable
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
_WATCH_START: Final = re.compile(rb'\s*\{\s*("object"\s*:\s*\{|"type"\s*:\s*"(ADDED|MODIFIED|DELETED|BOOKMARK|ERROR)"\s*,\s*"object"\s*:)')
_WATCH_LINE: Final = re.compile(rb"^" + _WATCH_START.pattern, re.MULTILINE)
_AUDIT_START: Final = re.compile(rb'\s*[\[{][^{}]*?"apiVersion"\s*:\s*"audit\.k8s\.io/v1"')
_SEARCHED: Final = 6
"""Levels of a document in which what it wraps is looked for."""


class _Probe(msgspec.Struct, rename="camel"):
    kind: str = ""
    api_version: str = ""
    type: str = ""
    event: str = ""
    stage: str = ""
    audit_id: str = msgspec.field(default="", name="auditID")
    object: msgspec.Raw = msgspec.Raw()


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins so; None if it is none of them, or empty."""
    decoder = msgspec.json.Decoder(_Probe)
    for text in _documents(head):
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


def _documents(head: bytes) -> Iterator[bytes]:
    """The first documents and lines; the last of them as far as it goes."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    numbered: list[tuple[int, bytes] | Malformed] = [(number, line) for number, line in enumerate(lines) if line.strip()]
    for count, document in enumerate(joined(numbered, "", Limits())):
        if count == _LINES:
            return
        yield b"\n".join(lines[document.line :]).strip() if isinstance(document, Malformed) else document[1].strip()


def _probed(probe: _Probe) -> Format | None:
    if probe.api_version == "audit.k8s.io/v1" and probe.kind in {"Event", "EventList"}:
        return Format.AUDIT
    if probe.audit_id and probe.stage and probe.api_version in {"", "audit.k8s.io/v1"} and probe.kind in {"", "Event"}:
        return Format.AUDIT  # an item of an EventList
    if probe.type in _WATCH_TYPES and probe.object != msgspec.Raw():
        return Format.WATCH
    if probe.event in RECORDS:
        return Format.JSON_LINES
    return None


def _cut_off(text: bytes) -> Format | None:
    if _AUDIT_START.match(text) and not re.match(rb'[^{]*\{[^{}]*"kind"\s*:\s*"Policy"', text):
        return Format.AUDIT
    if _WATCH_START.match(text):
        return Format.WATCH
    return None


def not_recognised(file: str, head: bytes) -> TraceError:
    """The error for a file that was given as a log and is none, with what it looks like instead."""
    first = head.lstrip().split(b"\n", 1)[0]
    return TraceError(
        "not a trace in a format that kubecheck reads", file=file, line=1,
        text=readable(first, width=100) if first else "", remedy=_remedy(file, head),
    )  # fmt: skip


def _remedy(file: str, head: bytes) -> str:
    name = "-" if file == STDIN_NAME else shlex.quote(file)
    start = head[:2000]
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "this is UTF-16: logs are UTF-8"
    if re.search(rb"audit\.k8s\.io/v1(beta|alpha)1", start):
        return "audit.k8s.io/v1beta1 and v1alpha1 were removed in Kubernetes 1.24: log with --audit-log-version=audit.k8s.io/v1"
    if _PREFIXED.search(head):
        cut = _CUT.search(head)
        return (f"something stands before each event (CRI, journald and `kubectl logs --prefix` write it): "
                f"`sed 's/^[^{{]*//' {name} | kubecheck validate -`" + (
                    "; some lines are cut in parts (P), which `kubectl logs` and `crictl logs` put together" if cut else ""))
    if re.search(rb"^apiVersion:\s*audit\.k8s\.io/v1\s*$", head, re.MULTILINE):
        if re.search(rb"^kind:\s*Policy\s*$", head, re.MULTILINE):
            return "this is an audit policy, not a log"
        return f"audit events as YAML: `yq -o json -I0 {name} | kubecheck validate -`"
    for document in _documents(head):
        known = _what(document, name)
        if known:
            return known
    return (
        "a log is audit.k8s.io/v1 JSON lines, a watch stream, or begins with `kubecheck-trace 1`; "
        "--format says what it is where its first lines do not"
    )


_PREFIXED: Final = re.compile(
    rb'^([^{\s\[][^{\n]*\s|\[[^{\n\]]+\][^{\n]*)\{"(kind|level|apiVersion|auditID)":[^\n]*audit\.k8s\.io/v1', re.MULTILINE
)
"""A line with an audit event that something stands before."""
_CUT: Final = re.compile(rb"^\S+ std(out|err) P ", re.MULTILINE)


def _what(document: bytes, name: str) -> str | None:
    """What a document is that is neither an event nor a delivery."""
    try:
        value = msgspec.json.decode(document)
    except UNREADABLE:
        if re.match(rb'\s*\{\s*"(events|records|logEvents|log)"\s*:', document) and b"audit.k8s.io" in document:
            return f"audit events are inside other JSON (its first document is too long to say where): `jq` takes them out of {name}"
        return None
    if not isinstance(value, dict):
        return None
    if value.get("kind") == "Policy" and str(value.get("apiVersion")).startswith("audit.k8s.io/"):
        return "this is an audit policy, not a log"
    if value.get("kind") == "AdmissionReview":
        return "this is an admission review, what a webhook is asked, and not an audit event"
    if "google.cloud.audit.AuditLog" in str(value.get("protoPayload")):
        return ("this is Cloud Logging's own form of an audit log (google.cloud.audit.AuditLog), which lacks what audit.k8s.io/v1 has: "
                "kubecheck does not read it")
    found = _wrapped(value, "", 0)
    if found is not None:
        path, text = found
        return f"audit events are inside other JSON: `jq {'-r' if text else '-c'} {shlex.quote(path)} {name} | kubecheck validate -`"
    if "kind" in value and ("apiVersion" in value or "metadata" in value):
        return "these are objects, not what happened to them: record with `kubectl get … --watch --output-watch-events -o json`"
    return None


def _wrapped(value: Any, path: str, depth: int) -> tuple[str, bool] | None:
    """Where in a document an audit event is, as jq writes it, and whether it is text there."""
    if isinstance(value, str):
        text = value.lstrip()
        return (path, True) if text.startswith("{") and recognise(text.encode("utf-8", "replace")) is Format.AUDIT else None
    if depth and isinstance(value, dict) and value.get("apiVersion") == "audit.k8s.io/v1" and value.get("kind") in ("Event", "EventList"):
        return path, False
    if depth == _SEARCHED:
        return None
    if isinstance(value, dict):
        inner = ((f"{path}.{key}" if re.fullmatch(r"[A-Za-z_]\w*", key) else f"{path or '.'}[{json.dumps(key)}]", one)
                 for key, one in value.items())
    elif isinstance(value, list) and value:
        inner = ((f"{path}[]", one) for one in value[:1])
    else:
        return None
    return next((found for name, one in inner if (found := _wrapped(one, name, depth + 1)) is not None), None)
