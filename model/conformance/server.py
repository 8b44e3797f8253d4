"""From HTTP to the model's registry and back: what the API server's handlers do before and after it.

After staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,update,patch,delete}.go and server/config.go: authentication,
authorization, then the request's options, its body, the admission plugin NamespaceLifecycle, then the registry.
"""

from __future__ import annotations

from typing import Any, Final

from kubecheck.model.conformance import shapes
from kubecheck.model.conformance.authority import (
    Attributes,
    User,
    service_account,
)
from kubecheck.model.conformance.bodies import (
    PATCH_TYPES,
    decoded,
    generated,
    number,
    scale_of,
    selected,
    strictly_refused,
)
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.disruption import JsonBudgets
from kubecheck.model.conformance.documents import media_type
from kubecheck.model.conformance.host import BY_RESOURCE, Host, Reply, reply_of
from kubecheck.model.conformance.http import Key, Target, target_of, verb_of
from kubecheck.model.conformance.nodes import NodeRules, is_node
from kubecheck.model.conformance.rows import Call
from kubecheck.model.registry.binding import bind
from kubecheck.model.registry.deletion import delete
from kubecheck.model.registry.eviction import evict
from kubecheck.model.registry.kinds import NAMESPACE, POD, Strategy
from kubecheck.model.registry.namespaces import delete_namespace
from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Part, Propagation, Request, Version
from kubecheck.model.registry.store import create, update

Json = Any

_PARTS: Final = {
    "": Part.MAIN, "status": Part.STATUS, "scale": Part.SCALE, "finalize": Part.FINALIZE,
    "ephemeralcontainers": Part.EPHEMERAL_CONTAINERS, "resize": Part.RESIZE,
}  # fmt: skip
_POLICIES: Final = {
    "Background": Propagation.BACKGROUND, "Foreground": Propagation.FOREGROUND, "Orphan": Propagation.ORPHAN,
}  # fmt: skip


class ApiServer(Host):
    """The API server of one probe."""

    def serve(self, call: Call) -> Reply:
        """Answers one request."""
        target = target_of(call.path)
        user = self._authenticated(call)
        if user is None:
            return reply_of(Code.UNAUTHORIZED)
        impersonated = self._impersonated(call, user)
        if isinstance(impersonated, Reply):
            return impersonated
        user = impersonated
        if not self._authorized(user, Attributes(verb_of(call, target), target)):
            return reply_of(Code.FORBIDDEN)
        if is_node(user.name, user.groups):
            restriction = NodeRules(self.find, self.all_of)
            if restriction.admit(user.name, verb_of(call, target), target, call.body) is not Code.OK:
                return reply_of(Code.FORBIDDEN)
        if not target.resource:
            return self._plain(call, target)
        if target.resource in ("selfsubjectreviews", "selfsubjectaccessreviews") or target.subresource == "token":
            return self._review(call, target, user)
        if target.resource == "bindings" and call.method == "POST":
            if not shapes.fits("Binding", call.body):
                return reply_of(Code.BAD_REQUEST)
            name = (call.body.get("metadata") or {}).get("name") or ""
            target = Target(target.path, "", target.version, target.namespace, "pods", name, "binding", target.query)
        kind = BY_RESOURCE.get((target.group, target.resource))
        if kind is None:
            raise NotModelled(f"resource {target.resource}{'.' if target.group else ''}{target.group}")
        return self._resource(call, target, kind, user)

    def _plain(self, call: Call, target: Target) -> Reply:
        if call.method == "GET" and target.path in ("/livez", "/healthz", "/readyz", "/version", "/version/"):
            return Reply(200, kind=None)
        raise NotModelled(f"path {target.path}")

    def make(self, found: frozenset[Key]) -> None:
        """Creates what exists before a probe begins: its namespaces, as far as its requests are about them, and what is `found` there.

        Of an object that was found nothing is recorded but that it exists; it has no contents.
        """
        trusted, self.trusted = self.trusted, True
        wanted = found | {Key("", "namespaces", "", name) for name in self._namespaces}
        for key in sorted(wanted):
            kind = BY_RESOURCE.get((key.group, key.resource))
            if kind is not None and self.world.knows(key):
                prefix = f"/apis/{key.group}" if key.group else "/api"
                place = f"/namespaces/{key.namespace}" if key.namespace else ""
                body = {"metadata": {"name": key.name}}
                self.serve(Call(method="POST", path=f"{prefix}/v1{place}/{key.resource}", body=body))
        self.trusted = trusted

    def _delete_namespace(self, call: Call, target: Target) -> Reply:
        """DELETE of a namespace; NamespaceLifecycle does not let those go that the cluster needs."""
        if not target.name:
            return reply_of(Code.METHOD_NOT_ALLOWED)
        request = self._deletion(call, target)
        if isinstance(request, Code):
            return reply_of(request)
        if target.name in ("default", "kube-system", "kube-public"):
            return reply_of(Code.FORBIDDEN)
        slot = self.world.slot(target.key)
        answer = self._run(lambda etcd: delete_namespace(etcd, self.registry, self.contents, slot, request))
        return self._answered(NAMESPACE, Part.MAIN, target.key, answer)

    def _review(self, call: Call, target: Target, user: User) -> Reply:
        if call.method != "POST":
            return reply_of(Code.METHOD_NOT_ALLOWED)
        body = decoded(call)
        kinds = {"selfsubjectreviews": "SelfSubjectReview", "selfsubjectaccessreviews": "SelfSubjectAccessReview"}
        if isinstance(body, Code) or not shapes.fits(kinds.get(target.resource, "TokenRequest"), body):
            return reply_of(body if isinstance(body, Code) else Code.BAD_REQUEST)
        spec = body.get("spec") or {}
        if target.resource == "selfsubjectreviews":
            info = {"username": user.name, "groups": list(user.groups)}
            return Reply(201, kind="SelfSubjectReview", document={"status": {"userInfo": info}})
        if target.resource == "selfsubjectaccessreviews":
            asked = spec.get("resourceAttributes")
            if asked is None:
                raise NotModelled("a SelfSubjectAccessReview of a path")
            there = Target(
                "", asked.get("group") or "", asked.get("version") or "", asked.get("namespace") or "",
                asked.get("resource") or "", asked.get("name") or "", asked.get("subresource") or "",
            )  # fmt: skip
            allowed = self._authorized(user, Attributes(asked.get("verb") or "", there))
            return Reply(201, kind="SelfSubjectAccessReview", document={"status": {"allowed": allowed}})
        return self._issue(target, spec)

    def _issue(self, target: Target, spec: Json) -> Reply:
        """TokenRequest (pkg/registry/core/serviceaccount/storage/token.go)."""
        if (spec.get("expirationSeconds") or 3600) < 600:
            return reply_of(Code.INVALID)
        if not self.stored(target.key).exists:
            return reply_of(Code.NOT_FOUND)
        reference = spec.get("boundObjectRef")
        bound, uid = None, 0
        if reference is not None:
            if reference.get("kind") != "Pod":
                raise NotModelled(f"a token bound to a {reference.get('kind')}")
            bound = Key("", "pods", target.namespace, reference.get("name", ""))
            uid = self.stored(bound).uid
            if uid == 0:
                return reply_of(Code.NOT_FOUND)
        self._token = (service_account(target.name, target.namespace), bound, uid)
        return Reply(201, kind="TokenRequest")

    def _resource(self, call: Call, target: Target, kind: Strategy, user: User) -> Reply:
        if target.version not in ("v1", "v2"):
            raise NotModelled(f"version {target.version} of {kind.kind}")
        if kind is NAMESPACE and call.method == "DELETE":
            return self._delete_namespace(call, target)
        if target.subresource == "finalize" and (kind is not NAMESPACE or call.method != "PUT"):
            return reply_of(Code.METHOD_NOT_ALLOWED if kind is NAMESPACE else Code.NOT_FOUND)
        if target.subresource == "binding" and kind is POD:
            return self._bind(call, target) if call.method == "POST" else reply_of(Code.METHOD_NOT_ALLOWED)
        if target.subresource == "eviction" and kind is POD:
            return self._evict(call, target) if call.method == "POST" else reply_of(Code.METHOD_NOT_ALLOWED)
        part = _PARTS.get(target.subresource)
        if target.subresource == "scale" and not kind.scale:
            return reply_of(Code.NOT_FOUND)
        if target.subresource == "status" and not kind.status:
            return reply_of(Code.NOT_FOUND)
        if target.subresource in ("ephemeralcontainers", "resize") and kind is not POD:
            return reply_of(Code.NOT_FOUND)
        if part is None:
            raise NotModelled(f"subresource {target.resource}/{target.subresource}")
        if call.method == "GET":
            return self._get(target, kind, part)
        if call.method == "POST":
            return self._create(call, target, kind, user) if not target.name else reply_of(Code.METHOD_NOT_ALLOWED)
        if call.method in ("PUT", "PATCH"):
            return self._update(call, target, kind, part, user)
        if call.method == "DELETE" and part is Part.MAIN:
            return self._delete(call, target, kind) if target.name else self._delete_collection(call, target, kind)
        return reply_of(Code.METHOD_NOT_ALLOWED)

    def _get(self, target: Target, kind: Strategy, part: Part) -> Reply:
        if not target.name and self.trusted and not target.query:
            return Reply(200, kind=f"{kind.kind}List", revision=self.world.run(lambda server: server.etcd.revision()))
        if not target.name:
            raise NotModelled("a list or a watch in the middle of a setup")
        if target.query:
            raise NotModelled("GET with a query")
        stored = self.stored(target.key)
        if not stored.exists:
            return reply_of(Code.NOT_FOUND)
        return self._reply(kind, part, target.key, 200, stored)

    def _reply(self, kind: Strategy, part: Part, key: Key, code: int, stored: Stored) -> Reply:
        """An answer with an object."""
        document = self.contents.to_json(kind, key, stored)
        if part is Part.SCALE:
            return Reply(code, None, "Scale", stored, scale_of(document))
        return Reply(code, None, kind.kind, stored, document)

    def _answered(self, kind: Strategy, part: Part, key: Key, answer: Answer) -> Reply:
        status = reply_of(answer.code)
        if status.code >= 300 or (answer.object.uid == 0 and answer.code is not Code.CREATED):
            return status
        return self._reply(kind, part, key, status.code, answer.object)

    def _refused_options(self, call: Call, target: Target) -> Code:
        """Validation of CreateOptions, UpdateOptions and PatchOptions (apimachinery/pkg/apis/meta/v1/validation)."""
        if any(value != "All" for value in target.query.get("dryRun", [])):
            return Code.INVALID
        if target.option("fieldValidation") not in (None, "", "Ignore", "Warn", "Strict"):
            return Code.INVALID
        applies = call.method == "PATCH" and media_type(call) == "application/apply-patch+yaml"
        if applies and not target.option("fieldManager"):
            return Code.INVALID
        if target.option("force") is not None and not applies:
            return Code.INVALID
        manager = target.option("fieldManager") or ""
        return Code.INVALID if len(manager) > 128 or not manager.isprintable() else Code.OK

    def _dry_run(self, target: Target) -> bool:
        return bool(target.query.get("dryRun"))

    def _create(self, call: Call, target: Target, kind: Strategy, user: User) -> Reply:
        refused = self._refused_options(call, target)
        if refused is not Code.OK:
            return reply_of(refused)
        body = decoded(call)
        if isinstance(body, Code):
            return reply_of(body)
        if strictly_refused(kind, call, target, body):
            return reply_of(Code.BAD_REQUEST)
        if not shapes.fits(kind.kind, body):
            return reply_of(Code.BAD_REQUEST)
        meta = body.get("metadata") or {}
        name = meta.get("name") or ""
        if not name and meta.get("generateName"):
            name = self.generated_name(target, meta["generateName"])
            body = {**body, "metadata": {**meta, "name": name}}
        named = Target(
            target.path, target.group, target.version, target.namespace, target.resource, name, "", target.query
        )
        if target.namespace and meta.get("namespace") not in (None, "", target.namespace):
            return reply_of(Code.BAD_REQUEST)
        refused = self._namespace_lifecycle(target)
        if refused is not Code.OK:
            return reply_of(refused)
        if kind.kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding") and self._escalates(
            kind, named, body, user
        ):
            return reply_of(Code.FORBIDDEN)
        if not name or not self.world.knows(named.key):
            return reply_of(Code.INVALID)
        request = Request(body=self._announce(call, named, body), dry_run=self._dry_run(target))
        slot = self.world.slot(named.key)
        return self._answered(
            kind, Part.MAIN, named.key, self._run(lambda etcd: create(etcd, self.registry, kind, slot, request))
        )

    def generated_name(self, target: Target, prefix: str) -> str:
        """The next name that was announced for a generateName (names.go, SimpleNameGenerator); what its letters are is not modelled."""
        for key in self.world.keys:
            place = (key.group, key.resource, key.namespace)
            ours = place == (target.group, target.resource, target.namespace)
            if ours and key.name.startswith(generated(prefix, 0)[:-1]) and not self.stored(key).exists:
                return key.name
        return generated(prefix, 0)

    def _update(self, call: Call, target: Target, kind: Strategy, part: Part, user: User) -> Reply:
        if not target.name:
            return reply_of(Code.METHOD_NOT_ALLOWED)
        applies = media_type(call) == "application/apply-patch+yaml"
        if call.method == "PATCH" and media_type(call) not in PATCH_TYPES:
            return reply_of(Code.UNSUPPORTED_MEDIA_TYPE)
        refused = self._refused_options(call, target)
        if refused is not Code.OK:
            return reply_of(refused)
        body = decoded(call)
        if isinstance(body, Code):
            return reply_of(body)
        if call.method == "PUT" and strictly_refused(kind, call, target, body):
            return reply_of(Code.BAD_REQUEST)
        creates = (applies or (call.method == "PUT" and kind.create_on_update)) and not self.stored(target.key).exists
        if creates and self._namespace_lifecycle(target) is not Code.OK:
            return reply_of(self._namespace_lifecycle(target))
        if creates and part is Part.MAIN and not self._authorized(user, Attributes("create", target)):
            return reply_of(Code.FORBIDDEN)
        number = self._announce(call, target, body)
        uid = 0
        if call.method == "PUT" and shapes.fits("Scale" if part is Part.SCALE else kind.kind, body):
            uid = self.contents.uid_number((body.get("metadata") or {}).get("uid"))
        request = Request(body=number, uid=uid, dry_run=self._dry_run(target), may_create=applies and part is Part.MAIN)
        slot = self.world.slot(target.key)
        answer = self._run(lambda etcd: update(etcd, self.registry, kind, part, slot, request))
        return self._answered(kind, part, target.key, answer)

    def _delete(self, call: Call, target: Target, kind: Strategy) -> Reply:
        request = self._deletion(call, target)
        if isinstance(request, Code):
            return reply_of(request)
        slot = self.world.slot(target.key)
        answer = self._run(lambda etcd: delete(etcd, self.registry, kind, slot, request))
        return self._answered(kind, Part.MAIN, target.key, answer)

    def _deletion(self, call: Call, target: Target) -> Request | Code:
        """DeleteOptions, of the body or else of the query; the refusal if they are invalid (ValidateDeleteOptions)."""
        options = call.body
        if options is not None and not shapes.fits("DeleteOptions", options):
            return Code.BAD_REQUEST
        if options is None:
            policy, orphan = target.option("propagationPolicy"), target.option("orphanDependents")
            options = {
                "dryRun": target.query.get("dryRun"),
                "propagationPolicy": policy,
                "orphanDependents": None if orphan is None else orphan == "true",
                "gracePeriodSeconds": number(target.option("gracePeriodSeconds")),
            }
            if not shapes.fits("DeleteOptions", options):
                return Code.BAD_REQUEST
        if options.get("kind") not in (None, "", "DeleteOptions"):
            return Code.BAD_REQUEST
        dry = options.get("dryRun") or target.query.get("dryRun") or []
        policy = options.get("propagationPolicy")
        if any(value != "All" for value in dry) or (policy is not None and policy not in _POLICIES):
            return Code.INVALID
        orphan = options.get("orphanDependents")
        if orphan is not None and policy is not None:
            return Code.INVALID
        propagation = Propagation.UNSAID if policy is None else _POLICIES[policy]
        if orphan is not None:
            propagation = Propagation.ORPHAN if orphan else Propagation.BACKGROUND
        grace = options.get("gracePeriodSeconds")
        conditions = options.get("preconditions") or {}
        return Request(
            body=self._announce(call, target, options),
            uid=0
            if (uid := conditions.get("uid")) is None
            else self.contents.uid_number(uid) or self.contents.uids.number(""),
            version=self._precondition(conditions.get("resourceVersion")),
            propagation=propagation,
            grace=None if grace is None else 1 if grace < 0 else grace,
            dry_run=bool(dry),
        )

    def _precondition(self, text: Json) -> Version:
        """A resourceVersion that is compared as it is written."""
        if text is not None and text == "":
            return Version(given=Given.UNKNOWN)
        found = self.contents.revisions.version(text)
        if found.given is Given.NUMBER and self.contents.revisions.text(found.number) != text:
            return Version(given=Given.UNKNOWN)
        return found

    def _delete_collection(self, call: Call, target: Target, kind: Strategy) -> Reply:
        """DeleteCollection: lists, then deletes one by one with a copy of the options; an object that is gone meanwhile is no error."""
        unsupported = [
            name for name in target.query if name not in ("labelSelector", "dryRun", "limit", "propagationPolicy")
        ]
        limit = number(target.option("limit")) or 0
        if not isinstance(limit, int):
            return reply_of(Code.BAD_REQUEST)
        if unsupported:
            raise NotModelled("DELETE of a collection with " + ", ".join(unsupported))
        request = self._deletion(call, target)
        if isinstance(request, Code):
            return reply_of(request)
        selector = target.option("labelSelector")
        revision = self.world.run(lambda server: server.etcd.revision())
        place = (target.group, target.resource, target.namespace)
        listed = [
            k
            for k in self.world.keys
            if (k.group, k.resource, k.namespace) == place and selected(self.find(k), selector)
        ]
        for key in listed[:limit] if limit > 0 else listed:
            slot = self.world.slot(key)
            answer = self._run(lambda etcd, slot=slot: delete(etcd, self.registry, kind, slot, request))
            if answer.code is not Code.OK and answer.code is not Code.NOT_FOUND:
                return reply_of(answer.code)
        return Reply(200, None, f"{kind.kind}List", revision=revision)

    def _bind(self, call: Call, target: Target) -> Reply:
        """POST of a Binding: its own validation, then the model's."""
        refused = self._refused_options(call, target)
        if refused is not Code.OK:
            return reply_of(refused)
        body = decoded(call)
        if isinstance(body, Code):
            return reply_of(body)
        if not shapes.fits("Binding", body):
            return reply_of(Code.BAD_REQUEST)
        meta, aim = body.get("metadata") or {}, body.get("target") or {}
        if meta.get("name") != target.name:
            return reply_of(Code.BAD_REQUEST)
        if meta.get("namespace") not in (None, "", target.namespace):
            return reply_of(Code.BAD_REQUEST)
        if not aim.get("name") or aim.get("kind") not in (None, "", "Node", "Minion"):
            return reply_of(Code.SERVER_ERROR)
        request = Request(
            body=self._announce(call, target, body),
            uid=self.contents.uid_number(meta.get("uid")),
            version=self._precondition(meta.get("resourceVersion") or None),
            node=self.contents.nodes.number(aim["name"]),
            dry_run=self._dry_run(target),
        )
        if not self.world.knows(target.key):
            return reply_of(Code.NOT_FOUND)
        slot = self.world.slot(target.key)
        return reply_of(self._run(lambda etcd: bind(etcd, self.registry, slot, request)).code)

    def _evict(self, call: Call, target: Target) -> Reply:
        """POST of an Eviction: its own validation, then the model's."""
        refused = self._refused_options(call, target)
        body = decoded(call)
        if refused is not Code.OK or isinstance(body, Code):
            return reply_of(refused if refused is not Code.OK else body)
        if not shapes.fits("Eviction", body):
            return reply_of(Code.BAD_REQUEST)
        if (body.get("metadata") or {}).get("name") != target.name:
            return reply_of(Code.BAD_REQUEST)
        options = body.get("deleteOptions") or {}
        request = self._deletion(Call(method="DELETE", path=call.path, body=options), target)
        if isinstance(request, Code):
            return reply_of(request)
        slot = self.world.slot(target.key)
        budgets = JsonBudgets(self.world, self.contents)
        return reply_of(self._run(lambda etcd: evict(etcd, self.registry, budgets, slot, request)).code)


__all__ = ["ApiServer", "Reply", "generated", "reply_of"]
