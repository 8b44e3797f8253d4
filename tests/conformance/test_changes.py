"""What of an object may change, and what its status may say, with the function upstream that decides.

CORE is pkg/apis/core/validation/validation.go, APPS pkg/apis/apps/validation/validation.go, BATCH pkg/apis/batch/validation/validation.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.probes import (
    ACCOUNT,
    CLAIMS,
    CLASSES,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    JSON,
    MAPS,
    NODES,
    PODS,
    PRIORITIES,
    REPLICA_SETS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    STRATEGIC,
    VOLUME,
    answer,
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


INVALID = "422 Invalid"

BOUND = post(PODS, pod(nodeName="n"))
SUSPENDED = job(suspend=True)
SELECTORS = {"selector": {"matchLabels": {"app": "b"}}, "template": {"metadata": {"labels": {"app": "b"}}}}


def status_of(name: str, **status: Json) -> Json:
    """A container that has ended, or whatever is given."""
    state = {"terminated": {"exitCode": 1}}
    return {"containerStatuses": [{"name": name, "image": "i", "imageID": "", "state": state, **status}]}


CHANGES: dict[str, tuple[list[Json], Json, str]] = {
    # CORE ValidateConfigMapUpdate, ValidateSecretUpdate
    "immutable data": (
        [post(MAPS, {**config_map(), "immutable": True})],
        patch(f"{MAPS}/a", {"data": {"k": "w"}}),
        INVALID,
    ),
    "no longer immutable": (
        [post(MAPS, {**config_map(), "immutable": True})],
        patch(f"{MAPS}/a", {"immutable": None}),
        INVALID,
    ),
    "immutable from now on": (
        [post(MAPS, config_map())],
        patch(f"{MAPS}/a", {"immutable": True, "data": {"k": "w"}}),
        "200",
    ),
    "immutable secret, stringData": (
        [post(SECRETS, secret(data={"k": "eA=="}, immutable=True))],
        patch(f"{SECRETS}/a", {"stringData": {"k": "y"}}),
        INVALID,
    ),
    "immutable secret, the same by stringData": (
        [post(SECRETS, secret(data={"k": "eA=="}, immutable=True))],
        patch(f"{SECRETS}/a", {"stringData": {"k": "x"}}),
        "200",
    ),
    # CORE ValidatePodUpdate
    "image of an init container": (
        [ACCOUNT, post(PODS, pod(initContainers=[container(name="i")]))],
        patch(f"{PODS}/a", {"spec": {"initContainers": [{"name": "i", "image": "new"}]}}, STRATEGIC),
        "200",
    ),
    "container renamed": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a", [{"op": "replace", "path": "/spec/containers/0/name", "value": "d"}], JSON),
        INVALID,
    ),
    "container added": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a", {"spec": {"containers": [{"name": "d", "image": "i"}]}}, STRATEGIC),
        INVALID,
    ),
    "deadline raised": (
        [ACCOUNT, post(PODS, pod(activeDeadlineSeconds=5))],
        patch(f"{PODS}/a", {"spec": {"activeDeadlineSeconds": 6}}),
        INVALID,
    ),
    "toleration taken off and put back by admission": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a", {"spec": {"tolerations": []}}),
        "200",
    ),
    "toleration of one's own taken off": (
        [ACCOUNT, post(PODS, pod(tolerations=[{"key": "k", "operator": "Exists"}]))],
        patch(f"{PODS}/a", {"spec": {"tolerations": []}}),
        INVALID,
    ),
    "toleration for another time": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a", [{"op": "replace", "path": "/spec/tolerations/0/tolerationSeconds", "value": 5}], JSON),
        "200",
    ),
    "gate taken off": (
        [ACCOUNT, post(PODS, pod(schedulingGates=[{"name": "a.io/g"}]))],
        patch(f"{PODS}/a", {"spec": {"schedulingGates": None}}),
        "200",
    ),
    "node selector of a gated pod": (
        [ACCOUNT, post(PODS, pod(schedulingGates=[{"name": "a.io/g"}], nodeSelector={"a": "b"}))],
        patch(f"{PODS}/a", {"spec": {"nodeSelector": {"c": "d"}}}),
        "200",
    ),
    "node selector of a gated pod, changed": (
        [ACCOUNT, post(PODS, pod(schedulingGates=[{"name": "a.io/g"}], nodeSelector={"a": "b"}))],
        patch(f"{PODS}/a", {"spec": {"nodeSelector": {"a": "c"}}}),
        INVALID,
    ),
    "resources on the main resource": (
        [ACCOUNT, post(PODS, pod())],
        patch(
            f"{PODS}/a", {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}, STRATEGIC
        ),
        INVALID,
    ),
    "host network": ([ACCOUNT, post(PODS, pod())], patch(f"{PODS}/a", {"spec": {"hostNetwork": True}}), INVALID),
    "volume added": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a", {"spec": {"volumes": [VOLUME]}}, STRATEGIC),
        INVALID,
    ),
    "the same quantity in other words": (
        [ACCOUNT, post(PODS, sized(requests={"cpu": "1000m"}))],
        patch(
            f"{PODS}/a", {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}, STRATEGIC
        ),
        "200",
    ),
    # CORE ValidatePodResize, ValidatePodEphemeralContainersUpdate
    "resize of a limit": (
        [ACCOUNT, post(PODS, sized(requests={"cpu": "1"}, limits={"cpu": "2"}))],
        patch(
            f"{PODS}/a/resize",
            {"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "3"}}}]}},
            STRATEGIC,
        ),
        "200",
    ),
    "resize that takes a request away": (
        [ACCOUNT, post(PODS, sized(requests={"cpu": "1", "memory": "1Gi"}))],
        patch(f"{PODS}/a/resize", [{"op": "remove", "path": "/spec/containers/0/resources/requests/cpu"}], JSON),
        INVALID,
    ),
    "resize to another quality of service": (
        [ACCOUNT, post(PODS, pod())],
        patch(
            f"{PODS}/a/resize",
            {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}},
            STRATEGIC,
        ),
        INVALID,
    ),
    "resize of ephemeral storage": (
        [ACCOUNT, post(PODS, sized(requests={"ephemeral-storage": "1Gi"}))],
        patch(
            f"{PODS}/a/resize",
            {"spec": {"containers": [{"name": "c", "resources": {"requests": {"ephemeral-storage": "2Gi"}}}]}},
            STRATEGIC,
        ),
        INVALID,
    ),
    "resize does not change images": (
        [ACCOUNT, post(PODS, sized(requests={"cpu": "1"}))],
        patch(f"{PODS}/a/resize", {"spec": {"containers": [{"name": "c", "image": "new"}]}}, STRATEGIC),
        "200",
    ),
    "resize on a node that is not there": (
        [
            ACCOUNT,
            post(
                PODS,
                {**sized(requests={"cpu": "1"}), "spec": {**sized(requests={"cpu": "1"})["spec"], "nodeName": "n"}},
            ),
        ],
        patch(
            f"{PODS}/a/resize",
            {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}},
            STRATEGIC,
        ),
        "403 Forbidden",
    ),
    "ephemeral container": (
        [ACCOUNT, post(PODS, pod())],
        patch(
            f"{PODS}/a/ephemeralcontainers",
            {"spec": {"ephemeralContainers": [container(name="e", targetContainerName="c")]}},
            STRATEGIC,
        ),
        "200",
    ),
    "ephemeral container for nobody": (
        [ACCOUNT, post(PODS, pod())],
        patch(
            f"{PODS}/a/ephemeralcontainers",
            {"spec": {"ephemeralContainers": [container(name="e", targetContainerName="x")]}},
            STRATEGIC,
        ),
        INVALID,
    ),
    "ephemeral container with ports": (
        [ACCOUNT, post(PODS, pod())],
        patch(
            f"{PODS}/a/ephemeralcontainers",
            {"spec": {"ephemeralContainers": [container(name="e", ports=[{"containerPort": 1}])]}},
            STRATEGIC,
        ),
        INVALID,
    ),
    "ephemeral container taken away": (
        [
            ACCOUNT,
            post(PODS, pod()),
            patch(f"{PODS}/a/ephemeralcontainers", {"spec": {"ephemeralContainers": [container(name="e")]}}, STRATEGIC),
        ],
        patch(f"{PODS}/a/ephemeralcontainers", {"spec": {"ephemeralContainers": None}}),
        INVALID,
    ),
    "ephemeral containers of a config map": (
        [post(MAPS, config_map())],
        patch(f"{MAPS}/a/ephemeralcontainers", {}),
        "404 NotFound",
    ),
    # CORE ValidatePodStatusUpdate
    "podIP that is no address": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a/status", {"status": {"podIP": "999.1"}}),
        INVALID,
    ),
    "two podIPs of one family": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a/status", {"status": {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}}),
        INVALID,
    ),
    "another quality of service": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a/status", {"status": {"qosClass": "Guaranteed"}}),
        INVALID,
    ),
    "condition of a type with a blank": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a/status", {"status": {"conditions": [{"type": "a b", "status": "True"}]}}),
        INVALID,
    ),
    "nominated although bound": (
        [ACCOUNT, BOUND],
        patch(f"{PODS}/a/status", {"status": {"nominatedNodeName": "m"}}),
        INVALID,
    ),
    "observed generation -1": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a/status", {"status": {"observedGeneration": -1}}),
        INVALID,
    ),
    "host IPs without the host's": (
        [ACCOUNT, post(PODS, pod())],
        patch(f"{PODS}/a/status", {"status": {"hostIPs": [{"ip": "10.0.0.1"}]}}),
        INVALID,
    ),
    "failed container runs again, OnFailure": (
        [ACCOUNT, post(PODS, pod(restartPolicy="OnFailure")), patch(f"{PODS}/a/status", {"status": status_of("c")})],
        patch(f"{PODS}/a/status", {"status": status_of("c", state={"running": {}})}),
        "200",
    ),
    "container that nobody knows runs again": (
        [ACCOUNT, post(PODS, pod()), patch(f"{PODS}/a/status", {"status": status_of("x")})],
        patch(f"{PODS}/a/status", {"status": status_of("x", state={"running": {}})}),
        INVALID,
    ),
    # CORE ValidateNodeUpdate
    "providerID set": ([post(NODES, node())], patch(f"{NODES}/a", {"spec": {"providerID": "x"}}), "200"),
    "providerID changed": (
        [post(NODES, node(providerID="x"))],
        patch(f"{NODES}/a", {"spec": {"providerID": "y"}}),
        INVALID,
    ),
    "podCIDR taken away": (
        [post(NODES, node(podCIDR="10.0.0.0/24"))],
        patch(f"{NODES}/a", {"spec": {"podCIDR": None, "podCIDRs": None}}),
        INVALID,
    ),
    "negative capacity": (
        [post(NODES, node())],
        patch(f"{NODES}/a/status", {"status": {"capacity": {"cpu": "-1"}}}),
        INVALID,
    ),
    "address twice": (
        [post(NODES, node())],
        patch(f"{NODES}/a/status", {"status": {"addresses": [{"type": "InternalIP", "address": "1.2.3.4"}] * 2}}),
        INVALID,
    ),
    # APPS Validate*Update, Validate*Status
    "replica set's selector": (
        [post(REPLICA_SETS, workload("ReplicaSet"))],
        patch(f"{REPLICA_SETS}/a", {"spec": SELECTORS}),
        INVALID,
    ),
    "daemon set's selector": (
        [post(DAEMON_SETS, workload("DaemonSet"))],
        patch(f"{DAEMON_SETS}/a", {"spec": SELECTORS}),
        INVALID,
    ),
    "stateful set's selector": (
        [post(STATEFUL_SETS, workload("StatefulSet"))],
        patch(f"{STATEFUL_SETS}/a", {"spec": SELECTORS}),
        INVALID,
    ),
    "stateful set's ordinals": (
        [post(STATEFUL_SETS, workload("StatefulSet"))],
        patch(f"{STATEFUL_SETS}/a", {"spec": {"ordinals": {"start": 1}}}),
        "200",
    ),
    "stateful set's retention": (
        [post(STATEFUL_SETS, workload("StatefulSet"))],
        patch(f"{STATEFUL_SETS}/a", {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}}),
        "200",
    ),
    "Deployment recreates from now on": (
        [post(DEPLOYMENTS, workload())],
        patch(f"{DEPLOYMENTS}/a", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}),
        "200",
    ),
    "Deployment recreates, rolling": (
        [post(DEPLOYMENTS, workload())],
        patch(f"{DEPLOYMENTS}/a", {"spec": {"strategy": {"type": "Recreate"}}}),
        INVALID,
    ),
    "Deployment status, negative": (
        [post(DEPLOYMENTS, workload())],
        patch(f"{DEPLOYMENTS}/a/status", {"status": {"unavailableReplicas": -1}}),
        INVALID,
    ),
    "Deployment status, more ready than there are": (
        [post(DEPLOYMENTS, workload())],
        patch(f"{DEPLOYMENTS}/a/status", {"status": {"replicas": 1, "readyReplicas": 2}}),
        INVALID,
    ),
    "Deployment status, more available than ready": (
        [post(DEPLOYMENTS, workload())],
        patch(f"{DEPLOYMENTS}/a/status", {"status": {"replicas": 3, "readyReplicas": 1, "availableReplicas": 2}}),
        INVALID,
    ),
    "Deployment status, collisions forgotten": (
        [post(DEPLOYMENTS, workload()), patch(f"{DEPLOYMENTS}/a/status", {"status": {"collisionCount": 2}})],
        patch(f"{DEPLOYMENTS}/a/status", {"status": {"collisionCount": None}}),
        INVALID,
    ),
    "ReplicaSet status, more labelled than there are": (
        [post(REPLICA_SETS, workload("ReplicaSet"))],
        patch(f"{REPLICA_SETS}/a/status", {"status": {"replicas": 1, "fullyLabeledReplicas": 2}}),
        INVALID,
    ),
    "ReplicaSet status, observed generation of the future": (
        [post(REPLICA_SETS, workload("ReplicaSet"))],
        patch(f"{REPLICA_SETS}/a/status", {"status": {"replicas": 0, "observedGeneration": 9}}),
        "200",
    ),
    "StatefulSet status, more current than there are": (
        [post(STATEFUL_SETS, workload("StatefulSet"))],
        patch(f"{STATEFUL_SETS}/a/status", {"status": {"replicas": 1, "currentReplicas": 2}}),
        INVALID,
    ),
    "DaemonSet status, negative": (
        [post(DAEMON_SETS, workload("DaemonSet"))],
        patch(f"{DAEMON_SETS}/a/status", {"status": {"numberReady": -1}}),
        INVALID,
    ),
    # BATCH ValidateJobSpecUpdate, ValidateJobStatusUpdate
    "job's parallelism": ([post(JOBS, job())], patch(f"{JOBS}/a", {"spec": {"parallelism": 3}}), "200"),
    "job's completions": ([post(JOBS, job(completions=2))], patch(f"{JOBS}/a", {"spec": {"completions": 3}}), INVALID),
    "indexed job, both": (
        [post(JOBS, job(completionMode="Indexed", completions=2, parallelism=2))],
        patch(f"{JOBS}/a", {"spec": {"completions": 3, "parallelism": 3}}),
        "200",
    ),
    "job's mode": (
        [post(JOBS, job(completions=2))],
        patch(f"{JOBS}/a", {"spec": {"completionMode": "Indexed"}}),
        INVALID,
    ),
    "job's suspension": ([post(JOBS, job())], patch(f"{JOBS}/a", {"spec": {"suspend": True}}), "200"),
    "suspended job's image": (
        [post(JOBS, SUSPENDED)],
        patch(
            f"{JOBS}/a", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "new"}]}}}}, STRATEGIC
        ),
        INVALID,
    ),
    "suspended job's resources": (
        [post(JOBS, SUSPENDED)],
        patch(
            f"{JOBS}/a",
            {"spec": {"template": {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}}},
            STRATEGIC,
        ),
        "200",
    ),
    "resources of a job that was started": (
        [post(JOBS, SUSPENDED), patch(f"{JOBS}/a/status", {"status": {"startTime": "2026-01-01T00:00:00Z"}})],
        patch(f"{JOBS}/a", {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}),
        INVALID,
    ),
    "complete job without criteria": (
        [post(JOBS, job())],
        patch(
            f"{JOBS}/a/status",
            {
                "status": {
                    "startTime": "2026-01-01T00:00:00Z",
                    "completionTime": "2026-01-01T00:00:01Z",
                    "conditions": [{"type": "Complete", "status": "True"}],
                }
            },
        ),
        INVALID,
    ),
    "fewer failures": (
        [post(JOBS, job()), patch(f"{JOBS}/a/status", {"status": {"failed": 2}})],
        patch(f"{JOBS}/a/status", {"status": {"failed": 1}}),
        INVALID,
    ),
    # CORE ValidateServiceUpdate, service/strategy.go
    "another address": (
        [post(SERVICES, service())],
        patch(f"{SERVICES}/a", {"spec": {"clusterIP": "10.96.0.77"}}),
        INVALID,
    ),
    "no address from now on": (
        [post(SERVICES, service())],
        patch(f"{SERVICES}/a", {"spec": {"clusterIP": "None"}}),
        INVALID,
    ),
    "address left out of a PUT": ([post(SERVICES, service())], put(f"{SERVICES}/a", service()), "200"),
    "address emptied": (
        [post(SERVICES, service())],
        patch(f"{SERVICES}/a", {"spec": {"clusterIP": "", "clusterIPs": None}}),
        "200",
    ),
    "to an external name": (
        [post(SERVICES, service())],
        patch(f"{SERVICES}/a", {"spec": {"type": "ExternalName", "externalName": "example.com"}}),
        "200",
    ),
    "back to a cluster address": (
        [post(SERVICES, service(type="NodePort"))],
        patch(f"{SERVICES}/a", {"spec": {"type": "ClusterIP"}}),
        "200",
    ),
    "another port": ([post(SERVICES, service())], patch(f"{SERVICES}/a", {"spec": {"ports": [{"port": 81}]}}), "200"),
    "ingress of an internal service": (
        [post(SERVICES, service())],
        patch(f"{SERVICES}/a/status", {"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}),
        INVALID,
    ),
    # others
    "budget's bound": (
        [
            post(
                "/apis/policy/v1/namespaces/p-n/poddisruptionbudgets", {"metadata": meta(), "spec": {"minAvailable": 1}}
            )
        ],
        patch("/apis/policy/v1/namespaces/p-n/poddisruptionbudgets/a", {"spec": {"minAvailable": 2}}),
        "200",
    ),
    "negative disruptions": (
        [
            post(
                "/apis/policy/v1/namespaces/p-n/poddisruptionbudgets", {"metadata": meta(), "spec": {"minAvailable": 1}}
            )
        ],
        patch("/apis/policy/v1/namespaces/p-n/poddisruptionbudgets/a/status", {"status": {"disruptionsAllowed": -1}}),
        INVALID,
    ),
    "volume of a claim": ([post(CLAIMS, claim())], patch(f"{CLAIMS}/a", {"spec": {"volumeName": "v"}}), "200"),
    "class of a claim that had none": (
        [post(CLAIMS, claim())],
        patch(f"{CLAIMS}/a", {"spec": {"storageClassName": "s"}}),
        "200",
    ),
    "mode of a claim": ([post(CLAIMS, claim())], patch(f"{CLAIMS}/a", {"spec": {"volumeMode": "Block"}}), INVALID),
    "access modes of a claim": (
        [post(CLAIMS, claim())],
        patch(f"{CLAIMS}/a", {"spec": {"accessModes": ["ReadWriteMany"]}}),
        INVALID,
    ),
    "expansion allowed from now on": (
        [post(CLASSES, {"metadata": meta(), "provisioner": "x.io/y"})],
        patch(f"{CLASSES}/a", {"allowVolumeExpansion": True}),
        "200",
    ),
    "parameters of a class": (
        [post(CLASSES, {"metadata": meta(), "provisioner": "x.io/y"})],
        patch(f"{CLASSES}/a", {"parameters": {"a": "b"}}),
        INVALID,
    ),
    "preemption of a class": (
        [post(PRIORITIES, {"metadata": meta(), "value": 1})],
        patch(f"{PRIORITIES}/a", {"preemptionPolicy": "Never"}),
        INVALID,
    ),
    "text of a class": (
        [post(PRIORITIES, {"metadata": meta(), "value": 1})],
        patch(f"{PRIORITIES}/a", {"description": "x"}),
        "200",
    ),
    "uid by JSON patch": (
        [post(MAPS, config_map())],
        patch(f"{MAPS}/a", [{"op": "add", "path": "/metadata/uid", "value": "u"}], JSON),
        INVALID,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes(name: str) -> None:
    setup, request, expected = CHANGES[name]
    assert answer(setup, request).code == expected
