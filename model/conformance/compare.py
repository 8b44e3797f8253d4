"""What was recorded of a probe, held against what the replay shows: every difference in words, both sides.

docs/conformance.md says what is compared and what is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.host import Reply
from kubecheck.model.conformance.http import Key, target_of
from kubecheck.model.conformance.identities import is_server_made
from kubecheck.model.conformance.jobs import JOB_UID
from kubecheck.model.conformance.replay import Observation, Seen
from kubecheck.model.conformance.rows import Event, Row, Written
from kubecheck.model.registry.etcd import Operation
from kubecheck.model.registry.objects import Stored

Json = Any
Compare = Callable[[str, Json, Json], None]

_EVENTS: Final = {Operation.CREATE: "ADDED", Operation.UPDATE: "MODIFIED", Operation.DELETE: "DELETED"}
_PREFIXES: Final = {
    ("", "nodes"): "minions", ("", "services"): "services/specs", ("", "endpoints"): "services/endpoints",
    ("", "replicationcontrollers"): "controllers", ("networking.k8s.io", "ingresses"): "ingress",
}  # fmt: skip
_LABELS: Final = ("l", "app")
_WRITES: Final = {Operation.CREATE: "PUT", Operation.UPDATE: "PUT", Operation.DELETE: "DELETE"}
_STEP: Final = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
# Fields whose values a server makes up: compared is whether they are set.
_MADE_UP: Final = re.compile(r"(.*\.)?metadata\.(uid|creationTimestamp|deletionTimestamp|resourceVersion|continue)$")
_MODELS_UID: Final = re.compile(rf"uid-[0-9]+|{JOB_UID}")
# Fields that the model does not keep.
_NOT_KEPT: Final = re.compile(r"(.*\.)?metadata\.(generateName|managedFields.*|selfLink)$")


@dataclass(frozen=True)
class Difference:
    """One thing that differs: what, as recorded, as the model has it."""

    what: str
    recorded: str
    model: str


def differences(row: Row, seen: Observation) -> list[Difference]:
    """Everything in which the replay differs from the recording; empty if they agree."""
    if seen.setup_differs:
        return [Difference("setup", "as recorded", seen.setup_differs)]
    found: list[Difference] = []

    def compare(what: str, recorded: Json, model: Json) -> None:
        if recorded != model:
            found.append(Difference(what, str(recorded), str(model)))

    reply, answer = seen.reply, row.response
    compare("code", answer.code, reply.code)
    compare("reason", answer.reason, reply.reason)
    if found:
        return found
    compare("kind", answer.kind, reply.kind)
    compare_status(row, reply, compare)
    _compare_answer(row, seen, compare)
    if row.object is not None and seen.key is not None:
        _compare_object(row, seen, compare)
    compare("etcd", [_recorded_write(w, seen) for w in row.etcd_writes], [_write(w, seen) for w in seen.writes])
    compare("events", [_recorded_event(e, seen) for e in row.events], _events(row, seen))
    compare("order of the revisions", *_orders(row, seen))
    status = (row.extra or {}).get("pdb_status_after")
    if status is not None and seen.budget_status is not None:
        compare("the budget's status after", _budget_status(status), _budget_status(seen.budget_status))
    status = (row.extra or {}).get("quota_status_after")
    if status is not None and seen.quota_status is not None:
        compare("the quota's status after", _plain(status), _plain(seen.quota_status))
    return found


def _orders(row: Row, seen: Observation) -> tuple[list[int], list[int]]:
    """The revisions of the answer, of the observed object and of the writes, by their order: as recorded, and as the model has them."""
    pairs: list[tuple[str | int | None, int]] = [(row.response.rv, _answer_version(seen))]
    if row.object is not None:
        pairs += [(row.object.rv_before, seen.before.version), (row.object.rv_after, seen.after.version)]
    if len(row.etcd_writes) == len(seen.writes):
        pairs += [(w.rev, s.revision) for w, s in zip(row.etcd_writes, seen.writes, strict=True)]
    delivered = _delivered(row, seen)
    if len(row.events) == len(delivered):
        pairs += [(e.rv, s.revision) for e, s in zip(row.events, delivered, strict=True)]
    told = [(int(recorded), model) for recorded, model in pairs if recorded is not None and model]
    return ranks([recorded for recorded, _ in told]), ranks([model for _, model in told])


def ranks(revisions: list[int]) -> list[int]:
    """The revisions by their order, from 0."""
    order = sorted(set(revisions))
    return [order.index(r) for r in revisions]


def compare_status(row: Row, reply: Reply, compare: Compare) -> None:
    """What a recorded Status holds besides code and reason, as far as the model knows it; and an answer that is no JSON."""
    answer = row.response
    if answer.status is not None:
        compare("status", answer.status, "Failure" if reply.code >= 400 else "Success")
        removed = row.request.method == "DELETE" and reply.code == 200
        compare("details.uid is set", bool(answer.details_uid_set), removed)
        compare("details.retryAfterSeconds", answer.retry_after, reply.retry_after)
        if reply.causes is not None:
            compare("causes", tuple((c.field, c.reason) for c in answer.causes or ()), reply.causes)
    if answer.text is not None and reply.text is not None:
        compare("text", answer.text, reply.text)


def _compare_answer(row: Row, seen: Observation, compare: Compare) -> None:
    reply, answer = seen.reply, row.response
    if reply.code < 300 and reply.stored is not None:
        whole = reply.kind not in ("Status", "Scale")
        stored = reply.stored if whole else Stored()
        compare("answer.generation", answer.generation, stored.generation or None)
        compare("answer.finalizers", tuple(answer.finalizers or ()), seen.finalizers_answered if whole else ())
        compare("answer is being deleted", answer.deletion_timestamp is not None, stored.deleting)
        compare("answer.deletionGracePeriodSeconds", answer.grace, stored.grace)
    relations = answer.rv_rel if isinstance(answer.rv_rel, dict) else {}
    version = _answer_version(seen)
    if isinstance(answer.rv_rel, dict) or answer.rv_rel is None:
        shows = reply.code < 300 and version > 0
        for name, other in (("before", seen.before.version), ("after", seen.after.version)):
            if relations or (shows and answer.rv is not None):
                compare(f"answer.resourceVersion to the one {name}", relations.get(name), _relation(version, other))
    for path, value in (answer.show or {}).items():
        if reply.code >= 300 or not is_compared(path, generates=seen.generates):
            continue
        if reply.document is None:
            raise NotModelled(f"what a {reply.kind or 'plain answer'} holds")
        compare(f"answer.{path}", told(path, _untold(reply, path, value)), told(path, at(reply.document, path)))


def is_compared(path: str, *, generates: bool) -> bool:
    """Whether a field that a probe shows is one that the model keeps; a name that a server made up is not."""
    return not _NOT_KEPT.match(path) and not (generates and path == "metadata.name")


def told(path: str, value: Json) -> Json:
    """What is compared of a field's value: of one that a server makes up whether it is set."""
    return value is not None if _MADE_UP.match(path) else _plain(value)


def _untold(reply: Reply, path: str, value: Json) -> Json:
    """Without the texts of a review's status."""
    if not (reply.kind or "").endswith("Review") or path != "status" or not isinstance(value, dict):
        return value
    return {name: child for name, child in value.items() if name not in ("reason", "evaluationError", "error")}


def _compare_object(row: Row, seen: Observation, compare: Any) -> None:
    recorded = row.object
    assert recorded is not None
    compare("exists before", recorded.exists_before, seen.before.exists)
    compare("finalizers before", tuple(recorded.finalizers_before), seen.finalizers_before)
    if recorded.deleting_before is not None:
        compare("is being deleted before", recorded.deleting_before, seen.before.deleting)
        compare("deletionGracePeriodSeconds before", recorded.grace_before, seen.before.grace)
    compare("exists after", recorded.exists_after, seen.after.exists)
    changed = seen.after.exists and seen.before.version != seen.after.version
    compare("resourceVersion changed", recorded.rv_changed, changed)
    compare("generation after", recorded.generation_after, seen.after.generation or None)
    compare("finalizers after", tuple(recorded.finalizers_after), seen.finalizers_after)
    compare("is being deleted after", recorded.deleting, seen.after.deleting)
    compare("deletionGracePeriodSeconds after", recorded.grace, seen.after.grace)
    if recorded.exists_before and recorded.exists_after:
        compare("the same object", recorded.uid_same, seen.before.uid == seen.after.uid)
    compare("generation before", recorded.generation_before, seen.before.generation or None)
    compare("writes to it", recorded.etcd_writes_to_it, sum(1 for w in seen.writes if w.key == seen.key))
    for path, value in (recorded.show or {}).items():
        if seen.after.exists and is_compared(path, generates=seen.generates):
            compare(f"after: {path}", told(path, value), told(path, at(seen.after_document, path)))


def _relation(one: int, other: int) -> str | None:
    if one == 0 or other == 0:
        return None
    return "=" if one == other else ">" if one > other else "<"


def _answer_version(seen: Observation) -> int:
    if seen.reply.revision:
        return seen.reply.revision
    return seen.reply.stored.version if seen.reply.stored is not None else 0


def _write(written: Seen, seen: Observation) -> str:
    relation = _relation(written.revision, _answer_version(seen))
    words = [_WRITES[written.operation], etcd_key(written.key) if not seen.generates else ""]
    return " ".join(filter(None, [*words, relation and f"{relation}answer"]))


def _recorded_write(written: Written, seen: Observation) -> str:
    return " ".join(filter(None, [written.op, written.key if not seen.generates else "", written.rel]))


def etcd_key(key: Key) -> str:
    """Where etcd has an object (pkg/kubeapiserver/default_storage_factory_builder.go, SpecialDefaultResourcePrefixes)."""
    resource = _PREFIXES.get((key.group, key.resource), key.resource)
    return "/".join(["/registry", resource, *filter(None, [key.namespace, key.name])])


def _recorded_event(event: Event, seen: Observation) -> tuple[Json, ...]:
    name = None if seen.generates else event.name
    relations = " ".join(event.rel)
    return (event.type, name, relations, event.deleting, event.phase, event.node, recorded_labels(event.labels))


def recorded_labels(labels: dict[str, str] | None) -> dict[str, str] | None:
    """Of an event's labels those that the recording's tool writes down."""
    return {k: v for k, v in (labels or {}).items() if k in _LABELS} or None


def _delivered(row: Row, seen: Observation) -> list[Seen]:
    """The writes that a watch of the observed object's collection delivers."""
    if row.object is None or not row.object.path:
        return []
    target = target_of(row.object.path)
    place = (target.group, target.resource, target.namespace)
    return [w for w in seen.writes if (w.key.group, w.key.resource, w.key.namespace) == place]


def _events(row: Row, seen: Observation) -> list[tuple[Json, ...]]:
    """What a watch of the observed object's collection delivers."""
    found = []
    for written in _delivered(row, seen):
        key = written.key
        words = []
        for name, version in (
            ("answer", _answer_version(seen)),
            ("before", seen.before.version),
            ("after", seen.after.version),
        ):
            relation = _relation(written.revision, version)
            if relation:
                words.append(f"{relation}{name}")
        document = seen.documents[written.revision]
        meta, spec, status = document["metadata"], document.get("spec"), document.get("status") or {}
        found.append(
            (
                _EVENTS[written.operation], None if seen.generates else key.name, " ".join(words), "deletionTimestamp" in meta,
                status.get("phase"), spec.get("nodeName") if isinstance(spec, dict) else None, recorded_labels(meta.get("labels")),
            )
        )  # fmt: skip
    return found


def _budget_status(status: Json) -> Json:
    """Of a budget's status what is no time: which pods are disrupted, not since when; and nothing for 0."""
    if not isinstance(status, dict):
        return status
    found = {**status, "disruptedPods": sorted(status.get("disruptedPods") or {})}
    return {k: v for k, v in (_plain(found) or {}).items() if v not in (0, "")}


def at(document: Json, path: str) -> Json:
    """The value at a path such as spec.containers[0].image; None if there is none."""
    found = document
    for name, index in _STEP.findall(path):
        if name and isinstance(found, dict):
            found = found.get(name)
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            return None
    return found


def _plain(value: Json) -> Json:
    """Without what a server makes up, and with nothing for empty."""
    if isinstance(value, dict):
        made_up = ("uid", "creationTimestamp", "lastTransitionTime", "resourceVersion")
        kept = {k: _plain(v) for k, v in value.items() if k not in made_up}
        return {k: v for k, v in kept.items() if v is not None} or None
    if isinstance(value, list):
        return [_plain(v) for v in value] or None
    if isinstance(value, str) and (is_server_made(value) or _MODELS_UID.fullmatch(value)):
        return "a uid that a server made up"
    return value
