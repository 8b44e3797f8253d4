"""What a node's kubelet may do: the node authorizer, and the admission plugin NodeRestriction.

After plugin/pkg/auth/authorizer/node/node_authorizer.go (with AuthorizeNodeWithSelectors) and
plugin/pkg/admission/noderestriction/admission.go: a kubelet reads its own node and pods, and what these pods use; it writes its own node
and lease, the status of its own pods, and deletes and evicts those. Which pods are a node's is asked of etcd, where the real ones ask
informers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Key, Target
from kubecheck.model.registry.chain import Opinion
from kubecheck.model.registry.requests import Code

Json = Any

_PREFIX: Final = "system:node:"
_LEASES: Final = "kube-node-lease"
# Resources that the real authorizer decides about by what is not modelled: volumes, claims of devices, CSI.
_ELSEWHERE: Final = {
    "csinodes", "endpoints", "persistentvolumeclaims", "persistentvolumes", "resourceclaims", "resourceslices", "volumeattachments",
}  # fmt: skip
_MIRROR: Final = "kubernetes.io/config.mirror"
_RESTRICTED: Final = ("kubernetes.io", "k8s.io")


@dataclass(frozen=True)
class NodeRules:
    """Both plugins. `lookup` finds an object, `all_of` the pods of a namespace."""

    lookup: Callable[[Key], Json | None]
    all_of: Callable[[str, str], Iterator[Json]]

    def decide(self, user: str, verb: str, target: Target) -> Opinion:
        """The node authorizer, for what its static rules do not allow already."""
        node, resource = node_of(user), target.resource
        allowed = False
        if resource in _ELSEWHERE:
            raise NotModelled(f"the node authorizer with {resource}")
        if resource in ("secrets", "configmaps") and not target.subresource:
            kind = "secret" if resource == "secrets" else "configMap"
            allowed = verb == "get" and any(
                target.name in used(pod, kind) for pod in self._pods(node, target.namespace)
            )
        elif resource == "serviceaccounts":
            wanted = ("create", "token") if target.subresource else ("get", "")
            accounts = [(p["spec"] or {}).get("serviceAccountName") for p in self._pods(node, target.namespace)]
            allowed = (verb, target.subresource) == wanted and target.name in accounts
        elif resource in ("pods", "nodes") and not target.subresource:
            allowed = self._reads(node, verb, target)
        elif resource == "leases" and not target.subresource:
            own = target.namespace == _LEASES and (target.name == node or (verb == "create" and not target.name))
            allowed = own and verb in ("get", "create", "update", "patch", "delete")
        return Opinion.ALLOW if allowed else Opinion.NONE

    def _reads(self, node: str, verb: str, target: Target) -> bool:
        """Its own node, its own pods, and lists that are narrowed down to them."""
        field = "spec.nodeName" if target.resource == "pods" else "metadata.name"
        if verb in ("list", "watch"):
            return (target.option("fieldSelector") or "").replace("==", "=") == f"{field}={node}"
        if verb != "get":
            return False
        if target.resource == "nodes":
            return target.name == node
        pod = self.lookup(target.key)
        return pod is not None and (pod.get("spec") or {}).get("nodeName") == node

    def _pods(self, node: str, namespace: str) -> Iterator[Json]:
        for pod in self.all_of("pods", namespace):
            if (pod.get("spec") or {}).get("nodeName") == node:
                yield pod

    def admit(self, user: str, verb: str, target: Target, body: Json) -> Code:
        """NodeRestriction: OK, or 403."""
        node = node_of(user)
        meta, spec = _object(_object(body).get("metadata")), _object(_object(body).get("spec"))
        name = target.name or meta.get("name")
        if target.resource == "pods":
            return self._admit_pod(node, verb, target, meta)
        if target.resource == "nodes" and verb in ("create", "update", "patch"):
            restricted = any(k.split("/")[0].endswith(_RESTRICTED) for k in _object(meta.get("labels")) if "/" in k)
            if name == node and (restricted or "taints" in spec or isinstance(body, list)):
                raise NotModelled("NodeRestriction with restricted labels, taints or a JSON patch")
            return Code.OK if name == node else Code.FORBIDDEN
        if target.resource == "leases" and verb in ("create", "update", "patch", "delete"):
            return Code.OK if target.namespace == _LEASES and name == node else Code.FORBIDDEN
        if target.resource == "serviceaccounts" and target.subresource == "token":
            bound = _object(spec.get("boundObjectRef"))
            pod = self.lookup(Key("", "pods", target.namespace, str(bound.get("name"))))
            own = pod is not None and (pod.get("spec") or {}).get("nodeName") == node
            return Code.OK if own and bound.get("kind") == "Pod" and bound.get("uid") else Code.FORBIDDEN
        return Code.OK

    def _admit_pod(self, node: str, verb: str, target: Target, meta: Json) -> Code:
        if verb == "create" and not target.subresource:
            if _MIRROR in _object(meta.get("annotations")):
                raise NotModelled("NodeRestriction with a mirror pod")
            return Code.FORBIDDEN
        if verb not in ("create", "update", "patch", "delete"):
            return Code.OK
        pod = self.lookup(target.key)
        if pod is None:
            return Code.OK  # the registry answers 404
        if (pod.get("spec") or {}).get("nodeName") != node:
            return Code.FORBIDDEN
        old = pod["metadata"].get("labels") or {}
        changed = any(old.get(k) != v for k, v in _object(meta.get("labels")).items())
        return Code.FORBIDDEN if target.subresource == "status" and changed else Code.OK


def _object(value: Json) -> dict[str, Json]:
    """A JSON object; an empty one for anything else, which the handlers refuse."""
    return value if isinstance(value, dict) else {}


def is_node(user: str, groups: tuple[str, ...]) -> bool:
    """Whether it is a kubelet (nodeidentifier/default.go)."""
    return user.startswith(_PREFIX) and "system:nodes" in groups


def node_of(user: str) -> str:
    """The node of a kubelet's user."""
    return user.removeprefix(_PREFIX)


def used(pod: Json, kind: str) -> set[str]:
    """The names of the Secrets or ConfigMaps that a pod uses (pkg/api/v1/pod/util.go, VisitPodSecretNames, VisitPodConfigmapNames)."""
    spec = pod.get("spec") or {}
    name = "secretName" if kind == "secret" else "name"
    found = {(v.get(kind) or {}).get(name) for v in spec.get("volumes") or []}
    for volume in spec.get("volumes") or []:
        found |= {(s.get(kind) or {}).get("name") for s in (volume.get("projected") or {}).get("sources") or []}
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        found |= {(e.get(f"{kind}Ref") or {}).get("name") for e in container.get("envFrom") or []}
        sources = [e.get("valueFrom") or {} for e in container.get("env") or []]
        found |= {(s.get(f"{kind}KeyRef") or {}).get("name") for s in sources}
    if kind == "secret":
        found |= {s.get("name") for s in spec.get("imagePullSecrets") or []}
    return {n for n in found if isinstance(n, str)}
