"""Plain objects and the requests that clients of an exploration make of them: the contents, and the plugins of the chain.

A body is one of a few edits; what an object says is a service account: its own, none, the default one, or one that does not exist.
Admission puts the default one in place of none, as it does for pods (plugin/pkg/admission/serviceaccount/admission.go, Admit,
Validate; there only at the creation, as a pod's account cannot change afterwards), and does not let in what names an unknown one.

There are as many authenticators and authorizers as it takes for their order to matter: a client may have credentials that two
authenticators know, and one authorizer may deny a user what another allows.
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

# Contents of a spec: the service account that it names.
EMPTY: Final = 0
OWN_ACCOUNT: Final = 1
NO_ACCOUNT: Final = 2
DEFAULT_ACCOUNT: Final = 3
UNKNOWN_ACCOUNT: Final = 4
CONTENTS: Final = 4

# A finalizer of somebody's own, besides the garbage collector's two.
OWN_FINALIZER: Final = 2
FINALIZER_NAMES: Final = 2


class Client(enum.Enum):
    """Who sends requests, and with which credentials."""

    OWNER = "owner"  # a token
    TENANT = "tenant"  # a certificate
    READER = "reader"  # a token; nobody has an opinion on what it writes
    STRANGER = "stranger"  # a token that is not valid
    TWOFOLD = "twofold"  # the reader's certificate, and the owner's token
    SUSPENDED = "suspended"  # a certificate; one authorizer denies what a later one allows
    NOBODY = "nobody"  # no credentials


class Edit(enum.Enum):
    """A body: what it does to the object that it is applied to."""

    WRITE = "write an account of its own"
    WRITE_BARE = "write no account, which admission fills in"
    WRITE_BANNED = "write an unknown account, which admission refuses"
    HOLD = "add a finalizer"
    RELEASE = "remove the finalizers"


@dataclass(frozen=True)
class DefaultAccount:
    """A mutating plugin: an account that is left out becomes the default one."""

    def change(self, new: Stored) -> Stored:
        """The object with its account filled in."""
        if new.spec == NO_ACCOUNT:
            return new.next(spec=DEFAULT_ACCOUNT)
        return new

    def accepts(self, new: Stored) -> bool:
        """Nothing is refused."""
        return True


@dataclass(frozen=True)
class KnownAccounts:
    """A validating plugin: an account that does not exist is not let in."""

    def change(self, new: Stored) -> Stored:
        """Nothing is changed."""
        return new

    def accepts(self, new: Stored) -> bool:
        """Whether the account is another."""
        return new.spec != UNKNOWN_ACCOUNT


# Users: what authenticators make of credentials. 0 is the anonymous one.
OWNER: Final = 1
TENANT: Final = 2
READER: Final = 3
SUSPENDED: Final = 4
USERS: Final = 4


@dataclass(frozen=True)
class Certificates:
    """An authenticator of client certificates, which comes before that of tokens (pkg/kubeapiserver/authenticator/config.go, New)."""

    def identify(self, credentials: int) -> Identity:
        """Credentials are numbers, see `credentials_of`."""
        if credentials == credentials_of(Client.TENANT):
            return Identity(known=True, user=TENANT)
        if credentials == credentials_of(Client.TWOFOLD):
            return Identity(known=True, user=READER)
        if credentials == credentials_of(Client.SUSPENDED):
            return Identity(known=True, user=SUSPENDED)
        return Identity()


@dataclass(frozen=True)
class Tokens:
    """An authenticator of bearer tokens; one that is not valid is bad (bearertoken.go, errInvalidToken)."""

    def identify(self, credentials: int) -> Identity:
        """Credentials are numbers, see `credentials_of`."""
        if credentials == credentials_of(Client.OWNER) or credentials == credentials_of(Client.TWOFOLD):
            return Identity(known=True, user=OWNER)
        if credentials == credentials_of(Client.READER):
            return Identity(known=True, user=READER)
        return Identity(bad=credentials == credentials_of(Client.STRANGER))


@dataclass(frozen=True)
class Masters:
    """An authorizer that allows the owner everything, whatever others think."""

    def decide(self, user: int, action: int) -> Opinion:
        """Allow, or no opinion."""
        return Opinion.ALLOW if user == OWNER else Opinion.NONE


@dataclass(frozen=True)
class Suspensions:
    """An authorizer that denies: the suspended, and the owner, who is allowed before it is asked."""

    def decide(self, user: int, action: int) -> Opinion:
        """Deny, or no opinion."""
        return Opinion.DENY if user in (SUSPENDED, OWNER) else Opinion.NONE


@dataclass(frozen=True)
class Writers:
    """An authorizer that lets the tenant and the suspended write."""

    def decide(self, user: int, action: int) -> Opinion:
        """Allow, or no opinion. Every action is a write."""
        return Opinion.ALLOW if user in (TENANT, SUSPENDED) else Opinion.NONE


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
        return Identity(known=True, user=OWNER)


def credentials_of(client: Client) -> int:
    """What a client sends along: a number for each kind of credentials, 0 for none."""
    if client is Client.OWNER:
        return 1
    if client is Client.TENANT:
        return 2
    if client is Client.READER:
        return 3
    if client is Client.STRANGER:
        return 4
    if client is Client.TWOFOLD:
        return 5
    if client is Client.SUSPENDED:
        return 6
    return 0


@dataclass(frozen=True)
class Chain:
    """The plugins in front of the registry; each list can be another in an exploration that removes a protection."""

    authenticators: tuple[Authenticator, ...] = (Certificates(), Tokens())
    authorizers: tuple[Authorizer, ...] = (Masters(), Suspensions(), Writers())
    admission: tuple[Admission, ...] = (DefaultAccount(), KnownAccounts())


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
            new = new.next(spec=OWN_ACCOUNT)
        elif request.body == 2:
            new = new.next(spec=NO_ACCOUNT)
        elif request.body == 3:
            new = new.next(spec=UNKNOWN_ACCOUNT)
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
