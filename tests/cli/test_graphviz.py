"""A dot that is missing or does not work: DOT is written instead, nothing is overwritten, and the message says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.graphs.graphviz import said
from kubecheck.cli.main import main

CROSSING = str(Path(__file__).with_name("specs") / "crossing.py")
HELP = (
    "  help: install the package graphviz (apt-get install graphviz, dnf install graphviz, brew install graphviz), "
    f"or look at it in a browser: kubecheck explore {CROSSING}\n"
)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only program on the PATH, which is not there yet."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin" / "dot"


def drawn(capsys: pytest.CaptureFixture[str], *outputs: str) -> tuple[int, str, str]:
    code = main(["graph", CROSSING, "-q", *(word for name in outputs for word in ("-o", name))])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def shell(dot: Path, text: str) -> None:
    dot.write_text(f"#!/bin/sh\n{text}\n")
    dot.chmod(0o755)


@pytest.mark.usefixtures("dot")
def test_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = drawn(capsys, "x.svg", "x.png")
    assert (code, out) == (ExitCode.BAD_INPUT, "")
    assert err == f"error: dot, which draws, is not installed or not on the PATH; x.dot was written instead\n{HELP}"
    assert Path("x.dot").read_text().startswith("digraph crossing {")
    assert not Path("x.svg").exists()


@pytest.mark.usefixtures("dot")
def test_the_browser_shows_the_same_system(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", CROSSING, "-q", "-o", "x.svg", "--set", "lights=2", "--set", "turns=1"]) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err.endswith(f"browser: kubecheck explore {CROSSING} --set lights=2 --set turns=1\n")


def test_not_executable(dot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dot.write_text("#!/bin/sh\n")
    code, _, err = drawn(capsys, "x.svg")
    assert code == ExitCode.BAD_INPUT
    assert err == f"error: dot, which draws, cannot be run (Permission denied); x.dot was written instead\n{HELP}"


def test_garbage(dot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dot.write_bytes(bytes(range(256)))
    dot.chmod(0o755)
    code, _, err = drawn(capsys, "x.svg")
    assert code == ExitCode.BAD_INPUT
    assert err == f"error: dot, which draws, cannot be run (Exec format error); x.dot was written instead\n{HELP}"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "failed with exit code 3"),
        ("echo 'no \033[2Jfonts' >&2; exit 1", "failed with exit code 1: no \\x1b[2Jfonts"),
        ("kill -9 $$", "was ended by signal 9"),
        ("exit 0", "gave nothing"),
        ("echo no picture", "gave something else than SVG"),
    ],
)
def test_broken(dot: Path, script: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    shell(dot, script)
    Path("x.svg").write_text("an older picture")
    code, out, err = drawn(capsys, "x.svg")
    assert (code, out) == (ExitCode.BAD_INPUT, "")
    assert err == f"error: dot, which draws, {told}; x.dot was written instead\n{HELP}"
    assert Path("x.svg").read_text() == "an older picture"


@pytest.mark.usefixtures("dot")
def test_no_file_is_overwritten_that_was_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.dot").write_text("mine")
    assert "; x-2.dot was written instead\n" in drawn(capsys, "x.svg")[2]
    assert "; x-3.dot was written instead\n" in drawn(capsys, "x.svg")[2]
    assert Path("x.dot").read_text() == "mine"
    assert "; y.dot was written instead\n" in drawn(capsys, "x.svg", "y.dot")[2]


def test_what_works_is_written_and_what_dot_says_is_told(dot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell(dot, 'echo "Warning: no \033 fonts" >&2; if [ "$1" = -Tsvg ]; then echo "<svg/>"; fi')
    code, out, err = drawn(capsys, "x.svg")
    assert (code, err) == (0, "")
    assert "note          dot says of x.svg: Warning: no \\x1b fonts\n" in out
    code, _, err = drawn(capsys, "y.svg", "y.png")
    assert code == ExitCode.BAD_INPUT
    assert err.startswith(
        "error: dot, which draws, gave nothing: Warning: no \\x1b fonts; y.dot was written instead\n"
    )
    assert Path("y.svg").read_text() == "<svg/>\n"


def test_of_many_lines_the_first_are_told() -> None:
    assert said(b"\n a\tb \n" + b"x" * 300 + b"\n\xff\nlast\n") == ["a b", "x" * 200, "\ufffd"]
