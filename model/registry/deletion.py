"""The generic registry: DELETE of one object.

Facts, from staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (Delete, updateForGracefulDeletionAndFinalizers,
deletionFinalizersForGarbageCollection, markAsDeleting) and registry/rest/delete.go (BeforeDelete):

- Preconditions come first. A graceful kind is marked with a deletionTimestamp and a grace period, which later requests may only shorten.
- Pending finalizers only mark the object. Which of the garbage collector's two it has follows from the request, then from the object, then
  from the kind.
- A DELETE of an object with finalizers, or of a graceful kind, is an update, after which the object may be removed at once: two revisions.
- An update that finds that nothing holds the object any more (errDeleteNow) writes nothing and leaves its result blank. A dry run is
  answered with that; else its resourceVersion, which is none, replaces the one of the request, if any, which is thus refused with 409.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import Strategy
from kubecheck.model.registry.objects import FOREGROUND, ORPHAN, Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Part, Propagation, Request
from kubecheck.model.registry.store import Decision, Registry, Step, stands
from kubecheck.spec import Range, Record


class Deletion(Record):
    """BeforeDelete: whether the object goes gracefully, after `period`, or is on its way already (`pending`); and the object so marked."""

    code: Code = Code.OK
    graceful: bool = False
    pending: bool = False
    period: Annotated[int, Range(0, "graces")] = 0
    object: Stored = Stored()


def delete(etcd: Etcd, registry: Registry, kind: Strategy, slot: Slot, request: Request) -> Answer:
    """DELETE of an object, decided on the object as it is stored."""
    return delete_from(etcd, registry, kind, slot, request, etcd.get(slot))


def delete_from(etcd: Etcd, registry: Registry, kind: Strategy, slot: Slot, request: Request, seed: Stored) -> Answer:
    """The same; what follows the first look at the stored object is decided first on `seed`, the object in a watch cache."""
    stored = etcd.get(slot)
    if not stored.exists:
        return Answer(code=Code.NOT_FOUND)
    first = before_delete(registry, kind, request, stored)
    if first.code is not Code.OK:
        return Answer(code=first.code)
    if first.pending:
        return Answer(object=stored)
    decision = Decision(step=Step.REMOVE, object=stored)
    if first.graceful or len(stored.finalizers) > 0 or for_garbage_collection(kind, request, stored) != stored:
        decision = decide_delete(registry, kind, request, seed)
        if seed.version != stored.version and not stands(registry, decision):
            decision = decide_delete(registry, kind, request, stored)
        if decision.step is Step.REMOVE:
            if request.dry_run:
                return Answer(blank=True)
            if registry.lock and request.version.given is not Given.ABSENT:
                return Answer(code=Code.CONFLICT)
    else:
        admitted = registry.contents.admit(kind, Part.MAIN, request, Stored(), stored)
        if admitted is not Code.OK:
            return Answer(code=admitted)
    return _carry_out_deletion(etcd, registry, kind, slot, request, decision)


def _carry_out_deletion(
    etcd: Etcd, registry: Registry, kind: Strategy, slot: Slot, request: Request, decision: Decision
) -> Answer:
    if decision.step is Step.REFUSE or decision.step is Step.NOTHING:
        return Answer(code=decision.code, object=decision.object)
    if request.dry_run:
        if decision.step is Step.REMOVE and not kind.returns_deleted:
            return Answer()
        return Answer(object=decision.object)
    written = decision.object
    if decision.step is not Step.REMOVE:
        written = etcd.update(slot, decision.object, remember=registry.remember)
    if decision.step is Step.WRITE:
        return Answer(object=written)
    gone = etcd.delete(slot, etcd.get(slot), remember=registry.remember)
    if kind.returns_deleted:
        return Answer(object=gone)
    return Answer()


def decide_delete(registry: Registry, kind: Strategy, request: Request, seen: Stored) -> Decision:
    """What a DELETE makes of the object that it sees (updateForGracefulDeletionAndFinalizers)."""
    if registry.lock and not preconditions_hold(request, seen):
        return Decision(code=Code.CONFLICT, precondition=True)
    admitted = registry.contents.admit(kind, Part.MAIN, request, Stored(), seen)
    if admitted is not Code.OK:
        return Decision(code=admitted)
    found = before_delete(registry, kind, request, seen)
    if found.code is not Code.OK:
        return Decision(code=found.code)
    if found.pending:
        return Decision(step=Step.NOTHING, object=seen)
    marked = for_garbage_collection(kind, request, found.object)
    held = len(marked.finalizers) > 0 and registry.finalizers_hold
    if not found.graceful:
        if not held:
            return Decision(step=Step.REMOVE, object=seen)
        if not marked.deleting and marked.generation > 0:
            marked = marked.next(generation=marked.generation + 1)
        marked = marked.next(deleting=True, grace=0)
        if marked == seen:
            return Decision(step=Step.NOTHING, object=seen)
        return Decision(step=Step.WRITE, object=marked)
    if held or found.period > 0:
        return Decision(step=Step.WRITE, object=marked)
    return Decision(step=Step.WRITE_AND_REMOVE, object=marked)


def before_delete(registry: Registry, kind: Strategy, request: Request, seen: Stored) -> Deletion:
    """rest.BeforeDelete: preconditions, then the grace period. Times pass in no model: a period that is running has not run out."""
    if registry.lock and not preconditions_hold(request, seen):
        return Deletion(code=Code.CONFLICT)
    if not kind.graceful:
        return Deletion(object=seen)
    if seen.deleting:
        running = seen.grace
        if running is None or running == 0:
            return Deletion(object=seen)
        asked = request.grace
        if asked is None or asked >= running:
            return Deletion(pending=True, object=seen)
        return Deletion(graceful=True, period=asked, object=seen.next(grace=asked))
    period = seen.spec_grace
    if request.grace is not None:
        period = request.grace
    if seen.node == 0 or seen.terminal:
        period = 0
    marked = seen.next(deleting=True, grace=period)
    if seen.generation > 0:
        marked = marked.next(generation=seen.generation + 1)
    return Deletion(graceful=True, period=period, object=marked)


def preconditions_hold(request: Request, seen: Stored) -> bool:
    """Whether the uid and the resourceVersion of the request, if any, are the object's."""
    if request.uid != 0 and request.uid != seen.uid:
        return False
    return request.version.given is Given.ABSENT or request.version.names(seen.version)


def orphans(kind: Strategy, request: Request, stored: Stored) -> bool:
    """Whether the dependents are orphaned: the request says so, else the object's finalizers, else the kind."""
    if request.propagation is not Propagation.UNSAID:
        return request.propagation is Propagation.ORPHAN
    for finalizer in stored.finalizers:
        if finalizer == ORPHAN:
            return True
        if finalizer == FOREGROUND:
            return False
    return kind.orphans


def waits_for_dependents(request: Request, stored: Stored) -> bool:
    """Whether the dependents go first: the request says so, else the object's finalizers."""
    if request.propagation is not Propagation.UNSAID:
        return request.propagation is Propagation.FOREGROUND
    for finalizer in stored.finalizers:
        if finalizer == FOREGROUND:
            return True
        if finalizer == ORPHAN:
            return False
    return False


def for_garbage_collection(kind: Strategy, request: Request, marked: Stored) -> Stored:
    """deletionFinalizersForGarbageCollection: its two finalizers as asked for, after all others; the same ones keep their order."""
    wanted = marked.finalizers[len(marked.finalizers) :]  # none yet
    for finalizer in marked.finalizers:
        if finalizer != ORPHAN and finalizer != FOREGROUND:
            wanted = wanted + (finalizer,)  # noqa: RUF005 - a Seq grows by +
    if orphans(kind, request, marked):
        wanted = wanted + (ORPHAN,)  # noqa: RUF005
    if waits_for_dependents(request, marked):
        wanted = wanted + (FOREGROUND,)  # noqa: RUF005
    if len(wanted) == len(marked.finalizers) and all(finalizer in marked.finalizers for finalizer in wanted):
        return marked
    return marked.next(finalizers=wanted)
