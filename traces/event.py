"""What every reader gives: an Event, the log's Header, or a Malformed line.

An event is one line of a log as it stands there; nothing is joined, ordered or guessed here. One request of an audit log can
so be several events (one a stage, joined by `audit_id`), and the same line twice is two events: kubecheck.traces.order deals
with both. What a log does not say is None, and None never means "absent in the cluster".

Sources: audit.k8s.io/v1 (staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go, pkg/audit/request.go) and the watch event
of meta.k8s.io/v1 (staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/watch.go).
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import force_setattr as set_field

from kubecheck.traces.effects import OWN_SUBRESOURCES, WRITES, Effect, effect
from kubecheck.traces.keys import Key
from kubecheck.traces.objects import Meta, decode_object
from kubecheck.traces.words import Delivery, Kind, Level, Stage, Told, Word

__all__ = ["Component", "Delivery", "Event", "Header", "Item", "Kind", "Level", "Malformed", "Stage", "Told", "Word"]


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of a log.

    The reader of audit logs builds it by position, which takes a fifth of the time that keywords take: it follows where fields are
    added or moved (a test compares).

    Bodies (`request`, `response`) are raw JSON and keep the whole line in memory as long as they live: take what a rule
    needs (`request_object()`, `response_object()`, or msgspec.json.decode with a type of your own) and let the event go.
    """

    # Where it was read
    kind: Kind
    file: str
    """Path as it was given, or "<stdin>"."""
    line: int
    """The line on which it starts, from 1, in the unpacked file."""
    server: str = ""
    """API server whose log or stream this is; rotated files of one log share the name. "" if nothing tells (watch streams)."""

    # Who
    user: str | None = None
    """user.username, or of text logs the actor's name. "" is the user of a request whose authentication failed."""
    groups: tuple[str, ...] = ()
    agent: str | None = None
    """userAgent."""
    user_uid: str | None = None
    """user.uid: an API server's own user, system:apiserver, has a new one at each start."""
    credential: str | None = None
    """user.extra["authentication.kubernetes.io/credential-id"][0]: tells apart processes that share a user."""
    impersonated: str | None = None
    """impersonatedUser.username: the request was made in this user's name."""
    component: str | None = None
    """Of a crash or restart: which component (in text logs also of a request: the header's name for its actor)."""

    # What was asked
    verb: str | None = None
    """get, list, watch, create, update, patch, delete, deletecollection, or whatever the API server wrote. Of deliveries None."""
    group: str = ""
    """API group, "" is core."""
    resource: str | None = None
    """Plural, lower case ("pods"). None: not about an object (a non-resource URL, an unknown kind in a stream)."""
    subresource: str = ""
    namespace: str = ""
    """"" of cluster-scoped objects and of lists over all namespaces."""
    name: str | None = None
    """Of the object; where the request had none (generateName) the name in the answer. None: not told (lists, failed creates)."""
    uid: str | None = None
    """Of the object, as the answer tells it (metadata.uid, or details.uid of a Status). Requests' uids: see precondition_uid."""
    precondition_version: str | None = None
    """resourceVersion sent in the body of an update (objectRef.resourceVersion, told at every level), in a patch, or in
    DeleteOptions.preconditions; None if none was sent or the log's level does not tell. "0" and "" are sent by clients too."""
    precondition_uid: str | None = None
    """UID sent likewise."""
    dry_run: bool = False
    """dryRun=All in the URI or in DeleteOptions: nothing may be written."""
    requested_version: str | None = None
    """resourceVersion in the URI of get, list, watch; None if the parameter is absent (a consistent read)."""
    version_match: str | None = None
    """resourceVersionMatch in the URI: Exact or NotOlderThan."""
    uri: str | None = None
    """requestURI as logged; `kubecheck.traces.uri.parameters` takes it apart."""

    # What was answered
    stage: Stage = Stage.COMPLETE
    code: int | None = None
    """HTTP status code. None: no answer in this line (stage RequestReceived), or a crash came first."""
    reason: str | None = None
    """Status.reason of a failure: Conflict, AlreadyExists, NotFound, Forbidden …"""
    message: str | None = None
    """Status.message of a failure."""
    answer_kind: str | None = None
    """`kind` of the answered object: Pod, Status, PodList … Of deliveries: of the object delivered."""
    answer: Meta | None = None
    """metadata of the answered object (of a list: its resourceVersion only), or of the object delivered. None: no body in the
    log, or a Status."""
    # When, as microseconds since 1970 UTC
    received: int | None = None
    """requestReceivedTimestamp. Of deliveries: when it was received, if the log tells."""
    completed: int | None = None
    """stageTimestamp: when the line's stage was reached."""
    sequence: int | None = None
    """Of text and JSON lines logs without clocks: place in the order of that log."""

    # How it was logged
    audit_id: str | None = None
    """Joins the stages of one request. Not unique: a client may send its own and retry with it."""
    level: Level = Level.METADATA
    decision: str | None = None
    """annotations["authorization.k8s.io/decision"]: allow or forbid."""
    grant: str | None = None
    """annotations["authorization.k8s.io/reason"]: what allowed it such as a role binding; "" if that is not told."""
    request: msgspec.Raw | None = None
    """The request's body as sent (before defaults and admission): object, patch, DeleteOptions, Binding."""
    response: msgspec.Raw | None = None
    """The answer's body; of deliveries the object delivered."""

    # Watch deliveries
    delivery: Delivery | None = None
    stream: str = ""
    """Which stream: one file (or one header's name) is one; a client's reconnects are in it, see `connection`."""
    position: int = 0
    """Place of the delivery on its stream, from 0."""
    connection: int = 0
    """Counts the connections of a stream from 0, where the log tells them apart (text and JSON lines); else 0."""
    initial_end: bool = False
    """A BOOKMARK annotated k8s.io/initial-events-end: what came before was the state, what follows are changes."""

    told: Told = Told.WHOLE
    """How much the body tells of the object that the event names; given as what its format tells of an object, and lowered here."""

    # What follows from the above: worked out once, for the order and the rules ask for it all the time
    key: Key | None = None
    """Which object it is about; None if it does not say."""
    version: int | None = None
    """The answered or delivered object's resourceVersion, if the log tells it and it is a number."""
    effect: Effect = Effect.NONE
    """What it did to the object that it names, as far as the line tells."""
    light: Event | None = None
    """Itself without bodies, once somebody has asked for it (kubecheck.traces.versions.slim)."""

    def __post_init__(self) -> None:
        """Works out what follows from the other fields."""
        resource, name, group, answer = self.resource, self.name, self.group, self.answer
        if resource is None or name is None:
            set_field(self, "key", None)
        else:
            set_field(self, "key", (group, resource, "" if resource == "namespaces" and group == "" else self.namespace, name))
        set_field(self, "light", None)
        set_field(self, "version", None if answer is None else answer.version)
        if answer is None:
            set_field(self, "told", Told.NOTHING)
            if self.level is Level.REQUEST_RESPONSE and self.verb in WRITES and self.response is None and self.ok:
                set_field(self, "level", Level.REQUEST)  # whoever cut the answer off: it is not told
        elif self.answer_kind in _VIEWS or self.subresource not in OWN_SUBRESOURCES:
            set_field(self, "told", min(self.told, _VIEWS.get(self.answer_kind, Told.IDENTITY)))
        set_field(self, "effect", effect(self) if self.verb in WRITES else Effect.NONE)

    @property
    def metadata(self) -> Meta | None:
        """All metadata of the object; None where they are not told, or only that it has a version."""
        answer, told = self.answer, self.told
        if answer is None or told <= Told.IDENTITY or (told is Told.PART and not answer.tells_more_than_identity):
            return None
        return answer

    @property
    def ok(self) -> bool:
        """Answered with success."""
        return self.code is not None and 200 <= self.code < 300

    @property
    def where(self) -> str:
        """file:line, as errors write it."""
        return f"{self.file}:{self.line}"

    def request_object(self) -> Any:
        """The request's body as Python dicts and lists; None if the log does not have it."""
        return None if self.request is None else decode_object(self.request)

    def response_object(self) -> Any:
        """The answer's body, or the object delivered; None if the log does not have it."""
        return None if self.response is None else decode_object(self.response)


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A program that the header of a text or JSON lines log names, so that events can call it by a short name."""

    name: str
    user: str | None = None
    """The user name it authenticates as; None: `name`."""
    agent: str | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the first lines of a text or JSON lines log say of the cluster. Audit logs and watch streams have none."""

    file: str
    line: int
    format: int = 1
    """Version of the format."""
    servers: tuple[str, ...] = ()
    """API servers; the first is the one of lines that name none."""
    nodes: tuple[str, ...] = ()
    """Nodes that exist when the log begins."""
    components: tuple[Component, ...] = ()
    complete: bool = False
    """True: the log says it has every request since the cluster was empty."""
    level: Level = Level.REQUEST_RESPONSE
    """Of lines that name none. At this level a body that is not there was not sent."""


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is not what its format allows. Reading goes on with the next."""

    file: str
    line: int
    column: int | None
    """From 1, if known."""
    message: str
    """What is wrong and what was expected, one sentence."""
    text: str = ""
    """The line, cut to what a person can read and safe to print."""
    caret: int | None = None
    """Which character of `text` it is about, from 0, if known."""
    fatal: bool = False
    """The rest of the file cannot be read (a broken gzip stream, a line over the limit at its end)."""


Item: TypeAlias = Event | Header | Malformed

_VIEWS: Final[dict[str | None, Told]] = {
    "Scale": Told.IDENTITY, "PartialObjectMetadata": Told.METADATA, "Table": Told.NOTHING, "Status": Told.NOTHING,
}
"""Kinds that are answered in place of an object, and what they tell of it (pkg/registry/apps/deployment/storage/storage.go
scaleFromDeployment; staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go transformObject)."""
