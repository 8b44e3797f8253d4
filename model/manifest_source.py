"""YAML or JSON text to documents whose every value knows its line and column.

Scalars are read as kubectl reads them, which is YAML 1.1 with go-yaml's rules: `yes` is a boolean, `010` is eight, a
date is a string. Read in Kubernetes 1.36: sigs.k8s.io/yaml (yaml.go, convertToJSONableObject), go.yaml.in/yaml/v2
(resolve.go, resolve; decode.go, allowedAliasRatio) and k8s.io/apimachinery/pkg/util/yaml/decoder.go
(YAMLOrJSONDecoder, YAMLReader.Read). libyaml, which PyYAML wraps, is the parser that go-yaml was translated from, so
both accept the same texts.

Two differences are deliberate: a key that is given twice is an error here (kubectl silently takes the last one), and
so is an alias that expands to more than `EXPANSION_LIMIT` values (kubectl's own limit is a ratio that starts at the
same number).
"""

from __future__ import annotations

import bisect
import codecs
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

import yaml

from kubecheck.spec.errors import Position
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIZE_LIMIT: Final = 32 << 20
"""Bytes of the largest manifest that is read."""

DEPTH_LIMIT: Final = 500
"""Collections within each other. go-yaml takes 10,000 (scannerc.go, max_flow_level, max_indents), PyYAML from 6.0.4 on no more than 1,000;
below both, so that what is read does not depend on the version of a library."""

EXPANSION_LIMIT: Final = 400_000
"""Values that one document may have after its aliases are expanded, beyond those that it spells out."""


class ManifestError(Exception):
    """A manifest that Kubernetes would refuse, or that cannot be read.

    Attributes: `message` (what is wrong, and where in the object), `position` (None if the file itself could not be
    read), `line` (the source line), `remedy` (what to write instead).
    """

    def __init__(self, message: str, *, position: Position | None = None, line: str = "", remedy: str = "") -> None:
        super().__init__(message, position, line, remedy)
        self.message = message
        self.position = position
        self.line = line
        self.remedy = remedy

    def __str__(self) -> str:
        if self.position is None:
            lines = [visible(self.message)]
        else:
            lines = [visible(f"{self.position}: {self.message}"), *_snippet(self.position, self.line)]
        if self.remedy:
            lines.append(f"  help: {visible(self.remedy)}")
        return "\n".join(lines)


def _snippet(position: Position, line: str) -> list[str]:
    """The line with a caret below the value, cut to about a terminal's width around it."""
    if not line.strip():
        return []
    start, end = position.column - 1, position.end_column - 1
    if position.end_line != position.line or end <= start:
        end = max(start + 1, len(line.rstrip()) if position.end_line != position.line else start + 1)
    left = max(0, start - 60)
    right = min(len(line), max(end, start + 1) + 30, left + 100)
    # a tab must stay a tab, so that the caret stands below its character
    shown = "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line[left:right])
    indent = "".join("\t" if c == "\t" else " " for c in line[left:start])
    before, after = ("…" if left else ""), ("…" if right < len(line) else "")
    number = str(position.line)
    carets = "^" * max(1, min(end, right) - start)
    return [
        f"  {number} | {before}{shown}{after}",
        f"  {' ' * len(number)} | {' ' * len(before)}{indent}{carets}",
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A value without parts; `text` is how it was written, `quoted` whether it stood in quotes."""

    value: str | int | float | bool | None
    text: str
    quoted: bool
    position: Position
    size: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One key of a mapping: where the key stands, and its value."""

    key: Position
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """A mapping. `size` counts values with aliases expanded."""

    entries: Mapping[str, Entry]
    position: Position
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list of values."""

    items: tuple[Node, ...]
    position: Position
    size: int


Node = Scalar | Map | Sequence


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a manifest and the name that it goes by in messages."""

    name: str
    text: str
    lines: tuple[str, ...] = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)
    """Where each line begins in the text."""
    marked: bool = False
    """Whether it begins with a byte order mark; kubectl does not take such a text for JSON."""

    @classmethod
    def of(cls, data: bytes, *, name: str) -> Source:
        """Decode; raises ManifestError if `data` is no UTF-8 or holds characters that YAML forbids."""
        if len(data) > SIZE_LIMIT:
            raise ManifestError(
                f"{name} is larger than {SIZE_LIMIT >> 20} MiB",
                remedy="give the Deployments and ReplicaSets a file of their own",
            )
        try:
            text = data.decode("utf-8-sig")
            broken = None
        except UnicodeDecodeError as error:
            text, broken = data.decode("utf-8-sig", errors="replace"), error
        marked = data.startswith(codecs.BOM_UTF8)
        starts = (0, *(found.end() for found in _LINE_BREAK.finditer(text)))
        source = cls(name=name, text=text, lines=tuple(_LINE_BREAK.split(text)), starts=starts, marked=marked)
        if broken is not None:
            before = data[: broken.start].decode("utf-8-sig")
            byte = data[broken.start]
            source.fail(
                f"byte 0x{byte:02x} is not UTF-8",
                source.at(len(before)),
                remedy="save the file as UTF-8; kubectl reads nothing else",
            )
        if forbidden := _FORBIDDEN.search(text):
            what = "a NUL byte" if forbidden[0] == "\0" else f"the control character U+{ord(forbidden[0]):04X}"
            source.fail(
                f"{what} cannot stand in YAML",
                source.at(forbidden.start()),
                remedy="remove it, or write it as an escape in double quotes",
            )
        return source

    def at(self, offset: int, end: int | None = None) -> Position:
        """The position of one character of the text, or of those up to `end`."""
        line, column = self._place(offset)
        end_line, end_column = self._place(end) if end is not None else (line, column + 1)
        return Position(self.name, line, column, end_line, end_column)

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def fail(self, message: str, position: Position, *, remedy: str = "") -> NoReturn:
        """Raise a ManifestError that shows the line."""
        line = self.line(position)
        mark = next((mark for mark in _TEMPLATES if mark in line), None)
        if mark is not None:
            remedy = _TEMPLATES[mark]
        elif self.rendered and self.rendered != remedy:
            remedy = f"{remedy}; or: {self.rendered}"
        raise ManifestError(message, position=position, line=line, remedy=remedy)

    @property
    def rendered(self) -> str:
        """How to make a manifest of a text that looks like a template; nothing if it does not. `${` alone may be a shell's."""
        mark = next((mark for mark in _TEMPLATES if mark != "${" and mark in self.text), None)
        return _TEMPLATES[mark] if mark is not None else ""

    def line(self, position: Position) -> str:
        """The line of a position."""
        return self.lines[position.line - 1] if position.line <= len(self.lines) else ""


# What templates have, and what renders them.
_TEMPLATES: Final = {
    "{{": "this looks like a template; render it first, for example with `helm template DIR | kubecheck check -`",
    "{%": "this looks like a template of Jinja; render it first",
    "${": "this looks like a template; render it first, for example with `envsubst < FILE | kubecheck check -`",
}


_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Where a flow collection may mean something else to go-yaml, which reads it as libyaml before 0.2.2 did: `?` ends a plain scalar there, and
# `:` does only before a blank (go.yaml.in/yaml/v2, scannerc.go, yaml_parser_scan_plain_scalar).
_FLOW_DIFFERS: Final = re.compile(r"\?|:[^ \t\r\n]")
# Tags under which a scalar is resolved, and the values that it may have then; under any other it is a string.
_TAGGED: Final[Mapping[str, Any]] = {
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": int | float,
    "tag:yaml.org,2002:bool": bool,
    "tag:yaml.org,2002:null": type(None),
}
_MAY_DIFFER: Final = ("[", "{", "\\'")
_SLOW_LIMIT: Final = 2 << 20
_BLANKS: Final[Any] = re.compile(r"[ \t]*")
_BREAKS: Final = "\0\r\n\x85\u2028\u2029"
_BLANK: Final = "\\0 \\t\\r\\n\\x85\\u2028\\u2029"
_FLOW_WORD: Final = re.compile(rf"(?:[^{_BLANK}:,?\[\]{{}}]|:(?![{_BLANK}]))+")
# The C parser is libyaml itself; without it PyYAML's own translation reads the same language, slower.
_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_SCANNER: Final[Any] = yaml.SafeLoader


class _GoLoader(_SCANNER):  # type: ignore[misc] # the types of PyYAML's scanner do not foresee others
    """PyYAML's own scanner, slower, with the rule of go-yaml for plain scalars in flow collections, and its escape of a single quote."""

    ESCAPE_REPLACEMENTS: ClassVar[dict[str, str]] = {**_SCANNER.ESCAPE_REPLACEMENTS, "'": "'"}
    allow_simple_key: bool

    def scan_to_next_token(self) -> None:
        """Passes over blanks, tabs among them where no key can begin, comments and line breaks."""
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        while True:
            while self.peek() == " " or (self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in _BREAKS:
                    self.forward()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain(self) -> Any:
        """A plain scalar."""
        if not self.flow_level:
            return super().scan_plain()
        start = end = self.get_mark()
        chunks: list[str] = []
        spaces: list[str] = []
        while self.peek() != "#" and (word := _FLOW_WORD.match(self.buffer, self.pointer)):
            self.allow_simple_key = False
            chunks += [*spaces, word[0]]
            self.forward(len(word[0]))
            end = self.get_mark()
            blanks = _BLANKS.match(self.buffer, self.pointer)[0]
            self.forward(len(blanks))
            spaces = [blanks] if blanks and self.peek() not in _BREAKS else self.scan_plain_spaces(self.indent + 1, start)
            if not spaces:
                break
        return yaml.ScalarToken("".join(chunks), True, start, end)


def yaml_document(source: Source, text: str, begin: Position) -> Node | None:
    """The first document of a part of a text, which begins at a position; None if it is empty. Raises ManifestError."""
    return _Composer(source, begin.line - 1, begin.column - 1).document(text)


@dataclass(slots=True)
class _Open:
    """A collection whose end was not read yet."""

    anchor: str | None
    start: Any
    mapping: bool
    flow: bool
    children: list[Node] = field(default_factory=list)


class _Composer:
    """Parser events to nodes, without recursion, so that depth costs memory only; an alias is a second mention."""

    def __init__(self, source: Source, line: int, column: int) -> None:
        self._source = source
        self._line = line
        self._column = column
        self._flow_differs = False

    def _begin(self) -> Position:
        return Position(self._source.name, self._line + 1, self._column + 1, self._line + 1, self._column + 2)

    def document(self, text: str) -> Node | None:
        """The first document of a text, None if it is empty; what stands behind its end is not looked at, as by kubectl."""
        found: Node | None = None
        failure: yaml.MarkedYAMLError | None = None
        try:
            found = self._document(text, _LOADER)
        except yaml.MarkedYAMLError as error:
            failure = error
        if failure is None and not self._flow_differs:
            return found
        if any(mark in text for mark in _MAY_DIFFER) and len(text) <= _SLOW_LIMIT:
            try:
                return self._document(text, _GoLoader)
            except yaml.MarkedYAMLError as error:
                failure = failure or error
        if failure is None:
            self._source.fail(
                f"a document of more than {_SLOW_LIMIT >> 20} MiB has brackets in which ? or : stand, and those are read slowly",
                self._begin(),
                remedy="split the document, or write JSON",
            )
        mark = failure.problem_mark or failure.context_mark
        if mark and failure.context_mark and not text[mark.index :].strip():
            mark = failure.context_mark  # met the end of the text: what was not closed says more
        position = self._position(mark, mark) if mark else Position(self._source.name, 1, 1, 1, 2)
        context = f" {failure.context}" if failure.context else ""
        remedy = _syntax_remedy(failure.problem or "", self._source.line(position))
        self._source.fail(f"broken YAML: {failure.problem}{context}", position, remedy=self._source.rendered or remedy)

    def _document(self, text: str, loader: type[Any]) -> Node | None:
        anchors: dict[str, Node | None] = {}
        stack: list[_Open] = []
        spelled = flow = 0
        found: Node | None = None
        self._flow_differs = False
        for event in yaml.parse(text, Loader=loader):
            node: Node | None = None
            match event:
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    if event.anchor:
                        anchors[event.anchor] = None
                    if len(stack) == DEPTH_LIMIT:
                        self._source.fail(
                            f"more than {DEPTH_LIMIT} collections are open here",
                            self._position(event.start_mark, event.end_mark),
                            remedy="no Kubernetes object is nested so deeply: close the brackets",
                        )
                    flow += flow > 0 or bool(event.flow_style)
                    stack.append(_Open(event.anchor, event.start_mark, isinstance(event, yaml.MappingStartEvent), flow > 0))
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    opened = stack.pop()
                    flow -= flow > 0
                    end: Any = event.end_mark
                    if flow == 0 and opened.flow and _FLOW_DIFFERS.search(text, opened.start.index, end.index):
                        self._flow_differs = True
                    node = self._close(opened, end, anchors)
                case yaml.ScalarEvent():
                    node = self._scalar(event)
                    if event.anchor:
                        anchors[event.anchor] = node
                case yaml.AliasEvent():
                    node = self._alias(event, anchors)
                case yaml.DocumentEndEvent():
                    return found
            spelled += isinstance(event, yaml.NodeEvent)
            if node is None:
                continue
            if node.size - spelled > EXPANSION_LIMIT:
                self._source.fail(
                    f"the aliases of this document expand to more than {EXPANSION_LIMIT} values",
                    self._position(event.start_mark, event.end_mark),
                    remedy="write the values out, or split the document",
                )
            if stack:
                stack[-1].children.append(node)
            elif not (isinstance(node, Scalar) and node.value is None):
                found = node
        return found

    def _alias(self, event: Any, anchors: Mapping[str, Node | None]) -> Node:
        position = self._position(event.start_mark, event.end_mark)
        if event.anchor not in anchors:
            self._source.fail(
                f"alias *{event.anchor} has no anchor before it",
                position,
                remedy=f"mark the value with &{event.anchor}, earlier in the same document",
            )
        node = anchors[event.anchor]
        if node is None:
            self._source.fail(f"anchor &{event.anchor} contains itself", position, remedy="write the value out")
        return node

    def _close(self, opened: _Open, end_mark: Any, anchors: dict[str, Node | None]) -> Node:
        position = self._position(opened.start, end_mark)
        size = 1 + sum(child.size for child in opened.children)
        node: Node
        if opened.mapping:
            node = Map(self._entries(opened.children), position, size)
        else:
            node = Sequence(tuple(opened.children), position, size)
        if opened.anchor:
            anchors[opened.anchor] = node
        return node

    def _entries(self, children: list[Node]) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if isinstance(key, Scalar) and key.value == "<<" and not key.quoted:
                for name, entry in self._merge(value):
                    merged.setdefault(name, entry)
                continue
            name = self._key(key)
            if name in entries:
                self._source.fail(
                    f"the key {name} is given twice, first in line {entries[name].key.line}",
                    key.position,
                    remedy="keep one of the two; kubectl would silently take the last one",
                )
            entries[name] = Entry(key.position, value)
        return merged | entries if merged else entries

    def _merge(self, value: Node) -> Iterator[tuple[str, Entry]]:
        for part in value.items if isinstance(value, Sequence) else (value,):
            if not isinstance(part, Map):
                self._source.fail(
                    "<< merges mappings, and this is none", part.position, remedy="give an alias of a mapping"
                )
            yield from part.entries.items()

    def _key(self, key: Node) -> str:
        if isinstance(key, Scalar) and key.value is not None:
            match key.value:
                case bool():
                    return "true" if key.value else "false"
                case float() | int():
                    return str(key.value)
                case _:
                    return key.value
        self._source.fail("a key must be a string", key.position, remedy="put the key in quotes")

    def _scalar(self, event: Any) -> Scalar:
        position = self._position(event.start_mark, event.end_mark)
        text: str = event.value
        wanted = _TAGGED.get(event.tag or "")
        if wanted is None and (event.tag or event.style in ("'", '"', "|", ">")):
            return Scalar(text, text, True, position)
        value = resolve(text)
        if wanted is not None and (not isinstance(value, wanted) or isinstance(value, bool) is not (wanted is bool)):
            self._source.fail(f"this is not what its tag {event.tag} says", position, remedy="leave the tag out, or change the value")
        if isinstance(value, float) and not math.isfinite(value):
            self._source.fail("this number cannot be written in JSON", position, remedy="put it in quotes, or write another one")
        return Scalar(value, text, False, position)

    def _position(self, start: Any, end: Any) -> Position:
        """Marks count from 0, and from the start of the piece."""
        first = start.column + (self._column if start.line == 0 else 0)
        last = end.column + (self._column if end.line == 0 else 0)
        line, end_line = self._line + start.line, self._line + end.line
        if (end_line, last) <= (line, first):
            end_line, last = line, first + 1
        return Position(self._source.name, line + 1, first + 1, end_line + 1, last + 1)


def _syntax_remedy(problem: str, line: str) -> str:
    """What usually leads to this error."""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces; YAML takes no tabs"
    if "mapping values are not allowed" in problem:
        return "check the indentation, and put a value that contains `: ` in quotes"
    if "find expected" in problem or "unexpected end" in problem:
        return "check the indentation and the closing quotes and brackets, here and in the lines above"
    return "check the syntax, here and in the lines above"


_WORDS: Final[Mapping[str, bool | float | None]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER: Final = re.compile(r"[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DIGITS_LIMIT: Final = 400


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar by go-yaml's rules; integers past 64 bits become floats, as there."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _DIGITS_LIMIT:
        return text
    plain = text.replace("_", "") if text[0] != "." else text
    if _INTEGER.fullmatch(plain):
        sign, digits = (-1 if plain[0] == "-" else 1), plain.lstrip("+-")
        if digits.startswith("0") and digits[1:].isdigit():
            digits = "0o" + digits[1:]
        value = sign * int(digits, 0)
        if -(1 << 63) <= value < (1 << 64):
            return value
    if _FLOAT.fullmatch(plain):
        return float(plain)
    return text
