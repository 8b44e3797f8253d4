"""Requests that are decided first on an object of a watch cache that lags: an exploration of update_from and delete_from (store.py).

Facts, from staging/src/k8s.io/apiserver/pkg/storage/cacher/delegator.go (CacheDelegator.GuaranteedUpdate, Delete): what the watch cache has
is handed to etcd3's functions as the object to begin with, and it may be older than the stored one. Those functions must try again
with the stored object not only when the write fails, but also when an error, a precondition or a result that writes nothing came of the
older one.

One object: its owner creates it, holds and releases it, and deletes it, with the uid and the resourceVersion that are stored as
preconditions or without any.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kubecheck.model.registry.deletion import delete_from
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import CONFIG_MAP
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.plain import (
    BODIES,
    CONTENTS,
    FINALIZER_NAMES,
    OWN_FINALIZER,
    Edit,
    PlainContents,
    edit_number,
)
from kubecheck.model.registry.requests import Code, Given, Part, Request, Version
from kubecheck.model.registry.store import Registry, create, update_from
from kubecheck.model.registry.switches import Switches
from kubecheck.model.scope_checks import check_fields
from kubecheck.spec import Array, Spec, State, require


class Outcome(enum.Enum):
    """What came of the last request."""

    NONE = "none"
    OTHER = "anything else"
    DELETED = "a DELETE was answered"
    SPURIOUS = "a request whose preconditions hold was answered with 409"


class Cache(State):
    """An API server's watch cache, and what came of the last request, for properties."""

    objects: Array[Slot, Stored]
    last: Outcome


@dataclass(frozen=True, kw_only=True)
class SeedingScope(Switches):
    """How much is written, and which protections are on."""

    writes: int = 4
    """Requests that write something."""
    retry_errors: bool = True
    """The API server tries again with the stored object after an error that came of its cache's."""
    retry_preconditions: bool = True
    """It does so after a precondition that its cache's object did not meet."""

    def __post_init__(self) -> None:
        check_fields(self, least={"writes": 1})


def seeded(scope: SeedingScope = SeedingScope(), *, name: str = "seeded-requests") -> Spec:
    """The spec of a scope."""
    writes = scope.writes
    registry = Registry(
        contents=PlainContents(),
        retry_errors=scope.retry_errors,
        retry_preconditions=scope.retry_preconditions,
        remember=False,
    )
    spec = Spec(
        name,
        Etcd,
        Cache,
        scope={
            "objects": 1,
            "revisions": writes,
            "history": 0,
            "uids": writes,
            "generations": 0,
            "finalizers": 1,
            "finalizer_names": FINALIZER_NAMES,
            "contents": CONTENTS,
            "graces": 0,
            "nodes": 0,
            "bodies": BODIES,
            "users": 0,
            "retry_errors": scope.retry_errors,
            "retry_preconditions": scope.retry_preconditions,
        },
    )

    def seed(etcd: Etcd, cache: Cache, slot: Slot) -> Stored:
        """What a request begins with: the cache's object if it has one, else the stored one."""
        if cache.objects[slot].exists:
            return cache.objects[slot]
        return etcd.get(slot)

    @spec.action(actor="watch-cache")
    def take_in(etcd: Etcd, cache: Cache, slot: Slot) -> None:
        """The watch cache catches up."""
        require(cache.objects[slot] != etcd.get(slot))
        cache.objects[slot] = etcd.get(slot)

    @spec.action(actor="owner", kind="environment")
    def create_object(etcd: Etcd, cache: Cache, slot: Slot) -> None:
        """The owner creates the object."""
        require(etcd.revision() < writes)
        create(etcd, registry, CONFIG_MAP, slot, Request(body=edit_number(Edit.WRITE)))
        cache.last = Outcome.OTHER

    @spec.action(actor="owner", kind="environment")
    def patch_object(etcd: Etcd, cache: Cache, slot: Slot, edit: Edit) -> None:
        """The owner patches it: its content, or whether it is held."""
        require(etcd.revision() < writes)
        require(edit is not Edit.WRITE_BANNED)
        update_from(
            etcd, registry, CONFIG_MAP, Part.MAIN, slot, Request(body=edit_number(edit)), seed(etcd, cache, slot)
        )
        cache.last = Outcome.OTHER

    @spec.action(actor="owner", kind="environment")
    def delete_object(etcd: Etcd, cache: Cache, slot: Slot, conditional: bool) -> None:
        """The owner deletes it; `conditional`: if it is still the very object and version that is stored."""
        require(etcd.revision() < writes and etcd.get(slot).exists)
        request = Request()
        if conditional:
            stored = etcd.get(slot)
            request = Request(uid=stored.uid, version=Version(given=Given.NUMBER, number=stored.version))
        answer = delete_from(etcd, registry, CONFIG_MAP, slot, request, seed(etcd, cache, slot))
        cache.last = Outcome.DELETED
        if answer.code is Code.CONFLICT:
            cache.last = Outcome.SPURIOUS

    @spec.step_invariant
    def finalizers_hold(before: Etcd, after: Etcd, _then: Cache, now: Cache, slot: Slot) -> bool:
        """A DELETE does not remove an object that has a finalizer."""
        require(now.last is Outcome.DELETED and OWN_FINALIZER in before.get(slot).finalizers)
        return after.get(slot).uid == before.get(slot).uid

    @spec.invariant
    def conflicts_are_real(cache: Cache) -> bool:
        """A request whose preconditions hold is not refused with 409."""
        require(cache.last is not Outcome.NONE)
        return cache.last is not Outcome.SPURIOUS

    @spec.reachable
    def a_seed_is_older(etcd: Etcd, cache: Cache, slot: Slot) -> bool:
        """The cache has another version than etcd while the object exists."""
        return cache.objects[slot].exists and cache.objects[slot].version != etcd.get(slot).version

    return spec
