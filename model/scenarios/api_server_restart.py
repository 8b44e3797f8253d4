"""An API server that restarts and fills its watch caches anew."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="api-server-restart",
    sentence="One of two API servers crashes and restarts with new caches while a ReplicaSet is scaled; its clients reconnect.",
    scope=ClusterScope(
        kind=Kind.REPLICA_SET,
        replicas=2,
        scales=1,
        least_replicas=1,
        api_servers=2,
        lag_pods=2,
        cache_lag_pods=2,
        api_server_crashes=1,
    ),
    expected=Holds(states=6819, transitions=25_743, depth=31),
)
