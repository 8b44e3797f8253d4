"""Damages recorded logs in their structure and validates them: whatever a log holds, the answer is a verdict and never an exception.

    python -m tests.traces.fuzz [--seconds N] [--seed N]

Every other round damages the bytes of a small log in any form that is read, or named (text, JSON lines, arrays, lists, wrappers): cuts,
repetitions, numbers of thousands of digits, deep nesting. The others take a recorded run, cut out a part of it, and in some of its lines
put values of other types, take fields out, repeat and move lines, swap parts of two lines, or damage bytes. What is read is validated
with all rules and printed as a verdict, and the peak of memory is told at the end.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from kubecheck.traces.errors import TraceError
from kubecheck.traces.readers.folder import find
from kubecheck.traces.validate import validate
from tests.traces.cases import CASES
from tests.traces.mutate import DATA

ODD: list[Any] = [
    None, True, False, 0, -1, 2**63, 10**30, 1.5, -0.0, "", "x", "5", "\x00", "2026-01-01T00:00:00Z", "true", "Unknown", "\ud800", "é" * 50,
    [], {}, [[]], [None], [{}], ["x", 1], {"a": {}}, {"": None}, {"metadata": None}, [{"type": "Ready", "status": 1}],
]  # fmt: skip


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places in a JSON value."""
    found = [prefix] if prefix else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += paths(inner, (*prefix, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += paths(inner, (*prefix, number))
    return found


def damage(line: dict[str, Any], other: dict[str, Any], chosen: random.Random) -> dict[str, Any]:
    """The line with one to three places changed."""
    made = copy.deepcopy(line)
    for _ in range(chosen.randint(1, 3)):
        places = [place for place in paths(made) if "managedFields" not in place]
        if not places:
            break
        *to, last = chosen.choice(places)
        inside: Any = made
        for step in to:
            inside = inside[step]
        what = chosen.randrange(4)
        if what == 0 and isinstance(inside, dict):
            del inside[last]
        elif what == 1:
            source = chosen.choice(paths(other) or [()])
            part: Any = other
            for step in source:
                part = part[step]
            inside[last] = copy.deepcopy(part)
        else:
            inside[last] = copy.deepcopy(chosen.choice(ODD))
    return made


class Runs:
    """The recorded runs, decoded once."""

    def __init__(self) -> None:
        self.files = {
            folder.name: {path.name.removesuffix(".gz"): gzip.decompress(path.read_bytes()).splitlines()
                          for path in sorted(folder.glob("*.gz"))}
            for folder in sorted(DATA.iterdir()) if folder.is_dir()
        }

    def damaged(self, folder: Path, chosen: random.Random) -> None:
        """Writes a part of a run, damaged, into a folder."""
        files = self.files[chosen.choice(sorted(self.files))]
        share = chosen.choice((0.01, 0.02, 0.2))
        for name, lines in files.items():
            begin = chosen.randrange(len(lines) // 2 + 1) if len(lines) > 200 else 0
            part = lines[begin:begin + 600]
            made: list[bytes] = []
            for data in part:
                if chosen.random() < share:
                    line, other = json.loads(data), json.loads(chosen.choice(part))
                    data = json.dumps(damage(line, other, chosen)).encode("utf-8", "surrogatepass")
                    if chosen.random() < 0.05:
                        at = chosen.randrange(len(data))
                        data = data[:at] + bytes([chosen.randrange(256)]) + data[at + 1:]
                made.append(data)
                if chosen.random() < share / 10:
                    made.insert(chosen.randrange(len(made)), chosen.choice(part))
            (folder / name).write_bytes(b"\n".join(made) + b"\n" if made else b"")


def small(folder: Path, chosen: random.Random) -> None:
    """Writes a small log, damaged, into a folder."""
    files = [path for place in ("forms", "true") for path in sorted((DATA.parent / place).glob("*.*"))]
    texts = [log for case in CASES.values() for log in case if log]
    data = chosen.choice(files).read_bytes() if chosen.random() < 0.6 else chosen.choice(texts).encode()
    for _ in range(chosen.randint(1, 4)):
        at, to = sorted(chosen.randrange(len(data) + 1) for _ in range(2))
        to = min(to, at + chosen.choice((1, 10, 1000)))
        data = data[:at] + chosen.choice([
            b"", data[at:to] * 2, b"9" * 5000, b"[" * 3000, b'{"a":' * 3000, b"{a=" * 200, b"\n", b"}{", b"]", b"\x00", b"\xff",
            b"\x1b[31m", b'"', b"e999999999", bytes([chosen.randrange(256)]),
        ]) + data[to:]
    (folder / "log").write_bytes(data)


def round_of(runs: Runs, seed: int) -> str:
    """One damaged log validated. Returns its verdict, or that it is none; raises what validating it raises."""
    chosen = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if seed % 2:
            runs.damaged(folder, chosen)
        else:
            small(folder, chosen)
        try:
            found = find([str(folder if seed % 2 else folder / "log")])
        except TraceError:
            return "none"
        validation = validate(found.sources)
        for violation in validation.violations:
            assert violation.sentence
            assert violation.witnesses
        return str(validation.verdict.value)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    runs = Runs()
    seed, failed, begun = given.seed, 0, time.monotonic()
    while time.monotonic() - begun < given.seconds:
        try:
            round_of(runs, seed)
        except Exception:
            failed += 1
            print(f"seed {seed}:", traceback.format_exc(limit=-4), file=sys.stderr)
        seed += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{seed - given.seed} damaged logs, {failed} failures, peak of memory {peak} MiB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
