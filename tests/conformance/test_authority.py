"""The chain for every path, what authorization sees of a request, the bootstrap policy, impersonation, reviews, kubelets."""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model.conformance.bounds import writes_of
from kubecheck.model.conformance.http import Attributes, Key, attributes_of, routed, target_of
from kubecheck.model.conformance.rows import Call
from tests.conformance.answers import (
    ACCOUNT,
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    MERGE,
    PODS,
    RBAC,
    ROLES,
    SECRETS,
    answer,
    bound,
    call,
    check,
    config_map,
    granted,
    made,
    pod,
    row_of,
    rule,
)

Json = Any
MADE = made(CONFIG_MAPS, config_map())
UNKNOWN_TOKEN = "Bearer with an unknown token"


# --- authentication, authorization, and only then the path


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api/v1/namespaces/p-x/gadgets", "/apis/foo.example.com/v1/gadgets", f"{PODS}/a/gadget", "/gadget"]
)
def test_what_nobody_serves_is_refused_before_it_is_not_found(method: str, path: str) -> None:
    assert answer([], call(method, path, authentication=UNKNOWN_TOKEN)) == 401
    assert answer([], call(method, path, user="eve")) == 403
    assert answer([], call(method, path, authentication="none")) == 403
    assert answer([], call(method, path)) == 404


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/namespaces/p-x/nodes", 404),
        ("GET", "/api/v1/configmaps/a", 404),
        ("POST", "/api/v1/configmaps", 405),
        ("DELETE", "/api/v1/configmaps", 405),
        ("PUT", "/api/v1/watch/namespaces/p-x/configmaps/a", 405),
        ("GET", "/apis/apps/v1beta1/deployments", 404),
        ("GET", f"{CONFIG_MAPS}/a/status", 404),
        ("GET", f"{PODS}/a/scale", 404),
    ],
)
def test_paths_that_a_kind_does_not_have(method: str, path: str, code: int) -> None:
    assert answer([MADE], call(method, path, config_map())) == code


@pytest.mark.parametrize(
    ("path", "anonymous", "eve", "kind"),
    [
        ("/livez", 200, 200, None),
        ("/livez/ping", 403, 403, None),
        ("/version", 200, 200, None),
        ("/api", 403, 200, "APIVersions"),
        ("/api/v1", 403, 200, "APIResourceList"),
        ("/apis", 403, 200, "APIGroupList"),
        ("/apis/apps", 403, 200, "APIGroup"),
        ("/apis/apps/v1", 403, 200, "APIResourceList"),
        ("/metrics", 403, 403, None),
        ("/", 403, 403, None),
    ],
)
def test_paths_that_are_no_resources(path: str, anonymous: int, eve: int, kind: str | None) -> None:
    assert answer([], call("GET", path, authentication="none")) == anonymous
    assert answer([], call("GET", path, user="eve")) == eve
    text = {"text": "ok"} if path.startswith("/livez") else {}
    assert check(row_of([], call("GET", path), {"code": 200, "kind": kind, **text})).differences == ()


# --- what authorization sees


def attributes(method: str, path: str) -> Attributes:
    return attributes_of(Call(method=method, path=path), target_of(path))


@pytest.mark.parametrize(
    ("method", "path", "verb", "namespace", "name"),
    [
        ("GET", f"{CONFIG_MAPS}/a", "get", "p-x", "a"),
        ("HEAD", f"{CONFIG_MAPS}/a", "get", "p-x", "a"),
        ("GET", CONFIG_MAPS, "list", "p-x", ""),
        ("GET", f"{CONFIG_MAPS}?watch", "watch", "p-x", ""),
        ("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Da", "list", "p-x", "a"),
        ("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%21%3Da", "list", "p-x", ""),
        (
            "GET",
            f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Da%2Cmetadata.namespace%3Dp-x&watch=1",
            "watch",
            "p-x",
            "a",
        ),
        ("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3D..", "list", "p-x", ""),
        ("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Da&limit=x", "list", "p-x", ""),
        ("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Da&labelSelector=%2C&watch=true", "watch", "p-x", ""),
        ("DELETE", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Da", "deletecollection", "p-x", ""),
        ("GET", "/api/v1/watch/namespaces/p-x/configmaps/a", "watch", "p-x", "a"),
        ("GET", "/api/v1/watch/namespaces/p-x/configmaps", "watch", "p-x", ""),
        ("GET", "/api/v1/namespaces/p-x", "get", "p-x", "p-x"),
        ("PUT", "/api/v1/namespaces/p-x/finalize", "update", "p-x", "p-x"),
        ("GET", "/api/v1/namespaces", "list", "", ""),
        ("GET", "/api/v1/nodes/n", "get", "", "n"),
    ],
)
def test_verb_namespace_and_name(method: str, path: str, verb: str, namespace: str, name: str) -> None:
    found = attributes(method, path)
    assert (found.verb, found.namespace, found.name) == (verb, namespace, name)


def test_a_path_that_is_no_resources() -> None:
    found = attributes("GET", "/apis/apps/v1")
    assert (found.verb, found.resource, found.path) == ("get", "", "/apis/apps/v1")


def test_old_paths_of_watches_go_to_the_collection() -> None:
    found = routed(target_of("/api/v1/watch/namespaces/n/configmaps/b?resourceVersion=3&watch=false"))
    assert (found.namespace, found.resource, found.name, found.prefix) == ("n", "configmaps", "", "")
    assert found.query == {"resourceVersion": ["3"], "watch": ["true"], "fieldSelector": ["metadata.name=b"]}
    plain = target_of("/api/v1/namespaces/watch/configmaps")
    assert routed(plain) is plain


@pytest.mark.parametrize(("name", "code"), [("a", 200), ("b", 403)])
@pytest.mark.parametrize(
    "path", [f"{CONFIG_MAPS}?fieldSelector=metadata.name%3D{{}}", "/api/v1/watch/namespaces/p-x/configmaps/{}"]
)
def test_a_role_for_a_name_covers_lists_and_watches_of_it(path: str, name: str, code: int) -> None:
    setup = [*granted(rule("list watch", "configmaps", names="a")), MADE]
    then = {"then": []} if "watch" in path else {}
    assert answer(setup, call("GET", path.format(name), user="eve", **then)) == code


def test_a_role_in_a_namespace_covers_the_namespace_itself() -> None:
    setup = granted(rule("get", "namespaces"))
    assert answer(setup, call("GET", "/api/v1/namespaces/p-x", user="eve")) == 200
    assert answer(setup, call("GET", "/api/v1/namespaces/p-y", user="eve")) == 403


# --- RBAC and its bootstrap policy


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("view", 403),  # gathered by a controller, which does not run
        ("system:aggregate-to-view", 200),
        ("cluster-admin", 200),
        ("system:discovery", 403),
        ("gone", 403),
        ("system:heapster", "the rules of the ClusterRole system:heapster, which API servers make when they start"),
    ],
)
def test_cluster_roles_that_a_server_makes(role: str, code: int | str) -> None:
    setup = [bound(role, kind="ClusterRole"), MADE]
    assert answer(setup, call("GET", f"{CONFIG_MAPS}/a", user="eve")) == code


def test_an_unknown_role_is_no_matter_where_another_one_allows() -> None:
    setup = [bound("system:heapster", kind="ClusterRole"), *granted(rule("get", "configmaps")), MADE]
    assert answer(setup, call("GET", f"{CONFIG_MAPS}/a", user="eve")) == 200


def test_what_a_server_makes_is_not_said_to_be_missing() -> None:
    told = answer([], call("GET", f"{RBAC}/clusterroles/view"))
    assert told == "clusterroles/view, which API servers make when they start"


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        (f"{RBAC}/clusterroles", "all clusterroles, of which API servers make some when they start"),
        ("/api/v1/namespaces?watch=true", "all namespaces, of which API servers make some when they start"),
        ("/api/v1/namespaces?watch=true&resourceVersion=1", 200),
        ("/api/v1/namespaces?fieldSelector=metadata.name%3Dp-x", 200),
        ("/api/v1/configmaps", "all configmaps, of which API servers make some when they start"),
        (CONFIG_MAPS, 200),
        ("/api/v1/pods", 200),
    ],
)
def test_collections_with_objects_of_the_server_s_own(path: str, answered: int | str) -> None:
    then = {"then": []} if "watch" in path else {}
    assert answer([MADE], call("GET", path, **then)) == answered


def test_a_user_whose_groups_are_not_known() -> None:
    subject = {"kind": "User", "name": "bob"}
    allowed = [
        made(ROLES, {"metadata": {"name": "r"}, "rules": [rule("get", "configmaps")]}),
        bound("r", subject=subject),
    ]
    assert answer([*allowed, MADE], call("GET", f"{CONFIG_MAPS}/a", user="bob")) == 200
    assert answer([], call("GET", "/api", user="bob")) == 200
    told = answer([MADE], call("GET", f"{CONFIG_MAPS}/a", user="bob"))
    assert told == "what user bob may do, whose groups the recording does not tell"


ESCALATION = {
    "more than one has": (granted(rule("create", "roles", "rbac.authorization.k8s.io")), 403),
    "what one has": (granted(rule("create", "roles", "rbac.authorization.k8s.io"), rule("get list", "pods")), 201),
    "with escalate": (granted(rule("create escalate", "roles", "rbac.authorization.k8s.io")), 201),
    "with escalate for the name, which a POST does not have": (
        granted(
            rule("create", "roles", "rbac.authorization.k8s.io"),
            rule("escalate", "roles", "rbac.authorization.k8s.io", "n"),
        ),
        403,
    ),
}


@pytest.mark.parametrize("case", ESCALATION)
def test_nobody_grants_what_he_does_not_have(case: str) -> None:
    setup, code = ESCALATION[case]
    body = {"metadata": {"name": "n"}, "rules": [rule("get", "pods")]}
    assert answer(setup, call("POST", ROLES, body, user="eve")) == code


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"rules": [rule("get", "secrets")]}, 403),
        ({"metadata": {"labels": {"a": "b"}}}, 403),
        ({"metadata": {"finalizers": ["example.com/f"]}}, 200),
    ],
)
def test_an_update_of_a_role_that_is_greater_than_oneself(patch: Json, code: int) -> None:
    other = made(ROLES, {"metadata": {"name": "n"}, "rules": [rule("get", "pods")]})
    setup = [*granted(rule("patch", "roles", "rbac.authorization.k8s.io")), other]
    assert answer(setup, call("PATCH", f"{ROLES}/n", patch, contentType=MERGE, user="eve")) == code


def test_binding_a_role_that_is_not_there() -> None:
    setup = granted(rule("create", "rolebindings", "rbac.authorization.k8s.io"))
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "gone"}
    body = {"metadata": {"name": "n"}, "roleRef": reference}
    assert answer(setup, call("POST", f"{RBAC}/namespaces/p-x/rolebindings", body, user="eve")) == 404


# --- impersonation


GET = f"{CONFIG_MAPS}/a"
AUTHENTICATION = "authentication.k8s.io"


@pytest.mark.parametrize(
    ("rules", "headers", "code"),
    [
        ([], {"Impersonate-User": "admin"}, 403),
        (
            [rule("impersonate", "users", names="client-a")],
            {"Impersonate-User": "client-a"},
            403,
        ),  # who is nobody without a group
        ([rule("impersonate", "users groups")], {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}, 200),
        ([rule("impersonate", "users")], {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}, 403),
        ([rule("impersonate", "users")], {"Impersonate-Group": "devs"}, 400),
        (
            [
                rule("impersonate:user-info", "users groups", AUTHENTICATION),
                rule("impersonate-on:user-info:get", "configmaps"),
            ],
            {"Impersonate-User": "x", "Impersonate-Group": "readers"},
            200,
        ),
        (
            [
                rule("impersonate:user-info", "users groups", AUTHENTICATION),
                rule("impersonate-on:user-info:list", "configmaps"),
            ],
            {"Impersonate-User": "x", "Impersonate-Group": "readers"},
            403,
        ),
    ],
)
def test_impersonation(rules: list[Json], headers: dict[str, str], code: int) -> None:
    readers = {"kind": "Group", "name": "readers"}
    setup = [
        made(f"{RBAC}/clusterroles", {"metadata": {"name": "i"}, "rules": rules}),
        bound("i", kind="ClusterRole", cluster=True),
        made(ROLES, {"metadata": {"name": "g"}, "rules": [rule("get", "configmaps")]}),
        bound("g", subject=readers),
        MADE,
    ]
    assert answer(setup, call("GET", GET, user="eve", headers=headers)) == code


@pytest.mark.parametrize(
    ("headers", "groups"),
    [
        ({"Impersonate-User": "system:node:n"}, ["system:nodes", "system:authenticated"]),
        (
            {"Impersonate-User": "system:serviceaccount:p-x:a"},
            ["system:serviceaccounts", "system:serviceaccounts:p-x", "system:authenticated"],
        ),
        ({"Impersonate-User": "x", "Impersonate-Group": "g"}, ["g", "system:authenticated"]),
    ],
)
def test_whom_an_administrator_becomes(headers: dict[str, str], groups: list[str]) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    request = call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, headers=headers)
    shown = {"status.userInfo.username": headers["Impersonate-User"], "status.userInfo.groups": groups}
    assert check(row_of([], request, {"code": 201, "kind": "SelfSubjectReview", "show": shown})).differences == ()


# --- reviews


REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("path", "spec", "user", "answered"),
    [
        ("selfsubjectaccessreviews", {"nonResourceAttributes": {"path": "/api", "verb": "get"}}, "eve", True),
        ("selfsubjectaccessreviews", {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}, "eve", False),
        ("selfsubjectaccessreviews", {}, "eve", 422),
        ("selfsubjectaccessreviews", {"resourceAttributes": {}, "nonResourceAttributes": {}}, "eve", 422),
        (
            "subjectaccessreviews",
            {"user": "eve", "resourceAttributes": {"verb": "get", "resource": "pods"}},
            "admin",
            False,
        ),
        (
            "subjectaccessreviews",
            {"user": "x", "groups": ["system:masters"], "resourceAttributes": {"verb": "get", "resource": "pods"}},
            "admin",
            True,
        ),
        ("subjectaccessreviews", {"resourceAttributes": {"verb": "get", "resource": "pods"}}, "admin", 422),
        ("subjectaccessreviews", {"user": "x", "resourceAttributes": {}}, "eve", 403),
        (
            "namespaces/p-x/localsubjectaccessreviews",
            {"user": "eve", "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "p-y"}},
            "admin",
            422,
        ),
        ("selfsubjectrulesreviews", {}, "eve", 400),
    ],
)
def test_access_reviews(path: str, spec: Json, user: str, answered: bool | int) -> None:
    request = call("POST", f"{REVIEWS}/{path}", {"spec": spec}, user=user)
    if not isinstance(answered, bool):
        assert answer([], request) == answered
        return
    # What is a text in the answer, the reason, is not compared.
    shown = {"status": {"allowed": answered, "reason": "because"}}
    kind = "SelfSubjectAccessReview" if path.startswith("self") else "SubjectAccessReview"
    assert check(row_of([], request, {"code": 201, "kind": kind, "show": shown})).differences == ()
    wrong = {"status": {"allowed": not answered}}
    assert check(row_of([], request, {"code": 201, "kind": kind, "show": wrong})).differences


def test_token_reviews() -> None:
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    assert answer([], call("POST", path, {"spec": {"token": "x"}})) == 201
    assert answer([], call("POST", path, {"spec": {}})) == 400
    assert answer([], call("POST", path, {"spec": {"token": "x"}}, user="eve")) == 403


TOKEN = "/api/v1/namespaces/p-x/serviceaccounts/default/token"


@pytest.mark.parametrize(
    ("body", "then", "code"),
    [
        ({"spec": {}}, [], 201),
        ({"spec": {}}, [call("DELETE", "/api/v1/namespaces/p-x/serviceaccounts/default", None, 200)], 401),
        ({"spec": {"audiences": ["somebody-else"]}}, [], 401),
        ({"spec": {"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "s"}}}, [], 201),
        (
            {"spec": {"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "s"}}},
            [call("DELETE", f"{SECRETS}/s", None, 200)],
            401,
        ),
    ],
)
def test_a_token_lives_as_long_as_what_it_is_for(body: Json, then: list[Json], code: int) -> None:
    setup = [ACCOUNT, made(SECRETS, {"metadata": {"name": "s"}}), made(TOKEN, body), *then]
    request = call(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, authentication="service account token"
    )
    assert answer(setup, request) == code


# --- kubelets


NODE = "system:node:n1"
USES_SECRET = pod(node="n1", volumes=[{"name": "v", "secret": {"secretName": "s"}}])
NODES = "/api/v1/nodes"
OWN_NODE = made(NODES, {"metadata": {"name": "n1"}})


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (call("GET", f"{SECRETS}?fieldSelector=metadata.name%3Ds"), 200),
        (call("GET", f"{SECRETS}?fieldSelector=metadata.name%3Dt"), 403),
        (call("GET", f"{PODS}?fieldSelector=spec.nodeName%3Dn1"), 200),
        (call("GET", f"{PODS}?fieldSelector=spec.nodeName%3D%3Dn1"), 200),
        (call("GET", f"{PODS}?fieldSelector=metadata.name%3Da"), 200),
        (call("GET", f"{PODS}?fieldSelector=spec.nodeName%21%3Dn1"), 403),
        (call("GET", "/api/v1/watch/namespaces/p-x/pods?fieldSelector=spec.nodeName%3Dn1", then=[]), 403),
        (call("GET", f"{NODES}?fieldSelector=metadata.name%3Dn1"), 200),
        (call("GET", NODES), 403),
        (call("PATCH", f"{NODES}/n1", {"metadata": {"labels": {"example.com/a": "b"}}}, contentType=MERGE), 200),
        (call("PATCH", f"{NODES}/n1", {"metadata": {"labels": {"kubernetes.io/os": "plan9"}}}, contentType=MERGE), 200),
        (call("PATCH", f"{NODES}/n1", {"metadata": {"labels": {"x.kubernetes.io/a": "b"}}}, contentType=MERGE), 403),
        (
            call(
                "PATCH",
                f"{NODES}/n1",
                {"metadata": {"labels": {"node-restriction.kubernetes.io/a": "b"}}},
                contentType=MERGE,
            ),
            403,
        ),
        (call("PATCH", f"{NODES}/n1", {"spec": {"taints": []}}, contentType=MERGE), 403),
        (call("PATCH", f"{NODES}/n2", {"metadata": {"labels": {"a": "b"}}}, contentType=MERGE), 404),
        (call("PATCH", f"{PODS}/a/status", {"metadata": {"labels": {"a": "b"}}}, contentType=MERGE), 403),
        (call("PATCH", f"{PODS}/a/status", {"status": {"phase": "Running"}}, contentType=MERGE), 200),
        (call("PATCH", f"{PODS}/zz/status", {"status": {"phase": "Running"}}, contentType=MERGE), 404),
        (call("DELETE", f"{PODS}/zz"), 404),
    ],
)
def test_what_a_kubelet_may_do(request_: Json, code: int) -> None:
    secrets = [made(SECRETS, {"metadata": {"name": name}}) for name in "st"]
    setup = [ACCOUNT, OWN_NODE, *secrets, made(PODS, USES_SECRET)]
    assert answer(setup, {**request_, "user": NODE}) == code


def test_a_kubelet_evicts_its_own_pods_and_does_not_touch_others() -> None:
    evict = call("POST", f"{PODS}/a/eviction", {"metadata": {"name": "a"}}, user=NODE)
    assert answer([ACCOUNT, made(PODS, pod(node="n1"))], evict) == 201
    refused = {"code": 403, "kind": "Status", "reason": "Forbidden"}
    assert check(row_of([ACCOUNT, made(PODS, pod(node="n2"))], evict, refused)).differences == ()  # nothing is written
    assert answer([], evict) == 404


def test_a_kubelet_reads_the_claims_of_its_pods_and_their_volumes() -> None:
    volume = {
        "metadata": {"name": "v"},
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"},
            "claimRef": {"namespace": "p-x", "name": "c"},
        },
    }  # fmt: skip
    uses = pod(node="n1", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}])
    setup = [ACCOUNT, made("/api/v1/persistentvolumes", volume)]
    assert answer(setup, call("GET", "/api/v1/persistentvolumes/v", user=NODE)) == 403
    assert answer([*setup, made(PODS, uses)], call("GET", "/api/v1/persistentvolumes/v", user=NODE)) == 200


# --- objects and paths


def test_a_namespace_in_a_cluster_object_is_taken_off() -> None:
    body = {"metadata": {"name": "n1", "namespace": "x", "labels": {"a": "b"}}}
    assert answer([], call("POST", NODES, body)) == 201
    assert answer([OWN_NODE], call("PUT", f"{NODES}/n1", body)) == 200
    assert answer([MADE], call("PUT", f"{CONFIG_MAPS}/a", config_map(namespace="x"))) == 400


@pytest.mark.parametrize(("name", "aim", "code"), [("a", "n1", 201), ("", "n1", 400), ("", "", 500), ("zz", "n1", 404)])
def test_bindings_by_the_old_path(name: str, aim: str, code: int) -> None:
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": {"kind": "Node", "name": aim}}
    assert answer([ACCOUNT, made(PODS, pod())], call("POST", "/api/v1/namespaces/p-x/bindings", body)) == code


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ("labelSelector=x%20in%20%281%2C2%29", "ab"),
        ("labelSelector=%21x", "c"),
        ("labelSelector=x%3E1", "b"),
        ("fieldSelector=metadata.name%3Da", "a"),
        ("fieldSelector=metadata.name%21%3Da", "bc"),
        ("resourceVersion=0&limit=1", "abc"),
        ("limit=2", "ab"),
        ("timeoutSeconds=5", "abc"),
    ],
)
def test_deletion_of_collections(query: str, gone: str) -> None:
    maps = {"a": {"x": "1"}, "b": {"x": "2"}, "c": {}}
    setup = [made(CONFIG_MAPS, config_map(name, labels=labels)) for name, labels in maps.items()]
    writes = [{"op": "DELETE", "key": f"/registry/configmaps/p-x/{name}", "rel": ">answer"} for name in gone]
    shown = {f"items[{i}].metadata.name": name for i, name in enumerate(gone)} | {f"items[{len(gone)}]": None}
    response = {"code": 200, "kind": "ConfigMapList", "show": shown}
    row = row_of(setup, call("DELETE", f"{CONFIG_MAPS}?{query}"), response, etcd_writes=writes)
    assert check(row).differences == ()


@pytest.mark.parametrize("query", ["labelSelector=%2C", "fieldSelector=data.k%3Dv", "limit=x", "timeoutSeconds=x"])
def test_deletion_of_collections_with_bad_options(query: str) -> None:
    assert answer([MADE], call("DELETE", f"{CONFIG_MAPS}?{query}")) == 400


def test_a_grace_period_of_a_collection() -> None:
    setup = [ACCOUNT, made(PODS, pod(node="n1"))]
    seen = {
        "path": f"{PODS}/a",
        "exists_before": True,
        "exists_after": True,
        "rv_changed": True,
        "generation_before": 1,
    }
    after = {
        "generation_after": 2,
        "uid_same": True,
        "deletionTimestamp_set": True,
        "deletionGracePeriodSeconds_after": 3,
    }
    write = {"op": "PUT", "key": "/registry/pods/p-x/a", "rel": ">answer"}
    event = {"type": "MODIFIED", "name": "a", "rel": [">answer", ">before", "=after"], "deletionTimestamp_set": True}
    row = row_of(
        setup,
        call("DELETE", f"{PODS}?gracePeriodSeconds=3"),
        {"code": 200, "kind": "PodList"},
        object={**seen, **after, "finalizers_before": [], "finalizers_after": [], "etcd_writes_to_it": 1},
        etcd_writes=[write],
        events=[{**event, "phase": "Pending", "nodeName": "n1"}],
    )
    assert check(row).differences == ()


@pytest.mark.parametrize(("finalizers", "code"), [([], 200), (["example.com/f"], 202)])
def test_an_old_client_is_told_that_the_object_stays(finalizers: list[str], code: int) -> None:
    setup = [made(CONFIG_MAPS, config_map(finalizers=finalizers))]
    assert answer(setup, call("DELETE", f"{CONFIG_MAPS}/a", {"orphanDependents": False})) == code
    assert answer(setup, call("DELETE", f"{CONFIG_MAPS}/a?orphanDependents=false")) == code


def test_an_apply_that_creates_is_a_create_as_well() -> None:
    apply = call("PATCH", f"{CONFIG_MAPS}/a?fieldManager=m", config_map(), contentType=APPLY, user="eve")
    assert answer(granted(rule("patch", "configmaps")), apply) == 403
    assert answer(granted(rule("patch create", "configmaps")), apply) == 201


def test_many_objects_and_many_finalizers_have_room() -> None:
    finalizers = [f"example.com/{i}" for i in range(40)]
    assert answer([], call("POST", CONFIG_MAPS, config_map(finalizers=finalizers))) == 201
    setup = [made(CONFIG_MAPS, config_map(f"c{i:02}")) for i in range(60)]
    assert answer(setup, call("GET", CONFIG_MAPS)) == 200
    assert answer([MADE], call("PUT", f"{CONFIG_MAPS}/a", config_map(generation=80))) == 200
    grace = call("DELETE", f"{PODS}/a", {"gracePeriodSeconds": 2**40})
    told = "a number that is greater than a replay has room for"
    assert answer([ACCOUNT, made(PODS, pod(node="n"))], grace) == told
    more = [made(CONFIG_MAPS, config_map(f"c{i}")) for i in range(400)]
    assert answer(more, call("GET", DEPLOYMENTS)) == "404 writes to 401 objects, for which a replay has no room"


# --- forms of answers, options of deletions


PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
MANY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@pytest.mark.parametrize(
    ("method", "path", "accept", "code", "kind"),
    [
        ("GET", f"{CONFIG_MAPS}/a", PARTIAL, 200, "PartialObjectMetadata"),
        ("GET", f"{CONFIG_MAPS}/a", MANY, 406, "Status"),
        ("GET", CONFIG_MAPS, MANY, 200, "PartialObjectMetadataList"),
        ("GET", CONFIG_MAPS, PARTIAL, 406, "Status"),
        ("GET", f"{CONFIG_MAPS}/a", "text/xml", 406, "Status"),
        ("GET", f"{CONFIG_MAPS}/a", "text/xml, application/json", 200, "ConfigMap"),
        ("PATCH", f"{CONFIG_MAPS}/a", PARTIAL, 200, "PartialObjectMetadata"),
        ("PATCH", f"{CONFIG_MAPS}/a", "text/xml", 406, "Status"),
    ],
)
def test_accept_headers(method: str, path: str, accept: str, code: int, kind: str) -> None:
    body = None if method == "GET" else {"metadata": {}}
    request = call(method, path, body, headers={"Accept": accept}, contentType=MERGE)
    reason = {"reason": "NotAcceptable"} if code == 406 else {}
    assert check(row_of([MADE], request, {"code": code, "kind": kind, **reason})).differences == ()


DELETED = [{"op": "DELETE", "key": "/registry/configmaps/p-x/a"}]


@pytest.mark.parametrize(
    ("query", "body", "writes"),
    [("?dryRun=All", None, []), ("?dryRun=All", {}, DELETED), ("", {"dryRun": ["All"]}, []), ("", {}, DELETED)],
)
def test_the_options_of_a_deletion_are_those_of_its_body_if_it_has_one(query: str, body: Json, writes: Json) -> None:
    request = call("DELETE", f"{CONFIG_MAPS}/a{query}", body)
    assert check(row_of([MADE], request, {"code": 200, "kind": "Status"}, etcd_writes=writes)).differences == ()


@pytest.mark.parametrize(("raw", "type_", "code"), [("{", None, 400), ("", None, 200), ("x", "text/plain", 415)])
def test_bodies_of_deletions_that_are_no_json(raw: str, type_: str | None, code: int) -> None:
    given = {"contentType": type_} if type_ else {}
    assert answer([MADE], call("DELETE", f"{CONFIG_MAPS}/a", raw=raw, **given)) == code


@pytest.mark.parametrize(
    ("query", "options", "code"), [("?dryRun=All", {}, 201), ("?dryRun=All", {"dryRun": ["All"]}, 201)]
)
def test_a_dry_run_of_an_eviction_is_asked_for_in_either_place(query: str, options: Json, code: int) -> None:
    body = {"metadata": {"name": "a"}, "deleteOptions": options}
    row = row_of(
        [ACCOUNT, made(PODS, pod())], call("POST", f"{PODS}/a/eviction{query}", body), {"code": code, "kind": "Status"}
    )
    assert check(row).differences == ()


def test_an_apply_to_a_scale_conflicts_with_who_has_the_replicas() -> None:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod()["spec"]}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "a"}}, "template": template}
    setup = [made(DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": spec})]
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}, "spec": {"replicas": 4}}
    assert answer(setup, call("PATCH", f"{DEPLOYMENTS}/a/scale?fieldManager=m", scale, contentType=APPLY)) == 409


@pytest.mark.parametrize(
    ("method", "path", "writes"),
    [
        ("GET", CONFIG_MAPS, 0),
        ("POST", CONFIG_MAPS, 3),  # and a quota or two are charged
        ("POST", "/api/v1/nodes", 1),
        ("DELETE", f"{CONFIG_MAPS}/a", 2),
        ("DELETE", CONFIG_MAPS, 4),
        ("POST", f"{PODS}/a/eviction", 4),
    ],
)
def test_room_for_writes(method: str, path: str, writes: int) -> None:
    keys = [Key("", resource, "p-x", name) for resource in ("configmaps", "resourcequotas") for name in "ab"]
    assert writes_of(Call(method=method, path=path), keys) == writes
