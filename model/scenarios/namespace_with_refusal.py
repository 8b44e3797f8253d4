"""The end of a namespace whose pods the API server once refuses to delete."""

from kubecheck.model.registry.namespace_deletion import NamespaceScope, namespace_deletion
from kubecheck.model.scenarios.scenario import Scenario, Violates

SCENARIO = Scenario(
    name="namespace-with-refusal",
    sentence="A namespace is deleted; the deletion of its pods fails once, and what protects them is deleted while they run.",
    scope=NamespaceScope(servers=1, creations=0, refusals=1),
    spec=namespace_deletion,
    expected=Violates(property="pods_go_first", steps=4),
)
