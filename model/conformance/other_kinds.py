"""Defaults and validation of kinds that the workload model has no components for, as far as the recorded clients go.

From pkg/apis/{core,discovery,policy,rbac,scheduling,apps,storage}/validation/validation.go and their defaults. Kinds that are not here are
replayed as long as their contents do not change.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final

Json = Any
Problems = list[str]

# Kinds whose contents are validated here.
KINDS: Final = {
    "Namespace", "EndpointSlice", "Endpoints", "PersistentVolume", "PersistentVolumeClaim", "PodDisruptionBudget",
    "PriorityClass", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "StorageClass",
}  # fmt: skip
_MOST_ENDPOINTS: Final = 1000
_SLICE_BANNED: Final = ("is_unspecified", "is_loopback", "is_link_local", "is_multicast")


def prepare_for_create(kind: str, document: Json) -> None:
    """What a creation adds: the protection of volumes (plugin/pkg/admission/storage/storageobjectinuseprotection), and their status."""
    finalizer = {
        "PersistentVolume": "kubernetes.io/pv-protection",
        "PersistentVolumeClaim": "kubernetes.io/pvc-protection",
    }
    if kind == "Namespace":
        held = (document.get("spec") or {}).get("finalizers") or []
        document["spec"] = {"finalizers": held if "kubernetes" in held else [*held, "kubernetes"]}
        document["status"] = {"phase": "Active"}
    if kind in finalizer:
        given = document["metadata"].get("finalizers") or []
        document["metadata"]["finalizers"] = given if finalizer[kind] in given else [*given, finalizer[kind]]
        document["status"] = {"phase": "Pending"}


def contents(kind: str, new: Json) -> Problems:
    """What a kind wants of an object by itself."""
    if kind == "Namespace":
        names = (new.get("spec") or {}).get("finalizers") or []
        return [f"spec.finalizers: {n}" for n in names if "/" not in str(n) and n != "kubernetes"]
    if kind == "Endpoints":
        return _endpoints(new)
    if kind == "EndpointSlice":
        return _slice(new)
    if kind == "PodDisruptionBudget":
        spec = new.get("spec") or {}
        both = spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None
        return ["spec: minAvailable and maxUnavailable cannot be both set"] if both else []
    if kind in ("Role", "ClusterRole"):
        return [f"rules[{i}].verbs: required" for i, r in enumerate(new.get("rules") or []) if not r.get("verbs")]
    if kind in ("RoleBinding", "ClusterRoleBinding"):
        return _binding(kind, new)
    return []


def change(kind: str, new: Json, old: Json) -> Problems:
    """What a kind wants of an update besides."""
    immutable = {
        "EndpointSlice": ("addressType",),
        "PriorityClass": ("value",),
        "RoleBinding": ("roleRef",),
        "ClusterRoleBinding": ("roleRef",),
        "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    }
    found = [f"{name}: field is immutable" for name in immutable.get(kind, ()) if new.get(name) != old.get(name)]
    if kind == "PersistentVolumeClaim":
        found += _claim_change(new, old)
    if kind == "PersistentVolume" and _source(new) != _source(old):
        found.append("spec.persistentvolumesource: is immutable after creation")
    return found


def grows(kind: str, new: Json, old: Json) -> bool:
    """Whether a bound claim asks for more or less than before."""
    if kind != "PersistentVolumeClaim" or (old.get("status") or {}).get("phase") != "Bound":
        return False
    return bool((new.get("spec") or {}).get("resources") != (old.get("spec") or {}).get("resources"))


def status(kind: str, new: Json) -> Problems:
    """What a kind wants of its status subresource."""
    if kind != "Namespace":
        return []
    wanted = "Terminating" if new["metadata"].get("deletionTimestamp") else "Active"
    return [] if (new.get("status") or {}).get("phase") == wanted else [f"status.Phase: may only be {wanted!r}"]


def _binding(kind: str, new: Json) -> Problems:
    found = []
    reference = new.get("roleRef") or {}
    kinds = ("ClusterRole",) if kind == "ClusterRoleBinding" else ("Role", "ClusterRole")
    if reference.get("apiGroup") not in (None, "", "rbac.authorization.k8s.io"):
        found.append("roleRef.apiGroup: supported values: rbac.authorization.k8s.io")
    if reference.get("kind") not in kinds:
        found.append("roleRef.kind: unsupported value")
    if not reference.get("name"):
        found.append("roleRef.name: required")
    for i, subject in enumerate(new.get("subjects") or []):
        if subject.get("kind") not in ("User", "Group", "ServiceAccount"):
            found.append(f"subjects[{i}].kind: unsupported value")
        if not subject.get("name"):
            found.append(f"subjects[{i}].name: required")
    return found


def _endpoints(new: Json) -> Problems:
    found = []
    for i, subset in enumerate(new.get("subsets") or []):
        ready, waiting = subset.get("addresses") or [], subset.get("notReadyAddresses") or []
        if not ready and not waiting:
            found.append(f"subsets[{i}]: must specify `addresses` or `notReadyAddresses`")
        found += [f"subsets[{i}].addresses: {a.get('ip')}" for a in [*ready, *waiting] if not _routable(a.get("ip"))]
        ports = subset.get("ports") or []
        found += [f"subsets[{i}].ports: {p.get('port')}" for p in ports if not _is_port(p.get("port"))]
        found += [f"subsets[{i}].ports.name: required" for p in ports if len(ports) > 1 and not p.get("name")]
    return found


def _slice(new: Json) -> Problems:
    found = []
    address_type = new.get("addressType")
    if address_type not in ("IPv4", "IPv6", "FQDN"):
        found.append("addressType: unsupported value")
    endpoints = new.get("endpoints") or []
    if len(endpoints) > _MOST_ENDPOINTS:
        found.append("endpoints: too many")
    for i, endpoint in enumerate(endpoints):
        addresses = endpoint.get("addresses") or []
        if not addresses or len(addresses) > 100:
            found.append(f"endpoints[{i}].addresses: must contain 1 to 100 addresses")
        version = {"IPv4": 4, "IPv6": 6}.get(str(address_type))
        found += [f"endpoints[{i}].addresses: {a}" for a in addresses if version and not _routable(a, version)]
    names = [p.get("name") or "" for p in new.get("ports") or []]
    if len(set(names)) < len(names):
        found.append("ports: duplicate name")
    found += [
        f"ports: {p['port']}" for p in new.get("ports") or [] if p.get("port") is not None and not _is_port(p["port"])
    ]
    return found


def _is_port(value: Json) -> bool:
    return isinstance(value, int) and 1 <= value <= 65535


def _routable(text: Json, version: int | None = None) -> bool:
    try:
        address = ipaddress.ip_address(str(text))
    except ValueError:
        return False
    if version is not None and address.version != version:
        return False
    return not any(getattr(address, banned) for banned in _SLICE_BANNED)


def _source(volume: Json) -> Json:
    known = {
        "accessModes", "capacity", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "volumeMode",
        "nodeAffinity", "volumeAttributesClassName",
    }  # fmt: skip
    return {k: v for k, v in (volume.get("spec") or {}).items() if k not in known}


def _claim_change(new: Json, old: Json) -> Problems:
    """A claim's spec may not change, but for a volume's name that was empty, and the requests of a bound claim."""
    was, spec = dict(old.get("spec") or {}), dict(new.get("spec") or {})
    if not was.get("volumeName"):
        was["volumeName"] = spec.get("volumeName")
    if (old.get("status") or {}).get("phase") == "Bound":
        for one in (was, spec):
            one["resources"] = {**(one.get("resources") or {}), "requests": None}
    changed = any(was.get(name) != spec.get(name) for name in was.keys() | spec.keys())
    return ["spec: is immutable after creation except resources.requests for bound claims"] if changed else []
