"""Kinds and their resources: what `kind: Pod` is called in a URL and in an audit log.

Built-in kinds are listed where English or history makes the plural irregular; every other plural is built as
meta.UnsafeGuessKindToResource does (staging/src/k8s.io/apimachinery/pkg/api/meta/restmapper.go).
"""

from __future__ import annotations

from typing import Final

_IRREGULAR: Final = {"Endpoints": "endpoints"}


def resource_of(kind: str) -> str:
    """The plural, lower case: Pod -> pods, NetworkPolicy -> networkpolicies."""
    known = _IRREGULAR.get(kind)
    if known is not None:
        return known
    singular = kind.lower()
    if singular.endswith("s"):
        return singular + "es"
    if singular.endswith("y"):
        return singular[:-1] + "ies"
    return singular + "s"


def group_of(api_version: str) -> str:
    """apps/v1 -> apps, v1 -> the core group ""."""
    return api_version.rpartition("/")[0]
