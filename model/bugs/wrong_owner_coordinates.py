"""A reference with a wrong namespace makes the garbage collector take a living owner for gone (kubernetes/kubernetes#65200, #88097).

pkg/controller/garbagecollector before kubernetes/kubernetes#92743: nodes and absent owners were known by their uid
alone. Of an owner that is seen first through the reference of an object in another namespace, the collector finds
nothing there; it remembers the uid as absent, and deletes the dependents that refer to it rightly.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting

# An owner, its dependent, and an object that refers to the owner's uid in another place, where nothing is.
SCOPE = CollectingScope(objects=(Owned(), Owned(0, 1, True), Owned(3, 1)), empty_slots=1, deletes=0)

BUG = Bug(
    name="wrong-owner-coordinates",
    issues=("kubernetes#65200", "kubernetes#88097", "kubernetes#92743"),
    mechanism=(
        "An object in another namespace refers to an owner's uid; the garbage collector finds no such owner there, "
        "takes the uid for absent, and deletes the true dependents."
    ),
    violates="nothing_with_a_live_owner_is_deleted",
    releases="up to 1.19",
    fix="Owners are told by namespace, kind, name and uid (kubernetes#92743).",
    feature="owner-coordinates",
    scope=SCOPE,
    build=collecting,
)
