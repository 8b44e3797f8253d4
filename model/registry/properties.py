"""What the registry and its chain promise, for an exploration of plain objects (cluster.py)."""

from __future__ import annotations

import enum

from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.objects import Slot
from kubecheck.model.registry.plain import NO_ACCOUNT, OWN_FINALIZER, UNKNOWN_ACCOUNT, Client, Edit
from kubecheck.model.registry.requests import Code
from kubecheck.spec import Module, State, require


class Verb(enum.Enum):
    """What the last request was."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class LastRequest(State):
    """The last request, for properties: who sent what, and the answer. The chain and the registry never look at it."""

    verb: Verb
    client: Client
    slot: Slot | None
    edit: Edit
    refused: bool
    forbidden: bool
    sure: bool

    def made(
        self, verb: Verb, client: Client, slot: Slot, edit: Edit, code: Code, *, forbidden: bool, sure: bool
    ) -> None:
        """A request was answered; `forbidden`: by authorization; `sure`: its preconditions were what its client had read."""
        self.verb = verb
        self.client = client
        self.slot = slot
        self.edit = edit
        self.refused = code is not Code.OK and code is not Code.CREATED
        self.forbidden = forbidden
        self.sure = sure


def properties() -> Module:
    """The promises of the chain and the registry."""
    module = Module("promises", Etcd, LastRequest)

    @module.step_invariant
    def refused_requests_have_no_effect(
        before: Etcd, after: Etcd, _was: LastRequest, now: LastRequest, slot: Slot
    ) -> bool:
        """What was answered with an error has changed nothing."""
        require(now.refused)
        return after.get(slot) == before.get(slot)

    @module.step_invariant
    def strangers_have_no_effect(before: Etcd, after: Etcd, _was: LastRequest, now: LastRequest) -> bool:
        """A request takes effect only if its sender was authenticated."""
        require(now.client is Client.STRANGER and now.verb is not Verb.NONE)
        return after.revision() == before.revision()

    @module.step_invariant
    def the_forbidden_have_no_effect(before: Etcd, after: Etcd, _was: LastRequest, now: LastRequest) -> bool:
        """A request takes effect only if some authorizer allows it: where none has an opinion, of a reader and of nobody, it is refused."""
        require((now.client is Client.READER or now.client is Client.NOBODY) and now.verb is not Verb.NONE)
        return after.revision() == before.revision()

    @module.step_invariant
    def the_first_authenticator_names_the_user(
        before: Etcd, after: Etcd, _was: LastRequest, now: LastRequest
    ) -> bool:
        """Of credentials that two authenticators know the first one names the user: the reader's certificate, not the owner's token."""
        require(now.client is Client.TWOFOLD and now.verb is not Verb.NONE)
        return after.revision() == before.revision()

    @module.step_invariant
    def the_first_denial_decides(before: Etcd, after: Etcd, _was: LastRequest, now: LastRequest) -> bool:
        """What an authorizer denies no later one can allow."""
        require(now.client is Client.SUSPENDED and now.verb is not Verb.NONE)
        return after.revision() == before.revision()

    @module.invariant
    def the_first_permission_decides(last: LastRequest) -> bool:
        """What an authorizer allows no later one can deny: the owner is never refused for want of permission."""
        require(last.client is Client.OWNER and last.verb is not Verb.NONE)
        return not last.forbidden

    @module.invariant
    def what_is_stored_was_admitted(etcd: Etcd, slot: Slot) -> bool:
        """Nothing is stored that validating admission refuses, or that mutating admission has not filled in."""
        require(etcd.get(slot).exists)
        return etcd.get(slot).spec != UNKNOWN_ACCOUNT and etcd.get(slot).spec != NO_ACCOUNT

    @module.step_invariant
    def finalizers_hold(before: Etcd, after: Etcd, _was: LastRequest, now: LastRequest, slot: Slot) -> bool:
        """An object with a finalizer is removed by nobody but who takes the last finalizer off."""
        require(OWN_FINALIZER in before.get(slot).finalizers and after.get(slot).uid != before.get(slot).uid)
        return now.verb is not Verb.DELETE and now.edit is Edit.RELEASE and before.get(slot).deleting

    @module.step_invariant
    def deletion_is_final(before: Etcd, after: Etcd, slot: Slot) -> bool:
        """A deletionTimestamp is never cleared."""
        require(before.get(slot).deleting and after.get(slot).uid == before.get(slot).uid)
        return after.get(slot).deleting

    @module.step_invariant
    def uids_are_never_used_again(before: Etcd, after: Etcd, slot: Slot) -> bool:
        """A new object has a uid that no object had before."""
        require(after.get(slot).exists and not before.get(slot).exists)
        return after.get(slot).uid > before.uid()

    @module.step_invariant
    def nothing_new_holds_what_is_going(before: Etcd, after: Etcd, slot: Slot) -> bool:
        """No update adds a finalizer to an object that is being deleted."""
        require(before.get(slot).deleting and after.get(slot).uid == before.get(slot).uid)
        return OWN_FINALIZER in before.get(slot).finalizers or OWN_FINALIZER not in after.get(slot).finalizers

    @module.reachable
    def an_object_is_filled_in(etcd: Etcd, last: LastRequest, slot: Slot) -> bool:
        """Admission has changed what a client wrote."""
        return last.edit is Edit.WRITE_BARE and etcd.get(slot).exists and not last.refused

    @module.reachable
    def a_held_object_goes(etcd: Etcd, last: LastRequest) -> bool:
        """An object that was held is gone after its finalizer was taken off."""
        if last.slot is None or last.refused:
            return False
        return last.edit is Edit.RELEASE and not etcd.get(last.slot).exists

    return module
