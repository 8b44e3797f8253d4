"""What RBAC is given when an API server starts: the bootstrap policy, as far as it is about what the model knows.

After plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go. The ClusterRoles view, edit and admin have no rules of their own: they are
gathered from others by a controller of kube-controller-manager, which does not run beside the recorded server.
"""

from __future__ import annotations

from typing import Any, Final

from kubecheck.model.conformance.http import Key

Json = Any

AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
MASTERS: Final = "system:masters"
_RBAC: Final = "rbac.authorization.k8s.io"
_READ: Final = "get list watch"
_WRITE: Final = "create update patch delete deletecollection"
_HEALTH: Final = "/livez /readyz /healthz"


def rule(groups: str, resources: str, verbs: str, names: str = "") -> Json:
    """A rule about resources; words are separated by spaces, the group "core" is written as such."""
    return {
        "apiGroups": ["" if g == "core" else g for g in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
        "resourceNames": names.split(),
    }


def path_rule(paths: str, verbs: str = "get") -> Json:
    """A rule about paths that are no resource's."""
    return {"nonResourceURLs": paths.split(), "verbs": verbs.split()}


_EVENTS: Final = rule("core events.k8s.io", "events", "create patch update")
_REVIEWS: Final = (
    rule("authentication.k8s.io", "tokenreviews", "create"),
    rule("authorization.k8s.io", "subjectaccessreviews", "create"),
)
_VIEWED: Final = (
    rule(
        "core",
        "pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status endpoints "
        "persistentvolumeclaims persistentvolumeclaims/status configmaps limitranges resourcequotas bindings pods/status "
        "resourcequotas/status namespaces/status replicationcontrollers/status pods/log namespaces",
        _READ,
    ),
    rule("core events.k8s.io", "events", _READ),
    rule("discovery.k8s.io", "endpointslices", _READ),
    rule(
        "apps",
        "controllerrevisions statefulsets statefulsets/status statefulsets/scale daemonsets daemonsets/status deployments "
        "deployments/status deployments/scale replicasets replicasets/status replicasets/scale",
        _READ,
    ),
    rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
    rule("batch", "jobs cronjobs cronjobs/status jobs/status", _READ),
    rule("policy", "poddisruptionbudgets poddisruptionbudgets/status", _READ),
    rule("networking.k8s.io", "networkpolicies ingresses ingresses/status", _READ),
)
_EDITED: Final = (
    rule("core", "pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy", _READ),
    rule("core", "serviceaccounts", "impersonate"),
    rule("core", "pods pods/attach pods/proxy pods/exec pods/portforward", _WRITE),
    rule("core", "pods/eviction serviceaccounts/token", "create"),
    rule(
        "core",
        "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy persistentvolumeclaims "
        "configmaps secrets",
        _WRITE,
    ),
    rule("core events.k8s.io", "events", _WRITE),
    rule(
        "apps",
        "statefulsets statefulsets/scale daemonsets deployments deployments/scale deployments/rollback replicasets "
        "replicasets/scale",
        _WRITE,
    ),
    rule("autoscaling", "horizontalpodautoscalers", _WRITE),
    rule("batch", "jobs cronjobs", _WRITE),
    rule("policy", "poddisruptionbudgets", _WRITE),
    rule("networking.k8s.io", "networkpolicies ingresses", _WRITE),
    rule("coordination.k8s.io", "leases", f"{_READ} {_WRITE}"),
)
# The node authorizer's, too (NodeRules): what a kubelet may do without regard to which pods are on its node.
NODE_RULES: Final = (
    rule("authentication.k8s.io", "tokenreviews", "create"),
    rule("authorization.k8s.io", "subjectaccessreviews localsubjectaccessreviews", "create"),
    rule("core", "services", _READ),
    rule("core", "nodes", f"create {_READ}"),
    rule("core", "nodes/status nodes", "update patch"),
    _EVENTS,
    rule("core", "pods", _READ),
    rule("core", "pods", "create delete"),
    rule("core", "pods/status", "update patch"),
    rule("core", "pods/eviction", "create"),
    rule("core", "secrets configmaps", _READ),
    rule("core", "persistentvolumeclaims persistentvolumes", "get"),
    rule("core", "endpoints", "get"),
    rule("certificates.k8s.io", "certificatesigningrequests", f"create {_READ}"),
    rule("coordination.k8s.io", "leases", "get create update patch delete"),
    rule("storage.k8s.io", "volumeattachments", "get"),
    rule("core", "serviceaccounts/token", "create"),
    rule("core", "persistentvolumeclaims/status", "get update patch"),
    rule("storage.k8s.io", "csidrivers", _READ),
    rule("storage.k8s.io", "csinodes", "get create update patch delete"),
    rule("node.k8s.io", "runtimeclasses", _READ),
    rule("resource.k8s.io", "resourceclaims", "get"),
    rule("resource.k8s.io", "resourceslices", "deletecollection"),
    rule("core", "serviceaccounts", "get"),
)
# ClusterRoles with their rules. One that is not here and begins with "system:" is not modelled.
CLUSTER_ROLES: Final[dict[str, tuple[Json, ...]]] = {
    "cluster-admin": (rule("*", "*", "*"), path_rule("*", "*")),
    "admin": (),
    "edit": (),
    "view": (),
    "system:aggregate-to-view": _VIEWED,
    "system:aggregate-to-edit": _EDITED,
    "system:aggregate-to-admin": (
        rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
        rule(_RBAC, "roles rolebindings", f"{_READ} {_WRITE}"),
    ),
    "system:discovery": (
        path_rule(f"{_HEALTH} /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*"),
    ),
    "system:basic-user": (
        rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
        rule("authentication.k8s.io", "selfsubjectreviews", "create"),
    ),
    "system:public-info-viewer": (path_rule(f"{_HEALTH} /version /version/"),),
    "system:monitoring": (
        path_rule(f"/metrics /metrics/slis {_HEALTH} /livez/* /readyz/* /healthz/* /flagz /statusz"),
        rule("core", "nodes/metrics", "get"),
    ),
    "system:service-account-issuer-discovery": (
        path_rule(
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/"
        ),
    ),
    "system:auth-delegator": _REVIEWS,
    "system:node": NODE_RULES,
    "system:kube-dns": (rule("core", "endpoints services", "list watch"),),
    "system:node-proxier": (
        rule("core", "services endpoints", "list watch"),
        rule("core", "nodes", _READ),
        _EVENTS,
        rule("networking.k8s.io", "servicecidrs", "list watch"),
        rule("discovery.k8s.io", "endpointslices", "list watch"),
    ),
    "system:volume-scheduler": (
        rule("core", "persistentvolumes persistentvolumeclaims", f"{_READ} update patch"),
        rule("storage.k8s.io", "storageclasses", _READ),
    ),
    "system:kube-controller-manager": (
        _EVENTS,
        rule("coordination.k8s.io", "leases", "create"),
        rule("coordination.k8s.io", "leases", "get update", "kube-controller-manager"),
        rule("core", "secrets serviceaccounts", "create update"),
        rule("core", "secrets", "delete"),
        rule("core", "namespaces secrets serviceaccounts configmaps", "get"),
        *_REVIEWS,
        rule("*", "*", "list watch"),
        rule("core", "serviceaccounts/token", "create"),
    ),
    "system:kube-scheduler": (
        _EVENTS,
        rule("coordination.k8s.io", "leases", "create"),
        rule("coordination.k8s.io", "leases", f"{_READ} update", "kube-scheduler"),
        rule("coordination.k8s.io", "leasecandidates", f"{_READ} {_WRITE}"),
        rule("core", "nodes services replicationcontrollers persistentvolumeclaims persistentvolumes namespaces", _READ),
        rule("core", "pods", f"{_READ} delete"),
        rule("core", "pods/binding bindings", "create"),
        rule("core", "pods/status", "patch update"),
        rule("core", "pods/finalizers", "update"),
        rule("apps extensions", "replicasets", _READ),
        rule("apps", "statefulsets", _READ),
        rule("policy", "poddisruptionbudgets", _READ),
        *_REVIEWS,
        rule("storage.k8s.io", "csinodes volumeattachments csidrivers csistoragecapacities", _READ),
        rule("resource.k8s.io", "deviceclasses resourceslices", _READ),
        rule("resource.k8s.io", "resourceclaims resourceclaims/status", f"{_READ} update patch"),
    ),
}  # fmt: skip
# Who has which of them cluster-wide: groups and users.
BOUND: Final = {
    MASTERS: ("cluster-admin",),
    "system:monitoring": ("system:monitoring",),
    AUTHENTICATED: ("system:discovery", "system:basic-user", "system:public-info-viewer"),
    UNAUTHENTICATED: ("system:public-info-viewer",),
    "system:serviceaccounts": ("system:service-account-issuer-discovery",),
    "system:kube-proxy": ("system:node-proxier",),
    "system:kube-controller-manager": ("system:kube-controller-manager",),
    "system:kube-scheduler": ("system:kube-scheduler", "system:volume-scheduler"),
    "system:serviceaccount:kube-system:kube-dns": ("system:kube-dns",),
}
_OF_CLUSTER: Final = ("clusterroles", "clusterrolebindings")


# Where a server that has just started has objects: of clusters, and of namespaces.
_OF_CLUSTERS: Final = ("clusterroles", "clusterrolebindings", "namespaces", "priorityclasses")
_OF_NAMESPACES: Final = {
    "configmaps": "kube-system", "roles": "kube-system kube-public", "rolebindings": "kube-system kube-public", "leases": "kube-system",
    "services": "default", "endpoints": "default", "endpointslices": "default",
}  # fmt: skip


def holds_bootstrapped(resource: str, namespace: str) -> bool:
    """Whether a collection has objects that an API server makes when it starts; a namespace "" is all of them."""
    if resource in _OF_CLUSTERS:
        return True
    places = _OF_NAMESPACES.get(resource, "").split()
    return bool(places) and (not namespace or namespace in places)


def is_bootstrapped(key: Key) -> bool:
    """Whether every API server makes this object when it starts; what it says is known of few (CLUSTER_ROLES)."""
    if key.group == _RBAC and key.resource in _OF_CLUSTER:
        return key.name.startswith("system:") or key.name in CLUSTER_ROLES
    if key.group == _RBAC and key.namespace in ("kube-system", "kube-public"):
        return key.name.startswith("system:") or key.name == "extension-apiserver-authentication-reader"
    if key.resource == "priorityclasses":
        return key.name in ("system-cluster-critical", "system-node-critical")
    if key.resource in ("services", "endpoints", "endpointslices"):
        return key.namespace == "default" and key.name == "kubernetes"
    return False
