"""The rule of the garbage collector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kubecheck.traces.effects import Effect, effect_of
from kubecheck.traces.event import Event, Kind
from kubecheck.traces.objects import OwnerReference
from kubecheck.traces.order import surely_before
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE, UNLOGGED
from kubecheck.traces.resources import group_of, resource_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.versions import Record

_COLLECTOR: Final = "system:serviceaccount:kube-system:generic-garbage-collector"


class Collected(Rule):
    """Only orphans are collected."""

    name = "controllers.garbage-collector"
    sentence = "The garbage collector deletes only what has owners, none of which exists without being deleted."
    source = "pkg/controller/garbagecollector/garbagecollector.go attemptToDeleteItem, classifyReferences, isDangling (a live GET)"
    nothing = "the garbage collector deletes nothing in the log"
    every_write = True
    verbs = frozenset(("delete",))

    def before_write(self, event: Event, record: Record | None) -> None:
        """A deletion that answers the object."""
        if event.verb == "delete":
            self._judge(event, record)

    def placed(self, event: Event, record: Record | None) -> None:
        """One that answers a Status."""
        self._judge(event, record)

    def _judge(self, event: Event, record: Record | None) -> None:
        if event.verb != "delete" or event.user != _COLLECTOR or effect_of(event) is Effect.NONE:
            return
        last = record.last if record is not None else None
        if record is None or last is None or last.meta is None or last.event.kind is not Kind.REQUEST:
            self.cannot_tell(BEFORE)
            return
        if not surely_before(last.event, event) or self.history.uncertain(record.key):
            self.cannot_tell(UNLOGGED)
            return
        self.judge()
        owners = last.meta.owner_references or ()
        if not owners:
            self.presumed(_lossless, f"the garbage collector deleted {record}, which has no owner", [record.key], event, last.event)
            return
        for owner in owners:
            known = self._lives(owner, record, event)
            if known is not None and known.last is not None:
                self.presumed(self._still_lives(known, owner.uid, event),
                              f"the garbage collector deleted {record}, whose owner {owner.kind} {owner.name} exists",
                              [record.key, known.key], event, last.event, known.last.event)
                return

    def _lives(self, owner: OwnerReference, record: Record, event: Event) -> Record | None:
        """The record of an owner that has existed since before the deletion, without being deleted; None if that is not sure."""
        for namespace in (record.key[2], ""):
            key = (group_of(owner.api_version), resource_of(owner.kind), namespace, owner.name)
            known = self.history.records.get(key)
            if known is None or known.exists is not True or known.uid != owner.uid or self.may_be_gone(key):
                continue
            told = [version for version in known.versions if version.uid == owner.uid]
            if told and surely_before(told[0].event, event) and all(
                version.meta is not None and version.meta.deletion_timestamp is None for version in told
            ):
                return known
        return None

    def _still_lives(self, owner: Record, uid: str, event: Event) -> Callable[[Provenance], bool]:
        """Whether the owner is told of after the deletion, too: else whoever removed it may be left out of the log."""

        def keeps(provenance: Provenance) -> bool:
            known = self.history.records.get(owner.key)
            told = known.last if known is not None and known.uid == uid else None
            return (
                _lossless(provenance)
                and told is not None
                and told.meta is not None
                and told.meta.deletion_timestamp is None
                and surely_before(event, told.event)
            )

        return keeps


def _lossless(provenance: Provenance) -> bool:
    return provenance.lossless and provenance.kept.people and provenance.kept.any_deletion


RULES: tuple[type[Rule], ...] = (Collected,)
