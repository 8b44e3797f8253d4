"""maxSurge and maxUnavailable: how far a rolling update may leave the wanted number of pods, as Kubernetes rounds it.

Read in Kubernetes 1.36: k8s.io/apimachinery/pkg/util/intstr/intstr.go (GetScaledValueFromIntOrPercent),
pkg/controller/deployment/util/deployment_util.go (ResolveFenceposts, MaxSurge, MaxUnavailable).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PERCENT = re.compile(r"([0-9]+)%")


@dataclass(frozen=True, slots=True)
class IntOrPercent:
    """A number of pods, or a percentage of the replicas."""

    value: int
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> IntOrPercent | None:
        """`"25%"` to a percentage; None if the text is none. A number in quotes is none either, as in Kubernetes."""
        match = _PERCENT.fullmatch(text)
        return cls(int(match[1]), percent=True) if match else None

    def of(self, replicas: int, *, round_up: bool) -> int:
        """The number of pods that this is."""
        if not self.percent:
            return self.value
        scaled = self.value * replicas
        return -(-scaled // 100) if round_up else scaled // 100

    def __str__(self) -> str:
        return f"{self.value}%" if self.percent else str(self.value)


DEFAULT = IntOrPercent(25, percent=True)
"""Both bounds, where a Deployment does not say (pkg/apis/apps/v1/defaults.go, SetDefaults_Deployment)."""


@dataclass(frozen=True, slots=True)
class RolloutBounds:
    """The two bounds as they were written."""

    surge: IntOrPercent = DEFAULT
    unavailable: IntOrPercent = DEFAULT

    def resolve(self, replicas: int) -> tuple[int, int]:
        """Pods above and below `replicas` that a rolling update may have.

        Surge is rounded up and unavailability down. If both come to 0, unavailability is 1, or no update could ever
        move; it never exceeds the replicas.
        """
        surge = self.surge.of(replicas, round_up=True)
        unavailable = self.unavailable.of(replicas, round_up=False)
        if surge == 0 and unavailable == 0:
            unavailable = 1
        return surge, min(unavailable, replicas)
