"""The other strategy: all old pods go before new ones come."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope, Strategy

SCENARIO = Scenario(
    name="recreate",
    sentence="The image of a Deployment with strategy Recreate is changed; the controllers crash once.",
    scope=ClusterScope(replicas=2, templates=2, image_changes=1, strategy=Strategy.RECREATE, crashes=1),
    expected=Holds(states=26_070, transitions=107_491, depth=28),
)
