"""One probe, replayed: its setup, then its request, on a model of its own; and what was to be seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from kubecheck.model.conformance.bounds import bounds_of, writes_of
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Key, Target, target_of
from kubecheck.model.conformance.rows import Call, Row
from kubecheck.model.conformance.server import ApiServer, Reply, generated
from kubecheck.model.conformance.world import World
from kubecheck.model.registry.etcd import Operation
from kubecheck.model.registry.kinds import KINDS
from kubecheck.model.registry.objects import Stored

Json = Any

_KINDS: Final = {(kind.group, kind.resource): kind for kind in KINDS}
_OWN: Final = "p-"  # the recording's namespaces


@dataclass(frozen=True)
class Seen:
    """A write of the request: what etcd has of it."""

    operation: Operation
    key: Key
    revision: int
    after: Stored


@dataclass(frozen=True)
class Observation:
    """What the replay shows: the reply, the observed object before and after, the writes; and where a setup was answered otherwise."""

    reply: Reply
    key: Key | None = None
    before: Stored = field(default_factory=Stored)
    after: Stored = field(default_factory=Stored)
    after_document: Json = None
    writes: tuple[Seen, ...] = ()
    finalizers_after: tuple[str, ...] = ()
    finalizers_answered: tuple[str, ...] = ()
    finalizers_before: tuple[str, ...] = ()
    documents: dict[int, Json] = field(default_factory=dict)
    "The objects that were written, as a client sees them, by their revisions."
    budget_status: Json = None
    quota_status: Json = None
    "The status of the only disruption budget, and of the only quota, of the probe's namespace."
    generates: bool = False
    "Whether the observed object's name is one that the server made up."
    setup_differs: str = ""


def metadata_of(call: Call) -> dict[str, Json]:
    """The metadata in a request's body; empty if there is none."""
    found = call.body.get("metadata") if isinstance(call.body, dict) else None
    return found if isinstance(found, dict) else {}


def may_lack_managers(call: Call) -> bool:
    """Whether the recording may have left managedFields out of a body: it does so for one that a client has read, and for a patch."""
    meta = metadata_of(call)
    read = call.method == "PUT" and "creationTimestamp" in meta
    emptied = call.method == "PATCH" and isinstance(call.body, dict) and call.body.get("metadata") == {}
    return (read or emptied) and "managedFields" not in meta


def with_managers_emptied(row: Row) -> Row:
    """The same probe, whose client has emptied managedFields in what it had read."""
    meta = {**metadata_of(row.request), "managedFields": [{}]}
    body = {**row.request.body, "metadata": meta}
    return msgspec.structs.replace(row, request=msgspec.structs.replace(row.request, body=body))


def as_sent(row: Row) -> Row:
    """The probe with the managedFields that its body had, where the answer says so: an apply may not have any.

    The recording leaves them out of bodies (managedfields/internal/structuredmerge.go, Apply).
    """
    applies = row.request.method == "PATCH" and row.request.content_type == "application/apply-patch+yaml"
    told = row.response.code == 400 and "managedFields must be nil" in (row.response.message or "")
    lacks = isinstance(row.request.body, dict) and "managedFields" not in metadata_of(row.request)
    return with_managers_emptied(row) if applies and told and lacks else row


def calls_of(row: Row) -> list[Call]:
    """The row's requests in order; those that are told in words are left out."""
    return [call for call in (*row.setup, row.request, *(row.request.then or ())) if call.path]


def keys_of(row: Row) -> set[Key]:
    """Every object that the row's requests can make, or look for."""
    found: set[Key] = set()
    generate: dict[tuple[Target, str], int] = {}
    for call in calls_of(row):
        target = target_of(call.path)
        meta = metadata_of(call)
        name = target.name
        if call.method == "POST" and not name:
            name = meta.get("name") or ""
            name = name if isinstance(name, str) else ""
            prefix = meta.get("generateName")
            if not name and isinstance(prefix, str):
                number = generate.get((target, prefix), 0)
                generate[target, prefix] = number + 1
                name = generated(prefix, number)
        if name and isinstance(name, str):
            resource = "pods" if target.resource == "bindings" else target.resource
            found.add(Key(target.group, resource, target.namespace, name))
    if row.object is not None and row.object.path:
        target = target_of(row.object.path)
        if target.resource and target.name:
            found.add(target.key)
    return found


def namespaces_of(row: Row) -> frozenset[str]:
    """The namespaces that exist: those that a request of the setup succeeded in, and every one named as the recording names its own."""
    calls = calls_of(row)
    used = {target_of(c.path).namespace for c in calls if c is not row.request and c.code < 300}
    own = {target_of(c.path).namespace for c in calls}
    own |= {target_of(c.path).name for c in calls if target_of(c.path).resource == "namespaces"}
    return frozenset(n for n in used | {n for n in own if n.startswith(_OWN)} if n)


def _found(row: Row) -> frozenset[Key]:
    """The observed object, if it existed before the request and no request of the setup can have made it."""
    if row.object is None or not row.object.path or not row.object.exists_before:
        return frozenset()
    key = target_of(row.object.path).key
    if not key.name or any(c.method in ("POST", "PUT", "PATCH") for c in row.setup):
        return frozenset()
    return frozenset({key})


def world_of(row: Row) -> World:
    """A world with room for everything that the row's requests can make."""
    keys = keys_of(row)
    calls = calls_of(row)
    made = len(namespaces_of(row)) + len(_found(row))
    writes = made + sum(writes_of(call, keys) for call in calls)
    return World(keys, writes=max(1, writes), bounds=bounds_of(calls, writes))


def replay(row: Row, world: World) -> Observation:
    """Runs the probe in a world that is active. Raises NotModelled with the reason where the model says nothing about it."""
    server = ApiServer(world, namespaces_of(row))
    server.make(_found(row))
    differs = _set_up(server, row)
    if differs:
        return Observation(Reply(0), setup_differs=differs)
    key = _observed_key(row, world)
    before = server.stored(key) if key is not None else Stored()
    start = world.run(lambda s: s.etcd.revision())
    server.trusted = False
    reply = server.serve(row.request)
    if row.request.then:
        raise NotModelled("requests while a watch is open")
    observed = _observed(server, world, reply, key, before, start)
    return replace(observed, generates=_generates(row.request))


def _set_up(server: ApiServer, row: Row) -> str:
    """The setup's requests; the first that is answered otherwise than recorded, in words."""
    server.trusted = True
    for number, call in enumerate(row.setup, start=1):
        if not call.method:
            raise NotModelled("a setup in words: " + (call.note or "nothing said"))
        reply = server.serve(call)
        if reply.code != call.code or (call.reason is not None and reply.reason != call.reason):
            told = f"{reply.code} {reply.reason or ''}".strip()
            return f"setup request {number}, {call.method} {call.path}: recorded {call.code}, the model answers {told}"
        revision = reply.stored.version if reply.stored is not None else reply.revision
        if call.rv is not None and revision:
            server.contents.revisions.bind(call.rv, revision)
    return ""


def _generates(call: Call) -> bool:
    """Whether a request leaves it to the server to make up a name."""
    meta = metadata_of(call)
    return call.method == "POST" and isinstance(meta.get("generateName"), str) and not meta.get("name")


def _observed_key(row: Row, world: World) -> Key | None:
    """The observed object; where its name was generated, the one that the model generates."""
    if row.object is None or not row.object.path:
        return None
    key = target_of(row.object.path).key
    if _generates(row.request):
        prefix = metadata_of(row.request)["generateName"]
        made = sum(1 for k in world.keys if k.name.startswith(generated(prefix, 0)[:-1]))
        return Key(key.group, key.resource, key.namespace, generated(prefix, made - 1))
    return key if key.resource else None


def _observed(
    server: ApiServer, world: World, reply: Reply, key: Key | None, before: Stored, start: int
) -> Observation:
    after = server.stored(key) if key is not None else Stored()

    def written(s: Any) -> list[Seen]:
        all_writes = [s.etcd.write(i) for i in range(s.etcd.writes())]
        return [
            Seen(w.operation, world.keys[w.slot.index], w.revision, w.after) for w in all_writes if w.revision > start
        ]

    writes = tuple(world.run(written))
    contents = server.contents
    documents = {w.revision: contents.to_json(_KINDS[w.key.group, w.key.resource], w.key, w.after) for w in writes}

    def names(stored: Stored | None) -> tuple[str, ...]:
        return tuple(str(contents.finalizers.name(f)) for f in (stored.finalizers if stored is not None else ()))

    kind = _KINDS.get((key.group, key.resource)) if key is not None else None

    def status_of(resource: str) -> Json:
        found = list(server.all_of(resource, key.namespace)) if key is not None else []
        return found[0].get("status") or {} if len(found) == 1 else None

    return Observation(
        reply=reply,
        key=key,
        before=before,
        after=after,
        after_document=contents.to_json(kind, key, after) if kind and key and after.exists else None,
        writes=writes,
        finalizers_after=names(after),
        finalizers_answered=names(reply.stored),
        finalizers_before=names(before),
        documents=documents,
        budget_status=status_of("poddisruptionbudgets"),
        quota_status=status_of("resourcequotas"),
    )
