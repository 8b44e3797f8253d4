"""A NetworkPolicy of a deleted namespace goes before the pods that it protects (kubernetes/kubernetes#126587, CVE-2024-7598).

pkg/controller/namespace/deletion/namespaced_resources_deleter.go before KEP-5080: kinds were deleted in any order, and pods, which go
gracefully, ran on without what went at once.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.namespace_deletion import NamespaceScope, namespace_deletion

SCOPE = NamespaceScope(servers=1, creations=0, finalizers=1)

BUG = Bug(
    name="unprotected-pod",
    issues=("kubernetes#126587",),
    mechanism=(
        "A namespace is deleted, and its kinds in any order; the NetworkPolicies go at once, and the pods that they protect run on until "
        "their kubelets have stopped them."
    ),
    violates="pods_go_first",
    releases="up to 1.32",
    fix="Pods are deleted first, and nothing else while there is one (OrderedNamespaceDeletion, KEP-5080).",
    feature="ordered-namespace-deletion",
    scope=SCOPE,
    build=namespace_deletion,
    holds_if="the API server does not refuse the deletion of the pods; where it does, the others are deleted in 1.36, too",
)
