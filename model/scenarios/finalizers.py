"""A deletion that waits for what belongs to the deleted object."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="finalizers",
    sentence="A Deployment is deleted in the foreground during a rollout: it stays until its ReplicaSets and their pods are gone.",
    scope=ClusterScope(replicas=2, templates=2, image_changes=1, deletes=1, foreground=True, deployment_status=False),
    expected=Holds(states=506_765, transitions=2_646_225, depth=38),
)
