"""Rules of the store: revisions, existence, preconditions, conflicts.

Each is about one etcd and holds for every kind of object, custom resources included.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from kubecheck.traces.effects import WRITES, Effect, effect_of, empties_finalizers
from kubecheck.traces.event import Event, Kind, Level
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, display_key, is_built_in, key_of, store_of
from kubecheck.traces.order import interval, surely_before
from kubecheck.traces.reasons import BEFORE, LACKING, LEVEL, NO_TIME, NOT_TOLD, UNLOGGED
from kubecheck.traces.rules.contents import one_kind, same_but_version, same_content, tells_managers
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_number
from kubecheck.traces.versions import Change, Record, Step, Version, slim
from kubecheck.traces.workloads import Workloads

_STORE = "staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go"
_REGISTRY = "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go"


class RevisionOrder(Rule):
    """Real time and revisions agree."""

    name = "store.revision-order"
    sentence = "A write has a higher resourceVersion than every write that was answered before it was received."
    source = f"{_STORE} Create, GuaranteedUpdate (resourceVersion is txnResp.Revision); etcd's KV API is linearizable"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._stores: dict[str, _Ascent] = {}

    def before_write(self, event: Event, record: Record | None) -> None:
        """Versions ascend here: one that was received after a higher one was answered contradicts."""
        when = interval(event)
        if when is None:
            self.cannot_tell(NO_TIME)
            return
        name = store_of(event.group, event.resource or "")
        store = self._stores.get(name)
        if store is None:
            store = self._stores[name] = _Ascent()
        latest = store.latest
        if latest is not None:
            self.judge()
        if latest is not None and surely_before(event, latest) and event.version != latest.version:
            if store.against is None:
                store.against = event
            else:
                store.further += 1
        last = None if latest is None else interval(latest)
        if last is None or when[0] > last[0]:
            self._tell(store)
            store.latest = event

    def finished(self) -> None:
        """What the last of them contradicts."""
        for store in self._stores.values():
            self._tell(store)

    def _tell(self, store: _Ascent) -> None:
        """One violation for each write that has too low a version, however many others that shows against."""
        low, high, further = store.latest, store.against, store.further
        store.against, store.further = None, 0
        if low is None or high is None:
            return
        others = f" and {further:,} further write{'s' if further > 1 else ''} with higher ones" if further else ""
        self.of_one_counter(
            low, high, f"resourceVersion {low.version} was given to a write received after the write with the higher "
            f"resourceVersion {high.version}{others} had been answered",
            [key for key in (key_of(low), key_of(high)) if key],
            (low, "received later, lower version"), (high, "answered before, higher version"),
        )


class _Ascent:
    """What a store's revisions were given to."""

    def __init__(self) -> None:
        self.latest: Event | None = None
        """The write received last."""
        self.against: Event | None = None
        """The first write with a higher version that had been answered before the latest one was received."""
        self.further = 0
        """Those after it: one damaged version contradicts all that were answered between its place and its time."""


class RevisionUnique(Rule):
    """A revision names one version of one object."""

    name = "store.revision-unique"
    sentence = (
        "A resourceVersion is given to one write of one object; every answer that tells it tells the same "
        "content."
    )
    source = f"{_STORE} Create, GuaranteedUpdate, conditionalDelete (txnResp.Revision)"
    verbs = frozenset(("get",))

    def before_write(self, event: Event, record: Record | None) -> None:
        """The version may not be known of another object."""
        if self.history.by_version:
            self.judge()
        known = self._known(event)
        if known is not None and key_of(known.event) != key_of(event):
            self.of_one_counter(
                event, known.event, f"resourceVersion {event.version} was given to two objects",
                [key for key in (key_of(event), key_of(known.event)) if key],
                (event, "the second object"), (known.event, "the first object"),
            )

    def echoed(self, event: Event, record: Record) -> None:
        """An answer with a known version tells what that version is, unless it removed the object with it."""
        known = record.find(event.version or 0)
        if known is None or empties_finalizers(event) or effect_of(event) is Effect.REMOVE:
            return
        if event.metadata is None:
            self.cannot_tell(NOT_TOLD)  # it may have removed the object, too
            return
        self._same(event, known, record)

    def placed(self, event: Event, record: Record | None) -> None:
        """What a GET answers is the version that it names."""
        if event.verb != "get" or event.subresource or record is None or not event.ok or event.version is None:
            return
        known = record.find(event.version)
        if known is not None:
            self._same(event, known, record)

    def delivered(self, event: Event) -> None:
        """A delivery of a version that is known of another object."""
        if event.version is None or event.key is None:
            return
        known = self._known(event)
        if known is not None and key_of(known.event) != key_of(event):
            self.of_one_counter(
                event, known.event, f"resourceVersion {event.version} is told of two objects",
                [key for key in (key_of(event), key_of(known.event)) if key], event, known.event,
            )

    def _known(self, event: Event) -> Version | None:
        return self.history.by_version.get((store_of(event.group, event.resource or ""), event.version or 0))

    def _same(self, event: Event, known: Version, record: Record) -> None:
        if event.uid and known.uid and event.uid != known.uid:
            self.judge()
            self.violated(f"resourceVersion {event.version} is told of two uids", [record.key], event, known.event)
            return
        told = self.history.body_of(event)
        alike = None
        if told is not None and known.body is not None and one_kind(event.answer_kind, known.kind):
            alike = same_content(told, known.body)
        if alike is None:
            self.cannot_tell(NOT_TOLD)  # a Scale, the metadata alone, or nothing that both tell
            return
        self.judge()
        if not alike:
            self.violated(
                f"resourceVersion {event.version} of {record} is answered with two contents: a version was used twice, "
                "or a write left the version as it was",
                [record.key], event, known.event,
            )


class CreateAbsent(Rule):
    """create of what is absent."""

    name = "store.create-absent"
    sentence = "A create succeeds only if no object of that name exists; each creation has a new uid."
    every_write = True
    source = (
        f"{_STORE} Create (OptimisticPut with revision 0); "
        "staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go FillObjectMetaSystemFields"
    )

    def before_write(self, event: Event, record: Record | None) -> None:
        """Before a creation, the object must not be known to exist."""
        if effect_of(event) is not Effect.CREATE:
            return
        if record is None or not record.exists:
            if record is not None:
                self.judge()
            last = record.last if record is not None else None
            if last is not None and event.uid and event.uid == last.uid:
                self.violated(f"{record} was created with the uid of the object of that name that was removed",
                              [record.key if record else ""], event, last.event)
            return
        if self.may_be_gone(record.key):
            self.cannot_tell(UNLOGGED)
            return
        self.judge()
        last = record.last
        self.presumed(
            lambda provenance: provenance.keeps_removal(record.key),
            f"{record} was created although it exists: nothing in the log removed it",
            [record.key], (event, "created again"), *([(last.event, "its last version")] if last is not None else []),
        )


class ChangeExisting(Rule):
    """Writes and successful reads need the object."""

    name = "store.change-existing"
    sentence = "An update, patch or delete succeeds only on an object that exists."
    every_write = True
    source = f"{_REGISTRY} Update, Delete; {_STORE} getState, conditionalDelete (NewKeyNotFoundError)"
    verbs = frozenset(("update", "patch", "delete"))

    def before_write(self, event: Event, record: Record | None) -> None:
        """A change of an object that is known to be gone."""
        if effect_of(event) is Effect.CREATE or event.verb == "create" or record is None:
            return
        self._judge(event, record)

    def placed(self, event: Event, record: Record | None) -> None:
        """A change without a version (delete answered with a Status, a no-op)."""
        if record is None or event.verb not in ("update", "patch", "delete") or not event.ok or event.dry_run:
            return
        removal = record.removed_by
        if record.exists is False and removal is not None and not surely_before(removal, event):
            self.cannot_tell("removed at the same time")
            return
        if effect_of(event) is Effect.CREATE:
            return
        self._judge(event, record)

    def _judge(self, event: Event, record: Record) -> None:
        if record.exists is None:
            self.cannot_tell(UNLOGGED)
            return
        if record.exists:
            self.judge()
            return
        if self.history.may_have_come(record.key) or (event.uid and record.uid and event.uid != record.uid):
            self.cannot_tell(UNLOGGED)  # another uid: it was created again
            return
        self.judge()
        self.violated(
            f"{event.verb} of {record} succeeded although it had been removed and nothing in the log created it again",
            [record.key], (event, "succeeded"), *([(record.removed_by, "removed it")] if record.removed_by else []),
        )


class NotFound(Rule):
    """404 only of what is absent."""

    name = "store.not-found"
    sentence = "A consistent read or a write of an object that exists the whole time is not answered with 404."
    every_write = True
    source = (
        f"{_REGISTRY} Get, Update, Delete; staging/src/k8s.io/apiserver/pkg/storage/cacher/delegator.go "
        "CacheDelegator.Get"
    )
    level = Level.REQUEST_RESPONSE
    verbs = frozenset(("get", "update", "patch", "delete"))

    def placed(self, event: Event, record: Record | None) -> None:
        """A 404 of a named object."""
        if event.code != 404 or record is None or event.subresource not in ("", "status") or (
            event.verb not in ("get", "update", "patch", "delete")
        ):
            return
        if event.verb == "get" and event.requested_version is not None:
            return  # may be answered from an old cache
        if event.subresource and event.group not in ("", "apps", "batch"):
            return  # a custom resource may have no status subresource
        if record.exists is None or (record.exists and self.may_be_gone(record.key)):
            self.cannot_tell(UNLOGGED)
            return
        self.judge()
        if not record.exists:
            return
        # it exists after everything that could have come before the answer: it did so all the time if its creation is older
        origin = next((version for version in record.versions if _same_uid(version, record)), None)
        if origin is None or not surely_before(origin.event, event) or origin.event.kind is Kind.DELIVERY:
            return
        if event.precondition_uid and event.precondition_uid != record.uid:
            return
        last = record.last
        self.presumed(
            lambda provenance: provenance.keeps_removal(record.key),
            f"{event.verb} of {record} was answered 404 while it existed",
            [record.key], (event, "answered 404"), (origin.event, "existed before"),
            *([(last.event, "and afterwards" if surely_before(event, last.event) else "its last version before that")]
              if last is not None and last is not origin else []),
        )


def _same_uid(version: Version, record: Record) -> bool:
    return version.uid is not None and version.uid == record.uid


class LostUpdate(Rule):
    """Optimistic concurrency."""

    name = "store.lost-update"
    sentence = (
        "A write that names a resourceVersion succeeds only if that was the current one: nothing was written "
        "in between."
    )
    every_write = True
    source = (
        f"{_REGISTRY} Update (the precondition is checked in the closure of GuaranteedUpdate); {_STORE} "
        "GuaranteedUpdate, conditionalDelete"
    )
    verbs = frozenset(("update", "patch", "delete"))

    def before_write(self, event: Event, record: Record | None) -> None:
        """No version of the object lies between what the writer had seen and what it wrote."""
        seen = as_number(event.precondition_version)
        if event.verb not in ("update", "patch", "delete") or seen is None:
            return
        if record is None or record.last is None:
            self.cannot_tell(BEFORE)
            return
        self.judge()
        last = record.last
        if event.verb == "delete":
            # the first half of a pod's final deletion is a version of its own, which only a watch tells
            last = next((version for version in reversed(record.versions) if version.event.kind is Kind.REQUEST), last)
            if last.event.kind is not Kind.REQUEST:
                return
        if seen < last.number:
            read = record.find(seen)
            self.violated(
                f"a write of {record} that had seen resourceVersion {seen} succeeded although {last.number} was the "
                "current "
                f"one: what was written there is lost",
                [record.key], (event, f"saw {seen}"), (last.event, f"wrote {last.number}"),
                *([(read.event, f"wrote {seen}")] if read is not None else []),
            )

    def placed(self, event: Event, record: Record | None) -> None:
        """A delete with a version, answered with a Status, and success of a write whose version was not "
        "current at any time."""
        seen = as_number(event.precondition_version)
        if not event.ok or event.dry_run or seen is None or record is None:
            return
        if event.verb not in ("update", "patch", "delete"):
            return
        newer = [version for version in record.versions if version.number > seen and version.change is not Change.SEEN]
        if not record.versions:
            return
        self.judge()
        early = next((version for version in newer if surely_before(version.event, event)), None)
        if early is not None and early.event.version == early.number:
            self.violated(
                f"{event.verb} of {record} on condition of resourceVersion {seen} succeeded although {early.number} "
                "had been "
                "written before it was received",
                [record.key], (event, f"on condition of {seen}"), (early.event, f"wrote {early.number} before"),
            )


class ConflictReason(Rule):
    """409 needs something to conflict with."""

    name = "store.conflict"
    sentence = (
        "A 409 is given only if there was something to conflict with: another version, another uid, an "
        "object of that name."
    )
    every_write = True
    source = (
        f"{_REGISTRY} Create, Update; {_STORE} GuaranteedUpdate, conditionalDelete (a conflict found on "
        "cached data is checked again on live data)"
    )
    verbs = WRITES

    def placed(self, event: Event, record: Record | None) -> None:
        """A failed write is compared with the versions that the object had between reception and answer."""
        if event.code != 409 or event.verb not in WRITES:
            return
        key = key_of(event)
        if event.verb == "create" and not event.subresource:
            self._exists(event, record)
            return
        if any(text in (event.message or "") for text in _OTHER_UID):
            self._uid(event, record)
            return
        seen = as_number(event.precondition_version)
        if event.reason != "Conflict" or seen is None or event.verb == "delete":
            return
        if "modified" not in (event.message or ""):
            return
        if record is None or key is None:
            self.cannot_tell(BEFORE)
            return
        current = record.find(seen)
        if current is None:
            self.judge()  # it had seen a version that the log does not have: no contradiction
            return
        if any(version.number > seen and not surely_before(event, version.event) for version in record.versions):
            self.judge()
            return
        if record.exists is not True or self.history.uncertain(key) or self.history.restarted_between(current.event, event):
            self.cannot_tell(UNLOGGED)
            return
        if not surely_before(current.event, event) or not self.history.covered(key):
            self.cannot_tell(LEVEL if not self.history.covered(key) else "written at the same time")
            return
        self.judge()
        following = next((version for version in record.versions if version.number > seen), None)
        self.violated(
            f"{event.verb} of {record} was refused as a conflict although resourceVersion {seen}, which it named, "
            "was the "
            "current one all the time",
            [record.key], (event, "refused"), (current.event, f"wrote {seen} before"),
            *([(following.event, "the next write, later")] if following is not None else []),
        )

    def _uid(self, event: Event, record: Record | None) -> None:
        """The API server says that the object has another uid than was asked for."""
        if record is None or record.exists is not True or not event.precondition_uid or self.may_be_gone(record.key):
            self.cannot_tell(BEFORE if record is None else UNLOGGED)
            return
        self.judge()
        origin = next((version for version in record.versions if _same_uid(version, record)), None)
        if event.precondition_uid == record.uid and origin is not None and surely_before(origin.event, event):
            self.violated(f"{event.verb} of {record} was refused for its uid, which is the one that was asked for", [record.key],
                          (event, "refused"), (origin.event, "has this uid"))

    def _exists(self, event: Event, record: Record | None) -> None:
        if event.reason != "AlreadyExists" or event.name is None:
            return
        if record is None:
            key = key_of(event)
            if key is None or not self.history.complete or not self.history.covered(key) or self.history.restarts:
                self.cannot_tell(BEFORE)
                return
            if self.history.may_have_come(key):
                self.cannot_tell(UNLOGGED)
                return
            self.judge()
            self.violated(f"create of {display_key(key)} was refused as existing; nothing of that name had been created", [key], event)
            return
        if record.exists is not False or record.removed_by is None:
            self.judge()
            if record.exists and record.from_start:
                origin = next((version for version in record.versions if version.change is Change.CREATE), None)
                earlier = origin is not None and len(record.versions) == 1 and surely_before(event, origin.event)
                if earlier and origin is not None and not self.history.uncertain(record.key):
                    self.violated(f"create of {record} was refused as existing before it was created",
                                  [record.key], event, origin.event)
            return
        if self.history.may_have_come(record.key):
            self.cannot_tell(UNLOGGED)
            return
        self.judge()
        if surely_before(record.removed_by, event):
            self.violated(f"create of {record} was refused as existing although it had been removed",
                          [record.key], (event, "refused"), (record.removed_by, "removed it before"))


_OTHER_UID: Final = ("UID in precondition", "UID in the precondition")
"""storage/interfaces.go Preconditions.Check, registry/rest/delete.go BeforeDelete."""


class Uid(Rule):
    """uid preconditions, and uids that stay."""

    name = "store.uid"
    sentence = (
        "An object keeps its uid until it is removed, no two objects share one, and a write that names a uid "
        "changes that object."
    )
    every_write = True
    source = (
        f"{_REGISTRY} Update, Delete; staging/src/k8s.io/apiserver/pkg/registry/rest/update.go BeforeUpdate; "
        "staging/src/k8s.io/apiserver/pkg/storage/interfaces.go Preconditions.Check"
    )
    verbs = frozenset(("delete",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._of: OrderedDict[str, tuple[Key, Event]] = OrderedDict()
        """uid -> the object that was first told with it; the last _UIDS."""

    def step(self, step: Step) -> None:
        """A uid that appears: of no other object of that resource (API groups may serve one object under two names)."""
        uid, key = step.after.uid, step.record.key
        if step.after.change not in (Change.CREATE, Change.SEEN) or not uid:
            return
        known = self._of.setdefault(uid, (key, slim(step.after.event)))
        if len(self._of) > _UIDS:
            self._of.popitem(last=False)
        if known[0][1] == key[1] and known[0][2:] != key[2:]:
            self.judge()
            self.violated(f"{step.record} has the uid of {display_key(known[0])}", [key, known[0]], step.after.event, known[1])

    def before_write(self, event: Event, record: Record | None) -> None:
        """The uid named, the uid before, the uid answered."""
        answered = event.answer.uid if event.answer is not None else None
        if effect_of(event) is not Effect.CREATE and event.precondition_uid and answered:
            self.judge()
            if event.precondition_uid != answered:
                self.violated(f"a write for uid {event.precondition_uid} changed the object with uid {answered}",
                              [key for key in (key_of(event),) if key], event)
        if record is None or not record.exists or effect_of(event) is Effect.CREATE or not answered or not record.uid:
            return
        if answered != record.uid:
            wanted = as_number(event.precondition_version)
            unseen = wanted is not None and record.find(wanted) is None
            if self.may_be_gone(record.key) or unseen:
                self.cannot_tell(LACKING if unseen else UNLOGGED)
                return
            self.judge()
            last = record.last
            self.violated(f"{record} changed its uid without having been removed", [record.key],
                          event, *([last.event] if last is not None else []))
        else:
            self.judge()

    def placed(self, event: Event, record: Record | None) -> None:
        """A delete for a uid that is not the object's."""
        if event.verb != "delete" or not event.ok or event.dry_run or not event.precondition_uid or not event.uid:
            return
        self.judge()
        if event.uid != event.precondition_uid:
            last = record.last if record is not None else None
            self.violated(f"a delete for uid {event.precondition_uid} removed the object with uid {event.uid}",
                          [key for key in (key_of(event),) if key], event, *([last.event] if last is not None else []))


_UIDS: Final = 65_536


class NoOp(Rule):
    """A write that changes nothing."""

    name = "store.no-op"
    sentence = (
        "A write that changes nothing keeps the resourceVersion, unless the object may be stored in another form since "
        "(storage version, encryption key: after a restart, or when many objects of a kind are written so)."
    )
    every_write = True
    source = f"{_STORE} GuaranteedUpdate (identical bytes are not written, unless origState.stale)"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._found: list[tuple[Key, int, int, Event, Event]] = []

    def _stored_otherwise(self, step: Step, before: Version) -> bool:
        """May the object be stored in another form since (encryption key, storage version)? Then the same content is written again."""
        group, resource, _, _ = step.record.key
        if (group, resource) == ("", "secrets") or (step.after.event.user or "").endswith(_MIGRATOR):
            return True
        if self.history.restarted_between(before.event, step.after.event):
            return True
        if is_built_in(group):
            return False
        definition = ("apiextensions.k8s.io", "customresourcedefinitions", "", f"{resource}.{group}")
        known = self.history.records.get(definition)
        if not self.history.covered(definition) and not self.history.promised:
            return True
        return known is not None and (known.last is None or known.last.number > before.number)

    def finished(self) -> None:
        """Many objects of a kind that are written again unchanged are a migration: a configuration read again tells nothing of itself."""
        objects: dict[tuple[str, str], set[Key]] = {}
        for key, *_ in self._found:
            objects.setdefault((key[0], key[1]), set()).add(key)
        for key, old, new, event, earlier in self._found:
            if len(objects[key[0], key[1]]) > _FEW:
                self.cannot_tell(_FORM)
                continue
            self.violated(f"a write of {display_key(key)} changed nothing and got a new resourceVersion ({old} -> {new})", [key],
                          (event, "same content"), (earlier, "the version before"))

    def step(self, step: Step) -> None:
        """Two versions one after the other differ in something."""
        before, after = step.before, step.after
        if before is None or after.change is not Change.UPDATE or not step.exact:
            return
        one, other = before.body, after.body
        if one is None or other is None or not (one.whole and other.whole):
            self.cannot_tell(NOT_TOLD)
            return
        self.judge()
        if same_but_version(one, other):
            if self._stored_otherwise(step, before) or not tells_managers(one) or not tells_managers(other):
                self.cannot_tell(_FORM)
                return
            self._found.append((step.record.key, before.number, after.number, slim(after.event), slim(before.event)))


_FORM: Final = "the object may be stored in another form now (encryption key, storage version), or its managedFields changed"
_MIGRATOR: Final = ":storage-version-migrator-controller"
_FEW: Final = 2
"""Objects of one kind that are written again unchanged, and are no migration yet."""


RULES: tuple[type[Rule], ...] = (
    RevisionOrder, RevisionUnique, CreateAbsent, ChangeExisting, NotFound, LostUpdate, ConflictReason, Uid, NoOp,
)
