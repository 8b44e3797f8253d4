"""The controller manager's memory: syncs in progress, expectations. All of it, and its work queues, is lost when the process crashes.

The Deployment and the ReplicaSet controller run in one process (cmd/kube-controller-manager): they share informers and crash together.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.expectations import Expectations
from kubecheck.model.objects import Pod, PodObject, ReplicaSet, ReplicaSetStatus
from kubecheck.spec import Array, Range, Record, Set, State


class Sync(Record):
    """The rest of a sync of a ReplicaSet in progress: later requests, decided when it began.

    So many pods to create (`wanted` is what the ReplicaSet asked for then, `owner_uid` its UID), or these pods to delete, or this status
    to write again. `begun` is how many creations it has asked for already, and `failed` how many of all are not to be expected any
    more: those that failed, and those that it will not ask for. Both are kept only where a creation can fail beside others of its batch.
    """

    creating: Annotated[int, Range(0, "most_wanted")] = 0
    wanted: Annotated[int, Range(0, "most_wanted")] = 0
    owner_uid: Annotated[int, Range(0, "reapplies")] = 0
    begun: Annotated[int, Range(0, "batched")] = 0
    failed: Annotated[int, Range(0, "batched")] = 0
    deleting: Set[Pod] = Set()
    status: ReplicaSetStatus | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left: no sync of this ReplicaSet is in progress."""
        return self.creating == 0 and len(self.deleting) == 0 and self.status is None


class ControllerManager(State):
    """One kube-controller-manager process. Its work queues are beside its informers, in apiserver.py.

    `unseen_pods` and `unseen_status` are what the stale-write guard keeps for each ReplicaSet (pkg/controller/util/consistency,
    WroteAt): the revision of its own last write, as the number of writes that the informer has to show until it shows that one.
    """

    syncs: Array[ReplicaSet, Sync]
    expectations: Array[ReplicaSet, Expectations]
    unseen_pods: Array[ReplicaSet, Annotated[int, Range(0, "unseen_pods")]]
    unseen_status: Array[ReplicaSet, Annotated[int, Range(0, "unseen_status")]]

    def replica_set_event(self) -> None:
        """The informer shows a write to a ReplicaSet."""
        for other in ReplicaSet:
            if self.unseen_status[other] > 0:
                self.unseen_status[other] -= 1

    def replica_set_gone(self, replica_set: ReplicaSet) -> None:
        """What is remembered for the name is dropped (replica_set.go, deleteRS: Clear, DeleteExpectations)."""
        self.expectations[replica_set] = Expectations()
        self.unseen_pods[replica_set] = 0
        self.unseen_status[replica_set] = 0

    def pod_event(self, pod: Pod, before: PodObject, after: PodObject, is_known: bool) -> None:
        """The informer shows a write to a pod (pkg/controller/replicaset/replica_set.go, addPod, updatePod, deletePod).

        `is_known` says whether its ReplicaSet is found by name and UID (resolveControllerRef); if not, the event is passed over.
        """
        for other in ReplicaSet:
            if self.unseen_pods[other] > 0:
                self.unseen_pods[other] -= 1
        owner = before.owner if before.exists else after.owner
        if owner is not None and is_known:
            expected = self.expectations[owner]
            if not before.exists and expected.creations > 0:
                self.expectations[owner] = expected.next(creations=expected.creations - 1)
            elif after.terminating or not after.exists:
                self.expectations[owner] = expected.next(deletions=expected.deletions - {pod})

    def restart(self) -> None:
        """The process crashes and starts again: it remembers nothing."""
        for replica_set in ReplicaSet:
            self.syncs[replica_set] = Sync()
            self.expectations[replica_set] = Expectations()
            self.unseen_pods[replica_set] = 0
            self.unseen_status[replica_set] = 0

    def is_deleting(self, pod: Pod) -> bool:
        """Whether this process still has the pod's name in hand: to delete it, or to see it deleted."""
        return any(pod in s.deleting for s in self.syncs) or any(pod in e.deletions for e in self.expectations)
