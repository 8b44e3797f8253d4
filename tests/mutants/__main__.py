"""`python -m tests.mutants`: mutates the model, one condition at a time, and writes which mutants nobody noticed.

    --sample N --seed S     only N of them, chosen by seed
    --only FILE             only those of one file, such as replicaset_controller.py
    --specs N               try at most N specs for a mutant (default 30)
    --out FILE              the whole result as JSON
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants import judge
from tests.mutants.mutate import ROOT, Mutant, files, mutants


def main() -> None:
    """Runs the tool."""
    arguments = _arguments()
    sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != ROOT]
    found = [m for name in files() for m in mutants(name, (ROOT / "model" / name).read_text())]
    found = [m for m in found if not arguments.only or m.file in arguments.only]
    if arguments.sample:
        found = sorted(random.Random(arguments.seed).sample(found, arguments.sample), key=found.index)
    fork = multiprocessing.get_context("fork")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        with fork.Pool(1, maxtasksperchild=1) as alone:
            checks, rows = alone.apply(_baseline, (_tree(Path(scratch) / "as-it-is", None),))
        print(f"{len(found)} mutants, {len(checks)} specs, {len(rows)} rows; {time.monotonic() - started:.0f} s", flush=True)
        work = [(Path(scratch) / str(number), mutant, checks, rows, arguments.specs) for number, mutant in enumerate(found)]
        results: list[tuple[Mutant, str]] = []
        with fork.Pool(arguments.processes, maxtasksperchild=1) as pool:
            for mutant, answer in pool.imap_unordered(_judge, work):
                results.append((mutant, answer))
                if not answer:
                    print(f"survived: {mutant}", flush=True)
                if len(results) % 20 == 0:
                    print(f"{len(results)} of {len(found)}, {time.monotonic() - started:.0f} s", flush=True)
    _report(results)
    if arguments.out:
        record = [{"mutant": str(m), "after": m.after, "noticed": answer} for m, answer in results]
        Path(arguments.out).write_text(json.dumps(record, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--specs", type=int, default=30)
    parser.add_argument("--out")
    return parser.parse_args()


def _tree(folder: Path, mutant: Mutant | None) -> str:
    """A folder with kubecheck/model in it, mutated."""
    model = folder / "kubecheck" / "model"
    shutil.copytree(ROOT / "model", model, ignore=shutil.ignore_patterns("__pycache__"))
    if mutant is not None:
        path = model / mutant.file
        path.write_bytes(mutant.applied(path.read_bytes()))
    return str(folder)


def _baseline(folder: str) -> tuple[list[judge.Checked], list[str]]:
    judge.use_model(folder)
    return judge.baseline(), judge.rows()


def _judge(work: tuple[Path, Mutant, list[judge.Checked], list[str], int]) -> tuple[Mutant, str]:
    folder, mutant, checks, rows, at_most = work
    function = (mutant.file, mutant.first_line, mutant.last_line)
    try:
        return mutant, judge.noticed(_tree(folder, mutant), checks, rows, function, at_most=at_most)
    except Exception as error:  # a mutant that breaks the model's Python is noticed by anything
        return mutant, f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _report(results: list[tuple[Mutant, str]]) -> None:
    refused = [m for m, answer in results if answer.startswith("refused")]
    survivors = [m for m, answer in results if not answer]
    judged = len(results) - len(refused)
    print(f"\n{'file':40} mutants refused noticed survived")
    of_file = collections.Counter(m.file for m, _ in results)
    for file, number in sorted(of_file.items()):
        no = sum(m.file == file for m in refused)
        left = sum(m.file == file for m in survivors)
        print(f"{file:40} {number:7} {no:7} {number - no - left:7} {left:8}")
    print(f"{'all':40} {len(results):7} {len(refused):7} {judged - len(survivors):7} {len(survivors):8}")
    if judged:
        print(f"noticed: {100 * (judged - len(survivors)) / judged:.1f} % of those that the language takes")
    for mutant in sorted(survivors, key=lambda m: (m.file, m.line)):
        print(f"survived: {mutant}")


if __name__ == "__main__":
    main()
