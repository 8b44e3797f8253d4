"""Expectations: what the ReplicaSet controller has done and not yet seen in its informer.

Facts, from pkg/controller/controller_utils.go (UIDTrackingControllerExpectations): before it creates or deletes pods the controller sets
how many creations it expects, or which pods' deletions; each is lowered when the informer shows it, or when the request fails. Until
both are fulfilled no pods are created or deleted for that key. They are kept in memory only. A deletionTimestamp counts as deletion
(pkg/controller/replicaset/replica_set.go, updatePod).

After five minutes they count as fulfilled, whatever was seen (ExpectationsTimeout). There is no clock in the model: it is a fault with a
budget (faults.py, expire_expectations), so that without one a controller waits for ever where it would wait five minutes.

When the informer of pods does not lag, what a request did is seen at once and nothing is ever expected: they then cost nothing.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.objects import Pod
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Range, Record, Set


class Expectations(Record):
    """What is expected for one ReplicaSet: so many creations, and the deletions of these pods."""

    creations: Annotated[int, Range(0, "expected_pods")] = 0
    deletions: Set[Pod] = Set()

    @property
    def fulfilled(self) -> bool:
        """Whether everything expected has been seen."""
        return self.creations == 0 and len(self.deletions) == 0


def are_kept(scope: ClusterScope) -> bool:
    """Whether the scope has expectations that can differ from being fulfilled."""
    return scope.features.expectations and scope.lag_pods > 0
