"""A client's reflector and the store that it fills: an informer of one resource.

Facts, from staging/src/k8s.io/client-go/tools/cache/reflector.go (ListAndWatchWithContext, list, watchList, watch, relistResourceVersion,
rewatchResourceVersion):

- It lists, replaces its store by the list, and watches from the list's resourceVersion. Each event and each bookmark moves that on.
- The first list asks for "0", whatever the watch cache has; with WatchList (feature_list.py says who has it since when) it is
  a watch with initial events, which is as new as etcd. A later one asks for the last resourceVersion or anything newer.
- Where that is not to be had ("too large resource version"; no list of these is refused with 410) it asks without a resourceVersion,
  which means the newest.
- A watch that ends is opened again at the last resourceVersion, or, after some errors and after 410, it lists first.
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.model.registry.etcd import Etcd, Operation, Write
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.reads import ListAnswer, ListOptions, list_objects
from kubecheck.model.registry.requests import Code, Given, Version
from kubecheck.model.registry.resources import EVERYTHING, Resource
from kubecheck.model.registry.watch import WatchOptions, open_watch
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.spec import Array, Range, Sort, State, first, present, require


class Server(Sort, size="servers"):
    """An API server."""


class Stage(enum.Enum):
    """What the reflector does."""

    LIST = "about to list"
    OPEN = "about to open the watch"
    WATCH = "watching"


class Informer(State):
    """An informer: the API server that its connection goes to, the last resourceVersion seen (0: none), and what it shows.

    `unavailable`: the last resourceVersion is not to be had (isLastSyncResourceVersionUnavailable).
    """

    stage: Stage = Stage.LIST
    server: Server | None = None
    last: Annotated[int, Range(0, "revisions")]
    unavailable: bool
    view: Array[Slot, Stored]

    def asks_for(self, first_is_newest: bool, relists_at_last: bool) -> Version:
        """The resourceVersion of the next list."""
        if self.unavailable:
            return Version()
        if self.last == 0:
            return Version() if first_is_newest else Version(given=Given.ZERO)
        if relists_at_last:
            return Version(given=Given.NUMBER, number=self.last)
        return Version(given=Given.ZERO)

    def replace(self, answer: ListAnswer) -> None:
        """Shows what was listed, and nothing else."""
        for slot in Slot:
            self.view[slot] = Stored()
        for item in answer.items:
            self.view[present(item.slot)] = item.object
        self.last = answer.version
        self.unavailable = False
        self.stage = Stage.OPEN

    def show(self, written: Write, slot: Slot) -> None:
        """Shows an event."""
        self.view[slot] = written.after if written.operation is not Operation.DELETE else Stored()
        self.last = written.revision

    def disconnect(self, server: Server, lists: bool) -> None:
        """The connection breaks; the next goes to this API server, to list first or to watch again at once."""
        self.server = server
        if self.stage is not Stage.LIST:
            self.stage = Stage.LIST if lists else Stage.OPEN

    def restart(self, server: Server) -> None:
        """The client crashes and starts again, connected to this API server: it shows nothing, until it has listed."""
        for slot in Slot:
            self.view[slot] = Stored()
        self.last = 0
        self.unavailable = False
        self.server = server
        self.stage = Stage.LIST


def list_and_replace(
    etcd: Etcd,
    cache: WatchCache,
    resource: Resource,
    informer: Informer,
    first_is_newest: bool,
    relists_at_last: bool,
    gives_up_last: bool,
) -> None:
    """The reflector lists, and shows the answer; or it is refused, and asks for the newest state next time.

    Without `gives_up_last` it asks for the same again after "too large resource version".
    """
    require(informer.stage is Stage.LIST)
    asked = informer.asks_for(first_is_newest, relists_at_last)
    answer = list_objects(etcd, cache, resource, EVERYTHING, ListOptions(version=asked))
    if answer.code is Code.OK:
        informer.replace(answer)
    elif gives_up_last:
        informer.unavailable = True


def watch_from_last(etcd: Etcd, cache: WatchCache, informer: Informer, oldest_after_list: bool) -> None:
    """The reflector opens a watch at the last resourceVersion; if that is too old it lists first."""
    require(informer.stage is Stage.OPEN)
    version = Version(given=Given.NUMBER, number=informer.last)
    start = open_watch(etcd, cache, WatchOptions(version=version, bookmarks=True), oldest_after_list)
    informer.stage = Stage.WATCH if start.error is Code.OK else Stage.LIST


def next_event(cache: WatchCache, last: int) -> Write | None:
    """The first event in the cache's buffer after a revision."""
    return first(e for e in cache.events() if e.revision > last)
