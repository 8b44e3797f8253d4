"""Clients who create, update, patch and delete plain objects through the whole chain: an exploration of the registry.

Each client has read what it has read: a PUT carries the resourceVersion of that, a DELETE its uid. Writes are budgeted by the
greatest revision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from kubecheck.model.registry.chain import authenticate, authorize
from kubecheck.model.registry.deletion import delete
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import CONFIG_MAP
from kubecheck.model.registry.objects import Slot
from kubecheck.model.registry.plain import (
    BODIES,
    CONTENTS,
    FINALIZER_NAMES,
    USERS,
    Chain,
    Client,
    Edit,
    PlainContents,
    credentials_of,
    edit_number,
)
from kubecheck.model.registry.properties import LastRequest, Verb, properties
from kubecheck.model.registry.requests import Code, Given, Part, Propagation, Request, Version
from kubecheck.model.registry.store import Registry, create, update
from kubecheck.model.registry.switches import Switches
from kubecheck.model.scope_checks import check_fields
from kubecheck.spec import Array, Range, Record, Spec, State, require


@dataclass(frozen=True, kw_only=True)
class PlainScope(Switches):
    """The size of the exploration, and what is removed from it: `chain` and the features are the protections."""

    objects: int = 1
    """Names of objects."""
    writes: int = 4
    """Requests that write something."""
    uids: int = 2
    """Creations."""
    chain: Chain = field(default_factory=Chain)
    """The plugins in front of the registry."""
    optimistic_lock: bool = True
    """A PUT with another resourceVersion than the stored one, and a DELETE with another uid, are refused."""
    finalizers_hold: bool = True
    """What has a finalizer is marked and not removed."""
    deletion_is_final: bool = True
    """No update clears a deletionTimestamp."""
    fresh_uids: bool = True
    """Each creation has a uid of its own."""
    admit_first: bool = True
    """Validating admission comes before the write, and not after it."""
    closed_to_finalizers: bool = True
    """No finalizer is added to what is being deleted."""

    def __post_init__(self) -> None:
        check_fields(self, least={"objects": 1, "writes": 1, "uids": 1})


class Read(Record):
    """What a client knows of an object: the uid and resourceVersion that it read last; 0 if it has read none."""

    uid: Annotated[int, Range(0, "uids")] = 0
    version: Annotated[int, Range(0, "revisions")] = 0


class Clients(State):
    """What the clients know."""

    read: Array[Client, Array[Slot, Read]]


def plain_cluster(scope: PlainScope = PlainScope(), *, name: str = "plain-objects") -> Spec:
    """The spec: clients, the chain, the registry and etcd, with the properties of properties.py."""
    registry = Registry(
        contents=PlainContents(scope.chain),
        lock=scope.optimistic_lock,
        finalizers_hold=scope.finalizers_hold,
        deletion_is_final=scope.deletion_is_final,
        fresh_uids=scope.fresh_uids,
        admit_first=scope.admit_first,
        closed_to_finalizers=scope.closed_to_finalizers,
        remember=False,
    )
    spec = Spec(
        name,
        Etcd,
        Clients,
        LastRequest,
        scope={
            "objects": scope.objects,
            "revisions": scope.writes,
            "history": 0,
            "uids": scope.uids,
            "generations": 0,
            "finalizers": 2,
            "finalizer_names": FINALIZER_NAMES,
            "contents": CONTENTS,
            "graces": 0,
            "nodes": 0,
            "bodies": BODIES,
            "users": USERS,
        },
    )

    def passes(client: Client) -> Code:
        """The chain up to the registry."""
        identity = authenticate(scope.chain.authenticators, credentials_of(client))
        if not identity.known:
            return Code.UNAUTHORIZED
        return authorize(scope.chain.authorizers, identity.user, 0)

    @spec.action(actor="client", kind="environment")
    def get_object(etcd: Etcd, clients: Clients, client: Client, slot: Slot) -> None:
        """A client reads an object."""
        require(client is Client.OWNER or client is Client.TENANT)
        stored = etcd.get(slot)
        clients.read[client][slot] = Read(uid=stored.uid, version=stored.version)

    @spec.action(actor="client", kind="environment")
    def create_object(etcd: Etcd, last: LastRequest, client: Client, slot: Slot, edit: Edit) -> None:
        """A client creates an object."""
        require(etcd.revision() < scope.writes and etcd.uid() < scope.uids)
        require(edit is not Edit.RELEASE)
        passed = passes(client)
        code = passed
        if code is Code.OK:
            answer = create(etcd, registry, CONFIG_MAP, slot, Request(body=edit_number(edit)))
            code = answer.code
        last.made(Verb.CREATE, client, slot, edit, code, forbidden=passed is Code.FORBIDDEN, sure=False)

    @spec.action(actor="client", kind="environment")
    def update_object(
        etcd: Etcd, clients: Clients, last: LastRequest, client: Client, slot: Slot, edit: Edit, sure: bool
    ) -> None:
        """A client changes an object: by PUT if it is `sure` that the object is as it has read it, else by PATCH."""
        require(etcd.revision() < scope.writes)
        known = clients.read[client][slot]
        require(not sure or known.uid > 0)
        request = Request(body=edit_number(edit))
        if sure:
            version = Version(given=Given.NUMBER, number=known.version)
            request = Request(body=edit_number(edit), uid=known.uid, version=version)
        passed = passes(client)
        code = passed
        if code is Code.OK:
            answer = update(etcd, registry, CONFIG_MAP, Part.MAIN, slot, request)
            code = answer.code
        last.made(Verb.UPDATE, client, slot, edit, code, forbidden=passed is Code.FORBIDDEN, sure=sure)

    @spec.action(actor="client", kind="environment")
    def delete_object(
        etcd: Etcd,
        clients: Clients,
        last: LastRequest,
        client: Client,
        slot: Slot,
        propagation: Propagation,
        sure: bool,
    ) -> None:
        """A client deletes an object; if it is `sure`, on the condition that it is the one that it has read."""
        require(etcd.revision() < scope.writes)
        known = clients.read[client][slot]
        require(not sure or known.uid > 0)
        uid = 0
        if sure:
            uid = known.uid
        passed = passes(client)
        code = passed
        if code is Code.OK:
            answer = delete(etcd, registry, CONFIG_MAP, slot, Request(propagation=propagation, uid=uid))
            code = answer.code
        last.made(Verb.DELETE, client, slot, Edit.WRITE, code, forbidden=passed is Code.FORBIDDEN, sure=sure)

    spec.include(properties())

    @spec.step_invariant
    def no_update_is_lost(
        before: Etcd, after: Etcd, then: Clients, _still: Clients, _was: LastRequest, now: LastRequest
    ) -> bool:
        """A PUT takes effect only on the very version that its client has read."""
        require(after.revision() > before.revision() and now.verb is Verb.UPDATE and now.sure)
        return all(
            after.get(slot) == before.get(slot) or then.read[now.client][slot].version == before.get(slot).version
            for slot in Slot
        )

    @spec.step_invariant
    def the_right_object_is_deleted(
        before: Etcd, after: Etcd, then: Clients, _still: Clients, _was: LastRequest, now: LastRequest
    ) -> bool:
        """A DELETE with a uid takes effect only on the object that its client has read, not on a successor of the same name."""
        require(after.revision() > before.revision() and now.verb is Verb.DELETE and now.sure)
        return all(
            after.get(slot) == before.get(slot) or then.read[now.client][slot].uid == before.get(slot).uid
            for slot in Slot
        )

    return spec
