"""The plainest cluster: one Deployment, no faults."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="apply",
    sentence="Somebody applies a Deployment of two pods; its node registers meanwhile.",
    scope=ClusterScope(replicas=2, registered=0),
    expected=Holds(states=59, transitions=114, depth=12),
)
