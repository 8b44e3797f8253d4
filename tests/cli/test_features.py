"""`kubecheck features`: the list, a release, JSON, and the page that is made from the same features."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from kubecheck.model import FEATURES
from tests.model import features_page


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    assert main(["features", "--json", *arguments]) == ExitCode.HOLDS
    return {feature["name"]: feature for feature in json.loads(capsys.readouterr().out)}


def test_each_feature_is_listed_with_what_is_known_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--release", "1.33"]) == ExitCode.HOLDS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Kubernetes 1.33: what is on and what is off"
    start = lines.index("off  consistent-list  1.32, since 1.34  KEP-3157, kubernetes#59848, kubernetes#128053, kubernetes#131359,")
    assert lines[start + 2 : start + 7] == [
        "     A restarted controller manager's first list is as new as etcd (WatchList), not as old as some API server's cache.",
        "     bugs without it: stale-restart",
        "     scenarios: lists-and-watches, two-resources",
        "     protects: no_pod_too_many_after_a_restart, restarts_do_not_go_back",
        "     source: cmd/kube-controller-manager/app/options/options.go of 1.32, 1.33 and 1.34, Flags;",
    ]
    assert [line.split()[1] for line in lines[2:] if line.startswith("o")] == list(FEATURES)


@pytest.mark.parametrize(
    ("release", "name", "on"),
    [("1.33", "consistent-list", False), ("1.34", "consistent-list", True), ("1.36", "refresh-scale-annotation", False)],
)
def test_a_release_says_what_is_on(release: str, name: str, on: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, "--release", release)[name]["on"] is on


def test_json_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    found = listed(capsys)
    assert list(found) == list(FEATURES)
    assert found["stale-write-guard"] == {
        "name": "stale-write-guard",
        "on": True,
        "releases": [{"first": "1.36", "last": None}],
        "since": "since 1.36",
        "issues": ["KEP-5647", "kubernetes#137212"],
        "source": "pkg/controller/util/consistency/consistency.go, EnsureReady",
        "sentence": FEATURES["stale-write-guard"].sentence,
        "bugs": ["expired-expectations"],
        "scenarios": [],
        "properties": ["no_more_pods_than_replicas", "no_pod_too_many"],
    }


def test_a_release_that_is_not_modelled(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--release", "1.17"]) == ExitCode.BAD_INPUT
    message = "error: release 1.17 is not modelled: 1.18 to 1.36 are\n  help: change --release\n"
    assert capsys.readouterr().err == message


def test_the_page_is_as_the_features_are() -> None:
    """`python -m tests.model.features_page` writes it."""
    assert features_page.PAGE.read_text(encoding="utf-8") == features_page.page()
