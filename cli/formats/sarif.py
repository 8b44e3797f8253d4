"""A report as SARIF 2.1.0 (OASIS), which code hosts show beside the source: a rule a property, a result for each that does not hold.

The path is the result's code flow: each step at its action's place in the spec's source. A property that was not decided is a result of
kind "open", and the run has a notification; a property that holds has no result. Files of kubecheck's own model are relative to
KUBECHECK, all others to %SRCROOT%, so that the log does not depend on the machine.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from kubecheck.checker.report import Position, Verdict
from kubecheck.cli.errors import is_ours
from kubecheck.cli.output import json_bytes
from kubecheck.cli.rows import rows
from kubecheck.cli.versions import kubecheck_version
from kubecheck.cli.why import shown_file, shown_reason, why_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubecheck.checker.report import Condition, PropertyReport, Report
    from kubecheck.cli.formats.checked import Checked, Checks

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

VALUE_ERROR: Final = "value-leaves-its-type"
"""The rule of an error: the spec computed a value that its type does not have."""


def sarif(checks: Checks) -> bytes:
    """All checks of a command as one SARIF log with one run."""
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for checked in checks.all:
        results += _results(checked, rules)
    run = {
        "tool": {
            "driver": {
                "name": "kubecheck",
                "version": kubecheck_version(),
                "rules": list(rules.values()),
                "notifications": [
                    {"id": "incomplete", "shortDescription": {"text": "Not every state was seen."}},
                    {"id": "vacuous", "shortDescription": {"text": "Something was never put to the test."}},
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The folder that kubecheck was run in."}},
            "KUBECHECK": {  # a package URL: where it is installed is nobody's business, and another one on each machine
                "uri": f"pkg:generic/kubecheck@{quote(kubecheck_version())}/",
                "description": {"text": "The source of kubecheck."},
            },
        },
        "invocations": [
            {
                "commandLine": checks.reproduce,
                "exitCode": checks.exit_code,
                "executionSuccessful": all(c.report.verdict is not Verdict.INCOMPLETE for c in checks.all),
                "toolExecutionNotifications": [
                    {"descriptor": {"id": name}, "level": level, "message": {"text": f"{c.subject.title}: {text}"}}
                    for c in checks.all
                    for name, level, text in _notifications(c.report)
                ],
            }
        ],
        "results": results,
    }
    log = _without_links({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
    return json_bytes(log, indent=2, shown=True)


def _without_links(value: Any) -> Any:
    """The same without `[text](address)`, which a viewer of SARIF takes for a link, wherever a text has it from."""
    if isinstance(value, str):
        return value.replace("](", "] (")
    if isinstance(value, list):
        return [_without_links(v) for v in value]
    return {name: _without_links(v) for name, v in value.items()} if isinstance(value, dict) else value


def _notifications(report: Report) -> Iterator[tuple[str, str, str]]:
    """What to know of a check besides its results: the notification's id, level and text."""
    if report.verdict is Verdict.INCOMPLETE:
        yield "incomplete", "error", report.reason
    for warning in report.warnings:
        yield "vacuous", "warning", warning


def _results(checked: Checked, rules: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    report = checked.report
    numbers = {}
    for prop in report.properties:
        text = prop.sentence or prop.name
        rules.setdefault(prop.name, {"id": prop.name, "shortDescription": {"text": text}, "properties": {"kind": prop.kind}})
        numbers[prop.name] = list(rules).index(prop.name)
    if report.verdict is Verdict.ERROR:
        rules.setdefault(VALUE_ERROR, {"id": VALUE_ERROR, "shortDescription": {"text": "A value leaves its type."}})
        yield {
            "ruleId": VALUE_ERROR,
            "ruleIndex": list(rules).index(VALUE_ERROR),
            "level": "error",
            "message": {"text": shown_reason(report)},
            "locations": [_location(_error_place(report) or _subject_place(checked))],
            **_flow(checked),
        }
    for prop in report.properties:
        if prop.verdict is Verdict.HOLDS:
            continue
        result = {"ruleId": prop.name, "ruleIndex": numbers[prop.name]}
        where = _subject_place(checked) or prop.position
        if prop.verdict is not Verdict.VIOLATED:
            text = f"{prop.sentence} Not decided: {prop.detail or report.reason}."
            yield result | {"kind": "open", "level": "none", "message": {"text": text}, "locations": [_location(where)]}
            continue
        shown = prop.name == report.found
        cause = why_lines(report) if shown else [prop.detail] if prop.detail else []
        yield result | {
            "level": "error",
            "message": {"text": "\n".join([f"{checked.subject.title}: {prop.sentence}", *cause])},
            "locations": [_location(where)],
            "relatedLocations": _related(report, prop) if shown else [_location(prop.position, prop.sentence, number=1)],
            "partialFingerprints": {"kubecheckPath/v1": _fingerprint(checked, prop, shown)},
            **(_flow(checked) if shown else {}),
        }


def _related(report: Report, prop: PropertyReport) -> list[dict[str, Any]]:
    """The property, and the conditions in it that are false."""
    places = [(prop.position, f"{prop.name}: {prop.sentence}")]
    conditions = [report.why.condition] if report.why else []
    while conditions:
        condition: Condition = conditions.pop(0)
        places.append((condition.position, f"{condition.text} is {'true' if condition.holds else 'false'}"))
        conditions += condition.parts
    return [_location(place, text, number=number) for number, (place, text) in enumerate(places, start=1)]


def _flow(checked: Checked) -> dict[str, Any]:
    """The path as a code flow; nothing if there is none."""
    report = checked.report
    if not report.path:
        return {}
    locations = []
    for row in rows(report.path):
        text = f"{f'{row.lane}: ' if row.lane else ''}{row.action}"
        place = row.position or _subject_place(checked) or report.properties[0].position
        locations.append(
            {
                "location": _location(place, "\n".join([text, *row.changes])),
                "executionOrder": row.number,
                "importance": "essential",
            }
        )
    return {"codeFlows": [{"message": {"text": shown_reason(report)}, "threadFlows": [{"locations": locations}]}]}


def _fingerprint(checked: Checked, prop: PropertyReport, shown: bool) -> str:
    """The same finding again has the same: what was checked, the property, and the actions of its path."""
    report = checked.report
    steps = [f"{step.action}{sorted(step.parameters.items())}" for step in report.path] if shown else []
    return hashlib.sha256("\n".join([checked.subject.identity, prop.name, *steps]).encode()).hexdigest()


def _subject_place(checked: Checked) -> Position | None:
    """The place in the manifest of what was checked; None for a spec or a scenario."""
    at = checked.subject.position
    return None if at is None else Position(file=at.file, line=at.line, column=at.column)


def _error_place(report: Report) -> Position | None:
    file, _, rest = report.found.rpartition(":")
    column, (file, _, line) = rest, file.rpartition(":")
    return Position(file=file, line=int(line), column=int(column)) if line.isdigit() and column.isdigit() else None


def _location(place: Position | None, text: str = "", *, number: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {} if number is None else {"id": number}
    if place is not None:
        found["physicalLocation"] = {
            "artifactLocation": _artifact(place.file),
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    return found | ({"message": {"text": text}} if text else {})


def _artifact(file: str) -> dict[str, str]:
    name = shown_file(file)
    if is_ours(file):
        return {"uri": quote(name), "uriBaseId": "KUBECHECK"}
    if os.path.isabs(name):
        return {"uri": PurePath(name).as_uri()}
    return {"uri": quote(name), "uriBaseId": "%SRCROOT%"}
