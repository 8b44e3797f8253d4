"""Kinds and their resources: what `kind: Pod` is called in a URL and in an audit log.

Built-in kinds are listed where English or history makes the plural irregular; every other plural is built as
meta.UnsafeGuessKindToResource does (staging/src/k8s.io/apimachinery/pkg/api/meta/restmapper.go).
"""

from __future__ import annotations

from typing import Final

_IRREGULAR: Final = {"Endpoints": "endpoints"}


def resource_of(kind: str) -> str:
    """The plural, lower case: Pod -> pods, NetworkPolicy -> networkpolicies."""
    known = _IRREGULAR.get(kind)
    if known is not None:
        return known
    singular = kind.lower()
    if singular.endswith("s"):
        return singular + "es"
    if singular.endswith("y"):
        return singular[:-1] + "ies"
    return singular + "s"


def group_of(api_version: str) -> str:
    """apps/v1 -> apps, v1 -> the core group ""."""
    return api_version.rpartition("/")[0]


NO_RESOURCE: Final = frozenset(("PartialObjectMetadata", "Table"))
"""Kinds that are told in place of an object's own, and do not tell it."""

_BY_GROUP: Final = {
    "": "bindings componentstatuses configmaps endpoints limitranges namespaces nodes persistentvolumeclaims persistentvolumes pods "
        "podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services",
    "admissionregistration.k8s.io": "mutatingadmissionpolicies mutatingadmissionpolicybindings mutatingwebhookconfigurations "
                                    "validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations",
    "apiextensions.k8s.io": "customresourcedefinitions",
    "apiregistration.k8s.io": "apiservices",
    "apps": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "autoscaling": "horizontalpodautoscalers",
    "batch": "cronjobs jobs",
    "certificates.k8s.io": "certificatesigningrequests clustertrustbundles podcertificaterequests",
    "coordination.k8s.io": "leases leasecandidates",
    "discovery.k8s.io": "endpointslices",
    "flowcontrol.apiserver.k8s.io": "flowschemas prioritylevelconfigurations",
    "networking.k8s.io": "ingresses ingressclasses ipaddresses networkpolicies servicecidrs",
    "node.k8s.io": "runtimeclasses",
    "policy": "poddisruptionbudgets",
    "rbac.authorization.k8s.io": "clusterrolebindings clusterroles rolebindings roles",
    "resource.k8s.io": "deviceclasses resourceclaims resourceclaimtemplates resourceslices",
    "scheduling.k8s.io": "priorityclasses",
    "storage.k8s.io": "csidrivers csinodes csistoragecapacities storageclasses volumeattachments volumeattributesclasses",
}
_FORMER: Final = {"deployments": ("extensions",), "daemonsets": ("extensions",), "replicasets": ("extensions",),
                  "ingresses": ("extensions",), "networkpolicies": ("extensions",)}
"""Groups that older API servers serve them in besides."""
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    resource: (group, *_FORMER.get(resource, ())) for group, resources in _BY_GROUP.items() for resource in resources.split()
}
"""Resource -> the API groups of Kubernetes' own that it is in (pkg/registry/*/rest). Those that are in several are left out: events."""
