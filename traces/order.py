"""Puts the events of several logs into one order, holding a bounded window of them.

Writes are ordered by the resourceVersion of their answer (one counter per etcd: see keys.py store_of). Everything else (reads,
failures, writes whose answer has no version) is placed by time: an event is placed when a write is released that was received after
the event had been completed, for then every write that could have mattered to it has been released. That [received, completed] is a
sound interval and the order of lines is not is a fact of the audit log: a line is written when the answer has gone out.

The window is a number of events held back, fewer where their bodies are so large that memory would not do (`HELD_BYTES`). A write
that comes later than that is not ordered but counted (`late`): its rules are not judged. Watch streams have no times: their
deliveries are ordered by the highest resourceVersion that the stream has reached. Files are read in step, that one first which has
come least far.

Assumption: clocks of several API servers agree to one second (`SKEW`); with one API server there is one clock.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kubecheck.traces.effects import WRITES, Effect, empties_finalizers, is_silent
from kubecheck.traces.event import Event, Header, Item, Kind, Malformed, Stage, Word
from kubecheck.traces.keys import Key, collection_of, key_of, store_of
from kubecheck.traces.versions import slim

SKEW: Final = 1_000_000
"""Microseconds that the clocks of two API servers may differ."""

DEFAULT_WINDOW: Final = 8192
"""Events held back: of writes, failures and reads of single objects. A line comes late by what its request took longer than others;
what comes later than that is counted as late, and nothing that it touches is called a violation."""

HELD_BYTES: Final = 64 << 20
"""Bytes of bodies held back. Events of up to 8 KiB do not come near it; of the largest that Kubernetes takes (3 MiB, asked and answered)
it holds ten, and a write that comes later than that is late."""

LISTS_HELD: Final = 16 << 20
"""Bytes of lists among them, about: lists beyond that are not judged, so that they make no write late."""

IN_FLIGHT: Final = 8192
"""Requests of one log that are without an answer at one time: the oldest is taken to have none. An API server serves 600 at one time
(--max-requests-inflight, --max-mutating-requests-inflight), watches not counted."""

_REMEMBERED: Final = 16384
"""Audit lines remembered, at least, to recognise the same line again."""

_SPARE: Final = 4096
_MALFORMED: Final = 100
"""Malformed lines, and messages about them, that are kept; the others are counted."""


class Place(Word):
    """Why an event stands where it stands."""

    ARRIVED = "arrived"
    """As read, before it is ordered: for counting, and for rules that need no order."""
    REVISION = "revision"
    """A successful write, in the order of resourceVersions."""
    TIME = "time"
    """A request placed by its times."""
    DELIVERY = "delivery"
    """A watch delivery, after every write up to its resourceVersion."""
    LATE = "late"
    """A write that came too late to be ordered."""


class Counts:
    """What the ordering met on its way."""

    def __init__(self) -> None:
        self.duplicates = 0
        self.unanswered = 0
        self.late = 0
        self.shortened = 0
        """Times that an event was released early because of the bytes held."""
        self.malformed_count = 0
        self.malformed: list[Malformed] = []
        """The first of them."""
        self.malformed_alike: dict[tuple[str, str], int] = {}
        """(file, message) -> how many lines; of the first messages only."""
        self.headers: list[Header] = []
        self.servers: set[str] = set()

    def add_malformed(self, line: Malformed) -> None:
        """Takes a line that is none."""
        self.malformed_count += 1
        if len(self.malformed) < _MALFORMED:
            self.malformed.append(line)
        alike = (line.file, line.message)
        if alike in self.malformed_alike or len(self.malformed_alike) < _MALFORMED:
            self.malformed_alike[alike] = self.malformed_alike.get(alike, 0) + 1


def interval(event: Event) -> tuple[int, int] | None:
    """When the request was received and when it was completed; of logs without clocks its place in the log; None if unknown."""
    received, completed = event.received, event.completed
    if received is None and completed is None:
        return None if event.sequence is None else (event.sequence, event.sequence)
    if received is None:
        received = completed
    if completed is None:
        completed = received
    return (received, completed) if received is not None and completed is not None else None


def surely_before(first: Event, second: Event) -> bool:
    """Was the first request completed before the second was received, whatever the clocks of their servers?"""
    ended, begun = first.completed, second.received
    if ended is None or begun is None:
        one, other = interval(first), interval(second)
        if one is None or other is None:
            return False
        ended, begun = one[1], other[0]
    return ended + (SKEW if first.server != second.server else 0) < begun


def is_versioned_write(event: Event) -> bool:
    """A success whose answer tells the resourceVersion that it wrote (or that it found, if it wrote nothing)."""
    version, wanted = event.version, event.precondition_version
    return (
        version is not None
        and event.verb in WRITES
        and event.ok
        and not event.dry_run
        and event.verb != "deletecollection"
        and (wanted is None or wanted != str(version))  # its own precondition: nothing was written at that version
        and not empties_finalizers(event)  # it removed the object, and answers the version of before
    )


def surely_wrote(event: Event) -> bool:
    """Did it surely write the version that it answers? It created, or it had seen another one."""
    seen = event.precondition_version
    return event.code == 201 or event.verb == "delete" or (seen not in (None, "", "0") and seen != str(event.version))


def matters_in_time(event: Event) -> bool:
    """Has the event to be placed among the writes? Watches, and reads whose answer tells no version have not."""
    if event.verb in WRITES:
        return True
    if event.verb == "list":
        return event.version is not None and event.response is not None
    return event.verb == "get" and event.name is not None and (event.version is not None or event.code == 404)


def joined(items: Iterable[Item], counts: Counts, *, in_flight: int = IN_FLIGHT) -> Iterator[Event]:
    """One event a request: stages joined by auditID, in whichever order they come; lines repeated dropped; a request without an
    answer comes last, or when more than `in_flight` others came after it that have none either.

    A client may retry with the auditID of its choice, so the id alone does not make two lines one: the time of reception does.
    """
    waiting: OrderedDict[tuple[str, str, int | None], Event] = OrderedDict()
    recent: set[tuple[str, int | None, int | None, Stage, str]] = set()
    older: set[tuple[str, int | None, int | None, Stage, str]] = set()
    answered: set[tuple[str, str, int | None]] = set()
    answered_before: set[tuple[str, str, int | None]] = set()  # goes with `older`, as `answered` with `recent`
    for item in items:
        if isinstance(item, Malformed):
            counts.add_malformed(item)
            continue
        if isinstance(item, Header):
            counts.headers.append(item)
            continue
        audit_id = item.audit_id
        if item.kind is not Kind.REQUEST or audit_id is None:
            yield item
            continue
        line = (audit_id, item.received, item.completed, item.stage, item.server)
        number = len(recent)
        recent.add(line)
        if len(recent) == number or line in older:
            counts.duplicates += 1
            continue
        if number >= _REMEMBERED:
            older, recent = recent, set()
            answered_before, answered = answered, set()
        request = (item.server, audit_id, item.received)
        if item.stage is Stage.RECEIVED:
            if item.received is not None and (request in answered or request in answered_before):
                continue  # lines out of order; without times it may be a retry
            waiting[request] = slim(item)
            if len(waiting) > in_flight:
                counts.unanswered += 1
                yield waiting.popitem(last=False)[1]
            continue
        answered.add(request)
        if waiting:
            waiting.pop(request, None)
        yield item
    counts.unanswered += len(waiting)
    yield from waiting.values()


class Pending:
    """The silent writes (`is_silent`) that have been read and not yet placed, by object: what may still explain something."""

    def __init__(self) -> None:
        self.contested = -1
        """The last version that two requests answer, each of which may have written it, and the other nothing."""
        self._writes: dict[Key, dict[int, Event]] = {}
        """Key -> id() -> event: two lines of one content are two writes."""

    def add(self, event: Event) -> None:
        """Remembers a silent write that was read."""
        self._writes.setdefault(key_of(event) or collection_of(event), {})[id(event)] = event

    def remove(self, event: Event) -> None:
        """Forgets a write that is being placed, if it was silent."""
        if not self._writes:
            return
        key = key_of(event) or collection_of(event)
        held = self._writes.get(key)
        if held is not None and held.pop(id(event), None) is not None and not held:
            del self._writes[key]

    def of(self, key: Key) -> list[Event]:
        """Silent writes of an object that are still to come, and those of its whole collection."""
        if not self._writes:
            return []
        held = [self._writes.get(key), self._writes.get((*key[:3], ""))]
        return [event for writes in held if writes is not None for event in writes.values()]


class _Store:
    """What is held of one counter of revisions."""

    __slots__ = ("ends", "name", "released", "revisions")

    def __init__(self, name: str) -> None:
        self.name = name
        self.revisions: list[tuple[int, int, int, int, int, int | None, int, Event]] = []
        """Version, whether it is a delivery, whether it may have written nothing, when it was completed; number, when it was received,
        bytes."""
        self.ends: list[tuple[int, int]] = []
        """When the writes in `revisions` were completed, and their versions; those that were released are still in it."""
        self.released = -1


class Timeline:
    """Iterates over (place, event) of several logs. `pending` and `counts` may be looked at while it runs.

    Takes one iterable of items a file, and `is_known`: does this success answer a version that was released before? Raises
    what the sources raise.
    """

    def __init__(
        self,
        sources: Iterable[Iterable[Item]],
        *,
        pending: Pending | None = None,
        is_known: Callable[[Event], bool] = lambda _: False,
        window: int = DEFAULT_WINDOW,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        self.counts = Counts()
        self.pending = pending if pending is not None else Pending()
        self._window = window
        self._held_bytes = held_bytes
        self._is_known = is_known
        self._sources = list(sources)
        self._stores: dict[str, _Store] = {}
        """Those that hold something: the order among them is that of arrival."""
        self._known_stores: dict[str, _Store] = {}
        self._timed: list[tuple[int, int, int, Event]] = []
        """When it was completed; number, bytes."""
        self._held = 0
        """Events in `_stores` and `_timed`."""
        self._bytes = 0
        """Of their bodies."""
        self._listed = 0
        """Of the lists among them."""
        self._number = 0
        self._clock = -1
        self._streams: dict[tuple[str, str], int] = {}

    def __iter__(self) -> Iterator[tuple[Place, Event]]:
        """Reads, orders, yields."""
        window, held_bytes = self._window, self._held_bytes
        for event in self._in_step():
            if event.kind is Kind.REQUEST:
                self.counts.servers.add(event.server)
            yield Place.ARRIVED, event
            self._hold(event)
            while self._held > window or self._bytes > held_bytes:
                if self._held <= window:
                    self.counts.shortened += 1
                yield from self._next()
        while self._held:
            yield from self._next()

    def _in_step(self) -> Iterator[Event]:
        """Events of all files; always from the file whose highest resourceVersion is the lowest."""
        progress: list[tuple[int, int, int, Iterator[Event]]] = []
        for number, source in enumerate(self._sources):
            progress.append((0, 0, number, joined(source, self.counts)))
        heapq.heapify(progress)
        while len(progress) > 1:
            reached, lines, number, events = progress[0]
            event = next(events, None)
            if event is None:
                heapq.heappop(progress)
                continue
            version = event.version
            if version is not None and version > reached and (
                event.kind is Kind.DELIVERY or not store_of(event.group, event.resource or "")
            ):
                reached = version
            heapq.heapreplace(progress, (reached, lines + 1, number, events))
            yield event
        for _, _, _, events in progress:
            yield from events

    def _hold(self, event: Event) -> None:
        if event.kind is Kind.DELIVERY:
            # ordered by what its stream had reached: an initial list goes back in version, later lines do not
            stream = (event.file, event.stream)
            reached = max(self._streams.get(stream, 0), event.version or 0)
            self._streams[stream] = reached
            self._push(event, reached, 1, 0, None)
            return
        if event.verb not in WRITES:
            if matters_in_time(event) and (event.verb != "list" or self._listed < LISTS_HELD):
                size = self._taken(event)
                self._listed += size if event.verb == "list" else 0
                self._by_time(event, size)
            return
        if event.resource is not None and is_silent(event):
            self.pending.add(event)
        if not is_versioned_write(event):
            self._by_time(event, self._taken(event))
            return
        version, when = event.version, interval(event)
        assert version is not None  # is_versioned_write
        if when is None:
            self._push(event, version, 0, 0, None)
            return
        store = self._push(event, version, 0, when[1], when[0])
        if len(store.ends) > 2 * self._held + _SPARE:  # one that stays before all others keeps those that were released
            store.ends = [end for end in store.ends if end[1] > store.released]
            heapq.heapify(store.ends)
        heapq.heappush(store.ends, (when[1], version))

    def _push(self, event: Event, version: int, delivery: int, completed: int, received: int | None) -> _Store:
        self._number += 1
        name = store_of(event.group, event.resource or "")
        store = self._stores.get(name)
        if store is None:
            store = self._known_stores.setdefault(name, _Store(name))
            self._stores[name] = store
        unsure = 0 if delivery or surely_wrote(event) else 1
        heapq.heappush(store.revisions, (version, delivery, unsure, completed, self._number, received, self._taken(event), event))
        return store

    def _by_time(self, event: Event, size: int) -> None:
        self._number += 1  # again, for one that was held before: numbers tell equal times apart
        when = interval(event)
        heapq.heappush(self._timed, (when[1] if when else self._clock, self._number, size, event))

    def _taken(self, event: Event) -> int:
        """Its bytes, now that it is held."""
        request, response = event.request, event.response
        size = (0 if request is None else len(request)) + (0 if response is None else len(response))
        self._held += 1
        self._bytes += size
        return size

    def _next(self) -> Iterator[tuple[Place, Event]]:
        """Releases what is first; nothing, if that turns out to be placed by time."""
        for place, event in self._release() if self._stores else [self._place()]:
            if event.effect is not Effect.NONE:  # else it was not silent
                self.pending.remove(event)
            yield place, event

    def _place(self) -> tuple[Place, Event]:
        _, _, size, event = heapq.heappop(self._timed)
        self._held -= 1
        self._bytes -= size
        if event.verb == "list":
            self._listed -= size
        return Place.TIME, event

    def _release(self) -> list[tuple[Place, Event]]:
        stores = self._stores
        if len(stores) == 1:
            (store,) = stores.values()
        else:
            store = min(stores.values(), key=lambda one: one.revisions[0][4])
        version, delivery, unsure, _, _, received, size, event = heapq.heappop(store.revisions)
        if not store.revisions:
            del stores[store.name]
        if not delivery and (self._is_known(event) or self._is_older(event, version, received, store)):
            # it answered an old version (nothing written, or the object removed with it): its place is given by its time,
            # and its times say nothing about the versions around it
            self._by_time(event, size)
            return []
        self._held -= 1
        self._bytes -= size
        if delivery:
            return [(Place.DELIVERY, event)]
        if version < store.released:
            return [(Place.LATE, event)]
        store.released = version
        rival = store.revisions[0] if unsure and store.revisions else None
        if rival is not None and rival[:2] == (version, 0) and rival[-1].key == event.key:
            self.pending.contested = version
        released: list[tuple[Place, Event]] = []
        if received is not None:
            self._clock = max(self._clock, received - (self._skew if event.received is not None else 0))
            while self._timed and self._timed[0][0] < self._clock:
                released.append(self._place())
        released.append((Place.REVISION, event))
        return released

    @property
    def _skew(self) -> int:
        return SKEW if len(self.counts.servers) > 1 else 0

    def _is_older(self, event: Event, version: int, received: int | None, store: _Store) -> bool:
        """Was it received after a write with a higher version had been answered, and may it so have written nothing?

        (A deletion of a pod that is being deleted answers its present version.)
        """
        while store.ends and store.ends[0][1] <= version:
            heapq.heappop(store.ends)  # it was released, or is this one
        if received is None or not store.ends or event.code == 201 or event.verb not in ("update", "patch", "delete"):
            return False
        if event.precondition_version not in (None, "", "0"):
            return False  # it saw a version and answered another: it wrote
        return store.ends[0][0] + self._skew < received
