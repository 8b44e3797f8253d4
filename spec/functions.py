"""The functions that a spec may call, as CPython runs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from kubecheck.spec.errors import NotEnabled

T = TypeVar("T")


def require(condition: bool) -> None:
    """In an action: it is enabled only if this holds. In a property: the premise under which it speaks."""
    if not condition:
        raise NotEnabled


def present(value: T | None) -> T:
    """The value, where there is one: `node = present(pod.node)` requires that it is not None."""
    if value is None:
        raise NotEnabled
    return value


def count(conditions: Iterable[bool]) -> int:
    """How many of the conditions hold: `count(p.phase is Phase.RUNNING for p in s.pods)`."""
    return sum(1 for c in conditions if c)


def first(values: Iterable[T]) -> T | None:
    """The first of the values, or None: `first(p for p in Pod if …)`. Not for symmetric sorts, which have no first."""
    return next(iter(values), None)


def implies(premise: bool, conclusion: bool) -> bool:
    """Whether the conclusion holds where the premise does. Both are evaluated."""
    return not premise or conclusion
