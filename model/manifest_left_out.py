"""What a workload's manifest says that can change what happens and that the model leaves out, each with what that may hide.

Of the object with its defaults, so that a field that has its default is not named, nor one that is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

Json = Any

_AVAILABLE: Final = "a pod is available as soon as it is ready"
_HISTORY: Final = "old ReplicaSets are kept"
_DEADLINE: Final = "nothing is said about rollouts that take too long"
_OWNERS: Final = "its owner is not there, to change it or to be deleted with it"
_UPDATED: Final = "the object is there already, and is updated: creating one that has a resourceVersion is refused"
_FINALIZERS: Final = "deleting it waits for nobody"
_FITS: Final = "every node takes a pod as long as it has room: a pod that fits no node, or is preempted, is not seen"
_EXISTS: Final = "what a pod needs is there: one that waits for a missing object is not seen"
_STARTS: Final = "containers start at once or later, and none fails or holds up another"
_READY: Final = "a pod may become ready at any time, and stays so"
_ENDS: Final = "a pod that is deleted may end at any time"
_ADMITTED: Final = "no admission and no kubelet refuses the pod"
_PULLED: Final = "every image is pulled"
_PORTS: Final = "processes on the network of a node do not take ports from each other"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field that is not modelled, by its path, and what is presumed instead."""

    path: str
    presumed: str

    def __str__(self) -> str:
        return f"{self.path}: {self.presumed}"


# Fields of a pod, with what is presumed.
_POD: Final = {
    **dict.fromkeys(
        ("nodeSelector", "nodeName", "affinity", "schedulerName", "tolerations", "priorityClassName", "priority", "preemptionPolicy",
         "overhead", "topologySpreadConstraints", "schedulingGates", "resourceClaims", "resources", "schedulingGroup", "runtimeClassName"),
        _FITS,
    ),
    **dict.fromkeys(("securityContext", "os", "hostUsers", "hostPID", "hostIPC"), _ADMITTED),
    "serviceAccountName": _EXISTS,
    "imagePullSecrets": _PULLED,
    "readinessGates": _READY,
    "initContainers": _STARTS,
    "terminationGracePeriodSeconds": _ENDS,
}  # fmt: skip
_POD_DEFAULTS: Final = {
    "schedulerName": "default-scheduler",
    "preemptionPolicy": "PreemptLowerPriority",
    "terminationGracePeriodSeconds": 30,
    "serviceAccountName": "default",
}
_CONTAINER: Final = {
    "resources": _FITS,
    "livenessProbe": _STARTS,
    "startupProbe": _READY,
    "readinessProbe": _READY,
    "restartPolicy": _STARTS,
    "lifecycle": _ENDS,
    "securityContext": _ADMITTED,
}
# Sources of a projected volume that may be missing, and volumes that never are.
_PROJECTED: Final = ("secret", "configMap", "clusterTrustBundle", "podCertificate")
_OF_NODE: Final = ("emptyDir", "downwardAPI", "gitRepo")


def left_out(document: Json, *, host_network: bool) -> tuple[LeftOut, ...]:
    """What of a workload, with its defaults, is not modelled. `host_network`: named here, as no port makes it a matter of room."""
    return tuple(LeftOut(path, presumed) for path, presumed in _fields(document, host_network=host_network))


def _fields(document: Json, *, host_network: bool) -> Iterator[tuple[str, str]]:
    metadata, spec = document.get("metadata") or {}, document.get("spec") or {}
    if metadata.get("resourceVersion"):
        yield "metadata.resourceVersion", _UPDATED
    if metadata.get("ownerReferences"):
        yield "metadata.ownerReferences", _OWNERS
    if metadata.get("finalizers"):
        yield "metadata.finalizers", _FINALIZERS
    if spec.get("minReadySeconds"):
        yield "spec.minReadySeconds", _AVAILABLE
    if spec.get("revisionHistoryLimit", 10) != 10:
        yield "spec.revisionHistoryLimit", _HISTORY
    if spec.get("progressDeadlineSeconds", 600) != 600:
        yield "spec.progressDeadlineSeconds", _DEADLINE
    template = spec.get("template") or {}
    if (template.get("metadata") or {}).get("finalizers"):
        yield "spec.template.metadata.finalizers", _ENDS
    yield from _pod(template.get("spec") or {}, "spec.template.spec", host_network=host_network)


def _pod(pod: Json, path: str, *, host_network: bool) -> Iterator[tuple[str, str]]:
    for name, presumed in _POD.items():
        if _says(pod.get(name)) and pod[name] != _POD_DEFAULTS.get(name):
            yield f"{path}.{name}", presumed
    if host_network:
        yield f"{path}.hostNetwork", _PORTS
    for i, volume in enumerate(pod.get("volumes") or []):
        for source in volume:
            if source != "name" and source not in _OF_NODE and _needed(source, volume[source]):
                yield f"{path}.volumes[{i}].{source}", _EXISTS
    for i, container in enumerate(pod.get("containers") or []):
        here = f"{path}.containers[{i}]"
        for name, presumed in _CONTAINER.items():
            if _says(container.get(name)):
                yield f"{here}.{name}", presumed
        if container.get("imagePullPolicy") == "Never":
            yield f"{here}.imagePullPolicy", _PULLED
        yield from ((at, _EXISTS) for at in _references(container, here))


def _references(container: Json, path: str) -> Iterator[str]:
    """Environment variables that come from objects that must be there."""
    for i, source in enumerate(container.get("envFrom") or []):
        if any(source.get(name) is not None and not source[name].get("optional") for name in ("configMapRef", "secretRef")):
            yield f"{path}.envFrom[{i}]"
    for i, variable in enumerate(container.get("env") or []):
        given = variable.get("valueFrom") or {}
        for name in ("configMapKeyRef", "secretKeyRef"):
            if given.get(name) is not None and not given[name].get("optional"):
                yield f"{path}.env[{i}].valueFrom.{name}"


def _needed(source: str, given: Json) -> bool:
    """Whether a volume needs an object, or a path of the node, that may be missing."""
    if source == "hostPath":
        return bool(given.get("type")) and not given["type"].endswith("OrCreate")
    if source == "projected":
        objects = [one.get(name) for one in given.get("sources") or [] for name in _PROJECTED]
        return any(one is not None and not one.get("optional") for one in objects)
    return not given.get("optional")


def _says(value: Json) -> bool:
    """Whether a value is neither absent nor empty, all through. Numbers and truth values say something."""
    if isinstance(value, dict):
        return any(_says(child) for child in value.values())
    if isinstance(value, list):
        return bool(value)
    return value is not None and value != ""


def grouped(fields: Iterable[LeftOut]) -> dict[str, list[str]]:
    """The paths by what is presumed, in the order in which they were found."""
    found: dict[str, list[str]] = {}
    for field in fields:
        found.setdefault(field.presumed, []).append(field.path)
    return found
