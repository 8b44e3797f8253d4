"""A Recreate rollout does not wait for old pods that are terminating (kubernetes/kubernetes#27362)."""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Strategy

# Informers read through: with one that lags it happens in 1.36 too, see the scenario overlapping-recreate.
SCOPE = ClusterScope(replicas=1, templates=2, image_changes=1, strategy=Strategy.RECREATE, deployment_status=False)

BUG = Bug(
    name="overlapping-recreate",
    issues=("kubernetes#27362", "kubernetes#43963"),
    mechanism="Terminating pods are not in the status of their ReplicaSet; so new pods are created while old ones still run.",
    violates="recreate_never_mixes_templates",
    releases="up to 1.6",
    fix="The rollout looks at the pods themselves (kubernetes#43963).",
    feature="recreate-waits-for-pods",
    scope=SCOPE,
    holds_if="the controllers' informers do not lag behind",
)
