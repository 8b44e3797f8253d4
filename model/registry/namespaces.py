"""DELETE of a Namespace, which is a kind of its own: the first one marks it, and its spec.finalizers hold it until somebody empties them.

Facts, from pkg/registry/core/namespace/storage/storage.go (REST.Delete, ShouldDeleteNamespaceDuringUpdate): the first DELETE sets the
deletionTimestamp and the phase Terminating, whatever the finalizers are, and removes nothing; a later one does nothing while
spec.finalizers has any, and then is as for other kinds. An update of the subresource finalize that empties them removes a namespace that is
being deleted, unless metadata.finalizers hold it (store.py).
"""

from __future__ import annotations

from typing import Protocol

from kubecheck.model.registry.deletion import delete, for_garbage_collection, preconditions_hold
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import NAMESPACE
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Request
from kubecheck.model.registry.store import Registry


class Phases(Protocol):
    """What a namespace's status says."""

    def terminating(self, namespace: Stored) -> Stored:
        """The namespace with the phase Terminating."""
        ...


def delete_namespace(etcd: Etcd, registry: Registry, phases: Phases, slot: Slot, request: Request) -> Answer:
    """DELETE of a namespace."""
    stored = etcd.get(slot)
    if not stored.exists:
        return Answer(code=Code.NOT_FOUND)
    if registry.lock and not preconditions_hold(request, stored):
        return Answer(code=Code.CONFLICT)
    if not stored.deleting:
        marked = phases.terminating(for_garbage_collection(NAMESPACE, request, stored.next(deleting=True)))
        if not request.dry_run:
            marked = etcd.update(slot, marked, remember=registry.remember)
        return Answer(object=marked)
    if stored.gated:
        return Answer(object=stored)
    answer = delete(etcd, registry, NAMESPACE, slot, request)
    return answer  # noqa: RET504 - a write is a statement of its own
