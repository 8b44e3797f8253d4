"""A precondition is held against an object of the watch cache that is older than the stored one (kubernetes/kubernetes#82130).

staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go, GuaranteedUpdate: a precondition that the cached object did not fulfil was answered
at once.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.seeding import SeedingScope, seeded

BUG = Bug(
    name="spurious-conflict",
    issues=("kubernetes#82130", "kubernetes#82303"),
    mechanism="A precondition is held against an object of the API server's watch cache that is older, and a valid request gets 409.",
    violates="conflicts_are_real",
    releases="up to 1.15",
    fix="GuaranteedUpdate tries again with the stored object after a failed precondition on a cached one (kubernetes#82303).",
    feature="retry-preconditions",
    scope=SeedingScope(),
    build=seeded,
)
