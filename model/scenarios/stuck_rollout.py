"""A bug of Kubernetes 1.36 that is still open: kubernetes/kubernetes#102551, #138036, #138840."""

from kubecheck.model.scenarios.scenario import Scenario, Violates
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="stuck-rollout",
    sentence="A Deployment with maxSurge 0 is scaled down in the middle of a rollout, which then never goes on.",
    scope=ClusterScope(
        replicas=2,
        templates=2,
        image_changes=1,
        scales=1,
        least_replicas=1,
        max_surge=0,
        max_unavailable=1,
        deployment_status=False,
    ),
    expected=Violates(property="deployment_has_converged", steps=10),
)
