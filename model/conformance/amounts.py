"""What a pod asks for and may use at most: the sums that LimitRanger and ResourceQuota compute.

After staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests, PodLimits): the containers together, or the greatest init
container if that is more, with what restartable init containers that came before it keep.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kubecheck.model.conformance.quantities import quantity

Json = Any
Amounts = dict[str, Decimal]


def amounts_of(container: Json, which: str) -> Amounts:
    """`requests` or `limits` of a container."""
    given = (container.get("resources") or {}).get(which) or {}
    return {name: quantity(value) or Decimal(0) for name, value in given.items()}


def added(one: Amounts, other: Amounts) -> Amounts:
    """The sum."""
    return {name: one.get(name, Decimal(0)) + other.get(name, Decimal(0)) for name in one.keys() | other.keys()}


def greatest(one: Amounts, other: Amounts) -> Amounts:
    """The greater of each."""
    return {name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in one.keys() | other.keys()}


def of_pod(spec: Json, which: str) -> Amounts:
    """`requests` or `limits` of a pod."""
    total: Amounts = {}
    for container in spec.get("containers") or []:
        total = added(total, amounts_of(container, which))
    kept: Amounts = {}
    most: Amounts = {}
    for container in spec.get("initContainers") or []:
        own = amounts_of(container, which)
        if container.get("restartPolicy") == "Always":
            kept = added(kept, own)
            total = added(total, own)
            own = kept
        else:
            own = added(own, kept)
        most = greatest(most, own)
    return greatest(total, most)
