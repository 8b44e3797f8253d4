"""`python -m tests.mutants`: mutates the model, one condition at a time, and writes which mutants nobody noticed.

    --sample N --seed S     only N of them, chosen by seed
    --only FILE             only those of one file, such as replicaset_controller.py
    --specs N               try at most N specs for a mutant (default 30)
    --out FILE              the result of each mutant, a JSON line each; those that are there already are not tried again
    --again                 with --out: only those that nobody noticed there

What the checks find in the model as it is is kept in .mutants/, by the digest of what they depend on.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import multiprocessing
import pickle
import random
import shutil
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.mutants import judge
from tests.mutants.mutate import ROOT, Mutant, files, mutants


def main() -> None:
    """Runs the tool."""
    arguments = _arguments()
    sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != ROOT]
    found = [m for m in all_mutants() if not arguments.only or m.file in arguments.only]
    random.Random(arguments.seed).shuffle(found)  # what a run that is interrupted has judged is a fair sample
    found = found[: arguments.sample or None]
    out = Path(arguments.out) if arguments.out else None
    before = known(out)
    if arguments.again:
        found = [m for m in found if before.get(identity(m)) == ""]
        before = {}
    results = [(m, before[identity(m)]) for m in found if identity(m) in before]
    left = [m for m in found if identity(m) not in before]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        baseline = _baseline(Path(scratch), arguments.processes)
        print(
            f"{len(left)} of {len(found)} mutants, {len(baseline.checks)} specs, {len(baseline.rows)} rows", flush=True
        )
        for number, (mutant, answer) in enumerate(_judged(left, results, baseline, Path(scratch), arguments), 1):
            results.append((mutant, answer))
            if out is not None:
                with out.open("a") as file:
                    file.write(json.dumps({"mutant": identity(mutant), "noticed": answer}) + "\n")
            if not answer:
                print(f"survived: {mutant}", flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(left)}, {time.monotonic() - started:.0f} s", flush=True)
    print("\n".join(summary(results)))


def _judged(
    left: list[Mutant],
    results: list[tuple[Mutant, str]],
    baseline: judge.Baseline,
    scratch: Path,
    arguments: argparse.Namespace,
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with what notices it.

    What noticed others of the same function, then others of the same file, is tried first; so work is handed out late.
    """
    room = threading.Semaphore(arguments.processes)
    of_function: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    of_file: dict[str, Counter[str]] = defaultdict(Counter)

    def remember(mutant: Mutant, answer: str) -> None:
        killer = answer.split(": {")[0]
        of_function[mutant.file, mutant.function][killer] += 1
        of_file[mutant.file][killer] += 1

    for mutant, answer in results:
        remember(mutant, answer)

    def work() -> Iterator[tuple[Path, Mutant, judge.Baseline, int, tuple[str, ...]]]:
        for number, mutant in enumerate(left):
            room.acquire()
            likely = [*of_function[mutant.file, mutant.function].most_common(3), *of_file[mutant.file].most_common(5)]
            names = tuple(dict.fromkeys(name for name, _ in likely))
            yield scratch / str(number), mutant, baseline, arguments.specs, names

    with multiprocessing.get_context("fork").Pool(arguments.processes, maxtasksperchild=1) as pool:
        for mutant, answer in pool.imap_unordered(_judge, work()):
            room.release()
            remember(mutant, answer)
            yield mutant, answer


def all_mutants() -> list[Mutant]:
    """Those of all files, in the order of their names."""
    return [m for name in files() for m in mutants(name, (ROOT / "model" / name).read_text())]


def identity(mutant: Mutant) -> str:
    """What tells a mutant from all others, wherever its lines have moved: JSON of file, function, change, and of how many before it."""
    told = [mutant.file, mutant.function, mutant.what, mutant.before, mutant.after]
    return json.dumps([*told, mutant.nth] if mutant.nth else told)


def known(out: Path | None) -> dict[str, str]:
    """What is in the file; of a mutant that was judged again the last answer."""
    if out is None or not out.exists():
        return {}
    return {record["mutant"]: record["noticed"] for record in map(json.loads, out.read_text().splitlines())}


def _baseline(scratch: Path, processes: int) -> judge.Baseline:
    """What the checks find in the model as it is: from .mutants/ if these very sources have been looked at before."""
    digest = hashlib.sha256()
    for pattern in (
        "spec/**/*.py",
        "checker/**/*.py",
        "model/**/*.py",
        "tests/model/**/*.py",
        "tests/mutants/[jms]*.py",
    ):
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    kept = ROOT / ".mutants" / f"{digest.hexdigest()}.pickle"
    if not kept.exists():
        folder = tree(scratch / "as-it-is", None)
        with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
            found = judge.together(pool.starmap(_look, [(folder, n, processes) for n in range(processes)]))
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(pickle.dumps(found))
    baseline: judge.Baseline = pickle.loads(kept.read_bytes())
    return baseline


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--specs", type=int, default=30)
    parser.add_argument("--out")
    parser.add_argument("--again", action="store_true")
    return parser.parse_args()


def tree(folder: Path, mutant: Mutant | None) -> str:
    """A folder with kubecheck/model in it, mutated."""
    model = folder / "kubecheck" / "model"
    shutil.copytree(ROOT / "model", model, ignore=shutil.ignore_patterns("__pycache__"))
    if mutant is not None:
        path = model / mutant.file
        path.write_bytes(mutant.applied(path.read_bytes()))
    return str(folder)


def _look(folder: str, share: int, shares: int) -> judge.Baseline:
    judge.use_model(folder)
    return judge.baseline(lambda name: zlib.crc32(name.encode()) % shares == share)


def _judge(work: tuple[Path, Mutant, judge.Baseline, int, tuple[str, ...]]) -> tuple[Mutant, str]:
    folder, mutant, baseline, at_most, first = work
    gc.disable()  # the process ends with this mutant
    try:
        return mutant, judge.noticed(tree(folder, mutant), baseline, mutant, at_most=at_most, first=first)
    except Exception as error:  # a fault of ours, and nothing that a check has noticed
        return mutant, f"not judged: {type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def summary(results: list[tuple[Mutant, str]]) -> list[str]:
    """How many mutants of each file were noticed, in lines of a table, and those that were not."""

    def of(word: str, file: str = "") -> list[Mutant]:
        return [m for m, answer in results if answer.split(":")[0] == word and file in ("", m.file)]

    lines = [f"{'file':40} mutants refused noticed survived"]
    for file in [*sorted({m.file for m, _ in results}), ""]:
        number = sum(file in ("", m.file) for m, _ in results)
        no, left, unknown = len(of("refused", file)), len(of("", file)), len(of("not judged", file))
        lines.append(f"{file or 'all':40} {number:7} {no:7} {number - no - left - unknown:7} {left:8}")
    judged = len(results) - len(of("refused")) - len(of("not judged"))
    if judged:
        lines.append(f"noticed: {100 * (judged - len(of(''))) / judged:.1f} % of the {judged} that the language takes")
    for word, said in (("not judged", "not judged"), ("", "survived")):
        lines += [f"{said}: {mutant}" for mutant in sorted(of(word), key=lambda m: (m.file, m.line))]
    return lines


if __name__ == "__main__":
    main()
