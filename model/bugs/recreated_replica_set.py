"""A ReplicaSet that is deleted and applied again under its name waits for pods of the one that is gone
(kubernetes/kubernetes#69376).

Expectations are keyed by namespace and name. Before kubernetes/kubernetes#82572 only a sync that found the ReplicaSet missing
dropped them; one that comes after the informer has shown the new ReplicaSet does not, and the old pods' events are passed over
for their owner's UID.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, pods=3, applies=2, deletes=1, lag_pods=1, lag_replica_sets=2)

BUG = Bug(
    name="recreated-replica-set",
    issues=("kubernetes#69376", "kubernetes#82572"),
    mechanism="A ReplicaSet is created again; expectations of the old one, keyed by name, keep it from making pods for five minutes.",
    violates="replica_set_has_converged",
    releases="up to 1.16",
    fix="The deletion's event handler drops the expectations (kubernetes#82572).",
    feature="delete-resets-expectations",
    scope=SCOPE,
    loop="a controller that still sees the deleted ReplicaSet makes pods as long as they are collected; its informer ends it",
    loop_actions=("create_pod", "collect_pod"),
)
