"""A pod is reported as ended while its containers still run; the scheduler fills its room, and the kubelet rejects the new pod.

kubernetes/kubernetes#106884, a regression of 1.22: the kubelet counts what still runs, the scheduler what is not terminal.
kubernetes/kubernetes#108366 made the kubelet report later. What is left (#115325): a pod counts in the kubelet until its
termination is complete, not only until its containers have stopped.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, capacity=1, pod_failures=1, container_steps=True)

BUG = Bug(
    name="early-terminal-phase",
    issues=("kubernetes#106884", "kubernetes#108366"),
    mechanism="A pod is reported as ended while its containers run; its room is given away, and the kubelet rejects the next pod.",
    violates="bound_pods_are_admitted",
    releases="1.22 and 1.23",
    fix="The terminal phase is reported last (kubernetes#108366); the room that a pod takes until its cleanup is done is still not told.",
    holds_if="a kubelet counts a pod only until its containers have stopped; a real one counts it longer (kubernetes#115325)",
    feature="terminal-phase-last",
    scope=SCOPE,
)
