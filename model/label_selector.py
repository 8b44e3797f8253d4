"""Label selectors: what a workload says about the pods that are its own.

Read in Kubernetes 1.36: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (ValidateLabelSelector,
ValidateLabelSelectorRequirement), pkg/apis/meta/v1/helpers.go (LabelSelectorAsSelector), pkg/labels/selector.go
(Requirement.Matches).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubecheck.model.manifest_fields import Field, check_label_key, check_label_value, closest, labels

if TYPE_CHECKING:
    from collections.abc import Mapping


class Operator(enum.StrEnum):
    """How a requirement compares a label."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label key."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, pod_labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy this; NotIn is satisfied by a label that is absent, as in Kubernetes."""
        match self.operator:
            case Operator.IN:
                return self.key in pod_labels and pod_labels[self.key] in self.values
            case Operator.NOT_IN:
                return self.key not in pod_labels or pod_labels[self.key] not in self.values
            case Operator.EXISTS:
                return self.key in pod_labels
            case Operator.DOES_NOT_EXIST:
                return self.key not in pod_labels

    def __str__(self) -> str:
        match self.operator:
            case Operator.IN if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case Operator.IN | Operator.NOT_IN:
                word = "in" if self.operator is Operator.IN else "notin"
                return f"{self.key} {word} ({', '.join(self.values)})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Requirements that must all hold; `matchLabels` are requirements of operator In with one value."""

    requirements: tuple[Requirement, ...]

    def failing(self, pod_labels: Mapping[str, str]) -> Requirement | None:
        """The first requirement that labels do not satisfy, or None if they all do."""
        return next((r for r in self.requirements if not r.matches(pod_labels)), None)

    def __str__(self) -> str:
        return ",".join(str(r) for r in self.requirements)


def read_selector(field: Field) -> LabelSelector:
    """`spec.selector` of a Deployment or ReplicaSet; raises ManifestError where the API server would refuse it."""
    field.required(remedy="add spec.selector.matchLabels with labels of the pod template")
    field.only(("matchLabels", "matchExpressions"), type_name="LabelSelector")
    requirements = [
        Requirement(key, Operator.IN, (value,)) for key, value in labels(field.child("matchLabels")).items()
    ]
    requirements += [_read_requirement(item) for item in field.child("matchExpressions").items()]
    if not requirements:
        field.fail("is empty, and would match every pod", remedy="add matchLabels with labels of the pod template")
    return LabelSelector(tuple(requirements))


def _read_requirement(field: Field) -> Requirement:
    field.required(remedy="give key, operator and values")
    field.only(("key", "operator", "values"), type_name="LabelSelectorRequirement")
    key = field.child("key").required(remedy="name a label").string()
    check_label_key(field.child("key"), key)
    names = [str(operator) for operator in Operator]
    written = field.child("operator").required(remedy=f"one of {', '.join(names)}")
    name = written.string()
    if name not in names:
        close = closest(name, names)
        remedy = f"did you mean `{close}`?" if close else f"one of {', '.join(names)}"
        written.fail(f'is "{name}", which is not a selector operator', remedy=remedy)
    operator = Operator(name)
    values = []
    for item in field.child("values").items():
        values.append(item.string())
        check_label_value(item, values[-1])
    if operator in (Operator.IN, Operator.NOT_IN) and not values:
        field.child("values").fail(f"is required for the operator {operator}", remedy="list at least one value")
    if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST) and values:
        field.child("values").fail(f"may not be given for the operator {operator}", remedy="leave it out")
    return Requirement(key, operator, tuple(values))
