"""The garbage collector's workers: what they do with a node of the graph.

Facts, from pkg/controller/garbagecollector/garbagecollector.go (attemptToDeleteItem, classifyReferences, isDangling,
processDeletingDependentsItem, attemptToOrphanWorker) and operations.go (deleteObject, removeFinalizer): a worker reads the object and each
owner from the API server, not from its informers. An object with a solid owner stays, and loses its other references; one without any is
deleted, if nothing has been written to it since (kubernetes#132632), and in the foreground if an owner waits for it and it has dependents
itself. An owner that is orphaned is taken out of its dependents' references, then loses its finalizer; one that waits for its dependents
loses its finalizer when none blocks it.

Not modelled: the detection of cycles among owners in the foreground, and API resources that discovery does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kubecheck.model.registry.deletion import delete
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.garbage_graph import Collector, Decided, Orphaning
from kubecheck.model.registry.kinds import CONFIG_MAP
from kubecheck.model.registry.objects import FOREGROUND, ORPHAN, Slot, Stored
from kubecheck.model.registry.ownership import Ownership, Reference
from kubecheck.model.registry.requests import Answer, Code, Given, Part, Propagation, Request, Version
from kubecheck.model.registry.store import Registry, update
from kubecheck.spec import Module, Range, State, present, require


@dataclass(frozen=True, kw_only=True)
class Protections:
    """What keeps the garbage collector from deleting what it must not, or makes it delete what it must: features, all on in 1.36."""

    owner_coordinates: bool = True
    """Absent owners and suspect references are told by coordinates and uid, not by the uid alone."""
    version_on_delete: bool = True
    """A DELETE names the version whose references were looked at."""
    virtual_nodes: bool = True
    """An owner that no informer has shown is looked up."""
    block_owner_deletion: bool = True
    """An owner in the foreground waits for the dependents that block it."""
    orphan_dependents: bool = True
    """Orphaning takes the owner out of its dependents' references."""
    finalizer_starts_deletion: bool = True
    """A deletion begins whenever its finalizer appears, not only with the deletionTimestamp."""


class Relists(State):
    """How often the garbage collector's informers have listed anew."""

    done: Annotated[int, Range(0, "relists")]


def is_dangling(etcd: Etcd, c: Collector, reference: Reference, protections: Protections) -> bool:
    """Whether a reference is to an object that is not there; from memory, else by a GET."""
    known_absent = c.absent[reference.uid]
    if protections.owner_coordinates:
        if reference.slot is not None and reference.slot in known_absent:
            return True
    elif len(known_absent) > 0:
        return True
    return etcd.get(present(reference.slot)).uid != reference.uid


def is_waiting(owner: Stored) -> bool:
    """Whether its deletion waits for its dependents."""
    return owner.deleting and FOREGROUND in owner.finalizers


def remember_absent(etcd: Etcd, c: Collector, o: Ownership, live: Stored) -> None:
    """Owners that a GET did not find are remembered."""
    for reference in o.references(live.owners):
        slot = present(reference.slot)
        if etcd.get(slot).uid != reference.uid:
            c.absent[reference.uid] |= {slot}


def look_at(etcd: Etcd, c: Collector, o: Ownership, registry: Registry, protections: Protections, uid: int) -> None:
    """A worker takes a node from the queue (attemptToDeleteItem)."""
    require(c.to_delete[uid])
    node = c.graph[uid]
    # a virtual node is looked at again and again, until it is seen or found missing
    c.to_delete[uid] = node.virtual
    require(not node.deleting or node.waiting)
    if node.known:
        slot = present(node.slot)
        live = etcd.get(slot)
        if live.uid != uid:
            c.to_delete[uid] = False
            c.not_found[uid] = slot
        elif node.waiting:
            look_at_waiting(etcd, c, o, registry, protections, uid, slot)
        elif live.owners != 0:
            look_at_dependent(etcd, c, o, registry, protections, uid, slot, live)


def look_at_waiting(
    etcd: Etcd, c: Collector, o: Ownership, registry: Registry, protections: Protections, uid: int, slot: Slot
) -> None:
    """An owner in the foreground: it loses its finalizer, or the dependents that block it are looked at."""
    blocked = protections.block_owner_deletion and any(o.blocks(n.owners, uid) for n in c.graph)
    if blocked:
        for dependent in range(1, o.uids + 1):
            if o.blocks(c.graph[dependent].owners, uid) and not c.graph[dependent].waiting:
                c.to_delete[dependent] = True
    else:
        update(etcd, registry, CONFIG_MAP, Part.MAIN, slot, Request(body=o.drop_finalizer(FOREGROUND), uid=uid))


def look_at_dependent(
    etcd: Etcd,
    c: Collector,
    o: Ownership,
    registry: Registry,
    protections: Protections,
    uid: int,
    slot: Slot,
    live: Stored,
) -> None:
    """An object with owners: it stays, loses references, or is about to be deleted."""
    solid, waited_for, others = False, False, 0
    for reference in o.references(live.owners):
        if is_dangling(etcd, c, reference, protections):
            others = reference.uid
        elif is_waiting(etcd.get(present(reference.slot))):
            waited_for = True
            others = reference.uid
        else:
            solid = True
    remember_absent(etcd, c, o, live)
    if solid:
        if others != 0:
            update(etcd, registry, CONFIG_MAP, Part.MAIN, slot, Request(body=o.drop_reference(others), uid=uid))
    else:
        foreground = waited_for and c.has_dependents(o, uid)
        if not foreground:
            foreground = FOREGROUND in live.finalizers
        orphan = not foreground and ORPHAN in live.finalizers
        version = live.version if protections.version_on_delete else 0
        c.decided[uid] = Decided(version=version, foreground=foreground, orphan=orphan)


def send_delete(etcd: Etcd, c: Collector, registry: Registry, uid: int) -> None:
    """The worker's DELETE arrives; after a conflict the object is looked at again."""
    decided = present(c.decided[uid])
    c.decided[uid] = None
    slot = present(c.graph[uid].slot)
    policy = Propagation.BACKGROUND
    if decided.foreground:
        policy = Propagation.FOREGROUND
    elif decided.orphan:
        policy = Propagation.ORPHAN
    version = Version()
    if decided.version > 0:
        version = Version(given=Given.NUMBER, number=decided.version)
    answer: Answer = delete(etcd, registry, CONFIG_MAP, slot, Request(uid=uid, version=version, propagation=policy))
    if answer.code is not Code.OK:
        c.to_delete[uid] = True


def orphan_dependents(etcd: Etcd, c: Collector, o: Ownership, registry: Registry, uid: int) -> None:
    """An owner is taken out of the references of the dependents in the graph; those that are gone are passed over (orphanDependents).

    Slots are not used again here, so nothing else is found under a dependent's name.
    """
    for dependent in range(1, o.uids + 1):
        node = c.graph[dependent]
        if o.refers_to(node.owners, uid):
            request = Request(body=o.drop_reference(uid), uid=dependent)
            update(etcd, registry, CONFIG_MAP, Part.MAIN, present(node.slot), request)


def garbage_collector(o: Ownership, registry: Registry, protections: Protections, *, deletions: bool) -> Module:
    """The garbage collector's steps; without `deletions` by others nobody is orphaned."""
    module = Module("garbage collector", Etcd, Collector)

    @module.action(actor="garbage-collector")
    def show_object(etcd: Etcd, c: Collector, slot: Slot) -> None:
        """An informer of the garbage collector shows the next version of an object, and the graph follows."""
        new = c.next_version(etcd, slot)
        require(c.view[slot] != new)
        c.take_in(o, slot, new, protections.owner_coordinates, protections.finalizer_starts_deletion)

    if protections.virtual_nodes:

        @module.action(actor="garbage-collector")
        def take_virtual_deletion(c: Collector, uid: Annotated[int, Range(1, "uids")]) -> None:
            """The graph takes in that a worker has not found an object."""
            slot = present(c.not_found[uid])
            c.not_found[uid] = None
            if c.graph[uid].known:
                if protections.owner_coordinates:
                    c.remove_virtually(o, uid, slot)
                else:
                    c.remove(o, uid, slot)

    @module.action(actor="garbage-collector")
    def look_at_object(etcd: Etcd, c: Collector, uid: Annotated[int, Range(1, "uids")]) -> None:
        """A worker looks at an object and its owners, live, and decides."""
        if not protections.virtual_nodes:
            require(not c.graph[uid].virtual)
        look_at(etcd, c, o, registry, protections, uid)
        c.notice(etcd)

    @module.action(actor="garbage-collector")
    def delete_object(etcd: Etcd, c: Collector, uid: Annotated[int, Range(1, "uids")]) -> None:
        """The DELETE that a worker has decided on arrives."""
        send_delete(etcd, c, registry, uid)
        c.notice(etcd)

    if deletions:

        @module.action(actor="garbage-collector")
        def orphan(etcd: Etcd, c: Collector, uid: Annotated[int, Range(1, "uids")]) -> None:
            """A worker takes an owner that is being deleted out of its dependents' references."""
            require(c.to_orphan[uid] is Orphaning.QUEUED)
            c.to_orphan[uid] = Orphaning.PATCHED
            if protections.orphan_dependents:
                orphan_dependents(etcd, c, o, registry, uid)
                c.notice(etcd)

        @module.action(actor="garbage-collector")
        def finish_orphaning(etcd: Etcd, c: Collector, uid: Annotated[int, Range(1, "uids")]) -> None:
            """The owner loses its finalizer, and is gone."""
            require(c.to_orphan[uid] is Orphaning.PATCHED)
            c.to_orphan[uid] = Orphaning.NO
            slot = present(c.graph[uid].slot)
            update(etcd, registry, CONFIG_MAP, Part.MAIN, slot, Request(body=o.drop_finalizer(ORPHAN), uid=uid))
            c.notice(etcd)

    return module


def relists(o: Ownership, protections: Protections, most: int) -> Module:
    """The informers of the garbage collector list anew, so often at most: their watches were broken for too long."""
    module = Module("relists", Etcd, Collector, Relists)

    @module.action(actor="garbage-collector", kind="fault")
    def relist_object(etcd: Etcd, c: Collector, r: Relists, slot: Slot) -> None:
        """An informer of the garbage collector lists anew, and skips what came before the newest version."""
        require(r.done < most and len(c.coming[slot]) > 1)
        r.done += 1
        new = c.relist(etcd, slot)
        c.take_in(o, slot, new, protections.owner_coordinates, protections.finalizer_starts_deletion)

    return module
