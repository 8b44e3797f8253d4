"""Audit logs: audit.k8s.io/v1 Events as the log backend writes them, one a line, or EventLists as the webhook backend sends.

Fields: staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go. What is in them at which level and stage:
pkg/audit/request.go and pkg/endpoints/filters/audit.go. Only what an Event needs is decoded; bodies are skipped over and kept
as they are, except their kind and metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw

from kubecheck.traces.event import Event, Kind, Level, Malformed, Stage
from kubecheck.traces.objects import Meta
from kubecheck.traces.readers.clock import microseconds
from kubecheck.traces.readers.documents import joined
from kubecheck.traces.readers.files import Input, Limits
from kubecheck.traces.readers.json_errors import UNREADABLE, malformed
from kubecheck.traces.uri import parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

API_VERSION: Final = "audit.k8s.io/v1"

_CREDENTIAL: Final = "authentication.kubernetes.io/credential-id"
_DECISION: Final = "authorization.k8s.io/decision"
_REASON: Final = "authorization.k8s.io/reason"
_TRUNCATED: Final = "audit.k8s.io/truncated"
"""Both bodies were taken out of an event that was too large (staging/src/k8s.io/apiserver/plugin/pkg/audit/truncate/truncate.go)."""
_LEVELS: Final = {
    "Metadata": Level.METADATA,
    "Request": Level.REQUEST,
    "RequestResponse": Level.REQUEST_RESPONSE,
}
_REQUEST, _COMPLETE = Kind.REQUEST, Stage.COMPLETE  # attribute look-ups that the loop below need not make
_READS: Final = frozenset({"get", "list", "watch"})
_BODY_PRECONDITIONS: Final = frozenset({"patch", "delete", "deletecollection"})
_USERS_KEPT: Final = 4096
_ABSENT: Final = Raw()  # msgspec has no optional Raw
_NULL: Final = Raw(b"null")
_BRACE: Final = ord("{")


class _Ref(msgspec.Struct, rename="camel", gc=False):
    resource: str = ""
    namespace: str = ""
    name: str | None = None
    uid: str | None = None
    api_group: str = ""
    resource_version: str | None = None
    subresource: str = ""


class _Details(msgspec.Struct, gc=False):
    uid: str | None = None


class _Status(msgspec.Struct, gc=False):
    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: _Details | None = None


class _Annotations(msgspec.Struct, gc=False):
    truncated: str | None = msgspec.field(default=None, name=_TRUNCATED)
    decision: str | None = msgspec.field(default=None, name=_DECISION)
    reason: str | None = msgspec.field(default=None, name=_REASON)


class _Line(msgspec.Struct, gc=False):
    level: str
    audit_id: str = msgspec.field(name="auditID")
    stage: Stage
    verb: str
    user: Raw
    received: str = msgspec.field(name="requestReceivedTimestamp")
    completed: str = msgspec.field(name="stageTimestamp")
    uri: str = msgspec.field(default="", name="requestURI")
    impersonated: Raw = msgspec.field(default=_ABSENT, name="impersonatedUser")
    agent: str | None = msgspec.field(default=None, name="userAgent")
    ref: _Ref | None = msgspec.field(default=None, name="objectRef")
    status: _Status | None = msgspec.field(default=None, name="responseStatus")
    request: Raw = msgspec.field(default=_ABSENT, name="requestObject")
    response: Raw = msgspec.field(default=_ABSENT, name="responseObject")
    annotations: _Annotations | None = None
    kind: str = "Event"
    """Absent in the items of an EventList: the webhook backend encodes them without."""


class _User(msgspec.Struct):
    username: str = ""
    uid: str | None = None
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}


class _Body(msgspec.Struct, gc=False):
    kind: str | None = None
    metadata: Meta | None = None


class _Preconditions(msgspec.Struct, rename="camel", gc=False):
    uid: str | None = None
    resource_version: str | None = None


class _Sent(msgspec.Struct, rename="camel", gc=False):
    """Of a patch or of DeleteOptions."""

    metadata: _Preconditions | None = None
    preconditions: _Preconditions | None = None
    dry_run: tuple[str, ...] | None = None


class _List(msgspec.Struct, gc=False):
    kind: str
    items: tuple[Raw, ...] = ()


class _Caller(msgspec.Struct, frozen=True):
    """A user as it stands in many lines, decoded once."""

    name: str
    groups: tuple[str, ...]
    credential: str | None
    uid: str | None


class Reader:
    """Turns lines into events; one for each file."""

    def __init__(self, file: str, *, server: str = "") -> None:
        self._file = file
        self._server = server
        self._line = msgspec.json.Decoder(_Line)
        self._body = msgspec.json.Decoder(_Body)
        self._sent = msgspec.json.Decoder(_Sent)
        self._list = msgspec.json.Decoder(_List)
        self._user = msgspec.json.Decoder(_User)
        self._callers: dict[bytes, _Caller] = {}
        self._texts: dict[str, str] = {}

    def event(self, number: int, data: bytes) -> Event:
        """The event of one line. Raises one of UNREADABLE."""
        if not data.isascii():
            data.decode()  # msgspec looks only at the strings that it decodes
        return self._event(number, self._line.decode(data))

    def otherwise(self, number: int, data: bytes, error: Exception) -> Iterator[Event | Malformed]:
        """What a line holds that is no event: a list of events, or what is wrong with it."""
        if b"EventList" not in data:
            yield malformed(self._file, number, data, error)
            return
        try:
            listed = self._list.decode(data)
        except UNREADABLE as wrong:
            yield malformed(self._file, number, data, wrong)
            return
        for item in listed.items:
            try:
                yield self._event(number, self._line.decode(item))
            except UNREADABLE as wrong:
                yield malformed(self._file, number, bytes(item), wrong)

    def _caller(self, field: str, raw: Raw) -> _Caller:
        key = bytes(raw)
        caller = self._callers.get(key)
        if caller is None:
            try:
                user = self._user.decode(raw)
            except msgspec.ValidationError as error:
                raise _inside(field, error) from None
            credentials = user.extra.get(_CREDENTIAL)
            caller = _Caller(user.username, user.groups, credentials[0] if credentials else None, user.uid)
            if len(self._callers) >= _USERS_KEPT:
                self._callers.clear()
            self._callers[key] = caller
        return caller

    def _shared(self, text: str) -> str:
        """One string for all lines with this user agent, or this reason of an authorisation."""
        if len(self._texts) >= _USERS_KEPT:
            self._texts.clear()
        return self._texts.setdefault(text, text)

    def _event(self, number: int, line: _Line) -> Event:
        level = _LEVELS.get(line.level)
        if line.kind != "Event" or level is None:
            raise ValueError(
                f"kind {line.kind[:40]}: expected Event of {API_VERSION}" if line.kind != "Event"
                else f"level {line.level[:40]}: expected Metadata, Request or RequestResponse"
            )  # fmt: skip
        annotations = line.annotations
        if annotations is not None and annotations.truncated is not None:
            level = Level.METADATA
        caller = self._caller("user", line.user)
        ref, status, verb, uri = line.ref, line.status, line.verb, line.uri

        code = reason = message = uid = None
        if status is not None:
            code = status.code
            if status.reason:
                reason, message = status.reason, status.message
            if status.details is not None:
                uid = status.details.uid

        answer_kind = answer = None
        request = None if line.request is _ABSENT or line.request == _NULL else line.request
        response = None if line.response is _ABSENT or line.response == _NULL else line.response
        if response is not None:
            try:
                body = self._body.decode(response)
            except msgspec.ValidationError as error:
                raise _inside("responseObject", error) from None
            answer_kind = body.kind
            if answer_kind != "Status" and body.metadata is not None:
                answer = body.metadata
                uid = answer.uid or uid

        group = subresource = namespace = ""
        resource = name = precondition_version = precondition_uid = None
        if ref is not None:
            resource, group, subresource = ref.resource or None, ref.api_group, ref.subresource
            namespace, name = ref.namespace, ref.name or None
            precondition_version, precondition_uid = ref.resource_version, ref.uid
            if name is None and answer is not None and verb == "create":
                name = answer.name

        dry_run = "dryRun=All" in uri
        requested_version = version_match = None
        if verb in _READS:
            requested_version = parameter(uri, "resourceVersion")
            version_match = parameter(uri, "resourceVersionMatch")
        elif request is not None and verb in _BODY_PRECONDITIONS and memoryview(request)[0] == _BRACE:
            try:
                sent = self._sent.decode(request)
            except msgspec.ValidationError as error:
                raise _inside("requestObject", error) from None
            told = sent.metadata if verb == "patch" else sent.preconditions
            if told is not None:
                precondition_version = told.resource_version or precondition_version
                precondition_uid = told.uid or precondition_uid
            if sent.dry_run and verb != "patch":
                dry_run = True

        received = microseconds(line.received)
        return Event(
            _REQUEST,  # kind
            self._file,
            number,  # line
            self._server,
            caller.name,  # user
            caller.groups,
            None if line.agent is None else self._shared(line.agent),  # agent
            caller.uid,  # user_uid
            caller.credential,
            None if line.impersonated is _ABSENT else self._caller("impersonatedUser", line.impersonated).name,  # impersonated
            None,  # component
            verb,
            group,
            resource,
            subresource,
            namespace,
            name,
            uid,
            precondition_version,
            precondition_uid,
            dry_run,
            requested_version,
            version_match,
            uri,
            line.stage,
            code,
            reason,
            message,
            answer_kind,
            answer,
            received,
            received if line.completed == line.received else microseconds(line.completed),  # completed
            None,  # sequence
            line.audit_id,
            level,
            None if annotations is None else annotations.decision,
            None if annotations is None or annotations.reason is None else self._shared(annotations.reason),  # grant
            request,
            response,
        )


def _inside(field: str, error: msgspec.ValidationError) -> msgspec.ValidationError:
    """The error of a part that is decoded for itself, with its path from the line's top."""
    said = str(error)
    return msgspec.ValidationError(
        said.replace("at `$", f"at `$.{field}") if "at `$" in said else f"{said} - at `$.{field}`"  # the part itself has none
    )


def read(source: Input, *, server: str = "", limits: Limits | None = None) -> Iterator[Event | Malformed]:
    """The events of one audit log file, in the order of the file. Raises OSError if it cannot be read."""
    reader = Reader(source.name, server=server)
    event = reader.event
    limits = limits or Limits()
    for line in joined(source.lines(limits=limits), source.name, limits):
        if isinstance(line, Malformed):
            yield line
            continue
        try:
            yield event(*line)
        except UNREADABLE as error:
            yield from reader.otherwise(*line, error)
