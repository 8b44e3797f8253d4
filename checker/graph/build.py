"""Building a small graph, node by node: texts, marks, and the edges that are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from kubecheck.checker.graph.expander import Expander, Marks, Words
from kubecheck.checker.graph.graph import Coverage, Edge, Graph, Node, Role, acting
from kubecheck.checker.graph.labels import Labels
from kubecheck.checker.graph.totals import Totals


@dataclass(frozen=True)
class _Planned:
    """A node before its marks and its text are known; `text` None: what the labels say."""

    number: int
    name: str
    role: Role
    depth: int | None
    text: list[str] | None
    why: list[str]
    states: int = 1


class Builder:
    """What a view of a few hundred states is put together in. The caller adds to `edges`, and counts in `loops` and `merged`."""

    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self.labels = Labels(expander.spec)
        self._rows: list[Words] = []
        self._places: dict[int, int] = {}
        self._marks: Marks | None = None
        self._nodes: list[_Planned] = []
        self.edges: list[Edge] = []
        self.loops = 0
        self.merged = 0

    def node(
        self,
        row: Words,
        *,
        name: str,
        role: Role,
        depth: int | None,
        text: list[str] | None = None,
        why: list[str] | None = None,
        number: int | None = None,
    ) -> int:
        """Add a state; returns its id, `number` if it is given. Without `text` it says what the labels say."""
        return self._add(row, _Planned(len(self._nodes) if number is None else number, name, role, depth, text, why or []))

    def fold(self, row: Words, *, name: str, states: int) -> int:
        """Add one node in place of so many states, of which `row` is the first; returns its id."""
        return self._add(row, _Planned(len(self._nodes), name, Role.FOLD, None, [f"{states} states that are not drawn"], [], states))

    def _add(self, row: Words, planned: _Planned) -> int:
        self._places[planned.number] = len(self._rows)
        self._rows.append(row)
        self._nodes.append(planned)
        return planned.number

    @property
    def last(self) -> int:
        """The id of the node that was added last."""
        return self._nodes[-1].number

    def step(self, source: int, target: int, instance: int, *, on_path: bool = False) -> Edge:
        """An edge for a step; the caller decides where it goes in `edges`."""
        action, parameters = self._expander.instance(instance)
        return Edge(
            source=source,
            target=target,
            actor=action.actor,
            action=action.name,
            parameters=parameters,
            on_path=on_path,
        )

    def graph(self, view: str, title: str, totals: Totals, notes: list[str] | None = None) -> Graph:
        """The graph of everything that was added."""
        spec = self._expander.spec
        nodes = self._finished()
        edges = self._edges()
        states = len({row.tobytes() for row, n in zip(self._rows, self._nodes, strict=True) if n.role is not Role.FOLD})
        return Graph(
            spec=spec.name,
            scope=dict(spec.scope),
            view=view,
            title=title,
            actions=acting(spec.actions),
            coverage=Coverage(
                states=states,
                edges=len(self.edges),
                all_states=max(totals.states, states),
                all_edges=None if totals.edges is None else max(totals.edges, len(self.edges)),
                stopped=totals.stopped,
                loops=self.loops,
                merged=self.merged,
            ),
            nodes=nodes,
            edges=edges,
            notes=notes or [],
        )

    def _edges(self) -> list[Edge]:
        """The edges, those that violate a step invariant marked."""
        found = []
        for edge in self.edges:
            source, target = self._places[edge.source], self._places[edge.target]
            if Role.FOLD in (self._nodes[source].role, self._nodes[target].role):
                found.append(edge)
                continue
            mask = 0 if self._marks is None else int(self._marks.violated[source])
            broken = self._expander.violated_by_step(mask, self._rows[source], self._rows[target])
            found.append(msgspec.structs.replace(edge, violates=broken) if broken else edge)
        return found

    def _finished(self) -> list[Node]:
        if not self._nodes:
            return []
        expander = self._expander
        rows = np.array(self._rows, np.uint64).reshape(-1, expander.words)
        marks = self._marks = expander.marks(rows)
        initial = {row.tobytes() for row in expander.initial}
        states = [expander.unpack(row) for row in rows]
        texts = [self.labels.state(s) if n.text is None else n.text for s, n in zip(states, self._nodes, strict=True)]
        alike: dict[tuple[str, ...], list[int]] = {}
        for i, (text, node) in enumerate(zip(texts, self._nodes, strict=True)):
            if node.text is None:
                alike.setdefault(tuple(text), []).append(i)
        for group in alike.values():
            if len(group) > 1:
                for i, more in zip(group, self.labels.apart([states[i] for i in group]), strict=True):
                    texts[i] = [*texts[i], *more]
        return [
            Node(id=planned.number, name=planned.name, text=texts[i], role=planned.role, states=planned.states)
            if planned.role is Role.FOLD
            else Node(
                id=planned.number,
                name=planned.name,
                text=texts[i],
                depth=planned.depth,
                initial=rows[i].tobytes() in initial,
                quiescent=bool(marks.quiescent[i]),
                violates=expander.violated(int(marks.violated[i])),
                error=bool(marks.error[i]),
                why=planned.why,
                role=planned.role,
                state=msgspec.Raw(expander.json(rows[i]).encode()),
            )
            for i, planned in enumerate(self._nodes)
        ]
