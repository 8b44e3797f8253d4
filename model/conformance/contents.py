"""Bodies as the model's `Contents`: a PUT, a PATCH, a create or a scale as a function from the stored object to the new one, on JSON.

The registry hands out and takes back records of small numbers; here a number is looked up, the change is made on the JSON that a client
would see, and the result is made numbers again. Where the model has no rule for what a request needs, `NotModelled` is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from kubecheck.model.conformance import defaults, other_kinds, ownership, shapes, validation
from kubecheck.model.conformance.documents import (
    Sent,
    api_version,
    known,
    media_type,
    mismatches,
    prepare_for_create,
    resets_managers,
    taint,
    template_generation,
    undecodable,
)
from kubecheck.model.conformance.http import Key
from kubecheck.model.conformance.identities import Interner, Names, Revisions, finalizer_names
from kubecheck.model.conformance.patches import BadPatch, PatchError, json_patch, merge_patch, strategic_merge_patch
from kubecheck.model.registry.kinds import DAEMON_SET, NAMESPACE, NODE, POD, Strategy
from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.requests import Code, Part, Proposed, Request
from kubecheck.model.registry.store import for_update

Json = Any

FIRST_FOREIGN_UID: Final = 1000
_CREATED: Final = "2000-01-01T00:00:00Z"
_TERMINAL: Final = ("Succeeded", "Failed")
_MANAGER: Final = "client"
_VALIDATED: Final = {
    "ConfigMap", "Pod", "ReplicaSet", "Deployment", "Node", "Secret", "Lease", "StatefulSet", "DaemonSet", "ServiceAccount",
}  # fmt: skip


class NotModelled(Exception):  # noqa: N818 - it is no error of anybody
    """The model says nothing about this request; the text is the reason."""


@dataclass
class JsonContents:
    """The `Contents` of a replay. `lookup` finds another object of the cluster, as admission plugins do."""

    lookup: Callable[[Key], Json | None]
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
            meta["creationTimestamp"] = _CREATED
        if stored.version:
            meta["resourceVersion"] = self.revisions.text(stored.version)
        if stored.generation:
            meta["generation"] = stored.generation
        if stored.deleting:
            meta["deletionTimestamp"] = _CREATED
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
        try:
            document, managers = self._applied(kind, part, sent, live, stored)
        except PatchError:
            return Proposed(code=Code.INVALID)
        except BadPatch:
            return Proposed(code=Code.BAD_REQUEST)
        except Conflicting:
            return Proposed(code=Code.CONFLICT)
        if not shapes.fits(kind.kind, document) or validation.quantities(kind.kind, document):
            return Proposed(code=undecodable(sent.call))
        document = known(kind.kind, document)
        if mismatches(kind, sent, document):
            return Proposed(code=Code.BAD_REQUEST)
        document = defaults.with_defaults(kind.kind, document)
        if kind is POD and part is Part.MAIN:
            refusal = self._admit_pod(document, key, creation=live is None)
            if refusal is not Code.OK:
                return Proposed(code=refusal)
        if kind is DAEMON_SET:
            template_generation(document, live)
        if kind is NODE and live is None:
            taint(document)
        if live is None:
            prepare_for_create(kind, document)
            other_kinds.prepare_for_create(kind.kind, document)
        proposed = self.to_record(kind, document, stored)
        return self._owned(kind, part, sent, proposed, stored, managers, reset=resets_managers(document))

    def _applied(
        self, kind: Strategy, part: Part, sent: Sent, live: Json, stored: Stored
    ) -> tuple[Json, ownership.Managers | None]:
        """The new document; for an apply with the managers that it leads to."""
        body, content_type = sent.body, media_type(sent.call)
        if sent.call.method != "PATCH":
            return body, None
        if content_type == "application/apply-patch+yaml":
            if not isinstance(body, dict) or not body.get("kind") or not body.get("apiVersion"):
                raise BadPatch("a configuration is an object with kind and apiVersion")
            if isinstance(body.get("metadata"), dict) and body["metadata"].get("managedFields"):
                raise BadPatch("metadata.managedFields must be nil")
            if not shapes.fits(kind.kind, body):
                return body, None
            manager = sent.target.option("fieldManager") or ""
            if live is None:
                fields = frozenset(ownership.leaves(body))
                return body, {(manager, "Apply", sent.target.subresource): fields}
            normal = defaults.with_defaults(kind.kind, {**live, "metadata": live["metadata"]})
            applied = ownership.apply(
                self.managers(stored), normal, body, manager, sent.target.subresource,
                force=sent.target.option("force") == "true",
            )  # fmt: skip
            if applied.conflicts:
                raise Conflicting
            return applied.document, applied.managers
        if content_type == "application/json-patch+json":
            return json_patch(live, body), None
        if content_type == "application/merge-patch+json":
            if not isinstance(body, dict):
                raise BadPatch("a merge patch is an object")
            return merge_patch(live, body), None
        return strategic_merge_patch(live, body), None

    def managers(self, stored: Stored) -> ownership.Managers:
        """Who owns the object's fields."""
        return ownership.from_json(self.interner.value(stored.managed))

    def _owned(
        self,
        kind: Strategy,
        part: Part,
        sent: Sent,
        proposed: Proposed,
        stored: Stored,
        applied: ownership.Managers | None,
        *,
        reset: bool,
    ) -> Proposed:
        """The proposed object with its managers; fields that this part of the object cannot change are nobody's doing."""
        managers = applied
        if reset:
            managers = {}
        if managers is None:
            key = sent.target.key
            new = proposed.object
            old = self.to_json(kind, key, stored) if stored.exists else {}
            if stored.exists:
                new = for_update(kind, part, new, stored, deletion_is_final=True)
            manager = sent.target.option("fieldManager") or _MANAGER
            managers = ownership.after_update(
                self.managers(stored), old, self.to_json(kind, key, new), manager, sent.target.subresource
            )
        return proposed.next(object=proposed.object.next(managed=self.interner.number(ownership.to_json(managers))))

    def _admit_pod(self, document: Json, key: Key, *, creation: bool) -> Code:
        """Mutating admission of a pod: a service account that exists, priority, tolerations."""
        spec = document["spec"]
        if creation:
            for field_, plugin in (("priorityClassName", "Priority"), ("runtimeClassName", "RuntimeClass")):
                if spec.get(field_):
                    raise NotModelled(f"admission plugin {plugin} with spec.{field_}")
            if spec.get("priority") not in (None, 0):
                return Code.FORBIDDEN
            account = spec.get("serviceAccountName") or "default"
            if self.lookup(Key("", "serviceaccounts", key.namespace, account)) is None:
                return Code.FORBIDDEN
        defaults.admitted_pod(document, creation=creation)
        return Code.OK

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
        try:
            changed, _ = self._applied(kind, Part.SCALE, sent, scale, stored)
        except Conflicting:
            return Proposed(code=Code.CONFLICT)
        except PatchError:
            return Proposed(code=Code.INVALID)
        except BadPatch:
            return Proposed(code=Code.BAD_REQUEST)
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
        managers = self.managers(stored)
        own = (_MANAGER, "Update", "scale")
        fields = managers.get(own, frozenset())
        path = ("spec", "replicas")
        changed_fields = {who: owned - {path} for who, owned in managers.items()}
        changed_fields[own] = fields ^ {("scale",)} | {path}
        return proposed.next(
            object=proposed.object.next(managed=self.interner.number(ownership.to_json(changed_fields)))
        )

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        """Metadata of any kind; contents and their changes of the kinds that have a table."""
        key = self.key
        document = self.to_json(kind, key, new)
        if validation.metadata(kind.kind, document["metadata"]):
            return False
        before = self.to_json(kind, key, old) if old.exists else None
        if kind.kind in other_kinds.KINDS and part is Part.STATUS:
            return not other_kinds.status(kind.kind, document)
        if kind.kind in other_kinds.KINDS:
            if before is not None and other_kinds.grows(kind.kind, document, before):
                raise NotModelled("admission plugin PersistentVolumeClaimResize")
            problems = other_kinds.contents(kind.kind, document)
            return not problems and (before is None or not other_kinds.change(kind.kind, document, before))
        known = kind.kind in _VALIDATED or kind.kind in other_kinds.KINDS
        if not known and not self.trusted and new.spec != old.spec:
            raise NotModelled(f"validation of {kind.kind}")
        if part is Part.STATUS and kind is not POD:
            return True
        if part is not Part.STATUS and validation.contents(kind.kind, document):
            return False
        return before is None or not validation.change(kind.kind, part.value, document, before)

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        """Validating admission: nothing that the default plugins refuse is modelled here; see server.py for namespaces."""
        del kind, part, request, new, old
        return Code.OK

    def terminating(self, namespace: Stored) -> Stored:
        """The namespace with the phase Terminating, for kubecheck.model.registry.namespaces."""
        status = {**(self.interner.value(namespace.status) or {}), "phase": "Terminating"}
        return namespace.next(status=self.interner.number(status))

    def bound(self, request: Request, stored: Stored) -> Stored:
        """Labels and annotations of the Binding, and the condition PodScheduled (assignPod, setPodNodeAndMetadata)."""
        meta = (self.sent[request.body].body or {}).get("metadata") or {}
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


class Conflicting(Exception):  # noqa: N818 - the way out of a patch
    """An apply would change fields that are others'."""
