"""After a broken watch an informer lists with resourceVersion "0", and goes back in time without a restart.

client-go tools/cache/reflector.go before kubernetes/kubernetes#83520: every list of a reflector had resourceVersion "0".
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(
    kind=Kind.REPLICA_SET, replicas=2, pods=4, api_servers=2, broken_watches=1, lag_pods=2, cache_lag_pods=2
)

BUG = Bug(
    name="stale-relist",
    issues=("kubernetes#67998", "kubernetes#83520"),
    mechanism="A controller's watch breaks, and it lists at another API server with resourceVersion 0, from a cache that is older.",
    violates="view_of_pods_never_goes_back",
    releases="up to 1.16",
    fix="A reflector lists at the last resourceVersion that it saw (kubernetes#83520).",
    feature="relist-at-last-version",
    scope=SCOPE,
)
