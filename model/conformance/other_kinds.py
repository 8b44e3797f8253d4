"""Defaults and validation of kinds that the workload model has no components for, as far as the recorded clients go.

From pkg/apis/{core,discovery,policy,rbac,scheduling,apps,storage}/validation/validation.go and their defaults. Kinds that are not here are
replayed as long as their contents do not change.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from kubecheck.model.conformance import names
from kubecheck.model.conformance.core_kinds import one_and_many
from kubecheck.model.conformance.label_selectors import selector_problems
from kubecheck.model.conformance.quantities import quantity
from kubecheck.model.conformance.workloads import negative

Json = Any
Problems = list[str]

# Kinds whose contents are validated here.
KINDS: Final = {
    "Namespace", "EndpointSlice", "Endpoints", "PersistentVolume", "PersistentVolumeClaim", "PodDisruptionBudget",
    "PriorityClass", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "StorageClass", "ResourceQuota", "LimitRange",
    "HorizontalPodAutoscaler", "NetworkPolicy", "CSINode", "Ingress", "RuntimeClass",
}  # fmt: skip
_MOST_ENDPOINTS: Final = 1000
_MOST_ADDRESSES: Final = 100
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")


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


def prepare(kind: str, document: Json, live: Json | None) -> None:
    """What an update of the main resource makes of members that stand for each other."""
    if kind == "Node":
        one_and_many(document.setdefault("spec", {}), "podCIDR", "podCIDRs")
    for path in _SWITCHED_OFF.get(kind, ()):
        _drop_new(document, live, path)
    if kind == "PersistentVolumeClaim" and live is None:
        spec = document.get("spec") or {}
        if spec.get("dataSource") is not None and spec.get("dataSourceRef") is None:
            spec["dataSourceRef"] = dict(spec["dataSource"])


# Fields of features that are off by default in 1.36: CoordinatedLeaderElection, MaxUnavailableStatefulSet.
_SWITCHED_OFF: Final = {
    "Lease": (("spec", "strategy"), ("spec", "preferredHolder")),
    "StatefulSet": (("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"),),
}


def _drop_new(document: Json, live: Json | None, path: tuple[str, ...]) -> None:
    """A field of a feature that is off is dropped, unless the stored object has it: the strategies' dropDisabledFields."""
    *above, last = path
    for name in above:
        document = document.get(name) or {}
        live = (live or {}).get(name)
    if (live or {}).get(last) is None:
        document.pop(last, None)


def contents(kind: str, new: Json, *, creation: bool) -> Problems:
    """What a kind wants of an object by itself."""
    spec = new.get("spec") or {}
    if kind == "Namespace":
        held = spec.get("finalizers") or []
        return [
            f"spec.finalizers: {n}" for n in held if not names.is_qualified(n) or ("/" not in n and n != "kubernetes")
        ]
    if kind == "Endpoints":
        return _endpoints(new)
    if kind == "EndpointSlice":
        return _slice(new)
    if kind == "PodDisruptionBudget":
        return _budget(spec)
    if kind in ("Role", "ClusterRole"):
        return _rules(kind, new)
    if kind in ("RoleBinding", "ClusterRoleBinding"):
        return _binding(kind, new)
    if kind == "PersistentVolumeClaim":
        return _claim(spec)
    if kind == "PersistentVolume":
        return _volume(spec)
    if kind == "PriorityClass":
        return _priority_class(new)
    if kind == "StorageClass":
        return _storage_class(new)
    if kind == "ResourceQuota":
        return _amounts(spec.get("hard") or {}, "spec.hard")
    if kind == "LimitRange":
        return _limits(spec.get("limits") or [])
    if kind == "HorizontalPodAutoscaler":
        return _autoscaler(spec)
    if kind == "NetworkPolicy":
        return _policy(spec)
    if kind == "Ingress":
        return _ingress(spec)
    if kind == "RuntimeClass":
        return [] if names.is_label(new.get("handler")) else ["handler: not a DNS label"]
    return _csi_node(spec) if kind == "CSINode" and creation else []


def change(kind: str, new: Json, old: Json) -> Problems:
    """What a kind wants of an update besides."""
    found = [f"{name}: field is immutable" for name in _IMMUTABLE.get(kind, ()) if new.get(name) != old.get(name)]
    if kind == "PersistentVolumeClaim":
        found += _claim_change(new, old)
    if kind == "PersistentVolume":
        if _source(new) != _source(old):
            found.append("spec.persistentvolumesource: is immutable after creation")
        affinity = (old.get("spec") or {}).get("nodeAffinity")
        if affinity is not None and (new.get("spec") or {}).get("nodeAffinity") != affinity:
            found.append("spec.nodeAffinity: field is immutable once set")
        if (new.get("spec") or {}).get("volumeMode") != (old.get("spec") or {}).get("volumeMode"):
            found.append("spec.volumeMode: field is immutable")
    if kind == "ResourceQuota":
        scopes = [set((one.get("spec") or {}).get("scopes") or []) for one in (new, old)]
        found += ["spec.scopes: field is immutable"] if scopes[0] != scopes[1] else []
    if kind == "CSINode":
        found += _csi_node_change(new, old)
    return found


_IMMUTABLE: Final = {
    "EndpointSlice": ("addressType",),
    "PriorityClass": ("value", "preemptionPolicy"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "RuntimeClass": ("handler",),
}


def grows(kind: str, new: Json, old: Json) -> bool:
    """Whether a bound claim asks for more than before: what PersistentVolumeClaimResize looks at."""
    if kind != "PersistentVolumeClaim" or (old.get("status") or {}).get("phase") != "Bound":
        return False
    now, was = (_request(one) for one in (new, old))
    return now is not None and was is not None and now > was


def _request(claim: Json) -> Decimal | None:
    return quantity(((claim.get("spec") or {}).get("resources") or {}).get("requests", {}).get("storage", "0"))


def status(kind: str, new: Json) -> Problems:
    """What a kind wants of its status subresource."""
    given = new.get("status") or {}
    if kind == "Namespace":
        wanted = "Terminating" if new["metadata"].get("deletionTimestamp") else "Active"
        return [] if given.get("phase") == wanted else [f"status.Phase: may only be {wanted!r}"]
    if kind == "PodDisruptionBudget":
        return negative(given, "status", "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    if kind == "HorizontalPodAutoscaler":
        return negative(given, "status", "currentReplicas", "desiredReplicas")
    if kind == "ResourceQuota":
        return _amounts(given.get("hard") or {}, "status.hard") + _amounts(given.get("used") or {}, "status.used")
    if kind == "PersistentVolumeClaim":
        return _amounts(given.get("capacity") or {}, "status.capacity")
    return []


def _amounts(given: dict[str, Json], path: str) -> Problems:
    """Amounts of resources: none is negative, and what is counted is whole."""
    found = []
    for name, value in given.items():
        amount = quantity(value)
        if not names.is_qualified(name) or (path.endswith("hard") and "/" not in name and not _is_quota_name(name)):
            found.append(f"{path}[{name}]: must be a standard resource for quota")
        if amount is None or amount < 0 or (name in _COUNTED and amount % 1 != 0):
            found.append(f"{path}[{name}]: must be greater than or equal to 0")
    return found


_COUNTED: Final = (
    "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
)  # fmt: skip


def _is_quota_name(name: str) -> bool:
    """IsStandardQuotaResourceName."""
    amounts = ("cpu", "memory", "ephemeral-storage")
    asked = [f"{prefix}{amount}" for prefix in ("", "requests.", "limits.") for amount in amounts]
    return name in (*_COUNTED, *asked, "requests.storage") or name.startswith(("hugepages-", "requests.hugepages-"))


def _budget(spec: Json) -> Problems:
    found = []
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        found.append("spec: minAvailable and maxUnavailable cannot be both set")
    for name in ("minAvailable", "maxUnavailable"):
        if spec.get(name) is not None and (names.bound(spec[name]) is None or names.over_all(spec[name])):
            found.append(f"spec.{name}: must be an integer or percentage up to 100%")
    if spec.get("unhealthyPodEvictionPolicy") not in (None, "IfHealthyBudget", "AlwaysAllow"):
        found.append("spec.unhealthyPodEvictionPolicy: unsupported value")
    return found + selector_problems(spec.get("selector"), "spec.selector")


def _rules(kind: str, new: Json) -> Problems:
    """ValidatePolicyRule."""
    found = []
    for i, rule in enumerate(new.get("rules") or []):
        paths = rule.get("nonResourceURLs") or []
        if not rule.get("verbs"):
            found.append(f"rules[{i}].verbs: required")
        if paths and kind == "Role":
            found.append(f"rules[{i}].nonResourceURLs: namespaced rules cannot apply to non-resource URLs")
        elif paths and (rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames")):
            found.append(
                f"rules[{i}].nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs"
            )
        elif not paths and not rule.get("apiGroups"):
            found.append(f"rules[{i}].apiGroups: resource rules must supply at least one api group")
        elif not paths and not rule.get("resources"):
            found.append(f"rules[{i}].resources: resource rules must supply at least one resource")
    return found


_MODES: Final = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")


def _modes(spec: Json) -> Problems:
    modes = spec.get("accessModes") or []
    found = [] if modes else ["spec.accessModes: at least 1 access mode is required"]
    found += [f"spec.accessModes: unsupported value {m}" for m in modes if m not in _MODES]
    if "ReadWriteOncePod" in modes and any(m in _MODES[:3] for m in modes):
        found.append("spec.accessModes: may not use ReadWriteOncePod with other access modes")
    if spec.get("volumeMode") not in (None, "Filesystem", "Block"):
        found.append("spec.volumeMode: unsupported value")
    if spec.get("storageClassName") and not names.is_subdomain(spec["storageClassName"]):
        found.append("spec.storageClassName: not a DNS subdomain")
    return found


def _claim(spec: Json) -> Problems:
    """ValidatePersistentVolumeClaimSpec."""
    asked = quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage", ""))
    found = _modes(spec) + selector_problems(spec.get("selector"), "spec.selector")
    return found + (
        [] if asked is not None and asked > 0 else ["spec.resources.requests[storage]: must be greater than zero"]
    )


def _volume(spec: Json) -> Problems:
    """ValidatePersistentVolumeSpec."""
    capacity, sources = spec.get("capacity") or {}, _source({"spec": spec})
    found = _modes(spec)
    if set(capacity) != {"storage"} or (quantity(capacity["storage"]) or 0) <= 0:
        found.append("spec.capacity: supported values: storage, greater than zero")
    if spec.get("persistentVolumeReclaimPolicy") not in ("Retain", "Delete", "Recycle"):
        found.append("spec.persistentVolumeReclaimPolicy: unsupported value")
    if len(sources) != 1:
        found.append("spec: must specify exactly one volume type")
    host = sources.get("hostPath")
    if host is not None and (not host.get("path") or ".." in host["path"].split("/")):
        found.append("spec.hostPath.path: required, and without '..'")
    if sources.get("local") is not None and not spec.get("nodeAffinity"):
        found.append("spec.nodeAffinity: Local volume requires node affinity")
    return found


def _priority_class(new: Json) -> Problems:
    """ValidatePriorityClass (pkg/apis/scheduling/validation)."""
    name, value = new["metadata"].get("name") or "", new.get("value") or 0
    found = []
    if name.startswith("system-") and _SYSTEM.get(name) != value:
        found.append("metadata.name: priority class names with 'system-' prefix are reserved for system use only")
    if not name.startswith("system-") and value > 1_000_000_000:
        found.append("value: maximum allowed value of a user defined priority is 1000000000")
    if new.get("preemptionPolicy") not in ("PreemptLowerPriority", "Never"):
        found.append("preemptionPolicy: unsupported value")
    return found


_SYSTEM: Final = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def _storage_class(new: Json) -> Problems:
    """ValidateStorageClass (pkg/apis/storage/validation)."""
    found = [] if names.is_qualified((new.get("provisioner") or "").lower()) else ["provisioner: not a qualified name"]
    if new.get("reclaimPolicy") not in ("Retain", "Delete"):
        found.append("reclaimPolicy: unsupported value")
    if new.get("volumeBindingMode") not in ("Immediate", "WaitForFirstConsumer"):
        found.append("volumeBindingMode: unsupported value")
    return found


def _limits(limits: list[Json]) -> Problems:
    """ValidateLimitRange."""
    found = []
    kinds = [item.get("type") for item in limits]
    if len(set(kinds)) < len(kinds):
        found.append("spec.limits.type: duplicate")
    for i, item in enumerate(limits):
        path, kind = f"spec.limits[{i}]", item.get("type") or ""
        if not names.is_qualified(kind) or (
            "/" not in kind and kind not in ("Pod", "Container", "PersistentVolumeClaim")
        ):
            found.append(f"{path}.type: must be a standard limit type or fully qualified")
        if kind == "Pod":
            found += [
                f"{path}.{n}: may not be specified when `type` is 'Pod'"
                for n in ("default", "defaultRequest")
                if item.get(n)
            ]
        claimed = {**(item.get("min") or {}), **(item.get("max") or {})}
        if kind == "PersistentVolumeClaim" and "storage" not in claimed:
            found.append(f"{path}.limits: either minimum or maximum storage value is required")
        for lower, upper in (
            ("min", "max"), ("min", "defaultRequest"), ("defaultRequest", "max"), ("defaultRequest", "default"), ("min", "default"),
            ("default", "max"),
        ):  # fmt: skip
            least, most = item.get(lower) or {}, item.get(upper) or {}
            found += [f"{path}.{lower}[{n}]: above {upper}" for n in least if n in most and _above(least[n], most[n])]
        ratios = item.get("maxLimitRequestRatio") or {}
        found += [
            f"{path}.maxLimitRequestRatio[{n}]: is less than 1" for n, ratio in ratios.items() if _above("1", ratio)
        ]
    return found


def _above(one: Json, other: Json) -> bool:
    return (quantity(one) or Decimal(0)) > (quantity(other) or Decimal(0))


def _autoscaler(spec: Json) -> Problems:
    """validateHorizontalPodAutoscalerSpec."""
    least, most, target = spec.get("minReplicas"), spec.get("maxReplicas") or 0, spec.get("scaleTargetRef") or {}
    found = []
    if least is not None and least < 1:
        found.append("spec.minReplicas: must be greater than or equal to 1")
    if most < 1:
        found.append("spec.maxReplicas: must be set and greater than 0")
    if least is not None and most < least:
        found.append("spec.maxReplicas: must be greater than or equal to `minReplicas`")
    for name in ("kind", "name"):
        if not target.get(name) or not names.is_path_segment(target[name]):
            found.append(f"spec.scaleTargetRef.{name}: required")
    if (target.get("apiVersion") or "").count("/") != 1:
        found.append("spec.scaleTargetRef.apiVersion: apiVersion must specify API group")
    return found


def _policy(spec: Json) -> Problems:
    """ValidateNetworkPolicySpec (pkg/apis/networking/validation)."""
    found = selector_problems(spec.get("podSelector"), "spec.podSelector")
    kinds = spec.get("policyTypes") or []
    if len(kinds) > 2 or any(k not in ("Ingress", "Egress") for k in kinds):
        found.append("spec.policyTypes: unsupported value")
    for rule in [*(spec.get("ingress") or []), *(spec.get("egress") or [])]:
        for port in rule.get("ports") or []:
            if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
                found.append("spec.ports.protocol: unsupported value")
            if port.get("port") is not None and not names.is_port_or_name(port["port"]):
                found.append("spec.ports.port: must be between 1 and 65535")
        for peer in [*(rule.get("from") or []), *(rule.get("to") or [])]:
            block = peer.get("ipBlock")
            chosen = [peer.get(n) for n in ("podSelector", "namespaceSelector") if peer.get(n) is not None]
            if (block is None) == (not chosen):
                found.append("spec.peers: must specify a peer, and ipBlock alone")
            if block is not None and not names.is_network(block.get("cidr")):
                found.append("spec.peers.ipBlock.cidr: required")
            found += [p for selector in chosen for p in selector_problems(selector, "spec.peers")]
    return found


def _ingress(spec: Json) -> Problems:
    """ValidateIngressSpec (pkg/apis/networking/validation)."""
    found = []
    backends = [spec["defaultBackend"]] if spec.get("defaultBackend") is not None else []
    if not backends and not spec.get("rules"):
        found.append("spec: either `defaultBackend` or `rules` must be specified")
    for rule in spec.get("rules") or []:
        host = (rule.get("host") or "").removeprefix("*.")
        if rule.get("host") and (not names.is_subdomain(host) or names.address(host) is not None):
            found.append("spec.rules.host: must be a DNS name")
        if rule.get("http") is not None and not rule["http"].get("paths"):
            found.append("spec.rules.http.paths: required")
        for path in (rule.get("http") or {}).get("paths") or []:
            backends.append(path.get("backend") or {})
            if path.get("pathType") not in ("Exact", "Prefix", "ImplementationSpecific"):
                found.append("spec.rules.http.paths.pathType: must be specified")
            if not (path.get("path") or "").startswith("/") and (
                path.get("path") or path.get("pathType") != "ImplementationSpecific"
            ):
                found.append("spec.rules.http.paths.path: must be an absolute path")
    for backend in backends:
        port = (backend.get("service") or {}).get("port") or {}
        if (backend.get("service") is None) == (backend.get("resource") is None):
            found.append("spec.backend: resource or service backend is required")
        elif backend.get("service") is not None:
            if not names.is_label(backend["service"].get("name")):
                found.append("spec.backend.service.name: not a DNS label")
            if bool(port.get("name")) == bool(port.get("number")):
                found.append("spec.backend.service.port: port name or number is required")
            if port.get("number") and not names.is_port(port["number"]):
                found.append("spec.backend.service.port.number: must be between 1 and 65535")
    return found


def _csi_node(spec: Json) -> Problems:
    """ValidateCSINodeSpec."""
    drivers = spec.get("drivers") or []
    found = [
        f"spec.drivers.name: {d.get('name')}" for d in drivers if not names.is_subdomain((d.get("name") or "").lower())
    ]
    found += ["spec.drivers.nodeID: required" for d in drivers if not d.get("nodeID")]
    given = [d.get("name") for d in drivers]
    return found + (["spec.drivers.name: duplicate"] if len(set(given)) < len(given) else [])


def _csi_node_change(new: Json, old: Json) -> Problems:
    """ValidateCSINodeUpdate: a driver that stays does not change, but for what it can allocate."""
    before = {d.get("name"): d for d in (old.get("spec") or {}).get("drivers") or []}
    found = _csi_node(new.get("spec") or {})
    for driver in (new.get("spec") or {}).get("drivers") or []:
        was = before.get(driver.get("name"))
        if was is not None and {**was, "allocatable": None} != {**driver, "allocatable": None}:
            found.append("spec.drivers: field is immutable")
    return found


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
        account = subject.get("kind") == "ServiceAccount"
        if subject.get("kind") not in ("User", "Group", "ServiceAccount"):
            found.append(f"subjects[{i}].kind: unsupported value")
        elif (subject.get("apiGroup") or "") != ("" if account else "rbac.authorization.k8s.io"):
            found.append(f"subjects[{i}].apiGroup: unsupported value")
        if not subject.get("name") or (account and not names.is_subdomain(subject["name"])):
            found.append(f"subjects[{i}].name: required")
        if account and kind == "ClusterRoleBinding" and not subject.get("namespace"):
            found.append(f"subjects[{i}].namespace: required")
    return found


def _endpoints(new: Json) -> Problems:
    """validateEndpointSubsets."""
    found = []
    for i, subset in enumerate(new.get("subsets") or []):
        addresses = [*(subset.get("addresses") or []), *(subset.get("notReadyAddresses") or [])]
        if not addresses:
            found.append(f"subsets[{i}]: must specify `addresses` or `notReadyAddresses`")
        for address in addresses:
            if not names.is_endpoint(address.get("ip")):
                found.append(f"subsets[{i}].addresses: {address.get('ip')}")
            found += _place(address, f"subsets[{i}].addresses")
        ports = subset.get("ports") or []
        for port in ports:
            if not names.is_port(port.get("port")) or port.get("protocol") not in _PROTOCOLS:
                found.append(f"subsets[{i}].ports: {port.get('port')}")
            if (len(ports) > 1 or port.get("name")) and not names.is_label(port.get("name")):
                found.append(f"subsets[{i}].ports.name: a DNS label, and required of several")
    return found


def _place(endpoint: Json, path: str) -> Problems:
    found = []
    if endpoint.get("hostname") and not names.is_label(endpoint["hostname"]):
        found.append(f"{path}.hostname: not a DNS label")
    if endpoint.get("nodeName") is not None and not names.is_subdomain(endpoint["nodeName"]):
        found.append(f"{path}.nodeName: not a DNS subdomain")
    return found


def _slice(new: Json) -> Problems:
    """ValidateEndpointSlice (pkg/apis/discovery/validation); nobody looks at the numbers of ports."""
    found = []
    kind = new.get("addressType")
    if kind not in ("IPv4", "IPv6", "FQDN"):
        found.append("addressType: unsupported value")
    endpoints = new.get("endpoints") or []
    if len(endpoints) > _MOST_ENDPOINTS:
        found.append("endpoints: too many")
    for i, endpoint in enumerate(endpoints):
        addresses = endpoint.get("addresses") or []
        if not addresses or len(addresses) > _MOST_ADDRESSES:
            found.append(f"endpoints[{i}].addresses: must contain 1 to {_MOST_ADDRESSES} addresses")
        for address in addresses:
            fits = (
                names.is_domain(address)
                if kind == "FQDN"
                else names.is_endpoint(address, {"IPv4": 4, "IPv6": 6}.get(str(kind)))
            )
            if not fits:
                found.append(f"endpoints[{i}].addresses: {address}")
        found += _place(endpoint, f"endpoints[{i}]")
    ports = new.get("ports") or []
    given = [p.get("name") or "" for p in ports]
    if len(set(given)) < len(given):
        found.append("ports: duplicate name")
    found += [f"ports.name: {name}" for name in given if name and not names.is_label(name)]
    found += [f"ports.protocol: {p.get('protocol')}" for p in ports if p.get("protocol") not in _PROTOCOLS]
    found += [
        f"ports.appProtocol: {p['appProtocol']}"
        for p in ports
        if p.get("appProtocol") and not names.is_qualified(p["appProtocol"])
    ]
    return found


def _source(volume: Json) -> Json:
    known = {
        "accessModes", "capacity", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "volumeMode",
        "nodeAffinity", "volumeAttributesClassName",
    }  # fmt: skip
    return {k: v for k, v in (volume.get("spec") or {}).items() if k not in known}


def _claim_change(new: Json, old: Json) -> Problems:
    """A claim's spec may not change, but for a volume's name or class that was empty, and the request of a bound claim, which grows."""
    was, spec = dict(old.get("spec") or {}), dict(new.get("spec") or {})
    if not was.get("volumeName"):
        was["volumeName"] = spec.get("volumeName")
    if was.get("storageClassName") is None:
        was["storageClassName"] = spec.get("storageClassName")
    if (old.get("status") or {}).get("phase") == "Bound":
        for one in (was, spec):
            requests = {**((one.get("resources") or {}).get("requests") or {}), "storage": None}
            one["resources"] = {**(one.get("resources") or {}), "requests": requests}
            one["volumeAttributesClassName"] = None
    found = []
    if any(was.get(name) != spec.get(name) for name in was.keys() | spec.keys()):
        found.append(
            "spec: is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
    now, before = _request(new), _request(old)
    has = quantity(((old.get("status") or {}).get("capacity") or {}).get("storage", "0"))
    if now is not None and before is not None and has is not None and now < before and now <= has:
        found.append("spec.resources.requests.storage: field can not be less than status.capacity")
    return found
