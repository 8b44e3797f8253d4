"""Large replica counts, brought down to a number that can be explored exhaustively.

Small scopes find most errors (Jackson's small scope hypothesis), but what was explored is not what was asked for, so
the sentence that says so is part of the result.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubecheck.model.rollout_bounds import IntOrPercent, RolloutBounds

if TYPE_CHECKING:
    from kubecheck.model.manifest import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledWorkload:
    """A workload with as many replicas as are explored, and what was changed for it: empty if nothing was."""

    workload: Workload
    sentence: str


def scaled(workload: Workload, *, at_most: int) -> ScaledWorkload:
    """Limit the replicas to `at_most`.

    Percentages are resolved again for the new number of replicas, as Kubernetes would; absolute bounds stay as they
    are, up to the new number of replicas; a percentage counts as 100 % at most. Raises ValueError if `at_most` is
    negative.
    """
    if at_most < 0:
        raise ValueError(f"at_most is {at_most}, and must be 0 or more")
    replicas = min(workload.replicas, at_most)
    bounds = workload.bounds and RolloutBounds(
        _limited(workload.bounds.surge, replicas), _limited(workload.bounds.unavailable, replicas)
    )
    small = dataclasses.replace(workload, replicas=replicas, bounds=bounds)
    if small == workload:
        return ScaledWorkload(workload=workload, sentence="")
    changes = []
    if replicas != workload.replicas:
        changes.append(f"{workload.replicas} replicas are scaled down to {replicas}")
    if workload.bounds is not None:
        changes.append(_change("maxSurge", workload.bounds.surge, workload.max_surge, small.max_surge))
        changes.append(
            _change("maxUnavailable", workload.bounds.unavailable, workload.max_unavailable, small.max_unavailable)
        )
    return ScaledWorkload(workload=small, sentence=f"{workload}: {'; '.join(changes)}")


def _limited(bound: IntOrPercent, replicas: int) -> IntOrPercent:
    """At most as many pods as there are replicas; one is always possible, or an update could never move."""
    return IntOrPercent(min(bound.value, 100 if bound.percent else max(replicas, 1)), bound.percent)


def _change(name: str, written: IntOrPercent, before: int, after: int) -> str:
    percent = f" ({written})" if written.percent else ""
    return f"{name}{percent} is {after}" + (f" instead of {before}" if before != after else ", as before")
