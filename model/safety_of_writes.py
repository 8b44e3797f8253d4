"""What a write may never do: undo somebody else's, or claim to have seen what its writer has not."""

from __future__ import annotations

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.objects import Deployment, Pod, ReplicaSet
from kubecheck.model.scope import ClusterScope
from kubecheck.model.user import User
from kubecheck.spec import Module, present, require


def safety_of_writes(scope: ClusterScope) -> Module:
    """Lost updates and generations. Declared where a writer can be behind by two writes, his own and another's."""
    module = Module("safety of writes", ApiServer, User)

    if scope.is_deployment and scope.conflicts and scope.lag_replica_sets > 1 and scope.scales + scope.image_changes:

        @module.step_invariant
        def no_update_is_lost(before: ApiServer, after: ApiServer, replica_set: ReplicaSet) -> bool:
            """What somebody wrote to a ReplicaSet is not undone by a writer who had not seen it."""
            require(before.replica_set(replica_set).annotations > 0 and after.replica_set(replica_set).exists)
            return after.replica_set(replica_set).annotations >= before.replica_set(replica_set).annotations

    if scope.conflicts_of_deployments and scope.lag_deployments > 1 and scope.deployment_status and scope.runs_pods:

        @module.step_invariant
        def no_update_of_a_deployment_is_lost(before: ApiServer, after: ApiServer, deployment: Deployment) -> bool:
            """What somebody wrote to a Deployment is not undone by a writer who had not seen it."""
            require(before.deployment(deployment).annotations > 0 and after.deployment(deployment).template is not None)
            return after.deployment(deployment).annotations >= before.deployment(deployment).annotations

    if scope.lag_deployments > 1 and scope.deployment_status and scope.runs_pods and scope.scales + scope.image_changes:

        @module.step_invariant
        def spec_is_the_users(
            before: ApiServer, after: ApiServer, u_before: User, u_after: User, deployment: Deployment
        ) -> bool:
            """The spec of a Deployment is changed by the user only: no controller undoes what he wrote."""
            old, new = before.deployment(deployment), after.deployment(deployment)
            require(old.template is not None and new.template is not None)
            require(old != new)
            if old.template == new.template and old.replicas == new.replicas and old.paused == new.paused:
                return True
            return (
                u_before.scaled != u_after.scaled
                or u_before.image_changed != u_after.image_changed
                or u_before.resumed != u_after.resumed
                or u_before.edited != u_after.edited
            )

    if scope.deployment_generations and scope.image_changes and scope.runs_pods:

        @module.invariant
        def rollout_is_complete_when_told(api: ApiServer, deployment: Deployment) -> bool:
            """While nobody deletes the Deployment: when `kubectl rollout status` says complete, the new ReplicaSet asks for all the pods.

            kubectl itself does not look for a deletionTimestamp, and says so of one that is going (rollout_status.go, Status).
            """
            stored = api.deployment(deployment)
            require(stored.deleting == 0)
            new = api.replica_set(present(stored.template))
            told = stored.status
            require(told.observed >= stored.generation or not scope.features.observed_generation)
            require(told.updated >= stored.replicas and told.replicas <= told.updated and told.ready >= told.updated)
            return new.exists and new.replicas == stored.replicas

    if scope.edits:

        @module.step_invariant
        def edits_undo_nothing(
            before: ApiServer, after: ApiServer, u_before: User, u_after: User, deployment: Deployment
        ) -> bool:
            """A user who sends back what he had read does not undo what another has written meanwhile."""
            old, new = before.deployment(deployment), after.deployment(deployment)
            require(u_before.edited < u_after.edited and old.template is not None and new.template is not None)
            return old.template == new.template

    if scope.foreground:

        @module.step_invariant
        def owners_outlive_what_they_own(before: ApiServer, after: ApiServer) -> bool:
            """What is deleted in the foreground is there until all that belongs to it is gone."""
            if scope.is_deployment:
                require(any(before.deployment(d).template is not None for d in Deployment))
                require(not any(after.deployment(d).template is not None for d in Deployment))
                return not any(after.replica_set(r).exists for r in ReplicaSet)
            require(any(before.replica_set(r).exists for r in ReplicaSet))
            require(not any(after.replica_set(r).exists for r in ReplicaSet))
            return not any(after.pod(p).exists for p in Pod)

    if scope.deployment_generations and scope.runs_pods:
        # no feature breaks it: the status comes from the informer's copy, which is never ahead (tests/model/test_negative_controls.py)

        @module.invariant
        def observed_generation_of_a_deployment_is_never_ahead(api: ApiServer, deployment: Deployment) -> bool:
            """status.observedGeneration of the Deployment is never ahead of its generation."""
            stored = api.deployment(deployment)
            require(stored.template is not None and stored.status.observed > 0)
            return stored.status.observed <= stored.generation

    if scope.replica_set_generations and scope.scales and scope.applies > 1 and scope.lag_replica_sets > 1:

        @module.invariant
        def observed_generation_is_never_ahead(api: ApiServer, replica_set: ReplicaSet) -> bool:
            """status.observedGeneration of a ReplicaSet is never ahead of its generation."""
            stored = api.replica_set(replica_set)
            require(stored.exists and stored.status.observed > 0)
            return stored.status.observed <= stored.generation

    return module
