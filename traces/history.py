"""What objects looked like at which revision, as far as the log tells it.

Memory grows with the objects that live, not with the log: of each object the newest body is kept (packed, when nothing has
happened to it for a while) and the last `_DEPTH` versions without their bodies; of removed ones a tombstone, of which the oldest
are forgotten.

A log is never taken to be complete. What is known of an object is one of three things: it exists, it does not, or the log
cannot tell (a request without an answer, a collection deleted, an eviction, a restarted API server). Facts on which requests
write what: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and pkg/registry/core/pod/storage.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

import msgspec

from kubecheck.traces.body import Body, body_of
from kubecheck.traces.effects import WRITES, Effect, effect_of, empties_finalizers, may_have_written
from kubecheck.traces.event import Delivery, Event, Header, Kind, Level, Stage, Told
from kubecheck.traces.keys import Key, key_of, namespace_of, store_of
from kubecheck.traces.order import Pending, interval, surely_before
from kubecheck.traces.packing import Packer
from kubecheck.traces.shapes import as_dict, as_list
from kubecheck.traces.streams import Run, Sessions
from kubecheck.traces.versions import Change, Record, Step, Version, slim

_TOMBSTONES: Final = 20_000
_WHOLE: Final = 1_000
"""Of the tombstones those, the newest, that keep more than their last version."""
_VERSIONS: Final = 16_384
_DECODED: Final = 512
ORDER_OF_LINES: Final = 1_000_000
"""Microseconds by which lines of an audit log may be out of order."""
_UNANSWERED: Final = 32
"""Unanswered writes that are kept for each object with their times."""
_UNSURE: Final = 20_000
"""Objects with unanswered writes; of those of further ones it is kept only that they may have been to any object of the kind."""
_BEFORE_RESTART: Final = 60_000_000
"""Microseconds before an API server's first request in which its former life may have ended."""


class History:
    """All objects of one validation."""

    def __init__(self, pending: Pending) -> None:
        self.pending = pending
        self.records: dict[Key, Record] = {}
        self.first_version: int | None = None
        """Of kube-apiserver's store, as `last_version`."""
        self.last_version: int | None = None
        self.version_count = 0
        self.objects_seen = 0
        self.live = 0
        self.complete = False
        """The log begins with the empty cluster: kube-system was created in it, or its header says so."""
        self.promised = False
        """A header says that the log has every request."""
        self.no_policy = False
        """It is a log of our own formats: no audit policy leaves writers out of it."""
        self.restarts: list[Event] = []
        """The first event after an API server's start that was not its first, and crashes that a log tells."""
        self.levels: dict[tuple[str, str, str], Level] = {}
        """(group, resource, namespace) -> the lowest level at which requests on it were recorded."""
        self.unanswered: dict[Key, list[Event]] = {}
        """Writes that may have happened: no answer, or a timeout."""
        self.collections: dict[tuple[str, str, str], list[Event]] = {}
        """(group, resource, namespace) -> the last successful deletecollections."""
        self.by_version: OrderedDict[tuple[str, int], Version] = OrderedDict()
        """Store (keys.py store_of) and number -> version."""
        self.servers: set[str] = set()
        self.late: set[Key] = set()
        """Objects with writes that came too late to be ordered."""
        self._audited_from: dict[str, int] = {}
        """Store -> the revision from which on every write must be in the log, if the log keeps its kind: it began before."""
        self._begins: dict[str, int] = {}
        self._identities: set[str] = set()
        self._addresses: set[str] = set()
        """Of API servers, as the Endpoints or EndpointSlices of the Service kubernetes tell them (pkg/controlplane/reconcilers)."""
        self.now: Event | None = None
        """The request that is being judged: what was received after its answer is not yet to be reckoned with."""
        self.run = Run.NONE
        """What the ADDED lines before the delivery that is being judged were, in its stream."""
        self.runs: dict[str, Run] = {}
        """What the last ADDED lines of each stream were; known when all have ended."""
        self._sessions: dict[str, Sessions] = {}
        self.header_nodes: set[str] = set()
        """Nodes that a log's header names."""
        self._servers_named: set[str] = set()
        self._loopback: dict[str, str] = {}
        self._tombstones: OrderedDict[Key, None] = OrderedDict()
        self._newest_tombstones: deque[Record] = deque()
        self._decoded: deque[Version] = deque()
        self._packer = Packer()
        self._body: tuple[Event | None, Body | None] = (None, None)

    # What the log says of itself

    def arrived(self, event: Event) -> None:
        """Takes what an event says before it is ordered: level, restarts, missing answers."""
        if event.name == "kubernetes" and event.resource in ("endpoints", "endpointslices") and event.response is not None:
            self._addresses.update(_addresses(event))
        if event.kind is not Kind.REQUEST:
            if event.resource == "leases" and event.answer is not None and event.name is not None and (
                (event.answer.labels or {}).get("apiserver.kubernetes.io/identity") == "kube-apiserver"
            ):
                self._identities.add(event.name)
            if event.kind in (Kind.CRASH, Kind.RESTART) and event.component in self._servers_named:
                self.restarts.append(event)
            return
        server = event.server
        if server not in self.servers:
            self.servers.add(server)
        if server not in self._begins and event.completed is not None:
            self._begins[server] = event.completed
        if event.user == "system:apiserver" and event.user_uid is not None:
            known = self._loopback.setdefault(server, event.user_uid)
            if known != event.user_uid:
                self._loopback[server] = event.user_uid
                self.restarts.append(slim(event))
        if event.verb not in WRITES or event.resource is None:
            return
        if event.resource == "leases" and event.ok and event.name is not None and event.user == "system:apiserver":
            self._identities.add(event.name)
        if event.stage is Stage.COMPLETE and (event.ok or event.level < Level.REQUEST_RESPONSE):
            area = (event.group, event.resource, namespace_of(event))
            if self.levels.get(area, Level.REQUEST_RESPONSE) >= event.level:
                self.levels[area] = event.level
        if may_have_written(event):
            key = key_of(event) or (event.group, event.resource, namespace_of(event), "")
            self._remember_unanswered(key, event)

    def _remember_unanswered(self, key: Key, event: Event) -> None:
        """Keeps the first of an object's unanswered writes with their times; of the others one for each verb, at any time."""
        if len(self.unanswered) >= _UNSURE and key not in self.unanswered:
            key = (*key[:3], "")
        held = self.unanswered.setdefault(key, [])
        if len(held) < _UNANSWERED:
            held.append(slim(event))
        elif not any(other.verb == event.verb and interval(other) is None for other in held):
            held.append(msgspec.structs.replace(slim(event), received=None, completed=None, sequence=None))

    def begins(self, header: Header) -> None:
        """Takes what a log says of itself in its first lines."""
        self.no_policy = True
        self.promised = self.promised or header.complete
        self.complete = self.complete or header.complete
        self.header_nodes.update(header.nodes)
        self._servers_named.update(header.servers)

    def covered(self, key: Key) -> bool:
        """Does the log keep the answers to every write of this kind of object in this namespace?"""
        return self.levels.get(key[:3]) is Level.REQUEST_RESPONSE and not self.servers_missing

    def kept_throughout(self, key: Key) -> bool:
        """Does no line on this kind of object in this namespace lack its answer?"""
        return self.levels.get(key[:3], Level.REQUEST_RESPONSE) is Level.REQUEST_RESPONSE

    @property
    def servers_missing(self) -> bool:
        """Is there an API server (each renews a lease of its own, or enters its address) whose log was not given?"""
        return max(len(self._identities), len(self._addresses)) > len(self.servers) + len(self.restarts) > 0

    def audited(self, key: Key, number: int) -> bool:
        """Was this revision written after the log had begun?"""
        return self.complete or number > self._audited_from.get(store_of(key[0], key[1]), number)

    def record(self, event: Event) -> Record | None:
        """What is known of the object that an event is about."""
        key = key_of(event)
        return None if key is None else self.records.get(key)

    def uncertain(self, key: Key) -> list[Event]:
        """Writes that may have happened to an object, at a time and with a version that the log does not tell."""
        found: list[Event] = []
        if self.unanswered:
            found += [*self.unanswered.get(key, ()), *self.unanswered.get((*key[:3], ""), ())]
        if self.collections:
            found += [*self.collections.get(key[:3], ()), *self.collections.get((key[0], key[1], ""), ())]
        record = self.records.get(key)
        if record is not None:
            found += record.disturbed
        found += self.pending.of(key)
        if self.now is None or not found:
            return found
        return [event for event in found if not surely_before(self.now, event)]  # what came later explains nothing

    def may_be_gone(self, key: Key) -> bool:
        """May an object that was seen have been removed meanwhile by a request that the log does not order?"""
        return any(
            event.verb in ("delete", "deletecollection") or event.subresource == "eviction" or empties_finalizers(event)
            or event.delivery is Delivery.DELETED for event in self.uncertain(key)
        ) or self._restarted_since(key)

    def may_have_come(self, key: Key) -> bool:
        """May an object that was gone have been created meanwhile by a request that the log does not order?"""
        return any(event.verb in ("create", "update", "patch") for event in self.uncertain(key)) or self._restarted_since(key)

    def restarted_between(self, first: Event, second: Event) -> bool:
        """Was an API server restarted between two events? Then writes may be missing there: their answers were never logged."""
        if not self.restarts:
            return False
        one, other = interval(first), interval(second)
        if one is None or other is None:
            return True
        for restart in self.restarts:
            when = interval(restart)
            if when is None or (one[0] <= when[1] and when[0] - _BEFORE_RESTART <= other[1]):
                return True
        return False

    def _restarted_since(self, key: Key) -> bool:
        record = self.records.get(key)
        if not self.restarts or record is None:
            return bool(self.restarts)
        last = record.removed_by if record.exists is False else record.last.event if record.last else None
        when = None if last is None else interval(last)
        if when is None:
            return True
        return any((at := interval(restart)) is None or when[0] <= at[1] for restart in self.restarts)

    def removed_by_server(self, key: Key) -> bool:
        """May the API server itself have removed an object? Events expire (event/storage/storage.go NewREST, ttl), the Endpoints
        of a Service go with it (core/service/storage/storage.go afterDelete), and custom resources with their definition
        (apiextensions-apiserver crd_finalizer.go deleteInstances).
        """
        group, resource, namespace, name = key
        if resource == "events":
            return True
        if (group, resource) == ("", "endpoints"):
            service = self.records.get(("", "services", namespace, name))
            return service is not None and (service.exists is not True or service.removed_by is not None)
        definition = self.records.get(("apiextensions.k8s.io", "customresourcedefinitions", "", f"{resource}.{group}"))
        if definition is None:
            return False
        last = definition.last.meta if definition.last is not None else None
        gone = definition.exists is not True or definition.removed_by is not None
        return gone or (last is not None and last.deletion_timestamp is not None)

    # Versions

    def body_of(self, event: Event) -> Body | None:
        """The object that was answered, as far as it is told; None if only its metadata are, or another view of it (a Scale). Taken
        apart once for the event that is being judged."""
        if self._body[0] is not event:
            told = event.told
            self._body = (event, body_of(event.response, whole=told is Told.WHOLE) if told >= Told.PART else None)
        return self._body[1]

    def is_known(self, event: Event) -> bool:
        """Did this answer tell a version that was there before (nothing written, or removed with the old version)?

        Of an object that the log has not told of, and at revisions from before the log, a write without a precondition may have
        written nothing.
        """
        record, number = self.record(event), event.version
        if number is None:
            return False
        unsure = record is None or not record.versions or not self.audited(record.key, number)
        if unsure and event.verb in ("patch", "delete", "update") and event.code != 201 and event.precondition_version is None:
            return True
        return record is not None and record.find(number) is not None

    def see(self, event: Event) -> Step | None:
        """Puts in the version that an answer tells of an object not told of before, whoever wrote it."""
        key, number = key_of(event), event.version
        if key is None or number is None or effect_of(event) not in (Effect.UPDATE, Effect.REMOVE) or empties_finalizers(event):
            return None
        record = self.records.get(key)
        if record is not None and record.last is not None and number <= record.last.number:
            return None
        change = Change.REMOVE if effect_of(event) is Effect.REMOVE else Change.SEEN
        return self._enter(key, number, change, event)

    def write(self, event: Event) -> Step | None:
        """Puts a write in; called in the order of resourceVersions. None if it is not about an object by name."""
        key, number = key_of(event), event.version
        effect = effect_of(event)
        if key is None or number is None or effect in (Effect.NONE, Effect.UNLOGGED, Effect.COLLECTION):
            return None
        change = {Effect.CREATE: Change.CREATE, Effect.REMOVE: Change.REMOVE}.get(effect, Change.UPDATE)
        begun = max(self._begins.values(), default=None)
        store = store_of(key[0], key[1])
        if store not in self._audited_from and event.received is not None and begun is not None and (
            event.received > begun + ORDER_OF_LINES  # what was written before was answered before the first lines were written
        ):
            self._audited_from[store] = number
        return self._enter(key, number, change, event)

    def streamed(self, event: Event, *, initial: bool) -> None:
        """Takes in where a delivery stands in its stream."""
        self.run = self._sessions.setdefault(event.stream, Sessions()).next(event, self._is_gone, initial=initial)

    def streams_end(self) -> None:
        """No delivery follows."""
        self.runs = {name: sessions.ended(self._is_gone) for name, sessions in self._sessions.items()}

    def _is_gone(self, key: Key) -> bool:
        record = self.records.get(key)
        return record is None or record.exists is not True or self.may_be_gone(key)

    def deliver(self, event: Event, *, initial: bool) -> Step | None:
        """Puts in what a stream delivered, if it is news; called in the order of resourceVersions."""
        key, number = key_of(event), event.version
        change = None if event.delivery is None else _CHANGES.get(event.delivery)
        if key is None or number is None or change is None:
            return None
        record = self.records.get(key)
        last = record.last if record is not None else None
        if record is not None and last is not None and number < last.number:
            return None
        # when it came says nothing of when it was written: that may have been long before
        if event.received is not None or event.completed is not None or event.sequence is not None:
            event = msgspec.structs.replace(event, received=None, completed=None, sequence=None)
        if record is not None and last is not None and number == last.number:
            if last.told < Told.PART <= event.told and not initial:
                last.complete(event)
            if event.delivery is Delivery.DELETED and record.exists and last.event.kind is Kind.DELIVERY and (
                self.tells_removal(event, record)
            ):
                self._removed(record, event)
            return None
        if change is Change.REMOVE and record is not None and record.exists is not False and not self.tells_removal(event, record):
            if record.exists:
                self.live -= 1
            record.exists = None
            record.disturbed.append(slim(event))
            return None
        if change is Change.CREATE and (initial or (record is not None and record.exists is not False and event.uid == record.uid)):
            change = Change.SEEN  # part of a state, or what came (again) to be what the stream was asked for
        return self._enter(key, number, change, event)

    def tells_removal(self, event: Event, record: Record | None) -> bool:
        """Does this DELETED say that the object was removed? If its stream was asked for a selection it may say only that a change
        took the object out of that: it then has the content of before and the resourceVersion of the change
        (staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go convertToWatchEvent).
        """
        meta = event.metadata
        if meta is not None and meta.deletion_timestamp is not None and meta.deletion_grace_period_seconds == 0:
            return True  # what is about to be removed this instant changes no more
        if record is None:
            return False
        number = event.version or 0
        return any(
            other.verb == "deletecollection" or other.subresource == "eviction"
            or ((other.verb == "delete" or empties_finalizers(other)) and (other.version is None or other.version <= number))
            for other in (*self.uncertain(record.key), *record.unlogged)
        ) or self.removed_by_server(record.key)  # a request that answers a later version removed it later

    def place(self, event: Event) -> Record | None:
        """Puts in the effect of a write whose answer told no (new) version; called when it is placed by time.

        Returns the record of an object that it removed."""
        effect = effect_of(event)
        if effect is Effect.NONE:
            return None
        if effect is Effect.COLLECTION:
            self.collections.setdefault((event.group, event.resource or "", namespace_of(event)), []).append(slim(event))
            del self.collections[event.group, event.resource or "", namespace_of(event)][:-8]
            return None
        record = self.record(event)
        if record is None:
            return None
        if effect is Effect.UNLOGGED:
            last = record.last
            record.unlogged = [*record.unlogged[-7:], slim(event)]
            if last is None or not _covers(last.event, event):
                record.disturbed.append(slim(event))
            if event.verb == "delete" or event.subresource == "eviction":
                record.going = True
            elif record.going and event.verb in ("update", "patch"):
                self._doubt(record)
            return None
        if effect is Effect.UPDATE and event.metadata is None and record.going:
            self._doubt(record)
        if effect is Effect.REMOVE or (effect is Effect.UPDATE and empties_finalizers(event)):
            same = event.uid is None or record.uid is None or event.uid == record.uid
            if record.exists and same:
                last = record.last
                if (event.uid is None or record.uid is None) and last is not None and not _after(event, last.event):
                    if not _covers(last.event, event):  # else it removed one before this one
                        self._doubt(record)
                    return None
                self._removed(record, event)
                return record
        return None

    def _enter(self, key: Key, number: int, change: Change, event: Event) -> Step:
        record = self.records.get(key)
        if record is None:
            record = self.records[key] = Record(key)
            self.objects_seen += 1
        if change is Change.UPDATE and record.last is None:
            change = Change.SEEN
        elif change is Change.SEEN and record.last is not None and event.kind is Kind.REQUEST:
            change = Change.UPDATE
        before, body = record.last, self.body_of(event)
        if body is not None and before is not None and before.decoded is not None:
            body.follows(before.decoded)
        version = Version(number, change, event, body=body)
        uid = version.uid
        if uid and record.uid:
            another = uid != record.uid
        else:  # not told: another one, if the one before may be gone
            another = record.exists is not True or self.may_be_gone(key)
        if change in (Change.CREATE, Change.SEEN) or (before is not None and another):
            before = None
            record.from_start = change is Change.CREATE
            if not record.exists:
                record.unlogged = []
        exact = before is not None and self._exact(record, before, version)
        record.disturbed.clear()
        record.add(version)
        record.uid = version.uid = uid or (None if before is None else record.uid)
        self.version_count += 1
        store = store_of(key[0], key[1])
        if store == "":
            if self.first_version is None:
                self.first_version = number
            self.last_version = number if self.last_version is None else max(number, self.last_version)
        self.by_version[store, number] = version
        if len(self.by_version) > _VERSIONS:
            self.by_version.popitem(last=False)
        if change is Change.REMOVE:
            self._removed(record, event)
        else:
            if not record.exists:
                self.live += 1
                self._tombstones.pop(key, None)
            record.exists = True
            record.removed_by = None
            if version.meta is not None:
                record.going = version.meta.deletion_timestamp is not None
            elif change is Change.CREATE:
                record.going = False
            elif record.going and event.verb in ("update", "patch"):
                self._doubt(record)
        self._decoded.append(version)
        if len(self._decoded) > _DECODED:
            cold = self._decoded.popleft()
            cold.rest(self._packer, cold.event.resource or "")
        if key[1] == "namespaces" and key[3] == "kube-system" and change is Change.CREATE and event.kind is Kind.REQUEST:
            self.complete = True
        return Step(record, before, version, exact)

    def _doubt(self, record: Record) -> None:
        """It may have been removed: by a write that took its last finalizer off, and does not tell so."""
        if record.exists:
            self.live -= 1
            record.exists = None

    def settle(self, step: Step) -> None:
        """Forgets the body of the version before, and the line of this one; called when every rule has seen the step."""
        versions = step.record.versions
        if len(versions) > 1:
            versions[-2].release_body()
        if step.after.change is Change.REMOVE:
            step.after.release_body()
        else:
            step.after.release_line()

    def _exact(self, record: Record, before: Version, after: Version) -> bool:
        wanted = after.event.precondition_version
        if wanted == str(before.number):
            return True
        if wanted not in (None, "", "0") or self.pending.contested == after.number:
            return False  # it had seen another version than this one; or another request may have written it
        if after.event.kind is Kind.DELIVERY:
            return False  # the writer is not known, so neither is what it saw
        if self.restarted_between(before.event, after.event):
            return False
        return self.covered(record.key) and not self.uncertain(record.key)

    def _removed(self, record: Record, event: Event) -> None:
        if record.exists:
            self.live -= 1
        record.exists = False
        record.removed_by = slim(event)
        record.disturbed.clear()
        self._tombstones[record.key] = None
        self._newest_tombstones.append(record)
        if len(self._newest_tombstones) > _WHOLE:
            old = self._newest_tombstones.popleft()
            if old.exists is False:
                del old.versions[:-1]
        if len(self._tombstones) > _TOMBSTONES:
            forgotten, _ = self._tombstones.popitem(last=False)
            self.records.pop(forgotten, None)


def _addresses(event: Event) -> set[str]:
    """The addresses that Endpoints or an EndpointSlice of the Service kubernetes in namespace default hold."""
    body = as_dict(body_of(event.response))
    if event.namespace != "default":
        return set()
    held = [address for endpoint in as_list(body.get("endpoints")) for address in as_list(as_dict(endpoint).get("addresses"))]
    held += [as_dict(entry).get("ip") for subset in as_list(body.get("subsets")) for entry in as_list(as_dict(subset).get("addresses"))]
    return {address for address in held if isinstance(address, str)}


def _covers(later: Event, earlier: Event) -> bool:
    """Did the later write begin after the earlier one had ended?"""
    one, other = interval(earlier), interval(later)
    return one is not None and other is not None and one[1] < other[0]


def _after(event: Event, other: Event) -> bool:
    return _covers(event, other)


_CHANGES: Final = {
    Delivery.ADDED: Change.CREATE,
    Delivery.MODIFIED: Change.UPDATE,
    Delivery.DELETED: Change.REMOVE,
}
