"""The API objects, as far as the first slice needs them: records of what components read and write.

Left out of each object is what nobody in the slice reads. A resourceVersion is not kept: what it is compared for, "has this
changed since I read it", follows from how far the reader's informer has come (see etcd.py).
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.spec import Range, Record, Sort


class Pod(Sort, size="pods"):
    """A slot for a pod. A new pod takes the lowest free slot, which is its name and its UID as long as anybody remembers it.

    Of pods with names of their own (named_pods.py) it is the name, which outlives the pod; the UID is a field then.
    """


class Node(Sort, size="nodes"):
    """A machine with a kubelet."""


class ReplicaSet(Sort, size="templates"):
    """A ReplicaSet, named after the pod template that it makes pods from.

    A Deployment names its ReplicaSets by a hash of the template (pkg/controller/deployment/sync.go, getNewReplicaSet), so that
    templates and ReplicaSets of one Deployment are in one-to-one correspondence, and creating one twice gives AlreadyExists.
    """


class Deployment(Sort, size="deployments"):
    """The Deployment, if the scope has one."""


class Phase(enum.Enum):
    """`status.phase` of a pod (staging/src/k8s.io/api/core/v1/types.go, PodPhase), and ABSENT for a free slot.

    RUNNING is running and Ready: without a readiness probe the kubelet reports both in one write.
    """

    ABSENT = "absent"
    PENDING = "pending"
    RUNNING = "running"
    FAILED = "failed"
    SUCCEEDED = "succeeded"


class PodObject(Record):
    """A pod: its phase, the ReplicaSet that controls it (name and UID), the node it is bound to, whether it has a deletionTimestamp.

    `uid` tells those apart that have had the same name, one after the other; it is used only for pods with names of their own.
    `annotations` counts those that somebody else has put on it.
    """

    phase: Phase = Phase.ABSENT
    uid: Annotated[int, Range(0, "recreations")] = 0
    owner: ReplicaSet | None = None
    owner_uid: Annotated[int, Range(0, "reapplies")] = 0
    node: Node | None = None
    terminating: bool = False
    annotations: Annotated[int, Range(0, "conflicts_of_pods")] = 0

    @property
    def exists(self) -> bool:
        """Whether there is a pod in the slot."""
        return self.phase is not Phase.ABSENT

    @property
    def terminal(self) -> bool:
        """Whether its containers have stopped for good."""
        return self.phase is Phase.FAILED or self.phase is Phase.SUCCEEDED

    @property
    def active(self) -> bool:
        """Neither terminal nor being deleted (pkg/controller/controller_utils.go, IsPodActive)."""
        return self.exists and not self.terminal and not self.terminating

    @property
    def ready(self) -> bool:
        """Active and Ready."""
        return self.phase is Phase.RUNNING and not self.terminating

    @property
    def occupies(self) -> bool:
        """Whether it takes room on its node: bound and not terminal (terminating ones still run)."""
        return self.node is not None and not self.terminal


class ReplicaSetStatus(Record):
    """`status` of a ReplicaSet: active pods, and those that are ready (also available, as minReadySeconds is 0); observedGeneration.

    `terminating` counts pods that are being deleted and have not ended (terminatingReplicas).
    """

    replicas: Annotated[int, Range(0, "pods")] = 0
    ready: Annotated[int, Range(0, "pods")] = 0
    terminating: Annotated[int, Range(0, "terminating_pods")] = 0
    observed: Annotated[int, Range(0, "replica_set_generations")] = 0


class ReplicaSetObject(Record):
    """A ReplicaSet: its UID, its generation, the replicas it is asked for, two annotations, its status.

    `uid` tells those apart that have had the same name, one after the other: it counts them.
    `deleting` is a deletionTimestamp, with the finalizer foregroundDeletion.
    `unobserved`: status.observedGeneration is behind the generation; kept where that can be told, and the numbers are not (`generations`).
    `desired` is the annotation deployment.kubernetes.io/desired-replicas, the Deployment's replicas when this one was last scaled.
    `annotations` counts the annotations that somebody else has put on it.
    """

    exists: bool = False
    uid: Annotated[int, Range(0, "reapplies")] = 0
    generation: Annotated[int, Range(0, "replica_set_generations")] = 0
    unobserved: Annotated[int, Range(0, "unobserved")] = 0
    deleting: Annotated[int, Range(0, "foreground")] = 0
    replicas: Annotated[int, Range(0, "most_wanted")] = 0
    desired: Annotated[int, Range(0, "most_replicas")] = 0
    annotations: Annotated[int, Range(0, "conflicts")] = 0
    status: ReplicaSetStatus = ReplicaSetStatus()


class DeploymentStatus(Record):
    """`status` of a Deployment: pods of all its ReplicaSets, of the new one, those ready (also available), those terminating."""

    replicas: Annotated[int, Range(0, "status_pods")] = 0
    updated: Annotated[int, Range(0, "status_pods")] = 0
    ready: Annotated[int, Range(0, "status_pods")] = 0
    terminating: Annotated[int, Range(0, "status_terminating")] = 0
    observed: Annotated[int, Range(0, "deployment_generations")] = 0


class DeploymentObject(Record):
    """A Deployment: the pod template (named by its ReplicaSet; None: no Deployment), replicas asked for, `spec.paused`, its status.

    `deleting` is a deletionTimestamp, with the finalizer foregroundDeletion. `annotations` counts those that somebody else has put on it.
    """

    template: ReplicaSet | None = None
    generation: Annotated[int, Range(0, "deployment_generations")] = 0
    deleting: Annotated[int, Range(0, "foreground")] = 0
    replicas: Annotated[int, Range(0, "most_replicas")] = 0
    paused: Annotated[int, Range(0, "pauses")] = 0
    annotations: Annotated[int, Range(0, "conflicts_of_deployments")] = 0
    status: DeploymentStatus = DeploymentStatus()
