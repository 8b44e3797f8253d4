"""The trace language: reads it line by line with the grammar in trace.lark. printer.py writes it.

    kubecheck-trace 1
    component scheduler user="system:kube-scheduler"
    1 alice create pods default/web-1 {spec.containers=[{name=c image="app:v1"}]} -> 201 rv=7 uid=u1
    2 scheduler create pods/binding default/web-1 {target.name=node-1} -> 201 kind=Status
    3 web <- MODIFIED pods default/web-1 rv=8 uid=u1 {spec.nodeName=node-1}

A body is written as paths and values. `rv`, `uid`, `kind` and `generation` after the arrow, and name, namespace, `rv` and `uid`
of a delivery, are short for the fields of the body's metadata.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from typing import TYPE_CHECKING, Final

import lark
import msgspec

from kubecheck.traces.event import Event, Header, Malformed
from kubecheck.traces.readers.files import Input, Limits, excerpt, readable
from kubecheck.traces.readers.json_errors import DEPTH, UNREADABLE, nested_too_deeply
from kubecheck.traces.readers.records import Names, Record
from kubecheck.traces.readers.text_tree import BadLineError, Building, HeaderLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINE_LIMIT: Final = 512 << 10  # the grammar takes a line apart into Python objects, about 200 bytes for each of its bytes

_IGNORED: Final = frozenset({"COMMENT", "__IGNORE_0"})

_ZONELESS: Final = re.compile(
    r"[ \t]*(?:\d+[ \t]+)?(?:\.\.)?(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d:?\d\d)?)(?=[ \t]|\.\.|$)"
)
"""A time where one may stand, that says nothing of UTC or names another zone."""

_TOKENS: Final = {
    "KEY": "a field (name=)",
    "TIME": "a time (2026-11-23T03:00:56.203590Z)",
    "NUMBER": "a number",
    "WORD": "a word",
    "STRING": "a quoted string",
    "$END": "the end of the line",
}


def read(source: Input, *, limits: Limits | None = None) -> Iterator[Event | Header | Malformed]:
    """The events of one file, in its order, the header first. Raises OSError if it cannot be read."""
    limits = limits or Limits()
    limits = msgspec.structs.replace(limits, line=min(limits.line, _LINE_LIMIT))
    yield from _Lines(source.name).items(source.lines(limits=limits))


def parse(text: str, *, file: str = "<text>") -> list[Event | Header | Malformed]:
    """The same of a string."""
    numbered = enumerate(text.encode().split(b"\n"), start=1)
    return list(_Lines(file).items((number, data) for number, data in numbered if data.strip()))


def parse_records(text: str) -> list[Record]:
    """What each line of a text says, the header's lines as one. Raises ValueError or lark.UnexpectedInput for a bad line."""
    header = HeaderLine.Sum()
    records: list[Record] = []
    for line in text.split("\n"):
        if not _is_blank(line):
            built = _parse_line(line)
            if isinstance(built, HeaderLine):
                header.add(built)
            else:
                records.append(built)
    return [header.record(), *records] if header.lines else records


class _Lines:
    def __init__(self, file: str) -> None:
        self._file = file
        self._names = Names(file)
        self._header = HeaderLine.Sum()
        self._header_line = 0
        self._in_header = True

    def items(self, lines: Iterable[tuple[int, bytes] | Malformed]) -> Iterator[Event | Header | Malformed]:
        for line in lines:
            if isinstance(line, Malformed):
                yield line
                continue
            number, data = line
            try:
                text = data.decode()
            except UnicodeDecodeError as error:
                what = f"byte 0x{data[error.start]:02x} is not UTF-8"
                yield self._malformed(number, data.decode("utf-8", "replace"), error.start + 1, what)
                continue
            if _is_blank(text):
                continue
            try:
                built = _parse_line(text)
                if isinstance(built, HeaderLine):
                    if not self._in_header:
                        column = len(text) - len(text.lstrip()) + 1
                        raise BadLineError("a line of the header after the first event: it belongs before", column)
                    self._header.add(built)
                    self._header_line = self._header_line or number
                    continue
                if self._in_header:
                    yield from self._end_header(number, text)
                yield self._names.item(built, number)
            except lark.UnexpectedInput as error:
                yield self._malformed(number, text, *_explain(error, text))
            except BadLineError as error:
                yield self._malformed(number, text, error.column, str(error))
            except UNREADABLE as error:
                yield self._malformed(number, text, None, readable(str(error), width=300))
        if self._in_header:
            yield from self._end_header(0, "")

    def _end_header(self, number: int, text: str) -> Iterator[Event | Header | Malformed]:
        self._in_header = False
        if self._header.version is None and number:
            yield self._malformed(number, text, 1, "an event before the header: a trace begins with `kubecheck-trace 1`")
        if self._header.lines:
            try:
                yield self._names.item(self._header.record(), self._header_line)
            except UNREADABLE as error:
                yield self._malformed(self._header_line, "", None, readable(str(error), width=300))

    def _malformed(self, number: int, text: str, column: int | None, message: str) -> Malformed:
        shown, caret = excerpt(text, column=column)
        return Malformed(file=self._file, line=number, column=column, message=message, text=shown, caret=caret)


def _is_blank(text: str) -> bool:
    stripped = text.strip(" \t\r")
    return not stripped or stripped.startswith("#")


def _parse_line(text: str) -> Record | HeaderLine:
    column = nested_too_deeply(text)
    if column is not None:
        raise BadLineError(f"nested too deeply: more than {DEPTH} brackets inside each other", column)
    zoneless = _ZONELESS.match(text)
    if zoneless is not None:
        raise BadLineError(f"{zoneless[1]} has no Z: a time ends in Z, for it is UTC", zoneless.start(1) + 1)
    built: Record | HeaderLine = _parser().parse(text)  # type: ignore[assignment]  # what Building makes of `start`
    return built


@functools.lru_cache(maxsize=1)  # made once, for it takes 0.1 s; it keeps nothing of what it parses
def _parser() -> lark.Lark:
    grammar = importlib.resources.files("kubecheck.traces.readers").joinpath("trace.lark").read_text("utf-8")
    return lark.Lark(grammar, parser="lalr", transformer=Building(), maybe_placeholders=False, propagate_positions=False)


def _explain(error: lark.UnexpectedInput, text: str) -> tuple[int, str]:
    """Column and sentence of a syntax error."""
    allowed: set[str] = set()
    column, found = len(text.rstrip()) + 1, "the end of the line"
    if isinstance(error, lark.UnexpectedCharacters):
        column = error.column
        if text[column - 1] == '"':
            return column, "a string without an end, or with a \\ that JSON does not have"
        found = f"`{readable(text[column - 1])}`"
        allowed = error.allowed or set()
    elif isinstance(error, lark.UnexpectedToken):
        allowed = error.accepts or error.expected
        if error.token.type != "$END":
            column, found = error.column, f"`{readable(str(error.token), width=60)}`"
    words = _keywords()
    expected = sorted(_TOKENS.get(name) or f"`{words.get(name, name)}`" for name in allowed if name not in _IGNORED)
    if not expected:
        return column, f"found {found}, which cannot stand here"
    shown = expected[0] if len(expected) == 1 else f"{', '.join(expected[:-1])} or {expected[-1]}"
    return column, f"found {found}, expected {shown}"


@functools.lru_cache(maxsize=1)
def _keywords() -> dict[str, str]:
    return {t.name: t.pattern.value for t in _parser().terminals if isinstance(t.pattern, lark.lexer.PatternStr)}
