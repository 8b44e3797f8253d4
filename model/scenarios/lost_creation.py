"""What a lost answer can do to a controller that counts its creations.

pkg/controller/replicaset/replica_set.go, manageReplicas: a creation that failed is not expected (slowStartBatch,
CreationObserved), and one whose answer is lost has failed as far as the controller knows; nor does the stale-write guard of
1.36 know of a write that it has no answer to. A comment in the source proposes to choose the pod's UID before the request.
"""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="lost-creation",
    sentence="The answer to a pod's creation is lost while the controller sees pods late: it creates one more.",
    scope=ClusterScope(kind=Kind.REPLICA_SET, replicas=2, lost_responses=1, lag_pods=2),
    expected=Violates(property="no_pod_too_many", steps=6),
)
