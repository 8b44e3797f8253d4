"""Generations, finalizers and other metadata that clients bring along, and volumes and bindings once more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.probes import (
    DAEMON_SETS,
    DEPLOYMENTS,
    MAPS,
    NODES,
    PRIORITIES,
    answer,
    config_map,
    meta,
    node,
    patch,
    post,
    put,
    workload,
)

Json = Any
INVALID = "422 Invalid"


@pytest.mark.parametrize(
    ("path", "body", "generation"),
    [
        (MAPS, config_map(), 7),  # rest/create.go, BeforeCreate: only strategies that count generations set it
        (NODES, node(), 7),
        (DEPLOYMENTS, workload(), 1),
        (PRIORITIES, {"value": 1}, 1),
    ],
)
def test_a_generation_in_a_creation(path: str, body: Json, generation: int) -> None:
    given = post(path, {**body, "metadata": meta(generation=7)})
    assert answer([], given).generation == generation
    assert answer([given], patch(f"{path}/a", {"metadata": {"generation": 9}})).generation == generation


def test_a_negative_generation_is_invalid() -> None:
    assert answer([], post(MAPS, config_map(generation=-1))).code == INVALID
    assert answer([], post(DEPLOYMENTS, workload(metadata={"generation": -1}))).code == "201"


def test_a_priority_class_stays_in_its_first_generation() -> None:
    """pkg/registry/scheduling/priorityclass/strategy.go: PrepareForUpdate does nothing."""
    made = post(PRIORITIES, {"metadata": meta(), "value": 1})
    seen = answer([made], patch(f"{PRIORITIES}/a", {"description": "x"}))
    assert (seen.writes, seen.generation) == (["update priorityclasses"], 1)


def test_a_daemon_sets_status_does_not_touch_its_template_generation() -> None:
    made = post(DAEMON_SETS, workload("DaemonSet"))
    assert answer([made], put(f"{DAEMON_SETS}/a/status", workload("DaemonSet"))).writes == []


def test_the_nodes_of_a_volume_are_chosen_once() -> None:
    volumes = "/api/v1/persistentvolumes"
    required = {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]}}
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    made = post(volumes, {"metadata": meta(), "spec": {**spec, "nodeAffinity": required}})
    assert answer([made], patch(f"{volumes}/a", {"spec": {"nodeAffinity": None}})).code == INVALID
    assert answer([made], patch(f"{volumes}/a", {"spec": {"capacity": {"storage": "2Gi"}}})).code == "200"


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ({"kind": "User", "name": "eve"}, "201"),
        ({"kind": "User", "name": "eve", "apiGroup": "x"}, INVALID),
        ({"kind": "ServiceAccount", "name": "a"}, INVALID),
        ({"kind": "ServiceAccount", "name": "a", "namespace": "n"}, "201"),
        ({"kind": "Robot", "name": "a"}, INVALID),
    ],
)
def test_subjects_of_cluster_role_bindings(subject: Json, code: str) -> None:
    """pkg/apis/rbac/validation/validation.go, ValidateRoleBindingSubject."""
    reference = {"kind": "ClusterRole", "name": "r"}
    body = {"metadata": meta(), "roleRef": reference, "subjects": [subject]}
    assert answer([], post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", body)).code == code


def test_finalizers_of_leases_need_no_domain() -> None:
    """apimachinery's own validation of metadata asks for a qualified name only."""
    leases = "/apis/coordination.k8s.io/v1/namespaces/p-n/leases"
    assert answer([], post(leases, {"metadata": meta(finalizers=["mine"])})).code == "201"
    assert answer([], post(leases, {"metadata": meta(finalizers=["a b"])})).code == INVALID
