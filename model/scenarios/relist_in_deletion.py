"""A relist between two deletions hides from the garbage collector that the second one began."""

import dataclasses

from kubecheck.model.bugs.foreground_twice import SCOPE
from kubecheck.model.registry.collecting import collecting
from kubecheck.model.scenarios.scenario import Scenario, Violates

SCENARIO = Scenario(
    name="relist-in-deletion",
    sentence="An object is deleted in the foreground twice; the garbage collector lists anew in between (kubernetes#115570, open).",
    scope=dataclasses.replace(SCOPE, relists=1),
    spec=collecting,
    expected=Violates(property="deletions_end", steps=7),
)
