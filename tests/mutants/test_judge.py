"""The judge notices a mutant, and says by which check; one that changes nothing it does not."""

from __future__ import annotations

import dataclasses
import multiprocessing
from pathlib import Path

from tests.mutants import judge
from tests.mutants.__main__ import tree
from tests.mutants.mutate import ROOT, Mutant, mutants

SPEC = "scenario containers"


def _look(folder: str) -> judge.Baseline:
    judge.use_model(folder)
    return judge.baseline(lambda name: name == SPEC)


def _noticed(folder: str, known: judge.Baseline, mutant: Mutant) -> str:
    return judge.noticed(folder, known, mutant, at_most=2)


def test_what_is_noticed_and_what_is_not(tmp_path: Path) -> None:
    source = (ROOT / "model" / "kubelet.py").read_text()
    one = next(m for m in mutants("kubelet.py", source) if m.function == "is_admitted_to" and m.what == "negated")
    assert one.before.endswith(" < scope.pods_per_node")
    same = dataclasses.replace(one, after=f"(not ({one.before.replace(' < ', ' >= ')}))")
    # each in a process of its own, where nobody has imported the model yet
    with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        known = pool.apply(_look, (tree(tmp_path / "as it is", None),))
        work = [(tree(tmp_path / str(n), m), known, m) for n, m in enumerate((one, same))]
        negated, equivalent = pool.starmap(_noticed, work, chunksize=1)
    assert [check.name for check in known.checks] == [SPEC]
    assert negated.startswith(f"{SPEC}: ")
    assert equivalent == ""
