"""`kubecheck validate` and `kubecheck rules`: output, JSON, JUnit, exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kubecheck.cli import validate as command
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from kubecheck.traces.readers.recognise import Format
from kubecheck.traces.rules import ALL
from tests.traces.logs import RUN, audit_line, encoded, lines

REUSED = [  # one resourceVersion for two writes
    audit_line(),
    audit_line(
        auditID="a-2", verb="create", responseStatus={"code": 201},
        objectRef={"resource": "configmaps", "namespace": "t", "name": "other", "apiVersion": "v1"},
        requestURI="/api/v1/namespaces/t/configmaps/other",
        responseObject={"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "other", "uid": "u2", "resourceVersion": "7"}},
    ),
]  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["validate", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def reused(tmp_path: Path) -> str:
    file = tmp_path / "reused.log"
    file.write_bytes(encoded(*REUSED))
    return str(file)


def test_a_real_run_conforms(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, str(RUN))
    assert (code, err) == (ExitCode.HOLDS, "")
    assert f"audit  {RUN}/audit.jsonl.gz" in out
    assert "14 streams: watch-configmaps" in out
    assert "1,304 events: 1,151 requests, 153 deliveries" in out
    assert "resourceVersion 5 to 403" in out
    assert out.splitlines()[-1].startswith("[ok] conforms; ")


def test_a_log_that_lacks_lines_is_noted_beside_the_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing contradicts in it, and nothing could."""
    file = tmp_path / "audit.log"
    file.write_bytes(b"\n".join(line for line in lines("audit.jsonl.gz") if json.loads(line)["verb"] != "create"))
    code, out, _ = run(capsys, str(file))
    assert code == ExitCode.HOLDS
    note, verdict = re.split(r"\n(?=\[)", out[out.index("note: ") :])
    assert " ".join(note.split()) == (
        "note: lines are missing in this log: no request in it wrote 6 versions of 6 objects that it tells of (lost, or left out by its "
        "audit policy); the verdict is about the others"
    )
    assert verdict.startswith("[ok] conforms; ")
    assert "6 versions of 6 objects" in json.loads(run(capsys, str(file), "--json", "-")[1])["summary"]["missing_lines"]
    assert "6 versions of 6 objects" in (
        ET.fromstring(run(capsys, str(file), "--junit", "-")[1]).findtext(".//testcase[@classname='kubecheck.format']/system-out", "")
    )


def test_requests_without_answers_are_noted_beside_the_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    halves = [audit_line(auditID=f"a-{number}", stage="RequestReceived", responseStatus=None, responseObject=None) for number in range(20)]
    file = tmp_path / "audit.log"
    file.write_bytes(encoded(*halves, audit_line()))
    assert "note: lines are missing in this log: 19 of 20 requests have no answer in it (" in run(capsys, str(file))[1]
    file.write_bytes(encoded(*halves[:1], audit_line()))
    assert "note: " not in run(capsys, str(file))[1]


def test_a_violation_shows_its_events_side_by_side(capsys: pytest.CaptureFixture[str], reused: str) -> None:
    code, out, _ = run(capsys, reused)
    assert code == ExitCode.VIOLATED
    assert "store.revision-unique  configmaps" in out
    shown = next(line for line in out.splitlines() if line.lstrip().startswith("reused.log:"))
    assert "reused.log:1" in shown
    assert "reused.log:2" in shown
    assert out.splitlines()[-1].startswith("[violation] ")


def test_malformed_lines_are_told_with_a_caret_and_do_not_stop_the_reading(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "cut.log"
    file.write_bytes(b"\n".join(lines("audit.jsonl.gz")[:600]) + b'\n{"kind":Event}')
    code, out, _ = run(capsys, str(file))
    assert code == ExitCode.BAD_INPUT
    assert f'  {file}:601:9: not JSON: expecting value\n      {{"kind":Event}}\n              ^\n' in out
    assert "[malformed] 1 malformed line, the rest conforms; " in out


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_malformed_line_is_cut_to_the_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int
) -> None:
    """What is wrong stays in it, with the caret below."""
    monkeypatch.setenv("COLUMNS", str(width))
    file = tmp_path / "bad.log"
    file.write_bytes(encoded(audit_line(user=3)) + encoded(audit_line())[:-5])
    _, out, _ = run(capsys, str(file))
    shown = out.splitlines()
    carets = [(shown[number - 1], line.index("^")) for number, line in enumerate(shown) if line.strip() == "^"]
    assert carets[0][0][carets[0][1]:].startswith('"user": 3')
    assert len(carets) == 2
    for line, caret in carets:
        assert caret < width
        assert min(width, 100) * 0.8 <= len(line) <= width


def test_a_violation_outweighs_malformed_lines(capsys: pytest.CaptureFixture[str], reused: str) -> None:
    with open(reused, "ab") as file:
        file.write(b"{")
    code, out, _ = run(capsys, reused)
    assert code == ExitCode.VIOLATED
    assert "1 malformed line" in out


def test_nothing_to_judge(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "small.trace"
    file.write_text("kubecheck-trace 1\n1 alice get nodes n1 -> 200\n")
    code, out, _ = run(capsys, str(file), "--only", "pods")
    assert code == ExitCode.INCOMPLETE
    assert "[not judged] the log tells too little for any rule" in out


def test_what_nothing_contradicts_is_not_judged(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "small.log"
    file.write_bytes(encoded(audit_line(level="Metadata", requestObject=None, responseObject=None)))
    code, out, _ = run(capsys, str(file))
    assert code == ExitCode.INCOMPLETE
    assert out.splitlines()[-1].startswith(f"[not judged] the log tells too little for any rule; 0 of {len(ALL)} rules had")


def test_a_log_without_versions_conforms_only_so_far(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "metadata.log"
    allowed = {"authorization.k8s.io/decision": "allow"}
    file.write_bytes(encoded(audit_line(level="Metadata", requestObject=None, responseObject=None, annotations=allowed)))
    code, out, _ = run(capsys, str(file))
    assert code == ExitCode.HOLDS
    assert (f"[ok] conforms, as far as 1 of {len(ALL)} rules could judge: no write in the log tells its resourceVersion, so nothing is "
            "known of their order; ") in " ".join(out.split())


def test_rules_that_the_log_has_nothing_for_are_counted_or_listed(capsys: pytest.CaptureFixture[str], reused: str) -> None:
    _, out, _ = run(capsys, reused)
    assert "\n store.revision-unique " in out
    assert "\n pods.bound-once " not in out
    assert " rules not judged: the log has nothing that they are about (--verbose lists them)\n" in out
    _, out, _ = run(capsys, reused, "--verbose")
    assert "\n pods.bound-once " in out
    assert "--verbose" not in out


def test_what_is_wrong_with_many_lines_is_told_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.write_bytes(encoded(*REUSED * 100))
    code, out, _ = run(capsys, str(file), "--format", "text")
    assert code == ExitCode.BAD_INPUT
    assert out.count("found `{`") == 1
    assert "      and the same of 199 further lines of this file\n" in out


def test_files_of_one_name_in_two_folders_are_told_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for folder, line in zip(("a", "b"), REUSED, strict=True):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "audit.log").write_bytes(encoded(line))
    _, out, _ = run(capsys, str(tmp_path / "a" / "audit.log"), str(tmp_path / "b" / "audit.log"))
    shown = next(line for line in out.splitlines() if "audit.log:1" in line and not line.startswith("/"))
    assert {"a/audit.log:1", "b/audit.log:1"} <= set(shown.replace("│", " ").split())


@pytest.mark.parametrize("width", [60, 200])
def test_a_pipe_is_as_wide_as_columns_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = run(capsys, str(RUN))
    assert width - 30 < max(map(len, out.splitlines())) <= width


def test_without_colour_on_a_terminal(reused: str) -> None:
    import pty

    main_end, terminal = pty.openpty()
    program = f"import sys; from kubecheck.cli.main import main; main(['validate', {reused!r}])"
    env = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    running = subprocess.Popen([sys.executable, "-c", program], stdin=terminal, stdout=terminal, stderr=terminal, env=env)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while piece := os.read(main_end, 65536):
            shown += piece
    os.close(main_end)
    assert running.wait() == 0
    assert b"[violation]" in shown
    codes = {code for found in re.findall(rb"\x1b\[([0-9;]*)m", shown) for code in found.split(b";")}
    assert codes <= {b"", b"0", b"1", b"2", b"22"}, "bold and dim are no colours"


def test_an_empty_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_text("")
    code, out, _ = run(capsys, str(tmp_path / "audit.log"))
    assert code == ExitCode.INCOMPLETE
    assert "empty: audit.log" in out


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(encoded(*REUSED))

    monkeypatch.setattr(sys, "stdin", Stdin)
    code, out, _ = run(capsys, "-")
    assert code == ExitCode.VIOLATED
    assert "<stdin>:2: store.revision-unique" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: no log to validate\n  help: name a log, a folder of logs, or - for standard input\n"),
        (["/nowhere"], "error: /nowhere: there is no such file\n  help: name a log, a folder of logs, or - for standard input\n"),
        ([str(RUN), "--only", "stroe"], "error: there is no rule 'stroe'\n  help: did you mean `store`?\n"),
        ([str(RUN), "--skip", "nosuch"], "error: there is no rule 'nosuch'\n  help: `kubecheck rules` lists them\n"),
        ([str(RUN), "--json", "/nowhere/x.json"], "error: /nowhere/x.json cannot be written\n"),
        ([str(RUN), "--json", "-", "--junit", "-"], "error: --json and --junit both want standard output\n"),
        ([__file__], f"error: {__file__}:1: not a trace in a format that kubecheck reads\n"),
        ([str(Path(__file__).parent / "data"), "--format", "xml"], "error: Invalid value for '--format': 'xml'"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (ExitCode.BAD_INPUT, "")
    assert err.startswith(message)


def test_a_folder_without_logs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "readme").write_text("hello\n")
    code, _, err = run(capsys, str(tmp_path))
    assert code == ExitCode.BAD_INPUT
    assert err == "error: no logs in what was given\n  help: a folder's logs are the files directly in it\n"


def test_format_overrides_recognition(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "headless"
    file.write_text("no trace at all\n")
    code, out, _ = run(capsys, str(file), "--format", "text")
    assert code == ExitCode.BAD_INPUT
    assert "trace is no verb for an object" in out
    file.write_text("alice get pods x\n")
    code, out, _ = run(capsys, str(file), "--format", "text")
    assert code == ExitCode.BAD_INPUT
    assert "an event before the header: a trace begins with `kubecheck-trace 1`" in out


def test_json(capsys: pytest.CaptureFixture[str], reused: str, tmp_path: Path) -> None:
    code, shown, _ = run(capsys, reused, "--json", str(tmp_path / "v.json"))
    assert code == ExitCode.VIOLATED
    assert "[violation]" in shown
    code, printed, _ = run(capsys, reused, "--json", "-")
    found: dict[str, Any] = json.loads(printed)
    assert found == json.loads((tmp_path / "v.json").read_text())
    assert (found["verdict"], found["exit_code"], found["counts"]["events"]) == ("violated", 1, 2)
    assert [rule["name"] for rule in found["rules"]] == [rule.name for rule in ALL]
    assert {"name", "verdict", "judged", "violations"} <= set(found["rules"][0])
    violation = next(one for one in found["violations"] if one["rule"] == "store.revision-unique")
    assert (violation["file"], violation["line"]) == (reused, 2)
    assert {witness["line"] for witness in violation["witnesses"]} == {1, 2}
    assert violation["objects"]
    assert violation["sentence"]
    assert found["malformed"] == []


def test_json_of_malformed_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    file.write_bytes(encoded(audit_line()) + b"{}\n")
    _, out, _ = run(capsys, str(file), "--json", "-")
    (bad,) = json.loads(out)["malformed"]
    assert (bad["file"], bad["line"], bad["message"]) == (str(file), 2, "object missing required field `level`")


def test_junit(capsys: pytest.CaptureFixture[str], reused: str) -> None:
    with open(reused, "ab") as file:
        file.write(b'{"\x1b[31m')
    code, out, _ = run(capsys, reused, "--junit", "-")
    assert code == ExitCode.VIOLATED
    suite = ET.fromstring(out).find("testsuite")
    assert suite is not None
    cases = {f"{case.get('classname')}.{case.get('name')}": case for case in suite}
    assert len(cases) == len(ALL) + 1 == int(suite.get("tests", ""))
    broken = cases["kubecheck.store.revision-unique"].find("failure")
    assert broken is not None
    assert f"{reused}:2" in (broken.text or "")
    assert cases["kubecheck.format.every line is well-formed"].find("error") is not None
    assert len([case for case in suite if case.find("skipped") is not None]) == int(suite.get("skipped", ""))
    assert len([case for case in suite if case.find("failure") is not None]) == int(suite.get("failures", ""))


def test_what_a_log_says_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "evil.log"
    evil = {"username": "\x1b[2J\x1b]0;owned\x07alice\r\n[ok] conforms"}
    file.write_bytes(encoded(*(line | {"user": evil} for line in REUSED)) + b'{"\x1b[31m')
    _, out, _ = run(capsys, str(file))
    assert "\x1b" not in out
    assert "\r" not in out
    assert not [line for line in out.splitlines() if line.startswith("[ok]")]


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--schema")
    assert code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


def test_formats_are_those_that_are_read() -> None:
    assert set(command._FORMATS) == {form.value for form in Format}


def test_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    out = capsys.readouterr().out
    for rule in ALL:
        assert f"\n{rule.name}  (from level " in f"\n{out}"


def test_rules_of_a_subject(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "watch", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed
    assert all(rule["name"].startswith("watch.") and rule["sentence"] and rule["source"] for rule in listed)
    assert main(["rules", "wach"]) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == "error: there is no rule 'wach'\n  help: did you mean `watch`?\n"
    assert main(["rules", "nosuch"]) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == "error: there is no rule 'nosuch'\n  help: `kubecheck rules` lists them\n"


@pytest.mark.parametrize("verb", ["validate", "rules"])
def test_help_needs_no_engine(verb: str) -> None:
    program = (
        f"import sys; from kubecheck.cli.main import main; code = main([{verb!r}, '--help']);"
        "loaded = [m for m in ('numba', 'llvmlite', 'numpy', 'rich', 'lark') if m in sys.modules];"
        "sys.exit(f'loaded: {loaded}' if loaded or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
