"""A spec of garbage collection: plain objects with owner references, a user who deletes owners, a controller that adopts.

The collector's informers may be as far behind as can be, and it may restart. What it cannot know yet it cannot keep: what the properties
promise of an owner's dependents is about those that its graph had when the owner was deleted (known to be so: kubernetes#26120).

The controller's informers show what is there now: an older version that it saw and did nothing about is none that it decided by.
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import Annotated

from kubecheck.model.registry.deletion import delete
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.garbage_collection import Protections, garbage_collector, is_waiting, relists
from kubecheck.model.registry.garbage_graph import MOST_UNSEEN, Collector
from kubecheck.model.registry.kinds import CONFIG_MAP
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.ownership import OTHER, Ownership, Uid
from kubecheck.model.registry.requests import Part, Propagation, Request
from kubecheck.model.registry.store import Registry, update
from kubecheck.model.registry.switches import Switches
from kubecheck.model.scope_checks import ScopeError, check_fields
from kubecheck.spec import Array, Module, Range, Spec, State, present, require


@dataclass(frozen=True)
class Owned:
    """An object that exists at first, in the next slot and with the next uid: its owner's slot and uid (uid 0: none)."""

    slot: int = 0
    uid: int = 0
    blocks: bool = False


@dataclass(frozen=True, kw_only=True)
class CollectingScope(Switches, Protections):
    """The objects that exist at first, what may happen, and which protections are on."""

    objects: tuple[Owned, ...] = (Owned(), Owned(0, 1, True))
    """Objects: an owner and its dependent."""
    empty_slots: int = 0
    """Slots behind them that nothing is in: coordinates that are wrong."""
    deletes: int = 1
    """Deletions of the first object by the user: the first with any propagation, later ones, of what is being deleted, with the same."""
    finalizers: int = 0
    """Whether the first object has a finalizer of somebody else's (0 or 1), who takes it off when it is being deleted."""
    moves: int = 0
    """Changes of the second object's owner, to the last object, by the user."""
    adopts: bool = False
    """A controller of the first object adopts the second one if that has no owner."""
    restarts: int = 0
    """Crashes and restarts of the garbage collector."""
    relists: int = 0
    """How often an informer of the garbage collector lists anew, and so skips versions of an object."""

    recheck_before_adoption: bool = True
    """Before it adopts, the controller reads its own object from the API server."""

    def __post_init__(self) -> None:
        check_fields(self)
        if self.finalizers > 1:
            raise ScopeError("finalizers", f"is {self.finalizers}, and must be 0 or 1")
        if 2 * self.deletes + self.finalizers + self.moves + 2 > MOST_UNSEEN:
            raise ScopeError("deletes", f"and moves are too many: an informer is at most {MOST_UNSEEN} versions behind")
        if len(self.objects) < 2 and (self.deletes or self.moves or self.adopts):
            raise ScopeError("objects", "are fewer than an owner and a dependent")

    @property
    def slots(self) -> int:
        """Slots."""
        return len(self.objects) + self.empty_slots

    @property
    def ownership(self) -> Ownership:
        """How references are packed."""
        return Ownership(self.slots, len(self.objects))

    def numbers(self) -> dict[str, int]:
        """The sizes of the model's types."""
        per_object = 3  # a move or an orphaning, an adoption, a deletion's mark; and its end
        return {
            "objects": self.slots,
            "uids": len(self.objects),
            "revisions": len(self.objects) * (per_object + 2)
            + self.moves
            + 2 * max(0, self.deletes - 1)
            + self.finalizers,
            "contents": self.ownership.contents,
            "bodies": self.ownership.bodies,
            "finalizers": 2 + self.finalizers,
            "finalizer_names": 1 + self.finalizers,
            **dict.fromkeys(("generations", "graces", "nodes", "history"), 0),
        }


class Adoption(enum.Enum):
    """How far the controller's sync is."""

    NO = "no"
    CHECKED = "about to patch"


class Others(State):
    """The user's budgets, the controller, and what the properties remember.

    The controller's informers show `owner` and `dependent`. `known` are the dependents of the first object that the garbage collector
    knew when the user deleted it, and `policy` is how.
    """

    deleted: Annotated[int, Range(0, "deletes")]
    moved: Annotated[int, Range(0, "moves")]
    restarted: Annotated[int, Range(0, "restarts")]
    owner: Stored
    dependent: Stored
    adoption: Adoption
    known: Array[Uid, bool]
    policy: Propagation


def users(scope: CollectingScope, registry: Registry) -> Module:
    """How a run starts, and what the user does."""
    module = Module("users", Etcd, Collector, Others)
    o = scope.ownership
    created = tuple(
        (index, o.number(x.slot, x.uid, blocks=x.blocks) if x.uid else 0) for index, x in enumerate(scope.objects)
    )

    @module.initial
    def objects_exist(etcd: Etcd, other: Others) -> None:
        """The objects exist; the garbage collector has yet to see them."""
        for at in created:
            etcd.create(Slot(at[0]), Stored(owners=at[1]), remember=False)
        if scope.finalizers:
            first = etcd.get(Slot(0))
            held = first.next(finalizers=first.finalizers + (OTHER,))  # noqa: RUF005 - a Seq grows by +
            etcd.update(Slot(0), held, remember=False)
        if scope.adopts:
            other.owner = etcd.get(Slot(0))
            other.dependent = etcd.get(Slot(1))

    if scope.deletes:

        @module.action(actor="user", kind="environment")
        def delete_owner(etcd: Etcd, c: Collector, other: Others, policy: Propagation) -> None:
            """The user deletes the first object, perhaps again."""
            require(policy is not Propagation.UNSAID and other.deleted < scope.deletes)
            owner = etcd.get(Slot(0))
            require(owner.exists and (not owner.deleting or policy is other.policy))
            if not owner.deleting:
                other.policy = policy
                for uid in range(1, o.uids + 1):
                    node = c.graph[uid]
                    if o.refers_to(node.owners, owner.uid):
                        other.known[uid] = True
            other.deleted += 1
            delete(etcd, registry, CONFIG_MAP, Slot(0), Request(propagation=policy))
            c.notice(etcd)

    if scope.finalizers:

        @module.action(actor="owner-of-a-finalizer")
        def drop_finalizer(etcd: Etcd, c: Collector) -> None:
            """Somebody else has done what it had to do, and takes its finalizer off."""
            require(etcd.get(Slot(0)).deleting and OTHER in etcd.get(Slot(0)).finalizers)
            update(etcd, registry, CONFIG_MAP, Part.MAIN, Slot(0), Request(body=o.drop_other))
            c.notice(etcd)

    if scope.moves:
        last = len(scope.objects)

        @module.action(actor="user", kind="environment")
        def move_dependent(etcd: Etcd, c: Collector, other: Others) -> None:
            """The user gives the second object another owner, the last object."""
            require(other.moved < scope.moves and etcd.get(Slot(1)).exists)
            other.moved += 1
            body = o.own(o.number(last - 1, last, blocks=False))
            update(etcd, registry, CONFIG_MAP, Part.MAIN, Slot(1), Request(body=body))
            c.notice(etcd)

    return module


def controller(scope: CollectingScope, registry: Registry) -> Module:
    """A controller of the first object, which adopts the second (pkg/controller/controller_ref_manager.go, ClaimObject)."""
    module = Module("controller", Etcd, Collector, Others)
    o = scope.ownership
    reference = o.number(0, 1, blocks=True)

    @module.action(actor="controller")
    def see_owner(etcd: Etcd, other: Others) -> None:
        """The controller's informer shows its object."""
        require(other.owner != etcd.get(Slot(0)))
        other.owner = etcd.get(Slot(0))

    @module.action(actor="controller")
    def see_dependent(etcd: Etcd, other: Others) -> None:
        """The controller's informer shows the dependent."""
        require(other.dependent != etcd.get(Slot(1)))
        other.dependent = etcd.get(Slot(1))

    @module.action(actor="controller")
    def claim(etcd: Etcd, other: Others) -> None:
        """The controller finds an object without an owner, and its own one not being deleted: it will adopt."""
        require(other.adoption is Adoption.NO and other.owner.exists and not other.owner.deleting)
        require(other.dependent.exists and not other.dependent.deleting and other.dependent.owners == 0)
        if scope.recheck_before_adoption:
            require(etcd.get(Slot(0)).uid == other.owner.uid and not etcd.get(Slot(0)).deleting)
        other.adoption = Adoption.CHECKED

    @module.action(actor="controller")
    def adopt(etcd: Etcd, c: Collector, other: Others) -> None:
        """The controller's patch arrives: the object has an owner."""
        require(other.adoption is Adoption.CHECKED)
        other.adoption = Adoption.NO
        other.dependent = other.dependent.next(owners=reference)
        if etcd.get(Slot(1)).owners == 0:
            update(etcd, registry, CONFIG_MAP, Part.MAIN, Slot(1), Request(body=o.own(reference)))
            c.notice(etcd)

    return module


def properties(scope: CollectingScope) -> Module:
    """What garbage collection promises."""
    module = Module("promises", Etcd, Collector, Others)
    o = scope.ownership

    @module.step_invariant
    def nothing_with_a_live_owner_is_deleted(
        before: Etcd, after: Etcd, c_before: Collector, c_after: Collector, slot: Slot
    ) -> bool:
        """The garbage collector deletes no object that has an owner which exists and does not wait for it."""
        was, now = before.get(slot), after.get(slot)
        require(was.exists and not was.deleting and was.owners != 0)
        require(c_before.decided[was.uid] is not None and c_after.decided[was.uid] is None)
        require(now.uid != was.uid or now.deleting)
        return not any(
            before.get(present(r.slot)).uid == r.uid and not is_waiting(before.get(present(r.slot)))
            for r in o.references(was.owners)
        )

    @module.quiescent
    def dependents_of_deleted_owners_go(etcd: Etcd, slot: Slot) -> bool:
        """When everything is quiet there is no object all of whose owners, which it names rightly, are gone."""
        found = etcd.get(slot)
        require(found.exists and found.owners != 0)
        require(all(present(r.slot).index + 1 == r.uid for r in o.references(found.owners)))
        return any(etcd.get(present(r.slot)).uid == r.uid for r in o.references(found.owners))

    if scope.deletes:

        @module.quiescent
        def deletions_end(etcd: Etcd, slot: Slot) -> bool:
            """When everything is quiet no object is being deleted."""
            require(etcd.get(slot).exists)
            return not etcd.get(slot).deleting

        @module.invariant
        def orphaned_dependents_survive(etcd: Etcd, other: Others, slot: Slot) -> bool:
            """A dependent whose owner was deleted with Orphan stays, if the garbage collector knew it."""
            uid = slot.index + 1
            require(
                other.policy is Propagation.ORPHAN and slot.index < o.uids and other.known[uid] and other.moved == 0
            )
            found = etcd.get(slot)
            return found.uid == uid and not found.deleting

        @module.step_invariant
        def foreground_owners_go_last(before: Etcd, after: Etcd, other_before: Others, other_after: Others) -> bool:
            """An owner that was deleted with Foreground goes after the dependents that block it, if the garbage collector knew them."""
            require(other_before.policy is Propagation.FOREGROUND and other_after.moved == 0)
            was = before.get(Slot(0))
            require(was.exists and after.get(Slot(0)).uid != was.uid)
            return not any(
                other_before.known[s.index + 1] and o.blocks(after.get(s).owners, was.uid)
                for s in Slot
                if s.index < o.uids
            )

        @module.reachable
        def an_orphan_is_left(etcd: Etcd, other: Others, slot: Slot) -> bool:
            """Some dependent has lost its owner and is still there."""
            orphaned = other.policy is Propagation.ORPHAN and slot.index < o.uids and other.known[slot.index + 1]
            return orphaned and etcd.get(slot).exists and not etcd.get(Slot(0)).exists and etcd.get(slot).owners == 0

        @module.reachable
        def a_dependent_is_collected(etcd: Etcd, other: Others) -> bool:
            """The second object is deleted after its owner."""
            return other.policy is Propagation.BACKGROUND and not etcd.get(Slot(1)).exists

    return module


def collecting(scope: CollectingScope = CollectingScope(), *, name: str = "collecting") -> Spec:
    """The spec of a scope."""
    registry = Registry(contents=scope.ownership, remember=False)
    shown = asdict(scope)
    values = {name: value for name, value in shown.items() if isinstance(value, int)}
    spec = Spec(name, scope={**values, **scope.numbers()})
    spec.include(users(scope, registry))
    if scope.adopts:
        spec.include(controller(scope, registry))
    spec.include(garbage_collector(scope.ownership, registry, scope, deletions=scope.deletes > 0))
    if scope.restarts:
        spec.include(restarts(scope))
    if scope.relists:
        spec.include(relists(scope.ownership, scope, scope.relists))
    spec.include(properties(scope))
    return spec


def restarts(scope: CollectingScope) -> Module:
    """The garbage collector's crashes."""
    module = Module("restarts", Collector, Others)

    @module.action(actor="garbage-collector", kind="fault")
    def restart_collector(c: Collector, other: Others) -> None:
        """The garbage collector crashes and starts again."""
        require(other.restarted < scope.restarts)
        other.restarted += 1
        for uid in range(1, scope.ownership.uids + 1):
            other.known[uid] = False
        c.restart(scope.ownership)

    return module
