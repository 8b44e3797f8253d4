"""A Recreate rollout waits for ever for an old pod that has ended (kubernetes/kubernetes#60162)."""

import dataclasses

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scenarios.stalled_recreate import SCENARIO

BUG = Bug(
    name="blocking-ended-pod",
    issues=("kubernetes#60162", "kubernetes#60301"),
    mechanism="A Recreate rollout waits until no old pod is left; one that was evicted stays, and so nothing new is created.",
    violates="deployment_has_converged",
    releases="up to 1.9",
    fix="Pods that have ended are not waited for (kubernetes#60301).",
    feature="recreate-skips-ended",
    scope=dataclasses.replace(SCENARIO.scope, release="1.36"),
)
