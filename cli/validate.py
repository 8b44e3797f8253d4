"""`kubecheck validate`: does what a cluster recorded keep the rules of Kubernetes?"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from kubecheck.cli import completion
from kubecheck.cli.errors import InputError
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.output import reader_may_leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubecheck.traces.findings import Validation

_FORMATS = ("text", "json-lines", "audit", "watch")  # as kubecheck.traces.readers.recognise has them; a test compares


@click.command(short_help="Hold recorded traces against the rules.")
@click.argument("logs", nargs=-1, metavar="LOG…|FOLDER", shell_complete=completion.files)
@click.option("--format", "form", type=click.Choice(_FORMATS),
              help="Take the logs that are named for this and do not look. What is in a FOLDER is told by its content all the same.")
@click.option(
    "--only", multiple=True, metavar="RULE", shell_complete=completion.rules,
    help="Judge by this rule or subject only; may be repeated.",
)
@click.option(
    "--skip", multiple=True, metavar="RULE", shell_complete=completion.rules,
    help="Leave this rule or subject out; may be repeated.",
)
@click.option("--json", "json_file", metavar="FILE", help="Write the verdict as JSON; - for standard output.")
@click.option("--junit", "junit_file", metavar="FILE", help="Write it as JUnit XML; - for standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.option("--verbose", "-v", is_flag=True, help="List also the rules that the log has nothing for.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the JSON lines format, and do nothing else.")
def validate(
    logs: tuple[str, ...],
    *,
    form: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    json_file: str | None,
    junit_file: str | None,
    quiet: bool,
    verbose: bool,
    schema: bool,
) -> int:
    """Say whether the LOGs of one run keep the rules that `kubecheck rules` lists.

    \b
      kubecheck validate audit.log              audit.k8s.io/v1, of any level
      kubecheck validate audit*.log.gz w.json   several API servers, rotated files, watch streams
      kubecheck validate run-1/                 every log in a folder
      zcat audit.log.gz | kubecheck validate -

    LOGs are audit logs, watch streams (raw, or of `kubectl get --watch --output-watch-events -o json`), and traces in
    kubecheck's own formats (docs/traces.md); plain, .gz or .zst. What each is, is told by its content.

    Exit codes: 0 conforms, 1 violated, 2 malformed or unreadable, 3 nothing could be judged. A violation outweighs
    malformed lines.
    """
    if schema:
        from kubecheck.traces.readers.jsonl import shipped_schema

        click.echo(shipped_schema(), nl=False)
        return ExitCode.HOLDS
    if not logs:
        raise InputError("no log to validate", remedy="name a log, a folder of logs, or - for standard input")
    if json_file == "-" and junit_file == "-":
        raise InputError("--json and --junit both want standard output", remedy="give one of them a file")
    for option, file in (("--json", json_file), ("--junit", junit_file)):
        _check_writable(option, file)

    from kubecheck.cli import trace_render
    from kubecheck.cli.validate_progress import shown_on
    from kubecheck.traces.errors import TraceError
    from kubecheck.traces.readers.folder import find
    from kubecheck.traces.readers.recognise import Format
    from kubecheck.traces.rules.registry import UnknownRuleError
    from kubecheck.traces.validate import validate as judge

    began = time.perf_counter()
    try:
        found = find(logs, form=None if form is None else Format(form))
        if not found.sources and not found.empty:
            raise InputError("no logs in what was given", remedy="a folder's logs are the files directly in it")
        inputs = [source for log in found.sources for source in log.inputs]
        with shown_on(sys.stderr, inputs, quiet=quiet) as progress, _collecting_rarely():
            validation = judge(found.sources, only=only, skip=skip, progress=progress)
    except UnknownRuleError as error:
        raise InputError(str(error), remedy=error.remedy) from error
    except TraceError as error:
        raise InputError(error.headline, snippet=error.snippet, remedy=error.remedy) from error
    seconds = time.perf_counter() - began

    code = verdict_code(validation)
    if json_file is not None:
        _write(json_file, trace_render.as_json(validation, found, exit_code=int(code)))
    if junit_file is not None:
        _write(junit_file, trace_render.as_junit(validation, found, seconds=seconds))
    if "-" not in (json_file, junit_file):
        trace_render.show(validation, found, seconds=seconds, verbose=verbose)
    return code


@contextlib.contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Python looks for cycles seldom: what lives is no garbage, and with many live objects it takes a third of the time to find that
    out again and again."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def verdict_code(validation: Validation) -> ExitCode:
    """The exit code: violations before malformed lines before nothing to judge."""
    from kubecheck.traces.findings import Verdict

    if validation.verdict is Verdict.VIOLATED:
        return ExitCode.VIOLATED
    if validation.malformed_count:
        return ExitCode.BAD_INPUT
    return ExitCode.HOLDS if validation.verdict is Verdict.CONFORMS else ExitCode.INCOMPLETE


def _check_writable(option: str, file: str | None) -> None:
    """Fail before a long validation, not after it."""
    if file is None or file == "-":
        return
    folder = os.path.dirname(file) or "."
    if os.path.isdir(file) or not os.access(file if os.path.exists(file) else folder, os.W_OK):
        raise InputError(f"{file} cannot be written", remedy=f"give {option} a file in a folder that can be written to")


def _write(file: str, data: bytes) -> None:
    if file == "-":
        with reader_may_leave():
            sys.stdout.buffer.write(data)
        return
    try:
        with open(file, "wb") as out:
            out.write(data)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from error
