"""etcd is restored from a backup, its revisions start again lower, and an informer waits for higher ones (kubernetes/kubernetes#107457).

A watch from a resourceVersion of the future is accepted, and silent until that has passed; nothing is below it for the informer.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.watching import WatchingScope, watching

SCOPE = WatchingScope(restores=1)

BUG = Bug(
    name="restored-etcd",
    issues=("kubernetes#107457",),
    mechanism=(
        "etcd is restored from a backup; an informer watches on from a revision that no longer is, and is told "
        "nothing of what is stored now."
    ),
    violates="informers_converge",
    releases="all, unless the restoration raises the revision",
    fix=(
        "etcdutl snapshot restore --bump-revision --mark-compacted (etcd#16028): old watches are refused, and "
        "informers list."
    ),
    feature="restore-bumps-revision",
    scope=SCOPE,
    build=watching,
)
