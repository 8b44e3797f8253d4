"""The generic registry: create and update of one object, as transactions on etcd; DELETE is in deletion.py.

Facts, from staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (Create, Update, ShouldDeleteDuringUpdate),
registry/rest/{create,update}.go (BeforeCreate, BeforeUpdate), apimachinery/pkg/api/validation/objectmeta.go
(ValidateObjectMetaAccessorUpdate) and storage/etcd3/store.go (Create, GuaranteedUpdate):

- An update is a function from the stored object to the new one. It runs on the object as it is, or first on the one of the watch cache,
  `seed`; a write of what was decided on an older object fails in etcd, and the function runs again on the stored one. So does it after
  an error, and after a result that would write nothing.
- What an update cannot do: set or clear a deletionTimestamp, change a uid, add a finalizer to an object that is being deleted, set the
  generation.
- An update that takes the last finalizer off an object whose deletion has no grace period left writes nothing: it removes the object. The
  answer is the object as the client wanted it, with the resourceVersion that it had.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import Contents, Strategy
from kubecheck.model.registry.objects import FOREGROUND, ORPHAN, Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Part, Proposed, Request
from kubecheck.spec import Record


@dataclass(frozen=True, kw_only=True)
class Registry:
    """What the store's functions need to know, all of it static: what contents mean, and which protections are there.

    Without `lock`, resourceVersions and uids in requests are not looked at. Without `finalizers_hold`, a DELETE removes at once. Without
    `deletion_is_final`, an update may clear a deletionTimestamp. Without `retry_errors`, an error that was met on an object of the watch
    cache is answered although the stored object may be another (before kubernetes#77619, but for conflicts); without
    `retry_preconditions`, so is a precondition that the older object does not fulfil (before kubernetes#82303). Without
    `fresh_uids`, an object gets the uid of its predecessor. Without `admit_first`, validating admission is asked about a creation when it
    has been written. Without `closed_to_finalizers`, an object that is being deleted takes new ones. `remember`: etcd keeps a history.
    """

    contents: Contents
    lock: bool = True
    finalizers_hold: bool = True
    deletion_is_final: bool = True
    retry_errors: bool = True
    retry_preconditions: bool = True
    fresh_uids: bool = True
    admit_first: bool = True
    closed_to_finalizers: bool = True
    remember: bool = True


class Step(enum.Enum):
    """What an update or a DELETE has decided to do with the object that it saw."""

    REFUSE = "refuse"
    NOTHING = "nothing"  # the result is what is stored
    CREATE = "create"
    WRITE = "write"
    REMOVE = "remove"
    WRITE_AND_REMOVE = "write, then remove"


class Decision(Record):
    """What was decided: the step, the answer's code, and the object. `precondition`: it was refused before its function was asked."""

    step: Step = Step.REFUSE
    code: Code = Code.OK
    precondition: bool = False
    object: Stored = Stored()


# --- create


def create(etcd: Etcd, registry: Registry, kind: Strategy, slot: Slot, request: Request) -> Answer:
    """POST of a new object."""
    proposed = registry.contents.change(kind, Part.MAIN, request, Stored())
    if proposed.code is not Code.OK:
        return Answer(code=proposed.code)
    new = for_creation(kind, proposed.object)
    if not registry.contents.valid(kind, Part.MAIN, new, Stored()) or not _finalizers_agree(new):
        return Answer(code=Code.INVALID)
    admitted = registry.contents.admit(kind, Part.MAIN, request, new, Stored())
    if admitted is not Code.OK and registry.admit_first:
        return Answer(code=admitted)
    if _names_a_revision(proposed) and not request.dry_run:
        return Answer(code=Code.SERVER_ERROR)  # a version that is no number is not looked at
    if etcd.get(slot).exists:
        return Answer(code=Code.ALREADY_EXISTS)
    if request.dry_run:
        return Answer(code=Code.CREATED, object=new)
    created = etcd.create(slot, new, remember=registry.remember, fresh=registry.fresh_uids)
    if admitted is not Code.OK:
        return Answer(code=admitted)
    return Answer(code=Code.CREATED, object=created)


def for_creation(kind: Strategy, new: Stored) -> Stored:
    """BeforeCreate: what clients cannot bring along is as for a new object."""
    generation = 1 if kind.generation else new.generation
    return new.next(uid=0, version=0, generation=generation, deleting=False, grace=None, terminal=False)


def _names_a_revision(proposed: Proposed) -> bool:
    return proposed.version.given is Given.NUMBER or proposed.version.given is Given.UNKNOWN


def _finalizers_agree(new: Stored) -> bool:
    """Whether not both of the garbage collector's finalizers are set (ValidateFinalizers)."""
    return ORPHAN not in new.finalizers or FOREGROUND not in new.finalizers


# --- update


def update(etcd: Etcd, registry: Registry, kind: Strategy, part: Part, slot: Slot, request: Request) -> Answer:
    """PUT or PATCH of an object or a subresource of it, decided on the object as it is stored."""
    return update_from(etcd, registry, kind, part, slot, request, etcd.get(slot))


def update_from(
    etcd: Etcd, registry: Registry, kind: Strategy, part: Part, slot: Slot, request: Request, seed: Stored
) -> Answer:
    """The same, decided first on `seed`, the object in a watch cache, which may be older than the stored one."""
    stored = etcd.get(slot)
    decision = decide_update(registry, kind, part, request, seed)
    if seed.version != stored.version and not stands(registry, decision):
        decision = decide_update(registry, kind, part, request, stored)
    if request.dry_run:
        return Answer(code=decision.code, object=decision.object)
    result = decision.object
    if decision.step is Step.CREATE:
        result = etcd.create(slot, decision.object, remember=registry.remember, fresh=registry.fresh_uids)
    elif decision.step is Step.WRITE:
        result = etcd.update(slot, decision.object, remember=registry.remember)
    elif decision.step is Step.REMOVE:
        etcd.delete(slot, etcd.get(slot), remember=registry.remember)
    return Answer(code=decision.code, object=result)


def stands(registry: Registry, decision: Decision) -> bool:
    """Whether what was decided on an object that has changed since is carried out: only errors are, and only by an older API server.

    "The object can be removed now" is one of the errors of the functions upstream (errEmptiedFinalizers, errDeleteNow).
    """
    if decision.precondition:
        return not registry.retry_preconditions
    if registry.retry_errors or decision.code is Code.CONFLICT:
        return False
    return decision.step is Step.REFUSE or decision.step is Step.REMOVE


def decide_update(registry: Registry, kind: Strategy, part: Part, request: Request, seen: Stored) -> Decision:
    """What an update makes of the object that it sees: the preconditions, then the function, then validation and admission."""
    if not seen.exists and not kind.create_on_update and not request.may_create:
        return Decision(code=Code.NOT_FOUND)
    if registry.lock and request.uid != 0 and request.uid != seen.uid:
        return Decision(code=Code.CONFLICT, precondition=True)
    proposed = registry.contents.change(kind, part, request, seen)
    if proposed.code is not Code.OK:
        return Decision(code=proposed.code)
    if proposed.version.given is Given.MALFORMED:
        return Decision(code=Code.SERVER_ERROR)
    if not seen.exists:
        return _decide_creation(registry, kind, request, proposed)
    if _names_a_revision(proposed):
        if registry.lock and not proposed.version.names(seen.version):
            return Decision(code=Code.CONFLICT)
    elif not kind.unconditional_update:
        return Decision(code=Code.INVALID)
    new = for_update(kind, part, proposed.object, seen, deletion_is_final=registry.deletion_is_final)
    if not _valid_metadata(registry, new, seen) or not registry.contents.valid(kind, part, new, seen):
        return Decision(code=Code.INVALID)
    admitted = registry.contents.admit(kind, part, request, new, seen)
    if admitted is not Code.OK:
        return Decision(code=admitted)
    held = kind.finalizes and new.gated
    if seen.deleting and len(new.finalizers) == 0 and not held and (seen.grace is None or seen.grace == 0):
        return Decision(step=Step.REMOVE, object=new)
    if new == seen:
        return Decision(step=Step.NOTHING, object=seen)
    return Decision(step=Step.WRITE, object=new)


def _decide_creation(registry: Registry, kind: Strategy, request: Request, proposed: Proposed) -> Decision:
    if proposed.object.uid != 0:
        return Decision(code=Code.CONFLICT)
    new = for_creation(kind, proposed.object)
    if not registry.contents.valid(kind, Part.MAIN, new, Stored()) or not _finalizers_agree(new):
        return Decision(code=Code.INVALID)
    admitted = registry.contents.admit(kind, Part.MAIN, request, new, Stored())
    if admitted is not Code.OK:
        return Decision(code=admitted)
    return Decision(step=Step.CREATE, code=Code.CREATED, object=new)


def for_update(kind: Strategy, part: Part, new: Stored, old: Stored, *, deletion_is_final: bool) -> Stored:
    """BeforeUpdate with the kind's PrepareForUpdate: what this part of the object cannot change is as it is stored."""
    made = new.next(version=old.version, generation=old.generation)
    if part is Part.STATUS:
        made = made.next(spec=old.spec, node=old.node, gated=old.gated, spec_grace=old.spec_grace)
        if kind.status_keeps_labels:
            made = made.next(labels=old.labels)
        if kind.status_keeps_owners:
            made = made.next(owners=old.owners)
        if kind.status_keeps_metadata:
            made = made.next(
                labels=old.labels, annotations=old.annotations, owners=old.owners, finalizers=old.finalizers
            )
        if kind.status_may_not_delete:
            made = made.next(deleting=False)
    else:
        if kind.status:
            made = made.next(status=old.status, terminal=old.terminal)
        if part is Part.EPHEMERAL_CONTAINERS or part is Part.RESIZE:
            made = made.next(
                labels=old.labels, annotations=old.annotations, owners=old.owners, finalizers=old.finalizers
            )
        if kind.finalizes and part is not Part.FINALIZE:
            made = made.next(spec=old.spec, gated=old.gated)
        if (kind.generation and not kind.generation_stays) and (
            made.spec != old.spec
            or (kind.annotations_bump and made.annotations != old.annotations)
            or (kind.labels_bump and made.labels != old.labels)
        ):
            made = made.next(generation=old.generation + 1)
    if made.uid == 0:
        made = made.next(uid=old.uid)
    if old.deleting and deletion_is_final:
        made = made.next(deleting=True)
        if made.grace is None:
            made = made.next(grace=old.grace)
    return made


def _valid_metadata(registry: Registry, new: Stored, old: Stored) -> bool:
    """ValidateObjectMetaAccessorUpdate, and that a pod stays on its node."""
    if new.uid != old.uid:
        return False
    if registry.deletion_is_final and (new.deleting != old.deleting or new.grace != old.grace):
        return False
    grows = any(finalizer not in old.finalizers for finalizer in new.finalizers)
    if registry.closed_to_finalizers and old.deleting and grows:
        return False
    return new.node == old.node and _finalizers_agree(new)
