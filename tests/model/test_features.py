"""Releases switch features on; single ones are switched off; fixes that no release has are switched on."""

from __future__ import annotations

import dataclasses

import pytest

from kubecheck.model.features import FEATURES, FeatureError, Features, features_of


def test_each_feature_is_a_field_and_each_field_a_feature() -> None:
    assert {f.attribute for f in FEATURES.values()} == {f.name for f in dataclasses.fields(Features)}
    assert all(f.sentence.endswith(".") and f.reference for f in FEATURES.values())


@pytest.mark.parametrize(
    ("release", "name", "on"),
    [
        ("1.36", "stale-write-guard", True),
        ("1.35", "stale-write-guard", False),
        ("1.35", "consistent-list", True),
        ("1.34", "consistent-list", False),
        ("v1.18.3", "optimistic-lock", True),
        ("1.36", "refresh-scale-annotation", False),
    ],
)
def test_releases(release: str, name: str, on: bool) -> None:
    assert getattr(features_of(release), FEATURES[name].attribute) is on


def test_single_features_are_switched_off_and_on() -> None:
    assert not features_of("1.36", without=["expectations"]).expectations
    assert features_of("1.36", fixes=["refresh-scale-annotation"]).refresh_scale_annotation


@pytest.mark.parametrize(
    ("release", "without", "fixes", "message"),
    [
        ("1.17", [], [], "release 1.17 is not modelled: 1.18 to 1.36 are"),
        ("latest", [], [], "'latest' is no release: write one of 1.18 to 1.36, such as '1.36'"),
        ("1.36", ["nothing"], [], "there is no feature 'nothing'"),
        ("1.36", ["pause"], ["pause"], "feature 'pause' is switched off and on at once"),
    ],
)
def test_refused(release: str, without: list[str], fixes: list[str], message: str) -> None:
    with pytest.raises(FeatureError) as caught:
        features_of(release, without=without, fixes=fixes)
    assert str(caught.value).startswith(message)
