"""The scope of a cluster: how large it is, what may happen to it, which protections are on.

Everything here is a bound or a budget. A budget is spent by the environment (a user, a fault) one step at a time; nothing is bounded
by depth, so a check that completes has seen everything that the scope allows.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from kubecheck.model.features import DEFAULT_RELEASE, FEATURES, FeatureError, Features, features_in, features_of
from kubecheck.model.rollout_bounds import RolloutBounds
from kubecheck.model.scope_checks import ScopeError, bound, check_fields, check_together

__all__ = ["ClusterScope", "Kind", "ScopeError", "Strategy"]


class Kind(enum.StrEnum):
    """What the user applies. Pods are those with names of their own, which come back under the same name, as a StatefulSet's do."""

    DEPLOYMENT = "Deployment"
    REPLICA_SET = "ReplicaSet"
    POD = "Pod"


class Strategy(enum.StrEnum):
    """How a Deployment replaces pods, as `spec.strategy.type` says it."""

    ROLLING_UPDATE = "RollingUpdate"
    RECREATE = "Recreate"


@dataclass(frozen=True, kw_only=True)
class ClusterScope:
    """A small cluster and its budgets. Raises ScopeError when made with values that contradict each other."""

    # --- what the user applies

    kind: Kind = Kind.DEPLOYMENT
    """A Deployment, or a ReplicaSet without one, or `replicas` pods with names of their own."""
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
    as all ReplicaSets together may be about to create, and the failures, so that only a terminating pod is ever waited for; and one more
    than is ever wanted where pods lag by two, so that one too many shows."""
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
    """Deletions of what was applied, as many at most as `applies`."""
    applies: int = 1
    """Times that the user applies it; after a deletion it comes back under the same name with another UID. 2 only for a ReplicaSet."""
    foreground: bool = False
    """Deletions are in the foreground: what was applied stays until all that belongs to it is gone."""
    edits: int = 0
    """Changes of `spec.replicas` by a second user, who reads the Deployment, edits it, and sends all of it with its resourceVersion."""
    recreations: int = 0
    """Pods with names of their own that are created again after they have been deleted, each with another UID."""
    pinned: int = 0
    """Those of them that name their node themselves (`spec.nodeName`), one with room: the scheduler is not asked."""
    force_deletes: int = 0
    """Pods that somebody deletes with grace period 0, without waiting for the kubelet."""

    # --- faults (budgets, in events)

    crashes: int = 0
    """Crashes, each followed by a restart, of the controller manager: its queues, syncs and expectations are lost, and all its informers
    list anew, perhaps at the second API server. The garbage collector is a part of it."""
    scheduler_crashes: int = 0
    """Crashes, each followed by a restart, of the scheduler: it forgets what it assumed, and lists anew, perhaps at the second server."""
    pod_failures: int = 0
    """Running pods that fail for good (evicted by their kubelet, say)."""
    completions: int = 0
    """Pods whose containers end well: they have Succeeded. Only for pods with names of their own."""
    conflicts: int = 0
    """Writes by somebody else to a ReplicaSet: an annotation is added."""
    conflicts_of_deployments: int = 0
    """Writes by somebody else to the Deployment: an annotation is added."""
    conflicts_of_pods: int = 0
    """Writes by somebody else to a pod: an annotation is added."""
    request_failures: int = 0
    """API requests that answer 500 and have no effect."""
    lost_responses: int = 0
    """API requests that take effect although the answer is lost: the client sees a timeout."""
    broken_watches: int = 0
    """Times that the controller manager's watches break and are opened again, perhaps at another API server."""
    api_server_crashes: int = 0
    """Crashes, each followed by a restart, of an API server: its watch caches are rebuilt, its clients reconnect. Needs api_servers=2."""
    scheduler_relists: int = 0
    """Times that the scheduler's watch breaks for so long that it has to list all pods anew."""
    expiries: int = 0
    """Times that a ReplicaSet's expectations expire: five minutes pass, and an informer has not moved."""

    resyncs: int = 0
    """Times that a key comes back to a controller's queue without an event: an informer resyncs (every 12 to 24 hours), or a Deployment's
    progress deadline (10 minutes) is checked. Without one, what nobody tells a controller of waits for ever."""

    cut_offs: int = 0
    """Times that a node is cut off from the API server: its kubelet neither sees nor writes anything until it is back."""
    kubelet_restarts: int = 0
    """Restarts of a kubelet, perhaps at the second API server; containers go on running. Only for pods with names of their own."""

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
    cache_lag_deployments: int = 0
    """Lag of the second API server's watch cache of Deployments."""
    cache_lag_replica_sets: int = 0
    """Lag of the second API server's watch cache of ReplicaSets."""
    cache_lag_pods: int = 0
    """Lag of the second API server's watch cache of pods."""

    # --- how much detail

    container_steps: bool = False
    """Containers start and stop in steps of their own, before the kubelet reports it."""
    deployment_status: bool = True
    """The Deployment's status is written. Without it nothing else changes, for nobody but people reads it."""

    generations: bool = False
    """`metadata.generation` and `status.observedGeneration` of what the user applies are kept. Nobody but people reads them."""

    # --- which protections are on

    release: str = DEFAULT_RELEASE
    """The Kubernetes release whose features are on."""
    without: tuple[str, ...] = ()
    """Names of features that are switched off, see `kubecheck.model.features`."""
    fixes: tuple[str, ...] = ()
    """Names of features that are switched on although the release does not have them: fixes that are not merged, say."""

    def __post_init__(self) -> None:
        check_fields(self)
        self._normalise()
        check_together(self)

    def _normalise(self) -> None:
        """Names to enum members, a single feature to a tuple of one."""
        try:
            object.__setattr__(self, "kind", Kind(self.kind))
        except ValueError:
            raise ScopeError("kind", f"is {self.kind!r}, and must be Deployment, ReplicaSet or Pod") from None
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

    def switched(self, *, without: Iterable[str] = (), having: Iterable[str] = ()) -> ClusterScope:
        """The same with some features off and some on, whatever the release and the scope say of them. Raises FeatureError."""
        off, on = set(without), set(having)
        features_of(self.release, without=off, fixes=on)
        has = features_in(self.release)
        return replace(
            self,
            without=tuple(sorted((({*self.without} | off) - on) & has)),
            fixes=tuple(sorted(({*self.fixes} | on) - off - has)),
        )

    def has(self, name: str) -> bool:
        """Whether a feature is on."""
        return bool(getattr(self.features, FEATURES[name].attribute))

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
    def is_pods(self) -> bool:
        """Whether pods with names of their own are applied, and no controller."""
        return self.kind is Kind.POD

    @property
    def recreate(self) -> bool:
        """Whether the Deployment's strategy is Recreate."""
        return self.strategy is Strategy.RECREATE

    @cached_property
    def bounds(self) -> RolloutBounds:
        """`max_surge` and `max_unavailable`, parsed."""
        return RolloutBounds(bound("max_surge", self.max_surge), bound("max_unavailable", self.max_unavailable))

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
    def _may_have_ghosts(self) -> bool:
        """Whether a list may leave a pod in the scheduler's cache that is gone."""
        features = self.features
        return not features.tombstone_cleanup or (self.is_pods and not features.split_recreated_update)

    @property
    def replaces_in_two_steps(self) -> bool:
        """Whether a bound pod that a list replaces by another bound one is for a while not in the scheduler's cache."""
        return self.pinned > 0 and self.scheduler_relists > 0 and not self.features.atomic_pod_replacement

    @property
    def tells_one_by_one(self) -> bool:
        """Whether a restarted scheduler schedules before its handlers have been told of all pods of its list."""
        return self.lag_scheduler > 0 and self.scheduler_crashes > 0 and not self.features.handlers_synced

    @property
    def keeps_failed_bindings(self) -> bool:
        """Whether a pod whose binding failed stays assumed: the scheduler does not forget it, and reads from a cache of its own at all."""
        return self.lag_scheduler > 0 and self.features.scheduler_assume and not self.features.scheduler_forget

    @property
    def pod_slots(self) -> int:
        """Pods that can exist at one time."""
        if self.is_pods:
            return self.replicas
        if self.pods is not None:
            return self.pods
        spare = (
            1 if self.lag_pods > 1 else 0
        )  # for the pod too many that a controller may create that does not see its own
        wanted = max(self.most_wanted + spare, self.most * min(self.templates, 1 + self.image_changes))
        evicted = self.most_wanted if self.cut_offs else 0  # they stay until their node is back
        return wanted + self.pod_failures + evicted

    @property
    def max_surge_bites(self) -> bool:
        """Whether a rolling update could ask for more pods than it may: old and new ones together would be too many."""
        return self._may_surge and 2 * self.most > self.most + self.bounds.resolve(self.most)[0]

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
    def scheduler_servers(self) -> int:
        """The second API server as one that may serve the scheduler: 1 where it makes a difference, else 0."""
        reconnects = self.scheduler_crashes + self.scheduler_relists + self.api_server_crashes
        return 1 if self.lag_scheduler and self.cache_lag_pods and reconnects else 0

    @property
    def batches_fail(self) -> bool:
        """Whether a creation may fail beside others of its batch: the second batch of a slow start is the first with two."""
        return (self.request_failures > 0 or self.lost_responses > 0) and self.most_wanted > 2

    @property
    def deployment_generations(self) -> bool:
        """Whether the Deployment's generation is kept."""
        return self.generations and self.is_deployment and self.deployment_status

    @property
    def replica_set_generations(self) -> bool:
        """Whether the generation of a ReplicaSet that the user applies is kept."""
        return self.generations and self.kind is Kind.REPLICA_SET

    @property
    def watch_deployments(self) -> bool:
        """Whether anybody lags behind in Deployments."""
        return self.lag_deployments > 0 or self.cache_lag_deployments > 0

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
        """Whether somebody writes what a lagging controller writes too, so that a conflict must be possible, and can be told.

        A ReplicaSet controller on its own meets conflicts in its status updates, which it tries again at once. Where requests fail,
        the model does not keep which of the two it was.
        """
        other_writers = self.conflicts > 0 or self.scales > 0 or self.image_changes > 0
        on_replica_sets = self.lag_replica_sets > 0 and other_writers
        writers = self.scales + self.image_changes + self.conflicts_of_deployments
        on_deployments = self.lag_deployments > 0 and self.deployment_status and writers > 0
        told = self.is_deployment or self.request_failures == 0
        return self.runs_pods and told and (on_replica_sets or on_deployments)

    @property
    def waits_for_pods(self) -> bool:
        """Whether the Deployment controller may wait for pods: their changes are no events for it, but for deletions."""
        return self.is_deployment and self.recreate and self.image_changes > 0

    @property
    def terminating_told(self) -> bool:
        """Whether the status of a ReplicaSet tells of terminating pods."""
        return self.features.terminating_replicas and not self.is_pods

    @property
    def observation_told(self) -> bool:
        """Whether a ReplicaSet's status is written for its observedGeneration alone: a write more that somebody may not have seen."""
        is_seen = self.lag_replica_sets > 0 or self.waits_for_pods
        return is_seen and not self.replica_set_generations

    @property
    def named_pods_end(self) -> bool:
        """Whether containers of pods with names of their own may end of themselves."""
        return self.is_pods and self.pod_failures + self.completions > 0

    @property
    def keys_rest(self) -> bool:
        """Whether a key that has left its controller's queue may have something to do (workqueue.py)."""
        return self.waits_for_pods or self.expiries > 0

    @property
    def controllers_lag(self) -> bool:
        """Whether the controller manager lags behind in anything."""
        return self.lag_deployments > 0 or self.lag_replica_sets > 0 or self.lag_pods > 0

    def numbers(self) -> Mapping[str, int]:
        """The numbers that the model's sorts, ranges and sequences are sized by."""
        expects = self.features.expectations and self.lag_pods > 0
        guards = self.features.stale_write_guard
        changes = self.scales + self.edits + self.image_changes + self.resumes + self.conflicts_of_deployments
        marks = self.deletes if self.foreground else 0
        generations = 1 + changes + marks if self.generations else 0
        return {
            "deployments": 1 if self.is_deployment else 0,
            "templates": 0 if self.is_pods else self.templates,
            "pods": self.pod_slots,
            "nodes": self.nodes,
            "least_replicas": self.least,
            "most_replicas": self.most,
            "most_wanted": self.most_wanted,
            "terminating_pods": self.pod_slots if self.terminating_told else 0,
            "status_terminating": self.pod_slots * self.templates
            if self.terminating_told and self.is_deployment and self.deployment_status
            else 0,
            "unobserved": 1 if self.observation_told else 0,
            "status_pods": self.pod_slots * self.templates if self.is_deployment and self.deployment_status else 0,
            "pods_per_node": self.pods_per_node,
            "applies": self.applies,
            "reapplies": self.applies - 1,
            "force_deletes": self.force_deletes,
            "foreground": 1 if self.foreground else 0,
            "edits": self.edits,
            "editing": min(self.edits, 1),
            "recreations": self.recreations,
            "pinned": self.pinned,
            "replacing": 1 if self.replaces_in_two_steps else 0,
            "untold": 1 if self.tells_one_by_one else 0,
            "cut_offs": self.cut_offs,
            "cutting": min(self.cut_offs, 1),
            "kubelet_restarts": self.kubelet_restarts,
            "servers_of_kubelets": self.api_servers - 1 if self.kubelet_restarts else 0,
            "scales": self.scales,
            "image_changes": self.image_changes,
            "deletes": self.deletes,
            "resumes": self.resumes,
            "pauses": 1 if self.paused else 0,
            "crashes": self.crashes,
            "scheduler_crashes": self.scheduler_crashes,
            "scheduler_servers": self.scheduler_servers,
            "interruptions": min(self.crashes, 1) if self.templates > 1 else 0,
            "pod_failures": self.pod_failures,
            "completions": self.completions,
            "endings": 2 if self.completions else 1 if self.is_pods and self.pod_failures else 0,
            "conflicts": self.conflicts,
            "conflicts_of_deployments": self.conflicts_of_deployments,
            "conflicts_of_pods": self.conflicts_of_pods,
            "request_failures": self.request_failures,
            "deployment_generations": generations if self.is_deployment and self.deployment_status else 0,
            "replica_set_generations": generations if self.kind is Kind.REPLICA_SET else 0,
            "batched": self.most_wanted if self.batches_fail else 0,
            "failing": min(self.request_failures, 1),
            "lost_responses": self.lost_responses,
            "losing": min(self.lost_responses, 1),
            "failed_bindings": 1 if self.keeps_failed_bindings else 0,
            "api_server_crashes": self.api_server_crashes,
            "scheduler_relists": self.scheduler_relists,
            "ghosts": self.scheduler_relists * self.pod_slots if self._may_have_ghosts else 0,
            "expiries": self.expiries,
            "resyncs": self.resyncs,
            "broken_watches": self.broken_watches,
            "lag_deployments": self.lag_deployments,
            "lag_replica_sets": self.lag_replica_sets,
            "lag_pods": self.lag_pods,
            "lag_scheduler": self.lag_scheduler,
            "cache_lag_deployments": self.cache_lag_deployments,
            "cache_lag_replica_sets": self.cache_lag_replica_sets,
            "cache_lag_pods": self.cache_lag_pods,
            "other_api_servers": self.api_servers - 1,
            "window_deployments": max(self.lag_deployments, self.cache_lag_deployments),
            "window_replica_sets": max(self.lag_replica_sets, self.cache_lag_replica_sets),
            "window_pods": max(self.lag_pods, self.lag_scheduler, self.cache_lag_pods),
            "expected_pods": self.pod_slots if expects else 0,
            "unseen_pods": self.lag_pods if guards else 0,
            "unseen_status": self.lag_replica_sets if guards else 0,
            "container_steps": 1 if self.container_steps else 0,
        }
