"""Labels and label selectors in objects: what the API server checks of them, and what a selector selects.

From staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (ValidateLabels, ValidateLabelSelector) and helpers.go.
"""

from __future__ import annotations

from typing import Any

from kubecheck.model.conformance import names

Json = Any
Problems = list[str]


def labels(given: dict[str, Json], path: str) -> Problems:
    """ValidateLabels."""
    found = [f"{path}: bad key" for key in given if not names.is_qualified(key)]
    return found + [f"{path}: bad value" for v in given.values() if not names.is_label_value(v)]


def selector_problems(selector: Json, path: str) -> Problems:
    """ValidateLabelSelector."""
    found = labels((selector or {}).get("matchLabels") or {}, f"{path}.matchLabels")
    for i, requirement in enumerate((selector or {}).get("matchExpressions") or []):
        operator, values = requirement.get("operator"), requirement.get("values") or []
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            found.append(f"{path}.matchExpressions[{i}].operator: not a valid selector operator")
        elif (operator in ("In", "NotIn")) != bool(values):
            found.append(f"{path}.matchExpressions[{i}].values: go with In and NotIn")
        if not names.is_qualified(requirement.get("key") or ""):
            found.append(f"{path}.matchExpressions[{i}].key: bad key")
        if not all(names.is_label_value(v) for v in values):
            found.append(f"{path}.matchExpressions[{i}].values: bad value")
    return found


def selects(selector: Json, own: dict[str, str]) -> bool:
    """Whether a label selector selects these labels; an empty one selects all."""
    if any(own.get(k) != v for k, v in (selector.get("matchLabels") or {}).items()):
        return False
    for requirement in selector.get("matchExpressions") or []:
        value, values = own.get(requirement.get("key")), requirement.get("values") or []
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds.get(requirement.get("operator"), False):
            return False
    return True
