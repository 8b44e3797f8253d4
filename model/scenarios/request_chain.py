"""Authentication, authorization and admission in front of the registry."""

from kubecheck.model.registry.cluster import PlainScope, plain_cluster
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="request-chain",
    sentence="Clients, known, unknown and forbidden, write an object through authentication, authorization and admission.",
    scope=PlainScope(),
    spec=plain_cluster,
    expected=Holds(states=38_607, transitions=3_691_268, depth=7),
)
