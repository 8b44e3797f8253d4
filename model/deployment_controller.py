"""The Deployment controller: turns a Deployment into ReplicaSets of the right sizes.

Facts, from pkg/controller/deployment: deployment_controller.go (syncDeployment), sync.go (getNewReplicaSet, scale, scaleReplicaSet,
isScalingEvent, calculateStatus), rolling.go (reconcileNewReplicaSet, reconcileOldReplicaSets), recreate.go, util/deployment_util.go
(NewRSNewReplicas, MaxSurge, MaxUnavailable, GetReplicaSetProportion, FindActiveOrLatest, IsSaturated).

One step is one request, with the decision that led to it. A sync of several requests (a ReplicaSet scaled, then another one, then the
status) is as many steps, and each is decided anew from the informers: an informer that has not advanced gives the decision that
was made at the start of the sync, and the controller's arithmetic is made to be resumed anywhere, for a conflict or a crash may end a sync
after any request. With informers that read through, a later request is never older than the one before; see docs/model.md.

A request that fails brings the key back (AddRateLimited), with one exception in the source: reconcileOldReplicaSets swallows the
errors of cleanupUnhealthyReplicas and of scaleDownOldReplicaSetsForRollingUpdate, so a failed scaling of an old ReplicaSet in a rolling
update counts as a sync without one; the key is forgotten and comes back with the next event, resync or progress check. The model lets
it come back at any time, as a resync does, so it does not show how long such a rollout may stand still.

Of pods it hears only of deletions (apiserver.py, pod_shown). So a Recreate rollout that waits for old pods may have forgotten its key when
they are gone: forget_until_next_event.

Not modelled: revision annotations and rollbacks by them, adoption and release, collisionCount, progress deadlines and conditions,
revisionHistoryLimit, generations.
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.informer import (
    Resyncs,
    deployment_in_view,
    is_deployment_stale,
    is_replica_set_stale,
    pod_in_view,
    replica_set_in_view,
)
from kubecheck.model.objects import (
    Deployment,
    DeploymentObject,
    DeploymentStatus,
    Pod,
    ReplicaSet,
    ReplicaSetObject,
)
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, Range, Record, count, present, require


class Request(enum.Enum):
    """The next request of a sync."""

    STATUS = "status"
    CREATE = "create"
    SCALE = "scale"


class Decision(Record):
    """What a sync does next: create this ReplicaSet with so many replicas, scale it to so many, or bring the status up to date."""

    request: Request = Request.STATUS
    replica_set: ReplicaSet | None = None
    replicas: Annotated[int, Range(0, "most_wanted")] = 0


def max_surge(scope: ClusterScope, replicas: int) -> int:
    """Pods above `replicas` that a rolling update may have: a percentage is rounded up (util/deployment_util.go, MaxSurge)."""
    if scope.recreate:
        return 0
    if scope.bounds.surge.percent:
        return (scope.bounds.surge.value * replicas + 99) // 100
    return scope.bounds.surge.value


def max_unavailable(scope: ClusterScope, replicas: int) -> int:
    """Pods below `replicas` that a rolling update may have: rounded down, but not both 0 (ResolveFenceposts, MaxUnavailable)."""
    if scope.recreate:
        return 0
    bound = scope.bounds.unavailable.value
    if scope.bounds.unavailable.percent:
        bound = scope.bounds.unavailable.value * replicas // 100
    if bound == 0 and max_surge(scope, replicas) == 0:
        bound = 1
    return min(bound, replicas)


def total_replicas(api: ApiServer, scope: ClusterScope) -> int:
    """Pods that all ReplicaSets together are asked for (GetReplicaCountForReplicaSets)."""
    return sum(replica_set_in_view(api, scope, r).replicas for r in ReplicaSet)


def total_ready(api: ApiServer, scope: ClusterScope) -> int:
    """Pods that all ReplicaSets together report as available (GetAvailableReplicaCountForReplicaSets)."""
    return sum(replica_set_in_view(api, scope, r).status.ready for r in ReplicaSet)


def available(scope: ClusterScope, seen: ReplicaSetObject) -> int:
    """Pods of the ReplicaSet that a rolling update counts on: as many as its status says, even if it is asked for fewer by now."""
    return min(seen.status.ready, seen.replicas) if scope.features.available_up_to_spec else seen.status.ready


def ready_in_rollout(api: ApiServer, scope: ClusterScope, new: ReplicaSet) -> int:
    """Pods of all ReplicaSets that it counts on, without old ones that are asked for none any more (reconcileOldReplicaSets)."""
    return sum(
        available(scope, replica_set_in_view(api, scope, r)) if r == new or is_active(api, scope, r) else 0
        for r in ReplicaSet
    )


def new_size(api: ApiServer, scope: ClusterScope, wanted: int, current: int) -> int:
    """How far the new ReplicaSet may grow now (NewRSNewReplicas)."""
    if not scope.features.max_surge:
        return wanted
    room = wanted + max_surge(scope, wanted) - total_replicas(api, scope)
    if room <= 0:
        return current
    return current + min(room, wanted - current)


def decide(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> Decision:
    """The next request of a sync of the Deployment, as the informers show it (syncDeployment). Not enabled if there is none."""
    seen = deployment_in_view(api, scope, deployment)
    new = present(seen.template)
    if scope.foreground and seen.deleting == 1:  # syncStatusOnly
        return Decision()
    if scope.paused and scope.features.pause and seen.paused == 1:
        return decide_scaling(api, scope, seen, new)
    if scope.scales > 0 and is_scaling_event(api, scope, seen):
        return decide_scaling(api, scope, seen, new)
    if scope.recreate:
        return decide_recreate(api, scope, seen, new)
    return decide_rolling(api, scope, seen, new)


def is_scaling_event(api: ApiServer, scope: ClusterScope, seen: DeploymentObject) -> bool:
    """Whether an active ReplicaSet was last scaled for another number of replicas (sync.go, isScalingEvent)."""
    return any(
        is_active(api, scope, r) and replica_set_in_view(api, scope, r).desired != seen.replicas for r in ReplicaSet
    )


def decide_rolling(api: ApiServer, scope: ClusterScope, seen: DeploymentObject, new: ReplicaSet) -> Decision:
    """A rolling update (rolling.go, rolloutRolling): first the new ReplicaSet up, then the old ones down, as far as allowed."""
    newest = replica_set_in_view(api, scope, new)
    if not newest.exists:
        size = new_size(api, scope, seen.replicas, 0)
        return Decision(request=Request.CREATE, replica_set=new, replicas=size)
    if newest.replicas > seen.replicas:
        return Decision(request=Request.SCALE, replica_set=new, replicas=seen.replicas)
    size = new_size(api, scope, seen.replicas, newest.replicas)
    if size != newest.replicas:
        return Decision(request=Request.SCALE, replica_set=new, replicas=size)
    total = total_replicas(api, scope)
    least = seen.replicas - max_unavailable(scope, seen.replicas) if scope.features.max_unavailable else 0
    allowed = total - least - (newest.replicas - available(scope, newest))
    if allowed <= 0:
        return Decision()
    # cleanupUnhealthyReplicas: replicas of old ReplicaSets that are not available go first; one that reports more than it is asked
    # for makes it give up, and the caller swallows the error
    for other in ReplicaSet:
        old = replica_set_in_view(api, scope, other)
        if other != new and old.replicas > 0 and old.replicas != old.status.ready:
            if old.status.ready > old.replicas:
                return Decision()
            down = min(allowed, old.replicas - old.status.ready)
            return Decision(request=Request.SCALE, replica_set=other, replicas=old.replicas - down)
    # scaleDownOldReplicaSetsForRollingUpdate
    spare = ready_in_rollout(api, scope, new) - least
    if spare > 0:
        for other in ReplicaSet:
            old = replica_set_in_view(api, scope, other)
            if other != new and old.replicas > 0:
                return Decision(
                    request=Request.SCALE, replica_set=other, replicas=old.replicas - min(old.replicas, spare)
                )
    return Decision()


def decide_recreate(api: ApiServer, scope: ClusterScope, seen: DeploymentObject, new: ReplicaSet) -> Decision:
    """A rollout that first removes every old pod (recreate.go, rolloutRecreate)."""
    for other in ReplicaSet:
        if other != new and replica_set_in_view(api, scope, other).replicas > 0:
            return Decision(request=Request.SCALE, replica_set=other, replicas=0)
    # oldPodsRunning: terminating pods count, terminal ones do not
    if any(r != new and replica_set_in_view(api, scope, r).status.replicas > 0 for r in ReplicaSet):
        return Decision()
    if scope.features.recreate_waits_for_pods and any(is_old_pod(api, scope, p, new) for p in Pod):
        return Decision()
    newest = replica_set_in_view(api, scope, new)
    if not newest.exists:
        return Decision(request=Request.CREATE, replica_set=new, replicas=seen.replicas)
    if newest.replicas != seen.replicas:
        return Decision(request=Request.SCALE, replica_set=new, replicas=seen.replicas)
    return Decision()


def is_old_pod(api: ApiServer, scope: ClusterScope, pod: Pod, new: ReplicaSet) -> bool:
    """Whether the pod belongs to an old ReplicaSet and has not ended."""
    seen = pod_in_view(api, scope, pod)
    return seen.exists and not (scope.features.recreate_skips_ended and seen.terminal) and seen.owner != new


def has_old_pods(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> bool:
    """Whether pods of old ReplicaSets run."""
    new = present(deployment_in_view(api, scope, deployment).template)
    return any(is_old_pod(api, scope, p, new) for p in Pod)


def has_nothing_to_do(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> bool:
    """Whether a sync would make no request. Not enabled if there is no Deployment."""
    if decide(api, scope, deployment).request is not Request.STATUS:
        return False
    if not scope.deployment_status:
        return True
    return deployment_in_view(api, scope, deployment).status == status_of(api, scope, deployment)


def is_active(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet) -> bool:
    """Whether the ReplicaSet is asked for any pods (FilterActiveReplicaSets)."""
    return replica_set_in_view(api, scope, replica_set).replicas > 0


def decide_scaling(api: ApiServer, scope: ClusterScope, seen: DeploymentObject, new: ReplicaSet) -> Decision:
    """Scaling, also of a paused Deployment: one ReplicaSet to the full size, several in proportion (sync.go, scale)."""
    newest = replica_set_in_view(api, scope, new)
    active = count(is_active(api, scope, r) for r in ReplicaSet)
    if active <= 1:  # FindActiveOrLatest: the only active one, or else the newest
        for other in ReplicaSet:
            one = replica_set_in_view(api, scope, other)
            if one.exists and (one.replicas > 0 or (active == 0 and is_latest(api, scope, other, new))):
                if one.replicas == seen.replicas and not is_to_be_refreshed(scope, one, seen):
                    return Decision()
                return Decision(request=Request.SCALE, replica_set=other, replicas=seen.replicas)
        return Decision()
    saturated = (
        newest.replicas == seen.replicas and newest.desired == seen.replicas and newest.status.ready == seen.replicas
    )
    if newest.exists and saturated:
        for other in ReplicaSet:
            if other != new and is_active(api, scope, other):
                return Decision(request=Request.SCALE, replica_set=other, replicas=0)
        return Decision()
    if scope.recreate:
        return Decision()
    return decide_proportions(api, scope, seen, new)


def is_to_be_refreshed(scope: ClusterScope, one: ReplicaSetObject, seen: DeploymentObject) -> bool:
    """Whether a ReplicaSet of the right size is written only for its annotation.

    Kubernetes does not do it, so that every later sync is taken for a scaling event and the rollout never goes on
    (kubernetes/kubernetes#138036, #138840).
    """
    return scope.features.refresh_scale_annotation and one.desired != seen.replicas


def is_latest(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet, new: ReplicaSet) -> bool:
    """Whether it is the new ReplicaSet or, if there is none, the newest of the old ones; templates are taken in the order of age."""
    if replica_set_in_view(api, scope, new).exists:
        return replica_set == new
    return not any(r > replica_set and replica_set_in_view(api, scope, r).exists for r in ReplicaSet)


def decide_proportions(api: ApiServer, scope: ClusterScope, seen: DeploymentObject, new: ReplicaSet) -> Decision:
    """Several active ReplicaSets share what is to be added or removed, the largest first (sync.go, scale, its last part)."""
    allowed = 0
    if seen.replicas > 0:
        allowed = seen.replicas + max_surge(scope, seen.replicas)
    to_add = allowed - total_replicas(api, scope)
    added = shared_out(api, scope, seen, new, to_add, len(ReplicaSet))
    for place in range(len(ReplicaSet)):
        for other in ReplicaSet:
            if is_active(api, scope, other) and rank(api, scope, other, new, to_add) == place:
                one = replica_set_in_view(api, scope, other)
                size = one.replicas + proportion(
                    scope, one, seen, to_add, shared_out(api, scope, seen, new, to_add, place)
                )
                if place == 0:  # where there is nothing to share nothing is left over
                    size = max(0, size + to_add - added)
                if size != one.replicas or one.desired != seen.replicas:
                    return Decision(request=Request.SCALE, replica_set=other, replicas=size)
    return Decision()


def rank(api: ApiServer, scope: ClusterScope, replica_set: ReplicaSet, new: ReplicaSet, to_add: int) -> int:
    """How many of the active ReplicaSets come before it."""
    return count(is_active(api, scope, r) and comes_first(api, scope, r, replica_set, new, to_add) for r in ReplicaSet)


def comes_first(
    api: ApiServer, scope: ClusterScope, one: ReplicaSet, other: ReplicaSet, new: ReplicaSet, to_add: int
) -> bool:
    """Whether `one` gets its share before `other`: the larger; of one size, the newer if pods are added, else the older.

    If there is nothing to share the order is that of FindActiveOrLatest: the old ones from the newest on, then the new one.
    """
    if to_add == 0:
        return one != new and (other == new or one > other)
    size, other_size = replica_set_in_view(api, scope, one).replicas, replica_set_in_view(api, scope, other).replicas
    if size != other_size:
        return size > other_size
    return one > other if to_add > 0 else one < other


def shared_out(
    api: ApiServer,
    scope: ClusterScope,
    seen: DeploymentObject,
    new: ReplicaSet,
    to_add: int,
    places: Annotated[int, Range(0, "templates")],
) -> int:
    """What the first `places` of the active ReplicaSets are given together."""
    added = 0
    for place in range(places):
        for other in ReplicaSet:
            if is_active(api, scope, other) and rank(api, scope, other, new, to_add) == place:
                added += proportion(scope, replica_set_in_view(api, scope, other), seen, to_add, added)
    return added


def proportion(scope: ClusterScope, one: ReplicaSetObject, seen: DeploymentObject, to_add: int, added: int) -> int:
    """The share of one active ReplicaSet (GetReplicaSetProportion, getReplicaSetFraction), rounded half away from zero."""
    if to_add == added:
        return 0
    fraction = -one.replicas
    if seen.replicas > 0:
        # the annotation deployment.kubernetes.io/max-replicas is always written together with desired-replicas
        before = one.desired + max_surge(scope, one.desired)
        if before == 0:
            return 0
        after = seen.replicas + max_surge(scope, seen.replicas)
        fraction = (2 * one.replicas * after + before) // (2 * before) - one.replicas
    if to_add > 0:
        return min(fraction, to_add - added)
    return max(fraction, to_add - added)


def status_of(api: ApiServer, scope: ClusterScope, deployment: Deployment) -> DeploymentStatus:
    """The status that the informers' ReplicaSets add up to (calculateStatus)."""
    seen = deployment_in_view(api, scope, deployment)
    new = seen.template
    replicas = sum(replica_set_in_view(api, scope, r).status.replicas for r in ReplicaSet)
    updated = sum(replica_set_in_view(api, scope, r).status.replicas if r == new else 0 for r in ReplicaSet)
    ready = total_ready(api, scope)
    terminating = sum(replica_set_in_view(api, scope, r).status.terminating for r in ReplicaSet)
    return DeploymentStatus(
        replicas=replicas, updated=updated, ready=ready, terminating=terminating, observed=seen.generation
    )


def deployment_controller(scope: ClusterScope) -> Module:
    """The controller's steps: one request each."""
    module = Module("deployment controller", ApiServer)

    @module.action(actor="deployment-controller")
    def create_replica_set(api: ApiServer, deployment: Deployment) -> None:
        """The Deployment controller creates the ReplicaSet of a template that has none."""
        require(api.deployment_queue.has(deployment))
        decision = decide(api, scope, deployment)
        require(decision.request is Request.CREATE)
        desired = deployment_in_view(api, scope, deployment).replicas
        new = ReplicaSetObject(exists=True, replicas=decision.replicas, desired=desired)
        answer = api.create_replica_set(scope, present(decision.replica_set), new)
        # AlreadyExists: the informer does not show it yet, so getNewReplicaSet does not find it either, and returns the error
        api.deployment_queue.after(scope, deployment, answer)

    @module.action(actor="deployment-controller")
    def scale_replica_set(api: ApiServer, deployment: Deployment) -> None:
        """The Deployment controller changes how many pods a ReplicaSet is asked for."""
        require(api.deployment_queue.has(deployment))
        decision = decide(api, scope, deployment)
        require(decision.request is Request.SCALE)
        replica_set = present(decision.replica_set)
        desired = deployment_in_view(api, scope, deployment).replicas
        new = replica_set_in_view(api, scope, replica_set).next(replicas=decision.replicas, desired=desired)
        answer = api.update_replica_set(scope, replica_set, new, is_replica_set_stale(api, scope, replica_set))
        api.deployment_queue.after(scope, deployment, answer)

    if scope.deployment_status:

        @module.action(actor="deployment-controller")
        def update_deployment_status(api: ApiServer, deployment: Deployment) -> None:
            """The Deployment controller brings the Deployment's status up to date, when nothing is to be scaled."""
            require(api.deployment_queue.has(deployment))
            decision = decide(api, scope, deployment)
            require(decision.request is Request.STATUS)
            seen = deployment_in_view(api, scope, deployment)
            new = seen.next(status=status_of(api, scope, deployment))
            require(new != seen)
            answer = api.update_deployment_status(scope, deployment, new, is_deployment_stale(api, scope, deployment))
            api.deployment_queue.after(scope, deployment, answer)

    if scope.waits_for_pods:

        @module.action(actor="deployment-controller")
        def forget_until_next_event(api: ApiServer, deployment: Deployment) -> None:
            """The Deployment controller finds old pods running, makes no request, and forgets the key until the next event."""
            require(api.deployment_queue.has(deployment) and has_old_pods(api, scope, deployment))
            require(has_nothing_to_do(api, scope, deployment))
            api.deployment_queue.forget(deployment)

    if scope.resyncs and (scope.waits_for_pods or not scope.features.requeue_on_error):
        module.include(resyncs_of_deployments(scope))
    return module


def resyncs_of_deployments(scope: ClusterScope) -> Module:
    """What brings a forgotten key back after a long time."""
    module = Module("resyncs of Deployments", ApiServer, Resyncs)

    @module.action(actor="controller-manager")
    def resync_deployments(api: ApiServer, r: Resyncs) -> None:
        """The informer of Deployments resyncs, or the progress deadline is checked: a Deployment's key comes back, and has work."""
        require(r.done < scope.resyncs)
        require(any(not api.deployment_queue.has(d) and not has_nothing_to_do(api, scope, d) for d in Deployment))
        r.done += 1
        api.deployment_queue.add_all()

    return module
