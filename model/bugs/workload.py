"""What the bugs of the workload model have in common: one scope, with and without a feature."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from kubecheck.model.cluster import cluster
from kubecheck.model.features import FEATURES, features_of
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Spec


def without(scope: ClusterScope, feature: str, *, name: str) -> Callable[[], Spec]:
    """The cluster of the scope with one feature off."""
    off = scope.without if not _is_on(scope, feature) else (*scope.without, feature)
    on = tuple(f for f in scope.fixes if f != feature)
    return functools.partial(cluster, dataclasses.replace(scope, without=off, fixes=on), name=name)


def having(scope: ClusterScope, feature: str, *, name: str) -> Callable[[], Spec]:
    """The cluster of the scope with one feature on, whether its release has it or not."""
    on = scope.fixes if _is_on(scope, feature) else (*scope.fixes, feature)
    return functools.partial(cluster, dataclasses.replace(scope, fixes=on), name=name)


def _is_on(scope: ClusterScope, feature: str) -> bool:
    features = features_of(scope.release, without=scope.without, fixes=scope.fixes)
    return bool(getattr(features, FEATURES[feature].attribute))
