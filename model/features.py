"""Named features: the protections that Kubernetes has, each with its issue or KEP and the release that brought it.

A release switches on every feature that it has; single ones can be switched off, to see what they protect from. A fix that no
release has yet is a feature too, off until it is asked for. A feature that is off is compiled away: it costs nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kubecheck.model.feature import DEFAULT_RELEASE, Feature, FeatureError, parse_release
from kubecheck.model.feature_list import OF_REGISTRY, OF_WORKLOADS

__all__ = [
    "DEFAULT_RELEASE",
    "FEATURES",
    "Feature",
    "FeatureError",
    "Features",
    "check_switches",
    "features_in",
    "features_of",
    "parse_release",
]

FEATURES: Mapping[str, Feature] = MappingProxyType({f.name: f for f in (*OF_WORKLOADS, *OF_REGISTRY)})
"""Every feature by its name."""

FEW = 12
"""As many features as an error lists."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """Which features of the workload model are on. Made by `features_of`; the fields are their names with underscores."""

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
    client_consistent_list: bool = True
    stale_write_guard: bool = True
    terminating_replicas: bool = True
    recreate_waits_for_pods: bool = True
    recreate_skips_ended: bool = True
    recreate_ended_pods: bool = False
    scheduler_forget: bool = True
    handlers_synced: bool = True
    atomic_pod_replacement: bool = True
    tombstone_cleanup: bool = True
    delete_resets_expectations: bool = True
    terminal_phase_last: bool = True
    terminal_phase_final: bool = True
    ended_pods_not_readmitted: bool = True
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


def features_of(release: str, *, without: Iterable[str] = (), fixes: Iterable[str] = ()) -> Features:
    """The features of a release, less those in `without`, and those in `fixes`, which it need not have.

    Raises FeatureError for an unknown release or feature, and for one that is in both.
    """
    off, on = set(without), set(fixes)
    check_switches(off, on, among=[f.name for f in OF_WORKLOADS])
    found = features_in(release) - off | on
    return Features(**{f.attribute: f.name in found for f in OF_WORKLOADS})


def features_in(release: str) -> set[str]:
    """The names of the workload model's features that a release has on. Raises FeatureError for an unknown release."""
    parse_release(release)
    return {f.name for f in OF_WORKLOADS if f.is_on(release)}


def check_switches(off: set[str], on: set[str], *, among: Collection[str]) -> None:
    """None is in both, and each is one of those that a model has. Raises FeatureError."""
    for name in sorted(off & on):
        raise FeatureError(f"feature {name!r} is switched off and on at once")
    for name in sorted(off | on):
        if name in among:
            continue
        if name in FEATURES:
            has = f", which has {', '.join(sorted(among))}" if len(among) <= FEW else ""
            raise FeatureError(f"feature {name!r} is not part of this model{has}")
        near = difflib.get_close_matches(name, FEATURES, n=1)
        raise FeatureError(f"there is no feature {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
