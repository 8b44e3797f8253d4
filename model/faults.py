"""Faults, each with a budget of the scope.

A crash comes with the restart: a component that is down takes no steps, and any component may take none for any time. It can
come between any two requests, as a request is a step. Only a crash that loses something is an action: a kubelet, and a
scheduler whose informer reads through, remember nothing.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.answers import took_effect
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.controller_manager import ControllerManager
from kubecheck.model.expectations import Expectations
from kubecheck.model.kubelet import Runtime
from kubecheck.model.network import Network, node_of
from kubecheck.model.objects import Deployment, Phase, Pod, ReplicaSet
from kubecheck.model.scheduler import Scheduler
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Module, Range, State, require


class Faults(State):
    """What of the budgets has been spent. `interrupted` counts a crash of the controllers in the middle of a rollout, once."""

    crashed: Annotated[int, Range(0, "crashes")]
    scheduler_crashed: Annotated[int, Range(0, "scheduler_crashes")]
    interrupted: Annotated[int, Range(0, "interruptions")]
    pods_failed: Annotated[int, Range(0, "pod_failures")]
    pods_completed: Annotated[int, Range(0, "completions")]
    annotated: Annotated[int, Range(0, "conflicts")]
    deployments_annotated: Annotated[int, Range(0, "conflicts_of_deployments")]
    pods_annotated: Annotated[int, Range(0, "conflicts_of_pods")]
    requests_failed: Annotated[int, Range(0, "request_failures")]
    watches_broken: Annotated[int, Range(0, "broken_watches")]
    responses_lost: Annotated[int, Range(0, "lost_responses")]
    servers_crashed: Annotated[int, Range(0, "api_server_crashes")]
    scheduler_relisted: Annotated[int, Range(0, "scheduler_relists")]
    expired: Annotated[int, Range(0, "expiries")]
    force_deleted: Annotated[int, Range(0, "force_deletes")]


def in_rollout(api: ApiServer) -> bool:
    """Whether a pod runs that was made from another template than the Deployment's."""
    return any(
        api.pod(p).active and api.deployment(d).template is not None and api.pod(p).owner != api.deployment(d).template
        for d in Deployment
        for p in Pod
    )


def faults(scope: ClusterScope) -> Module:
    """The faults that the scope has a budget for."""
    module = Module("faults", Faults, Network, Runtime)

    if scope.crashes:

        @module.action(actor="controller-manager", kind="fault")
        def crash_controller_manager(
            api: ApiServer,
            cm: ControllerManager,
            f: Faults,
            server: Annotated[int, Range(0, "other_api_servers")],
        ) -> None:
            """The controller manager crashes and restarts: it forgets its queues, syncs and expectations, and lists anew."""
            require(f.crashed < scope.crashes)
            f.crashed += 1
            if scope.templates > 1 and in_rollout(api):
                f.interrupted = 1
            cm.restart()
            api.relist_controllers(scope, server)

    if scope.scheduler_crashes:

        @module.action(actor="scheduler", kind="fault")
        def crash_scheduler(
            api: ApiServer, s: Scheduler, f: Faults, server: Annotated[int, Range(0, "scheduler_servers")]
        ) -> None:
            """The scheduler crashes and restarts: it forgets what it assumed, and lists anew."""
            require(f.scheduler_crashed < scope.scheduler_crashes)
            f.scheduler_crashed += 1
            s.restart()
            api.restart_scheduler(scope, server)
            s.listed(api, scope)

    if scope.broken_watches:

        @module.action(actor="controller-manager", kind="fault")
        def break_watches(api: ApiServer, f: Faults, server: Annotated[int, Range(0, "other_api_servers")]) -> None:
            """The controller manager's watches break and are opened again, at one of the API servers."""
            require(f.watches_broken < scope.broken_watches)
            f.watches_broken += 1
            api.reconnect_controllers(scope, server)

    if scope.pod_failures and not scope.container_steps and not scope.is_pods:  # of named pods: kubelet_workers.py

        @module.action(actor="kubelet", kind="fault")
        def fail_pod(api: ApiServer, net: Network, f: Faults, pod: Pod) -> None:
            """A running pod fails for good: its kubelet evicts it and reports it Failed."""
            require(f.pods_failed < scope.pod_failures)
            require(api.pod(pod).ready and net.is_up(node_of(api, pod)))
            if took_effect(api.patch_pod_status(scope, pod, api.pod(pod).uid, Phase.FAILED)):
                f.pods_failed += 1

    if scope.pod_failures and scope.container_steps:

        @module.action(actor="kubelet", kind="fault")
        def fail_pod_and_stop(api: ApiServer, net: Network, runtime: Runtime, f: Faults, pod: Pod) -> None:
            """A running pod fails for good: its kubelet evicts it, reports it Failed, and has stopped its containers before, or not."""
            require(f.pods_failed < scope.pod_failures)
            require(api.pod(pod).ready and net.is_up(node_of(api, pod)))
            if took_effect(api.patch_pod_status(scope, pod, api.pod(pod).uid, Phase.FAILED)):
                f.pods_failed += 1
                if scope.features.terminal_phase_last:
                    runtime.running[pod] = 0

    if scope.conflicts:

        @module.action(actor="somebody", kind="fault")
        def annotate_replica_set(api: ApiServer, f: Faults, replica_set: ReplicaSet) -> None:
            """Somebody else writes to a ReplicaSet: he adds an annotation."""
            require(f.annotated < scope.conflicts)
            if took_effect(api.annotate_replica_set(scope, replica_set)):
                f.annotated += 1

    if scope.conflicts_of_deployments:

        @module.action(actor="somebody", kind="fault")
        def annotate_deployment(api: ApiServer, f: Faults, deployment: Deployment) -> None:
            """Somebody else writes to the Deployment: he adds an annotation."""
            require(f.deployments_annotated < scope.conflicts_of_deployments)
            if took_effect(api.annotate_deployment(scope, deployment)):
                f.deployments_annotated += 1

    if scope.conflicts_of_pods:

        @module.action(actor="somebody", kind="fault")
        def annotate_pod(api: ApiServer, f: Faults, pod: Pod) -> None:
            """Somebody else writes to a pod: he adds an annotation."""
            require(f.pods_annotated < scope.conflicts_of_pods)
            if took_effect(api.annotate_pod(scope, pod)):
                f.pods_annotated += 1

    if scope.request_failures:

        @module.action(actor="api-server", kind="fault")
        def fail_request(api: ApiServer, f: Faults) -> None:
            """The API server answers the next request with 500, without effect."""
            require(f.requests_failed < scope.request_failures)
            f.requests_failed += 1
            api.fail_next()

    if scope.lost_responses:

        @module.action(actor="api-server", kind="fault")
        def lose_response(api: ApiServer, f: Faults) -> None:
            """The answer to the next request that takes effect is lost: the client sees a timeout."""
            require(f.responses_lost < scope.lost_responses)
            f.responses_lost += 1
            api.lose_next()

    if scope.force_deletes:

        @module.action(actor="somebody", kind="fault")
        def force_delete_pod(api: ApiServer, runtime: Runtime, f: Faults, pod: Pod) -> None:
            """Somebody deletes a pod with grace period 0: it is gone at once, and so, where names are random, are its containers."""
            require(f.force_deleted < scope.force_deletes and api.pod(pod).exists)
            if took_effect(api.remove_pod(scope, pod, api.pod(pod).uid)):
                f.force_deleted += 1
                runtime.running[pod] = 0

    module.include(faults_of_memory(scope))
    return module


def faults_of_memory(scope: ClusterScope) -> Module:
    """Faults by which caches and clocks, not objects, go wrong."""
    module = Module("faults of memory", Faults)

    if scope.api_server_crashes:

        @module.action(actor="api-server", kind="fault")
        def crash_api_server(
            api: ApiServer,
            f: Faults,
            server: Annotated[int, Range(0, "other_api_servers")],
            other: Annotated[int, Range(0, "other_api_servers")],
        ) -> None:
            """An API server crashes and restarts: it fills its watch caches anew, and its clients reconnect, to it or to the other."""
            require(f.servers_crashed < scope.api_server_crashes)
            f.servers_crashed += 1
            api.restart_server(scope, server, other)

    if scope.scheduler_relists:

        @module.action(actor="scheduler", kind="fault")
        def relist_scheduler(
            api: ApiServer, s: Scheduler, f: Faults, server: Annotated[int, Range(0, "scheduler_servers")]
        ) -> None:
            """The scheduler's watch was broken for so long that it lists all pods; of what vanished it has only what it saw last."""
            require(f.scheduler_relisted < scope.scheduler_relists)
            f.scheduler_relisted += 1
            for pod in Pod:
                listed = api.cached_pod(pod) if server == 1 else api.pod(pod)
                s.pod_listed(scope, pod, api.scheduler_pod(pod), listed)
            api.relist_scheduler(server)

    if scope.expiries:

        @module.action(actor="replicaset-controller", kind="fault")
        def expire_expectations(api: ApiServer, cm: ControllerManager, f: Faults, replica_set: ReplicaSet) -> None:
            """Five minutes pass in which an informer does not move: what is expected counts as seen (SatisfiedExpectations, isExpired).

            That is no event: the key has long left the queue, and the next sync is that of the next event.
            """
            require(f.expired < scope.expiries)
            require(cm.syncs[replica_set].done and not cm.expectations[replica_set].fulfilled)
            f.expired += 1
            cm.expectations[replica_set] = Expectations()
            api.replica_set_queue.forget(replica_set)

    return module
