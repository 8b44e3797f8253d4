"""A lost wake-up: kubernetes/kubernetes#128798, #106410, #129259.

The Deployment controller has one handler for pods, of their deletions (deployment_controller.go, deletePod). It adds the key of a Recreate
Deployment when no pod at all is left; what the rollout waits for is that no old pod runs (recreate.go, oldPodsRunning). Where a pod
that has failed is left, nobody adds the key when the last running one is gone. From 1.35 on the status of the old ReplicaSet is written
when the pod ends (terminatingReplicas), and that is an event.
"""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope, Strategy

SCENARIO = Scenario(
    name="stalled-recreate",
    sentence="Kubernetes 1.34: a Recreate rollout stands still after its last old pod has gone, for an evicted pod is left.",
    scope=ClusterScope(
        replicas=1,
        templates=2,
        image_changes=1,
        strategy=Strategy.RECREATE,
        pod_failures=1,
        deployment_status=False,
        release="1.34",
    ),
    expected=Violates(property="deployment_has_converged", steps=15),
)
