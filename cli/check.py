"""`kubecheck check`: explore everything that can happen, say what holds, show what does not."""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs

from kubecheck.checker.report import Limits, Report, Verdict
from kubecheck.cli import completion
from kubecheck.cli.exit_codes import ExitCode, exit_code
from kubecheck.cli.formats.checked import Checked, Checks
from kubecheck.cli.formats.outputs import Format, Output, check_outputs, parse_format, without_outputs, write_outputs
from kubecheck.cli.options import with_option, without_option
from kubecheck.cli.output import say
from kubecheck.cli.record import run_of
from kubecheck.cli.subjects import ScopeOptions, Subject, all_subjects, settings
from kubecheck.cli.units import parse_bytes, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubecheck.spec import Spec
    from kubecheck.spec.types import RecordType

# of several verdicts, the one that decides
_SEVERITY = (Verdict.HOLDS, Verdict.INCOMPLETE, Verdict.VIOLATED, Verdict.ERROR)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


def _print_schema(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from kubecheck.cli.record import shipped_schema

        click.echo(shipped_schema(), nl=False)
        ctx.exit()


_COUNT = click.IntRange(min=0)

_SCOPE = _options(
    click.option(
        "--replicas", type=_COUNT, metavar="N", help="Scale a manifest down to at most N replicas (default 2)."
    ),
    click.option("--pods", type=_COUNT, metavar="N", help="Pods that can exist at one time."),
    click.option("--nodes", type=_COUNT, metavar="N", help="Nodes."),
    click.option(
        "--crashes", type=_COUNT, metavar="N", help="Crashes of the controller manager between any two of its API calls."
    ),
    click.option("--lag", type=_COUNT, metavar="N", help="Writes of a kind that an informer may be behind."),
    click.option(
        "--release", metavar="VERSION", help="The Kubernetes release whose protections are on (default 1.36)."
    ),
    without_option,
    with_option,
    click.option(
        "--set", "pairs", metavar="NAME=VALUE", multiple=True, shell_complete=completion.settings,
        help="Set a spec's parameter, or a field of the scope."
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
    click.option(
        "--audit",
        type=_COUNT,
        metavar="N",
        help="Compare N states of the search with Python's own execution (default 300, for 3 s of processor time at most).",
    ),
)

_OUTPUT = _options(
    click.option("--quiet", "-q", is_flag=True, help="Show no progress."),
    click.option("--profile", is_flag=True, help="Print what multiplies the states."),
    click.option("--full", is_flag=True, help="Show the whole state after each step of a path."),
    click.option(
        "--format",
        "formats",
        metavar="FORMAT[=FILE]",
        multiple=True,
        shell_complete=completion.formats,
        help="Write a report as json, junit, sarif, itf or mermaid; may be repeated. Without FILE: to standard output.",
    ),
    click.option("--json", "json_file", metavar="FILE", shell_complete=completion.files, help="The same as --format json=FILE."),
    click.option(
        "--save",
        "saved_file",
        metavar="FILE",
        shell_complete=completion.files,
        help="Save the run for `kubecheck replay`: its record as JSON.",
    ),
    click.option(
        "--schema",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_print_schema,
        help="Print the JSON Schema of --format json, and do nothing else.",
    ),
    click.option("--no-cache", is_flag=True, help="Compile anew, and keep nothing on disk."),
)


@click.command()
@click.argument("targets", metavar="TARGET…", nargs=-1, required=True, shell_complete=completion.targets)
@_SCOPE
@_LIMITS
@_OUTPUT
def check(
    targets: tuple[str, ...],
    *,
    replicas: int | None,
    pods: int | None,
    nodes: int | None,
    crashes: int | None,
    lag: int | None,
    release: str | None,
    without: tuple[str, ...],
    having: tuple[str, ...],
    pairs: tuple[str, ...],
    time_limit: float | None,
    memory: int | None,
    depth: int | None,
    threads: int | None,
    audit: int | None,
    quiet: bool,
    profile: bool,
    full: bool,
    formats: tuple[str, ...],
    json_file: str | None,
    saved_file: str | None,
    no_cache: bool,
) -> int:
    """Explore every state of TARGET and say whether its properties hold.

    TARGET is a manifest (FILE.yaml, FILE.json, a folder of them, or - for standard input), a spec (FILE.py or FILE.py:SPEC), or the
    name of a scenario that `kubecheck scenarios` lists. There may be several; workloads that come to the same small cluster are explored
    once and told together.
    """
    started = time.perf_counter()
    scope = ScopeOptions(
        replicas=replicas,
        pods=pods,
        nodes=nodes,
        crashes=crashes,
        lag=lag,
        release=release,
        without=without,
        having=having,
        settings=settings(pairs),
    )
    outputs = _outputs(formats, json_file, saved_file)
    for target in targets:
        check_outputs(outputs, target=target)
    found = all_subjects(targets, scope)
    limits = Limits(seconds=time_limit, memory_bytes=memory, depth=depth)
    reproduce = command_line()
    as_text = all(output.file != "-" for output in outputs)
    kept = any(output.format is Format.JSON for output in outputs)
    of_place: dict[int, Checked] = {}
    for number, places in enumerate(_alike(found)):
        subject, others = found[places[0]], [found[place] for place in places[1:]]
        spec = subject.build()
        report = _run(spec, limits=limits, threads=threads, audit=audit, quiet=quiet, cache=not no_cache, profile=profile)
        report = structs.replace(report, seconds_total=time.perf_counter() - started)
        if as_text:
            whole = spec.root if full else None
            _print(report, subject, others, reproduce=reproduce, first=number == 0, several=len(found) > 1, whole=whole)
        # Whether a switch changes anything takes building the spec without it: the verdict does not wait for that.
        idle = list(subject.idle_switches(spec))
        if as_text:
            _print_warnings(idle)
        report = structs.replace(report, warnings=[*report.warnings, *idle])
        for place in places:
            each = found[place]
            run = run_of(spec if each is subject else each.build(), each, options=scope) if kept else None
            of_place[place] = Checked(report=structs.replace(report, spec=each.name if each.ours else report.spec), subject=each, run=run)
        started = time.perf_counter()
    checked = [of_place[place] for place in range(len(found))]
    if as_text and len(found) > 1:
        _print_all(checked)
    worst = max(range(len(checked)), key=lambda i: (_SEVERITY.index(checked[i].report.verdict), -i))
    code = _exit_code(checked[worst].report, checked[worst].subject)
    write_outputs(
        outputs, Checks(all=tuple(checked), worst=worst, reproduce=reproduce, exit_code=int(code))
    )
    return code


def _alike(found: Sequence[Subject]) -> list[list[int]]:
    """The places of subjects, those together that come to the same cluster."""
    groups: dict[object, list[int]] = {}
    for place, subject in enumerate(found):
        groups.setdefault(place if subject.alike is None else subject.alike, []).append(place)
    return list(groups.values())


def _outputs(formats: Sequence[str], json_file: str | None, saved_file: str | None) -> list[Output]:
    outputs = [parse_format(text) for text in formats]
    if json_file is not None:
        outputs.append(Output(Format.JSON, json_file, option="--json"))
    if saved_file is not None:
        outputs.append(Output(Format.JSON, saved_file, option="--save"))
    return outputs


def command_line() -> str:
    """The command that is running, to be typed again. A manifest from standard input must be given again, too.

    What writes reports is left out.
    """
    return f"kubecheck {shlex.join(without_outputs(click.get_current_context().find_root().obj))}"


def _run(
    spec: Spec, *, limits: Limits, threads: int | None, audit: int | None, quiet: bool, cache: bool, profile: bool
) -> Report:
    from kubecheck import checker
    from kubecheck.cli.progress import shown_on

    with shown_on(sys.stderr, quiet=quiet) as progress:
        return checker.check(spec, limits=limits, threads=threads, progress=progress, cache=cache, profile=profile, audit=audit)


def _print(
    report: Report,
    subject: Subject,
    others: Sequence[Subject],
    *,
    reproduce: str,
    first: bool,
    several: bool,
    whole: RecordType | None,
) -> None:
    from kubecheck.cli.render import console, render

    with console(sys.stdout) as out:
        if several and first:
            out.print("Each workload is checked on its own, in a cluster without the others; those of one size are explored once.\n")
        if not first:
            out.print()
        render(report, subject, others, out=out, reproduce=reproduce, whole=whole)


def _print_warnings(warnings: Sequence[str]) -> None:
    from kubecheck.cli.render import console, print_warnings

    if warnings:
        sys.stdout.flush()
        with console(sys.stdout) as out:
            print_warnings(warnings, out)


def _print_all(checked: Sequence[Checked]) -> None:
    """The end of a check of several targets: those that do not hold, the worst verdict first, or that all do."""
    from rich.text import Text

    from kubecheck.cli.render import badge, console

    kind = "workloads" if all(each.subject.workload for each in checked) else "targets"
    with console(sys.stdout) as out:
        out.print()
        for verdict in reversed(_SEVERITY):
            names = [each.subject.identity for each in checked if each.report.verdict is verdict]
            if len(names) == len(checked):
                out.print(Text.assemble(badge(verdict), f" all {len(checked)} {kind}"))
            elif names and verdict is not Verdict.HOLDS:
                out.print(Text.assemble(badge(verdict), f" {len(names)} of {len(checked)} {kind}: {', '.join(names)}"))


def _exit_code(report: Report, subject: Subject) -> ExitCode:
    code = exit_code(report.verdict)
    if report.verdict is Verdict.ERROR and subject.ours:
        from kubecheck.cli.errors import ISSUES

        say(
            f"error: this is a fault of kubecheck's model, not of your input\n  help: please report the output to {ISSUES}",
            err=True,
        )
        return ExitCode.FAULT
    return code
