"""Text of unknown origin, as any output may show it: what would act, hide or break a line is written as an escape that one sees.

Names and values come from manifests, logs, specs and saved runs. Whatever shows them (a terminal, a report, a picture, a page) goes
through here, where it is written: `\\x1b` and `\\u202e` are then these letters. What does that to a character is what Unicode says of it:
control and format characters, line and paragraph separators, half characters, those that are private or not assigned.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

_ESCAPED: Final = re.compile(r'\\(?:u[0-9a-fA-F]{4}|.)|[^\x20-\x7e]', re.DOTALL)
_OF_JSON: Final = {"\\b": "\\\\x08", "\\f": "\\\\x0c", "\\r": "\\\\r"}


def visible(text: str) -> str:
    """The text in one line, without characters that do anything but show."""
    return text if text.isprintable() else "".join(c if _shows(c) else _escape(c) for c in text)


def visible_lines(text: str) -> str:
    """The same of a text of several lines, whose line breaks and tabs are ours."""
    if text.isprintable():
        return text
    return "".join(c if _shows(c) or c in "\n\t" else _escape(c) for c in text)


def visible_values(value: Any) -> Any:
    """Plain data (of JSON, say) with every text in it visible, names of fields too."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list | tuple):
        return [visible_values(v) for v in value]
    if isinstance(value, dict):
        return {visible(name) if isinstance(name, str) else name: visible_values(v) for name, v in value.items()}
    return value


def whole_characters(value: Any) -> Any:
    """Plain data without half characters (lone surrogates), which no encoding has: they are escaped, all else is what it was."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [whole_characters(v) for v in value]
    if isinstance(value, dict):
        return {whole_characters(name): whole_characters(v) for name, v in value.items()}
    return value


def data_json(text: str) -> str:
    """JSON that may be printed: the same data, with `\\uXXXX` in its strings for what is not printable."""
    return text if text.isprintable() else "".join(c if _shows(c) or c in "\n\t" else _utf16(c) for c in text)


def shown_json(text: str) -> str:
    """JSON of texts that will be shown, each with what is not printable escaped visibly; line breaks and tabs stay."""
    return _ESCAPED.sub(_shown, text)


def _shows(character: str) -> bool:
    """Whether a character does nothing but show; blanks of any width do."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _shown(found: re.Match[str]) -> str:
    piece = found[0]
    if len(piece) == 1:
        return piece if _shows(piece) or piece in "\n\t" else "\\" + _escape(piece)
    if piece.startswith("\\u"):
        character = chr(int(piece[2:], 16))
        return piece if _shows(character) or character in "\n\t" else "\\" + _escape(character)
    return _OF_JSON.get(piece, piece)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _utf16(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[i : i + 2]):04x}" for i in range(0, len(units), 2))
