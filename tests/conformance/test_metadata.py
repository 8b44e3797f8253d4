"""Generations, finalizers and other metadata that clients bring along, and volumes and bindings once more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.probes import (
    ACCOUNT,
    DAEMON_SETS,
    DEPLOYMENTS,
    MAPS,
    NODES,
    PODS,
    PRIORITIES,
    REPLICA_SETS,
    answer,
    apply,
    call,
    config_map,
    meta,
    node,
    patch,
    pod,
    post,
    put,
    sized,
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
    seen = answer([made], put(f"{DAEMON_SETS}/a/status", workload("DaemonSet")))
    assert seen.at("metadata", "annotations", "deprecated.daemonset.template.generation") == "1"
    assert seen.writes == ["update daemonsets"]  # only managedFields: the body says that it is another one


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


BOTH = ["orphan", "foregroundDeletion"]


@pytest.mark.parametrize(
    ("setup", "request_"),
    [
        ([], post(MAPS, config_map(finalizers=BOTH))),
        ([], apply(f"{MAPS}/a", config_map(finalizers=BOTH))),
        ([post(MAPS, config_map())], patch(f"{MAPS}/a", {"metadata": {"finalizers": BOTH}})),
        ([post(MAPS, config_map(finalizers=BOTH[:1]))], put(f"{MAPS}/a", config_map(finalizers=BOTH))),
    ],
)
def test_the_garbage_collectors_finalizers_exclude_each_other(setup: list[Json], request_: Json) -> None:
    """apimachinery/pkg/api/validation/objectmeta.go, ValidateFinalizers."""
    assert answer(setup, request_).code == INVALID


@pytest.mark.parametrize(("query", "code"), [("", "500"), ("?dryRun=All", "201")])
def test_a_creation_with_a_resource_version(query: str, code: str) -> None:
    """etcd3/store.go, Create (ErrResourceVersionSetOnCreate); a dry run does not come there (registry/dryrun.go)."""
    assert answer([], post(f"{MAPS}{query}", config_map(resourceVersion="7"))).code == code


OWNER = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}]


@pytest.mark.parametrize(("path", "body", "kept"), [(REPLICA_SETS, workload("ReplicaSet"), False), (PODS, pod(), True)])
def test_owners_written_with_the_status(path: str, body: Json, kept: bool) -> None:
    """rsStatusStrategy.PrepareForUpdate keeps the spec alone, podStatusStrategy's the owners as well."""
    seen = answer([ACCOUNT, post(path, body)], patch(f"{path}/a/status", {"metadata": {"ownerReferences": OWNER}}))
    assert seen.at("metadata", "ownerReferences") == (None if kept else OWNER)


@pytest.mark.parametrize(
    ("path", "body", "code"), [(REPLICA_SETS, workload("ReplicaSet"), INVALID), (PODS, pod(), "200")]
)
def test_a_deletion_written_with_the_status(path: str, body: Json, code: str) -> None:
    """It is refused as any change of it is (ValidateObjectMetaAccessorUpdate); podStatusStrategy.PrepareForUpdate takes it off before."""
    change = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    seen = answer([ACCOUNT, post(path, body)], patch(f"{path}/a/status", change))
    assert (seen.code, seen.writes) == (code, [])


@pytest.mark.parametrize(("grace", "code"), [(None, "200"), (30, "200"), (5, INVALID)])
def test_an_update_does_not_change_a_grace_period(grace: int | None, code: str) -> None:
    """rest/update.go, BeforeUpdate: one that is left out is filled in; another is refused (ValidateObjectMetaAccessorUpdate)."""
    setup = [ACCOUNT, post(PODS, pod(nodeName="n")), call("DELETE", f"{PODS}/a", code=200)]
    change = {"metadata": {"labels": {"a": "b"}, "deletionGracePeriodSeconds": grace}}
    assert answer(setup, patch(f"{PODS}/a", change)).code == code


def test_a_pod_is_not_moved() -> None:
    """pkg/apis/core/validation/validation.go, ValidatePodUpdate."""
    setup = [ACCOUNT, post(PODS, pod(nodeName="n"))]
    assert answer(setup, patch(f"{PODS}/a", {"spec": {"nodeName": "m"}})).code == INVALID


@pytest.mark.parametrize("part", ["resize", "ephemeralcontainers"])
def test_a_subresource_of_the_spec_does_not_touch_metadata(part: str) -> None:
    """pkg/registry/core/pod/strategy.go, dropNonResizeUpdates, dropNonEphemeralContainerUpdates: ResetObjectMetaForStatus."""
    setup = [ACCOUNT, post(PODS, sized(requests={"cpu": "1"}))]
    assert answer(setup, patch(f"{PODS}/a/{part}", {"metadata": {"labels": {"a": "b"}}})).writes == []


@pytest.mark.parametrize(("meta_", "generation"), [({"labels": {"a": "b"}}, 2), ({"annotations": {"a": "b"}}, 1)])
def test_labels_of_a_slice_begin_a_generation(meta_: Json, generation: int) -> None:
    """pkg/registry/discovery/endpointslice/strategy.go, PrepareForUpdate."""
    slices = "/apis/discovery.k8s.io/v1/namespaces/p-n/endpointslices"
    made = post(slices, {"metadata": meta(), "addressType": "IPv4", "endpoints": []})
    seen = answer([made], patch(f"{slices}/a", {"metadata": meta_}))
    assert (seen.writes, seen.generation) == (["update endpointslices"], generation)


def test_a_creation_by_apply_is_validated() -> None:
    assert answer([], apply(f"{MAPS}/a", config_map({"a b": "c"}))).code == INVALID


def test_a_gated_pod_goes_with_its_last_finalizer() -> None:
    """registry/generic/registry/store.go, ShouldDeleteDuringUpdate: only of a namespace the spec holds it as well."""
    held = pod(metadata={"finalizers": ["a.io/f"]}, schedulingGates=[{"name": "a.io/g"}])
    setup = [ACCOUNT, post(PODS, held), call("DELETE", f"{PODS}/a", code=200)]
    assert answer(setup, patch(f"{PODS}/a", {"metadata": {"finalizers": None}})).writes == ["delete pods"]


def test_preconditions_of_a_binding() -> None:
    """pkg/registry/core/pod/storage/storage.go, setPodNodeAndMetadata."""
    setup = [ACCOUNT, post(PODS, pod(), rv="7")]

    def bound(**more: Json) -> str:
        target = {"apiVersion": "v1", "kind": "Node", "name": "n"}
        return answer(setup, post(f"{PODS}/a/binding", {"metadata": meta(**more), "target": target})).code

    own = answer(setup, call("GET", f"{PODS}/a")).at("metadata", "uid")
    codes = [bound(), bound(uid=own), bound(uid="u"), bound(resourceVersion="7"), bound(resourceVersion="6")]
    assert codes == ["201", "201", "409 Conflict", "201", "409 Conflict"]


def test_a_pod_that_is_being_deleted_is_not_bound() -> None:
    setup = [ACCOUNT, post(PODS, pod(metadata={"finalizers": ["a.io/f"]})), call("DELETE", f"{PODS}/a", code=200)]
    target = {"apiVersion": "v1", "kind": "Node", "name": "n"}
    assert answer(setup, post(f"{PODS}/a/binding", {"metadata": meta(), "target": target})).code == "409 Conflict"
