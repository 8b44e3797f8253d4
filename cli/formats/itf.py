"""A path in the Informal Trace Format of Apalache (ADR-015, https://apalache-mc.org/docs/adr/015adr-trace.html).

Each state has all its variables, in the values that checker/values.py describes, and in its `#meta` the step that led to it. A check
without a path gives a trace without states. The format has no place for a verdict; the description says it. Where the path ends in a
loop, `loop` is the state that it goes on with after the last one, and `loop` of the trace's `#meta` the step that leads there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubecheck.cli.output import json_bytes
from kubecheck.cli.why import shown_reason

if TYPE_CHECKING:
    from kubecheck.checker.report import Step
    from kubecheck.cli.formats.checked import Checks


def itf(checks: Checks) -> bytes:
    """The path that the report shows, as an ITF trace."""
    report = checks.decisive.report
    found = f": {shown_reason(report)}" if report.reason else ""
    trace: dict[str, Any] = {
        "#meta": {
            "format": "ITF",
            "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
            "description": f"kubecheck: {report.verdict.value}{found}",
            "source": checks.decisive.subject.title,
        },
        "params": [],
        "vars": list(report.path[0].state) if report.path else [],
        "states": [_state(step) for step in report.path],
    }
    if report.back_to is not None:
        # In this format the step after the last state leads to the one at `loop`: the path has that one twice.
        trace["loop"] = report.back_to
        trace["#meta"]["loop"] = trace["states"].pop()["#meta"]
    return json_bytes(trace, indent=2)


def _state(step: Step) -> dict[str, Any]:
    meta: dict[str, Any] = {"index": step.step}
    if step.action:
        meta |= {"actor": step.actor, "action": step.action, "parameters": step.parameters}
    return {"#meta": meta} | step.state
