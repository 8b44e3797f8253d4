"""A Deployment that is paused when it is applied."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="paused",
    sentence="A Deployment is applied paused, scaled and resumed.",
    scope=ClusterScope(replicas=2, paused=True, resumes=1, scales=1, least_replicas=1, most_replicas=3),
    expected=Holds(states=808, transitions=2158, depth=17),
)
