"""When a watch stream's lines were received: what a recorder wrote beside it.

A watch event says nothing of time. A recorder that keeps raw lines in `watch-NAME.jsonl` may write a line for each of them, in the same
order, into `recv-NAME.jsonl`: `{"line": 7, "conn": 1, "t": "2026-11-23T03:00:34.353636Z"}`, with the stream's line number, the number of
the connection (from 1) and the time; other lines (connects, errors) are passed over. With it a stream can be judged by time too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kubecheck.traces.event import Malformed
from kubecheck.traces.readers.clock import microseconds
from kubecheck.traces.readers.json_errors import UNREADABLE, malformed

if TYPE_CHECKING:
    from collections.abc import Generator

    from kubecheck.traces.readers.files import Input, Limits

PREFIX = "recv-"
"""How the file's name begins, where its stream's begins with STREAM."""
STREAM = "watch-"


class _Line(msgspec.Struct, gc=False):
    t: str
    conn: int
    line: int | None = None
    event: str | None = None


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """When a line came, and on which connection (from 0)."""

    time: int
    connection: int


class Receipts:
    """The receipts of one stream, asked for in the order of its lines."""

    def __init__(self, source: Input, limits: Limits) -> None:
        self.malformed: list[Malformed] = []
        """Lines that could not be read since they were last taken."""
        self._lines = self._read(source, limits)
        self._ahead: tuple[int, Receipt] | None = None

    def of(self, number: int) -> Receipt | None:
        """The receipt of the stream's line with this number, which is higher than any asked for before. Raises OSError."""
        while self._ahead is None or self._ahead[0] < number:
            self._ahead = next(self._lines, None)
            if self._ahead is None:
                return None
        return self._ahead[1] if self._ahead[0] == number else None

    def close(self) -> None:
        """Closes the file, which need not have been read to its end."""
        self._lines.close()

    def _read(self, source: Input, limits: Limits) -> Generator[tuple[int, Receipt], None, None]:
        decoder = msgspec.json.Decoder(_Line)
        for found in source.lines(limits=limits):
            if isinstance(found, Malformed):
                self.malformed.append(found)
                continue
            number, data = found
            try:
                line = decoder.decode(data)
                receipt = Receipt(microseconds(line.t), max(0, line.conn - 1))
            except UNREADABLE as error:
                self.malformed.append(malformed(source.name, number, data, error))
                continue
            if line.line is not None:
                yield line.line, receipt


def is_receipts(head: bytes) -> bool:
    """Does a file begin as a list of receipts?"""
    first, *rest = head.split(b"\n", 1)
    try:
        line = msgspec.json.decode(first, type=_Line)
        microseconds(line.t)
    except UNREADABLE:
        return False
    return bool(rest) and (line.line is not None or line.event is not None)
