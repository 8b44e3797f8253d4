"""What components may call by the default policy: a table, component by component.

Read from Kubernetes v1.36.2: plugin/pkg/auth/authorizer/rbac/bootstrappolicy (policy.go, controller_policy.go), the node authorizer and the
NodeRestriction admission plugin. Only components whose roles are fixed are in it; whoever is not listed (people, operators, other
controllers) is not judged. Whoever may read a kind in one way (get, list, watch) is taken to may in all three. `*` stands for every name.
"""

from __future__ import annotations

import functools
from typing import Final, TypeAlias

from kubecheck.traces.event import Event

Role: TypeAlias = dict[str, frozenset[str]]
"""resource[/subresource] -> verbs."""

READS: Final = frozenset(("get", "list", "watch"))
_SERVICE_ACCOUNT: Final = "system:serviceaccount:kube-system:"
_NODE: Final = "system:node:"
_NODE_LEASES: Final = "kube-node-lease"


def _role(reads: str = "", **resources: str) -> Role:
    """Keyword arguments stand for resources: `pods_status` for pods/status; `reads` are the resources that may be read."""
    role = {name.replace("_", "/"): frozenset(verbs.split()) for name, verbs in resources.items()}
    for resource in reads.split():
        role[resource] = role.get(resource, frozenset()) | READS
    return role


_EVERYONE: Final = _role(
    "clustertrustbundles",  # of service accounts; and of kubelets
    events="create update patch",
    tokenreviews="create",
    subjectaccessreviews="create",
    selfsubjectaccessreviews="create",
    selfsubjectrulesreviews="create",
    selfsubjectreviews="create",
    localsubjectaccessreviews="create",
)

_CONTROLLERS: Final[dict[str, Role]] = {
    "replicaset-controller": _role(
        "replicasets pods",
        replicasets="update", replicasets_status="update", replicasets_finalizers="update", pods="create delete patch"),
    "replication-controller": _role(
        "replicationcontrollers pods", replicationcontrollers="update", replicationcontrollers_status="update",
        replicationcontrollers_finalizers="update", pods="create delete patch"),
    "deployment-controller": _role(
        "deployments replicasets pods", deployments="update", deployments_status="update", deployments_finalizers="update",
        replicasets="create update patch delete", pods="update"),
    "statefulset-controller": _role(
        "pods statefulsets controllerrevisions persistentvolumeclaims", statefulsets_status="update", statefulsets_finalizers="update",
        pods="create delete patch update", pods_finalizers="update", controllerrevisions="create delete patch update",
        persistentvolumeclaims="create update delete"),
    "daemon-set-controller": _role(
        "daemonsets nodes pods controllerrevisions", daemonsets_status="update", daemonsets_finalizers="update",
        pods="create delete patch", pods_binding="create", controllerrevisions="create delete patch update"),
    "job-controller": _role(
        "jobs pods workloads podgroups", jobs="update patch", jobs_status="update patch", jobs_finalizers="update",
        pods="create delete patch", workloads="create", podgroups="create"),
    "cronjob-controller": _role(
        "cronjobs jobs pods", cronjobs="update", cronjobs_status="update", cronjobs_finalizers="update",
        jobs="create delete update patch", pods="delete"),
    "endpoint-controller": _role("services pods endpoints", endpoints="create delete update", endpoints_restricted="create"),
    "endpointslice-controller": _role(
        "services pods nodes endpointslices", endpointslices="create delete update", endpointslices_restricted="create",
        services_finalizers="update"),
    "endpointslicemirroring-controller": _role(
        "services endpoints endpointslices", endpointslices="create delete update", endpointslices_restricted="create",
        endpoints_finalizers="update", services_finalizers="update"),
    "ttl-after-finished-controller": _role("jobs", jobs="delete"),
    "ttl-controller": _role("nodes", nodes="update patch"),
    "node-controller": _role(
        "nodes pods", nodes="update delete patch", nodes_status="patch update", pods="delete", pods_status="update patch"),
    "taint-eviction-controller": _role("nodes pods", pods="delete", pods_status="patch"),
    "device-taint-eviction-controller": _role(
        "pods resourceclaims resourceslices deviceclasses devicetaintrules", pods="delete", pods_status="update patch",
        devicetaintrules_status="update patch"),
    "pod-garbage-collector": _role("pods nodes", pods="delete", pods_status="patch"),
    "disruption-controller": _role(
        "deployments replicasets replicationcontrollers poddisruptionbudgets statefulsets pods", poddisruptionbudgets_status="update",
        pods_status="patch update", **{"*_scale": "get"}),
    "resourcequota-controller": _role("*", resourcequotas_status="update"),
    "service-account-controller": _role("serviceaccounts namespaces", serviceaccounts="create"),
    "root-ca-cert-publisher": _role("configmaps namespaces", configmaps="create update"),
    "service-ca-cert-publisher": _role("configmaps namespaces", configmaps="create update"),
    "kube-apiserver-serving-clustertrustbundle-publisher": _role("clustertrustbundles", clustertrustbundles="create update delete"),
    "horizontal-pod-autoscaler": _role(
        "horizontalpodautoscalers pods", horizontalpodautoscalers_status="update", **{"*_scale": "get update"}),
    "attachdetach-controller": _role(
        "persistentvolumes persistentvolumeclaims nodes pods volumeattachments csidrivers csinodes", nodes_status="patch update",
        volumeattachments="create delete"),
    "clusterrole-aggregation-controller": _role("clusterroles", clusterroles="update patch"),
    "expand-controller": _role(
        "persistentvolumes persistentvolumeclaims", persistentvolumes="update patch", persistentvolumeclaims_status="update patch"),
    "ephemeral-volume-controller": _role("pods persistentvolumeclaims", pods_finalizers="update", persistentvolumeclaims="create"),
    "resource-claim-controller": _role(
        "pods resourceclaims resourceclaimtemplates podgroups", pods_finalizers="update", resourceclaims="create delete update patch",
        resourceclaims_status="update patch", resourceclaims_binding="update patch", pods_status="update patch",
        podgroups_status="update patch"),
    "resourcepoolstatusrequest-controller": _role(
        "resourcepoolstatusrequests resourceslices resourceclaims", resourcepoolstatusrequests="delete",
        resourcepoolstatusrequests_status="update patch"),
    "generic-garbage-collector": _role("*", **{"*": "patch update delete"}),
    "namespace-controller": _role(
        "*", namespaces_finalize="update", namespaces_status="update", **{"*": "delete deletecollection"}),
    "persistent-volume-binder": _role(
        "persistentvolumes persistentvolumeclaims pods storageclasses nodes events endpoints services secrets",
        persistentvolumes="update create delete", persistentvolumes_status="update", persistentvolumeclaims="update",
        persistentvolumeclaims_status="update", pods="create delete", endpoints="create delete", services="create delete"),
    "route-controller": _role("nodes", nodes_status="patch"),
    "service-controller": _role("services nodes", services_status="patch update"),
    "service-cidrs-controller": _role(
        "servicecidrs ipaddresses", servicecidrs="patch update", servicecidrs_finalizers="patch update",
        servicecidrs_status="patch update"),
    "certificate-controller": _role(
        "certificatesigningrequests configmaps", certificatesigningrequests="delete", certificatesigningrequests_status="update",
        certificatesigningrequests_approval="update"),
    "podcertificaterequestcleaner": _role("podcertificaterequests", podcertificaterequests="delete"),
    "pvc-protection-controller": _role(
        "persistentvolumeclaims pods", persistentvolumeclaims="update", persistentvolumeclaims_status="update"),
    "pv-protection-controller": _role("persistentvolumes", persistentvolumes="update"),
    "volumeattributesclass-protection-controller": _role(
        "persistentvolumeclaims persistentvolumes volumeattributesclasses", volumeattributesclasses="update"),
    "podgroup-protection-controller": _role("podgroups pods", podgroups="update"),
    "validatingadmissionpolicy-status-controller": _role(
        "validatingadmissionpolicies validatingadmissionpolicies/status", validatingadmissionpolicies_status="patch update"),
    "storage-version-garbage-collector": _role(
        "leases storageversions storageversions/status", storageversions="patch update delete", storageversions_status="patch update"),
    "legacy-service-account-token-cleaner": _role("configmaps secrets serviceaccounts pods", secrets="patch delete"),
    "storage-version-migrator-controller": _role(
        "*", customresourcedefinitions_status="patch", storageversionmigrations_status="update", **{"*": "create patch update"}),
    "selinux-warning-controller": _role("persistentvolumes persistentvolumeclaims pods csidrivers"),
}

_SCHEDULER: Final = _role(
    "leases leasecandidates nodes pods services replicationcontrollers replicasets statefulsets poddisruptionbudgets namespaces "
    "persistentvolumeclaims persistentvolumes csinodes volumeattachments csidrivers csistoragecapacities storageclasses deviceclasses "
    "resourceclaims resourceclaims/status resourceslices devicetaintrules podgroups workloads configmaps",
    pods="delete", pods_binding="create", bindings="create", pods_status="patch update", leases="create update",
    leasecandidates="create update patch delete deletecollection", pods_finalizers="update",
    persistentvolumeclaims="update patch", persistentvolumes="update patch",
    resourceclaims="create update patch delete", resourceclaims_status="update patch", resourceclaims_binding="update patch",
    podgroups_status="update patch")
"""Its reads of ConfigMaps are of extension-apiserver-authentication (namespace_policy.go)."""

_KUBELET: Final = _role(
    "services nodes pods secrets configmaps persistentvolumeclaims persistentvolumes endpoints certificatesigningrequests leases "
    "volumeattachments csidrivers csinodes runtimeclasses resourceclaims resourceslices serviceaccounts podcertificaterequests "
    "persistentvolumeclaims/status",
    nodes="create update patch", nodes_status="update patch", pods="create delete", pods_status="update patch",
    pods_eviction="create", leases="create update patch delete", csinodes="create update patch delete",
    serviceaccounts_token="create", certificatesigningrequests="create", resourceslices=
    "create update patch delete deletecollection", persistentvolumeclaims_status="patch update",
    podcertificaterequests="create")

_PROXY: Final = _role("services endpoints nodes endpointslices servicecidrs")

_BY_NAME: Final = frozenset(("secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes", "resourceclaims"))
"""What a kubelet reads only by name, of its own pods (node_authorizer.go authorizeReadNamespacedObject, authorizeGet)."""


def role_of(event: Event) -> Role | None:
    """The role of whoever sent a request, or None if it is not in the table."""
    user = event.user or ""
    if not user.startswith("system:") or "system:masters" in event.groups or event.impersonated is not None:
        return None
    if user.startswith(_NODE):
        return _KUBELET
    if user.startswith(_SERVICE_ACCOUNT):
        return _CONTROLLERS.get(user[len(_SERVICE_ACCOUNT):])
    if user == "system:kube-scheduler":
        return _SCHEDULER
    return _PROXY if user == "system:kube-proxy" else None


def granted_besides(event: Event) -> bool:
    """Was it allowed by a role that is not of the default policy, as far as the authoriser says? (rbac.go ruleAccumulator, Authorize)

    Bindings of the default policy are called system:…; what is allowed otherwise is the affair of who allowed it.
    """
    return event.grant is not None and _is_of_others(event.grant)


@functools.lru_cache(maxsize=1024)
def _is_of_others(grant: str) -> bool:
    return grant != "" and not any(f'{kind} "system:' in grant for kind in ("ClusterRoleBinding", "RoleBinding"))


def allowed(role: Role, event: Event) -> bool:
    """May this role do this? Kubelets besides only touch what is theirs, and the scheduler of the leases its own."""
    what = (event.resource or "") + (f"/{event.subresource}" if event.subresource else "")
    verb = event.verb or ""
    if verb in _EVERYONE.get(what, ()):
        return True
    if verb not in role.get(what, ()) and verb not in role.get("*", ()) and not (
        event.subresource and verb in role.get(f"*/{event.subresource}", ())
    ):
        # metrics are read through API groups of their own
        return verb in READS and event.group.endswith("metrics.k8s.io") and "horizontalpodautoscalers" in role
    if role is _KUBELET:
        return _is_the_kubelets(event, (event.user or "")[len(_NODE):])
    if role is _SCHEDULER and event.resource == "leases" and verb != "create":
        return event.name in (None, "kube-scheduler") if verb in READS else event.name == "kube-scheduler"
    return True


def _is_the_kubelets(event: Event, node: str) -> bool:
    """Is it of this node? (node_authorizer.go Authorize, authorizeLease, authorizeCSINode; noderestriction admitNode, admitLease)"""
    if event.resource == "leases":
        return event.namespace == _NODE_LEASES and event.name in (None, node)
    if event.resource in ("nodes", "csinodes") and event.verb not in READS and event.name is not None:
        return event.name == node
    return not (event.resource in _BY_NAME and event.verb in READS and event.name is None)
