"""The end of a namespace."""

from kubecheck.model.registry.namespace_deletion import NamespaceScope, namespace_deletion
from kubecheck.model.scenarios.scenario import Holds, Scenario

SCENARIO = Scenario(
    name="namespace-deletion",
    sentence="A namespace is deleted while two API servers, whose informers lag, admit creations in it; nothing outlives it.",
    scope=NamespaceScope(),
    spec=namespace_deletion,
    expected=Holds(states=382, transitions=868, depth=12),
)
