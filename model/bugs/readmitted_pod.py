"""A restarted kubelet admits a pod again that has succeeded, and reports it Failed (kubernetes/kubernetes#126341)."""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.POD, replicas=1, completions=1, kubelet_restarts=1)

BUG = Bug(
    name="readmitted-pod",
    issues=("kubernetes#126341", "kubernetes#126343"),
    mechanism=(
        "A restarted kubelet admits all of its pods anew, also one that has succeeded and is still there; the device that it needs is not "
        "registered yet, so the pod is reported Failed."
    ),
    violates="terminal_phases_are_final",
    releases="up to 1.31, but for its last patches",
    fix="Pods that have ended are not admitted again (kubernetes#126343).",
    feature="ended-pods-not-readmitted",
    scope=SCOPE,
)
