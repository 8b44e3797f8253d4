"""Scaling, also in the middle of a rollout, where ReplicaSets share the change in proportion."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="scale",
    sentence="A Deployment is scaled while its image is changed.",
    scope=ClusterScope(
        replicas=1, scales=1, least_replicas=0, most_replicas=2, templates=2, image_changes=1, deployment_status=False
    ),
    expected=Holds(states=10_094, transitions=30_598, depth=28),
)
