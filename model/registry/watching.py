"""A spec of lists and watches: clients' informers, API servers with watch caches, and etcd.

A user writes a resource, or two; each API server has a watch cache of each, which follows etcd with a lag of its own; a client has an
informer of each, which lists and watches at one of the API servers. Connections break, API servers and clients restart, etcd is
compacted, or restored from a backup. Every protection can be switched off, and then one of the properties does not hold
(tests/model/registry/test_watching.py).

Revisions are absolute, since a client names them: a run ends when the user's writes are spent.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from kubecheck.model.registry.cacher import meets_internal_error, next_write, take_in_next, watch_again
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.reads import object_at
from kubecheck.model.registry.reflector import Informer, Server, Stage, list_and_replace, next_event, watch_from_last
from kubecheck.model.registry.resources import Resource
from kubecheck.model.registry.switches import Switches
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.model.scope_checks import ScopeError, check_fields
from kubecheck.spec import Array, Module, Range, Sort, Spec, State, present, require


class Client(Sort, size="clients"):
    """A client with an informer of each resource that is watched."""


class Kind(Sort, size="kinds"):
    """A resource that is watched."""


Kinds = tuple[tuple[int, Resource], ...]


@dataclass(frozen=True, kw_only=True)
class WatchingScope(Switches):
    """How large the cluster is, what may happen, and which protections are on.

    The defaults are those of Kubernetes 1.36 and etcd 3.6; kubecheck.model.feature_list says since when they are.
    """

    objects: int = 1
    """Objects of the resource that is watched."""
    others: int = 0
    """Objects of another resource."""
    watch_others: bool = False
    """The other resource is watched, too."""
    servers: int = 1
    """API servers."""
    clients: int = 1
    """Clients, each with an informer of what is watched."""
    window: int = 3
    """Events that a watch cache's buffer holds."""

    writes: int = 2
    """Requests of users that write something."""
    broken_watches: int = 0
    """Connections of informers that break, and are opened again to any API server."""
    client_restarts: int = 0
    """Crashes and restarts of a client, which then connects to any API server."""
    server_restarts: int = 0
    """Crashes and restarts of an API server: its watch cache is built from a list."""
    compactions: int = 0
    """Compactions of etcd, at any revision."""
    restores: int = 0
    """Restorations of etcd from a backup of any earlier revision, after which all API servers are restarted."""

    consistent_list: bool = True
    """A client's first list is as new as etcd (WatchList), not any cache's."""
    relist_at_last_version: bool = True
    """A relist asks for the last resourceVersion or newer, not for any."""
    give_up_last_version: bool = True
    """After "too large resource version" a client asks for the newest state."""
    progress_notifications: bool = True
    """A watch cache learns how far etcd is from notifications too, not only from its own resource's events."""
    oldest_after_list: bool = True
    """A watch from before the list that a watch cache began with is refused."""
    retry_internal_errors: bool = True
    """A watch cache watches again at the same revision after an internal error of etcd's watch."""
    tombstones_kept: bool = True
    """A compaction keeps a deletion at its own revision."""
    restore_bumps_revision: bool = True
    """A restored etcd goes on above any revision seen, and older ones are compacted."""

    def __post_init__(self) -> None:
        check_fields(self, least={"objects": 1, "servers": 1, "clients": 1, "window": 1})
        if self.watch_others and not self.others:
            raise ScopeError("watch_others", "needs others of 1 or more")

    @property
    def kinds(self) -> Kinds:
        """The resources that are watched, with their numbers."""
        both = ((0, Resource(0, self.objects)), (1, Resource(self.objects, self.objects + self.others)))
        return both if self.watch_others else both[:1]

    @property
    def revisions(self) -> int:
        """The greatest revision: one object exists at first."""
        return 1 + self.writes + (self.restores if self.restore_bumps_revision else 0)

    def numbers(self) -> dict[str, int]:
        """The sizes of the model's types."""
        return {
            "objects": self.objects + self.others,
            "kinds": len(self.kinds),
            "revisions": self.revisions,
            "history": self.revisions,
            "uids": 1 + self.writes,
            "seen": self.revisions if self.client_restarts else 0,
            **dict.fromkeys(
                ("generations", "finalizers", "finalizer_names", "contents", "graces", "nodes", "limits"), 0
            ),
        }


class Servers(State):
    """The API servers' watch caches."""

    caches: Array[Server, Array[Kind, WatchCache]]


class Clients(State):
    """The informers. `seen` is not theirs but the properties': the last resourceVersion that one had seen when its client crashed."""

    informers: Array[Client, Array[Kind, Informer]]
    seen: Array[Client, Array[Kind, Annotated[int, Range(0, "seen")]]]


class Budget(State):
    """What of the scope's budgets is spent."""

    written: Annotated[int, Range(0, "writes")]
    broken: Annotated[int, Range(0, "broken_watches")]
    clients_restarted: Annotated[int, Range(0, "client_restarts")]
    servers_restarted: Annotated[int, Range(0, "server_restarts")]
    compacted: Annotated[int, Range(0, "compactions")]
    restored: Annotated[int, Range(0, "restores")]


def has(kinds: Kinds, kind: Kind, slot: Slot) -> bool:
    """Whether the slot is of this kind."""
    found = False
    for known in kinds:
        if kind == Kind(known[0]) and known[1].has(slot):
            found = True
    return found


def fill(etcd: Etcd, servers: Servers, server: Server, kinds: Kinds) -> None:
    """All watch caches of an API server are built from a list each."""
    for known in kinds:
        servers.caches[server][Kind(known[0])].replace(etcd, known[1])


def end_all_watches(clients: Clients, server: Server) -> None:
    """All watches at the API server end."""
    for kind in Kind:
        end_watches(clients, server, kind)


def end_watches(clients: Clients, server: Server, kind: Kind) -> None:
    """All watches of a kind at the API server end."""
    for client in Client:
        informer = clients.informers[client][kind]
        if informer.server == server and informer.stage is Stage.WATCH:
            informer.stage = Stage.OPEN


def users(scope: WatchingScope) -> Module:
    """What users write, and how a run starts."""
    module = Module("users", Etcd, Servers, Clients, Budget)

    @module.initial
    def one_object(etcd: Etcd, servers: Servers, clients: Clients) -> None:
        """One object exists, and every API server has listed; no client has."""
        etcd.create(Slot(0), Stored(), remember=True)
        for server in Server:
            fill(etcd, servers, server, scope.kinds)
        for client in Client:
            for kind in Kind:
                clients.informers[client][kind].server = Server(0)

    @module.action(actor="user", kind="environment")
    def create(etcd: Etcd, b: Budget, slot: Slot) -> None:
        """A user creates an object."""
        require(b.written < scope.writes and not etcd.get(slot).exists)
        b.written += 1
        etcd.create(slot, Stored(), remember=True)

    @module.action(actor="user", kind="environment")
    def update(etcd: Etcd, b: Budget, slot: Slot) -> None:
        """A user updates an object."""
        require(b.written < scope.writes and etcd.get(slot).exists)
        b.written += 1
        etcd.update(slot, etcd.get(slot), remember=True)

    @module.action(actor="user", kind="environment")
    def delete(etcd: Etcd, b: Budget, slot: Slot) -> None:
        """A user deletes an object."""
        require(b.written < scope.writes and etcd.get(slot).exists)
        b.written += 1
        etcd.delete(slot, etcd.get(slot), remember=True)

    return module


def api_servers(scope: WatchingScope) -> Module:
    """How the watch caches follow etcd."""
    module = Module("API servers", Etcd, Servers, Clients)
    kinds = scope.kinds

    @module.action(actor="api-server")
    def take_in_event(etcd: Etcd, servers: Servers, server: Server, kind: Kind) -> None:
        """An API server's watch cache takes in etcd's next event."""
        for known in kinds:
            if kind == Kind(known[0]):
                take_in_next(etcd, servers.caches[server][kind], known[1], scope.window)

    if scope.compactions:
        forgets_tombstone = scope.retry_internal_errors and not scope.tombstones_kept

        @module.action(actor="api-server")
        def list_anew(etcd: Etcd, servers: Servers, clients: Clients, server: Server, kind: Kind) -> None:
            """An API server's watch cache cannot go on with its watch of etcd: it lists anew, and ends all watches."""
            cache = servers.caches[server][kind]
            for known in kinds:
                if kind == Kind(known[0]):
                    require(cache.is_cut_off() or meets_internal_error(etcd, cache, known[1]))
                    cache.replace(etcd, known[1])
            end_watches(clients, server, kind)

        if forgets_tombstone:

            @module.action(actor="api-server")
            def retry_watch(etcd: Etcd, servers: Servers, server: Server, kind: Kind) -> None:
                """An API server's watch cache meets a deletion without PrevKV, and watches again from the same revision."""
                for known in kinds:
                    if kind == Kind(known[0]):
                        watch_again(etcd, servers.caches[server][kind], known[1])

    if scope.progress_notifications and (scope.others or scope.compactions):

        @module.action(actor="api-server")
        def take_in_progress(etcd: Etcd, servers: Servers, server: Server, kind: Kind) -> None:
            """etcd notifies an API server's watch cache that there are no more events up to its revision."""
            cache = servers.caches[server][kind]
            require(cache.version() < etcd.revision() and not cache.is_cut_off())
            for known in kinds:
                if kind == Kind(known[0]):
                    require(next_write(etcd, cache, known[1]) is None)
            cache.progress(etcd.revision())

    return module


def informers(scope: WatchingScope) -> Module:
    """What the clients do."""
    module = Module("informers", Etcd, Servers, Clients)
    kinds = scope.kinds

    @module.action(actor="client")
    def list_resource(etcd: Etcd, servers: Servers, clients: Clients, client: Client, kind: Kind) -> None:
        """A client's reflector lists the resource."""
        informer = clients.informers[client][kind]
        cache = servers.caches[present(informer.server)][kind]
        for known in kinds:
            if kind == Kind(known[0]):
                list_and_replace(
                    etcd,
                    cache,
                    known[1],
                    informer,
                    scope.consistent_list,
                    scope.relist_at_last_version,
                    scope.give_up_last_version,
                )

    @module.action(actor="client")
    def open_watch(etcd: Etcd, servers: Servers, clients: Clients, client: Client, kind: Kind) -> None:
        """A client's reflector opens a watch."""
        informer = clients.informers[client][kind]
        watch_from_last(etcd, servers.caches[present(informer.server)][kind], informer, scope.oldest_after_list)

    @module.action(actor="client")
    def receive_event(servers: Servers, clients: Clients, client: Client, kind: Kind) -> None:
        """A client's informer receives the next event and shows it; a watch that is too slow for the buffer is ended."""
        informer = clients.informers[client][kind]
        cache = servers.caches[present(informer.server)][kind]
        require(informer.stage is Stage.WATCH)
        written = present(next_event(cache, informer.last))
        if informer.last + 1 < cache.oldest(scope.oldest_after_list):
            informer.stage = Stage.OPEN
        else:
            informer.show(written, present(written.slot))

    if scope.progress_notifications and (scope.others or scope.compactions):

        @module.action(actor="client")
        def receive_bookmark(servers: Servers, clients: Clients, client: Client, kind: Kind) -> None:
            """A client's informer receives a bookmark: it has seen everything up to the watch cache's revision."""
            informer = clients.informers[client][kind]
            cache = servers.caches[present(informer.server)][kind]
            require(informer.stage is Stage.WATCH and informer.last < cache.version())
            require(next_event(cache, informer.last) is None)
            informer.last = cache.version()

    return module


def faults(scope: WatchingScope) -> Module:
    """What goes wrong."""
    module = Module("faults", Etcd, Servers, Clients, Budget)

    if scope.broken_watches:

        @module.action(actor="network", kind="fault")
        def break_connection(
            clients: Clients, b: Budget, client: Client, kind: Kind, server: Server, lists: bool
        ) -> None:
            """An informer's connection breaks; it connects to an API server, and lists first or watches again."""
            require(b.broken < scope.broken_watches and clients.informers[client][kind].last > 0)
            b.broken += 1
            clients.informers[client][kind].disconnect(server, lists)

    if scope.client_restarts:

        @module.action(actor="client", kind="fault")
        def restart_client(clients: Clients, b: Budget, client: Client, server: Server) -> None:
            """A client crashes and restarts; it connects to an API server."""
            require(b.clients_restarted < scope.client_restarts)
            require(any(clients.informers[client][kind].last > 0 for kind in Kind))
            b.clients_restarted += 1
            for kind in Kind:
                clients.seen[client][kind] = max(clients.seen[client][kind], clients.informers[client][kind].last)
                clients.informers[client][kind].restart(server)

    if scope.server_restarts:

        @module.action(actor="api-server", kind="fault")
        def restart_server(etcd: Etcd, servers: Servers, clients: Clients, b: Budget, server: Server) -> None:
            """An API server crashes and restarts: its watch cache is built anew, and all its watches end."""
            require(b.servers_restarted < scope.server_restarts)
            b.servers_restarted += 1
            fill(etcd, servers, server, scope.kinds)
            end_all_watches(clients, server)

    if scope.compactions:

        @module.action(actor="etcd", kind="fault")
        def compact(etcd: Etcd, servers: Servers, b: Budget, revision: Annotated[int, Range(1, "revisions")]) -> None:
            """etcd is compacted."""
            require(b.compacted < scope.compactions and etcd.compacted() < revision <= etcd.revision())
            b.compacted += 1
            for server in Server:
                for known in scope.kinds:
                    servers.caches[server][Kind(known[0])].lose(etcd, known[1], revision)
            etcd.compact(revision)

    if scope.restores:

        @module.action(actor="etcd", kind="fault")
        def restore(
            etcd: Etcd, servers: Servers, clients: Clients, b: Budget, revision: Annotated[int, Range(1, "revisions")]
        ) -> None:
            """etcd is restored from a backup, and all API servers are restarted."""
            require(b.restored < scope.restores and etcd.compacted() <= revision < etcd.revision())
            b.restored += 1
            etcd.restore(revision, bump=scope.restore_bumps_revision)
            for server in Server:
                fill(etcd, servers, server, scope.kinds)
                end_all_watches(clients, server)

    return module


def properties(scope: WatchingScope) -> Module:
    """What lists and watches promise."""
    module = Module("promises", Etcd, Servers, Clients, Budget)
    kinds = scope.kinds

    @module.invariant
    def caches_skip_no_event(etcd: Etcd, servers: Servers, server: Server, kind: Kind, slot: Slot) -> bool:
        """A watch cache shows every object of its resource as it was at the cache's resourceVersion."""
        cache = servers.caches[server][kind]
        require(has(kinds, kind, slot) and cache.version() >= etcd.compacted())
        return cache.get(slot) == object_at(etcd, slot, cache.version())

    @module.invariant
    def informers_skip_no_event(
        etcd: Etcd, clients: Clients, b: Budget, client: Client, kind: Kind, slot: Slot
    ) -> bool:
        """An informer shows every object as it was at the last resourceVersion that it has seen."""
        informer = clients.informers[client][kind]
        require(has(kinds, kind, slot) and informer.last > 0 and b.restored == 0)
        require(informer.last >= etcd.compacted())
        return informer.view[slot] == object_at(etcd, slot, informer.last)

    @module.step_invariant
    def informers_never_go_back(
        before: Clients, after: Clients, b_before: Budget, b_after: Budget, client: Client, kind: Kind
    ) -> bool:
        """While it runs, an informer never shows an older state than it has shown, unless etcd itself went back."""
        require(b_before.clients_restarted == b_after.clients_restarted and b_after.restored == 0)
        return after.informers[client][kind].last >= before.informers[client][kind].last

    @module.quiescent
    def informers_converge(etcd: Etcd, clients: Clients, client: Client, kind: Kind, slot: Slot) -> bool:
        """When everything is quiet an informer shows what is stored."""
        require(has(kinds, kind, slot))
        return clients.informers[client][kind].view[slot] == etcd.get(slot)

    @module.quiescent
    def lists_terminate(clients: Clients, client: Client, kind: Kind) -> bool:
        """When everything is quiet no client is still trying to list."""
        return clients.informers[client][kind].stage is Stage.WATCH

    @module.reachable
    def an_event_is_shown(etcd: Etcd, clients: Clients, client: Client, kind: Kind, slot: Slot) -> bool:
        """Some informer shows a write that came after its first list, by an event."""
        informer = clients.informers[client][kind]
        return has(kinds, kind, slot) and informer.stage is Stage.WATCH and informer.last == etcd.revision() > 1

    if scope.server_restarts or scope.compactions:

        @module.reachable
        def a_watch_is_too_old(clients: Clients, client: Client, kind: Kind) -> bool:
            """Some informer that has listed must list again, since its watch is refused with 410."""
            informer = clients.informers[client][kind]
            return informer.stage is Stage.LIST and informer.last > 0

    if scope.watch_others:

        @module.reachable
        def caches_lag_on_their_own(etcd: Etcd, servers: Servers, server: Server) -> bool:
            """At some API server the watch cache of one resource has taken in all writes, and that of the other has not."""
            one = next_write(etcd, servers.caches[server][Kind(0)], kinds[0][1])
            other = next_write(etcd, servers.caches[server][Kind(1)], kinds[1][1])
            return (one is None) != (other is None)

    if scope.client_restarts:

        @module.invariant
        def restarts_do_not_go_back(clients: Clients, b: Budget, client: Client, kind: Kind) -> bool:
            """A restarted client never shows an older state than it had shown before."""
            require(clients.informers[client][kind].last > 0 and clients.seen[client][kind] > 0 and b.restored == 0)
            return clients.informers[client][kind].last >= clients.seen[client][kind]

    return module


def watching(scope: WatchingScope = WatchingScope(), *, name: str = "watching") -> Spec:
    """The spec of a scope."""
    spec = Spec(name, scope={**asdict(scope), **scope.numbers()})
    for module in (users(scope), api_servers(scope), informers(scope), faults(scope), properties(scope)):
        spec.include(module)
    return spec
