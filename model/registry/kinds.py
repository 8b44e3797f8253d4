"""What differs between kinds: a `Strategy` each, after the strategies of pkg/registry/*/*/strategy.go; and what bodies do, `Contents`.

Both are static: a spec is compiled for the strategies that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Code, Part, Proposed, Request


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """How the registry treats a kind.

    `status`: it has a status subresource, and the main resource keeps the stored status. `creates_status`: a creation may bring a status
    along. `generation`: it counts generations, from 1, and a change of the spec starts a new one; `annotations_bump` and `labels_bump`: so
    does a change of those; `generation_stays`: nothing does. A kind without it keeps what a creation says. `graceful`: deletion has a grace
    period. `orphans`: a DELETE that says nothing orphans the dependents. `unconditional_update`: a PUT may leave out the resourceVersion.
    `create_on_update`: a PUT creates what is missing. `returns_deleted`: the answer to a DELETE that removes the object holds it.
    `status_keeps_labels`, `status_keeps_owners`, `status_keeps_metadata`: a write of the status subresource keeps the stored labels,
    ownerReferences, or all of the metadata that clients set. `status_may_not_delete`: it ignores a deletionTimestamp. `scale`: it has a
    scale subresource. `finalizes`: its spec is written by the subresource finalize alone, and holds it while it is deleted.
    """

    kind: str
    resource: str
    group: str = ""
    namespaced: bool = True
    status: bool = False
    creates_status: bool = False
    generation: bool = False
    annotations_bump: bool = False
    labels_bump: bool = False
    generation_stays: bool = False
    graceful: bool = False
    orphans: bool = False
    unconditional_update: bool = True
    create_on_update: bool = False
    returns_deleted: bool = False
    status_keeps_labels: bool = False
    status_keeps_owners: bool = False
    status_keeps_metadata: bool = False
    status_may_not_delete: bool = False
    scale: bool = False
    finalizes: bool = False


class Contents(Protocol):
    """What bodies and contents mean; the registry only moves them about.

    In a spec the methods are in its language; a replay of real requests computes on their JSON.
    """

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        """The object that the request's body makes of the stored one (uid 0: there is none), after mutating admission."""
        ...

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        """Whether the kind's own validation takes the new contents, given the old ones (uid 0: a creation)."""
        ...

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        """Validating admission: OK or the refusal. A deletion has a `new` of uid 0."""
        ...

    def bound(self, request: Request, stored: Stored) -> Stored:
        """The pod with what a binding adds besides the node: labels, annotations, the condition PodScheduled."""
        ...


CONFIG_MAP: Final = Strategy(kind="ConfigMap", resource="configmaps")
POD: Final = Strategy(
    kind="Pod",
    resource="pods",
    status=True,
    generation=True,
    graceful=True,
    returns_deleted=True,
    status_keeps_owners=True,
    status_may_not_delete=True,
)
REPLICA_SET: Final = Strategy(
    kind="ReplicaSet", resource="replicasets", group="apps", status=True, generation=True, scale=True
)
DEPLOYMENT: Final = Strategy(
    kind="Deployment",
    resource="deployments",
    group="apps",
    status=True,
    generation=True,
    annotations_bump=True,
    status_keeps_labels=True,
    scale=True,
)
NODE: Final = Strategy(kind="Node", resource="nodes", namespaced=False, status=True, creates_status=True)

# Kinds that the workload model has no components for; the registry treats them like any other.
SECRET: Final = Strategy(kind="Secret", resource="secrets")
SERVICE_ACCOUNT: Final = Strategy(kind="ServiceAccount", resource="serviceaccounts", returns_deleted=True)
LEASE: Final = Strategy(
    kind="Lease",
    resource="leases",
    group="coordination.k8s.io",
    unconditional_update=False,
    create_on_update=True,
)
ENDPOINTS: Final = Strategy(kind="Endpoints", resource="endpoints", create_on_update=True)
STATEFUL_SET: Final = Strategy(
    kind="StatefulSet", resource="statefulsets", group="apps", status=True, generation=True, scale=True
)
DAEMON_SET: Final = Strategy(kind="DaemonSet", resource="daemonsets", group="apps", status=True, generation=True)
JOB: Final = Strategy(kind="Job", resource="jobs", group="batch", status=True, generation=True, orphans=True)
CRON_JOB: Final = Strategy(kind="CronJob", resource="cronjobs", group="batch", status=True, generation=True)
POD_DISRUPTION_BUDGET: Final = Strategy(
    kind="PodDisruptionBudget",
    resource="poddisruptionbudgets",
    group="policy",
    status=True,
    generation=True,
    unconditional_update=False,
)
ENDPOINT_SLICE: Final = Strategy(
    kind="EndpointSlice",
    resource="endpointslices",
    group="discovery.k8s.io",
    generation=True,
    labels_bump=True,
)
ROLE: Final = Strategy(kind="Role", resource="roles", group="rbac.authorization.k8s.io", create_on_update=True)
ROLE_BINDING: Final = Strategy(
    kind="RoleBinding", resource="rolebindings", group="rbac.authorization.k8s.io", create_on_update=True
)
CLUSTER_ROLE: Final = Strategy(
    kind="ClusterRole",
    resource="clusterroles",
    group="rbac.authorization.k8s.io",
    namespaced=False,
    create_on_update=True,
)
CLUSTER_ROLE_BINDING: Final = Strategy(
    kind="ClusterRoleBinding",
    resource="clusterrolebindings",
    group="rbac.authorization.k8s.io",
    namespaced=False,
    create_on_update=True,
)

NAMESPACE: Final = Strategy(
    kind="Namespace", resource="namespaces", namespaced=False, status=True, finalizes=True, returns_deleted=True
)
SERVICE: Final = Strategy(kind="Service", resource="services", status=True, create_on_update=True, returns_deleted=True)
PERSISTENT_VOLUME: Final = Strategy(
    kind="PersistentVolume", resource="persistentvolumes", namespaced=False, status=True, returns_deleted=True
)
PERSISTENT_VOLUME_CLAIM: Final = Strategy(
    kind="PersistentVolumeClaim", resource="persistentvolumeclaims", status=True, returns_deleted=True
)
RESOURCE_QUOTA: Final = Strategy(kind="ResourceQuota", resource="resourcequotas", status=True, returns_deleted=True)
LIMIT_RANGE: Final = Strategy(kind="LimitRange", resource="limitranges", create_on_update=True)
PRIORITY_CLASS: Final = Strategy(
    kind="PriorityClass",
    resource="priorityclasses",
    group="scheduling.k8s.io",
    namespaced=False,
    generation=True,
    generation_stays=True,
)
HORIZONTAL_POD_AUTOSCALER: Final = Strategy(
    kind="HorizontalPodAutoscaler", resource="horizontalpodautoscalers", group="autoscaling", status=True
)
NETWORK_POLICY: Final = Strategy(
    kind="NetworkPolicy", resource="networkpolicies", group="networking.k8s.io", generation=True
)
INGRESS: Final = Strategy(kind="Ingress", resource="ingresses", group="networking.k8s.io", status=True, generation=True)
CSI_NODE: Final = Strategy(
    kind="CSINode",
    resource="csinodes",
    group="storage.k8s.io",
    namespaced=False,
    unconditional_update=False,
    returns_deleted=True,
)
STORAGE_CLASS: Final = Strategy(
    kind="StorageClass", resource="storageclasses", group="storage.k8s.io", namespaced=False, returns_deleted=True
)

CONTROLLER_REVISION: Final = Strategy(kind="ControllerRevision", resource="controllerrevisions", group="apps")
RUNTIME_CLASS: Final = Strategy(kind="RuntimeClass", resource="runtimeclasses", group="node.k8s.io", namespaced=False)

KINDS: Final = (
    NAMESPACE,
    SERVICE,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    PRIORITY_CLASS,
    HORIZONTAL_POD_AUTOSCALER,
    NETWORK_POLICY,
    INGRESS,
    CSI_NODE,
    STORAGE_CLASS,
    RUNTIME_CLASS,
    CONTROLLER_REVISION,
    CONFIG_MAP,
    POD,
    REPLICA_SET,
    DEPLOYMENT,
    NODE,
    SECRET,
    SERVICE_ACCOUNT,
    LEASE,
    ENDPOINTS,
    STATEFUL_SET,
    DAEMON_SET,
    JOB,
    CRON_JOB,
    POD_DISRUPTION_BUDGET,
    ENDPOINT_SLICE,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
)
