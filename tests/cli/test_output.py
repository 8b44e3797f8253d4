"""Standard streams that go away or are full: the verdict's own exit code, or one line of error; never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CROSSING = Path(__file__).parent / "specs" / "crossing.py"
COMMAND = f"'{sys.executable}' -m kubecheck.cli"


def shell(line: str) -> tuple[int, str]:
    """The exit code of the command (not of the pipe it stands in), and what it said on standard error."""
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr


@pytest.mark.parametrize(("guard", "code"), [("true", 0), ("false", 1)])
@pytest.mark.parametrize("sink", ["| true", "| head -1 >/dev/null", ">&-"])
def test_a_reader_that_leaves_does_not_change_the_verdict(guard: str, code: int, sink: str) -> None:
    line = f"{COMMAND} check '{CROSSING}' --set guard={guard} -q {sink}; exit ${{PIPESTATUS[0]}}"
    assert shell(line) == (code, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("option", ["", "--json -"])
def test_a_full_disk_is_one_line(option: str) -> None:
    code, said = shell(f"{COMMAND} check '{CROSSING}' -q {option} >/dev/full")
    assert (code, said) == (2, "error: the output cannot be written: No space left on device\n")


def test_closed_standard_input_is_an_empty_manifest() -> None:
    code, said = shell(f"{COMMAND} check - <&-")
    assert code == 2
    assert said.startswith("error: standard input holds no object")


def test_the_record_does_not_overwrite_what_is_checked(tmp_path: Path) -> None:
    copy = tmp_path / "crossing.py"
    copy.write_text(CROSSING.read_text())
    code, said = shell(f"{COMMAND} check '{copy}' --json '{copy}'")
    assert code == 2
    assert said.startswith(f"error: {copy} is what is to be checked")
    assert copy.read_text() == CROSSING.read_text()
