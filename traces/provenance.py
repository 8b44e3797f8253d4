"""Who wrote each version: the versions that a stream, a read or a precondition tells of, and no request in the log wrote.

Some of them are explained by a request that does not tell what it wrote, by a killed or missing API server, or by the API server
itself. Of the rest it must be decided whether the log is incomplete (an audit policy that leaves writers out, lines that were lost)
or something was written past the API server. It is taken to be incomplete where many versions are unexplained, and where nothing
shows that the log keeps what such a writer writes (kubecheck.traces.policy).
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import Any, Final

import msgspec

from kubecheck.traces.body import Body
from kubecheck.traces.counters import Counters
from kubecheck.traces.effects import WRITES, empties_finalizers, is_silent
from kubecheck.traces.event import Event, Kind, Level, Word
from kubecheck.traces.history import ORDER_OF_LINES, History
from kubecheck.traces.keys import Key, collection_of, key_of, store_of
from kubecheck.traces.objects import Meta
from kubecheck.traces.order import interval
from kubecheck.traces.policy import Kept, Writer, kubelet_of, manager_of, writers_of
from kubecheck.traces.reasons import BEFORE, ENDS, INCOMPLETE, LEVEL, MANY, POLICY, SERVER, SERVER_MISSING, UNLOGGED
from kubecheck.traces.shapes import as_dict, as_list, as_number, as_text
from kubecheck.traces.versions import Change, Record, Step, slim
from kubecheck.traces.workloads import Pod

FEW_VERSIONS: Final = 2
FEW_OBJECTS: Final = 1
SHARE: Final = 0.02
"""More unexplained versions, or objects with such, than this, and than this share of the writes in the log: lines are missing, not
one write. (A kubelet's last deletion of a pod makes two versions.)"""

_REFUSED: Final = frozenset((200, 201, 400, 403, 422))
"""Codes of refusals, and of dry runs. Conflicts (409) are everyday and prove nothing."""
_UNANSWERED: Final = 10
"""Requests whose answers are missing, more than may be under way when a log ends."""
_ITS_OWN: Final = 0.05
_FEW_OF_ITS_OWN: Final = 30
"""Revisions, as a share and besides, that the API server gives without a request (leases of masters, IP allocations), or to events."""
_HELD: Final = 10_000
_SILENT: Final = 20_000


class Nature(Word):
    """What a version that no answer tells changed: it says which requests may have written it."""

    BOUND = "bound"
    MARKED = "marked for deletion"
    REMOVED = "removed"
    CREATED = "created"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Missing(msgspec.Struct, frozen=True):
    """A version whose writer is looked for."""

    event: Event
    """Where it is told."""
    nature: Nature
    before: Event | None
    """The version before it."""
    writers: tuple[Writer, ...]
    """Who may have written it, as the object itself tells."""
    kubelet: str | None
    """The user of the kubelet that the object belongs to."""


class Unwritten(msgspec.Struct, frozen=True):
    """A version that nothing in the log explains."""

    key: Key
    number: int
    missing: Missing
    refused: Event | None
    """A request for it that was refused, or a dry run."""


class Provenance:
    """Looks for the writers; fed by the validation as rules are."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.kept = Kept()
        self.counters = Counters()
        self.unwritten: list[Unwritten] = []
        """What nothing explains; known when the logs have ended."""
        self.written = 0
        """Versions of which a writer was found after all."""
        self.untold: Counter[str] = Counter()
        """Reason why it cannot be told who wrote a version -> how often."""
        self.lossy = False
        """Lines, or writers, are missing all over the log."""
        self.missing_lines = ""
        """If so: what shows it."""
        self.lacking: set[Key] = set()
        """Objects of which the log does not have every write."""
        self._missing: OrderedDict[tuple[Key, int], Missing] = OrderedDict()
        self._open: list[Unwritten] = []
        self._opened = 0
        self._objects: set[Key] = set()
        """Those with versions that nothing explains."""
        self._refused: OrderedDict[Key, Event] = OrderedDict()
        self._silent: dict[Key, list[Event]] = {}
        """Successful writes of an object whose answers do not tell (all of) what they wrote."""
        self._bound: OrderedDict[Key, str | None] = OrderedDict()
        """The nodes of the last pods that were bound."""
        self._until: dict[str, int] = {}
        """Store -> the last version up to which the log must have every write: streams may go on after the audit log has ended."""
        self._last: deque[tuple[int, str, int]] = deque()
        """When the writes of the log's last second were answered, their stores and versions: lines come in any order."""
        self._accounted = 0
        """Revisions of kube-apiserver's store that the log tells, and writes whose revision it does not tell."""

    def before_write(self, event: Event) -> None:
        """How far the audit log goes, and whose writes it keeps."""
        store = store_of(event.group, event.resource or "")
        if store == "":
            self.counters.take(event)
        if event.completed is None:
            self._reach(store, event.version or 0)
        else:
            self._last.append((event.completed, store, event.version or 0))
            while self._last and self._last[0][0] < event.completed - ORDER_OF_LINES:
                self._reach(*self._last.popleft()[1:])
        if event.level is Level.REQUEST_RESPONSE:
            self.kept.take(event)

    def _reach(self, store: str, number: int) -> None:
        self._until[store] = max(self._until.get(store, 0), number)

    def step(self, step: Step) -> None:
        """A version that only a delivery tells, or one that a write names."""
        record, after, before = step.record, step.after, step.before
        self._accounted += store_of(*record.key[:2]) == ""
        event = after.event
        if event.kind is Kind.DELIVERY:
            self._suspect(record.key, after.number, event, step)
            return
        if event.verb == "delete":
            self._remember(record.key, event)
            return
        wanted = as_number(event.precondition_version)
        if wanted is not None and (before is None or before.number < wanted):
            self._suspect(record.key, wanted, event, None)

    def placed(self, event: Event, record: Record | None) -> None:
        """What a read answers; requests that were refused, and those that do not tell what they wrote, are remembered."""
        key = key_of(event) or collection_of(event)
        if event.verb in WRITES:
            if event.ok and not event.dry_run and is_silent(event) and store_of(*key[:2]) == "":
                self._accounted += 1
            if event.level is Level.REQUEST_RESPONSE:
                self.kept.take(event)
            if event.subresource == "binding" and event.ok and not event.dry_run:
                self._bound[key] = as_text(as_dict(as_dict(event.request_object()).get("target")).get("name"))
                if len(self._bound) > _HELD:
                    self._bound.popitem(last=False)
            if event.dry_run or (event.code is not None and 400 <= event.code < 500):
                self._refused[key] = slim(event)
                if len(self._refused) > _HELD:
                    self._refused.popitem(last=False)
            elif event.ok:
                if event.version is not None:
                    self._missing.pop((key, event.version), None)  # told by a stream before this line was read
                self._remember(key, event)
            return
        if event.verb != "get" or not event.ok or event.subresource or event.version is None:
            return
        if record is not None and record.find(event.version) is not None:
            return
        if record is not None and record.versions and event.version < record.versions[0].number:
            return
        self._suspect(key, event.version, event, None)

    def removed(self, record: Record, event: Event) -> None:
        """A removal that only a delivery tells, or a change that took the object out of a stream's selection."""
        if event.kind is Kind.DELIVERY and event.version is not None:
            self._suspect(record.key, event.version, event, None, removed=record)

    def _remember(self, key: Key, event: Event) -> None:
        if event.verb in ("delete", "deletecollection") or event.subresource in ("binding", "eviction") or empties_finalizers(event):
            known = self._silent.setdefault(key, [])
            known.append(slim(event))
            del known[:-16]
            if len(self._silent) > _SILENT:
                self._silent.pop(next(iter(self._silent)))

    def _suspect(self, key: Key, number: int, event: Event, step: Step | None, *, removed: Record | None = None) -> None:
        if (key, number) in self._missing:
            return
        before = removed.last.event if removed is not None and removed.last is not None else None
        nature = Nature.REMOVED if removed is not None and removed.exists is False else Nature.UNKNOWN
        writers: tuple[Writer, ...] = ()
        body = self.history.body_of(event)
        if step is None and removed is None and event.verb == "get":
            writers = writers_of(key, None, body)
            nature = self._read(key, body)
        if step is not None:
            nature = _nature(step)
            known = step.before.body if step.before is not None else None
            before = step.before.event if step.before is not None else None
            if nature in (Nature.CREATED, Nature.CHANGED, Nature.UNKNOWN):
                writers = writers_of(key, known, step.after.body)
            body = step.after.body
        missing = Missing(slim(event), nature, slim(before) if before is not None else None, writers, kubelet_of(key, body))
        if not self.history.covered(key):
            self._tell(key, SERVER_MISSING if self.history.servers_missing else LEVEL)
        elif not self.history.audited(key, number):
            self._tell(key, BEFORE)
        elif self._restarted(key, number, event):
            self._tell(key, UNLOGGED)
        else:
            self._missing[key, number] = missing
            if len(self._missing) > _HELD:
                (old, old_number), oldest = self._missing.popitem(last=False)
                self._conclude(old, old_number, oldest)

    def _read(self, key: Key, body: Body | None) -> Nature:
        """What a version that is read may have changed: a pod's binding leaves no entry in managedFields."""
        record = self.history.records.get(key)
        known = record.last.body if record is not None and record.last is not None else None
        told = as_list(as_dict(as_dict(body).get("metadata")).get("managedFields"))
        if key[:2] == ("", "pods") and _node(body) and (
            not _node(known) or not any(as_dict(entry).get("subresource") == "status" for entry in told)
        ):
            return Nature.BOUND  # or its kubelet has written nothing yet
        return Nature.UNKNOWN

    def _restarted(self, key: Key, number: int, event: Event) -> bool:
        """May an API server have written it and been killed before it said so?"""
        if not self.history.restarts:
            return False
        record = self.history.records.get(key)
        versions = record.versions if record is not None else ()
        since = next((known.event for known in reversed(versions) if known.number < number and known.event.kind is Kind.REQUEST), None)
        if since is None:
            return True
        if interval(event) is not None:
            return self.history.restarted_between(since, event)
        following = next((known.event for known in versions if known.number > number and known.event.kind is Kind.REQUEST), None)
        return following is None or self.history.restarted_between(since, following)

    def tells_statuses(self, pod: Pod) -> bool:
        """Does the log keep what the pod's kubelet says of it? One that is bound to no node has none."""
        node = pod.node or self._bound.get(pod.key)
        if node is None:
            return self.kept.bindings()
        return self.kept.statuses(node)

    def finished(self, *, unanswered: int = 0, requests: int = 0) -> None:
        """What no request explains by the end of the log: the log's fault, or not?"""
        for (key, number), missing in self._missing.items():
            self._conclude(key, number, missing)
        self._missing.clear()
        share = SHARE * self.kept.writes
        many = self._opened > max(FEW_VERSIONS, share) or len(self._objects) > max(FEW_OBJECTS, share)
        half = unanswered > max(_UNANSWERED, SHARE * requests) and not self.history.restarts
        self.lossy = (many or half) and not self.history.promised
        if self.lossy:
            self.missing_lines = "; ".join([
                *([f"no request in it wrote {self._opened:,} version{'s' if self._opened > 1 else ''} of {len(self._objects):,} "
                   f"object{'s' if len(self._objects) > 1 else ''} that it tells of"] if many else []),
                *([f"{unanswered:,} of {requests:,} requests have no answer in it"] if half else []),
            ])
        self._opened += half  # the halves of requests are missing
        if self.lossy:
            self.untold[MANY] += self._opened
            return
        for found in self._open:
            reason = None if self.history.promised else self._left_out(found)
            if reason is None:
                self.unwritten.append(found)
            else:
                self._tell(found.key, reason)

    def _left_out(self, found: Unwritten) -> str | None:
        """Why the policy may have left it out; None if the log keeps such writes."""
        key, missing = found.key, found.missing
        if missing.nature is Nature.BOUND:
            kept = self.kept.bindings()
        elif missing.nature in (Nature.MARKED, Nature.REMOVED):
            kept = self.kept.deletions(key, missing.kubelet if missing.nature is Nature.REMOVED else None)
        elif found.refused is not None and found.refused.code in _REFUSED and (
            [writer.manager for writer in missing.writers] == [manager_of(found.refused)] or found.refused.version == found.number
        ):
            kept = True  # that very request, and it is logged
        else:
            created = {Nature.CREATED: (True,), Nature.CHANGED: (False,)}.get(missing.nature, (True, False))
            kept = bool(missing.writers) and all(
                self.kept.writer(key, writer, missing.event, created=created) for writer in missing.writers
            )
        return None if kept else POLICY

    def keeps_removal(self, key: Key) -> bool:
        """Does the log keep whatever removes such an object?"""
        record = self.history.records.get(key)
        body = record.last.body if record is not None and record.last is not None else None
        kubelet = kubelet_of(key, body) if key[1] == "pods" else None
        namespace = self.history.records.get(("", "namespaces", "", key[2]))
        meta = namespace.last.meta if namespace is not None and namespace.last is not None else None
        if meta is not None and meta.deletion_timestamp is not None and not self.kept.collections:
            return False
        return self.kept.any_deletion if kubelet is None else self.kept.deletions(key, kubelet)

    def keeps_marks(self, key: Key, meta: Meta) -> bool:
        """Does the log keep whatever begins to delete such an object: people, and the controller of its owner?"""
        owner = meta.controller
        return self.kept.marks(key) and self.kept.people and self.lossless_but(key) and (
            owner is None or self.kept.writes_for(owner.kind)
        )

    @property
    def lossless(self) -> bool:
        """Does nothing tell of a write that the log has not?"""
        return self.lossless_but(None)

    def lossless_but(self, key: Key | None) -> bool:
        """Does nothing tell of a write that the log has not, but one of this object?"""
        return not (self._objects - {key}) and not self.lossy and not self.history.servers_missing and not (
            any(store_of(*late[:2]) == "" for late in self.history.late)
        )

    @property
    def has_all(self) -> bool:
        """Has the log every write there was while it was written, so that what is not in it never was? What its header promises; else
        nearly every revision must be accounted for (what the API server itself writes, and events, are not in it).
        """
        first, last = self.history.first_version, self.history.last_version
        if self.history.promised:
            return True
        if not self.lossless or first is None or last is None:
            return False
        return (last - first) * (1 - _ITS_OWN) <= self._accounted + _FEW_OF_ITS_OWN

    def after_the_end(self, key: Key, number: int | None) -> bool:
        """Was this revision perhaps written after the audit log had ended?"""
        return number is not None and number > self._until.get(store_of(*key[:2]), 0) and not self.history.promised

    def _tell(self, key: Key, reason: str) -> None:
        self.untold[reason] += 1
        if reason in INCOMPLETE:
            self.lacking.add(key)

    def _refusal(self, key: Key, number: int) -> Event | None:
        refused = self._refused.get(key)
        return refused if refused is not None and refused.version in (None, number) else None

    def _conclude(self, key: Key, number: int, missing: Missing) -> None:
        history = self.history
        record = history.records.get(key)
        known = record.find(number) if record is not None else None
        silent = [event for where in (key, (*key[:3], ""), (*key[:2], "", "")) for event in self._silent.get(where, ())]
        if known is not None and known.event.kind is Kind.REQUEST:
            self.written += 1
        elif not history.covered(key):
            self._tell(key, SERVER_MISSING if history.servers_missing else LEVEL)
        elif number > self._until.get(store_of(*key[:2]), 0):
            self._tell(key, ENDS)
        elif missing.nature not in (Nature.CREATED, Nature.CHANGED) and history.removed_by_server(key):
            self._tell(key, SERVER)
        elif history.unanswered.get(key) or history.unanswered.get((*key[:3], "")):
            self._tell(key, UNLOGGED)
            self.lacking.add(key)
        elif any(_may_have_written(event, missing) for event in silent):
            self._tell(key, UNLOGGED)
        else:
            self._opened += 1
            self._objects.add(key)
            self.lacking.add(key)
            if len(self._open) < _HELD:
                self._open.append(Unwritten(key, number, missing, self._refusal(key, number)))


def _node(body: Body | None) -> Any:
    return as_dict(as_dict(body).get("spec")).get("nodeName")


def _nature(step: Step) -> Nature:
    before, after = step.before, step.after
    if after.change is Change.REMOVE:
        return Nature.REMOVED
    if before is None or before.meta is None or after.meta is None:
        return Nature.CREATED if after.change is Change.CREATE else Nature.UNKNOWN
    one, other = before.meta, after.meta
    if one.deletion_timestamp != other.deletion_timestamp or (
        one.deletion_grace_period_seconds != other.deletion_grace_period_seconds
    ):
        return Nature.MARKED
    if step.record.key[1] == "pods":
        old, new = before.body, after.body
        if old is None or new is None:
            return Nature.UNKNOWN
        if not _node(old) and _node(new):
            return Nature.BOUND
    return Nature.CHANGED


def _may_have_written(event: Event, missing: Missing) -> bool:
    """May a request that does not tell (all of) its versions have written this one?"""
    nature = missing.nature
    told, answered = missing.event.answer, event.answer
    if nature is Nature.MARKED and event.verb == "delete" and told is not None and answered is not None and (
        answered.deletion_grace_period_seconds == 0 and told.deletion_grace_period_seconds
    ):
        return False  # the first half of a final deletion sets the grace period to 0
    if nature is Nature.UNKNOWN:
        return True
    if event.subresource == "binding":
        return nature is Nature.BOUND
    if event.subresource == "eviction":  # it adds the condition DisruptionTarget before it deletes
        return nature in (Nature.CREATED, Nature.CHANGED, Nature.MARKED, Nature.REMOVED)
    if event.verb in ("delete", "deletecollection"):
        return nature in (Nature.MARKED, Nature.REMOVED)
    return nature is Nature.REMOVED
