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
        return None, "nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        found = _PATH.match(str(error))
        if found is None:
            return None, _lower(str(error))
        return None, f"{_lower(found['what'])} at {found['path'].removeprefix('$.').removeprefix('$')}"
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
    return None, f"not JSON: {readable(str(error).removeprefix('JSON is malformed: '), width=300)}"


def _lower(sentence: str) -> str:
    sentence = readable(sentence, width=300)
    return sentence[:1].lower() + sentence[1:]


def check_text(data: bytes) -> None:
    """Raises UnicodeDecodeError if the line is not UTF-8: msgspec looks only at the strings that it decodes."""
    if not data.isascii():
        data.decode()
