"""A small state with a field of every kind, for the tests of the language."""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.spec import Array, MaxLen, Range, Record, Seq, Set, Sort, Spec, State


class Phase(enum.Enum):
    ABSENT = 0
    PENDING = 1
    RUNNING = 2


class Pod(Sort, size="pods", symmetric=True):
    """Interchangeable."""


class Node(Sort, size="nodes"):
    """Numbered."""


class Spot(Record):
    node: Node | None = None
    tries: Annotated[int, Range(0, 3)] = 0


class Work(Record):
    phase: Phase = Phase.PENDING
    spot: Spot = Spot(tries=1)
    seen: Array[Node, bool]

    def tried(self) -> bool:
        return self.spot.tries > 0


class Inner(State):
    level: Annotated[int, Range(-2, 5)] = 0
    _hidden: bool

    def hide(self) -> None:
        self._hidden = True

    @property
    def hidden(self) -> bool:
        return self._hidden


class Main(State):
    work: Array[Pod, Work]
    grid: Array[Node, Array[Node, bool]]
    inner: Inner
    many: Array[Node, Inner]
    count: Annotated[int, Range(0, 9)]
    owner: Pod | None = None
    last: Work | None = None
    ready: Set[Pod]
    nodes: Set[Node]
    queue: Annotated[Seq[Phase], MaxLen(2)]


class Other(State):
    flag: bool


def empty(name: str = "toy", *, pods: int = 2, nodes: int = 2) -> Spec:
    """A spec of both parts without actions."""
    return Spec(name, Main, Other, scope={"pods": pods, "nodes": nodes})
