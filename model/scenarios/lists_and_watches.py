"""Lists and watches with everything that can go wrong with them, once."""

from kubecheck.model.registry.watching import WatchingScope, watching
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="lists-and-watches",
    sentence="An informer and two API servers: watches break, both restart, etcd is compacted (410) and restored; with bookmarks.",
    scope=WatchingScope(
        others=1, servers=2, broken_watches=1, client_restarts=1, server_restarts=1, compactions=1, restores=1, window=2
    ),
    spec=watching,
    expected=Holds(states=223_240, transitions=1_267_610, depth=13),
)
