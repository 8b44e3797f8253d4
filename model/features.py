"""Named features: the protections that Kubernetes has, each with its issue or KEP and the release that brought it.

A release switches on every feature that it has; single ones can be switched off, to see what they protect from. A fix that no
release has yet is a feature too, off until it is asked for. A feature that is off is compiled away: it costs nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

FIRST_RELEASE, LAST_RELEASE = (1, 18), (1, 36)
DEFAULT_RELEASE = "1.36"


class FeatureError(ValueError):
    """An unknown feature or release. The message says which names are known."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One protection: its name, since which release it is on, where it was discussed, what it does.

    `since` is the oldest release that the model knows (1.18) for what is older than that, and None for what no release has yet.
    """

    name: str
    since: str | None
    reference: str
    sentence: str

    @property
    def attribute(self) -> str:
        """The name of its field in `Features`."""
        return self.name.replace("-", "_")


_FEATURES = (
    Feature(
        name="optimistic-lock",
        since="1.18",
        reference="staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go, Update",
        sentence="A write that names a resourceVersion is refused with 409 if the object has changed since.",
    ),
    Feature(
        name="binding-check",
        since="1.18",
        reference="pkg/registry/core/pod/storage/storage.go, setPodNodeAndMetadata",
        sentence="The API server refuses to bind a pod that has a node or is being deleted.",
    ),
    Feature(
        name="scheduler-assume",
        since="1.18",
        reference="pkg/scheduler/schedule_one.go, assume; pkg/scheduler/backend/cache/cache.go, AssumePod",
        sentence="The scheduler counts a pod that it has bound before its informer shows the binding.",
    ),
    Feature(
        name="scheduler-known-nodes",
        since="1.18",
        reference="pkg/scheduler/backend/cache/cache.go, UpdateSnapshot; pkg/scheduler/eventhandlers.go, addNodeToCache",
        sentence="The scheduler places pods only on nodes that are registered.",
    ),
    Feature(
        name="expectations",
        since="1.18",
        reference="pkg/controller/controller_utils.go, UIDTrackingControllerExpectations",
        sentence="The ReplicaSet controller waits until its informer shows the pods that it created and deleted.",
    ),
    Feature(
        name="requeue-on-error",
        since="1.18",
        reference="pkg/controller/replicaset/replica_set.go, processNextWorkItem; client-go util/workqueue, AddRateLimited",
        sentence="A key whose sync failed is put back into the work queue.",
    ),
    Feature(
        name="pause",
        since="1.18",
        reference="pkg/controller/deployment/deployment_controller.go, syncDeployment",
        sentence="A Deployment with spec.paused is scaled but not rolled out.",
    ),
    Feature(
        name="garbage-collection",
        since="1.18",
        reference="pkg/controller/garbagecollector/garbagecollector.go, attemptToDeleteItem",
        sentence="What belonged to a deleted object is deleted too.",
    ),
    Feature(
        name="relist-at-last-version",
        since="1.18",
        reference="kubernetes/kubernetes#83520; client-go tools/cache/reflector.go, relistResourceVersion",
        sentence="After a broken watch an informer goes on at the resourceVersion that it had seen, not at any older one.",
    ),
    Feature(
        name="consistent-list",
        since="1.35",
        reference="KEP-3157 (WatchList), KEP-2340; kubernetes/kubernetes#59848",
        sentence="A restarted client's first list is as new as etcd, not as old as some API server's cache.",
    ),
    Feature(
        name="stale-write-guard",
        since="1.36",
        reference="KEP-5647; pkg/controller/util/consistency/consistency.go, EnsureReady",
        sentence="The ReplicaSet controller does not sync a ReplicaSet before its informers show its own last writes for it.",
    ),
    Feature(
        name="scheduler-forget",
        since="1.18",
        reference="kubernetes/kubernetes#28883; pkg/scheduler/schedule_one.go, handleBindingCycleError; cache.go, ForgetPod",
        sentence="The scheduler forgets a pod that it has assumed if the binding fails.",
    ),
    Feature(
        name="tombstone-cleanup",
        since="1.23",
        reference="kubernetes/kubernetes#106102; pkg/scheduler/eventhandlers.go, deletePod",
        sentence="The scheduler drops a pod whose deletion it missed from its cache, whatever the last state was that it had seen.",
    ),
    Feature(
        name="delete-resets-expectations",
        since="1.18",
        reference="kubernetes/kubernetes#69376, #82572; pkg/controller/replicaset/replica_set.go, deleteRS",
        sentence="A ReplicaSet's deletion ends its expectations when the informer shows it, not when a sync happens to come by.",
    ),
    Feature(
        name="terminal-phase-last",
        since="1.24",
        reference="kubernetes/kubernetes#106884, #108366; pkg/kubelet/status/status_manager.go, mergePodStatus",
        sentence="A kubelet reports a terminal phase only when no container of the pod runs any more.",
    ),
    Feature(
        name="terminal-phase-final",
        since="1.22",
        reference="kubernetes/kubernetes#54499, #102344; pkg/kubelet/kubelet_pods.go, generateAPIPodStatus",
        sentence="A kubelet never replaces a terminal phase, whatever is left of the pod's containers.",
    ),
    Feature(
        name="uid-on-status",
        since="1.18",
        reference="pkg/kubelet/status/status_manager.go, syncPod; pkg/util/pod/pod.go, PatchPodStatus",
        sentence="A kubelet's status update names the pod's UID and is refused for another pod of the same name.",
    ),
    Feature(
        name="uid-on-delete",
        since="1.18",
        reference="pkg/kubelet/status/status_manager.go, syncPod; staging/src/k8s.io/apimachinery, NewUIDPreconditions",
        sentence="A kubelet's deletion names the pod's UID and is refused for another pod of the same name.",
    ),
    Feature(
        name="max-surge",
        since="1.18",
        reference="pkg/controller/deployment/util/deployment_util.go, NewRSNewReplicas",
        sentence="A rolling update asks for no more pods than spec.replicas and maxSurge together.",
    ),
    Feature(
        name="max-unavailable",
        since="1.18",
        reference="pkg/controller/deployment/rolling.go, reconcileOldReplicaSets",
        sentence="A rolling update asks for no fewer pods than spec.replicas less maxUnavailable, new ones not counted until ready.",
    ),
    Feature(
        name="status-subresource",
        since="1.18",
        reference="pkg/registry/apps/deployment/strategy.go, replicaset/strategy.go, PrepareForUpdate of the status strategies",
        sentence="A PUT of the status keeps the stored spec, whatever spec it has.",
    ),
    Feature(
        name="observed-generation",
        since="1.18",
        reference="staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go, Status",
        sentence="Who waits for a rollout believes a status only once its observedGeneration is the Deployment's generation.",
    ),
    Feature(
        name="foreground-finalizer",
        since="1.18",
        reference="staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go, deletionFinalizersForGarbageCollection",
        sentence="An object that is deleted in the foreground stays, with a finalizer, until the garbage collector removes that.",
    ),
    Feature(
        name="available-up-to-spec",
        since=None,
        reference="pkg/controller/deployment/rolling.go, reconcileOldReplicaSets (no issue is known)",
        sentence="A rolling update counts no more available pods of a ReplicaSet than it asks for, since the others are about to go.",
    ),
    Feature(
        name="uid-on-status-retry",
        since=None,
        reference="pkg/controller/replicaset/replica_set_utils.go, updateReplicaSetStatus (no issue is known)",
        sentence="The ReplicaSet controller's second attempt at a status update gives up if the GET shows another UID.",
    ),
    Feature(
        name="no-op-writes",
        since="1.18",
        reference="staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go, GuaranteedUpdate",
        sentence="An update that changes nothing is not written: no revision, no event.",
    ),
    Feature(
        name="no-force-deletion",
        since="1.18",
        reference="kubernetes/kubernetes#35145, #35235; pkg/controller/nodelifecycle/node_lifecycle_controller.go",
        sentence="The node controller does not remove pods of a node that it cannot reach; they stay until their kubelet confirms.",
    ),
    Feature(
        name="split-recreated-update",
        since=None,
        reference="kubernetes/kubernetes#141255 (open); pkg/scheduler/eventhandlers.go, updatePod",
        sentence="The scheduler takes an update that changes a pod's UID for what it is, a deletion and a creation.",
    ),
    Feature(
        name="refresh-scale-annotation",
        since=None,
        reference="kubernetes/kubernetes#138036, #138840 (open); pkg/controller/deployment/sync.go, scale",
        sentence="Scaling brings a ReplicaSet's desired-replicas annotation up to date even if its size is right already.",
    ),
)

FEATURES: Mapping[str, Feature] = MappingProxyType({f.name: f for f in _FEATURES})


@dataclass(frozen=True, kw_only=True)
class Features:
    """Which features are on. Made by `features_of`; the fields are the names in `FEATURES` with underscores."""

    optimistic_lock: bool = True
    binding_check: bool = True
    scheduler_assume: bool = True
    scheduler_known_nodes: bool = True
    expectations: bool = True
    requeue_on_error: bool = True
    pause: bool = True
    garbage_collection: bool = True
    relist_at_last_version: bool = True
    consistent_list: bool = True
    stale_write_guard: bool = True
    scheduler_forget: bool = True
    tombstone_cleanup: bool = True
    delete_resets_expectations: bool = True
    terminal_phase_last: bool = True
    terminal_phase_final: bool = True
    uid_on_status: bool = True
    uid_on_delete: bool = True
    no_op_writes: bool = True
    max_surge: bool = True
    max_unavailable: bool = True
    status_subresource: bool = True
    observed_generation: bool = True
    foreground_finalizer: bool = True
    available_up_to_spec: bool = False
    uid_on_status_retry: bool = False
    no_force_deletion: bool = True
    split_recreated_update: bool = False
    refresh_scale_annotation: bool = False


def parse_release(release: str) -> tuple[int, int]:
    """A release such as "1.36" (or "v1.36.2") as numbers. Raises FeatureError if the model does not know it."""
    parts = release.removeprefix("v").split(".")
    known = f"{_text(FIRST_RELEASE)} to {_text(LAST_RELEASE)}"
    if len(parts) not in (2, 3) or not all(p.isdigit() for p in parts):
        raise FeatureError(f"{release!r} is no release: write one of {known}, such as {DEFAULT_RELEASE!r}")
    number = (int(parts[0]), int(parts[1]))
    if not FIRST_RELEASE <= number <= LAST_RELEASE:
        raise FeatureError(f"release {release} is not modelled: {known} are")
    return number


def features_of(release: str, *, without: Iterable[str] = (), fixes: Iterable[str] = ()) -> Features:
    """The features of a release, less those in `without`, and those in `fixes`, which it need not have.

    Raises FeatureError for an unknown release or feature, and for one that is in both.
    """
    number = parse_release(release)
    off, on = set(without), set(fixes)
    for name in sorted(off & on):
        raise FeatureError(f"feature {name!r} is switched off and on at once")
    for name in sorted(off | on):
        if name not in FEATURES:
            near = difflib.get_close_matches(name, FEATURES, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise FeatureError(f"there is no feature {name!r}{hint} (known: {', '.join(sorted(FEATURES))})")
    return Features(**{f.attribute: _is_on(f, number, off, on) for f in FEATURES.values()})


def _is_on(feature: Feature, release: tuple[int, int], off: set[str], on: set[str]) -> bool:
    in_release = feature.since is not None and _number(feature.since) <= release
    return (in_release and feature.name not in off) or feature.name in on


def _number(release: str) -> tuple[int, int]:
    major, minor = release.split(".")
    return int(major), int(minor)


def _text(number: tuple[int, int]) -> str:
    return f"{number[0]}.{number[1]}"
