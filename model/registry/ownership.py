"""Owner references as contents: what the garbage collector reads, packed into the number that names them.

Facts, from staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (OwnerReference): a reference has the owner's
kind and name, its uid, and whether it blocks the owner's deletion in the foreground. The owner is in the dependent's
namespace, or in none. So its coordinates are a slot, which may be empty or hold an object of another uid: then the
reference is dangling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kubecheck.model.registry.kinds import Strategy
from kubecheck.model.registry.objects import FOREGROUND, ORPHAN, Slot, Stored
from kubecheck.model.registry.requests import Code, Part, Proposed, Request
from kubecheck.spec import MaxLen, Range, Record, Seq

Uid = Annotated[int, Range(0, "uids")]
Owners = Annotated[int, Range(0, "contents")]
MOST_REFERENCES = 2
OTHER = 2  # a finalizer that is somebody else's than the garbage collector's


class Reference(Record):
    """An owner reference: the owner's coordinates and uid, and blockOwnerDeletion."""

    slot: Slot | None = None
    uid: Uid = 0
    blocks: bool = False


References = Annotated[Seq[Reference], MaxLen(MOST_REFERENCES)]


@dataclass(frozen=True)
class Ownership:
    """The packing, for a spec with so many slots and uids; and the bodies of the garbage collector's and the controllers' patches."""

    objects: int
    uids: int

    @property
    def base(self) -> int:
        """One more than the greatest number of one reference; 0 is none."""
        return 1 + 2 * self.objects * self.uids

    @property
    def contents(self) -> int:
        """The greatest number of an object's references."""
        return int(self.base**MOST_REFERENCES) - 1

    @property
    def bodies(self) -> int:
        """The greatest body."""
        return self.drop_other

    def number(self, slot: int, uid: int, *, blocks: bool) -> int:
        """The number of a single reference; for objects that exist at first."""
        return 1 + 2 * ((uid - 1) * self.objects + slot) + (1 if blocks else 0)

    def reference(self, number: int) -> Reference:
        """The reference of a number; 0, which is none, gives the uid 0, which nobody has."""
        place = (number - 1) // 2
        return Reference(slot=Slot(place % self.objects), uid=place // self.objects + 1, blocks=(number - 1) % 2 == 1)

    def references(self, owners: int) -> References:
        """An object's references, in order."""
        found: References = Seq()
        if owners % self.base != 0:
            found = found + (self.reference(owners % self.base),)  # noqa: RUF005 - a Seq grows by +
        if owners // self.base != 0:
            found = found + (self.reference(owners // self.base),)  # noqa: RUF005
        return found

    def refers_to(self, owners: int, uid: int) -> bool:
        """Whether one of the references is to this uid."""
        return any(r.uid == uid for r in self.references(owners))

    def names(self, owners: int, uid: int, slot: Slot) -> bool:
        """Whether one of the references is to this uid by these coordinates."""
        return any(r.uid == uid and r.slot == slot for r in self.references(owners))

    def blocks(self, owners: int, uid: int) -> bool:
        """Whether one of the references to this uid blocks the owner's deletion."""
        return any(r.uid == uid and r.blocks for r in self.references(owners))

    def without(self, owners: int, uid: int) -> int:
        """The references less those to a uid."""
        first, second = owners % self.base, owners // self.base
        if self.reference(second).uid == uid:
            second = 0
        if self.reference(first).uid == uid:
            return second
        return first + self.base * second

    # --- bodies

    def drop_reference(self, uid: int) -> int:
        """The body of a patch that takes out the references to a uid."""
        return uid

    def drop_finalizer(self, finalizer: int) -> int:
        """The body of a patch that takes out ORPHAN or FOREGROUND."""
        return self.uids + 1 + finalizer

    def own(self, number: int) -> int:
        """The body of a patch that makes this the only reference."""
        return self.uids + 2 + number

    @property
    def drop_other(self) -> int:
        """The body of a patch that takes out OTHER."""
        return self.uids + 2 + self.base

    # --- what the registry asks

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        """The object that a patch makes."""
        body = request.body
        if body == 0:
            return Proposed(object=stored)
        if body <= self.uids:
            return Proposed(object=stored.next(owners=self.without(stored.owners, body)))
        if self.uids + 2 < body < self.drop_other:
            return Proposed(object=stored.next(owners=body - self.uids - 2))
        dropped = OTHER
        if body == self.uids + 1:
            dropped = ORPHAN
        elif body == self.uids + 2:
            dropped = FOREGROUND
        left = stored.finalizers[len(stored.finalizers) :]  # none yet
        for finalizer in stored.finalizers:
            if finalizer != dropped:
                left = left + (finalizer,)  # noqa: RUF005
        return Proposed(object=stored.next(finalizers=left))

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        """All are."""
        return True

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        """All are admitted."""
        return Code.OK

    def bound(self, request: Request, stored: Stored) -> Stored:
        """There are no pods."""
        return stored
