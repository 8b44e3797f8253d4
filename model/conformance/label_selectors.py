"""Labels, annotations and label selectors in objects: what the API server checks of them, and what a selector selects.

From staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (ValidateLabels, ValidateLabelSelector),
pkg/api/validation/objectmeta.go (ValidateAnnotations), and helpers.go.
"""

from __future__ import annotations

from typing import Any, Final

from kubecheck.model.conformance import checks, names
from kubecheck.model.conformance.checks import Problems, problem

Json = Any

OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_ANNOTATIONS_LIMIT: Final = 256 * 1024


def labels(given: dict[str, Json], path: str) -> Problems:
    """ValidateLabels."""
    found: Problems = []
    for key, value in given.items():
        found += [] if names.is_qualified(key) else checks.bad_key(path, key, what="label key")
        found += checks.label_value(f"{path}[{key}]", value)
    return found


def annotation_problems(given: dict[str, Json], path: str) -> Problems:
    """ValidateAnnotations: keys as those of labels, in any case."""
    found = [p for key in given if not names.is_qualified(key.lower()) for p in checks.bad_key(path, key, what="key")]
    if sum(len(k.encode()) + len(str(v).encode()) for k, v in given.items()) > _ANNOTATIONS_LIMIT:
        found += problem(path, f"are longer than {_ANNOTATIONS_LIMIT} bytes together")
    return found


def selector_problems(selector: Json, path: str) -> Problems:
    """ValidateLabelSelector."""
    found = labels((selector or {}).get("matchLabels") or {}, f"{path}.matchLabels")
    for i, requirement in enumerate((selector or {}).get("matchExpressions") or []):
        here = f"{path}.matchExpressions[{i}]"
        operator, values = requirement.get("operator") or "", requirement.get("values") or []
        if operator not in OPERATORS:
            found += checks.supported(f"{here}.operator", operator, OPERATORS)
        elif operator in ("In", "NotIn") and not values:
            found += problem(f"{here}.values", f"is required for the operator {operator}", "list at least one value")
        elif operator not in ("In", "NotIn") and values:
            found += problem(f"{here}.values", f"may not be given for the operator {operator}", "leave it out")
        found += checks.qualified(f"{here}.key", requirement.get("key"))
        found += [p for j, value in enumerate(values) for p in checks.label_value(f"{here}.values[{j}]", value)]
    return found


def failing(selector: Json, own: dict[str, str]) -> tuple[str, str] | None:
    """The first requirement that labels do not meet: its key, and what it wants, in words; None if a selector selects them."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if own.get(key) != value:
            return key, f"{key}={value}"
    for requirement in selector.get("matchExpressions") or []:
        key, values, operator = requirement.get("key") or "", requirement.get("values") or [], requirement.get("operator")
        value = own.get(key)
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds.get(operator, False):
            return key, requirement_text(key, operator, values)
    return None


def requirement_text(key: str, operator: str, values: list[str]) -> str:
    """A requirement as kubectl writes it."""
    if operator == "In" and len(values) == 1:
        return f"{key}={values[0]}"
    if operator in ("In", "NotIn"):
        return f"{key} {operator.lower()} ({', '.join(values)})"
    return f"!{key}" if operator == "DoesNotExist" else key


def selects(selector: Json, own: dict[str, str]) -> bool:
    """Whether a label selector selects these labels; an empty one selects all."""
    return failing(selector, own) is None
