"""What a cluster promises: safety, convergence, and that what should be possible is.

Each property depends on a protection; tests/model/test_negative_controls.py switches that off and sees the property violated.
"""

from __future__ import annotations

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.controller_manager import ControllerManager
from kubecheck.model.faults import Faults
from kubecheck.model.informer import replica_set_in_view
from kubecheck.model.network import Network
from kubecheck.model.objects import (
    Deployment,
    DeploymentObject,
    DeploymentStatus,
    Pod,
    ReplicaSet,
    ReplicaSetStatus,
)
from kubecheck.model.replicaset_controller import active_pods as active_in_view
from kubecheck.model.replicaset_controller import may_manage
from kubecheck.model.safety_of_placement import safety_of_placement
from kubecheck.model.safety_of_rollouts import safety_of_rollouts
from kubecheck.model.safety_of_writes import safety_of_writes
from kubecheck.model.scope import ClusterScope
from kubecheck.model.user import User
from kubecheck.model.workqueue import Work
from kubecheck.spec import Module, count, require


def active_pods(api: ApiServer, replica_set: ReplicaSet) -> int:
    """Active pods of the ReplicaSet, as they are."""
    uid = api.replica_set(replica_set).uid
    return count(api.pod(p).active and api.pod(p).owner == replica_set and api.pod(p).owner_uid == uid for p in Pod)


def ready_pods(api: ApiServer, replica_set: ReplicaSet) -> int:
    """Ready pods of the ReplicaSet, as they are."""
    return count(api.pod(p).ready and api.pod(p).owner == replica_set for p in Pod)


def is_settled(api: ApiServer, replica_set: ReplicaSet, replicas: int) -> bool:
    """Whether it is asked for `replicas` pods, has exactly these, all ready, and says so in its status."""
    stored = api.replica_set(replica_set)
    return (
        stored.replicas == replicas
        and stored.status == ReplicaSetStatus(replicas=replicas, ready=replicas, observed=stored.generation)
        and active_pods(api, replica_set) == replicas
        and ready_pods(api, replica_set) == replicas
    )


def is_rolled_out(api: ApiServer, scope: ClusterScope, stored: DeploymentObject) -> bool:
    """Whether the new ReplicaSet has all the pods, the old ones have none, and the Deployment's status says so."""
    wanted = stored.replicas
    if scope.deployment_status:
        told = DeploymentStatus(replicas=wanted, updated=wanted, ready=wanted, observed=stored.generation)
        if stored.status != told:
            return False
    return all(is_settled(api, r, wanted if r == stored.template else 0) for r in ReplicaSet)


def is_created(before: ApiServer, after: ApiServer, replica_set: ReplicaSet) -> bool:
    """Whether the step gave the ReplicaSet one more active pod."""
    return active_pods(after, replica_set) > active_pods(before, replica_set)


def asked_for(before: ApiServer, cm: ControllerManager, scope: ClusterScope, replica_set: ReplicaSet) -> int:
    """How many pods the ReplicaSet asked for when the sync began that creates one now: it may ask for fewer since."""
    sync = cm.syncs[replica_set]
    if sync.creating > 0:
        return sync.wanted
    return replica_set_in_view(before, scope, replica_set).replicas


def is_waiting_for_a_slot(api: ApiServer, cm: ControllerManager, scope: ClusterScope, replica_set: ReplicaSet) -> bool:
    """Whether the next thing to be done for the ReplicaSet is to create a pod; in a quiescent state only a slot can be missing."""
    if cm.syncs[replica_set].creating > 0:
        return True
    seen = replica_set_in_view(api, scope, replica_set)
    if seen.deleting == 1:
        return False
    return (
        seen.exists and may_manage(api, cm, scope, replica_set) and active_in_view(api, scope, replica_set) < seen.replicas
    )


def safety(scope: ClusterScope) -> Module:
    """What holds in every state and of every step.

    A property is declared only where something could break it if a protection were missing: elsewhere the scope alone would make it
    true, and it would say nothing. A decision is made at most lag - 1 writes behind, so what takes an unseen write needs a lag of 2.
    """
    module = Module("safety")
    module.include(safety_of_placement(scope))
    module.include(safety_of_numbers(scope))
    module.include(safety_of_views(scope))
    module.include(safety_of_rollouts(scope))
    module.include(safety_of_writes(scope))
    return module


def safety_of_numbers(scope: ClusterScope) -> Module:
    """How many pods there may never be. With one API server a crash makes no difference: the first list is as new as etcd."""
    module = Module("safety of numbers", ApiServer, ControllerManager, Faults)

    if scope.lag_pods > 1:

        @module.step_invariant
        def no_pod_too_many(
            before: ApiServer,
            after: ApiServer,
            cm_before: ControllerManager,
            cm_after: ControllerManager,  # noqa: ARG001 - a step invariant gets each part twice
            f_before: Faults,
            f_after: Faults,  # noqa: ARG001 - a step invariant gets each part twice
            replica_set: ReplicaSet,
        ) -> bool:
            """No pod is created beyond what the ReplicaSet asked for when the sync began."""
            require(is_created(before, after, replica_set))
            if scope.two_servers:
                require(f_before.crashed == 0)  # else it is no_pod_too_many_after_a_restart
            return active_pods(after, replica_set) <= asked_for(before, cm_before, scope, replica_set)

    if scope.lag_pods > 1 and scope.crashes and scope.two_servers and scope.cache_lag_pods > 1:

        @module.step_invariant
        def no_pod_too_many_after_a_restart(
            before: ApiServer,
            after: ApiServer,
            cm_before: ControllerManager,
            cm_after: ControllerManager,  # noqa: ARG001 - a step invariant gets each part twice
            f_before: Faults,
            f_after: Faults,  # noqa: ARG001 - a step invariant gets each part twice
            replica_set: ReplicaSet,
        ) -> bool:
            """A restarted controller manager creates no pod beyond what the ReplicaSet asks for either."""
            require(f_before.crashed > 0 and is_created(before, after, replica_set))
            return active_pods(after, replica_set) <= asked_for(before, cm_before, scope, replica_set)

    if scope.lag_pods > 1 and not (scope.scales or scope.image_changes or scope.deletes):

        @module.invariant
        def no_more_pods_than_replicas(api: ApiServer, f: Faults, replica_set: ReplicaSet) -> bool:
            """Where a ReplicaSet is never asked for fewer pods, it never has more active ones than spec.replicas."""
            stored = api.replica_set(replica_set)
            require(stored.exists and active_pods(api, replica_set) > 0)
            if scope.two_servers:
                require(f.crashed == 0)
            return active_pods(api, replica_set) <= stored.replicas

    return module


def safety_of_views(scope: ClusterScope) -> Module:
    """What an informer may never do."""
    module = Module("safety of views", ApiServer, Faults)

    if scope.broken_watches and scope.lag_pods > 1:

        @module.step_invariant
        def informer_of_pods_skips_nothing(
            before: ApiServer, after: ApiServer, f_before: Faults, f_after: Faults
        ) -> bool:
            """The controller manager's informer of pods shows one write after the other, while it runs."""
            require(f_before.crashed == f_after.crashed and before.pods_distance() > 1)
            return after.pods_distance() >= before.pods_distance() - 1

    if scope.broken_watches and scope.lag_deployments > 1:

        @module.step_invariant
        def informer_of_deployments_skips_nothing(
            before: ApiServer, after: ApiServer, f_before: Faults, f_after: Faults
        ) -> bool:
            """The controller manager's informer of Deployments shows one write after the other, while it runs."""
            require(f_before.crashed == f_after.crashed and before.deployments_distance() > 1)
            return after.deployments_distance() >= before.deployments_distance() - 1

    if scope.broken_watches and scope.lag_replica_sets > 1:

        @module.step_invariant
        def informer_of_replica_sets_skips_nothing(
            before: ApiServer, after: ApiServer, f_before: Faults, f_after: Faults
        ) -> bool:
            """The controller manager's informer of ReplicaSets shows one write after the other, while it runs."""
            require(f_before.crashed == f_after.crashed and before.replica_sets_distance() > 1)
            return after.replica_sets_distance() >= before.replica_sets_distance() - 1

    if scope.broken_watches and scope.cache_lag_pods:

        @module.step_invariant
        def view_of_pods_never_goes_back(
            before: ApiServer, after: ApiServer, f_before: Faults, f_after: Faults
        ) -> bool:
            """The controller manager's informer of pods never shows an older state than it has shown, while it runs."""
            require(f_before.crashed == f_after.crashed)
            written = after.pod_window() > before.pod_window()
            return after.pods_distance() <= before.pods_distance() + (1 if written else 0)

    if scope.broken_watches and scope.cache_lag_deployments:

        @module.step_invariant
        def view_of_deployments_never_goes_back(
            before: ApiServer, after: ApiServer, f_before: Faults, f_after: Faults
        ) -> bool:
            """The controller manager's informer of Deployments never shows an older state than it has shown, while it runs."""
            require(f_before.crashed == f_after.crashed)
            written = after.deployment_window() > before.deployment_window()
            return after.deployments_distance() <= before.deployments_distance() + (1 if written else 0)

    if scope.broken_watches and scope.cache_lag_replica_sets:

        @module.step_invariant
        def view_of_replica_sets_never_goes_back(
            before: ApiServer, after: ApiServer, f_before: Faults, f_after: Faults
        ) -> bool:
            """The controller manager's informer of ReplicaSets never shows an older state than it has shown, while it runs."""
            require(f_before.crashed == f_after.crashed)
            written = after.replica_set_window() > before.replica_set_window()
            return after.replica_sets_distance() <= before.replica_sets_distance() + (1 if written else 0)

    return module


def convergence(scope: ClusterScope) -> Module:
    """What holds when no component can change anything any more."""
    module = Module("convergence", ApiServer, Network, ControllerManager, User)

    if scope.runs_pods:

        @module.limit
        def no_creation_waits_for_a_slot(api: ApiServer, cm: ControllerManager) -> bool:
            """No creation of a pod is left waiting for a free slot; where one is, the scope has too few: raise --pods."""
            return not any(is_waiting_for_a_slot(api, cm, scope, r) for r in ReplicaSet)

    if scope.is_deployment and (not scope.paused or scope.resumes):

        @module.quiescent
        def deployment_has_converged(
            api: ApiServer, net: Network, cm: ControllerManager, deployment: Deployment
        ) -> bool:
            """When everything is quiet the Deployment is rolled out: desired = current = ready, old ReplicaSets are empty."""
            stored = api.deployment(deployment)
            require(stored.template is not None and stored.paused == 0 and stored.deleting == 0)
            require(net.is_whole())
            # else the scope is to blame: no_creation_waits_for_a_slot
            require(not any(is_waiting_for_a_slot(api, cm, scope, r) for r in ReplicaSet))
            return is_rolled_out(api, scope, stored)

    if scope.paused and scope.most > 0:

        @module.invariant
        def paused_deployment_makes_no_pods(api: ApiServer, deployment: Deployment) -> bool:
            """A Deployment that was paused from the start is not rolled out."""
            require(api.deployment(deployment).paused == 1)
            return not any(api.pod(p).exists for p in Pod)

    if not scope.is_deployment:

        @module.quiescent
        def replica_set_has_converged(
            api: ApiServer, net: Network, cm: ControllerManager, replica_set: ReplicaSet
        ) -> bool:
            """When everything is quiet the ReplicaSet has the pods that it asks for, all ready, and says so."""
            stored = api.replica_set(replica_set)
            require(stored.exists and stored.deleting == 0 and net.is_whole())
            require(not is_waiting_for_a_slot(api, cm, scope, replica_set))
            return is_settled(api, replica_set, stored.replicas)

    if scope.deletes:

        @module.quiescent
        def nothing_is_left_behind(api: ApiServer, net: Network, u: User) -> bool:
            """When everything is quiet after the deletion, ReplicaSets and pods are gone too."""
            require(u.deleted > 0 and u.deleted == u.applied and net.is_whole())
            return not any(api.replica_set(r).exists for r in ReplicaSet) and not any(api.pod(p).exists for p in Pod)

    return module


def possibility(scope: ClusterScope) -> Module:
    """What some run shows, so that success is not emptiness."""
    module = Module("possibility", ApiServer, ControllerManager, User, Faults)

    if scope.runs_pods:

        @module.reachable
        def all_pods_become_ready(api: ApiServer, replica_set: ReplicaSet) -> bool:
            """Some ReplicaSet has all the pods that it asks for, ready."""
            stored = api.replica_set(replica_set)
            return stored.exists and stored.replicas == scope.replicas and is_settled(api, replica_set, stored.replicas)

    if scope.may_conflict and scope.features.optimistic_lock:

        @module.reachable
        def a_conflict_happens(api: ApiServer, cm: ControllerManager) -> bool:
            """A controller's request is refused with 409 Conflict, and will be tried again."""
            if scope.request_failures == 0 and any(s.status is not None for s in cm.syncs):
                return True
            return any(w is Work.CONFLICTED for w in api.deployment_queue.keys) or any(
                w is Work.CONFLICTED for w in api.replica_set_queue.keys
            )

    if scope.image_changes > 0 and scope.runs_pods:

        @module.reachable
        def a_rollout_completes(api: ApiServer, u: User, deployment: Deployment) -> bool:
            """After a change of image the Deployment is rolled out."""
            stored = api.deployment(deployment)
            return u.image_changed > 0 and stored.template is not None and is_rolled_out(api, scope, stored)

        if scope.crashes:

            @module.reachable
            def a_restart_recovers(api: ApiServer, f: Faults, deployment: Deployment) -> bool:
                """After a crash of the controllers in the middle of a rollout the Deployment is rolled out."""
                stored = api.deployment(deployment)
                return f.interrupted > 0 and stored.template is not None and is_rolled_out(api, scope, stored)

    return module


def properties(scope: ClusterScope) -> Module:
    """All that a cluster of this scope promises."""
    module = Module("properties")
    module.include(safety(scope))
    module.include(convergence(scope))
    module.include(possibility(scope))
    return module
