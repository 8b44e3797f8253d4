"""The admission plugin LimitRanger: defaults for containers, and bounds for containers, pods and claims.

After plugin/pkg/admission/limitranger/admission.go (mergeContainerResources, PodValidateLimitFunc,
PersistentVolumeClaimValidateLimitFunc).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from kubecheck.model.conformance.amounts import Amounts, amounts_of, of_pod
from kubecheck.model.conformance.quantities import quantity

Json = Any

_ANNOTATION: Final = "kubernetes.io/limit-ranger"


def fill(pod: Json, ranges: Iterable[Json]) -> None:
    """Gives containers what a LimitRange says they ask for and may use, and says so in an annotation."""
    for limit_range in ranges:
        limits: dict[str, Json] = {}
        requests: dict[str, Json] = {}
        for item in limit_range["spec"].get("limits") or []:
            if item.get("type") == "Container":
                limits.update(item.get("default") or {})
                requests.update(item.get("defaultRequest") or {})
        told: list[str] = []
        for group, word in (("containers", "container"), ("initContainers", "init container")):
            for container in pod["spec"].get(group) or []:
                told += _merge(container, requests, limits, word)
        if told:
            annotations = pod["metadata"].get("annotations") or {}
            pod["metadata"]["annotations"] = {**annotations, _ANNOTATION: "LimitRanger plugin set: " + "; ".join(told)}


def _merge(container: Json, requests: dict[str, Json], limits: dict[str, Json], word: str) -> Iterator[str]:
    given = container.setdefault("resources", {})
    for which, defaults, kind in (("requests", requests, "request"), ("limits", limits, "limit")):
        own = given.get(which) or {}
        missing = sorted(name for name in defaults if name not in own)
        if missing:
            given[which] = {**own, **{name: defaults[name] for name in missing}}
            yield f"{', '.join(missing)} {kind} for {word} {container.get('name', '')}"


def allows(kind: str, document: Json, ranges: Iterable[Json]) -> bool:
    """Whether an object is within the bounds."""
    items = [item for limit_range in ranges for item in limit_range["spec"].get("limits") or []]
    spec = document.get("spec") or {}
    if kind == "PersistentVolumeClaim":
        asked = quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0")) or Decimal(0)
        return all(
            _within({"storage": asked}, None, item) for item in items if item.get("type") == "PersistentVolumeClaim"
        )
    for item in items:
        if item.get("type") == "Container":
            for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
                if not _within(amounts_of(container, "requests"), amounts_of(container, "limits"), item):
                    return False
        if item.get("type") == "Pod" and not _within(of_pod(spec, "requests"), of_pod(spec, "limits"), item):
            return False
    return True


def _within(requests: Amounts, limits: Amounts | None, item: Json) -> bool:
    """minConstraint, maxConstraint and limitRequestRatioConstraint; without limits, the bounds are those of requests."""
    for name, least in _amounts(item, "min"):
        if name not in requests or requests[name] < least or (limits is not None and limits.get(name, least) < least):
            return False
    for name, most in _amounts(item, "max"):
        used = requests if limits is None else limits
        if name not in used or used[name] > most or requests.get(name, most) > most:
            return False
    for name, ratio in _amounts(item, "maxLimitRequestRatio"):
        asked, most = requests.get(name, Decimal(0)), (limits or {}).get(name, Decimal(0))
        if asked == 0 or most == 0 or most / asked > ratio:
            return False
    return True


def _amounts(item: Json, which: str) -> Iterator[tuple[str, Decimal]]:
    for name, value in (item.get(which) or {}).items():
        yield name, quantity(value) or Decimal(0)
