"""`kubecheck check`: explore everything that can happen, say what holds, show what does not."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from kubecheck.checker.report import Limits, Report, Verdict
from kubecheck.cli.errors import InputError
from kubecheck.cli.exit_codes import ExitCode, exit_code
from kubecheck.cli.output import reader_may_leave
from kubecheck.cli.subjects import ScopeOptions, Subject, settings, subjects
from kubecheck.cli.units import parse_bytes, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# of several verdicts, the one that decides
_SEVERITY = (Verdict.HOLDS, Verdict.INCOMPLETE, Verdict.VIOLATED, Verdict.ERROR)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


_COUNT = click.IntRange(min=0)

_SCOPE = _options(
    click.option(
        "--replicas", type=_COUNT, metavar="N", help="Scale a manifest down to at most N replicas (default 2)."
    ),
    click.option("--pods", type=_COUNT, metavar="N", help="Pods that can exist at one time."),
    click.option("--nodes", type=_COUNT, metavar="N", help="Nodes."),
    click.option(
        "--crashes", type=_COUNT, metavar="N", help="Crashes of a component between any two of its API calls."
    ),
    click.option("--lag", type=_COUNT, metavar="N", help="Writes of a kind that an informer may be behind."),
    click.option(
        "--release", metavar="VERSION", help="The Kubernetes release whose protections are on (default 1.36)."
    ),
    click.option("--without", metavar="FEATURE", multiple=True, help="Switch off one protection; may be repeated."),
    click.option(
        "--set", "pairs", metavar="NAME=VALUE", multiple=True, help="Set a spec's parameter, or any field of the scope."
    ),
)

_LIMITS = _options(
    click.option(
        "--time", "time_limit", callback=parse_duration, metavar="TIME", help="Stop after TIME, for example 30s or 5m."
    ),
    click.option(
        "--memory", callback=parse_bytes, metavar="SIZE", help="Stay below SIZE, for example 4G (default 70 % of free)."
    ),
    click.option("--depth", type=_COUNT, metavar="N", help="Look N steps far."),
    click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads (default: all cores)."),
)

_OUTPUT = _options(
    click.option("--quiet", "-q", is_flag=True, help="Show no progress."),
    click.option("--profile", is_flag=True, help="Print what multiplies the states."),
    click.option("--json", "json_file", metavar="FILE", help="Write the record as JSON; - for standard output."),
    click.option("--no-cache", is_flag=True, help="Compile anew, and keep nothing on disk."),
)


@click.command()
@click.argument("target")
@_SCOPE
@_LIMITS
@_OUTPUT
def check(
    target: str,
    *,
    replicas: int | None,
    pods: int | None,
    nodes: int | None,
    crashes: int | None,
    lag: int | None,
    release: str | None,
    without: tuple[str, ...],
    pairs: tuple[str, ...],
    time_limit: float | None,
    memory: int | None,
    depth: int | None,
    threads: int | None,
    quiet: bool,
    profile: bool,
    json_file: str | None,
    no_cache: bool,
) -> int:
    """Explore every state of TARGET and say whether its properties hold.

    TARGET is a manifest (FILE.yaml, FILE.json, or - for standard input), a spec (FILE.py or FILE.py:SPEC), or the
    name of a scenario that `kubecheck scenarios` lists.
    """
    scope = ScopeOptions(
        replicas=replicas,
        pods=pods,
        nodes=nodes,
        crashes=crashes,
        lag=lag,
        release=release,
        without=without,
        settings=settings(pairs),
    )
    found = subjects(target, scope)
    limits = Limits(seconds=time_limit, memory_bytes=memory, depth=depth)
    reproduce = command_line()
    if json_file is not None and json_file != "-":
        _check_writable(json_file)
        if os.path.exists(json_file) and os.path.exists(target) and os.path.samefile(json_file, target):
            raise InputError(f"{json_file} is what is to be checked", remedy="give --json a file of its own")
    reports = []
    for number, subject in enumerate(found):
        report = _run(subject, limits=limits, threads=threads, quiet=quiet, cache=not no_cache, profile=profile)
        reports.append(report)
        if json_file != "-":
            _print(report, subject, reproduce=reproduce, first=number == 0, several=len(found) > 1)
    worst = max(range(len(reports)), key=lambda i: (_SEVERITY.index(reports[i].verdict), -i))
    if json_file is not None:
        _write_json(json_file, list(zip(reports, found, strict=True)), worst=worst, reproduce=reproduce)
    return _exit_code(reports[worst], found[worst])


def command_line() -> str:
    """The command that is running, to be typed again. A manifest from standard input must be given again, too."""
    return f"kubecheck {shlex.join(click.get_current_context().find_root().obj)}"


def _run(subject: Subject, *, limits: Limits, threads: int | None, quiet: bool, cache: bool, profile: bool) -> Report:
    from kubecheck import checker
    from kubecheck.cli.progress import shown_on

    spec = subject.build()
    with shown_on(sys.stderr, quiet=quiet) as progress:
        return checker.check(spec, limits=limits, threads=threads, progress=progress, cache=cache, profile=profile)


def _print(report: Report, subject: Subject, *, reproduce: str, first: bool, several: bool) -> None:
    from kubecheck.cli.render import console, render

    with console(sys.stdout) as out:
        if several and first:
            out.print("Each workload is checked on its own, in a cluster without the others.\n")
        if not first:
            out.print()
        render(report, subject, out=out, reproduce=reproduce)


def _exit_code(report: Report, subject: Subject) -> ExitCode:
    code = exit_code(report.verdict)
    if report.verdict is Verdict.ERROR and subject.ours:
        from kubecheck.cli.errors import ISSUES

        click.echo(
            f"error: this is a fault of kubecheck's model, not of your input\n  help: please report the output to {ISSUES}",
            err=True,
        )
        return ExitCode.FAULT
    return code


def _check_writable(file: str) -> None:
    """Fail before a long check, not after it."""
    folder = os.path.dirname(file) or "."
    if os.path.isdir(file) or not os.access(file if os.path.exists(file) else folder, os.W_OK):
        raise InputError(f"{file} cannot be written", remedy="give --json a file in a folder that can be written to")


def _write_json(file: str, found: Sequence[tuple[Report, Subject]], *, worst: int, reproduce: str) -> None:
    from kubecheck.cli.record import encode, record

    text = encode([record(report, subject, reproduce=reproduce) for report, subject in found], worst=worst)
    if file == "-":
        with reader_may_leave():
            sys.stdout.buffer.write(text)
        return
    try:
        with open(file, "wb") as out:
            out.write(text)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from error
