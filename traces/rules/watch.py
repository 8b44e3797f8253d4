"""Rules of watch streams: order, completeness, agreement with the writes, restarts.

A stream's file does not say what it was asked for (all namespaces? a selector?). So what it must deliver is judged only of
objects that it has delivered before: of those it must tell every change until it says that they are gone.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from kubecheck.traces.event import Delivery, Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, display_key, key_of, store_of
from kubecheck.traces.order import interval, surely_before
from kubecheck.traces.reasons import NO_TIME
from kubecheck.traces.resources import NO_RESOURCE
from kubecheck.traces.rules.contents import one_kind, same_content
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.streams import Run, is_expired
from kubecheck.traces.versions import Change, Record, Step, Version, slim
from kubecheck.traces.workloads import Workloads

_CACHER: Final = (
    "staging/src/k8s.io/apiserver/pkg/storage/cacher/cacher.go dispatchEvent, watch_cache.go "
    "processEvent, cache_watcher.go "
    "processInterval, convertToWatchEvent"
)
_OBJECTS: Final = (Delivery.ADDED, Delivery.MODIFIED, Delivery.DELETED)


class Stream:
    """What a stream has delivered so far."""

    __slots__ = ("began", "connection", "expected", "expired", "gone", "held", "initial", "last", "last_event", "listed",
                 "name", "reached", "resource", "whole")

    def __init__(self, name: str) -> None:
        self.name = name
        self.initial = True
        """It is still delivering the state, in any order."""
        self.began = 0
        """Revision of the state with which it began, or the first that it told after that: from here on it tells everything."""
        self.expired = False
        """It has had a 410: the state that follows is in the file from its first line on."""
        self.whole = False
        """It has told such a state to its end: it holds all that it was asked for."""
        self.gone: OrderedDict[Key, None] = OrderedDict()
        """The last objects that it told gone."""
        self.reached = 0
        """Highest resourceVersion delivered."""
        self.last = 0
        self.last_event: Event | None = None
        self.held: dict[Key, tuple[int, Event]] = {}
        """Objects that the stream has told and not told gone: their version and the delivery (without body)."""
        self.listed: dict[Key, Event] = {}
        """What the state held, while it is being delivered."""
        self.expected: deque[tuple[int, Key, Version]] = deque()
        self.connection = 0
        self.resource: tuple[str, str] | None = None

    def restart(self, connection: int) -> None:
        """The client begins again with the state."""
        self.initial, self.connection = True, connection
        self.expired, self.whole = True, False
        self.gone.clear()
        self.held.clear()
        self.listed.clear()
        self.expected.clear()
        self.last = 0

    def resumed(self, version: int) -> None:
        """It goes on on another connection: its client may have listed the state meanwhile (reflector.go ListAndWatch)."""
        self.began, self.whole = version, False
        self.gone.clear()
        self.held.clear()
        self.expected.clear()

    def again(self, version: int) -> None:
        """The client began again with the state, which has ended."""
        self.began, self.whole = version, False
        self.gone.clear()

    def told_gone(self, key: Key) -> None:
        """It said that an object is gone."""
        self.gone[key] = None
        if len(self.gone) > _GONE:
            self.gone.popitem(last=False)


_GONE: Final = 1_000


class _OfStreams(Rule):
    """Base of rules on a stream's order: what an ADDED contradicts stands only if no other session of the client began with it."""

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._doubtful: dict[str, list[tuple[str, list[Key | str], tuple[Event | tuple[Event, str], ...]]]] = {}

    def settle(self, stream: str, run: Run) -> bool:
        """Calls what is in doubt violated, or not; called before the stream goes on. Did another session begin?"""
        if run is Run.OPEN:
            return False
        doubtful = self._doubtful.pop(stream, ())
        if run is Run.SESSION:
            if doubtful:
                self.cannot_tell(_SESSION)
            return True
        for sentence, keys, events in doubtful:
            self.violated(sentence, keys, *events)
        return False

    def contradicts(self, event: Event, sentence: str, keys: list[Key | str], *events: Event | tuple[Event, str]) -> None:
        """A contradiction at this delivery, unless it begins another session."""
        if event.delivery is Delivery.ADDED:
            shown = tuple(slim(one) if isinstance(one, Event) else (slim(one[0]), one[1]) for one in events)
            self._doubtful.setdefault(event.stream, []).append((sentence, keys, shown))
        else:
            self.violated(sentence, keys, *events)

    def finished(self) -> None:
        """What is in doubt at the end of the streams."""
        for stream in list(self._doubtful):
            self.settle(stream, self.history.runs.get(stream, Run.CHANGES))


_SESSION: Final = "the stream's client began again with the state"
_STARTED_LATER: Final = "the stream may have begun at a version that had the object already, or its first lines are missing"
_UNNAMED: Final = "a stream of PartialObjectMetadata does not tell of which resource they are"
_SELECTED: Final = "the object may only have left what the stream was asked for"


class Order(_OfStreams):
    """Deliveries ascend."""

    name = "watch.order"
    sentence = "After its initial state a stream delivers events in ascending resourceVersion, each once."
    source = f"{_CACHER}; https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._streams: dict[str, Stream] = {}

    def delivered(self, event: Event) -> None:
        """The version against the highest one delivered on this connection."""
        stream = self._streams.setdefault(event.stream, Stream(event.stream))
        self.settle(event.stream, self.history.run)
        if event.delivery is Delivery.ERROR:
            if is_expired(event):
                stream.restart(event.connection)
            return
        version = event.version
        if version is None:
            return
        if stream.initial and (event.delivery is not Delivery.ADDED or event.initial_end):
            stream.initial = False
            if event.initial_end and version < stream.reached:
                self.violated(
                    f"the initial state of stream {event.stream} ends at resourceVersion {version}, and an object in it is newer",
                    [], event, *([stream.last_event] if stream.last_event is not None else []),
                )
        if stream.initial:
            if version > stream.reached:
                stream.reached, stream.last_event = version, slim(event)
            key = key_of(event)
            if key is not None:
                self.judge()
                if key in stream.held:
                    first = stream.held[key][1]
                    if version == stream.held[key][0]:
                        self.contradicts(event, f"{display_key(key)} is delivered twice at resourceVersion {version}", [key], event, first)
                    elif version < stream.held[key][0]:
                        self.contradicts(event, f"{display_key(key)} is delivered at an older resourceVersion after a newer one",
                                      [key], event, first)
                stream.held[key] = (version, slim(event))
            stream.last = max(stream.last, version)
            return
        self.judge()
        if event.delivery is Delivery.BOOKMARK:
            if version < stream.last:
                self._back(event, stream)
        elif version <= stream.last:
            if stream.last_event is not None and version == stream.last and key_of(stream.last_event) == key_of(event):
                self.contradicts(event, f"stream {event.stream} delivers resourceVersion {version} twice",
                              [key for key in (key_of(event),) if key], event, stream.last_event)
            else:
                self._back(event, stream)
        if version >= stream.last:
            stream.last, stream.last_event = version, slim(event)

    def _back(self, event: Event, stream: Stream) -> None:
        self.contradicts(
            event, f"stream {event.stream} delivers resourceVersion {event.version} after {stream.last}",
            [key for key in (key_of(event),) if key], (event, "delivered later"),
            *([(stream.last_event, "delivered before")] if stream.last_event is not None else []),
        )


class NoGap(_OfStreams):
    """Deliveries are complete."""

    name = "watch.no-gap"
    sentence = (
        "A stream tells every change of an object that it has told of, in order and without leaving one out; "
        "ADDED comes "
        "first, then MODIFIED, and DELETED last."
    )
    source = f"{_CACHER}; staging/src/k8s.io/client-go/tools/cache/reflector.go handleAnyWatch"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._streams: dict[str, Stream] = {}
        self._by_resource: dict[tuple[str, str], list[Stream]] = {}

    def step(self, step: Step) -> None:
        """A new version: the streams that hold the object are to deliver it."""
        key = step.record.key
        for stream in self._by_resource.get((key[0], key[1]), ()):
            if not stream.initial and key in stream.held and step.after.number > stream.held[key][0]:
                stream.expected.append((step.after.number, key, step.after))

    def delivered(self, event: Event) -> None:
        """What was to come before this, and whether the type fits what was delivered before."""
        stream = self._streams.get(event.stream)
        if stream is None:
            stream = self._streams[event.stream] = Stream(event.stream)
            stream.connection = event.connection
        if self.settle(event.stream, self.history.run):
            stream.again(event.version or 0)
        if event.delivery is Delivery.ERROR:
            if is_expired(event):
                stream.restart(event.connection)
            return
        if stream.resource is None and event.resource is not None:
            stream.resource = (event.group, event.resource)
            self._by_resource.setdefault(stream.resource, []).append(stream)
        version, key = event.version, key_of(event)
        if event.connection != stream.connection:
            stream.connection = event.connection
            stream.resumed(version or 0)
        if version is None:
            return
        if stream.initial:
            self._initial(event, stream, version, key)
            return
        self._arrears(event, stream, version, key)
        if event.delivery is Delivery.BOOKMARK or key is None:
            if event.answer_kind in NO_RESOURCE and event.delivery is not Delivery.BOOKMARK:
                self.cannot_tell(_UNNAMED)
            return
        self.judge()
        held = stream.held.get(key)
        self._fits(event, stream, held)
        if event.delivery is Delivery.DELETED:
            stream.held.pop(key, None)
            stream.told_gone(key)
        elif held is None or version > held[0]:
            stream.held[key] = (version, slim(event))
            stream.gone.pop(key, None)

    def _initial(self, event: Event, stream: Stream, version: int, key: Key | None) -> None:
        if event.delivery is Delivery.ADDED and key is not None:
            stream.held[key] = (version, slim(event))
            stream.listed[key] = stream.held[key][1]
            return
        stream.initial = False
        stream.began = version
        if event.initial_end:
            stream.whole = stream.expired
            self._state(event, stream, version)
            return
        if event.delivery is Delivery.BOOKMARK:
            return
        # a list without a mark at its end: what was held is what was delivered, whatever was written meanwhile
        self._fits(event, stream, stream.held.get(key) if key is not None else None)
        if key is not None:
            self.judge()
            if event.delivery is Delivery.DELETED:
                stream.held.pop(key, None)
                stream.told_gone(key)
            else:
                stream.held[key] = (version, slim(event))

    def _state(self, event: Event, stream: Stream, version: int) -> None:
        """The state that the bookmark ends must be the state of that revision, of each object in it."""
        for key, (told, delivery) in stream.held.items():
            record = self.history.records.get(key)
            if record is None:
                continue
            self.judge()
            newer = next((known for known in record.versions if told < known.number <= version), None)
            if newer is not None:
                self.violated(
                    f"the initial state of stream {stream.name} at resourceVersion {version} holds {record} at {told}, "
                    "and "
                    f"{newer.number} had been written",
                    [key], (delivery, f"holds {told}"), (newer.event, f"wrote {newer.number}"), (event, "the state ends here"),
                )
            following = next((known for known in record.versions if known.number > version), None)
            if following is not None:
                stream.expected.append((following.number, key, following))
        stream.listed.clear()

    def _arrears(self, event: Event, stream: Stream, version: int, key: Key | None) -> None:
        while stream.expected and stream.expected[0][0] <= version:
            number, wanted, known = stream.expected.popleft()
            held = stream.held.get(wanted)
            if held is None or held[0] >= number or (number == version and wanted == key):
                continue
            self.judge()
            self.contradicts(
                event, f"stream {stream.name} has told of {display_key(wanted)} at {held[0]}, leaves out its resourceVersion {number} "
                f"and goes on at {version}",
                [wanted], (event, f"delivered {version}"), (known.event, f"wrote {number}"), (held[1], f"delivered {held[0]}"),
            )

    def _fits(self, event: Event, stream: Stream, held: tuple[int, Event] | None) -> None:
        key = key_of(event)
        if key is None:
            return
        if event.delivery is Delivery.ADDED and held is not None:
            self.contradicts(event, f"stream {stream.name} delivers ADDED of {display_key(key)}, which it had delivered and not deleted",
                             [key], event, held[1])
        elif event.delivery in (Delivery.MODIFIED, Delivery.DELETED) and held is None:
            if not self._was_to_be_added(key, event, stream):
                self.cannot_tell(_STARTED_LATER)
                return
            origin = self.history.records.get(key)
            last = origin.last if origin is not None else None
            kind = event.delivery.value
            self.violated(
                f"stream {stream.name} delivers {kind} of {display_key(key)}, which it never delivered as ADDED",
                [key], event, *([last.event] if last is not None and last.event.where != event.where else []),
            )
        elif held is not None and event.uid and held[1].uid and event.uid != held[1].uid:
            self.violated(
                f"stream {stream.name} delivers {display_key(key)} with another uid without having told the first one deleted",
                [key], event, held[1],
            )

    def _was_to_be_added(self, key: Key, event: Event, stream: Stream) -> bool:
        """Must the stream have told of the object before? Not if it began at a version (reflectors do) that has it already."""
        if stream.whole or key in stream.gone:
            return True
        record = self.history.records.get(key)
        if record is None or not record.from_start or record.uid != event.uid:
            return False
        origin = next((known for known in record.versions if known.change is Change.CREATE), None)
        return origin is not None and origin.event.kind is Kind.REQUEST and origin.number > stream.began


class Agreement(Rule):
    """Deliveries and writes."""

    name = "watch.agreement"
    sentence = "A delivery tells the object exactly as the write with that resourceVersion left it."
    every_write = True
    source = f"{_CACHER}; staging/src/k8s.io/apiserver/pkg/storage/etcd3/watcher.go transform"

    def delivered(self, event: Event) -> None:
        """The delivery against the answer that the writer got."""
        key = key_of(event)
        if event.delivery not in _OBJECTS or key is None or event.version is None:
            return
        record = self.history.records.get(key)
        known = record.find(event.version) if record is not None else None
        if record is None or known is None:
            self.cannot_tell("the log does not have the write")
            return
        if known.event.file == event.file and known.event.line == event.line:
            self.cannot_tell("the log does not have the write")
            return
        kind = event.delivery
        if kind is Delivery.DELETED and known.change is not Change.REMOVE and known.event.kind is Kind.REQUEST and (
            self._may_have_left(event, known)
        ):
            self.cannot_tell(_SELECTED)
            return
        self.judge()
        if known.event.kind is Kind.REQUEST and (kind is Delivery.DELETED) != (known.change is Change.REMOVE):
            self.violated(f"{kind.value} of {record} at resourceVersion {event.version}, which is a {known.change.value}",
                          [key], event, known.event)
            return
        if known.uid and event.uid and known.uid != event.uid:
            self.violated(f"{record} is delivered with uid {event.uid}; the write of resourceVersion {event.version} has "
                          f"{known.uid}", [key], event, known.event)
            return
        told = self.history.body_of(event)
        if told is None or known.body is None or not one_kind(event.answer_kind, known.kind):
            return  # a Scale, or the metadata alone
        if same_content(told, known.body) is False:
            self.violated(f"{record} at resourceVersion {event.version} is delivered with other content than was written",
                          [key], event, known.event)


    def _may_have_left(self, event: Event, known: Version) -> bool:
        """Has this DELETED the content of before its write, as that of an object has which left the selection?"""
        told = self.history.body_of(event)
        if told is None or known.body is None or not one_kind(event.answer_kind, known.kind):
            return True
        return not same_content(told, known.body)


class Future(Rule):
    """Nothing is told before it was."""

    name = "watch.not-from-the-future"
    sentence = (
        "A delivery or bookmark does not come before a write of its resourceVersion, or of a lower one, was received (clocks of "
        "different programs may differ by a second)."
    )
    every_write = True
    source = _CACHER
    nothing = "no stream tells when its deliveries came"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._latest: dict[str, Event] = {}
        """Store -> of the writes so far, in the order of their versions: the one that was received last."""

    def before_write(self, event: Event, record: Record | None) -> None:
        """Revisions are given one after the other: who knows of one knows that all lower ones have been given."""
        store = store_of(event.group, event.resource or "")
        known = self._latest.get(store)
        when, latest = interval(event), interval(known) if known is not None else None
        if when is not None and (latest is None or when[0] > latest[0]):
            self._latest[store] = event

    def delivered(self, event: Event) -> None:
        """The time of the delivery against the times of the writes up to its version."""
        latest = self._latest.get(store_of(event.group, event.resource or ""))
        if event.delivery is Delivery.ERROR or event.resource is None or event.version is None or latest is None:
            return
        if event.version < (latest.version or 0):
            return
        if interval(event) is None or (event.received is None) != (latest.received is None):
            self.cannot_tell(NO_TIME)
            return
        self.judge()
        if surely_before(event, latest):
            key = key_of(event)
            told = display_key(key) if key is not None else "a bookmark"
            its = "its write" if event.version == latest.version else f"the write of {latest.version}, a lower one,"
            self.of_one_counter(
                event, latest, f"{told} at resourceVersion {event.version} was delivered before {its} was received",
                [key] if key is not None else [], (event, "delivered before"), (latest, "received later"))


class Relist(Rule):
    """After 410 a client begins again."""

    name = "watch.relist"
    sentence = (
        "After 410 (Expired) a stream begins with the state again; that state is not older than what it told "
        "before."
    )
    source = (
        "staging/src/k8s.io/client-go/tools/cache/reflector.go list, watchList, relistResourceVersion; "
        "staging/src/k8s.io/apiserver/pkg/storage/cacher/watch_cache.go getAllEventsSinceLocked"
    )
    nothing = "no stream was expired"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._expired: dict[str, tuple[Event, int]] = {}
        self._reached: dict[str, int] = {}
        self._held: dict[str, dict[Key, tuple[int, Event]]] = {}

    def delivered(self, event: Event) -> None:
        """The first deliveries after an ERROR 410."""
        name = event.stream
        if event.delivery is Delivery.ERROR and is_expired(event):
            self._expired[name] = (event, self._reached.get(name, 0))
            return
        key, version = key_of(event), event.version
        if version is None:
            return
        held = self._held.setdefault(name, {})
        expired = self._expired.get(name)
        if expired is not None:
            error, reached = expired
            if event.delivery is not Delivery.MODIFIED:
                self.judge()
            if event.delivery in (Delivery.MODIFIED, Delivery.DELETED):
                self._expired.pop(name)
                held.clear()
                if event.connection == error.connection > 0:  # 0 where connections are not told
                    self.violated(f"stream {name} goes on with {event.delivery.value} after 410 on the same connection: what was missed "
                                  "is not told", [key] if key else [], event, error)
                else:
                    self.cannot_tell(_LISTED)
            elif event.delivery is Delivery.ADDED and key is not None and key in held and version < held[key][0]:
                self.violated(f"after 410 stream {name} tells {display_key(key)} at {version}, older than {held[key][0]} told before",
                              [key], event, held[key][1], error)
            elif event.initial_end:
                if version < reached:
                    self.violated(f"after 410 stream {name} begins with the state of {version}, older than {reached} told before",
                                  [], event, error)
                self._expired.pop(name)
        if key is not None:
            if event.delivery is Delivery.DELETED:
                held.pop(key, None)
            else:
                held[key] = (version, slim(event))
        self._reached[name] = max(self._reached.get(name, 0), version)


_LISTED: Final = "the client may have listed the state in a request of its own, and watched on from there"


class Bookmark(_OfStreams):
    """A bookmark promises that all before it was delivered."""

    name = "watch.bookmark"
    sentence = (
        "A bookmark's resourceVersion is not below what the stream delivered, and nothing at or below it "
        "comes later."
    )
    source = "https://kubernetes.io/docs/reference/using-api/api-concepts/#watch-bookmarks; " + _CACHER
    nothing = "no bookmark in the log"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._marks: dict[str, Event] = {}
        self._last: dict[str, Event] = {}

    def delivered(self, event: Event) -> None:
        """Each delivery against the last bookmark."""
        name = event.stream
        if self.settle(name, self.history.run):
            self._marks.pop(name, None)
        if event.delivery is Delivery.ERROR:
            self._marks.pop(name, None)
            self._last.pop(name, None)
            return
        if event.version is None:
            return
        if event.delivery is Delivery.BOOKMARK:
            self.judge()
            last = self._last.get(name)
            if last is not None and (last.version or 0) > event.version:
                self.violated(f"a bookmark of stream {name} at {event.version} comes after a delivery at {last.version}",
                              [], event, last)
            self._marks[name] = slim(event)
            return
        mark = self._marks.get(name)
        if mark is not None and event.version <= (mark.version or 0):
            key = key_of(event)
            self.contradicts(event, f"stream {name} delivers resourceVersion {event.version} after a bookmark at {mark.version}",
                          [key] if key else [], event, mark)
        last = self._last.get(name)
        if last is None or event.version > (last.version or 0):
            self._last[name] = slim(event)


RULES: tuple[type[Rule], ...] = (Order, NoGap, Agreement, Future, Relist, Bookmark)
