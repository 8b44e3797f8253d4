"""Admission that looks at who asks, NodeRestriction, and the checks of RBAC's own registry, around what a body does to an object.

After plugin/pkg/admission/noderestriction/admission.go, which mutates nothing but is asked among the mutating plugins, before validation;
and pkg/registry/rbac/{role,rolebinding,clusterrole,clusterrolebinding}/policybased/storage.go with pkg/registry/rbac/escalation_check.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from kubecheck.model.conformance.authority import GROUP, Authority, User
from kubecheck.model.conformance.bootstrap import MASTERS
from kubecheck.model.conformance.contents import JsonContents
from kubecheck.model.conformance.http import Attributes, Target
from kubecheck.model.conformance.nodes import NodeRules, is_node
from kubecheck.model.registry.kinds import Strategy
from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Code, Part, Proposed, Request

Json = Any

_ROLES: Final = ("Role", "ClusterRole")
_BINDINGS: Final = ("RoleBinding", "ClusterRoleBinding")
_EVERYTHING: Final = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)


@dataclass(frozen=True)
class Admission:
    """What the plugins say to one user; `allows` is authorization."""

    user: User
    authority: Authority
    allows: Callable[[User, Attributes], bool]

    def admit(self, kind: str, verb: str, target: Target, new: Json | None, old: Json | None) -> Code:
        """OK or the refusal of a create, an update or a delete of an object or a subresource."""
        if is_node(self.user.name, self.user.groups):
            rules = NodeRules(self.authority.lookup, self.authority.all_of)
            refused = rules.admit(self.user.name, verb, target, new, old)
            if refused is not Code.OK:
                return refused
        if verb == "delete" or new is None or MASTERS in self.user.groups:
            return Code.OK
        if old is not None and _only_for_collection(new, old):
            return Code.OK
        if kind in _ROLES:
            return self._role(target, new, old)
        return self._binding(target, new) if kind in _BINDINGS else Code.OK

    def _role(self, target: Target, new: Json, old: Json | None) -> Code:
        """Nobody writes a role with rights that he does not have, unless he may escalate it."""
        # In a POST the name is not in the path, and not asked about.
        name = target.name if old is not None else ""
        asked = Attributes("escalate", GROUP, target.resource, namespace=target.namespace, name=name)
        if self.allows(self.user, asked):
            return Code.OK
        rules = list(new.get("rules") or [])
        if any(_aggregates(document) for document in (new, old)):
            rules += _EVERYTHING
        return Code.FORBIDDEN if self.authority.escalates(self.user, rules, target.namespace) else Code.OK

    def _binding(self, target: Target, new: Json) -> Code:
        """Nobody binds a role with rights that he does not have, unless he may bind it."""
        reference = new.get("roleRef") or {}
        if reference.get("kind") in _ROLES:
            resource = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
            name = reference.get("name") or ""
            asked = Attributes(
                "bind", reference.get("apiGroup") or GROUP, resource, namespace=target.namespace, name=name
            )
            if self.allows(self.user, asked):
                return Code.OK
        rules = self.authority.role_rules(reference, target.namespace)
        if rules is None:
            return Code.NOT_FOUND
        return Code.FORBIDDEN if self.authority.escalates(self.user, rules, target.namespace) else Code.OK


def _aggregates(document: Json | None) -> bool:
    return bool(((document or {}).get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _only_for_collection(new: Json, old: Json) -> bool:
    """Whether only finalizers and owners change (pkg/registry/rbac/helpers.go, IsOnlyMutatingGCFields)."""

    def rest(document: Json) -> Json:
        dropped = ("finalizers", "ownerReferences", "managedFields", "resourceVersion")
        meta = {k: v for k, v in document["metadata"].items() if k not in dropped}
        return {**document, "metadata": meta}

    return bool(new != old and rest(new) == rest(old))


def _admits_all(kind: str, verb: str, target: Target, new: Json | None, old: Json | None) -> Code:
    del kind, verb, target, new, old
    return Code.OK


@dataclass
class AdmittedContents(JsonContents):
    """The contents of a replay, with the admission of the request under way."""

    admission: Callable[[str, str, Target, Json | None, Json | None], Code] = field(default=_admits_all)

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        """Applies the body, then asks the plugins."""
        proposed = super().change(kind, part, request, stored)
        if proposed.code is not Code.OK:
            return proposed
        target = self.sent[request.body].target
        old = self.to_json(kind, target.key, stored) if stored.exists else None
        new = self.to_json(kind, target.key, proposed.object)
        refused = self.admission(kind.kind, "create" if old is None else "update", target, new, old)
        return proposed if refused is Code.OK else Proposed(code=refused)

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        """Validating admission; a deletion is asked about here."""
        admitted = super().admit(kind, part, request, new, old)
        if admitted is not Code.OK or new.exists or not old.exists:
            return admitted
        target = self.sent[request.body].target
        return self.admission(kind.kind, "delete", target, None, self.to_json(kind, target.key, old))
