"""Lights at a crossing, for tests of the command line: `guard` keeps two from being green, `overflow` leaves a range."""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.spec import Array, Range, Sort, Spec, State, count, require


class Colour(enum.Enum):
    """What a light shows."""

    RED = "red"
    GREEN = "green"


class Light(Sort, size="lights", symmetric=True):
    """A light."""


class Crossing(State):
    """All lights, and how often one has turned green."""

    colour: Array[Light, Colour]
    turns: Annotated[int, Range(0, "turns")]


def crossing(*, lights: int = 3, turns: int = 4, guard: bool = True, overflow: bool = False) -> Spec:
    """Lights that take turns."""
    spec = Spec("crossing", Crossing, scope={"lights": lights, "turns": turns})

    @spec.action(actor="controller")
    def go(s: Crossing, light: Light) -> None:
        """A light turns green."""
        require(s.colour[light] is Colour.RED)
        if not overflow:
            require(s.turns < turns)
        if guard:
            require(all(colour is Colour.RED for colour in s.colour))
        s.colour[light] = Colour.GREEN
        s.turns += 1

    @spec.action(actor="controller")
    def stop(s: Crossing, light: Light) -> None:
        """A light turns red."""
        require(s.colour[light] is Colour.GREEN)
        s.colour[light] = Colour.RED

    @spec.invariant
    def at_most_one_is_green(s: Crossing) -> bool:
        """At most one light is green."""
        return count(colour is Colour.GREEN for colour in s.colour) <= 1

    @spec.reachable
    def one_is_green(s: Crossing) -> bool:
        """Some light is green."""
        return any(colour is Colour.GREEN for colour in s.colour)

    return spec
