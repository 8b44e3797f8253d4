"""Kubernetes as a spec: the chain that starts when somebody applies a Deployment.

`cluster(scope)` puts a small cluster together; `ClusterScope` says how large it is and what may happen to it; `FEATURES` are the
protections that can be switched off; `kubecheck.model.scenarios` has clusters worth looking at. docs/model.md says what is
modelled, what is not, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecheck.model.features import FEATURES, Feature, FeatureError, Features, features_of
from kubecheck.model.scope import ClusterScope, Kind, ScopeError, Strategy

if TYPE_CHECKING:
    from kubecheck.spec import Spec


def cluster(scope: ClusterScope, *, name: str = "cluster") -> Spec:
    """The spec of a cluster of this scope, see `kubecheck.model.cluster.cluster`. Loads the model only when it is called."""
    from kubecheck.model.cluster import cluster as build

    return build(scope, name=name)


__all__ = [
    "FEATURES",
    "ClusterScope",
    "Feature",
    "FeatureError",
    "Features",
    "Kind",
    "ScopeError",
    "Strategy",
    "cluster",
    "features_of",
]
