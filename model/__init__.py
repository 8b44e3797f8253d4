"""Kubernetes as a spec: the chain that starts when somebody applies a Deployment.

`kubecheck.model.cluster.cluster(scope)` puts a small cluster together; `ClusterScope` says how large it is and what may happen
to it; `FEATURES` are the protections that can be switched off; `kubecheck.model.scenarios` has clusters worth looking at.
docs/model.md says what is modelled, what is not, and why.

What is named here is cheap to import; the components are loaded when a cluster is put together.
"""

from __future__ import annotations

from kubecheck.model.features import FEATURES, Feature, FeatureError, Features, features_of
from kubecheck.model.scope import ClusterScope, Kind, ScopeError, Strategy

__all__ = [
    "FEATURES",
    "ClusterScope",
    "Feature",
    "FeatureError",
    "Features",
    "Kind",
    "ScopeError",
    "Strategy",
    "features_of",
]
