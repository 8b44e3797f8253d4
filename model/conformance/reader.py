"""GET, LIST and WATCH of a replay: a query as the model's options, and the model's answer as a reply.

After staging/src/k8s.io/apiserver/pkg/endpoints/handlers/get.go (ListResource, listOpts), endpoints/handlers/negotiation, and
endpoints/request/requestinfo.go. There is a watch cache for each resource; it takes in every write at once, as no probe comes so soon that
it could lag, and asks etcd how far it is when a read needs to know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeVar

from kubecheck.model.conformance.bootstrap import holds_bootstrapped
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Key, Target, boolean, is_watch
from kubecheck.model.conformance.queries import (
    as_transformed,
    decoded_token,
    negotiated,
)
from kubecheck.model.conformance.rows import Call
from kubecheck.model.conformance.selectors import (
    JsonSelector,
    SelectorError,
    field_requirements,
    integer,
    label_requirements,
)
from kubecheck.model.conformance.server import ApiServer, Reply, reply_of
from kubecheck.model.conformance.world import World
from kubecheck.model.registry.cacher import next_write
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import KINDS, Strategy
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.reads import Continue, ListAnswer, ListOptions, Match, get_object, list_objects
from kubecheck.model.registry.requests import Code, Given, Part, Version
from kubecheck.model.registry.resources import Resource
from kubecheck.model.registry.watch import (
    Event,
    EventType,
    InitialEvents,
    WatchOptions,
    WatchStart,
    open_watch,
    translate,
)
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.spec import Array, Range, State

Json = Any
T = TypeVar("T")

_BY_RESOURCE: Final = {(kind.group, kind.resource): kind for kind in KINDS}
_MATCHES: Final = {None: Match.UNSAID, "": Match.UNSAID, "Exact": Match.EXACT, "NotOlderThan": Match.NOT_OLDER_THAN}
_MOST: Final = 2**31 - 1
# Somebody else's writes go here: the Lease that an API server renews of itself.
FOREIGN: Final = Key("coordination.k8s.io", "leases", "kube-system", "apiserver")


class Caches(State):
    """An API server with a watch cache for each resource."""

    etcd: Etcd
    caches: Array[Annotated[int, Range(0, "caches")], WatchCache]


@dataclass
class Watch:
    """An open watch: how it began, and for what; whether it wants bookmarks, and after how many seconds it is to end (0: not said)."""

    start: WatchStart
    resource: Resource
    selector: JsonSelector
    place: int
    bookmarks: bool
    seconds: int


@dataclass(frozen=True)
class Delivered:
    """An event as a client sees it. `type` is ADDED, MODIFIED, DELETED, BOOKMARK, ERROR, or empty for an object that is no event."""

    type: str
    version: int = 0
    document: Json = None
    code: int | None = None
    reason: str | None = None
    initial_events_end: bool = False


class Reader(ApiServer):
    """The API server of a probe, with its reads."""

    def __init__(self, world: World, namespaces: frozenset[str], cached: list[tuple[str, str]]) -> None:
        """`cached` are the resources, by group and name, that are read from watch caches."""
        super().__init__(world, namespaces)
        self._places = cached
        self._call = Call()
        self.listed: ListAnswer | None = None
        self.watch: Watch | None = None
        self.write_elsewhere()  # an API server's etcd is never empty
        self.restart()

    # --- what happens beside requests

    def write_elsewhere(self) -> None:
        """Somebody writes something else: the revision moves on."""
        slot = self.world.slot(FOREIGN)

        def step(server: Any) -> None:
            found = server.etcd.get(slot)
            if found.exists:
                server.etcd.update(slot, found, remember=True)
            else:
                server.etcd.create(slot, Stored(), remember=True)

        self.world.run(step)

    def restart(self) -> None:
        """The API server starts: every watch cache is built from a list."""

        def step(server: Any) -> None:
            for place, (group, resource) in enumerate(self._places):
                server.caches[place].replace(server.etcd, self.run_of(group, resource))

        self.world.run(step)
        self.watch = None

    def compact(self, revision: int) -> None:
        """etcd is compacted."""
        self._catch_up()
        self.world.run(lambda server: server.etcd.compact(revision))

    def revision(self) -> int:
        """etcd's revision."""
        found: int = self.world.run(lambda server: server.etcd.revision())
        return found

    def _catch_up(self) -> None:
        """Every watch cache takes in what was written."""

        def step(server: Any) -> None:
            for place, (group, name) in enumerate(self._places):
                cache, resource = server.caches[place], self.run_of(group, name)
                while (written := next_write(server.etcd, cache, resource)) is not None:
                    assert written.slot is not None
                    cache.take_in(written, written.slot, self.world.window)

        self.world.run(step)

    def _reading(self, place: int, needed: int, read: Callable[[Any, WatchCache], T]) -> T:
        """A read of a resource; if it needs a revision that the cache has not seen, etcd is asked whether there is more."""

        def step(server: Any) -> T:
            cache = server.caches[place]
            if cache.version() < needed <= server.etcd.revision():
                cache.progress(server.etcd.revision())
            return read(server, cache)

        self._catch_up()
        return self.world.run(step)

    # --- resources as runs of slots

    def run_of(self, group: str, resource: str, namespace: str | None = None) -> Resource:
        """The slots of a resource, or of what of it is in a namespace."""
        slots = [
            index
            for index, key in enumerate(self.world.keys)
            if (key.group, key.resource) == (group, resource) and namespace in (None, key.namespace)
        ]
        return Resource(slots[0], slots[-1] + 1) if slots else Resource(0, 0)

    def _document(self, kind: Strategy) -> Callable[[Slot, Stored], Json]:
        return lambda slot, stored: self.contents.to_json(kind, self.world.keys[slot.index], stored)

    # --- requests

    def serve(self, call: Call) -> Reply:
        """Answers one request."""
        self._call = call
        self.listed = None
        return super().serve(call)

    def _get(self, target: Target, kind: Strategy, part: Part) -> Reply:
        transformed = negotiated(self._call, target) or ""
        if not target.name:
            if is_watch(target):
                return self._watch(target, kind, transformed)
            return self._list(target, kind, transformed)
        if part is not Part.MAIN:
            return super()._get(replace(target, query={}), kind, part)
        version = self._version(target)
        if not self.world.knows(target.key):
            return reply_of(Code.SERVER_ERROR if version.given is Given.MALFORMED else Code.NOT_FOUND)
        place, slot = self._place(kind), self.world.slot(target.key)
        answer = self._reading(place, version.number, lambda s, c: get_object(s.etcd, c, slot, version))
        return self._answered(kind, part, target.key, answer)

    def _place(self, kind: Strategy) -> int:
        if (kind.group, kind.resource) not in self._places:
            raise NotModelled(f"a watch cache of {kind.resource}, which the probe does not read")
        return self._places.index((kind.group, kind.resource))

    def _version(self, target: Target) -> Version:
        """The resourceVersion of the query. One that the recording did not show is of before, between or after those that it did."""
        text = target.option("resourceVersion")
        found = self.contents.revisions.version(text)
        if found.given is not Given.UNKNOWN:
            return found
        assert text is not None
        return Version(given=Given.NUMBER, number=self._revision_of(int(text)))

    def _revision_of(self, number: int) -> int:
        shown = sorted(self.contents.revisions.shown())
        before = [model for recorded, model in shown if recorded <= number]
        if not before:
            return 1
        return before[-1] if number <= shown[-1][0] else self.world.future

    def _selector(self, target: Target, kind: Strategy) -> JsonSelector:
        """Raises SelectorError for one that cannot be parsed."""
        labels = label_requirements(target.option("labelSelector") or "")
        fields = field_requirements(target.option("fieldSelector") or "", kind=kind.kind)
        named = any(r.key == "metadata.name" and r.operator == "=" for r in fields)
        single = named and (bool(target.namespace) or not kind.namespaced)
        return JsonSelector(labels, fields, single, self._document(kind))

    def _holds_only_ours(self, target: Target, selector: JsonSelector) -> None:
        """Raises NotModelled for everything in a collection that has objects of the server's own."""
        if selector.empty and not self.trusted and holds_bootstrapped(target.resource, target.namespace):
            raise NotModelled(f"all {target.resource}, of which API servers make some when they start")

    def _scope(self, target: Target, kind: Strategy) -> Resource:
        return self.run_of(kind.group, kind.resource, target.namespace or None)

    # --- LIST

    def _list(self, target: Target, kind: Strategy, transformed: str) -> Reply:
        options = self._list_options(target, kind)
        if isinstance(options, Reply):
            return options
        try:
            selector = self._selector(target, kind)
        except SelectorError:
            return reply_of(Code.BAD_REQUEST)
        resource = self._scope(target, kind)
        needed = options.revision if options.token is Continue.AT_REVISION else options.version.number
        if options.version.given is Given.ABSENT and options.token is not Continue.AT_REVISION:
            needed = self.revision()
        answer = self._reading(
            self._place(kind), needed, lambda s, c: list_objects(s.etcd, c, resource, selector, options)
        )
        if answer.code is not Code.OK:
            return reply_of(answer.code)
        self._holds_only_ours(target, selector)
        self.listed = answer
        name = transformed or f"{kind.kind}List"
        document = {**self._list_document(kind, answer), "kind": name}
        return Reply(200, None, name, None, as_transformed(name, document), answer.version)

    def _list_document(self, kind: Strategy, answer: ListAnswer) -> Json:
        """The list as a client sees it: items have no kind of their own."""
        items = []
        for item in answer.items:
            assert item.slot is not None
            document = self.contents.to_json(kind, self.world.keys[item.slot.index], item.object)
            items.append({k: v for k, v in document.items() if k not in ("kind", "apiVersion")})
        meta: Json = {"resourceVersion": self.contents.revisions.text(answer.version)}
        if answer.more:
            meta["continue"] = "more"
        if answer.remaining is not None:
            meta["remainingItemCount"] = answer.remaining
        return {"metadata": meta, "items": items}

    def _list_options(self, target: Target, kind: Strategy) -> ListOptions | Reply:
        limit = integer(target.option("limit"))
        if limit is None or integer(target.option("timeoutSeconds")) is None:
            return reply_of(Code.BAD_REQUEST)
        token, revision, start = self._continue_token(target, kind)
        return ListOptions(
            version=self._version(target),
            match=_MATCHES.get(target.option("resourceVersionMatch"), Match.UNKNOWN),
            limit=min(max(0, limit), _MOST),
            token=token,
            revision=revision,
            start=start,
            initial_events="sendInitialEvents" in target.query,
        )

    def _continue_token(self, target: Target, kind: Strategy) -> tuple[Continue, int, int]:
        """The continue token (storage.DecodeContinue): its kind, its revision, and the first slot at or behind its key."""
        text = target.option("continue")
        if not text:
            return Continue.ABSENT, 0, 0
        token = decoded_token(text)
        if token is None:
            return Continue.MALFORMED, 0, 0
        resource = self._scope(target, kind)
        start = resource.end
        for index in range(resource.end - 1, resource.first - 1, -1):
            at = self.world.keys[index]
            path = f"/{at.namespace}/{at.name}" if at.namespace and not target.namespace else f"/{at.name}"
            if path >= token.key:
                start = index
        if token.revision < 0:
            return Continue.LATEST, 0, start
        bound = self.contents.revisions.version(str(token.revision))
        revision = bound.number if bound.given is Given.NUMBER else self._revision_of(token.revision)
        return Continue.AT_REVISION, revision, start

    # --- WATCH

    def _watch(self, target: Target, kind: Strategy, transformed: str) -> Reply:
        if transformed == "Table":
            raise NotModelled("a watch whose events are Tables")
        if integer(target.option("limit")) is None or integer(target.option("timeoutSeconds")) is None:
            return reply_of(Code.BAD_REQUEST)
        wanted = target.option("sendInitialEvents")
        initial = InitialEvents.UNSAID
        if wanted is not None:
            initial = InitialEvents.WANTED if boolean(wanted) else InitialEvents.REFUSED
        bookmarks = target.option("allowWatchBookmarks")
        options = WatchOptions(
            version=self._version(target),
            match=_MATCHES.get(target.option("resourceVersionMatch"), Match.UNKNOWN),
            initial=initial,
            bookmarks=bookmarks is not None and boolean(bookmarks),
            continued=bool(target.option("continue")),
        )
        try:
            selector = self._selector(target, kind)
        except SelectorError:
            return reply_of(Code.BAD_REQUEST)
        place = self._place(kind)
        needed = self.revision() if options.version.given is Given.ABSENT else options.version.number
        if initial is not InitialEvents.WANTED and options.version.given is not Given.ABSENT:
            needed = 0  # such a watch does not wait
        start = self._reading(place, needed, lambda s, c: open_watch(s.etcd, c, options, True))
        if start.code is not Code.OK:
            return reply_of(start.code)
        seconds = integer(target.option("timeoutSeconds")) or 0
        self.watch = Watch(start, self._scope(target, kind), selector, place, options.bookmarks, seconds)
        if start.initial:
            self._holds_only_ours(target, selector)
        self._began = [] if not start.initial else self._initial_events(self.watch, kind)
        self._kind = kind
        return Reply(200, None, None)

    def _initial_events(self, watch: Watch, kind: Strategy) -> list[Delivered]:
        """An ADDED for each object that is selected, as the watch is opened."""

        def step(server: Any) -> list[Delivered]:
            found = []
            for index in range(watch.resource.first, watch.resource.end):
                slot = Slot(index)
                stored = server.caches[watch.place].get(slot)
                if stored.exists and watch.selector.selects(slot, stored):
                    document = self.contents.to_json(kind, self.world.keys[index], stored)
                    found.append(Delivered("ADDED", stored.version, document))
            return found

        return self.world.run(step)

    def delivered(self) -> list[Delivered]:
        """What the watch that was opened last has delivered by now."""
        watch = self.watch
        if watch is None or watch.seconds < 0:  # its time is over before it begins (handlers/get.go, handleWatch)
            return []
        if watch.start.error is not Code.OK:
            status = reply_of(watch.start.error)
            return [Delivered("ERROR", code=status.code, reason=status.reason)]
        self._catch_up()

        def step(server: Any) -> list[Event]:
            events = server.caches[watch.place].events()
            return [
                translate(e, watch.selector)
                for e in events
                if e.revision > watch.start.after and watch.resource.has_write(e.slot)
            ]

        found = list(self._began)
        if watch.start.bookmark:
            found.append(Delivered("BOOKMARK", watch.start.version, initial_events_end=True))
        for event in self.world.run(step):
            if event.type is not EventType.NONE:
                assert event.slot is not None
                document = self.contents.to_json(self._kind, self.world.keys[event.slot.index], event.object)
                found.append(Delivered(event.type.value, event.object.version, document))
        return found
