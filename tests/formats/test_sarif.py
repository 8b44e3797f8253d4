"""SARIF 2.1.0: valid against the schema of OASIS, with the path as a code flow."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kubecheck.cli.formats.sarif import sarif
from kubecheck.cli.versions import kubecheck_version
from tests.formats.checks import VERDICTS, checks, report

ROOT = Path(__file__).parents[2]


@functools.cache
def validator() -> Any:
    schema = json.loads(Path(__file__).with_name("sarif-schema-2.1.0.json").read_text())
    return jsonschema.Draft4Validator(schema)


def run(what: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sarif(checks(what)))
    return found["runs"][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("what", VERDICTS)
def test_valid(what: str) -> None:
    assert [error.message for error in validator().iter_errors(json.loads(sarif(checks(what))))] == []


def test_the_validator_does_refuse() -> None:
    log = json.loads(sarif(checks("violated")))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert [error.message for error in validator().iter_errors(log)] != []


def test_a_violation() -> None:
    [result] = run("violated")["results"]
    assert (result["ruleId"], result["level"]) == ("at_most_one_is_green", "error")
    assert result["message"]["text"].splitlines()[:2] == [
        "crossing <violated> & co.: At most one light is green.",
        "at_most_one_is_green is false after step 2:",
    ]
    rule = run("violated")["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], rule["shortDescription"]["text"]) == ("at_most_one_is_green", "At most one light is green.")


def test_the_code_flow_is_the_path_at_its_actions_places() -> None:
    [result] = run("violated")["results"]
    [flow] = result["codeFlows"]
    locations = flow["threadFlows"][0]["locations"]
    assert [location["executionOrder"] for location in locations] == [0, 1, 2]
    places = [location["location"]["physicalLocation"] for location in locations]
    source = (ROOT / "tests" / "cli" / "specs" / "crossing.py").read_text().splitlines()
    for place in places[1:]:
        assert place["artifactLocation"] == {"uri": "tests/cli/specs/crossing.py", "uriBaseId": "%SRCROOT%"}
        assert source[place["region"]["startLine"] - 1].strip() == "def go(s: Crossing, light: Light) -> None:"
    assert locations[2]["location"]["message"]["text"] == "controller: go(light-1)\ncolour[light-1]: red -> green\nturns 1 -> 2"


def test_a_manifest_is_the_place_of_its_results_and_the_models_files_are_kubechecks() -> None:
    result = next(r for r in run("cluster")["results"] if r["ruleId"] == "deployment_has_converged")
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "web.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert flow[1]["location"]["physicalLocation"]["artifactLocation"] == {"uri": "model/user.py", "uriBaseId": "KUBECHECK"}
    texts = [location["message"]["text"] for location in result["relatedLocations"]]
    assert texts[-1] == "stored.replicas == replicas is false"


def test_what_was_not_decided_is_open_and_the_run_says_so() -> None:
    found = run("incomplete")
    assert [(r["kind"], r["level"]) for r in found["results"]] == [("open", "none")]
    [invocation] = found["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    assert [n["level"] for n in invocation["toolExecutionNotifications"]] == ["error"]
    warnings = run("bare")["invocations"][0]["toolExecutionNotifications"]
    assert [(n["descriptor"]["id"], n["level"]) for n in warnings] == [("incomplete", "error"), ("vacuous", "warning")]
    assert run("holds")["invocations"][0]["executionSuccessful"] is True
    assert run("holds")["results"] == []


def test_a_value_error_is_at_its_line() -> None:
    [result, *_] = run("error")["results"]
    assert result["ruleId"] == "value-leaves-its-type"
    place = result["locations"][0]["physicalLocation"]
    source = (ROOT / place["artifactLocation"]["uri"]).read_text().splitlines()
    assert source[place["region"]["startLine"] - 1].strip() == "s.turns += 1"
    assert len(result["codeFlows"][0]["threadFlows"][0]["locations"]) == len(report("error").path)


def test_the_fingerprint_is_that_of_the_path() -> None:
    one, other = run("violated")["results"][0], run("cluster")["results"][0]
    assert one["partialFingerprints"] == run("several")["results"][0]["partialFingerprints"]
    assert one["partialFingerprints"] != other.get("partialFingerprints")


def test_two_workloads_of_one_name_have_findings_of_their_own() -> None:
    found = checks("cluster")
    [one] = found.all
    spaces = [dataclasses.replace(one, subject=dataclasses.replace(one.subject, workload=f"Deployment {n}/web")) for n in ("a", "b")]
    both = json.loads(sarif(dataclasses.replace(found, all=tuple(spaces))))["runs"][0]["results"]
    prints = [r["partialFingerprints"]["kubecheckPath/v1"] for r in both if r["level"] == "error"]
    assert len(prints) == 2 * len([r for r in run("cluster")["results"] if r["level"] == "error"])
    assert len(set(prints)) == len(prints)


def test_each_base_but_the_sources_root_has_a_uri_that_others_can_be_added_to() -> None:
    bases = run("violated")["originalUriBaseIds"]
    assert bases["KUBECHECK"]["uri"] == f"pkg:generic/kubecheck@{kubecheck_version()}/"
    assert "uri" not in bases["%SRCROOT%"]  # whoever reads the log knows where the checkout is
