"""What a state of the cluster is told as in a picture: the Deployment, each ReplicaSet with its pods, who has not seen what."""

from __future__ import annotations

from typing import Final

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.controller_manager import ControllerManager
from kubecheck.model.network import Network
from kubecheck.model.objects import Deployment, Node, Pod, PodObject, ReplicaSet
from kubecheck.model.scope import ClusterScope
from kubecheck.model.workqueue import Work
from kubecheck.spec import Module

_WORK: Final = {
    Work.CONFLICTED: "is tried again after a conflict",
    Work.BACKOFF: "is tried again after an error",
    Work.IDLE: "is not in the queue",
}


def summary(scope: ClusterScope) -> Module:
    """The summary of a cluster's states. It looks through the API server, as everybody does."""
    module = Module("summary", ApiServer, ControllerManager)
    # a pod takes the first free slot, so that the language cannot hold slots alike; a person does
    module.alike(Pod, Node)

    @module.summary
    def cluster(api: ApiServer, cm: ControllerManager) -> list[str]:
        """The objects, then what the controller manager has not seen, has in hand, or has dropped."""
        return [*_objects(api, scope), *_memory(api, cm)]

    if scope.cut_offs:

        @module.summary
        def outages(net: Network) -> list[str]:
            """Which nodes are cut off."""
            return [f"{node} is cut off" for node in Node if not net.is_up(node)]

    return module


def _objects(api: ApiServer, scope: ClusterScope) -> list[str]:
    lines = [f"{node} is not registered" for node in Node if not api.is_registered(node)]
    for deployment in Deployment:
        stored = api.deployment(deployment)
        if stored.template is not None:
            paused = ", paused" if stored.paused else ""
            lines.append(f"{deployment}: {stored.replicas} of {stored.template}{paused}{_deleting(stored.deleting)}")
            if scope.deployment_status:
                status = stored.status
                told = f"{_pods(status.replicas)}, {status.updated} of them new, {status.ready} ready"
                lines += _status(told if status.replicas or status.ready else "", stored.generation, status.observed)
    for replica_set in ReplicaSet:
        of_it = [(pod, api.pod(pod)) for pod in Pod if api.pod(pod).exists and api.pod(pod).owner == replica_set]
        told = ", ".join(f"{pod} {_phase(stored, scope)}" for pod, stored in of_it)
        found = api.replica_set(replica_set)
        if found.exists:
            again = " (applied again)" if found.uid else ""
            wanted = f"{replica_set}{again}: {found.replicas} wanted{_deleting(found.deleting)}"
            lines.append(wanted + (f"; {told}" if told else ""))
            counted = f"{_pods(found.status.replicas)}, {found.status.ready} ready"
            said = found.status.replicas or found.status.ready
            lines += _status(counted if said else "", found.generation, found.status.observed)
        elif told:
            lines.append(f"{replica_set} is gone; {told}")
    return lines or ["nothing is applied"]


def _status(told: str, generation: int, observed: int) -> list[str]:
    """What the status of the object above says, and which generation it is about; nothing where it says nothing yet."""
    about = f"generation {generation}, {observed} observed" if generation else ""
    found = "; ".join(text for text in (f"status: {told}" if told else "", about) if text)
    return [f"- {found}"] if found else []


def _pods(count: int) -> str:
    return f"{count} pod{'' if count == 1 else 's'}"


def _deleting(deleting: int) -> str:
    return ", being deleted" if deleting else ""


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
        if sync.status is not None:
            lines.append(f"still to write for {replica_set}: status {_pods(sync.status.replicas)}, {sync.status.ready} ready")
        if not expected.fulfilled:
            creations = [f"{expected.creations} to be created"] if expected.creations else []
            deletions = [f"{pod} to be deleted" for pod in expected.deletions]
            lines.append(f"{replica_set} expects {', '.join(creations + deletions)}")
        if word := _WORK.get(api.replica_set_queue.keys[replica_set]):
            lines.append(f"{replica_set} {word}")
    lines += [f"{d} {word}" for d in Deployment if (word := _WORK.get(api.deployment_queue.keys[d]))]
    return lines
