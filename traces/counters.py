"""Which kinds of objects have a counter of revisions of their own, as the log shows.

kube-apiserver may keep any kind in another etcd (--etcd-servers-overrides). What it says of that is nothing, so it is taken from the
order of times and revisions: where many writes of one kind contradict those of the others, and not each other, the kind has its own.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from heapq import heappushpop
from math import inf
from typing import Final, TypeAlias

from kubecheck.traces.event import Event
from kubecheck.traces.order import interval

_MANY: Final = 3
_KEPT: Final = 20_000
Resource: TypeAlias = tuple[str, str]
"""Group and resource."""


class Counters:
    """When which revisions were given, by kind."""

    def __init__(self) -> None:
        self._written: dict[Resource, array[int]] = {}
        """Version, received, completed, one write after the other; the first `_KEPT` writes of all kinds."""
        self._count = 0
        self._apart: frozenset[Resource] | None = None

    def take(self, event: Event) -> None:
        """A write that tells its version."""
        when = interval(event)
        if when is None or event.version is None or self._count >= _KEPT:
            return
        self._count += 1
        self._written.setdefault((event.group, event.resource or ""), array("q")).extend((event.version, *when))

    def differ(self, one: Event, other: Event) -> bool:
        """Do the kinds of two events have different counters, as the log shows? Asked when it has ended."""
        first, second = (one.group, one.resource or ""), (other.group, other.resource or "")
        if first == second:
            return False
        return first in self.apart or second in self.apart

    @property
    def apart(self) -> frozenset[Resource]:
        """The kinds of kube-apiserver that have counters of their own. Asked when the log has ended."""
        if self._apart is None:
            self._apart = self._find()
        return self._apart

    def _find(self) -> frozenset[Resource]:
        found: set[Resource] = set()
        while True:
            rest = {kind: written for kind, written in self._written.items() if kind not in found}
            against = _against(rest)
            many = [kind for kind, count in against.items() if count >= _enough(len(rest[kind]) // 3)]
            if not many:
                return frozenset(found)
            # the one without which the others agree best: they contradict it, and it contradicts them
            found.add(min(many, key=lambda kind: (sum(_against({name: one for name, one in rest.items() if name != kind}).values()), kind)))


def _against(kinds: dict[Resource, array[int]]) -> dict[Resource, int]:
    """Kind -> how many of its writes contradict those of the other kinds."""
    return {kind: _contradictions(written, (other for name, other in kinds.items() if name != kind)) for kind, written in kinds.items()}


def _contradictions(written: array[int], others: Iterable[array[int]]) -> int:
    """How many of these writes were received after several others with higher revisions had been answered, or answered before several
    with lower ones were received."""
    known = [(other[at], other[at + 1], other[at + 2]) for other in others for at in range(0, len(other), 3)]
    by_end = sorted((completed, version) for version, _, completed in known)
    ends, highest = [end for end, _ in by_end], _several(version for _, version in by_end)
    by_begin = sorted(((received, version) for version, received, _ in known), reverse=True)
    begins, lowest = [-begin for begin, _ in by_begin], _several(-version for _, version in by_begin)
    found = 0
    for at in range(0, len(written), 3):
        version, received, completed = written[at : at + 3]
        before, after = bisect_left(ends, received), bisect_left(begins, -completed)
        found += bool((before and highest[before - 1] > version) or (after and -lowest[after - 1] < version))
    return found


def _several(versions: Iterable[int]) -> list[float]:
    """The highest so far, but for two: one or two damaged versions contradict all others, and that shows no other counter."""
    top: list[float] = [-inf] * _MANY
    made = []
    for version in versions:
        heappushpop(top, version)
        made.append(top[0])
    return made


def _enough(writes: int) -> float:
    """How many of so many writes must contradict those of other kinds: half of them and several, or all if there are two."""
    return max(2, min(_MANY, writes), writes / 2)
