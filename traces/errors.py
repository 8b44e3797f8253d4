"""The error of this room: a log that cannot be used at all. What is wrong with single lines is a Malformed, not an error."""

from __future__ import annotations

from kubecheck.spec.visible import visible


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

    @property
    def headline(self) -> str:
        """Where, and what is wrong."""
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return visible(f"{where}: {self.message}")

    @property
    def snippet(self) -> str:
        """The line that is meant, indented; empty if none is."""
        return f"    {visible(self.text)}" if self.text else ""

    def __str__(self) -> str:
        remedy = f"  help: {visible(self.remedy)}" if self.remedy else ""
        return "\n".join(line for line in (self.headline, self.snippet, remedy) if line)
