"""The ReplicaSet controller: keeps as many pods as each ReplicaSet asks for.

Facts, from pkg/controller/replicaset: replica_set.go (syncReplicaSet, manageReplicas, getPodsToDelete), replica_set_utils.go
(calculateStatus, updateReplicaSetStatus) and pkg/controller/controller_utils.go (ActivePodsWithRanks):
- A sync reads the informers, creates or deletes the difference if expectations are fulfilled, then writes the status.
- Expectations for the whole difference are set before the first request. Creations go in batches of 1, 2, 4 … that are asked for all
  at once (slowStartBatch): one that fails does not stop the others of its batch, and ends the sync after it; then what failed and what was
  not attempted is not expected any more. A deletion that fails does not stop the others.
- The status follows, also that of a sync whose creations or deletions failed. It is written if it has changed (from 1.35 on with the
  number of terminating pods), or if the generation has not been observed yet. An update that fails is tried once more, on a fresh GET but
  with the status of before.

One step is one request. What is created or deleted in one sync is decided at its start and kept in a `Sync`; the status is a step of
its own, decided from the informers when it is taken (see docs/model.md). Creations of a slow-start batch and deletions run one
after the other, not concurrently.

Not modelled: adoption and release, minReadySeconds, conditions, burstReplicas (500).
"""

from __future__ import annotations

from kubecheck.model.answers import Answer
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.controller_manager import ControllerManager, Sync
from kubecheck.model.expectations import Expectations, are_kept
from kubecheck.model.informer import Resyncs, is_replica_set_stale, pod_in_view, replica_set_in_view
from kubecheck.model.objects import Pod, PodObject, ReplicaSet, ReplicaSetStatus
from kubecheck.model.scope import ClusterScope
from kubecheck.model.workqueue import Work
from kubecheck.spec import Module, count, first, present, require


def is_claimed(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet, pod: Pod) -> bool:
    """Whether the informer shows the pod as an active one of this ReplicaSet."""
    seen = pod_in_view(api, scope, pod)
    if scope.applies > 1 and seen.owner_uid != replica_set_in_view(api, scope, replica_set).uid:
        return False
    return seen.active and seen.owner == replica_set


def is_terminating(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet, pod: Pod) -> bool:
    """Whether the informer shows the pod as one of this ReplicaSet that is being deleted and has not ended (IsPodTerminating)."""
    seen = pod_in_view(api, scope, pod)
    if scope.applies > 1 and seen.owner_uid != replica_set_in_view(api, scope, replica_set).uid:
        return False
    return seen.terminating and not seen.terminal and seen.owner == replica_set


def active_pods(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet) -> int:
    """Active pods of the ReplicaSet that the informer shows."""
    return count(is_claimed(api, scope, replica_set, p) for p in Pod)


def may_manage(api: ApiServer, cm: ControllerManager, scope: ClusterScope, replica_set: ReplicaSet) -> bool:
    """Whether a sync may begin that creates or deletes pods."""
    if are_kept(scope) and not cm.expectations[replica_set].fulfilled:
        return False
    return may_sync(api, cm, replica_set)


def may_sync(api: ApiServer, cm: ControllerManager, replica_set: ReplicaSet) -> bool:
    """Whether a sync may begin: none of this key is in progress, it was not dropped, and its own writes have been seen."""
    return (
        cm.syncs[replica_set].done
        and api.replica_set_queue.has(replica_set)
        and cm.unseen_pods[replica_set] == 0
        and cm.unseen_status[replica_set] == 0
    )


def is_to_be_managed(api: ApiServer, cm: ControllerManager, scope: ClusterScope, replica_set: ReplicaSet) -> bool:
    """Whether a sync begins with creations or deletions, and has not failed: then its status follows these.

    One whose requests have failed writes the status all the same (syncReplicaSet, manageReplicasErr).
    """
    if api.replica_set_queue.keys[replica_set] is not Work.READY or not may_manage(api, cm, scope, replica_set):
        return False
    seen = replica_set_in_view(api, scope, replica_set)
    return seen.exists and seen.deleting == 0 and active_pods(api, scope, replica_set) != seen.replicas


def goes_before(api: ApiServer, scope: ClusterScope, one: Pod, other: Pod) -> bool:
    """Whether `one` is deleted rather than `other` (ActivePodsWithRanks.Less, then the lower slot).

    Unassigned before assigned, pending before running, then the one with more active pods of the same Deployment on its node.
    """
    a, b = pod_in_view(api, scope, one), pod_in_view(api, scope, other)
    if (a.node is None) != (b.node is None):
        return a.node is None
    if a.ready != b.ready:
        return not a.ready
    crowd, other_crowd = on_same_node(api, scope, a), on_same_node(api, scope, b)
    if crowd != other_crowd:
        return crowd > other_crowd
    return one < other


def on_same_node(api: ApiServer, scope: ClusterScope, seen: PodObject) -> int:
    """Active pods on the pod's node (getPodsRankedByRelatedPodsOnSameNode; all pods belong to ReplicaSets of one owner)."""
    return count(pod_in_view(api, scope, p).active and pod_in_view(api, scope, p).node == seen.node for p in Pod)


def is_to_be_deleted(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet, pod: Pod, surplus: int) -> bool:
    """Whether the pod is among the `surplus` pods that are deleted first (getPodsToDelete)."""
    if not is_claimed(api, scope, replica_set, pod):
        return False
    before = count(is_claimed(api, scope, replica_set, p) and goes_before(api, scope, p, pod) for p in Pod)
    return before < surplus


def free_slot(api: ApiServer, cm: ControllerManager, scope: ClusterScope) -> Pod | None:
    """The name that a new pod gets: the lowest slot that nobody remembers anything of."""
    return first(p for p in Pod if api.is_free(scope, p) and not cm.is_deleting(p))


def status_of(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet) -> ReplicaSetStatus:
    """The status that the informer's pods add up to (calculateStatus)."""
    ready = count(is_claimed(api, scope, replica_set, p) and pod_in_view(api, scope, p).ready for p in Pod)
    observed = replica_set_in_view(api, scope, replica_set).generation
    replicas = active_pods(api, scope, replica_set)
    if not scope.terminating_told:
        return ReplicaSetStatus(replicas=replicas, ready=ready, observed=observed)
    terminating = count(is_terminating(api, scope, replica_set, p) for p in Pod)
    return ReplicaSetStatus(replicas=replicas, ready=ready, terminating=terminating, observed=observed)


def others_of_batch(scope: ClusterScope, begun: int, missing: int) -> int:
    """How many of the missing pods are asked for at once with the next one, and after it, when `begun` have been asked for before."""
    if not scope.batches_fail:
        return 0
    last = 0
    for _ in range(scope.most_wanted):
        if last <= begun:
            last = 2 * last + 1
    return min(missing, last - begun) - 1


def replica_set_controller(scope: ClusterScope) -> Module:
    """The controller's steps: one request each."""
    module = Module("ReplicaSet controller", ApiServer, ControllerManager)

    @module.action(actor="replicaset-controller")
    def create_pod(api: ApiServer, cm: ControllerManager, replica_set: ReplicaSet) -> None:
        """The ReplicaSet controller creates a pod: the first of a sync, or the next one of the sync in progress."""
        sync = cm.syncs[replica_set]
        missing = sync.creating
        wanted = sync.wanted
        owner_uid = sync.owner_uid
        begun = sync.begun
        failed = sync.failed
        if missing == 0:
            require(may_manage(api, cm, scope, replica_set))
            seen = replica_set_in_view(api, scope, replica_set)
            wanted = seen.replicas
            owner_uid = seen.uid
            missing = wanted - active_pods(api, scope, replica_set)
            require(seen.deleting == 0 and missing > 0)  # what is gone asks for none
            if are_kept(scope):
                cm.expectations[replica_set] = Expectations(creations=missing)
        answer = api.create_pod(scope, present(free_slot(api, cm, scope)), replica_set, owner_uid)
        left = missing - 1
        if answer is Answer.OK:
            if scope.features.stale_write_guard and scope.lag_pods > 0:
                cm.unseen_pods[replica_set] = api.pods_distance()
        elif failed > 0:
            failed += 1
        else:
            left = others_of_batch(scope, begun, missing)
            failed = missing - left
        if left > 0:
            cm.syncs[replica_set] = Sync(creating=left, wanted=wanted, owner_uid=owner_uid)
            if scope.batches_fail:
                cm.syncs[replica_set].begun = begun + 1
                cm.syncs[replica_set].failed = failed
        else:
            cm.syncs[replica_set] = Sync()
            api.replica_set_queue.add(replica_set)
            if failed > 0:
                api.replica_set_queue.after(scope, replica_set, Answer.ERROR)
                expected = cm.expectations[replica_set]
                cm.expectations[replica_set] = expected.next(creations=max(0, expected.creations - failed))

    @module.action(actor="replicaset-controller")
    def delete_pod(api: ApiServer, cm: ControllerManager, replica_set: ReplicaSet) -> None:
        """The ReplicaSet controller deletes a pod: the first of a sync, or the next one of the sync in progress."""
        chosen = cm.syncs[replica_set].deleting
        if len(chosen) == 0:
            require(may_manage(api, cm, scope, replica_set))
            seen = replica_set_in_view(api, scope, replica_set)
            surplus = active_pods(api, scope, replica_set) - seen.replicas
            require(seen.exists and seen.deleting == 0 and surplus > 0)
            for p in Pod:
                if is_to_be_deleted(api, scope, replica_set, p, surplus):
                    chosen = chosen | {p}
            if are_kept(scope):
                cm.expectations[replica_set] = Expectations(deletions=chosen)
            api.replica_set_queue.add(replica_set)
        pod = present(first(p for p in Pod if p in chosen))
        cm.syncs[replica_set] = Sync(deleting=chosen - {pod})
        answer = api.delete_pod(scope, pod)
        if answer is not Answer.OK:
            expected = cm.expectations[replica_set]
            cm.expectations[replica_set] = expected.next(deletions=expected.deletions - {pod})
            if answer is not Answer.NOT_FOUND:
                api.replica_set_queue.after(scope, replica_set, answer)

    @module.action(actor="replicaset-controller")
    def update_replica_set_status(api: ApiServer, cm: ControllerManager, replica_set: ReplicaSet) -> None:
        """The ReplicaSet controller brings a ReplicaSet's status up to date."""
        require(may_sync(api, cm, replica_set) and not is_to_be_managed(api, cm, scope, replica_set))
        seen = replica_set_in_view(api, scope, replica_set)
        status = status_of(api, scope, replica_set)
        require(seen.exists and (status != seen.status or seen.unobserved == 1))
        stale = is_replica_set_stale(api, scope, replica_set)
        about = seen.replicas if scope.observation_told else 0
        answer = api.update_replica_set_status(scope, replica_set, seen.next(status=status), about, stale)
        if answer is Answer.OK:
            api.replica_set_queue.add(replica_set)
            if scope.features.stale_write_guard and scope.lag_replica_sets > 0:
                cm.unseen_status[replica_set] = api.replica_sets_distance()
        elif answer is Answer.NOT_FOUND:  # so is the GET that would come before a second attempt
            api.replica_set_queue.after(scope, replica_set, answer)
        else:
            cm.syncs[replica_set] = Sync(status=status, wanted=about, owner_uid=seen.uid)

    if scope.lag_replica_sets > 0 or scope.request_failures > 0 or scope.lost_responses > 0:

        @module.action(actor="replicaset-controller")
        def retry_replica_set_status(api: ApiServer, cm: ControllerManager, replica_set: ReplicaSet) -> None:
            """The ReplicaSet controller tries a refused status update once more: a GET, and the same status on what it got."""
            sync = cm.syncs[replica_set]
            stored = api.replica_set(replica_set)
            answer = Answer.NOT_FOUND
            if stored.uid == sync.owner_uid or not scope.features.uid_on_status_retry:
                new = stored.next(status=present(sync.status))
                answer = api.update_replica_set_status(scope, replica_set, new, sync.wanted, False)
            cm.syncs[replica_set] = Sync()
            api.replica_set_queue.after(scope, replica_set, answer)
            if scope.features.stale_write_guard and scope.lag_replica_sets > 0 and answer is Answer.OK:
                cm.unseen_status[replica_set] = api.replica_sets_distance()

    if scope.resyncs and (scope.expiries or not scope.features.requeue_on_error):
        module.include(resyncs_of_replica_sets(scope))

    if scope.applies > 1 and are_kept(scope) and not scope.features.delete_resets_expectations:

        @module.action(actor="replicaset-controller")
        def sync_deleted_replica_set(api: ApiServer, cm: ControllerManager, replica_set: ReplicaSet) -> None:
            """A sync finds that the ReplicaSet is gone, and drops its expectations (syncReplicaSet, IsNotFound)."""
            require(cm.syncs[replica_set].done and not replica_set_in_view(api, scope, replica_set).exists)
            cm.replica_set_gone(replica_set)

    return module


def resyncs_of_replica_sets(scope: ClusterScope) -> Module:
    """What brings a forgotten key back after a long time."""
    module = Module("resyncs of ReplicaSets", ApiServer, Resyncs)

    @module.action(actor="controller-manager")
    def resync_replica_sets(api: ApiServer, r: Resyncs) -> None:
        """The informer of ReplicaSets resyncs: their keys come back."""
        require(r.done < scope.resyncs)
        require(
            any(not api.replica_set_queue.has(s) and replica_set_in_view(api, scope, s).exists for s in ReplicaSet)
        )
        r.done += 1
        api.replica_set_queue.add_all()

    return module
