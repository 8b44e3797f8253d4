"""Which of the model's pinned checks notices a mutant: a scenario, a known bug, an explorable spec of plain objects, a recorded answer.

Each check is made in a process of its own, forked from one that has everything but the model imported. A check is repeated for a mutant
only if the generated code of its spec differs; that is decided by comparing the code, so nothing is assumed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubecheck import checker
from kubecheck.checker.native import llvm_text
from kubecheck.spec import Spec, SpecError
from kubecheck.spec.frontend import program
from tests.mutants.mutate import Mutant

ROOT = Path(__file__).parents[2]
PROBES = ROOT / "tests" / "conformance" / "data"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found in the model as it is: the digest of the code, the lines that it is made from, the outcome, the seconds."""

    name: str
    code: str
    lines: frozenset[tuple[str, int]]
    outcome: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Pinned:
    """A spec that a test pins: its counts too if `counted`, else the verdict alone."""

    build: Callable[[], Spec]
    counted: bool = True


def specs() -> dict[str, Pinned]:
    """Scenarios; bugs and negative controls, without and with the protection; larger specs of the registry. All as the tests pin them."""
    from kubecheck.model.bugs import all_bugs
    from kubecheck.model.cluster import cluster
    from kubecheck.model.registry.collecting import collecting
    from kubecheck.model.registry.watching import watching
    from kubecheck.model.scenarios import ALL
    from tests.model.registry import test_garbage_collection, test_watching
    from tests.model.test_negative_controls import CONTROLS, protected

    found = {f"scenario {name}": Pinned(scenario.build) for name, scenario in ALL.items()}
    for name, bug in all_bugs().items():
        found[f"bug {name}, broken"] = Pinned(bug.broken)
        found[f"bug {name}, fixed"] = Pinned(bug.fixed)
    for control in CONTROLS:
        broken = dataclasses.replace(control.scope, without=control.without)
        found[f"control {control}, broken"] = Pinned(functools.partial(cluster, broken))
        found[f"control {control}, holding"] = Pinned(functools.partial(cluster, protected(control)), counted=False)
    for name, (watched, _) in test_watching.LARGER.items():
        found[f"watching: {name}"] = Pinned(functools.partial(watching, watched))
    for name, (collected, _) in test_garbage_collection.LARGER.items():
        found[f"collecting: {name}"] = Pinned(functools.partial(collecting, collected))
    return found


def outcome(report: checker.Report, *, counted: bool = True) -> dict[str, Any]:
    """What is pinned of a report."""
    if report.verdict is checker.Verdict.VIOLATED:
        violated = [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED]
        return {"verdict": "violated", "violates": sorted(violated), "steps": len(report.path) - 1}
    if not counted:
        return {"verdict": str(report.verdict)}
    states = report.states
    return {
        "verdict": str(report.verdict),
        "distinct": states.distinct,
        "generated": states.generated,
        "depth": report.depth,
    }


def code_of(spec: Spec) -> str:
    """The digest of what the native execution would run."""
    return hashlib.sha256(llvm_text(spec).encode()).hexdigest()


def lines_of(spec: Spec) -> frozenset[tuple[str, int]]:
    """The lines of the model that a spec's code comes from: (file below model/, line)."""
    found: set[tuple[str, int]] = set()
    seen: set[int] = set()
    stack: list[Any] = [program(spec)]
    while stack:
        value = stack.pop()
        if isinstance(value, (list, tuple)):
            stack.extend(value)
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif (
            dataclasses.is_dataclass(value) and type(value).__module__ == "kubecheck.spec.ir" and id(value) not in seen
        ):
            seen.add(id(value))
            position = getattr(value, "at", None)
            if position is not None and "/model/" in position.file:
                found.add((position.file.rsplit("/model/", 1)[1], position.line))
            stack.extend(getattr(value, f.name) for f in dataclasses.fields(value))
    return frozenset(found)


def baseline() -> list[Checked]:
    """The checks of the model as it is, in the order in which they are tried: scenarios first, and the quick ones first."""
    found = []
    for name, pinned in specs().items():
        spec = pinned.build()
        report = checker.check(spec, threads=1)
        found.append(
            Checked(
                name=name,
                code=code_of(spec),
                lines=lines_of(spec),
                outcome=outcome(report, counted=pinned.counted),
                seconds=report.seconds,
            )
        )
    return sorted(found, key=lambda c: (not c.name.startswith("scenario"), c.seconds))


def rows() -> Iterator[str]:
    """How each recorded row of the API server's answers is judged, and how each pinned story of plain objects ends, a line each."""
    from kubecheck.model.conformance.conform import conform
    from kubecheck.model.registry.cluster import PlainScope, plain_cluster
    from tests.model.registry.test_plain_objects import CONTROLS, told

    for file in sorted(PROBES.glob("*.jsonl")):
        for line in file.read_bytes().splitlines():
            for c in conform([line]).checked:
                yield f"{c.row.id}: {c.outcome.value} {c.reason}"
    for name, (changes, promise, story) in CONTROLS.items():
        for scope in (PlainScope(**changes, writes=5), PlainScope(writes=5)):
            try:
                yield f"{name}: {told(plain_cluster(scope), promise, story)}"
            except (AssertionError, SpecError) as error:  # a step of the story is not enabled any more
                yield f"{name}: {type(error).__name__}"


def use_model(folder: str) -> None:
    """From now on kubecheck.model is the one in this folder. To be called in a process that has not imported it."""
    assert not any(name.startswith("kubecheck.model") for name in sys.modules)
    sys.path.insert(0, folder)
    import kubecheck.model

    assert str(kubecheck.model.__file__).startswith(folder), kubecheck.model.__file__


def noticed(folder: str, checks: list[Checked], before: list[str], mutant: Mutant, *, at_most: int) -> str:
    """The first check that differs for the model in `folder`, with what it found; empty if none does.

    `before` are the rows' verdicts of the model as it is. Specs that do not touch the mutated function are passed over; of those that do
    the first `at_most` are tried, those first whose code comes from the mutated lines, so that a mutant may count as one that nobody
    notices although a later spec would. A mutant that the language refuses is answered with "refused: …", and one that breaks the
    model's own Python with "broken: …".
    """
    try:
        use_model(folder)
        if mutant.file.startswith("registry/"):  # nothing else answers the rows
            for old, new in zip(before, rows(), strict=True):
                if old != new:
                    return f"row: {old} -> {new}"
        built = specs()
        for check in _touched(checks, mutant)[:at_most]:
            if _lines(mutant) & check.lines or code_of(built[check.name].build()) != check.code:
                found = _differs(check, built[check.name])
                if found:
                    return f"{check.name}: {found}"
    except SpecError as error:
        return f"refused: {error.code} {error.message}"
    except Exception as error:
        if any(folder in frame.filename for frame in traceback.extract_tb(error.__traceback__)):
            return f"broken: {type(error).__name__}: {error}"
        raise
    return ""


def _touched(checks: list[Checked], mutant: Mutant) -> list[Checked]:
    """The checks whose code comes from the mutated function; where none does, it runs while specs are built, and any may change."""
    function = [
        c for c in checks if any(f == mutant.file and mutant.first_line <= n <= mutant.last_line for f, n in c.lines)
    ]
    return sorted(function or checks, key=lambda c: not _lines(mutant) & c.lines)


def _lines(mutant: Mutant) -> frozenset[tuple[str, int]]:
    return frozenset((mutant.file, line) for line in range(mutant.line, mutant.last + 1))


def _differs(check: Checked, pinned: Pinned) -> str:
    spec = pinned.build()
    limits = checker.Limits(seconds=20 + 10 * check.seconds, memory_bytes=3 << 30)
    report = checker.check(spec, threads=1, limits=limits)
    found = outcome(report, counted=pinned.counted)
    if report.verdict is checker.Verdict.INCOMPLETE:
        more = report.states.distinct > check.outcome.get("distinct", sys.maxsize)
        return f"more states: {report.states.distinct}" if more else ""
    return "" if found == check.outcome else str(found)
