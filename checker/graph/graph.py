"""A graph as it is drawn or written: nodes, edges, and how much of the state space they leave out.

Everything here is plain data, so that writing it as DOT, JSON or GraphML needs no knowledge of the spec. Nodes and edges may be made
while they are written: a whole state space need not be in memory as text.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from kubecheck.spec import Action


class Role(enum.StrEnum):
    """What a node is in its view: on the path, possible beside it, what was asked for, many states of a path in one, or just a state."""

    PATH = "path"
    ALTERNATIVE = "alternative"
    CENTRE = "centre"
    FOLD = "fold"
    STATE = "state"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A state, or a class of states.

    `name` is what a reader may call it ("step 3", or the state's number in breadth-first order). `text` are lines that say what the
    state is like. `depth` is its distance from the initial states. `violates` names properties that are false in it (of a class, in one
    of its states); `error` says that a value leaves its type in it or in a step from it; `why` are lines that say of the end of a path
    which condition is false there, with which values. `states` is how many states it stands for, `inside` how many steps lead from one
    of them to another. `state` is the whole state as JSON text.
    """

    id: int
    name: str
    text: list[str]
    depth: int | None = None
    initial: bool = False
    quiescent: bool = False
    violates: list[str] = []
    error: bool = False
    why: list[str] = []
    role: Role = Role.STATE
    states: int = 1
    inside: int = 0
    state: msgspec.Raw = msgspec.Raw(b"")


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A step; or `count` steps of one action between two classes, then without parameters. `violates` names step invariants."""

    source: int
    target: int
    actor: str
    action: str
    parameters: dict[str, str] = {}
    count: int = 1
    on_path: bool = False
    violates: list[str] = []


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """An action of the spec: who takes it, and whether he is a component, the environment or a fault."""

    name: str
    actor: str
    kind: str


def acting(actions: Iterable[Action]) -> list[Acting]:
    """The actions of a spec as a graph has them."""
    return [Acting(name=action.name, actor=action.actor, kind=str(action.kind)) for action in actions]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What is in the graph and what is not. A step that changes nothing is no edge: `loops` counts these.

    The totals are those of the whole state space; `stopped` says why they are only a lower bound, and is empty if they are exact.
    `all_edges` is None where nobody counted them.
    `merged` is how many states the symmetric duplicates were that are shown as one with another. In a quotient, `classes` is how many
    nodes stand for all the states.
    """

    states: int
    edges: int
    all_states: int
    all_edges: int | None
    stopped: str = ""
    loops: int = 0
    merged: int = 0
    classes: int | None = None

    @property
    def states_left_out(self) -> int:
        """States of the space that no node stands for."""
        return max(0, self.all_states - self.states)

    @property
    def edges_left_out(self) -> int | None:
        """Steps of the space that no edge stands for; None where nobody counted them."""
        return None if self.all_edges is None else max(0, self.all_edges - self.edges)

    def sentences(self) -> list[str]:
        """What is shown and what is left out, in words."""
        least = "at least " if self.stopped else ""
        shown = "shown" if self.classes is None else f"in {_number(self.classes, 'class')}"
        edges = self.edges_left_out
        told = "their edges" if edges is None else f"{least}{_number(edges, 'edge')}"
        found = [
            f"{_number(self.states, 'state')} and {_number(self.edges, 'edge')} {shown}; "
            f"{least}{_number(self.states_left_out, 'state')} and {told} left out"
        ]
        if self.stopped:
            found.append(f"the rest was not counted: {self.stopped}")
        if self.merged:
            found.append(f"{_number(self.merged, 'symmetric duplicate')} merged with a state that is shown")
        if self.loops:
            found.append(
                f"{_number(self.loops, 'step')} that {'changes' if self.loops == 1 else 'change'} nothing not drawn"
            )
        return found


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A view of a spec's state space.

    `title` says what is shown; `actions` are all of the spec, each with its actor and kind, in its order; `notes` are what a reader must
    know besides.
    """

    spec: str
    scope: dict[str, object]
    view: str
    title: str
    actions: list[Acting]
    coverage: Coverage
    nodes: Iterable[Node]
    edges: Iterable[Edge]
    notes: list[str] = field(default_factory=list)

    @property
    def actors(self) -> list[str]:
        """Who acts, in the order of the spec."""
        return list(dict.fromkeys(action.actor for action in self.actions))


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('s') else 's'}"
