"""Features: which releases have which, what switches them, and what each is said to protect."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict

import pytest

from kubecheck.model import FEATURES, ClusterScope, FeatureError, Features, features_of
from kubecheck.model.bugs import all_bugs
from kubecheck.model.feature_list import OF_REGISTRY, OF_WORKLOADS
from kubecheck.model.registry.cluster import PlainScope
from kubecheck.model.registry.collecting import CollectingScope
from kubecheck.model.registry.namespace_deletion import NamespaceScope
from kubecheck.model.registry.seeding import SeedingScope
from kubecheck.model.registry.watching import WatchingScope
from kubecheck.model.scenarios import REGISTRY as SCENARIOS
from kubecheck.spec import PropertyKind
from tests.model import test_negative_controls
from tests.model.registry import test_garbage_collection, test_namespace_deletion, test_plain_objects, test_watching

REGISTRY_SCOPES = (PlainScope, CollectingScope, NamespaceScope, SeedingScope, WatchingScope)


def test_each_feature_is_a_field_and_each_field_a_feature() -> None:
    assert [f.name for f in OF_WORKLOADS] == list(FEATURES)[: len(OF_WORKLOADS)]
    assert {f.attribute for f in OF_WORKLOADS} == {f.name for f in dataclasses.fields(Features)}
    assert len(FEATURES) == len(OF_WORKLOADS) + len(OF_REGISTRY)


def test_each_switch_of_the_registry_is_a_feature() -> None:
    """What a scope has beside them and is a bool too says what happens, not what protects."""
    switches = {f.name for s in REGISTRY_SCOPES for f in dataclasses.fields(s) if f.type == "bool"} - {"adopts", "watch_others"}
    assert switches == {FEATURES[name].attribute for s in REGISTRY_SCOPES for name in s.features()}
    assert switches >= {f.attribute for f in OF_REGISTRY}


def test_each_feature_of_the_registry_can_be_switched_in_a_scenario() -> None:
    assert {name for s in SCENARIOS.values() for name in s.scope.features()} >= {f.name for f in OF_REGISTRY}


@pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda f: f.name)
def test_what_is_said_of_a_feature(feature) -> None:  # type: ignore[no-untyped-def]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", feature.name)
    assert feature.sentence.endswith(".")
    assert feature.source
    assert all(re.fullmatch(r"(kubernetes#|etcd#|KEP-)\d+", issue) for issue in feature.issues)
    for earlier, later in zip(feature.releases, feature.releases[1:], strict=False):
        assert earlier.last
        assert later.first
        assert minor(earlier.last) < minor(later.first)


def minor(release: str) -> int:
    return int(release.split(".")[1])


def test_what_a_feature_protects_is_shown_by_controls_and_bugs() -> None:
    """The property of each control and each bug, and no other."""
    shown: defaultdict[str, set[str]] = defaultdict(set)
    for bug in all_bugs().values():
        shown[bug.feature].add(bug.violates)
    for control in test_negative_controls.CONTROLS:
        for name in (*control.without, *([control.fix] if control.fix else [])):
            shown[name].add(control.violates)
    for watched in test_watching.CONTROLS:
        shown[watched.without[0]].add(watched.violates)
    for collected in test_garbage_collection.CONTROLS:
        shown[collected.without].add(collected.violates)
    names = {feature.attribute: name for name, feature in FEATURES.items()}
    for promise, (name, _) in test_namespace_deletion.CONTROLS.items():
        shown[name].add(promise)
    for changes, promise, _ in test_plain_objects.CONTROLS.values():
        for attribute in changes.keys() & names.keys():
            shown[names[attribute]].add(promise)
    shown["progress-notifications"].add("lists_terminate")  # test_watching.py: either of two fixes is enough
    assert {name: tuple(sorted(shown[name])) for name in FEATURES} == {
        name: feature.protects for name, feature in FEATURES.items()
    }


@pytest.mark.parametrize(
    ("release", "name", "on"),
    [
        ("1.36", "stale-write-guard", True),
        ("1.35", "stale-write-guard", False),
        ("1.31", "consistent-list", False),
        ("1.32", "consistent-list", True),
        ("1.33", "consistent-list", False),
        ("1.34", "consistent-list", True),
        ("1.36", "consistent-list", True),
        ("1.34", "client-consistent-list", False),
        ("1.35", "client-consistent-list", True),
        ("1.21", "terminal-phase-last", True),
        ("1.23", "terminal-phase-last", False),
        ("1.24", "terminal-phase-last", True),
        ("v1.18.3", "optimistic-lock", True),
        ("1.36", "refresh-scale-annotation", False),
    ],
)
def test_releases(release: str, name: str, on: bool) -> None:
    assert getattr(features_of(release), FEATURES[name].attribute) is on
    assert FEATURES[name].is_on(release) is on


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("consistent-list", "1.32, since 1.34"),
        ("terminal-phase-last", "up to 1.21, since 1.24"),
        ("optimistic-lock", "since 1.1 or before"),
        ("expectations", "since 1.2"),
        ("split-recreated-update", "no release yet"),
        ("tombstones-kept", "etcd 3.4.34 and 3.5.16"),
    ],
)
def test_releases_in_words(name: str, words: str) -> None:
    assert FEATURES[name].when == words


def test_single_features_are_switched_off_and_on() -> None:
    assert not features_of("1.36", without=["expectations"]).expectations
    assert features_of("1.36", fixes=["refresh-scale-annotation"]).refresh_scale_annotation


def test_a_scope_is_switched_whatever_it_said_before() -> None:
    scope = ClusterScope(without=("expectations",), fixes=("available-up-to-spec",))
    other = scope.switched(without=["available-up-to-spec", "pause"], having=["expectations", "uid-on-status-retry"])
    assert (other.without, other.fixes) == (("pause",), ("uid-on-status-retry",))
    assert scope.switched(without=["expectations"]) == scope == scope.switched(having=["available-up-to-spec"])
    old = ClusterScope(release="1.35").switched(without=["stale-write-guard"])
    assert old == ClusterScope(release="1.35")
    assert old.switched(having=["stale-write-guard"]).fixes == ("stale-write-guard",)


def test_a_scope_of_the_registry_is_switched() -> None:
    scope = SeedingScope().switched(without=["retry-errors"])
    assert scope == SeedingScope(retry_errors=False)
    assert scope.switched(having=["retry-errors"]) == SeedingScope()


def test_a_scope_of_the_registry_has_the_features_of_a_release() -> None:
    assert WatchingScope().of_release("1.20") == {
        "consistent_list": False,
        "progress_notifications": False,
        "retry_internal_errors": False,
    }
    assert WatchingScope().of_release("1.36") == {}
    assert WatchingScope(consistent_list=False).of_release("1.36") == {"consistent_list": True}
    assert WatchingScope().has("tombstones-kept")
    assert not WatchingScope(consistent_list=False).has("consistent-list")


def test_a_feature_that_is_off_changes_the_properties_of_no_scope_of_the_registry() -> None:
    """A switched protection breaks a promise; it does not take the promise away."""
    from kubecheck.model.registry.watching import watching

    whole = [p.name for p in watching(WatchingScope()).properties if p.kind is not PropertyKind.REACHABLE]
    for name in WatchingScope.features():
        spec = watching(WatchingScope().switched(without=[name]))
        assert [p.name for p in spec.properties if p.kind is not PropertyKind.REACHABLE] == whole


@pytest.mark.parametrize(
    ("release", "without", "fixes", "message"),
    [
        ("1.17", [], [], "release 1.17 is not modelled: 1.18 to 1.36 are"),
        ("1.x", [], [], "'1.x' is no release: write one of 1.18 to 1.36, such as '1.36'"),
        ("1.36.2.1", [], [], "'1.36.2.1' is no release: write one of 1.18 to 1.36, such as '1.36'"),
        ("latest", [], [], "'latest' is no release: write one of 1.18 to 1.36, such as '1.36'"),
        ("1.36", ["nothing"], [], "there is no feature 'nothing'"),
        ("1.36", ["expectation"], [], "there is no feature 'expectation'; did you mean 'expectations'?"),
        ("1.36", ["retry-errors"], [], "feature 'retry-errors' is not part of this model"),
        ("1.36", ["pause"], ["pause"], "feature 'pause' is switched off and on at once"),
    ],
)
def test_refused(release: str, without: list[str], fixes: list[str], message: str) -> None:
    with pytest.raises(FeatureError) as caught:
        features_of(release, without=without, fixes=fixes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("without", "having", "message"),
    [
        (["pause"], [], "feature 'pause' is not part of this model, which has retry-errors, retry-preconditions"),
        (["retry-errors"], ["retry-errors"], "feature 'retry-errors' is switched off and on at once"),
    ],
)
def test_refused_by_the_registry(without: list[str], having: list[str], message: str) -> None:
    with pytest.raises(FeatureError) as caught:
        SeedingScope().switched(without=without, having=having)
    assert str(caught.value) == message
