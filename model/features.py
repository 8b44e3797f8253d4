"""Named features: the protections that Kubernetes has, each with its issue or KEP and the release that brought it.

A release switches on every feature that it has; single ones can be switched off, to see what they protect from. A fix that no release
has yet is a feature too, off until it is asked for. A feature that is off is compiled away: it costs nothing.
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
