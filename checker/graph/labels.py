"""What a node says: the spec's own summary of its state, or what differs from the first initial state; and what tells look-alikes apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kubecheck.spec import Spec, reference
from kubecheck.spec.layout import leaves
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.types import Type

_MOST_LINES: Final = 8
_MOST_CHANGED: Final = 4  # lines of what a step beside a path changed
_MOST_CHANGES: Final = 3  # places that tell look-alikes apart
_WIDTH: Final = 46


class Labels:
    """The texts of one spec's states."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._start = next(reference.each_initial_state(spec), spec.root.default)
        self._names = short_names([leaf.path for leaf in leaves(_told(spec))])

    def state(self, state: Snapshot) -> list[str]:
        """A state in a few lines."""
        if self._spec.summaries:
            return shortened(reference.summary(self._spec, state), _MOST_LINES)
        if state == self._start:
            return []
        return shortened(self._differences(self._start, state), _MOST_LINES)

    def apart(self, states: Sequence[Snapshot]) -> list[list[str]]:
        """For states that look the same, what tells each from the others; what is too long to be read only by its name."""
        changed = [reference.changes(self._spec, states[0], state) for state in states]
        first = {path: old for changes in changed for path, old, _ in changes}
        values = {
            path: [next((new for p, _, new in changes if p == path), first[path]) for changes in changed] for path in first
        }
        # a history or a queue is no way to tell states apart at a glance, if there is another one
        short = [path for path, its in values.items() if not any(map(_is_long, its))]
        if not short:
            return [[f"{self._name(path)} differs" for path in list(values)[:_MOST_CHANGES]] for _ in states]
        return [[f"{self._name(path)}: {values[path][i]}" for path in short[:_MOST_CHANGES]] for i in range(len(states))]

    def _differences(self, before: Snapshot, after: Snapshot) -> list[str]:
        return [f"{self._name(path)}: {new}" for path, _, new in reference.changes(self._spec, before, after)]

    def _name(self, path: str) -> str:
        return self._names.get(path, _plain(path))


def _is_long(value: str) -> bool:
    return len(value) > _WIDTH


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Each path by the shortest end that says what it is and that no other path ends with, without the underscores of private names.

    A field says little without the object that it is a field of: `user.applied`, `pods[pod-0].phase`.
    """
    ends: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for path in paths:
        parts = _plain(path).split(".")
        indexed = max((i for i, part in enumerate(parts) if part.endswith("]")), default=len(parts) - 2)
        least = len(parts) - max(0, indexed)
        ends[path] = [".".join(parts[i:]) for i in range(len(parts) - least, -1, -1)]
        for end in ends[path]:
            counts[end] = counts.get(end, 0) + 1
    return {path: next((e for e in its if counts[e] == 1), its[-1]) for path, its in ends.items()}


def _told(spec: Spec) -> Type:
    """The type whose paths a reader sees: a single part's name says nothing (as in reference.changes)."""
    return spec.root.fields[0].type if len(spec.root.fields) == 1 else spec.root


def _plain(path: str) -> str:
    return ".".join(part.lstrip("_") for part in path.split("."))


def shortened(lines: Sequence[str], most: int = _MOST_CHANGED) -> list[str]:
    """Lines that fit into a node: the first so many, cut where they are long."""
    told = [_cut(line) for line in lines]
    if len(told) <= most:
        return told
    return [*told[: most - 1], f"\N{HORIZONTAL ELLIPSIS} {len(told) - most + 1} more"]


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH * 2 else line[: _WIDTH * 2 - 1] + "\N{HORIZONTAL ELLIPSIS}"
