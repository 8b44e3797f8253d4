"""Containers that start and stop in steps of their own, on a node that is full."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Kind

SCENARIO = Scenario(
    name="containers",
    sentence="A ReplicaSet is scaled and a pod fails on a full node; containers start and stop apart from what the kubelet reports.",
    scope=ClusterScope(
        kind=Kind.REPLICA_SET,
        replicas=2,
        scales=1,
        least_replicas=1,
        capacity=2,
        pod_failures=1,
        container_steps=True,
    ),
    expected=Holds(states=909, transitions=2295, depth=20),
)
