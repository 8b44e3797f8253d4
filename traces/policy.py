"""Which writers an audit log keeps, as far as it shows by what it has: a policy may leave out users, kinds, verbs or bodies.

Who wrote a version that only a stream or a read tells is in its metadata.managedFields: the manager is the fieldManager that the
request named, or else the first part of its user agent (staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go
managerOrUserAgent, prefixFromUserAgent). A writer of whom the log has no such write may be left out by the policy.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from kubecheck.traces.body import Body
from kubecheck.traces.event import Event
from kubecheck.traces.keys import Key
from kubecheck.traces.shapes import as_dict, as_list, as_text
from kubecheck.traces.uri import parameter

_SHARED: Final = frozenset((("", "nodes"),))
"""Kinds of which several programs write the same objects (kubelet, ttl-controller, node-controller): which of them is not told, and
one that only takes something away (a taint) leaves no entry."""
_SYSTEM: Final = "system:"
_CONTROLLER_USER: Final = "system:serviceaccount:kube-system:"
_NODE_USER: Final = "system:node:"


class Writer(msgspec.Struct, frozen=True):
    """Who wrote a version, as the object itself tells."""

    manager: str
    subresource: str
    kubelet: str | None
    """The user name of the kubelet that the object belongs to, if it belongs to one."""


class Kept:
    """The writers of whom the log has writes, whatever their outcome: that is nothing a policy goes by."""

    def __init__(self) -> None:
        self.writes = 0
        self._users: dict[str, set[str]] = {}
        """manager -> users."""
        self._writers: set[tuple[str, str, str, str, str, bool]] = set()
        """Group, resource, subresource, family, manager, whether it created."""
        self._deleters: dict[tuple[str, str], set[str]] = {}
        """Group, resource -> users."""
        self._deletes = False
        self._collections = False
        self._created: set[tuple[str, str]] = set()
        """Group, resource."""
        self._changed: set[tuple[str, str]] = set()
        """Group, resource."""
        self._families: set[str] = set()
        """Kinds of owners for which a controller of kube-system wrote what they own."""
        self._written: set[tuple[str, str, str, str]] = set()
        """User, group, resource, subresource."""
        self._changed_by: set[tuple[str, str, str, str]] = set()
        """User, group, resource, subresource: of what was changed, not created."""
        self._areas: set[tuple[str, str, str, str]] = set()
        """Manager, group, resource, subresource."""
        self._binds = False

    def take(self, event: Event) -> None:
        """A write, logged with its answer."""
        self.writes += event.ok
        user = event.user or ""
        if event.verb == "deletecollection":
            self._deletes = self._collections = True
            return
        if event.verb == "delete":
            self._deletes = True
            self._deleters.setdefault((event.group, event.resource or ""), set()).add(user)
            return
        if event.subresource == "binding":
            self._binds = True
        manager = manager_of(event)
        if event.ok and event.verb == "create" and not event.subresource:
            self._created.add((event.group, event.resource or ""))
        if event.ok and event.answer is not None and event.answer.controller is not None and user.startswith(_CONTROLLER_USER):
            self._families.add(event.answer.controller.kind)
        if event.ok and event.verb in ("update", "patch"):
            self._changed.add((event.group, event.resource or ""))
            self._changed_by.add((user, event.group, event.resource or "", event.subresource))
        if event.ok:
            self._written.add((user, event.group, event.resource or "", event.subresource))
        self._areas.add((manager, event.group, event.resource or "", event.subresource))
        self._users.setdefault(manager, set()).add(user)
        self._writers.add((event.group, event.resource or "", event.subresource, family_of(event), manager, event.verb == "create"))

    def bindings(self) -> bool:
        """Does the log keep the binding of pods?"""
        return self._binds

    def deletions(self, key: Key, kubelet: str | None) -> bool:
        """Does the log keep deletions of this kind of object, by its kubelet if it is known to have been it?"""
        users = self._deleters.get(key[:2], ())
        return kubelet in users if kubelet is not None else bool(users)

    def writer(self, key: Key, writer: Writer, told: Event, *, created: tuple[bool, ...]) -> bool:
        """Does the log keep what this writer writes of objects like the one that is told of? `created`: as a creation, or not."""
        users = self._users.get(writer.manager)
        if not users or key[:2] in _SHARED:
            return False
        if writer.kubelet is not None and any(user.startswith(_NODE_USER) for user in users):
            return writer.kubelet in users
        people = not all(user.startswith(_SYSTEM) for user in users)
        if len(users) > 1 and people:
            return False
        if len(users) > 1 or people:  # that one user of this program is kept says nothing of the others
            family = family_of(told)
            return any((*key[:2], writer.subresource, family, writer.manager, so) in self._writers for so in created)
        return (writer.manager, *key[:2], writer.subresource) in self._areas

    def creations(self, key: Key) -> bool:
        """Does the log keep creations of this kind of object?"""
        return key[:2] in self._created

    def marks(self, key: Key) -> bool:
        """Does the log keep deletions of this kind of object by others than kubelets, who only end what others have begun?"""
        return any(not user.startswith(_NODE_USER) for user in self._deleters.get(key[:2], ()))

    @property
    def any_deletion(self) -> bool:
        """Does the log keep deletions at all?"""
        return self._deletes

    @property
    def collections(self) -> bool:
        """Does the log keep deletions of collections?"""
        return self._collections

    def wrote(self, user: str, group: str, resource: str, subresource: str = "") -> bool:
        """Does the log keep what this user writes there?"""
        return (user, group, resource, subresource) in self._written

    @property
    def people(self) -> bool:
        """Does the log keep what people write? They may do anything."""
        return any(not user.startswith(_SYSTEM) for user, *_ in self._written)

    def writes_for(self, kind: str) -> bool:
        """Does the log keep what the controller of this kind of owner writes? It has written its status, or what it owns."""
        return kind in self._families

    def changes(self, key: Key) -> bool:
        """Does the log keep updates of this kind of object?"""
        return key[:2] in self._changed

    def specs(self, key: Key) -> bool:
        """Does the log keep what people change of what such objects ask for?"""
        return any((group, resource, subresource) == (*key[:2], "") and not user.startswith(_SYSTEM)
                   for user, group, resource, subresource in self._changed_by)

    def statuses(self, node: str) -> bool:
        """Does the log keep the status of pods that the kubelet of this node writes?"""
        return self.wrote(_NODE_USER + node, "", "pods", "status")


def family_of(event: Event) -> str:
    """What objects have in common that one controller of many writes: the kind of their owner, or else the name."""
    owner = event.answer.controller if event.answer is not None else None
    return owner.kind if owner is not None else f"/{event.name}"


def manager_of(event: Event) -> str:
    """The manager that a request's changes are entered under in managedFields."""
    named = parameter(event.uri, "fieldManager") if event.uri is not None else None
    return named or (event.agent or "").partition("/")[0]


def writers_of(key: Key, before: Body | None, after: Body | None) -> tuple[Writer, ...]:
    """Who may have written `after`: the managers of the entries of managedFields that are not in `before`. Nobody if it does not tell.

    An entry changes only if its set of fields does (managedfieldsupdater.go Update): where none changed, or `before` is not known,
    it may have been any of them.
    """
    if after is None:
        return ()
    known, told = _entries(before), _entries(after)
    changed = ([entry for entry in told if entry not in known] if before is not None else []) or told
    writers = {(as_text(entry.get("manager")) or "", as_text(entry.get("subresource")) or "") for entry in changed}
    return tuple(Writer(manager, subresource, kubelet_of(key, after)) for manager, subresource in sorted(writers) if manager)


def others_wrote(event: Event, before: Body, after: Body) -> bool:
    """Do managedFields tell that somebody else wrote between two versions of which this request wrote the second?

    A request changes the entries of its own subresource only; the time of an entry changes with its manager's write
    (staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/managedfieldsupdater.go).
    """
    mine = (manager_of(event), event.subresource)
    if _of_others(before, event.subresource) != _of_others(after, event.subresource):
        return True
    for entry in _entries(after):
        of = (as_text(entry.get("manager")) or "", as_text(entry.get("subresource")) or "")
        if of != mine and str(entry.get("time")) > max((str(other.get("time")) for other in _entries(before)), default="") and (
            entry not in _entries(before)
        ):
            return True
    return False


def _of_others(body: Body, subresource: str) -> list[Any]:
    return [entry for entry in _entries(body) if (as_text(entry.get("subresource")) or "") != subresource]


def _entries(body: Body | None) -> list[Any]:
    told = as_list(as_dict(as_dict(body).get("metadata")).get("managedFields"))
    return [entry for entry in told if isinstance(entry, dict)]


def kubelet_of(key: Key, body: Body | None) -> str | None:
    """The user of the kubelet that an object belongs to; None if it belongs to none."""
    if key[:2] == ("", "pods"):
        node = as_text(as_dict(as_dict(body).get("spec")).get("nodeName"))
    elif key[1] in ("nodes", "csinodes") or key[2] == "kube-node-lease":
        node = key[3]
    else:
        node = None
    return _NODE_USER + node if node else None
