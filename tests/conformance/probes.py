"""Probes of our own: requests as a recording would have them, and what the model's API server makes of them.

What is expected of them follows from Kubernetes' source (v1.36.2), which each test names; nobody recorded them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from kubecheck.model.conformance.replay import Observation, replay, world_of
from kubecheck.model.conformance.rows import Row
from kubecheck.model.registry.etcd import Operation

Json = Any

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"

NS = "/api/v1/namespaces/p-n"
PODS, MAPS, SECRETS, CLAIMS = f"{NS}/pods", f"{NS}/configmaps", f"{NS}/secrets", f"{NS}/persistentvolumeclaims"
SERVICES, QUOTAS, RANGES, NODES = f"{NS}/services", f"{NS}/resourcequotas", f"{NS}/limitranges", "/api/v1/nodes"
APPS = "/apis/apps/v1/namespaces/p-n"
DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS = f"{APPS}/deployments", f"{APPS}/replicasets", f"{APPS}/statefulsets"
DAEMON_SETS, REVISIONS = f"{APPS}/daemonsets", f"{APPS}/controllerrevisions"
JOBS, CRON_JOBS = "/apis/batch/v1/namespaces/p-n/jobs", "/apis/batch/v1/namespaces/p-n/cronjobs"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
PRIORITIES = "/apis/scheduling.k8s.io/v1/priorityclasses"
RUNTIMES = "/apis/node.k8s.io/v1/runtimeclasses"


@dataclass(frozen=True)
class Answered:
    """What a probe shows: the code with its reason, the writes in order, and the object after them."""

    code: str
    writes: list[str]
    document: Json
    generation: int

    def at(self, *path: str | int) -> Json:
        """A member of the object."""
        found = self.document
        for name in path:
            try:
                found = found[name]
            except (KeyError, IndexError, TypeError):
                return None
        return found


def call(method: str, path: str, body: Json = None, kind: str | None = None, **more: Any) -> Json:
    """A request; in a setup with the `code` that it is answered."""
    given = {"method": method, "path": path, "body": body, "contentType": kind, **more}
    return {name: value for name, value in given.items() if value is not None}


def post(path: str, body: Json, code: int = 201, **more: Any) -> Json:
    """A creation."""
    return call("POST", path, body, code=code, **more)


def patch(path: str, body: Json, kind: str = MERGE, code: int = 200, **more: Any) -> Json:
    """A PATCH, by default a merge patch."""
    return call("PATCH", path, body, kind, code=code, **more)


def put(path: str, body: Json, code: int = 200, **more: Any) -> Json:
    """A PUT."""
    return call("PUT", path, body, code=code, **more)


def apply(path: str, body: Json, manager: str = "m", code: int = 200, **more: Any) -> Json:
    """An apply."""
    return call("PATCH", f"{path}?fieldManager={manager}", body, APPLY, code=code, **more)


def forced(path: str, body: Json, manager: str = "m", code: int = 200) -> Json:
    """An apply that takes fields from others."""
    return call("PATCH", f"{path}?fieldManager={manager}&force=true", body, APPLY, code=code)


def observed(setup: list[Json], request: Json) -> Observation:
    """The replay of a probe. The observed object is that of the request's path, or the one that it creates."""
    path = request["path"].split("?")[0]
    body = json.loads(request["raw"]) if "raw" in request else request.get("body") or {}
    name = (body.get("metadata") or {}).get("name") if request["method"] == "POST" else None
    place = f"{path}/{name}" if name else path
    for part in ("/status", "/scale", "/resize", "/ephemeralcontainers", "/binding", "/eviction"):
        place = place.removesuffix(part) if "/" in place.removesuffix(part) else place
    row = {
        "id": "ours", "topic": "ours", "title": "", "setup": setup, "request": request, "response": {"code": 0}, "events": [],
        "etcd_writes": [], "object": {
            "path": place, "exists_before": bool(setup), "exists_after": True, "rv_changed": False, "generation_before": None,
            "generation_after": None, "uid_same": None, "deletionTimestamp_set": False, "finalizers_before": [],
            "finalizers_after": [], "etcd_writes_to_it": 0,
        },
    }  # fmt: skip
    parsed = msgspec.convert(row, Row)
    world = world_of(parsed)
    with world.active():
        return replay(parsed, world)


def answer(setup: list[Json], request: Json) -> Answered:
    """What the model answers; a setup that is answered otherwise than expected is a mistake of the test."""
    seen = observed(setup, request)
    assert not seen.setup_differs, seen.setup_differs
    verbs = {Operation.CREATE: "create", Operation.UPDATE: "update", Operation.DELETE: "delete"}
    return Answered(
        f"{seen.reply.code} {seen.reply.reason or ''}".strip(),
        [f"{verbs[w.operation]} {w.key.resource}" for w in seen.writes],
        seen.after_document or seen.reply.document,
        seen.after.generation,
    )


# --- objects


def meta(name: str = "a", **more: Json) -> Json:
    """Metadata."""
    return {"name": name, **more}


def config_map(data: Json = None, **more: Json) -> Json:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(**more),
        "data": {"k": "v"} if data is None else data,
    }


def container(**more: Json) -> Json:
    """A container."""
    return {"name": "c", "image": "registry.local/app:v1", **more}


def pod(*, of: Json = None, metadata: Json = None, **spec: Json) -> Json:
    """A pod; `of` are members of its container."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(**(metadata or {})),
        "spec": {"containers": [container(**(of or {}))], **spec},
    }


def workload(kind: str = "Deployment", *, pod_spec: Json = None, metadata: Json = None, **spec: Json) -> Json:
    """A Deployment, or another kind with a template."""
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container()], **(pod_spec or {})}}
    given = {"replicas": 1, "selector": {"matchLabels": {"app": "a"}}, "template": template, **spec}
    if kind == "DaemonSet":
        del given["replicas"]
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": meta(**(metadata or {})),
        "spec": {k: v for k, v in given.items() if v is not None},
    }


def job(*, pod_spec: Json = None, **spec: Json) -> Json:
    """A Job."""
    inner = {"containers": [container()], "restartPolicy": "Never", **(pod_spec or {})}
    template = {"metadata": {"labels": {"app": "a"}}, "spec": inner}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(), "spec": {"template": template, **spec}}


def service(**spec: Json) -> Json:
    """A Service with one port."""
    given = {"selector": {"app": "a"}, "ports": [{"port": 80}], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(),
        "spec": {k: v for k, v in given.items() if v is not None},
    }


def claim(**spec: Json) -> Json:
    """A PersistentVolumeClaim of 1Gi."""
    given = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(), "spec": given}


def secret(kind: str | None = None, data: Json = None, **more: Json) -> Json:
    """A Secret."""
    return {"metadata": meta(), "data": data, **({"type": kind} if kind else {}), **more}


def node(**spec: Json) -> Json:
    """A Node."""
    return {"metadata": meta(), "spec": spec}


def sized(**resources: Json) -> Json:
    """A pod whose container has these resources."""
    return pod(of={"resources": resources})


VOLUME = {"name": "v", "emptyDir": {}}
ACCOUNT = post(f"{NS}/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("default")})
