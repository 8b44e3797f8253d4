"""Applies: whose a field is, what is a conflict, and what goes with a field that is no longer applied.

After sigs.k8s.io/structured-merge-diff/v6 (merge/update.go, typed/merge.go) and apimachinery/pkg/util/managedfields/internal.
"""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model.conformance.contents import NotModelled
from tests.conformance.probes import (
    APPLY,
    DEPLOYMENTS,
    MAPS,
    STRATEGIC,
    answer,
    apply,
    call,
    config_map,
    container,
    forced,
    meta,
    patch,
    post,
    workload,
)

Json = Any
MAP = post(MAPS, config_map())
DEPLOYMENT = post(DEPLOYMENTS, workload())


def keys(*names: str) -> Json:
    return config_map(dict.fromkeys(names, "1"))


def created(*names: str, manager: str = "m") -> Json:
    return apply(f"{MAPS}/a", keys(*names), manager, 201)


APPLIES: dict[str, tuple[list[Json], Json, str, Any]] = {
    "a field that is no longer applied goes": ([created("x", "y")], apply(f"{MAPS}/a", keys("x")), "200", {"x": "1"}),
    "unless somebody else applies it": (
        [created("x", "y"), apply(f"{MAPS}/a", keys("y"), "n")],
        apply(f"{MAPS}/a", keys("x")),
        "200",
        {"x": "1", "y": "1"},
    ),
    "and it goes with the last": (
        [created("x", "y"), apply(f"{MAPS}/a", keys("y"), "n"), apply(f"{MAPS}/a", keys("x"))],
        apply(f"{MAPS}/a", config_map({}), "n"),
        "200",
        {"x": "1"},
    ),
    "a field of others stays": ([MAP], apply(f"{MAPS}/a", keys("x")), "200", {"k": "v", "x": "1"}),
    "another value of others' is a conflict": (
        [MAP],
        apply(f"{MAPS}/a", config_map({"k": "w"})),
        "409 Conflict",
        {"k": "v"},
    ),
    "which force settles": ([MAP], forced(f"{MAPS}/a", config_map({"k": "w"})), "200", {"k": "w"}),
    "a write by others takes the field": (
        [created("x"), patch(f"{MAPS}/a", {"data": {"x": "2"}})],
        apply(f"{MAPS}/a", keys("x")),
        "409 Conflict",
        {"x": "2"},
    ),
    "and then no apply removes it": (
        [created("x", "y"), patch(f"{MAPS}/a", {"data": {"x": "2"}})],
        apply(f"{MAPS}/a", keys("y")),
        "200",
        {"x": "2", "y": "1"},
    ),
    "the same value by others is shared": (
        [created("x"), patch(f"{MAPS}/a?fieldManager=o", {"data": {"x": "1"}})],
        apply(f"{MAPS}/a", config_map({"x": "2"})),
        "200",
        {"x": "2"},
    ),
    "one manager as client and applier conflicts": (
        [post(f"{MAPS}?fieldManager=m", keys("x"))],
        apply(f"{MAPS}/a", config_map({"x": "2"})),
        "409 Conflict",
        {"x": "1"},
    ),
    "a key that somebody removed is nobody's": (
        [MAP, patch(f"{MAPS}/a", {"data": {"k": None}})],
        apply(f"{MAPS}/a", config_map({"k": "w"})),
        "200",
        {"k": "w"},
    ),
    "a stale version": (
        [MAP],
        apply(f"{MAPS}/a", {**keys("x"), "metadata": meta(resourceVersion="7")}),
        "409 Conflict",
        {"k": "v"},
    ),
    "managedFields": (
        [MAP],
        apply(f"{MAPS}/a", {**keys("x"), "metadata": meta(managedFields=[])}),
        "400 BadRequest",
        {"k": "v"},
    ),
    "a dry run": ([MAP], call("PATCH", f"{MAPS}/a?fieldManager=m&dryRun=All", keys("x"), APPLY), "200", {"k": "v"}),
    "no kind": ([MAP], apply(f"{MAPS}/a", {"apiVersion": "v1", "metadata": meta()}), "400 BadRequest", {"k": "v"}),
}


@pytest.mark.parametrize("name", APPLIES)
def test_applies(name: str) -> None:
    setup, request, code, data = APPLIES[name]
    seen = answer(setup, request)
    assert (seen.code, seen.at("data")) == (code, data)


def applied(*, code: int = 200, manager: str = "m", containers: list[Json] | None = None, **more: Json) -> Json:
    spec = {"containers": [container()] if containers is None else containers}
    return apply(f"{DEPLOYMENTS}/a", workload(pod_spec=spec, **more), manager, code)


def test_a_container_that_is_no_longer_applied_goes() -> None:
    two = [container(), container(name="d")]
    seen = answer([applied(code=201, containers=two)], applied())
    assert [c["name"] for c in seen.at("spec", "template", "spec", "containers")] == ["c"]
    assert seen.generation == 2


def test_a_container_of_others_stays() -> None:
    added = patch(
        f"{DEPLOYMENTS}/a", {"spec": {"template": {"spec": {"containers": [{"name": "d", "image": "i"}]}}}}, STRATEGIC
    )
    seen = answer([applied(code=201), added], applied())
    assert {c["name"] for c in seen.at("spec", "template", "spec", "containers")} == {"c", "d"}


@pytest.mark.parametrize(
    "containers",
    [
        [container(), container()],
        [{"image": "i"}],
        [container(ports=[{"containerPort": 1}, {"containerPort": 1, "protocol": "TCP"}])],
    ],
)
def test_lists_with_keys_have_each_once(containers: list[Json]) -> None:
    assert answer([], applied(code=500, containers=containers)).code == "500"


def test_replicas_that_somebody_scaled_are_a_conflict_unless_left_out() -> None:
    scaled = patch(f"{DEPLOYMENTS}/a/scale", {"spec": {"replicas": 5}})
    assert answer([applied(code=201), scaled], applied()).code == "409 Conflict"
    seen = answer([applied(code=201), scaled], applied(replicas=None))
    assert (seen.code, seen.at("spec", "replicas")) == ("200", 5)


def test_an_apply_without_replicas_gives_them_up_to_the_default() -> None:
    seen = answer([applied(code=201, replicas=3)], applied(replicas=None))
    assert (seen.at("spec", "replicas"), seen.generation) == (1, 2)


def test_a_selector_is_one_field() -> None:
    other = {"matchLabels": {"app": "a"}, "matchExpressions": []}
    assert answer([DEPLOYMENT], applied(selector=other)).code == "409 Conflict"


def test_an_applied_status_is_of_the_status_alone() -> None:
    body = {**workload(replicas=7), "status": {"replicas": 1}}
    seen = answer([DEPLOYMENT], apply(f"{DEPLOYMENTS}/a/status", body))
    assert (seen.code, seen.at("spec", "replicas"), seen.at("status", "replicas")) == ("200", 1, 1)
    seen = answer([DEPLOYMENT], apply(f"{DEPLOYMENTS}/a", {**workload(), "status": {"replicas": 1}}))
    assert (seen.code, seen.at("status", "replicas")) == ("200", None)


def test_an_apply_of_what_defaults_say_is_no_conflict() -> None:
    assert answer([DEPLOYMENT], applied(progressDeadlineSeconds=600)).code == "200"


def scale_of(replicas: int, **more: Json) -> Json:
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": meta(), "spec": {"replicas": replicas}, **more}


def test_an_applied_scale_owns_the_replicas() -> None:
    """managedfields/scalehandler.go."""
    path = f"{DEPLOYMENTS}/a/scale"
    assert answer([DEPLOYMENT], apply(path, scale_of(5))).code == "409 Conflict"
    seen = answer([DEPLOYMENT], forced(path, scale_of(5)))
    assert (seen.code, seen.writes, seen.at("spec", "replicas")) == ("200", ["update deployments"], 5)
    assert answer([DEPLOYMENT, forced(path, scale_of(5))], applied(replicas=6)).code == "409 Conflict"
    assert answer([DEPLOYMENT, forced(path, scale_of(5))], apply(path, scale_of(6))).code == "200"
    assert answer([DEPLOYMENT], apply(path, scale_of(1))).writes == ["update deployments"]
    assert answer([DEPLOYMENT], apply(path, scale_of(1, x=1))).code == "500"
    assert answer([DEPLOYMENT], apply(path, workload())).code == "400 BadRequest"
    with pytest.raises(NotModelled, match=r"^an apply of a Scale that changes nothing$"):
        answer([DEPLOYMENT, forced(path, scale_of(5))], apply(path, scale_of(5)))
