"""A node that the API server cannot reach."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="node-cut-off",
    sentence="During a rollout one of two nodes is cut off and perhaps comes back; its pods are evicted and replaced on the other.",
    scope=ClusterScope(replicas=1, templates=2, image_changes=1, nodes=2, cut_offs=1, deployment_status=False),
    expected=Holds(states=224_598, transitions=978_002, depth=30),
)
