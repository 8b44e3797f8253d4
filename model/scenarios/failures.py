"""Pods and requests fail."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="failures",
    sentence="During a rollout a pod fails for good and an API request is answered with 500.",
    scope=ClusterScope(
        replicas=2, templates=2, image_changes=1, pod_failures=1, request_failures=1, deployment_status=False
    ),
    expected=Holds(states=595_634, transitions=2_207_233, depth=35),
)
