"""Who may do what: the plugins of the recorded server's authentication and authorization, for the model's chain.

--authorization-mode=Node,RBAC with system:masters in front of both, client certificates, static tokens, service account tokens, anonymous
on. RBAC after plugin/pkg/auth/authorizer/rbac/rbac.go and pkg/apis/rbac/v1/evaluation_helpers.go; of the bootstrap policy
(rbac/bootstrappolicy/policy.go) the rules that everybody has, and those of the control plane's users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Key, Target
from kubecheck.model.conformance.nodes import NodeRules, is_node
from kubecheck.model.conformance.rows import Call
from kubecheck.model.registry.chain import Identity, Opinion

Json = Any

_AUTHENTICATED: Final = "system:authenticated"
_MASTERS: Final = "system:masters"


@dataclass(frozen=True)
class User:
    """A user with its groups."""

    name: str
    groups: tuple[str, ...]


ANONYMOUS_USER: Final = User("system:anonymous", ("system:unauthenticated",))
ADMINISTRATOR: Final = User("admin", (_MASTERS, _AUTHENTICATED))
# The static tokens of the recording: two more administrators, and somebody with no rights of her own.
_STATIC: Final = {
    "admin": (_MASTERS,),
    "client-a": (_MASTERS,),
    "client-b": (_MASTERS,),
    "eve": ("devs",),
}
_CONTROL_PLANE: Final = {"system:kube-controller-manager", "system:kube-scheduler"}


def _rule(groups: str, resources: str, verbs: str, names: str = "") -> dict[str, list[str]]:
    return {
        "apiGroups": ["" if g == "core" else g for g in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
        "resourceNames": names.split(),
    }


_READ: Final = "get list watch"
_BOOTSTRAP: Final = {
    "system:kube-controller-manager": (
        _rule("core events.k8s.io", "events", "create patch update"),
        _rule("coordination.k8s.io", "leases", "create"),
        _rule("coordination.k8s.io", "leases", "get update", "kube-controller-manager"),
        _rule("core", "secrets serviceaccounts", "create update"),
        _rule("core", "secrets", "delete"),
        _rule("core", "namespaces secrets serviceaccounts configmaps", "get"),
        _rule("*", "*", "list watch"),
        _rule("core", "serviceaccounts/token", "create"),
    ),
    "system:kube-scheduler": (
        _rule("core events.k8s.io", "events", "create patch update"),
        _rule("coordination.k8s.io", "leases", "create"),
        _rule("coordination.k8s.io", "leases", "get update list watch", "kube-scheduler"),
        _rule(
            "core", "nodes services replicationcontrollers persistentvolumeclaims persistentvolumes namespaces", _READ
        ),
        _rule("core", "pods", f"{_READ} delete"),
        _rule("core", "pods/binding bindings", "create"),
        _rule("core", "pods/status", "patch update"),
        _rule("apps", "replicasets statefulsets", _READ),
        _rule("policy", "poddisruptionbudgets", _READ),
    ),
    _AUTHENTICATED: (
        _rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
        _rule("authentication.k8s.io", "selfsubjectreviews", "create"),
    ),
}
# Of NodeRules: what the node authorizer allows without looking at which pods are on the node.
_NODE_RULES: Final = (
    _rule("authentication.k8s.io", "tokenreviews", "create"),
    _rule("authorization.k8s.io", "subjectaccessreviews localsubjectaccessreviews", "create"),
    _rule("core", "services", _READ),
    _rule("core", "nodes", "create list watch update patch"),
    _rule("core", "nodes/status", "update patch"),
    _rule("core", "pods", "create delete"),
    _rule("core", "pods/status", "update patch"),
    _rule("core", "pods/eviction", "create"),
)
_PUBLIC_PATHS: Final = ("/healthz", "/livez", "/readyz", "/version", "/version/")


@dataclass(frozen=True)
class Attributes:
    """What authorization is asked about."""

    verb: str
    target: Target

    @property
    def resource(self) -> str:
        """The resource with its subresource, as rules name it."""
        return f"{self.target.resource}/{self.target.subresource}" if self.target.subresource else self.target.resource


@dataclass
class Authority:
    """The plugins' tables. `lookup` finds roles and bindings, which are objects of the cluster; `all_of` lists the bindings."""

    lookup: Callable[[Key], Json | None]
    all_of: Callable[[str, str], Iterator[Json]]
    users: list[User] = field(default_factory=lambda: [ANONYMOUS_USER])
    asked: list[Attributes] = field(default_factory=list)

    def number(self, user: User) -> int:
        """A user's number in the model."""
        if user not in self.users:
            self.users.append(user)
        return self.users.index(user)

    def allows(self, user: User, asked: Attributes) -> bool:
        """RBAC: whether some rule that is bound to the user allows it."""
        return any(_covers(rule, asked) for rule in self.rules(user, asked.target.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Json]:
        """Every rule that holds for a user in a namespace ("": cluster-wide only)."""
        for name, rules in _BOOTSTRAP.items():
            if name == user.name or name in user.groups:
                yield from rules
        scopes = [("clusterrolebindings", "")]
        if namespace:
            scopes.append(("rolebindings", namespace))
        for resource, where in scopes:
            for binding in self.all_of(resource, where):
                if any(_is_subject(s, user, where) for s in binding.get("subjects") or []):
                    yield from self.role_rules(binding.get("roleRef") or {}, where)

    def role_rules(self, reference: Json, namespace: str) -> list[Json]:
        """The rules of the role that a binding refers to; a role that is not there has none."""
        if reference.get("name") == "cluster-admin" and reference.get("kind") == "ClusterRole":
            return [_rule("*", "*", "*")]
        cluster = reference.get("kind") == "ClusterRole"
        where = "" if cluster else namespace
        found = self.lookup(
            Key("rbac.authorization.k8s.io", "clusterroles" if cluster else "roles", where, reference.get("name", ""))
        )
        return [] if found is None else found.get("rules") or []


def _is_subject(subject: Json, user: User, namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "User":
        return bool(name == user.name)
    if kind == "Group":
        return name in user.groups
    where = subject.get("namespace") or namespace
    return kind == "ServiceAccount" and user.name == f"system:serviceaccount:{where}:{name}"


def _covers(rule: Json, asked: Attributes) -> bool:
    """RuleAllows: a `*` stands for all; names are those of the request, so that none covers a create or a list by name."""
    verbs, groups = rule.get("verbs") or [], rule.get("apiGroups") or []
    resources, names = rule.get("resources") or [], rule.get("resourceNames") or []
    if "*" not in verbs and asked.verb not in verbs:
        return False
    if not asked.target.resource:
        paths = rule.get("nonResourceURLs") or []
        return any(
            p in ("*", asked.target.path) or (p.endswith("*") and asked.target.path.startswith(p[:-1])) for p in paths
        )
    if "*" not in groups and asked.target.group not in groups:
        return False
    sub = f"*/{asked.target.subresource}" if asked.target.subresource else None
    if "*" not in resources and asked.resource not in resources and sub not in resources:
        return False
    return not names or asked.target.name in names


def covered(rule: Json, by: list[Json]) -> bool:
    """Whether a rule's every right is among others (pkg/registry/rbac/validation/rule.go, Covers); rules are broken up first."""
    for verb in rule.get("verbs") or []:
        for group in rule.get("apiGroups") or [""]:
            for resource in rule.get("resources") or []:
                for name in rule.get("resourceNames") or [""]:
                    base, _, sub = resource.partition("/")
                    target = Target("", group=group, resource=base, subresource=sub, name=name)
                    if not any(_covers(r, Attributes(verb, target)) for r in by):
                        return False
    return not rule.get("nonResourceURLs") or any("*" in (r.get("nonResourceURLs") or []) for r in by)


# --- the plugins


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
        name = next((v for k, _, v in parts if k.strip() == "CN"), "")
        groups = tuple(v for k, _, v in parts if k.strip() == "O")
        return Identity(known=True, user=self.authority.number(User(name, (*groups, _AUTHENTICATED))))


@dataclass(frozen=True)
class Tokens:
    """Bearer tokens: a token that nobody knows is bad; no token is no credential.

    `issued` is the service account whose token the setup asked for, None if the pod that it was bound to is gone.
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
        if words.startswith(("none", "basic", "empty")) or "empty" in words:
            return Identity()
        if "unknown" in words or "token" not in words:
            return Identity(bad=True)
        if not self.has_issued:
            raise NotModelled(f"credentials: {how}")
        if self.issued is None:
            return Identity(bad=True)
        return Identity(known=True, user=self.authority.number(self.issued))


def service_account(name: str, namespace: str) -> User:
    """The user of a service account (pkg/serviceaccount/util.go)."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", _AUTHENTICATED)
    return User(f"system:serviceaccount:{namespace}:{name}", groups)


def user_named(name: str) -> User:
    """A user of the recording."""
    if name in _STATIC:
        return User(name, (*_STATIC[name], _AUTHENTICATED))
    if name.startswith("system:node:"):
        return User(name, ("system:nodes", _AUTHENTICATED))
    if name in _CONTROL_PLANE:
        return User(name, (_AUTHENTICATED,))
    raise NotModelled(f"user {name}, whose groups are not known")


@dataclass(frozen=True)
class Masters:
    """Members of system:masters may do everything (authorizerfactory/builtin.go, NewPrivilegedGroups)."""

    authority: Authority

    def decide(self, user: int, action: int) -> Opinion:
        """Allow, or no opinion."""
        del action
        return Opinion.ALLOW if _MASTERS in self.authority.users[user].groups else Opinion.NONE


@dataclass(frozen=True)
class Nodes:
    """The node authorizer: its static rules, then what follows from the node's pods (nodes.py)."""

    authority: Authority

    def decide(self, user: int, action: int) -> Opinion:
        """Allow or no opinion."""
        who = self.authority.users[user]
        if not is_node(who.name, who.groups):
            return Opinion.NONE
        asked = self.authority.asked[action]
        if any(_covers(rule, asked) for rule in _NODE_RULES):
            return Opinion.ALLOW
        return NodeRules(self.authority.lookup, self.authority.all_of).decide(who.name, asked.verb, asked.target)


@dataclass(frozen=True)
class Rbac:
    """RBAC."""

    authority: Authority

    def decide(self, user: int, action: int) -> Opinion:
        """Allow, or no opinion."""
        asked = self.authority.asked[action]
        if asked.target.path in _PUBLIC_PATHS and asked.verb == "get":
            return Opinion.ALLOW
        return Opinion.ALLOW if self.authority.allows(self.authority.users[user], asked) else Opinion.NONE
