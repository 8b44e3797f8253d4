"""JSON documents of a file: one a line, over many lines as programs indent them, or as the elements of an array.

A document over many lines begins with a line that is `{` alone and ends with `}` at the same depth of indentation, which is how jq,
kubectl and every library indent. So nothing has to be taken apart to find where it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from kubecheck.traces.event import Malformed
from kubecheck.traces.readers.files import Limits, Line, readable
from kubecheck.traces.readers.json_errors import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])


def joined(lines: Iterable[Line | Malformed], file: str, limits: Limits) -> Iterator[Line | Malformed]:
    """The documents, each with the number of the line on which it begins; lines that are of none as they are."""
    parts: list[bytes] = []
    held = first = 0
    indent = b""
    in_array = False
    for line in lines:
        if isinstance(line, Malformed):
            yield line
            continue
        number, data = line
        if not parts and data[:1] == b"{" and data[-1:] == b"}":  # nearly all
            yield line
            continue
        text = data.strip()
        if not parts and text[:1] == b"[" and len(text) > 1:
            in_array = text[-1:] == b","
            yield from [(number, text[1:-1])] if in_array else _elements(number, data)
            continue
        begins = data[: len(data) - len(data.lstrip())] if text == b"{" or (text[:1] == b"{" and not parts) else None
        if not parts:
            if text == b"[":
                in_array = True
            elif in_array and text in (b"]", b","):
                in_array = text == b","
            elif text == b"{":
                parts, held, first, indent = [data], len(data), number, begins or b""
            else:
                yield number, text.rstrip(b",]") if in_array else data
            continue
        if data[:1] == b"{" or (begins is not None and len(begins) <= len(indent)):  # the document before has no end
            yield _unfinished(file, first, parts)
            parts = []
            if text == b"{":
                parts, held, first, indent = [data], len(data), number, begins or b""
            else:
                yield line
            continue
        parts.append(data)
        held += len(data) + 1
        if text in (b"}", b"},", b"}]") and len(data) - len(data.lstrip()) == len(indent):
            parts[-1] = b"}"
            yield first, b"\n".join(parts)
            parts = []
        elif held > limits.line:
            yield Malformed(
                file=file, line=first, column=None, message=f"the document is longer than {limits.line} bytes: skipped"
            )
            parts = []
    if parts:
        yield _unfinished(file, first, parts)


def _elements(number: int, data: bytes) -> Iterator[Line]:
    try:
        elements = _ARRAY.decode(data)
    except UNREADABLE:
        yield number, data
        return
    for element in elements:
        yield number, bytes(element)


def _unfinished(file: str, first: int, parts: list[bytes]) -> Malformed:
    message = f"the document that begins here breaks off after {len(parts)} line{'s' if len(parts) != 1 else ''}"
    return Malformed(file=file, line=first, column=1, message=message, text=readable(b" ".join(parts[:3])))
