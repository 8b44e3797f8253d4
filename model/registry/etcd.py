"""etcd under the registry: objects, one counter of revisions, and the history of writes back to the compaction.

Facts, from etcd's data model (server/storage/mvcc) and staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go: a write gets the next
revision, which becomes the object's resourceVersion; a deletion has a revision, too, and what a watch delivers of it is the last
object with the deletion's revision; history before the compacted revision is gone.

Revisions are absolute here, unlike in kubecheck.model.etcd: a scope bounds the writes of a run, since a client may name any revision.
A write beyond `revisions` or `history` leaves the scope, which is an error and no verdict. Every write method is told whether to
`remember` the write: a spec in which nobody watches, or lists the past, need not tell states apart by it.
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.spec import Array, MaxLen, Range, Record, Seq, State


class Operation(enum.Enum):
    """What a write did."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Write(Record):
    """A write: its revision, the slot, and the object before and after it.

    After a deletion `after` is what watches deliver with DELETED: the last object, with the deletion's revision as its version.
    """

    revision: Annotated[int, Range(0, "revisions")] = 0
    slot: Slot | None = None
    operation: Operation = Operation.CREATE
    before: Stored = Stored()
    after: Stored = Stored()


class Etcd(State):
    """The store. Only what runs in an API server may hold one."""

    _revision: Annotated[int, Range(0, "revisions")]
    _compacted: Annotated[int, Range(0, "revisions")]
    _uid: Annotated[int, Range(0, "uids")]
    _objects: Array[Slot, Stored]
    _history: Annotated[Seq[Write], MaxLen("history")]

    def revision(self) -> int:
        """The revision of the last write; 0 before the first."""
        return self._revision

    def compacted(self) -> int:
        """History before this revision is gone."""
        return self._compacted

    def get(self, slot: Slot) -> Stored:
        """The object; uid 0 if there is none."""
        return self._objects[slot]

    def writes(self) -> int:
        """How many writes the history holds, oldest first; `write(i)` is one of them."""
        return len(self._history)

    def write(self, index: int) -> Write:
        """A write of the history."""
        return self._history[index]

    def history(self) -> Annotated[Seq[Write], MaxLen("history")]:
        """The writes since the compaction, oldest first."""
        return self._history

    def uid(self) -> int:
        """The uid that was given out last; 0 before the first."""
        return self._uid

    def create(self, slot: Slot, new: Stored, *, remember: bool, fresh: bool = True) -> Stored:
        """Writes a new object, with the next uid and revision; what is stored is returned. The caller has seen that the slot is free.

        Not `fresh`: it gets the last uid again, which no real cluster does.
        """
        if fresh or self._uid == 0:
            self._uid += 1
        stored = self._put(slot, Operation.CREATE, new.next(uid=self._uid), remember=remember)
        return stored  # noqa: RET504 - a write is a statement of its own

    def update(self, slot: Slot, new: Stored, *, remember: bool) -> Stored:
        """Writes an existing object, with the next revision; what is stored is returned."""
        stored = self._put(slot, Operation.UPDATE, new, remember=remember)
        return stored  # noqa: RET504

    def _put(self, slot: Slot, operation: Operation, new: Stored, *, remember: bool) -> Stored:
        self._revision += 1
        stored = new.next(version=self._revision)
        if remember:
            self._remember(slot, operation, stored)
        self._objects[slot] = stored
        return stored

    def delete(self, slot: Slot, last: Stored, *, remember: bool) -> Stored:
        """Removes an object; `last` is what was decided on, and with the deletion's revision it is returned and delivered to watches."""
        self._revision += 1
        gone = last.next(version=self._revision)
        if remember:
            self._remember(slot, Operation.DELETE, gone)
        self._objects[slot] = Stored()
        return gone

    def _remember(self, slot: Slot, operation: Operation, after: Stored) -> None:
        before = self._objects[slot]
        written = Write(revision=self._revision, slot=slot, operation=operation, before=before, after=after)
        self._history = self._history + (written,)  # noqa: RUF005 - a Seq grows by +

    def compact(self, revision: int) -> None:
        """Forgets the history before a revision; one that is not after the last compaction's changes nothing.

        The write at the revision itself can still be watched, but not what was before it.
        """
        if revision > self._compacted:
            self._compacted = revision
            first = 0
            for written in self._history:
                if written.revision < revision:
                    first += 1
            self._history = self._history[first:]

    def restore(self, revision: int, *, bump: bool) -> None:
        """Is restored from a backup of a revision that is not compacted: what was written since never was.

        With `bump` the next revision is above all that anybody has seen, and everything before is compacted (etcdutl snapshot restore
        --bump-revision --mark-compacted); else the revisions since are given out again. uids never are, for they are random.
        """
        for slot in Slot:
            for written in self._history:
                if written.slot == slot and written.revision > revision:
                    self._objects[slot] = written.before
                    break
        if bump:
            self._revision += 1
            self._compacted = self._revision
            self._history = Seq()
        else:
            kept: Annotated[Seq[Write], MaxLen("history")] = Seq()
            for written in self._history:
                if written.revision <= revision:
                    kept = kept + (written,)  # noqa: RUF005 - a Seq grows by +
            self._history = kept
            self._revision = revision
