"""Manifests: which workloads a file describes, read as kubectl and the API server read them.

Deployments and ReplicaSets (apps/v1) are modelled. Every other document is listed in `Manifest.not_modelled`, and of
a workload the fields that would change what happens but that the model leaves out are listed in `Workload.left_out`:
nothing is dropped silently. What the API server would refuse is refused here, first of all the fields that a type
does not have. Below the fields of a container (a port, a probe, an environment variable) nothing is checked.

Read in Kubernetes 1.36: pkg/apis/apps/v1/defaults.go (SetDefaults_Deployment), pkg/apis/apps/validation/validation.go
(ValidateDeploymentSpec, ValidateReplicaSetSpec, ValidateDeploymentStrategy, ValidateRollingUpdateDeployment,
ValidatePodTemplateSpecForReplicaSet), pkg/apis/core/validation/validation.go (validateContainers,
validateContainerCommon), k8s.io/api/apps/v1/types.go and core/v1/types.go (the fields),
k8s.io/cli-runtime/pkg/resource/visitor.go (FlattenListVisitor).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubecheck.model.label_selector import LabelSelector, read_selector
from kubecheck.model.manifest_fields import (
    INT32_MAX,
    Field,
    check_dns_label,
    check_dns_subdomain,
    closest,
    labels,
)
from kubecheck.model.manifest_source import SIZE_LIMIT, ManifestError, Map, Scalar, Sequence, Source, documents
from kubecheck.model.rollout_bounds import IntOrPercent, RolloutBounds
from kubecheck.model.scope import Kind, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubecheck.spec.errors import Position

__all__ = ["Kind", "Manifest", "ManifestError", "NotModelled", "Strategy", "Workload", "read", "read_file"]

_WORKLOADS = (Kind.DEPLOYMENT, Kind.REPLICA_SET)

OBJECT_LIMIT: Final = 10_000
"""Objects of the largest manifest, lists taken apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A Deployment or a ReplicaSet, defaults filled in.

    `strategy` and `bounds` are None where there is none (a ReplicaSet; bounds also for Recreate). `max_surge` and
    `max_unavailable` are pods, already rounded for `replicas`. `left_out` names fields that were given and are not
    modelled.
    """

    kind: Kind
    name: str
    namespace: str
    replicas: int
    strategy: Strategy | None
    bounds: RolloutBounds | None
    paused: bool
    selector: LabelSelector
    left_out: tuple[str, ...]
    position: Position

    @property
    def max_surge(self) -> int:
        """Pods above `replicas` that a rolling update may have; 0 without one."""
        return self.bounds.resolve(self.replicas)[0] if self.bounds else 0

    @property
    def max_unavailable(self) -> int:
        """Pods below `replicas` that a rolling update may have; 0 without one."""
        return self.bounds.resolve(self.replicas)[1] if self.bounds else 0

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModelled:
    """An object of a kind that the model does not have."""

    api_version: str
    kind: str
    name: str
    position: Position

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip() + f" (line {self.position.line})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a file describes."""

    source: str
    workloads: tuple[Workload, ...]
    not_modelled: tuple[NotModelled, ...]


def read_file(path: str) -> Manifest:
    """Read a manifest, `-` for standard input. Raises ManifestError."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(SIZE_LIMIT + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ManifestError(
            f"{path} cannot be read: {error.strerror or error}",
            remedy="give the path of a manifest, or - for standard input",
        ) from error
    return read(data, name="standard input" if path == "-" else path)


def read(data: bytes, *, name: str) -> Manifest:
    """Read the text of a manifest; `name` stands for it in messages. Raises ManifestError."""
    source = Source.of(data, name=name)
    workloads: dict[tuple[str, str, str], Workload] = {}
    others: list[NotModelled] = []
    for count, item in enumerate(_objects(source)):
        if count == OBJECT_LIMIT:
            item.fail(f"is object number {count + 1} of the manifest", remedy=f"at most {OBJECT_LIMIT} are read")
        found = _read_object(item)
        if isinstance(found, NotModelled):
            others.append(found)
            continue
        key = (found.kind, found.namespace, found.name)
        if key in workloads:
            source.fail(
                f"{found} is given twice, first in line {workloads[key].position.line}",
                found.position,
                remedy="keep one of the two, or rename one",
            )
        workloads[key] = found
    if not workloads and not others:
        raise ManifestError(f"{name} holds no object", remedy="give a manifest with a Deployment or a ReplicaSet")
    return Manifest(source=name, workloads=tuple(workloads.values()), not_modelled=tuple(others))


def _objects(source: Source) -> Iterator[Field]:
    """The objects of all documents, with lists taken apart as kubectl does."""
    for document in documents(source):
        waiting = [Field.root(source, document)]
        while waiting:
            item = waiting.pop()
            if not isinstance(item.node, Map):
                item.fail(
                    f"is {item.described()}, and must be a Kubernetes object",
                    remedy="begin it with apiVersion: and kind:",
                )
            items = item.node.entries.get("items")
            kind = item.node.entries.get("kind")
            named = kind.node.value if kind and isinstance(kind.node, Scalar) else None
            if isinstance(named, str) and named.endswith("List") and items and isinstance(items.node, Sequence):
                waiting += reversed(list(item.child("items").items()))
            else:
                yield item


def _read_object(item: Field) -> Workload | NotModelled:
    version = item.child("apiVersion").required(remedy="add apiVersion: apps/v1").string()
    kind = item.child("kind").required(remedy="add the kind, for example kind: Deployment").string()
    metadata = item.child("metadata")
    if kind not in _WORKLOADS:
        close = closest(kind, list(_WORKLOADS))
        if version == "apps/v1" and close:
            item.child("kind").fail(f'is "{kind}", which apps/v1 does not have', remedy=f"did you mean `{close}`?")
        name = metadata.child("name") if isinstance(metadata.node, Map) else metadata
        return NotModelled(
            api_version=version,
            kind=kind,
            name=name.string() if isinstance(name.node, Scalar) else "",
            position=item.child("kind").position,
        )
    if version != "apps/v1":
        group = version.partition("/")[0]
        if "/" in version and "." in group:  # a custom resource that shares the name: custom groups have a dot
            return NotModelled(
                api_version=version,
                kind=kind,
                name=metadata.child("name").string(),
                position=item.child("kind").position,
            )
        removed = group in ("extensions", "apps")
        item.child("apiVersion").fail(
            f'is "{version}", in which there is no {kind}' + (" since Kubernetes 1.16" if removed else ""),
            remedy="write apps/v1",
        )
    return _read_workload(item, Kind(kind))


_OBJECT_META: Final = (
    "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp "
    "deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields"
).split()
_REPLICA_SET_SPEC: Final = "replicas minReadySeconds selector template".split()
_DEPLOYMENT_SPEC: Final = [*_REPLICA_SET_SPEC, "strategy", "revisionHistoryLimit", "paused", "progressDeadlineSeconds"]
_POD_SPEC: Final = (
    "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds "
    "activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount automountServiceAccountToken "
    "nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain "
    "affinity schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName "
    "enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers "
    "schedulingGates resourceClaims resources hostnameOverride workloadRef schedulingGroup"
).split()
_CONTAINER: Final = (
    "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy restartPolicyRules "
    "volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath "
    "terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty"
).split()

# Fields that decide what controllers, scheduler or kubelet do, and that the model does not know.
_LEFT_OUT_SPEC: Final = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
_LEFT_OUT_POD: Final = (
    "initContainers terminationGracePeriodSeconds nodeSelector nodeName hostNetwork affinity schedulerName tolerations "
    "priorityClassName priority readinessGates preemptionPolicy overhead topologySpreadConstraints schedulingGates "
    "resourceClaims resources workloadRef schedulingGroup"
).split()
_LEFT_OUT_CONTAINER: Final = "resources livenessProbe readinessProbe startupProbe lifecycle".split()


def _read_workload(item: Field, kind: Kind) -> Workload:
    item.only(("apiVersion", "kind", "metadata", "spec", "status"), type_name=str(kind))
    metadata = item.child("metadata").required(remedy="add metadata.name").only(_OBJECT_META, type_name="ObjectMeta")
    name = metadata.child("name")
    if not name.present and metadata.child("generateName").present:
        metadata.child("generateName").fail("cannot be used with `kubectl apply`", remedy="give metadata.name")
    check_dns_subdomain(name.required(remedy="give the object a name"), name.string())
    namespace = metadata.child("namespace")
    check_dns_label(namespace, namespace.string() or "default")
    labels(metadata.child("labels"))

    is_deployment = kind is Kind.DEPLOYMENT
    spec = item.child("spec").required(remedy="add spec with selector and template")
    spec.only(_DEPLOYMENT_SPEC if is_deployment else _REPLICA_SET_SPEC, type_name=f"{kind}Spec")
    replicas = spec.child("replicas").integer(1)
    strategy, bounds = _read_strategy(spec.child("strategy"), replicas) if is_deployment else (None, None)
    paused = spec.child("paused").boolean(False)
    _check_seconds(spec, is_deployment=is_deployment)
    selector = read_selector(spec.child("selector"))
    left_out = [f"{spec.path}.{field}" for field in _LEFT_OUT_SPEC if spec.child(field).present]
    left_out += _read_template(spec, selector)
    return Workload(
        kind=kind,
        name=name.string(),
        namespace=namespace.string() or "default",
        replicas=replicas,
        strategy=strategy,
        bounds=bounds,
        paused=paused,
        selector=selector,
        left_out=tuple(path.removeprefix(f"{item.path}.") for path in left_out),
        position=item.child("kind").position,
    )


def _check_seconds(spec: Field, *, is_deployment: bool) -> None:
    ready = spec.child("minReadySeconds").integer(0)
    if not is_deployment:
        return
    spec.child("revisionHistoryLimit").integer(10)
    deadline = spec.child("progressDeadlineSeconds")
    if deadline.integer(600) <= ready:
        given = deadline if deadline.present else spec.child("minReadySeconds")
        given.fail(
            f"leaves a progress deadline of {deadline.integer(600)} s, "
            f"which must be greater than minReadySeconds ({ready})",
            remedy=f"set progressDeadlineSeconds to {ready + 1} or more"
            if ready < INT32_MAX
            else "lower minReadySeconds",
        )


def _read_strategy(field: Field, replicas: int) -> tuple[Strategy, RolloutBounds | None]:
    field.only(("type", "rollingUpdate"), type_name="DeploymentStrategy")
    written = field.child("type").string() or str(Strategy.ROLLING_UPDATE)
    if written not in tuple(Strategy):
        close = closest(written, list(Strategy))
        field.child("type").fail(
            f'is "{written}", which is not a strategy',
            remedy=f"did you mean `{close}`?" if close else f"one of {', '.join(Strategy)}",
        )
    update = field.child("rollingUpdate").only(("maxSurge", "maxUnavailable"), type_name="RollingUpdateDeployment")
    if written == Strategy.RECREATE:
        if update.present:
            update.fail("may not be given when the strategy's type is Recreate", remedy="leave it out, or the type")
        return Strategy.RECREATE, None
    surge, unavailable = update.child("maxSurge"), update.child("maxUnavailable")
    bounds = RolloutBounds(_int_or_percent(surge, replicas), _int_or_percent(unavailable, replicas, at_most=100))
    if bounds.surge.value == 0 and bounds.unavailable.value == 0:
        unavailable.fail(
            f"is {bounds.unavailable} and maxSurge is {bounds.surge}: an update could never move",
            remedy="let one of the two be 1 or more",
        )
    return Strategy.ROLLING_UPDATE, bounds


def _int_or_percent(field: Field, replicas: int, *, at_most: int | None = None) -> IntOrPercent:
    if not field.present:
        return RolloutBounds().surge
    if not (isinstance(field.node, Scalar) and isinstance(field.node.value, str)):
        return IntOrPercent(field.integer(0))
    parsed = IntOrPercent.parse(field.node.value)
    if parsed is None:
        number = field.node.value.isdecimal() and field.node.quoted
        field.fail(
            f"is {field.described()}, and must be an integer or a percentage",
            remedy=f"write {field.node.value} without quotes" if number else 'for example 1, or "25%"',
        )
    if at_most is not None and parsed.value > at_most:
        field.fail(f"is {parsed}: must not be greater than {at_most}%", remedy=f'write "{at_most}%" or less')
    if parsed.of(replicas, round_up=True) > INT32_MAX or parsed.value > INT32_MAX:
        field.fail(f"is {field.described()}, which does not fit a 32-bit integer", remedy="write a smaller percentage")
    return parsed


def _read_template(spec: Field, selector: LabelSelector) -> list[str]:
    """Check `spec.template`; returns the fields in it that the model leaves out."""
    template = spec.child("template").required(remedy="add spec.template with metadata.labels and spec.containers")
    template.only(("metadata", "spec"), type_name="PodTemplateSpec")
    metadata = template.child("metadata").only(_OBJECT_META, type_name="ObjectMeta")
    field = metadata.child("labels")
    pod_labels = labels(field)
    failing = selector.failing(pod_labels)
    if failing is not None:
        actual = ",".join(f"{key}={value}" for key, value in pod_labels.items()) or "none"
        value = field.child(failing.key) if failing.key in pod_labels else field
        value.fail(
            f"does not match spec.selector: it wants {failing}, the template's labels are {actual}"
            if field.present
            else f"is required: spec.selector wants {failing}",
            remedy="make the labels of spec.template.metadata satisfy every requirement of spec.selector",
        )
    pod = (
        template.child("spec").required(remedy="add spec.template.spec.containers").only(_POD_SPEC, type_name="PodSpec")
    )
    if pod.child("restartPolicy").string("Always") != "Always":
        pod.child("restartPolicy").fail(
            f"is {pod.child('restartPolicy').described()}, and must be Always in a workload's template",
            remedy="leave it out; a Job runs pods that end",
        )
    if pod.child("activeDeadlineSeconds").present:
        pod.child("activeDeadlineSeconds").fail("is not supported in a workload's template", remedy="leave it out")
    left_out = [f"{pod.path}.{name}" for name in _LEFT_OUT_POD if pod.child(name).present]
    return left_out + _read_containers(pod.child("containers"))


def _read_containers(field: Field) -> list[str]:
    containers = list(field.items())
    if not containers:
        field.fail("is required", remedy="give at least one container with name and image")
    left_out, names = [], set()
    for container in containers:
        container.required(remedy="give it name and image").only(_CONTAINER, type_name="Container")
        name = container.child("name").required(remedy="give the container a name")
        check_dns_label(name, name.string())
        if name.string() in names:
            name.fail(f'is "{name.string()}", which is the name of another container', remedy="rename one of them")
        names.add(name.string())
        image = container.child("image").required(remedy="give the container an image")
        if not image.string():
            image.fail("is empty", remedy="give the container an image")
        left_out += [f"{container.path}.{key}" for key in _LEFT_OUT_CONTAINER if container.child(key).present]
    return left_out
