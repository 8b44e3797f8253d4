"""The garbage collector's graph of owners and dependents, as its graph builder makes it from its informers.

Facts, from pkg/controller/garbagecollector/graph_builder.go (processGraphChanges, addDependentToOwners, processTransitions,
addUnblockedOwnersToDeleteQueue) and graph.go:

- A node is known by its uid. An owner that is only referred to gets a virtual node, with the coordinates of the reference, and is looked
  up by a worker; if it is not there a virtual deletion is put among the informers' events.
- A dependent whose reference has other coordinates than the owner's node is suspect and looked at, too (kubernetes#92743).
- When a node goes, its dependents are to be looked at, and that it is absent is remembered.

Each slot has an informer of its own here, so the order of events of different objects is free; the versions of one come one by one. Only
a list skips some: the first one, and a relist (`Collector.relist`), which is a fault with a budget. Whoever writes to etcd says so to the
informers (`Collector.notice`) in the same step; a write that they were not told of is shown as a list would show it.
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.objects import FOREGROUND, ORPHAN, Slot, Stored
from kubecheck.model.registry.ownership import Owners, Ownership, Uid
from kubecheck.spec import Array, MaxLen, Range, Record, Seq, Set, State

MOST_UNSEEN = 8  # versions of an object that its informer has not shown yet


class Node(Record):
    """An object in the graph. `virtual`: no informer has shown it yet. `waiting`: its deletion waits for its dependents.

    One that is not known has nothing else, either.
    """

    known: bool = False
    virtual: bool = False
    slot: Slot | None = None
    owners: Owners = 0
    deleting: bool = False
    waiting: bool = False


class Orphaning(enum.Enum):
    """How far the dependents of a node are orphaned."""

    NO = "no"
    QUEUED = "queued"
    PATCHED = "its dependents are patched"


class Decided(Record):
    """A DELETE that a worker is about to send: the version that the object had when it decided (0: it sends none), and the propagation."""

    version: Annotated[int, Range(0, "revisions")] = 0
    foreground: bool = False
    orphan: bool = False


def begins(old: Stored, new: Stored, finalizer: int) -> bool:
    """Whether a deletion begins that has this finalizer (deletionStartsWithFinalizer)."""
    return new.deleting and finalizer in new.finalizers and not (old.deleting and finalizer in old.finalizers)


class Collector(State):
    """The garbage collector: what its informers show, which versions they are about to show, its graph, its queues, and which owners it
    knows to be absent, by uid and coordinates."""

    view: Array[Slot, Stored]
    coming: Array[Slot, Annotated[Seq[Stored], MaxLen(MOST_UNSEEN)]]
    graph: Array[Uid, Node]
    to_delete: Array[Uid, bool]
    to_orphan: Array[Uid, Orphaning]
    not_found: Array[Uid, Slot | None]
    absent: Array[Uid, Set[Slot]]
    decided: Array[Uid, Decided | None]

    def newest(self, slot: Slot) -> Stored:
        """The newest version that the object's informer has taken in, shown or not."""
        waiting = self.coming[slot]
        if len(waiting) == 0:
            return self.view[slot]
        return waiting[len(waiting) - 1]

    def notice(self, etcd: Etcd) -> None:
        """The informers take in what was written: each change is one version more. What no list has shown yet waits for the first one."""
        for slot in Slot:
            if self.newest(slot).exists and self.newest(slot) != etcd.get(slot):
                self.coming[slot] = self.coming[slot] + (etcd.get(slot),)

    def next_version(self, etcd: Etcd, slot: Slot) -> Stored:
        """Takes the next version that the informer shows; without any, it lists."""
        waiting = self.coming[slot]
        if len(waiting) == 0:
            return etcd.get(slot)
        self.coming[slot] = waiting[1:]
        return waiting[0]

    def relist(self, etcd: Etcd, slot: Slot) -> Stored:
        """Lists anew: what came in between is never shown."""
        self.coming[slot] = Seq()
        return etcd.get(slot)

    def take_in(self, o: Ownership, slot: Slot, new: Stored, coordinates: bool, by_finalizer: bool) -> None:
        """The informer of a slot shows a version, and the graph follows."""
        old = self.view[slot]
        self.view[slot] = new
        if old.uid != new.uid and self.graph[old.uid].known:
            self.remove(o, old.uid, slot)
        if new.exists:
            before = old if old.uid == new.uid else Stored()
            self.show(o, new.uid, slot, before, new, coordinates, by_finalizer)

    def has_dependents(self, o: Ownership, uid: int) -> bool:
        """Whether the graph has dependents of a uid."""
        return any(o.refers_to(n.owners, uid) for n in self.graph)

    def look_at_dependents(self, o: Ownership, uid: int) -> None:
        """The dependents of a uid are to be looked at."""
        for dependent in range(1, o.uids + 1):
            if o.refers_to(self.graph[dependent].owners, uid):
                self.to_delete[dependent] = True

    def add_to_owners(self, o: Ownership, uid: int, new: Owners, old: Owners, coordinates: bool) -> None:
        """A node has references to uids that it did not refer to: owners that are not known get virtual nodes."""
        for reference in o.references(new):
            if not o.refers_to(old, reference.uid):
                if not self.graph[reference.uid].known:
                    self.graph[reference.uid] = Node(known=True, virtual=True, slot=reference.slot)
                    self.to_delete[reference.uid] = True
                elif coordinates and self.graph[reference.uid].slot != reference.slot:
                    self.to_delete[uid] = True

    def show(
        self, o: Ownership, uid: int, slot: Slot, old: Stored, new: Stored, coordinates: bool, by_finalizer: bool
    ) -> None:
        """An informer shows a new or changed object."""
        node = self.graph[uid]
        if node.virtual:
            if coordinates and node.slot != slot:
                self._suspect(o, uid, slot)
            self.graph[uid] = node.next(virtual=False, slot=slot)
        if not node.known:
            waits = new.deleting and FOREGROUND in new.finalizers
            self.graph[uid] = Node(known=True, slot=slot, owners=new.owners, deleting=new.deleting, waiting=waits)
            self.add_to_owners(o, uid, new.owners, 0, coordinates)
        else:
            for reference in o.references(node.owners):
                if reference.blocks and not o.blocks(new.owners, reference.uid) and self.graph[reference.uid].known:
                    self.to_delete[reference.uid] = True
            self.graph[uid].owners = new.owners
            self.graph[uid].deleting = new.deleting
            self.add_to_owners(o, uid, new.owners, node.owners, coordinates)
        self._begin(o, uid, old, new, by_finalizer)

    def _suspect(self, o: Ownership, uid: int, slot: Slot) -> None:
        """Dependents that refer to the uid by other coordinates are to be looked at."""
        for dependent in range(1, o.uids + 1):
            for reference in o.references(self.graph[dependent].owners):
                if reference.uid == uid and reference.slot != slot:
                    self.to_delete[dependent] = True

    def _begin(self, o: Ownership, uid: int, old: Stored, new: Stored, by_finalizer: bool) -> None:
        """A deletion begins that orphans the dependents or waits for them (processTransitions).

        Not `by_finalizer`: it begins with the deletionTimestamp, and never again.
        """
        again = old.deleting and not by_finalizer
        if not again and begins(old, new, ORPHAN):
            self.to_orphan[uid] = Orphaning.QUEUED
        elif not again and begins(old, new, FOREGROUND):
            self.graph[uid].waiting = True
            self.look_at_dependents(o, uid)
            self.to_delete[uid] = True

    def remove(self, o: Ownership, uid: int, slot: Slot) -> None:
        """A node goes: its dependents are to be looked at, and owners that wait for it."""
        node = self.graph[uid]
        self.graph[uid] = Node()
        if self.has_dependents(o, uid):
            self.absent[uid] |= {slot}
        self.look_at_dependents(o, uid)
        for reference in o.references(node.owners):
            if self.graph[reference.uid].waiting:
                self.to_delete[reference.uid] = True

    def remove_virtually(self, o: Ownership, uid: int, slot: Slot) -> None:
        """A worker has not found the owner at these coordinates: dependents that refer to it there have lost it, others have not."""
        node = self.graph[uid]
        elsewhere = self._elsewhere(o, uid, slot)
        if (node.virtual and elsewhere is None) or (not node.virtual and node.slot == slot):
            self.remove(o, uid, slot)
        else:
            for dependent in range(1, o.uids + 1):
                if o.names(self.graph[dependent].owners, uid, slot):
                    self.absent[uid] |= {slot}
                    self.to_delete[dependent] = True
            if node.slot == slot:
                self.graph[uid].slot = elsewhere
                self.to_delete[uid] = True

    def _elsewhere(self, o: Ownership, uid: int, slot: Slot) -> Slot | None:
        """By which other coordinates dependents refer to a uid: the next ones in order, else the first (getAlternateOwnerIdentity)."""
        first_one: Slot | None = None
        following: Slot | None = None
        for other in Slot:
            if other != slot and any(o.names(n.owners, uid, other) for n in self.graph):
                if first_one is None:
                    first_one = other
                if following is None and other.index > slot.index:
                    following = other
        return first_one if following is None else following

    def restart(self, o: Ownership) -> None:
        """The process crashes and starts again: it knows nothing."""
        for slot in Slot:
            self.view[slot] = Stored()
            self.coming[slot] = Seq()
        for uid in range(1, o.uids + 1):
            self.graph[uid] = Node()
            self.to_delete[uid] = False
            self.to_orphan[uid] = Orphaning.NO
            self.not_found[uid] = None
            self.absent[uid] = Set()
            self.decided[uid] = None
