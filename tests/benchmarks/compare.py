"""Measures kubecheck on StaleReplicas beside SPIN (and TLC), in one run on one machine. Counts must be equal; times are only printed.

    python tests/benchmarks/compare.py                 counts of all rows, the big row, SPIN if it is installed, command times
    python tests/benchmarks/compare.py --rounds 5      more rounds: medians settle
    python tests/benchmarks/compare.py --tlc PATH      also TLC, from that tla2tools.jar (some minutes)

The same spec stands beside this file in TLA+ and Promela; stale_replicas.py is ours. Exit code 1 if a count differs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from stale_replicas import stale_replicas  # noqa: E402 - it stands beside this script

from kubecheck.checker import Report, Verdict, check  # noqa: E402

# pods, nodes, desired, writes, failures -> distinct and generated states, as TLC and SPIN count them
ROWS = {
    (3, 2, 2, 1, 1): (4_913, 28_420),
    (2, 2, 2, 2, 1): (15_625, 79_751),
    (3, 2, 2, 2, 1): (3_847_229, 28_998_466),
}
BIG = (3, 2, 2, 2, 1)


def explore(row: tuple[int, ...], *, threads: int | None = None) -> Report:
    """One check of a row, exact, with its invariants and predecessor links."""
    pods, nodes, desired, writes, failures = row
    spec = stale_replicas(pods=pods, nodes=nodes, desired=desired, writes=writes, failures=failures)
    return check(spec, threads=threads)


def counts() -> bool:
    """Prints each row's counts beside those expected; whether all agree."""
    fine = True
    print(f"{'P N D V F':12} {'distinct':>12} {'generated':>12}   expected")
    for row, (distinct, generated) in ROWS.items():
        report = explore(row)
        same = (report.states.distinct, report.states.generated, report.verdict) == (distinct, generated, Verdict.HOLDS)
        fine &= same
        word = "equal" if same else f"DIFFERENT: {distinct:,} {generated:,}"
        print(f"{' '.join(map(str, row)):12} {report.states.distinct:12,} {report.states.generated:12,}   {word}")
    return fine


def rates(label: str, distinct: int, generated: int, seconds: list[float]) -> float:
    """Prints a line of a table; returns the median time."""
    median = statistics.median(seconds)
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    speed = f"{distinct / median / 1e6:7.2f} M distinct/s  {generated / median / 1e6:7.2f} M generated/s"
    print(f"{label:34} {median:8.2f} s ({spread})  {speed}")
    return median


def spin(folder: Path) -> list[str] | None:
    """The command of a compiled SPIN verifier of the big row; None if spin or gcc is missing."""
    if not shutil.which("spin") or not shutil.which("gcc"):
        return None
    shutil.copy(HERE / "StaleReplicas.pml", folder)
    subprocess.run(["spin", "-a", "StaleReplicas.pml"], cwd=folder, check=True, capture_output=True)
    flags = ["-O3", "-march=native", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=12000"]
    subprocess.run(["gcc", *flags, "-o", "pan", "pan.c"], cwd=folder, check=True, capture_output=True)
    return ["./pan", "-m200000", "-w26"]


def run_spin(command: list[str], folder: Path) -> float:
    """Runs SPIN once; returns its seconds. Raises if it does not count as we do."""
    start = time.perf_counter()
    out = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - start
    stored, transitions = re.search(r"(\d+) states, stored", out), re.search(r"(\d+) transitions", out)
    if stored is None or transitions is None or int(stored[1]) != ROWS[BIG][0]:
        raise SystemExit(f"SPIN counts differently:\n{out}")
    return seconds


def run_tlc(jar: Path, folder: Path) -> float:
    """Runs TLC once on the big row; returns its seconds. Raises if it does not count as we do."""
    for name in ("StaleReplicas.tla", "StaleReplicas.cfg"):
        shutil.copy(HERE / name, folder)
    command = ["java", "-XX:+UseParallelGC", "-cp", str(jar.resolve()), "tlc2.TLC", "-workers", "auto", "StaleReplicas"]
    start = time.perf_counter()
    out = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - start
    if f"{ROWS[BIG][1]} states generated, {ROWS[BIG][0]} distinct" not in out.replace(",", "").replace("  ", " "):
        found = re.findall(r"^.*distinct states found.*$", out, re.MULTILINE)
        print("TLC says:", *found[-1:])
    return seconds


def big_row(rounds: int, tlc: Path | None) -> None:
    """The big row with one thread, two threads and SPIN, in turns, so that a busy machine slows all of them."""
    distinct, generated = ROWS[BIG]
    one: list[float] = []
    two: list[float] = []
    peers: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        verifier = spin(folder)
        for _ in range(rounds):
            one.append(explore(BIG, threads=1).seconds)
            report = explore(BIG, threads=2)
            two.append(report.seconds)
            if verifier:
                peers.append(run_spin(verifier, folder))
        print(f"\nbig row, exact, invariants on, predecessors kept; medians of {rounds}, best to worst in brackets")
        first = rates("kubecheck, 1 thread", distinct, generated, one)
        second = rates("kubecheck, 2 threads", distinct, generated, two)
        print(f"two threads are {first / second:.2f} times as fast as one; {report.bytes_per_state:.1f} bytes a distinct state")
        if peers:
            peer = rates("SPIN (-O3 -DSAFETY -DNOREDUCE)", distinct, generated, peers)
            print(f"two threads are {peer / second:.1f} times as fast as SPIN")
        else:
            print("SPIN: not installed (Debian packages spin and gcc)")
        if tlc:
            rates("TLC", distinct, generated, [run_tlc(tlc, folder)])


def command_times(rounds: int) -> None:
    """From command to verdict on the row of 4,913 states: with an empty cache, then with a warm one."""
    command = [sys.executable, "-m", "kubecheck.cli", "check", f"{HERE / 'stale_replicas.py'}", "--set", "writes=1", "--quiet"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": folder}
        times = []
        for _ in range(rounds + 1):
            start = time.perf_counter()
            subprocess.run(command, env=environment, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
    warm = statistics.median(times[1:])
    print(f"\ncommand to verdict, 4,913 states: cold cache {times[0]:.2f} s, warm {warm:.2f} s (median of {rounds})")


def main() -> int:
    """Runs everything; 1 if a count differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed (default 3)")
    parser.add_argument("--tlc", type=Path, help="a tla2tools.jar")
    arguments = parser.parse_args()
    fine = counts()
    big_row(arguments.rounds, arguments.tlc)
    command_times(arguments.rounds)
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
