"""Nobody adds a Recreate Deployment's key when its last running pod is gone and an ended one is left (kubernetes/kubernetes#128798)."""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scenarios.stalled_recreate import SCENARIO

BUG = Bug(
    name="stalled-recreate",
    issues=("kubernetes#106410", "kubernetes#128798", "kubernetes#129259"),
    mechanism=(
        "A Recreate rollout waits for running pods; the handler of deletions adds the key only when no pod at all is left. "
        "Where an evicted one is, the rollout stands still until the progress deadline or a resync."
    ),
    violates="deployment_has_converged",
    releases="1.36 and before, where no other event hides it (terminatingReplicas, on since 1.35)",
    fix="The handler does not count pods that have ended (kubernetes#136639, not in 1.36).",
    feature="recreate-ended-pods",
    scope=SCENARIO.scope,
)
