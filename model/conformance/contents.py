"""Bodies as the model's `Contents`: a PUT, a PATCH, a create or a scale as a function from the stored object to the new one, on JSON.

The registry hands out and takes back records of small numbers; here a number is looked up, the change is made on the JSON that a client
would see, and the result is made numbers again. Where the model has no rule for what a request needs, `NotModelled` is raised.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kubecheck.model.conformance import admission, defaults, ownership, schema, services, shapes, validation
from kubecheck.model.conformance.documents import (
    STORED_MANAGERS,
    ManagedFields,
    Sent,
    api_version,
    as_written,
    convert,
    is_another_kind,
    is_elsewhere,
    is_strict,
    managed_fields,
    media_type,
    prepare,
    undecodable,
    without_duplicates,
    without_random_names,
)
from kubecheck.model.conformance.http import Key
from kubecheck.model.conformance.identities import Interner, Names, Revisions, finalizer_names
from kubecheck.model.conformance.patches import (
    BadPatch,
    PatchError,
    Unmergeable,
    json_patch,
    merge_patch,
    strategic_merge_patch,
)
from kubecheck.model.registry.kinds import CONTROLLER_REVISION, JOB, NAMESPACE, POD, SERVICE, Strategy
from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Code, Part, Proposed, Request
from kubecheck.model.registry.store import for_update

Json = Any

FIRST_FOREIGN_UID: Final = 1000
GENERATIONS: Final = 90
CREATED: Final = "2000-01-01T00:00:00Z"
_TERMINAL: Final = ("Succeeded", "Failed")
_REPLICAS: Final = ("spec", "replicas")
_MANAGER: Final = "client"


class NotModelled(Exception):  # noqa: N818 - it is no error of anybody
    """The model says nothing about this request; the text is the reason."""


@dataclass
class JsonContents:
    """The `Contents` of a replay.

    `lookup` finds another object of the cluster, `all_of` those of a resource in a namespace or in all, as admission plugins do; `rewrite`
    writes another object in the middle of a request.
    """

    lookup: Callable[[Key], Json | None]
    all_of: Callable[[str, str | None], Iterator[Json]]
    rewrite: Callable[[Key, Callable[[Stored], Stored]], None]
    interner: Interner = field(default_factory=Interner)
    uids: Names = field(default_factory=lambda: Names(FIRST_FOREIGN_UID))
    revisions: Revisions = field(default_factory=Revisions)
    finalizers: Names = field(default_factory=finalizer_names)
    nodes: Names = field(default_factory=lambda: Names(1))
    sent: list[Sent] = field(default_factory=list)
    trusted: bool = False  # a setup's creations were accepted: no validation of kinds without a table is needed

    # --- objects as JSON and as records

    def to_json(self, kind: Strategy, key: Key, stored: Stored) -> Json:
        """The object as a client sees it; times are not kept, the creation's is made up."""
        meta: dict[str, Json] = {"name": key.name}
        if key.namespace:
            meta["namespace"] = key.namespace
        if stored.uid:
            meta["uid"] = self.uid_text(stored.uid)
            meta["creationTimestamp"] = CREATED
        if stored.version:
            meta["resourceVersion"] = self.revisions.text(stored.version)
        if stored.generation:
            meta["generation"] = stored.generation
        if stored.deleting:
            meta["deletionTimestamp"] = CREATED
        if stored.grace is not None:
            meta["deletionGracePeriodSeconds"] = stored.grace
        if len(stored.finalizers) > 0:
            meta["finalizers"] = [self.finalizers.name(f) for f in stored.finalizers]
        for name, number in (
            ("labels", stored.labels),
            ("annotations", stored.annotations),
            ("ownerReferences", stored.owners),
        ):
            if number:
                meta[name] = self.interner.value(number)
        document: dict[str, Json] = {"apiVersion": api_version(kind), "kind": kind.kind, "metadata": meta}
        document.update(self.interner.value(stored.spec) or {})
        if stored.node:
            document.setdefault("spec", {})["nodeName"] = self.nodes.name(stored.node)
        if kind is JOB and stored.version and not stored.labels:
            # What is read from etcd gets its defaults anew, and then the template has labels (SetDefaults_Job).
            labels = (document["spec"]["template"].get("metadata") or {}).get("labels")
            meta.update({"labels": labels} if labels else {})
        status = self.interner.value(stored.status)
        if status is not None or kind.status:
            document["status"] = status or {}
        return document

    def uid_text(self, uid: int) -> str:
        """How a client writes a uid."""
        return self.uids.name(uid) or f"uid-{uid}"

    def uid_number(self, text: Json) -> int:
        """The uid that a client means; 0 if none is given."""
        if not text:
            return 0
        if isinstance(text, str) and text.startswith("uid-") and text[4:].isdigit():
            return int(text[4:])
        return self.uids.number(str(text))

    def to_record(self, kind: Strategy, document: Json, old: Stored) -> Proposed:
        """The reverse: what a client has written, as the registry takes it."""
        meta = document.get("metadata") or {}
        rest = {k: v for k, v in document.items() if k not in ("apiVersion", "kind", "metadata", "status")}
        status = document.get("status") if kind.status else None
        spec = rest.get("spec")
        node, gated, grace = 0, False, 0
        if kind is POD and isinstance(spec, dict):
            spec = rest["spec"] = dict(spec)
            node = self.nodes.number(spec.pop("nodeName")) if spec.get("nodeName") else 0
            spec.pop("nodeName", None)
            gated = bool(spec.get("schedulingGates"))
            grace = spec.get("terminationGracePeriodSeconds") or 0
        if kind is NAMESPACE:
            gated = bool((spec or {}).get("finalizers"))
        given_grace = meta.get("deletionGracePeriodSeconds")
        return Proposed(
            version=self.revisions.version(meta.get("resourceVersion")),
            object=old.next(
                uid=self.uid_number(meta.get("uid")),
                generation=_generation(meta),
                deleting=meta.get("deletionTimestamp") is not None,
                grace=given_grace,
                finalizers=tuple(self.finalizers.number(f) for f in meta.get("finalizers") or []),
                owners=self.interner.number(meta.get("ownerReferences")),
                labels=self.interner.number(meta.get("labels")),
                annotations=self.interner.number(meta.get("annotations")),
                spec=self.interner.number({k: v for k, v in rest.items() if v not in (None, {}, []) or k == "spec"}),
                status=self.interner.number(status),
                node=node,
                gated=gated,
                spec_grace=grace,
                terminal=kind is POD and (status or {}).get("phase") in _TERMINAL,
            ),
        )

    # --- Contents

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        """Applies the body, then defaults, then mutating admission, then says who owns the fields now."""
        sent = self.sent[request.body]
        key = sent.target.key
        if part is Part.SCALE:
            return self._scaled(kind, sent, stored)
        live = self.to_json(kind, key, stored) if stored.exists else None
        applied = self._applied(kind, part, sent, live, stored)
        if isinstance(applied, Code):
            return Proposed(code=applied)
        document, managers = applied
        if not shapes.fits(kind.kind, document):
            return Proposed(code=undecodable(sent.call))
        if sent.call.method == "PATCH" and is_strict(sent.target) and shapes.unknown(kind.kind, document):
            return Proposed(code=undecodable(sent.call))
        resets = managed_fields(document)
        document = shapes.decoded(kind.kind, document)
        if is_another_kind(kind, sent, document):
            return Proposed(code=undecodable(sent.call))
        if is_elsewhere(sent, document):
            return Proposed(code=Code.BAD_REQUEST)
        if live is None and not kind.generation and (document["metadata"].get("generation") or 0) < 0:
            return Proposed(code=Code.INVALID)
        if kind is CONTROLLER_REVISION and live is not None:
            document["data"] = as_written(sent.call, document.get("data"))
        document = defaults.with_defaults(kind.kind, document)
        if kind.status:
            document.setdefault("status", {})
        if kind is SERVICE and part is Part.MAIN and live is not None and _has_read_service(sent):
            services.recognise(document, live)
        convert(kind, part, document)
        # Who owns a field is told before plugins and strategies change it (handlers/create.go, update.go, patch.go).
        written = shapes.decoded(kind.kind, copy.deepcopy(document))
        if part is Part.MAIN:
            refusal = self._judged(lambda: admission.mutate(kind.kind, document, live, key, self))
            if refusal is not Code.OK:
                return Proposed(code=refusal)
        document["metadata"]["ownerReferences"] = without_duplicates(document["metadata"].get("ownerReferences") or [])
        document = shapes.decoded(kind.kind, document)
        prepare(kind, part, document, live)
        if kind is SERVICE and part is Part.MAIN and not self._served(document, live, key, dry_run=request.dry_run):
            return Proposed(code=Code.INVALID)
        document = shapes.decoded(kind.kind, document)
        proposed = self.to_record(kind, document, stored)
        return self._owned(kind, part, sent, proposed, written, stored, managers, given=resets)

    def _applied(
        self, kind: Strategy, part: Part, sent: Sent, live: Json, stored: Stored
    ) -> tuple[Json, ownership.Managers | None] | Code:
        """The new document, for an apply with the managers that it leads to; or the refusal."""
        try:
            return self._patched(kind, part, sent, live, stored)
        except PatchError:
            return Code.INVALID
        except BadPatch:
            return Code.BAD_REQUEST
        except (Unmergeable, ownership.Unapplicable):
            return Code.SERVER_ERROR
        except Conflicting:
            return Code.CONFLICT

    def _patched(
        self, kind: Strategy, part: Part, sent: Sent, live: Json, stored: Stored
    ) -> tuple[Json, ownership.Managers | None]:
        body, content_type = without_random_names(sent.body), media_type(sent.call)
        if sent.call.method != "PATCH":
            return body, None
        if content_type == "application/apply-patch+yaml":
            return self._apply(kind, part, sent, live, stored)
        if live is not None:
            live["metadata"]["managedFields"] = STORED_MANAGERS
        if content_type == "application/json-patch+json":
            return json_patch(live, body), None
        if content_type == "application/merge-patch+json":
            if not isinstance(body, dict):
                raise BadPatch("a merge patch is an object")
            return merge_patch(live, body), None
        of = schema.of_kind("Scale" if part is Part.SCALE else kind.kind)
        return strategic_merge_patch(live, body, of), None

    def _apply(
        self, kind: Strategy, part: Part, sent: Sent, live: Json, stored: Stored
    ) -> tuple[Json, ownership.Managers]:
        body = without_random_names(sent.body)
        version = "autoscaling/v1" if part is Part.SCALE else api_version(kind)
        if not isinstance(body, dict) or body.get("apiVersion") != version:
            raise BadPatch("a configuration is an object of the version that the path names")
        if isinstance(body.get("metadata"), dict) and body["metadata"].get("managedFields") is not None:
            raise BadPatch("metadata.managedFields must be nil")
        if part is Part.SCALE:
            return self._apply_scale(sent, live, stored)
        of = schema.of_kind(kind.kind)
        if body.get("kind") != kind.kind:
            raise BadPatch("a configuration is of the kind that the path names")
        if not shapes.fits(kind.kind, body):
            raise ownership.Unapplicable("a value of another type")
        ownership.check(of, body)
        manager = sent.target.option("fieldManager") or ""
        applied = ownership.apply(
            of, self.managers(stored) if live is not None else {(manager, "Apply", ""): frozenset()}, live or {}, body,
            manager, sent.target.subresource, force=sent.target.option("force") in ("true", "1"),
            ignored=(("spec",),) if part is Part.STATUS else (("status",),) if kind.status else (),
        )  # fmt: skip
        if applied.conflicts:
            raise Conflicting
        return applied.document, applied.managers

    def _apply_scale(self, sent: Sent, live: Json, stored: Stored) -> tuple[Json, ownership.Managers]:
        """An apply of a Scale: of the managers of the object only those of its replicas count (managedfields/scalehandler.go)."""
        if sent.body.get("kind") != "Scale" or not shapes.fits("Scale", sent.body):
            raise ownership.Unapplicable("another kind, or a value of another type")
        of = schema.of_kind("Scale")
        ownership.check(of, sent.body)
        before = self.managers(stored)
        of_replicas = {who: fields & {_REPLICAS} for who, fields in before.items() if _REPLICAS in fields}
        manager = sent.target.option("fieldManager") or ""
        applied = ownership.apply(
            of,
            of_replicas or {(manager, "Apply", "scale"): frozenset()},
            live,
            sent.body,
            manager,
            "scale",
            force=sent.target.option("force") in ("true", "1"),
        )
        if applied.conflicts:
            raise Conflicting
        managers = {
            who: fields - {_REPLICAS} | applied.managers.get(who, frozenset()) for who, fields in before.items()
        }
        return applied.document, {**managers, **applied.managers}

    def managers(self, stored: Stored) -> ownership.Managers:
        """Who owns the object's fields."""
        return ownership.from_json(self.interner.value(stored.managed))

    def _owned(
        self,
        kind: Strategy,
        part: Part,
        sent: Sent,
        proposed: Proposed,
        written: Json,
        stored: Stored,
        applied: ownership.Managers | None,
        *,
        given: ManagedFields,
    ) -> Proposed:
        """The proposed object with its managers; fields that this part of the object cannot change are nobody's doing.

        managedFields in a body count only where the whole object is written (managedfields/internal/fieldmanager.go, decodeLiveOrNew).
        """
        managers = applied
        if managers is None and part is Part.MAIN and given is ManagedFields.OTHER:
            raise NotModelled("managedFields in a body")
        if managers is None and part is Part.MAIN and given is ManagedFields.EMPTY and stored.exists:
            managers = {}
        if managers is None:
            key = sent.target.key
            new = self.to_record(kind, written, stored).object
            old = self.to_json(kind, key, stored) if stored.exists else {}
            if stored.exists:
                new = for_update(kind, part, new, stored, deletion_is_final=True)
            manager = sent.target.option("fieldManager") or _MANAGER
            managers = ownership.after_update(
                schema.of_kind(kind.kind),
                self.managers(stored),
                old,
                self.to_json(kind, key, new),
                manager,
                sent.target.subresource,
            )
        return proposed.next(object=proposed.object.next(managed=self.interner.number(ownership.to_json(managers))))

    def _scaled(self, kind: Strategy, sent: Sent, stored: Stored) -> Proposed:
        """PUT and PATCH of a Scale: replicas of the object, under the Scale's uid and resourceVersion.

        A write of a Scale writes managedFields even if nothing else changes (managedfields/scalehandler.go): the entry that it leaves has
        no time, and a second one is merged with it again.
        """
        if not stored.exists:
            return Proposed(code=Code.NOT_FOUND)
        live = self.to_json(kind, sent.target.key, stored)
        names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        scale: Json = {
            "metadata": {k: v for k, v in live["metadata"].items() if k in names},
            "spec": {"replicas": live["spec"].get("replicas", 0)},
        }
        applied = self._applied(kind, Part.SCALE, sent, scale, stored)
        if isinstance(applied, Code):
            return Proposed(code=applied)
        changed, managers = applied
        if not shapes.fits("Scale", changed):
            return Proposed(code=undecodable(sent.call))
        meta = changed.get("metadata") or {}
        if meta.get("name") != sent.target.name:
            return Proposed(code=Code.BAD_REQUEST)
        replicas = (changed.get("spec") or {}).get("replicas") or 0
        if replicas < 0:
            return Proposed(code=Code.INVALID)
        live["spec"]["replicas"] = replicas
        live["metadata"]["uid"] = meta.get("uid")
        live["metadata"]["resourceVersion"] = meta.get("resourceVersion")
        proposed = self.to_record(kind, live, stored)
        before = self.managers(stored)
        if managers is not None:
            if managers == before and proposed.object.spec == stored.spec:
                raise NotModelled("an apply of a Scale that changes nothing")
        else:
            own = (sent.target.option("fieldManager") or _MANAGER, "Update", "scale")
            managers = {who: owned - {_REPLICAS} for who, owned in before.items()}
            managers[own] = before.get(own, frozenset()) ^ {("scale",)} | {_REPLICAS}
        return proposed.next(object=proposed.object.next(managed=self.interner.number(ownership.to_json(managers))))

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        """Metadata of any kind; contents and their changes of the kinds that have rules."""
        key = self.key
        document = self.to_json(kind, key, new)
        before = self.to_json(kind, key, old) if old.exists else None
        if validation.metadata(kind.kind, document["metadata"]):
            return False
        if validation.problems(kind.kind, part.value, document, before):
            return False
        if not self.trusted:
            missing = validation.without_rule(kind.kind, part.value, document, before)
            if missing:
                raise NotModelled(f"validation of {missing}")
        return True

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        """Validating admission."""
        sent = self.sent[-1]
        if sent.call.method == "DELETE" or sent.target.subresource in ("binding", "eviction"):
            return Code.OK
        document = self.to_json(kind, self.key, new)
        before = self.to_json(kind, self.key, old) if old.exists else None
        return self._judged(
            lambda: admission.admit(kind.kind, part, document, before, self.key, self, dry_run=request.dry_run)
        )

    def _judged(self, ask: Callable[[], Code]) -> Code:
        try:
            return ask()
        except admission.Unjudged as unjudged:
            raise NotModelled(str(unjudged)) from None

    def write_status(self, key: Key, status: Json) -> None:
        """Writes the status of another object, as a plugin does."""
        self.rewrite(key, lambda stored: stored.next(status=self.interner.number(status)))

    def _served(self, document: Json, live: Json | None, key: Key, *, dry_run: bool) -> bool:
        """A Service with the addresses and ports that it needs; False if it cannot have them."""
        services.prepare(document, live)
        own = (key.namespace, key.name)
        others = (
            s for s in self.all_of("services", None) if (s["metadata"].get("namespace"), s["metadata"]["name"]) != own
        )
        return services.allocate(document, live, others, dry_run=dry_run)

    def terminating(self, namespace: Stored) -> Stored:
        """The namespace with the phase Terminating, for kubecheck.model.registry.namespaces."""
        status = {**(self.interner.value(namespace.status) or {}), "phase": "Terminating"}
        return namespace.next(status=self.interner.number(status))

    def bound(self, request: Request, stored: Stored) -> Stored:
        """Labels and annotations of the Binding, and the condition PodScheduled (assignPod, setPodNodeAndMetadata)."""
        body = self.sent[request.body].body or {}
        meta = dict(body.get("metadata") or {})
        target = body.get("target") or {}
        if target.get("kind") == "Node":
            meta["labels"] = {**(meta.get("labels") or {}), **admission.topology(target.get("name") or "", self)}
        status = self.interner.value(stored.status) or {}
        conditions = [c for c in status.get("conditions") or [] if c.get("type") != "PodScheduled"]
        status["conditions"] = [*conditions, {"type": "PodScheduled", "status": "True"}]
        status.pop("nominatedNodeName", None)
        changes = {}
        for name in ("labels", "annotations"):
            given = meta.get(name) or {}
            changes[name] = self.interner.number({**(self.interner.value(getattr(stored, name)) or {}), **given})
        return stored.next(status=self.interner.number(status), **changes)

    @property
    def key(self) -> Key:
        """The object of the request under way."""
        return self.sent[-1].target.key


def _has_read_service(sent: Sent) -> bool:
    """Whether a client may send back the addresses of a Service that it has read."""
    spec = sent.body.get("spec") if isinstance(sent.body, dict) else None
    return sent.call.method == "PUT" or (isinstance(spec, dict) and "clusterIPs" in spec)


def _generation(meta: Json) -> int:
    """The generation that a body gives, which a creation keeps where the kind counts none (rest/create.go, BeforeCreate)."""
    given: int = meta.get("generation") or 0
    if given > GENERATIONS:
        raise NotModelled(f"a generation above {GENERATIONS}")
    return max(given, 0)


class Conflicting(Exception):  # noqa: N818 - the way out of a patch
    """An apply would change fields that are others'."""
