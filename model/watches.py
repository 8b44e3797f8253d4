"""Watch caches and watches: how far behind etcd each reader is, kind by kind.

Facts, from staging/src/k8s.io/apiserver/pkg/storage/cacher (cacher.go, watch_cache.go): an API server keeps a cache of each kind, fed by
one watch of etcd; clients' watches are served from it. So each (API server, kind) has its own lag and each (client, kind) has another
one on top of it; a client is never ahead of the cache that serves it, unless it comes from another API server.

A place is a *distance*: the number of the kind's last writes that have not arrived there. The first API server's caches are fresh:
its lag could not be told from an equal lag of all its clients. The second one's have distances of their own. The controller manager may
be connected to either, and so may the scheduler where its restarts are explored.

A lag is a bound: a write that would take somebody further back waits until he has caught up. What is lost by it is every run in which
somebody is further back than the scope says, and nothing else.
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Range, State, require


class Watches(State):
    """The distances. `controllers` is the controller manager: one process, one set of shared informers.

    (cmd/kube-controller-manager/app/controllermanager.go, CreateControllerContext: all controllers get one SharedInformerFactory.)
    """

    controllers_deployments: Annotated[int, Range(0, "lag_deployments")]
    controllers_replica_sets: Annotated[int, Range(0, "lag_replica_sets")]
    controllers_pods: Annotated[int, Range(0, "lag_pods")]
    scheduler_pods: Annotated[int, Range(0, "lag_scheduler")]
    cache_deployments: Annotated[int, Range(0, "cache_lag_deployments")]
    cache_replica_sets: Annotated[int, Range(0, "cache_lag_replica_sets")]
    cache_pods: Annotated[int, Range(0, "cache_lag_pods")]
    controllers_server: Annotated[int, Range(0, "other_api_servers")]
    scheduler_server: Annotated[int, Range(0, "scheduler_servers")]

    def deployment_written(self, scope: ClusterScope) -> None:
        """A Deployment was written: everybody who lags is one more behind. Not enabled if somebody is as far behind as may be."""
        if scope.lag_deployments:
            require(self.controllers_deployments < scope.lag_deployments)
            self.controllers_deployments += 1
        if scope.cache_lag_deployments:
            require(self.cache_deployments < scope.cache_lag_deployments)
            self.cache_deployments += 1

    def replica_set_written(self, scope: ClusterScope) -> None:
        """A ReplicaSet was written."""
        if scope.lag_replica_sets:
            require(self.controllers_replica_sets < scope.lag_replica_sets)
            self.controllers_replica_sets += 1
        if scope.cache_lag_replica_sets:
            require(self.cache_replica_sets < scope.cache_lag_replica_sets)
            self.cache_replica_sets += 1

    def pod_written(self, scope: ClusterScope) -> None:
        """A pod was written."""
        if scope.lag_pods:
            require(self.controllers_pods < scope.lag_pods)
            self.controllers_pods += 1
        if scope.lag_scheduler:
            require(self.scheduler_pods < scope.lag_scheduler)
            self.scheduler_pods += 1
        if scope.cache_lag_pods:
            require(self.cache_pods < scope.cache_lag_pods)
            self.cache_pods += 1

    def deployments_behind(self) -> int:
        """The greatest distance in Deployments."""
        return max(self.controllers_deployments, self.cache_deployments)

    def replica_sets_behind(self) -> int:
        """The greatest distance in ReplicaSets."""
        return max(self.controllers_replica_sets, self.cache_replica_sets)

    def pods_behind(self) -> int:
        """The greatest distance in pods."""
        return max(self.controllers_pods, max(self.scheduler_pods, self.cache_pods))

    def serving_deployments(self) -> int:
        """The distance of the cache that the controller manager's watch of Deployments is served from."""
        return self.cache_deployments if self.controllers_server == 1 else 0

    def serving_replica_sets(self) -> int:
        """The distance of the cache that the controller manager's watch of ReplicaSets is served from."""
        return self.cache_replica_sets if self.controllers_server == 1 else 0

    def serving_pods(self) -> int:
        """The distance of the cache that the controller manager's watch of pods is served from."""
        return self.cache_pods if self.controllers_server == 1 else 0

    def serving_scheduler(self) -> int:
        """The distance of the cache that the scheduler's watch of pods is served from."""
        return self.cache_pods if self.scheduler_server == 1 else 0

    def connect(self, server: int) -> None:
        """The controller manager's watches are served by this API server from now on."""
        self.controllers_server = server
