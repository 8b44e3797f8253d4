"""Which object an event is about: API group, resource, namespace and name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

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


def display_key(key: Key) -> str:
    """resource/namespace/name."""
    return "/".join(part for part in key[1:] if part)
