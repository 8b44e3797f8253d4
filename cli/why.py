"""Why a property is false, in words: its own source text from the whole down to the part that decides, with the values there."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kubecheck.checker.report import Verdict
from kubecheck.cli.errors import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kubecheck.checker.report import Condition, Operand, Position, Refusal, Report, Why

_OF: Final = {
    "step invariant": "is false of step {last}",
    "quiescent": "is false after step {last}, where no component can change anything any more",
    "limit": "is false after step {last}, where no component can change anything any more",
}


_LONG: Final = 60
"""Characters of values that still fit behind their condition; more of them have lines of their own."""


def shown_reason(report: Report) -> str:
    """A report's reason; in an error's text, the file as short as it can be said."""
    file = error_file(report)
    return report.reason.replace(file, shown_file(file)) if file else report.reason


def error_file(report: Report) -> str:
    """The file of an error, from `found`, which is its place; empty if there is none."""
    return report.found.rsplit(":", 2)[0] if report.verdict is Verdict.ERROR else ""


def why_lines(report: Report, width: int = 0) -> list[str]:
    """What is wrong at the end of a report's path, in lines; empty if the report does not say. `width` 0 wraps nothing."""
    if report.back_to is not None:
        trap = report.rest is not None and report.rest.verdict is Verdict.VIOLATED
        return round_lines(report.back_to, len(report.path) - 1, width, trap=trap)
    return [] if report.why is None else lines_of(report.why, len(report.path) - 1, width)


def round_title(back_to: int, last: int) -> str:
    """What a path is called whose last step leads back to the state after the step `back_to`."""
    into = f"{back_to} step{'s' if back_to != 1 else ''} and then {last - back_to} that can be repeated for ever"
    return f"a shortest run that never comes to rest, {into}"


def round_lines(back_to: int, last: int, width: int = 0, *, trap: bool) -> list[str]:
    """That a path's last step leads back to the state after the step `back_to`, in lines; `trap`: nothing leads from there to rest."""
    where = f"the state after step {back_to}" if back_to else "the initial state"
    again = f"steps {back_to + 1} to {last} can be taken again and again"
    told = [
        (0, f"step {last} leads back to {where}: {again}"),
        (
            1,
            "no steps of components lead from there to a state in which nothing is left to do"
            if trap
            else "components can come to rest from there, too; that they must would be a matter of fairness, which is not judged",
        ),
    ]
    return [line for depth, text in told for line in _wrapped(text, depth, width)]


def lines_of(why: Why, last: int, width: int = 0) -> list[str]:
    """Why a property is false after the step `last`, in lines."""
    return _lines(headline(why, last), why.condition, width)


def refusal_lines(step: int, reason: str, condition: Condition | None, width: int = 0) -> list[str]:
    """Why a step cannot be taken, in lines."""
    first, *others = reason.splitlines()
    head = f"step {step} cannot be taken any more: {first}{':' if condition is not None else ''}"
    return [*_lines(head, condition, width), *others]


def _lines(head: str, condition: Condition | None, width: int) -> list[str]:
    lines = [(0, head), *(condition_lines(condition, 1) if condition is not None else ())]
    return [line for depth, text in lines for line in _wrapped(text, depth, width)]


def quiet_lines(refusals: Sequence[Refusal], width: int = 0, *, scope: Mapping[str, Any] | None = None) -> list[str]:
    """What keeps each component from moving, in lines: instances of an action that are refused alike are told once.

    `scope` is the spec's: where a cluster's leaves out an action that would be taken here, a line says so.
    """
    if not refusals:
        return []
    groups: dict[tuple[str, str, str], list[str]] = {}
    for refusal in refusals:
        told = "changes nothing"
        if refusal.condition is not None:
            bare = msgspec.structs.replace(refusal.condition, parts=[])
            told = "; ".join(text for _, text in condition_lines(bare, above=place(bare.position)))
        instances = groups.setdefault((refusal.actor, refusal.action, told), [])
        instances.append(", ".join(refusal.parameters.values()))
    lines = [(0, "What keeps the components from moving there:")]
    for actor in dict.fromkeys(actor for actor, _, _ in groups):
        lines.append((1, actor))
        if actor == "deployment-controller" and _only_status_is_left(refusals, scope or {}):
            lines.append((2, "it would write the Deployment's status now, which is left out here: --set deployment_status=true"))
        for (its, action, told), instances in groups.items():
            if its == actor:
                others = f" and {len(instances) - 1} more" if len(instances) > 1 else ""
                lines.append((2, f"{action}({instances[0]}){others}: {told}"))
    return [line for depth, text in lines for line in _wrapped(text, depth, width)]


def _only_status_is_left(refusals: Sequence[Refusal], scope: Mapping[str, Any]) -> bool:
    """Whether the Deployment controller has nothing to do but to write a status that the scope leaves out (ClusterScope)."""
    its = [r.condition for r in refusals if r.actor == "deployment-controller" and r.condition is not None]
    operands = [operand for condition in its for operand in condition.operands]
    return scope.get("deployment_status") is False and any(
        (o.text, o.value) == ("decision.request", "status") for o in operands
    )


def headline(why: Why, last: int) -> str:
    """`no_pod_too_many is false of step 6, for replica_set = replica-set-0:`"""
    where = _OF.get(why.kind, "is false after step {last}" if last else "is false in the initial state").format(last=last)
    instance = ", ".join(f"{name} = {value}" for name, value in why.parameters.items())
    return f"{why.property} {where}{f', for {instance}' if instance else ''}:"


def condition_lines(condition: Condition, depth: int = 0, above: str = "") -> Iterator[tuple[int, str]]:
    """A condition and, further in, the parts that make it so: how deep each line is, and its text.

    `above` is the place of the line above, which is not said again.
    """
    element = ", ".join(f"{name} = {value}" for name, value in condition.element.items())
    absent = [operand.text for operand in condition.operands] == [condition.text]  # of `present(x)`: x itself
    truth = condition.operands[0].value if absent else "true" if condition.holds else "false"
    text = f"{'for ' + element + ': ' if element else ''}{condition.text} is {truth}"
    values = [] if absent or condition.parts else [_operand(operand) for operand in condition.operands]
    if sum(map(len, values)) <= _LONG:
        text, values = text + (f": {', '.join(values)}" if values else ""), []
    at = place(condition.position)
    yield depth, text if at == above else f"{text}  [{at}]"
    yield from ((depth + 1, value) for value in values)
    for part in condition.parts:
        yield from condition_lines(part, depth + 1, at)


def _operand(operand: Operand) -> str:
    """`count(…) is 3 (p = pod-0, pod-1, pod-2)`"""
    if not operand.counted:
        return f"{operand.text} is {operand.value}"
    names = {element.partition(" = ")[0] for element in operand.counted}
    if len(names) == 1 and not any(", " in element for element in operand.counted):
        told = f"{names.pop()} = {', '.join(element.partition(' = ')[2] for element in operand.counted)}"
    else:
        told = "; ".join(operand.counted)
    return f"{operand.text} is {operand.value} ({told})"


def _wrapped(text: str, depth: int, width: int) -> list[str]:
    indent = "  " * depth
    if not width:
        return [indent + text]
    return textwrap.wrap(
        text,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def place(position: Position) -> str:
    """`model/properties.py:43`: a place as short as it can be said."""
    return f"{shown_file(position.file)}:{position.line}"


def shown_file(file: str) -> str:
    """A source file: kubecheck's own from its rooms on, another from here on if it is below, else in full."""
    if is_ours(file):
        rooms = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
        return os.path.relpath(os.path.realpath(file), rooms).replace(os.sep, "/")
    relative = os.path.relpath(file)
    return file if relative.startswith("..") else relative.replace(os.sep, "/")
