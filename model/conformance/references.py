"""Which other objects a pod names: what kubelets may read for it, and what a mirror pod must do without.

After pkg/api/pod/util.go and pkg/api/v1/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames, HasAPIObjectReference). A mirror pod
shows in the API what a kubelet runs from a file of its own.
"""

from __future__ import annotations

from typing import Any, Final

Json = Any

_MIRROR: Final = "kubernetes.io/config.mirror"
# Volumes whose contents come from objects; and sources of projected volumes.
_VOLUMES: Final = ("configMap", "secret", "csi", "glusterfs", "persistentVolumeClaim", "ephemeral", "azureFile")
_SOURCES: Final = ("configMap", "secret", "serviceAccountToken", "clusterTrustBundle", "podCertificate")


def members(value: Json) -> dict[str, Json]:
    """A JSON object; an empty one for anything else, which the handlers refuse."""
    return value if isinstance(value, dict) else {}


def is_mirror(pod: Json) -> bool:
    """Whether it is a mirror pod."""
    return _MIRROR in members(members(pod.get("metadata")).get("annotations"))


def mounts_token(pod: Json) -> bool:
    """Whether a volume has the token of a service account."""
    return any("serviceAccountToken" in source for source in _sources(pod))


def refers_to_objects(pod: Json) -> bool:
    """Whether the pod names any other object of the API (HasAPIObjectReference)."""
    spec = members(pod.get("spec"))
    if any(used(pod, kind) for kind in ("secret", "configMap", "claim", "account")) or spec.get("resourceClaims"):
        return True
    volumes = [members(v) for v in spec.get("volumes") or []]
    return any(name in volume for volume in volumes for name in _VOLUMES) or any(
        name in source for source in _sources(pod) for name in _SOURCES
    )


def _sources(pod: Json) -> list[Json]:
    volumes = members(pod.get("spec")).get("volumes") or []
    return [members(s) for v in volumes for s in members(members(v).get("projected")).get("sources") or []]


def used(pod: Json, kind: str) -> set[str]:
    """The names of the Secrets, ConfigMaps, claims or accounts that a pod uses."""
    spec = pod.get("spec") or {}
    volumes = spec.get("volumes") or []
    if kind == "account":
        return {spec["serviceAccountName"]} if spec.get("serviceAccountName") else set()
    if kind == "claim":
        names = {members(v.get("persistentVolumeClaim")).get("claimName") for v in volumes}
        names |= {f"{pod['metadata'].get('name')}-{v.get('name')}" for v in volumes if v.get("ephemeral") is not None}
        return {n for n in names if isinstance(n, str)}
    name = "secretName" if kind == "secret" else "name"
    found = {members(v.get(kind)).get(name) for v in volumes}
    for volume in volumes:
        found |= {members(s.get(kind)).get("name") for s in members(volume.get("projected")).get("sources") or []}
    containers = [
        *(spec.get("containers") or []), *(spec.get("initContainers") or []), *(spec.get("ephemeralContainers") or []),
    ]  # fmt: skip
    for container in containers:
        found |= {members(e.get(f"{kind}Ref")).get("name") for e in container.get("envFrom") or []}
        sources = [members(e.get("valueFrom")) for e in container.get("env") or []]
        found |= {members(s.get(f"{kind}KeyRef")).get("name") for s in sources}
    if kind == "secret":
        found |= {s.get("name") for s in spec.get("imagePullSecrets") or []}
    return {n for n in found if isinstance(n, str)}
