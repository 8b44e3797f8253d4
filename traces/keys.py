"""Which object an event is about: API group, resource, namespace and name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from kubecheck.traces.event import Event

Key: TypeAlias = tuple[str, str, str, str]
"""API group, resource, namespace, name."""


def namespace_of(event: Event) -> str:
    """The namespace of the object: "" for a Namespace itself, which audit logs name as its own namespace in all but creations."""
    return "" if event.resource == "namespaces" and event.group == "" else event.namespace


def key_of(event: Event) -> Key | None:
    """Which object a request or delivery is about; None if it does not say."""
    return event.key


def collection_of(event: Event) -> Key:
    """The collection that a request is about, as a key without a name."""
    return (event.group, event.resource or "", namespace_of(event), "")


def is_built_in(group: str) -> bool:
    """Is this a group of kube-apiserver itself? Groups of others have domains of their own; *.k8s.io is reserved
    (staging/src/k8s.io/apiextensions-apiserver/pkg/apihelpers/helpers.go IsProtectedCommunityGroup), and custom resources
    approved by the community are there too.
    """
    return "." not in group or group in _BUILT_IN


_BUILT_IN: Final = frozenset((
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
    "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io",
    "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
))


@functools.lru_cache(maxsize=4096)
def store_of(group: str, resource: str) -> str:
    """The store whose counter gives this kind of object its revisions, as far as that can be known: "" is the one of kube-apiserver.

    Events may be in an etcd of their own (--etcd-servers-overrides, a common set-up), and groups of others may be served by an
    aggregated API server with a store of its own; a log does not say so, and their order among others is left open.
    """
    if resource == "events" and group in ("", "events.k8s.io"):
        return "events"
    return "" if is_built_in(group) else group


def display_key(key: Key) -> str:
    """resource/namespace/name."""
    return "/".join(part for part in key[1:] if part)
