"""The garbage collector deletes an object that has been given another owner since it looked (kubernetes/kubernetes#114603).

pkg/controller/garbagecollector/operations.go before kubernetes/kubernetes#132632: the DELETE named the uid, but not
the version whose references had been classified.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting

# An owner, its dependent, and the object that becomes its owner.
SCOPE = CollectingScope(objects=(Owned(), Owned(0, 1), Owned()), moves=1)

BUG = Bug(
    name="moved-dependent",
    issues=("kubernetes#114603", "kubernetes#132632"),
    mechanism=(
        "The garbage collector finds an object's owner gone; the object gets another owner; the DELETE that was "
        "decided on arrives."
    ),
    violates="nothing_with_a_live_owner_is_deleted",
    releases="up to 1.33",
    fix="The DELETE has the resourceVersion that was looked at as its precondition (kubernetes#132632).",
    feature="version-on-delete",
    scope=SCOPE,
    build=collecting,
)
