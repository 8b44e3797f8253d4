"""The garbage collector, with a graph of its own that lags."""

from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="garbage-collection",
    sentence="An owner is deleted with any propagation while a controller adopts and a user moves its dependents; the collector restarts.",
    scope=CollectingScope(objects=(Owned(), Owned(), Owned()), adopts=True, moves=1, restarts=1),
    spec=collecting,
    expected=Holds(states=43_164, transitions=178_351, depth=17),
)
