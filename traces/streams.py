"""Watch streams: where in a stream a delivery stands, and where a client may have begun another session in the same file."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from kubecheck.traces.event import Delivery, Event
from kubecheck.traces.keys import Key, key_of


class Initial:
    """Tells of each delivery of each stream whether it belongs to a state that is told in any order.

    A state is ADDED lines, ended by a bookmark (sendInitialEvents, or resourceVersion=0) or by the first delivery that is not
    ADDED; it comes at the begin of a stream and after 410. Without the bookmark an object created right after the state cannot
    be told from one in it.
    """

    def __init__(self) -> None:
        self._after: set[str] = set()

    def next(self, event: Event) -> bool:
        """Is this delivery part of a stream's initial state?"""
        stream = event.stream
        if event.delivery is Delivery.ERROR:
            if is_expired(event):
                self._after.discard(stream)
            return False
        if stream in self._after:
            return False
        if event.delivery is not Delivery.ADDED:
            self._after.add(stream)
            return False
        return True


class Run(Enum):
    """What a stream's last ADDED lines, one after the other, are."""

    NONE = "none"
    """No such line before this delivery, or nothing that could be a state."""
    OPEN = "open"
    """They may be the state with which another session begins: what follows will tell."""
    SESSION = "session"
    """They were: all that the stream held and that still exists was told again."""
    CHANGES = "changes"
    """They were not."""


class Sessions:
    """Recognises, in one stream, that its client watched again and got the state again, in the same file.

    A reflector's or kubectl's new session begins with ADDED of all that exists. So ADDED of an object that the stream holds, not
    older than it holds it, may be the begin of one; it was one if, before anything else, all other objects that the stream
    holds were told again, as far as they still exist.
    """

    def __init__(self) -> None:
        self.held: dict[Key, int] = {}
        self._run: set[Key] = set()
        """The last ADDED deliveries, one after the other."""
        self._before: set[Key] | None = None
        """What was held when one of them was told again; None: none was."""

    def next(self, event: Event, is_gone: Callable[[Key], bool], *, initial: bool) -> Run:
        """Takes a delivery; tells what the ADDED lines before it were, or that it is still one of them."""
        key, version = key_of(event), event.version or 0
        if event.delivery is Delivery.ADDED and key is not None:
            held = self.held.get(key)
            if held is not None and version >= held and self._before is None:
                self._before = set(self.held)
                if initial:
                    self._run.clear()  # those before it were the first state; later ones may be new in the second
            self._run.add(key)
            self.held[key] = max(version, held or 0)
            return Run.OPEN
        ended = self.ended(is_gone)
        if event.delivery is Delivery.DELETED and key is not None:
            self.held.pop(key, None)
        elif event.delivery is Delivery.MODIFIED and key is not None:
            self.held[key] = version
        elif event.delivery is Delivery.ERROR and is_expired(event):
            self.held.clear()
        return ended

    def ended(self, is_gone: Callable[[Key], bool]) -> Run:
        """What the last ADDED lines were, now that something else comes, or nothing any more."""
        run, before = self._run, self._before
        self._run, self._before = set(), None
        if not run:
            return Run.NONE
        if before is None or not all(key in run or is_gone(key) for key in before):
            return Run.CHANGES
        for key in before - run:
            self.held.pop(key, None)
        return Run.SESSION


def is_expired(event: Event) -> bool:
    """Is this ERROR a 410: does the client have to begin again with the state?"""
    return event.code == 410 or event.reason in ("Expired", "Gone")
