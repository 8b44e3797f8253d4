"""A rolling update, with the bounds that Kubernetes has by default."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="rollout",
    sentence="The image of a Deployment of two pods is changed, at any moment.",
    scope=ClusterScope(replicas=2, templates=2, image_changes=1),
    expected=Holds(states=36_207, transitions=118_507, depth=31),
)
