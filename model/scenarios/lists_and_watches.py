"""Lists and watches with everything that can go wrong with them, once."""

from kubecheck.model.registry.watching import WatchingScope, watching
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="lists-and-watches",
    sentence="An informer follows one of two API servers; a watch breaks, client and server restart, etcd is compacted (410) and restored.",
    scope=WatchingScope(
        servers=2, broken_watches=1, client_restarts=1, server_restarts=1, compactions=1, restores=1, window=2
    ),
    spec=watching,
    expected=Holds(states=86_024, transitions=482_691, depth=13),
)
