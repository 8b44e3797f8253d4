"""The scope of a cluster: how large it is, what may happen to it, which protections are on.

Everything here is a bound or a budget. A budget is spent by the environment (a user, a fault) one step at a time; nothing is bounded
by depth, so a check that completes has seen everything that the scope allows.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from kubecheck.model.features import DEFAULT_RELEASE, FeatureError, Features, features_of
from kubecheck.model.rollout_bounds import IntOrPercent, RolloutBounds

MOST_PODS = 12


class Kind(enum.StrEnum):
    """What the user applies."""

    DEPLOYMENT = "Deployment"
    REPLICA_SET = "ReplicaSet"


class Strategy(enum.StrEnum):
    """How a Deployment replaces pods, as `spec.strategy.type` says it."""

    ROLLING_UPDATE = "RollingUpdate"
    RECREATE = "Recreate"


class ScopeError(ValueError):
    """A scope that makes no sense: `field` is the name of the field, the message says what it holds and what it may hold."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, kw_only=True)
class ClusterScope:
    """A small cluster and its budgets. Raises ScopeError when made with values that contradict each other."""

    # --- what the user applies

    kind: Kind = Kind.DEPLOYMENT
    """A Deployment, or a ReplicaSet without one."""
    replicas: int = 2
    """Pods that the user asks for at first."""
    templates: int = 1
    """Pod templates (images) that there are; each has its own ReplicaSet. More than one only for a Deployment."""
    strategy: Strategy = Strategy.ROLLING_UPDATE
    """`spec.strategy.type` of the Deployment."""
    max_surge: int | str = "25%"
    """Pods above `replicas` during a rolling update: a number of pods, or a percentage, which is rounded up."""
    max_unavailable: int | str = "25%"
    """Pods below `replicas` during a rolling update: a number of pods, or a percentage, which is rounded down."""
    paused: bool = False
    """`spec.paused` of the Deployment when it is applied: while it is paused it is scaled but not rolled out."""

    # --- where it runs

    pods: int | None = None
    """Pod slots: pods that exist at one time, terminating and failed ones included. A creation that finds none waits. None: as many
    as all ReplicaSets together may be about to create, and the failures, so that only a terminating pod is ever waited for."""
    nodes: int = 1
    """Nodes that exist or will register."""
    registered: int | None = None
    """Nodes that are registered when the run starts; the others register on the way. None: all."""
    capacity: int | None = None
    """Pods that fit on each node. None: all fit on any."""

    # --- what the user does afterwards (budgets, in requests)

    scales: int = 0
    """Changes of `spec.replicas`, to any number from `least_replicas` to `most_replicas`."""
    least_replicas: int | None = None
    """The fewest replicas that the user asks for. None: `replicas`."""
    most_replicas: int | None = None
    """The most replicas that the user asks for. None: `replicas`."""
    image_changes: int = 0
    """Changes of the pod template, to any other of the `templates`."""
    resumes: int = 0
    """Resumptions of a Deployment that was applied paused (0 or 1)."""
    deletes: int = 0
    """Deletions of what was applied (0 or 1); it is not applied again."""

    # --- faults (budgets, in events)

    crashes: int = 0
    """Crashes, each followed by a restart, of the controller manager or the scheduler."""
    pod_failures: int = 0
    """Running pods that fail for good (evicted by their kubelet, say)."""
    conflicts: int = 0
    """Writes by somebody else to a ReplicaSet: an annotation is added."""
    request_failures: int = 0
    """API requests that answer 500 and have no effect."""
    broken_watches: int = 0
    """Times that the controller manager's watches break and are opened again, perhaps at another API server."""

    # --- staleness (in writes of one kind that a client has not seen; 0: it reads through, and costs nothing)

    lag_deployments: int = 0
    """Lag of the controller manager's informer of Deployments."""
    lag_replica_sets: int = 0
    """Lag of the controller manager's informer of ReplicaSets."""
    lag_pods: int = 0
    """Lag of the controller manager's informer of pods."""
    lag_scheduler: int = 0
    """Lag of the scheduler's informer of pods."""
    api_servers: int = 1
    """API servers, 1 or 2. The first one's watch caches are fresh; the second one's lag by the `cache_lag_…` below."""
    cache_lag_replica_sets: int = 0
    """Lag of the second API server's watch cache of ReplicaSets."""
    cache_lag_pods: int = 0
    """Lag of the second API server's watch cache of pods."""

    # --- how much detail

    container_steps: bool = False
    """Containers start and stop in steps of their own, before the kubelet reports it."""
    deployment_status: bool = True
    """The Deployment's status is written. Without it nothing else changes, for nobody but people reads it."""

    # --- which protections are on

    release: str = DEFAULT_RELEASE
    """The Kubernetes release whose features are on."""
    without: tuple[str, ...] = ()
    """Names of features that are switched off, see `kubecheck.model.features`."""
    fixes: tuple[str, ...] = ()
    """Names of features that are switched on although the release does not have them: fixes that are not merged, say."""

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_workload()
        self._check_cluster()
        self._check_staleness()

    # --- what follows from the fields; the model reads these

    @cached_property
    def features(self) -> Features:
        """The features of the release, less those that are switched off."""
        return features_of(self.release, without=self.without, fixes=self.fixes)

    @property
    def is_deployment(self) -> bool:
        """Whether a Deployment is applied."""
        return self.kind is Kind.DEPLOYMENT

    @property
    def recreate(self) -> bool:
        """Whether the Deployment's strategy is Recreate."""
        return self.strategy is Strategy.RECREATE

    @cached_property
    def bounds(self) -> RolloutBounds:
        """`max_surge` and `max_unavailable`, parsed."""
        return RolloutBounds(_bound("max_surge", self.max_surge), _bound("max_unavailable", self.max_unavailable))

    @property
    def least(self) -> int:
        """The fewest replicas that the user ever asks for."""
        return self.replicas if self.least_replicas is None else min(self.least_replicas, self.replicas)

    @property
    def most(self) -> int:
        """The most replicas that the user ever asks for."""
        return self.replicas if self.most_replicas is None else max(self.most_replicas, self.replicas)

    @property
    def most_wanted(self) -> int:
        """The most pods that all ReplicaSets together may be asked for: the replicas and the surge."""
        surge = self.bounds.resolve(self.most)[0] if self._may_surge else 0
        return self.most + surge

    @property
    def _may_surge(self) -> bool:
        return self.is_deployment and not self.recreate and self.templates > 1

    @property
    def pod_slots(self) -> int:
        """Pods that can exist at one time."""
        if self.pods is not None:
            return self.pods
        return max(self.most_wanted, self.most * min(self.templates, 1 + self.image_changes)) + self.pod_failures

    @property
    def pods_per_node(self) -> int:
        """Pods that fit on a node."""
        return self.pod_slots if self.capacity is None else self.capacity

    @property
    def registered_nodes(self) -> int:
        """Nodes that are registered at the start."""
        return self.nodes if self.registered is None else self.registered

    @property
    def two_servers(self) -> bool:
        """Whether there is a second API server, whose caches lag."""
        return self.api_servers == 2

    @property
    def watch_deployments(self) -> bool:
        """Whether anybody lags behind in Deployments."""
        return self.lag_deployments > 0

    @property
    def watch_replica_sets(self) -> bool:
        """Whether anybody lags behind in ReplicaSets."""
        return self.lag_replica_sets > 0 or self.cache_lag_replica_sets > 0

    @property
    def watch_pods(self) -> bool:
        """Whether anybody lags behind in pods."""
        return self.lag_pods > 0 or self.lag_scheduler > 0 or self.cache_lag_pods > 0

    @property
    def runs_pods(self) -> bool:
        """Whether pods are ever wanted: a Deployment that stays paused, or asks for none, wants none."""
        return self.most > 0 and (not self.paused or self.resumes > 0)

    @property
    def may_conflict(self) -> bool:
        """Whether somebody writes what a lagging controller writes too, so that a conflict must be possible."""
        other_writers = self.conflicts > 0 or self.scales > 0 or self.image_changes > 0
        on_replica_sets = self.lag_replica_sets > 0 and other_writers
        on_deployments = self.lag_deployments > 0 and self.deployment_status and self.scales + self.image_changes > 0
        return self.runs_pods and (on_replica_sets or on_deployments)

    @property
    def controllers_lag(self) -> bool:
        """Whether the controller manager lags behind in anything."""
        return self.lag_deployments > 0 or self.lag_replica_sets > 0 or self.lag_pods > 0

    def numbers(self) -> Mapping[str, int]:
        """The numbers that the model's sorts, ranges and sequences are sized by."""
        expects = self.features.expectations and self.lag_pods > 0
        guards = self.features.stale_write_guard
        return {
            "deployments": 1 if self.is_deployment else 0,
            "templates": self.templates,
            "pods": self.pod_slots,
            "nodes": self.nodes,
            "least_replicas": self.least,
            "most_replicas": self.most,
            "most_wanted": self.most_wanted,
            "status_pods": self.pod_slots * self.templates if self.is_deployment and self.deployment_status else 0,
            "pods_per_node": self.pods_per_node,
            "applies": 1,
            "scales": self.scales,
            "image_changes": self.image_changes,
            "deletes": self.deletes,
            "resumes": self.resumes,
            "pauses": 1 if self.paused else 0,
            "crashes": self.crashes,
            "interruptions": min(self.crashes, 1) if self.templates > 1 else 0,
            "pod_failures": self.pod_failures,
            "conflicts": self.conflicts,
            "request_failures": self.request_failures,
            "failing": min(self.request_failures, 1),
            "broken_watches": self.broken_watches,
            "lag_deployments": self.lag_deployments,
            "lag_replica_sets": self.lag_replica_sets,
            "lag_pods": self.lag_pods,
            "lag_scheduler": self.lag_scheduler,
            "cache_lag_replica_sets": self.cache_lag_replica_sets,
            "cache_lag_pods": self.cache_lag_pods,
            "other_api_servers": self.api_servers - 1,
            "window_deployments": self.lag_deployments,
            "window_replica_sets": max(self.lag_replica_sets, self.cache_lag_replica_sets),
            "window_pods": max(self.lag_pods, self.lag_scheduler, self.cache_lag_pods),
            "expected_pods": self.pod_slots if expects else 0,
            "unseen_pods": self.lag_pods if guards else 0,
            "unseen_status": self.lag_replica_sets if guards else 0,
            "container_steps": 1 if self.container_steps else 0,
        }

    # --- validation

    def _check_numbers(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.type in ("int", "int | None") and value is not None:
                if not isinstance(value, int) or isinstance(value, bool):
                    raise ScopeError(f.name, f"is {value!r}, and must be a whole number")
                if value < 0:
                    raise ScopeError(f.name, f"is {value}, and must be 0 or more")
            elif f.type == "bool" and not isinstance(value, bool):
                raise ScopeError(f.name, f"is {value!r}, and must be true or false")
        try:
            object.__setattr__(self, "kind", Kind(self.kind))
        except ValueError:
            raise ScopeError("kind", f"is {self.kind!r}, and must be Deployment or ReplicaSet") from None
        try:
            object.__setattr__(self, "strategy", Strategy(self.strategy))
        except ValueError:
            raise ScopeError("strategy", f"is {self.strategy!r}, and must be RollingUpdate or Recreate") from None
        for name in ("without", "fixes"):
            names: object = getattr(self, name)
            object.__setattr__(self, name, (names,) if isinstance(names, str) else tuple(getattr(self, name)))
        try:
            features_of(self.release, without=self.without, fixes=self.fixes)
        except FeatureError as e:
            raise ScopeError("without" if "feature" in str(e) else "release", str(e)) from None

    def _check_workload(self) -> None:
        surge, unavailable = self.bounds.surge, self.bounds.unavailable
        if self.is_deployment and not self.recreate and surge.value == 0 and unavailable.value == 0:
            raise ScopeError(
                "max_unavailable", "is 0, and may not be when max_surge is 0 too: no update could ever move"
            )
        if self.templates < 1:
            raise ScopeError("templates", "is 0, and must be 1 or more")
        if self.image_changes and self.templates < 2:
            raise ScopeError("image_changes", "needs templates of 2 or more: there is no other image to change to")
        if not self.is_deployment and (self.templates > 1 or self.paused or self.recreate):
            raise ScopeError("kind", "is ReplicaSet, which has one template, no strategy and no pause")
        if self.least_replicas is not None and self.least_replicas > self.replicas:
            raise ScopeError(
                "least_replicas", f"is {self.least_replicas}, more than the {self.replicas} replicas at first"
            )
        if self.most_replicas is not None and self.most_replicas < self.replicas:
            raise ScopeError(
                "most_replicas", f"is {self.most_replicas}, less than the {self.replicas} replicas at first"
            )
        if self.scales and self.least == self.most:
            raise ScopeError(
                "scales", f"is {self.scales}, but least_replicas and most_replicas leave only {self.most} to scale to"
            )
        if not self.scales and self.least != self.most:
            raise ScopeError(
                "least_replicas" if self.least < self.replicas else "most_replicas", "needs scales of 1 or more"
            )
        if self.resumes > (1 if self.paused else 0):
            raise ScopeError(
                "resumes", f"is {self.resumes}, and may be 1 at most, for a Deployment that is applied paused"
            )
        if self.deletes > 1:
            raise ScopeError("deletes", f"is {self.deletes}, and may be 0 or 1: what was deleted is not applied again")

    def _check_cluster(self) -> None:
        if self.nodes < 1:
            raise ScopeError("nodes", "is 0, and must be 1 or more")
        if self.registered is not None and self.registered > self.nodes:
            raise ScopeError("registered", f"is {self.registered}, more than the {self.nodes} nodes")
        if self.pod_slots > MOST_PODS:
            raise ScopeError(
                "pods", f"comes to {self.pod_slots} pods at one time, and at most {MOST_PODS} can be explored"
            )
        if self.pod_slots < self.most_wanted + self.pod_failures:
            need = self.most_wanted + self.pod_failures
            raise ScopeError(
                "pods", f"is {self.pod_slots}, but {need} may be wanted at one time (replicas, surge, failed pods)"
            )
        if self.capacity is not None and self.capacity < 1:
            raise ScopeError("capacity", "is 0, and must be 1 or more")
        if self.conflicts > 7 or self.crashes > 7 or self.pod_failures > 7:
            field = next(f for f in ("conflicts", "crashes", "pod_failures") if getattr(self, f) > 7)
            raise ScopeError(field, f"is {getattr(self, field)}, and may be 7 at most")

    def _check_staleness(self) -> None:
        if self.api_servers not in (1, 2):
            raise ScopeError("api_servers", f"is {self.api_servers}, and must be 1 or 2")
        for name, lag in (("cache_lag_replica_sets", self.lag_replica_sets), ("cache_lag_pods", self.lag_pods)):
            own = getattr(self, name)
            if own and not self.two_servers:
                raise ScopeError(name, "needs api_servers=2: it is the second one's watch cache that lags")
            if own > lag:
                what = name.removeprefix("cache_")
                raise ScopeError(
                    name,
                    f"is {own}, and may be {what} ({lag}) at most: a client cannot be ahead of the cache it watches",
                )
        if self.broken_watches and not (self.controllers_lag and self.two_servers):
            raise ScopeError(
                "broken_watches", "needs api_servers=2 and a lag of the controller manager; else it changes nothing"
            )
        if not self.features.requeue_on_error and not (
            self.lag_replica_sets and self.lag_pods and (self.lag_deployments or not self.is_deployment)
        ):
            needed = "lag_replica_sets and lag_pods" + (" and lag_deployments" if self.is_deployment else "")
            raise ScopeError(
                "without",
                f"requeue-on-error can be off only with {needed} of 1 or more: a key that was dropped wakes up with an event",
            )


def _bound(field: str, written: int | str) -> IntOrPercent:
    if isinstance(written, int) and not isinstance(written, bool):
        if written < 0:
            raise ScopeError(field, f"is {written}, and must be 0 or more")
        return IntOrPercent(written)
    parsed = IntOrPercent.parse(written) if isinstance(written, str) else None
    if parsed is None and isinstance(written, str) and written.isdigit():
        return IntOrPercent(int(written))
    if parsed is None:
        raise ScopeError(field, f"is {written!r}, and must be a number of pods or a percentage such as 25%")
    return parsed
