"""etcd and one watch cache, run by the reference execution: what a test asks of them is one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kubecheck.model.registry.cacher import take_in_next
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.resources import Resource
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.spec import Spec, State
from kubecheck.spec.reference import initial_states, take

T = TypeVar("T")
ZERO = ("generations", "finalizers", "finalizer_names", "graces", "nodes", "bodies")


class Laboratory(State):
    """What is looked at."""

    etcd: Etcd
    cache: WatchCache


class Bench:
    """A laboratory with so many objects; the cache's buffer holds `window` events, and it takes in every write at once.

    What else has a size has none, unless `sizes` says so.
    """

    def __init__(self, objects: int, *, window: int = 50, **sizes: int) -> None:
        self.resource, self.window = Resource(0, objects), window
        scope = {
            "objects": objects,
            "revisions": 1000,
            "history": 50,
            "uids": 50,
            "window": window,
            "limits": 100,
            "contents": 9,
        }
        self.spec = Spec("laboratory", Laboratory, scope={**scope, **dict.fromkeys(ZERO, 0), **sizes})
        self._request: Callable[[Any], Any] = lambda lab: None
        self._result: Any = None

        @self.spec.action(actor="test")
        def step(lab: Laboratory) -> None:
            """What the test asks."""
            self._result = self._request(lab)

        self._state = initial_states(self.spec)[0]

    def run(self, request: Callable[[Any], T]) -> T:
        """One step."""
        assert self.enabled(request), "not enabled"
        result: T = self._result
        return result

    def enabled(self, request: Callable[[Any], object]) -> bool:
        """Takes one step, if it is enabled."""
        self._request = request
        after = take(self.spec, self.spec.actions[0], {}, self._state)
        if after is not None:
            self._state = after
        return after is not None

    def write(self, index: int, *, delete: bool = False, labels: int = 0, seen: bool = True) -> None:
        """Creates, updates or deletes an object; the cache sees it, unless it is not `seen` yet."""

        def request(lab: Any) -> None:
            slot, etcd = Slot(index), lab.etcd
            found = etcd.get(slot)
            if delete:
                etcd.delete(slot, found, remember=True)
            elif found.exists:
                etcd.update(slot, found.next(labels=labels), remember=True)
            else:
                etcd.create(slot, Stored(labels=labels), remember=True)
            if seen:
                take_in_next(etcd, lab.cache, self.resource, self.window)

        self.run(request)
