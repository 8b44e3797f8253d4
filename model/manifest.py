"""Manifests: which workloads a file describes, read as kubectl and the API server read them.

Deployments and ReplicaSets (apps/v1) are modelled. Every other document is listed in `Manifest.not_modelled`, and of a workload the
fields that would change what happens but that the model leaves out are listed in `Workload.left_out`: nothing is dropped silently. What
the API server would refuse is refused here: fields of other types and unknown ones by manifest_fields.py, what is wrong with their values
by the rules that conformance/validation.py has for what the API server answers. Not looked at is what admission plugins and policies add
or refuse.

Read in Kubernetes 1.36: k8s.io/cli-runtime/pkg/resource/visitor.go (FlattenListVisitor),
k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/helpers.go (decodeToList), pkg/scheduler/util/utils.go (GetHostPorts).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from kubecheck.model.conformance import names, schema, shapes, validation
from kubecheck.model.conformance.checks import Problem, closest
from kubecheck.model.conformance.defaults import with_defaults
from kubecheck.model.conformance.label_selectors import requirement_text
from kubecheck.model.manifest_fields import Field
from kubecheck.model.manifest_left_out import LeftOut, left_out
from kubecheck.model.manifest_source import SIZE_LIMIT, ManifestError, Map, Scalar, Sequence, Source, documents
from kubecheck.model.rollout_bounds import IntOrPercent, RolloutBounds
from kubecheck.model.scope import Kind, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubecheck.spec.errors import Position

__all__ = ["Kind", "LeftOut", "Manifest", "ManifestError", "NotModelled", "Strategy", "Workload", "read", "read_file"]

INT32_MAX: Final = (1 << 31) - 1
_WORKLOADS = (Kind.DEPLOYMENT, Kind.REPLICA_SET)

OBJECT_LIMIT: Final = 10_000
"""Objects of the largest manifest, lists taken apart."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port of its node that a pod takes: no other pod that takes it fits there."""

    port: int
    path: str
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A Deployment or a ReplicaSet, defaults filled in.

    `strategy` and `bounds` are None where there is none (a ReplicaSet; bounds also for Recreate). `max_surge` and
    `max_unavailable` are pods, already rounded for `replicas`. `host_ports` are the ports of a node that a pod takes. `left_out` names
    fields that were given and are not modelled.
    """

    kind: Kind
    name: str
    namespace: str
    replicas: int
    strategy: Strategy | None
    bounds: RolloutBounds | None
    paused: bool
    selector: str
    host_ports: tuple[HostPort, ...]
    left_out: tuple[LeftOut, ...]
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


def _read_workload(item: Field, kind: Kind) -> Workload:
    metadata = item.child("metadata").required(remedy="add metadata.name")
    if not metadata.child("name").present and metadata.child("generateName").present:
        metadata.child("generateName").fail("cannot be used with `kubectl apply`", remedy="give metadata.name")
    item.child("spec").required(remedy="add spec with selector and template")
    document = with_defaults(kind, shapes.decoded(kind, {"metadata": {}, "spec": {}} | item.decoded(schema.of_kind(kind))))
    problems = [
        *validation.metadata(kind, document["metadata"]),
        *validation.problems(kind, "", document, None),
    ]
    if problems:
        _refuse(item, kind, problems)
    spec = document["spec"]
    pod = spec["template"]["spec"]
    replicas = spec["replicas"]
    strategy, bounds = _strategy(item, spec.get("strategy") or {}, replicas) if kind is Kind.DEPLOYMENT else (None, None)
    ports = tuple(_host_ports(item, pod))
    return Workload(
        kind=kind,
        name=document["metadata"]["name"],
        namespace=document["metadata"].get("namespace") or "default",
        replicas=replicas,
        strategy=strategy,
        bounds=bounds,
        paused=bool(spec.get("paused")),
        selector=_selector(spec["selector"]),
        host_ports=ports,
        left_out=left_out(document, host_network=bool(pod.get("hostNetwork")) and not ports),
        position=item.child("kind").position,
    )


def _refuse(item: Field, kind: Kind, problems: list[str]) -> NoReturn:
    """Raise ManifestError for the first problem, and say how many others there are."""
    first = problems[0]
    assert isinstance(first, Problem), "the checks of workloads give the path"
    explained = first.path.partition("[")[0].rstrip(".")
    remedy = first.remedy or f"`kubectl explain {kind.lower()}.{explained}` says what is allowed"
    if others := len(set(problems)) - 1:
        remedy += f" ({others} more problem{'s' if others > 1 else ''} in this object)"
    item.source.fail(f"{first.path} {first.cause}", item.at(first.path, first.key), remedy=remedy)


def _selector(selector: dict[str, Any]) -> str:
    matched = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    wanted = [requirement_text(e["key"], e["operator"], e.get("values") or []) for e in selector.get("matchExpressions") or []]
    return ",".join([*matched, *wanted])


def _strategy(item: Field, strategy: dict[str, Any], replicas: int) -> tuple[Strategy, RolloutBounds | None]:
    if strategy["type"] == Strategy.RECREATE:
        return Strategy.RECREATE, None
    found = []
    for name in ("maxSurge", "maxUnavailable"):
        value = strategy["rollingUpdate"][name]
        bound = IntOrPercent(names.bound(value) or 0, percent=isinstance(value, str))
        if max(bound.value, bound.of(replicas, round_up=True)) > INT32_MAX:
            path = f"spec.strategy.rollingUpdate.{name}"
            item.source.fail(
                f"{path} comes to more pods than a 32-bit integer holds",
                item.at(path),
                remedy="write a smaller percentage; Kubernetes takes this one, but does not get along with it",
            )
        found.append(bound)
    return Strategy.ROLLING_UPDATE, RolloutBounds(*found)


def _host_ports(item: Field, pod: dict[str, Any]) -> Iterator[HostPort]:
    """The ports of its node that a pod takes (pkg/scheduler/util/utils.go, GetHostPorts), with those that hostNetwork makes of others."""
    for group in ("initContainers", "containers"):
        for i, container in enumerate(pod.get(group) or []):
            if group == "initContainers" and container.get("restartPolicy") != "Always":
                continue
            for j, port in enumerate(container.get("ports") or []):
                member = "hostPort" if port.get("hostPort") else "containerPort"
                if port.get("hostPort") or pod.get("hostNetwork"):
                    path = f"spec.template.spec.{group}[{i}].ports[{j}].{member}"
                    yield HostPort(port[member], path, item.at(path))
