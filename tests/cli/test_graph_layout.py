"""Which way a picture goes, and that one which nobody can look at is announced."""

from __future__ import annotations

from collections.abc import Iterable

from kubecheck.checker.graph.graph import Acting, Coverage, Edge, Graph, Node
from kubecheck.cli.graphs.dot import draw
from kubecheck.cli.graphs.layout import levels


def graph(nodes: int, edges: Iterable[tuple[int, int]], view: str = "full", lines: int = 2) -> Graph:
    return Graph(
        spec="toy",
        scope={},
        view=view,
        title="",
        actions=[Acting(name="go", actor="a", kind="component")],
        coverage=Coverage(states=nodes, edges=0, all_states=nodes, all_edges=0),
        nodes=[Node(id=i, name=str(i), text=["a line of some length"] * lines) for i in range(nodes)],
        edges=[Edge(source=s, target=t, actor="a", action="go") for s, t in edges],
    )


def star(leaves: int) -> list[tuple[int, int]]:
    return [(0, i) for i in range(1, leaves + 1)]


def chain(length: int) -> list[tuple[int, int]]:
    return [(i, i + 1) for i in range(length - 1)]


def test_what_is_wide_goes_to_the_right_and_what_is_long_goes_down() -> None:
    assert "rankdir=LR" in draw(graph(41, star(40))).text
    assert "rankdir=TB" in draw(graph(40, chain(40))).text
    assert "rankdir=TB" in draw(graph(6, star(5))).text
    assert "rankdir=TB" in draw(graph(41, star(40), view="path")).text


def test_a_huge_picture_has_a_note() -> None:
    assert draw(graph(41, star(40))).notes == []
    [note] = draw(graph(301, star(300))).notes
    assert note == (
        "the picture is some 18,000 points long, more than anybody can look at: --view path, a smaller --depth, a coarser --by, "
        "or `kubecheck explore`"
    )
    [note] = draw(graph(80, chain(80), view="path")).notes
    assert note.endswith(" points long, more than anybody can look at: a smaller --limit, or `kubecheck explore`")
    assert draw(graph(20, chain(20), view="path")).notes == []


def test_levels_are_distances_from_the_first_node_and_loops_end() -> None:
    drawn = graph(6, [(0, 1), (1, 2), (2, 0), (0, 3), (3, 2), (4, 5)])
    assert levels(list(drawn.nodes), list(drawn.edges)) == {0: 0, 1: 1, 3: 1, 2: 2, 4: 0, 5: 1}
