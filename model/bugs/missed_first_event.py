"""A watch from just before the list that a watch cache began with is accepted, and misses an event (kubernetes/kubernetes#49956).

staging/src/k8s.io/apiserver/pkg/storage/watch_cache.go before kubernetes/kubernetes#49992: with an empty buffer the
oldest event that could be watched was taken to be the one of the list's own revision, which is in the list and so is
never delivered.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.watching import WatchingScope, watching

SCOPE = WatchingScope(server_restarts=1)

BUG = Bug(
    name="missed-first-event",
    issues=("kubernetes#49956", "kubernetes#49992"),
    mechanism=(
        "A client lists, an object changes, the API server's watch cache starts from a list of that revision, and "
        "accepts the client's watch from before it."
    ),
    violates="informers_converge",
    releases="up to 1.7",
    fix="The oldest event that can be watched is the one after the list (kubernetes#49992).",
    feature="oldest-after-list",
    scope=SCOPE,
    build=watching,
)
