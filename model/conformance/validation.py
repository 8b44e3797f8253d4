"""What the API server checks of an object: metadata of any kind, and the kinds' own fields, which have rules in files of their own.

Each function gives the problems as "path: cause"; an empty list is a valid object. Metadata after
staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go. That a PUT, a PATCH and a create are held to the same rules is the
registry's doing (store.py). A field without a rule is named by `without_rule`: nothing is said of an object that has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecheck.model.conformance import (
    checks,
    core_kinds,
    jobs,
    label_selectors,
    names,
    other_kinds,
    pods,
    schema,
    services,
    workloads,
)
from kubecheck.model.conformance.checks import Problems, problem
from kubecheck.model.conformance.schema import Type

Json = Any

_PATH_SEGMENT_NAMES: Final = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PodDisruptionBudget"}
_LABEL_NAMES: Final = {"Namespace", "StatefulSet", "Service"}
_BUILT_IN_FINALIZERS: Final = {"orphan", "foregroundDeletion", "kubernetes"}
# Kinds whose metadata is not validated by pkg/apis/core/validation, which wants a domain in the name of a finalizer.
_PLAIN_FINALIZERS: Final = {"Lease", "PodDisruptionBudget"}
_LONGEST_MANAGER: Final = 128
_LONGEST_SUBRESOURCE: Final = 256
_WORKLOADS: Final = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


# --- metadata


def metadata(kind: str, meta: dict[str, Json]) -> Problems:
    """ValidateObjectMeta: name, namespace, generation, labels, annotations, finalizers, owners, managed fields."""
    name = meta.get("name") or ""
    found: Problems = []
    if not name:
        found += problem("metadata.name", "is required", "give the object a name")
    elif kind in _PATH_SEGMENT_NAMES:
        found += [] if names.is_path_segment(name) else problem("metadata.name", f"is {checks.shown(name)}, which is no segment of a path")
    else:
        found += checks.label("metadata.name", name) if kind in _LABEL_NAMES else checks.subdomain("metadata.name", name)
    if meta.get("namespace"):
        found += checks.label("metadata.namespace", meta["namespace"])
    found += checks.not_negative("metadata.generation", meta.get("generation"))
    found += label_selectors.labels(meta.get("labels") or {}, "metadata.labels")
    found += label_selectors.annotation_problems(meta.get("annotations") or {}, "metadata.annotations")
    found += _finalizers(kind, meta.get("finalizers") or [])
    return found + owners(meta.get("ownerReferences") or []) + _managed(meta.get("managedFields") or [])


def _finalizers(kind: str, given: list[str]) -> Problems:
    found: Problems = []
    for i, finalizer in enumerate(given):
        here = f"metadata.finalizers[{i}]"
        found += checks.qualified(here, finalizer)
        if "/" not in finalizer and finalizer not in _BUILT_IN_FINALIZERS and kind not in _PLAIN_FINALIZERS:
            found += problem(here, f"is {checks.shown(finalizer)}, which needs a domain", "for example example.com/name")
    if "orphan" in given and "foregroundDeletion" in given:
        found += problem("metadata.finalizers", "may not have both orphan and foregroundDeletion")
    return found


def _managed(given: list[Json]) -> Problems:
    """ValidateManagedFields."""
    found: Problems = []
    for i, entry in enumerate(given):
        here, manager = f"metadata.managedFields[{i}]", entry.get("manager") or ""
        found += checks.supported(f"{here}.operation", entry.get("operation"), ("Apply", "Update"))
        found += checks.supported(f"{here}.fieldsType", entry.get("fieldsType"), ("FieldsV1",), empty=True)
        if len(manager.encode()) > _LONGEST_MANAGER or not all(c.isprintable() for c in manager):
            found += problem(f"{here}.manager", f"must have at most {_LONGEST_MANAGER} printable characters")
        if len((entry.get("subresource") or "").encode()) > _LONGEST_SUBRESOURCE:
            found += problem(f"{here}.subresource", f"must have at most {_LONGEST_SUBRESOURCE} characters")
    return found


def owners(references: list[Json]) -> Problems:
    """ValidateOwnerReferences: each complete, none an Event, at most one controller."""
    found: Problems = []
    for i, reference in enumerate(references):
        here = f"metadata.ownerReferences[{i}]"
        group, _, version = (reference.get("apiVersion") or "").rpartition("/")
        if not version or "/" in group:
            found += problem(f"{here}.apiVersion", "must be a group and a version", "for example apps/v1")
        for field in ("kind", "name", "uid"):
            found += checks.required(f"{here}.{field}", reference.get(field))
        if reference.get("kind") == "Event" and reference.get("apiVersion") in ("v1", "events.k8s.io/v1"):
            found += problem(here, "is an Event, which owns nothing")
    if sum(1 for r in references if r.get("controller")) > 1:
        found += problem("metadata.ownerReferences", "have more than one controller", "set controller: true for one of them")
    return found


# --- kinds


def problems(kind: str, part: str, new: Json, old: Json | None) -> Problems:
    """What is wrong with an object, created or updated through a part of it."""
    if part == "status" and old is not None:
        return _status(kind, new, old)
    if kind == "Pod" and old is not None and part == "ephemeralcontainers":
        return pods.spec(new["spec"], "spec", of_pod=True) + pods.ephemeral(new, old)
    if kind == "Pod" and old is not None and part == "resize":
        return pods.spec(new["spec"], "spec", of_pod=True) + pods.resize(new, old)
    found = _contents(kind, new, old)
    return found if found or old is None else _change(kind, new, old)


def _status(kind: str, new: Json, old: Json) -> Problems:
    if kind == "Pod":
        return pods.status(new, old)
    if kind in _WORKLOADS:
        return workloads.status(kind, new, old)
    if kind == "Job":
        return jobs.status(new, old)
    if kind == "Node":
        return core_kinds.node(new, old)
    if kind == "Service":
        return services.status(new)
    return other_kinds.status(kind, new)


def _contents(kind: str, new: Json, old: Json | None) -> Problems:
    creation = old is None
    if kind == "Pod":
        found = pods.spec(new.get("spec") or {}, "spec", of_pod=True)
        return found + (pods.creation(new) if creation else [])
    if kind in _WORKLOADS:
        return workloads.contents(kind, new, creation=creation)
    if kind == "ControllerRevision":
        return workloads.revision(new, old)
    if kind == "Job":
        return jobs.contents(new)
    if kind == "CronJob":
        return jobs.cron_job(new, creation=creation)
    if kind in ("ConfigMap", "Secret"):
        return core_kinds.data(kind, new)
    if kind == "Lease":
        return core_kinds.lease(new.get("spec") or {})
    if kind == "Node":
        return core_kinds.node(new, old)
    if kind == "Service":
        return services.contents(new)
    return other_kinds.contents(kind, new, creation=creation)


def _change(kind: str, new: Json, old: Json) -> Problems:
    if kind == "Pod":
        return pods.update(new, old)
    if kind in _WORKLOADS:
        return workloads.change(kind, new, old)
    if kind == "Job":
        return jobs.change(new, old)
    if kind in ("ConfigMap", "Secret"):
        return core_kinds.data_change(kind, new, old)
    if kind == "Service":
        return services.change(new, old)
    return other_kinds.change(kind, new, old)


# --- fields without rules

# Kinds whose contents have rules here.
_RULED: Final = other_kinds.KINDS | {
    "Pod", *_WORKLOADS, "ControllerRevision", "Job", "CronJob", "ConfigMap", "Secret", "ServiceAccount", "Lease", "Node", "Service",
}  # fmt: skip
# Of these types, the members that no rule looks at although upstream has one, or that an API server does more with than to check them.
_UNRULED: Final = {
    "core.v1.PodSpec": {"overhead", "resourceClaims", "resources", "schedulingGroup"},
    "core.v1.PodAffinityTerm": {"matchLabelKeys", "mismatchLabelKeys"},
    "core.v1.TopologySpreadConstraint": {"matchLabelKeys"},
    "core.v1.EnvVarSource": {"fileKeyRef"},
    "core.v1.ResourceRequirements": {"claims"},
    "core.v1.VolumeProjection": {"clusterTrustBundle", "podCertificate"},
    "core.v1.NodeSpec": {"configSource"},
    "core.v1.PersistentVolumeClaimSpec": {"dataSource", "dataSourceRef", "volumeAttributesClassName"},
    "core.v1.PersistentVolumeSpec": {"nodeAffinity", "volumeAttributesClassName"},
    "core.v1.ResourceQuotaSpec": {"scopeSelector", "scopes"},
    "batch.v1.JobSpec": {"podFailurePolicy", "successPolicy"},
    "batch.v1.JobStatus": {"failedIndexes", "uncountedTerminatedPods"},
    "batch.v1.CronJobSpec": {"timeZone"},
    "autoscaling.v2.HorizontalPodAutoscalerSpec": {"behavior"},
    "autoscaling.v2.MetricSpec": {"containerResource", "external", "object", "pods"},
    "networking.v1.IngressSpec": {"tls"},
    "node.v1.RuntimeClass": {"overhead", "scheduling"},
    "storage.v1.StorageClass": {"allowedTopologies"},
    "storage.v1.CSINodeDriver": {"topologyKeys"},
    "discovery.v1.Endpoint": {"deprecatedTopology", "hints"},
}  # fmt: skip
def without_rule(kind: str, part: str, new: Json, old: Json | None) -> str | None:
    """What of an object cannot be judged here: the kind, or a field that is new or changed; None if there is nothing."""
    if kind not in _RULED:
        return None if old is not None and _bare(new) == _bare(old) else kind
    for path in _unruled(schema.of_kind(kind), new, old or {}, ""):
        if path.startswith("status.") == (part == "status"):
            return f"{kind} with {path}"
    return None


def _bare(document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in ("metadata", "status")}


def _unruled(kind: Type, new: Json, old: Json, path: str) -> Iterator[str]:
    if new == old or not new:
        return
    if kind.members is not None and isinstance(new, dict):
        was = old if isinstance(old, dict) else {}
        for name, value in new.items():
            member = kind.member(name)
            if member is None or value == was.get(name):
                continue
            if name in _UNRULED.get(kind.name, ()):
                yield path + name
            else:
                yield from _unruled(member.type, value, was.get(name), f"{path}{name}.")
    elif kind.is_list and kind.element is not None and isinstance(new, list):
        was_list = old if isinstance(old, list) else []
        for i, value in enumerate(new):
            yield from _unruled(kind.element, value, was_list[i] if i < len(was_list) else None, path)
