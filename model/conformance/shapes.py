"""What a body must look like to be decoded at all: the types of the fields that are looked into.

A real API server decodes into Go structs; a member of the wrong type makes the request 400 (create, PUT) or 422 (the result of a PATCH)
before anything else is asked. Here are the members that this package reads, with their types from
staging/src/k8s.io/api/{core,apps,coordination,rbac,policy,discovery}/v1/types.go; all others may be anything.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

Json = Any
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Strings = dict[str, str | None]
Time = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$")
]
MicroTime = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}(Z|[+-][0-9]{2}:[0-9]{2})$")
]


class Shape(msgspec.Struct, rename="camel", kw_only=True):
    """A Go struct: members by their JSON names; null is as if absent."""


class OwnerReference(Shape):
    """metav1.OwnerReference."""

    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ObjectMeta(Shape):
    """metav1.ObjectMeta."""

    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: Int64 | None = None
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: Int64 | None = None
    labels: Strings | None = None
    annotations: Strings | None = None
    owner_references: list[OwnerReference] | None = None
    finalizers: list[str] | None = None
    managed_fields: list[dict[str, Any]] | None = None


class Toleration(Shape):
    """corev1.Toleration."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None
    toleration_seconds: Int64 | None = None


class Resources(Shape):
    """corev1.ResourceRequirements."""

    limits: dict[str, str | int | float | None] | None = None
    requests: dict[str, str | int | float | None] | None = None


class VolumeMount(Shape):
    """corev1.VolumeMount."""

    name: str | None = None
    mount_path: str | None = None


class Container(Shape):
    """corev1.Container."""

    name: str | None = None
    image: str | None = None
    image_pull_policy: str | None = None
    termination_message_path: str | None = None
    termination_message_policy: str | None = None
    resources: Resources | None = None
    ports: list[dict[str, Any]] | None = None
    env: list[dict[str, Any]] | None = None
    volume_mounts: list[VolumeMount] | None = None
    liveness_probe: dict[str, Any] | None = None
    readiness_probe: dict[str, Any] | None = None
    startup_probe: dict[str, Any] | None = None
    command: list[str] | None = None
    args: list[str] | None = None


class Named(Shape):
    """Anything of which only the name is read."""

    name: str | None = None


class Volume(Named):
    """corev1.Volume."""

    secret: dict[str, Any] | None = None
    config_map: dict[str, Any] | None = None
    projected: dict[str, Any] | None = None
    downward_api: dict[str, Any] | None = msgspec.field(default=None, name="downwardAPI")


class PodSpec(Shape):
    """corev1.PodSpec."""

    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    ephemeral_containers: list[Container] | None = None
    volumes: list[Volume] | None = None
    restart_policy: str | None = None
    dns_policy: str | None = None
    node_name: str | None = None
    node_selector: Strings | None = None
    service_account_name: str | None = None
    service_account: str | None = None
    automount_service_account_token: bool | None = None
    termination_grace_period_seconds: Int64 | None = None
    active_deadline_seconds: Int64 | None = None
    tolerations: list[Toleration] | None = None
    scheduling_gates: list[Named] | None = None
    priority: Int32 | None = None
    priority_class_name: str | None = None
    runtime_class_name: str | None = None
    host_network: bool | None = None
    scheduler_name: str | None = None


class ContainerState(Shape):
    """corev1.ContainerState."""

    waiting: dict[str, Any] | None = None
    running: dict[str, Any] | None = None
    terminated: dict[str, Any] | None = None


class ContainerStatus(Named):
    """corev1.ContainerStatus."""

    state: ContainerState | None = None


class Condition(Shape):
    """A condition, as far as it is read."""

    type: str | None = None
    status: str | None = None


class PodStatus(Shape):
    """corev1.PodStatus."""

    phase: str | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    nominated_node_name: str | None = None
    observed_generation: Int64 | None = None


class Requirement(Shape):
    """metav1.LabelSelectorRequirement."""

    key: str | None = None
    operator: str | None = None
    values: list[str] | None = None


class LabelSelector(Shape):
    """metav1.LabelSelector."""

    match_labels: Strings | None = None
    match_expressions: list[Requirement] | None = None


class Template(Shape):
    """corev1.PodTemplateSpec."""

    metadata: ObjectMeta | None = None
    spec: PodSpec | None = None


class RollingUpdate(Shape):
    """appsv1.RollingUpdateDeployment."""

    max_surge: Int32 | str | None = None
    max_unavailable: Int32 | str | None = None


class Strategy(Shape):
    """appsv1.DeploymentStrategy."""

    type: str | None = None
    rolling_update: RollingUpdate | None = None


class WorkloadSpec(Shape):
    """What the specs of Deployments, ReplicaSets, StatefulSets and DaemonSets have in common, and more."""

    replicas: Int32 | None = None
    selector: LabelSelector | None = None
    template: Template | None = None
    strategy: Strategy | None = None
    update_strategy: dict[str, Any] | None = None
    min_ready_seconds: Int32 | None = None
    revision_history_limit: Int32 | None = None
    progress_deadline_seconds: Int32 | None = None
    paused: bool | None = None


class WorkloadStatus(Shape):
    """What their statuses have."""

    replicas: Int32 | None = None
    observed_generation: Int64 | None = None
    conditions: list[Condition] | None = None


class LeaseSpec(Shape):
    """coordinationv1.LeaseSpec."""

    holder_identity: str | None = None
    lease_duration_seconds: Int32 | None = None
    acquire_time: MicroTime | None = None
    renew_time: MicroTime | None = None
    lease_transitions: Int32 | None = None


class Taint(Shape):
    """corev1.Taint."""

    key: str | None = None
    value: str | None = None
    effect: str | None = None


class NodeSpec(Shape):
    """corev1.NodeSpec."""

    pod_cidr: str | None = msgspec.field(default=None, name="podCIDR")
    pod_cidrs: list[str] | None = msgspec.field(default=None, name="podCIDRs")
    provider_id: str | None = msgspec.field(default=None, name="providerID")
    unschedulable: bool | None = None
    taints: list[Taint] | None = None


class Object(Shape):
    """What every object has."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None


class OtherObject(Object):
    """An object of a kind that is not looked into."""

    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None


class Pod(Object):
    """corev1.Pod."""

    spec: PodSpec | None = None
    status: PodStatus | None = None


class Workload(Object):
    """Deployment, ReplicaSet, StatefulSet, DaemonSet."""

    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class Lease(Object):
    """coordinationv1.Lease."""

    spec: LeaseSpec | None = None


class Node(Object):
    """corev1.Node."""

    spec: NodeSpec | None = None
    status: dict[str, Any] | None = None


class ConfigMap(Object):
    """corev1.ConfigMap."""

    data: Strings | None = None
    binary_data: Strings | None = None
    immutable: bool | None = None


class Secret(Object):
    """corev1.Secret."""

    data: Strings | None = None
    string_data: Strings | None = None
    type: str | None = None
    immutable: bool | None = None


class Rule(Shape):
    """rbacv1.PolicyRule."""

    verbs: list[str] | None = None
    api_groups: list[str] | None = None
    resources: list[str] | None = None
    resource_names: list[str] | None = None
    non_resource_urls: list[str] | None = msgspec.field(default=None, name="nonResourceURLs")


class Role(Object):
    """rbacv1.Role and ClusterRole."""

    rules: list[Rule] | None = None


class Subject(Shape):
    """rbacv1.Subject."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    api_group: str | None = None


class RoleReference(Shape):
    """rbacv1.RoleRef."""

    kind: str | None = None
    name: str | None = None
    api_group: str | None = None


class RoleBinding(Object):
    """rbacv1.RoleBinding and ClusterRoleBinding."""

    subjects: list[Subject] | None = None
    role_ref: RoleReference | None = None


class Binding(Object):
    """corev1.Binding; its target."""

    target: RoleReference | None = None


class Endpoint(Shape):
    """discoveryv1.Endpoint."""

    addresses: list[str] | None = None


class Port(Shape):
    """A port of Endpoints and EndpointSlices."""

    name: str | None = None
    port: Int32 | None = None


class Address(Shape):
    """corev1.EndpointAddress."""

    ip: str | None = None


class EndpointSlice(Object):
    """discoveryv1.EndpointSlice."""

    address_type: str | None = None
    endpoints: list[Endpoint] | None = None
    ports: list[Port] | None = None


class Subset(Shape):
    """corev1.EndpointSubset."""

    addresses: list[Address] | None = None
    not_ready_addresses: list[Address] | None = None
    ports: list[Port] | None = None


class Endpoints(Object):
    """corev1.Endpoints."""

    subsets: list[Subset] | None = None


class Preconditions(Shape):
    """metav1.Preconditions."""

    uid: str | None = None
    resource_version: str | None = None


class DeleteOptions(Object):
    """metav1.DeleteOptions."""

    metadata: None = None
    grace_period_seconds: Int64 | None = None
    preconditions: Preconditions | None = None
    orphan_dependents: bool | None = None
    propagation_policy: str | None = None
    dry_run: list[str] | None = None


class ScaleSpec(Shape):
    """autoscalingv1.ScaleSpec."""

    replicas: Int32 | None = None


class Scale(Object):
    """autoscalingv1.Scale."""

    spec: ScaleSpec | None = None


class Eviction(Object):
    """policyv1.Eviction."""

    delete_options: DeleteOptions | None = None


class BoundObject(Shape):
    """authenticationv1.BoundObjectReference."""

    kind: str | None = None
    name: str | None = None


class TokenSpec(Shape):
    """authenticationv1.TokenRequestSpec."""

    expiration_seconds: Int64 | None = None
    bound_object_ref: BoundObject | None = None


class TokenRequest(Object):
    """authenticationv1.TokenRequest."""

    spec: TokenSpec | None = None


class ResourceAttributes(Shape):
    """authorizationv1.ResourceAttributes."""

    verb: str | None = None
    group: str | None = None
    version: str | None = None
    namespace: str | None = None
    resource: str | None = None
    name: str | None = None
    subresource: str | None = None


class ReviewSpec(Shape):
    """authorizationv1.SelfSubjectAccessReviewSpec."""

    resource_attributes: ResourceAttributes | None = None


class Review(Object):
    """The reviews of authentication and authorization."""

    spec: ReviewSpec | None = None


_OF_KIND: Final[dict[str, type[Object]]] = {
    "ConfigMap": ConfigMap,
    "Secret": Secret,
    "Pod": Pod,
    "Deployment": Workload,
    "ReplicaSet": Workload,
    "StatefulSet": Workload,
    "DaemonSet": Workload,
    "Node": Node,
    "Job": Workload,
    "Lease": Lease,
    "Role": Role,
    "ClusterRole": Role,
    "RoleBinding": RoleBinding,
    "ClusterRoleBinding": RoleBinding,
    "Binding": Binding,
    "EndpointSlice": EndpointSlice,
    "Endpoints": Endpoints,
    "DeleteOptions": DeleteOptions,
    "Scale": Scale,
    "Eviction": Eviction,
    "TokenRequest": TokenRequest,
    "SelfSubjectReview": Object,
    "SelfSubjectAccessReview": Review,
}


def fits(kind: str, document: Json) -> bool:
    """Whether a document can be decoded as an object of the kind."""
    try:
        msgspec.convert(document, _OF_KIND.get(kind, OtherObject))
    except msgspec.ValidationError:
        return False
    return True


def members(kind: str) -> frozenset[str] | None:
    """The outermost members of a kind, if all of them are known here."""
    if kind not in ("ConfigMap", "Secret", "Pod", "Deployment", "ReplicaSet", "Lease", "Node"):
        return None
    return frozenset(f.encode_name for f in msgspec.structs.fields(_OF_KIND[kind]))
