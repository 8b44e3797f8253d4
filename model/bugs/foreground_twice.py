"""An object is deleted in the foreground twice, and the second foregroundDeletion stays for ever (kubernetes/kubernetes#77081).

pkg/controller/garbagecollector/graph_builder.go before kubernetes/kubernetes#81081: a deletion began when the deletionTimestamp appeared
(deletionStarts), so that a finalizer which a second DELETE adds was nobody's. What is left of it in 1.36 needs an informer that lists
anew and so never shows the version without the finalizer (kubernetes/kubernetes#115570, open): scenario relist-in-deletion.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.collecting import CollectingScope, collecting

# An owner and its dependent. Without a finalizer of somebody else's the owner is gone before it can be deleted again.
SCOPE = CollectingScope(deletes=2, finalizers=1)

BUG = Bug(
    name="foreground-twice",
    issues=("kubernetes#77081", "kubernetes#81081"),
    mechanism=(
        "An object that another finalizer holds is deleted in the foreground; the garbage collector takes its finalizer off; the object is "
        "deleted again, and nobody takes off the one that this adds."
    ),
    violates="deletions_end",
    releases="up to 1.15",
    fix="A deletion begins for the garbage collector whenever its finalizer appears (kubernetes#81081).",
    feature="finalizer-starts-deletion",
    scope=SCOPE,
    build=collecting,
)
