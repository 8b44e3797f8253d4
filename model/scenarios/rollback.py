"""A rolling update that is rolled back before it has ended leaves fewer pods than it may: found by this model, no issue is known.

After the change back the new ReplicaSet is the old one, which may have more available pods than it is asked for by now.
pkg/controller/deployment/rolling.go, reconcileOldReplicaSets, takes newRS.Spec.Replicas - newRS.Status.AvailableReplicas for
the number of new pods that are not available; here it is negative, and allows the other ReplicaSet to be scaled down by as many
more.
"""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="rollback",
    sentence="The image of a Deployment is changed and changed back too soon: fewer pods are asked for than maxUnavailable allows.",
    scope=ClusterScope(
        replicas=2, templates=2, image_changes=2, max_surge=0, max_unavailable=1, deployment_status=False
    ),
    expected=Violates(property="unavailability_is_bounded", steps=22),
)
