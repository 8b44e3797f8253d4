"""The fix that is proposed for the bug of stuck_rollout.py."""

import dataclasses

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scenarios.stuck_rollout import SCENARIO as UNFIXED

SCENARIO = Scenario(
    name="stuck-rollout-fixed",
    sentence="The same, with the fix that is proposed in kubernetes/kubernetes#138036.",
    scope=dataclasses.replace(UNFIXED.scope, fixes=("refresh-scale-annotation",)),
    expected=Holds(states=36_687, transitions=137_386, depth=33),
)
