"""True logs, recorded in other ways than those in data/: nothing in them is called a violation; and the wrong thing next to it is."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kubecheck.traces.event import Event, Malformed
from kubecheck.traces.findings import Validation, Verdict
from kubecheck.traces.readers.folder import find
from kubecheck.traces.validate import validate
from tests.traces.logs import audit_line
from tests.traces.mutate import DATA, RECEIVED, Line, Log, meta, version

PODS = "watch-pods.jsonl.gz"


@functools.cache
def recorded() -> Log:
    return Log(DATA / "s03_rollout")


def violated(sources: list[Iterator[Event | Malformed]]) -> dict[str, str]:
    return {found.rule: found.sentence for found in validate(sources).violations}


def selected(log: Log, passes: Callable[[Any], bool]) -> Log:
    """The stream of pods as a watch with a field selector has it (cacher/cache_watcher.go convertToWatchEvent)."""
    other, lines, held = log.copied(), [], dict[str, Any]()
    for line in log.files[PODS]:
        told, name = line["object"], meta(line["object"]).get("name")
        if line["type"] in ("BOOKMARK", "ERROR"):
            lines.append(line)
        elif line["type"] != "DELETED" and passes(told):
            lines.append({**line, "type": "MODIFIED" if name in held else "ADDED"})
            held[name] = told
        elif name in held:
            before = copy.deepcopy(held.pop(name))
            before["metadata"]["resourceVersion"] = meta(told)["resourceVersion"]
            lines.append({**line, "type": "DELETED", "object": before})
    other.files[PODS] = lines
    return other


@pytest.mark.parametrize("passes", [
    lambda pod: pod["status"].get("phase") == "Pending",
    lambda pod: pod["status"].get("phase") == "Running",
    lambda pod: not pod["spec"].get("nodeName"),
    lambda pod: pod["spec"].get("nodeName") == "node-1",
], ids=["pending", "running", "unbound", "of a node"])  # fmt: skip
def test_a_pod_that_leaves_a_selection_is_not_removed(passes: Callable[[Any], bool]) -> None:
    assert not violated(selected(recorded(), passes).sources())


def test_a_deletion_with_the_content_of_its_version_is_none() -> None:
    log = recorded().copied()
    number = next(at for at, line in enumerate(log.files[PODS]) if line["type"] == "MODIFIED"
                  and any(version(entry[2]) == int(meta(line["object"])["resourceVersion"]) for entry in log.writes))
    log.edit(PODS, number)["type"] = "DELETED"
    assert "watch.agreement" in violated(log.sources())


@pytest.mark.parametrize("stream", [PODS, "watch-deployments.jsonl.gz", "watch-leases.jsonl.gz"])
@pytest.mark.parametrize("beside", [True, False], ids=["beside the audit log", "alone"])
def test_a_stream_that_begins_at_a_version(stream: str, *, beside: bool) -> None:
    log = recorded().copied()
    versions = sorted(int(meta(line["object"])["resourceVersion"]) for line in log.files[stream])
    begin = versions[len(versions) // 2]
    lines = [line for line in log.files[stream] if int(meta(line["object"])["resourceVersion"]) > begin]
    log.files = {**log.files, stream: lines} if beside else {stream: lines}
    assert not violated(log.sources())


def sessions(again: Callable[[list[Line]], list[Line]]) -> Log:
    """The stream of pods, and what its client got when it watched once more."""
    log, live = recorded().copied(), dict[str, Line]()
    for line in log.files[PODS]:
        if line["type"] not in ("BOOKMARK", "ERROR"):
            live[meta(line["object"])["name"]] = line
            if line["type"] == "DELETED":
                del live[meta(line["object"])["name"]]
    state = [{"type": "ADDED", "object": live[name]["object"]} for name in sorted(live)]
    log.files[PODS] = [{name: value for name, value in line.items() if name != RECEIVED} for line in log.files[PODS]] + again(state)
    return log


def test_two_sessions_in_one_file() -> None:
    assert not violated(sessions(lambda state: state).sources())
    assert not violated(sessions(lambda state: [*state, *state]).sources())


def test_a_part_of_the_state_again_is_no_session() -> None:
    found = violated(sessions(lambda state: state[1:]).sources())
    assert {"watch.no-gap", "watch.order"} <= set(found)


# Single objects, in audit lines made by hand


def line(verb: str, kind: str, api: str, resource: str, number: int, *, user: str = "alice", code: int = 200, subresource: str = "",
         sent: Any = None, reason: str = "", namespace: str = "default", name: str = "o", **fields: Any) -> Line:  # fmt: skip
    """A write of an object of the uid u."""
    head = {"name": name, "namespace": namespace, "uid": "u", "resourceVersion": str(number), **fields.pop("metadata", {})}
    group, _, of = api.rpartition("/")
    second = number + 20 * (verb == "get")
    return audit_line(
        auditID=f"{verb}-{number}", verb=verb, requestURI=f"/apis/{api}/namespaces/{namespace}/{resource}/{name}",
        user={"username": user, "groups": ["system:authenticated"]},
        objectRef={"resource": resource, "namespace": namespace, "name": name, "apiGroup": group, "apiVersion": of,
                   "subresource": subresource},
        responseStatus={"code": code}, requestObject=sent,
        responseObject={"kind": kind, "apiVersion": api, "metadata": head, **fields},
        annotations={"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": reason},
        requestReceivedTimestamp=f"2026-11-23T03:00:{second:02d}.000000Z", stageTimestamp=f"2026-11-23T03:00:{second:02d}.400000Z",
    )  # fmt: skip


def judged(tmp_path: Path, *lines: Line) -> Validation:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))
    return validate(find([str(log)]).sources)


def verdict(validation: Validation, rule: str) -> Verdict:
    return next(found.verdict for found in validation.rules if found.name == rule)


def owned(kind: str, api: str = "v1") -> dict[str, Any]:
    return {"ownerReferences": [{"apiVersion": api, "kind": kind, "name": "c", "uid": "v", "controller": True}]}


def scaler(api: str, number: int, verb: str = "create", **more: Any) -> Line:
    spec = {"targetCPUUtilizationPercentage": 50} if api.endswith("v1") else {"metrics": [{"type": "Resource"}]}
    return line(verb, "HorizontalPodAutoscaler", f"autoscaling/{api}", "horizontalpodautoscalers", number,
                spec={"maxReplicas": 3, **spec}, **more)  # fmt: skip


def custom(number: int, verb: str = "update", api: str = "v1", **more: Any) -> Line:
    return line(verb, "Foo", f"example.com/{api}", "foos", number, **{"spec": {"size": 1}, **more})


def priority(number: int, text: str, **more: Any) -> Line:
    return line("create" if number == 10 else "update", "PriorityClass", "scheduling.k8s.io/v1", "priorityclasses", number,
                namespace="", metadata={"generation": 1}, description=text, **more)  # fmt: skip


def defined(number: int) -> Line:
    return line("patch", "CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions", number,
                namespace="", name="foos.example.com")  # fmt: skip


SLICE = {"labels": {"endpointslice.kubernetes.io/managed-by": "other"}, **owned("Service")}
BINDING = 'RBAC: allowed by ClusterRoleBinding "plugins" of ClusterRole "plugins" to User "system:kube-scheduler"'
DEFAULT = BINDING.replace('"plugins"', '"system:kube-scheduler"')

TRUE: dict[str, list[Line]] = {
    "a PriorityClass keeps its generation": [priority(10, "a"), priority(11, "b")],
    "one object in two API versions": [scaler("v1", 10), scaler("v2", 10, "get")],
    "written through one API version, its status through another": [
        scaler("v1", 10), scaler("v2", 11, "update", subresource="status", status={"currentReplicas": 1}),
    ],
    "a custom resource restored with its status": [
        custom(10, "create", metadata={"generation": 1}, status={"observedGeneration": 7}),
    ],
    "written again after the storage version changed": [
        custom(10, "create"), defined(11), custom(12, sent={"metadata": {"resourceVersion": "10"}}),
    ],
    "kubectl create job --from=cronjob": [
        line("create", "Job", "batch/v1", "jobs", 10, code=201, metadata=owned("CronJob", "batch/v1"), spec={}),
    ],
    "an EndpointSlice of another manager": [
        line("create", "EndpointSlice", "discovery.k8s.io/v1", "endpointslices", 10, code=201, metadata=SLICE, endpoints=[],
             user="system:serviceaccount:kube-system:endpointslicemirroring-controller"),
    ],
    "a node lease that another program holds": [
        line("update", "Lease", "coordination.k8s.io/v1", "leases", 10, namespace="kube-node-lease", spec={"holderIdentity": "o"},
             user="system:serviceaccount:kube-system:kwok-controller"),
    ],
    "a scheduler plugin with a role of its own": [
        line("patch", "Quota", "scheduling.x-k8s.io/v1", "quotas", 10, user="system:kube-scheduler", reason=BINDING),
    ],
}  # fmt: skip

FALSE: dict[str, tuple[str, list[Line]]] = {
    "a pod of a CronJob's Job by the scheduler": ("controllers.owner", [
        line("create", "Job", "batch/v1", "jobs", 10, code=201, metadata=owned("CronJob", "batch/v1"), user="system:kube-scheduler"),
    ]),
    "a node lease that a controller writes": ("nodes.lease-holder", [
        line("create", "Lease", "coordination.k8s.io/v1", "leases", 10, namespace="kube-node-lease", spec={"holderIdentity": "o"},
             user="system:serviceaccount:kube-system:job-controller", code=201),
    ]),
    "a scheduler beyond its role": ("requests.role", [
        line("patch", "Quota", "scheduling.x-k8s.io/v1", "quotas", 10, user="system:kube-scheduler", reason=DEFAULT),
    ]),
    "one version with two contents": ("store.revision-unique", [
        scaler("v1", 10), {**scaler("v1", 10, "get"), **{"responseObject": {**scaler("v1", 10)["responseObject"], "spec": {}}}},
    ]),
    "written through two API versions under another uid": ("store.revision-unique", [
        scaler("v1", 10), scaler("v2", 10, "get", metadata={"uid": "w"}),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_true(name: str, tmp_path: Path) -> None:
    assert not judged(tmp_path, *TRUE[name]).violations


@pytest.mark.parametrize("name", FALSE)
def test_false(name: str, tmp_path: Path) -> None:
    rule, lines = FALSE[name]
    assert verdict(judged(tmp_path, *lines), rule) is Verdict.VIOLATED


def test_a_hand_binding_is_not_judged(tmp_path: Path) -> None:
    pod = line("create", "Pod", "v1", "pods", 10, code=201, spec={"schedulerName": "default-scheduler"})

    def bound(user: str) -> Line:
        target = {"kind": "Binding", "metadata": {"name": "o", "uid": "u"}, "target": {"kind": "Node", "name": "n"}}
        made = line("create", "Status", "v1", "pods", 11, code=201, subresource="binding", user=user, sent=target)
        return {name: value for name, value in made.items() if name != "responseObject"}

    assert verdict(judged(tmp_path, pod, bound("alice")), "pods.bound-by-scheduler") is Verdict.NOT_JUDGED
    assert verdict(judged(tmp_path, pod, bound("system:node:n")), "pods.bound-by-scheduler") is Verdict.VIOLATED
