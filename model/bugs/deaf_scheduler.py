"""A restarted scheduler binds pods to full nodes, since its event handlers have not heard of the pods there (kubernetes/kubernetes#116717).

cmd/kube-scheduler/app/server.go before kubernetes/kubernetes#116729 waited for the informers' caches only: their stores have all pods by
then, the scheduler's own cache, which the handlers fill, has not.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=2, nodes=2, capacity=1, scheduler_crashes=1, lag_scheduler=2)

BUG = Bug(
    name="deaf-scheduler",
    issues=("kubernetes#116717", "kubernetes#45220", "kubernetes#116729"),
    mechanism=(
        "A pod runs on a node; the scheduler restarts and has listed, its handlers have been told of the next pod and not of that one: "
        "the node seems to have room."
    ),
    violates="nodes_have_room",
    releases="up to 1.27",
    fix="A scheduler waits until its event handlers have been told of all that was listed (kubernetes#116729).",
    feature="handlers-synced",
    scope=SCOPE,
)
