"""Who a request is from: the recorded server's authenticators, for the model's chain, and impersonation.

Client certificates, static tokens, service account tokens, anonymous on (staging/src/k8s.io/apiserver/pkg/authentication).
Impersonation after endpoints/filters/impersonation/{constrained_impersonation,mode}.go: each mode has checks of its own, the first that
passes counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from kubecheck.model.conformance.authority import ANONYMOUS_USER, Authority, User
from kubecheck.model.conformance.bootstrap import AUTHENTICATED, MASTERS, UNAUTHENTICATED
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Attributes
from kubecheck.model.conformance.rows import Call
from kubecheck.model.registry.chain import Identity

Json = Any

ADMINISTRATOR: Final = User("admin", (MASTERS, AUTHENTICATED))
# The static tokens of the recording: two more administrators, and somebody with no rights of her own.
_STATIC: Final = {
    "admin": (MASTERS,),
    "client-a": (MASTERS,),
    "client-b": (MASTERS,),
    "eve": ("devs",),
}
_ACCOUNT: Final = "system:serviceaccount:"
_NODE: Final = "system:node:"
_BAD_TOKEN: Final = ("unknown", "wrong", "bad", "invalid", "expired", "garbage", "malformed", "revoked")
_AUTHENTICATION: Final = "authentication.k8s.io"
_EXTRA: Final = "impersonate-extra-"


@dataclass(frozen=True)
class Certificates:
    """Client certificates: the common name is the user, the organisations are the groups."""

    authority: Authority
    call: Call

    def identify(self, credentials: int) -> Identity:
        """Knows whoever has a certificate; administrators of the recording came with a token."""
        del credentials
        if self.call.certificate is None:
            return Identity()
        parts = [p.partition("=") for p in self.call.certificate.split(",")]
        name = next((v.strip() for k, _, v in parts if k.strip() == "CN"), "")
        groups = tuple(v.strip() for k, _, v in parts if k.strip() == "O")
        return Identity(known=True, user=self.authority.number(User(name, (*groups, AUTHENTICATED))))


@dataclass(frozen=True)
class Tokens:
    """Bearer tokens: a token that nobody knows is bad; no token is no credential.

    `issued` is the service account whose token the setup asked for, None if it, or what the token was bound to, is gone.
    """

    authority: Authority
    call: Call
    has_issued: bool = False
    issued: User | None = None

    def identify(self, credentials: int) -> Identity:
        """Knows the static tokens and those of service accounts."""
        del credentials
        how = self.call.authentication
        if how is None:
            return Identity(known=True, user=self.authority.number(user_named(self.call.user or "admin")))
        words = how.lower()
        if words.startswith(("none", "basic", "empty")) or "empty" in words or "no token" in words:
            return Identity()
        if "token" in words and any(word in words for word in _BAD_TOKEN):
            return Identity(bad=True)
        if "token" not in words or not self.has_issued:
            raise NotModelled(f"credentials: {how}")
        if self.issued is None:
            return Identity(bad=True)
        return Identity(known=True, user=self.authority.number(self.issued))


def service_account(name: str, namespace: str) -> User:
    """The user of a service account (pkg/serviceaccount/util.go)."""
    return User(f"{_ACCOUNT}{namespace}:{name}", (*_account_groups(namespace), AUTHENTICATED))


def _account_groups(namespace: str) -> tuple[str, ...]:
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


def _account(name: str) -> tuple[str, str] | None:
    """Namespace and name of a service account's user."""
    parts = name.removeprefix(_ACCOUNT).split(":")
    return (parts[0], parts[1]) if name.startswith(_ACCOUNT) and len(parts) == 2 and all(parts) else None


def user_named(name: str) -> User:
    """A user of the recording; of one that is not known the groups that everybody has."""
    if name in _STATIC:
        return User(name, (*_STATIC[name], AUTHENTICATED))
    if name.startswith(_NODE):
        return User(name, ("system:nodes", AUTHENTICATED))
    account = _account(name)
    if account is not None:
        return service_account(account[1], account[0])
    if name == ANONYMOUS_USER.name:
        return ANONYMOUS_USER
    return User(name, (AUTHENTICATED,), groups_known=name.startswith("system:"))


def impersonated(
    headers: Mapping[str, str], user: User, asked: Attributes, allows: Callable[[User, Attributes], bool]
) -> User | str | None:
    """Whom a request speaks for: the user himself if it does not ask for another; None: it may not; a text: it is a bad request.

    `allows` is authorization.
    """
    given = {name.lower(): value for name, value in headers.items() if name.lower().startswith("impersonate-")}
    name = given.get("impersonate-user") or ""
    extra = {k.removeprefix(_EXTRA): v for k, v in given.items() if k.startswith(_EXTRA)}
    uid, groups = (
        given.get("impersonate-uid") or "",
        tuple([given["impersonate-group"]] if "impersonate-group" in given else []),
    )
    if not name:
        return "no user is impersonated" if uid or groups or extra else user
    wanted = _Wanted(name, uid, groups, {unquote(k): v for k, v in extra.items()})
    for mode in _modes(wanted):
        if mode and (MASTERS in groups or "" in groups):  # the newer modes do not hand out everything
            continue
        if mode and not allows(user, replace(asked, verb=f"impersonate-on:{mode}:{asked.verb}")):
            continue
        if all(allows(user, check) for check in _checks(wanted, mode)):
            return _becomes(wanted, mode)
    return None


@dataclass(frozen=True)
class _Wanted:
    name: str
    uid: str
    groups: tuple[str, ...]
    extra: dict[str, str]

    @property
    def only_name(self) -> bool:
        return not (self.uid or self.groups or self.extra)


def _modes(wanted: _Wanted) -> list[str]:
    """The modes that apply (allImpersonationModes); "" is the old one, which always does."""
    if wanted.name.startswith(_NODE):
        return ["arbitrary-node", ""] if wanted.only_name else [""]
    if _account(wanted.name) is not None:
        return ["serviceaccount", ""] if wanted.only_name else [""]
    return ["user-info", ""]


def _checks(wanted: _Wanted, mode: str) -> list[Attributes]:
    """What the user must be allowed (impersonationModeState.check): every name that he takes on."""
    verb = f"impersonate:{mode}" if mode else "impersonate"
    group = _AUTHENTICATION if mode else ""
    account = _account(wanted.name)
    if mode == "arbitrary-node":
        found = [Attributes(verb, group, "nodes", name=wanted.name.removeprefix(_NODE))]
    elif account is not None:
        found = [Attributes(verb, group, "serviceaccounts", namespace=account[0], name=account[1])]
    else:
        found = [Attributes(verb, group, "users", name=wanted.name)]
    if wanted.uid:
        found.append(Attributes(verb, _AUTHENTICATION, "uids", name=wanted.uid))
    found += [Attributes(verb, group, "groups", name=name) for name in wanted.groups]
    found += [Attributes(verb, _AUTHENTICATION, "userextras", key, name=value) for key, value in wanted.extra.items()]
    return found


def _becomes(wanted: _Wanted, mode: str) -> User:
    groups = wanted.groups
    account = _account(wanted.name)
    if mode == "arbitrary-node":
        groups = ("system:nodes",)
    elif account is not None and not groups:
        groups = _account_groups(account[0])
    if wanted.name == ANONYMOUS_USER.name:
        groups = groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    elif UNAUTHENTICATED not in groups and AUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    return User(wanted.name, groups)
