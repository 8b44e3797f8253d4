"""What a rollout may never do: surge and unavailability of a rolling update, as Kubernetes means them; pods of two templates with Recreate.

The bounds are on what the controller asks for, `spec.replicas` of the ReplicaSets, and not on the pods that there are: terminating pods
still run, and pods fail on their own (pkg/controller/deployment/util/deployment_util.go, NewRSNewReplicas; rolling.go,
reconcileOldReplicaSets). How many pods the two bounds are is rollout_bounds.py's arithmetic, not that of the controller which is judged.
"""

from __future__ import annotations

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.objects import Deployment, Pod, ReplicaSet
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, present, require


def asked_for(api: ApiServer) -> int:
    """Pods that all ReplicaSets together ask for."""
    return sum(api.replica_set(r).replicas for r in ReplicaSet)


def bound_for(table: tuple[tuple[int, int], ...], replicas: int) -> int:
    """The bound in pods that the table has for this spec.replicas."""
    bound = 0
    for row in table:
        if row[0] == replicas:
            bound = row[1]
    return bound


def is_sized_for_another(api: ApiServer, replica_set: ReplicaSet, replicas: int) -> bool:
    """Whether the ReplicaSet was sized for another spec.replicas of its Deployment (sync.go, isScalingEvent)."""
    stored = api.replica_set(replica_set)
    return stored.replicas > 0 and stored.desired != replicas


def safety_of_rollouts(scope: ClusterScope) -> Module:
    """What Recreate promises, or the bounds of a rolling update."""
    module = Module("safety of rollouts", ApiServer)
    if not scope.is_deployment or not scope.image_changes or not scope.runs_pods:
        return module
    module.include(safety_of_recreation(scope) if scope.recreate else safety_of_rolling_updates(scope))
    return module


def safety_of_recreation(scope: ClusterScope) -> Module:
    """What Recreate promises: "All existing Pods are killed before new ones are created" (Kubernetes' documentation of Deployments).

    Not declared where the Deployment is scaled while ReplicaSets lag by two writes: there the race that breaks it has a worse end (the
    scenario stuck-recreate), to which a check that ends with the first violation would not come.
    """
    module = Module("safety of recreation", ApiServer)
    if scope.scales and scope.lag_replica_sets > 1:
        return module

    @module.invariant
    def recreate_never_mixes_templates(api: ApiServer) -> bool:
        """A Recreate Deployment never has pods of two templates at one time, ended ones aside."""
        require(any(runs(api, p) for p in Pod))
        return not any(
            runs(api, p) and runs(api, q) and api.pod(p).owner != api.pod(q).owner for p in Pod for q in Pod
        )

    return module


def runs(api: ApiServer, pod: Pod) -> bool:
    """Whether the pod is there and has not ended; its containers may have yet to start, or to stop."""
    return api.pod(pod).exists and not api.pod(pod).terminal


def safety_of_rolling_updates(scope: ClusterScope) -> Module:
    """The bounds of a rolling update. Declared where the controller sees Deployments and ReplicaSets as they are."""
    module = Module("safety of rolling updates", ApiServer)
    if scope.lag_deployments or scope.lag_replica_sets:
        return module
    surge = tuple((replicas, scope.bounds.resolve(replicas)[0]) for replicas in range(scope.most + 1))
    unavailable = tuple((replicas, scope.bounds.resolve(replicas)[1]) for replicas in range(scope.most + 1))

    if scope.max_surge_bites:

        @module.step_invariant
        def surge_is_bounded(before: ApiServer, after: ApiServer, deployment: Deployment) -> bool:
            """A step that asks for more pods asks for no more than spec.replicas and maxSurge together."""
            wanted = before.deployment(deployment).replicas
            require(before.deployment(deployment).template is not None and asked_for(after) > asked_for(before))
            return asked_for(after) <= wanted + bound_for(surge, wanted)

    @module.step_invariant
    def unavailability_is_bounded(before: ApiServer, after: ApiServer, deployment: Deployment) -> bool:
        """A step of a rolling update that asks for fewer old pods leaves spec.replicas - maxUnavailable, new ones not ready not counted."""
        stored = before.deployment(deployment)
        require(stored.template is not None and stored.deleting == 0 and asked_for(after) < asked_for(before))
        new = after.replica_set(present(stored.template))
        # sizes that follow a change of spec.replicas are shared out, whatever is available (sync.go, scale)
        require(new.exists and new == before.replica_set(present(stored.template)))
        require(not any(is_sized_for_another(before, r, stored.replicas) for r in ReplicaSet))
        left = asked_for(after) - max(0, new.replicas - new.status.ready)
        return left >= stored.replicas - bound_for(unavailable, stored.replicas)

    return module
