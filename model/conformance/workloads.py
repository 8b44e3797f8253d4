"""What the API server checks of Deployments, ReplicaSets, StatefulSets, DaemonSets and ControllerRevisions.

From pkg/apis/apps/validation/validation.go: Validate{Deployment,ReplicaSet,StatefulSet,DaemonSet}{Spec,Update,StatusUpdate} and
ValidateControllerRevision{Create,Update}.
"""

from __future__ import annotations

from typing import Any, Final

from kubecheck.model.conformance import names, pods
from kubecheck.model.conformance.label_selectors import selector_problems, selects

Json = Any
Problems = list[str]

_KEPT: Final = {
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
}  # fmt: skip


def contents(kind: str, new: Json, *, creation: bool) -> Problems:
    """What a workload must be by itself."""
    spec = new.get("spec") or {}
    numbers = ["replicas", "minReadySeconds"]
    if kind in ("Deployment", "DaemonSet"):
        numbers.append("revisionHistoryLimit")
    found = negative(spec, "spec", *numbers, "progressDeadlineSeconds")
    template = spec.get("template") or {}
    found += _selector(spec.get("selector"), (template.get("metadata") or {}).get("labels") or {})
    checked = template
    if kind == "StatefulSet":
        checked = _with_claims(template, spec.get("volumeClaimTemplates") or [])
        found += _stateful_set(spec, creation=creation)
    found += pods.template(checked, "spec.template")
    pod = template.get("spec") or {}
    if pod.get("restartPolicy") != "Always":
        found.append("spec.template.spec.restartPolicy: supported values: Always")
    if pod.get("activeDeadlineSeconds") is not None:
        found.append("spec.template.spec.activeDeadlineSeconds: activeDeadlineSeconds in a controller is not supported")
    if kind == "Deployment":
        found += _deployment(spec)
    if kind == "DaemonSet":
        found += _daemon_set(spec.get("updateStrategy") or {})
    return found


def negative(given: Json, path: str, *members: str) -> Problems:
    """ValidateNonnegativeField."""
    return [f"{path}.{name}: must be greater than or equal to 0" for name in members if (given.get(name) or 0) < 0]


def _selector(selector: Json, own: dict[str, str]) -> Problems:
    if selector is None:
        return ["spec.selector: required, or selecting nothing"]
    found = selector_problems(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        found.append("spec.selector: empty selector is invalid")
    elif not found and not selects(selector, own):
        found.append("spec.template.metadata.labels: `selector` does not match template `labels`")
    return found


def _deployment(spec: Json) -> Problems:
    found = []
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        found.append("spec.strategy.rollingUpdate: may not be specified when strategy `type` is 'Recreate'")
    elif strategy.get("type") not in ("Recreate", "RollingUpdate"):
        found.append("spec.strategy.type: supported values: Recreate, RollingUpdate")
    elif rolling is not None:
        found += _bounds(rolling, "spec.strategy.rollingUpdate")
        if names.bound(rolling.get("maxUnavailable")) == names.bound(rolling.get("maxSurge")) == 0:
            found.append("spec.strategy.rollingUpdate.maxUnavailable: may not be 0 when `maxSurge` is 0")
        if names.over_all(rolling.get("maxUnavailable")):
            found.append("spec.strategy.rollingUpdate.maxUnavailable: must not be greater than 100%")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        found.append("spec.progressDeadlineSeconds: must be greater than minReadySeconds")
    return found


def _bounds(rolling: Json, path: str) -> Problems:
    return [
        f"{path}.{name}: must be an integer or percentage"
        for name in ("maxUnavailable", "maxSurge")
        if rolling.get(name) is not None and names.bound(rolling[name]) is None
    ]


def _daemon_set(strategy: Json) -> Problems:
    path, rolling = "spec.updateStrategy.rollingUpdate", strategy.get("rollingUpdate")
    if strategy.get("type") == "OnDelete":
        return []
    if strategy.get("type") != "RollingUpdate":
        return ["spec.updateStrategy: supported values: RollingUpdate, OnDelete"]
    if rolling is None:
        return [f"{path}: required"]
    found = _bounds(rolling, path)
    found += [
        f"{path}.{n}: must not be greater than 100%"
        for n in ("maxUnavailable", "maxSurge")
        if names.over_all(rolling.get(n))
    ]
    surge, unavailable = (bool(names.bound(rolling.get(name))) for name in ("maxSurge", "maxUnavailable"))
    if surge and unavailable:
        found.append(f"{path}.maxSurge: may not be set when maxUnavailable is non-zero")
    if not surge and not unavailable:
        found.append(f"{path}.maxUnavailable: cannot be 0 when maxSurge is 0")
    return found


def _stateful_set(spec: Json, *, creation: bool) -> Problems:
    found = []
    if spec.get("podManagementPolicy") not in ("OrderedReady", "Parallel"):
        found.append("spec.podManagementPolicy: must be 'OrderedReady' or 'Parallel'")
    strategy = spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in ("OnDelete", "RollingUpdate"):
        found.append("spec.updateStrategy: must be 'RollingUpdate' or 'OnDelete'")
    elif strategy["type"] == "OnDelete" and rolling is not None:
        found.append("spec.updateStrategy.rollingUpdate: only allowed for updateStrategy 'RollingUpdate'")
    elif rolling is not None:
        found += negative(rolling, "spec.updateStrategy.rollingUpdate", "partition")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        if retention.get(name) not in ("Retain", "Delete"):
            found.append(f"spec.persistentVolumeClaimRetentionPolicy.{name}: supported values: Retain, Delete")
    found += negative(spec.get("ordinals") or {}, "spec.ordinals", "start")
    if creation and spec.get("serviceName") and not names.is_label(spec["serviceName"]):
        found.append("spec.serviceName: not a DNS label")
    return found


def _with_claims(template: Json, claims: list[Json]) -> Json:
    """The template with a volume for each claim, without host name and subdomain, as it is validated."""
    spec = {k: v for k, v in (template.get("spec") or {}).items() if k not in ("hostname", "subdomain")}
    if claims:
        claimed = [(c.get("metadata") or {}).get("name") or "" for c in claims]
        own = [v for v in spec.get("volumes") or [] if v.get("name") not in claimed]
        added = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in dict.fromkeys(claimed)]
        spec["volumes"] = [*added, *own]
    return {**template, "spec": spec}


def change(kind: str, new: Json, old: Json) -> Problems:
    """What may not change."""
    if kind == "StatefulSet":
        return [f"spec.{k}: may not be changed" for k in pods.differing(new["spec"], old["spec"]) - _KEPT]
    if new["spec"].get("selector") != old["spec"].get("selector"):
        return ["spec.selector: field is immutable"]
    return []


_COUNTERS: Final = {
    "Deployment": ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "terminatingReplicas"),
    "ReplicaSet": ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "terminatingReplicas"),
    "StatefulSet": ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
    "DaemonSet": (
        "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "updatedNumberScheduled",
        "numberAvailable", "numberUnavailable",
    ),
}  # fmt: skip
_UP_TO_REPLICAS: Final = {
    "Deployment": ("updatedReplicas", "readyReplicas", "availableReplicas"),
    "ReplicaSet": ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
    "StatefulSet": ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
    "DaemonSet": (),
}


def status(kind: str, new: Json, old: Json) -> Problems:
    """Counters of a status: not negative, and not above what they are a part of; collisions are not forgotten."""
    now, was = new.get("status") or {}, old.get("status") or {}
    found = negative(now, "status", "observedGeneration", "collisionCount", *_COUNTERS[kind])
    replicas = now.get("replicas") or 0
    found += [
        f"status.{name}: cannot be greater than status.replicas"
        for name in _UP_TO_REPLICAS[kind]
        if (now.get(name) or 0) > replicas
    ]
    if kind != "DaemonSet" and (now.get("availableReplicas") or 0) > (now.get("readyReplicas") or 0):
        found.append("status.availableReplicas: cannot be greater than readyReplicas")
    before, after = was.get("collisionCount"), now.get("collisionCount")
    if kind != "ReplicaSet" and before is not None and (after is None or after < before):
        found.append("status.collisionCount: cannot be decremented")
    return found


def revision(new: Json, old: Json | None) -> Problems:
    """A ControllerRevision: its data is an object that never changes, byte for byte."""
    found = negative(new, "", "revision")
    if old is None and not isinstance(new.get("data"), dict):
        found.append("data: data is mandatory, and an object")
    if old is not None and new.get("data") != old.get("data"):
        found.append("data: field is immutable")
    return found
