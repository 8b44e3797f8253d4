"""Probes made up by tests: what the model answers to a request in a situation."""

from __future__ import annotations

import json
from typing import Any

from kubecheck.model.conformance.conform import Checked, Outcome, conform

Json = Any

CONFIG_MAPS = "/api/v1/namespaces/p-x/configmaps"
PODS = "/api/v1/namespaces/p-x/pods"
SECRETS = "/api/v1/namespaces/p-x/secrets"
DEPLOYMENTS = "/apis/apps/v1/namespaces/p-x/deployments"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES = f"{RBAC}/namespaces/p-x/roles"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


def call(method: str, path: str, body: Json = None, code: int = 0, **more: Json) -> Json:
    """A request; one of a setup has the code that it was answered."""
    found = {"method": method, "path": path, **({"code": code} if code else {}), **more}
    return found if body is None else {**found, "body": body}


def made(path: str, body: Json, **more: Json) -> Json:
    """A creation in a setup."""
    return call("POST", path, body, 201, **more)


def config_map(name: str = "a", **meta: Json) -> Json:
    """A ConfigMap with one key."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}, "data": {"k": "v"}}


def pod(name: str = "a", node: str = "", **spec: Json) -> Json:
    """A pod of one container, perhaps on a node."""
    place = {"nodeName": node} if node else {}
    containers = [{"name": "c", "image": "registry.local/app:v1"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": containers, **place, **spec},
    }


ACCOUNT = made("/api/v1/namespaces/p-x/serviceaccounts", {"metadata": {"name": "default"}})


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> Json:
    """A rule of RBAC."""
    found = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**found, "resourceNames": names.split()} if names else found


def bound(role: str, *, kind: str = "Role", subject: Json = None, cluster: bool = False) -> Json:
    """A binding of a role to eve, or to somebody else."""
    path = f"{RBAC}/clusterrolebindings" if cluster else f"{RBAC}/namespaces/p-x/rolebindings"
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    return made(
        path,
        {
            "metadata": {"name": f"b-{role}"},
            "roleRef": reference,
            "subjects": [subject or {"kind": "User", "name": "eve"}],
        },
    )


def granted(*rules: Json) -> list[Json]:
    """A role with these rules in the namespace p-x, bound to eve."""
    return [made(ROLES, {"metadata": {"name": "r"}, "rules": list(rules)}), bound("r")]


def row_of(setup: list[Json], request: Json, response: Json, **more: Json) -> Json:
    """A probe as a recording has it."""
    found = {"id": "x", "topic": "t", "title": "", "setup": setup, "request": request, "response": response}
    return {**found, "object": None, "events": [], "etcd_writes": [], **more}


def check(row: Json) -> Checked:
    """What comes of a probe."""
    result = conform([json.dumps(row).encode()])
    assert not result.malformed, result.malformed
    assert not result.faults, result.faults
    return result.checked[0]


def answer(setup: list[Json], request: Json) -> int | str:
    """The code that the model answers with, or why the request is not modelled."""
    found = check(row_of(setup, request, {"code": 1}))
    if found.outcome is Outcome.NOT_MODELLED:
        return found.reason
    first = found.differences[0]
    assert first.what == "code", found.differences
    return int(first.model)
