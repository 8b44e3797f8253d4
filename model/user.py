"""The user: applies a Deployment or a ReplicaSet, scales it, changes its image, deletes it. Each costs a budget of the scope.

As kubectl sends them: create (or server-side apply of something new), PUT of the scale subresource and PATCH, without resourceVersions, so
that the user never meets a conflict.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.answers import took_effect
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.objects import Deployment, DeploymentObject, ReplicaSet, ReplicaSetObject
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Module, Range, Sort, State, present, require


class Editor(Sort, size="editing"):
    """Where a second user keeps what he has read, if there is one."""


class User(State):
    """What of the budgets has been spent; `copies` is what a second user has read and not sent back yet."""

    applied: Annotated[int, Range(0, "applies")]
    scaled: Annotated[int, Range(0, "scales")]
    image_changed: Annotated[int, Range(0, "image_changes")]
    resumed: Annotated[int, Range(0, "resumes")]
    deleted: Annotated[int, Range(0, "deletes")]
    edited: Annotated[int, Range(0, "edits")]
    copies: Array[Editor, DeploymentObject]


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
        if took_effect(api.create_deployment(scope, deployment, ReplicaSet(0), scope.replicas)):
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
            if took_effect(api.patch_deployment(scope, deployment, present(stored.template), replicas, stored.paused)):
                u.scaled += 1

    if scope.image_changes:

        @module.action(actor="user", kind="environment")
        def change_image(api: ApiServer, u: User, deployment: Deployment, template: ReplicaSet) -> None:
            """The user changes the pod template."""
            require(u.image_changed < scope.image_changes)
            stored = api.deployment(deployment)
            require(stored.template is not None and template != stored.template)
            if took_effect(api.patch_deployment(scope, deployment, template, stored.replicas, stored.paused)):
                u.image_changed += 1

    if scope.resumes:

        @module.action(actor="user", kind="environment")
        def resume_deployment(api: ApiServer, u: User, deployment: Deployment) -> None:
            """The user resumes the paused Deployment."""
            stored = api.deployment(deployment)
            require(u.resumed < scope.resumes)
            if took_effect(api.patch_deployment(scope, deployment, present(stored.template), stored.replicas, 0)):
                u.resumed += 1

    if scope.edits:

        @module.action(actor="second-user", kind="environment")
        def open_deployment(api: ApiServer, u: User, deployment: Deployment, editor: Editor) -> None:
            """A second user reads the Deployment, to edit it; again, after a conflict."""
            require(u.edited < scope.edits and api.deployment(deployment).template is not None)
            u.copies[editor] = api.read_for_edit(deployment)

        @module.action(actor="second-user", kind="environment")
        def save_deployment(
            api: ApiServer,
            u: User,
            deployment: Deployment,
            editor: Editor,
            replicas: Annotated[int, Range("least_replicas", "most_replicas")],
        ) -> None:
            """The second user sends back what he has read, with another number of replicas."""
            copy = u.copies[editor]
            require(copy.template is not None and replicas != copy.replicas)
            if took_effect(api.replace_deployment(scope, deployment, copy.next(replicas=replicas))):
                u.edited += 1
            u.copies[editor] = DeploymentObject()

    if scope.deletes:

        @module.action(actor="user", kind="environment")
        def delete_deployment(api: ApiServer, u: User, deployment: Deployment) -> None:
            """The user deletes the Deployment."""
            require(u.deleted < scope.deletes)
            require(api.deployment(deployment).template is not None)
            if took_effect(api.delete_deployment(scope, deployment)):
                u.deleted += 1

    return module


def user_of_replica_set(scope: ClusterScope) -> Module:
    """What the user of a ReplicaSet may do."""
    module = Module("user", ApiServer, User)

    @module.action(actor="user", kind="environment")
    def apply_replica_set(api: ApiServer, u: User, replica_set: ReplicaSet) -> None:
        """The user applies the ReplicaSet, for the first time or after he has deleted it."""
        require(u.applied < scope.applies and not api.replica_set(replica_set).exists)
        new = ReplicaSetObject(exists=True, replicas=scope.replicas)
        if took_effect(api.create_replica_set(scope, replica_set, new)):
            u.applied += 1

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
            if took_effect(api.scale_replica_set(scope, replica_set, replicas)):
                u.scaled += 1

    if scope.deletes:

        @module.action(actor="user", kind="environment")
        def delete_replica_set(api: ApiServer, u: User, replica_set: ReplicaSet) -> None:
            """The user deletes the ReplicaSet, once each time that it has been applied."""
            require(u.deleted < u.applied and u.deleted < scope.deletes)
            require(api.replica_set(replica_set).exists)
            if took_effect(api.delete_replica_set(scope, replica_set)):
                u.deleted += 1

    return module
