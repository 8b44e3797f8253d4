"""Are two tellings of one version, or two versions, alike? What a log may leave out of a body, or show in another form, tells nothing."""

from __future__ import annotations

from typing import Any, Final

from kubecheck.traces.body import Body
from kubecheck.traces.policy import others_wrote
from kubecheck.traces.versions import Step

TOLD_APART: Final = frozenset(("kind", "apiVersion"))
"""Fields in which two tellings of one version differ: lists and watches leave them out."""
_HEAD: Final = TOLD_APART | {"metadata"}
_CONVERTED: Final = ("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                     "deletionGracePeriodSeconds", "finalizers", "ownerReferences")
"""What a conversion to another API version leaves as it is. It may put what the other version does not know into annotations
(pkg/apis/autoscaling/v1/conversion.go), and webhooks may change labels too."""


def one_form(one: Body, other: Body) -> bool:
    """Are both told in the same API version? Through another one the same object has other fields (HPA v1 and v2; custom resources)."""
    first, second = one.get("apiVersion"), other.get("apiVersion")
    return first is None or second is None or first == second


def same_content(one: Body, other: Body) -> bool:
    """Do both tell the same version of an object? managedFields count only if both have them: an audit policy may omit them
    (omitManagedFields, staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go), and kubectl leaves them out.
    """
    if not one_form(one, other):
        return bool(_converted(one) == _converted(other))
    return one.alike(other, but=_HEAD) and (one.same(other, "metadata") or _same_metadata(one, other))


def same_but_version(one: Body, other: Body) -> bool:
    """Are two versions alike in all but their resourceVersion?"""
    return one_form(one, other) and one.alike(other, but=_HEAD) and (
        _without(one.get("metadata"), "resourceVersion") == _without(other.get("metadata"), "resourceVersion")
    )


def written_between(step: Step) -> bool:
    """May somebody have written between the two versions of a step, in a write that the log has not? Not if the request named the
    version before; else managedFields tell, if the log keeps them.
    """
    before, after = step.before, step.after
    if before is None or after.event.precondition_version == str(before.number):
        return False
    one, other = before.body, after.body
    if one is None or other is None or not tells_managers(one) or not tells_managers(other):
        return True
    return others_wrote(after.event, one, other)


def tells_managers(body: Body) -> bool:
    """Has it managedFields, or no need of them (an object that is not of an API server's)?"""
    meta = body.get("metadata")
    return not isinstance(meta, dict) or "managedFields" in meta or "creationTimestamp" not in meta


def _same_metadata(one: Body, other: Body) -> bool:
    first, second = one.get("metadata"), other.get("metadata")
    if not isinstance(first, dict) or not isinstance(second, dict):
        return bool(first == second)
    if ("managedFields" in first) == ("managedFields" in second):
        return first == second
    return bool(_without(first, "managedFields") == _without(second, "managedFields"))


def _converted(body: Body) -> Any:
    meta = body.get("metadata")
    return {name: meta.get(name) for name in _CONVERTED} if isinstance(meta, dict) else meta


def _without(meta: Any, field: str) -> Any:
    return {name: value for name, value in meta.items() if name != field} if isinstance(meta, dict) else meta
