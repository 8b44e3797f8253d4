"""A text to its documents, told apart as kubectl does: JSON objects one after another, or YAML between lines of `---`.

Read in Kubernetes 1.36: k8s.io/apimachinery/pkg/util/yaml/decoder.go (YAMLOrJSONDecoder.Decode, YAMLReader.Read). A document is parsed
alone: what stands before the first `---` is one, also a directive, and anchors and byte order marks are those of a document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from kubecheck.model.manifest_json import NoJsonError, value
from kubecheck.model.manifest_source import ManifestError, Node, Scalar, Source, yaml_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubecheck.spec.errors import Position

_SYNTAX: Final = "check the syntax, here and just before; JSON has no comments and no comma after the last element"
_JSON_AT_MOST_UNTIL_YAML: Final = 1
"""Objects after which a text that goes on otherwise may still be YAML."""


def documents(source: Source) -> Iterator[Node]:
    """The documents, those passed over that are empty. Raises ManifestError where the text is neither JSON nor YAML."""
    begin, count = 0, 0
    broken: NoJsonError | None = None
    text = source.text
    while not source.marked and (rest := text[begin:].lstrip()) and (count or rest.startswith("{")):
        start = len(text) - len(rest)
        try:
            node, begin = value(source, start)
        except NoJsonError as error:
            broken = error
            if count > _JSON_AT_MOST_UNTIL_YAML:
                _refuse(source, error)
            break
        count += 1
        if not _is_null(node):
            yield node
    if count and not text[begin:].strip():
        return
    for position, piece in _pieces(source, begin):
        if _is_empty(piece):
            continue
        try:
            found = yaml_document(source, piece, position)
        except ManifestError:
            if broken is not None:
                _refuse(source, broken)
            raise
        if found is not None:
            yield found
        broken = None


def _is_empty(piece: str) -> bool:
    """Whether there are only comments and blanks."""
    lines = (line.removeprefix("---").lstrip(" ") for line in piece.split("\n"))
    return all(not line or line.startswith("#") for line in lines)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _refuse(source: Source, error: NoJsonError) -> NoReturn:
    offset = max(min(error.offset, len(source.text.rstrip()) - 1), 0)
    source.fail(f"broken JSON: {error.cause}", source.at(offset), remedy=source.rendered or _SYNTAX)


def _pieces(source: Source, begin: int) -> Iterator[tuple[Position, str]]:
    """The documents of YAML text from an offset on, each with the position at which it begins.

    Raises ManifestError for a separator with something behind it.
    """
    if begin:  # what is left of the line of a JSON object is white, or a document begins there
        rest, newline, _ = source.text[begin:].partition("\n")
        begin += len(rest) + len(newline) if not rest.strip() else 0
    piece: list[str] = []
    start = offset = begin
    for line in source.text[begin:].split("\n"):
        if line.startswith("---"):
            behind = line[3:].strip()
            if behind and not behind.startswith("#"):
                at = source.at(offset + line.index(behind, 3))
                source.fail("a document cannot begin on the line of its `---`", at, remedy="begin the document on the next line")
            if piece:
                yield source.at(start), "\n".join(piece) + "\n"
                piece, start = [], offset + len(line) + 1
                offset = start
                continue
        piece.append(line)
        offset += len(line) + 1
    if piece:
        yield source.at(min(start, len(source.text))), "\n".join(piece)
