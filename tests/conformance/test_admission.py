"""The admission plugins that are on by default: plugin/pkg/admission and staging/src/k8s.io/{apiserver,pod-security-admission}."""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model.conformance.contents import NotModelled
from tests.conformance.probes import (
    ACCOUNT,
    CLAIMS,
    CLASSES,
    DEPLOYMENTS,
    JOBS,
    MAPS,
    NS,
    PODS,
    PRIORITIES,
    QUOTAS,
    RANGES,
    RUNTIMES,
    SECRETS,
    SERVICES,
    STRATEGIC,
    answer,
    apply,
    call,
    claim,
    config_map,
    container,
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
FORBIDDEN = "403 Forbidden"


# --- Priority, RuntimeClass, ServiceAccount, DefaultTolerationSeconds


def priority(name: str = "a", value: int = 7, **more: Json) -> Json:
    return post(PRIORITIES, {"metadata": meta(name), "value": value, **more})


PODS_OF: dict[str, tuple[list[Json], Json, str, Json]] = {
    "class": (
        [priority()],
        pod(priorityClassName="a"),
        "201",
        {"priority": 7, "preemptionPolicy": "PreemptLowerPriority"},
    ),
    "class that does not preempt": (
        [priority(preemptionPolicy="Never")],
        pod(priorityClassName="a"),
        "201",
        {"preemptionPolicy": "Never"},
    ),
    "class and its number": ([priority()], pod(priorityClassName="a", priority=7), "201", {"priority": 7}),
    "class and another number": ([priority()], pod(priorityClassName="a", priority=8), FORBIDDEN, {}),
    "class and another policy": ([priority()], pod(priorityClassName="a", preemptionPolicy="Never"), FORBIDDEN, {}),
    "class that is not there": ([], pod(priorityClassName="a"), FORBIDDEN, {}),
    "class of the system": ([], pod(priorityClassName="system-node-critical"), "201", {"priority": 2_000_001_000}),
    "default class": ([priority(globalDefault=True)], pod(), "201", {"priority": 7, "priorityClassName": "a"}),
    "no class": ([priority()], pod(), "201", {"priority": 0, "priorityClassName": None}),
    "runtime class": (
        [post(RUNTIMES, {"metadata": meta(), "handler": "runc"})],
        pod(runtimeClassName="a"),
        "201",
        {"runtimeClassName": "a"},
    ),
    "overhead without a runtime class": ([], pod(overhead={"cpu": "1"}), FORBIDDEN, {}),
    "no token wanted": ([], pod(automountServiceAccountToken=False), "201", {"volumes": None}),
    "account without a token": (
        [patch(f"{NS}/serviceaccounts/default", {"automountServiceAccountToken": False})],
        pod(),
        "201",
        {"volumes": None},
    ),
    "account's secrets for images": (
        [patch(f"{NS}/serviceaccounts/default", {"imagePullSecrets": [{"name": "s"}]})],
        pod(),
        "201",
        {"imagePullSecrets": [{"name": "s"}]},
    ),
    "account by its old name": (
        [post(f"{NS}/serviceaccounts", {"metadata": meta("bot")})],
        pod(serviceAccount="bot"),
        "201",
        {"serviceAccountName": "bot"},
    ),
    "tolerates everything": (
        [],
        pod(tolerations=[{"operator": "Exists"}]),
        "201",
        {"tolerations": [{"operator": "Exists"}]},
    ),
}


@pytest.mark.parametrize("name", PODS_OF)
def test_pods(name: str) -> None:
    setup, body, code, spec = PODS_OF[name]
    seen = answer([ACCOUNT, *setup], post(PODS, body))
    assert seen.code == code
    assert {member: seen.at("spec", member) for member in spec} == spec


def test_only_one_class_is_the_default() -> None:
    second = {"metadata": meta("b"), "value": 1, "globalDefault": True}
    assert answer([priority(globalDefault=True)], post(PRIORITIES, second)).code == FORBIDDEN
    assert answer([priority()], post(PRIORITIES, second)).code == "201"
    relabelled = patch(f"{PRIORITIES}/a", {"metadata": {"labels": {"x": "y"}}})
    assert answer([priority(globalDefault=True)], relabelled).code == "200"


def test_an_update_that_leaves_the_priority_out_keeps_it() -> None:
    removed = [{"op": "remove", "path": "/spec/priority"}, {"op": "remove", "path": "/spec/preemptionPolicy"}]
    seen = answer([ACCOUNT, post(PODS, pod())], call("PATCH", f"{PODS}/a", removed, "application/json-patch+json"))
    assert (seen.code, seen.writes) == ("200", [])


# --- LimitRanger

CONTAINERS = {
    "type": "Container",
    "default": {"cpu": "2"},
    "defaultRequest": {"cpu": "1"},
    "max": {"cpu": "4"},
    "min": {"cpu": "1"},
}


def ranged(*limits: Json) -> list[Json]:
    return [ACCOUNT, post(RANGES, {"metadata": meta(), "spec": {"limits": list(limits)}})]


def sized(limit: str | None = None, request: str | None = None, name: str = "cpu") -> Json:
    resources = {"limits": {name: limit} if limit else {}, "requests": {name: request} if request else {}}
    return pod(of={"resources": resources})


LIMITED: dict[str, tuple[Json, Json, str]] = {
    "nothing said": (CONTAINERS, pod(), "201"),
    "above the most": (CONTAINERS, sized("5"), FORBIDDEN),
    "below the least": (CONTAINERS, sized("2", "500m"), FORBIDDEN),
    "within": (CONTAINERS, sized("4", "1"), "201"),
    "most of what nobody limits": (
        {"type": "Container", "max": {"memory": "1Gi"}},
        pod(),
        "201",
    ),  # the most is the default
    "least of what nobody asks for": ({"type": "Pod", "min": {"memory": "1Gi"}}, pod(), FORBIDDEN),
    "pod without a limit": ({"type": "Pod", "max": {"cpu": "1"}}, pod(), FORBIDDEN),
    "pod with one": ({"type": "Pod", "max": {"cpu": "1"}}, sized("1"), "201"),
    "ratio kept": ({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}}, sized("2", "1"), "201"),
    "ratio broken": ({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}}, sized("3", "1"), FORBIDDEN),
    "ratio of nothing": ({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}}, pod(), FORBIDDEN),
}


@pytest.mark.parametrize("name", LIMITED)
def test_limits(name: str) -> None:
    limits, body, code = LIMITED[name]
    assert answer(ranged(limits), post(PODS, body)).code == code


def test_limits_are_told_in_an_annotation() -> None:
    body = pod(initContainers=[container(name="i", resources={"limits": {"cpu": "4"}, "requests": {"cpu": "1"}})])
    seen = answer(ranged(CONTAINERS), post(PODS, body))
    told = "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    assert seen.at("metadata", "annotations") == {"kubernetes.io/limit-ranger": told}
    assert seen.at("spec", "containers", 0, "resources") == {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}


@pytest.mark.parametrize(("storage", "code"), [("1Gi", "201"), ("2Gi", FORBIDDEN), ("100Mi", FORBIDDEN)])
def test_limits_of_claims(storage: str, code: str) -> None:
    setup = ranged({"type": "PersistentVolumeClaim", "min": {"storage": "500Mi"}, "max": {"storage": "1Gi"}})
    assert answer(setup, post(CLAIMS, claim(resources={"requests": {"storage": storage}}))).code == code


def test_limits_do_not_look_at_templates_and_updates() -> None:
    assert answer(ranged(CONTAINERS), post(DEPLOYMENTS, workload())).code == "201"
    late = post(RANGES, {"metadata": meta(), "spec": {"limits": [CONTAINERS]}})
    changed = patch(f"{PODS}/a", {"metadata": {"labels": {"x": "y"}}})
    assert answer([ACCOUNT, post(PODS, sized("9")), late], changed).code == "200"


# --- ResourceQuota


def quota(hard: Json, used: Json | None = None, name: str = "q") -> list[Json]:
    """A quota, and its status as its controller would write it."""
    made = post(QUOTAS, {"metadata": meta(name), "spec": {"hard": hard}})
    status = {"hard": hard, "used": dict.fromkeys(hard, "0") if used is None else used}
    return [ACCOUNT, made, patch(f"{QUOTAS}/{name}/status", {"status": status})]


COUNTED: dict[str, tuple[Json, str, Json, str]] = {
    "a pod": ({"pods": "1"}, PODS, pod(), "201"),
    "no pod": ({"pods": "0"}, PODS, pod(), FORBIDDEN),
    "count of pods": ({"count/pods": "0"}, PODS, pod(), FORBIDDEN),
    "cpu": ({"requests.cpu": "1"}, PODS, sized(request="1500m"), FORBIDDEN),
    "cpu by its short name": ({"cpu": "2"}, PODS, sized(request="1500m"), "201"),
    "memory limit not said": ({"limits.memory": "1Gi"}, PODS, pod(), FORBIDDEN),
    "memory limit": ({"limits.memory": "1Gi"}, PODS, sized("512Mi", name="memory"), "201"),
    "ephemeral storage not said is nothing": ({"requests.ephemeral-storage": "1Gi"}, PODS, pod(), "201"),
    "devices": ({"requests.example.com/gpu": "1"}, PODS, sized("2", name="example.com/gpu"), FORBIDDEN),
    "secrets": ({"secrets": "0"}, SECRETS, {"metadata": meta()}, FORBIDDEN),
    "config maps by either name": ({"configmaps": "0"}, MAPS, config_map(), FORBIDDEN),
    "deployments": ({"count/deployments.apps": "0"}, DEPLOYMENTS, workload(), FORBIDDEN),
    "deployments of another group": ({"count/deployments.example.com": "0"}, DEPLOYMENTS, workload(), "201"),
    "jobs": ({"count/jobs.batch": "1"}, JOBS, job(), "201"),
    "services with node ports": ({"services.nodeports": "0"}, SERVICES, service(type="NodePort"), FORBIDDEN),
    "services without": ({"services.nodeports": "0"}, SERVICES, service(), "201"),
    "load balancers": ({"services.loadbalancers": "0"}, SERVICES, service(type="LoadBalancer"), FORBIDDEN),
    "storage": ({"requests.storage": "500Mi"}, CLAIMS, claim(), FORBIDDEN),
    "storage of a class": (
        {"gold.storageclass.storage.k8s.io/requests.storage": "1Mi"},
        CLAIMS,
        claim(storageClassName="gold"),
        FORBIDDEN,
    ),
    "storage of another class": (
        {"gold.storageclass.storage.k8s.io/requests.storage": "1Mi"},
        CLAIMS,
        claim(storageClassName="tin"),
        "201",
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_quotas(name: str) -> None:
    hard, path, body, code = COUNTED[name]
    assert answer(quota(hard), post(path, body)).code == code


def test_a_quota_is_charged_before_the_object_is_written() -> None:
    seen = answer(quota({"pods": "2", "requests.cpu": "4"}), post(PODS, sized(request="1500m")))
    assert seen.writes == ["update resourcequotas", "create pods"]
    after = answer([*quota({"pods": "2"}), post(PODS, pod())], call("GET", f"{QUOTAS}/q"))
    assert after.at("status", "used") == {"pods": "1"}


def test_a_quota_that_knows_nothing_refuses_nothing() -> None:
    made = post(QUOTAS, {"metadata": meta("q"), "spec": {"hard": {"pods": "0"}}})
    assert answer([ACCOUNT, made], post(PODS, pod())).writes == ["create pods"]
    assert answer(quota({"pods": "1"}, {}), post(PODS, pod())).code == FORBIDDEN  # hard is known, used is not


def test_a_dry_run_and_an_update_are_not_charged() -> None:
    assert answer(quota({"pods": "1"}), post(f"{PODS}?dryRun=All", pod())).writes == []
    relabelled = patch(f"{PODS}/a", {"metadata": {"labels": {"x": "y"}}})
    assert answer([*quota({"pods": "1"}), post(PODS, pod())], relabelled).writes == ["update pods"]


def test_two_quotas_are_both_charged_or_none() -> None:
    two = [*quota({"pods": "1"}), *quota({"count/pods": "1"}, name="r")[1:]]
    assert answer(two, post(PODS, pod())).writes == ["update resourcequotas", "update resourcequotas", "create pods"]
    full = [*quota({"pods": "1"}), *quota({"count/pods": "0"}, name="r")[1:]]
    seen = answer(full, post(PODS, pod()))
    assert (seen.code, seen.writes) == (FORBIDDEN, [])


def test_creations_by_apply_and_put_are_charged() -> None:
    assert answer(quota({"configmaps": "0"}), apply(f"{MAPS}/a", config_map(), code=0)).code == FORBIDDEN
    lease = "/apis/coordination.k8s.io/v1/namespaces/p-n/leases"
    assert (
        answer(quota({"count/leases.coordination.k8s.io": "0"}), put(f"{lease}/a", {"metadata": meta()}, 0)).code
        == FORBIDDEN
    )


def test_more_is_charged_when_more_is_used() -> None:
    """The evaluators of services, claims and resized pods look at updates (pkg/quota/v1/evaluator/core)."""
    ports = {"services.nodeports": "0"}
    made = [*quota(ports), post(SERVICES, service())]
    assert answer(made, patch(f"{SERVICES}/a", {"spec": {"type": "NodePort"}})).code == FORBIDDEN
    assert answer(made, patch(f"{SERVICES}/a", {"spec": {"ports": [{"port": 81}]}})).writes == ["update services"]
    resized = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}}
    made = [*quota({"requests.cpu": "3"}), post(PODS, sized(request="1"))]
    seen = answer(made, patch(f"{PODS}/a/resize", resized, STRATEGIC))
    assert seen.writes == ["update resourcequotas", "update pods"]
    made[-2:] = [
        patch(f"{QUOTAS}/q/status", {"status": {"hard": {"requests.cpu": "1"}, "used": {"requests.cpu": "0"}}}),
        made[-1],
    ]
    assert answer(made, patch(f"{PODS}/a/resize", resized, STRATEGIC)).code == FORBIDDEN


def test_an_invalid_object_is_not_charged() -> None:
    assert answer(quota({"pods": "1"}), post(PODS, pod(restartPolicy="Often"))).writes == []


# --- PersistentVolumeClaimResize, DefaultStorageClass


@pytest.mark.parametrize(
    ("allows", "phase", "asked", "code"),
    [
        (True, "Bound", "2Gi", "200"),
        (False, "Bound", "2Gi", FORBIDDEN),
        (True, "Pending", "2Gi", "422 Invalid"),
        (True, "Bound", "512Mi", "422 Invalid"),
    ],
)
def test_claims_grow(allows: bool, phase: str, asked: str, code: str) -> None:
    setup = [
        post(CLASSES, {"metadata": meta("s"), "provisioner": "x.io/y", "allowVolumeExpansion": allows}),
        post(CLAIMS, claim(storageClassName="s", volumeName="v")),
        patch(f"{CLAIMS}/a/status", {"status": {"phase": phase, "capacity": {"storage": "1Gi"}}}),
    ]
    assert answer(setup, patch(f"{CLAIMS}/a", {"spec": {"resources": {"requests": {"storage": asked}}}})).code == code


def test_a_claim_gets_the_default_class() -> None:
    annotation = {"storageclass.kubernetes.io/is-default-class": "true"}
    made = post(CLASSES, {"metadata": meta("s", annotations=annotation), "provisioner": "x.io/y"})
    assert answer([made], post(CLAIMS, claim())).at("spec", "storageClassName") == "s"
    assert answer([made], post(CLAIMS, claim(storageClassName=""))).at("spec", "storageClassName") == ""


# --- PodSecurity

SAFE = {
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
}


def level(name: str, **labels: str) -> list[Json]:
    given = {f"pod-security.kubernetes.io/{k.replace('_', '-')}": v for k, v in {"enforce": name, **labels}.items()}
    return [ACCOUNT, patch("/api/v1/namespaces/p-n", {"metadata": {"labels": given}})]


def with_context(**changes: Json) -> Json:
    return pod(
        of={"securityContext": {k: v for k, v in {**SAFE["securityContext"], **changes}.items() if v is not None}}
    )


SECURED: dict[str, tuple[str, Json, str]] = {
    "baseline, plain": ("baseline", pod(), "201"),
    "baseline, privileged": ("baseline", pod(of={"securityContext": {"privileged": True}}), FORBIDDEN),
    "baseline, host processes": ("baseline", pod(hostPID=True), FORBIDDEN),
    "baseline, host port": ("baseline", pod(of={"ports": [{"containerPort": 1, "hostPort": 1}]}), FORBIDDEN),
    "baseline, host path": ("baseline", pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), FORBIDDEN),
    "baseline, capability": (
        "baseline",
        pod(of={"securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}),
        FORBIDDEN,
    ),
    "baseline, harmless capability": (
        "baseline",
        pod(of={"securityContext": {"capabilities": {"add": ["CHOWN"]}}}),
        "201",
    ),
    "baseline, unconfined": ("baseline", pod(securityContext={"seccompProfile": {"type": "Unconfined"}}), FORBIDDEN),
    "baseline, host of a probe": (
        "baseline",
        pod(of={"livenessProbe": {"httpGet": {"host": "example.com", "path": "/", "port": 80}}}),
        FORBIDDEN,
    ),
    "restricted, plain": ("restricted", pod(), FORBIDDEN),
    "restricted, safe": ("restricted", pod(of=SAFE), "201"),
    "restricted, root": ("restricted", with_context(runAsUser=0), FORBIDDEN),
    "restricted, perhaps root": ("restricted", with_context(runAsNonRoot=None), FORBIDDEN),
    "restricted, keeps capabilities": ("restricted", with_context(capabilities=None), FORBIDDEN),
    "restricted, binds low ports": (
        "restricted",
        with_context(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
        "201",
    ),
    "restricted, no seccomp": ("restricted", with_context(seccompProfile=None), FORBIDDEN),
    "restricted, init container": ("restricted", pod(of=SAFE, initContainers=[container(name="i")]), FORBIDDEN),
    "privileged": ("privileged", pod(hostPID=True), "201"),
}


@pytest.mark.parametrize("name", SECURED)
def test_pod_security(name: str) -> None:
    named, body, code = SECURED[name]
    assert answer(level(named), post(PODS, body)).code == code


def test_pod_security_of_a_pod_in_words_of_the_pod() -> None:
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    own = {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    assert answer(level("restricted"), post(PODS, pod(of=own, securityContext=context))).code == "201"


def test_pod_security_looks_at_images_and_not_at_labels() -> None:
    made = [ACCOUNT, post(PODS, pod()), *level("restricted")[1:]]
    assert answer(made, patch(f"{PODS}/a", {"metadata": {"labels": {"x": "y"}}})).code == "200"
    image = {"spec": {"containers": [{"name": "c", "image": "new"}]}}
    assert answer(made, patch(f"{PODS}/a", image, STRATEGIC)).code == FORBIDDEN


def test_pod_security_in_an_older_version_is_not_modelled() -> None:
    with pytest.raises(NotModelled, match=r"^admission plugin PodSecurity in an older version$"):
        answer(level("baseline", enforce_version="v1.25"), post(PODS, pod()))
    assert answer(level("baseline", enforce_version="latest"), post(PODS, pod())).code == "201"


def test_a_pod_gets_the_zone_of_its_node() -> None:
    """plugin/pkg/admission/podtopologylabels."""
    labels = {"topology.kubernetes.io/zone": "z", "kubernetes.io/os": "linux"}
    made = post("/api/v1/nodes", {"metadata": meta("n", labels=labels)})
    zone = {"topology.kubernetes.io/zone": "z"}
    assert answer([ACCOUNT, made], post(PODS, pod(nodeName="n"))).at("metadata", "labels") == zone
    binding = {"metadata": meta(), "target": {"kind": "Node", "name": "n"}}
    seen = answer([ACCOUNT, made, post(PODS, pod())], post(f"{PODS}/a/binding", binding))
    assert (seen.code, seen.at("metadata", "labels")) == ("201", zone)
