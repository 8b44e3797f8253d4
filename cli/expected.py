"""What is known about a scenario (model/scenarios/), beside what a check of it has found."""

from __future__ import annotations

from kubecheck.checker.report import Report, Verdict
from kubecheck.model.scenarios import Holds, Violates


def found(report: Report) -> Holds | Violates | None:
    """What a scenario pins, of a report: counts of a complete exploration, or what is violated. None if it is neither."""
    match report.verdict:
        case Verdict.HOLDS:
            return Holds(states=report.states.distinct, transitions=report.states.generated, depth=report.depth)
        case Verdict.VIOLATED:
            return Violates(property=report.found, steps=len(report.path) - 1)
        case _:
            return None


def compared(expected: Holds | Violates, report: Report) -> str:
    """Whether the report is as the scenario's file says."""
    now = found(report)
    if now is None:
        return f"{expected}; not compared, as this check was not complete"
    return f"{expected}: as found here" if now == expected else f"{expected}; this check differs: {now}"
