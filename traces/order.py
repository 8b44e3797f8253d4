"""Puts the events of several logs into one order, holding a bounded window of them.

Writes are ordered by the resourceVersion of their answer (one counter per etcd). Everything else (reads, failures, writes whose
answer has no version) is placed by time: an event is placed when a write is released that was received after the event had
been completed, for then every write that could have mattered to it has been released. That [received, completed] is a sound
interval and the order of lines is not is a fact of the audit log: a line is written when the answer has gone out.

The window is a number of events held back. A write that comes later than that is not ordered but counted (`late`): its
rules are not judged. Watch streams have no times: their deliveries are ordered by the highest resourceVersion that the stream
has reached. Files are read in step, that one first which has come least far.

Assumption: clocks of several API servers agree to one second (`SKEW`); with one API server there is one clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kubecheck.traces.effects import WRITES, is_silent
from kubecheck.traces.event import Event, Header, Item, Kind, Malformed, Stage, Word
from kubecheck.traces.keys import Key, collection_of, key_of

SKEW: Final = 1_000_000
"""Microseconds that the clocks of two API servers may differ."""

DEFAULT_WINDOW: Final = 8192
"""Events held back: of writes, failures and reads of single objects. A line comes late by what its request took longer than others;
what comes later than that is counted as late, and nothing that it touches is called a violation."""

_REMEMBERED: Final = 16384
"""Audit lines remembered, at least, to recognise the same line again."""


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
        self.malformed_count = 0
        self.malformed: list[Malformed] = []
        self.headers: list[Header] = []
        self.servers: set[str] = set()


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
    return (
        event.version is not None
        and event.verb in WRITES
        and event.ok
        and not event.dry_run
        and event.verb != "deletecollection"
        and event.precondition_version != str(event.version)  # its own precondition: nothing was written at that version
    )


def matters_in_time(event: Event) -> bool:
    """Has the event to be placed among the writes? Lists, watches, and reads whose answer tells no version have not."""
    if event.verb in WRITES:
        return True
    return event.verb == "get" and event.name is not None and (event.version is not None or event.code == 404)


def joined(items: Iterable[Item], counts: Counts) -> Iterator[Event]:
    """One event a request: stages joined by auditID, lines repeated dropped; a request without an answer comes last.

    A client may retry with the auditID of its choice, so the id alone does not make two lines one: the time of reception does.
    """
    waiting: dict[tuple[str, str, int | None], Event] = {}
    recent: set[tuple[str, str, Stage, int | None, int | None]] = set()
    older = recent
    for item in items:
        if isinstance(item, Malformed):
            counts.malformed_count += 1
            if len(counts.malformed) < 100:
                counts.malformed.append(item)
            continue
        if isinstance(item, Header):
            counts.headers.append(item)
            continue
        if item.kind is not Kind.REQUEST or item.audit_id is None:
            yield item
            continue
        known = (item.server, item.audit_id, item.stage, item.received, item.completed)
        if known in recent or known in older:
            counts.duplicates += 1
            continue
        recent.add(known)
        if len(recent) >= _REMEMBERED:
            older, recent = recent, set()
        if item.stage is Stage.RECEIVED:
            waiting[item.server, item.audit_id, item.received] = item
            continue
        if waiting:
            waiting.pop((item.server, item.audit_id, item.received), None)
        yield item
    counts.unanswered += len(waiting)
    yield from waiting.values()


class Pending:
    """The silent writes (`is_silent`) that have been read and not yet placed, by object: what may still explain something."""

    def __init__(self) -> None:
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
    ) -> None:
        self.counts = Counts()
        self.pending = pending if pending is not None else Pending()
        self._window = window
        self._is_known = is_known
        self._sources = list(sources)
        self._revisions: list[tuple[int, int, int, int, Event]] = []
        self._ends: list[tuple[int, int]] = []
        """When the writes in `_revisions` were completed, and their versions; those that were released are still in it."""
        self._timed: list[tuple[int, int, Event]] = []
        self._number = 0
        self._released = -1
        self._clock = -1
        self._streams: dict[tuple[str, str], int] = {}

    def __iter__(self) -> Iterator[tuple[Place, Event]]:
        """Reads, orders, yields."""
        for event in self._in_step():
            if event.kind is Kind.REQUEST:
                self.counts.servers.add(event.server)
            yield Place.ARRIVED, event
            self._hold(event)
            while len(self._revisions) + len(self._timed) > self._window:
                if self._revisions:
                    yield from self._release()
                else:
                    yield from self._place(heapq.heappop(self._timed)[2])
        while self._revisions:
            yield from self._release()
        while self._timed:
            yield from self._place(heapq.heappop(self._timed)[2])

    def _in_step(self) -> Iterator[Event]:
        """Events of all files; always from the file whose highest resourceVersion is the lowest."""
        progress: list[tuple[int, int, int, Iterator[Event]]] = []
        for number, source in enumerate(self._sources):
            progress.append((0, 0, number, joined(source, self.counts)))
        heapq.heapify(progress)
        while progress:
            reached, lines, number, events = progress[0]
            event = next(events, None)
            if event is None:
                heapq.heappop(progress)
                continue
            version = event.version
            if version is not None and version > reached:
                reached = version
            heapq.heapreplace(progress, (reached, lines + 1, number, events))
            yield event

    def _hold(self, event: Event) -> None:
        self._number += 1
        if event.kind is Kind.DELIVERY:
            # ordered by what its stream had reached: an initial list goes back in version, later lines do not
            self._stream_key(event)
            return
        if event.resource is not None and is_silent(event):
            self.pending.add(event)
        if is_versioned_write(event):
            version = event.version
            assert version is not None  # is_versioned_write
            when = interval(event)
            heapq.heappush(self._revisions, (version, 0, when[1] if when else 0, self._number, event))
            if when is not None:
                heapq.heappush(self._ends, (when[1], version))
        elif matters_in_time(event):
            self._by_time(event)

    def _by_time(self, event: Event) -> None:
        self._number += 1  # again, for one that was held before: numbers tell equal times apart
        when = interval(event)
        heapq.heappush(self._timed, (when[1] if when else self._clock, self._number, event))

    def _stream_key(self, event: Event) -> None:
        stream = (event.file, event.stream)
        reached = max(self._streams.get(stream, 0), event.version or 0)
        self._streams[stream] = reached
        heapq.heappush(self._revisions, (reached, 1, 0, self._number, event))

    def _release(self) -> Iterator[tuple[Place, Event]]:
        version, delivery, _, _, event = heapq.heappop(self._revisions)
        if delivery:
            yield Place.DELIVERY, event
            return
        if self._is_known(event) or self._is_older(event, version):
            # it answered an old version (nothing written, or the object removed with it): its place is given by its time,
            # and its times say nothing about the versions around it
            self._by_time(event)
            return
        if version < self._released:
            self.pending.remove(event)
            yield Place.LATE, event
            return
        self._released = version
        when = interval(event)
        if when is not None:
            skew = SKEW if len(self.counts.servers) > 1 and event.received is not None else 0
            self._clock = max(self._clock, when[0] - skew)
            while self._timed and self._timed[0][0] < self._clock:
                yield from self._place(heapq.heappop(self._timed)[2])
        self.pending.remove(event)
        yield Place.REVISION, event

    def _is_older(self, event: Event, version: int) -> bool:
        """Was it received after a write with a higher version had been answered, and may it so have written nothing?"""
        while self._ends and self._ends[0][1] <= version:
            heapq.heappop(self._ends)  # it was released, or is this one
        when = interval(event)
        if when is None or not self._ends or event.code == 201 or event.verb not in ("update", "patch"):
            return False
        if event.precondition_version not in (None, "", "0"):
            return False  # it saw a version and answered another: it wrote
        return self._ends[0][0] + (SKEW if len(self.counts.servers) > 1 else 0) < when[0]

    def _place(self, event: Event) -> Iterator[tuple[Place, Event]]:
        self.pending.remove(event)
        yield Place.TIME, event

