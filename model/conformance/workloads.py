"""What the API server checks of Deployments, ReplicaSets, StatefulSets, DaemonSets and ControllerRevisions.

From pkg/apis/apps/validation/validation.go: Validate{Deployment,ReplicaSet,StatefulSet,DaemonSet}{Spec,Update,StatusUpdate} and
ValidateControllerRevision{Create,Update}.
"""

from __future__ import annotations

from typing import Any, Final

from kubecheck.model.conformance import checks, names, pods
from kubecheck.model.conformance.checks import Problems, problem, supported
from kubecheck.model.conformance.label_selectors import failing, selector_problems

Json = Any

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
    checked = template
    if kind == "StatefulSet":
        checked = _with_claims(template, spec.get("volumeClaimTemplates") or [])
        found += _stateful_set(spec, creation=creation)
    found += pods.template(checked, "spec.template")
    found += _selector(spec.get("selector"), (template.get("metadata") or {}).get("labels") or {})
    pod = template.get("spec") or {}
    if pod.get("restartPolicy") in ("OnFailure", "Never"):
        cause = f"is {checks.shown(pod['restartPolicy'])}, and must be Always in a workload's template"
        found += problem("spec.template.spec.restartPolicy", cause, "leave it out; a Job runs pods that end")
    if pod.get("activeDeadlineSeconds") is not None:
        found += problem("spec.template.spec.activeDeadlineSeconds", "is not supported in a workload's template", "leave it out")
    if kind == "Deployment":
        found += _deployment(spec)
    if kind == "DaemonSet":
        found += _daemon_set(spec.get("updateStrategy") or {})
    return found


def negative(given: Json, path: str, *members: str) -> Problems:
    """ValidateNonnegativeField."""
    return [p for name in members for p in checks.not_negative(f"{path}.{name}", given.get(name))]


def _selector(selector: Json, own: dict[str, str]) -> Problems:
    remedy = "add matchLabels with labels of the pod template"
    if selector is None:
        return problem("spec.selector", "is required", "add spec.selector.matchLabels with labels of the pod template")
    found = selector_problems(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        found += problem("spec.selector", "is empty, and would match every pod", remedy)
    elif not found and (wanted := failing(selector, own)) is not None:
        key, words = wanted
        where = f"spec.template.metadata.labels[{key}]" if key in own else "spec.template.metadata.labels"
        actual = ",".join(f"{k}={v}" for k, v in own.items())
        cause = f"does not match spec.selector: it wants {words}, the template's labels are {actual}"
        found += problem(
            where,
            cause if own else f"is required: spec.selector wants {words}",
            "make the labels of spec.template.metadata satisfy every requirement of spec.selector",
        )
    return found


def _deployment(spec: Json) -> Problems:
    found: Problems = []
    strategy = spec.get("strategy") or {}
    rolling, path = strategy.get("rollingUpdate"), "spec.strategy.rollingUpdate"
    if strategy.get("type") == "Recreate" and rolling is not None:
        found += problem(path, "may not be given when the strategy's type is Recreate", "leave it out, or the type")
    elif strategy.get("type") not in ("Recreate", "RollingUpdate"):
        found += supported("spec.strategy.type", strategy.get("type"), ("Recreate", "RollingUpdate"))
    elif rolling is not None:
        unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        found += _bounds(rolling, path)
        if names.bound(unavailable) == names.bound(surge) == 0:
            cause = f"is {unavailable} and maxSurge is {surge}: an update could never move"
            found += problem(f"{path}.maxUnavailable", cause, "let one of the two be 1 or more")
        if names.over_all(unavailable):
            cause = f"is {checks.shown(unavailable)}: must not be greater than 100%"
            found += problem(f"{path}.maxUnavailable", cause, 'write "100%" or less')
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if deadline is not None and deadline <= ready:
        cause = f"is {deadline} s, and must be greater than minReadySeconds ({ready})"
        remedy = f"set progressDeadlineSeconds to {ready + 1} or more" if ready < 2**31 - 1 else "lower minReadySeconds"
        found += problem("spec.progressDeadlineSeconds", cause, remedy)
    return found


def _bounds(rolling: Json, path: str) -> Problems:
    found: Problems = []
    for name in ("maxUnavailable", "maxSurge"):
        value = rolling.get(name)
        if isinstance(value, int):
            found += checks.not_negative(f"{path}.{name}", value)
        elif value is not None and names.bound(value) is None:
            remedy = f"write {value} without quotes" if value.isascii() and value.isdecimal() else 'for example 1, or "25%"'
            found += problem(f"{path}.{name}", f"is {checks.shown(value)}, and must be an integer or a percentage", remedy)
    return found


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
    found: Problems = []
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
