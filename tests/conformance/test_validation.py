"""What the API server refuses to create, with the function upstream that decides.

CORE is pkg/apis/core/validation/validation.go, APPS pkg/apis/apps/validation/validation.go, BATCH pkg/apis/batch/validation/validation.go.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from kubecheck.model.conformance.contents import NotModelled
from tests.conformance.probes import (
    ACCOUNT,
    CLAIMS,
    CLASSES,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    MAPS,
    NODES,
    NS,
    PODS,
    PRIORITIES,
    QUOTAS,
    RANGES,
    REPLICA_SETS,
    REVISIONS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    VOLUME,
    answer,
    call,
    claim,
    config_map,
    container,
    job,
    meta,
    node,
    patch,
    pod,
    post,
    put,
    secret,
    service,
    sized,
    workload,
)

Json = Any


def created(path: str, body: Json) -> str:
    """The answer to a creation."""
    return answer([ACCOUNT] if path == PODS else [], post(path, body)).code


def quota(hard: Json) -> Json:
    return {"metadata": meta(), "spec": {"hard": hard}}


def limit_range(*limits: Json) -> Json:
    return {"metadata": meta(), "spec": {"limits": list(limits)}}


def rolling(kind: str, **bounds: Json) -> Json:
    name = "strategy" if kind == "Deployment" else "updateStrategy"
    return workload(kind, **{name: {"type": "RollingUpdate", "rollingUpdate": bounds}})


def to_nodes(operator: str, *values: str) -> Json:
    expression = {"key": "k", "operator": operator, "values": list(values)}
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}


def spread(**more: Json) -> Json:
    return {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", **more}


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
INVALID = "422 Invalid"

CREATIONS: dict[str, tuple[str, Json, str]] = {
    # CORE ValidateConfigMap, IsConfigMapKey; base64 is a matter of decoding
    "config map over 1 MiB": (MAPS, config_map({"k": "x" * (2**20 + 1)}), INVALID),
    "config map of 1 MiB": (MAPS, config_map({"k": "x" * 2**20}), "201"),
    "key with a blank": (MAPS, config_map({"a b": "x"}), INVALID),
    "key ..x": (MAPS, config_map({"..x": "x"}), INVALID),
    "key in data and binaryData": (MAPS, {**config_map(), "binaryData": {"k": "eA=="}}, INVALID),
    "binaryData that is no base64": (MAPS, {**config_map(), "binaryData": {"b": "@@"}}, "400 BadRequest"),
    # CORE ValidateSecret
    "tls secret without its key": (SECRETS, secret("kubernetes.io/tls", {"tls.crt": "eA=="}), INVALID),
    "tls secret": (SECRETS, secret("kubernetes.io/tls", {"tls.crt": "eA==", "tls.key": "eA=="}), "201"),
    "basic auth without anything": (SECRETS, secret("kubernetes.io/basic-auth"), INVALID),
    "docker config that is no JSON": (
        SECRETS,
        secret("kubernetes.io/dockerconfigjson", {".dockerconfigjson": "eA=="}),
        INVALID,
    ),
    "token without an account": (SECRETS, secret("kubernetes.io/service-account-token"), INVALID),
    "secret of a type of one's own": (SECRETS, secret("example.com/t", {"x": "eA=="}), "201"),
    # CORE ValidatePodSpec, validateContainerCommon
    "mount without a volume": (PODS, pod(of={"volumeMounts": [{"name": "v", "mountPath": "/x"}]}), INVALID),
    "mount of a volume": (PODS, pod(of={"volumeMounts": [{"name": "v", "mountPath": "/x"}]}, volumes=[VOLUME]), "201"),
    "two mounts at one path": (
        PODS,
        pod(of={"volumeMounts": [{"name": "v", "mountPath": "/x"}] * 2}, volumes=[VOLUME]),
        INVALID,
    ),
    "sub path upwards": (
        PODS,
        pod(of={"volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "../y"}]}, volumes=[VOLUME]),
        INVALID,
    ),
    "volume with two sources": (PODS, pod(volumes=[{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]), INVALID),
    "volume without a source is an emptyDir": (PODS, pod(volumes=[{"name": "v"}]), "201"),
    "secret volume without a name": (PODS, pod(volumes=[{"name": "v", "secret": {}}]), INVALID),
    "volume name that is no label": (PODS, pod(volumes=[{"name": "V", "emptyDir": {}}]), INVALID),
    "port 70000": (PODS, pod(of={"ports": [{"containerPort": 70000}]}), INVALID),
    "port without a number": (PODS, pod(of={"ports": [{"name": "http"}]}), INVALID),
    "port name too long": (PODS, pod(of={"ports": [{"name": "a" * 16, "containerPort": 80}]}), INVALID),
    "port name of digits": (PODS, pod(of={"ports": [{"name": "80", "containerPort": 80}]}), INVALID),
    "one host port twice": (
        PODS,
        pod(of={"ports": [{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]}),
        INVALID,
    ),
    "host network with another host port": (
        PODS,
        pod(of={"ports": [{"containerPort": 1, "hostPort": 9}]}, hostNetwork=True),
        INVALID,
    ),
    "host network gives host ports": (PODS, pod(of={"ports": [{"containerPort": 1}]}, hostNetwork=True), "201"),
    "variable without a name": (PODS, pod(of={"env": [{"value": "1"}]}), INVALID),
    "variable with an equals sign": (PODS, pod(of={"env": [{"name": "a=b"}]}), INVALID),
    "variable with a blank": (PODS, pod(of={"env": [{"name": "a b"}]}), "201"),
    "variable with a value and a source": (
        PODS,
        pod(of={"env": [{"name": "a", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
        INVALID,
    ),
    "variable from no such field": (
        PODS,
        pod(of={"env": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]}),
        INVALID,
    ),
    "image with a blank, in a pod": (PODS, pod(of={"image": " i"}), INVALID),
    "image with a blank, in a template": (
        DEPLOYMENTS,
        workload(pod_spec={"containers": [container(image=" i")]}),
        "201",
    ),
    "probe without a handler": (PODS, pod(of={"livenessProbe": {}}), INVALID),
    "liveness probe with two successes": (
        PODS,
        pod(of={"livenessProbe": {"exec": {"command": ["x"]}, "successThreshold": 2}}),
        INVALID,
    ),
    "readiness probe with two successes": (
        PODS,
        pod(of={"readinessProbe": {"exec": {"command": ["x"]}, "successThreshold": 2}}),
        "201",
    ),
    "probe of an init container": (
        PODS,
        pod(initContainers=[container(name="i", readinessProbe={"exec": {"command": ["x"]}})]),
        INVALID,
    ),
    "probe of a sidecar": (
        PODS,
        pod(initContainers=[container(name="i", restartPolicy="Always", readinessProbe={"exec": {"command": ["x"]}})]),
        "201",
    ),
    "privileged without escalation": (
        PODS,
        pod(of={"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}}),
        INVALID,
    ),
    "user -1": (PODS, pod(securityContext={"runAsUser": -1}), INVALID),
    "gated and bound": (PODS, pod(nodeName="n", schedulingGates=[{"name": "a.io/g"}]), INVALID),
    "gate twice": (PODS, pod(schedulingGates=[{"name": "a.io/g"}] * 2), INVALID),
    "ephemeral container in a creation": (PODS, pod(ephemeralContainers=[container(name="e")]), INVALID),
    "deadline 0": (PODS, pod(activeDeadlineSeconds=0), INVALID),
    "no name server": (PODS, pod(dnsPolicy="None"), INVALID),
    "shared processes with the host's": (PODS, pod(shareProcessNamespace=True, hostPID=True), INVALID),
    "toleration of everything": (PODS, pod(tolerations=[{"operator": "Exists"}]), "201"),
    "toleration without a key": (PODS, pod(tolerations=[{"operator": "Equal"}]), INVALID),
    "toleration that is no effect": (PODS, pod(tolerations=[{"key": "k", "effect": "Never"}]), INVALID),
    "toleration for a time, but not NoExecute": (
        PODS,
        pod(tolerations=[{"key": "k", "operator": "Exists", "tolerationSeconds": 1}]),
        INVALID,
    ),
    "no such resource": (PODS, sized(requests={"gold": "1"}), INVALID),
    "half a device": (PODS, sized(limits={"example.com/gpu": "500m"}), INVALID),
    "devices requested without a limit": (PODS, sized(requests={"example.com/gpu": "1"}), INVALID),
    "huge pages alone": (PODS, sized(limits={"hugepages-2Mi": "4Mi"}), INVALID),
    "init container of the same name": (PODS, pod(initContainers=[container()]), INVALID),
    # CORE validateAffinity, validateTopologySpreadConstraints, ValidateHostAliases, validatePodDNSConfig
    "affinity to nodes without terms": (
        PODS,
        pod(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}}),
        INVALID,
    ),
    "affinity to nodes with more than a number": (PODS, pod(affinity=to_nodes("Gt", "3")), "201"),
    "affinity to nodes with more than two numbers": (PODS, pod(affinity=to_nodes("Gt", "3", "4")), INVALID),
    "affinity to nodes with a label's value": (PODS, pod(affinity=to_nodes("Exists", "x")), INVALID),
    "preference without a weight": (PODS, pod(affinity={"nodeAffinity": {PREFERRED: [{"preference": {}}]}}), INVALID),
    "affinity to pods anywhere": (PODS, pod(affinity={"podAffinity": {REQUIRED: [{"labelSelector": {}}]}}), INVALID),
    "affinity to pods on a node": (PODS, pod(affinity={"podAffinity": {REQUIRED: [{"topologyKey": "h"}]}}), "201"),
    "skew 0": (PODS, pod(topologySpreadConstraints=[spread(maxSkew=0)]), INVALID),
    "spread": (PODS, pod(topologySpreadConstraints=[spread()]), "201"),
    "spread twice": (PODS, pod(topologySpreadConstraints=[spread(), spread(maxSkew=2)]), INVALID),
    "soft spread over two domains": (
        PODS,
        pod(topologySpreadConstraints=[spread(whenUnsatisfiable="ScheduleAnyway", minDomains=2)]),
        INVALID,
    ),
    "alias of no address": (PODS, pod(hostAliases=[{"ip": "x", "hostnames": ["a"]}]), INVALID),
    "four name servers": (PODS, pod(dnsConfig={"nameservers": ["10.0.0.1"] * 4}), INVALID),
    # CORE ValidateNode
    "taint twice": (NODES, node(taints=[{"key": "k", "effect": "NoSchedule"}] * 2), INVALID),
    "taint with two effects": (
        NODES,
        node(taints=[{"key": "k", "effect": "NoSchedule"}, {"key": "k", "effect": "NoExecute"}]),
        "201",
    ),
    "taint without an effect": (NODES, node(taints=[{"key": "k"}]), INVALID),
    "podCIDR that is none": (NODES, node(podCIDR="10.0.0.0"), INVALID),
    # APPS ValidateDeploymentSpec, ValidateReplicaSetSpec, ValidateStatefulSetSpec, ValidateDaemonSetSpec
    "empty selector": (DEPLOYMENTS, workload(selector={}), INVALID),
    "selector with an unknown operator": (
        REPLICA_SETS,
        workload("ReplicaSet", selector={"matchExpressions": [{"key": "app", "operator": "Is"}]}),
        INVALID,
    ),
    "selector In without values": (
        REPLICA_SETS,
        workload("ReplicaSet", selector={"matchExpressions": [{"key": "app", "operator": "In"}]}),
        INVALID,
    ),
    "surge that is no percentage": (DEPLOYMENTS, rolling("Deployment", maxSurge="a lot"), INVALID),
    "surge 150%": (DEPLOYMENTS, rolling("Deployment", maxSurge="150%"), "201"),
    "unavailable 101%": (DEPLOYMENTS, rolling("Deployment", maxUnavailable="101%"), INVALID),
    "neither surge nor unavailable": (DEPLOYMENTS, rolling("Deployment", maxSurge=0, maxUnavailable="0%"), INVALID),
    "daemon set that selects nothing": (DAEMON_SETS, workload("DaemonSet", selector=None), INVALID),
    "daemon set with both": (DAEMON_SETS, rolling("DaemonSet", maxSurge=1, maxUnavailable=1), INVALID),
    "daemon set with surge": (DAEMON_SETS, rolling("DaemonSet", maxSurge=1, maxUnavailable=0), "201"),
    "daemon set with neither": (DAEMON_SETS, rolling("DaemonSet", maxSurge=0, maxUnavailable=0), INVALID),
    "progress deadline up to minReadySeconds": (
        DEPLOYMENTS,
        workload(progressDeadlineSeconds=5, minReadySeconds=5),
        INVALID,
    ),
    "negative history": (DEPLOYMENTS, workload(revisionHistoryLimit=-1), INVALID),
    "template with a deadline": (DEPLOYMENTS, workload(pod_spec={"activeDeadlineSeconds": 5}), INVALID),
    "template with an ephemeral container": (
        DEPLOYMENTS,
        workload(pod_spec={"ephemeralContainers": [container(name="e")]}),
        INVALID,
    ),
    "stateful set of a name with a dot": (STATEFUL_SETS, workload("StatefulSet", metadata={"name": "a.b"}), INVALID),
    "deployment of a name with a dot": (DEPLOYMENTS, workload(metadata={"name": "a.b"}), "201"),
    "stateful set with another policy": (STATEFUL_SETS, workload("StatefulSet", podManagementPolicy="Chaos"), INVALID),
    "stateful set OnDelete with a partition": (
        STATEFUL_SETS,
        workload("StatefulSet", updateStrategy={"type": "OnDelete", "rollingUpdate": {"partition": 1}}),
        INVALID,
    ),
    "stateful set with a service that is no label": (
        STATEFUL_SETS,
        workload("StatefulSet", serviceName="a.b"),
        INVALID,
    ),
    "stateful set that mounts its claim": (
        STATEFUL_SETS,
        workload(
            "StatefulSet",
            pod_spec={"containers": [container(volumeMounts=[{"name": "d", "mountPath": "/d"}])]},
            volumeClaimTemplates=[{"metadata": {"name": "d"}, "spec": claim()["spec"]}],
        ),
        "201",
    ),
    "revision of data that is no object": (REVISIONS, {"metadata": meta(), "revision": 1, "data": 7}, INVALID),
    "revision -1": (REVISIONS, {"metadata": meta(), "revision": -1, "data": {"a": 1}}, INVALID),
    # BATCH validateJobSpec, validateGeneratedSelector
    "job that always restarts": (JOBS, job(pod_spec={"restartPolicy": "Always"}), INVALID),
    "job with negative parallelism": (JOBS, job(parallelism=-1), INVALID),
    "job of another mode": (JOBS, job(completionMode="Random"), INVALID),
    "indexed job": (JOBS, job(completionMode="Indexed", completions=2), "201"),
    "limit per index without indexes": (JOBS, job(backoffLimitPerIndex=1), INVALID),
    "failed indexes without a limit": (JOBS, job(completionMode="Indexed", completions=2, maxFailedIndexes=1), INVALID),
    "job managed by nobody in particular": (JOBS, job(managedBy="me"), INVALID),
    "job with a selector of its own": (JOBS, job(selector={"matchLabels": {"app": "a"}}, manualSelector=True), "201"),
    "job with a selector that does not select": (
        JOBS,
        job(selector={"matchLabels": {"app": "b"}}, manualSelector=True),
        INVALID,
    ),
    # BATCH validateCronJobSpec
    "schedule of four fields": (
        CRON_JOBS,
        {"metadata": meta(), "spec": {"schedule": "* * * *", "jobTemplate": {"spec": job()["spec"]}}},
        INVALID,
    ),
    "schedule with a time zone": (
        CRON_JOBS,
        {"metadata": meta(), "spec": {"schedule": "TZ=UTC * * * * *", "jobTemplate": {"spec": job()["spec"]}}},
        INVALID,
    ),
    "cron job of 53 characters": (
        CRON_JOBS,
        {"metadata": meta("a" * 53), "spec": {"schedule": "@daily", "jobTemplate": {"spec": job()["spec"]}}},
        INVALID,
    ),
    # CORE ValidateServiceCreate
    "service without ports": (SERVICES, service(ports=None), INVALID),
    "service of both families": (SERVICES, service(ipFamilyPolicy="RequireDualStack"), INVALID),
    "service of both families if there are": (SERVICES, service(ipFamilyPolicy="PreferDualStack"), "201"),
    "service of IPv6": (SERVICES, service(ipFamilies=["IPv6"]), INVALID),
    "check port of an internal service": (SERVICES, service(healthCheckNodePort=30000), INVALID),
    "headless service without ports": (SERVICES, service(ports=None, clusterIP="None"), "201"),
    "service of two unnamed ports": (SERVICES, service(ports=[{"port": 1}, {"port": 2}]), INVALID),
    "service of one port twice": (
        SERVICES,
        service(ports=[{"name": "a", "port": 1}, {"name": "b", "port": 1}]),
        INVALID,
    ),
    "service of one number for two protocols": (
        SERVICES,
        service(ports=[{"name": "a", "port": 1}, {"name": "b", "port": 1, "protocol": "UDP"}]),
        "201",
    ),
    "node port of a ClusterIP service": (SERVICES, service(ports=[{"port": 1, "nodePort": 30001}]), INVALID),
    "node port out of range": (SERVICES, service(type="NodePort", ports=[{"port": 1, "nodePort": 80}]), INVALID),
    "headless NodePort service": (SERVICES, service(type="NodePort", clusterIP="None"), INVALID),
    "external name": (SERVICES, service(type="ExternalName", externalName="example.com", ports=None), "201"),
    "external name without a name": (SERVICES, service(type="ExternalName"), INVALID),
    "address out of range": (SERVICES, service(clusterIP="192.168.0.1"), INVALID),
    "address that is none": (SERVICES, service(clusterIP="x"), INVALID),
    "traffic policy of an internal service": (SERVICES, service(externalTrafficPolicy="Local"), INVALID),
    "another affinity": (SERVICES, service(sessionAffinity="Cookie"), INVALID),
    "loopback as an external address": (SERVICES, service(externalIPs=["127.0.0.1"]), INVALID),
    "name that begins with a digit": (SERVICES, {**service(), "metadata": meta("1a")}, "201"),
    "name with a dot": (SERVICES, {**service(), "metadata": meta("a.b")}, INVALID),
    # CORE ValidatePersistentVolumeClaim, ValidateLimitRange, ValidateResourceQuotaSpec
    "claim without a size": (CLAIMS, claim(resources={}), INVALID),
    "claim of nothing": (CLAIMS, claim(resources={"requests": {"storage": "0"}}), INVALID),
    "claim without access modes": (CLAIMS, claim(accessModes=[]), INVALID),
    "claim once per pod and many": (CLAIMS, claim(accessModes=["ReadWriteOncePod", "ReadWriteMany"]), INVALID),
    "quota of pods in halves": (QUOTAS, quota({"pods": "500m"}), INVALID),
    "quota of gold": (QUOTAS, quota({"gold": "1"}), INVALID),
    "quota of devices": (QUOTAS, quota({"requests.example.com/gpu": "1"}), "201"),
    "quota of objects of a kind": (QUOTAS, quota({"count/deployments.apps": "1"}), "201"),
    "negative quota": (QUOTAS, quota({"pods": "-1"}), INVALID),
    "limits twice for one type": (RANGES, limit_range({"type": "Container"}, {"type": "Container"}), INVALID),
    "least above most": (RANGES, limit_range({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}), INVALID),
    "default for pods": (RANGES, limit_range({"type": "Pod", "default": {"cpu": "1"}}), INVALID),
    "claims without bounds": (RANGES, limit_range({"type": "PersistentVolumeClaim"}), INVALID),
    # pkg/apis/scheduling/validation, pkg/apis/storage/validation, pkg/apis/rbac/validation, policy, networking
    "priority above the greatest": (PRIORITIES, {"metadata": meta(), "value": 1_000_000_001}, INVALID),
    "priority class of the system": (PRIORITIES, {"metadata": meta("system-x"), "value": 1}, INVALID),
    "storage class without a provisioner": (CLASSES, {"metadata": meta()}, INVALID),
    "storage class that binds when it likes": (
        CLASSES,
        {"metadata": meta(), "provisioner": "x.io/y", "volumeBindingMode": "Later"},
        INVALID,
    ),
    "role over a path": (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/p-n/roles",
        {"metadata": meta(), "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]},
        INVALID,
    ),
    "role without groups": (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/p-n/roles",
        {"metadata": meta(), "rules": [{"verbs": ["get"], "resources": ["pods"]}]},
        INVALID,
    ),
    "budget of half a percent": (
        "/apis/policy/v1/namespaces/p-n/poddisruptionbudgets",
        {"metadata": meta(), "spec": {"minAvailable": "0.5%"}},
        INVALID,
    ),
    "policy over port 0": (
        "/apis/networking.k8s.io/v1/namespaces/p-n/networkpolicies",
        {"metadata": meta(), "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 0}]}]}},
        INVALID,
    ),
    "ingress without anything": (
        "/apis/networking.k8s.io/v1/namespaces/p-n/ingresses",
        {"metadata": meta(), "spec": {}},
        INVALID,
    ),
    "ingress to two ports": (
        "/apis/networking.k8s.io/v1/namespaces/p-n/ingresses",
        {
            "metadata": meta(),
            "spec": {"defaultBackend": {"service": {"name": "s", "port": {"name": "x", "number": 1}}}},
        },
        INVALID,
    ),
    "autoscaler down to nothing": (
        "/apis/autoscaling/v2/namespaces/p-n/horizontalpodautoscalers",
        {
            "metadata": meta(),
            "spec": {
                "minReplicas": 0,
                "maxReplicas": 1,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "D", "name": "a"},
            },
        },
        INVALID,
    ),
    # apimachinery/pkg/api/validation/objectmeta.go
    "owner of a version with three parts": (
        MAPS,
        config_map(ownerReferences=[{"apiVersion": "a/b/c", "kind": "K", "name": "n", "uid": "u"}]),
        INVALID,
    ),
    "owner without a name": (
        MAPS,
        config_map(ownerReferences=[{"apiVersion": "v1", "kind": "K", "uid": "u"}]),
        INVALID,
    ),
    "finalizer without a domain": (MAPS, config_map(finalizers=["mine"]), INVALID),
    "finalizer of Kubernetes": (MAPS, config_map(finalizers=["kubernetes"]), "201"),
    "label of 64 characters": (MAPS, config_map(labels={"a": "b" * 64}), INVALID),
    "label key with two slashes": (MAPS, config_map(labels={"a/b/c": "d"}), INVALID),
    "label key without a name": (MAPS, config_map(labels={"example.com/": "d"}), INVALID),
    "annotation key in capitals": (MAPS, config_map(annotations={"Example.COM/x": "y"}), "201"),
    "namespace with a dot": ("/api/v1/namespaces", {"metadata": meta("a.b")}, INVALID),
    "namespace of 64 characters": ("/api/v1/namespaces", {"metadata": meta("a" * 64)}, INVALID),
    "role with a colon": (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/p-n/roles",
        {"metadata": meta("a:B")},
        "201",
    ),
    "namespace of a cluster object is ignored": (NODES, {"metadata": meta(namespace="x")}, "201"),
}


@pytest.mark.parametrize("name", CREATIONS)
def test_creations(name: str) -> None:
    path, body, expected = CREATIONS[name]
    assert created(path, body) == expected


def test_a_service_of_endpoints_by_hand_is_of_both_families() -> None:
    """service/storage/alloc.go, initIPFamilyFields."""
    seen = answer([], post(SERVICES, service(clusterIP="None", selector=None)))
    assert (seen.at("spec", "ipFamilies"), seen.at("spec", "ipFamilyPolicy")) == (["IPv4", "IPv6"], "RequireDualStack")


def test_a_local_load_balancer_has_a_check_port() -> None:
    made = post(SERVICES, service(type="LoadBalancer", externalTrafficPolicy="Local"))
    seen = answer([made], put(f"{SERVICES}/a", service(type="LoadBalancer", externalTrafficPolicy="Local")))
    assert (seen.writes, seen.at("spec", "healthCheckNodePort") is None) == ([], False)
    assert answer([made], put(f"{SERVICES}/a", service())).at("spec", "healthCheckNodePort") is None


SLICES = "/apis/discovery.k8s.io/v1/namespaces/p-n/endpointslices"


@pytest.mark.parametrize(
    ("kind", "address", "code"),
    [
        ("IPv4", "10.0.0.1", "201"),
        ("IPv4", "10.0.0.01", INVALID),  # StrictIPCIDRValidation
        ("IPv4", "::ffff:10.0.0.1", INVALID),
        ("IPv4", "fd00::1", INVALID),
        ("IPv4", "224.0.0.1", INVALID),
        ("IPv4", "239.0.0.1", "201"),  # only the link-local multicast range is refused
        ("IPv4", "169.254.1.1", INVALID),
        ("IPv6", "fd00::1", "201"),
        ("IPv6", "fd00:0::1", INVALID),
        ("FQDN", "example.com", "201"),
        ("FQDN", "localhost", INVALID),
        ("DNS", "10.0.0.1", INVALID),
    ],
)
def test_addresses_of_slices(kind: str, address: str, code: str) -> None:
    body = {"metadata": meta(), "addressType": kind, "endpoints": [{"addresses": [address]}]}
    assert created(SLICES, body) == code


@pytest.mark.parametrize(
    ("ports", "code"),
    [
        ([{"port": 70000}], "201"),  # validatePorts does not look at it
        ([{"name": "A"}], INVALID),
        ([{"name": "a"}, {"name": "a"}], INVALID),
        ([{"protocol": "ICMP"}], INVALID),
    ],
)
def test_ports_of_slices(ports: list[Json], code: str) -> None:
    assert created(SLICES, {"metadata": meta(), "addressType": "IPv4", "ports": ports}) == code


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        ("*/5 0-6,12 1 JAN-mar ?", "201"),
        ("@hourly", "201"),
        ("@every 1h30m", "201"),
        ("@never", INVALID),
        ("60 * * * *", INVALID),
        ("* * 0 * *", INVALID),
        ("* * * * 7", INVALID),
        ("5-1 * * * *", INVALID),
        ("*/0 * * * *", INVALID),
        ("", INVALID),
    ],
)
def test_schedules(schedule: str, code: str) -> None:
    body = {"metadata": meta(), "spec": {"schedule": schedule, "jobTemplate": {"spec": job()["spec"]}}}
    assert created(CRON_JOBS, body) == code


def test_secrets_in_plain_text_are_stored_encoded() -> None:
    seen = answer([], post(SECRETS, {"metadata": meta(), "data": {"a": "eA=="}, "stringData": {"a": "y", "b": "z"}}))
    assert (seen.at("data"), seen.at("stringData")) == ({"a": "eQ==", "b": "eg=="}, None)


def test_one_podcidr_is_the_first_of_many() -> None:
    seen = answer([post(NODES, node())], patch(f"{NODES}/a", {"spec": {"podCIDR": "10.0.1.0/24"}}))
    assert seen.at("spec", "podCIDRs") == ["10.0.1.0/24"]


def test_one_podip_is_the_first_of_many() -> None:
    first = patch(f"{PODS}/a/status", {"status": {"podIP": "10.0.0.1"}})
    seen = answer([ACCOUNT, post(PODS, pod()), first], patch(f"{PODS}/a/status", {"status": {"podIP": "10.0.0.2"}}))
    assert seen.at("status", "podIPs") == [{"ip": "10.0.0.2"}]


@pytest.mark.parametrize(
    ("status", "writes"),
    [
        ({"phase": "Running"}, ["update pods"]),  # what the kubelet left out is kept, but it does not own it any more
        ({"phase": "Running", "qosClass": "BestEffort", "observedGeneration": 1}, []),
        ({"phase": "Running", "observedGeneration": 2}, ["update pods"]),
    ],
)
def test_a_status_without_the_quality_of_service_keeps_it(status: Json, writes: list[str]) -> None:
    """podStatusStrategy.PrepareForUpdate (pkg/registry/core/pod/strategy.go)."""
    first = patch(f"{PODS}/a/status", {"status": {"phase": "Running", "observedGeneration": 1}})
    seen = answer([ACCOUNT, post(PODS, pod()), first], put(f"{PODS}/a/status", {**pod(), "status": status}))
    assert (seen.code, seen.writes) == ("200", writes)


def test_a_service_that_was_read_can_be_sent_back() -> None:
    """The address that the server chose is another one in a recording than in the model."""
    read = service(type="NodePort", clusterIP="10.96.12.34", clusterIPs=["10.96.12.34"])
    read["spec"]["ports"] = [{"port": 80, "protocol": "TCP", "targetPort": 80, "nodePort": 31234}]
    assert answer([post(SERVICES, service(type="NodePort"))], put(f"{SERVICES}/a", read)).writes == []
    read["spec"]["clusterIP"] = "10.96.12.35"
    assert answer([post(SERVICES, service(type="NodePort"))], put(f"{SERVICES}/a", read)).code == INVALID


def test_an_address_is_given_once() -> None:
    other = post(SERVICES, {**service(clusterIP="10.96.0.9"), "metadata": meta("b")})
    assert answer([other], post(SERVICES, service(clusterIP="10.96.0.9"))).code == INVALID
    gone = call("DELETE", f"{SERVICES}/b", code=200)
    assert answer([other, gone], post(SERVICES, service(clusterIP="10.96.0.9"))).code == "201"


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (PODS, pod(schedulingGroup={"podGroupName": "g"}), "validation of Pod with spec.schedulingGroup"),
        (
            PODS,
            pod(resourceClaims=[{"name": "c", "resourceClaimName": "c"}]),
            "validation of Pod with spec.resourceClaims",
        ),
        (JOBS, job(podFailurePolicy={"rules": []}), "validation of Job with spec.podFailurePolicy"),
        (
            QUOTAS,
            {"metadata": meta(), "spec": {"scopes": ["BestEffort"]}},
            "validation of ResourceQuota with spec.scopes",
        ),
    ],
)
def test_nothing_is_said_of_a_field_without_a_rule(path: str, body: Json, told: str) -> None:
    with pytest.raises(NotModelled, match="^" + re.escape(told) + "$"):
        created(path, body)
    assert answer([ACCOUNT, post(path, body)], patch(f"{path}/a", {"metadata": {"labels": {"x": "y"}}})).code == "200"


def test_a_wrong_field_is_invalid_whatever_else_has_no_rule() -> None:
    assert created(PODS, pod(hostUsers=False, restartPolicy="Often")) == INVALID


def test_every_namespace_is_the_probes_own() -> None:
    assert answer([], post(f"{NS}-missing/configmaps".replace("p-n-", "q-"), config_map())).code == "404 NotFound"
