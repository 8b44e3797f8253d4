"""A graph as JSON and as GraphML, made piece by piece: a whole state space is written without being held as text.

JSON follows the node-link form that networkx and D3 read; docs/graph.md describes it. GraphML is that of Brandes and others,
"GraphML Progress Report" (2001), with an attribute for each field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import msgspec

from kubecheck.cli.output import json_bytes
from kubecheck.cli.versions import kubecheck_version
from kubecheck.spec.visible import visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubecheck.checker.graph.graph import Edge, Graph, Node

VERSION: Final = 1
"""Of the JSON form; it grows when a field is removed or changes its meaning."""

_NO_STATE: Final = msgspec.Raw(b"")
_PLAIN: Final = re.compile(r"[\n\x20-\x25\x27-\x3b\x3d\x3f-\x7e]*").fullmatch  # neither & < > nor what is not printable
_MOST_KINDS: Final = 1 << 16
_PIECE: Final = 1 << 12  # nodes or edges that are written at once


def json(graph: Graph) -> Iterator[bytes]:
    """The graph as JSON: what it is, then its nodes, then its edges, one a line."""
    fast = msgspec.json.Encoder(enc_hook=str).encode

    def encode(value: dict[str, Any]) -> bytes:
        try:
            data = fast(value)
        except UnicodeEncodeError:
            return json_bytes(value)
        return data if data.isascii() and b"\x7f" not in data else json_bytes(value)

    about = {"directed": True, "multigraph": True, "graph": _about(graph)}
    yield encode(about)[:-1] + b',"nodes":[\n'
    yield from _joined(encode(_node(node)) for node in graph.nodes)
    yield b'\n],"edges":[\n'
    yield from _joined(encode(_edge(edge)) for edge in graph.edges)
    yield b"\n]}\n"


def graphml(graph: Graph) -> Iterator[bytes]:
    """The graph as GraphML; a node's text, marks and state are attributes of text."""
    about = _about(graph)
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for owner, names in (("graph", _ABOUT), ("node", _NODE), ("edge", _EDGE)):
        for name, kind in names.items():
            yield f'<key id="{owner}-{name}" for="{owner}" attr.name="{name}" attr.type="{kind}"/>\n'.encode()
    yield b'<graph edgedefault="directed">\n'
    yield _data("graph", _flat(about, _ABOUT)).encode() + b"\n"
    yield from _joined(
        (f'<node id="n{node.id}">{_data("node", _flat(_node(node), _NODE))}</node>'.encode() for node in graph.nodes),
        b"\n",
    )
    yield b"\n"
    texts: dict[tuple[object, ...], str] = {}  # of edges there are few kinds, and millions of each

    def edge_text(edge: Edge) -> str:
        kind = (edge.actor, edge.action, *edge.parameters.items(), edge.count, edge.on_path, *edge.violates)
        found = texts.get(kind)
        if found is None:
            found = _data("edge", _flat(_edge(edge), _EDGE))
            if len(texts) < _MOST_KINDS:
                texts[kind] = found
        return found

    yield from _joined(
        (
            f'<edge source="n{edge.source}" target="n{edge.target}">{edge_text(edge)}</edge>'.encode()
            for edge in graph.edges
        ),
        b"\n",
    )
    yield b"\n</graph>\n</graphml>\n"


_ABOUT: Final = {"spec": "string", "view": "string", "title": "string", "coverage": "string", "kubecheck": "string"}
_NODE: Final = {
    "name": "string",
    "text": "string",
    "depth": "int",
    "initial": "boolean",
    "quiescent": "boolean",
    "violates": "string",
    "error": "boolean",
    "why": "string",
    "role": "string",
    "states": "int",
    "inside": "int",
    "state": "string",
}
_EDGE: Final = {
    "actor": "string",
    "action": "string",
    "parameters": "string",
    "count": "int",
    "on_path": "boolean",
    "violates": "string",
}


def _about(graph: Graph) -> dict[str, Any]:
    coverage = graph.coverage
    return {
        "format": "kubecheck-graph",
        "version": VERSION,
        "kubecheck": kubecheck_version(),
        "spec": graph.spec,
        "scope": graph.scope,
        "view": graph.view,
        "title": graph.title,
        "actions": graph.actions,
        "states": coverage.states,
        "edges": coverage.edges,
        "states_left_out": coverage.states_left_out,
        "edges_left_out": coverage.edges_left_out,
        "totals_are_exact": not coverage.stopped,
        "coverage": "; ".join(coverage.sentences()),
        "notes": graph.notes,
    }


def _node(node: Node) -> dict[str, Any]:
    """A node, without what is as usual."""
    found: dict[str, Any] = {"id": node.id}
    if node.name and node.name != str(node.id):
        found["name"] = node.name
    if node.text:
        found["text"] = node.text
    if node.depth is not None:
        found["depth"] = node.depth
    for mark in ("initial", "quiescent", "error"):
        if getattr(node, mark):
            found[mark] = True
    if node.violates:
        found["violates"] = node.violates
    if node.why:
        found["why"] = node.why
    if node.role != "state":
        found["role"] = node.role
    if node.states != 1 or node.inside:
        found |= {"states": node.states, "inside": node.inside}
    if node.state != _NO_STATE:
        found["state"] = node.state
    return found


def _edge(edge: Edge) -> dict[str, Any]:
    found: dict[str, Any] = {
        "source": edge.source,
        "target": edge.target,
        "actor": edge.actor,
        "action": edge.action,
    }
    if edge.parameters:
        found["parameters"] = edge.parameters
    if edge.count != 1:
        found["count"] = edge.count
    if edge.on_path:
        found["on_path"] = True
    if edge.violates:
        found["violates"] = edge.violates
    return found


def _flat(fields: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The fields that GraphML has attributes for, lists and objects as text."""
    found = {}
    for name in names:
        value = fields.get(name)
        if isinstance(value, list):
            value = "\n".join(map(visible, value))
        elif isinstance(value, str):
            value = visible(value)
        elif isinstance(value, dict):
            value = visible(", ".join(f"{key}={each}" for key, each in value.items()))
        elif isinstance(value, msgspec.Raw):
            value = bytes(value).decode()
        if value is not None:
            found[name] = value
    return found


def _data(owner: str, values: dict[str, Any]) -> str:
    texts = ((name, str(value).lower() if value is True or value is False else str(value)) for name, value in values.items())
    return "".join([f'<data key="{owner}-{name}">{_escaped(text)}</data>' for name, text in texts])


def _escaped(text: str) -> str:
    """Text as XML has it; most of it has nothing that must be written otherwise, which is found out faster than it is replaced."""
    return text if _PLAIN(text) else escape(visible_lines(text))


def _joined(texts: Iterable[bytes], between: bytes = b",\n") -> Iterator[bytes]:
    """The texts with something between them, many at a time."""
    first = True
    piece: list[bytes] = []
    for text in texts:
        piece.append(text)
        if len(piece) == _PIECE:
            yield (b"" if first else between) + between.join(piece)
            piece, first = [], False
    if piece:
        yield (b"" if first else between) + between.join(piece)
