"""Objects as Go reads and writes them: a schema for every kind, quantities, and that what was read can be sent back unchanged."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.model.conformance import schema, shapes
from kubecheck.model.conformance.quantities import canonical, in_thousandths, quantity
from kubecheck.model.registry.kinds import KINDS
from tests.conformance.probes import (
    ACCOUNT,
    APPS,
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
    RUNTIMES,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    STRATEGIC,
    answer,
    claim,
    config_map,
    job,
    meta,
    patch,
    pod,
    post,
    put,
    service,
    workload,
)

Json = Any

RBAC = "/apis/rbac.authorization.k8s.io/v1"
USER = {"kind": "User", "name": "eve"}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}
BACKEND = {"service": {"name": "s", "port": {"number": 80}}}
VOLUME_SPEC = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
# The collection, an object's contents, and whether a PUT may leave the resourceVersion out.
OBJECTS: dict[str, tuple[str, Json, bool]] = {
    "ConfigMap": (MAPS, config_map(), True),
    "Secret": (SECRETS, {"stringData": {"a": "b"}}, True),
    "Service": (SERVICES, service(type="NodePort"), True),
    "Node": (NODES, {"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"capacity": {"cpu": "4000m"}}}, True),
    "Pod": (PODS, pod(of={"resources": {"limits": {"cpu": "1000m"}}}, volumes=[{"name": "v"}]), True),
    "Deployment": (DEPLOYMENTS, workload(), True),
    "ReplicaSet": (REPLICA_SETS, workload("ReplicaSet"), True),
    "StatefulSet": (
        STATEFUL_SETS,
        workload(
            "StatefulSet", serviceName="s", volumeClaimTemplates=[{"metadata": meta("d"), "spec": claim()["spec"]}]
        ),
        True,
    ),
    "DaemonSet": (DAEMON_SETS, workload("DaemonSet"), True),
    "Job": (JOBS, job(), True),
    "CronJob": (CRON_JOBS, {"spec": {"schedule": "@daily", "jobTemplate": {"spec": job()["spec"]}}}, True),
    "Lease": (f"/apis/coordination.k8s.io/v1{NS[7:]}/leases", {"spec": {"holderIdentity": "x"}}, False),
    "PodDisruptionBudget": (f"/apis/policy/v1{NS[7:]}/poddisruptionbudgets", {"spec": {"minAvailable": 1}}, False),
    "EndpointSlice": (
        f"/apis/discovery.k8s.io/v1{NS[7:]}/endpointslices",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": [{"port": 80}]},
        True,
    ),
    "Endpoints": (f"{NS}/endpoints", {"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]}, True),
    "ServiceAccount": (f"{NS}/serviceaccounts", {}, True),
    "Namespace": ("/api/v1/namespaces", {}, True),
    "Role": (f"{RBAC}{NS[7:]}/roles", {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}, True),
    "RoleBinding": (f"{RBAC}{NS[7:]}/rolebindings", {"roleRef": ROLE, "subjects": [USER]}, True),
    "ClusterRoleBinding": (f"{RBAC}/clusterrolebindings", {"roleRef": {**ROLE, "kind": "ClusterRole"}}, True),
    "LimitRange": (RANGES, {"spec": {"limits": [{"type": "Container", "max": {"cpu": "100m"}}]}}, True),
    "ResourceQuota": (QUOTAS, {"spec": {"hard": {"pods": "1"}}}, True),
    "PersistentVolumeClaim": (CLAIMS, claim(), True),
    "PersistentVolume": ("/api/v1/persistentvolumes", {"spec": VOLUME_SPEC}, True),
    "StorageClass": (CLASSES, {"provisioner": "x.io/y"}, True),
    "PriorityClass": (PRIORITIES, {"value": 5}, True),
    "RuntimeClass": (RUNTIMES, {"handler": "runc"}, True),
    "HorizontalPodAutoscaler": (
        f"/apis/autoscaling/v2{NS[7:]}/horizontalpodautoscalers",
        {"spec": {"maxReplicas": 3, "scaleTargetRef": TARGET}},
        True,
    ),
    "NetworkPolicy": (f"/apis/networking.k8s.io/v1{NS[7:]}/networkpolicies", {"spec": {"podSelector": {}}}, True),
    "Ingress": (f"/apis/networking.k8s.io/v1{NS[7:]}/ingresses", {"spec": {"defaultBackend": BACKEND}}, True),
    "CSINode": ("/apis/storage.k8s.io/v1/csinodes", {"spec": {"drivers": [{"name": "d.io", "nodeID": "n"}]}}, False),
}


def test_every_kind_has_a_schema() -> None:
    assert [kind.kind for kind in KINDS if schema.of_kind(kind.kind).members is None] == []
    assert {kind.kind for kind in KINDS} - OBJECTS.keys() == {"ControllerRevision", "ClusterRole"}


def made(kind: str) -> tuple[list[Json], Json]:
    """The setup that makes an object of a kind, and the object as it is read."""
    path, body, _ = OBJECTS[kind]
    first = post(path, {**body, "metadata": {"name": "a", **body.get("metadata", {})}})
    setup = [ACCOUNT, first] if kind == "Pod" else [first]
    read = copy.deepcopy(answer(setup[:-1], first).document)
    for name in ("uid", "resourceVersion"):
        del read["metadata"][name]
    return setup, read


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_was_read_is_no_change(kind: str) -> None:
    setup, read = made(kind)
    path, _, unconditional = OBJECTS[kind]
    seen = answer(setup, put(f"{path}/a", read))
    assert (seen.code, seen.writes) == ("200" if unconditional else "422 Invalid", [])
    for body, content_type in ((read, STRATEGIC), ({}, STRATEGIC), (read, None)):
        seen = answer(setup, patch(f"{path}/a", body, content_type or "application/merge-patch+json"))
        assert (seen.code, seen.writes) == ("200", [])


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_label_is_a_write_and_no_generation(kind: str) -> None:
    setup, read = made(kind)
    read["metadata"]["labels"] = {**read["metadata"].get("labels", {}), "touched": "yes"}
    seen = answer(setup, put(f"{OBJECTS[kind][0]}/a", read))
    if OBJECTS[kind][2]:
        assert (seen.code, len(seen.writes)) == ("200", 1)
        assert seen.generation == {"EndpointSlice": 2}.get(kind, read["metadata"].get("generation", 0))


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_unknown_field_is_refused_strictly(kind: str) -> None:
    path, body, _ = OBJECTS[kind]
    strict = {**body, "metadata": meta(nonsense=1)}
    assert answer([ACCOUNT], post(f"{path}?fieldValidation=Strict", strict)).code == "400 BadRequest"
    assert shapes.unknown(kind, strict) == ["metadata.nonsense"]


def test_a_revision_is_compared_byte_for_byte() -> None:
    """ValidateControllerRevisionUpdate: a client that writes a blank after a colon changes the data."""
    body = {"metadata": meta(), "revision": 1, "data": {"a": 1}}
    raw = '{"metadata":{"name":"a"},"revision":2,"data":{"a":1}}'
    assert APPS in REVISIONS
    assert answer([post(REVISIONS, body)], put(f"{REVISIONS}/a", body)).code == "422 Invalid"
    assert answer([post(REVISIONS, body)], put(f"{REVISIONS}/a", None, raw=raw)).code == "200"
    assert answer([post(REVISIONS, body)], patch(f"{REVISIONS}/a", {"revision": 2})).code == "200"


# --- quantities


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("1", "1"), ("1000m", "1"), ("0.5", "500m"), ("1500m", "1500m"), ("2000", "2k"), ("1024", "1024"), ("1024Ki", "1Mi"),
        ("0.5Gi", "512Mi"), ("1.5Gi", "1536Mi"), ("1e3", "1e3"), ("1000e0", "1e3"), ("0", "0"), ("0Gi", "0"), ("100M", "100M"),
        ("0.1n", "1n"), ("-1", "-1"), (" 1 ", "1"), (2, "2"), ("1E", "1E"), ("1E3", "1e3"), (".5", "500m"), ("500Ki", "500Ki"),
        ("512", "512"), ("0.0001Ki", "102400u"),
    ],
)  # fmt: skip
def test_quantities(text: Json, stored: str) -> None:
    """api/resource/quantity_test.go has most of these."""
    assert canonical(text) == stored


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "1gi", "1..5", "--1", "1e", "."])
def test_what_is_no_quantity(text: str) -> None:
    assert quantity(text) is None


@given(
    st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=9),
    st.sampled_from(["", "m", "k", "M", "Ki", "Gi", "e3"]),
)
def test_the_stored_text_means_the_same(number: Decimal, suffix: str) -> None:
    text = f"{number:f}{suffix}"
    stored = canonical(text)
    asked, kept = quantity(text), quantity(stored)
    assert asked is not None
    assert kept is not None
    assert canonical(stored) == stored
    assert 0 <= kept - asked < (1 if suffix.endswith("i") else Decimal("1e-9"))


def test_amounts_of_containers_are_rounded_up() -> None:
    assert (in_thousandths("100u"), in_thousandths("1500m"), in_thousandths("1Gi")) == ("1m", "1500m", "1Gi")
