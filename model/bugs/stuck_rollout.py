"""A Deployment that is scaled during a rollout, so that no ReplicaSet's size has to change for it, never goes on (still open).

First told of in 2021, as kubernetes/kubernetes#102551.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scenarios.stuck_rollout import SCENARIO

BUG = Bug(
    name="stuck-rollout",
    issues=("kubernetes#102551", "kubernetes#138036", "kubernetes#138840"),
    mechanism="Scaling leaves the annotation desired-replicas of a ReplicaSet of the right size: each sync takes itself for a scaling.",
    violates="deployment_has_converged",
    releases="1.36 and before",
    fix="None is merged; the proposed one refreshes the annotation.",
    feature="refresh-scale-annotation",
    scope=SCENARIO.scope,
)
