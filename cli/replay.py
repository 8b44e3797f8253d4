"""`kubecheck replay`: take the path of a saved run again, in the spec as it is now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from kubecheck.checker.report import Verdict
from kubecheck.cli import completion
from kubecheck.cli.errors import InputError
from kubecheck.cli.exit_codes import ExitCode, exit_code
from kubecheck.cli.saved_runs import check_again, read_run, subject_of
from kubecheck.cli.versions import kubecheck_version
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

    from kubecheck.checker.report import Why
    from kubecheck.checker.retrace import Gone, Retraced
    from kubecheck.cli.record import Record
    from kubecheck.cli.subjects import Subject
    from kubecheck.spec import Property, Spec


_OTHERS: Final = "this says nothing of other paths"

_LOOKED_AT: Final = 10_000  # states from which a way to rest is looked for

# of several workloads, the one that decides
_SEVERITY: Final = (ExitCode.HOLDS, ExitCode.INCOMPLETE, ExitCode.VIOLATED, ExitCode.BAD_INPUT)


@click.command(short_help="Take the path of a saved run again.")
@click.argument("run", metavar="RUN", shell_complete=completion.runs)
@click.argument("target", required=False, shell_complete=completion.targets)
@click.option("--full", is_flag=True, help="Show the whole state after each step, and every type that has changed.")
def replay(run: str, *, target: str | None, full: bool) -> int:
    """Take the path in RUN, a file that `kubecheck check … --save RUN` wrote, step by step in the reference execution.

    Says whether the spec has changed since, at which step the path no longer exists, and whether its end still is what it was.
    TARGET names the manifest or spec where it is now; a spec outside of the current folder must be named, since it is code.

    Exit codes: 0 the path exists and nothing is wrong at its end, 1 the property is violated there, 2 bad input or a value that leaves its
    type, 3 the path no longer exists.
    """
    from kubecheck.cli.render import console

    whole = read_run(run)
    codes = []
    for number, saved in enumerate(whole.checks or [whole]):  # of a manifest with several workloads each is replayed
        if saved.run is None:
            raise InputError(f"{run} does not say what was checked", remedy="save it with `kubecheck check … --save FILE`")
        subject = subject_of(saved.run, run, target)
        with console(sys.stdout) as out:
            if number:
                out.print()
            codes.append(_replay(run, saved, subject, target=target, full=full, out=out))
    return max(codes, key=_SEVERITY.index)


def _replay(file: str, saved: Record, subject: Subject, *, target: str | None, full: bool, out: Console) -> ExitCode:
    from rich.text import Text

    from kubecheck.checker.retrace import retrace

    assert saved.run is not None
    spec = subject.build()
    changed = _print_head(file, saved, subject, spec, full=full, out=out)
    code = _conclude(file, saved, spec, retrace(spec, saved.path), changed=changed, full=full, out=out)
    out.print(Text.assemble(("check again: ", "dim"), visible(check_again(saved.run, target))), soft_wrap=True)
    return code


def _print_head(file: str, saved: Record, subject: Subject, spec: Spec, *, full: bool, out: Console) -> bool:
    """Says what is replayed, and what has changed; returns whether anything has."""
    from kubecheck.cli.render import grid
    from kubecheck.cli.spec_changes import changes_since

    assert saved.run is not None
    changes = changes_since(saved, saved.run, spec, full=full)
    then = saved.versions.get("kubecheck", "unknown")
    rows = [("replayed", f"{file}: {subject.title}"), ("verdict was", f"{saved.verdict.value}: {saved.reason}")]
    if then != kubecheck_version():
        rows.append(("saved by", f"kubecheck {then}; this is {kubecheck_version()}"))
    rows.append(("spec", "; ".join(changes) if changes else "as it was when the run was saved"))
    out.print(grid(rows))
    return bool(changes)


def _conclude(file: str, saved: Record, spec: Spec, found: Retraced, *, changed: bool, full: bool, out: Console) -> ExitCode:
    from rich.text import Text

    from kubecheck.cli.render import badge, path_table

    out.print()
    if found.steps:
        out.print(path_table(found.steps, whole=spec.root if full else None))
        out.print()
    if found.differs is not None:
        out.print(f"step {found.differs} leads to another state than it did when the run was saved")
        out.print()
    verdict, text, code = _verdict(file, saved, spec, found, changed=changed, out=out)
    out.print(Text.assemble(badge(verdict), " ", text))
    return code


def _verdict(
    file: str, saved: Record, spec: Spec, found: Retraced, *, changed: bool, out: Console
) -> tuple[Verdict, str, ExitCode]:
    from kubecheck.checker.explain import why_quiet
    from kubecheck.checker.retrace import error_at_end, still_violated, why_still
    from kubecheck.cli.render import lines_text
    from kubecheck.cli.why import quiet_lines
    from kubecheck.spec import PropertyKind

    if not saved.path:
        text = f"{file} has no path, for its verdict was: {saved.verdict.value}"
        if changed:
            return Verdict.INCOMPLETE, f"{text}; the spec has changed since", ExitCode.INCOMPLETE
        return saved.verdict, text, exit_code(saved.verdict)
    if found.gone is not None:
        _print_refusal(found.gone, out)
        text = f"the path no longer exists from step {found.gone.step} on; what else can happen is unknown"
        return Verdict.INCOMPLETE, text, ExitCode.INCOMPLETE
    last = len(found.steps) - 1
    if saved.verdict is Verdict.ERROR:
        error = error_at_end(spec, found.states)
        if error is not None:
            return Verdict.ERROR, f"a value leaves its type, as it did\n{error}", ExitCode.BAD_INPUT
        text = f"the path of {last} steps exists, and no value leaves its type at its end; {_OTHERS}"
        return Verdict.HOLDS, text, ExitCode.HOLDS
    prop = next((p for p in spec.properties if p.name == saved.found), None)
    if prop is None:
        return Verdict.INCOMPLETE, f"the spec has no property {saved.found} any more", ExitCode.INCOMPLETE
    if saved.back_to is not None:
        return _round(spec, prop, found, saved.back_to, out)
    if not still_violated(spec, prop, found.states):
        text = f"the path of {last} steps exists, and {prop.name} is not violated at its end; {_OTHERS}"
        return Verdict.HOLDS, text, ExitCode.HOLDS
    _print_why(why_still(spec, prop, found.states), last, out)
    if prop.kind in (PropertyKind.QUIESCENT, PropertyKind.LIMIT):
        out.print(lines_text(quiet_lines(why_quiet(spec, found.states[-1]), out.width, scope=spec.scope)))
        out.print()
    steps = f"{last} step{'s' if last != 1 else ''}"
    if saved.verdict is Verdict.INCOMPLETE:
        return Verdict.INCOMPLETE, f"a bound of the scope stops the system after {steps}, as it did", ExitCode.INCOMPLETE
    return Verdict.VIOLATED, f"{prop.name} is violated after {steps}, as it was", ExitCode.VIOLATED


def _round(spec: Spec, prop: Property, found: Retraced, back_to: int, out: Console) -> tuple[Verdict, str, ExitCode]:
    """What to say of a path that ended in a loop. Whether anything leads out of it is asked again."""
    from kubecheck.checker.replay import can_rest
    from kubecheck.checker.retrace import still_round
    from kubecheck.cli.render import lines_text
    from kubecheck.cli.why import round_lines
    from kubecheck.spec import PropertyKind

    last = len(found.steps) - 1
    if not still_round(found, back_to):
        text = f"the path of {last} steps exists, but its end does not lead back to the state after step {back_to}; {_OTHERS}"
        return Verdict.HOLDS, text, ExitCode.HOLDS
    rests = can_rest(spec, found.states[-1], most=_LOOKED_AT)
    if rests is None:
        text = f"components can go round for ever after {back_to} steps, as they could; whether they can come to rest was not judged"
        return Verdict.INCOMPLETE, text, ExitCode.INCOMPLETE
    out.print(lines_text(round_lines(back_to, last, out.width, trap=not rests)))
    out.print()
    if not rests and prop.kind is PropertyKind.QUIESCENT:
        text = f"{prop.name} is violated: after {back_to} steps components go round for ever, and nothing comes to rest"
        return Verdict.VIOLATED, text, ExitCode.VIOLATED
    return Verdict.INCOMPLETE, f"components can go round for ever after {back_to} steps, as they could", ExitCode.INCOMPLETE


def _print_why(why: Why | None, last: int, out: Console) -> None:
    from kubecheck.cli.render import lines_text
    from kubecheck.cli.why import lines_of

    if why is not None:
        out.print(lines_text(lines_of(why, last, out.width)))
        out.print()


def _print_refusal(gone: Gone, out: Console) -> None:
    from kubecheck.cli.render import lines_text
    from kubecheck.cli.why import refusal_lines

    out.print(lines_text(refusal_lines(gone.step, gone.reason, gone.condition, out.width)))
    out.print()
