"""The resources that a kube-apiserver serves, to tell one that does not exist from one that is not modelled.

After `kubectl api-resources` of v1.36 and the discovery code
(staging/src/k8s.io/apiserver/pkg/endpoints/installer.go): a path of an unknown resource in a group that exists is
answered 404 with a Status, one of an unknown group or version by a plain text. Versions that are off by default are
not served.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubecheck.model.conformance.http import Target

# Under the group and version, the resources.
_SERVED: Final[Mapping[str, str]] = {
    "/v1": "bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims "
    "persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services",
    "admissionregistration.k8s.io/v1": "mutatingadmissionpolicies mutatingadmissionpolicybindings "
    "mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings "
    "validatingwebhookconfigurations",
    "apiextensions.k8s.io/v1": "customresourcedefinitions",
    "apiregistration.k8s.io/v1": "apiservices",
    "apps/v1": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "authentication.k8s.io/v1": "selfsubjectreviews tokenreviews",
    "authorization.k8s.io/v1": "localsubjectaccessreviews selfsubjectaccessreviews selfsubjectrulesreviews "
    "subjectaccessreviews",
    "autoscaling/v1": "horizontalpodautoscalers",
    "autoscaling/v2": "horizontalpodautoscalers",
    "batch/v1": "cronjobs jobs",
    "certificates.k8s.io/v1": "certificatesigningrequests",
    "coordination.k8s.io/v1": "leases",
    "discovery.k8s.io/v1": "endpointslices",
    "events.k8s.io/v1": "events",
    "flowcontrol.apiserver.k8s.io/v1": "flowschemas prioritylevelconfigurations",
    "networking.k8s.io/v1": "ingressclasses ingresses ipaddresses networkpolicies servicecidrs",
    "node.k8s.io/v1": "runtimeclasses",
    "policy/v1": "poddisruptionbudgets",
    "rbac.authorization.k8s.io/v1": "clusterrolebindings clusterroles rolebindings roles",
    "resource.k8s.io/v1": "deviceclasses resourceclaims resourceclaimtemplates resourceslices",
    "scheduling.k8s.io/v1": "priorityclasses",
    "storage.k8s.io/v1": "csidrivers csinodes csistoragecapacities storageclasses volumeattachments "
    "volumeattributesclasses",
}
_OWN_GROUPS: Final = frozenset(served.rpartition("/")[0] for served in _SERVED)


_OTHER_PARTS: Final = {
    ("", "pods"): "attach binding ephemeralcontainers eviction exec log portforward proxy resize status",
    ("", "nodes"): "proxy status",
    ("", "services"): "proxy status",
    ("", "namespaces"): "finalize status",
    ("", "serviceaccounts"): "token",
}


def serves_version(group: str, version: str) -> bool:
    """Whether a group is served in a version."""
    return f"{group}/{version}" in _SERVED


def serves_group(group: str) -> bool:
    """Whether a group, but the core's, is served."""
    return bool(group) and group in _OWN_GROUPS


def has_part(target: Target, *, status: bool, scale: bool) -> bool:
    """Whether a known resource has the subresource that the path names; `status` and `scale` tell of those two."""
    if target.subresource in ("status", "scale"):
        return status if target.subresource == "status" else scale
    return not target.subresource or target.subresource in _OTHER_PARTS.get((target.group, target.resource), "").split()


def is_unknown_group(target: Target) -> bool:
    """Whether no API server serves the path's group and version.

    A group that ends like Kubernetes' own may be one that is not listed here.
    """
    if not target.resource or f"{target.group}/{target.version}" in _SERVED:
        return False
    return target.group in _OWN_GROUPS or not target.group.endswith(".k8s.io")


def is_unknown_resource(target: Target) -> bool:
    """Whether the group and version are known and the resource is not among them."""
    known = _SERVED.get(f"{target.group}/{target.version}")
    return bool(target.resource) and known is not None and target.resource not in known.split()
