"""What components may write by the default policy: a table, component by component.

Read from Kubernetes v1.36.2: plugin/pkg/auth/authorizer/rbac/bootstrappolicy (policy.go, controller_policy.go), the node authorizer and the
NodeRestriction admission plugin. Only writes are in it, and only components whose roles are fixed; whoever is not listed (people,
operators, other controllers) is not judged. `*` stands for every name.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from kubecheck.traces.event import Event

Role: TypeAlias = dict[str, frozenset[str]]
"""resource[/subresource] -> verbs."""

_SERVICE_ACCOUNT: Final = "system:serviceaccount:kube-system:"
_NODE: Final = "system:node:"


def _role(**resources: str) -> Role:
    """Keyword arguments stand for resources: `pods_status` for pods/status."""
    return {name.replace("_", "/"): frozenset(verbs.split()) for name, verbs in resources.items()}


_EVERYONE: Final = _role(
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
        replicasets="update", replicasets_status="update", replicasets_finalizers="update", pods="create delete patch"),
    "replication-controller": _role(
        replicationcontrollers="update", replicationcontrollers_status="update", replicationcontrollers_finalizers="update",
        pods="create delete patch"),
    "deployment-controller": _role(
        deployments="update", deployments_status="update", deployments_finalizers="update",
        replicasets="create update patch delete", pods="update"),
    "statefulset-controller": _role(
        statefulsets_status="update", statefulsets_finalizers="update", pods="create delete patch update",
        controllerrevisions="create delete patch update", persistentvolumeclaims="create update delete"),
    "daemon-set-controller": _role(
        daemonsets_status="update", daemonsets_finalizers="update", pods="create delete patch", pods_binding="create",
        controllerrevisions="create delete patch update"),
    "job-controller": _role(jobs="update patch", jobs_status="update patch", jobs_finalizers="update", pods="create delete patch",
                            workloads="create", podgroups="create"),
    "cronjob-controller": _role(
        cronjobs="update", cronjobs_status="update", cronjobs_finalizers="update", jobs="create delete update patch",
        pods="delete"),
    "endpoint-controller": _role(endpoints="create delete update", endpoints_restricted="create"),
    "endpointslice-controller": _role(endpointslices="create delete update", services_finalizers="update"),
    "endpointslicemirroring-controller": _role(endpointslices="create delete update", endpoints_finalizers="update",
                                               services_finalizers="update"),
    "ttl-after-finished-controller": _role(jobs="delete"),
    "ttl-controller": _role(nodes="update patch"),
    "node-controller": _role(
        nodes="update delete patch", nodes_status="patch update", pods="delete", pods_status="update patch"),
    "taint-eviction-controller": _role(pods="delete", pods_status="patch"),
    "pod-garbage-collector": _role(pods="delete", pods_status="patch"),
    "disruption-controller": _role(poddisruptionbudgets_status="update", pods_status="patch update"),
    "resourcequota-controller": _role(resourcequotas_status="update"),
    "service-account-controller": _role(serviceaccounts="create"),
    "root-ca-cert-publisher": _role(configmaps="create update"),
    "horizontal-pod-autoscaler": _role(horizontalpodautoscalers_status="update", **{"*_scale": "update"}),
}
"""Controllers that read everything and write what is listed; those that write anything (garbage collector, namespaces) are not here."""

_SCHEDULER: Final = _role(
    pods="delete", pods_binding="create", bindings="create", pods_status="patch update", leases="create update",
    leasecandidates="create update patch delete deletecollection", pods_finalizers="update",
    persistentvolumeclaims="update patch", persistentvolumes="update patch",
    resourceclaims="create update patch delete", resourceclaims_status="update patch", resourceclaims_binding="update patch",
    podgroups_status="update patch")

_KUBELET: Final = _role(
    nodes="create update patch", nodes_status="update patch", pods="create delete", pods_status="update patch",
    pods_eviction="create", leases="create update patch delete", csinodes="create update patch delete",
    serviceaccounts_token="create", certificatesigningrequests="create", runtimeclasses="", resourceslices=
    "create update patch delete deletecollection", volumeattachments_status="", persistentvolumeclaims_status="patch update",
    podcertificaterequests="create")


def role_of(event: Event) -> Role | None:
    """The role of whoever sent a request, or None if it is not in the table."""
    user = event.user or ""
    if "system:masters" in event.groups or event.impersonated is not None:
        return None
    if user.startswith(_NODE):
        return _KUBELET
    if user == "system:kube-scheduler":
        return _SCHEDULER
    if user.startswith(_SERVICE_ACCOUNT):
        return _CONTROLLERS.get(user[len(_SERVICE_ACCOUNT):])
    return None


def granted_besides(event: Event) -> bool:
    """Was it allowed by a role that is not of the default policy, as far as the authoriser says? (rbac.go ruleAccumulator, Authorize)

    Bindings of the default policy are called system:…; what is allowed otherwise is the affair of who allowed it.
    """
    grant = event.grant or ""
    return grant != "" and not any(f'{kind} "system:' in grant for kind in ("ClusterRoleBinding", "RoleBinding"))


def allowed(role: Role, event: Event) -> bool:
    """May this role do this? Kubelets besides only write the objects of their own node (by name)."""
    what = (event.resource or "") + (f"/{event.subresource}" if event.subresource else "")
    verb = event.verb or ""
    if verb in _EVERYONE.get(what, ()):
        return True
    if verb not in role.get(what, ()) and not (event.subresource and verb in role.get(f"*/{event.subresource}", ())):
        return False
    user = event.user or ""
    if user.startswith(_NODE) and event.resource in ("nodes", "csinodes") and event.name is not None:
        return event.name == user[len(_NODE):]
    return True
