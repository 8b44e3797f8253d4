"""The error of this room: a log that cannot be used at all. What is wrong with single lines is a Malformed, not an error."""

from __future__ import annotations


class TraceError(Exception):
    """Says what is wrong, where, and what to do.

    Attributes: file, line and column (from 1; None if not known), text (the line, safe to print), remedy.
    """

    def __init__(
        self, message: str, *, file: str, line: int | None = None, column: int | None = None, text: str = "", remedy: str = ""
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.text = text
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        lines = [f"{where}: {self.message}"]
        if self.text:
            lines.append(f"    {self.text}")
        if self.remedy:
            lines.append(f"  help: {self.remedy}")
        return "\n".join(lines)
