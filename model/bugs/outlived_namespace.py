"""An object is created in a namespace that another API server has seen deleted, and outlives it (kubernetes/kubernetes#36891).

The namespace's content had been deleted and listed empty already. Since kubernetes/kubernetes#37431 the namespace
controller begins five seconds late, which is time for the API servers' informers, and no proof:
kubernetes/kubernetes#131421 is open.
"""

import dataclasses
import functools

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
    releases="before kubernetes#37431 (end of 2016), and since then where an informer is more than five seconds late",
    fix="The namespace controller waits five seconds before it begins (kubernetes#37431), which must be enough.",
    broken=functools.partial(namespace_deletion, dataclasses.replace(SCOPE, waits=False), name="outlived-namespace"),
    fixed=functools.partial(namespace_deletion, SCOPE, name="outlived-namespace"),
)
