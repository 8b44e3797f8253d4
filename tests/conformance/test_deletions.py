"""Deletions and evictions: what a DELETE leaves, and what an eviction asks and writes.

STORE is staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go, EVICTION pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model.conformance.contents import NotModelled
from tests.conformance.probes import (
    ACCOUNT,
    JOBS,
    MAPS,
    NS,
    PODS,
    answer,
    call,
    config_map,
    job,
    meta,
    observed,
    patch,
    pod,
    post,
)

Json = Any

OWN = "a.io/f"
BUDGETS = "/apis/policy/v1/namespaces/p-n/poddisruptionbudgets"


def delete(path: str, code: int = 200, **options: Json) -> Json:
    return call("DELETE", path, options or None, code=code)


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        (MAPS, config_map(), "Status"),
        (f"{NS}/serviceaccounts", {"metadata": meta()}, "ServiceAccount"),
        (MAPS, config_map(finalizers=[OWN]), "ConfigMap"),
    ],
)
def test_what_a_dry_run_of_a_deletion_is_answered(path: str, body: Json, kind: str) -> None:
    """STORE finalizeDelete: the object if the kind's registry returns what it deletes (ReturnDeletedObject), else a Status."""
    seen = observed([post(path, body)], delete(f"{path}/a", dryRun=["All"]))
    assert (seen.reply.code, seen.reply.kind, seen.writes) == (200, kind, ())


@pytest.mark.parametrize(
    ("preconditions", "code", "writes"),
    [
        ({}, "200", ["delete configmaps"]),
        ({"resourceVersion": "7"}, "409 Conflict", []),
    ],
)
def test_nothing_is_removed_by_version_once_its_last_finalizer_is_dropped(
    preconditions: Json, code: str, writes: list[str]
) -> None:
    """STORE Delete: after errDeleteNow the resourceVersion of an object that nobody has filled in is the precondition."""
    made = post(MAPS, config_map(finalizers=["orphan"]), rv="7")
    request = delete(f"{MAPS}/a", propagationPolicy="Background", preconditions=preconditions)
    seen = answer([made], request)
    assert (seen.code, seen.writes) == (code, writes)


def test_a_dry_run_of_dropping_the_last_finalizer_is_answered_with_a_blank_object() -> None:
    """STORE Delete: what errDeleteNow leaves is answered as it is, even for a kind that is else answered with a Status."""
    made = post(MAPS, config_map(finalizers=["orphan"]))
    seen = observed([made], delete(f"{MAPS}/a", propagationPolicy="Background", dryRun=["All"]))
    assert (seen.reply.code, seen.reply.kind, seen.writes) == (200, "ConfigMap", ())
    assert seen.reply.document["metadata"] == {}


@pytest.mark.parametrize(
    ("path", "body", "finalizers"),
    [
        (MAPS, config_map(finalizers=[OWN, "orphan"]), [OWN, "orphan"]),
        (MAPS, config_map(finalizers=[OWN, "foregroundDeletion"]), [OWN, "foregroundDeletion"]),
        (JOBS, {**job(), "metadata": meta(finalizers=[OWN, "foregroundDeletion"])}, [OWN, "foregroundDeletion"]),
        (JOBS, {**job(), "metadata": meta(finalizers=[OWN])}, [OWN, "orphan"]),
    ],
)
def test_who_says_nothing_leaves_it_to_the_finalizers_and_then_to_the_kind(
    path: str, body: Json, finalizers: list[str]
) -> None:
    """STORE shouldOrphanDependents, shouldDeleteDependents; batch/job/strategy.go, DefaultGarbageCollectionPolicy."""
    assert answer([post(path, body)], delete(f"{path}/a")).at("metadata", "finalizers") == finalizers


def test_a_dry_run_of_the_deletion_of_a_namespace_marks_nothing() -> None:
    """pkg/registry/core/namespace/storage/storage.go, REST.Delete: the first deletion is an update, here without a write."""
    made = post("/api/v1/namespaces", {"metadata": meta()})
    assert answer([made], delete("/api/v1/namespaces/a", dryRun=["All"])).writes == []
    assert answer([made], delete("/api/v1/namespaces/a")).writes == ["update namespaces"]


def test_a_pod_whose_grace_is_over_is_deleted_again() -> None:
    """registry/rest/delete.go, BeforeDelete: it is not pending any more, and so its finalizers are looked at again."""
    setup = [ACCOUNT, post(PODS, pod(metadata={"finalizers": [OWN]})), delete(f"{PODS}/a")]
    assert answer(setup, delete(f"{PODS}/a")).writes == []
    seen = answer(setup, delete(f"{PODS}/a", propagationPolicy="Orphan"))
    assert (seen.writes, seen.at("metadata", "finalizers")) == (["update pods"], [OWN, "orphan"])
    running = [ACCOUNT, post(PODS, pod(metadata={"finalizers": [OWN]}, nodeName="n")), delete(f"{PODS}/a")]
    assert answer(running, delete(f"{PODS}/a", propagationPolicy="Orphan")).writes == []


# --- evictions


REFUSING = [
    ACCOUNT,
    post(BUDGETS, {"metadata": meta("b"), "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}}),
    patch(f"{BUDGETS}/b/status", {"status": {"observedGeneration": 1, "disruptionsAllowed": 0}}),
    post(PODS, pod(metadata={"labels": {"app": "a"}}, nodeName="n")),
]


def phase(name: str) -> Json:
    return patch(f"{PODS}/a/status", {"status": {"phase": name}})


def evict(**options: Json) -> Json:
    return call("POST", f"{PODS}/a/eviction", {"metadata": meta(), "deleteOptions": options}, code=201)


GOING = ["update pods", "update pods"]
GONE = [*GOING, "delete pods"]


@pytest.mark.parametrize(
    ("then", "code", "writes"),
    [
        ([], "201", GOING),
        ([phase("Running")], "429 TooManyRequests", []),
        ([phase("Succeeded")], "201", GONE),
        ([phase("Failed")], "201", GONE),
        ([phase("Running"), delete(f"{PODS}/a")], "201", ["update pods"]),
    ],
)
def test_pods_for_which_no_budget_is_asked(then: list[Json], code: str, writes: list[str]) -> None:
    """EVICTION canIgnorePDB: pending, ended, or being deleted."""
    seen = answer([*REFUSING, *then], evict())
    assert (seen.code, seen.writes) == (code, writes)


def test_a_second_eviction_writes_nothing() -> None:
    """EVICTION addConditionAndDeletePod: the condition is there, and the deletion is pending."""
    seen = answer([*REFUSING, evict()], evict())
    assert (seen.code, seen.writes) == ("201", [])


@pytest.mark.parametrize(("version", "code", "writes"), [("7", "201", GOING), ("6", "409 Conflict", [])])
def test_an_eviction_by_version_survives_its_own_write(version: str, code: str, writes: list[str]) -> None:
    """EVICTION addConditionAndDeletePod: "bump the resource version, since we are the one who modified it"."""
    setup = [ACCOUNT, post(PODS, pod(nodeName="n"), rv="7")]
    seen = answer(setup, evict(preconditions={"resourceVersion": version}))
    assert (seen.code, seen.writes) == (code, writes)


@pytest.mark.parametrize(
    ("version", "code", "writes"), [(None, "201", ["update pods", "delete pods"]), ("7", "409 Conflict", ["update pods"])]
)
def test_an_eviction_by_version_that_drops_the_last_finalizer_is_refused(
    version: str | None, code: str, writes: list[str]
) -> None:
    """As a deletion is; without a version nothing is bumped, and the pod goes."""
    setup = [ACCOUNT, post(PODS, pod(metadata={"finalizers": ["orphan"]})), {**delete(f"{PODS}/a"), "rv": "7"}]
    preconditions = {"resourceVersion": version} if version else {}
    seen = answer(setup, evict(propagationPolicy="Background", preconditions=preconditions))
    assert (seen.code, seen.writes) == (code, writes)


def test_an_eviction_with_an_empty_precondition_is_not_modelled() -> None:
    with pytest.raises(NotModelled, match="an eviction with an empty precondition"):
        answer([ACCOUNT, post(PODS, pod())], evict(preconditions={"resourceVersion": ""}))
