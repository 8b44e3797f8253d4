"""`kubecheck conform`: does the model's API server answer as a real one did?"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from kubecheck.cli import completion
from kubecheck.cli.errors import InputError
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.output import json_bytes, reader_may_leave

if TYPE_CHECKING:
    from kubecheck.model.conformance.conform import Checked, Conformance

_SHOWN_MALFORMED = 10


@click.command(short_help="Hold the model's API server against recorded answers of a real one.")
@click.argument("file", metavar="FILE.jsonl", shell_complete=completion.files)
@click.option("--topic", "topics", multiple=True, metavar="TOPIC", help="Only probes of this topic; may be repeated.")
@click.option("--list", "ids", is_flag=True, help="Name the probes that are not modelled, by reason.")
@click.option("--json", "json_file", metavar="FILE", help="Write the result as JSON; - for standard output.")
def conform(file: str, *, topics: tuple[str, ...], ids: bool, json_file: str | None) -> int:
    """Replay recorded requests on the model's API server and compare the answers.

    FILE has one probe a line: requests that set a situation up, the request under test, and what a real API server answered, what watches
    saw of it and what etcd wrote (docs/conformance.md); it may be compressed by gzip; - is standard input. Each probe agrees,
    disagrees, or is not modelled, with the reason.

    Exit codes: 0 no probe disagrees, 1 some do, 2 malformed lines or unreadable, 3 nothing was modelled, 70 a fault of kubecheck's own.
    A fault outweighs a disagreement, a disagreement outweighs malformed lines.
    """
    from kubecheck.model.conformance.conform import conform as check

    lines = _lines(file)
    result = check(lines, topics=frozenset(topics))
    if not result.checked and not result.malformed and not result.faults:
        what = f"no probe of topic {', '.join(topics)}" if topics else "no probes"
        raise InputError(f"{file}: {what}", remedy="a recording has one JSON object a line")
    code = _exit_code(result)
    if json_file is not None:
        _write(json_file, _record(result, int(code)))
    if json_file != "-":
        with reader_may_leave():
            _show(result, file, ids=ids)
    return code


_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"  # a UTF-8 byte order mark, which some editors put in front


def _lines(file: str) -> list[bytes]:
    try:
        if file == "-":
            text = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as opened:
                text = opened.read()
        if text.startswith(_GZIP):
            text = gzip.decompress(text)
    except (OSError, EOFError, zlib.error) as error:
        cause = getattr(error, "strerror", None) or error
        raise InputError(f"{file}: {cause}", remedy="name a recording of probes, one JSON object a line") from error
    return text.removeprefix(_MARK).splitlines()


def _write(file: str, record: dict[str, Any]) -> None:
    text = json_bytes(record, indent=2)
    if file == "-":
        with reader_may_leave():
            sys.stdout.buffer.write(text)
        return
    try:
        with open(file, "wb") as opened:
            opened.write(text)
    except OSError as error:
        raise InputError(
            f"--json {file}: {error.strerror or error}", remedy="give a file that can be written"
        ) from error


def _exit_code(result: Conformance) -> ExitCode:
    from kubecheck.model.conformance.conform import Outcome

    if result.faults:
        return ExitCode.FAULT
    if result.of(Outcome.DISAGREES):
        return ExitCode.VIOLATED
    if result.malformed:
        return ExitCode.BAD_INPUT
    return ExitCode.HOLDS if result.of(Outcome.AGREES) else ExitCode.INCOMPLETE


def _record(result: Conformance, code: int) -> dict[str, Any]:
    from kubecheck.model.conformance.conform import Outcome

    return {
        "exit_code": code,
        "agreeing": len(result.of(Outcome.AGREES)),
        "disagreeing": len(result.of(Outcome.DISAGREES)),
        "not_modelled": len(result.of(Outcome.NOT_MODELLED)),
        "topics": {
            topic: {"agreeing": a, "disagreeing": d, "not_modelled": n}
            for topic, (a, d, n) in result.by_topic().items()
        },
        "probes": [
            {
                "line": c.line,
                "id": c.row.id,
                "topic": c.row.topic,
                "title": c.row.title,
                "outcome": c.outcome.value,
                "reason": c.reason,
                "differences": [{"what": d.what, "recorded": d.recorded, "model": d.model} for d in c.differences],
            }
            for c in result.checked
        ],
        "malformed": [{"line": m.line, "cause": m.cause} for m in result.malformed],
        "faults": [{"line": f.line, "id": f.id, "cause": f.cause} for f in result.faults],
    }


def _show(result: Conformance, file: str, *, ids: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from kubecheck.cli.render import console
    from kubecheck.model.conformance.conform import Outcome

    agreeing, disagreeing = result.of(Outcome.AGREES), result.of(Outcome.DISAGREES)
    unmodelled = result.of(Outcome.NOT_MODELLED)
    with console(sys.stdout) as out:
        table = Table("topic", box=None, pad_edge=False, header_style="dim")
        for title in ("agree", "disagree", "not modelled"):
            table.add_column(title, justify="right")
        for topic, counts in result.by_topic().items():
            table.add_row(topic, *(str(n) if n else "" for n in counts))
        table.add_row("all", str(len(agreeing)), str(len(disagreeing)), str(len(unmodelled)), style="bold")
        out.print(table)
        if unmodelled:
            _show_unmodelled(out, result, ids=ids)
        for checked in disagreeing:
            _show_difference(out, checked)
        for malformed in result.malformed[:_SHOWN_MALFORMED]:
            out.print(Text(f"{file}:{malformed.line}: no probe: {malformed.cause}", style="red"), soft_wrap=True)
        if len(result.malformed) > _SHOWN_MALFORMED:
            out.print(Text(f"{len(result.malformed) - _SHOWN_MALFORMED} more malformed lines", style="red"))
        for fault in result.faults:
            where = f"{file}:{fault.line}: {fault.id}"
            out.print(Text(f"{where}: a fault of kubecheck's own: {fault.cause}", style="red"), soft_wrap=True)
        out.print()
        word = (
            "fault"
            if result.faults
            else "violation"
            if disagreeing
            else "incomplete"
            if result.malformed or not agreeing
            else "ok"
        )
        out.print(
            Text(
                f"[{word}] {len(agreeing)} agree, {len(disagreeing)} disagree, {len(unmodelled)} are not modelled"
                + (f", {len(result.malformed)} lines are malformed" if result.malformed else "")
                + (f", {len(result.faults)} could not be judged" if result.faults else "")
            )
        )


def _show_unmodelled(out: Any, result: Conformance, *, ids: bool) -> None:
    """Each reason with the number of its probes, their topics, and perhaps their ids."""
    from rich.table import Table
    from rich.text import Text

    out.print()
    out.print(Text("not modelled", style="bold"))
    reasons = Table(box=None, pad_edge=False, show_header=False)
    reasons.add_column(justify="right", no_wrap=True)
    reasons.add_column(overflow="fold")
    for reason, probes in result.unmodelled().items():
        topics = Counter(c.row.topic for c in probes)
        told = ", ".join(f"{topic} {number}" for topic, number in topics.items())
        reasons.add_row(str(len(probes)), Text.assemble(reason, (f"  ({told})", "dim")))
        if ids:
            reasons.add_row("", Text(", ".join(c.row.id for c in probes)))
    out.print(reasons)
    if not ids:
        out.print(Text("--list names them", style="dim"))


def _show_difference(out: Any, checked: Checked) -> None:
    from rich.table import Table
    from rich.text import Text

    request = checked.row.request
    out.print()
    out.print(Text.assemble((checked.row.id, "bold"), f" (line {checked.line}): {checked.row.title}"))
    out.print(Text(f"  {request.method} {request.path}", style="dim"))
    table = Table("", "recorded", "the model", box=None, header_style="dim")
    for difference in checked.differences:
        table.add_row(difference.what, Text(difference.recorded), Text(difference.model))
    out.print(table)
