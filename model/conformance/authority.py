"""Who may do what: the plugins of the recorded server's authorization, for the model's chain.

--authorization-mode=Node,RBAC with system:masters in front of both. RBAC after plugin/pkg/auth/authorizer/rbac/rbac.go and
pkg/apis/rbac/v1/evaluation_helpers.go, with the bootstrap policy (bootstrap.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kubecheck.model.conformance.bootstrap import BOUND, CLUSTER_ROLES, MASTERS, NODE_RULES, UNAUTHENTICATED
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Attributes, Key
from kubecheck.model.conformance.nodes import DECIDED, NodeRules, is_node
from kubecheck.model.registry.chain import Opinion

Json = Any

GROUP: Final = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class User:
    """A user with its groups; of one whose groups the recording does not tell, those that everybody has."""

    name: str
    groups: tuple[str, ...]
    groups_known: bool = True


ANONYMOUS_USER: Final = User("system:anonymous", (UNAUTHENTICATED,))


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
        """RBAC: whether some rule that is bound to the user allows it. Raises NotModelled if that depends on what is not known."""
        if any(covers(rule, asked) for rule in self.rules(user, asked.namespace)):
            return True
        if not user.groups_known:
            raise NotModelled(f"what user {user.name} may do, whose groups the recording does not tell")
        return False

    def rules(self, user: User, namespace: str) -> Iterator[Json]:
        """Every rule that holds for a user in a namespace ("": cluster-wide only); at the end NotModelled if there are more."""
        for name, roles in BOUND.items():
            if name == user.name or name in user.groups:
                for role in roles:
                    yield from CLUSTER_ROLES[role]
        unknown = ""
        scopes = [("clusterrolebindings", "")]
        if namespace:
            scopes.append(("rolebindings", namespace))
        for resource, where in scopes:
            for binding in self.all_of(resource, where):
                if any(_is_subject(s, user, where) for s in binding.get("subjects") or []):
                    reference = binding.get("roleRef") or {}
                    found = self.role_rules(reference, where)
                    if found is None and _is_of_system(reference):
                        unknown = str(reference.get("name"))
                    yield from found or ()
        if unknown:
            raise NotModelled(f"the rules of the ClusterRole {unknown}, which API servers make when they start")
        if user.name.startswith("system:serviceaccount:kube-system:") and user.name.endswith("-controller"):
            raise NotModelled(f"the rules of {user.name}, which API servers make when they start")

    def role_rules(self, reference: Json, namespace: str) -> list[Json] | None:
        """The rules of the role that a binding refers to; None if there is no such role, or if its rules are not known."""
        cluster = reference.get("kind") == "ClusterRole"
        name = reference.get("name", "")
        where = "" if cluster else namespace
        found = self.lookup(Key(GROUP, "clusterroles" if cluster else "roles", where, name))
        if found is not None:
            return found.get("rules") or []
        return list(CLUSTER_ROLES[name]) if cluster and name in CLUSTER_ROLES else None

    def escalates(self, user: User, rules: list[Json], namespace: str) -> bool:
        """Whether somebody would grant what he does not have (pkg/registry/rbac/validation/rule.go, ConfirmNoEscalation)."""
        held = list(self.rules(user, namespace))
        return not all(covered(rule, held) for rule in rules)


def _is_of_system(reference: Json) -> bool:
    return reference.get("kind") == "ClusterRole" and str(reference.get("name", "")).startswith("system:")


def _is_subject(subject: Json, user: User, namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "User":
        return bool(name == user.name)
    if kind == "Group":
        return name in user.groups
    where = subject.get("namespace") or namespace
    return kind == "ServiceAccount" and user.name == f"system:serviceaccount:{where}:{name}"


def covers(rule: Json, asked: Attributes) -> bool:
    """RuleAllows: a `*` stands for all; names are those of the request, so that none covers a create or a list without a name."""
    verbs, groups = rule.get("verbs") or [], rule.get("apiGroups") or []
    resources, names = rule.get("resources") or [], rule.get("resourceNames") or []
    if "*" not in verbs and asked.verb not in verbs:
        return False
    if not asked.resource:
        paths = rule.get("nonResourceURLs") or []
        return any(p in ("*", asked.path) or (p.endswith("*") and asked.path.startswith(p.rstrip("*"))) for p in paths)
    if "*" not in groups and asked.group not in groups:
        return False
    sub = f"*/{asked.subresource}" if asked.subresource else None
    if "*" not in resources and asked.part not in resources and sub not in resources:
        return False
    return not names or asked.name in names


def covered(rule: Json, by: list[Json]) -> bool:
    """Whether a rule's every right is among others (component-helpers/auth/rbac/validation/policy_comparator.go, Covers)."""
    for verb in rule.get("verbs") or []:
        for path in rule.get("nonResourceURLs") or []:
            if not any(covers(r, Attributes(verb, path=path)) for r in by):
                return False
        for group in rule.get("apiGroups") or []:
            for resource in rule.get("resources") or []:
                for name in rule.get("resourceNames") or [""]:
                    base, _, sub = resource.partition("/")
                    if not any(covers(r, Attributes(verb, group, base, sub, name=name)) for r in by):
                        return False
    return True


# --- the plugins


@dataclass(frozen=True)
class Masters:
    """Members of system:masters may do everything (authorizerfactory/builtin.go, NewPrivilegedGroups)."""

    authority: Authority

    def decide(self, user: int, action: int) -> Opinion:
        """Allow, or no opinion."""
        del action
        return Opinion.ALLOW if MASTERS in self.authority.users[user].groups else Opinion.NONE


@dataclass(frozen=True)
class Nodes:
    """The node authorizer: what follows from the node's pods (nodes.py), for the rest its static rules."""

    authority: Authority

    def decide(self, user: int, action: int) -> Opinion:
        """Allow or no opinion."""
        who = self.authority.users[user]
        if not is_node(who.name, who.groups):
            return Opinion.NONE
        asked = self.authority.asked[action]
        if (asked.group, asked.resource) in DECIDED:
            return NodeRules(self.authority.lookup, self.authority.all_of).decide(who.name, asked)
        return Opinion.ALLOW if any(covers(rule, asked) for rule in NODE_RULES) else Opinion.NONE


@dataclass(frozen=True)
class Rbac:
    """RBAC."""

    authority: Authority

    def decide(self, user: int, action: int) -> Opinion:
        """Allow, or no opinion."""
        asked = self.authority.asked[action]
        return Opinion.ALLOW if self.authority.allows(self.authority.users[user], asked) else Opinion.NONE
