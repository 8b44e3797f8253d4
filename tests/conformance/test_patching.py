"""Patches, applies and the fields' owners: what a body makes of an object, with the place upstream that decides.

JSON patch: gopkg.in/evanphx/json-patch.v4; strategic merge patch: apimachinery/pkg/util/strategicpatch/patch.go; apply:
sigs.k8s.io/structured-merge-diff/v6 and apimachinery/pkg/util/managedfields/internal; unknown fields: endpoints/handlers/patch.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model.conformance.contents import NotModelled
from tests.conformance.probes import (
    ACCOUNT,
    APPLY,
    DEPLOYMENTS,
    JSON,
    MAPS,
    MERGE,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    STRATEGIC,
    Answered,
    answer,
    apply,
    call,
    config_map,
    container,
    meta,
    patch,
    pod,
    post,
    put,
    service,
    workload,
)

Json = Any
MAP = post(MAPS, config_map())
DEPLOYMENT = post(DEPLOYMENTS, workload())
REPLICA_SET = post(REPLICA_SETS, workload("ReplicaSet"))
POD = [ACCOUNT, post(PODS, pod())]
NOTHING = ("200", [])


def told(seen: Answered) -> tuple[str, list[str]]:
    return seen.code, seen.writes


def owner(uid: str = "u", **more: Json) -> Json:
    return {"apiVersion": "v1", "kind": "K", "name": "n", "uid": uid, **more}


# --- unknown fields


@pytest.mark.parametrize(
    "request_",
    [
        put(f"{DEPLOYMENTS}/a", workload(replicaz=3)),
        patch(f"{DEPLOYMENTS}/a", {"spec": {"replicaz": 3, "template": {"spec": {"x": {}}}}}),
        patch(f"{DEPLOYMENTS}/a", {"spec": {"replicaz": 3}}, STRATEGIC),
        patch(f"{DEPLOYMENTS}/a", [{"op": "add", "path": "/metadata/foo", "value": "x"}], JSON),
        patch(f"{DEPLOYMENTS}/a?fieldValidation=Ignore", {"spec": {"replicaz": 3}}),
    ],
)
def test_an_unknown_field_is_dropped(request_: Json) -> None:
    seen = answer([DEPLOYMENT], request_)
    assert (*told(seen), seen.generation) == (*NOTHING, 1)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (post(f"{DEPLOYMENTS}?fieldValidation=Strict", workload(metadata={"name": "b"}, replicaz=3)), "400 BadRequest"),
        (put(f"{DEPLOYMENTS}/a?fieldValidation=Strict", workload(pod_spec={"x": 1})), "400 BadRequest"),
        (patch(f"{DEPLOYMENTS}/a?fieldValidation=Strict", {"spec": {"replicaz": 3}}), "422 Invalid"),
        (patch(f"{DEPLOYMENTS}/a?fieldValidation=Strict", {"spec": {"replicaz": 3}}, STRATEGIC), "422 Invalid"),
        (call("PATCH", f"{DEPLOYMENTS}/a?fieldManager=m", workload(replicaz=3), APPLY), "500"),
        (call("PATCH", f"{DEPLOYMENTS}/a?fieldManager=m", workload(replicas="3"), APPLY), "500"),
        (put(f"{DEPLOYMENTS}/a", workload(pod_spec={"hostNetwork": "yes"})), "400 BadRequest"),
        (patch(f"{DEPLOYMENTS}/a", {"spec": {"template": {"spec": {"hostNetwork": "yes"}}}}), "422 Invalid"),
        (patch(f"{DEPLOYMENTS}/a", {"spec": {"template": {"spec": {"containers": {}}}}}), "422 Invalid"),
        (patch(f"{DEPLOYMENTS}/a", {"spec": {"minReadySeconds": 2**31}}), "422 Invalid"),
        (patch(f"{DEPLOYMENTS}/a", {"spec": {"minReadySeconds": 1.5}}), "422 Invalid"),
    ],
)
def test_strictness_and_wrong_types(request_: Json, code: str) -> None:
    assert answer([DEPLOYMENT], request_).code == code


def test_a_member_twice_is_refused_strictly() -> None:
    raw = '{"metadata": {"name": "b"}, "data": {"a": "1", "a": "2"}}'
    seen = answer([], call("POST", f"{MAPS}?fieldValidation=Strict", raw=raw))
    assert seen.code == "400 BadRequest"
    assert answer([], call("POST", MAPS, raw=raw)).code == "201"


# --- owner references, managedFields


@pytest.mark.parametrize(
    "request_",
    [
        put(f"{MAPS}/a", config_map(ownerReferences=[owner(), owner()])),
        patch(f"{MAPS}/a", {"metadata": {"ownerReferences": [owner(), owner()]}}),
        patch(f"{MAPS}/a", [{"op": "add", "path": "/metadata/ownerReferences", "value": [owner(), owner()]}], JSON),
    ],
)
def test_an_owner_is_stored_once(request_: Json) -> None:
    """handlers/rest.go, dedupOwnerReferences."""
    assert answer([MAP], request_).at("metadata", "ownerReferences") == [owner()]


def test_two_owners_with_one_uid_are_two_owners() -> None:
    seen = answer([], post(MAPS, config_map(ownerReferences=[owner(), owner(name="m")])))
    assert len(seen.at("metadata", "ownerReferences")) == 2


@pytest.mark.parametrize(
    "request_",
    [
        put(f"{MAPS}/a", config_map(managedFields=[])),
        put(f"{MAPS}/a", config_map(managedFields=[{}])),
        patch(f"{MAPS}/a", {"metadata": {"managedFields": []}}),
        patch(f"{MAPS}/a", {"metadata": {"managedFields": [{}]}}, STRATEGIC),
        patch(f"{MAPS}/a", [{"op": "replace", "path": "/metadata/managedFields", "value": []}], JSON),
    ],
)
def test_managed_fields_begin_anew(request_: Json) -> None:
    """managedfields/internal/fieldmanager.go, isResetManagedFields; and nothing is tracked from then on (skipnonapplied.go)."""
    assert told(answer([MAP], request_)) == ("200", ["update configmaps"])
    reset = {**request_, "code": 200}
    assert told(answer([MAP, reset], put(f"{MAPS}/a?fieldManager=other", config_map()))) == NOTHING
    assert answer([MAP, reset], apply(f"{MAPS}/a", config_map({"k": "w"}))).code == "409 Conflict"


@pytest.mark.parametrize(
    "request_",
    [
        put(f"{MAPS}/a", config_map(managedFields=None)),
        patch(f"{MAPS}/a", {"metadata": {"managedFields": None}}),
        patch(f"{MAPS}/a", [{"op": "remove", "path": "/metadata/managedFields"}], JSON),
        patch(f"{MAPS}/a", [{"op": "test", "path": "/metadata/managedFields/1", "value": None}], JSON),
    ],
)
def test_managed_fields_that_are_left_out_stay(request_: Json) -> None:
    code = "422 Invalid" if "/1" in str(request_) else "200"
    assert told(answer([MAP], request_)) == (code, [])


def test_a_subresource_does_not_touch_managed_fields() -> None:
    emptied = {**workload(), "metadata": meta(managedFields=[])}
    assert told(answer([DEPLOYMENT], put(f"{DEPLOYMENTS}/a/status", emptied))) == NOTHING


def test_managed_fields_of_ones_own_are_not_modelled() -> None:
    entry = {"manager": "x", "operation": "Update", "apiVersion": "v1"}
    with pytest.raises(NotModelled, match=r"^managedFields in a body$"):
        answer([MAP], put(f"{MAPS}/a", config_map(managedFields=[entry])))


# --- JSON patch

HELD = post(MAPS, config_map(finalizers=["a.io/1", "a.io/2"]))
OPERATIONS: dict[str, tuple[Json, str, Any]] = {
    "append": (
        [{"op": "add", "path": "/metadata/finalizers/-", "value": "a.io/3"}],
        "200",
        ["a.io/1", "a.io/2", "a.io/3"],
    ),
    "insert": (
        [{"op": "add", "path": "/metadata/finalizers/0", "value": "a.io/0"}],
        "200",
        ["a.io/0", "a.io/1", "a.io/2"],
    ),
    "insert at the end": (
        [{"op": "add", "path": "/metadata/finalizers/2", "value": "a.io/3"}],
        "200",
        ["a.io/1", "a.io/2", "a.io/3"],
    ),
    "insert beyond": ([{"op": "add", "path": "/metadata/finalizers/3", "value": "a.io/3"}], "422 Invalid", None),
    "insert from the end": (
        [{"op": "add", "path": "/metadata/finalizers/-1", "value": "a.io/3"}],
        "200",
        ["a.io/1", "a.io/2", "a.io/3"],
    ),
    "remove the last": ([{"op": "remove", "path": "/metadata/finalizers/-1"}], "200", ["a.io/1"]),
    "remove beyond": ([{"op": "remove", "path": "/metadata/finalizers/2"}], "422 Invalid", None),
    "replace one": (
        [{"op": "replace", "path": "/metadata/finalizers/1", "value": "a.io/3"}],
        "200",
        ["a.io/1", "a.io/3"],
    ),
    "move": (
        [{"op": "move", "from": "/metadata/finalizers/0", "path": "/metadata/finalizers/1"}],
        "200",
        ["a.io/2", "a.io/1"],
    ),
    "copy what is not there": ([{"op": "copy", "from": "/data/x", "path": "/data/y"}], "422 Invalid", None),
    "test of nothing": ([{"op": "test", "path": "/data/x", "value": None}], "200", ["a.io/1", "a.io/2"]),
    "test that fails": (
        [{"op": "test", "path": "/data/k", "value": "w"}, {"op": "remove", "path": "/data/k"}],
        "422 Invalid",
        None,
    ),
    "escaped name": (
        [
            {"op": "add", "path": "/metadata/annotations", "value": {}},
            {"op": "add", "path": "/metadata/annotations/a.io~1b", "value": "x"},
        ],
        "200",
        ["a.io/1", "a.io/2"],
    ),
    "no operation": ([{"path": "/data/k"}], "422 Invalid", None),
    "no such operation": ([{"op": "increase", "path": "/data/k"}], "422 Invalid", None),
    "no path": ([{"op": "remove"}], "422 Invalid", None),
    "operation that is a number": ([{"op": 7, "path": "/data/k"}], "400 BadRequest", None),
    "operations that are none": (["remove"], "400 BadRequest", None),
    "nothing at all": ([], "200", ["a.io/1", "a.io/2"]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_json_patches(name: str) -> None:
    operations, code, finalizers = OPERATIONS[name]
    seen = answer([HELD], patch(f"{MAPS}/a", operations, JSON))
    assert seen.code == code
    if finalizers is not None:
        assert seen.at("metadata", "finalizers") == finalizers


# --- strategic merge patch


def test_containers_are_merged_by_name_and_a_new_one_comes_first() -> None:
    added = {"spec": {"template": {"spec": {"containers": [{"name": "d", "image": "i"}]}}}}
    seen = answer([DEPLOYMENT], patch(f"{DEPLOYMENTS}/a", added, STRATEGIC))
    assert [c["name"] for c in seen.at("spec", "template", "spec", "containers")] == ["d", "c"]


def test_an_order_is_kept() -> None:
    inner = {"containers": [{"name": "d", "image": "i"}], "$setElementOrder/containers": [{"name": "c"}, {"name": "d"}]}
    seen = answer([DEPLOYMENT], patch(f"{DEPLOYMENTS}/a", {"spec": {"template": {"spec": inner}}}, STRATEGIC))
    assert [c["name"] for c in seen.at("spec", "template", "spec", "containers")] == ["c", "d"]


WITH_PORTS = post(
    DEPLOYMENTS,
    workload(pod_spec={"containers": [container(ports=[{"containerPort": 80}], env=[{"name": "A", "value": "1"}])]}),
)
TOLERATED = post(DEPLOYMENTS, workload(pod_spec={"tolerations": [{"key": "k", "operator": "Exists"}]}))
STRATEGIC_MERGES: dict[str, tuple[list[Json], str, Json, list[str | int], Any]] = {
    "ports by their number": (
        [WITH_PORTS],
        DEPLOYMENTS,
        {
            "spec": {
                "template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80, "name": "http"}]}]}}
            }
        },
        ["spec", "template", "spec", "containers", 0, "ports"],
        [{"containerPort": 80, "name": "http", "protocol": "TCP"}],
    ),
    "a variable taken away": (
        [WITH_PORTS],
        DEPLOYMENTS,
        {"spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "A", "$patch": "delete"}]}]}}}},
        ["spec", "template", "spec", "containers", 0, "env"],
        None,
    ),
    "commands are replaced": (
        [post(DEPLOYMENTS, workload(pod_spec={"containers": [container(command=["a", "b"])]}))],
        DEPLOYMENTS,
        {"spec": {"template": {"spec": {"containers": [{"name": "c", "command": ["c"]}]}}}},
        ["spec", "template", "spec", "containers", 0, "command"],
        ["c"],
    ),
    "tolerations are replaced": (
        [TOLERATED],
        DEPLOYMENTS,
        {"spec": {"template": {"spec": {"tolerations": [{"key": "l", "operator": "Exists"}]}}}},
        ["spec", "template", "spec", "tolerations"],
        [{"key": "l", "operator": "Exists"}],
    ),
    "labels are merged, null removes": (
        [post(MAPS, config_map(labels={"a": "1", "b": "2"}))],
        MAPS,
        {"metadata": {"labels": {"a": None, "c": "3"}}},
        ["metadata", "labels"],
        {"b": "2", "c": "3"},
    ),
    "labels are replaced": (
        [post(MAPS, config_map(labels={"a": "1"}))],
        MAPS,
        {"metadata": {"labels": {"$patch": "replace", "c": "3"}}},
        ["metadata", "labels"],
        {"c": "3"},
    ),
    "a map is emptied": (
        [post(MAPS, config_map(labels={"a": "1"}))],
        MAPS,
        {"metadata": {"labels": {"$patch": "delete"}}},
        ["metadata", "labels"],
        None,
    ),
    "keys are retained": (
        [DEPLOYMENT],
        DEPLOYMENTS,
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
        ["spec", "strategy"],
        {"type": "Recreate"},
    ),
    "service ports by their number": (
        [post(SERVICES, service(ports=[{"name": "a", "port": 80}]))],
        SERVICES,
        {"spec": {"ports": [{"port": 80, "targetPort": 81}]}},
        ["spec", "ports", 0, "targetPort"],
        81,
    ),
    "a node's conditions by their type": (
        [
            post(NODES, {"metadata": meta()}),
            patch(
                f"{NODES}/a/status",
                {"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "True"}]}},
            ),
        ],
        NODES,
        {"status": {"conditions": [{"type": "Ready", "status": "False"}]}},
        ["status", "conditions", 0, "status"],
        "False",
    ),
    "finalizers are added": (
        [HELD],
        MAPS,
        {"metadata": {"finalizers": ["a.io/2", "a.io/3"]}},
        ["metadata", "finalizers"],
        ["a.io/1", "a.io/2", "a.io/3"],
    ),
    "an owner taken away": (
        [post(MAPS, config_map(ownerReferences=[owner("u"), owner("w")]))],
        MAPS,
        {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": "u"}]}},
        ["metadata", "ownerReferences"],
        [owner("w")],
    ),
    "directives in what was not there mean nothing": (
        [MAP],
        MAPS,
        {"metadata": {"labels": {"x": None, "y": "1"}, "annotations": {"$patch": "delete"}}},
        ["metadata", "labels"],
        {"y": "1"},
    ),
}


@pytest.mark.parametrize("name", STRATEGIC_MERGES)
def test_strategic_merges(name: str) -> None:
    setup, path, body, where, expected = STRATEGIC_MERGES[name]
    part = "/status" if "status" in body else ""
    seen = answer(setup, patch(f"{path}/a{part}", body, STRATEGIC))
    assert (seen.code, seen.at(*where)) == ("200", expected)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"metadata": {"labels": {"$patch": "shake"}}}, "500"),
        ({"metadata": {"ownerReferences": [{"name": "x"}]}}, "500"),  # no merge key, and there are owners
        ({"metadata": {"ownerReferences": [{"$patch": "delete"}]}}, "500"),
        ({"metadata": {"$retainKeys": ["name"], "labels": {"a": "b"}}}, "400 BadRequest"),
        ({"metadata": {"$retainKeys": "name"}}, "400 BadRequest"),
        ({"metadata": {"$deleteFromPrimitiveList/finalizers": "x"}}, "400 BadRequest"),
        ({"metadata": {"$setElementOrder/ownerReferences": [{"uid": "x"}], "ownerReferences": [owner("u")]}}, "500"),
        ([], "400 BadRequest"),
    ],
)
def test_strategic_merges_that_cannot_be(body: Json, code: str) -> None:
    setup = [post(MAPS, config_map(labels={"a": "1"}, ownerReferences=[owner("u")]))]
    assert answer(setup, patch(f"{MAPS}/a", body, STRATEGIC)).code == code


def test_an_owner_without_a_uid_where_there_was_none_is_invalid() -> None:
    body = {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "K", "name": "n"}]}}
    assert answer([MAP], patch(f"{MAPS}/a", body, STRATEGIC)).code == "422 Invalid"


@pytest.mark.parametrize("kind", [MERGE, STRATEGIC, JSON])
def test_a_patch_of_a_pod_that_changes_nothing_writes_nothing(kind: str) -> None:
    body = [] if kind == JSON else {"spec": {"restartPolicy": "Always"}}
    assert told(answer(POD, patch(f"{PODS}/a", body, kind))) == NOTHING


def test_a_merge_patch_of_a_replica_set_to_its_defaults() -> None:
    assert told(answer([REPLICA_SET], patch(f"{REPLICA_SETS}/a", {"spec": {"replicas": None}}))) == NOTHING


# --- another kind, version, name

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": meta()}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (put(f"{MAPS}/a", {**config_map(), "kind": "Secret"}), "400 BadRequest"),
        (put(f"{MAPS}/a", {**config_map(), "apiVersion": "v2"}), "400 BadRequest"),
        (patch(f"{MAPS}/a", {"kind": "Secret"}), "422 Invalid"),
        (patch(f"{MAPS}/a", {"apiVersion": "v2"}), "422 Invalid"),
        (patch(f"{MAPS}/a", {"kind": None}), "200"),
        (patch(f"{MAPS}/a", {"kind": "Secret"}, STRATEGIC), "200"),
        (patch(f"{MAPS}/a", {"metadata": {"name": "b"}}), "400 BadRequest"),
        (patch(f"{MAPS}/a", {"metadata": {"namespace": "b"}}, STRATEGIC), "400 BadRequest"),
        (apply(f"{MAPS}/a", SECRET), "400 BadRequest"),
        (apply(f"{MAPS}/a", {**config_map(), "apiVersion": "v2"}), "400 BadRequest"),
    ],
)
def test_another_kind_or_place(request_: Json, code: str) -> None:
    assert told(answer([MAP], request_)) == (code, [])


def test_an_apply_that_creates_names_the_object() -> None:
    assert answer([MAP], apply(f"{MAPS}/a", {**config_map(), "metadata": {}})).code == "200"
    assert answer([], apply(f"{MAPS}/a", {**config_map(), "metadata": {}}, code=0)).code == "400 BadRequest"


TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.mark.parametrize("kind", [None, MERGE, STRATEGIC])
def test_a_pod_that_was_read_can_be_sent_back(kind: str | None) -> None:
    """The name of the volume with the token ends in letters that the server makes up."""
    read = pod(of={"volumeMounts": [{"name": "kube-api-access-ab1cd", "readOnly": True, "mountPath": TOKEN}]})
    read["spec"]["volumes"] = [{"name": "kube-api-access-ab1cd", **answer(POD[:1], POD[1]).at("spec", "volumes", 0)}]
    read["spec"]["volumes"][0]["name"] = "kube-api-access-ab1cd"
    read["spec"]["serviceAccountName"] = "default"
    request_ = put(f"{PODS}/a", read) if kind is None else patch(f"{PODS}/a", read, kind)
    assert told(answer(POD, request_)) == NOTHING
