"""A race that leaves a Deployment stuck, found by this model and read in the source of Kubernetes 1.36.2; no issue is known.

With strategy Recreate only one ReplicaSet should ever be asked for pods. If the informer of ReplicaSets lags, the controller creates a
second one before it sees the first. A change of spec.replicas then makes every sync a scaling event (sync.go, isScalingEvent), and
scale() does nothing for several active ReplicaSets unless the strategy is RollingUpdate.
"""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope, Strategy

SCENARIO = Scenario(
    name="stuck-recreate",
    sentence="A Recreate Deployment is scaled to 0 while two of its ReplicaSets run pods: none of them is ever scaled again.",
    scope=ClusterScope(
        replicas=1,
        templates=2,
        image_changes=1,
        strategy=Strategy.RECREATE,
        scales=1,
        least_replicas=0,
        lag_replica_sets=2,
        deployment_status=False,
    ),
    expected=Violates(property="deployment_has_converged", steps=18),
)
