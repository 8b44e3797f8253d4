"""A path as a drawing for the terminal: a lane for each component, a row for each step, what changed beside it.

    step  user
          │  api-server
          │  │  scheduler
       1  ●──1  │   apply_deployment(deployment-0)   deployment-0 is created: …

A dot is the component that moves, a cross a fault; a line leads to the API server, where the resourceVersion stands that was written.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from kubecheck.cli.actors import places
from kubecheck.cli.cluster_words import is_cluster
from kubecheck.cli.rows import Row, lanes, rows
from kubecheck.cli.whole_states import whole_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from kubecheck.checker.report import Step
    from kubecheck.spec.types import RecordType

LEAST_TEXT: Final = 36
"""Columns that words need; where lanes leave less, the component is named in the text, and no lanes are drawn."""

TWO_COLUMNS: Final = 76
"""Columns of words from which on what changed stands beside the action, not below it."""

_NUMBERS: Final = ("the number is the resourceVersion it wrote", "number: resourceVersion")
"""What the column of the API server shows, as far as there is room to say it."""

_COLOURS: Final = ("cyan", "magenta", "blue", "green", "yellow", "bright_cyan", "bright_magenta", "bright_blue")
_MARGIN: Final = 6  # the step's number


@dataclass(frozen=True)
class _Signs:
    line: str
    moves: str
    fails: str
    reach: str


_UNICODE: Final = _Signs(line="│", moves="●", fails="✗", reach="─")
_ASCII: Final = _Signs(line="|", moves="o", fails="x", reach="-")


class Lanes:
    """The drawing, as wide as the console. With `whole`, the type of the states, the whole state after each step is shown, too."""

    def __init__(self, path: Sequence[Step], *, whole: RecordType | None = None) -> None:
        self._path = path
        self._rows = rows(path)
        self._cluster = is_cluster(path)
        self._lanes = lanes(self._rows, cluster=self._cluster)
        self._whole = whole
        self._places = places(self._lanes, len(_COLOURS))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws it: one Text a line."""
        signs = _ASCII if options.ascii_only else _UNICODE
        width = options.max_width
        gap = 4 if width >= 120 else 3
        drawn = self._lanes if width - _MARGIN - gap * len(self._lanes) >= LEAST_TEXT else []
        room = width - _MARGIN - gap * len(drawn)
        yield from self._heads(drawn, signs, gap, width)
        action_room = self._action_room(room, named=not drawn)
        for row, step in zip(self._rows, self._path, strict=True):
            lines = list(self._words(row, room, action_room, named=not drawn))
            if self._whole is not None:
                told = whole_state(self._whole, step.state)
                lines += [Text(line, style="dim") for text in told for line in _wrapped(text, room)]
            for number, words in enumerate(lines or [Text()]):
                line = Text.assemble((f"{row.number:>4}  " if number == 0 else " " * _MARGIN, "dim"))
                line.append_text(self._lane_signs(drawn, row if number == 0 else None, signs, gap))
                line.append_text(words)
                yield line

    def _heads(self, drawn: Sequence[str], signs: _Signs, gap: int, width: int) -> Iterator[Text]:
        for number, name in enumerate(drawn):
            line = Text.assemble(("step  " if number == 0 else " " * _MARGIN, "dim"))
            for before in range(number):
                line.append(signs.line.ljust(gap), style=self._colour(before))
            label = name
            if self._cluster and name == "api-server":
                said = (f"{name} ({note})" for note in _NUMBERS)
                label = next((text for text in said if _MARGIN + gap * number + len(text) <= width), name)
            line.append(label, style=self._colour(number))
            yield line

    def _lane_signs(self, drawn: Sequence[str], row: Row | None, signs: _Signs, gap: int) -> Text:
        """The lanes of one line: lines, and in a step's first line its dot and its way to the API server."""
        cells = [signs.line] * len(drawn)
        text = Text()
        moving = drawn.index(row.lane) if row is not None and row.lane in drawn else None
        server = drawn.index("api-server") if row is not None and row.revision and "api-server" in drawn else None
        if moving is not None and row is not None:
            cells[moving] = signs.fails if row.kind == "fault" else signs.moves
        if server is not None and row is not None and server != moving:
            cells[server] = str(row.revision)
        span = range(min(moving, server), max(moving, server)) if moving is not None and server is not None else range(0)
        for number, cell in enumerate(cells):
            inside = number in span
            if inside and cell == signs.line:
                cell = signs.reach
            colour = self._colour(moving) if inside and moving is not None else self._colour(number)
            strong = number == moving or (number == server and server is not None)
            text.append(cell, style=f"bold {self._colour(number)}" if strong else colour)
            text.append((signs.reach if inside else " ") * (gap - len(cell)), style=colour)
        return text

    def _colour(self, number: int) -> str:
        return _COLOURS[self._places[self._lanes[number]]]

    def _action_room(self, room: int, *, named: bool) -> int:
        """Columns of the actions, 0 if what changed stands below them."""
        if room < TWO_COLUMNS:
            return 0
        longest = max((len(self._head(row, named)) for row in self._rows), default=0)
        return min(longest, room * 2 // 5) + 2

    def _head(self, row: Row, named: bool) -> str:
        return f"{row.lane}: {row.action}" if named and row.lane else row.action

    def _words(self, row: Row, room: int, action_room: int, *, named: bool) -> Iterator[Text]:
        head, changes = self._head(row, named), row.changes
        if not action_room:
            yield from (Text(line, style="bold") for line in _broken(head, room))
            yield from (Text(line) for change in changes for line in _wrapped(change, room - 2, indent="  "))
            yield from (Text(line, style="italic dim") for line in _wrapped(row.sentence, room - 2, indent="  "))
            return
        left = [Text(line, style="bold") for line in _broken(head, action_room - 2)]
        right = [line for change in changes for line in _wrapped(change, room - action_room)]
        for number in range(max(len(left), len(right))):
            words = left[number].copy() if number < len(left) else Text()
            if number < len(right):
                words.pad_right(action_room - len(words.plain))
                words.append(right[number], style="not bold")
            yield words
        yield from (Text(line, style="italic dim") for line in _wrapped(row.sentence, room - 2, indent="  "))


def _broken(head: str, width: int) -> list[str]:
    """An action in lines that end behind its bracket or a comma; inside a word only where a word alone is wider."""
    parts = re.findall(r"[^(, ]*[(, ]+|[^(, ]+", head)
    lines = [""]
    for part in parts:
        if lines[-1].strip() and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("    ")
        lines[-1] += part
    return [piece for line in lines for piece in _wrapped(line.strip(), width - len(_indent(line)), indent=_indent(line))]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    if not text:
        return []
    return textwrap.wrap(
        text,
        max(10, width + len(indent)),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )
