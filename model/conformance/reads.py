"""Probes of GET, LIST and WATCH: replayed on a server with watch caches, and compared.

Revisions are compared by their relations: to those of the setup's answers that the recording names (`extra.rvs`), and
to one another. Others write to the same etcd, the API servers their Leases for one, when nobody knows; an answer's
revision agrees if it agrees without such a write or with one just before the request. A restarted API server has
written before it lists.

What a setup says in words is carried out, see words.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kubecheck.model.conformance.bounds import bounds_of, writes_of
from kubecheck.model.conformance.compare import (
    Difference,
    at,
    compare_status,
    is_compared,
    ranks,
    recorded_labels,
    told,
)
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Key, routed, target_of
from kubecheck.model.conformance.reader import FOREIGN, Caches, Delivered, Reader
from kubecheck.model.conformance.replay import calls_of, keys_of, namespaces_of
from kubecheck.model.conformance.rows import Call, Event, Observed, Row
from kubecheck.model.conformance.server import Reply
from kubecheck.model.conformance.words import carry_out, named, names_in
from kubecheck.model.conformance.world import World
from kubecheck.model.registry.requests import Code

Json = Any

_ELSEWHERE: Final = 4  # writes by others
_BEYOND: Final = 8  # revisions that are later than all that a probe can make


def is_read(row: Row) -> bool:
    """Whether the probe is about a read that the watch caches serve."""
    if row.request.method != "GET":
        return False
    target = routed(target_of(row.request.path))
    words = any(not call.method for call in row.setup)
    if not target.resource and not words:
        return False
    return bool(words or row.request.then is not None or not target.name or target.query or named(row))


def read_differences(row: Row) -> list[Difference]:
    """Everything in which the model's answer differs from the recording; empty if they agree. Raises NotModelled."""
    found = _attempt(row, others_write=False)
    if found:
        again = _attempt(row, others_write=True)
        return again if not again else found
    return found


def _attempt(row: Row, *, others_write: bool) -> list[Difference]:
    cached = _read_resources(row)
    world = _world(row, len(cached))
    with world.active():
        server = Reader(world, namespaces_of(row), cached)
        differs = _set_up(server, row)
        if differs:
            return [Difference("setup", "as recorded", differs)]
        if others_write:
            server.write_elsewhere()
        server.trusted = False
        reply = server.serve(row.request)
        differs = _afterwards(server, row)
        if differs:
            return [Difference("requests while the watch is open", "as recorded", differs)]
        return _compare(row, server, reply)


def _read_resources(row: Row) -> list[tuple[str, str]]:
    """The resources that the probe reads."""
    read = [routed(target_of(c.path)) for c in calls_of(row) if c.method == "GET"]
    return sorted({(t.group, t.resource) for t in read if t.resource})


def _world(row: Row, caches: int) -> World:
    """A world with room for everything that the row's requests can make."""
    keys = keys_of(row) | {FOREIGN}
    target = target_of(row.request.path)
    spoken = [name for call in row.setup for name in names_in(call.note or "")]
    keys |= {Key(target.group, target.resource, target.namespace, name) for name in spoken}
    calls = calls_of(row)
    writes = sum(writes_of(call, keys) for call in calls) + 3 * len(spoken) + _ELSEWHERE
    return World(
        keys,
        writes=writes,
        bounds=bounds_of(calls, writes),
        beyond=_BEYOND,
        caches=max(1, caches),
        root=Caches,
    )


def _calls(then: list[Call] | None) -> list[Call]:
    """The requests that were sent while the watch was open."""
    return then or []


# --- the setup


def _set_up(server: Reader, row: Row) -> str:
    """The setup's requests; the first that is answered otherwise than recorded, in words."""
    server.trusted = True
    for number, call in enumerate(row.setup, start=1):
        if not call.method:
            carry_out(server, row, call.note or "")
        else:
            differs = _sent(server, call)
            if differs:
                return f"setup request {number}, {differs}"
    return ""


def _afterwards(server: Reader, row: Row) -> str:
    """The requests that were sent while the watch was open."""
    for number, call in enumerate(_calls(row.request.then), start=1):
        watch = server.watch
        differs = _sent(server, call)
        server.watch = watch
        if differs:
            return f"request {number}, {differs}"
    return ""


def _sent(server: Reader, call: Call) -> str:
    server.trusted = True
    reply = server.serve(call)
    if reply.code != call.code or (call.reason is not None and reply.reason != call.reason):
        told = f"{reply.code} {reply.reason or ''}".strip()
        return f"{call.method} {call.path}: recorded {call.code}, the model answers {told}"
    version = _revision_of(reply)
    if call.rv is not None and version:
        known = server.contents.revisions.version(call.rv)
        if known.number not in (0, version):
            return f"{call.method} {call.path}: recorded resourceVersion {call.rv}, which the model has seen before"
        server.contents.revisions.bind(call.rv, version)
    return ""


# --- comparison


def _revision_of(reply: Reply) -> int:
    if reply.revision:
        return reply.revision
    return reply.stored.version if reply.stored is not None else 0


def _compare(row: Row, server: Reader, reply: Reply) -> list[Difference]:
    found: list[Difference] = []

    def compare(what: str, recorded: Json, model: Json) -> None:
        if recorded != model:
            found.append(Difference(what, str(recorded), str(model)))

    answer = row.response
    compare("code", answer.code, reply.code)
    compare("reason", answer.reason, reply.reason)
    if found:
        return found
    if answer.stream_end is None:
        compare("kind", answer.kind, reply.kind)
        compare_status(row, reply, compare)
    if row.object is not None and row.object.path:
        _compare_object(row.object, server, compare)
    names = named(row)
    version = _revision_of(reply)
    if isinstance(answer.rv_rel, list) and version:
        compare("answer.resourceVersion", answer.rv_rel, _relations(server, names, version, answer.rv_rel))
    if answer.n is not None:
        compare("number of items", answer.n, len(server.listed.items) if server.listed is not None else None)
    if answer.items is not None:
        _compare_list(row, server, version, compare)
    for path, value in (answer.show or {}).items():
        if reply.kind == "Table" and path != "kind":
            raise NotModelled("rows and columns of a Table")
        if reply.document is None and reply.code < 300:
            raise NotModelled(f"what a {reply.kind or 'plain answer'} holds")
        if is_compared(path, generates=False):
            compare(f"answer.{path}", told(path, value), told(path, at(reply.document, path)))
    if row.request.then is not None or row.events:
        delivered = server.delivered() if server.watch is not None else _plain_answer(row, reply)
        delivered = _with_bookmarks(server, delivered, row.events)
        compare(
            "events",
            [_recorded(e) for e in row.events],
            [_shown(server, names, d, e) for d, e in _paired(delivered, row.events)],
        )
        pairs = [(int(e.rv), d.version) for d, e in _paired(delivered, row.events) if e is not None and e.rv]
        compare("order of the events' resourceVersions", ranks([rv for rv, _ in pairs]), ranks([v for _, v in pairs]))
        if answer.lines is not None:
            compare("lines", answer.lines, len(delivered))
        if answer.stream_end is not None:
            ended = server.watch is None or server.watch.start.error is not Code.OK or server.watch.seconds < 0
            if (
                ended or server.watch is None or not server.watch.seconds
            ):  # else the recording's client may have left before
                compare("stream", answer.stream_end, "closed by the server" if ended else "open")
    return found


def _compare_object(recorded: Observed, server: Reader, compare: Callable[[str, Json, Json], None]) -> None:
    """The observed object, which a read leaves as it is."""
    assert recorded.path is not None
    stored = server.stored(target_of(recorded.path).key)
    compare("exists before", recorded.exists_before, stored.exists)
    compare("exists after", recorded.exists_after, stored.exists)
    compare("resourceVersion changed", recorded.rv_changed, False)
    compare("generation after", recorded.generation_after, stored.generation or None)
    compare("is being deleted after", recorded.deleting, stored.deleting)
    compare("writes to it", recorded.etcd_writes_to_it, 0)


def _compare_list(row: Row, server: Reader, version: int, compare: Callable[[str, Json, Json], None]) -> None:
    answer, listed = row.response, server.listed
    items = answer.items or []
    if listed is None:
        compare("items", [name for name, _ in items], "no list")
        return
    own = [(server.world.keys[i.slot.index].name, i.object.version) for i in listed.items if i.slot is not None]
    compare("items", [name for name, _ in items], [name for name, _ in own])
    recorded = [text for _, text in items] + ([answer.rv] if answer.rv else [])
    model = [revision for _, revision in own] + ([version] if answer.rv else [])
    if all(text.isdigit() for text in recorded):
        compare("order of the resourceVersions", ranks([int(text) for text in recorded]), ranks(model))
    compare("continue", answer.continue_set, listed.more)


def _relations(server: Reader, names: dict[str, str], version: int, recorded: list[str]) -> list[str]:
    """How a revision relates to the named ones that the recording compares it with."""
    found = []
    for text in recorded:
        name = text.lstrip("<>=")
        other = server.contents.revisions.version(names.get(name)).number
        found.append(("=" if version == other else ">" if version > other else "<") + name if other else f"?{name}")
    return found


def _plain_answer(row: Row, reply: Reply) -> list[Delivered]:
    """`watch` on the path of one object is a GET."""
    return (
        [Delivered("", _revision_of(reply), reply.document)]
        if target_of(row.request.path).name and reply.document
        else []
    )


def _with_bookmarks(server: Reader, delivered: list[Delivered], recorded: list[Event]) -> list[Delivered]:
    """What is delivered, with bookmarks where the recording has them, if the watch wants any.

    When they come is the server's affair (cacher.go, dispatchEvents; cache_watcher.go, nextBookmarkTime): within about a second, every
    minute, before the end. A bookmark says how far the watch is: not behind what it has delivered, and not beyond what it delivers next.
    """
    if server.watch is None or not server.watch.bookmarks:
        return delivered
    found: list[Delivered] = []
    coming = list(delivered)
    reached = server.watch.start.after
    for event in recorded:
        if event.type == "BOOKMARK" and event.initial_events_end is None:
            ahead = [d.version for d in coming if d.version > reached]
            told = server.contents.revisions.version(event.rv).number
            fits = reached <= told < min(ahead, default=server.revision() + 1)
            found.append(Delivered("BOOKMARK", told if fits else reached))
        elif coming:
            found.append(coming.pop(0))
            reached = max(reached, found[-1].version)
    return found + coming


def _paired(delivered: list[Delivered], recorded: list[Event]) -> list[tuple[Delivered, Event | None]]:
    return [(d, recorded[i] if i < len(recorded) else None) for i, d in enumerate(delivered)]


def _recorded(event: Event) -> tuple[Json, ...]:
    """What is compared of an event."""
    if event.kind is not None:
        return ("", event.name, (), False, None, None, None, None, False)
    return (
        event.type, event.name, tuple(event.rel), event.deleting, event.phase, event.node, recorded_labels(event.labels),
        (event.code, event.reason) if event.code is not None else None, event.initial_events_end == "true",
    )  # fmt: skip


def _shown(server: Reader, names: dict[str, str], delivered: Delivered, recorded: Event | None) -> tuple[Json, ...]:
    """The same of what the model delivers; its revision is related to the names that the recording uses."""
    document = delivered.document or {"metadata": {}}
    meta, spec, status = document["metadata"], document.get("spec") or {}, document.get("status") or {}
    relations = tuple(_relations(server, names, delivered.version, recorded.rel)) if recorded is not None else ()
    if not delivered.type:
        return ("", meta.get("name"), (), False, None, None, None, None, False)
    return (
        delivered.type, meta.get("name"), relations, "deletionTimestamp" in meta, status.get("phase"), spec.get("nodeName"),
        recorded_labels(meta.get("labels")), (delivered.code, delivered.reason) if delivered.code is not None else None,
        delivered.initial_events_end,
    )  # fmt: skip


__all__ = ["is_read", "read_differences"]
