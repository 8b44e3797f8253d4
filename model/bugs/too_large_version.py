"""A reflector asks for a resourceVersion that an API server's watch cache never reaches, for ever (kubernetes/kubernetes#91073, #107133).

A watch cache starts at etcd's revision, which counts the writes of all resources, and moves on with its own
resource's events. Where these are rare, one that started later is ahead of another by writes of other resources, and
its lists name a revision that the other does not reach.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.watching import WatchingScope, watching

# As in 1.18: the first list is any cache's, and caches get no notifications of progress.
SCOPE = WatchingScope(
    others=1, servers=2, server_restarts=1, broken_watches=1, consistent_list=False, progress_notifications=False
)

BUG = Bug(
    name="too-large-version",
    issues=("kubernetes#91073", "kubernetes#107133"),
    mechanism=(
        "A client has listed at an API server that started later; it reconnects to one whose quiet resource is at an "
        "older revision, and is refused for ever."
    ),
    violates="lists_terminate",
    releases="1.17 and 1.18",
    fix=(
        'After "too large resource version" a reflector lists the newest state (kubernetes#92537); progress '
        "notifications help too (KEP-1904)."
    ),
    feature="give-up-last-version",
    scope=SCOPE,
    build=watching,
)
