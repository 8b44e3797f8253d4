"""An orphan is adopted again by the controller of its deleted owner, and collected (kubernetes/kubernetes#42639).

The garbage collector takes the owner out of the dependent's references and then removes it; in between the
controller, whose informer does not show the deletion, adopts. Since kubernetes/kubernetes#42938 it reads its object
from the API server first (pkg/controller/controller_ref_manager.go, RecheckDeletionTimestamp). What that leaves is an
object that was never the owner's: checked before the deletion, adopted after it (kubernetes/kubernetes#43032, not
fixed); no promise is made of it here.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting

# An object without an owner, which the first object's controller adopts.
SCOPE = CollectingScope(objects=(Owned(), Owned()), adopts=True)

BUG = Bug(
    name="readopted-orphan",
    issues=("kubernetes#42639", "kubernetes#42938"),
    mechanism=(
        "An owner is deleted with Orphan; before it is gone its controller, which has not seen the deletion, adopts "
        "the orphan again, and the garbage collector deletes it."
    ),
    violates="orphaned_dependents_survive",
    releases="up to 1.5",
    fix="Before it adopts, a controller looks whether its own object is being deleted, live (kubernetes#42938).",
    feature="recheck-before-adoption",
    scope=SCOPE,
    build=collecting,
)
