"""What the API server checks of an object's contents: metadata of any kind, and the modelled kinds' own fields.

Each function gives the problems as "path: cause"; an empty list is a valid object. From
staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go, pkg/apis/core/validation/validation.go and
pkg/apis/apps/validation/validation.go, as far as the fields that the recorded clients send; that a PUT, a PATCH and a create are held to
the same rules is the registry's doing (store.py).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

Json = Any
Problems = list[str]

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PATH_SEGMENT_BANNED: Final = re.compile(r"^\.\.?$|[/%]")
_PATH_SEGMENT_NAMES: Final = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
_BUILT_IN_FINALIZERS: Final = {"orphan", "foregroundDeletion", "kubernetes"}
_ANNOTATIONS_LIMIT: Final = 256 * 1024
_QUANTITY: Final = re.compile(r"([+-]?[0-9.]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?")
_SCALE: Final = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
}


# --- metadata


def metadata(kind: str, meta: dict[str, Json]) -> Problems:
    """ValidateObjectMeta: name, labels, annotations, finalizers, owners."""
    found: Problems = []
    name = meta.get("name") or ""
    if not name:
        found.append("metadata.name: name or generateName is required")
    elif kind in _PATH_SEGMENT_NAMES:
        if _PATH_SEGMENT_BANNED.search(name):
            found.append("metadata.name: not a path segment")
    elif len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        found.append("metadata.name: not a DNS subdomain")
    found += labels(meta.get("labels") or {}, "metadata.labels")
    annotations = meta.get("annotations") or {}
    if any(not _qualified(key.lower()) for key in annotations):
        found.append("metadata.annotations: bad key")
    if sum(len(k.encode()) + len(str(v).encode()) for k, v in annotations.items()) > _ANNOTATIONS_LIMIT:
        found.append("metadata.annotations: too long")
    for finalizer in meta.get("finalizers") or []:
        if not _qualified(finalizer) or ("/" not in finalizer and finalizer not in _BUILT_IN_FINALIZERS):
            found.append("metadata.finalizers: not a qualified name")
    return found + owners(meta.get("ownerReferences") or [])


def owners(references: list[Json]) -> Problems:
    """ValidateOwnerReferences: each complete, none an Event, at most one controller."""
    found = [
        f"metadata.ownerReferences.{field}: must not be empty"
        for reference in references
        for field in ("apiVersion", "kind", "name", "uid")
        if not reference.get(field)
    ]
    if any(r.get("kind") == "Event" and r.get("apiVersion") in ("v1", "events.k8s.io/v1") for r in references):
        found.append("metadata.ownerReferences: an Event owns nothing")
    if sum(1 for r in references if r.get("controller")) > 1:
        found.append("metadata.ownerReferences: only one controller")
    return found


def labels(given: dict[str, Json], path: str) -> Problems:
    """ValidateLabels."""
    found = [f"{path}: bad key" for key in given if not _qualified(key)]
    return found + [f"{path}: bad value" for v in given.values() if v and (len(v) > 63 or not _QUALIFIED.fullmatch(v))]


def _qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and (not _SUBDOMAIN.fullmatch(prefix) or len(prefix) > 253):
        return False
    return len(name) <= 63 and _QUALIFIED.fullmatch(name) is not None


# --- kinds


def contents(kind: str, new: Json) -> Problems:
    """What a kind wants of an object by itself."""
    if kind == "Pod":
        return pod_spec(new.get("spec") or {}, "spec")
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        return _workload(kind, new.get("spec") or {})
    if kind in ("ConfigMap", "Secret"):
        return _data(new)
    if kind == "Lease":
        return _lease(new.get("spec") or {})
    return []


def change(kind: str, part: str, new: Json, old: Json) -> Problems:
    """What a kind wants of an update besides."""
    if kind == "Pod":
        return _pod_status(new, old) if part == "status" else _pod_update(new, old)
    if kind in ("Deployment", "ReplicaSet", "DaemonSet"):
        if new["spec"].get("selector") != old["spec"].get("selector"):
            return ["spec.selector: field is immutable"]
        return []
    if kind == "StatefulSet":
        allowed = {
            "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
        }  # fmt: skip
        return [f"spec.{k}: may not be changed" for k in _differing(new["spec"], old["spec"]) - allowed]
    if kind in ("ConfigMap", "Secret"):
        return _data_update(kind, new, old)
    if kind == "Node":
        return _node_update(new.get("spec") or {}, old.get("spec") or {})
    return []


def _differing(new: dict[str, Json], old: dict[str, Json]) -> set[str]:
    return {k for k in new.keys() | old.keys() if new.get(k) != old.get(k)}


def _data(new: Json) -> Problems:
    found = []
    plain, binary = new.get("data") or {}, new.get("binaryData") or {}
    for key in [*plain, *binary]:
        if not re.fullmatch(r"[-._a-zA-Z0-9]+", key) or len(key) > 253 or key in (".", ".."):
            found.append(f"data[{key}]: bad key")
    found += [f"data[{key}]: also in binaryData" for key in plain if key in binary]
    return found


def _data_update(kind: str, new: Json, old: Json) -> Problems:
    found = []
    if kind == "Secret" and new.get("type") != old.get("type"):
        found.append("type: field is immutable")
    if old.get("immutable"):
        if not new.get("immutable"):
            found.append("immutable: field is immutable when `immutable` is set")
        found += [
            f"{field}: field is immutable when `immutable` is set"
            for field in ("data", "binaryData")
            if (new.get(field) or {}) != (old.get(field) or {})
        ]
    return found


def _lease(spec: Json) -> Problems:
    found = []
    if spec.get("leaseDurationSeconds") is not None and spec["leaseDurationSeconds"] <= 0:
        found.append("spec.leaseDurationSeconds: must be greater than 0")
    if spec.get("leaseTransitions") is not None and spec["leaseTransitions"] < 0:
        found.append("spec.leaseTransitions: must be greater than or equal to 0")
    return found


def _node_update(new: Json, old: Json) -> Problems:
    found = []
    if old.get("podCIDRs") and (new.get("podCIDRs") or []) != old["podCIDRs"]:
        found.append('spec.podCIDRs: node updates may not change podCIDR except from "" to valid')
    if old.get("providerID") and new.get("providerID") != old["providerID"]:
        found.append('spec.providerID: node updates may not change providerID except from "" to valid')
    return found


# --- workloads


def _workload(kind: str, spec: Json) -> Problems:
    found = []
    for field in ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        if isinstance(spec.get(field), int) and spec[field] < 0:
            found.append(f"spec.{field}: must be greater than or equal to 0")
    selector = spec.get("selector")
    template = spec.get("template") or {}
    own = (template.get("metadata") or {}).get("labels") or {}
    if not selector:
        found.append("spec.selector: required" if selector is None else "spec.selector: empty selector is invalid")
    elif not selects(selector, own):
        found.append("spec.template.metadata.labels: `selector` does not match template `labels`")
    found += labels(own, "spec.template.metadata.labels")
    found += pod_spec(template.get("spec") or {}, "spec.template.spec")
    if (template.get("spec") or {}).get("restartPolicy") not in (None, "Always"):
        found.append("spec.template.spec.restartPolicy: supported values: Always")
    if (template.get("spec") or {}).get("activeDeadlineSeconds") is not None:
        found.append("spec.template.spec.activeDeadlineSeconds: activeDeadlineSeconds in a controller is not supported")
    if kind == "Deployment":
        found += _deployment(spec)
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


def _deployment(spec: Json) -> Problems:
    found = []
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        found.append("spec.strategy.rollingUpdate: may not be specified when strategy `type` is 'Recreate'")
    elif strategy.get("type") not in ("Recreate", "RollingUpdate"):
        found.append("spec.strategy.type: supported values: Recreate, RollingUpdate")
    elif rolling is not None:
        bounds = [_bound(rolling.get(name)) for name in ("maxUnavailable", "maxSurge")]
        if any(bound is None for bound in bounds):
            found.append("spec.strategy.rollingUpdate: must be an integer or a percentage")
        elif bounds[0] == bounds[1] == 0:
            found.append("spec.strategy.rollingUpdate.maxUnavailable: may not be 0 when `maxSurge` is 0")
        if str(rolling.get("maxUnavailable")).endswith("%") and (bounds[0] or 0) > 100:
            found.append("spec.strategy.rollingUpdate.maxUnavailable: must not be greater than 100%")
    if (spec.get("progressDeadlineSeconds") or 0) <= (spec.get("minReadySeconds") or 0):
        found.append("spec.progressDeadlineSeconds: must be greater than minReadySeconds")
    return found


def _bound(value: Json) -> int | None:
    if isinstance(value, int):
        return value if value >= 0 else None
    match = re.fullmatch(r"([0-9]+)%", value or "")
    return int(match[1]) if match else None


# --- pods


def pod_spec(spec: Json, path: str) -> Problems:
    """ValidatePodSpec, for the fields that the recorded clients send."""
    containers = spec.get("containers") or []
    found = [] if containers else [f"{path}.containers: required"]
    names: set[str] = set()
    for i, container in enumerate([*containers, *(spec.get("initContainers") or [])]):
        name = container.get("name") or ""
        if not _LABEL.fullmatch(name) or len(name) > 63:
            found.append(f"{path}.containers[{i}].name: not a DNS label")
        if name in names:
            found.append(f"{path}.containers[{i}].name: duplicate")
        names.add(name)
        if not container.get("image") or str(container["image"]).strip() != container["image"]:
            found.append(f"{path}.containers[{i}].image: required")
        found += _resources(container.get("resources") or {}, f"{path}.containers[{i}].resources")
        if container.get("imagePullPolicy") not in ("Always", "IfNotPresent", "Never"):
            found.append(f"{path}.containers[{i}].imagePullPolicy: unsupported value")
    if spec.get("restartPolicy") not in ("Always", "OnFailure", "Never"):
        found.append(f"{path}.restartPolicy: unsupported value")
    if spec.get("dnsPolicy") not in ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"):
        found.append(f"{path}.dnsPolicy: unsupported value")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and deadline <= 0:
        found.append(f"{path}.activeDeadlineSeconds: must be between 1 and 2147483647")
    volumes = [v.get("name") for v in spec.get("volumes") or []]
    if len(set(volumes)) < len(volumes):
        found.append(f"{path}.volumes: duplicate name")
    found += [f"{path}.tolerations: bad" for t in spec.get("tolerations") or [] if not _tolerates(t)]
    return found + labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")


def _tolerates(toleration: Json) -> bool:
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists" and toleration.get("value"):
        return False
    if not toleration.get("key") and operator != "Exists":
        return False
    if toleration.get("tolerationSeconds") is not None and toleration.get("effect") != "NoExecute":
        return False
    return operator in ("Exists", "Equal") and toleration.get("effect", "") in (
        "", "NoSchedule", "PreferNoSchedule", "NoExecute",
    )  # fmt: skip


def quantity(value: Json) -> Decimal | None:
    """A resource quantity (apimachinery/pkg/api/resource/quantity.go); None if it is none."""
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    try:
        number = Decimal(match[1])
    except ArithmeticError:
        return None
    suffix = match[2] or ""
    return number * (_SCALE[suffix] if suffix in _SCALE else Decimal(f"1{suffix}") if suffix else 1)


def _resources(resources: Json, path: str) -> Problems:
    found = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, value in [*limits.items(), *requests.items()]:
        amount = quantity(value)
        if amount is not None and amount < 0:
            found.append(f"{path}.{name}: must be greater than or equal to 0")
    for name, value in requests.items():
        low, high = quantity(value), quantity(limits.get(name, value))
        if low is not None and high is not None and low > high:
            found.append(f"{path}.requests: must be less than or equal to {name} limit")
    return found


def quantities(kind: str, new: Json) -> Problems:
    """Quantities that cannot be read: a matter of decoding, not of validation."""
    spec = new.get("spec") or {}
    if kind != "Pod" and isinstance(spec, dict):
        spec = ((spec.get("template") or {}) if isinstance(spec.get("template"), dict) else {}).get("spec") or {}
    return [
        f"{name}: not a quantity"
        for container in (spec.get("containers") or [] if isinstance(spec, dict) else [])
        if isinstance(container, dict)
        for amounts in (container.get("resources") or {}).values()
        if isinstance(amounts, dict)
        for name, value in amounts.items()
        if quantity(value) is None
    ]


def _pod_update(new: Json, old: Json) -> Problems:
    """ValidatePodUpdate: images, a deadline, more tolerations, fewer gates; nothing else."""
    was, spec = dict(old["spec"]), dict(new["spec"])
    found = []
    before, after = was.pop("activeDeadlineSeconds", None), spec.pop("activeDeadlineSeconds", None)
    if before is not None and (after is None or after > before):
        found.append("spec.activeDeadlineSeconds: must not update from a positive integer to a larger one or none")
    gates, gates_then = spec.pop("schedulingGates", None) or [], was.pop("schedulingGates", None) or []
    found += [f"spec.schedulingGates: new gate {g}" for g in gates if g not in gates_then]
    tolerations, tolerated = spec.pop("tolerations", None) or [], was.pop("tolerations", None) or []
    found += [
        "spec.tolerations: existing toleration can not be modified except its tolerationSeconds"
        for t in tolerated
        if not any(_same_toleration(t, n) for n in tolerations)
    ]
    if gates_then:
        found += _gated(spec, was)
    for group in ("containers", "initContainers"):
        spec[group], was[group] = _without_images(spec.get(group)), _without_images(was.get(group))
    found += [f"spec: pod updates may not change {field}" for field in sorted(_differing(spec, was))]
    return found


def _gated(spec: Json, was: Json) -> Problems:
    """A gated pod's nodeSelector may grow."""
    new, old = spec.pop("nodeSelector", None) or {}, was.pop("nodeSelector", None) or {}
    return [f"spec.nodeSelector[{k}]: only additions are allowed" for k, v in old.items() if new.get(k) != v]


def _same_toleration(one: Json, other: Json) -> bool:
    return {**one, "tolerationSeconds": None} == {**other, "tolerationSeconds": None}


def _without_images(containers: Json) -> Json:
    return [{k: v for k, v in c.items() if k != "image"} for c in containers or []]


def _pod_status(new: Json, old: Json) -> Problems:
    """ValidatePodStatusUpdate: a container that has ended does not run again where the pod's restartPolicy forbids it."""
    policy = (old.get("spec") or {}).get("restartPolicy")
    if policy == "Always":
        return []
    was = {s.get("name"): s for s in (old.get("status") or {}).get("containerStatuses") or []}
    found = []
    for i, status in enumerate((new.get("status") or {}).get("containerStatuses") or []):
        ended = ((was.get(status.get("name")) or {}).get("state") or {}).get("terminated")
        if ended is None or (status.get("state") or {}).get("terminated") is not None:
            continue
        if policy == "Never" or ended.get("exitCode", 0) == 0:
            found.append(f"status.containerStatuses[{i}].state: may not be transitioned to non-terminated state")
    return found
