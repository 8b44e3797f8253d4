"""The parts of Kubernetes objects that traces are judged by, decoded from raw JSON: metadata, and the rest on demand.

Fields follow staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go.
"""

from __future__ import annotations

from typing import Any

import msgspec


class OwnerReference(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """An entry of metadata.ownerReferences."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None
    block_owner_deletion: bool | None = None
    api_version: str = ""


class Meta(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """metadata of an object. managedFields and annotations are left out: they are most of an object's bytes."""

    name: str | None = None
    generate_name: str | None = None
    namespace: str = ""
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    finalizers: tuple[str, ...] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    labels: dict[str, str] | None = None

    @property
    def version(self) -> int | None:
        """resourceVersion as a number; None if there is none or it is not one (etcd's revisions are)."""
        text = self.resource_version
        return int(text) if text and len(text) < 20 and text.isascii() and text.isdigit() else None

    @property
    def tells_more_than_identity(self) -> bool:
        """Is there more than what names the object and its version? Of a body that is told in part: all metadata are, then."""
        return any(one is not None for one in (
            self.creation_timestamp, self.deletion_timestamp, self.deletion_grace_period_seconds, self.finalizers, self.owner_references,
            self.labels,
        ))

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that is the object's controller."""
        for owner in self.owner_references or ():
            if owner.controller:
                return owner
        return None


def decode_object(raw: msgspec.Raw) -> Any:
    """A raw body as dicts and lists.

    None if it cannot be decoded: readers have seen that it is JSON, but a number in it may be one that no machine has, or its
    nesting just too deep.
    """
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
