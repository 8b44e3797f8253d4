"""Which of the model's pinned checks notices a mutant: a scenario, a known bug, an explorable spec of plain objects, a recorded answer.

Each mutant is judged in a process of its own, forked from one that has everything but the model imported. A check is repeated for a mutant
only if the generated code of its spec differs; that is decided by comparing the code, so nothing is assumed. Rows, comparisons and stories
run the model's own functions, and are repeated if the mutated one was among them.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import hashlib
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import llvmlite.binding as llvm

from kubecheck import checker
from kubecheck.checker import native
from kubecheck.checker.cache import Cache
from kubecheck.checker.native import llvm_text
from kubecheck.spec import Spec, SpecError
from kubecheck.spec.frontend import program
from tests.mutants import stories
from tests.mutants.mutate import Mutant, files

ROOT = Path(__file__).parents[2]
PROBES = ROOT / "tests" / "conformance" / "data"
ROWS = "rows"
QUICK = 0.1  # seconds of exploration
LONG = 0.6  # and what is not tried before others that notice as much
ENDLESS = 90.0  # seconds of CPU time: far more than any test module that is run here takes
MODULES = (*stories.COMPARISONS, *stories.STORIES)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found in the model as it is: the digest of the code, the lines that it is made from, the outcome, the seconds.

    `live` are those of the lines that come into actions which are ever taken.
    """

    name: str
    code: str
    lines: frozenset[tuple[str, int]]
    live: frozenset[tuple[str, int]]
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
    from kubecheck.model.registry.collecting import CollectingScope, collecting
    from kubecheck.model.registry.watching import watching
    from kubecheck.model.scenarios import ALL
    from tests.model.registry import test_garbage_collection, test_watching
    from tests.model.test_negative_controls import CONTROLS, protected
    from tests.model.test_pinned_scopes import pinned

    found = {f"scenario {name}": Pinned(scenario.build) for name, scenario in ALL.items()}
    for name, bug in all_bugs().items():
        found[f"bug {name}, broken"] = Pinned(bug.broken)
        found[f"bug {name}, fixed"] = Pinned(bug.fixed)
    for number, control in enumerate(CONTROLS):  # several may be called the same
        broken = dataclasses.replace(control.scope, without=control.without)
        found[f"control {number}, {control}, broken"] = Pinned(functools.partial(cluster, broken))
        holding = functools.partial(cluster, protected(control))
        found[f"control {number}, {control}, holding"] = Pinned(holding, counted=False)
    for name, build in pinned().items():
        found[f"pinned: {name}"] = Pinned(build)
    for control in test_watching.CONTROLS:
        weak = control.scope.switched(without=control.without)
        found[f"watching {control}, broken"] = Pinned(functools.partial(watching, weak))
        found[f"watching {control}, holding"] = Pinned(functools.partial(watching, control.scope), counted=False)
    for case in test_garbage_collection.CONTROLS:
        weak_collector = CollectingScope().switched(without=[case.without])
        found[f"collecting {case}, broken"] = Pinned(functools.partial(collecting, weak_collector))
    found["collecting, holding"] = Pinned(functools.partial(collecting, CollectingScope()), counted=False)
    for name, (watched, _) in test_watching.LARGER.items():
        found[f"watching: {name}"] = Pinned(functools.partial(watching, watched))
    for name, (collected, _) in test_garbage_collection.LARGER.items():
        found[f"collecting: {name}"] = Pinned(functools.partial(collecting, collected))
    return found


@contextlib.contextmanager
def _compiled_quickly() -> Iterator[None]:
    """While it lasts specs are compiled without optimisation, which takes far longer than to explore a small one, and nothing is cached."""

    def compiled(text: str, machine: Any) -> bytes:
        return bytes(machine.emit_object(llvm.parse_assembly(text)))

    with (
        mock.patch.object(native, "_object_code", compiled),
        mock.patch.object(native, "_key", return_value=""),
        mock.patch.object(Cache, "put"),
    ):
        yield


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


def lines_of(*parts: Any) -> frozenset[tuple[str, int]]:
    """The lines of the model that parts of a compiled spec come from: (file below model/, line)."""
    found: set[tuple[str, int]] = set()
    seen: set[int] = set()
    stack: list[Any] = list(parts)
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


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What all checks find in the model as it is.

    `executed` are the functions of the model (file, first line) that each row and each test module runs.
    """

    checks: list[Checked]
    rows: dict[str, str]
    executed: dict[str, frozenset[tuple[str, int]]]


def baseline(only: Callable[[str], bool] = lambda name: True) -> Baseline:
    """What the checks find in the model as it is; only those whose names are wanted."""
    found = []
    for name, pinned in specs().items():
        if not only(name):
            continue
        spec = pinned.build()
        report = checker.check(spec, threads=1)
        compiled = program(spec)
        fired = [entry for entry, action in zip(compiled.actions, report.actions, strict=True) if action.fired > 0]
        found.append(
            Checked(
                name=name,
                code=code_of(spec),
                lines=lines_of(compiled),
                live=lines_of(fired, compiled.properties),
                outcome=outcome(report, counted=pinned.counted),
                seconds=report.seconds,
            )
        )
    executed, answered = {}, {}
    if only(ROWS):
        for name, answer in rows():
            with stories.Observed() as observed:
                answered[name] = answer()
            executed[name] = frozenset(observed.functions)
    for module in filter(only, MODULES):
        with stories.Observed() as observed:
            if failure := stories.failing(module):
                raise AssertionError(f"{module}: {failure} fails for the model as it is")
        executed[module] = frozenset(observed.functions)
    return Baseline(checks=found, rows=answered, executed=executed)


def together(parts: list[Baseline]) -> Baseline:
    """What several processes have found, the quick checks first."""
    return Baseline(
        checks=sorted((c for part in parts for c in part.checks), key=lambda c: c.seconds),
        rows={name: answer for part in parts for name, answer in part.rows.items()},
        executed={name: functions for part in parts for name, functions in part.executed.items()},
    )


def rows() -> Iterator[tuple[str, Callable[[], str]]]:
    """Each recorded answer of the API server, and each pinned story of plain objects: its name, and what gives the model's answer."""
    from kubecheck.model.conformance.conform import conform
    from tests.model.registry.test_plain_objects import CONTROLS

    def judged(line: bytes) -> str:
        return ", ".join(f"{c.row.id}: {c.outcome.value} {c.reason}" for c in conform([line]).checked)

    for file in sorted(PROBES.glob("*.jsonl")):
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            yield f"{file.name}:{number}", functools.partial(judged, line)
    for name in CONTROLS:
        for broken in (True, False):
            yield f"{name}, {'broken' if broken else 'holding'}", functools.partial(_told, name, broken)


def _told(name: str, broken: bool) -> str:
    from kubecheck.model.registry.cluster import PlainScope, plain_cluster
    from tests.model.registry.test_plain_objects import CONTROLS, told

    changes, promise, story = CONTROLS[name]
    scope = PlainScope(**changes, writes=5) if broken else PlainScope(writes=5)
    try:
        return f"{name}: {told(plain_cluster(scope), promise, story)}"
    except (AssertionError, SpecError) as error:  # a step of the story is not enabled any more
        return f"{name}: {type(error).__name__}"


def use_model(folder: str) -> None:
    """From now on kubecheck.model is the one in this folder. To be called in a process that has not imported it."""
    assert not any(name.startswith("kubecheck.model") for name in sys.modules)
    sys.path.insert(0, folder)
    import kubecheck.model

    assert str(kubecheck.model.__file__).startswith(folder), kubecheck.model.__file__


def noticed(folder: str, known: Baseline, mutant: Mutant, *, at_most: int, first: tuple[str, ...] = ()) -> str:
    """The first check that differs for the model in `folder`, with what it found; empty if none does.

    Checks that do not touch the mutated function are passed over. Of the specs that do the first `at_most` are tried, those named in
    `first` before all others and then those where the mutated lines are in actions that are taken, so that a mutant may count as one that
    nobody notices although a later spec would. A mutant that the language refuses is answered with "refused: …", one that breaks the
    model's own Python with "broken: …", and one for which a test does not end with "endless: …".
    """
    try:
        use_model(folder)
        _compiles(known, mutant)
        return (
            _noticed_by_rows(known, mutant)
            or _noticed_by_tests(stories.STORIES, known, mutant)
            or _noticed_by_specs(known, mutant, at_most, first)
            or _noticed_by_tests(stories.COMPARISONS, known, mutant)
        )
    except SpecError as error:
        return f"refused: {error.code} {error.message}"
    except TimeoutError as error:
        return f"endless: {error}"
    except Exception as error:
        if any(folder in frame.filename for frame in traceback.extract_tb(error.__traceback__)):
            return f"broken: {type(error).__name__}: {error}"
        raise


def _compiles(known: Baseline, mutant: Mutant) -> None:
    """Raises SpecError if the language refuses the mutant; the reference execution, in which rows and tests run, would not tell."""
    lines = _lines(mutant)
    for check in known.checks:
        if lines & check.lines:
            code_of(specs()[check.name].build())
            break


@contextlib.contextmanager
def _ending() -> Iterator[None]:
    """While it lasts what takes longer than `ENDLESS` seconds of CPU time fails with a TimeoutError: a mutant may never end."""

    def fail(*_: object) -> None:
        raise TimeoutError(f"has not ended after {ENDLESS} s")

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, ENDLESS, ENDLESS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _noticed_by_rows(known: Baseline, mutant: Mutant) -> str:
    touched = {name for name in known.rows if _runs(known, name, mutant)}
    if touched:
        for name, answer in rows():
            if name in touched:
                with _ending():
                    found = answer()
                if found != known.rows[name]:
                    return f"row: {known.rows[name]} -> {found}"
    return ""


def _noticed_by_specs(known: Baseline, mutant: Mutant, at_most: int, first: tuple[str, ...]) -> str:
    built = specs()
    lines = _lines(mutant)
    checks = _in_order(_touched(known.checks, mutant), lines, first, _words(mutant))
    for check in checks[:at_most]:
        if lines & check.lines or code_of(built[check.name].build()) != check.code:
            found = _differs(check, built[check.name])
            if found:
                return f"{check.name}: {found}"
    return ""


def _in_order(
    checks: list[Checked], lines: frozenset[tuple[str, int]], first: tuple[str, ...], words: frozenset[str]
) -> list[Checked]:
    """Those named in `first`, and those without a feature that the condition names; those that take actions with these lines; the others.

    Among them by turns the cheapest, the richest, and those that take the most actions that name what the condition names.
    """

    def late(check: Checked) -> tuple[bool, bool, bool]:
        without = any("_" in word and word.replace("_", "-") in check.name for word in words)
        return check.name not in first and not without, not lines & check.live, not lines & check.lines

    def related(check: Checked) -> float:
        return sum(len(_lines_with(word) & check.live) / len(_lines_with(word)) for word in words)

    cheapest = sorted(checks, key=late)
    richest = sorted(checks, key=lambda c: (*late(c), c.seconds > LONG, -len(c.live)))
    nearest = sorted(checks, key=lambda c: (*late(c), c.seconds > LONG, -related(c)))
    return list({c.name: c for turn in zip(nearest, cheapest, richest, strict=True) for c in turn}.values())


def _words(mutant: Mutant) -> frozenset[str]:
    """The names in the condition, or in the part of it, that is changed."""
    condition = mutant.what.split("`")[1] if mutant.is_part else mutant.before
    names = {node.id for node in ast.walk(ast.parse(condition)) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(ast.parse(condition)) if isinstance(node, ast.Attribute)}
    return frozenset(word for word in names | attributes if _lines_with(word))


@functools.cache
def _lines_with(word: str) -> frozenset[tuple[str, int]]:
    """The lines of the model that name it: (file below model/, line)."""
    return frozenset(
        (name, number)
        for name in files()
        for number, line in enumerate((ROOT / "model" / name).read_text().splitlines(), 1)
        if re.search(rf"\b{word}\b", line)
    )


def _noticed_by_tests(modules: tuple[str, ...], known: Baseline, mutant: Mutant) -> str:
    for module in modules:
        if _runs(known, module, mutant):
            with _ending():
                failure = stories.failing(module)
            if failure:
                return f"{module}: {failure}"
    return ""


def _runs(known: Baseline, name: str, mutant: Mutant) -> bool:
    """Whether these tests run the mutated function, or one within it."""
    functions = known.executed.get(name, frozenset())
    return any(f == mutant.file and mutant.first_line <= n <= mutant.last_line for f, n in functions)


def _touched(checks: list[Checked], mutant: Mutant) -> list[Checked]:
    """The checks whose code comes from the mutated function; where none does, it runs while specs are built, and any may change."""
    function = [
        c for c in checks if any(f == mutant.file and mutant.first_line <= n <= mutant.last_line for f, n in c.lines)
    ]
    return function or checks


def _lines(mutant: Mutant) -> frozenset[tuple[str, int]]:
    return frozenset((mutant.file, line) for line in range(mutant.line, mutant.last + 1))


def _differs(check: Checked, pinned: Pinned) -> str:
    """What a spec finds now if it is not what is pinned. A search that has more states than are pinned is stopped."""
    most = check.outcome.get("distinct", sys.maxsize)

    def stop(progress: checker.Progress) -> None:
        if progress.distinct > most:
            signal.raise_signal(signal.SIGINT)

    limits = checker.Limits(seconds=20 + 10 * check.seconds, memory_bytes=3 << 30)
    with _compiled_quickly() if check.seconds < QUICK else contextlib.nullcontext():
        report = checker.check(pinned.build(), threads=1, limits=limits, progress=stop)
    found = outcome(report, counted=pinned.counted)
    if report.verdict is checker.Verdict.INCOMPLETE:
        return f"more states than {most}" if report.states.distinct > most else ""
    return "" if found == check.outcome else str(found)
