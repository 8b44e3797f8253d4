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


def one_kind(one: str | None, other: str | None) -> bool:
    """May two tellings be of one kind? What does not tell its kind may be of any."""
    return one is None or other is None or one == other


def same_content(one: Body, other: Body) -> bool | None:
    """Do both tell the same version of an object? None if there is nothing that both tell. managedFields count only if both have them:
    an audit policy may omit them (omitManagedFields, staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go), and kubectl leaves them
    out.
    """
    if not one_form(one, other):
        return bool(_converted(one) == _converted(other)) if one.whole and other.whole else None
    if not (one.both_tell(other, but=_HEAD) or _both_tell_metadata(one, other)):
        return None
    return one.alike(other, but=_HEAD) and (one.same(other, "metadata") or _same_metadata(one, other))


def same_but_version(one: Body, other: Body) -> bool:
    """Are two versions alike in all but their resourceVersion? Not if one of them is told in part."""
    return one.whole and other.whole and one_form(one, other) and one.alike(other, but=_HEAD) and (
        _without(one.get("metadata"), "resourceVersion") == _without(other.get("metadata"), "resourceVersion")
    )


def written_between(step: Step) -> bool:
    """May somebody have written between the two versions of a step, in a write that the log has not? Not if the request named the
    version before; else managedFields tell, if the log keeps them.
    """
    before, after = step.before, step.after
    wanted = after.event.precondition_version
    if before is None or wanted == str(before.number):
        return False
    if wanted not in (None, "", "0"):
        return True  # it had seen another version than the one before, and its precondition held
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
    if not (one.whole and other.whole):
        return all(second.get(name, value) == value for name, value in first.items())
    unnamed = {name for name in ("name", "namespace") if name not in first or name not in second}  # the line tells it
    if unnamed:
        first = {name: value for name, value in first.items() if name not in unnamed}
        second = {name: value for name, value in second.items() if name not in unnamed}
    if ("managedFields" in first) == ("managedFields" in second):
        return first == second
    return bool(_without(first, "managedFields") == _without(second, "managedFields"))


def _both_tell_metadata(one: Body, other: Body) -> bool:
    first, second = one.get("metadata"), other.get("metadata")
    if not isinstance(first, dict) or not isinstance(second, dict):
        return False
    return bool((one.whole and other.whole) or (first.keys() & second.keys()) - _IDENTITY)


_IDENTITY: Final = frozenset(("name", "namespace", "uid", "resourceVersion"))


def _converted(body: Body) -> Any:
    meta = body.get("metadata")
    return {name: meta.get(name) for name in _CONVERTED} if isinstance(meta, dict) else meta


def _without(meta: Any, field: str) -> Any:
    return {name: value for name, value in meta.items() if name != field} if isinstance(meta, dict) else meta
