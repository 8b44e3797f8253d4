"""Requests that are decided on an object of a watch cache first."""

from kubecheck.model.registry.seeding import SeedingScope, seeded
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="seeded-requests",
    sentence="An API server decides updates and deletions on what its watch cache has, and again on what is stored.",
    scope=SeedingScope(),
    spec=seeded,
    expected=Holds(states=90, transitions=330, depth=5),
)
