"""What a scenario is: a cluster worth looking at, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubecheck.model.scope import ClusterScope

if TYPE_CHECKING:
    from kubecheck.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A named scope with one sentence about it and the verdict it must have: "holds" or "violated".

    `violates` names the property that a violated one violates.
    """

    name: str
    sentence: str
    scope: ClusterScope
    verdict: str = "holds"
    violates: str = ""

    def build(self) -> Spec:
        """The cluster as a spec, named after the scenario."""
        from kubecheck.model.cluster import cluster

        return cluster(self.scope, name=self.name)
