"""A report as JUnit XML: a test suite for each check, a test case for each property, and one for the exploration itself.

A property that is violated is a <failure>. One that was not decided, because a limit came first or the search ended at another
violation, is an <error>: there is no pass without every state seen. The form is that of the Ant task and of Jenkins' schema.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

from kubecheck.checker.report import Verdict
from kubecheck.cli.output import xml_bytes
from kubecheck.cli.rows import rows
from kubecheck.cli.why import place, quiet_lines, shown_reason, why_lines

if TYPE_CHECKING:
    from kubecheck.checker.report import PropertyReport, Report
    from kubecheck.cli.formats.checked import Checked, Checks

EXPLORATION: Final = "every state is explored"
NOTHING: Final = "the spec has a property"
"""The case that only a spec without any has: nothing that is right or wrong was judged."""


def junit(checks: Checks) -> bytes:
    """All checks of a command as one XML document."""
    suites = ET.Element("testsuites", name="kubecheck check")
    for checked in checks.all:
        suites.append(_suite(checked, checks.reproduce))
    for count in ("tests", "failures", "errors"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    return xml_bytes(suites)


def _suite(checked: Checked, reproduce: str) -> ET.Element:
    report = checked.report
    suite = ET.Element("testsuite", name=checked.subject.title, time=f"{report.seconds_total:.3f}")
    properties = ET.SubElement(suite, "properties")
    shown = checked.subject.scope or report.scope
    for name, value in [*((f"scope.{n}", v) for n, v in shown.items()), ("release", report.release), ("reproduce", reproduce)]:
        ET.SubElement(properties, "property", name=str(name), value=str(value))
    suite.append(_exploration(checked))
    for prop in report.properties:
        suite.append(_case(checked, prop))
    if not report.properties:
        case = ET.SubElement(suite, "testcase", classname=_class(checked), name=NOTHING)
        _outcome(case, "error", "incomplete", "nothing was judged but that no value leaves its type", report.reason)
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return suite


def is_explored(report: Report) -> bool:
    """Whether an INCOMPLETE report is of a complete search: what is missing is not a state, but an answer."""
    return report.rest is not None or (not report.properties and report.states.frontier == 0)


def _exploration(checked: Checked) -> ET.Element:
    """The case that is there even if a spec has no property. A search that ended at a violation has neither passed nor failed."""
    report = checked.report
    case = ET.Element("testcase", classname=_class(checked), name=EXPLORATION)
    if report.verdict is Verdict.VIOLATED and report.states.frontier:
        ET.SubElement(case, "skipped", message="the search ended with the first level that has a violation")
    elif report.verdict is Verdict.INCOMPLETE and not is_explored(report):
        _outcome(case, "error", "incomplete", report.reason, _evidence(report))
    elif report.verdict is Verdict.ERROR:
        _outcome(case, "error", "value error", shown_reason(report).splitlines()[0], _evidence(report))
    states = report.states
    covered = f"{states.distinct} distinct, {states.generated} generated, depth {report.depth}"
    told = [covered, *(f"warning: {warning}" for warning in report.warnings)]
    ET.SubElement(case, "system-out").text = "\n".join(told)
    return case


def _case(checked: Checked, prop: PropertyReport) -> ET.Element:
    report = checked.report
    case = ET.Element("testcase", classname=_class(checked), name=prop.name)
    if prop.verdict is Verdict.VIOLATED:
        text = _evidence(report) if prop.name == report.found else prop.detail
        _outcome(case, "failure", prop.kind, prop.sentence, f"{place(prop.position)}\n{text}")
    elif prop.verdict is not Verdict.HOLDS:
        _outcome(case, "error", "incomplete", f"not decided: {prop.detail or report.reason}", prop.sentence)
    return case


def _outcome(case: ET.Element, tag: str, kind: str, message: str, text: str) -> None:
    ET.SubElement(case, tag, type=kind, message=message).text = text


def _evidence(report: Report) -> str:
    """The path in words, and what is false at its end."""
    lines = [shown_reason(report)]
    for row in rows(report.path):
        lines.append(f"{row.number:>4}  {f'{row.lane}: ' if row.lane else ''}{row.action}")
        lines += [f"        {change}" for change in row.changes]
    return "\n".join([*lines, *why_lines(report), *quiet_lines(report.refusals, scope=report.scope)])


def _class(checked: Checked) -> str:
    """`kubecheck.crossing`; `kubecheck.Deployment.default.web` of a manifest, where a name alone may come twice."""
    return f"kubecheck.{re.sub('[ /]', '.', checked.subject.identity)}"

