"""What is wrong with a line of JSON, with its column."""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from kubecheck.traces.event import Malformed
from kubecheck.traces.readers.files import excerpt, readable

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
"""What decoding a line can raise. msgspec.ValidationError is a DecodeError."""

DEPTH: Final = 100
"""Brackets inside each other. Kubernetes' objects have some twenty; what is much deeper cannot be decoded."""

_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|#.*|[\[\]{}]')
_BYTE: Final = re.compile(r" \(byte (\d+)\)$")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]*)`")
_LAST: Final = re.compile(r"([^.$\[\]]+)$")
_PATH: Final = re.compile(r"^(?P<what>.*?) - at `(?P<path>[^`]*)`$", re.DOTALL)
_SEARCHED: Final = 1 << 20  # looking for the column of an error in a longer line would cost more than it tells


def malformed(file: str, line: int, data: bytes, error: Exception) -> Malformed:
    """The Malformed of a line that could not be decoded."""
    column, message = _explain(data, error)
    text, caret = excerpt(data, column=column)
    return Malformed(file=file, line=line, column=column, message=message, text=text, caret=caret)


def _explain(data: bytes, error: Exception) -> tuple[int | None, str]:
    if isinstance(error, UnicodeDecodeError):
        return error.start + 1, f"byte 0x{data[error.start]:02x} is not UTF-8"
    if isinstance(error, RecursionError):
        return nested_too_deeply(data.decode("utf-8", "replace")[:_SEARCHED]), "nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        found = _PATH.match(str(error))
        if found is None:
            field = _UNKNOWN.search(str(error))
            return _column_of(data, field[1]) if field else None, _lower(str(error))
        field = _UNKNOWN.search(found["what"]) or _LAST.search(found["path"])
        column = _column_of(data, field[1]) if field else None
        return column, f"{_lower(found['what'])} at {found['path'].removeprefix('$.').removeprefix('$')}"
    if isinstance(error, msgspec.DecodeError):
        return _syntax(data, error)
    return None, readable(str(error), width=300)


def _syntax(data: bytes, error: Exception) -> tuple[int | None, str]:
    if b"\0" in data[:_SEARCHED]:
        return data.index(b"\0") + 1, "a NUL byte: not JSON (was the file cut off by a crash, or is it UTF-16?)"
    if "truncated" in str(error):
        return len(data) + 1, "the line breaks off: not complete JSON"
    if len(data) <= _SEARCHED:
        try:
            json.loads(data)
        except json.JSONDecodeError as exact:
            return exact.pos + 1, f"not JSON: {_lower(exact.msg)}"
        except (UnicodeDecodeError, RecursionError, ValueError):
            pass
    at = _BYTE.search(str(error))
    said = _BYTE.sub("", str(error)).removeprefix("JSON is malformed: ")
    return None if at is None else int(at[1]) + 1, f"not JSON: {_lower(said)}"


def _column_of(data: bytes, field: str) -> int | None:
    """Where the only field of this name stands; None if there are several, or none."""
    places = [found.start() for found in re.finditer(re.escape(f'"{field}"'.encode()) + rb"\s*:", data[:_SEARCHED])]
    return places[0] + 1 if len(places) == 1 else None


def nested_too_deeply(text: str, limit: int = DEPTH) -> int | None:
    """Column of the bracket with which a line is nested deeper than that; None if it is not. Strings and comments are passed over."""
    if text.count("[") + text.count("{") <= limit:
        return None
    depth = 0
    for found in _BRACKETS.finditer(text):
        bracket = found[0]
        if bracket in ("[", "{"):
            depth += 1
            if depth > limit:
                return found.start() + 1
        elif bracket in ("]", "}"):
            depth -= 1
    return None


def _lower(sentence: str) -> str:
    sentence = readable(sentence, width=300)
    return sentence[:1].lower() + sentence[1:]


def check_text(data: bytes) -> None:
    """Raises UnicodeDecodeError if the line is not UTF-8: msgspec looks only at the strings that it decodes."""
    if not data.isascii():
        data.decode()
