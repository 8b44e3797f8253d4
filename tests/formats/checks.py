"""Checks of every verdict, for the tests of formats: real ones of small specs, run once."""

from __future__ import annotations

import functools

from kubecheck.checker import Limits, Report, check
from kubecheck.cli.exit_codes import exit_code
from kubecheck.cli.formats.checked import Checked, Checks
from kubecheck.cli.record import run_of
from kubecheck.cli.subjects import ScopeOptions, Subject
from kubecheck.model.scenarios import ALL
from kubecheck.spec import Position, Spec
from tests.cli.specs.crossing import crossing

MANIFEST = Position("web.yaml", 3, 5, 3, 9)

VERDICTS = ("holds", "violated", "incomplete", "error", "cluster", "step", "several", "bare", "judged nothing", "loop")


@functools.cache
def checks(what: str) -> Checks:
    """The checks of one command, by what they are to show."""
    if what == "several":
        parts = [*checks("holds").all, *checks("violated").all]
        return Checks(all=tuple(parts), worst=1, reproduce="kubecheck check web.yaml", exit_code=1)
    spec, limits, position = _spec(what)
    report = check(spec, limits=limits, threads=1)
    subject = Subject(name=spec.name, title=f"{spec.name} <{what}> & co.", build=lambda: spec, position=position, target="crossing.py")
    run = run_of(spec, subject, options=ScopeOptions(settings={"lights": "3"}))
    return Checks(
        all=(Checked(report=report, subject=subject, run=run),),
        worst=0,
        reproduce="kubecheck check crossing.py --set lights=3",
        exit_code=int(exit_code(report.verdict)),
    )


def _spec(what: str) -> tuple[Spec, Limits | None, Position | None]:
    match what:
        case "violated":
            return crossing(guard=False), None, None
        case "incomplete":
            return crossing(), Limits(depth=2), None
        case "error":
            return crossing(overflow=True), None, None
        case "cluster":
            return ALL["stuck-rollout"].build(), None, MANIFEST
        case "step":
            return ALL["stale-restart-1.33"].build(), None, None
        case "loop":
            from tests.checker.test_rest import lamps

            return lamps(), None, None
        case "bare" | "judged nothing":
            spec = crossing(guard=False)
            bare = Spec("bare", *spec.parts, scope=spec.scope)
            for action in spec.actions:
                bare.action(actor=action.actor)(action.function)
            return bare, Limits(depth=1) if what == "bare" else None, None
    return crossing(), None, None


def report(what: str) -> Report:
    """The report that decides."""
    return checks(what).decisive.report


