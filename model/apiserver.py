"""The API server: requests on objects, with their preconditions and answers. Everybody else talks to it, and it alone to etcd.

Facts, from staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and pkg/storage/etcd3/store.go (Create, GuaranteedUpdate):
- create of an existing name: 409 AlreadyExists; update or delete of a missing one: 404.
- An update that names a resourceVersion is refused with 409 Conflict unless it is the stored one. A patch is applied to the stored
  object inside the transaction and never conflicts.
- An update that changes nothing is not written: no revision, no event.
- The main resource keeps the stored status, the status subresource keeps the stored spec.
- A deletion that only marks the object starts a new generation, as a change of its spec does (store.go, markAsDeleting).

Each method is one request: one atomic step. `stale` says that the object has been written since the caller read it, that is,
that the resourceVersion in the request is not the stored one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from kubecheck.model.answers import Answer
from kubecheck.model.etcd import Etcd
from kubecheck.model.objects import (
    Deployment,
    DeploymentObject,
    Node,
    Phase,
    Pod,
    PodObject,
    ReplicaSet,
    ReplicaSetObject,
)
from kubecheck.model.scope import ClusterScope
from kubecheck.model.watches import Watches
from kubecheck.model.workqueue import WorkQueue, work_queue
from kubecheck.spec import Array, Range, State, present, require

if TYPE_CHECKING:
    DeploymentQueue = WorkQueue[Deployment]
    ReplicaSetQueue = WorkQueue[ReplicaSet]
else:
    DeploymentQueue = work_queue(Deployment)
    ReplicaSetQueue = work_queue(ReplicaSet)


class ApiServer(State):
    """The API servers, their watch caches, and the etcd behind them; and the work queues of the controllers.

    The queues are here because the informers are: the handlers that feed them run when an informer shows a write, and that is the write
    itself where the informer reads through.
    """

    _etcd: Etcd
    _watches: Watches
    deployment_queue: DeploymentQueue
    replica_set_queue: ReplicaSetQueue
    _failing: Annotated[int, Range(0, "failing")]
    _changed_since_read: Annotated[int, Range(0, "editing")]
    _losing: Annotated[int, Range(0, "losing")]
    _replica_sets_created: Array[ReplicaSet, Annotated[int, Range(0, "reapplies")]]
    _pods_created: Array[Pod, Annotated[int, Range(0, "recreations")]]

    def _fails(self, scope: ClusterScope) -> bool:
        """Whether this request is the one that fails."""
        if scope.request_failures > 0 and self._failing == 1:
            self._failing = 0
            return True
        return False

    def _done(self, scope: ClusterScope) -> Answer:
        """The answer to a request that took effect: OK, unless it gets lost."""
        if scope.lost_responses > 0 and self._losing == 1:
            self._losing = 0
            return Answer.TIMEOUT
        return Answer.OK

    def lose_next(self) -> None:
        """A fault: the answer to the next request that takes effect is lost."""
        require(self._losing == 0)
        self._losing = 1

    def fail_next(self) -> None:
        """A fault: the next request is answered with 500 and has no effect."""
        require(self._failing == 0)
        self._failing = 1

    # --- Deployments

    def deployment(self, deployment: Deployment) -> DeploymentObject:
        """GET, from etcd."""
        return self._etcd.deployment(deployment)

    def _put_deployment(self, scope: ClusterScope, deployment: Deployment, new: DeploymentObject) -> None:
        if not scope.features.no_op_writes or new != self._etcd.deployment(deployment):
            self._watches.deployment_written(scope)
            if scope.edits > 0:
                self._changed_since_read = 1
            self._etcd.put_deployment(scope, deployment, new)
            if scope.keys_rest and not scope.lag_deployments:
                self._deployment_shown(deployment)

    def create_deployment(
        self, scope: ClusterScope, deployment: Deployment, template: ReplicaSet, replicas: int
    ) -> Answer:
        """POST deployments."""
        if self._fails(scope):
            return Answer.ERROR
        if self._etcd.deployment(deployment).template is not None:
            return Answer.ALREADY_EXISTS
        paused = 1 if scope.paused else 0
        new = DeploymentObject(template=template, replicas=replicas, paused=paused)
        self._put_deployment(scope, deployment, new.next(generation=1 if scope.deployment_generations else 0))
        return self._done(scope)

    def patch_deployment(
        self, scope: ClusterScope, deployment: Deployment, template: ReplicaSet, replicas: int, paused: int
    ) -> Answer:
        """PATCH of the spec, or PUT of the scale subresource with no resourceVersion: as kubectl's set image, scale, rollout resume do."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.deployment(deployment)
        if stored.template is None:
            return Answer.NOT_FOUND
        new = stored.next(template=template, replicas=replicas, paused=paused)
        if scope.deployment_generations and new != stored:
            new = new.next(generation=stored.generation + 1)
        self._put_deployment(scope, deployment, new)
        return self._done(scope)

    def update_deployment_status(
        self, scope: ClusterScope, deployment: Deployment, new: DeploymentObject, stale: bool
    ) -> Answer:
        """PUT deployments/status: all but the status is as it is stored."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.deployment(deployment)
        if stored.template is None:
            return Answer.NOT_FOUND
        if scope.features.optimistic_lock and stale:
            return Answer.CONFLICT
        if scope.features.status_subresource:
            new = stored.next(status=new.status)
        self._put_deployment(scope, deployment, new)
        return self._done(scope)

    def annotate_deployment(self, scope: ClusterScope, deployment: Deployment) -> Answer:
        """PATCH that adds an annotation, as `kubectl annotate` does."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.deployment(deployment)
        if stored.template is None:
            return Answer.NOT_FOUND
        new = stored.next(annotations=stored.annotations + 1)
        if scope.deployment_generations:  # annotations count too (pkg/registry/apps/deployment/strategy.go, PrepareForUpdate)
            new = new.next(generation=stored.generation + 1)
        self._put_deployment(scope, deployment, new)
        return self._done(scope)

    def delete_deployment(self, scope: ClusterScope, deployment: Deployment) -> Answer:
        """DELETE: in the background it is gone at once, its ReplicaSets are left to the garbage collector; else it is marked."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.deployment(deployment)
        if stored.template is None:
            return Answer.NOT_FOUND
        if scope.foreground and scope.features.foreground_finalizer:
            new = stored.next(deleting=1)
            if scope.deployment_generations and stored.deleting == 0:
                new = new.next(generation=stored.generation + 1)
            self._put_deployment(scope, deployment, new)
        else:
            self._put_deployment(scope, deployment, DeploymentObject())
        return self._done(scope)

    def finalize_deployment(self, scope: ClusterScope, deployment: Deployment) -> Answer:
        """PATCH that takes its last finalizer from a Deployment that is being deleted: it is gone."""
        if self._fails(scope):
            return Answer.ERROR
        if self._etcd.deployment(deployment).template is None:
            return Answer.NOT_FOUND
        self._put_deployment(scope, deployment, DeploymentObject())
        return self._done(scope)

    def read_for_edit(self, deployment: Deployment) -> DeploymentObject:
        """GET by a user who will send it back changed."""
        self._changed_since_read = 0
        return self._etcd.deployment(deployment)

    def replace_deployment(self, scope: ClusterScope, deployment: Deployment, new: DeploymentObject) -> Answer:
        """PUT with the resourceVersion that `read_for_edit` gave."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.deployment(deployment)
        if stored.template is None:
            return Answer.NOT_FOUND
        if scope.features.optimistic_lock and self._changed_since_read == 1:
            return Answer.CONFLICT
        new = new.next(status=stored.status, generation=stored.generation, deleting=stored.deleting)
        if scope.deployment_generations and new != stored:
            new = new.next(generation=stored.generation + 1)
        self._put_deployment(scope, deployment, new)
        return self._done(scope)

    # --- ReplicaSets

    def replica_set(self, replica_set: ReplicaSet) -> ReplicaSetObject:
        """GET, from etcd."""
        return self._etcd.replica_set(replica_set)

    def _put_replica_set(self, scope: ClusterScope, replica_set: ReplicaSet, new: ReplicaSetObject) -> None:
        if not scope.features.no_op_writes or new != self._etcd.replica_set(replica_set):
            self._watches.replica_set_written(scope)
            self._etcd.put_replica_set(scope, replica_set, new)
            if scope.keys_rest and not scope.lag_replica_sets:
                self._replica_set_shown(replica_set)

    def create_replica_set(self, scope: ClusterScope, replica_set: ReplicaSet, new: ReplicaSetObject) -> Answer:
        """POST replicasets."""
        if self._fails(scope):
            return Answer.ERROR
        if self._etcd.replica_set(replica_set).exists:
            return Answer.ALREADY_EXISTS
        if scope.replica_set_generations:
            new = new.next(generation=1)
        if scope.observation_told:
            new = new.next(unobserved=1)
        if scope.applies > 1:
            uid = self._replica_sets_created[replica_set]
            self._put_replica_set(scope, replica_set, new.next(uid=uid))
            self._replica_sets_created[replica_set] = min(uid + 1, scope.applies - 1)
        else:
            self._put_replica_set(scope, replica_set, new)
        return self._done(scope)

    def update_replica_set(
        self, scope: ClusterScope, replica_set: ReplicaSet, new: ReplicaSetObject, stale: bool
    ) -> Answer:
        """PUT replicasets: all but the status is as the caller sends it."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.replica_set(replica_set)
        if not stored.exists:
            return Answer.NOT_FOUND
        if scope.features.optimistic_lock and stale:
            return Answer.CONFLICT
        new = new.next(status=stored.status, deleting=stored.deleting, unobserved=stored.unobserved)
        if scope.observation_told and new.replicas != stored.replicas:
            new = new.next(unobserved=1)
        self._put_replica_set(scope, replica_set, new)
        return self._done(scope)

    def update_replica_set_status(
        self, scope: ClusterScope, replica_set: ReplicaSet, new: ReplicaSetObject, about: int, stale: bool
    ) -> Answer:
        """PUT replicasets/status: all but the status is as it is stored. `about` is the spec.replicas that it was worked out for.

        The generation that it observes is that of this spec; if the spec was changed there and back meanwhile, it is the later one.
        """
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.replica_set(replica_set)
        if not stored.exists:
            return Answer.NOT_FOUND
        if scope.features.optimistic_lock and stale:
            return Answer.CONFLICT
        if scope.features.status_subresource:
            new = stored.next(status=new.status)
        if scope.observation_told:
            new = new.next(unobserved=0 if about == stored.replicas else 1)
        self._put_replica_set(scope, replica_set, new)
        return self._done(scope)

    def scale_replica_set(self, scope: ClusterScope, replica_set: ReplicaSet, replicas: int) -> Answer:
        """PUT replicasets/scale with no resourceVersion, as `kubectl scale` does."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.replica_set(replica_set)
        if not stored.exists:
            return Answer.NOT_FOUND
        new = stored.next(replicas=replicas)
        if scope.replica_set_generations and new != stored:
            new = new.next(generation=stored.generation + 1)
        if scope.observation_told and new != stored:
            new = new.next(unobserved=1)
        self._put_replica_set(scope, replica_set, new)
        return self._done(scope)

    def annotate_replica_set(self, scope: ClusterScope, replica_set: ReplicaSet) -> Answer:
        """PATCH that adds an annotation, as `kubectl annotate` does."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.replica_set(replica_set)
        if not stored.exists:
            return Answer.NOT_FOUND
        self._put_replica_set(scope, replica_set, stored.next(annotations=stored.annotations + 1))
        return self._done(scope)

    def delete_replica_set(self, scope: ClusterScope, replica_set: ReplicaSet) -> Answer:
        """DELETE: in the background it is gone at once, its pods are left to the garbage collector; else it is marked."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.replica_set(replica_set)
        if not stored.exists:
            return Answer.NOT_FOUND
        if scope.foreground and scope.features.foreground_finalizer:
            new = stored.next(deleting=1)
            if scope.replica_set_generations and stored.deleting == 0:
                new = new.next(generation=stored.generation + 1)
            self._put_replica_set(scope, replica_set, new)
        else:
            self._put_replica_set(scope, replica_set, ReplicaSetObject())
        return self._done(scope)

    def finalize_replica_set(self, scope: ClusterScope, replica_set: ReplicaSet) -> Answer:
        """PATCH that takes its last finalizer from a ReplicaSet that is being deleted: it is gone."""
        if self._fails(scope):
            return Answer.ERROR
        if not self._etcd.replica_set(replica_set).exists:
            return Answer.NOT_FOUND
        self._put_replica_set(scope, replica_set, ReplicaSetObject())
        return self._done(scope)

    # --- pods

    def pod(self, pod: Pod) -> PodObject:
        """GET, from etcd."""
        return self._etcd.pod(pod)

    def _put_pod(self, scope: ClusterScope, pod: Pod, new: PodObject) -> None:
        if not scope.features.no_op_writes or new != self._etcd.pod(pod):
            before = self._etcd.pod(pod)
            self._watches.pod_written(scope)
            self._etcd.put_pod(scope, pod, new)
            if scope.keys_rest and not scope.lag_pods:
                self.pod_shown(scope, before, new)

    def is_free(self, scope: ClusterScope, pod: Pod) -> bool:
        """Whether a new pod may take the slot: nothing is there, and no watch has yet to deliver anything of what was."""
        if scope.watch_pods and self._etcd.pod_remembered(pod):
            return False
        return not self._etcd.pod(pod).exists

    def create_pod(self, scope: ClusterScope, pod: Pod, owner: ReplicaSet, owner_uid: int) -> Answer:
        """POST pods with generateName and a controller reference; `pod`, which is free, is the name and UID that it gets."""
        if self._fails(scope):
            return Answer.ERROR
        self._put_pod(scope, pod, PodObject(phase=Phase.PENDING, owner=owner, owner_uid=owner_uid))
        return self._done(scope)

    def create_named_pod(self, scope: ClusterScope, pod: Pod, node: Node | None) -> Answer:
        """POST pods with a name, perhaps on a node: 409 AlreadyExists if there is one. It gets another UID than all that had the name."""
        if self._fails(scope):
            return Answer.ERROR
        if self._etcd.pod(pod).exists:
            return Answer.ALREADY_EXISTS
        uid = self._pods_created[pod]
        self._put_pod(scope, pod, PodObject(phase=Phase.PENDING, uid=uid, node=node))
        self._pods_created[pod] = min(uid + 1, scope.recreations)
        return self._done(scope)

    def bind_pod(self, scope: ClusterScope, pod: Pod, node: Node) -> Answer:
        """POST pods/binding (pkg/registry/core/pod/storage/storage.go): no resourceVersion; whether the node exists is not checked."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.pod(pod)
        if not stored.exists:
            return Answer.NOT_FOUND
        if scope.features.binding_check and (stored.terminating or stored.node is not None):
            return Answer.CONFLICT
        self._put_pod(scope, pod, stored.next(node=node))
        return self._done(scope)

    def patch_pod_status(self, scope: ClusterScope, pod: Pod, uid: int, phase: Phase) -> Answer:
        """PATCH pods/status, as the kubelet does (pkg/kubelet/status/status_manager.go, syncPod): the UID, no resourceVersion."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.pod(pod)
        if not stored.exists:
            return Answer.NOT_FOUND
        if scope.recreations > 0 and scope.features.uid_on_status and stored.uid != uid:
            return Answer.CONFLICT
        self._put_pod(scope, pod, stored.next(phase=phase))
        return self._done(scope)

    def annotate_pod(self, scope: ClusterScope, pod: Pod) -> Answer:
        """PATCH that adds an annotation."""
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.pod(pod)
        if not stored.exists:
            return Answer.NOT_FOUND
        self._put_pod(scope, pod, stored.next(annotations=stored.annotations + 1))
        return self._done(scope)

    def delete_pod(self, scope: ClusterScope, pod: Pod) -> Answer:
        """DELETE with the pod's own grace period (pkg/registry/core/pod/strategy.go, CheckGracefulDelete).

        An unscheduled or terminal pod is gone at once, a bound one only gets a deletionTimestamp; a second DELETE changes nothing, even
        if the pod has ended meanwhile (staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go, BeforeDelete): the kubelet removes it.
        """
        if self._fails(scope):
            return Answer.ERROR
        stored = self._etcd.pod(pod)
        if not stored.exists:
            return Answer.NOT_FOUND
        if stored.node is None or (stored.terminal and not stored.terminating):
            self._put_pod(scope, pod, PodObject())
        elif not stored.terminating:
            self._put_pod(scope, pod, stored.next(terminating=True))
        return self._done(scope)

    def remove_pod(self, scope: ClusterScope, pod: Pod, uid: int) -> Answer:
        """DELETE with grace period 0 and a UID as precondition: the kubelet's confirmation that the pod has ended.

        Who does not care names the UID that is stored, as in somebody's `kubectl delete --force`.
        """
        if self._fails(scope):
            return Answer.ERROR
        if not self._etcd.pod(pod).exists:
            return Answer.NOT_FOUND
        if scope.recreations > 0 and scope.features.uid_on_delete and self._etcd.pod(pod).uid != uid:
            return Answer.CONFLICT
        self._put_pod(scope, pod, PodObject())
        return self._done(scope)

    # --- nodes

    def is_registered(self, node: Node) -> bool:
        """Whether the Node object exists."""
        return self._etcd.node(node)

    def create_node(self, scope: ClusterScope, node: Node) -> Answer:
        """POST nodes."""
        if self._fails(scope):
            return Answer.ERROR
        if self._etcd.node(node):
            return Answer.ALREADY_EXISTS
        self._etcd.put_node(node)
        return self._done(scope)

    # --- watches: what a client's informer shows, whether an object is stale in it, and how it catches up

    def controllers_deployment(self, deployment: Deployment) -> DeploymentObject:
        """The Deployment in the controller manager's informer."""
        return self._etcd.deployment_seen(deployment, self._watches.controllers_deployments)

    def controllers_deployment_stale(self, deployment: Deployment) -> bool:
        """Whether it has been written since."""
        return self._etcd.deployment_changed(deployment, self._watches.controllers_deployments)

    def controllers_replica_set(self, replica_set: ReplicaSet) -> ReplicaSetObject:
        """The ReplicaSet in the controller manager's informer."""
        return self._etcd.replica_set_seen(replica_set, self._watches.controllers_replica_sets)

    def controllers_replica_set_stale(self, replica_set: ReplicaSet) -> bool:
        """Whether it has been written since."""
        return self._etcd.replica_set_changed(replica_set, self._watches.controllers_replica_sets)

    def controllers_pod(self, pod: Pod) -> PodObject:
        """The pod in the controller manager's informer."""
        return self._etcd.pod_seen(pod, self._watches.controllers_pods)

    def scheduler_pod(self, pod: Pod) -> PodObject:
        """The pod in the scheduler's informer."""
        return self._etcd.pod_seen(pod, self._watches.scheduler_pods)

    def cached_pod(self, pod: Pod) -> PodObject:
        """The pod in the second API server's watch cache."""
        return self._etcd.pod_seen(pod, self._watches.cache_pods)

    def next_deployment_write(self) -> bool:
        """Whether the controller manager's API server has a write to a Deployment that it has not seen."""
        return self._watches.controllers_deployments > self._watches.serving_deployments()

    def next_replica_set_write(self) -> ReplicaSet | None:
        """Which ReplicaSet the next write is about that the controller manager sees; None if its API server has no more."""
        if self._watches.controllers_replica_sets <= self._watches.serving_replica_sets():
            return None
        return self._etcd.replica_set_written(self._watches.controllers_replica_sets)

    def next_pod_write(self) -> Pod | None:
        """Which pod the next write is about that the controller manager sees; None if its API server has no more."""
        if self._watches.controllers_pods <= self._watches.serving_pods():
            return None
        return self._etcd.pod_written(self._watches.controllers_pods)

    def next_scheduler_write(self) -> Pod | None:
        """Which pod the next write is about that the scheduler sees; None if its API server has no more."""
        if self._watches.scheduler_pods <= self._watches.serving_scheduler():
            return None
        return self._etcd.pod_written(self._watches.scheduler_pods)

    def deliver_deployment(self) -> None:
        """The controller manager sees the next write to a Deployment."""
        self._watches.controllers_deployments -= 1
        self._etcd.compact_deployments(self._watches.deployments_behind())
        for deployment in Deployment:
            self._deployment_shown(deployment)

    def deliver_replica_set(self) -> None:
        """The controller manager sees the next write to a ReplicaSet."""
        self._replica_set_shown(present(self._etcd.replica_set_written(self._watches.controllers_replica_sets)))
        self._watches.controllers_replica_sets -= 1
        self._etcd.compact_replica_sets(self._watches.replica_sets_behind())

    def deliver_pod(self) -> None:
        """The controller manager sees the next write to a pod."""
        self._watches.controllers_pods -= 1
        self._etcd.compact_pods(self._watches.pods_behind())

    def deliver_pod_to_scheduler(self) -> None:
        """The scheduler sees the next write to a pod."""
        self._watches.scheduler_pods -= 1
        self._etcd.compact_pods(self._watches.pods_behind())

    # --- event handlers: what of a write that an informer shows puts a key into a work queue

    def _deployment_shown(self, deployment: Deployment) -> None:
        """Any event adds its key (deployment_controller.go, addDeployment, updateDeployment, deleteDeployment)."""
        self.deployment_queue.add(deployment)

    def _replica_set_shown(self, replica_set: ReplicaSet) -> None:
        """Any event adds its key and that of its Deployment (replica_set.go, addRS; deployment_controller.go, addReplicaSet)."""
        self.replica_set_queue.add(replica_set)
        self.deployment_queue.add_all()

    def pod_shown(self, scope: ClusterScope, before: PodObject, after: PodObject) -> None:
        """Any event of a pod adds its ReplicaSet's key (replica_set.go, addPod, updatePod, deletePod).

        The Deployment controller has one handler for pods (deployment_controller.go, deletePod): when a pod of a Recreate Deployment
        is gone it adds the key if no pod is left; ended ones count, though a rollout does not wait for them (recreate.go, oldPodsRunning).
        It lists the ReplicaSets from the API server; if that fails it does nothing.
        """
        self.replica_set_queue.add(present(before.owner if before.exists else after.owner))
        is_last = not after.exists and not any(self._is_left(scope, p) for p in Pod)
        if scope.waits_for_pods and is_last:
            fails = self._fails(scope)
            if not fails:
                self.deployment_queue.add_all()

    def _is_left(self, scope: ClusterScope, pod: Pod) -> bool:
        """Whether the controller manager's informer shows the pod, as one that the handler of deletions counts."""
        seen = self.controllers_pod(pod) if scope.lag_pods else self._etcd.pod(pod)
        return seen.exists and not (scope.features.recreate_ended_pods and seen.terminal)

    def advance_deployment_cache(self) -> None:
        """The second API server's cache of Deployments takes in the next write. Not enabled if it has them all."""
        require(self._watches.cache_deployments > 0)
        self._watches.cache_deployments -= 1
        self._etcd.compact_deployments(self._watches.deployments_behind())

    def advance_replica_set_cache(self) -> None:
        """The second API server's cache of ReplicaSets takes in the next write. Not enabled if it has them all."""
        require(self._watches.cache_replica_sets > 0)
        self._watches.cache_replica_sets -= 1
        self._etcd.compact_replica_sets(self._watches.replica_sets_behind())

    def advance_pod_cache(self) -> None:
        """The second API server's cache of pods takes in the next write. Not enabled if it has them all."""
        require(self._watches.cache_pods > 0)
        self._watches.cache_pods -= 1
        self._etcd.compact_pods(self._watches.pods_behind())

    # --- lists: what an informer starts from

    def relist_controllers(self, scope: ClusterScope, server: int) -> None:
        """The controller manager's informers list everything, after a restart, at this API server.

        A consistent list (resourceVersion "") is as new as etcd. One with resourceVersion "0" is what the API server's cache has.
        """
        self._watches.connect(server)
        consistent = scope.features.consistent_list
        self._watches.controllers_deployments = 0 if consistent else self._watches.serving_deployments()
        self._watches.controllers_replica_sets = 0 if consistent else self._watches.serving_replica_sets()
        self._watches.controllers_pods = 0 if consistent else self._watches.serving_pods()
        self._compact()
        self.deployment_queue.add_all()
        self.replica_set_queue.add_all()

    def reconnect_controllers(self, scope: ClusterScope, server: int) -> None:
        """The controller manager's watches break and are opened again, at this API server.

        They go on from the last resourceVersion seen; a cache that has not come that far is silent until it has. Without that,
        the informers list with resourceVersion "0" and may go back in time.
        """
        self._watches.connect(server)
        if not scope.features.relist_at_last_version:
            self._watches.controllers_deployments = self._watches.serving_deployments()
            self._watches.controllers_replica_sets = self._watches.serving_replica_sets()
            self._watches.controllers_pods = self._watches.serving_pods()
            self._compact()
            self.deployment_queue.add_all()
            self.replica_set_queue.add_all()

    def restart_server(self, scope: ClusterScope, server: int, other: int) -> None:
        """An API server crashes and restarts: it fills its watch caches from etcd, and who watched there goes on at `other`.

        (staging/src/k8s.io/apiserver/pkg/storage/cacher/cacher.go, startCaching: a new cache lists from etcd before it serves anybody.)
        """
        if server == 1:
            self._watches.cache_deployments = 0
            self._watches.cache_replica_sets = 0
            self._watches.cache_pods = 0
        if self._watches.controllers_server == server:
            self.reconnect_controllers(scope, other)
        if scope.scheduler_servers and self._watches.scheduler_server == server:
            self._watches.scheduler_server = other
        self._compact()

    def restart_scheduler(self, scope: ClusterScope, server: int) -> None:
        """The scheduler's informer lists all pods, after a restart, at this API server: as relist_controllers."""
        self._watches.scheduler_server = server
        self._watches.scheduler_pods = 0 if scope.features.client_consistent_list else self._watches.serving_scheduler()
        self._compact()

    def relist_scheduler(self, server: int) -> None:
        """The scheduler's informer lists all pods anew, at this API server, whose cache must be as new as what it has seen."""
        self._watches.scheduler_server = server
        require(self._watches.serving_scheduler() <= self._watches.scheduler_pods)
        self._watches.scheduler_pods = self._watches.serving_scheduler()
        self._compact()

    def _compact(self) -> None:
        self._etcd.compact_deployments(self._watches.deployments_behind())
        self._etcd.compact_replica_sets(self._watches.replica_sets_behind())
        self._etcd.compact_pods(self._watches.pods_behind())

    # --- distances, for properties

    def deployments_distance(self) -> int:
        """How many writes to Deployments the controller manager has not seen."""
        return self._watches.controllers_deployments

    def replica_sets_distance(self) -> int:
        """How many writes to ReplicaSets the controller manager has not seen."""
        return self._watches.controllers_replica_sets

    def pods_distance(self) -> int:
        """How many writes to pods the controller manager has not seen."""
        return self._watches.controllers_pods

    def deployment_window(self) -> int:
        """How many writes to Deployments somebody has not seen."""
        return self._watches.deployments_behind()

    def replica_set_window(self) -> int:
        """How many writes to ReplicaSets somebody has not seen."""
        return self._watches.replica_sets_behind()

    def pod_window(self) -> int:
        """How many writes to pods somebody has not seen."""
        return self._watches.pods_behind()
