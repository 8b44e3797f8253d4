"""The built-in scenarios: small clusters, each about one thing, in a file of its own."""

from collections.abc import Mapping
from types import MappingProxyType

from kubecheck.model.scenarios import (
    apply,
    conflicts,
    crash_in_rollout,
    delete,
    failures,
    full_nodes,
    paused,
    recreate,
    rollback,
    rollout,
    scale,
    slow_informer,
    stale_restart,
    stale_restart_old,
    stuck_recreate,
    stuck_rollout,
    stuck_rollout_fixed,
)
from kubecheck.model.scenarios.scenario import Scenario

ALL: Mapping[str, Scenario] = MappingProxyType(
    {
        module.SCENARIO.name: module.SCENARIO
        for module in (
            apply,
            rollout,
            rollback,
            recreate,
            scale,
            paused,
            delete,
            crash_in_rollout,
            failures,
            conflicts,
            slow_informer,
            full_nodes,
            stale_restart,
            stale_restart_old,
            stuck_rollout,
            stuck_rollout_fixed,
            stuck_recreate,
        )
    }
)
"""Every scenario by its name, the plainest first."""

__all__ = ["ALL", "Scenario"]
