"""The controller manager loses its memory between any two of its requests."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="crash-in-rollout",
    sentence="The controllers crash and restart at any moment of a rollout, with an informer of pods that lags.",
    scope=ClusterScope(replicas=2, templates=2, image_changes=1, crashes=1, lag_pods=2, deployment_status=False),
    expected=Holds(states=129_694, transitions=397_097, depth=46),
)
