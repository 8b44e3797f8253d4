"""What a scenario is: a system worth looking at, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from kubecheck.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Holds:
    """Every property holds, and this is what a complete exploration counts."""

    states: int
    transitions: int
    depth: int

    def __str__(self) -> str:
        return f"holds, {self.states:,} states, {self.transitions:,} transitions, depth {self.depth}"


@dataclass(frozen=True, kw_only=True)
class Violates:
    """A property is violated, by a shortest path of so many steps."""

    property: str
    steps: int

    def __str__(self) -> str:
        return f"violated: {self.property}, after {self.steps} steps"


def of_cluster(scope: Any, *, name: str) -> Spec:
    """The cluster of a ClusterScope; what it is made of is imported only when it is made."""
    from kubecheck.model.cluster import cluster

    return cluster(scope, name=name)


Scope = TypeVar("Scope")


@dataclass(frozen=True, kw_only=True)
class Scenario(Generic[Scope]):
    """A named scope with one sentence about it, and what a check of it must find.

    The scope is a ClusterScope, or that of a spec in model/registry/, which `spec` then makes of it.
    """

    name: str
    sentence: str
    scope: Scope
    expected: Holds | Violates
    spec: Callable[..., Spec] = of_cluster

    @property
    def violates(self) -> str:
        """The property that is violated; empty if all hold."""
        return self.expected.property if isinstance(self.expected, Violates) else ""

    @property
    def verdict(self) -> str:
        """What a report says: "holds" or "violated"."""
        return "violated" if self.violates else "holds"

    def build(self) -> Spec:
        """The spec, named after the scenario."""
        return self.spec(self.scope, name=self.name)
