"""Deletion, and what the garbage collector does about it."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="delete",
    sentence="A Deployment is deleted at any moment of a rollout; nothing may be left behind.",
    scope=ClusterScope(replicas=2, templates=2, image_changes=1, deletes=1),
    expected=Holds(states=80_893, transitions=359_711, depth=35),
)
