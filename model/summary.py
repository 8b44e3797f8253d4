"""What a state of the cluster is told as in a picture: the Deployment, each ReplicaSet with its pods, who has not seen what."""

from __future__ import annotations

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.controller_manager import ControllerManager
from kubecheck.model.objects import Deployment, Node, Pod, PodObject, ReplicaSet
from kubecheck.model.scope import ClusterScope
from kubecheck.model.workqueue import Work
from kubecheck.spec import Module


def summary(scope: ClusterScope) -> Module:
    """The summary of a cluster's states. It looks through the API server, as everybody does."""
    module = Module("summary", ApiServer, ControllerManager)

    @module.summary
    def cluster(api: ApiServer, cm: ControllerManager) -> list[str]:
        """The objects, then what the controller manager has not seen, has in hand, or has dropped."""
        return [*_objects(api, scope), *_memory(api, cm)]

    return module


def _objects(api: ApiServer, scope: ClusterScope) -> list[str]:
    lines = [f"{node} is not registered" for node in Node if not api.is_registered(node)]
    for deployment in Deployment:
        stored = api.deployment(deployment)
        if stored.template is not None:
            paused = ", paused" if stored.paused else ""
            lines.append(f"{deployment}: {stored.replicas} of {stored.template}{paused}")
    for replica_set in ReplicaSet:
        of_it = [(pod, api.pod(pod)) for pod in Pod if api.pod(pod).exists and api.pod(pod).owner == replica_set]
        told = ", ".join(f"{pod} {_phase(stored, scope)}" for pod, stored in of_it)
        found = api.replica_set(replica_set)
        if found.exists:
            lines.append(f"{replica_set}: {found.replicas} wanted" + (f"; {told}" if told else ""))
        elif told:
            lines.append(f"{replica_set} is gone; {told}")
    return lines or ["nothing is applied"]


def _phase(pod: PodObject, scope: ClusterScope) -> str:
    phase = str(pod.phase.value)
    node = f" on {pod.node}" if pod.node is not None and scope.nodes > 1 else ""
    bound = " bound" if pod.node is not None and phase == "pending" and scope.nodes == 1 else ""
    return f"{phase}{bound}{node}{' terminating' if pod.terminating else ''}"


def _memory(api: ApiServer, cm: ControllerManager) -> list[str]:
    behind = [
        f"{count} write{'' if count == 1 else 's'} to {kind}"
        for kind, count in (
            ("Deployments", int(api.next_deployment_write())),
            ("ReplicaSets", api.replica_sets_distance()),
            ("pods", api.pods_distance()),
        )
        if count
    ]
    lines = [f"controllers have not seen {', '.join(behind)}"] if behind else []
    unseen = api.next_scheduler_write()
    if unseen is not None:
        lines.append(f"scheduler has not seen a write to {unseen}")
    for replica_set in ReplicaSet:
        sync, expected = cm.syncs[replica_set], cm.expectations[replica_set]
        if sync.creating:
            lines.append(f"still to create for {replica_set}: {sync.creating}")
        if len(sync.deleting):
            lines.append(f"still to delete for {replica_set}: {', '.join(str(pod) for pod in sync.deleting)}")
        if not expected.fulfilled:
            creations = [f"{expected.creations} to be created"] if expected.creations else []
            deletions = [f"{pod} to be deleted" for pod in expected.deletions]
            lines.append(f"{replica_set} expects {', '.join(creations + deletions)}")
        if cm.replica_set_work[replica_set] is Work.DROPPED:
            lines.append(f"{replica_set} is dropped from the queue")
    return lines
