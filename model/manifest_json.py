"""JSON text to the same nodes as YAML, each with its place, read as Go's encoding/json reads it.

Where kubectl takes a text for JSON it decodes it as such: k8s.io/apimachinery/pkg/util/yaml/decoder.go (GuessJSONStream,
YAMLOrJSONDecoder).
Escapes of surrogates are pairs, a number of more than 64 bits is a float (sigs.k8s.io/json, UnmarshalCaseSensitivePreserveInts).
"""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from kubecheck.model.manifest_source import DEPTH_LIMIT, Entry, Map, Node, Scalar, Sequence, Source
from kubecheck.spec.errors import Position

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_TOKEN: Final = re.compile(
    r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|[{}\[\],:]'
)
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_LONE: Final = re.compile("[\ud800-\udfff]")


class NoJsonError(Exception):
    """A text that is no JSON. Attributes: `offset`, `cause`."""

    def __init__(self, offset: int, cause: str) -> None:
        super().__init__(offset, cause)
        self.offset = offset
        self.cause = cause


class _Open:
    """A collection whose end was not read yet."""

    def __init__(self, start: int, *, mapping: bool) -> None:
        self.start = start
        self.mapping = mapping
        self.entries: dict[str, Entry] = {}
        self.items: list[Node] = []
        self.key: tuple[str, Position] | None = None
        self.size = 1

    def expects_key(self) -> bool:
        """Whether the next thing is a key."""
        return self.mapping and self.key is None


def value(source: Source, offset: int) -> tuple[Node, int]:
    """The value that begins at an offset of the text, and where it ends. Raises NoJsonError, and ManifestError for keys given twice."""
    text = source.text
    stack: list[_Open] = []
    comma = False  # whether a comma was just read
    at = offset
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        token = _TOKEN.match(text, at)
        if token is None:
            _fail(text, at)
        word, end = token[0], token.end()
        here = source.at(at, end)
        node: Node | None = None
        if word in "{[":
            if stack and stack[-1].expects_key():
                raise NoJsonError(at, "a key must be a string in double quotes")
            if len(stack) == DEPTH_LIMIT:
                remedy = "no Kubernetes object is nested so deeply: close the brackets"
                source.fail(f"more than {DEPTH_LIMIT} collections are open here", here, remedy=remedy)
            stack.append(_Open(at, mapping=word == "{"))
            comma = False
            at = end
            continue
        if word in "}]":
            if not stack or stack[-1].mapping != (word == "}") or comma or stack[-1].key is not None:
                raise NoJsonError(at, f"found {word} where a value was expected")
            node = _closed(source, stack.pop(), here)
        elif word in ",:":
            raise NoJsonError(at, f"found {word} where a value was expected")
        elif stack and stack[-1].expects_key():
            end = _key(source, stack[-1], token, here)
            comma = False
            at = end
            continue
        else:
            node = _scalar(word, here)
        if not stack:
            return node, end
        comma, at = _put(text, stack[-1], node, end)


def _fail(text: str, at: int) -> NoReturn:
    raise NoJsonError(at, "the text ends in the middle" if at >= len(text) else f"found {text[at]!r} where a value was expected")


def _key(source: Source, into: _Open, token: re.Match[str], here: Position) -> int:
    """Takes a key and its colon; gives where it ends."""
    if not token[0].startswith('"'):
        raise NoJsonError(token.start(), "a key must be a string in double quotes")
    name = _string(token[0])
    if name in into.entries:
        source.fail(
            f"the key {name} is given twice, first in line {into.entries[name].key.line}",
            here,
            remedy="keep one of the two; kubectl would silently take the last one",
        )
    end = _SPACE.match(source.text, token.end()).end()  # type: ignore[union-attr]
    if source.text[end : end + 1] != ":":
        raise NoJsonError(end, "found no colon after the key")
    into.key = name, here
    return end + 1


def _put(text: str, into: _Open, node: Node, end: int) -> tuple[bool, int]:
    """Adds a value to its collection; whether a comma follows, and where to read on."""
    into.size += node.size
    if into.key is not None:
        name, position = into.key
        into.entries[name] = Entry(position, node)
        into.key = None
    else:
        into.items.append(node)
    after = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    if text[after : after + 1] == ",":
        return True, after + 1
    if text[after : after + 1] not in ("}", "]"):
        raise NoJsonError(after, "found no comma and no end after a value" if after < len(text) else "the text ends in the middle")
    return False, after


def _closed(source: Source, opened: _Open, end: Position) -> Node:
    first = source.at(opened.start)
    position = Position(source.name, first.line, first.column, end.end_line, end.end_column)
    if opened.mapping:
        return Map(opened.entries, position, opened.size)
    return Sequence(tuple(opened.items), position, opened.size)


def _scalar(word: str, position: Position) -> Scalar:
    if word.startswith('"'):
        text = _string(word)
        return Scalar(text, text, True, position)
    words = {"true": True, "false": False, "null": None}
    if word in words:
        return Scalar(words[word], word, False, position)
    number: int | float = float(word)
    if _INTEGER.fullmatch(word) and -(1 << 63) <= int(word) < 1 << 63:
        number = int(word)
    return Scalar(number, word, False, position)


def _string(word: str) -> str:
    return _LONE.sub("\ufffd", json.loads(word)) if "\\" in word else word[1:-1]
