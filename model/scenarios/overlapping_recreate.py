"""What Recreate does not keep in Kubernetes 1.36: kubernetes/kubernetes#27362, mended in 1.7 but for informers that lag.

oldPodsRunning (pkg/controller/deployment/recreate.go) asks the status of the old ReplicaSets and the informer of pods. A pod that has
just been created is in neither: the status has not counted it, and the informer does not show it yet.
"""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope, Strategy

SCENARIO = Scenario(
    name="overlapping-recreate",
    sentence="A Recreate Deployment's image is changed while its first pod is new: pods of both templates run side by side.",
    scope=ClusterScope(
        replicas=1,
        templates=2,
        image_changes=1,
        strategy=Strategy.RECREATE,
        lag_pods=1,
        deployment_status=False,
    ),
    expected=Violates(property="recreate_never_mixes_templates", steps=8),
)
