"""A cluster for one probe: slots for the objects that its requests name, and the model's state, run by the reference execution.

The state is that of a spec like any other; its one action is whatever the replay asks of the API server, so that every value is held to
its type as in an exploration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

from kubecheck.model.conformance.contents import FIRST_FOREIGN_UID, NotModelled
from kubecheck.model.conformance.http import Key
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.objects import Slot
from kubecheck.spec import Spec, SpecError, State
from kubecheck.spec.reference import Snapshot, initial_states, take

T = TypeVar("T")

_TOO_LARGE: Final = "KC133"  # spec/declare.py: the state has too many bits


class Server(State):
    """An API server's registry: what a replay without watch caches needs."""

    etcd: Etcd


class World:
    """The cluster of one probe. `keys` are the objects that can exist; `root` is the State that requests are served on."""

    def __init__(
        self,
        keys: Iterable[Key],
        *,
        writes: int,
        bounds: Mapping[str, int],
        beyond: int = 0,
        caches: int = 1,
        root: type[State] = Server,
    ) -> None:
        """`writes` are the most revisions that are made, `beyond` how many more can be named, `bounds` the other sizes (bounds.py).

        Raises NotModelled if it is too large.
        """
        self.keys = sorted(set(keys))
        self._slots = {key: index for index, key in enumerate(self.keys)}
        scope = {
            **bounds,
            "objects": max(1, len(self.keys)),
            "revisions": writes + beyond,
            "history": writes,
            "uids": 2 * FIRST_FOREIGN_UID,
            "window": writes,
            "caches": caches - 1,
        }
        self.window = writes
        self.future = writes + beyond  # a revision that nothing of the probe has
        self._spec = Spec("replay", root, scope=scope)
        self._result: Any = None
        self._pending: Callable[[Any], Any] = lambda _: None

        def serve(server: Any) -> None:
            """What the replay asks."""
            self._result = self._pending(server)

        serve.__annotations__ = {"server": root, "return": None}
        self._spec.action(actor="replay")(serve)
        self._action = next(iter(self._spec.actions))
        try:
            self._state: Snapshot = initial_states(self._spec)[0]
        except SpecError as error:
            if error.code != _TOO_LARGE:
                raise
            what = f"{writes} writes to {len(self.keys)} objects, for which a replay has no room"
            raise NotModelled(what) from error

    def active(self) -> AbstractContextManager[None]:
        """While it is open, records and slots of this world can be made and read, as inside an action."""
        return self._spec.types.active()

    def slot(self, key: Key) -> Slot:
        """The slot of an object; raises KeyError for one that was not announced."""
        return Slot(self._slots[key])

    def knows(self, key: Key) -> bool:
        """Whether the object has a slot."""
        return key in self._slots

    def run(self, request: Callable[[Any], T]) -> T:
        """One request, one step: calls the function with the root State and keeps the state that it leaves."""
        self._pending = request
        after = take(self._spec, self._action, {}, self._state)
        assert after is not None, "a replay requires nothing"
        self._state = after
        result: T = self._result
        return result
