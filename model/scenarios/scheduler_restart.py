"""A scheduler that forgets what it assumed, and may list from an API server that lags."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="scheduler-restart",
    sentence="A binding fails, and the scheduler crashes and lists again, perhaps at a second API server whose cache of pods lags.",
    scope=ClusterScope(
        kind=Kind.REPLICA_SET,
        replicas=2,
        nodes=2,
        capacity=1,
        request_failures=1,
        scheduler_crashes=1,
        api_servers=2,
        lag_scheduler=2,
        lag_pods=2,
        cache_lag_pods=2,
    ),
    expected=Holds(states=29_502, transitions=112_440, depth=28),
)
