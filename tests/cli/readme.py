"""The README's examples: each `$ kubecheck …` is run as it stands. `make readme` writes what it prints into the README."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
_EXAMPLE = re.compile(r"^    \$ kubecheck (.+)\n((?:(?:    .*)?\n)*?)(?=\n*^\S)", re.MULTILINE)


def examples(text: str) -> dict[str, str]:
    """The commands of the README whose files exist, and what it says that they print."""
    found = {match[1]: match[2] for match in _EXAMPLE.finditer(text)}
    return {command: shown for command, shown in found.items() if _can_run(command)}


def output(command: str) -> str:
    """What a command prints, indented as in the README."""
    done = subprocess.run(
        [sys.executable, "-m", "kubecheck.cli", *shlex.split(command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return "".join(f"    {line}\n" if line else "\n" for line in done.stdout.splitlines())


def without_measurements(text: str) -> list[str]:
    """The lines that are the same on every machine."""
    lines = [line for line in text.strip().splitlines() if not line.startswith(("    speed", "    memory"))]
    return [re.sub(r", in [\d.]+ m?s$", "", line) for line in lines]


def _can_run(command: str) -> bool:
    target = shlex.split(command)[-1]
    return "." not in target or (ROOT / target).exists()


if __name__ == "__main__":
    old = README.read_text()
    for command in examples(old):
        output(command)  # so that times are those of a warm cache
    README.write_text(
        _EXAMPLE.sub(lambda m: f"    $ kubecheck {m[1]}\n{output(m[1])}" if _can_run(m[1]) else m[0], old)
    )
