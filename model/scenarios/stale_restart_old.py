"""The same restart in the newest release whose controller manager lists from a cache (kubernetes/kubernetes#59848, KEP-3157)."""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="stale-restart-1.33",
    sentence="The same in Kubernetes 1.33: the first list is as old as the cache, and a pod is created twice.",
    scope=ClusterScope(
        kind=Kind.REPLICA_SET,
        replicas=2,
        crashes=1,
        api_servers=2,
        lag_pods=2,
        cache_lag_pods=2,
        pods=4,
        release="1.33",
    ),
    expected=Violates(property="no_pod_too_many_after_a_restart", steps=6),
)
