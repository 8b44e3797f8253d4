"""A restarted controller manager lists from an API server that lags, and creates a pod that is there already.

kubernetes/kubernetes#59848 was found with kubelets and StatefulSets; what goes wrong is the first list, with resourceVersion
"0", of any client that has acted on newer data before (KEP-2340, KEP-3157). The controller manager switched WatchList on by itself in
1.32 (kubernetes/kubernetes#128053), not in 1.33 (#131359), and again in 1.34 (#132704).
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scenarios.stale_restart import SCENARIO

BUG = Bug(
    name="stale-restart",
    issues=("kubernetes#59848",),
    mechanism="A restarted controller lists from an API server whose cache lags, misses a pod that it had created, and creates another.",
    violates="no_pod_too_many_after_a_restart",
    releases="up to 1.31, and 1.33",
    fix="Consistent first lists by WatchList (KEP-3157), on in the controller manager in 1.32 and since 1.34.",
    feature="consistent-list",
    scope=SCENARIO.scope,
)
