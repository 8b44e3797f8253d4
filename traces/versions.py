"""Versions of objects, and what is known of each object: the nouns of the history and of the rules."""

from __future__ import annotations

import copy
from typing import Final

import msgspec
from msgspec.structs import force_setattr

from kubecheck.traces.body import Body, body_of
from kubecheck.traces.event import Event, Told, Word
from kubecheck.traces.keys import Key, display_key
from kubecheck.traces.objects import Meta
from kubecheck.traces.packing import Packed, Packer

_DEPTH: Final = 16


class Change(Word):
    """What a version did to its object."""

    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    SEEN = "seen"
    """The first that the log tells of an object that was there before."""


class Version:
    """An object at a revision."""

    __slots__ = ("_body", "_packed", "_raw", "_resting", "change", "event", "generation", "kind", "meta", "number", "told", "uid")

    def __init__(self, number: int, change: Change, event: Event, *, body: Body | None = None) -> None:
        self.number = number
        self.change = change
        self.event = event
        self.told = event.told
        """How much of it is told. What asks for more than that gets None."""
        self.kind = event.answer_kind
        """`kind` of the body: Pod, or None if that is not told."""
        answer = event.answer
        self.uid = event.uid if answer is None else answer.uid
        self.generation = answer.generation if answer is not None and self.told >= Told.METADATA else None
        self.meta: Meta | None = event.metadata
        """All of the object's metadata, or None."""
        self._raw: msgspec.Raw | None = event.response if self.told >= Told.PART else None
        self._body = body
        self._packed: Packed | None = None
        self._resting = False

    @property
    def body(self) -> Body | None:
        """The object, or the part of it that is told; None if the log does not have it (any more)."""
        if self._body is not None:
            return self._body
        body = body_of(self._raw if self._packed is None else self._packed.unpack(), whole=self.told is Told.WHOLE)
        if not self._resting:
            self._body = body
        return body

    @property
    def decoded(self) -> Body | None:
        """The whole object, if it is decoded at present."""
        return self._body

    def complete(self, event: Event) -> None:
        """Takes what a delivery of this version tells, which is more."""
        self.told, self.kind, self.meta, self._raw = event.told, event.answer_kind, event.metadata, event.response
        self.generation = event.answer.generation if event.answer is not None else None
        self._body = self._packed = None

    def rest(self, packer: Packer, resource: str) -> None:
        """Gives the decoded form back and packs the body; both are made again whenever they are needed."""
        self._body = None
        self._resting = True
        if self._raw is not None:
            self._packed = packer.pack(resource, self._raw)
            if self._packed is not None:
                self._raw = None

    def release_line(self) -> None:
        """Forgets the line it was in, all but the body."""
        if self._raw is not None:
            self._raw = self._raw.copy()
        self.event = slim(self.event)

    def release_body(self) -> None:
        """Forgets the body for good."""
        self._body = self._raw = self._packed = None
        self.event = slim(self.event)


class Record:
    """What is known of one object name: its present and its last versions."""

    __slots__ = ("disturbed", "exists", "from_start", "going", "key", "removed_by", "uid", "unlogged", "versions")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.exists: bool | None = None
        self.uid: str | None = None
        self.versions: list[Version] = []
        """The last `_DEPTH`."""
        self.disturbed: list[Event] = []
        """Writes since the newest version whose own version the log does not tell."""
        self.unlogged: list[Event] = []
        """The last writes of its present life whose own version the log does not tell."""
        self.from_start = False
        """Its creation is in the log."""
        self.removed_by: Event | None = None
        self.going = False
        """It is being deleted, or may be: a write whose answer does not tell its metadata may remove it then."""

    @property
    def last(self) -> Version | None:
        """The newest version."""
        return self.versions[-1] if self.versions else None

    def add(self, version: Version) -> None:
        """Takes a version as the newest."""
        self.versions.append(version)
        if len(self.versions) > _DEPTH:
            del self.versions[0]

    def find(self, number: int) -> Version | None:
        """The version with this number, if it is remembered."""
        for version in reversed(self.versions):
            if version.number == number:
                return version
        return None

    def __str__(self) -> str:
        return display_key(self.key)


class Step(msgspec.Struct, frozen=True):
    """A new version in the history."""

    record: Record
    before: Version | None
    """The version that the log has before it, of the same object (uid); None if there is none."""
    after: Version
    exact: bool
    """Nothing was written between the two: the request named `before`, or the log has every write."""


def slim(event: Event) -> Event:
    """The event without its bodies, which keep the whole line in memory; one for all who ask for it."""
    if event.response is None and event.request is None:
        return event
    light = event.light
    if light is None:
        light = copy.copy(event)  # not replace(), which works out again what follows from the fields
        for name in ("request", "response", "audit_id"):
            force_setattr(light, name, None)
        force_setattr(event, "light", light)
    return light
