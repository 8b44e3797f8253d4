"""The built-in scenarios: small clusters, each about one thing, in a file of its own."""

from collections.abc import Mapping
from types import MappingProxyType

from kubecheck.model.scenarios import (
    api_server_restart,
    apply,
    conflicts,
    crash_in_rollout,
    delete,
    failures,
    finalizers,
    full_nodes,
    lost_creation,
    lost_response,
    node_cut_off,
    paused,
    racing_users,
    recreate,
    recreated_replica_set,
    rollback,
    rollback_fixed,
    rollout,
    scale,
    slow_informer,
    stale_restart,
    stale_restart_old,
    stateful_node_cut_off,
    stuck_recreate,
    stuck_rollout,
    stuck_rollout_fixed,
    two_api_servers,
)
from kubecheck.model.scenarios.scenario import Scenario

ALL: Mapping[str, Scenario] = MappingProxyType(
    {
        module.SCENARIO.name: module.SCENARIO
        for module in (
            apply,
            rollout,
            rollback,
            rollback_fixed,
            recreate,
            scale,
            racing_users,
            paused,
            delete,
            finalizers,
            crash_in_rollout,
            failures,
            lost_response,
            lost_creation,
            conflicts,
            slow_informer,
            full_nodes,
            node_cut_off,
            stateful_node_cut_off,
            two_api_servers,
            api_server_restart,
            stale_restart,
            stale_restart_old,
            stuck_rollout,
            stuck_rollout_fixed,
            stuck_recreate,
            recreated_replica_set,
        )
    }
)
"""Every scenario by its name, the plainest first."""

__all__ = ["ALL", "Scenario"]
