"""The trace format of our own: what a line of it says, as JSON lines have it and as the text language spells it.

These classes are the format. JSON lines are their JSON; trace.schema.json is made from them; the text language's grammar
builds them. `Names` turns them into events, and events back into them.
"""

from __future__ import annotations

import difflib
from typing import Annotated, Final, Literal, TypeAlias, cast

import msgspec
from msgspec import Meta as Says
from msgspec import Raw

from kubecheck.traces.event import Component, Delivery, Event, Header, Kind, Level, Stage, Told
from kubecheck.traces.keys import is_built_in
from kubecheck.traces.objects import Meta
from kubecheck.traces.readers.clock import microseconds, timestamp
from kubecheck.traces.readers.watch import INITIAL_EVENTS_END
from kubecheck.traces.resources import GROUPS, NO_RESOURCE, group_of, resource_of

ABSENT: Final = cast(Raw, None)
"""A body that is not there. msgspec has no optional Raw, and leaves None out when it encodes."""

Time: TypeAlias = Annotated[
    str, Says(description="RFC 3339, to the microsecond: 2026-11-23T03:00:56.203590Z", extra_json_schema={"format": "date-time"})
]
LevelName: TypeAlias = Literal["Metadata", "Request", "RequestResponse"]
Version: TypeAlias = Annotated[str, Says(description="A resourceVersion: a number.", pattern="^[0-9]*$")]
Resource: TypeAlias = Annotated[str, Says(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Group: TypeAlias = Annotated[str, Says(pattern="^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$")]
Code: TypeAlias = Annotated[int, Says(ge=100, le=599)]

DIGITS: Final = 19
"""Of the largest revision: etcd counts in 64 bits."""
VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
"""Of requests for objects (staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go NewRequestInfo)."""
_VERSIONED: Final = {"properties": {"metadata": {"properties": {"resourceVersion": {"pattern": "^[0-9]*$"}}}}}
"""JSON Schema of an object."""

_LEVELS: Final[dict[LevelName, Level]] = {
    "Metadata": Level.METADATA,
    "Request": Level.REQUEST,
    "RequestResponse": Level.REQUEST_RESPONSE,
}
_LEVEL_NAMES: Final = {level: name for name, level in _LEVELS.items()}


class ComponentRecord(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """A program of the cluster, so that lines can call it by a short name."""

    name: str
    user: Annotated[str | None, Says(description="The user name it authenticates as; absent: its name.")] = None
    agent: Annotated[str | None, Says(description="Its User-Agent.")] = None


class HeaderRecord(
    msgspec.Struct, rename="camel", tag_field="event", tag="trace", omit_defaults=True, forbid_unknown_fields=True
):
    """The first line: the format's version and the cluster."""

    version: Literal[1]
    servers: Annotated[tuple[str, ...], Says(description="API servers. The first is the one of lines that name none.")] = ()
    nodes: Annotated[tuple[str, ...], Says(description="Nodes that exist when the log begins.")] = ()
    components: tuple[ComponentRecord, ...] = ()
    complete: Annotated[
        bool, Says(description="The log has every request since the cluster was empty, and every one of its writes.")
    ] = False
    level: Annotated[
        LevelName, Says(description="How much is written of each request; at RequestResponse an absent body was not sent.")
    ] = "RequestResponse"


class Precondition(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """What the request wanted to find: metadata of an update or patch, preconditions of a delete, metadata.uid of a Binding."""

    resource_version: Version | None = None
    uid: str | None = None


class Read(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """Which state a get, list or watch asked for. Absent resourceVersion: the newest."""

    resource_version: Version | None = None
    match: Annotated[str | None, Says(description="resourceVersionMatch: Exact or NotOlderThan")] = None


class RequestRecord(
    msgspec.Struct, rename="camel", tag_field="event", tag="request", omit_defaults=True, forbid_unknown_fields=True
):
    """A request to an API server and its answer."""

    actor: Annotated[str, Says(description="A component of the header, or a user name.")]
    verb: Annotated[str, Says(description=f"{', '.join(VERBS)}; without a resource the HTTP method", pattern="^[a-z]+$")]
    resource: Annotated[Resource | None, Says(description="Plural, lower case: pods")] = None
    group: Annotated[Group, Says(description="API group; absent: core")] = ""
    subresource: Annotated[str, Says(description="status, binding, scale, eviction, finalize …")] = ""
    namespace: str = ""
    name: Annotated[str | None, Says(description="Absent: a list, or a create with generateName that failed.")] = None
    uid: Annotated[str | None, Says(description="The object's, where `response` does not tell it.")] = None
    precondition: Precondition | None = None
    dry_run: bool = False
    read: Read | None = None
    request: Annotated[Raw, Says(description="The body sent: object, patch, DeleteOptions, Binding.")] = ABSENT
    code: Annotated[
        Code | None, Says(description="HTTP status code of the answer. Absent: no answer was seen (yet), or a crash came first.")
    ] = None
    reason: Annotated[str | None, Says(description="Of a failure: Conflict, AlreadyExists, NotFound …")] = None
    message: str | None = None
    response: Annotated[
        Raw,
        Says(
            description="The body answered; of a write its metadata.resourceVersion is what most rules need.", extra_json_schema=_VERSIONED
        ),
    ] = ABSENT
    received: Annotated[Time | None, Says(description="When the API server had the request.")] = None
    completed: Annotated[Time | None, Says(description="When the answer was sent.")] = None
    sequence: Annotated[int | None, Says(description="Place in the order of the log, where there is no clock.")] = None
    server: Annotated[str | None, Says(description="Which API server.")] = None
    groups: tuple[str, ...] = ()
    agent: str | None = None
    user_uid: Annotated[str | None, Says(description="The user's own uid.")] = msgspec.field(default=None, name="userUID")
    credential: Annotated[str | None, Says(description="Tells apart processes that share a user.")] = None
    impersonated: Annotated[str | None, Says(description="The user in whose name it was made.")] = None
    audit_id: str | None = msgspec.field(default=None, name="auditID")
    stage: Annotated[
        Stage | None, Says(description="Absent: ResponseComplete with a code, RequestReceived without one.")
    ] = None
    level: LevelName | None = None
    decision: Annotated[str | None, Says(description="Of the authorizer: allow or forbid.")] = None
    grant: Annotated[str | None, Says(description="The authorizer's reason: the binding and role that allowed it.")] = None
    uri: Annotated[str | None, Says(description="The request URI, if it says more than the fields.")] = None

    def __post_init__(self) -> None:
        """Raises ValueError for a verb that is none; the schema says so too (jsonl.py)."""
        if self.resource is not None and self.verb not in VERBS:
            raise ValueError(no_verb(self.verb))


class DeliveryRecord(
    msgspec.Struct, rename="camel", tag_field="event", tag="delivery", omit_defaults=True, forbid_unknown_fields=True
):
    """A watch stream told a client something."""

    stream: Annotated[str, Says(description="Which stream; the lines of one stream are in the order of delivery.")]
    type: Delivery
    object: Annotated[
        Raw, Says(description="The object, whole or as much of it as is known; of ERROR a Status.", extra_json_schema=_VERSIONED)
    ]
    resource: Annotated[Resource | None, Says(description="Absent: as object.kind tells.")] = None
    group: Group = ""
    received: Time | None = None
    sequence: int | None = None
    server: str | None = None
    connection: Annotated[int, Says(description="Counts the connections of the stream from 0.")] = 0
    actor: Annotated[str | None, Says(description="Who was told.")] = None


class _Fault(msgspec.Struct, rename="camel", tag_field="event", omit_defaults=True, forbid_unknown_fields=True):
    component: Annotated[str, Says(description="Which: a component or a server of the header.")]
    received: Annotated[Time | None, Says(description="When.")] = None
    sequence: int | None = None


class CrashRecord(_Fault, tag="crash"):
    """A component ended without having said so: requests of its that have no answer may or may not have been done."""


class RestartRecord(_Fault, tag="restart"):
    """A component started (again), with empty memory."""


Record: TypeAlias = HeaderRecord | RequestRecord | DeliveryRecord | CrashRecord | RestartRecord


class _Details(msgspec.Struct, gc=False):
    uid: str | None = None


class _Body(msgspec.Struct, rename="camel", gc=False):
    kind: str | None = None
    api_version: str = ""
    metadata: Meta | None = None


class _Status(msgspec.Struct, gc=False):
    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: _Details | None = None


class _Marked(msgspec.Struct, gc=False):
    annotations: dict[str, str] | None = None


class _Bookmark(msgspec.Struct, gc=False):
    metadata: _Marked | None = None


class _Fields(msgspec.Struct, rename="camel", gc=False):
    metadata: dict[str, Raw] = {}


_BODY: Final = msgspec.json.Decoder(_Body)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_METADATA: Final = msgspec.json.Decoder(_Fields)
_HEAD: Final = frozenset(("kind", "apiVersion", "metadata"))
_IDENTITY: Final = frozenset(("name", "namespace", "generateName", "uid", "resourceVersion", "generation"))
_STATUS: Final = msgspec.json.Decoder(_Status)
_BOOKMARK: Final = msgspec.json.Decoder(_Bookmark)


def no_verb(verb: str) -> str:
    """The sentence on a verb that is none."""
    close = difflib.get_close_matches(verb[:40], VERBS, n=1)
    return f"{verb[:40]} is no verb for an object: {f'did you mean {close[0]}?' if close else ', '.join(VERBS)}"


def _told(body: Raw) -> Told:
    """How much of an object a body tells. What an API server made has a creationTimestamp: that is the whole of it. Else what is there
    is told, and with nothing but what names it, only that it was."""
    metadata = _METADATA.decode(body).metadata
    if "creationTimestamp" in metadata:
        return Told.WHOLE
    return Told.PART if _FIELDS.decode(body).keys() - _HEAD or metadata.keys() - _IDENTITY else Told.IDENTITY


def _checked(meta: Meta) -> Meta:
    _number("metadata.resourceVersion", meta.resource_version)
    return meta


def _number(what: str, version: str | None) -> None:
    if version and not (version.isascii() and version.isdigit()):
        raise ValueError(f"{what} is {version[:40]}: a resourceVersion is a number")
    if version and len(version) > DIGITS:
        raise ValueError(f"{what} has {len(version):,} digits: no resourceVersion has more than {DIGITS}")


def _of_its_group(resource: str | None, group: str) -> None:
    """Raises ValueError for a kind of Kubernetes' own that is not in that group of its own."""
    groups = GROUPS.get(resource or "")
    if groups is None or group in groups or not is_built_in(group):
        return
    right = groups[0]
    raise ValueError(f"there are no {resource} in {f'API group {group}' if group else 'the core group'}: write "
                     f"{f'{resource}.{right}' if right else resource} (in JSON lines \"group\": \"{right}\")")


class Names:
    """Turns the records of one file into events, knowing its header and how far each stream has come."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._server = ""
        self._level: LevelName = "RequestResponse"
        self._components: dict[str, ComponentRecord] = {}
        self._positions: dict[str, int] = {}
        self._begun = False

    def item(self, record: Record, line: int) -> Event | Header:
        """The event, or the header. Raises ValueError or msgspec.DecodeError with a sentence."""
        if isinstance(record, HeaderRecord):
            return self._header(record, line)
        self._begun = True
        if isinstance(record, RequestRecord):
            return self._request(record, line)
        if isinstance(record, DeliveryRecord):
            return self._delivery(record, line)
        return Event(
            kind=Kind.CRASH if isinstance(record, CrashRecord) else Kind.RESTART,
            file=self._file,
            line=line,
            component=record.component,
            received=_time(record.received),
            sequence=record.sequence,
            level=Level.REQUEST_RESPONSE,
        )

    def _header(self, record: HeaderRecord, line: int) -> Header:
        if self._begun:
            raise ValueError("a header after the first event: it belongs before")
        self._begun = True
        names = [component.name for component in record.components]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"component {twice[:100]} is named twice")
        self._server = record.servers[0] if record.servers else ""
        self._level = record.level
        self._components = {component.name: component for component in record.components}
        return Header(
            file=self._file,
            line=line,
            format=record.version,
            servers=record.servers,
            nodes=record.nodes,
            components=tuple(Component(name=c.name, user=c.user, agent=c.agent) for c in record.components),
            complete=record.complete,
            level=_LEVELS[record.level],
        )

    def _request(self, record: RequestRecord, line: int) -> Event:
        request = _body(record.request)
        response = _body(record.response)
        answer_kind = answer = None
        name, uid, told = record.name, record.uid, Told.NOTHING
        if response is not None:
            body = _BODY.decode(response)
            answer_kind = body.kind
            if answer_kind == "Status":
                details = _STATUS.decode(response).details
                uid = uid or (details.uid if details is not None else None)
            elif body.metadata is not None:
                answer, told = _checked(body.metadata), _told(response)
                uid = uid or answer.uid
                if name is None and record.verb == "create":
                    name = answer.name
        component = self._components.get(record.actor)
        _of_its_group(record.resource, record.group)
        if record.precondition is not None:
            _number("the precondition's resourceVersion", record.precondition.resource_version)
        if record.read is not None:
            _number("the resourceVersion that was asked for", record.read.resource_version)
        begun, ended = _time(record.received), _time(record.completed)
        if begun is not None and ended is not None and ended < begun:
            raise ValueError(f"completed ({record.completed}) is before received ({record.received})")
        return Event(
            kind=Kind.REQUEST,
            file=self._file,
            line=line,
            server=self._server if record.server is None else record.server,
            user=(component.user if component is not None else None) or record.actor,
            groups=record.groups,
            user_uid=record.user_uid,
            agent=record.agent or (component.agent if component is not None else None),
            credential=record.credential,
            impersonated=record.impersonated,
            component=None if component is None else component.name,
            verb=record.verb,
            group=record.group,
            resource=record.resource,
            subresource=record.subresource,
            namespace=record.namespace,
            name=name,
            uid=uid,
            precondition_version=None if record.precondition is None else record.precondition.resource_version,
            precondition_uid=None if record.precondition is None else record.precondition.uid,
            dry_run=record.dry_run,
            requested_version=None if record.read is None else record.read.resource_version,
            version_match=None if record.read is None else record.read.match,
            uri=record.uri,
            stage=record.stage or (Stage.RECEIVED if record.code is None else Stage.COMPLETE),
            code=record.code,
            reason=record.reason,
            message=record.message,
            answer_kind=answer_kind,
            answer=answer,
            received=begun,
            completed=ended,
            sequence=record.sequence,
            audit_id=record.audit_id,
            level=_LEVELS[record.level or self._level],
            decision=record.decision,
            grant=record.grant,
            request=request,
            response=response,
            told=told,
        )

    def _delivery(self, record: DeliveryRecord, line: int) -> Event:
        body = _BODY.decode(record.object)
        code = reason = message = None
        answer = body.metadata
        resource, group = record.resource, record.group
        initial_end = False
        if record.type is Delivery.ERROR:
            status = _STATUS.decode(record.object)
            code, reason, message, answer = status.code, status.reason, status.message, None
        else:
            _of_its_group(resource, group)
            if resource is None and body.kind in NO_RESOURCE:
                raise ValueError(f"a {body.kind} does not tell which resource it is of: give `resource`")
            if resource is None and body.kind is not None:
                resource, group = resource_of(body.kind), group_of(body.api_version)
            if resource is None:
                raise ValueError("neither resource nor object.kind tells what was delivered")
            if answer is None or answer.resource_version is None:
                raise ValueError(f"{record.type.value} without metadata.resourceVersion")
            _checked(answer)
            if record.type is Delivery.BOOKMARK:
                marked = _BOOKMARK.decode(record.object).metadata
                initial_end = marked is not None and (marked.annotations or {}).get(INITIAL_EVENTS_END) == "true"
            elif answer.name is None:
                raise ValueError(f"{record.type.value} without metadata.name")
        position = self._positions.get(record.stream, 0)
        self._positions[record.stream] = position + 1
        component = self._components.get(record.actor) if record.actor is not None else None
        return Event(
            kind=Kind.DELIVERY,
            file=self._file,
            line=line,
            server=self._server if record.server is None else record.server,
            user=(component.user if component is not None else None) or record.actor,
            component=None if component is None else component.name,
            group=group,
            resource=resource,
            namespace="" if answer is None else answer.namespace,
            name=None if answer is None else answer.name,
            uid=None if answer is None else answer.uid,
            code=code,
            reason=reason,
            message=message,
            answer_kind=body.kind,
            answer=answer,
            received=_time(record.received),
            sequence=record.sequence,
            level=Level.REQUEST_RESPONSE,
            response=record.object,
            delivery=record.type,
            stream=record.stream,
            position=position,
            connection=record.connection,
            initial_end=initial_end,
            told=Told.NOTHING if answer is None else _told(record.object),
        )


def record_of(item: Event | Header) -> Record:
    """The record that says the same. Of an event all fields are written out, so that no header is needed to read it."""
    if isinstance(item, Header):
        return HeaderRecord(
            version=1,
            servers=item.servers,
            nodes=item.nodes,
            components=tuple(ComponentRecord(name=c.name, user=c.user, agent=c.agent) for c in item.components),
            complete=item.complete,
            level=_LEVEL_NAMES[item.level],
        )
    if item.kind in {Kind.CRASH, Kind.RESTART}:
        kind = CrashRecord if item.kind is Kind.CRASH else RestartRecord
        return kind(component=item.component or "", received=_text(item.received), sequence=item.sequence)
    if item.kind is Kind.DELIVERY:
        if item.delivery is None or item.response is None:
            raise ValueError("a delivery without type or object")
        return DeliveryRecord(
            stream=item.stream,
            type=item.delivery,
            object=item.response,
            resource=item.resource,
            group=item.group,
            received=_text(item.received),
            sequence=item.sequence,
            server=item.server,
            connection=item.connection,
            actor=item.component or item.user,
        )
    return RequestRecord(
        actor=item.component or item.user or "",
        verb=item.verb or "",
        resource=item.resource,
        group=item.group,
        subresource=item.subresource,
        namespace=item.namespace,
        name=item.name,
        uid=item.uid,
        precondition=Precondition(resource_version=item.precondition_version, uid=item.precondition_uid)
        if (item.precondition_version, item.precondition_uid) != (None, None)
        else None,
        dry_run=item.dry_run,
        read=Read(resource_version=item.requested_version, match=item.version_match)
        if (item.requested_version, item.version_match) != (None, None)
        else None,
        request=ABSENT if item.request is None else item.request,
        code=item.code,
        reason=item.reason,
        message=item.message,
        response=ABSENT if item.response is None else item.response,
        received=_text(item.received),
        completed=_text(item.completed),
        sequence=item.sequence,
        server=item.server,
        groups=item.groups,
        agent=item.agent,
        user_uid=item.user_uid,
        credential=item.credential,
        impersonated=item.impersonated,
        audit_id=item.audit_id,
        stage=item.stage,
        level=_LEVEL_NAMES[item.level],
        decision=item.decision,
        grant=item.grant,
        uri=item.uri,
    )


def _body(raw: Raw | None) -> Raw | None:
    return None if raw is None or raw == Raw(b"null") else raw


def _time(text: str | None) -> int | None:
    return None if text is None else microseconds(text)


def _text(micros: int | None) -> str | None:
    return None if micros is None else timestamp(micros)
