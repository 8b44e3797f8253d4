"""A node that the API server cannot reach, and pods with names of their own that run there."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="stateful-node-cut-off",
    sentence="A node with pods of a StatefulSet is cut off and comes back; its pods are evicted, and run nowhere twice.",
    scope=ClusterScope(kind=Kind.POD, replicas=2, recreations=2, nodes=2, cut_offs=1),
    expected=Holds(states=1660, transitions=3805, depth=26),
)
