"""Rules of what the API server sees to at a creation, and of fields that nobody changes afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubecheck.traces.body import Body
from kubecheck.traces.effects import Effect, effect_of
from kubecheck.traces.event import Event
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, is_built_in, key_of
from kubecheck.traces.objects import Meta
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.rules.contents import TOLD_APART, one_form, one_kind
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_list, as_micros
from kubecheck.traces.versions import Change, Record, Step, slim
from kubecheck.traces.workloads import Workloads

CLOCK: Final = 60_000_000
"""Microseconds that a server's clock may have been set by while it served a request."""
_COUNTED: Final = frozenset((
    ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"), ("apps", "daemonsets"), ("batch", "jobs"),
    ("batch", "cronjobs"), ("policy", "poddisruptionbudgets"), ("networking.k8s.io", "networkpolicies"),
    ("networking.k8s.io", "ingresses"),
))
"""Kinds whose strategy's PrepareForCreate sets generation to 1, in every release."""
_STATUS: Final = frozenset((
    ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"), ("apps", "daemonsets"), ("batch", "jobs"), ("", "pods"),
))
"""Kinds whose strategy's PrepareForCreate empties status."""
_NAMESPACES: Final[Key] = ("", "namespaces", "", "")


class Creation(Rule):
    """What is new."""

    name = "store.creation"
    sentence = (
        "A new object has the creationTimestamp of its request, generation 1 and nothing in its status (as far as its kind counts and "
        "has these), is not being deleted, and lies in a namespace that exists."
    )
    source = (
        "staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go WipeObjectMetaSystemFields, FillObjectMetaSystemFields; strategy.go of "
        "each kind in pkg/registry (PrepareForCreate); "
        "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go Lifecycle.Admit"
    )
    nothing = "nothing is created in the log"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._homeless: dict[str, tuple[Key, Event]] = {}
        """Namespaces that nothing has told of -> what was created in them first."""

    def before_write(self, event: Event, record: Record | None) -> None:
        """The answer to a creation."""
        meta, key = event.answer, key_of(event)
        if effect_of(event) is not Effect.CREATE or meta is None or key is None:
            return
        self.judge()
        names = [key]
        if meta.deletion_timestamp is not None:
            self.violated(f"{event.resource} {event.name} was created with a deletionTimestamp", names, event)
        if is_built_in(event.group):
            self._time(event, meta, key)
        if key[:2] in _COUNTED and meta.generation is not None and meta.generation != 1:
            self.violated(f"{event.resource} {event.name} was created with generation {meta.generation}", names, event)
        if key[:2] in _STATUS and (told := _filled(event.resource, self.history.body_of(event))) is not None:
            self.violated(f"{event.resource} {event.name} was created with {told} in its status", names, event)
        if key[2] and key[2] not in self._homeless and len(self._homeless) < _HOMELESS and (
            ("", "namespaces", "", key[2]) not in self.history.records
        ):
            self._homeless[key[2]] = (key, slim(event))

    def _time(self, event: Event, meta: Meta, key: Key) -> None:
        created = as_micros(meta.creation_timestamp)
        if created is None or event.received is None or event.completed is None:
            return
        if not event.received - CLOCK <= created <= event.completed + CLOCK:
            self.violated(f"{event.resource} {event.name} has the creationTimestamp {meta.creation_timestamp}, which is not the time "
                          "of the request that created it", [key], event)

    def concluded(self, provenance: Provenance) -> None:
        """Namespaces that nothing has told of, if the log must have their creation."""
        kept = self.history.records.get(("", "namespaces", "", "kube-system"))
        if not self._homeless or not self.history.complete or self.history.restarts or kept is None or not kept.from_start:
            return
        if not self.history.covered(_NAMESPACES) or not provenance.has_all:
            return
        for namespace, (key, event) in self._homeless.items():
            if ("", "namespaces", "", namespace) not in self.history.records:
                self.violated(f"{event.resource} {event.name} was created in namespace {namespace}: there never was one", [key], event)


_HOMELESS: Final = 1_000


def _filled(resource: str | None, body: Body | None) -> str | None:
    """What the status of a new object holds that only a controller or kubelet can have put there."""
    status = as_dict(as_dict(body).get("status"))
    if resource == "pods":
        phase = status.get("phase")
        return f"phase {phase}" if phase not in (None, "Pending") else None
    name = next((name for name, value in status.items() if isinstance(value, int) and not isinstance(value, bool) and value), None)
    if name is None and as_list(status.get("conditions")):
        name = "conditions"
    return name


class Immutable(Rule):
    """What stays as it was."""

    name = "store.immutable-fields"
    sentence = (
        "A creationTimestamp never changes, nor the selector of a workload, nor what validation fixes of a pod's spec, nor the data of "
        "a ConfigMap or Secret that is immutable, nor the type of a Secret."
    )
    source = (
        "staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go ValidateObjectMetaAccessorUpdate; "
        "pkg/apis/apps/validation/validation.go ValidateDeploymentUpdate, ValidateReplicaSetUpdate, ValidateStatefulSetUpdate, "
        "ValidateDaemonSetSpecUpdate; pkg/apis/batch/validation/validation.go ValidateJobSpecUpdate; "
        "pkg/apis/core/validation/validation.go ValidatePodUpdate, ValidateSecretUpdate, ValidateConfigMapUpdate"
    )
    nothing = "no object is changed in the log"

    def step(self, step: Step) -> None:
        """Two versions of one object (of one uid), whatever was written between them."""
        before, after, record = step.before, step.after, step.record
        if before is None or before.uid is None or before.uid != after.uid:
            return
        one = before.meta.creation_timestamp if before.meta is not None else None
        other = after.meta.creation_timestamp if after.meta is not None else None
        compared = one is not None and other is not None
        if one != other and one is not None and other is not None:
            self.violated(f"the creationTimestamp of {record} changed from {one} to {other}", [record.key], after.event, before.event)
        old, new = before.body, after.body
        fixed = (record.key[:2] in _FIXED or record.key[:2] in _DATA) and after.change is not Change.REMOVE
        if not fixed or old is None or new is None or not one_form(old, new) or not one_kind(before.kind, after.kind) or not (
            old.both_tell(new, but=TOLD_APART)
        ):
            if compared:
                self.judge()
            return
        self.judge()
        changed = _changed(record.key, old, new)
        if changed is not None:
            self.violated(f"{changed} of {record} changed, which nobody can change", [record.key], after.event, before.event)


_FIXED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "deployments"): ("selector",),
    ("apps", "replicasets"): ("selector",),
    ("apps", "daemonsets"): ("selector",),
    ("apps", "statefulsets"): ("selector", "serviceName", "podManagementPolicy"),
    ("batch", "jobs"): ("selector", "completionMode"),
    ("", "pods"): (
        "serviceAccountName", "restartPolicy", "hostNetwork", "dnsPolicy", "schedulerName", "priorityClassName", "priority",
        "runtimeClassName", "hostname", "subdomain", "securityContext",
    ),
}
"""Fields of spec that no update may change, in any release, and that are told in the same way by every API version of their kind."""
_DATA: Final = frozenset((("", "secrets"), ("", "configmaps")))


def _changed(key: Key, old: Body, new: Body) -> str | None:
    """The field that changed and must not."""
    kind = key[:2]
    if kind in _DATA:
        if kind == ("", "secrets") and not old.same(new, "type"):
            return "type"
        fixed = ("data", "binaryData", "immutable") if old.get("immutable") is True else ()
        return next((name for name in fixed if not old.same(new, name)), None)
    if old.same(new, "spec"):
        return None
    one, other = as_dict(old.get("spec")), as_dict(new.get("spec"))
    return next((f"spec.{name}" for name in _FIXED[kind] if one.get(name) != other.get(name)), None)


RULES: tuple[type[Rule], ...] = (Creation, Immutable)
