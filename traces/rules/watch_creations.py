"""The rule that a stream tells of what is created, as far as the log tells what the stream was asked for."""

from __future__ import annotations

from collections import Counter, deque
from typing import Final, TypeAlias

from kubecheck.traces.event import Delivery, Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, display_key, key_of
from kubecheck.traces.objects import Meta
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.streams import Run
from kubecheck.traces.versions import Change, Step, slim
from kubecheck.traces.workloads import Workloads

_SIBLINGS: Final = 2
"""Creations of one owner that a stream has told of, from which on another one, alike in all that selectors look at, must be told."""
_EXPECTED: Final = 10_000
_Class: TypeAlias = tuple[str, ...]


class _Stream:
    """What a stream has told of creations."""

    __slots__ = ("began", "connection", "expected", "last", "missing", "over", "told", "uids")

    def __init__(self, connection: int) -> None:
        self.connection = connection
        self.began: int | None = None
        """The version at which its state had ended; None: it is still being told."""
        self.over = False
        """Its client began again, or lost its connection: nothing more is judged."""
        self.expected: deque[tuple[int, str, Key, _Class, Event]] = deque()
        self.told: Counter[_Class] = Counter()
        """Creations that it has told of as they were written."""
        self.uids: set[str] = set()
        """Of what it was to tell, and has."""
        self.missing: list[tuple[str, Key, _Class, Event, Event]] = []
        self.last: Event | None = None


class Creations(Rule):
    """Nothing new is left out."""

    name = "watch.creations"
    sentence = (
        "A stream that tells of two creations for one owner, as they were written, tells of a third one with the same labels; and of one "
        "of the same name and labels again."
    )
    source = (
        "staging/src/k8s.io/apiserver/pkg/storage/cacher/cacher.go dispatchEvent, newCacheWatcher filterWithAttrsFunction (labels and a "
        "few fields, which are alike in new pods of one owner), cache_watcher.go convertToWatchEvent"
    )
    nothing = "no stream tells of creations for one owner"
    every_write = True

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._streams: dict[str, _Stream] = {}
        self._by_resource: dict[tuple[str, str], list[_Stream]] = {}

    def step(self, step: Step) -> None:
        """A creation: the streams of its kind are to tell it."""
        record, after = step.record, step.after
        streams = self._by_resource.get(record.key[:2])
        if streams is None or after.change is not Change.CREATE or after.event.kind is not Kind.REQUEST or after.meta is None:
            return
        uid = after.meta.uid
        if uid is None:
            return
        for stream in streams:
            if not stream.over and stream.began is not None and after.number > stream.began and len(stream.expected) < _EXPECTED:
                stream.expected.append((after.number, uid, record.key, _class(record.key, after.meta), slim(after.event)))

    def delivered(self, event: Event) -> None:
        """A delivery: the creations before it must have been told."""
        stream = self._streams.get(event.stream)
        if stream is None:
            stream = self._streams[event.stream] = _Stream(event.connection)
            if event.resource is not None:
                self._by_resource.setdefault((event.group, event.resource), []).append(stream)
        if stream.over:
            return
        untold = event.uid is None and event.delivery is Delivery.ADDED
        if event.delivery is Delivery.ERROR or untold or event.connection != stream.connection or self.history.run is Run.SESSION:
            stream.over = True
            stream.expected.clear()
            return
        version = event.version
        if version is None:
            return
        if stream.began is None:
            if event.delivery is not Delivery.ADDED or event.initial_end:
                stream.began = version
            return
        if event.delivery is Delivery.ADDED and event.uid is not None:
            stream.uids.add(event.uid)
        while stream.expected and stream.expected[0][0] <= version:
            number, uid, key, kind, created = stream.expected[0]
            if number == version and uid != event.uid:
                break  # of a bookmark: it may still come
            stream.expected.popleft()
            if uid not in stream.uids:
                if len(stream.missing) <= _MISSING:
                    stream.missing.append((uid, key, kind, created, slim(event)))
                continue
            stream.uids.discard(uid)
            if number == version and key_of(event) == key:
                self.judge()
                stream.told[kind] += 1
                stream.told[_again(key, kind)] += 1

    def finished(self) -> None:
        """What a stream left out, if it was one creation only: else it was asked for something else."""
        for name, stream in self._streams.items():
            if len(stream.missing) != 1 or self.history.runs.get(name) is Run.SESSION or stream.over:
                continue
            uid, key, kind, created, later = stream.missing[0]
            if uid in stream.uids or (stream.told[kind] < _SIBLINGS and not stream.told[_again(key, kind)]):
                self.cannot_tell("it may not be what the stream was asked for")
                continue
            self.violated(f"stream {name} leaves out the creation of {display_key(key)} and goes on at {later.version}", [key],
                          (later, f"delivered {later.version}"), (created, f"wrote {created.version}"))


_MISSING: Final = 2


def _class(key: Key, meta: Meta) -> _Class:
    """What selectors can tell new objects apart by: kind, namespace, labels; and the owner, as whose objects are alike in the rest."""
    owner = meta.controller.uid if meta.controller is not None else f"/{key[3]}"
    return (*key[:3], owner, *(f"{name}={value}" for name, value in sorted((meta.labels or {}).items())))


def _again(key: Key, kind: _Class) -> _Class:
    return ("again", key[3], *kind)


RULES: tuple[type[Rule], ...] = (Creations,)
