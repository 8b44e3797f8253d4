"""A pod that has ended becomes Pending again when its containers have been removed (kubernetes/kubernetes#54499).

pkg/kubelet/kubelet_pods.go, generateAPIPodStatus, derives the phase from the containers' statuses; without any, nothing has
started yet.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, pods=2, scales=1, least_replicas=0, container_steps=True)

BUG = Bug(
    name="phase-goes-back",
    issues=("kubernetes#54499", "kubernetes#58711"),
    mechanism="A kubelet derives a deleted pod's phase from containers that have been removed, and reports Pending after a terminal phase.",
    violates="terminal_phases_are_final",
    releases="1.8 to 1.21",
    fix="The kubelet keeps a terminal phase that it or the API server has (kubernetes#102344).",
    feature="terminal-phase-final",
    scope=SCOPE,
)
