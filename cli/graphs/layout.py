"""How large a picture will be, before it is drawn: whether its levels go down or to the right, and whether anybody can look at it.

Graphviz lays nodes out in levels. A picture is about as wide as its widest level from above, or as all levels together from the left; both
are worked out from the texts, roughly, and the direction is taken in which the longer side is shorter.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubecheck.checker.graph.graph import Edge, Graph, Node

HUGE: Final = 4_000
"""Points from which on a picture is more than people can look at: four screens, one below the other."""

_CHARACTER: Final = 5  # points that a letter is wide, a line is high, and what is between nodes and between levels
_LINE: Final = 12
_BETWEEN: Final = 24
_LEVEL: Final = 34


@dataclass(frozen=True)
class Layout:
    """The direction in which Graphviz is to lay out a picture, and how long its longer side will be in points, roughly."""

    rankdir: str
    length: int

    @property
    def is_huge(self) -> bool:
        """Whether it is more than people can look at."""
        return self.length > HUGE


def layout(graph: Graph, nodes: Sequence[Node], edges: Sequence[Edge], texts: Mapping[int, Sequence[str]]) -> Layout:
    """The layout of a graph whose nodes have these lines of text. A path goes down, however long it is."""
    ranks = levels(nodes, edges)
    wide: dict[int, list[int]] = defaultdict(list)
    high: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        lines = texts[node.id]
        wide[ranks[node.id]].append(max(map(len, lines), default=0) * _CHARACTER + _BETWEEN)
        high[ranks[node.id]].append(max(1, len(lines)) * _LINE + _BETWEEN)
    labels: dict[tuple[int, int], int] = defaultdict(int)  # lines of text between two nodes
    longest = 0
    for edge in edges:
        if edge.source != edge.target:
            labels[edge.source, edge.target] += 1
            longest = max(longest, min(_LONGEST, len(edge.action) + sum(len(v) + 2 for v in edge.parameters.values())))
    between = _LEVEL + max(labels.values(), default=0) * _LINE
    down = max(max(map(sum, wide.values()), default=0), sum(map(max, high.values())) + len(high) * between)
    right = max(
        max(map(sum, high.values()), default=0),
        sum(map(max, wide.values())) + len(wide) * (_LEVEL + longest * _CHARACTER),
    )
    if graph.view == "path" or down <= max(right, _COMFORTABLE):
        return Layout("TB", down)
    return Layout("LR", right)


_LONGEST: Final = 34  # letters of a line at an edge
_COMFORTABLE: Final = 1_600  # points that fit on a screen: no reason to turn a picture


def levels(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[int, int]:
    """How far each node is from the first one of those that reach it: about the level that Graphviz gives it."""
    following: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        following[edge.source].append(edge.target)
    found: dict[int, int] = {}
    for node in nodes:
        front = [node.id] if node.id not in found else []
        rank = 0
        while front:
            found |= dict.fromkeys(front, rank)
            front = list(dict.fromkeys(t for n in front for t in following[n] if t not in found))
            rank += 1
    return found
