"""The admission plugins that are on by default, as far as contents decide: first those that change an object, then those that refuse it.

In the order of pkg/kubeapiserver/options/plugins.go: LimitRanger, ServiceAccount, PodSecurity, Priority, DefaultTolerationSeconds,
DefaultStorageClass, PersistentVolumeClaimResize, RuntimeClass, PodTopologyLabels, PodResizeValidator, ResourceQuota (all in
plugin/pkg/admission). NamespaceLifecycle and NodeRestriction look at requests, and are in host.py and nodes.py;
StorageObjectInUseProtection and TaintNodesByCondition are with the preparation of an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol

from kubecheck.model.conformance import limits, other_kinds, pod_security, quotas
from kubecheck.model.conformance.amounts import of_pod
from kubecheck.model.conformance.defaults import fill
from kubecheck.model.conformance.http import Key
from kubecheck.model.conformance.quantities import quantity
from kubecheck.model.conformance.references import is_mirror, mounts_token, used
from kubecheck.model.registry.requests import Code, Part

Json = Any

_NOT_READY: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_SYSTEM_PRIORITIES: Final = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
_TOPOLOGY: Final = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_SCHEDULING: Final = "scheduling.k8s.io"
_STORAGE: Final = "storage.k8s.io"


class Cluster(Protocol):
    """What plugins see of the cluster, and the one thing that one of them writes."""

    def lookup(self, key: Key, /) -> Json | None:
        """An object; None if there is none."""
        ...

    def all_of(self, resource: str, namespace: str | None, /) -> Iterator[Json]:
        """The objects of a resource in a namespace, or in all (None)."""
        ...

    def write_status(self, key: Key, status: Json, /) -> None:
        """Writes an object's status."""
        ...


class Unjudged(Exception):  # noqa: N818 - it is no error of anybody
    """A plugin would look at something that has no meaning here; the text is the reason."""


# --- mutating


def mutate(kind: str, document: Json, live: Json | None, key: Key, cluster: Cluster) -> Code:
    """What plugins add to an object that is created (`live` is None) or updated."""
    if kind == "PersistentVolumeClaim" and live is None:
        _storage_class(document, cluster)
    if kind != "Pod":
        return Code.OK
    spec = document["spec"]
    if live is None:
        limits.fill(document, cluster.all_of("limitranges", key.namespace))
        for refusal in (
            _mirror(document) if is_mirror(document) else _service_account(spec, key, cluster),
            _priority(spec, key, cluster),
        ):
            if refusal is not Code.OK:
                return refusal
    else:
        fill(
            spec,
            **{n: live["spec"].get(n) for n in ("priority", "preemptionPolicy") if live["spec"].get(n) is not None},
        )
    _tolerations(spec)
    labels = topology(spec.get("nodeName") or "", cluster)
    if labels:
        document["metadata"]["labels"] = {**(document["metadata"].get("labels") or {}), **labels}
    return _runtime_class(spec, cluster) if live is None else Code.OK


def _mirror(pod: Json) -> Code:
    """ServiceAccount leaves a mirror pod as its kubelet has it, and refuses one that needs an account or a secret."""
    needs = pod["spec"].get("serviceAccountName") or used(pod, "secret") or mounts_token(pod)
    return Code.FORBIDDEN if needs else Code.OK


def _service_account(spec: Json, key: Key, cluster: Cluster) -> Code:
    """ServiceAccount: it exists, and the pod gets its token and its secrets for pulling images."""
    if not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = "default"
    spec["serviceAccount"] = spec["serviceAccountName"]
    account = cluster.lookup(Key("", "serviceaccounts", key.namespace, spec["serviceAccountName"]))
    if account is None:
        return Code.FORBIDDEN
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = list(account["imagePullSecrets"])
    mounts = spec.get("automountServiceAccountToken")
    if mounts is False or (mounts is None and account.get("automountServiceAccountToken") is False):
        return Code.OK
    added = False
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or []:
            mounted = container.setdefault("volumeMounts", [])
            if not any(m.get("mountPath") == _TOKEN_PATH for m in mounted):
                mounted.append({"name": "kube-api-access", "readOnly": True, "mountPath": _TOKEN_PATH})
                added = True
    if added and not any(v.get("name") == "kube-api-access" for v in spec.get("volumes") or []):
        spec.setdefault("volumes", []).append(
            {"name": "kube-api-access", "projected": {"sources": _sources(), "defaultMode": 420}}
        )
    return Code.OK


def _sources() -> list[Json]:
    """What the token volume is made of, in the build that was recorded, which adds the certificate of its own service CA."""
    return [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
        {
            "configMap": {
                "name": "openshift-service-ca.crt",
                "items": [{"key": "service-ca.crt", "path": "service-ca.crt"}],
            }
        },
    ]


def _priority(spec: Json, key: Key, cluster: Cluster) -> Code:
    """Priority: the number and the policy of the class that is named, or of the default one; a number of one's own must agree."""
    del key
    name = spec.get("priorityClassName")
    if name:
        found = cluster.lookup(Key(_SCHEDULING, "priorityclasses", "", name))
        if found is None and name in _SYSTEM_PRIORITIES:
            found = {"value": _SYSTEM_PRIORITIES[name], "preemptionPolicy": "PreemptLowerPriority"}
        if found is None:
            return Code.FORBIDDEN
    else:
        defaults = [c for c in cluster.all_of("priorityclasses", "") if c.get("globalDefault")]
        found = min(defaults, key=lambda c: c.get("value") or 0) if defaults else {}
        if defaults:
            spec["priorityClassName"] = found["metadata"]["name"]
    wanted = {
        "priority": found.get("value") or 0,
        "preemptionPolicy": found.get("preemptionPolicy") or "PreemptLowerPriority",
    }
    if any(spec.get(member) not in (None, value) for member, value in wanted.items()):
        return Code.FORBIDDEN
    spec.update(wanted)
    return Code.OK


def _tolerations(spec: Json) -> None:
    """DefaultTolerationSeconds, for creations and updates."""
    tolerations = list(spec.get("tolerations") or [])
    for name in _NOT_READY:
        if not any(
            (t.get("key") or name) == name and (t.get("effect") or "NoExecute") == "NoExecute" for t in tolerations
        ):
            tolerations.append({"key": name, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec["tolerations"] = tolerations


def topology(node: str, cluster: Cluster) -> dict[str, str]:
    """PodTopologyLabels: the zone and the region of a node, which its pods get as labels when they are bound or written."""
    found = cluster.lookup(Key("", "nodes", "", node)) if node else None
    labels = (found or {"metadata": {}})["metadata"].get("labels") or {}
    return {name: value for name, value in labels.items() if name in _TOPOLOGY}


def _runtime_class(spec: Json, cluster: Cluster) -> Code:
    """RuntimeClass: it exists; its overhead becomes the pod's, which may not have another one."""
    name = spec.get("runtimeClassName")
    if not name:
        return Code.FORBIDDEN if spec.get("overhead") else Code.OK
    found = cluster.lookup(Key("node.k8s.io", "runtimeclasses", "", name))
    if found is None:
        return Code.FORBIDDEN
    if found.get("scheduling"):
        raise Unjudged("admission plugin RuntimeClass with scheduling")
    overhead = (found.get("overhead") or {}).get("podFixed")
    if (spec.get("overhead") or overhead) != overhead:
        return Code.FORBIDDEN
    if overhead:
        spec["overhead"] = overhead
    return Code.OK


def _storage_class(claim: Json, cluster: Cluster) -> None:
    """DefaultStorageClass: a claim that names no class gets the default one."""
    annotation = "storageclass.kubernetes.io/is-default-class"
    if claim["spec"].get("storageClassName") is not None:
        return
    defaults = [
        c["metadata"]["name"]
        for c in cluster.all_of("storageclasses", "")
        if (c["metadata"].get("annotations") or {}).get(annotation) == "true"
    ]
    if len(defaults) > 1:
        raise Unjudged("admission plugin DefaultStorageClass with several default classes")
    if defaults:
        claim["spec"]["storageClassName"] = defaults[0]


# --- validating


def admit(kind: str, part: Part, new: Json, old: Json | None, key: Key, cluster: Cluster, *, dry_run: bool) -> Code:
    """What plugins say of an object that is to be written; `old` is None for a creation."""
    if part is Part.STATUS or part is Part.SCALE:
        return Code.OK
    allowed = (
        _within_limits(kind, part, new, old, key, cluster)
        and _is_secure(kind, part, new, old, key, cluster)
        and _is_only_default(kind, new, key, cluster)
        and _may_grow(kind, new, old, cluster)
        and _fits_its_node(part, new, old, cluster)
    )
    if not allowed:
        return Code.FORBIDDEN
    charged = old is None or part is Part.RESIZE or (part is Part.MAIN and key.resource in quotas.UPDATED)
    return _charge(key, new, old, cluster, dry_run=dry_run) if charged and key.namespace else Code.OK


def _within_limits(kind: str, part: Part, new: Json, old: Json | None, key: Key, cluster: Cluster) -> bool:
    looked_at = kind == "PersistentVolumeClaim" or (kind == "Pod" and (old is None or part is Part.RESIZE))
    return not looked_at or limits.allows(kind, new, cluster.all_of("limitranges", key.namespace))


def _is_secure(kind: str, part: Part, new: Json, old: Json | None, key: Key, cluster: Cluster) -> bool:
    if kind != "Pod" or part is Part.RESIZE:
        return True
    namespace = cluster.lookup(Key("", "namespaces", "", key.namespace)) or {"metadata": {}}
    labels = namespace["metadata"].get("labels") or {}
    level = labels.get(pod_security.ENFORCE, "privileged")
    if level == "privileged" or (old is not None and not pod_security.is_looked_at(new, old)):
        return True
    if labels.get(pod_security.VERSION, "latest") != "latest":
        raise Unjudged("admission plugin PodSecurity in an older version")
    return pod_security.allows(level, new)


def _is_only_default(kind: str, new: Json, key: Key, cluster: Cluster) -> bool:
    """Priority, of classes: only one is the default."""
    if kind != "PriorityClass" or not new.get("globalDefault"):
        return True
    others = [c for c in cluster.all_of("priorityclasses", "") if c.get("globalDefault")]
    return not any(c["metadata"]["name"] != key.name for c in others)


def _may_grow(kind: str, new: Json, old: Json | None, cluster: Cluster) -> bool:
    """PersistentVolumeClaimResize: a bound claim grows if its class allows it."""
    if old is None or not other_kinds.grows(kind, new, old):
        return True
    name = new["spec"].get("storageClassName")
    found = cluster.lookup(Key(_STORAGE, "storageclasses", "", name)) if name else None
    return found is not None and bool(found.get("allowVolumeExpansion"))


def _fits_its_node(part: Part, new: Json, old: Json | None, cluster: Cluster) -> bool:
    """PodResizeValidator: the node of a bound pod is there, runs Linux, and has room for the pod alone."""
    name = new.get("spec", {}).get("nodeName") if part is Part.RESIZE else None
    if not name or old is None or new["spec"] == old["spec"]:
        return True
    node = cluster.lookup(Key("", "nodes", "", name))
    if node is None or (node["metadata"].get("labels") or {}).get("kubernetes.io/os", "linux") != "linux":
        return False
    room = (node.get("status") or {}).get("allocatable") or {}
    asked = of_pod(new["spec"], "requests")
    return all(asked.get(n, 0) <= (quantity(room.get(n, "0")) or 0) for n in ("cpu", "memory"))


def _charge(key: Key, new: Json, old: Json | None, cluster: Cluster, *, dry_run: bool) -> Code:
    """ResourceQuota: every quota is asked first, then all are written."""
    used = quotas.usage(key.resource, key.group, new)
    before = {} if old is None else quotas.usage(key.resource, key.group, old)
    writes = []
    for quota in cluster.all_of("resourcequotas", key.namespace):
        if (quota.get("spec") or {}).get("scopes") or (quota.get("spec") or {}).get("scopeSelector"):
            raise Unjudged("admission plugin ResourceQuota with scopes")
        status = quotas.charged(quota, key.resource, new, used, before)
        if status is False:
            return Code.FORBIDDEN
        if status is not True:
            writes.append((Key("", "resourcequotas", key.namespace, quota["metadata"]["name"]), status))
    for where, status in writes if not dry_run else []:
        cluster.write_status(where, status)
    return Code.OK
