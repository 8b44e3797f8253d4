"""What the API server adds to an object before anybody looks at it: defaults of the modelled kinds, and mutating admission of pods.

From pkg/apis/core/v1/defaults.go, pkg/apis/apps/v1/defaults.go, plugin/pkg/admission/{serviceaccount,defaulttolerationseconds,priority}.
The name of the volume with the service account's token ends in random letters; it is kept without them, so that what a client read
and sends back is the same content.
"""

from __future__ import annotations

import copy
import re
from typing import Any, Final

Json = Any

_TOKEN_VOLUME: Final = re.compile(r"kube-api-access-[a-z0-9]{5}")
_NOT_READY: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"


def _fill(target: dict[str, Json], **defaults: Json) -> None:
    for name, value in defaults.items():
        if target.get(name) is None:
            target[name] = value


def with_defaults(kind: str, document: Json) -> Json:
    """A copy of the object with the defaults of its kind; kinds without a table are as they are, but for nulls."""
    found = _without_empty(copy.deepcopy(document), kind)
    if not isinstance(found.get("spec", {}), dict):
        return found
    if kind == "Pod":
        _pod_spec(found.setdefault("spec", {}))
    elif kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        _workload(kind, found.setdefault("spec", {}))
    elif kind == "Namespace":
        meta = found.setdefault("metadata", {})
        meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta.get("name", "")}
    elif kind == "PriorityClass":
        _fill(found, preemptionPolicy="PreemptLowerPriority")
    elif kind == "Job":
        _job(found.setdefault("spec", {}))
    elif kind == "EndpointSlice":
        for port in found.get("ports") or []:
            _fill(port, name="", protocol="TCP")
    elif kind == "Endpoints":
        for subset in found.get("subsets") or []:
            for port in subset.get("ports") or []:
                _fill(port, protocol="TCP")
    elif kind in ("RoleBinding", "ClusterRoleBinding"):
        for subject in found.get("subjects") or []:
            if subject.get("kind") in ("User", "Group"):
                _fill(subject, apiGroup="rbac.authorization.k8s.io")
    elif kind == "Secret":
        _fill(found, type="Opaque")
        for name, value in (found.pop("stringData", None) or {}).items():
            found.setdefault("data", {})[name] = {"stringData": value}
    return found


# Members that are left out of JSON when they have their Go zero value (omitempty on something that is no pointer).
_OMITTED_ZERO: Final = {
    "availableReplicas", "effect", "fullyLabeledReplicas", "hostIP", "hostIPC", "hostNetwork", "hostPID", "hostname", "message",
    "minReadySeconds", "nodeName", "nominatedNodeName", "observedGeneration", "operator", "paused", "phase", "podCIDR", "podIP",
    "priorityClassName", "providerID", "qosClass", "readOnly", "readyReplicas", "reason", "serviceAccount", "serviceAccountName",
    "stdin", "stdinOnce", "subPath", "subdomain", "tty", "unavailableReplicas", "unschedulable", "updatedReplicas", "value",
    "workingDir",
}  # fmt: skip
_OMITTED_EMPTY: Final = {
    "annotations", "binaryData", "data", "labels", "limits", "matchLabels", "nodeSelector", "requests", "stringData",
}  # fmt: skip


def _without_empty(value: Json, name: str = "") -> Json:
    """Without nulls, empty lists, and what Go leaves out as empty; `name` is the member that the value is of, the kind at the root."""
    if isinstance(value, list):
        return [_without_empty(v) for v in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, child in value.items():
        omitted = key in _OMITTED_ZERO or (key == "replicas" and name == "DeploymentStatus")
        if child is None or (omitted and child in (0, "", False)) or child == []:
            continue
        if key in _OMITTED_EMPTY and isinstance(child, dict):
            if child:
                kept[key] = {k: "" if v is None else v for k, v in child.items()}
            continue
        inner = f"{name}Status" if key == "status" else "containers" if key == "containers" else ""
        kept[key] = _without_empty(child, inner)
    return kept


def _workload(kind: str, spec: dict[str, Json]) -> None:
    template = spec.setdefault("template", {})
    if not isinstance(template, dict):
        return
    template.setdefault("metadata", {})
    _pod_spec(template.setdefault("spec", {}))
    if kind != "DaemonSet":
        _fill(spec, replicas=1)
    if kind == "Deployment":
        _fill(spec, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
        _fill(spec["strategy"], type="RollingUpdate")
        if spec["strategy"]["type"] == "RollingUpdate":
            _fill(spec["strategy"], rollingUpdate={})
            _fill(spec["strategy"]["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    elif kind == "StatefulSet":
        _fill(
            spec,
            podManagementPolicy="OrderedReady",
            revisionHistoryLimit=10,
            updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
        )
    elif kind == "DaemonSet":
        _fill(
            spec,
            revisionHistoryLimit=10,
            updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        )


def _job(spec: dict[str, Json]) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    _pod_spec(template.setdefault("spec", {}))
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    _fill(
        spec,
        parallelism=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="TerminatingOrFailed",
    )


def _pod_spec(spec: dict[str, Json]) -> None:
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if isinstance(spec["terminationGracePeriodSeconds"], int) and spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    if "serviceAccountName" in spec or "serviceAccount" in spec:
        spec["serviceAccountName"] = spec.get("serviceAccountName") or spec["serviceAccount"]
        spec["serviceAccount"] = spec["serviceAccountName"]
    for group in ("containers", "initContainers"):
        for container in spec.get(group) or []:
            if isinstance(container, dict):
                _container(container)
    for volume in spec.get("volumes") or []:
        for source in ("secret", "configMap", "projected", "downwardAPI"):
            if isinstance(volume.get(source), dict):
                _fill(volume[source], defaultMode=420)
        if _TOKEN_VOLUME.fullmatch(volume.get("name", "")):
            volume["name"] = "kube-api-access"


def _container(container: dict[str, Json]) -> None:
    image = str(container.get("image", "")).rsplit("/", 1)[-1]
    latest = ":" not in image or image.endswith(":latest")
    _fill(
        container,
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy="Always" if latest and "@" not in image else "IfNotPresent",
    )
    limits = container["resources"].get("limits")
    if limits:
        requests = container["resources"].setdefault("requests", {})
        _fill(requests, **limits)
    for port in container.get("ports") or []:
        _fill(port, protocol="TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(container.get(probe), dict):
            _fill(container[probe], timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    for mount in container.get("volumeMounts") or []:
        if _TOKEN_VOLUME.fullmatch(mount.get("name", "")):
            mount["name"] = "kube-api-access"


# --- mutating admission of pods


def admitted_pod(pod: Json, *, creation: bool) -> Json:
    """ServiceAccount and Priority for a creation, DefaultTolerationSeconds for a creation and an update."""
    spec = pod["spec"]
    if creation:
        _service_account(spec)
        _fill(spec, priority=0, preemptionPolicy="PreemptLowerPriority", enableServiceLinks=True)
    tolerations = list(spec.get("tolerations") or [])
    for key in _NOT_READY:
        if not any(t.get("key", key) == key and t.get("effect", "NoExecute") in ("NoExecute", "") for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec["tolerations"] = tolerations
    return pod


def _service_account(spec: dict[str, Json]) -> None:
    _fill(spec, serviceAccountName="default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    if spec.get("automountServiceAccountToken") is False:
        return
    if not any(v.get("name") == "kube-api-access" for v in spec.get("volumes") or []):
        spec.setdefault("volumes", []).append(
            {"name": "kube-api-access", "projected": {"sources": _sources(), "defaultMode": 420}}
        )
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or []:
            mounts = container.setdefault("volumeMounts", [])
            if not any(m.get("mountPath") == _TOKEN_PATH for m in mounts):
                mounts.append({"name": "kube-api-access", "readOnly": True, "mountPath": _TOKEN_PATH})


def _sources() -> list[Json]:
    """What the token volume is made of, in the build that was recorded, which adds the certificate of its own service CA."""
    return [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
        {
            "configMap": {
                "name": "openshift-service-ca.crt",
                "items": [{"key": "service-ca.crt", "path": "service-ca.crt"}],
            }
        },
    ]
