"""A cluster: the components that a scope needs, put together into a spec."""

from __future__ import annotations

from dataclasses import asdict

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.deployment_controller import deployment_controller
from kubecheck.model.faults import faults
from kubecheck.model.garbage_collector import garbage_collector
from kubecheck.model.informer import controller_informers
from kubecheck.model.kubelet import kubelet
from kubecheck.model.kubelet_workers import kubelet_workers
from kubecheck.model.named_pods import named_pods
from kubecheck.model.network import network
from kubecheck.model.objects import Node
from kubecheck.model.properties import properties
from kubecheck.model.replicaset_controller import replica_set_controller
from kubecheck.model.safety_of_identities import safety_of_identities
from kubecheck.model.scheduler import scheduler
from kubecheck.model.scope import ClusterScope
from kubecheck.model.summary import summary
from kubecheck.model.user import user
from kubecheck.spec import Module, Spec


def initially(scope: ClusterScope) -> Module:
    """How a run starts: nothing is applied; some nodes are registered."""
    module = Module("start", ApiServer)

    @module.initial
    def empty_cluster(api: ApiServer) -> None:
        """No Deployment, no ReplicaSet, no pod; the first nodes are registered."""
        for node in Node:
            if node.index < scope.registered_nodes:
                api.create_node(scope, node)

    return module


def cluster(scope: ClusterScope, *, name: str = "cluster") -> Spec:
    """The spec of a cluster of this scope: API server and etcd, controllers, scheduler, kubelets, the user and the faults.

    Takes a validated scope; returns a spec that can be checked, run and shown. Components that the scope leaves nothing to do are left out.
    """
    values = {key: value for key, value in asdict(scope).items() if value is not None}
    spec = Spec(name, scope={**values, **scope.numbers()}, release=scope.release)
    spec.include(initially(scope))
    if scope.is_pods:
        for part in (named_pods, scheduler, kubelet_workers, network, faults, safety_of_identities):
            spec.include(part(scope))
        return spec
    spec.include(user(scope))
    if scope.is_deployment:
        spec.include(deployment_controller(scope))
    spec.include(replica_set_controller(scope))
    spec.include(scheduler(scope))
    spec.include(kubelet(scope))
    spec.include(controller_informers(scope))
    spec.include(network(scope))
    if scope.deletes > 0 and scope.features.garbage_collection:
        spec.include(garbage_collector(scope))
    spec.include(faults(scope))
    spec.include(properties(scope))
    spec.include(summary(scope))
    return spec
