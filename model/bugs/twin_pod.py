"""The node controller removes a pod of a node that is cut off, and its twin runs beside it (kubernetes/kubernetes#35145)."""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.POD, replicas=1, recreations=1, nodes=2, cut_offs=1)

BUG = Bug(
    name="twin-pod",
    issues=("kubernetes#35145", "kubernetes#35235"),
    mechanism="A node is cut off, its pod is removed from the API without its kubelet, and its successor runs on another node beside it.",
    violates="at_most_one_container_per_name",
    releases="up to 1.4",
    fix="The node controller deletes gracefully only; the pod stays until its kubelet confirms (kubernetes#35235).",
    feature="no-force-deletion",
    scope=SCOPE,
)
