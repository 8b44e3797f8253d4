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

import copy
import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from kubecheck.model.conformance import names, pods, schema, shapes, validation
from kubecheck.model.conformance.checks import Problem, closest
from kubecheck.model.conformance.defaults import with_defaults
from kubecheck.model.conformance.label_selectors import requirement_text
from kubecheck.model.manifest_documents import documents
from kubecheck.model.manifest_fields import Field
from kubecheck.model.manifest_left_out import LeftOut, left_out
from kubecheck.model.manifest_source import SIZE_LIMIT, Entry, ManifestError, Map, Scalar, Sequence, Source
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
    """An object that is not looked at: of a kind that the model does not have, or for a reason that `why` gives."""

    api_version: str
    kind: str
    name: str
    position: Position
    why: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip() + f" (line {self.position.line})" + (f", {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a file describes. `refused`: objects that the API server would refuse beside others that it would take."""

    source: str
    workloads: tuple[Workload, ...]
    not_modelled: tuple[NotModelled, ...]
    refused: tuple[NotModelled, ...] = ()


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
    refused: list[tuple[NotModelled, ManifestError]] = []
    for count, item in enumerate(_objects(source)):
        if count == OBJECT_LIMIT:
            item.fail(f"is object number {count + 1} of the manifest", remedy=f"at most {OBJECT_LIMIT} are read")
        try:
            found = _read_object(item)
        except _NoSuchKindError as error:
            why = f"there is no {error.kind} in {error.version}"
            refused.append((_not_modelled(item, error.version, error.kind, why=why), error.error))
            continue
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
    if refused and not workloads:
        raise refused[0][1]
    if not workloads and not others:
        raise ManifestError(f"{name} holds no object", remedy="give a manifest with a Deployment or a ReplicaSet")
    return Manifest(
        source=name,
        workloads=tuple(workloads.values()),
        not_modelled=tuple(others),
        refused=tuple(each for each, _ in refused),
    )


class _NoSuchKindError(Exception):
    """An object of an API version that does not have its kind: kubectl says so, and applies the other objects of the file."""

    def __init__(self, version: str, kind: str, error: ManifestError) -> None:
        super().__init__(version, kind, error)
        self.version = version
        self.kind = kind
        self.error = error


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
            kind = _named(item, "kind")
            if kind.endswith("List") and items and isinstance(items.node, Sequence):
                waiting += reversed([_typed(each, item) for each in item.child("items").items()])
            else:
                yield item


def _named(item: Field, name: str) -> str:
    """A string of an object's, if it has it."""
    entry = item.node.entries.get(name) if isinstance(item.node, Map) else None
    value = entry.node.value if entry is not None and isinstance(entry.node, Scalar) else None
    return value if isinstance(value, str) else ""


def _typed(item: Field, of: Field) -> Field:
    """An item of a list: one without a kind and an API version has those that the list tells, as in `kubectl get --raw`."""
    node, kind = item.node, _named(of, "kind").removesuffix("List")
    if not isinstance(node, Map) or not kind or _named(item, "kind") or _named(item, "apiVersion"):
        return item
    own = of.node.entries if isinstance(of.node, Map) else {}
    where = own["kind"].key
    told = {"kind": Entry(where, Scalar(kind, kind, True, item.position))}
    told |= {"apiVersion": own["apiVersion"]} if "apiVersion" in own else {}
    return dataclasses.replace(item, node=dataclasses.replace(node, entries={**told, **node.entries}))


def _read_object(item: Field) -> Workload | NotModelled:
    if not _named(item, "kind"):
        _check_other_file(item)
    version = item.child("apiVersion").required(remedy="add apiVersion: apps/v1").string()
    kind = item.child("kind").required(remedy="add the kind, for example kind: Deployment").string()
    if kind not in _WORKLOADS:
        close = closest(kind, list(_WORKLOADS))
        if version == "apps/v1" and close:
            item.child("kind").fail(f'is "{kind}", which apps/v1 does not have', remedy=f"did you mean `{close}`?")
        return _not_modelled(item, version, kind)
    if version != "apps/v1":
        group = version.partition("/")[0]
        if "/" in version and "." in group:  # a custom resource that shares the name: custom groups have a dot
            return _not_modelled(item, version, kind)
        removed = group in ("extensions", "apps")
        try:
            item.child("apiVersion").fail(
                f'is "{version}", in which there is no {kind}' + (" since Kubernetes 1.16" if removed else ""),
                remedy="write apps/v1",
            )
        except ManifestError as error:
            raise _NoSuchKindError(version, kind, error) from error
    for name, _ in item.entries():
        if name.startswith("$"):
            item.fail(f"has {name}, so it is a part of an object, for kustomize", remedy=_KUSTOMIZE)
    found = _read_workload(item, Kind(kind))
    owner = _controller(item) if kind == Kind.REPLICA_SET else ""
    return _not_modelled(item, version, kind, why=f"which {owner} controls") if owner else found


_KUSTOMIZE: Final = "build it first: `kubectl kustomize DIR | kubecheck check -`"
_OF_KUSTOMIZE: Final = frozenset(
    "resources bases patches patchesStrategicMerge patchesJson6902 images replicas namePrefix nameSuffix commonLabels commonAnnotations "
    "configMapGenerator secretGenerator generatorOptions components transformers generators helmCharts replacements".split()
)


def _check_other_file(item: Field) -> None:
    """Say what a file is that has no kind: one of kustomize's or Helm's. Raises ManifestError if it is."""
    keys = {name for name, _ in item.entries()}
    if keys and keys <= _OF_KUSTOMIZE | {"apiVersion", "namespace", "labels"} and keys & _OF_KUSTOMIZE:
        item.fail("has no kind: it looks like a kustomization", remedy=_KUSTOMIZE)
    if {"apiVersion", "name", "version"} <= keys:
        item.fail("has no kind: it looks like Helm's Chart.yaml", remedy="render it first: `helm template DIR | kubecheck check -`")


def _controller(item: Field) -> str:
    """The owner of an object that controls it, or nothing."""
    for owner in item.child("metadata").child("ownerReferences").items():
        given = owner.decoded(schema.Type("meta.v1.OwnerReference")) or {}
        if given.get("controller"):
            return f"{given.get('kind')} {given.get('name')}"
    return ""


def _not_modelled(item: Field, version: str, kind: str, *, why: str = "") -> NotModelled:
    metadata = item.child("metadata")
    name = _named(metadata, "name") if isinstance(metadata.node, Map) else ""
    return NotModelled(api_version=version, kind=kind, name=name, position=item.child("kind").position, why=why)


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
    if problems := problems or [*_without_replica_set(kind, document), *_without_pods(document["spec"]["template"])]:
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


_HASH: Final = "pod-template-hash"
_LONGEST: Final = 253 - len("-4294967295")  # the hash of a template is a 32-bit number (pkg/util/hash, ComputeHash)


def _without_replica_set(kind: Kind, document: dict[str, Any]) -> Iterator[str]:
    """What the API server takes, and the controller cannot make a ReplicaSet of (pkg/controller/deployment/sync.go, getNewReplicaSet)."""
    if kind is not Kind.DEPLOYMENT:
        return
    selector = document["spec"]["selector"]
    cause = f"asks for {_HASH}, which the controller sets itself: the Deployment never owns the ReplicaSets that it creates"
    if _HASH in (selector.get("matchLabels") or {}):
        yield Problem("spec.selector.matchLabels", cause, "leave this label out of the selector and of the template", _HASH)
    for i, wanted in enumerate(selector.get("matchExpressions") or []):
        if wanted["key"] == _HASH and wanted["operator"] != "Exists":
            yield Problem(f"spec.selector.matchExpressions[{i}].key", cause, "leave this requirement out")
    if (length := len(document["metadata"]["name"])) > _LONGEST:
        cause = f"has {length} characters: with the hash of the template, the name of a ReplicaSet may be longer than 253"
        yield Problem("metadata.name", cause, f"at most {_LONGEST} characters leave room for it")


def _without_pods(template: dict[str, Any]) -> Iterator[str]:
    """Why the API server takes the template, but refuses every pod of it (pkg/apis/core/validation/validation.go, ValidatePodCreate)."""
    path, given = "spec.template.spec", template["spec"]
    pod = with_defaults("Pod", copy.deepcopy({"metadata": {}, "spec": given}))["spec"]
    found = pods.spec(pod, path, of_pod=True)
    for i, volume in enumerate(given.get("volumes") or []):
        if volume.get("image") is not None and not volume["image"].get("reference"):
            found += [Problem(f"{path}.volumes[{i}].image.reference", "is required of a pod", "name an image")]
    if given.get("nodeName") and given.get("schedulingGates"):
        remedy = "leave out nodeName or schedulingGates"
        found += [Problem(f"{path}.nodeName", "cannot be set until all schedulingGates have been cleared", remedy)]
    for each in found:
        assert isinstance(each, Problem), "the checks of pods give the path"
        remedy = each.remedy or "change the template: Kubernetes takes it, and would create no pod"
        yield Problem(each.path, f"{each.cause}: pods of this template are refused", remedy, each.key)


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
