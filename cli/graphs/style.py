"""How actors are told apart in pictures: a colour, a kind of line and an arrowhead each, so that colour is never alone.

The colours are those of Okabe and Ito ("Color universal design", 2008), which people with any colour vision can tell apart, without the
yellow, which is too light for a line. Lines and arrowheads change in another rhythm: without colours they still differ.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubecheck.cli.actors import KNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

GREY: Final = "#767676"  # on white still 4.5 to 1 (WCAG 2.2, contrast minimum)
RED: Final = "#A50026"
PALE_RED: Final = "#FBE3D6"
PALE: Final = "#F2F2F2"

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
_LINES: Final = ("solid", "dashed", "bold", "dotted")
_HEADS: Final = {
    "normal": "\N{BLACK RIGHT-POINTING TRIANGLE}",
    "vee": "\N{GREATER-THAN SIGN}",
    "empty": "\N{WHITE RIGHT-POINTING TRIANGLE}",
    "diamond": "\N{BLACK DIAMOND}",
    "dot": "\N{BLACK CIRCLE}",
}
_SAMPLES: Final = {
    "solid": "\N{BOX DRAWINGS LIGHT HORIZONTAL}" * 4,
    "dashed": "\N{BOX DRAWINGS LIGHT DOUBLE DASH HORIZONTAL}" * 4,
    "bold": "\N{BOX DRAWINGS HEAVY HORIZONTAL}" * 4,
    "dotted": "\N{BOX DRAWINGS LIGHT QUADRUPLE DASH HORIZONTAL}" * 4,
}


@dataclass(frozen=True)
class Line:
    """How an actor's steps are drawn."""

    colour: str
    style: str
    arrowhead: str

    @property
    def sample(self) -> str:
        """The line with its arrowhead as text, for a legend."""
        return _SAMPLES[self.style] + _HEADS[self.arrowhead]


def lines(actors: Sequence[str]) -> dict[str, Line]:
    """A line for each actor: an actor of a cluster has the same in every picture."""
    taken = {KNOWN.index(actor) for actor in actors if actor in KNOWN}
    free = (i for i in itertools.count() if i not in taken)
    heads = list(_HEADS)
    return {
        actor: Line(_COLOURS[i % len(_COLOURS)], _LINES[i % len(_LINES)], heads[i % len(heads)])
        for actor in actors
        for i in [KNOWN.index(actor) if actor in KNOWN else next(free)]
    }
