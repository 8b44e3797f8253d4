"""The record as JSON: valid against the schema that is in the package, which is made from the record's types."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest

from kubecheck.cli.formats.outputs import Format, render
from kubecheck.cli.main import main
from kubecheck.cli.record import Record, schema, shipped_schema
from tests.formats.checks import VERDICTS, checks, report

MEASURED = re.compile(rb'"(seconds\w*|memory_bytes|bytes_per_state)": [\d.e-]+|"audit": \{[^}]*\}|time="[\d.]+"')


@functools.cache
def validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(shipped_schema()))


def record(what: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(Format.JSON, checks(what)))
    return found


def test_the_schema_in_the_package_is_that_of_the_record() -> None:
    """`python -m tests.formats.test_json` writes it. What it says of `format_version` must change with a field that goes."""
    assert json.loads(shipped_schema()) == json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("what", VERDICTS)
def test_valid(what: str) -> None:
    assert [error.message for error in validator().iter_errors(record(what))] == []
    assert msgspec.convert(record(what), Record).verdict is report(what).verdict


def test_the_validator_does_refuse() -> None:
    found = record("violated")
    found["path"][1]["actor"] = 3
    assert [error.message for error in validator().iter_errors(found)] != []


@pytest.mark.parametrize("name", ["format", "format_version"])
def test_what_it_is_must_be_said(name: str) -> None:
    found = record("violated")
    del found[name]
    assert [error.message for error in validator().iter_errors(found)] == [f"'{name}' is a required property"]


@pytest.mark.parametrize("value", [3, None, {"#bigint": 3}, {"#set": {}}, {"#map": [["light-0"]]}, {"#tup": []}])
def test_a_state_has_values_of_the_trace_format(value: Any) -> None:
    assert schema()["$id"] == "urn:kubecheck:record:3"
    found = record("violated")
    found["path"][1]["state"]["turns"] = value
    assert [list(error.path) for error in validator().iter_errors(found)] == [["path", 1, "state", "turns"]]


def test_it_has_the_run_and_the_states() -> None:
    found = record("violated")
    assert found["format"] == "kubecheck-record"
    assert found["run"]["options"] == {"settings": {"lights": "3"}}
    assert found["run"]["functions"].keys() == {"go", "stop", "at_most_one_is_green", "one_is_green"}
    assert [step["state"]["turns"] for step in found["path"]] == [{"#bigint": "0"}, {"#bigint": "1"}, {"#bigint": "2"}]
    assert found["path"][1]["position"]["file"] == "tests/cli/specs/crossing.py"
    assert found["why"]["condition"]["operands"][0]["value"] == "2"


def test_where_nothing_moves_it_says_why() -> None:
    assert record("violated")["refusals"] == []
    refusals = record("cluster")["refusals"]
    assert {r["actor"] for r in refusals} == {"deployment-controller", "replicaset-controller", "scheduler", "kubelet"}
    scale = next(r for r in refusals if r["action"] == "scale_replica_set")
    assert scale["condition"]["operands"] == [{"text": "decision.request", "value": "status", "counted": []}]


def test_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--schema"]) == 0
    assert capsys.readouterr().out == shipped_schema()


@pytest.mark.parametrize("form", Format)
def test_the_same_check_gives_the_same_bytes(form: Format) -> None:
    """All but measurements."""
    from tests.formats.checks import checks as cached

    for what in ("violated", "step"):
        again = cached.__wrapped__(what)
        one, other = (MEASURED.sub(b"", render(form, c)) for c in (cached(what), again))
        assert one == other


if __name__ == "__main__":
    from pathlib import Path

    file = Path(__file__).parents[2] / "cli" / "formats" / "record.schema.json"
    file.write_text(json.dumps(schema(), indent=2) + "\n")
