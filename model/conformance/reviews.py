"""Reviews: questions about who somebody is and what he may do, which are answered and not stored; and tokens that are issued.

After pkg/registry/{authentication,authorization}/*/{rest,storage}.go, pkg/apis/authorization/validation/validation.go and
pkg/registry/core/serviceaccount/storage/token.go. Of an answer's status, reasons are texts and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from kubecheck.model.conformance.authority import User
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Attributes, Target
from kubecheck.model.conformance.selectors import Requirement, SelectorError, field_terms
from kubecheck.model.registry.requests import Code

Json = Any

_AUTHENTICATION: Final = "authentication.k8s.io"
_AUTHORIZATION: Final = "authorization.k8s.io"
KINDS: Final = {
    (_AUTHENTICATION, "selfsubjectreviews"): "SelfSubjectReview",
    (_AUTHENTICATION, "tokenreviews"): "TokenReview",
    (_AUTHORIZATION, "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    (_AUTHORIZATION, "subjectaccessreviews"): "SubjectAccessReview",
    (_AUTHORIZATION, "localsubjectaccessreviews"): "LocalSubjectAccessReview",
    (_AUTHORIZATION, "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
}


class _Shape(msgspec.Struct, rename="camel", kw_only=True):
    """A Go struct: members by their JSON names; null is as if absent."""


class _Fields(_Shape):
    raw_selector: str | None = None
    requirements: list[dict[str, Any]] | None = None


class _Resource(_Shape):
    verb: str | None = None
    group: str | None = None
    version: str | None = None
    namespace: str | None = None
    resource: str | None = None
    name: str | None = None
    subresource: str | None = None
    field_selector: _Fields | None = None


class _Path(_Shape):
    path: str | None = None
    verb: str | None = None


class _Spec(_Shape):
    """The specs of all reviews."""

    resource_attributes: _Resource | None = None
    non_resource_attributes: _Path | None = None
    user: str | None = None
    groups: list[str] | None = None
    uid: str | None = None
    namespace: str | None = None
    token: str | None = None
    audiences: list[str] | None = None


class _Review(_Shape):
    kind: str | None = None
    api_version: str | None = None
    metadata: dict[str, Any] | None = None
    spec: _Spec | None = None


@dataclass(frozen=True)
class Answered:
    """A review's answer: the code, and the status of one that was answered."""

    code: Code
    status: Json = None


@dataclass(frozen=True)
class Reviewer:
    """Answers reviews for one user; `allows` is authorization."""

    user: User
    allows: Callable[[User, Attributes], bool]

    def answer(self, target: Target, body: Json) -> Answered:
        """POST of a review."""
        kind = KINDS[target.group, target.resource]
        try:
            review = msgspec.convert(body, _Review)
        except msgspec.ValidationError:
            return Answered(Code.BAD_REQUEST)
        if review.kind not in (None, "", kind) or review.api_version not in (None, "", f"{target.group}/v1"):
            return Answered(Code.BAD_REQUEST)
        spec = review.spec or _Spec()
        if kind == "SelfSubjectReview":
            return self._who()
        if kind == "TokenReview":
            return self._token(spec)
        if kind == "SelfSubjectRulesReview":
            return self._rules(spec)
        return self._access(kind, review, spec, target)

    def _who(self) -> Answered:
        if not self.user.groups_known:
            raise NotModelled(f"the groups of user {self.user.name}, which the recording does not tell")
        return Answered(Code.CREATED, {"userInfo": {"username": self.user.name, "groups": list(self.user.groups)}})

    def _token(self, spec: _Spec) -> Answered:
        """A token is asked about; the recording never shows one, so that no token in a body is anybody's."""
        if not spec.token:
            return Answered(Code.BAD_REQUEST)
        return Answered(Code.CREATED, {"user": {}})

    def _access(self, kind: str, review: _Review, spec: _Spec, target: Target) -> Answered:
        ours = {
            k: v for k, v in (review.metadata or {}).items() if v not in (None, "", {}, []) and k != "managedFields"
        }
        local = kind == "LocalSubjectAccessReview"
        namespace = ours.pop("namespace", "") if local else ""
        if local and namespace not in ("", target.namespace):
            return Answered(Code.BAD_REQUEST)
        about, path = spec.resource_attributes, spec.non_resource_attributes
        if ours or (about is None) == (path is None) or (local and path is not None):
            return Answered(Code.INVALID)
        who = self.user
        if kind != "SelfSubjectAccessReview":
            if not spec.user and not spec.groups:
                return Answered(Code.INVALID)
            who = User(spec.user or "", tuple(spec.groups or ()))
        if local and about is not None and (about.namespace or "") != target.namespace:
            return Answered(Code.INVALID)
        selector = about.field_selector if about is not None else None
        if selector is not None and bool(selector.raw_selector) == bool(selector.requirements):
            return Answered(Code.INVALID)
        return Answered(Code.CREATED, {"allowed": self.allows(who, _asked(about, path))})

    def _rules(self, spec: _Spec) -> Answered:
        """What somebody may do in a namespace; the rules come in no order that is told, so that they are not compared."""
        return Answered(Code.CREATED if spec.namespace else Code.BAD_REQUEST)


def _asked(about: _Resource | None, path: _Path | None) -> Attributes:
    if about is None:
        assert path is not None
        return Attributes(path.verb or "", path=path.path or "")
    fields: tuple[Requirement, ...] = ()
    if about.field_selector is not None:
        try:
            fields = field_terms(about.field_selector.raw_selector or "")
        except SelectorError:
            fields = ()
        for given in about.field_selector.requirements or []:
            values = given.get("values") or []
            if given.get("operator") == "In" and len(values) == 1:
                fields = (*fields, Requirement(str(given.get("key")), "=", frozenset(values)))
    return Attributes(
        about.verb or "", about.group or "", about.resource or "", about.subresource or "", about.namespace or "",
        about.name or "", fields=fields,
    )  # fmt: skip
