"""A spec of the end of a namespace: API servers that admit creations by what their informers show, and the controller.

Facts, from staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go (Admit),
pkg/controller/namespace/namespace_controller.go (namespaceDeletionGracePeriod) and
pkg/controller/namespace/deletion/namespaced_resources_deleter.go (Delete):

- A creation is admitted if the API server's informer shows the namespace and not its deletion. The API server that
  handled the deletion reads the namespace live for 30 seconds while its informer still shows none. What is admitted is
  stored later, whatever happened since: etcd knows nothing of namespaces.
- The controller deletes everything in the namespace, kind by kind, and lists each kind. If everything was listed empty in one sync it
  takes its finalizer away, and the namespace is gone; else it begins again.
- Since 1.33 pods go first (OrderedNamespaceDeletion, KEP-5080; CVE-2024-7598): while a list shows one, nothing else is deleted. Before,
  kinds came in any order, as Go's maps do. A refused deletion of the pods does not stop a sync: it goes on with the other kinds, in 1.36
  too, as nothing counts as remaining then.
- A pod's deletion is graceful: it is there until its kubelet has stopped it. What has a finalizer is there until whoever set it has
  taken it off.
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
from kubecheck.spec import Array, Module, Range, Record, Spec, State, present, require


class Kind(enum.Enum):
    """A kind of what is in a namespace: pods, and all others, of which one is enough: a NetworkPolicy, say."""

    POD = "pods"
    OTHER = "what is no pod"


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
    finalizers: int = 0
    """Whether what is in the namespace has a finalizer (0 or 1), which whoever set it takes off when it is being deleted."""
    refusals: int = 0
    """How often the deletion of the namespace's pods is refused by the API server."""
    namespace_grace_period: bool = True
    """The controller gives the API servers time to see the deletion."""
    live_namespace_lookup: bool = True
    """The API server that handled the deletion reads the namespace live."""
    ordered_namespace_deletion: bool = True
    """The controller deletes nothing else while a list shows a pod."""

    def __post_init__(self) -> None:
        check_fields(self, least={"servers": 1})


class Object(Record):
    """What is in a namespace of a kind: whether it is there, is being deleted, runs (a pod), and has a finalizer."""

    there: bool = False
    going: bool = False
    runs: bool = False
    held: bool = False

    def when_free(self) -> Object:
        """The object; nothing if it is being deleted and nobody holds it any more."""
        return Object() if self.going and not self.runs and not self.held else self


class Namespace(State):
    """One namespace in etcd, and an object of each kind in it.

    `empty`: the controller's sync has listed the kind and found nothing. `refused`: its deletion of the pods was refused.
    """

    life: Life
    objects: Array[Kind, Object]
    asked: Annotated[int, Range(0, "creations")]
    empty: Array[Kind, bool]
    refused: bool
    refusals: Annotated[int, Range(0, "refusals")]


class Lifecycle(State):
    """The admission plugin of each API server: what its informer shows, whether it handled the deletion, and what it has
    admitted and not stored yet."""

    view: Array[Server, Life]
    handled: Array[Server, bool]
    admitted: Array[Server, Kind | None]

    def admits(self, server: Server, now: Life, live_lookup: bool) -> bool:
        """Whether a creation is admitted: by what the informer shows, or by a look at etcd."""
        shown = self.view[server]
        live = shown is Life.GONE or (live_lookup and self.handled[server] and shown is Life.ACTIVE)
        return (now if live else shown) is Life.ACTIVE


def namespace_deletion(scope: NamespaceScope = NamespaceScope(), *, name: str = "namespace-deletion") -> Spec:
    """The spec of a scope."""
    spec = Spec(name, Namespace, Lifecycle, scope=asdict(scope))
    spec.include(users(scope))
    spec.include(controller(scope))
    spec.include(properties(scope))
    return spec


def made(kind: Kind, *, held: bool) -> Object:
    """A new object; a pod is bound and runs at once."""
    return Object(there=True, runs=kind is Kind.POD, held=held)


def users(scope: NamespaceScope) -> Module:
    """The user, the API servers, the kubelet and whoever sets finalizers."""
    module = Module("namespaces", Namespace, Lifecycle)

    @module.initial
    def namespace_exists(n: Namespace, used: bool) -> None:
        """There is an object of each kind in the namespace, or nothing."""
        if used:
            for kind in Kind:
                n.objects[kind] = made(kind, held=scope.finalizers > 0)

    @module.action(actor="user", kind="environment")
    def delete_namespace(n: Namespace, a: Lifecycle, server: Server) -> None:
        """A user deletes the namespace, by one of the API servers."""
        require(n.life is Life.ACTIVE)
        n.life = Life.TERMINATING
        a.handled[server] = True

    if scope.creations:

        @module.action(actor="user", kind="environment")
        def create_object(n: Namespace, a: Lifecycle, server: Server, kind: Kind) -> None:
            """A user creates an object in the namespace, and is admitted."""
            require(n.asked < scope.creations and a.admitted[server] is None)
            require(a.admits(server, n.life, scope.live_namespace_lookup))
            n.asked += 1
            a.admitted[server] = kind

        @module.action(actor="api-server")
        def store_object(n: Namespace, a: Lifecycle, server: Server) -> None:
            """An API server stores an object that it has admitted, if there is none of its name."""
            kind = present(a.admitted[server])
            a.admitted[server] = None
            if not n.objects[kind].there:
                n.objects[kind] = made(kind, held=scope.finalizers > 0)

    @module.action(actor="api-server")
    def see_namespace(n: Namespace, a: Lifecycle, server: Server) -> None:
        """An API server's informer shows the namespace as it is."""
        require(a.view[server] is not n.life)
        a.view[server] = n.life

    @module.action(actor="kubelet")
    def stop_pod(n: Namespace) -> None:
        """The kubelet has stopped a pod that is being deleted, and says so."""
        require(n.objects[Kind.POD].going and n.objects[Kind.POD].runs)
        n.objects[Kind.POD] = n.objects[Kind.POD].next(runs=False).when_free()

    if scope.finalizers:

        @module.action(actor="owner-of-a-finalizer")
        def drop_finalizer(n: Namespace, kind: Kind) -> None:
            """Whoever has set a finalizer takes it off what is being deleted."""
            require(n.objects[kind].going and n.objects[kind].held)
            n.objects[kind] = n.objects[kind].next(held=False).when_free()

    return module


def controller(scope: NamespaceScope) -> Module:
    """The namespace controller."""
    module = Module("namespace controller", Namespace, Lifecycle)

    @module.action(actor="namespace-controller")
    def delete_kind(n: Namespace, a: Lifecycle, kind: Kind) -> None:
        """The controller deletes all of a kind, and lists it; where something is left, its next sync begins anew.

        A sync that finds what is being deleted still there changes nothing; so the next one comes when it is gone.
        """
        require(n.life is Life.TERMINATING and not n.empty[kind])
        if n.objects[kind].there:
            require(not n.objects[kind].going)
        else:
            require(not any(n.objects[k].going for k in Kind))
        if scope.namespace_grace_period:
            require(not any(a.view[s] is Life.ACTIVE or a.admitted[s] is not None for s in Server))
        if scope.ordered_namespace_deletion:
            require(kind is Kind.POD or n.empty[Kind.POD] or n.refused)
        if n.objects[kind].there:
            n.objects[kind] = n.objects[kind].next(going=True).when_free()
        if not n.objects[kind].there and not n.refused:
            n.empty[kind] = True
        else:
            for other in Kind:
                n.empty[other] = False
        n.refused = False

    if scope.refusals:

        @module.action(actor="namespace-controller", kind="fault")
        def fail_to_delete_pods(n: Namespace) -> None:
            """The API server refuses to delete the pods: the sync will fail, but goes on with what is no pod."""
            require(n.life is Life.TERMINATING and n.refusals < scope.refusals and not n.empty[Kind.POD])
            n.refusals += 1
            n.refused = True

    @module.action(actor="namespace-controller")
    def finalize_namespace(n: Namespace) -> None:
        """The controller takes its finalizer away, and the namespace is gone."""
        require(all(n.empty[k] for k in Kind) and n.life is Life.TERMINATING)
        n.life = Life.GONE

    return module


def properties(scope: NamespaceScope) -> Module:
    """What the end of a namespace promises."""
    module = Module("promises", Namespace, Lifecycle)

    @module.invariant
    def nothing_outlives_its_namespace(n: Namespace, kind: Kind) -> bool:
        """There is no object in a namespace that is gone."""
        require(n.life is Life.GONE)
        return not n.objects[kind].there

    @module.step_invariant
    def who_deletes_admits_nothing_more(
        n_before: Namespace, n_after: Namespace, before: Lifecycle, after: Lifecycle, server: Server
    ) -> bool:
        """The API server that has handled the deletion admits no creation after it."""
        require(before.handled[server] and n_after.life is not Life.ACTIVE and n_before.life is not Life.ACTIVE)
        return not (after.admitted[server] is not None and before.admitted[server] is None)

    @module.step_invariant
    def pods_go_first(before: Namespace, after: Namespace) -> bool:
        """Nothing else of a namespace is deleted, nor what protects a pod, while one runs that was there when the pods were listed."""
        require(not before.objects[Kind.OTHER].going and before.objects[Kind.OTHER].there)
        require(after.objects[Kind.OTHER].going or not after.objects[Kind.OTHER].there)
        return before.empty[Kind.POD] or not before.objects[Kind.POD].runs

    @module.quiescent
    def deleted_namespaces_go(n: Namespace) -> bool:
        """When everything is quiet no namespace is being deleted."""
        require(n.life is not Life.ACTIVE)
        return n.life is Life.GONE

    if scope.creations:

        @module.reachable
        def a_late_creation_is_stored(n: Namespace) -> bool:
            """A pod is in a namespace that is being deleted, and had not been there before: else the other object were there, too."""
            return n.life is Life.TERMINATING and n.objects[Kind.POD].there and not n.objects[Kind.OTHER].there

    @module.reachable
    def a_deleted_namespace_goes(n: Namespace) -> bool:
        """A namespace that was deleted is gone."""
        return n.life is Life.GONE

    return module
