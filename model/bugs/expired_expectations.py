"""Expectations expire after five minutes, whether or not the informer has shown what they wait for (kubernetes/kubernetes#129795).

pkg/controller/controller_utils.go, SatisfiedExpectations: an expired expectation counts as a fulfilled one. The stale-write
guard of 1.36 asks for the revision of the last write instead, and has no clock.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=2, pods=4, lag_pods=2, expiries=1)

BUG = Bug(
    name="expired-expectations",
    issues=("kubernetes#129795",),
    mechanism="Expectations expire while the informer is still behind, so the controller creates pods again that it has created already.",
    violates="no_pod_too_many",
    releases="up to 1.35",
    fix="The stale-write guard (KEP-5647), on from 1.36.",
    feature="stale-write-guard",
    scope=SCOPE,
)
