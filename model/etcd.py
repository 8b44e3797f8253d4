"""etcd: the objects, and a window of each kind's history. Only the API server talks to it.

Facts, from etcd's data model and staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go: every write gets a revision from one counter;
an object's resourceVersion is the revision of its last write; a watch from a revision delivers each later write of the kind, in order;
history before the compaction revision is gone.

How it is kept small:
- Revisions are never stored. A watcher's revision is how many of the kind's last writes it has not seen, its *distance*. The window of
  history is as long as the greatest distance, so two clusters that differ only in absolute revisions are one state.
- An entry of the window holds the object as it was *before* the write. What a watcher at distance n sees of an object is the entry of
  the oldest of the last n writes to it, or the object itself if there is none. "Has the object changed since I read it", all that a
  resourceVersion is compared for, is: is there any such entry.
- A kind in which nobody can lag behind has no window.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.objects import Deployment, DeploymentObject, Node, Pod, PodObject, ReplicaSet, ReplicaSetObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, MaxLen, Record, Seq, State


class DeploymentWrite(Record):
    """A write to a Deployment: what it was before."""

    deployment: Deployment | None = None
    before: DeploymentObject = DeploymentObject()


class ReplicaSetWrite(Record):
    """A write to a ReplicaSet: what it was before."""

    replica_set: ReplicaSet | None = None
    before: ReplicaSetObject = ReplicaSetObject()


class PodWrite(Record):
    """A write to a pod: what it was before."""

    pod: Pod | None = None
    before: PodObject = PodObject()


class Etcd(State):
    """The store. Its fields are private: who wants an object calls the API server."""

    _deployments: Array[Deployment, DeploymentObject]
    _replica_sets: Array[ReplicaSet, ReplicaSetObject]
    _pods: Array[Pod, PodObject]
    _nodes: Array[Node, bool]
    _deployment_history: Annotated[Seq[DeploymentWrite], MaxLen("window_deployments")]
    _replica_set_history: Annotated[Seq[ReplicaSetWrite], MaxLen("window_replica_sets")]
    _pod_history: Annotated[Seq[PodWrite], MaxLen("window_pods")]

    # --- Deployments

    def deployment(self, deployment: Deployment) -> DeploymentObject:
        """The Deployment as it is."""
        return self._deployments[deployment]

    def put_deployment(self, scope: ClusterScope, deployment: Deployment, new: DeploymentObject) -> None:
        """Writes it, at the next revision."""
        if scope.watch_deployments:
            write = DeploymentWrite(deployment=deployment, before=self._deployments[deployment])
            self._deployment_history = self._deployment_history + (write,)  # noqa: RUF005 - a Seq grows by +
        self._deployments[deployment] = new

    def deployment_seen(self, deployment: Deployment, distance: int) -> DeploymentObject:
        """The Deployment as it was `distance` writes of the kind ago."""
        for write in self._deployment_history[len(self._deployment_history) - distance :]:
            if write.deployment == deployment:
                return write.before
        return self._deployments[deployment]

    def deployment_changed(self, deployment: Deployment, distance: int) -> bool:
        """Whether it was written within the last `distance` writes of the kind."""
        unseen = self._deployment_history[len(self._deployment_history) - distance :]
        return any(write.deployment == deployment for write in unseen)

    def compact_deployments(self, greatest: int) -> None:
        """Forgets the history that everybody has seen: all but the last `greatest` writes."""
        self._deployment_history = self._deployment_history[len(self._deployment_history) - greatest :]

    # --- ReplicaSets

    def replica_set(self, replica_set: ReplicaSet) -> ReplicaSetObject:
        """The ReplicaSet as it is."""
        return self._replica_sets[replica_set]

    def put_replica_set(self, scope: ClusterScope, replica_set: ReplicaSet, new: ReplicaSetObject) -> None:
        """Writes it, at the next revision."""
        if scope.watch_replica_sets:
            write = ReplicaSetWrite(replica_set=replica_set, before=self._replica_sets[replica_set])
            self._replica_set_history = self._replica_set_history + (write,)  # noqa: RUF005 - a Seq grows by +
        self._replica_sets[replica_set] = new

    def replica_set_seen(self, replica_set: ReplicaSet, distance: int) -> ReplicaSetObject:
        """The ReplicaSet as it was `distance` writes of the kind ago."""
        for write in self._replica_set_history[len(self._replica_set_history) - distance :]:
            if write.replica_set == replica_set:
                return write.before
        return self._replica_sets[replica_set]

    def replica_set_changed(self, replica_set: ReplicaSet, distance: int) -> bool:
        """Whether it was written within the last `distance` writes of the kind."""
        unseen = self._replica_set_history[len(self._replica_set_history) - distance :]
        return any(write.replica_set == replica_set for write in unseen)

    def replica_set_written(self, distance: int) -> ReplicaSet | None:
        """Which ReplicaSet the write was about that a watcher at `distance`, 1 or more, sees next."""
        return self._replica_set_history[len(self._replica_set_history) - distance].replica_set

    def compact_replica_sets(self, greatest: int) -> None:
        """Forgets the history that everybody has seen: all but the last `greatest` writes."""
        self._replica_set_history = self._replica_set_history[len(self._replica_set_history) - greatest :]

    # --- pods

    def pod(self, pod: Pod) -> PodObject:
        """The pod as it is."""
        return self._pods[pod]

    def put_pod(self, scope: ClusterScope, pod: Pod, new: PodObject) -> None:
        """Writes it, at the next revision. Writing the default record deletes it."""
        if scope.watch_pods:
            write = PodWrite(pod=pod, before=self._pods[pod])
            self._pod_history = self._pod_history + (write,)  # noqa: RUF005 - a Seq grows by +
        self._pods[pod] = new

    def pod_seen(self, pod: Pod, distance: int) -> PodObject:
        """The pod as it was `distance` writes of the kind ago."""
        for write in self._pod_history[len(self._pod_history) - distance :]:
            if write.pod == pod:
                return write.before
        return self._pods[pod]

    def pod_remembered(self, pod: Pod) -> bool:
        """Whether some watcher has yet to see a write to this slot: a new pod there would be taken for the old one."""
        return any(write.pod == pod for write in self._pod_history)

    def pod_written(self, distance: int) -> Pod | None:
        """Which pod the write was about that a watcher at `distance`, 1 or more, sees next."""
        return self._pod_history[len(self._pod_history) - distance].pod

    def compact_pods(self, greatest: int) -> None:
        """Forgets the history that everybody has seen: all but the last `greatest` writes."""
        self._pod_history = self._pod_history[len(self._pod_history) - greatest :]

    # --- nodes

    def node(self, node: Node) -> bool:
        """Whether the node is registered."""
        return self._nodes[node]

    def put_node(self, node: Node) -> None:
        """Writes the node."""
        self._nodes[node] = True
