"""A restart that reads from an API server that lags."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="stale-restart",
    sentence="The controllers crash and list again at a second API server, whose cache of pods lags.",
    scope=ClusterScope(
        kind=Kind.REPLICA_SET, replicas=2, crashes=1, api_servers=2, lag_pods=2, cache_lag_pods=2, pods=4
    ),
    expected=Holds(states=1143, transitions=3239, depth=20),
)
