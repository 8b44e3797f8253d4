"""The user: applies a Deployment or a ReplicaSet, scales it, changes its image, deletes it. Each costs a budget of the scope.

As kubectl sends them: create (or server-side apply of something new), PUT of the scale subresource and PATCH, without resourceVersions, so
that the user never meets a conflict.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.apiserver import Answer, ApiServer
from kubecheck.model.objects import Deployment, ReplicaSet, ReplicaSetObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, Range, State, present, require


class User(State):
    """What of the budgets has been spent."""

    applied: Annotated[int, Range(0, "applies")]
    scaled: Annotated[int, Range(0, "scales")]
    image_changed: Annotated[int, Range(0, "image_changes")]
    resumed: Annotated[int, Range(0, "resumes")]
    deleted: Annotated[int, Range(0, "deletes")]


def user(scope: ClusterScope) -> Module:
    """What the user may do."""
    if scope.is_deployment:
        return user_of_deployment(scope)
    return user_of_replica_set(scope)


def user_of_deployment(scope: ClusterScope) -> Module:
    """What the user of a Deployment may do."""
    module = Module("user", ApiServer, User)

    @module.action(actor="user", kind="environment")
    def apply_deployment(api: ApiServer, u: User, deployment: Deployment) -> None:
        """The user applies the Deployment, with the first template."""
        require(u.applied == 0)
        if api.create_deployment(scope, deployment, ReplicaSet(0), scope.replicas) is Answer.OK:
            u.applied = 1

    if scope.scales:

        @module.action(actor="user", kind="environment")
        def scale_deployment(
            api: ApiServer,
            u: User,
            deployment: Deployment,
            replicas: Annotated[int, Range("least_replicas", "most_replicas")],
        ) -> None:
            """The user changes the number of replicas."""
            require(u.scaled < scope.scales)
            stored = api.deployment(deployment)
            require(replicas != stored.replicas)
            if api.patch_deployment(scope, deployment, present(stored.template), replicas, stored.paused) is Answer.OK:
                u.scaled += 1

    if scope.image_changes:

        @module.action(actor="user", kind="environment")
        def change_image(api: ApiServer, u: User, deployment: Deployment, template: ReplicaSet) -> None:
            """The user changes the pod template."""
            require(u.image_changed < scope.image_changes)
            stored = api.deployment(deployment)
            require(stored.template is not None and template != stored.template)
            if api.patch_deployment(scope, deployment, template, stored.replicas, stored.paused) is Answer.OK:
                u.image_changed += 1

    if scope.resumes:

        @module.action(actor="user", kind="environment")
        def resume_deployment(api: ApiServer, u: User, deployment: Deployment) -> None:
            """The user resumes the paused Deployment."""
            stored = api.deployment(deployment)
            require(u.resumed < scope.resumes)
            if api.patch_deployment(scope, deployment, present(stored.template), stored.replicas, 0) is Answer.OK:
                u.resumed += 1

    if scope.deletes:

        @module.action(actor="user", kind="environment")
        def delete_deployment(api: ApiServer, u: User, deployment: Deployment) -> None:
            """The user deletes the Deployment."""
            require(u.deleted < scope.deletes)
            require(api.deployment(deployment).template is not None)
            if api.delete_deployment(scope, deployment) is Answer.OK:
                u.deleted += 1

    return module


def user_of_replica_set(scope: ClusterScope) -> Module:
    """What the user of a ReplicaSet may do."""
    module = Module("user", ApiServer, User)

    @module.action(actor="user", kind="environment")
    def apply_replica_set(api: ApiServer, u: User, replica_set: ReplicaSet) -> None:
        """The user applies the ReplicaSet."""
        require(u.applied == 0)
        new = ReplicaSetObject(exists=True, replicas=scope.replicas)
        if api.create_replica_set(scope, replica_set, new) is Answer.OK:
            u.applied = 1

    if scope.scales:

        @module.action(actor="user", kind="environment")
        def scale_replica_set(
            api: ApiServer,
            u: User,
            replica_set: ReplicaSet,
            replicas: Annotated[int, Range("least_replicas", "most_replicas")],
        ) -> None:
            """The user changes the number of replicas."""
            require(u.scaled < scope.scales)
            stored = api.replica_set(replica_set)
            require(stored.exists and replicas != stored.replicas)
            if api.scale_replica_set(scope, replica_set, replicas) is Answer.OK:
                u.scaled += 1

    if scope.deletes:

        @module.action(actor="user", kind="environment")
        def delete_replica_set(api: ApiServer, u: User, replica_set: ReplicaSet) -> None:
            """The user deletes the ReplicaSet."""
            require(u.deleted < scope.deletes)
            require(api.replica_set(replica_set).exists)
            if api.delete_replica_set(scope, replica_set) is Answer.OK:
                u.deleted += 1

    return module
