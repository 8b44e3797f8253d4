"""What a request passes before the registry: authentication, authorization, admission, each a list of plugins.

Facts, from staging/src/k8s.io/apiserver/pkg/server/config.go (DefaultBuildHandlerChain), authentication/request/union/union.go,
authentication/request/bearertoken/bearertoken.go, authorization/union/union.go and admission/chain.go:

- The first authenticator that knows the credentials names the user. If none does, one that found them bad makes it 401; without credentials
  the user is anonymous.
- The first authorizer with an opinion decides; without any the request is refused with 403.
- Mutating admission runs before the registry's own validation, in order, each plugin on what the one before it made; validating
  admission runs after it, inside the transaction, and may therefore run again. One refusal is enough.

The lists are static, and so are the plugins; their methods are functions of the language.
"""

from __future__ import annotations

import enum
from typing import Annotated, Final, Protocol

from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Code
from kubecheck.spec import Range, Record

ANONYMOUS: Final = 0


class Identity(Record):
    """What an authenticator says of credentials: it knows the user, it found them bad, or neither. Whom it does not know is anonymous."""

    known: bool = False
    bad: bool = False
    user: Annotated[int, Range(0, "users")] = ANONYMOUS


class Opinion(enum.Enum):
    """What an authorizer says (authorization/authorizer/interfaces.go, Decision)."""

    NONE = "no opinion"
    ALLOW = "allow"
    DENY = "deny"


class Authenticator(Protocol):
    """One authenticator. `credentials` is a number that names what the request brought."""

    def identify(self, credentials: int) -> Identity:
        """Who sent it."""
        ...


class Authorizer(Protocol):
    """One authorizer. `action` is a number that names verb, resource and name."""

    def decide(self, user: int, action: int) -> Opinion:
        """Whether the user may."""
        ...


class Admission(Protocol):
    """One admission plugin: it may change an object, and may refuse one."""

    def change(self, new: Stored) -> Stored:
        """The object as the plugin wants it."""
        ...

    def accepts(self, new: Stored) -> bool:
        """Whether the plugin lets it in."""
        ...


def admit_changes(plugins: tuple[Admission, ...], new: Stored) -> Stored:
    """Mutating admission: each plugin in turn."""
    result = new
    for plugin in plugins:
        result = plugin.change(result)
    return result


def admit_or_refuse(plugins: tuple[Admission, ...], new: Stored) -> Code:
    """Validating admission: OK, or 403 if some plugin refuses."""
    code = Code.OK
    for plugin in plugins:
        if not plugin.accepts(new):
            code = Code.FORBIDDEN
    return code


def authenticate(plugins: tuple[Authenticator, ...], credentials: int) -> Identity:
    """Who sent the request; `known` is false if the answer is 401."""
    found = Identity()
    bad = False
    for plugin in plugins:
        if not found.known:
            found = plugin.identify(credentials)
            bad = bad or found.bad
    if found.known:
        return found
    return Identity(bad=True) if bad else Identity(known=True)


def authorize(plugins: tuple[Authorizer, ...], user: int, action: int) -> Code:
    """OK or 403."""
    found = Opinion.NONE
    for plugin in plugins:
        if found is Opinion.NONE:
            found = plugin.decide(user, action)
    if found is Opinion.ALLOW:
        return Code.OK
    return Code.FORBIDDEN
