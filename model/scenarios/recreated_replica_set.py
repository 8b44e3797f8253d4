"""A status that claims to have observed a generation that there has not been: found by this model, no issue is known.

pkg/controller/replicaset/replica_set_utils.go, updateReplicaSetStatus: the second attempt takes what a GET gives, and writes
the same status on it, with the observedGeneration of the ReplicaSet that the sync was about. If that has been deleted and
created again, the new one gets the old one's.
"""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="recreated-replica-set",
    sentence="A scaled ReplicaSet is deleted and applied again; its new status tells of a generation that it does not have.",
    scope=ClusterScope(
        kind=Kind.REPLICA_SET,
        replicas=1,
        pods=2,
        applies=2,
        deletes=1,
        scales=1,
        least_replicas=0,
        lag_replica_sets=3,
        generations=True,
    ),
    expected=Violates(property="observed_generation_is_never_ahead", steps=8),
)
