"""`kubecheck conform`: its output, its exit codes and its errors."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from kubecheck.cli.main import main
from kubecheck.model.conformance import conform as conform_module
from kubecheck.model.conformance.conform import Checked, check_row
from kubecheck.model.conformance.rows import Row
from tests.conformance.page import RECORDING

ROWS = [json.loads(line) for line in RECORDING.read_text(encoding="utf-8").splitlines()]
GOOD = next(r for r in ROWS if r["id"] == "put-stale-rv")
OTHER = next(r for r in ROWS if r["id"] == "put-managedfields-empty")


def recording(folder: Path, *rows: object) -> str:
    file = folder / "probes.jsonl"
    file.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    return str(file)


def wrong() -> object:
    return {**GOOD, "id": "wrong", "response": {"code": 200, "kind": "ConfigMap"}}


def test_agreeing_probes_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", recording(tmp_path, GOOD, OTHER)]) == 0
    out = capsys.readouterr().out
    assert "optimistic-lock" in out
    assert "1  managedFields in a body, which the recording leaves out  (put 1)" in out
    assert "--list names them" in out
    assert out.endswith("[ok] 1 agree, 0 disagree, 1 are not modelled\n")


def test_the_probes_of_a_reason_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", recording(tmp_path, GOOD, OTHER), "--list"]) == 0
    out = capsys.readouterr().out
    assert "   put-managedfields-empty\n" in out
    assert "--list names them" not in out


def test_a_recording_may_be_compressed_or_begin_with_a_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "probes.jsonl.gz"
    text = json.dumps(GOOD).encode()
    file.write_bytes(gzip.compress(text))
    assert main(["conform", str(file)]) == 0
    file.write_bytes(b"\xef\xbb\xbf" + text)
    assert main(["conform", str(file)]) == 0
    assert capsys.readouterr().out.count("[ok] 1 agree, 0 disagree, 0 are not modelled") == 2
    file.write_bytes(gzip.compress(text)[:40])
    assert main(["conform", str(file)]) == 2
    assert "Compressed file ended before the end-of-stream marker was reached" in capsys.readouterr().err


def test_a_fault_is_told_and_the_rest_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(line: int, row: Row) -> Checked:
        if row.id == "wrong":
            raise KeyError("lost")
        return check_row(line, row)

    monkeypatch.setattr(conform_module, "check_row", failing)
    assert main(["conform", recording(tmp_path, wrong(), GOOD)]) == 70
    out = capsys.readouterr().out
    assert "probes.jsonl:1: wrong: a fault of kubecheck's own: KeyError: 'lost'" in out.replace("\n", "")
    assert out.endswith("[fault] 1 agree, 0 disagree, 0 are not modelled, 1 could not be judged\n")


def test_a_disagreeing_probe_is_shown_with_both_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", recording(tmp_path, GOOD, wrong())]) == 1
    out = capsys.readouterr().out
    assert "wrong (line 2): PUT with a resourceVersion older than the stored one" in out
    line = next(text for text in out.splitlines() if text.strip().startswith("code"))
    assert line.split() == ["code", "200", "409"]
    assert out.endswith("[violation] 1 agree, 1 disagree, 0 are not modelled\n")


def test_malformed_lines_are_told_with_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", recording(tmp_path, GOOD, "{", {**GOOD, "setup": 7})]) == 2
    out = capsys.readouterr().out
    assert "probes.jsonl:2: no probe: Input data was truncated" in out.replace("\n", "")
    assert "probes.jsonl:3: no probe: Expected `array`, got `int` - at `$.setup`" in out.replace("\n", "")


def test_a_disagreement_outweighs_malformed_lines(tmp_path: Path) -> None:
    assert main(["conform", recording(tmp_path, wrong(), "{")]) == 1


def test_nothing_modelled_is_no_pass(tmp_path: Path) -> None:
    assert main(["conform", recording(tmp_path, OTHER)]) == 3


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", recording(tmp_path, GOOD, OTHER, wrong()), "--json", "-"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["exit_code"], found["agreeing"], found["disagreeing"], found["not_modelled"]) == (1, 1, 1, 1)
    assert found["topics"]["optimistic-lock"] == {"agreeing": 1, "disagreeing": 1, "not_modelled": 0}
    assert found["probes"][2]["differences"][0] == {"what": "code", "recorded": "200", "model": "409"}


def test_a_topic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recording(tmp_path, GOOD, OTHER)
    assert main(["conform", file, "--topic", "optimistic-lock"]) == 0
    assert "\nput" not in capsys.readouterr().out
    assert main(["conform", file, "--topic", "weather"]) == 2
    assert "no probe of topic weather" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "told"), [("", "no probes"), (None, "No such file or directory")])
def test_nothing_to_check(given: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recording(tmp_path, given) if given is not None else str(tmp_path / "none.jsonl")
    assert main(["conform", file]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert told in error
    assert "help: " in error
