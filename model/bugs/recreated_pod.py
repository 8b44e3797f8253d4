"""A pod is bound, deleted and created again while the scheduler's watch is broken: the old one stays in its cache.

Informers know names, not UIDs: one update is all that the handlers get. pkg/scheduler/eventhandlers.go of 1.36.2, updatePod,
takes it for a change of one pod; if the informer had not seen the old one bound, nobody forgets it.
kubernetes/kubernetes#141255 was opened for the other half, in which it had, and the scheduler exits; splitting the update, as
it proposes, ends both. #85726 was the first of this kind (fixed by #91126 for bound pods).
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(
    kind=Kind.POD,
    replicas=1,
    recreations=1,
    deletes=1,
    force_deletes=1,
    capacity=1,
    lag_scheduler=3,
    scheduler_relists=1,
)

BUG = Bug(
    name="recreated-pod",
    issues=("kubernetes#141255", "kubernetes#141078"),
    mechanism="A pod is bound and, while the scheduler's watch is broken, replaced under its name; the old one is counted for ever.",
    violates="pods_run",
    releases="1.36",
    fix="None is merged; the proposed one splits an update that changes the UID.",
    feature="split-recreated-update",
    scope=SCOPE,
)
