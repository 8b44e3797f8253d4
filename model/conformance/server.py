"""From HTTP to the model's registry and back: what the API server's handlers do before and after it.

After staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,update,patch,delete}.go and server/config.go: authentication,
authorization, then the request's options, its body, the admission plugin NamespaceLifecycle, then the registry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from kubecheck.model.conformance import paths, reviews, shapes
from kubecheck.model.conformance.authentication import service_account
from kubecheck.model.conformance.bodies import (
    PATCH_TYPES,
    decoded,
    generated,
    scale_of,
    strictly_refused,
)
from kubecheck.model.conformance.bootstrap import is_bootstrapped
from kubecheck.model.conformance.builtin import has_part, is_unknown_group, is_unknown_resource
from kubecheck.model.conformance.contents import CREATED, NotModelled
from kubecheck.model.conformance.disruption import JsonBudgets
from kubecheck.model.conformance.documents import api_version, media_type
from kubecheck.model.conformance.host import BY_RESOURCE, Host, Reply, reply_of
from kubecheck.model.conformance.http import (
    Attributes,
    Key,
    Target,
    attributes_of,
    boolean,
    is_duration,
    routed,
    target_of,
)
from kubecheck.model.conformance.identities import is_server_made
from kubecheck.model.conformance.queries import as_transformed, negotiated
from kubecheck.model.conformance.rows import Call
from kubecheck.model.conformance.selectors import (
    SelectorError,
    field_requirements,
    fields_of,
    integer,
    label_requirements,
)
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
        """Answers one request: its deadline, authentication, impersonation, authorization, and only then what its path is."""
        target = target_of(call.path)
        asked = attributes_of(call, target)
        if not is_duration(target.option("timeout") or "0") and asked.verb not in ("watch", "proxy"):
            return reply_of(Code.BAD_REQUEST)  # filters/request_deadline.go
        user = self._authenticated(call)
        if user is None:
            return reply_of(Code.UNAUTHORIZED)
        speaks = self._impersonated(call, user, asked)
        if isinstance(speaks, Reply):
            return speaks
        self.user = speaks
        if not self._authorized(speaks, asked):
            return reply_of(Code.FORBIDDEN)
        return self._routed(call, routed(target) if call.method == "GET" else target)

    def _routed(self, call: Call, target: Target) -> Reply:
        """An authorized request goes where its path says."""
        if not target.resource:
            found = paths.answered(call.method, target.path)
            return Reply(found.code, kind=found.kind, text=found.text)
        if is_unknown_group(target):
            return Reply(404, kind=None, text=paths.NOT_FOUND)
        if target.prefix == "proxy" or is_unknown_resource(target):
            return reply_of(Code.NOT_FOUND)
        if target.prefix:
            return reply_of(Code.METHOD_NOT_ALLOWED)
        if (target.group, target.resource) in reviews.KINDS:
            return self._review(call, target)
        if (target.group, target.resource, target.subresource) == ("", "serviceaccounts", "token"):
            return self._issue(call, target)
        if (target.group, target.resource) == ("", "bindings"):
            return self._bind_without_name(call, target)
        kind = BY_RESOURCE.get((target.group, target.resource))
        if kind is None:
            raise NotModelled(f"resource {target.resource}{'.' if target.group else ''}{target.group}")
        return self._resource(call, target, kind)

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
                version = api_version(kind).rpartition("/")[2]
                body = {"metadata": {"name": key.name}}
                self.serve(Call(method="POST", path=f"{prefix}/{version}{place}/{key.resource}", body=body))
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

    def _review(self, call: Call, target: Target) -> Reply:
        kind = reviews.KINDS[target.group, target.resource]
        if target.name or bool(target.namespace) is not (kind == "LocalSubjectAccessReview"):
            return reply_of(Code.NOT_FOUND)
        if call.method != "POST":
            return reply_of(Code.METHOD_NOT_ALLOWED)
        refused = self._refused_options(call, target)
        body = decoded(call)
        if refused is not Code.OK or isinstance(body, Code):
            return reply_of(refused if isinstance(body, dict) else body)
        reviewer = reviews.Reviewer(self.user, self._authorized)
        found = reviewer.answer(target, body)
        if found.code is not Code.CREATED:
            return reply_of(found.code)
        return Reply(201, kind=kind, document={"status": found.status})

    def _issue(self, call: Call, target: Target) -> Reply:
        """TokenRequest (pkg/registry/core/serviceaccount/storage/token.go)."""
        if call.method != "POST":
            return reply_of(Code.METHOD_NOT_ALLOWED)
        refused = self._refused_options(call, target)
        body = decoded(call)
        if refused is not Code.OK or isinstance(body, Code):
            return reply_of(refused if isinstance(body, dict) else body)
        if not shapes.fits("TokenRequest", body):
            return reply_of(Code.BAD_REQUEST)
        meta, spec = body.get("metadata") or {}, body.get("spec") or {}
        self._recognise_bound(target, spec.get("boundObjectRef") or {})
        self._announce(call, target, body)
        admitted = self._admit("TokenRequest", "create", target, {**body, "spec": self._with_uids(spec)}, None)
        if admitted is not Code.OK:
            return reply_of(admitted)
        if meta.get("name") not in (None, "", target.name) or meta.get("namespace") not in (None, "", target.namespace):
            return reply_of(Code.INVALID)
        account = self.stored(target.key)
        if not account.exists:
            return reply_of(Code.NOT_FOUND)
        if meta.get("uid") and self.contents.uid_number(meta["uid"]) != account.uid:
            return reply_of(Code.CONFLICT)
        seconds = spec.get("expirationSeconds")
        if seconds is not None and not 600 <= seconds <= 1 << 32:
            return reply_of(Code.INVALID)
        bound = {target.key: account.uid}
        reference = spec.get("boundObjectRef")
        if reference is not None:
            found = self._bound_to(target, reference)
            if isinstance(found, Code):
                return reply_of(found)
            bound[found] = self.stored(found).uid
            if reference.get("uid") and self.contents.uid_number(reference["uid"]) != bound[found]:
                return reply_of(Code.CONFLICT)
        audiences = spec.get("audiences") or []
        if not audiences or any("kubernetes.default.svc" in str(a) for a in audiences):
            self._token = (service_account(target.name, target.namespace), bound)
        else:
            self._token = (service_account(target.name, target.namespace), {target.key: 0})  # it is for somebody else
        return Reply(201, kind="TokenRequest")

    def _recognise_bound(self, target: Target, reference: Json) -> None:
        """A uid that nobody has named yet is that of the object which it is said with."""
        uid = str(reference.get("uid") or "")
        found = self._bound_to(target, reference)
        if is_server_made(uid) and not self.contents.uids.knows(uid) and isinstance(found, Key):
            self.contents.uids.bind(uid, self.stored(found).uid)

    def _with_uids(self, spec: Json) -> Json:
        """A TokenRequest's spec with the uid of what it is bound to as the model writes it."""
        reference = spec.get("boundObjectRef")
        if not isinstance(reference, dict) or not reference.get("uid"):
            return spec
        uid = self.contents.uid_text(self.contents.uid_number(reference["uid"]))
        return {**spec, "boundObjectRef": {**reference, "uid": uid}}

    def _bound_to(self, target: Target, reference: Json) -> Key | Code:
        """The object that a token is bound to, or the refusal."""
        resources = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
        resource = resources.get(reference.get("kind") or "")
        if resource is None or reference.get("apiVersion") not in (None, "", "v1"):
            return Code.BAD_REQUEST
        namespace = "" if resource == "nodes" else target.namespace
        key = Key("", resource, namespace, reference.get("name") or "")
        found = self.find(key)
        if found is None:
            return Code.NOT_FOUND
        if resource == "pods" and (found.get("spec") or {}).get("serviceAccountName") != target.name:
            return Code.BAD_REQUEST
        return key

    def _resource(self, call: Call, target: Target, kind: Strategy) -> Reply:
        """A request about a kind of the model's, answered in the form that its Accept header asks for."""
        if not has_part(target, status=kind.status, scale=kind.scale) or not _is_path_of(kind, target):
            return reply_of(Code.NOT_FOUND)
        transformed = negotiated(call, target)
        if transformed is None:
            return Reply(406, "NotAcceptable")
        reply = self._handled(call, target, kind)
        if not transformed or reply.code >= 300 or reply.kind != kind.kind or reply.document is None:
            return reply
        return replace(reply, kind=transformed, document=as_transformed(transformed, reply.document))

    def _handled(self, call: Call, target: Target, kind: Strategy) -> Reply:
        if kind.group == "autoscaling" and target.version != "v2":
            raise NotModelled(f"version {target.version} of {kind.kind}")
        if kind.namespaced and not target.namespace and call.method != "GET":
            return reply_of(Code.METHOD_NOT_ALLOWED)
        self._is_known(call, target)
        if kind is NAMESPACE and call.method == "DELETE" and not target.subresource:
            return self._delete_namespace(call, target)
        if target.subresource == "finalize" and call.method != "PUT":
            return reply_of(Code.METHOD_NOT_ALLOWED)
        if target.subresource == "binding" and kind is POD:
            return self._bind(call, target) if call.method == "POST" else reply_of(Code.METHOD_NOT_ALLOWED)
        if target.subresource == "eviction" and kind is POD:
            return self._evict(call, target) if call.method == "POST" else reply_of(Code.METHOD_NOT_ALLOWED)
        part = _PARTS.get(target.subresource)
        if part is None:
            raise NotModelled(f"subresource {target.resource}/{target.subresource}")
        if call.method == "GET":
            return self._get(target, kind, part)
        if call.method == "POST":
            return self._create(call, target, kind) if not target.name else reply_of(Code.METHOD_NOT_ALLOWED)
        if call.method in ("PUT", "PATCH"):
            return self._update(call, target, kind, part)
        if call.method == "DELETE" and part is Part.MAIN:
            return self._delete(call, target, kind) if target.name else self._delete_collection(call, target, kind)
        return reply_of(Code.METHOD_NOT_ALLOWED)

    def _is_known(self, call: Call, target: Target) -> None:
        """Raises NotModelled for objects that every API server makes when it starts, of whose contents little is known."""
        key = target.key
        meta = call.body.get("metadata") if isinstance(call.body, dict) else None
        if not key.name and call.method == "POST" and isinstance(meta, dict) and isinstance(meta.get("name"), str):
            key = Key(key.group, key.resource, key.namespace, meta["name"])
        if is_bootstrapped(key) and not self.stored(key).exists:
            raise NotModelled(f"{key.resource}/{key.name}, which API servers make when they start")

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
        if (
            code == 201 and not stored.uid
        ):  # of a dry run, which makes up all that a creation does (FillObjectMetaSystemFields)
            document["metadata"].update({"uid": "of a dry run", "creationTimestamp": CREATED})
        if part is Part.SCALE:
            return Reply(code, None, "Scale", stored, scale_of(document))
        return Reply(code, None, kind.kind, stored, document)

    def _answered(self, kind: Strategy, part: Part, key: Key, answer: Answer) -> Reply:
        status = reply_of(answer.code)
        if answer.blank:
            blank = {"kind": kind.kind, "apiVersion": api_version(kind), "metadata": {}}
            return replace(status, kind=kind.kind, document=blank)
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

    def _create(self, call: Call, target: Target, kind: Strategy) -> Reply:
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
        if not name or not self.world.knows(named.key):
            return reply_of(Code.INVALID)
        request = Request(body=self._announce(call, named, body), dry_run=self._dry_run(target))
        slot = self.world.slot(named.key)
        reply = self._answered(
            kind, Part.MAIN, named.key, self._run(lambda etcd: create(etcd, self.registry, kind, slot, request))
        )
        if (
            reply.code == 201 and request.dry_run and meta.get("resourceVersion")
        ):  # nobody has put another one in its place
            reply.document["metadata"]["resourceVersion"] = meta["resourceVersion"]
        return reply

    def generated_name(self, target: Target, prefix: str) -> str:
        """The next name that was announced for a generateName (names.go, SimpleNameGenerator); what its letters are is not modelled."""
        for key in self.world.keys:
            place = (key.group, key.resource, key.namespace)
            ours = place == (target.group, target.resource, target.namespace)
            if ours and key.name.startswith(generated(prefix, 0)[:-1]) and not self.stored(key).exists:
                return key.name
        return generated(prefix, 0)

    def _update(self, call: Call, target: Target, kind: Strategy, part: Part) -> Reply:
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
        asked = Attributes("create", target.group, target.resource, target.subresource, target.namespace, target.name)
        if creates and part is Part.MAIN and not self._authorized(self.user, asked):
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
        reply = self._answered(kind, Part.MAIN, target.key, answer)
        if reply.code != 200 or self._orphans(call, target) is not False:
            return reply
        # An old client that did not want orphans is told that the object is still there.
        held = len(answer.object.finalizers) > 0 or (answer.object.grace or 0) > 0
        there = answer.object.exists and held if request.dry_run else self.stored(target.key).exists
        return replace(reply, code=202) if there else reply

    def _orphans(self, call: Call, target: Target) -> bool | None:
        """`orphanDependents`, of the body or else of the query."""
        if isinstance(call.body, dict):
            found: bool | None = call.body.get("orphanDependents")
            return found
        text = target.option("orphanDependents")
        return None if text is None else boolean(text)

    def _deletion(self, call: Call, target: Target) -> Request | Code:
        """DeleteOptions, of the body or else of the query; the refusal if they are invalid (ValidateDeleteOptions)."""
        options = call.body
        if call.body is not None or call.raw:
            options = decoded(call)
            if isinstance(options, Code):
                return options
        if options is not None and not shapes.fits("DeleteOptions", options):
            return Code.BAD_REQUEST
        if options is None:
            policy = target.option("propagationPolicy")
            options = {
                "dryRun": target.query.get("dryRun"),
                "propagationPolicy": policy,
                "orphanDependents": self._orphans(call, target),
                "gracePeriodSeconds": _number(target.option("gracePeriodSeconds")),
            }
            if not shapes.fits("DeleteOptions", options):
                return Code.BAD_REQUEST
        if options.get("kind") not in (None, "", "DeleteOptions"):
            return Code.BAD_REQUEST
        dry = options.get("dryRun") or []
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
        numbers = [integer(target.option(name)) for name in ("limit", "timeoutSeconds")]
        try:
            labels = label_requirements(target.option("labelSelector") or "")
            fields = field_requirements(target.option("fieldSelector") or "", kind=kind.kind)
        except SelectorError:
            return reply_of(Code.BAD_REQUEST)
        if None in numbers:
            return reply_of(Code.BAD_REQUEST)
        for name in ("resourceVersionMatch", "continue", "watch", "sendInitialEvents"):
            if target.option(name):
                raise NotModelled(f"DELETE of a collection with {name}")
        if target.option("resourceVersion") not in (None, "", "0"):
            raise NotModelled("DELETE of a collection with a resourceVersion but 0")
        request = self._deletion(call, target)
        if isinstance(request, Code):
            return reply_of(request)
        revision = self.world.run(lambda server: server.etcd.revision())
        place = (target.group, target.resource, target.namespace)
        listed: dict[Key, Json] = {}
        for key in self.world.keys:
            document = self.find(key) if (key.group, key.resource, key.namespace) == place else None
            if document is None:
                continue
            own = document["metadata"].get("labels") or {}
            if all(r.matches(own) for r in labels) and all(r.matches(fields_of(document)) for r in fields):
                listed[key] = {k: v for k, v in document.items() if k not in ("kind", "apiVersion")}
        limit = numbers[0] or 0
        served = list(listed)[: limit if limit > 0 and target.option("resourceVersion") != "0" else len(listed)]
        for key in served:
            slot = self.world.slot(key)
            answer = self._run(lambda etcd, slot=slot: delete(etcd, self.registry, kind, slot, request))
            if answer.code is not Code.OK and answer.code is not Code.NOT_FOUND:
                return reply_of(answer.code)
        meta: Json = {"resourceVersion": self.contents.revisions.text(revision)}
        if len(served) < len(listed):
            meta["continue"] = "more"
        document = {"metadata": meta, "items": [listed[key] for key in served]}
        return Reply(200, None, f"{kind.kind}List", document=document, revision=revision)

    def _bind_without_name(self, call: Call, target: Target) -> Reply:
        """POST of a Binding to the old resource `bindings`: the pod is that which its metadata names (storage.go, LegacyBindingREST)."""
        if target.name or target.subresource:
            return reply_of(Code.NOT_FOUND)
        if call.method != "POST" or not target.namespace:
            return reply_of(Code.METHOD_NOT_ALLOWED)
        body = decoded(call)
        meta = body.get("metadata") if isinstance(body, dict) else None
        name = meta.get("name") if isinstance(meta, dict) else None
        name = name if isinstance(name, str) else ""
        path, version, namespace = target.path, target.version, target.namespace
        return self._bind(call, Target(path, "", version, namespace, "pods", name, "binding", target.query))

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
        if (meta.get("name") or "") != target.name:
            return reply_of(Code.BAD_REQUEST)
        if meta.get("namespace") not in (None, "", target.namespace):
            return reply_of(Code.BAD_REQUEST)
        if not aim.get("name") or aim.get("kind") not in (None, "", "Node", "Minion"):
            return reply_of(Code.SERVER_ERROR)
        if not target.name:  # the key of no pod (registry/generic/registry/store.go, NamespaceKeyFunc)
            return reply_of(Code.BAD_REQUEST)
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
        admitted = self._admit("Eviction", "create", target, body, None)
        if admitted is not Code.OK:
            return reply_of(admitted)
        if (body.get("metadata") or {}).get("name") != target.name:
            return reply_of(Code.BAD_REQUEST)
        options = body.get("deleteOptions") or {}
        if self._dry_run(target):  # propagateDryRun
            if options.get("dryRun") not in (None, [], target.query["dryRun"]):
                return reply_of(Code.SERVER_ERROR)
            options = {**options, "dryRun": target.query["dryRun"]}
        request = self._deletion(Call(method="DELETE", path=call.path, body=options), target)
        if isinstance(request, Code):
            return reply_of(request)
        if "" in (options.get("preconditions") or {}).values() and not request.dry_run:
            raise NotModelled(
                "an eviction with an empty precondition"
            )  # which addConditionAndDeletePod does not look at
        slot = self.world.slot(target.key)
        budgets = JsonBudgets(self.world, self.contents)
        code = self._run(lambda etcd: evict(etcd, self.registry, budgets, slot, request)).code
        if code is not Code.TOO_MANY_REQUESTS:
            return reply_of(code)
        causes = ((None, "DisruptionBudget"),)
        return replace(reply_of(code), causes=causes, retry_after=budgets.waits[-1] if budgets.waits else None)


def _number(text: str | None) -> int | str | None:
    """An integer of the query; what is none stays text, which fits nothing."""
    found = integer(text)
    return None if text is None else text if found is None else found


def _is_path_of(kind: Strategy, target: Target) -> bool:
    """Whether the kind has such a path: with a namespace if it lives in one; without one there are only lists of all namespaces."""
    if not kind.namespaced:
        return not target.namespace
    return bool(target.namespace) or not target.name


__all__ = ["ApiServer", "Reply", "generated", "reply_of"]
