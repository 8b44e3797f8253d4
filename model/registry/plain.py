"""Plain objects and the requests that clients of an exploration make of them: the contents, and the plugins of the chain.

A body is one of a few edits; what an object says is a small number, one of which admission puts there in place of another, and one of which
it does not let in.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from kubecheck.model.registry.chain import (
    Admission,
    Authenticator,
    Authorizer,
    Identity,
    Opinion,
    admit_changes,
    admit_or_refuse,
)
from kubecheck.model.registry.kinds import Strategy
from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Code, Part, Proposed, Request, Version

# Contents of a spec: what clients may write, what they may leave for admission to fill in, what it fills in, and what it refuses.
EMPTY: Final = 0
PLAIN: Final = 1
BARE: Final = 2
FILLED: Final = 3
BANNED: Final = 4
CONTENTS: Final = 4

# A finalizer of somebody's own, besides the garbage collector's two.
OWN_FINALIZER: Final = 2
FINALIZER_NAMES: Final = 2


class Client(enum.Enum):
    """Who sends requests."""

    OWNER = "owner"
    TENANT = "tenant"
    READER = "reader"  # known, and not allowed to write
    STRANGER = "stranger"  # with credentials that nobody knows


class Edit(enum.Enum):
    """A body: what it does to the object that it is applied to."""

    WRITE = "write plain content"
    WRITE_BARE = "write content that admission fills in"
    WRITE_BANNED = "write content that admission refuses"
    HOLD = "add a finalizer"
    RELEASE = "remove the finalizers"


@dataclass(frozen=True)
class Fill:
    """A mutating plugin: content that is left out is filled in (as the default service account of a pod is)."""

    def change(self, new: Stored) -> Stored:
        """The object with the content filled in."""
        if new.spec == BARE:
            return new.next(spec=FILLED)
        return new

    def accepts(self, new: Stored) -> bool:
        """Nothing is refused."""
        return True


@dataclass(frozen=True)
class Ban:
    """A validating plugin: one content is not let in."""

    def change(self, new: Stored) -> Stored:
        """Nothing is changed."""
        return new

    def accepts(self, new: Stored) -> bool:
        """Whether the content is another."""
        return new.spec != BANNED


@dataclass(frozen=True)
class Passports:
    """An authenticator that knows everybody but the stranger, whose credentials it finds bad."""

    def identify(self, credentials: int) -> Identity:
        """Credentials are numbers: that of the client, from 1."""
        if credentials == _number(Client.STRANGER):
            return Identity(bad=True)
        return Identity(known=True, user=credentials)


@dataclass(frozen=True)
class Writers:
    """An authorizer that lets the owner and the tenant write."""

    def decide(self, user: int, action: int) -> Opinion:
        """Every action is a write."""
        if user == _number(Client.OWNER) or user == _number(Client.TENANT):
            return Opinion.ALLOW
        return Opinion.NONE


@dataclass(frozen=True)
class Anybody:
    """An authorizer that allows everything: the switch that removes authorization."""

    def decide(self, user: int, action: int) -> Opinion:
        """Allow."""
        return Opinion.ALLOW


@dataclass(frozen=True)
class Everybody:
    """An authenticator that takes all credentials for the owner's: the switch that removes authentication."""

    def identify(self, credentials: int) -> Identity:
        """The owner, whoever it is."""
        return Identity(known=True, user=1)


def _number(client: Client) -> int:
    if client is Client.OWNER:
        return 1
    if client is Client.TENANT:
        return 2
    if client is Client.READER:
        return 3
    return 4


def credentials_of(client: Client) -> int:
    """What a client sends along."""
    return _number(client)


@dataclass(frozen=True)
class Chain:
    """The plugins in front of the registry; each list can be another in an exploration that removes a protection."""

    authenticators: tuple[Authenticator, ...] = (Passports(),)
    authorizers: tuple[Authorizer, ...] = (Writers(),)
    admission: tuple[Admission, ...] = (Fill(), Ban())


def edit_number(edit: Edit) -> int:
    """The number of a body in a Request."""
    if edit is Edit.WRITE:
        return 1
    if edit is Edit.WRITE_BARE:
        return 2
    if edit is Edit.WRITE_BANNED:
        return 3
    if edit is Edit.HOLD:
        return 4
    return 5


BODIES: Final = 5


@dataclass(frozen=True)
class PlainContents:
    """The `Contents` of plain objects. A PUT carries a resourceVersion in the request, which a PATCH leaves out."""

    chain: Chain = field(default_factory=Chain)

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        """The edit, then mutating admission."""
        new = stored.next(deleting=False, grace=None)  # what a client that read it before the deletion would send
        if request.body == 1:
            new = new.next(spec=PLAIN)
        elif request.body == 2:
            new = new.next(spec=BARE)
        elif request.body == 3:
            new = new.next(spec=BANNED)
        elif request.body == 4:
            if OWN_FINALIZER not in new.finalizers:
                new = new.next(finalizers=new.finalizers + (OWN_FINALIZER,))  # noqa: RUF005 - a Seq grows by +
        else:
            new = new.next(finalizers=new.finalizers[len(new.finalizers) :])
        return Proposed(object=admit_changes(self.chain.admission, new), version=request.version)

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        """Any content is valid."""
        return True

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        """Validating admission of what is to be stored; deletions are let through."""
        if not new.exists and old.exists:
            return Code.OK
        return admit_or_refuse(self.chain.admission, new)

    def bound(self, request: Request, stored: Stored) -> Stored:
        """Plain objects are not bound."""
        return stored


__all__ = ["BODIES", "Chain", "Client", "Edit", "PlainContents", "Version", "credentials_of", "edit_number"]
