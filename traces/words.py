"""The closed sets of words that an event is told in: what happened, how far it had come, how much of it was kept."""

from __future__ import annotations

import enum


class Word(enum.Enum):
    """A word of a closed set."""

    __hash__ = object.__hash__  # members are singletons; Enum's own hash is a call of Python at every look-up


class Kind(Word):
    """What happened."""

    REQUEST = "request"
    """A call of the API: one stage of it (see `Event.stage`)."""
    DELIVERY = "delivery"
    """A watch stream told a client something."""
    CRASH = "crash"
    """A component ended without having said so (text and JSON lines only)."""
    RESTART = "restart"
    """A component started (again) with empty memory (text and JSON lines only)."""


class Stage(Word):
    """How far the request had come when the line was written (audit.k8s.io/v1)."""

    RECEIVED = "RequestReceived"
    """Before anything was done."""
    STARTED = "ResponseStarted"
    """Long-running requests (watch) only: the headers were sent. Refused authentication (401) has this stage alone."""
    COMPLETE = "ResponseComplete"
    """The answer was sent, or could not be sent any more."""
    PANIC = "Panic"
    """The API server's handler panicked."""


class Level(enum.IntEnum):
    """How much the log keeps of a request (audit policy). Ordered: `event.level >= Level.REQUEST`."""

    METADATA = 1
    """Neither body."""
    REQUEST = 2
    """The request's body, where it has one."""
    REQUEST_RESPONSE = 3
    """The answer's body too."""


class Delivery(Word):
    """The type of a watch event."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    ERROR = "ERROR"


class Told(enum.IntEnum):
    """How much of the object that an event names its body tells: what is not told is unknown, which is neither empty nor absent."""

    NOTHING = 0
    """No body, a Status, or one that is no object (a Table)."""
    IDENTITY = 1
    """Its version, and perhaps uid and generation: `rv=…` alone, or another object made of it (a Scale)."""
    METADATA = 2
    """All of its metadata, nothing else (PartialObjectMetadata)."""
    PART = 3
    """Some of its fields. A field that is there is whole; one that is not there is not told. Of our own formats only."""
    WHOLE = 4
    """The object as the API server has it: what is absent is absent."""
