"""Errors of the language: each has a stable code, a position, the line with a caret, and a remedy.

The form follows Quint and rustc: code and message, `file:line:column`, the line, a caret under the part that is meant, and what to
write instead. Codes are listed in docs/errors.md and never change their meaning.
"""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from typing import Final

from kubecheck.spec.visible import visible

_LONG: Final = 300  # characters of a source line that are shown
_BEFORE: Final = 100  # of them, before what is meant


@dataclass(frozen=True, slots=True)
class Position:
    """A stretch of a source file; lines and columns count from 1, `end_column` is one past the last character."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class SpecError(Exception):
    """A specification that the language does not accept, or a value that left its type while it ran.

    Attributes: `code` (stable, `KC…`), `message`, `position` (None if there is no source), `remedy`.
    """

    def __init__(self, code: str, message: str, *, position: Position | None = None, remedy: str = "") -> None:
        super().__init__(code, message, position, remedy)
        self.code = code
        self.message = message
        self.position = position
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        lines = [visible(f"{where}{self.code}: {self.message}")]
        if self.position is not None:
            lines += snippet(self.position)
        if self.remedy:
            lines.append(f"  help: {visible(self.remedy)}")
        return "\n".join(lines)


def snippet(position: Position) -> list[str]:
    """The source line of a position with a caret line below it; empty if the source cannot be read."""
    text = linecache.getline(position.file, position.line).rstrip("\n")
    if not text:
        return []
    last = position.end_column if position.end_line == position.line else len(text) + 1
    return marked(text, position.line, position.column, last)


def marked(text: str, line: int, column: int, end: int) -> list[str]:
    """A source line with its number, and carets below the columns from `column` to before `end`, one at least.

    Of a very long line the part that begins a little before them.
    """
    number = str(line)
    width = max(1, min(end, len(text) + 1) - column)
    # a tab must stay a tab, so that the caret stands below its character
    indent = "".join("\t" if c == "\t" else " " for c in text[: column - 1])
    text = "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)  # one for one, for the caret
    if len(text) > _LONG:
        start = max(0, min(column - 1 - _BEFORE, len(text) - _LONG))
        before, after = "… " if start else "", " …" if start + _LONG < len(text) else ""
        text, indent = f"{before}{text[start:start + _LONG]}{after}", " " * len(before) + indent[start:]
        width = max(1, min(width, len(text) - len(after) - len(indent)))
    return [f"  {number} | {text}", f"  {' ' * len(number)} | {indent}{'^' * width}"]


class ValueEscape(SpecError):  # noqa: N818 - what happened to the value, not a kind of failure of ours
    """A value left its type while a spec ran: out of range, past the end, None where a value is needed.

    Raised by the reference execution at the statement that did it; the native execution stops at the same instance.
    """


class NotEnabled(Exception):  # noqa: N818 - a signal of `require`, not an error
    """`require` was false: the action is not enabled, or the premise of a property does not hold."""


def too_wide(at: Position) -> SpecError:
    """The error of a number that 64 bits do not hold. Python's integers have no end: only what compiles the IR raises it."""
    remedy = "keep numbers smaller on the way: 64 bits hold every integer of the language"
    return SpecError("KC508", "a number here needs more than 64 bits", position=at, remedy=remedy)
