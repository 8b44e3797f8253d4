"""Where text goes to people at a terminal: nothing that is not ours moves its cursor, colours it or reads as our own lines."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment

from kubecheck.spec.visible import visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType


class Terminal(Console):
    """A rich console that reads no markup and writes no character of ours or others' that is not printable, but for its own styles."""

    def __init__(self, file: IO[str], *, width: int | None = None) -> None:
        super().__init__(file=file, width=width, highlight=False, emoji=False, markup=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich does, with every piece of text visible."""
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or text.isprintable() or text == "\n":
                yield segment
            else:
                yield Segment(visible_lines(text), segment.style)
