"""A restarted kubelet lists from an API server that lags and runs a pod that has since been moved (kubernetes/kubernetes#59848).

This is the bug as it was reported; stale_restart.py is its form in the controller manager.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(
    kind=Kind.POD, replicas=1, recreations=1, nodes=2, deletes=1, kubelet_restarts=1, api_servers=2, cache_lag_pods=5
)

BUG = Bug(
    name="stale-kubelet",
    issues=("kubernetes#59848",),
    mechanism="A restarted kubelet lists from an API server that lags, and runs a pod that has left its node, beside its successor.",
    violates="at_most_one_container_per_name",
    releases="up to 1.34",
    fix="Consistent first lists by WatchList (KEP-3157), on in client-go by default since 1.35.",
    feature="client-consistent-list",
    scope=SCOPE,
)
