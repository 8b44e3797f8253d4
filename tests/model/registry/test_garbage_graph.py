"""The garbage collector's graph, step by step: what is to be looked at after what an informer or a worker has found.

What must happen is what pkg/controller/garbagecollector/graph_builder.go says. And which objects a controller adopts meanwhile.
"""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model.registry.collecting import CollectingScope, Owned
from kubecheck.model.registry.garbage_collection import is_dangling, is_waiting
from kubecheck.model.registry.garbage_graph import begins
from kubecheck.model.registry.objects import FOREGROUND, Slot, Stored
from kubecheck.model.registry.requests import Propagation
from kubecheck.spec import Seq, Set
from tests.model.registry.laboratory import Collecting

NOWHERE, NEITHER = 5, 6  # slots that nothing is in
WRONG = CollectingScope(
    objects=(Owned(), Owned(0, 1, True), Owned(NOWHERE, 1), Owned(NOWHERE, 2), Owned(NEITHER, 1)), empty_slots=2
)


def shown(scope: CollectingScope, *slots: int) -> Collecting:
    """The informers have shown these objects, in this order."""
    lab = Collecting(scope)
    for slot in slots:
        assert lab.takes("show_object", slot=slot)
    return lab


def rewrite(lab: Collecting, index: int) -> None:
    """Somebody writes something to an object that is none of the garbage collector's business."""

    def request(etcd: Any, c: Any, other: Any) -> None:
        etcd.update(Slot(index), etcd.get(Slot(index)), remember=False)

    lab.run(request)


def disappears(lab: Collecting, index: int) -> None:
    """Somebody deletes an object, and its informer shows that."""

    def request(etcd: Any, c: Any, other: Any) -> None:
        etcd.delete(Slot(index), etcd.get(Slot(index)), remember=False)

    lab.run(request)
    assert lab.takes("show_object", slot=index)


def known_absent(lab: Collecting, uid: int) -> list[int]:
    return lab.run(lambda etcd, c, other: [s.index for s in Slot if s in c.absent[uid]])


def coordinates(lab: Collecting, uid: int) -> int:
    return lab.run(lambda etcd, c, other: c.graph[uid].slot.index)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((True, False), (True, True), True),
        ((False, True), (True, True), True),
        ((False, False), (True, True), True),
        ((True, True), (True, True), False),
        ((False, False), (False, True), False),
        ((False, True), (True, False), False),
    ],
)
def test_a_deletion_begins_with_mark_and_finalizer(
    before: tuple[bool, bool], after: tuple[bool, bool], expected: bool
) -> None:
    """deletionStartsWithFinalizer; of each version whether it is being deleted, and whether it has the finalizer."""

    def made(deleting: bool, held: bool) -> Stored:
        return Stored(uid=1, deleting=deleting, finalizers=Seq((FOREGROUND,)) if held else Seq())

    lab = Collecting(CollectingScope())
    assert lab.run(lambda etcd, c, other: begins(made(*before), made(*after), FOREGROUND)) is expected


def test_who_is_to_be_deleted_in_the_foreground_some_day_does_not_wait_yet() -> None:
    """garbagecollector.go, classifyReferences: deletionTimestamp and finalizer."""
    lab = Collecting(CollectingScope())
    owner = {"uid": 1, "finalizers": Seq((FOREGROUND,))}
    assert lab.run(lambda *_: [is_waiting(Stored(**owner, deleting=d)) for d in (False, True)]) == [False, True]


def test_who_has_the_finalizer_only_waits_for_nothing_when_first_seen() -> None:
    """processGraphChanges, deletingDependents of a new node."""
    lab = Collecting(CollectingScope())

    def waits(etcd: Any, c: Any, other: Any) -> bool:
        held = Stored(uid=1, finalizers=Seq((FOREGROUND,)))
        c.show(lab.ownership, 1, Slot(0), Stored(), held, True, True)
        return bool(c.graph[1].waiting)

    assert not lab.run(waits)


@pytest.mark.parametrize(("owner_coordinates", "answers"), [(True, [False, False, True]), (False, [False, True, True])])
def test_absent_owners_are_remembered_with_their_coordinates(owner_coordinates: bool, answers: list[bool]) -> None:
    """garbagecollector.go, isDangling (kubernetes#92743: until then by the uid alone). The owner is in etcd, which is asked last."""
    scope = CollectingScope(owner_coordinates=owner_coordinates)
    lab = Collecting(scope)

    def request(etcd: Any, c: Any, other: Any) -> list[bool]:
        reference = lab.ownership.reference(lab.ownership.number(0, 1, blocks=False))
        found = []
        for absent in (Set(), Set([Slot(1)]), Set([Slot(0)])):
            c.absent[1] = absent
            found.append(bool(is_dangling(etcd, c, reference, scope)))
        return found

    assert lab.run(request) == answers


def test_a_deletion_begins_once() -> None:
    """processTransitions: an object that is being deleted and written again begins nothing anew."""
    lab = shown(CollectingScope(), 0, 1)
    assert lab.takes("delete_owner", policy=Propagation.FOREGROUND)
    assert lab.takes("show_object", slot=0)
    assert lab.to_delete() == [1, 2]
    lab.look_at_all()
    assert lab.to_delete() == []
    rewrite(lab, 0)
    assert lab.takes("show_object", slot=0)
    assert lab.to_delete() == []


def test_an_owner_is_looked_up_when_it_is_first_referred_to_and_not_again() -> None:
    """processGraphChanges: only references that are added go to addDependentToOwners."""
    lab = shown(CollectingScope(), 1)
    assert lab.graph(1).virtual
    lab = shown(CollectingScope(), 0, 1)
    disappears(lab, 0)
    assert not lab.graph(1).known
    rewrite(lab, 1)
    assert lab.takes("show_object", slot=1)
    assert not lab.graph(1).known


@pytest.mark.parametrize(("owner_coordinates", "suspects"), [(True, [1, 3, 5]), (False, [1])])
def test_who_refers_by_other_coordinates_is_looked_at_when_the_owner_is_seen(
    owner_coordinates: bool, suspects: list[int]
) -> None:
    """processGraphChanges, potentiallyInvalidDependents (kubernetes#92743). The virtual node itself has yet to be looked up."""
    scope = CollectingScope(objects=WRONG.objects, empty_slots=2, owner_coordinates=owner_coordinates)
    lab = shown(scope, 2, 1, 3, 4)
    assert lab.to_delete() == ([1, 2, 4, 5] if owner_coordinates else [1])
    for uid in lab.to_delete()[1:]:
        assert lab.takes("look_at_object", uid=uid)
    assert lab.to_delete() == [1]
    assert lab.takes("show_object", slot=0)
    assert lab.to_delete() == suspects


def looked_up(*slots: int) -> Collecting:
    """These objects are shown; workers look at all that is to be looked at, and do not find the owner."""
    lab = shown(WRONG, *slots)
    lab.look_at_all()
    assert lab.to_delete() == []
    assert coordinates(lab, 1) == NOWHERE
    return lab


def test_an_owner_that_is_not_there_is_looked_up_elsewhere() -> None:
    """processGraphChanges: dependents disagree about a virtual node, and the ones that are wrong are looked at."""
    lab = looked_up(2, 1, 3)
    assert lab.takes("take_virtual_deletion", uid=1)
    assert known_absent(lab, 1) == [NOWHERE]
    assert lab.to_delete() == [1, 3]
    assert lab.graph(1).virtual
    assert coordinates(lab, 1) == 0


def test_an_owner_that_is_seen_after_all_makes_nobody_suspect_again() -> None:
    """processGraphChanges: only a virtual node that is there is replaced."""
    lab = looked_up(2)
    assert lab.takes("take_virtual_deletion", uid=1)
    assert lab.to_delete() == [3]
    lab.look_at_all()
    assert lab.takes("show_object", slot=0)
    assert lab.to_delete() == []


def test_coordinates_that_nobody_uses_are_not_remembered() -> None:
    """processGraphChanges: absentOwnerCache.Add only if there are matchingDependents."""
    lab = looked_up(2, 1, 3)
    disappears(lab, 2)
    assert lab.takes("take_virtual_deletion", uid=1)
    assert known_absent(lab, 1) == []
    assert lab.to_delete() == [1]
    assert coordinates(lab, 1) == 0


def test_what_was_found_missing_before_moves_no_virtual_node() -> None:
    """processGraphChanges: `if existingNode.identity == deletedIdentity`."""
    lab = looked_up(2, 1, 4)
    lab.run(lambda etcd, c, other: c.remove_virtually(lab.ownership, 1, Slot(NEITHER)))
    assert known_absent(lab, 1) == [NEITHER]
    assert coordinates(lab, 1) == NOWHERE


def test_the_next_coordinates_are_tried_then_the_first() -> None:
    """getAlternateOwnerIdentity."""
    lab = looked_up(2, 1, 4)
    tried = []
    for _ in range(3):
        lab.run(lambda etcd, c, other: c.remove_virtually(lab.ownership, 1, c.graph[1].slot))
        tried.append(coordinates(lab, 1))
    assert tried == [NEITHER, 0, NOWHERE]


def test_references_are_packed_and_taken_apart() -> None:
    lab = Collecting(WRONG)
    o = lab.ownership
    first, second = o.number(0, 1, blocks=True), o.number(NOWHERE, 2, blocks=False)
    both = first + o.base * second

    def unpacked(etcd: Any, c: Any, other: Any) -> list[tuple[int, int, bool]]:
        return [(r.slot.index, r.uid, r.blocks) for r in o.references(both)]

    assert lab.run(unpacked) == [(0, 1, True), (NOWHERE, 2, False)]
    assert lab.run(lambda *_: [o.blocks(both, uid) for uid in (1, 2, 3)]) == [True, False, False]
    assert lab.run(lambda *_: [o.refers_to(both, uid) for uid in (1, 2, 3)]) == [True, True, False]
    assert lab.run(lambda *_: [o.without(both, uid) for uid in (1, 2, 3)]) == [second, first, both]


def test_a_controller_that_goes_adopts_nothing_and_nobody_adopts_what_goes() -> None:
    """pkg/controller/controller_ref_manager.go, ClaimObject, by what its informers show."""
    scope = CollectingScope(objects=(Owned(), Owned()), adopts=True, recheck_before_adoption=False)

    def claims(owner: dict[str, Any], dependent: dict[str, Any]) -> bool:
        lab = Collecting(scope)

        def request(etcd: Any, c: Any, other: Any) -> None:
            other.owner = other.owner.next(**owner)
            other.dependent = other.dependent.next(**dependent)

        lab.run(request)
        return lab.takes("claim")

    assert claims({}, {})
    for change in ({"deleting": True}, {"uid": 0}):
        assert not claims(change, {})
        assert not claims({}, change)
