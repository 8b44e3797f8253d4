"""What the scheduler's assumed pods are for."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="full-nodes",
    sentence="Three pods, one of which fails, and two nodes with room for two each; the scheduler sees pods two writes late.",
    scope=ClusterScope(kind=Kind.REPLICA_SET, replicas=3, nodes=2, capacity=2, lag_scheduler=2, pod_failures=1),
    expected=Holds(states=30_045, transitions=69_633, depth=28),
)
