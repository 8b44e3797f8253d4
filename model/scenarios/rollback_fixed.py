"""A fix for the bug of rollback.py: no more pods of a ReplicaSet count as available than it is asked for."""

import dataclasses

from kubecheck.model.scenarios.rollback import SCENARIO as UNFIXED
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="rollback-fixed",
    sentence="The same, if no more pods of a ReplicaSet count as available than it is asked for.",
    scope=dataclasses.replace(UNFIXED.scope, fixes=("available-up-to-spec",)),
    expected=Holds(states=336_828, transitions=1_476_387, depth=45),
)
