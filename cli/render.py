"""A Report as text for people: what was explored, a line per property, the path to what was found, the verdict.

Follows Quint in ending with `[ok]` or `[violation]`, the time and how to reproduce it. Everything is plain when it is
piped or when NO_COLOR is set (https://no-color.org); rich sees to that.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kubecheck.checker.report import Audit, Profile, PropertyReport, Report, Step, Verdict
from kubecheck.cli.lanes import Lanes
from kubecheck.cli.output import reader_may_leave
from kubecheck.cli.shown import shown
from kubecheck.cli.terminal import Terminal
from kubecheck.cli.units import count, duration, size
from kubecheck.cli.why import quiet_lines, round_title, shown_reason, why_lines
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console, RenderableType

    from kubecheck.cli.subjects import Subject
    from kubecheck.model.manifest import NotModelled
    from kubecheck.spec.types import RecordType

PIPED_WIDTH: Final = 120
"""Columns when there is no terminal to ask."""

NARROW: Final = 100
"""Columns below which properties have no columns of their own: names are long, and broken ones cannot be read."""

MANY_STATES: Final = 100_000
"""From how many states on the memory that each takes says something."""

_NEVER_FIRED: Final = re.compile(r"action (\w+) never fired")
_BADGES: Final = {
    Verdict.HOLDS: ("[ok]", "green"),
    Verdict.VIOLATED: ("[violation]", "bold red"),
    Verdict.INCOMPLETE: ("[incomplete]", "yellow"),
    Verdict.ERROR: ("[error]", "bold red"),
}


@contextmanager
def console(file: IO[str]) -> Iterator[Console]:
    """A console for one of our outputs: as wide as the terminal.

    Without a terminal it has 120 columns, or as many as COLUMNS says, and leaves no blanks at the ends of lines.
    """
    if file.isatty():
        yield Terminal(file)
        return
    buffer = _Buffer(getattr(file, "encoding", None))
    yield Terminal(buffer, width=_piped_width())
    with reader_may_leave():
        file.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().removesuffix("\n").split("\n") if buffer.tell())


def _piped_width() -> int:
    told = os.environ.get("COLUMNS", "")
    return int(told) if told.isdecimal() and 0 < int(told[:6]) < 10_000 else PIPED_WIDTH


class _Buffer(io.StringIO):
    """Text that will go to a stream of this encoding: rich draws with ASCII where it has no lines."""

    def __init__(self, encoding: str | None) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding."""
        return self._encoding or "utf-8"


def render(
    report: Report,
    subject: Subject,
    others: Sequence[Subject] = (),
    *,
    out: Console,
    reproduce: str,
    whole: RecordType | None = None,
) -> None:
    """Print everything about one check, of a subject and of others that come to the same.

    `reproduce` is the command line that gives it again; with `whole`, the type of the states, whole states are shown.
    """
    report, subjects = shown(report), shown([subject, *others])
    out.print(_header(report, subjects))
    out.print()
    out.print(_exploration(report))
    if report.properties:
        out.print()
        out.print(_properties(report, out.width))
    if note := undecided(report):
        out.print(Text.assemble(("note: ", "dim"), note))
    print_warnings(report.warnings, out)
    if report.path:
        out.print()
        print_path(report, out, whole=whole)
    if report.profile is not None:
        out.print()
        _print_profile(report.profile, out)
    out.print()
    out.print(_conclusion(report))
    out.print(Text.assemble(("reproduce: ", "dim"), visible(reproduce)), soft_wrap=True)


def print_warnings(warnings: Sequence[str], out: Console) -> None:
    """What makes a verdict worth less than it looks, a line each."""
    for warning in _grouped(warnings):
        out.print(Text.assemble(("warning: ", "yellow"), visible(warning)))


def print_path(report: Report, out: Console, *, whole: RecordType | None = None) -> None:
    """The path to what was found, why it is false at the end, and what keeps the components if they are quiet."""
    report = shown(report)
    out.print(path_title(report))
    out.print()
    out.print(path_table(report.path, whole=whole))
    detail = next((p.detail for p in report.properties if p.name == report.found), "")
    if report.why is None and report.back_to is None and detail:
        out.print(Padding(Text(detail), (0, 0, 0, 1)))
    if lines := why_lines(report, out.width):
        out.print()
        out.print(lines_text(lines))
    if report.refusals:
        out.print()
        out.print(lines_text(quiet_lines(report.refusals, out.width, scope=report.scope)))


def undecided(report: Report) -> str:
    """Why a report of a violation leaves properties undecided; empty if it leaves none."""
    if report.verdict is not Verdict.VIOLATED or report.states.frontier == 0:
        return ""
    if all(prop.verdict is not Verdict.INCOMPLETE for prop in report.properties):
        return ""
    left = f"{count(report.states.frontier)} state{'s' if report.states.frontier != 1 else ''}"
    return f"the search stopped at the violation, with {left} not expanded: what is [incomplete] was not decided"


def badge(verdict: Verdict) -> Text:
    """`[ok]` and its like, in its colour."""
    word, style = _BADGES[verdict]
    return Text(word, style=style)


def _header(report: Report, subjects: Sequence[Subject]) -> RenderableType:
    subject = subjects[0]
    rows = [("checked" if number == 0 else "", each.title) for number, each in enumerate(subjects)]
    rows += _rows("scaled", _scaled(subjects))
    rows += _rows("derived", (each.derived for each in subjects))
    if scope := subject.scope or report.scope:
        rows.append(("scope", ", ".join(f"{name}={value}" for name, value in scope.items())))
    if report.release:
        rows.append(("release", report.release))
    if subject.expected is not None:
        from kubecheck.cli.expected import compared

        rows.append(("expected", compared(subject.expected, report)))
    rows += _rows("not modelled", [", ".join(dict.fromkeys(_aside(o, e) for e in subjects for o in e.not_modelled))])
    rows += _rows("refused", [", ".join(dict.fromkeys(_aside(o, e) for e in subjects for o in e.refused))])
    if subject.position is not None:
        others = "the objects that are not modelled, and " if any(each.not_modelled for each in subjects) else ""
        rows.append(("unvalidated", f"{others}what admission plugins, quotas and policies would refuse"))
    return grid([*rows, *_left_out(subjects)])


def _rows(title: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """A row for each text that is not empty, the first one with the title."""
    told = [text for text in dict.fromkeys(texts) if text]
    return [(title if number == 0 else "", text) for number, text in enumerate(told)]


def _scaled(subjects: Sequence[Subject]) -> list[str]:
    """What was scaled down, those together that were scaled alike."""
    of: dict[str, list[str]] = {}
    for each in subjects:
        if each.scaling:
            of.setdefault(each.scaling.removeprefix(f"{each.workload}: "), []).append(each.workload)
    return [f"{', '.join(names)}: {change}" for change, names in of.items()]


def _aside(found: NotModelled, subject: Subject) -> str:
    """An object that is not looked at; with its file, if that is not the subject's."""
    elsewhere = subject.position is not None and found.position.file != subject.position.file
    return str(found).replace("(line", f"({found.position.file}, line", 1) if elsewhere else str(found)


def _left_out(subjects: Sequence[Subject]) -> list[tuple[str, str]]:
    """What is presumed in place of the fields that are not modelled, and which those are, a line for each presumption."""
    from kubecheck.model.manifest_left_out import grouped

    found = grouped(field for each in subjects for field in each.left_out)
    lines = []
    for presumed, paths in found.items():
        counted = {path: paths.count(path) for path in paths}
        of = [path if number == len(subjects) else f"{path} (of {number} of them)" for path, number in counted.items()]
        lines.append(f"{', '.join(of)}: here {presumed}")
    return _rows("left out", lines)


def _exploration(report: Report) -> RenderableType:
    states = report.states
    covered = f"{count(states.distinct)} distinct, {count(states.generated)} generated, depth {report.depth}"
    if states.quiescent:
        covered += f", {count(states.quiescent)} quiescent"
    if states.frontier:
        covered += f", {count(states.frontier)} not expanded"
    seconds = max(report.seconds, 1e-9)
    speed = f"{count(states.distinct / seconds)} distinct/s, {count(states.generated / seconds)} generated/s"
    threads = f"{report.threads} thread{'s' if report.threads != 1 else ''}"
    memory = f"{size(report.memory_bytes)}, {report.state_bits} bit{'s' if report.state_bits != 1 else ''} per state"
    if (rest := report.rest) is not None:
        threads += f"; rest judged in {duration(rest.seconds)}"
        memory += f"; {size(rest.memory_bytes)} while rest was judged"
    if states.distinct >= MANY_STATES:  # of few states, tables that are made in advance would be the most part
        memory += f", {report.bytes_per_state:.0f} bytes per state all in"
    rows = [
        ("states", covered),
        ("speed", f"{speed}; explored in {duration(report.seconds)} on {threads}"),
        ("memory", memory),
    ]
    if report.audit is not None:
        rows.append(("audit", _audited(report.audit, states.distinct)))
    return grid(rows)


def _audited(audit: Audit, distinct: int) -> str:
    if not audit.of:
        return "nothing was run again by Python (--audit 0)"
    some = f"{count(audit.states)} of {count(distinct)} states" if audit.states < distinct else "every state"
    up = "" if audit.complete else f" (the time was up before {count(audit.of)})"
    return f"{some} run again by Python, with the same result, in {duration(audit.seconds)}{up}"


def grid(rows: Iterable[tuple[str, str]]) -> Table:
    """Names, and beside them what there is to say about each."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=12)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(visible(value)))
    return table


def _properties(report: Report, width: int) -> RenderableType:
    if width < NARROW:
        return Group(*(line for prop in report.properties for line in _property_lines(prop)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for prop in report.properties:
        table.add_row(badge(prop.verdict), Text(prop.name), prop.kind, Text(prop.sentence))
    return table


def _property_lines(prop: PropertyReport) -> Iterator[RenderableType]:
    """A property where there is no room for columns: its sentence below its name."""
    head = Text.assemble(badge(prop.verdict), " ", prop.name, (f"  {prop.kind}", "dim"))
    yield head
    yield Padding(Text(prop.sentence), (0, 0, 0, 4))


def _grouped(warnings: Sequence[str]) -> list[str]:
    """Warnings, with all actions that never fired in one."""
    idle = [match[1] for warning in warnings if (match := _NEVER_FIRED.fullmatch(warning))]
    others = [warning for warning in warnings if not _NEVER_FIRED.fullmatch(warning)]
    return others + ([f"never fired: {', '.join(idle)}"] if idle else [])


def path_title(report: Report) -> Text:
    """What a report's path leads to, and how long it is."""
    steps = len(report.path) - 1
    if report.back_to is not None:
        return Text(f"{round_title(report.back_to, steps)}:", style="bold")
    length = f"{steps} step{'s' if steps != 1 else ''}"
    what = (
        " to the error"
        if report.verdict is Verdict.ERROR
        else f" to a violation of {report.found}"
        if report.found
        else ""
    )
    return Text(f"the shortest path{what}, {length}:", style="bold")


def path_table(path: Sequence[Step], *, whole: RecordType | None = None) -> RenderableType:
    """The steps of a path: a lane a component, a row a step, what it changed; with `whole`, their type, the whole states, too."""
    return Lanes(shown(list(path)), whole=whole)


def lines_text(lines: Sequence[str]) -> Text:
    """Lines about one thing, of which the first says what."""
    first, *others = [visible(line) for line in lines]
    return Text("\n").join([Text(first, style="bold"), *(Text(line) for line in others)])


def _print_profile(profile: Profile, out: Console) -> None:
    """What multiplies the states: the values of each part, and what each action found."""
    parts = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
    parts.add_column("part of the state", overflow="fold")
    parts.add_column("bits", justify="right")
    parts.add_column("values", justify="right")
    for part in profile.parts:
        parts.add_row(Text(part.path), str(part.bits), count(part.values))
    out.print(Text(f"values that each part took in {count(profile.states)} states:", style="bold"))
    out.print(parts)
    actions = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
    actions.add_column("action", overflow="fold")
    actions.add_column("generated", justify="right")
    actions.add_column("new", justify="right")
    for action in sorted(profile.actions, key=lambda a: (-a.new, -a.generated, a.name)):
        actions.add_row(Text(action.name), count(action.generated), count(action.new))
    out.print()
    out.print(Text("states that each action generated, and those not seen before:", style="bold"))
    out.print(actions)


def _conclusion(report: Report) -> Text:
    took = f"in {duration(report.seconds_total)}"
    match report.verdict:
        case Verdict.HOLDS:
            text = f"every state was seen and everything holds, {took}"
        case Verdict.VIOLATED:
            text = f"{report.reason or report.found}, {took}"
        case Verdict.INCOMPLETE if report.rest is not None and report.rest.verdict is not Verdict.HOLDS:
            text = f"{report.reason}; nothing else is wrong, {took}"
        case Verdict.INCOMPLETE if not report.properties and report.states.frontier == 0:
            text = f"{report.reason}, {took}"
        case Verdict.INCOMPLETE:
            text = f"{report.reason}; nothing that was seen is wrong, the rest is unknown, {took}"
        case Verdict.ERROR:
            text = f"a value left its type, {took}\n{shown_reason(report)}"
    return Text.assemble(badge(report.verdict), " ", text)
