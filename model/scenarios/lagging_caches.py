"""Two API servers whose caches of each kind lag on their own."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="lagging-caches",
    sentence="During a rollout the watches of Deployments and ReplicaSets break and go on at another API server, whose two caches lag.",
    scope=ClusterScope(
        replicas=1,
        templates=2,
        image_changes=1,
        api_servers=2,
        broken_watches=1,
        lag_deployments=2,
        lag_replica_sets=2,
        cache_lag_deployments=2,
        cache_lag_replica_sets=2,
        deployment_status=False,
    ),
    expected=Holds(states=22_896, transitions=88_634, depth=36),
)
