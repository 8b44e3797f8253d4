"""`--format FORMAT[=FILE]` from the command line: several at once, one of them on standard output, and errors before the check."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.formats.outputs import Format, render
from kubecheck.cli.main import main
from tests.formats.checks import VERDICTS, checks

ROOT = Path(__file__).parents[2]
CROSSING = str(ROOT / "tests" / "cli" / "specs" / "crossing.py")


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_several_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {form: tmp_path / f"out.{form}" for form in ("json", "junit", "sarif", "itf", "mermaid")}
    options = [text for form, file in files.items() for text in ("--format", f"{form}={file}")]
    code, out, err = run("check", CROSSING, "--set", "guard=false", *options, capsys=capsys)
    assert (code, err) == (ExitCode.VIOLATED, "")
    assert "[violation] at_most_one_is_green is violated after 2 steps" in out
    assert json.loads(files["json"].read_text())["verdict"] == "violated"
    assert ET.parse(files["junit"]).getroot().attrib["failures"] == "1"
    assert json.loads(files["sarif"].read_text())["version"] == "2.1.0"
    assert len(json.loads(files["itf"].read_text())["states"]) == 3
    assert files["mermaid"].read_text().startswith("sequenceDiagram\n")


@pytest.mark.parametrize("option", ["mermaid", "mermaid=-"])
def test_standard_output_has_the_report_and_nothing_else(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("check", CROSSING, "--format", option, capsys=capsys)
    assert (code, err) == (ExitCode.HOLDS, "")
    assert out.startswith("sequenceDiagram\n")
    assert "[ok]" not in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--format", "sarf"],
            "error: Invalid value for --format: there is no format 'sarf': did you mean `sarif`?\n"
            "  help: see `kubecheck check --help`\n",
        ),
        (
            ["--format", "junit="],
            "error: Invalid value for --format: junit= names no file: write junit=FILE, or junit=- for standard output\n"
            "  help: see `kubecheck check --help`\n",
        ),
        (
            ["--format", "junit", "--json", "-"],
            "error: standard output is wanted by two reports, junit and json\n  help: give each a file of its own\n",
        ),
        (
            ["--format", "junit=x", "--save", "./x"],
            "error: ./x is wanted by two reports, junit and json\n  help: give each a file of its own\n",
        ),
        (
            ["--format", "itf=no/such/folder/x.json"],
            "error: no/such/folder/x.json cannot be written\n  help: give --format a file in a folder that can be written to\n",
        ),
        (
            ["--save", CROSSING],
            f"error: {CROSSING} is what is to be checked\n  help: give --save a file of its own\n",
        ),
        (
            ["--format", f"sarif={CROSSING}"],
            f"error: {CROSSING} is what is to be checked\n  help: give --format a file of its own\n",
        ),
    ],
)
def test_errors_come_before_the_check(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = Path(CROSSING).read_bytes()
    assert run("check", CROSSING, *options, capsys=capsys) == (ExitCode.BAD_INPUT, "", message)
    assert Path(CROSSING).read_bytes() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("what", VERDICTS)
def test_nothing_depends_on_where_the_checkout_is(form: Format, what: str) -> None:
    assert str(ROOT).encode() not in render(form, checks(what))
