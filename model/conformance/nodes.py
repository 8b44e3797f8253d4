"""What a node's kubelet may do: the node authorizer, and the admission plugin NodeRestriction.

After plugin/pkg/auth/authorizer/node/{node_authorizer,graph}.go (with AuthorizeNodeWithSelectors) and
plugin/pkg/admission/noderestriction/admission.go: a kubelet reads its own node and pods, and what these pods use; it writes its own node
and lease, the status of its own pods, and deletes and evicts those. Which pods are a node's is asked of etcd, where the real ones ask
informers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Attributes, Key, Target
from kubecheck.model.conformance.references import is_mirror, members, refers_to_objects, used
from kubecheck.model.registry.chain import Opinion
from kubecheck.model.registry.requests import Code

Json = Any

_PREFIX: Final = "system:node:"
_LEASES: Final = "kube-node-lease"
_COORDINATION: Final = "coordination.k8s.io"
_STORAGE: Final = "storage.k8s.io"
# What the authorizer decides about by devices and attachments, which are not modelled.
_ELSEWHERE: Final = {
    ("resource.k8s.io", "resourceclaims"), ("resource.k8s.io", "resourceslices"), (_STORAGE, "volumeattachments"),
}  # fmt: skip
_READS: Final = ("get", "list", "watch")
# Groups and resources that the authorizer looks at closely.
DECIDED: Final = {
    ("", "secrets"), ("", "configmaps"), ("", "serviceaccounts"), ("", "pods"), ("", "nodes"), ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"), (_COORDINATION, "leases"), (_STORAGE, "csinodes"), *_ELSEWHERE,
}  # fmt: skip
# Labels that kubelets may set on their nodes (staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go).
_KUBELET_LABELS: Final = {
    "kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region", "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
}  # fmt: skip
_KUBELET_DOMAINS: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")
_RESTRICTED: Final = "node-restriction.kubernetes.io"


@dataclass(frozen=True)
class NodeRules:
    """Both plugins. `lookup` finds an object, `all_of` the pods of a namespace."""

    lookup: Callable[[Key], Json | None]
    all_of: Callable[[str, str], Iterator[Json]]

    # --- the authorizer

    def decide(self, user: str, asked: Attributes) -> Opinion:
        """The node authorizer, for the resources that it looks at closely (DECIDED)."""
        node, verb, resource, sub = node_of(user), asked.verb, asked.resource, asked.subresource
        if (asked.group, resource) in _ELSEWHERE:
            raise NotModelled(f"the node authorizer with {resource}")
        allowed = False
        wanted: tuple[tuple[str, str], ...]
        if resource in ("secrets", "configmaps"):
            kind = "secret" if resource == "secrets" else "configMap"
            allowed = verb in _READS and not sub and bool(asked.name) and self._used(node, kind, asked)
        elif resource == "serviceaccounts":
            wanted = (("get", ""), ("create", "token"))
            allowed = (verb, sub) in wanted and bool(asked.name) and self._used(node, "account", asked)
        elif resource == "persistentvolumeclaims":
            wanted = (("get", ""), ("update", "status"), ("patch", "status"))
            allowed = (verb, sub) in wanted and bool(asked.name) and self._used(node, "claim", asked)
        elif resource == "persistentvolumes":
            allowed = verb == "get" and not sub and self._bound(node, asked.name)
        elif resource == "pods":
            allowed = self._of_pods(node, asked)
        elif resource == "nodes":
            if sub:
                allowed = sub == "status" and verb in ("update", "patch")
            else:
                allowed = verb in ("create", "update", "patch") or (verb in _READS and asked.name == node)
        else:  # leases and CSINodes, which have the node's name
            own = asked.name == node or verb == "create"
            there = resource == "csinodes" or asked.namespace == _LEASES
            allowed = verb in ("get", "create", "update", "patch", "delete") and own and there
            allowed = allowed and not (resource == "csinodes" and sub)
        return Opinion.ALLOW if allowed else Opinion.NONE

    def _of_pods(self, node: str, asked: Attributes) -> bool:
        verb, sub = asked.verb, asked.subresource
        if sub:
            return (sub == "status" and verb in ("update", "patch")) or (sub == "eviction" and verb == "create")
        if verb in ("list", "watch"):
            wanted = any(
                r.key == "spec.nodeName" and r.operator == "=" and r.values == frozenset({node}) for r in asked.fields
            )
            return wanted or (bool(asked.name) and self._runs(node, asked))
        return verb in ("create", "delete") or (verb == "get" and self._runs(node, asked))

    def _runs(self, node: str, asked: Attributes) -> bool:
        return _node_of_pod(self.lookup(Key("", "pods", asked.namespace, asked.name))) == node

    def _used(self, node: str, kind: str, asked: Attributes) -> bool:
        """Whether a pod of the node uses the object; mirror pods use nothing."""
        return any(
            asked.name in used(pod, kind)
            for pod in self.all_of("pods", asked.namespace)
            if _node_of_pod(pod) == node and not is_mirror(pod)
        )

    def _bound(self, node: str, volume: str) -> bool:
        """Whether a volume is bound to a claim that a pod of the node uses."""
        found = self.lookup(Key("", "persistentvolumes", "", volume))
        claim = ((found or {}).get("spec") or {}).get("claimRef") or {}
        asked = Attributes("get", namespace=claim.get("namespace") or "", name=claim.get("name") or "")
        return bool(asked.name) and self._used(node, "claim", asked)

    # --- admission

    def admit(self, user: str, verb: str, target: Target, new: Json | None, old: Json | None) -> Code:
        """NodeRestriction: OK, 403, or 404 for a pod that is not there. `verb` is create, update or delete."""
        node = node_of(user)
        name = target.name or members((new or {}).get("metadata")).get("name")
        allowed = True
        if target.resource == "pods":
            return self._admit_pod(node, verb, target, new, old)
        if target.resource == "nodes":
            allowed = name == node and (verb == "delete" or _node_is_its_own(verb, new or {}, old))
        elif target.resource == "persistentvolumeclaims":
            if target.subresource == "status":
                raise NotModelled("NodeRestriction with the status of a claim")
            allowed = False
        elif (target.group, target.resource) == (_COORDINATION, "leases"):
            allowed = target.namespace == _LEASES and name == node
        elif target.resource == "csinodes":
            allowed = name == node
        elif target.resource == "serviceaccounts" and target.subresource == "token":
            return self._admit_token(node, target, new or {})
        return Code.OK if allowed else Code.FORBIDDEN

    def _admit_token(self, node: str, target: Target, review: Json) -> Code:
        """A token is bound to a pod of the node, and for an audience that one of its volumes asks for."""
        spec = members(review.get("spec"))
        bound = members(spec.get("boundObjectRef"))
        if bound.get("apiVersion") != "v1" or bound.get("kind") != "Pod" or not bound.get("name"):
            return Code.FORBIDDEN
        if not bound.get("uid"):
            return Code.FORBIDDEN
        pod = self.lookup(Key("", "pods", target.namespace, str(bound["name"])))
        if pod is None:
            return Code.NOT_FOUND
        audiences = spec.get("audiences") or [""]
        if bound["uid"] != pod["metadata"].get("uid") or _node_of_pod(pod) != node or len(audiences) > 1:
            return Code.FORBIDDEN
        asked = {
            (members(source.get("serviceAccountToken")).get("audience") or "")
            for volume in (pod["spec"].get("volumes") or [])
            for source in members(volume.get("projected")).get("sources") or []
            if source.get("serviceAccountToken") is not None
        }
        return Code.OK if audiences[0] in asked else Code.FORBIDDEN

    def _admit_pod(self, node: str, verb: str, target: Target, new: Json | None, old: Json | None) -> Code:
        if target.subresource == "eviction":
            pod = self.lookup(target.key)
            return Code.NOT_FOUND if pod is None else Code.OK if _node_of_pod(pod) == node else Code.FORBIDDEN
        if target.subresource == "status":
            own = _node_of_pod(old) == node
            before, after = ((d or {}).get("metadata", {}).get("labels") or {} for d in (old, new))
            return Code.OK if own and before == after else Code.FORBIDDEN
        if target.subresource or verb == "update":
            return Code.FORBIDDEN
        if verb == "delete":
            return Code.OK if _node_of_pod(old) == node else Code.FORBIDDEN
        return self._admit_mirror(node, new or {})

    def _admit_mirror(self, node: str, pod: Json) -> Code:
        """A kubelet creates mirror pods only: on its node, owned by its node, using nothing."""
        meta = pod.get("metadata") or {}
        owners = meta.get("ownerReferences") or []
        if not is_mirror(pod) or _node_of_pod(pod) != node or len(owners) != 1:
            return Code.FORBIDDEN
        owner = owners[0]
        if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
            return Code.FORBIDDEN
        if not owner.get("controller") or owner.get("blockOwnerDeletion"):
            return Code.FORBIDDEN
        found = self.lookup(Key("", "nodes", "", node))
        if found is None:
            return Code.NOT_FOUND
        if owner.get("uid") != found["metadata"].get("uid"):
            return Code.FORBIDDEN
        return Code.FORBIDDEN if refers_to_objects(pod) else Code.OK


def _node_is_its_own(verb: str, new: Json, old: Json | None) -> bool:
    """What a kubelet may not change of its node: taints, owners, and labels that steer workloads (getForbiddenLabels)."""
    before, after = (old or {}).get("metadata") or {}, new.get("metadata") or {}
    if verb == "update":
        for path in (("spec", "taints"), ("metadata", "ownerReferences")):
            was, is_ = (members(members(d).get(path[0])).get(path[1]) or [] for d in (old, new))
            if was != is_:
                return False
    labels = [members(meta.get("labels")) for meta in (before, after)]
    changed = {key for key in labels[0] | labels[1] if labels[0].get(key) != labels[1].get(key)}
    return not any(_is_forbidden(key) for key in changed)


def _is_forbidden(label: str) -> bool:
    domain = label.partition("/")[0] if "/" in label else ""
    if _within(domain, (_RESTRICTED,)):
        return True
    if not _within(domain, ("kubernetes.io", "k8s.io")):
        return False
    if domain == "node-role.kubernetes.io":
        raise NotModelled("NodeRestriction with a label of node-role.kubernetes.io")  # the recorded server is a fork
    return label not in _KUBELET_LABELS and not _within(domain, _KUBELET_DOMAINS)


def _within(domain: str, domains: tuple[str, ...]) -> bool:
    return any(domain == d or domain.endswith(f".{d}") for d in domains)


def _node_of_pod(pod: Json | None) -> str | None:
    return None if pod is None else (pod.get("spec") or {}).get("nodeName")


def is_node(user: str, groups: tuple[str, ...]) -> bool:
    """Whether it is a kubelet (nodeidentifier/default.go)."""
    return user.startswith(_PREFIX) and "system:nodes" in groups


def node_of(user: str) -> str:
    """The node of a kubelet's user."""
    return user.removeprefix(_PREFIX)
