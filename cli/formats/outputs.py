"""Where reports go: `--format FORMAT[=FILE]`, any number of them; without FILE, or with -, to standard output in place of the text."""

from __future__ import annotations

import enum
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from kubecheck.cli.errors import InputError, did_you_mean
from kubecheck.cli.output import reader_may_leave
from kubecheck.cli.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubecheck.cli.formats.checked import Checks


class Format(enum.StrEnum):
    """The forms that a report can take."""

    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    ITF = "itf"
    MERMAID = "mermaid"


@dataclass(frozen=True)
class Output:
    """One report to write: its format, its file (- is standard output), the option that asked for it."""

    format: Format
    file: str
    option: str = "--format"


_OPTIONS: Final = ("--save", "--json", "--format")
"""The options of `kubecheck check` that name a file to write, or another form of output."""


def without_outputs(words: Sequence[str]) -> list[str]:
    """The words of a command line without those that write reports: to type it again must not write over what it has written."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _OPTIONS:
            next(rest, None)
        elif word.partition("=")[0] not in _OPTIONS:
            kept.append(word)
    return kept


def parse_format(text: str) -> Output:
    """`junit=out.xml`, `sarif` or `json=-`. Raises click.BadParameter."""
    name, equals, file = text.partition("=")
    if name not in list(Format):
        known = did_you_mean(name, list(Format), otherwise=f"one of {', '.join(Format)}")
        raise click.BadParameter(f"there is no format {name!r}: {known}", param_hint="--format")
    if equals and not file:
        raise click.BadParameter(f"{text} names no file: write {name}=FILE, or {name}=- for standard output", param_hint="--format")
    return Output(Format(name), file or "-")


def check_outputs(outputs: Sequence[Output], *, target: str) -> None:
    """Fail before a long check, not after it. Raises InputError for a file that cannot be written, or is wanted twice."""
    seen: dict[str, Output] = {}
    for output in outputs:
        other = seen.setdefault(output.file if output.file == "-" else os.path.realpath(output.file), output)
        if other is not output:
            where = "standard output" if output.file == "-" else output.file
            raise InputError(
                f"{where} is wanted by two reports, {other.format} and {output.format}", remedy="give each a file of its own"
            )
        if output.file == "-":
            continue
        folder = os.path.dirname(output.file) or "."
        if os.path.isdir(output.file) or not os.access(output.file if os.path.exists(output.file) else folder, os.W_OK):
            raise InputError(
                f"{output.file} cannot be written", remedy=f"give {output.option} a file in a folder that can be written to"
            )
        if os.path.exists(output.file) and os.path.exists(target) and os.path.samefile(output.file, target):
            raise InputError(f"{output.file} is what is to be checked", remedy=f"give {output.option} a file of its own")


def write_outputs(outputs: Sequence[Output], checks: Checks) -> None:
    """Write each report. Raises InputError if a file cannot be written after all."""
    for output in outputs:
        data = render(output.format, checks)
        if output.file == "-":
            with reader_may_leave():
                sys.stdout.buffer.write(data)
            continue
        try:
            with open(output.file, "wb") as out:
                out.write(data)
        except OSError as error:
            raise InputError(f"{output.file} cannot be written: {error.strerror or error}") from error


def render(form: Format, checks: Checks) -> bytes:
    """The checks of a command in one format."""
    if form in (Format.JUNIT, Format.SARIF, Format.MERMAID):  # which are shown to people
        checks = shown(checks)
    match form:
        case Format.JSON:
            from kubecheck.cli.record import encode, record

            records = [record(c.report, c.subject, reproduce=checks.reproduce, run=c.run) for c in checks.all]
            return encode(records, worst=checks.worst)
        case Format.JUNIT:
            from kubecheck.cli.formats.junit import junit

            return junit(checks)
        case Format.SARIF:
            from kubecheck.cli.formats.sarif import sarif

            return sarif(checks)
        case Format.ITF:
            from kubecheck.cli.formats.itf import itf

            return itf(checks)
        case Format.MERMAID:
            from kubecheck.cli.formats.mermaid import mermaid

            return mermaid(checks)
