"""An object is created in a namespace that another API server has seen deleted, and outlives it (kubernetes/kubernetes#36891).

The namespace's content had been deleted and listed empty already. Since kubernetes/kubernetes#37431 the namespace
controller begins five seconds late, which is time for the API servers' informers, and no proof:
kubernetes/kubernetes#131421 is open.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.registry.namespace_deletion import NamespaceScope, namespace_deletion

SCOPE = NamespaceScope()

BUG = Bug(
    name="outlived-namespace",
    issues=("kubernetes#36891", "kubernetes#37431", "kubernetes#131421"),
    mechanism=(
        "A namespace is deleted and emptied; an API server whose informer does not show that yet admits one more "
        "object, which stays when the namespace is gone."
    ),
    violates="nothing_outlives_its_namespace",
    releases="up to 1.4; since then if an informer is over 5 s late",
    fix="The namespace controller waits five seconds before it begins (kubernetes#37431), which must be enough.",
    feature="namespace-grace-period",
    scope=SCOPE,
    build=namespace_deletion,
    holds_if="every API server's informer is less than five seconds late; where one is not, the bug is open (kubernetes#131421)",
)
