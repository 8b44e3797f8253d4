"""An API server's watch cache of one resource: the objects, the last events, and how far it is behind etcd.

Facts, from staging/src/k8s.io/apiserver/pkg/storage/cacher (watch_cache.go, cacher.go, compactor.go, store/): a
reflector lists the resource from etcd (Replace) and then takes in etcd's events one by one (processEvent). The cache
remembers the last of them in a buffer, from which a watch that starts in the past is served, and a snapshot of the
objects after each, from which an old state is listed. Replacing empties the buffer and ends every client's watch.
Each API server has a cache of its own for each resource, with its own lag.

Snapshots are not kept here: the objects of an old revision are those of now, with the events since undone. What is remembered is from
which revision on there are snapshots.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.registry.etcd import Etcd, Operation, Write
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.resources import Resource
from kubecheck.spec import Array, MaxLen, Range, Seq, State


class WatchCache(State):
    """The cache. `_version` is its resourceVersion; `_listed` that of the list that it began with; snapshots are at least of
    revision `_kept`; `_evicted`: an event since has left the buffer. `_cut_off`: etcd has compacted an event that the cache has
    not taken in. `_again`: its watch of etcd has begun again."""

    _objects: Array[Slot, Stored]
    _version: Annotated[int, Range(0, "revisions")]
    _listed: Annotated[int, Range(0, "revisions")]
    _kept: Annotated[int, Range(0, "revisions")]
    _evicted: bool
    _cut_off: bool
    _again: bool
    _events: Annotated[Seq[Write], MaxLen("window")]

    def version(self) -> int:
        """Up to which revision of etcd it has seen the resource."""
        return self._version

    def get(self, slot: Slot) -> Stored:
        """The object as the cache has it; uid 0 if it has none."""
        return self._objects[slot]

    def events(self) -> Annotated[Seq[Write], MaxLen("window")]:
        """The events in the buffer, oldest first."""
        return self._events

    def replace(self, etcd: Etcd, resource: Resource) -> None:
        """Lists the resource from etcd, and starts from that (watchCache.Replace)."""
        for slot in Slot:
            self._objects[slot] = etcd.get(slot) if resource.has(slot) else Stored()
        self._version = etcd.revision()
        self._listed = etcd.revision()
        self._kept = etcd.revision()
        self._evicted = False
        self._cut_off = False
        self._again = False
        self._events = Seq()

    def take_in(self, written: Write, slot: Slot, capacity: int) -> None:
        """Takes in the next event of etcd, which is about `slot`; a buffer of `capacity` events forgets the oldest (processEvent)."""
        if len(self._events) == capacity:
            self._events = self._events[1:]
            self._evicted = True
        self._events = self._events + (written,)  # noqa: RUF005 - a Seq grows by +
        self._objects[slot] = written.after if written.operation is not Operation.DELETE else Stored()
        self._version = written.revision
        self._again = False
        if len(self._events) == capacity:
            self._kept = max(self._kept, self._events[0].revision)

    def progress(self, revision: int) -> None:
        """etcd says that it has nothing more up to a revision (UpdateResourceVersion, from a progress notification)."""
        self._version = revision
        self._again = False

    def begin_again(self) -> None:
        """Watches etcd again from the same revision, instead of listing."""
        self._again = True

    def watches_again(self) -> bool:
        """Whether its watch began again and has delivered nothing since."""
        return self._again

    def compact(self, revision: int) -> None:
        """Forgets the snapshots of before a revision, as etcd has (watchCache.Compact)."""
        self._kept = max(self._kept, revision)

    def lose(self, etcd: Etcd, resource: Resource, revision: int) -> None:
        """etcd is about to be compacted at a revision."""
        if any(self._version < w.revision < revision and resource.has_write(w.slot) for w in etcd.history()):
            self._cut_off = True

    def is_cut_off(self) -> bool:
        """Whether etcd refuses to go on with the cache's watch."""
        return self._cut_off

    def oldest(self, after_list: bool) -> int:
        """The oldest event that a watch can be given (getAllEventsSinceLocked).

        Without an event lost since, that is the one after the list. `after_list` False is how it was before kubernetes#49992: as if an
        empty buffer still held the event of its own revision.
        """
        if not after_list:
            return self._events[0].revision if len(self._events) > 0 else self._version
        if not self._evicted:
            return self._listed + 1
        return self._events[0].revision

    def has_snapshot(self, revision: int) -> bool:
        """Whether there is a snapshot of the resource as of a revision that the cache has reached (snapshots.GetLessOrEqual)."""
        if self._kept <= self._listed <= revision:
            return True
        return any(self._kept <= e.revision <= revision for e in self._events)

    def snapshot(self, slot: Slot, revision: int) -> Stored:
        """The object as of a revision of which there is a snapshot."""
        for written in self._events:
            if written.slot == slot and written.revision > revision:
                return written.before
        return self._objects[slot]
