"""What the API server adds to an object before anybody looks at it: the defaults of the kinds.

From pkg/apis/{core,apps,batch,autoscaling,networking,storage,scheduling,rbac}/…/defaults.go and zz_generated.defaults.go.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from kubecheck.model.conformance.quantities import in_thousandths

Json = Any
Fields = dict[str, Json]


def fill(target: Fields, **defaults: Json) -> None:
    """Gives members that are absent a value."""
    for name, value in defaults.items():
        if target.get(name) is None:
            target[name] = value


def _fill_empty(target: Fields, **defaults: Json) -> None:
    for name, value in defaults.items():
        if not target.get(name):
            target[name] = value


def with_defaults(kind: str, document: Json) -> Json:
    """A copy of the object, as decoded, with the defaults of its kind."""
    found = copy.deepcopy(document)
    default = _OF_KIND.get(kind)
    if default is not None:
        default(found)
    return found


def _spec(document: Fields) -> Fields:
    spec: Fields = document.setdefault("spec", {})
    return spec


def _pod(document: Fields) -> None:
    spec = _spec(document)
    _pod_spec(spec)
    fill(spec, enableServiceLinks=True)
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for name, amount in (container["resources"].get("limits") or {}).items():
            container["resources"].setdefault("requests", {}).setdefault(name, amount)
        if spec.get("hostNetwork"):
            for port in container.get("ports") or []:
                _fill_empty(port, hostPort=port.get("containerPort", 0))


def _template(spec: Fields) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    _pod_spec(template.setdefault("spec", {}))


def _replica_set(document: Fields) -> None:
    _template(_spec(document))
    fill(document["spec"], replicas=1)


def _deployment(document: Fields) -> None:
    spec = _spec(document)
    _template(spec)
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    _fill_empty(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        fill(spec["strategy"], rollingUpdate={})
        fill(spec["strategy"]["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")


def _stateful_set(document: Fields) -> None:
    spec = _spec(document)
    _template(spec)
    fill(spec, replicas=1, revisionHistoryLimit=10, updateStrategy={}, persistentVolumeClaimRetentionPolicy={})
    _fill_empty(spec, podManagementPolicy="OrderedReady")
    _fill_empty(spec["persistentVolumeClaimRetentionPolicy"], whenDeleted="Retain", whenScaled="Retain")
    strategy = spec["updateStrategy"]
    if not strategy.get("type"):
        fill(strategy, type="RollingUpdate", rollingUpdate={})
    if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        fill(strategy["rollingUpdate"], partition=0)
    for claim in spec.get("volumeClaimTemplates") or []:
        fill(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={})
        fill(_spec(claim), volumeMode="Filesystem")
        _fill_empty(claim["status"], phase="Pending")


def _daemon_set(document: Fields) -> None:
    spec = _spec(document)
    _template(spec)
    fill(spec, revisionHistoryLimit=10, updateStrategy={})
    _fill_empty(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        fill(spec["updateStrategy"], rollingUpdate={})
        fill(spec["updateStrategy"]["rollingUpdate"], maxUnavailable=1, maxSurge=0)


def _job(document: Fields) -> None:
    spec = _spec(document)
    _job_spec(spec)
    labels = (spec["template"].get("metadata") or {}).get("labels")
    meta = document.setdefault("metadata", {})
    if labels and not meta.get("labels"):
        meta["labels"] = dict(labels)


def _job_spec(spec: Fields) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    per_index = spec.get("backoffLimitPerIndex") is not None
    fill(
        spec,
        parallelism=1,
        backoffLimit=2**31 - 1 if per_index else 6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="Failed" if spec.get("podFailurePolicy") is not None else "TerminatingOrFailed",
        manualSelector=False,
    )
    _template(spec)


def _cron_job(document: Fields) -> None:
    spec = _spec(document)
    _fill_empty(spec, concurrencyPolicy="Allow")
    fill(spec, suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    _template(spec.setdefault("jobTemplate", {}).setdefault("spec", {}))


def _service(document: Fields) -> None:
    spec = _spec(document)
    _fill_empty(spec, sessionAffinity="None", type="ClusterIP")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        fill(spec, sessionAffinityConfig={})
        fill(spec["sessionAffinityConfig"], clientIP={})
        fill(spec["sessionAffinityConfig"]["clientIP"], timeoutSeconds=10800)
    for port in spec.get("ports") or []:
        _fill_empty(port, protocol="TCP", targetPort=port.get("port", 0))
    kind = spec["type"]
    external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if external:
        _fill_empty(spec, externalTrafficPolicy="Cluster")
    if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        fill(spec, internalTrafficPolicy="Cluster")
    if kind == "LoadBalancer":
        fill(spec, allocateLoadBalancerNodePorts=True)


def _namespace(document: Fields) -> None:
    meta = document.setdefault("metadata", {})
    meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta.get("name", "")}


def _volume(document: Fields) -> None:
    _fill_empty(_spec(document), persistentVolumeReclaimPolicy="Retain")
    fill(document["spec"], volumeMode="Filesystem")
    if "status" in document:
        _fill_empty(document["status"], phase="Pending")
    host_path = document["spec"].get("hostPath")
    if host_path is not None:
        fill(host_path, type="")


def _claim(document: Fields) -> None:
    fill(_spec(document), volumeMode="Filesystem")
    if "status" in document:
        _fill_empty(document["status"], phase="Pending")


def _node(document: Fields) -> None:
    status = document.get("status") or {}
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])


def _limit_range(document: Fields) -> None:
    for item in _spec(document).get("limits") or []:
        if item.get("type") == "Container":
            item["default"] = {**(item.get("max") or {}), **(item.get("default") or {})}
            item["defaultRequest"] = {
                **(item.get("min") or {}),
                **item["default"],
                **(item.get("defaultRequest") or {}),
            }


def _autoscaler(document: Fields) -> None:
    spec = _spec(document)
    fill(spec, minReplicas=1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
        pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
        up = behavior.setdefault("scaleUp", {})
        fill(up, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[pods, percent])
        fill(behavior.setdefault("scaleDown", {}), selectPolicy="Max", policies=[percent])


def _network_policy(document: Fields) -> None:
    spec = _spec(document)
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for rule in [*(spec.get("ingress") or []), *(spec.get("egress") or [])]:
        for port in rule.get("ports") or []:
            fill(port, protocol="TCP")


def _priority_class(document: Fields) -> None:
    fill(document, preemptionPolicy="PreemptLowerPriority")


def _storage_class(document: Fields) -> None:
    fill(document, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _slice(document: Fields) -> None:
    for port in document.get("ports") or []:
        fill(port, name="", protocol="TCP")


def _endpoints(document: Fields) -> None:
    for subset in document.get("subsets") or []:
        for port in subset.get("ports") or []:
            _fill_empty(port, protocol="TCP")


def _binding(document: Fields) -> None:
    """SetDefaults_RoleBinding and SetDefaults_Subject."""
    reference = document.get("roleRef")
    if isinstance(reference, dict):
        _fill_empty(reference, apiGroup="rbac.authorization.k8s.io")
    for subject in document.get("subjects") or []:
        if subject.get("kind") in ("User", "Group"):
            _fill_empty(subject, apiGroup="rbac.authorization.k8s.io")


def _secret(document: Fields) -> None:
    _fill_empty(document, type="Opaque")


_OF_KIND: Final[dict[str, Callable[[Fields], None]]] = {
    "Pod": _pod,
    "ReplicaSet": _replica_set,
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "Namespace": _namespace,
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim,
    "Node": _node,
    "LimitRange": _limit_range,
    "HorizontalPodAutoscaler": _autoscaler,
    "NetworkPolicy": _network_policy,
    "PriorityClass": _priority_class,
    "StorageClass": _storage_class,
    "EndpointSlice": _slice,
    "Endpoints": _endpoints,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "Secret": _secret,
}


# --- pods


def _pod_spec(spec: Fields) -> None:
    _fill_empty(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler")
    fill(spec, terminationGracePeriodSeconds=30, securityContext={})
    if spec["terminationGracePeriodSeconds"] < 0:  # pkg/registry/core/pod/strategy.go, and those of templates
        spec["terminationGracePeriodSeconds"] = 1
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:  # pkg/apis/core/v1/conversion.go
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for group in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(group) or []:
            _container(container)
    for volume in spec.get("volumes") or []:
        _pod_volume(volume)


# Members of volumes that have a default, by the type of volume.
_OF_VOLUME: Final[dict[str, Fields]] = {
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def _pod_volume(volume: Fields) -> None:
    if not any(value is not None for name, value in volume.items() if name != "name"):
        volume["emptyDir"] = {}
    for source in ("secret", "configMap", "projected", "downwardAPI"):
        if volume.get(source) is not None:
            fill(volume[source], defaultMode=0o644)
    for source in (volume.get("projected") or {}).get("sources") or []:
        if source.get("serviceAccountToken") is not None:
            fill(source["serviceAccountToken"], expirationSeconds=3600)
        for item in (source.get("downwardAPI") or {}).get("items") or []:
            if item.get("fieldRef") is not None:
                _fill_empty(item["fieldRef"], apiVersion="v1")
    for item in (volume.get("downwardAPI") or {}).get("items") or []:
        if item.get("fieldRef") is not None:
            _fill_empty(item["fieldRef"], apiVersion="v1")
    if volume.get("hostPath") is not None:
        fill(volume["hostPath"], type="")
    for source, members in _OF_VOLUME.items():
        if volume.get(source) is not None:
            _fill_empty(volume[source], **members)
    if volume.get("azureDisk") is not None:
        fill(volume["azureDisk"], cachingMode="ReadWrite", fsType="ext4", readOnly=False, kind="Shared")
    if volume.get("image") is not None:
        _fill_empty(volume["image"], pullPolicy=_pull_policy(volume["image"].get("reference") or ""))
    template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
    if template is not None:
        fill(_spec(template), volumeMode="Filesystem")


def _pull_policy(reference: str) -> str:
    """Always for the tag latest, which is the one of an image without tag and digest."""
    image = reference.rsplit("/", 1)[-1]
    latest = ":" not in image.split("@")[0] or image.endswith(":latest")
    return "Always" if latest and "@" not in image else "IfNotPresent"


def _container(container: Fields) -> None:
    _fill_empty(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_pull_policy(str(container.get("image") or "")),
    )
    fill(container, resources={})
    for amounts in ("limits", "requests"):
        given = container["resources"].get(amounts)
        if given:
            container["resources"][amounts] = {name: in_thousandths(amount) for name, amount in given.items()}
    for port in container.get("ports") or []:
        _fill_empty(port, protocol="TCP")
    for variable in container.get("env") or []:
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            _fill_empty(reference, apiVersion="v1")
        file = (variable.get("valueFrom") or {}).get("fileKeyRef")
        if file is not None:
            fill(file, optional=False)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe) is not None:
            _fill_empty(container[probe], timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            _http(container[probe])
    for hook in ("postStart", "preStop"):
        _http((container.get("lifecycle") or {}).get(hook) or {})


def _http(action: Fields) -> None:
    if action.get("httpGet") is not None:
        _fill_empty(action["httpGet"], path="/", scheme="HTTP")
    if action.get("grpc") is not None:
        fill(action["grpc"], service="")
