"""A list shows another pod under the name of a bound one; after the old one has left the scheduler's cache and before the new one is in, a
scheduling cycle finds room (kubernetes/kubernetes#106545).

pkg/scheduler/eventhandlers.go of 1.19 to 1.23, updatePodInCache: since kubernetes/kubernetes#91126 an update that changes the UID of a
bound pod was handled as deletePodFromCache and addPodToCache, each of which locks the cache; #106744 (1.24) made it one update again.
Both pods are bound when the list shows them: here somebody creates the second one with spec.nodeName; the issue thinks of a scheduler
that was not the leader meanwhile. The proposed fix of recreated_pod.py is on, so that this is the only thing that goes wrong.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(
    kind=Kind.POD,
    replicas=2,
    nodes=2,
    recreations=1,
    pinned=1,
    force_deletes=1,
    capacity=1,
    lag_scheduler=3,
    scheduler_relists=1,
    fixes=("split-recreated-update",),
)

BUG = Bug(
    name="replaced-pod",
    issues=("kubernetes#106545", "kubernetes#91126", "kubernetes#106744"),
    mechanism=(
        "A bound pod is replaced under its name; the scheduler takes the old one out of its cache, binds a third pod to the "
        "new one's node, and puts the new one in."
    ),
    violates="full_nodes_get_no_pod",
    releases="1.19 to 1.23",
    fix="The cache replaces the pod at once (kubernetes#106744).",
    feature="atomic-pod-replacement",
    scope=SCOPE,
)
