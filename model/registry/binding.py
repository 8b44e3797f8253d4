"""The subresource pods/binding: a pod gets its node.

Facts, from pkg/registry/core/pod/storage/storage.go (BindingREST.Create, setPodNodeAndMetadata): the uid and the resourceVersion of the
Binding are preconditions; a pod that is being deleted, has a node, or is gated is refused with 409; whether the node exists is not
looked at; the condition PodScheduled is set in the same write, and the generation stays.
"""

from __future__ import annotations

from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import POD
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Part, Request
from kubecheck.model.registry.store import Registry


def bind(etcd: Etcd, registry: Registry, slot: Slot, request: Request) -> Answer:
    """POST pods/NAME/binding; a refusal of the Binding itself is the caller's."""
    stored = etcd.get(slot)
    admitted = registry.contents.admit(POD, Part.MAIN, request, Stored(), stored)
    if admitted is not Code.OK:
        return Answer(code=admitted)
    if not stored.exists:
        return Answer(code=Code.NOT_FOUND)
    if registry.lock:
        if request.uid != 0 and request.uid != stored.uid:
            return Answer(code=Code.CONFLICT)
        if request.version.given is not Given.ABSENT and not request.version.names(stored.version):
            return Answer(code=Code.CONFLICT)
    if stored.deleting or stored.node != 0 or stored.gated:
        return Answer(code=Code.CONFLICT)
    if not request.dry_run:
        etcd.update(slot, registry.contents.bound(request, stored.next(node=request.node)), remember=registry.remember)
    return Answer(code=Code.CREATED)
