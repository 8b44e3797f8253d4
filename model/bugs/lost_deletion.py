"""A watch cache keeps an object that was deleted at the revision to which etcd was compacted (kubernetes/kubernetes#123072).

Two things meet. An event at the compacted revision has no PrevKV, which the API server takes for an internal error;
since kubernetes/kubernetes#111387 its reflector then watches again from the same resourceVersion instead of listing
anew. And etcd before 3.4.34 and 3.5.16 no longer has the deletion at the compacted revision, but accepts the watch
from there (etcd-io/etcd#18089). The issue is open: its reporters found the first half, the second is etcd's.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.watching import WatchingScope, watching

SCOPE = WatchingScope(others=1, compactions=1)

BUG = Bug(
    name="lost-deletion",
    issues=("kubernetes#123072",),
    mechanism=(
        "etcd is compacted at a deletion that a watch cache has not seen; the cache watches again from its old "
        "revision, and the deletion is never delivered."
    ),
    violates="caches_skip_no_event",
    releases="from 1.25 on, with etcd before 3.4.34 and 3.5.16",
    fix="etcd keeps a deletion at the revision that it is compacted to (etcd#18274); the API server is as it was.",
    feature="tombstones-kept",
    scope=SCOPE,
    build=watching,
)
