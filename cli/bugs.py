"""`kubecheck bugs`: known bugs of Kubernetes, and a run of each with and without its fix."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from kubecheck.checker.report import Limits, Report, Verdict
from kubecheck.cli import completion
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.options import limit_options, with_option, without_option
from kubecheck.cli.units import count, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table

    from kubecheck.model.bugs import Bug
    from kubecheck.spec import Spec

_FIXED: Final = {"": 12, "without fix": 14, "with fix": 20, "time": 7}
"""Columns of the table of results, besides those of the bug: so wide is what they have where all is as claimed."""


@click.group(invoke_without_command=True, short_help="List known bugs of Kubernetes, or run them.")
@click.pass_context
def bugs(ctx: click.Context) -> None:
    """List the known bugs of Kubernetes that the model shows; `kubecheck bugs run` shows each with and without its fix."""
    if ctx.invoked_subcommand is None:
        _print_list()


@bugs.command(short_help="Show bugs without their fixes and gone with them.")
@click.argument("bug", nargs=-1, shell_complete=completion.bugs)
@click.option("--path", "with_path", is_flag=True, help="Print the shortest path to each bug, and why it is one.")
@without_option
@with_option
@limit_options
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def run(
    bug: tuple[str, ...],
    *,
    with_path: bool,
    without: tuple[str, ...],
    having: tuple[str, ...],
    time_limit: float | None,
    memory: int | None,
    threads: int | None,
    quiet: bool,
) -> int:
    """Check each BUG twice: without its fix its property must be violated, with it everything must hold.

    BUG is a name or the number of an issue; without one, all are run. --without and --with switch other features in both checks. Limits are
    for each check.

    \b
    Exit codes:
      0  each bug is as claimed
      1  one is not: it is not violated without its fix, or something is with it
      2  bad input
      3  a limit or Ctrl-C came first
    """
    chosen = _chosen(bug)
    specs = [_specs(b, without, having) for b in chosen]  # what cannot be built is refused before anything is checked
    limits = Limits(seconds=time_limit, memory_bytes=memory)
    rows = _Rows(chosen, at_once=not with_path)
    results = []
    interrupted = False
    for number, (found, pair) in enumerate(zip(chosen, specs, strict=True), 1):
        reports = []
        for spec, which in zip(pair, ("without", "with"), strict=True):
            what = f"{number} of {len(chosen)}, {found.name} {which} its fix"
            reports.append(_check(spec, what, limits, threads, quiet=quiet))
            interrupted = _is_interrupted(reports[-1])
            if interrupted:
                break
        if interrupted:
            break
        result = Result(found, *reports)
        results.append(result)
        if with_path:
            _print_path(result)
        rows.add(result)
    rows.end()
    if any(r.outcome is Verdict.VIOLATED for r in results):
        return ExitCode.VIOLATED
    if interrupted or any(r.outcome is Verdict.INCOMPLETE for r in results):
        return ExitCode.INCOMPLETE
    return ExitCode.HOLDS


@dataclass(frozen=True)
class Result:
    """What two checks of a bug found: of the cluster without its fix, and of the one with it."""

    bug: Bug
    broken: Report
    fixed: Report

    @property
    def outcome(self) -> Verdict:
        """HOLDS if the bug is as claimed, INCOMPLETE if a limit came first, else VIOLATED."""
        if self.is_shown and (self.fixed.verdict is Verdict.HOLDS or self.only_loops):
            return Verdict.HOLDS
        if Verdict.INCOMPLETE in (self.broken.verdict, self.fixed.verdict):
            return Verdict.INCOMPLETE
        return Verdict.VIOLATED

    @property
    def only_loops(self) -> bool:
        """Whether all that the check with the fix left open is the loop that the bug tells of."""
        stopped = self.fixed.verdict is not Verdict.INCOMPLETE or self.fixed.states.frontier > 0
        if not self.bug.loop or stopped or self.fixed.back_to is None:
            return False
        loop = {step.action for step in self.fixed.path[self.fixed.back_to + 1 :]}
        return self.fixed.found == self.bug.violates and loop >= {*self.bug.loop_actions}

    @property
    def is_shown(self) -> bool:
        """Whether the cluster without the fix violates the property that the bug says."""
        violated = [p.name for p in self.broken.properties if p.verdict is Verdict.VIOLATED]
        return self.broken.verdict is Verdict.VIOLATED and self.bug.violates in violated

    @property
    def without_fix(self) -> str:
        """What the check without the fix found, in a few words."""
        if self.is_shown:
            return f"after {len(self.broken.path) - 1} steps"
        if self.broken.verdict is Verdict.VIOLATED:
            return f"violates {self.broken.found} instead"
        return f"{self.broken.verdict}, {count(self.broken.states.distinct)} states"

    @property
    def with_fix(self) -> str:
        """What the check with the fix found, in a few words."""
        if self.only_loops:
            return f"loops, {count(self.fixed.states.distinct)} states"
        told = f"{self.fixed.verdict}, {count(self.fixed.states.distinct)} states"
        return told + (f": {self.fixed.found}" if self.fixed.found else "")


class _Rows:
    """The table of results: a row as soon as there is one, if `at_once`; else all at the end, behind what is printed between."""

    def __init__(self, chosen: Sequence[Bug], *, at_once: bool) -> None:
        self._chosen = chosen
        self._at_once = at_once
        self._results: list[Result] = []

    def add(self, result: Result) -> None:
        """One more result."""
        self._results.append(result)
        if self._at_once:
            self._print([result], header=len(self._results) == 1)

    def end(self) -> None:
        """There are no more: what "holds" rests on, where it rests on something."""
        from rich.text import Text

        from kubecheck.cli.render import console

        if not self._at_once and self._results:
            self._print(self._results, header=True)
        with console(sys.stdout) as out:
            for mark, bug in zip(self._marks(), self._footnoted(), strict=True):
                if not any(result.bug is bug for result in self._results):
                    continue
                looped = f"not decided with the fix, for a loop, and violated nowhere: {bug.loop}"
                told = f"holds if {bug.holds_if}" if bug.holds_if else looped
                out.print(Text(f"{mark} {told}"))

    def _footnoted(self) -> list[Bug]:
        return [bug for bug in self._chosen if bug.holds_if or bug.loop]

    def _marks(self) -> list[str]:
        return [f"[{number}]" for number, _ in enumerate(self._footnoted(), 1)]

    def _print(self, results: Sequence[Result], *, header: bool) -> None:
        from kubecheck.cli.render import console

        marks = {bug.name: mark for bug, mark in zip(self._footnoted(), self._marks(), strict=True)}
        with console(sys.stdout) as out:
            out.print(_table(results, self._chosen, marks, width=out.width, header=header))
        sys.stdout.flush()


def _table(
    results: Sequence[Result], chosen: Sequence[Bug], marks: dict[str, str], *, width: int, header: bool
) -> Table:
    """Rows of the table; columns are as wide as all chosen bugs need, so that the rows of several tables stand below each other.

    Where there is no room for it, the property is left out: `kubecheck bugs` names it.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from kubecheck.cli.render import badge

    names = {bug.name: " ".join([bug.name, *([marks[bug.name]] if bug.name in marks else [])]) for bug in chosen}
    of_bug = {"bug": names.values(), "violates": [bug.violates for bug in chosen]}
    needed = {column: max(map(len, (column, *texts))) for column, texts in of_bug.items()}
    widths = {"": _FIXED[""], **needed, **_FIXED}
    if sum(widths.values()) + len(widths) > width:
        del widths["violates"]
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        show_edge=False,
        show_header=header,
        header_style="dim",
    )
    for column, wide in widths.items():
        table.add_column(column, overflow="fold", width=wide)
    for r in results:
        seconds = r.broken.seconds_total + r.fixed.seconds_total
        cells = {
            "": badge(r.outcome),
            "bug": Text(names[r.bug.name]),
            "violates": Text(r.bug.violates),
            "without fix": Text(r.without_fix),
            "with fix": Text(r.with_fix),
            "time": Text(duration(seconds)),
        }
        table.add_row(*(cells[column] for column in widths))
    return table


def _print_path(result: Result) -> None:
    """The shortest path to the bug, as the check without the fix found it, and why its end is wrong."""
    from rich.text import Text

    from kubecheck.cli.render import console, print_path

    with console(sys.stdout) as out:
        out.print(Text(f"{result.bug.name}: {result.bug.mechanism}", style="bold"))
        out.print()
        if result.broken.path:
            print_path(result.broken, out)
            out.print()
    sys.stdout.flush()


def _check(spec: Spec, what: str, limits: Limits, threads: int | None, *, quiet: bool) -> Report:
    from kubecheck import checker
    from kubecheck.cli.progress import shown_on

    with shown_on(sys.stderr, quiet=quiet, what=what) as progress:
        return checker.check(spec, limits=limits, threads=threads, progress=progress)


def _is_interrupted(report: Report) -> bool:
    return report.verdict is Verdict.INCOMPLETE and report.reason == "interrupted"


def _chosen(names: Sequence[str]) -> list[Bug]:
    from kubecheck.cli.errors import InputError, did_you_mean
    from kubecheck.model.bugs import all_bugs

    known = all_bugs()
    found = []
    for name in names:
        called = [b for b in known.values() if b.is_called(name)]
        if not called:
            raise InputError(
                f"there is no bug {name}", remedy=did_you_mean(name, known, otherwise="`kubecheck bugs` lists them")
            )
        found += [b for b in called if b not in found]
    return found or list(known.values())


def _specs(bug: Bug, without: Iterable[str], having: Iterable[str]) -> tuple[Spec, Spec]:
    """The bug's two clusters. Raises InputError if they cannot be switched so."""
    from kubecheck.cli.errors import InputError
    from kubecheck.model.features import FeatureError
    from kubecheck.model.scope import ScopeError

    try:
        return bug.broken(without=without, having=having), bug.fixed(without=without, having=having)
    except FeatureError as error:
        text = str(error) if bug.name in str(error) else f"{bug.name}: {error}"
        raise InputError(text, remedy="change --without or --with; `kubecheck features` lists what there is") from error
    except ScopeError as error:
        text = str(error).removeprefix(f"{error.field}: ")
        raise InputError(f"{bug.name}: {text}", remedy="change --without or --with") from error


def _print_list() -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from kubecheck.cli.render import console
    from kubecheck.model.bugs import all_bugs

    known = all_bugs().values()
    widths = max(len(bug.name) for bug in known), min(max(len(bug.releases) for bug in known), 30), None

    def head(name: str, when: str, issues: str, *, style: str) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        for width in widths:
            table.add_column(overflow="fold", width=width)
        table.add_row(Text(name, style=style), Text(when), Text(issues))
        return table

    with console(sys.stdout) as out:
        out.print(head("bug", "releases", "issues", style="dim"), style="dim")
        for bug in known:
            out.print(head(bug.name, bug.releases, ", ".join(bug.issues), style="bold"))
            out.print(Padding(Text(bug.mechanism), (0, 0, 0, 4)))
            out.print(Padding(Text(f"Violates {bug.violates} without {bug.feature}. {bug.fix}", style="dim"), (0, 0, 0, 4)))

