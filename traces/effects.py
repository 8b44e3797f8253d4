"""What a request does to the object that it names, as far as its audit line tells.

Facts: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and pkg/registry/core/pod/storage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubecheck.traces.words import Level, Stage, Told, Word

if TYPE_CHECKING:
    from kubecheck.traces.event import Event

WRITES: Final = frozenset(("create", "update", "patch", "delete", "deletecollection"))


class Effect(Word):
    """What a successful request does to the object that it names."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    UNLOGGED = "unlogged"
    """It writes, and its answer does not tell the version (binding, eviction), or not whether the object is still there."""
    COLLECTION = "collection"
    """It marks or removes what a list answers."""


OWN_SUBRESOURCES: Final = frozenset(("", "status", "finalize", "ephemeralcontainers", "resize", "approval"))


def effect_of(event: Event) -> Effect:
    """What a request did, as far as the line tells. Errors may have written too (timeouts): see may_have_written."""
    return event.effect


def effect(event: Event) -> Effect:
    """What `effect_of` tells, worked out."""
    verb, code = event.verb, event.code
    if code is None or not 200 <= code < 300 or verb not in WRITES or event.dry_run:
        return Effect.NONE
    if event.told is Told.NOTHING and verb in ("create", "update", "patch") and event.subresource in OWN_SUBRESOURCES:
        return Effect.UNLOGGED  # its version is not told, nor whether it removed the object with the last finalizer
    if verb in ("update", "patch"):
        if event.subresource in OWN_SUBRESOURCES:
            return Effect.CREATE if code == 201 else Effect.UPDATE
        return Effect.UPDATE if event.subresource == "scale" else Effect.UNLOGGED
    if verb == "create":
        if event.subresource in ("binding", "eviction"):
            return Effect.UNLOGGED
        return Effect.CREATE if event.subresource == "" else Effect.NONE
    if verb == "deletecollection":
        return Effect.COLLECTION
    if event.level < Level.REQUEST_RESPONSE:
        return Effect.UNLOGGED  # whether it removed or marked the object is in the answer
    if event.answer_kind == "Status":
        return Effect.REMOVE
    if code == 202:
        return Effect.UPDATE
    meta = event.metadata
    if meta is None:
        return Effect.UNLOGGED
    if meta.deletion_timestamp is None:
        return Effect.REMOVE
    if meta.finalizers or event.resource == "namespaces" or meta.deletion_grace_period_seconds:
        return Effect.UPDATE
    return Effect.REMOVE


def empties_finalizers(event: Event) -> bool:
    """An update whose answer is a deleting object without finalizers: it removed the object, and answered the old version."""
    meta = event.metadata
    if event.verb not in ("update", "patch") or meta is None or meta.deletion_timestamp is None or meta.finalizers:
        return False
    if event.resource == "namespaces":
        return event.subresource == "finalize"
    return not meta.deletion_grace_period_seconds


def may_have_written(event: Event) -> bool:
    """A write without an answer, or with one that does not say that nothing happened (timeout, internal error)."""
    if event.verb not in WRITES or event.dry_run:
        return False
    if event.code is None:
        return True
    return event.stage is Stage.PANIC or event.code >= 500


def is_silent(event: Event) -> bool:
    """A write whose answer does not tell the version that it wrote, nor that it wrote nothing."""
    if event.effect is Effect.NONE:
        return False
    return event.version is None or event.verb in ("delete", "deletecollection") or empties_finalizers(event)
