"""The built-in scenarios: small clusters, each about one thing, in a file of its own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kubecheck.model.scenarios import (
    api_server_restart,
    apply,
    conflicts,
    containers,
    crash_in_rollout,
    delete,
    failures,
    finalizers,
    full_nodes,
    garbage_collection,
    lagging_caches,
    lists_and_watches,
    lost_creation,
    lost_response,
    namespace_deletion,
    namespace_with_refusal,
    node_cut_off,
    overlapping_recreate,
    paused,
    racing_users,
    recreate,
    recreated_replica_set,
    relist_in_deletion,
    request_chain,
    rollback,
    rollback_fixed,
    rollout,
    scale,
    scheduler_restart,
    seeded_requests,
    slow_deployment_informer,
    slow_informer,
    stale_restart,
    stale_restart_old,
    stalled_recreate,
    stateful_node_cut_off,
    stuck_recreate,
    stuck_rollout,
    stuck_rollout_fixed,
    two_api_servers,
    two_resources,
)
from kubecheck.model.scenarios.scenario import Holds, Scenario, Violates
from kubecheck.model.scope import ClusterScope

WORKLOADS: Mapping[str, Scenario[ClusterScope]] = MappingProxyType(
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
            containers,
            crash_in_rollout,
            failures,
            lost_response,
            lost_creation,
            conflicts,
            slow_informer,
            slow_deployment_informer,
            full_nodes,
            node_cut_off,
            stateful_node_cut_off,
            two_api_servers,
            lagging_caches,
            api_server_restart,
            scheduler_restart,
            stale_restart,
            stale_restart_old,
            stuck_rollout,
            stuck_rollout_fixed,
            stuck_recreate,
            stalled_recreate,
            overlapping_recreate,
            recreated_replica_set,
        )
    }
)
"""The clusters by their names, the plainest first."""

REGISTRY: Mapping[str, Scenario[Any]] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            request_chain.SCENARIO,
            lists_and_watches.SCENARIO,
            two_resources.SCENARIO,
            garbage_collection.SCENARIO,
            relist_in_deletion.SCENARIO,
            seeded_requests.SCENARIO,
            namespace_deletion.SCENARIO,
            namespace_with_refusal.SCENARIO,
        )
    }
)
"""The API server and what is built on it, each by itself (model/registry/)."""

ALL: Mapping[str, Scenario[Any]] = MappingProxyType({**WORKLOADS, **REGISTRY})
"""Every scenario by its name."""

__all__ = ["ALL", "REGISTRY", "WORKLOADS", "Holds", "Scenario", "Violates"]
