"""A path as rows: who moves, what it does, what that changed, in words. What the terminal, Mermaid, SARIF and JUnit show alike.

Any spec is told in the words of its own source. The states of kubecheck's cluster have words of their own, see cluster_words.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubecheck.cli.cluster_words import ClusterWords, is_cluster
from kubecheck.cli.paths import action_text, changes_text, short_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubecheck.checker.report import Position, Step


@dataclass(frozen=True, kw_only=True)
class Row:
    """One step as it is shown.

    `lane` is the component that takes it, empty for the initial state. `sentence` says what the action does, the first time that it
    occurs on the path. `changes` are lines. `revision` is the resourceVersion that the step wrote in a cluster, 0 if it wrote none.
    """

    number: int
    lane: str
    kind: str
    action: str
    sentence: str
    changes: tuple[str, ...]
    revision: int = 0
    position: Position | None = None


def rows(path: Sequence[Step]) -> list[Row]:
    """The steps of a path, in words."""
    words = ClusterWords(path) if is_cluster(path) else None
    names = short_names(path)
    told: set[str] = set()
    found = []
    for step in path:
        if words is not None:
            changes, revision = words.changes(step)
            lane = words.lane(step)
        else:
            changes, revision, lane = tuple(changes_text(step, names).splitlines()), 0, step.actor
        found.append(
            Row(
                number=step.step,
                lane=lane,
                kind=step.kind,
                action=action_text(step),
                sentence="" if step.action in told else step.sentence,
                changes=changes,
                revision=revision,
                position=step.position,
            )
        )
        told.add(step.action)
    return found


# In the order of a request's way through a cluster; components that are not named here come in between, as they first move.
_FIRST = ("user", "somebody", "api-server")
_LAST = ("scheduler", "kubelet")


def lanes(found: Sequence[Row], *, cluster: bool) -> list[str]:
    """The components that move on a path, in the order in which they are drawn. A cluster always has its API server."""
    names = list(dict.fromkeys(row.lane for row in found if row.lane))
    if not cluster:
        return names
    if "api-server" not in names:
        names.append("api-server")

    def place(name: str) -> tuple[int, int, str]:
        if name in _FIRST:
            return 0, _FIRST.index(name), ""
        if name.startswith(_LAST):
            return 2, int(name.startswith("kubelet")), name
        return 1, names.index(name), ""

    return sorted(names, key=place)
