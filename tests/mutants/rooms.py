"""`python -m tests.mutants.rooms`: mutates spec/, checker/ or traces/, and writes which changes the tests of that room do not notice.

    --room ROOM             which (several times; default: all three)
    --sample N --seed S     N changes by chance of all that tests/mutants/programs.py makes there (default 70, seed 1)
    --seconds T             tests of at most so many seconds of CPU time, as measured, for one change (default 60)
    --out FILE              the result of each, a JSON line each; those that are there already are not tried again

Each room's tests (`tests/ROOM`, but for those marked slow) run once under coverage, which says what test runs which line and how long it
takes. A change is then judged by the tests that run its line, the quickest first, one case of each function before further cases, until
one fails or the time is up. What no test runs is not noticed. What numba compiles is not seen by coverage: there, and for lines that run
when a module is imported, the tests that run most of the file's other lines are taken, or those of the whole room.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.programs import Change, changes

ROOT = Path(__file__).parents[2]
ROOMS = ("spec", "checker", "traces")
_ALL_ROOMS = ("spec", "checker", "model", "traces", "cli")
_ENDLESS = 6  # times as long as the tests take without a change, and a minute: then it does not end


@dataclass(frozen=True)
class Baseline:
    """What the tests of a room run: of each line (file of the room, number) the tests, and the CPU seconds of each test."""

    tests: dict[tuple[str, int], frozenset[str]]
    seconds: dict[str, float]


def main() -> None:
    """Runs the tool."""
    arguments = _arguments()
    out = Path(arguments.out) if arguments.out else None
    results: list[tuple[Change, str]] = []
    for room in arguments.room or ROOMS:
        sample = sampled(room, arguments.sample, arguments.seed)
        known = _known(out)
        left = [change for change in sample if str(change) not in known]
        results += [(change, known[str(change)]) for change in sample if str(change) in known]
        if not left:
            continue
        print(f"{room}: what its tests run …", flush=True)
        baseline = measured(room)
        print(f"{room}: {len(left)} changes, {len(baseline.seconds)} tests", flush=True)
        with ThreadPoolExecutor(arguments.processes) as pool:
            for change, answer in pool.map(lambda c: (c, judged(c, baseline, arguments.seconds)), left):  # noqa: B023
                results.append((change, answer))
                print(f"{answer or 'SURVIVED'}: {change}", flush=True)
                if out is not None:
                    with out.open("a") as file:
                        file.write(json.dumps({"change": str(change), "noticed": answer}) + "\n")
    print("\n".join(summary(results)))


def sampled(room: str, number: int, seed: int) -> list[Change]:
    """So many changes of a room's files, by chance."""
    found = [
        change
        for path in sorted((ROOT / room).rglob("*.py"))
        for change in changes(str(path.relative_to(ROOT)), path.read_text())
    ]
    return random.Random(f"{room} {seed}").sample(found, min(number, len(found)))


def measured(room: str) -> Baseline:
    """Runs the tests of a room as it is. Raises CalledProcessError if they fail."""
    import coverage

    with tempfile.TemporaryDirectory() as scratch:
        data, times = Path(scratch, "coverage"), Path(scratch, "times")
        environment = os.environ | {"KUBECHECK_MUTANTS_DATA": str(data), "KUBECHECK_MUTANTS_TIMES": str(times)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutants.watching", "-m", "not slow", f"tests/{room}"]
        subprocess.run(command, cwd=ROOT, env=environment | {"KUBECHECK_MUTANTS_ROOM": room}, check=True)
        seconds = {name: float(spent) for spent, name in (line.split("\t", 1) for line in times.read_text().splitlines())}
        found: dict[tuple[str, int], frozenset[str]] = {}
        read = coverage.CoverageData(str(data))
        read.read()
        for name in read.measured_files():
            for line, contexts in read.contexts_by_lineno(name).items():
                found[str(Path(name).relative_to(ROOT)), line] = frozenset(contexts) & seconds.keys()
    return Baseline(found, seconds)


def chosen(change: Change, baseline: Baseline, limit: float) -> list[str]:
    """The tests that judge a change: the quickest first, one case of each function before its others, within the time."""
    running = baseline.tests.get((change.file, change.line), frozenset())
    if not running:
        near = Counter(test for (file, _), tests in baseline.tests.items() if file == change.file for test in tests)
        most = max(near.values(), default=0)
        running = frozenset(test for test, lines in near.items() if 2 * lines >= most) or frozenset(baseline.seconds)
    cases: dict[str, int] = defaultdict(int)
    turns = []
    for test in sorted(running, key=lambda t: (baseline.seconds[t], t)):
        function = test.split("[")[0]
        turns.append((cases[function], baseline.seconds[test], test))
        cases[function] += 1
    taken, total = [], 0.0
    for _, spent, test in sorted(turns):
        if total + spent <= limit:
            taken.append(test)
            total += spent
    return taken


def judged(change: Change, baseline: Baseline, limit: float) -> str:
    """Which test notices a change first; empty if none does."""
    tests = chosen(change, baseline, limit)
    if not tests:
        return ""
    room = change.file.split("/")[0]
    with tempfile.TemporaryDirectory() as scratch:
        rooms = Path(scratch, "kubecheck")
        rooms.mkdir()
        for other in _ALL_ROOMS:
            if other != room:
                (rooms / other).symlink_to(ROOT / other)
        shutil.copytree(ROOT / room, rooms / room, ignore=shutil.ignore_patterns("__pycache__"))
        path = rooms / change.file
        path.write_bytes(change.applied(path.read_bytes()))
        names = Path(scratch, "tests")
        names.write_text("\n".join(tests) + "\n")
        environment = os.environ | {"PYTHONPATH": scratch, "KUBECHECK_MUTANTS_FROM": scratch, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.mutants.watching", "-p", "no:cacheprovider", f"@{names}"]
        allowed = 60 + _ENDLESS * sum(baseline.seconds[test] for test in tests)
        try:
            run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=allowed)
        except subprocess.TimeoutExpired:
            return f"does not end within {allowed:.0f} s"
    if run.returncode == 0:
        return ""
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if failed else f"pytest ends with {run.returncode}"


def summary(results: list[tuple[Change, str]]) -> list[str]:
    """The share that was noticed, by room, and what was not."""
    lines = []
    for room in [*dict.fromkeys(change.file.split("/")[0] for change, _ in results), ""]:
        answers = [answer for change, answer in results if change.file.startswith(room)]
        noticed = sum(bool(answer) for answer in answers)
        lines.append(f"{room or 'all'}: {noticed} of {len(answers)} noticed ({100 * noticed / max(1, len(answers)):.1f} %)")
    return lines + [f"survived: {change}" for change, answer in results if not answer]


def _known(out: Path | None) -> dict[str, str]:
    if out is None or not out.exists():
        return {}
    return {record["change"]: record["noticed"] for record in map(json.loads, out.read_text().splitlines())}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants.rooms", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--room", action="append", choices=ROOMS)
    parser.add_argument("--sample", type=int, default=70)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
