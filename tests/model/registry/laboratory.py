"""etcd with a watch cache, informers, the garbage collector, run by the reference execution: what a test asks of them is one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kubecheck.model.registry.cacher import take_in_next
from kubecheck.model.registry.collecting import CollectingScope, Others, collecting
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.garbage_graph import Collector, Node
from kubecheck.model.registry.namespace_deletion import Lifecycle, NamespaceScope, namespace_deletion
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.reflector import Server
from kubecheck.model.registry.resources import Resource
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.model.registry.watching import Client, Kind
from kubecheck.spec import Action, Spec, State
from kubecheck.spec.reference import initial_states, take

T = TypeVar("T")
SORTS: dict[str, Any] = {"slot": Slot, "server": Server, "client": Client, "kind": Kind}
ZERO = ("generations", "finalizers", "finalizer_names", "graces", "nodes", "bodies")


class Cached(State):
    """What is looked at."""

    etcd: Etcd
    cache: WatchCache


class Laboratory:
    """A spec, its state, and how a test goes on from it: by a step of the spec's own, or, where `step` is given, by any other."""

    def __init__(self, spec: Spec, step: Action | None = None) -> None:
        self.spec, self._step = spec, step
        self._state = initial_states(spec)[0]
        self._request: Callable[..., Any] = lambda *_: None
        self._result: Any = None

    def asked(self, *states: Any) -> None:
        """The body of the step that a test asks."""
        self._result = self._request(*states)

    def enabled(self, request: Callable[..., object]) -> bool:
        """Takes one step, if it is enabled."""
        assert self._step is not None
        self._request = request
        return self._took(self._step, {})

    def run(self, request: Callable[..., T]) -> T:
        """One step."""
        assert self.enabled(request), "not enabled"
        result: T = self._result
        return result

    def takes(self, name: str, **parameters: Any) -> bool:
        """Takes a step of the spec's own, if it is enabled; slots, servers and so on are given by their index."""
        with self.spec.types.active():
            values = {n: SORTS[n](v) if n in SORTS else v for n, v in parameters.items()}
        return self._took(next(a for a in self.spec.actions if a.name == name), values)

    def _took(self, action: Action, parameters: dict[str, Any]) -> bool:
        after = take(self.spec, action, parameters, self._state)
        if after is not None:
            self._state = after
        return after is not None


class Bench(Laboratory):
    """etcd and a watch cache of so many objects, whose buffer holds `window` events; it takes in every write at once.

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
        spec = Spec("laboratory", Cached, scope={**scope, **dict.fromkeys(ZERO, 0), **sizes})

        @spec.action(actor="test")
        def step(lab: Cached) -> None:
            """What the test asks."""
            self.asked(lab)

        super().__init__(spec, spec.actions[0])

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


class Collecting(Laboratory):
    """The garbage collector of a scope, with everything around it."""

    def __init__(self, scope: CollectingScope) -> None:
        self.ownership = scope.ownership
        spec = collecting(scope)

        @spec.action(actor="test")
        def step(etcd: Etcd, c: Collector, other: Others) -> None:
            """What the test asks."""
            self.asked(etcd, c, other)

        super().__init__(spec, spec.actions[-1])

    def graph(self, uid: int) -> Node:
        """A node of the graph."""
        return self.run(lambda etcd, c, other: c.graph[uid])

    def to_delete(self) -> list[int]:
        """The uids in the queue of what is to be looked at."""
        return self.run(lambda etcd, c, other: [u for u in range(1, self.ownership.uids + 1) if c.to_delete[u]])

    def look_at_all(self) -> None:
        """Workers look at all that they are to look at, once."""
        for uid in self.to_delete():
            self.takes("look_at_object", uid=uid)


class Admission(Laboratory):
    """The admission of creations in a namespace, by one API server."""

    def __init__(self) -> None:
        spec = namespace_deletion(NamespaceScope(servers=1))

        @spec.action(actor="test")
        def step(a: Lifecycle) -> None:
            """What the test asks."""
            self.asked(a)

        super().__init__(spec, spec.actions[-1])
