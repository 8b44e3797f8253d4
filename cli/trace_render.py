"""A Validation, shown: as text for people, as JSON, as JUnit XML.

Strings of a log are made safe to print: a log may come from anywhere, and terminals obey what is printed on them.
"""

from __future__ import annotations

import datetime
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kubecheck.cli.output import json_bytes, xml_bytes
from kubecheck.cli.render import console
from kubecheck.cli.units import duration
from kubecheck.cli.versions import kubecheck_version
from kubecheck.traces.findings import Validation, Verdict
from kubecheck.traces.readers.files import excerpt, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console

    from kubecheck.traces.event import Malformed
    from kubecheck.traces.findings import RuleResult, Violation
    from kubecheck.traces.readers.folder import Logs

_SHOWN_VIOLATIONS: Final = 20
_SHOWN_MALFORMED: Final = 10
_SHOWN_NAMES: Final = 8
_STYLES: Final = {Verdict.CONFORMS: "green", Verdict.VIOLATED: "bold red", Verdict.NOT_JUDGED: "yellow"}


def show(validation: Validation, logs: Logs, *, seconds: float, verbose: bool = False) -> None:
    """Print it: what was read, the log at a glance, the rules, what contradicts, the verdict.

    Rules that the log has nothing for are counted, and listed if `verbose`.
    """
    with console(sys.stdout) as out:
        _show_files(logs, out)
        _show_summary(validation, out)
        _show_rules(validation, out, verbose=verbose)
        _show_open(validation.rules, out)
        _show_malformed(validation, out)
        _show_violations(validation, logs, out)
        out.print()
        if validation.summary.missing_lines:
            out.print(Text(_note(validation), style="yellow"))
        out.print(_verdict(validation, seconds))


def _note(validation: Validation) -> str:
    """What to bear in mind with the verdict: a log that lacks lines says less, and what nothing contradicts is judged by the rest."""
    return (
        f"note: lines are missing in this log: {validation.summary.missing_lines} (lost, or left out by its audit policy); "
        "the verdict is about the others"
    )


def _verdict(validation: Validation, seconds: float) -> Text:
    judged = sum(rule.judged > 0 for rule in validation.rules)
    number_of = f"{judged} of {len(validation.rules)} rules"
    counts = f"{number_of} had something to judge; {duration(seconds)}"
    if validation.verdict is Verdict.VIOLATED:
        number = sum(rule.violation_count for rule in validation.rules)
        broken = sum(rule.verdict is Verdict.VIOLATED for rule in validation.rules)
        said = f"{_many(number, 'violation')} of {_many(broken, 'rule')}"
        if validation.malformed_count:
            said += f", {_many(validation.malformed_count, 'malformed line')}"
        return Text.assemble(("[violation]", "bold red"), f" {said}; {counts}")
    if validation.malformed_count:
        verdict = "the rest conforms" if validation.verdict is Verdict.CONFORMS else "nothing else could be judged"
        return Text.assemble(
            ("[malformed]", "bold red"), f" {_many(validation.malformed_count, 'malformed line')}, {verdict}; {counts}"
        )
    if validation.verdict is Verdict.NOT_JUDGED:
        return Text.assemble(("[not judged]", "yellow"), f" the log tells too little for any rule; {counts}")
    if not validation.summary.writes:
        lacking = "no write in the log tells its resourceVersion, so nothing is known of their order"
        return Text.assemble(
            ("[ok]", "green"), f" conforms, as far as {number_of} could judge: {lacking}; {duration(seconds)}"
        )
    return Text.assemble(("[ok]", "green"), f" conforms; {counts}")


def _show_files(logs: Logs, out: Console) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    streams = [source for source in logs.sources if source.format.value == "watch"]
    for source in logs.sources:
        if source.format.value == "watch" and len(streams) > 3:
            continue
        for file in source.files:
            table.add_row(f"{source.format.value}", readable(file))
    if len(streams) > 3:
        named = _listed([source.name for source in streams])
        table.add_row("watch", f"{len(streams)} streams: {named}")
    out.print(table)
    for what, files in (("no logs", logs.others), ("empty", logs.empty)):
        if files:
            names = _short_names(files)
            out.print(Text(f"{what}: {_listed([names[file] for file in files])}", style="dim"))


def _show_summary(validation: Validation, out: Console) -> None:
    summary = validation.summary
    line = f"{_many(summary.events, 'event')}: {_many(summary.requests, 'request')}, {_many(summary.deliveries, 'delivery')}"
    if summary.duplicates:
        line += f", {summary.duplicates:,} repeated"
    if summary.unanswered:
        line += f", {summary.unanswered:,} without an answer"
    out.print()
    out.print(Text(line))
    if summary.begin is not None and summary.end is not None:
        out.print(Text(f"{_clock(summary.begin)} to {_clock(summary.end)} ({duration((summary.end - summary.begin) / 1e6)})"))
    if summary.first_version is not None:
        out.print(
            Text(
                f"{_many(summary.writes, 'version')} of {_many(summary.objects, 'object')} "
                f"({summary.live:,} left), resourceVersion {summary.first_version} to {summary.last_version}"
            )
        )
    if summary.late:
        because = "; large bodies had shortened the window in which writes are ordered" if summary.shortened else ""
        out.print(Text(f"{_many(summary.late, 'write')} came too late to be ordered and were not judged{because}", style="yellow"))
    if summary.outcomes:
        out.print(Padding(_outcomes(summary.outcomes), (0, 0, 0, 2)))
    for what, counted in (("by", summary.actors), ("about", summary.resources)):
        if counted:
            out.print(Text(f"{what} {_counted(counted)}"))


def _outcomes(outcomes: Mapping[str, Mapping[str, int]]) -> Table:
    columns = sorted({outcome for counts in outcomes.values() for outcome in counts})
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("verb")
    for column in columns[:14]:
        table.add_column(readable(column), justify="right")
    for verb, counts in list(outcomes.items())[:20]:
        table.add_row(readable(verb, width=30), *(f"{counts[c]:,}" if c in counts else "" for c in columns[:14]))
    return table


def _show_rules(validation: Validation, out: Console, *, verbose: bool) -> None:
    shown = [rule for rule in validation.rules if verbose or not rule.without_matter]
    without = len(validation.rules) - len(shown)
    if shown:
        out.print()
        out.print(_rules_table(shown))
    if without:
        out.print()
        said = f"{_many(without, 'rule')} not judged: the log has nothing that {'it is' if without == 1 else 'they are'} about"
        out.print(Text(f"{said} (--verbose lists {'it' if without == 1 else 'them'})", style="dim"))


def _rules_table(rules: list[RuleResult]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("rule", no_wrap=True)
    table.add_column("judged", justify="right")
    table.add_column("verdict", no_wrap=True)
    table.add_column("not judged, because", overflow="fold")
    for rule in rules:
        verdict = rule.verdict.value
        if rule.violation_count:
            verdict += f" ({rule.violation_count:,})"
        reasons = "; ".join(
            reason if number == 1 and not rule.judged else f"{number:,}: {reason}" for reason, number in rule.not_judged.items()
        )
        table.add_row(rule.name, f"{rule.judged:,}", Text(verdict, style=_STYLES[rule.verdict]), Text(reasons, style="dim"))
    return table


def _show_open(rules: Iterable[RuleResult], out: Console) -> None:
    found = [one for rule in rules for one in rule.open]
    if not found:
        return
    out.print()
    out.print("open when the log ended:")
    for one in found[:_SHOWN_VIOLATIONS]:
        out.print(Text(f"  {readable(one, width=300)}"))
    if len(found) > _SHOWN_VIOLATIONS:
        out.print(f"  and {len(found) - _SHOWN_VIOLATIONS:,} more")


def _show_malformed(validation: Validation, out: Console) -> None:
    if not validation.malformed_count:
        return
    out.print()
    out.print(Text(_many(validation.malformed_count, "malformed line"), style="bold"))
    first_of = {(bad.file, bad.message): bad for bad in reversed(validation.malformed)}
    shown = list(reversed(first_of.items()))[:_SHOWN_MALFORMED]
    told = 0
    for alike, bad in shown:
        where = ":".join(str(part) for part in (readable(bad.file), bad.line, bad.column) if part is not None)
        out.print(Text(f"  {where}: {readable(bad.message, width=400)}"), soft_wrap=True)
        if bad.text:
            column = None if bad.caret is None else bad.caret + 1
            text, caret = excerpt(bad.text, column=column, width=max(out.width - 8, 20))  # 6 before it, … on both sides
            out.print(Text(f"      {text}", style="dim"), soft_wrap=True)
            if caret is not None:
                out.print(Text(f"      {' ' * caret}^", style="red"), soft_wrap=True)
        lines = validation.malformed_alike.get(alike, 1)
        told += lines
        if lines > 1:
            out.print(f"      and the same of {_many(lines - 1, 'further line')} of this file")
    if validation.malformed_count > told:
        out.print(f"  and {validation.malformed_count - told:,} more")


def _show_violations(validation: Validation, logs: Logs, out: Console) -> None:
    if not validation.violations:
        return
    out.print()
    number = sum(rule.violation_count for rule in validation.rules)
    out.print(Text(_many(number, "violation"), style="bold"))
    names = _short_names(file for source in logs.sources for file in source.files)
    for violation in validation.violations[:_SHOWN_VIOLATIONS]:
        out.print()
        _show_violation(violation, names, out)
    if number > _SHOWN_VIOLATIONS:
        out.print()
        out.print(f"and {number - min(_SHOWN_VIOLATIONS, len(validation.violations)):,} more")


def _short_names(files: Iterable[str]) -> dict[str, str]:
    """Each file by its last name, or by as much of its path as tells it from files of the same name."""
    paths = {file: file.split("/") for file in files}
    most = max(map(len, paths.values()), default=1)
    for parts in range(1, most + 1):
        short = {file: "/".join(path[-parts:]) for file, path in paths.items()}
        if len(set(short.values())) == len(short):
            return short
    return {file: file for file in paths}


def _show_violation(violation: Violation, names: Mapping[str, str], out: Console) -> None:
    objects = ", ".join(readable(one) for one in violation.objects)
    out.print(
        Text.assemble(
            f"{readable(violation.file)}:{violation.line}: ", (violation.rule, "bold red"), f"  {objects}"
        ),
        soft_wrap=True,
    )
    out.print(Padding(Text(readable(violation.sentence, width=1000)), (0, 0, 0, 2)))
    table = Table(box=box.MINIMAL, show_header=True, pad_edge=False, padding=(0, 1, 0, 0))
    for witness in violation.witnesses:
        table.add_column(Text(f"{readable(names.get(witness.file, witness.file))}:{witness.line}"), overflow="fold", ratio=1)
    table.add_row(*(Text(readable(witness.summary, width=600)) for witness in violation.witnesses))
    if any(witness.note for witness in violation.witnesses):
        table.add_row(*(Text(readable(witness.note, width=300), style="yellow") for witness in violation.witnesses))
    out.print(Padding(table, (0, 0, 0, 2)))


def as_json(validation: Validation, logs: Logs, *, exit_code: int) -> bytes:
    """The verdict as JSON, with everything that the text says and all that was kept."""
    record: dict[str, Any] = {
        "verdict": validation.verdict.value,
        "exit_code": exit_code,
        "versions": {"kubecheck": kubecheck_version()},
        "counts": {
            "events": validation.summary.events,
            "rules": dict(Counter(rule.verdict.value for rule in validation.rules)),
            "judged": sum(rule.judged for rule in validation.rules),
            "violations": sum(rule.violation_count for rule in validation.rules),
            "malformed": validation.malformed_count,
        },
        "logs": [
            {"format": source.format.value, "name": source.name, "files": list(source.files)} for source in logs.sources
        ],
        "no_logs": list(logs.others),
        "empty": list(logs.empty),
        "summary": msgspec.to_builtins(validation.summary),
        "rules": [_rule_json(rule) for rule in validation.rules],
        "violations": [_violation_json(violation) for violation in validation.violations],
        "malformed": [msgspec.to_builtins(bad) for bad in validation.malformed],
    }
    return json_bytes(record, indent=2)


def _rule_json(rule: RuleResult) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(rule)
    return made | {"violations": [_violation_json(violation) for violation in rule.violations]}


def _violation_json(violation: Violation) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(violation)
    return {"file": violation.file, "line": violation.line} | made


def as_junit(validation: Validation, logs: Logs, *, seconds: float) -> bytes:
    """The verdict as JUnit XML: a test case a rule, and one for the form of each log with malformed lines or without."""
    failed = sum(rule.verdict is Verdict.VIOLATED for rule in validation.rules)
    skipped = sum(rule.verdict is Verdict.NOT_JUDGED for rule in validation.rules)
    suite = ET.Element(
        "testsuite", name="kubecheck validate", tests=str(len(validation.rules) + 1), failures=str(failed),
        errors=str(int(validation.malformed_count > 0)), skipped=str(skipped), time=f"{seconds:.3f}",
    )  # fmt: skip
    form = ET.SubElement(suite, "testcase", classname="kubecheck.format", name="every line is well-formed")
    if validation.malformed_count:
        error = ET.SubElement(form, "error", message=_many(validation.malformed_count, "malformed line"))
        error.text = "\n".join(_malformed_line(bad) for bad in validation.malformed)
    if validation.summary.missing_lines:
        ET.SubElement(form, "system-out").text = _note(validation)
    for rule in validation.rules:
        subject, _, name = rule.name.rpartition(".")
        case = ET.SubElement(suite, "testcase", classname=f"kubecheck.{subject or 'rules'}", name=name)
        if rule.verdict is Verdict.VIOLATED:
            failure = ET.SubElement(case, "failure", message=f"{_many(rule.violation_count, 'violation')}: {rule.sentence}")
            failure.text = "\n\n".join(_violation_text(violation) for violation in rule.violations)
        elif rule.verdict is Verdict.NOT_JUDGED:
            ET.SubElement(case, "skipped", message=readable("; ".join(rule.not_judged), width=1000))
        ET.SubElement(case, "system-out").text = f"judged {rule.judged} times"
    suites = ET.Element("testsuites", name=", ".join(readable(file) for source in logs.sources for file in source.files))
    suites.append(suite)
    return xml_bytes(suites)


def _malformed_line(bad: Malformed) -> str:
    return f"{readable(bad.file)}:{bad.line}: {readable(bad.message, width=400)}"


def _violation_text(violation: Violation) -> str:
    lines = [readable(violation.sentence, width=1000)]
    for witness in violation.witnesses:
        note = f" ({readable(witness.note, width=300)})" if witness.note else ""
        lines.append(f"  {readable(witness.file)}:{witness.line}: {readable(witness.summary, width=600)}{note}")
    return "\n".join(lines)


def _many(number: int, what: str) -> str:
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what[:-1] + 'ies' if what.endswith('y') else what + 's'}"


def _listed(names: list[str]) -> str:
    shown = ", ".join(readable(name, width=60) for name in names[:_SHOWN_NAMES])
    return shown + (f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else "")


def _counted(counts: Mapping[str, int]) -> str:
    names = list(counts.items())
    shown = ", ".join(f"{readable(name, width=60)} {number:,}" for name, number in names[:_SHOWN_NAMES])
    rest = sum(number for _, number in names[_SHOWN_NAMES:])
    return shown + (f" and {len(names) - _SHOWN_NAMES} more ({rest:,})" if rest else "")


def _clock(micros: int) -> str:
    try:
        when = datetime.datetime.fromtimestamp(micros // 1_000_000, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return f"{micros} µs"
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")
