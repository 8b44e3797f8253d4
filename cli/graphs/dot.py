"""A graph in the language of Graphviz. The same graph gives the same bytes."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import graphviz

from kubecheck.checker.graph.graph import Role
from kubecheck.cli.graphs.layout import layout
from kubecheck.cli.graphs.style import GREY, PALE, PALE_RED, RED, Line, lines
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubecheck.checker.graph.graph import Edge, Graph, Node

_FONT: Final = "Helvetica,Arial,sans-serif"
_CROSS: Final = "\N{BALLOT X} "
_WIDTH: Final = 52  # characters of a line in a node
_EDGE: Final = 30  # characters of a line at an edge
_BREAK: Final = '<br align="left"/>'


@dataclass(frozen=True)
class Drawing:
    """A picture in Graphviz's language; `notes` are what to know of it before looking at it."""

    text: str
    notes: list[str]


def dot(graph: Graph) -> str:
    """The graph as DOT. It is held in memory: pictures are small."""
    return draw(graph).text


def draw(graph: Graph) -> Drawing:
    """The graph as DOT, and a note if it will be too large to be looked at."""
    styles = lines(graph.actors)
    nodes, edges = list(graph.nodes), list(graph.edges)
    plan = layout(graph, nodes, edges, {node.id: _wrapped([node.name, *node.why, *node.text]) for node in nodes})
    drawing = graphviz.Digraph(
        name=graphviz.escape(visible(graph.spec)),  # in quotes, whatever is in it
        graph_attr={
            "label": _legend(graph, nodes, edges, styles),
            "labelloc": "t",
            "labeljust": "l",
            "fontname": _FONT,
            "fontsize": "10",
            "rankdir": plan.rankdir,
            "nodesep": "0.3",
            "ranksep": "0.45",
            "bgcolor": "white",
            # the order of the edges is the order from left to right: the path stays between its alternatives
            **({"ordering": "out"} if graph.view == "path" else {}),
        },
        node_attr={"shape": "box", "style": "rounded", "fontname": _FONT, "fontsize": "10", "margin": "0.1,0.06"},
        edge_attr={"fontname": _FONT, "fontsize": "9", "arrowsize": "0.7"},
    )
    broken = {edge.target: edge.violates for edge in edges if edge.on_path and edge.violates}
    for node in nodes:
        drawing.node(f"n{node.id}", **_node(node, broken.get(node.id, []), counted=graph.view == "quotient"))
    for source, target, group in _grouped(edges, apart=graph.view == "path"):
        drawing.edge(f"n{source}", f"n{target}", **_edge(group, styles, graph))
    notes = []
    if plan.is_huge:
        smaller = "a smaller --limit" if graph.view == "path" else "--view path, a smaller --depth, a coarser --by"
        notes.append(
            f"the picture is some {round(plan.length, -3):,} points long, more than anybody can look at: "
            f"{smaller}, or `kubecheck explore`"
        )
    return Drawing(str(drawing.source), notes)


def _node(node: Node, broken: list[str], *, counted: bool) -> dict[str, str]:
    """`broken` are the step invariants that the path's step to this node violates."""
    marks = [*_marks(node), *(f"the step to here violates {name}" for name in broken)]
    heads = [_bold(head) for head in (node.name, *marks) if head]
    heads += [f'<font color="{RED}">{_text(line)}</font>' for line in _wrapped(node.why)]
    body = [_text(line) for line in _wrapped(node.text)]
    if counted:
        count = f"{node.states:,} state{'' if node.states == 1 else 's'}"
        inside = f", {node.inside:,} step{'' if node.inside == 1 else 's'} inside" if node.inside else ""
        body.append(_text(count + inside))
    wrong = node.violates or node.error or broken
    found = {"label": f"<{''.join(part + _BREAK for part in [*heads, *body])}>" if heads or body else '" "'}
    if wrong:
        found |= {"color": RED, "fillcolor": PALE_RED, "style": "filled,rounded", "penwidth": "3"}
    elif node.role is Role.CENTRE:
        found |= {"fillcolor": PALE, "style": "filled,rounded", "penwidth": "2"}
    elif node.role is Role.FOLD:
        found |= {"color": GREY, "style": "dashed"}
    elif node.role is Role.ALTERNATIVE:
        found |= {"color": GREY, "fontcolor": "#404040", "fontsize": "8", "margin": "0.08,0.05"}
    if node.initial:
        found |= {"penwidth": "2.5"} if not wrong else {}
    if node.quiescent:
        found |= {"peripheries": "2"}
    if node.role in (Role.PATH, Role.FOLD):
        found |= {"group": "path"}
    return found


def _marks(node: Node) -> list[str]:
    """What must be read even where neither colour nor line is seen."""
    told = []
    if node.initial and node.name != "start":
        told.append("initial")
    if node.quiescent:
        told.append("quiescent" if node.states == 1 else "some quiescent")
    if node.violates:
        told.append(f"{'' if node.states == 1 else 'some '}violates {', '.join(node.violates)}")
    if node.error:
        told.append("a value leaves its type")
    return told


def _grouped(edges: Iterable[Edge], *, apart: bool) -> list[tuple[int, int, list[Edge]]]:
    """Edges between the same nodes by the same actor as one, in the order in which the first of them comes; a path's own stay alone."""
    found: dict[tuple[int, int, str, bool, bool], list[Edge]] = {}
    for edge in edges:
        key = (edge.source, edge.target, edge.actor, edge.on_path and apart, bool(edge.violates))
        found.setdefault(key, []).append(edge)
    return [(source, target, group) for (source, target, *_), group in found.items()]


def _edge(group: list[Edge], styles: dict[str, Line], graph: Graph) -> dict[str, str]:
    first = group[0]
    line = styles[first.actor]
    faults = _faults(graph)
    # the blanks keep it off the line
    told = [
        f" {_text(part)} "
        for edge in group
        for part in _broken(_action(edge, fault=edge.action in faults, counted=graph.view == "quotient"))
    ]
    told += [_bold(f"violates {name}") for name in dict.fromkeys(name for edge in group for name in edge.violates)]
    found = {
        "label": f"<{''.join(part + _BREAK for part in told)}>",
        "color": line.colour,
        "style": line.style,
        "arrowhead": line.arrowhead,
    }
    if graph.view == "path":
        if first.on_path:
            found |= {"penwidth": "2.5", "weight": "100"}
        else:
            found |= {"fontsize": "8", "fontcolor": "#404040"}
    if first.violates:
        found |= {"color": RED, "penwidth": "4", "fontcolor": RED}
    return found


def _faults(graph: Graph) -> set[str]:
    return {action.name for action in graph.actions if action.kind == "fault"}


def _action(edge: Edge, *, fault: bool, counted: bool) -> str:
    """`create(pod-1, server=1) x12`: a value that says by itself what it is goes without its name; a fault has a cross."""
    values = (v if v.startswith(name.replace("_", "-")) else f"{name}={v}" for name, v in edge.parameters.items())
    told = ", ".join(values)
    called = f"{_CROSS * fault}{edge.action}({told})" if told else f"{_CROSS * fault}{edge.action}"
    return f"{called} \N{MULTIPLICATION SIGN}{edge.count:,}" if counted else called


def _broken(action: str) -> list[str]:
    """A long action in two lines, of which the second has its parameters."""
    name, bracket, rest = action.partition("(")
    return [action] if len(action) <= _EDGE or not bracket else [f"{name}(", f"\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}{rest}"]


def _legend(graph: Graph, nodes: list[Node], edges: list[Edge], styles: dict[str, Line]) -> str:
    """The title, what is left out, the actors that occur with their lines, and the marks that occur."""
    rows = [_bold(f"{graph.spec}: {graph.title}")]
    rows += [_text(sentence) for sentence in (*graph.coverage.sentences(), *graph.notes)]
    acting = {edge.actor for edge in edges}
    actors = [
        f'<font color="{line.colour}">{_text(line.sample)}</font> {_text(actor)}'
        for actor, line in styles.items()
        if actor in acting
    ]
    marks = [
        word
        for word, there in (
            ("thick border: initial", any(n.initial for n in nodes)),
            ("double border: quiescent (no component can change anything)", any(n.quiescent for n in nodes)),
            (
                "filled with a thick border: a property is violated",
                any(n.violates or n.error for n in nodes) or any(e.violates and e.on_path for e in edges),
            ),
            ("thick and red: a step that violates a property", any(e.violates for e in edges)),
            (f"{_CROSS.strip()} a fault", any(e.action in _faults(graph) for e in edges)),
            ("filled: the state that was asked for", any(n.role is Role.CENTRE for n in nodes)),
            (
                "small: what else could have happened, and what it would have changed",
                any(n.role is Role.ALTERNATIVE for n in nodes),
            ),
        )
        if there
    ]
    if actors:
        rows += ["   ".join(actors[i : i + 4]) for i in range(0, len(actors), 4)]
    rows += [_text("; ".join(marks[i : i + 2])) for i in range(0, len(marks), 2)]
    return f"<{''.join(row + _BREAK for row in [*rows, ' '])}>"


def _wrapped(text: list[str]) -> list[str]:
    """Lines of at most the width of a node. What is further in stays so: blanks at the beginning of a line are lost in SVG."""
    found: list[str] = []
    for told in text:
        indent = told[: len(told) - len(told.lstrip())]
        for line in textwrap.wrap(told, _WIDTH, subsequent_indent=f"{indent}  ", break_on_hyphens=False) or [""]:
            blanks = len(line) - len(line.lstrip())
            found.append("\N{NO-BREAK SPACE}" * blanks + line[blanks:])
    return found


def _bold(text: str) -> str:
    return f"<b>{_text(text)}</b>"


def _text(text: str) -> str:
    return html.escape(visible(text))
