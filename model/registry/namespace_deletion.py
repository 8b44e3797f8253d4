"""A spec of the end of a namespace: API servers that admit creations by what their informers show, and the controller.

Facts, from staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go (Admit),
pkg/controller/namespace/namespace_controller.go (namespaceDeletionGracePeriod) and
pkg/controller/namespace/deletion/namespaced_resources_deleter.go (Delete):

- A creation is admitted if the API server's informer shows the namespace and not its deletion. The API server that
  handled the deletion reads the namespace live for 30 seconds while its informer still shows none. What is admitted is
  stored later, whatever happened since: etcd knows nothing of namespaces.
- The controller deletes everything in the namespace, and when a list is empty takes its finalizer away; then the
  namespace is gone.
- It begins five seconds after the deletion (kubernetes#37431). There is no clock here: that it waits means that by then
  every API server's informer shows the deletion, and what was admitted before is stored. That five seconds are enough
  is an assumption; kubernetes#131421, which is open, is what happens where they are not.
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import Annotated

from kubecheck.model.registry.reflector import Server
from kubecheck.model.registry.switches import Switches
from kubecheck.model.scope_checks import check_fields
from kubecheck.spec import Array, Module, Range, Spec, State, require


class Life(enum.Enum):
    """How far a namespace is."""

    ACTIVE = "Active"
    TERMINATING = "Terminating"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class NamespaceScope(Switches):
    """How many API servers there are and creations are asked for, and which protections are on."""

    servers: int = 2
    """API servers, each with an informer of namespaces."""
    creations: int = 2
    """Creations in the namespace that are asked for."""
    namespace_grace_period: bool = True
    """The controller gives the API servers time to see the deletion."""
    live_namespace_lookup: bool = True
    """The API server that handled the deletion reads the namespace live."""

    def __post_init__(self) -> None:
        check_fields(self, least={"servers": 1})


class Namespace(State):
    """One namespace in etcd, and whether there is an object in it. `emptied`: the controller has listed it empty."""

    life: Life
    occupied: bool
    emptied: bool
    asked: Annotated[int, Range(0, "creations")]


class Lifecycle(State):
    """The admission plugin of each API server: what its informer shows, whether it handled the deletion, and whether it
    has admitted a creation that is not stored yet."""

    view: Array[Server, Life]
    handled: Array[Server, bool]
    admitted: Array[Server, bool]

    def admits(self, server: Server, now: Life, live_lookup: bool) -> bool:
        """Whether a creation is admitted: by what the informer shows, or by a look at etcd."""
        shown = self.view[server]
        live = shown is Life.GONE or (live_lookup and self.handled[server] and shown is Life.ACTIVE)
        return (now if live else shown) is Life.ACTIVE


def namespace_deletion(scope: NamespaceScope = NamespaceScope(), *, name: str = "namespace-deletion") -> Spec:
    """The spec of a scope."""
    spec = Spec(name, Namespace, Lifecycle, scope=asdict(scope))
    spec.include(steps(scope))
    spec.include(properties())
    return spec


def steps(scope: NamespaceScope) -> Module:
    """The user, the API servers and the namespace controller."""
    module = Module("namespaces", Namespace, Lifecycle)

    @module.action(actor="user", kind="environment")
    def delete_namespace(n: Namespace, a: Lifecycle, server: Server) -> None:
        """A user deletes the namespace, by one of the API servers."""
        require(n.life is Life.ACTIVE)
        n.life = Life.TERMINATING
        a.handled[server] = True

    @module.action(actor="user", kind="environment")
    def create_object(n: Namespace, a: Lifecycle, server: Server) -> None:
        """A user creates an object in the namespace, and is admitted."""
        require(n.asked < scope.creations and not a.admitted[server])
        require(a.admits(server, n.life, scope.live_namespace_lookup))
        n.asked += 1
        a.admitted[server] = True

    @module.action(actor="api-server")
    def store_object(n: Namespace, a: Lifecycle, server: Server) -> None:
        """An API server stores an object that it has admitted."""
        require(a.admitted[server])
        a.admitted[server] = False
        n.occupied = True

    @module.action(actor="api-server")
    def see_namespace(n: Namespace, a: Lifecycle, server: Server) -> None:
        """An API server's informer shows the namespace as it is."""
        require(a.view[server] is not n.life)
        a.view[server] = n.life

    @module.action(actor="namespace-controller")
    def empty_namespace(n: Namespace, a: Lifecycle) -> None:
        """The controller deletes everything in the namespace, and finds it empty."""
        require(n.life is Life.TERMINATING and not n.emptied)
        if scope.namespace_grace_period:
            require(not any(a.view[s] is Life.ACTIVE or a.admitted[s] for s in Server))
        n.occupied = False
        n.emptied = True

    @module.action(actor="namespace-controller")
    def finalize_namespace(n: Namespace) -> None:
        """The controller takes its finalizer away, and the namespace is gone."""
        require(n.emptied and n.life is Life.TERMINATING)
        n.life = Life.GONE

    return module


def properties() -> Module:
    """What the end of a namespace promises."""
    module = Module("promises", Namespace, Lifecycle)

    @module.invariant
    def nothing_outlives_its_namespace(n: Namespace) -> bool:
        """There is no object in a namespace that is gone."""
        require(n.life is Life.GONE)
        return not n.occupied

    @module.step_invariant
    def who_deletes_admits_nothing_more(
        n_before: Namespace, n_after: Namespace, before: Lifecycle, after: Lifecycle, server: Server
    ) -> bool:
        """The API server that has handled the deletion admits no creation after it."""
        require(before.handled[server] and n_after.life is not Life.ACTIVE and n_before.life is not Life.ACTIVE)
        return not (after.admitted[server] and not before.admitted[server])

    @module.reachable
    def a_late_creation_is_stored(n: Namespace) -> bool:
        """An object is stored in a namespace that is being deleted."""
        return n.life is Life.TERMINATING and n.occupied

    @module.reachable
    def a_deleted_namespace_goes(n: Namespace) -> bool:
        """A namespace that was deleted is gone."""
        return n.life is Life.GONE

    return module
