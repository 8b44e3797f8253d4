"""A path and what lies beside it, as one file that opens from disk."""

from __future__ import annotations

import os
from typing import Any, Final

import msgspec

from kubecheck.cli.errors import is_ours
from kubecheck.cli.explorer.page import exported_page
from kubecheck.cli.explorer.protocol import View
from kubecheck.cli.explorer.session import Session, path_text

MOST_VIEWS: Final = 2_000
"""States that a file has, at most: each takes about 10 kB."""


class TooManyViewsError(Exception):
    """The surroundings have more states than a file may; `fits` is the greatest depth that fits."""

    def __init__(self, *, depth: int, fits: int) -> None:
        super().__init__(f"{depth} steps beside the path are more than {MOST_VIEWS:,} states")
        self.depth, self.fits = depth, fits


def export(session: Session, choices: tuple[int, ...], *, depth: int, note: str) -> tuple[str, int]:
    """The page as a text, and how many states it has: those on the path, and all that are at most `depth` steps beside it.

    Steps that change nothing lead nowhere new and are not followed. Source files go by their names.
    Raises TooManyViewsError, or ChoiceError if there is no such path.
    """
    views = {path_text(choices[:n]): session.view(choices[:n]) for n in range(1, len(choices) + 1)}
    border = list(views.values())
    for further in range(depth):
        border = [_child(session, view, number) for view in border for number in _new(view, views)]
        for view in border:
            views[view.path] = view
        if len(views) > MOST_VIEWS:
            raise TooManyViewsError(depth=depth, fits=further)
    data: dict[str, Any] = {"info": session.info(start=choices, note=note, exported=depth), "views": views}
    plain = msgspec.to_builtins(data)
    declared = (*session.spec.actions, *session.spec.properties)
    for folder in {os.path.dirname(d.position.file) for d in declared if not is_ours(d.position.file)} - {""}:
        plain = _without(folder + os.sep, plain)
    return exported_page(session.spec.name, plain), len(views)


def _without(folder: str, value: Any) -> Any:
    """The same data without the path of a folder, which says something of this machine and nothing to those who read the file."""
    if isinstance(value, str):
        return value.replace(folder, "")
    if isinstance(value, list):
        return [_without(folder, each) for each in value]
    return {name: _without(folder, each) for name, each in value.items()} if isinstance(value, dict) else value


def _new(view: View, views: dict[str, View]) -> list[int]:
    room = MOST_VIEWS + 1 - len(views)  # one more than fits is enough to know
    found = [c.number for c in view.choices if not c.same and f"{view.path}.{c.number}" not in views]
    return found[: max(0, room)]


def _child(session: Session, view: View, number: int) -> View:
    return session.view((*map(int, view.path.split(".")), number))
