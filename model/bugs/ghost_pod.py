"""The scheduler misses the deletion of a pod that it has just bound, and keeps its room taken (kubernetes/kubernetes#106102,
#85726).

The tombstone that a list leaves for a pod that vanished shows the last state that the informer had: before the binding.
pkg/scheduler/eventhandlers.go before 1.23 asked that state whether the pod was assigned, and took it for an unassigned one.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(
    kind=Kind.REPLICA_SET, replicas=1, pods=2, capacity=1, lag_scheduler=2, scheduler_relists=1, force_deletes=1
)

BUG = Bug(
    name="ghost-pod",
    issues=("kubernetes#106102", "kubernetes#85726"),
    mechanism="A pod is bound and deleted while the scheduler's watch is broken; its tombstone shows it unassigned: its room stays taken.",
    violates="replica_set_has_converged",
    releases="up to 1.22",
    fix="Tombstones are removed from the cache whatever they show (kubernetes#106102).",
    feature="tombstone-cleanup",
    scope=SCOPE,
)
