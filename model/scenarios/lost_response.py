"""An answer that gets lost after the request took effect."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="lost-response",
    sentence="In a rollout an answer of the API server is lost after the request took effect; whoever asked tries again.",
    scope=ClusterScope(replicas=2, templates=2, image_changes=1, lost_responses=1, deployment_status=False),
    expected=Holds(states=31_394, transitions=97_620, depth=29),
)
