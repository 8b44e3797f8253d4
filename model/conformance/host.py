"""What the API server's handlers rest on: the replayed cluster, who a request is from, and what plugins see.

After staging/src/k8s.io/apiserver/pkg/server/config.go (DefaultBuildHandlerChain) and the admission plugin NamespaceLifecycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.authentication import (
    ADMINISTRATOR,
    Certificates,
    Tokens,
    impersonated,
)
from kubecheck.model.conformance.authority import Authority, Masters, Nodes, Rbac, User
from kubecheck.model.conformance.documents import Sent, server_made_uids
from kubecheck.model.conformance.http import Attributes, Key, Target
from kubecheck.model.conformance.identities import is_server_made
from kubecheck.model.conformance.requesters import Admission, AdmittedContents
from kubecheck.model.conformance.rows import Call
from kubecheck.model.conformance.world import World
from kubecheck.model.registry.chain import authenticate, authorize
from kubecheck.model.registry.kinds import KINDS
from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Answer, Code, Given
from kubecheck.model.registry.store import Registry

Json = Any

BY_RESOURCE: Final = {(kind.group, kind.resource): kind for kind in KINDS}
_ALWAYS: Final = {"default", "kube-system", "kube-public", "kube-node-lease"}


@dataclass(frozen=True)
class Reply:
    """An answer: a code with its reason, and the object where the answer holds one."""

    code: int
    reason: str | None = None
    kind: str | None = "Status"
    stored: Stored | None = None
    document: Json = None
    revision: int = 0
    "The revision that a list says it is of; 0 for anything else."
    text: str | None = None
    "An answer that is no JSON, where it is known."
    causes: tuple[tuple[str | None, str], ...] | None = None
    "Fields and reasons of the causes in a Status' details, where they are known."
    retry_after: int | None = None
    "After how many seconds a client is to try again."


def reply_of(code: Code) -> Reply:
    """A bare Status."""
    number, _, reason = code.value.partition(" ")
    if code is Code.TIMEOUT:  # a revision that is not there yet (storage/errors.go, NewTooLargeResourceVersionError)
        return Reply(504, reason, causes=((None, "ResourceVersionTooLarge"),), retry_after=1)
    return Reply(int(number), reason or None)


class Host:
    """The API server of one probe, without its handlers."""

    def __init__(self, world: World, namespaces: frozenset[str]) -> None:
        self.world = world
        self.contents = AdmittedContents(self.find, self.all_of, self._rewrite, admission=self._admit)
        self.registry = Registry(contents=self.contents)
        self.authority = Authority(self.find, self.all_of)
        self.user = ADMINISTRATOR
        self.trusted = False
        self._namespaces = namespaces | _ALWAYS
        # The token that was issued last: its user, and what must be as it was, with the uids that it had.
        self._token: tuple[User, dict[Key, int]] | None = None
        self._etcd: Any = None

    def find(self, key: Key) -> Json | None:
        """An object, as admission and authorization plugins find it."""
        kind = BY_RESOURCE.get((key.group, key.resource))
        if kind is None or not self.world.knows(key):
            return None
        stored = self.stored(key)
        return self.contents.to_json(kind, key, stored) if stored.exists else None

    def all_of(self, resource: str, namespace: str | None) -> Iterator[Json]:
        """All objects of a resource in a namespace, or in all of them (None)."""
        for key in self.world.keys:
            if key.resource == resource and namespace in (None, key.namespace):
                found = self.find(key)
                if found is not None:
                    yield found

    def stored(self, key: Key) -> Stored:
        """The object in etcd."""
        if not self.world.knows(key):
            return Stored()
        if self._etcd is not None:  # in the middle of a request
            seen: Stored = self._etcd.get(self.world.slot(key))
            return seen
        found: Stored = self.world.run(lambda server: server.etcd.get(self.world.slot(key)))
        return found

    def _authenticated(self, call: Call) -> User | None:
        issued = self._issued()
        plugins = (
            Certificates(self.authority, call),
            Tokens(self.authority, call, self._token is not None, issued),
        )
        identity = authenticate(plugins, 0)
        return self.authority.users[identity.user] if identity.known else None

    def _issued(self) -> User | None:
        """The user of the token that was issued last, unless the account, or what it was bound to, is gone."""
        if self._token is None:
            return None
        user, bound = self._token
        return user if all(self.stored(key).uid == uid for key, uid in bound.items()) else None

    def _impersonated(self, call: Call, user: User, asked: Attributes) -> User | Reply:
        """Whom the request speaks for, or how it is refused."""
        found = impersonated(call.headers, user, asked, self._authorized)
        if found is None:
            return reply_of(Code.FORBIDDEN)
        return reply_of(Code.BAD_REQUEST) if isinstance(found, str) else found

    def _authorized(self, user: User, asked: Attributes) -> bool:
        self.authority.asked.append(asked)
        plugins = (Masters(self.authority), Nodes(self.authority), Rbac(self.authority))
        code = authorize(plugins, self.authority.number(user), len(self.authority.asked) - 1)
        return code is Code.OK

    def _admit(self, kind: str, verb: str, target: Target, new: Json | None, old: Json | None) -> Code:
        """Admission for the user of the request under way."""
        return Admission(self.user, self.authority, self._authorized).admit(kind, verb, target, new, old)

    def _announce(self, call: Call, target: Target, body: Json) -> int:
        """Numbers the body, and finds out which object's uid it names."""
        self._recognise_uids(call, target, body)
        self.contents.sent.append(Sent(call, target, body))
        return len(self.contents.sent) - 1

    def _recognise_uids(self, call: Call, target: Target, body: Json) -> None:
        named = server_made_uids(body if isinstance(body, dict) else {"patch": body})
        if isinstance(body, list):
            values = [str(o.get("value")) for o in body if isinstance(o, dict) and o.get("path") == "/metadata/uid"]
            named += [(value, None) for value in values if is_server_made(value)]
        for uid, holder in named:
            if not self.contents.uids.knows(uid):
                meant = self._referred(target, holder) or self._meant(call, target, body)
                if meant:
                    self.contents.uids.bind(uid, meant)

    def _referred(self, target: Target, holder: Json) -> int:
        """The uid of the object that a reference with a kind and a name is to; 0 if it is none, or to nothing that is there."""
        holder = holder if isinstance(holder, dict) else {}
        group = str(holder.get("apiVersion") or "").rpartition("/")[0]
        for kind in KINDS:
            if (kind.group, kind.kind) == (group, holder.get("kind")) and isinstance(holder.get("name"), str):
                namespace = str(holder.get("namespace") or target.namespace) if kind.namespaced else ""
                return self.stored(Key(group, kind.resource, namespace, holder["name"])).uid
        return 0

    def _meant(self, call: Call, target: Target, body: Json) -> int:
        """The object that a uid is of, of which nothing else is known: see identities.py."""
        current = self.stored(target.key).uid
        meta = body.get("metadata") if isinstance(body, dict) else None
        meta = meta if isinstance(meta, dict) else {}
        version = self.contents.revisions.version(meta.get("resourceVersion"))
        writes = self._writes(target)
        if version.given is Given.NUMBER:
            for revision, uid, _ in writes:
                if revision == version.number:
                    return uid
        if call.method == "PUT" and current:
            return current
        for _, uid, creation in writes:
            if creation and self.contents.uids.name(uid) is None:
                return uid
        return 0

    def _writes(self, target: Target) -> list[tuple[int, int, bool]]:
        """Revision, uid and whether it was a creation, of every write to the target's collection so far."""

        def found(server: Any) -> list[tuple[int, int, bool]]:
            result = []
            for i in range(server.etcd.writes()):
                written = server.etcd.write(i)
                key = self.world.keys[written.slot.index]
                if (key.group, key.resource, key.namespace) == (target.group, target.resource, target.namespace):
                    result.append((written.revision, written.after.uid, not written.before.exists))
            return result

        return self.world.run(found)

    def _run(self, request: Any) -> Answer:
        """One request on the registry, inside one step of the model."""
        self.contents.trusted = self.trusted

        def step(server: Any) -> Answer:
            self._etcd = server.etcd
            try:
                answer: Answer = request(server.etcd)
                return answer
            finally:
                self._etcd = None

        return self.world.run(step)

    def _rewrite(self, key: Key, change: Callable[[Stored], Stored]) -> None:
        """Writes another object in the middle of a request."""
        slot = self.world.slot(key)
        self._etcd.update(slot, change(self._etcd.get(slot)), remember=self.registry.remember)

    def _namespace_lifecycle(self, target: Target) -> Code:
        """NamespaceLifecycle (plugin/namespace/lifecycle/admission.go), for creations."""
        if not target.namespace:
            return Code.OK
        key = Key("", "namespaces", "", target.namespace)
        if not self.world.knows(key):
            return Code.OK if target.namespace in self._namespaces else Code.NOT_FOUND
        stored = self.stored(key)
        if not stored.exists:
            return Code.NOT_FOUND
        return Code.FORBIDDEN if stored.deleting else Code.OK
