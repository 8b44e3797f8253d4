"""A DELETE is decided on an object of the watch cache that does not have the finalizer that was just added (kubernetes/kubernetes#76346).

staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go, GuaranteedUpdate: "there is no finalizer, delete now" is an error of the function
that decides, and errors other than conflicts were not tried again with the stored object.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.seeding import SeedingScope, seeded

BUG = Bug(
    name="ignored-finalizer",
    issues=("kubernetes#76346", "kubernetes#77619"),
    mechanism="A DELETE is decided on a watch cache's object, which lacks a finalizer that was just added, and removes the stored one.",
    violates="finalizers_hold",
    releases="up to 1.14",
    fix="GuaranteedUpdate tries again with the stored object after any error on a cached one (kubernetes#77619).",
    feature="retry-errors",
    scope=SeedingScope(),
    build=seeded,
)
