"""Where in a watch stream a delivery stands: still in the initial state, or after it."""

from __future__ import annotations

from kubecheck.traces.event import Delivery, Event


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
            if event.code == 410 or event.reason in ("Expired", "Gone"):
                self._after.discard(stream)
            return False
        if stream in self._after:
            return False
        if event.delivery is not Delivery.ADDED:
            self._after.add(stream)
            return False
        return True
