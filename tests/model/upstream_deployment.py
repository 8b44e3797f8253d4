"""The Deployment controller's arithmetic once more, in plain Python, as an oracle for the model's.

It follows the structure of pkg/controller/deployment (rolling.go, recreate.go, sync.go, util/deployment_util.go): a whole sync over
lists of ReplicaSets, with floating point where Kubernetes has it. The model decides one request at a time; what is compared is the
first write to a ReplicaSet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Set:
    """A ReplicaSet: `age` is its place in the order of creation."""

    age: int
    replicas: int
    desired: int
    available: int
    actual: int


@dataclass(frozen=True)
class Wanted:
    """The Deployment."""

    replicas: int
    template: int
    recreate: bool
    surge: int | str
    unavailable: int | str
    paused: bool


class Write(Exception):  # noqa: N818 - the first write ends the sync
    """A ReplicaSet is created or updated: (verb, which, replicas, desired)."""


def scaled(value: int | str, total: int, *, round_up: bool) -> int:
    if isinstance(value, int):
        return value
    exact = int(value.rstrip("%")) * total / 100
    return math.ceil(exact) if round_up else math.floor(exact)


def fenceposts(d: Wanted, replicas: int) -> tuple[int, int]:
    surge = scaled(d.surge, replicas, round_up=True)
    unavailable = scaled(d.unavailable, replicas, round_up=False)
    return (0, 1) if surge == 0 and unavailable == 0 else (surge, unavailable)


def max_surge(d: Wanted, replicas: int) -> int:
    return 0 if d.recreate else fenceposts(d, replicas)[0]


def max_unavailable(d: Wanted) -> int:
    if d.recreate or d.replicas == 0:
        return 0
    return min(fenceposts(d, d.replicas)[1], d.replicas)


def first_write(d: Wanted, sets: list[Set], old_pods_run: bool) -> tuple[str, int, int, int] | None:
    """The first write of a sync, or None. `old_pods_run`: a pod of an old ReplicaSet has not ended."""
    try:
        sync(d, sorted(sets, key=lambda s: s.age), old_pods_run)
    except Write as write:
        verb, age, replicas, desired = write.args
        return verb, age, replicas, desired
    return None


def sync(d: Wanted, sets: list[Set], old_pods_run: bool) -> None:
    new = next((s for s in sets if s.age == d.template), None)
    old = [s for s in sets if s.age != d.template]
    if d.paused or any(s.desired != d.replicas for s in sets if s.replicas > 0):
        scale(d, new, old)
    elif d.recreate:
        recreate(d, new, old, old_pods_run)
    else:
        rolling(d, new, old)


def scale_set(d: Wanted, s: Set, size: int, *, force: bool = False) -> bool:
    if not force and s.replicas == size:
        return False
    changed = s.replicas != size
    if changed or s.desired != d.replicas:
        raise Write("scale", s.age, size, d.replicas)
    return False


def new_replicas(d: Wanted, everything: list[Set], new: Set) -> int:
    if d.recreate:
        return d.replicas
    current = sum(s.replicas for s in everything)
    most = d.replicas + scaled(d.surge, d.replicas, round_up=True)
    if current >= most:
        return new.replicas
    return new.replicas + min(most - current, d.replicas - new.replicas)


def create(d: Wanted, old: list[Set]) -> None:
    new = Set(d.template, 0, d.replicas, 0, 0)
    raise Write("create", d.template, new_replicas(d, [*old, new], new), d.replicas)


def rolling(d: Wanted, new: Set | None, old: list[Set]) -> None:
    if new is None:
        create(d, old)
        return
    everything = [*old, new]
    if new.replicas != d.replicas:
        size = d.replicas if new.replicas > d.replicas else new_replicas(d, everything, new)
        scale_set(d, new, size)
    active = [s for s in old if s.replicas > 0]
    if sum(s.replicas for s in active) == 0:
        return
    least = d.replicas - max_unavailable(d)
    most_down = sum(s.replicas for s in everything) - least - (new.replicas - new.available)
    if most_down <= 0:
        return
    for s in active:
        if s.replicas == s.available:
            continue
        down = min(most_down, s.replicas - s.available)
        if down < 0:
            return  # an error that the caller does not pass on
        scale_set(d, s, s.replicas - down)
    spare = sum(s.available for s in [*active, new]) - least
    if spare <= 0:
        return
    for s in active:
        scale_set(d, s, s.replicas - min(s.replicas, spare))


def recreate(d: Wanted, new: Set | None, old: list[Set], old_pods_run: bool) -> None:
    for s in old:
        scale_set(d, s, 0)
    if sum(s.actual for s in old) > 0 or old_pods_run:
        return
    if new is None:
        create(d, old)
    else:
        scale_set(d, new, d.replicas)


def scale(d: Wanted, new: Set | None, old: list[Set]) -> None:
    newest_first = sorted(old, key=lambda s: -s.age)
    active = [s for s in [*newest_first, *([new] if new else [])] if s.replicas > 0]
    one = active[0] if len(active) == 1 else None
    if not active:
        one = new or (newest_first[0] if newest_first else None)
    if one is not None:
        scale_set(d, one, d.replicas)
        return
    if not active:
        return
    if new and new.replicas == new.desired == new.available == d.replicas:
        for s in old:
            if s.replicas > 0:
                scale_set(d, s, 0)
        return
    if d.recreate:
        return
    allowed = d.replicas + max_surge(d, d.replicas) if d.replicas > 0 else 0
    to_add = allowed - sum(s.replicas for s in active)
    if to_add > 0:
        active.sort(key=lambda s: (-s.replicas, -s.age))
    elif to_add < 0:
        active.sort(key=lambda s: (-s.replicas, s.age))
    sizes: list[int] = []
    added = 0
    for s in active:
        share = proportion(d, s, to_add, added) if to_add else 0
        sizes.append(s.replicas + share)
        added += share
    if to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    for s, size in zip(active, sizes, strict=True):
        scale_set(d, s, size, force=True)


def proportion(d: Wanted, s: Set, to_add: int, added: int) -> int:
    if s.replicas == 0 or to_add in (0, added):
        return 0
    if d.replicas == 0:
        fraction = -s.replicas
    else:
        exact = s.replicas * (d.replicas + max_surge(d, d.replicas)) / (s.desired + max_surge(d, s.desired))
        fraction = math.floor(exact + 0.5) - s.replicas
    return min(fraction, to_add - added) if to_add > 0 else max(fraction, to_add - added)
