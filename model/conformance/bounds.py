"""How large a replay's state must be: everything in the model has a bound, and a probe says how much it can need.

A real cluster has no such bounds, or far greater ones. They are counted generously from a probe's requests; where they do not suffice
all the same the probe is not modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from kubecheck.model.conformance.http import Key, target_of
from kubecheck.model.conformance.rows import Call

Json = Any

_NUMBERS_OF_ONE: Final = (
    24  # the most new contents of one request: labels, spec, status… of two objects, and once more in a retry
)
_LIMITS: Final = 2**31 - 1
_DEFAULT_GRACE: Final = 600
_USERS: Final = 100


def writes_of(call: Call, keys: Iterable[Key]) -> int:
    """The most revisions that one request makes."""
    if call.method in ("GET", "HEAD", ""):
        return 0
    target = target_of(call.path)
    if call.method == "DELETE" and not target.name:
        return 2 * sum(
            (k.group, k.resource, k.namespace) == (target.group, target.resource, target.namespace) for k in keys
        )
    if target.subresource == "eviction":
        return 4  # the budget, the pod's condition, its deletion in two steps
    quotas = sum(k.resource == "resourcequotas" and k.namespace == target.namespace for k in keys)
    return 2 if call.method == "DELETE" else 1 + quotas  # each quota may be charged


def bounds_of(calls: list[Call], writes: int) -> dict[str, int]:
    """The sizes that a probe's requests need, by the names that the registry gives them."""
    bodies = [call.body for call in calls]
    finalizers = sum(_finalizers(body) for body in bodies)
    numbers = [_DEFAULT_GRACE, *(abs(n) for body in bodies for n in _integers(body))]
    numbers += [int(text) for call in calls for text in _digits(call.path)]
    return {
        "generations": min(max(_integers_of(bodies, "generation"), default=0) + writes + 2, _LIMITS),
        "finalizers": finalizers + 2,
        "finalizer_names": finalizers + 2,
        "contents": _NUMBERS_OF_ONE * (writes + len(calls) + 4),
        "graces": min(max(numbers), _LIMITS),
        "nodes": len(calls) + 2 + sum(len(list(_nodes(body))) for body in bodies),
        "bodies": 4 * len(calls) + writes + 20,
        "users": _USERS,
        "limits": _LIMITS,
    }


def _finalizers(value: Json, *, inside: bool = False) -> int:
    """How many strings stand in lists of finalizers, or in the operations of JSON patches that speak of them."""
    if isinstance(value, dict):
        spoken = inside or "finalizers" in str(value.get("path", ""))
        return sum(_finalizers(child, inside=spoken or "finalizers" in name.lower()) for name, child in value.items())
    if isinstance(value, list):
        return sum(_finalizers(child, inside=inside) for child in value)
    return 1 if inside and isinstance(value, str) else 0


def _integers_of(value: Json, name: str) -> Iterator[int]:
    """The integers of members of this name, or in JSON patches whose path ends so."""
    if isinstance(value, list):
        for child in value:
            yield from _integers_of(child, name)
    elif isinstance(value, dict):
        for key, child in value.items():
            spoken = key == name or (key == "value" and str(value.get("path", "")).endswith(f"/{name}"))
            yield from (abs(n) for n in _integers(child if spoken else None))
            yield from _integers_of(child, name)


def _integers(value: Json) -> Iterator[int]:
    if isinstance(value, dict):
        for child in value.values():
            yield from _integers(child)
    elif isinstance(value, list):
        for child in value:
            yield from _integers(child)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


def _digits(path: str) -> Iterator[str]:
    """The numbers of a query that fit into 64 bits."""
    for texts in target_of(path).query.values():
        for text in texts:
            digits = text.lstrip("+-")
            if digits.isascii() and digits.isdigit() and len(digits) < 20:
                yield digits


def _nodes(value: Json) -> Iterator[str]:
    """Names of nodes in bodies, and everything in JSON patches that may be one."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name in ("nodeName", "value") and isinstance(child, str):
                yield child
            yield from _nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from _nodes(child)
