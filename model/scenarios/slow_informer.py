"""What expectations and the stale-write guard are for."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="slow-informer",
    sentence="A ReplicaSet is scaled twice while its controller sees pods three writes late.",
    scope=ClusterScope(kind=Kind.REPLICA_SET, replicas=2, scales=2, least_replicas=0, lag_pods=3),
    expected=Holds(states=48_578, transitions=116_929, depth=39),
)
