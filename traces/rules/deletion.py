"""Rules of an object's life: deletion, finalizers, generation, the status subresource."""

from __future__ import annotations

from typing import Any, Final

from kubecheck.traces.body import Body
from kubecheck.traces.effects import Effect, effect_of, empties_finalizers
from kubecheck.traces.event import Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.policy import writers_of
from kubecheck.traces.provenance import FEW_VERSIONS, Provenance
from kubecheck.traces.reasons import LACKING, LEVEL, MANY, NOT_TOLD, UNLOGGED
from kubecheck.traces.rules.contents import one_form, written_between
from kubecheck.traces.rules.nodes import keeps_taints
from kubecheck.traces.rules.roles import role_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.versions import Change, Record, Step, slim
from kubecheck.traces.workloads import Workloads, process_of

_DELETE: Final = "staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go"
_REGISTRY: Final = "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go"
_ON_DELETE: Final = frozenset(("foregroundDeletion", "orphan"))


class DeletionTimestamp(Rule):
    """What has begun to be deleted."""

    name = "store.deletion"
    sentence = (
        "A deletionTimestamp is set by a deletion only, never taken back, it moves only with a shorter grace period, and that is "
        "never lengthened."
    )
    every_write = True
    source = (
        f"{_DELETE} BeforeDelete; {_REGISTRY} markAsDeleting, updateForGracefulDeletionAndFinalizers; "
        "rest/update.go BeforeUpdate"
    )
    nothing = "nothing in the log is deleted in two steps"

    def step(self, step: Step) -> None:
        """Metadata before and after, of one uid."""
        before, after = step.before, step.after
        if before is None or before.meta is None or after.meta is None:
            return
        one, other = before.meta, after.meta
        record = step.record
        if one.deletion_timestamp is None:
            if other.deletion_timestamp is not None and after.event.verb in ("update", "patch") and step.exact:
                self.judge()
                if written_between(step):
                    self.cannot_tell(LACKING)
                    return
                wrong = f"a write of {record} that is no deletion set its deletionTimestamp"
                if after.event.precondition_version == str(before.number):
                    self.violated(wrong, [record.key], after.event, before.event)
                else:
                    self.presumed(lambda provenance: provenance.keeps_marks(record.key, other), wrong, [record.key],
                                  after.event, before.event)
            return
        self.judge()
        if other.deletion_timestamp is None:
            if after.change is not Change.REMOVE:
                self.violated(f"{record} was being deleted (deletionTimestamp {one.deletion_timestamp}) and is not any more",
                              [record.key], (after.event, "without deletionTimestamp"), (before.event, "deleting"))
        elif other.deletion_timestamp != one.deletion_timestamp and not (
            (other.deletion_grace_period_seconds or 0) < (one.deletion_grace_period_seconds or 0)
        ):
            # with a shorter grace period it may even be later: when that is over already, it becomes the present
            self.violated(
                f"the deletionTimestamp of {record} was moved from {one.deletion_timestamp} to "
                f"{other.deletion_timestamp} "
                "without a shorter grace period",
                [record.key], after.event, before.event,
            )
        elif (other.deletion_grace_period_seconds or 0) > (one.deletion_grace_period_seconds or 0):
            self.violated(
                f"the grace period of {record} grew from {one.deletion_grace_period_seconds} to "
                f"{other.deletion_grace_period_seconds} seconds",
                [record.key], after.event, before.event,
            )


    def decide(self, provenance: Provenance) -> None:
        """Marks that no request made: where they are many, requests are missing."""
        marked = {keys for _, _, keys, _ in self._presumed}
        if len(marked) > FEW_VERSIONS and not self.history.no_policy:
            for _ in self._presumed:
                self.cannot_tell(MANY)
            self._presumed.clear()
        super().decide(provenance)


class Finalizers(Rule):
    """What holds an object."""

    name = "store.finalizers"
    sentence = "Nothing is removed while finalizers remain, and none are added to what is being deleted."
    every_write = True
    source = (
        f"{_REGISTRY} deletionFinalizersForGarbageCollection, ShouldDeleteDuringUpdate, "
        "updateForGracefulDeletionAndFinalizers; staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go "
        "ValidateObjectMetaAccessorUpdate"
    )
    nothing = "nothing in the log has finalizers"

    def step(self, step: Step) -> None:
        """Finalizers before and after."""
        before, after = step.before, step.after
        if before is None or before.meta is None or after.meta is None:
            return
        if before.meta.deletion_timestamp is None or after.change is Change.REMOVE:
            return
        held = frozenset(before.meta.finalizers or ())
        added = frozenset(after.meta.finalizers or ()) - held
        if not held and not added:
            return
        self.judge()
        if added and not (after.event.verb == "delete" and added <= _ON_DELETE):
            self.violated(
                f"finalizers {', '.join(sorted(added))} were added to {step.record}, which is being deleted",
                [step.record.key], after.event, before.event,
            )

    def removed(self, record: Record, event: Event) -> None:
        """Finalizers of the last state that the log has, when the object went."""
        versions = list(record.versions)
        if event.version is not None and versions and versions[-1].number == event.version and (
            versions[-1].change is Change.REMOVE
        ):
            gone = versions.pop()
            told = gone.meta.finalizers if gone.meta is not None and event.kind is Kind.REQUEST else None
            if told:
                self.judge()
                self.violated(f"{record} was removed with finalizers {', '.join(told)}", [record.key], event)
                return
        if not versions:
            return
        last = versions[-1]
        if last.meta is None:
            self.cannot_tell(NOT_TOLD)
            return
        if not last.meta.finalizers:
            return
        if event.kind is Kind.REQUEST and empties_finalizers(event):
            self.judge()
            return
        if event.kind is Kind.REQUEST and event.answer is not None and event.answer.uid and not event.answer.finalizers:
            self.cannot_tell(LACKING)  # it answers the object as it was last: somebody has taken them off before
            return
        others = [other for other in self.history.uncertain(record.key) if other is not event]
        if event.kind is Kind.DELIVERY:
            if any(empties_finalizers(other) or other.verb in ("deletecollection", "update", "patch") for other in others):
                self.judge()
                return
            if not self.history.covered(record.key):
                self.cannot_tell(LEVEL)
                return
        if others or self.history.restarted_between(last.event, event):
            self.cannot_tell(UNLOGGED)
            return
        self.judge()
        number = event.version if event.kind is Kind.DELIVERY else None
        self.presumed(
            lambda provenance: not provenance.after_the_end(record.key, number),
            f"{record} was removed while it had finalizers {', '.join(last.meta.finalizers)}",
            [record.key], (event, "removed"), (last.event, "its last state, with finalizers"),
        )


class Generation(Rule):
    """metadata.generation."""

    name = "store.generation"
    sentence = (
        "generation never goes back; it grows by one with a change of what is asked for (or with the begin "
        "of deletion), and "
        "stays with a write that changes nothing of that."
    )
    every_write = True
    source = (
        "strategy.go of each kind in pkg/registry (PrepareForUpdate); "
        "staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/"
        f"strategy.go PrepareForUpdate; {_DELETE} BeforeDelete; {_REGISTRY} markAsDeleting"
    )
    nothing = "nothing in the log has a generation"

    def step(self, step: Step) -> None:
        """generation against what changed."""
        before, after = step.before, step.after
        if before is None or after.change is Change.REMOVE:
            return
        one, other = before.generation, after.generation
        if one is None or other is None:
            return
        self.judge()
        record = step.record
        if other < one:
            self.violated(f"generation of {record} went back from {one} to {other}", [record.key], after.event, before.event)
            return
        if not step.exact:
            return
        if other > one + 1:
            if written_between(step):
                self.cannot_tell(LACKING)
                return
            self.violated(f"generation of {record} went from {one} to {other} in one write", [record.key],
                          after.event, before.event)
            return
        old, new = before.body, after.body
        if old is None or new is None:
            return
        if record.key[:2] in _CONSTANT or not one_form(old, new):
            self.cannot_tell("its generation does not count changes, or they are told in two API versions")
            return
        asked = not asks_the_same(old, new)
        if asked and other == one:
            wrong = f"a write changed what {record} asks for and left its generation at {one}"
        elif not asked and other > one and old.whole and new.whole and _marks(old) == _marks(new) and not (
            after.event.subresource == "" and not old.same(new, "status")  # a custom resource without the subresource
        ):
            wrong = f"generation of {record} went from {one} to {other} with a write that changes nothing it asks for"
        else:
            return
        if written_between(step):
            self.cannot_tell(LACKING)
            return
        self.violated(wrong, [record.key], after.event, before.event)


_CONSTANT: Final = frozenset((("scheduling.k8s.io", "priorityclasses"),))
"""Kinds whose generation stays at 1 (pkg/registry/scheduling/priorityclass/strategy.go)."""
_NOT_ASKED: Final = frozenset(("kind", "apiVersion", "metadata", "status"))


def asks_the_same(old: Body, new: Body) -> bool:
    """Do two versions ask for the same? All but metadata and status is asked for; a pod's node is not, the binding gives it."""
    if old.get("kind") != "Pod":
        return old.alike(new, but=_NOT_ASKED)
    return old.alike(new, but=_NOT_ASKED | {"spec"}) and (
        old.same(new, "spec") or _without_node(old.get("spec")) == _without_node(new.get("spec"))
    )


def _without_node(spec: Any) -> Any:
    return {name: value for name, value in spec.items() if name != "nodeName"} if isinstance(spec, dict) else spec


def _marks(body: Body) -> tuple[Any, ...]:
    meta = body.get("metadata")
    if not isinstance(meta, dict):
        return ()
    return tuple(meta.get(name) for name in ("annotations", "labels", "deletionTimestamp"))


class ObservedGeneration(Rule):
    """status.observedGeneration."""

    name = "store.observed-generation"
    sentence = (
        "The controllers of kube-system write no status.observedGeneration that is ahead of metadata.generation, and no process of theirs "
        "takes it back to less than it has observed itself."
    )
    source = (
        "pkg/controller/*/ (status.ObservedGeneration is the generation that the controller has seen); "
        "staging/src/k8s.io/client-go/tools/cache (what an informer has told a process does not get older)"
    )
    nothing = "nothing in the log has an observedGeneration"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._observed: dict[str, dict[str, tuple[int, Event]]] = {}
        """uid -> process -> the highest generation that it has called observed."""
        self._crashed: set[str | None] = set()
        """Components that began anew, and may have read an older state then."""

    def arrived(self, event: Event) -> None:
        """A crash or restart that a log tells."""
        if event.kind in (Kind.CRASH, Kind.RESTART):
            self._crashed.add(event.component)

    def removed(self, record: Record, event: Event) -> None:
        """Forgets an object that is gone."""
        if record.uid is not None:
            self._observed.pop(record.uid, None)

    def _back(self, step: Step, observed: int) -> None:
        event, uid = step.after.event, step.after.uid
        process = process_of(event)
        if process is None or event.subresource != "status" or uid is None or role_of(event) is None:
            return
        if event.credential is None and event.component in self._crashed:
            return
        known = self._observed.setdefault(uid, {})
        highest = known.get(process)
        if highest is None or observed > highest[0]:
            known[process] = (observed, slim(event))
        elif observed < highest[0]:
            self.violated(
                f"{event.user} had observed generation {highest[0]} of {step.record} and says now that it has observed {observed}",
                [step.record.key], event, highest[1],
            )

    @staticmethod
    def _by_its_controller(step: Step) -> bool:
        """Did a controller of kube-system write this status, as the request tells, or all entries of managedFields for it?"""
        event = step.after.event
        if event.kind is Kind.REQUEST:
            return event.subresource == "status" and role_of(event) is not None
        managers = {writer.manager for writer in writers_of(step.record.key, None, step.after.body) if writer.subresource == "status"}
        return managers == {"kube-controller-manager"}

    def step(self, step: Step) -> None:
        """Both of one version."""
        after = step.after
        if after.generation is None:
            return
        body = after.body
        status = body.get("status") if body is not None else None
        observed = status.get("observedGeneration") if isinstance(status, dict) else None
        if not isinstance(observed, int):
            return
        if not self._by_its_controller(step):
            # whoever may write a status may write any number (pkg/apis/apps/validation/validation.go ValidateDeploymentStatus)
            self.cannot_tell("written by somebody else than the controllers of kube-system")
            return
        self.judge()
        self._back(step, observed)
        if observed > after.generation:
            self.violated(
                f"the status of {step.record} says it observed generation {observed}; its generation is {after.generation}",
                [step.record.key], after.event, *([step.before.event] if step.before is not None else []),
            )


class StatusSubresource(Rule):
    """Writes of status."""

    name = "store.status-subresource"
    sentence = (
        "A write through the status subresource changes nothing but status, and one past it leaves status as "
        "it is."
    )
    every_write = True
    source = "strategy.go of each kind in pkg/registry (the status strategy's PrepareForUpdate; of Deployments it keeps the labels too)"
    nothing = "no write of a status whose version before is in the log"

    _BOTH: Final = frozenset(("deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "pods"))
    """Kinds whose PUT and PATCH leave status alone (strategy.PrepareForUpdate copies the old one)."""

    def step(self, step: Step) -> None:
        """Spec and status before and after."""
        before, after = step.before, step.after
        event = after.event
        if before is None or not step.exact or event.verb not in ("update", "patch"):
            return
        if event.subresource not in ("", "status") or effect_of(event) is not Effect.UPDATE:
            return
        if event.subresource == "" and (event.resource not in self._BOTH or event.group not in ("", "apps", "batch")):
            return
        old, new = before.body, after.body
        if old is None or new is None:
            return
        if not one_form(old, new):
            self.cannot_tell("the two versions are told in two API versions")
            return
        self.judge()
        if event.subresource == "status" and not asks_the_same(old, new):
            wrong = f"a write of {step.record}'s status changed more than its status"
        elif event.subresource == "status" and step.record.key[:2] == ("apps", "deployments") and (
            before.meta is not None and after.meta is not None and before.meta.labels != after.meta.labels
        ):
            wrong = f"a write of {step.record}'s status changed its labels"
        elif event.subresource == "" and not old.same(new, "status"):
            wrong = f"a write of {step.record} past the status subresource changed its status"
        else:
            return
        if written_between(step):
            self.cannot_tell(LACKING)
            return
        if event.resource == "nodes":
            self.presumed(keeps_taints, wrong, [step.record.key], event, before.event)
            return
        self.violated(wrong, [step.record.key], event, before.event)


RULES: tuple[type[Rule], ...] = (DeletionTimestamp, Finalizers, Generation, ObservedGeneration, StatusSubresource)
