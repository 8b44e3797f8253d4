"""Two resources, each with a watch cache at each API server that lags on its own."""

from kubecheck.model.registry.watching import WatchingScope, watching
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="two-resources",
    sentence="A client's informers of two resources follow two API servers; one of their watches breaks and goes on at either.",
    scope=WatchingScope(others=1, watch_others=True, servers=2, broken_watches=1),
    spec=watching,
    expected=Holds(states=241_202, transitions=1_283_466, depth=13),
)
