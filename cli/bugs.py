"""`kubecheck bugs`: known bugs of Kubernetes, and a run of each with and without its fix."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from kubecheck.checker.report import Limits, Report, Verdict
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.units import count, duration, parse_bytes, parse_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from kubecheck.model.bugs import Bug


@click.group(invoke_without_command=True, short_help="List known bugs of Kubernetes, or run them.")
@click.pass_context
def bugs(ctx: click.Context) -> None:
    """List the known bugs of Kubernetes that the model shows; `kubecheck bugs run` shows each with and without its fix."""
    if ctx.invoked_subcommand is None:
        _print_list()


@bugs.command(short_help="Show bugs without their fixes and gone with them.")
@click.argument("bug", nargs=-1)
@click.option("--path", "with_path", is_flag=True, help="Print the shortest path to each bug.")
@click.option(
    "--time", "time_limit", callback=parse_duration, metavar="TIME", help="Stop each check after TIME, for example 30s."
)
@click.option("--memory", callback=parse_bytes, metavar="SIZE", help="Keep each check below SIZE, for example 4G.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads (default: all cores).")
def run(
    bug: tuple[str, ...], *, with_path: bool, time_limit: float | None, memory: int | None, threads: int | None
) -> int:
    """Check each BUG twice: without its fix its property must be violated, with it everything must hold.

    BUG is a name or the number of an issue; without one, all are run. Exit codes: 0 all are as claimed, 1 one is not, 3 a limit came first.
    """
    from kubecheck.cli.render import console

    limits = Limits(seconds=time_limit, memory_bytes=memory)
    results = []
    for chosen in _chosen(bug):
        result = _run(chosen, limits, threads)
        results.append(result)
        if with_path:
            _print_path(result)
    with console(sys.stdout) as out:
        out.print(_table(results))
    if any(r.outcome is Verdict.VIOLATED for r in results):
        return ExitCode.VIOLATED
    return ExitCode.INCOMPLETE if any(r.outcome is Verdict.INCOMPLETE for r in results) else ExitCode.HOLDS


@dataclass(frozen=True)
class Result:
    """What two checks of a bug found: of the cluster without its fix, and of the one with it."""

    bug: Bug
    broken: Report
    fixed: Report

    @property
    def outcome(self) -> Verdict:
        """HOLDS if the bug is as claimed, INCOMPLETE if a limit came first, else VIOLATED."""
        if self.is_shown and self.fixed.verdict is Verdict.HOLDS:
            return Verdict.HOLDS
        if Verdict.INCOMPLETE in (self.broken.verdict, self.fixed.verdict):
            return Verdict.INCOMPLETE
        return Verdict.VIOLATED

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
        told = f"{self.fixed.verdict}, {count(self.fixed.states.distinct)} states"
        return told + (f": {self.fixed.found}" if self.fixed.found else "")


def _print_path(result: Result) -> None:
    """The shortest path to the bug, as the check without the fix found it."""
    from rich.text import Text

    from kubecheck.cli.render import console, path_table, path_title

    with console(sys.stdout) as out:
        out.print(Text(f"{result.bug.name}: {result.bug.mechanism}"))
        if result.broken.path:
            out.print(path_title(result.broken))
            out.print(path_table(result.broken.path))
        out.print()


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


def _run(bug: Bug, limits: Limits, threads: int | None) -> Result:
    from kubecheck import checker

    return Result(
        bug=bug,
        broken=checker.check(bug.broken(), limits=limits, threads=threads),
        fixed=checker.check(bug.fixed(), limits=limits, threads=threads),
    )


def _print_list() -> None:
    from rich.padding import Padding
    from rich.text import Text

    from kubecheck.cli.render import console
    from kubecheck.model.bugs import all_bugs

    with console(sys.stdout) as out:
        for bug in all_bugs().values():
            out.print(Text.assemble((bug.name, "bold"), f"  {', '.join(bug.issues)}, {bug.releases}"))
            out.print(Padding(Text(bug.mechanism), (0, 0, 0, 4)))
            out.print(Padding(Text(f"Violates {bug.violates}. {bug.fix}", style="dim"), (0, 0, 0, 4)))


def _table(results: Sequence[Result]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from kubecheck.cli.render import badge

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
    for column in ("", "bug", "violates", "without the fix", "with the fix", "time"):
        table.add_column(column, overflow="fold", no_wrap=column in ("", "bug", "violates"))
    for r in results:
        seconds = r.broken.seconds_total + r.fixed.seconds_total
        table.add_row(badge(r.outcome), Text(r.bug.name), r.bug.violates, r.without_fix, r.with_fix, duration(seconds))
    return table
