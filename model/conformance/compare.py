"""What was recorded of a probe, held against what the replay shows: every difference in words, both sides.

Compared are the code and the reason; of an answer with an object its relation to the object before and after, generation, finalizers,
deletion; the object after; the writes in etcd in order, with their relation to the answer; the events of a watch. Of the chosen fields
(`show`) those that the model has. Not compared: texts of messages, times, and names and uids that the server makes up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.http import target_of
from kubecheck.model.conformance.replay import Observation, Seen
from kubecheck.model.conformance.rows import Event, Row
from kubecheck.model.registry.etcd import Operation

Json = Any

_EVENTS: Final = {Operation.CREATE: "ADDED", Operation.UPDATE: "MODIFIED", Operation.DELETE: "DELETED"}
_WRITES: Final = {Operation.CREATE: "PUT", Operation.UPDATE: "PUT", Operation.DELETE: "DELETE"}
_STEP: Final = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
# Fields whose values a server makes up, or which tell of a manager's name.
_MADE_UP: Final = re.compile(
    r"metadata\.(uid|creationTimestamp|deletionTimestamp|resourceVersion|managedFields.*|name|generateName)$"
)


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
    if answer.kind is not None:
        compare("kind", answer.kind, reply.kind)
    _compare_answer(row, seen, compare)
    if row.object is not None and seen.key is not None:
        _compare_object(row, seen, compare)
    compare("etcd", [_written(w.op, w.rel) for w in row.etcd_writes], [_write(w, seen) for w in seen.writes])
    compare("events", [_event(e) for e in row.events], _events(row, seen))
    return found


def _compare_answer(row: Row, seen: Observation, compare: Any) -> None:
    reply, answer = seen.reply, row.response
    if reply.code < 300 and reply.stored is not None and reply.kind not in ("Status", "Scale"):
        compare("answer.generation", answer.generation, reply.stored.generation or None)
        compare("answer.finalizers", tuple(answer.finalizers or ()), seen.finalizers_answered)
        compare("answer is being deleted", answer.deletion_timestamp is not None, reply.stored.deleting)
        compare("answer.deletionGracePeriodSeconds", answer.grace, reply.stored.grace)
    if isinstance(answer.rv_rel, dict) and reply.stored is not None:
        version = reply.stored.version
        compare(
            "answer.resourceVersion to the one before",
            answer.rv_rel.get("before"),
            _relation(version, seen.before.version),
        )
        compare(
            "answer.resourceVersion to the one after",
            answer.rv_rel.get("after"),
            _relation(version, seen.after.version),
        )
    for path, value in (answer.show or {}).items():
        if reply.code < 300 and not _MADE_UP.match(path) and reply.document is not None:
            compare(f"answer.{path}", _plain(value), _plain(_at(reply.document, path)))


def _compare_object(row: Row, seen: Observation, compare: Any) -> None:
    recorded = row.object
    assert recorded is not None
    compare("exists before", recorded.exists_before, seen.before.exists)
    compare("exists after", recorded.exists_after, seen.after.exists)
    if seen.after.exists:
        changed = seen.before.version != seen.after.version
        compare("resourceVersion changed", recorded.rv_changed, changed)
        compare("generation after", recorded.generation_after, seen.after.generation or None)
        compare("finalizers after", tuple(recorded.finalizers_after), seen.finalizers_after)
        compare("is being deleted after", recorded.deleting, seen.after.deleting)
        if recorded.deleting:
            compare("deletionGracePeriodSeconds after", recorded.grace, seen.after.grace)
    if recorded.exists_before and recorded.exists_after:
        compare("the same object", recorded.uid_same, seen.before.uid == seen.after.uid)
    compare("generation before", recorded.generation_before, seen.before.generation or None)
    compare("writes to it", recorded.etcd_writes_to_it, sum(1 for w in seen.writes if w.key == seen.key))
    for path, value in (recorded.show or {}).items():
        if seen.after.exists and not _MADE_UP.match(path):
            compare(f"after: {path}", _plain(value), _plain(_at(seen.after_document, path)))


def _relation(one: int, other: int) -> str | None:
    if one == 0 or other == 0:
        return None
    return "=" if one == other else ">" if one > other else "<"


def _written(operation: str, relation: str | None) -> str:
    return f"{operation} {relation}" if relation else operation


def _answer_version(seen: Observation) -> int:
    if seen.reply.revision:
        return seen.reply.revision
    return seen.reply.stored.version if seen.reply.stored is not None else 0


def _write(written: Seen, seen: Observation) -> str:
    relation = _relation(written.revision, _answer_version(seen))
    return _written(_WRITES[written.operation], relation and f"{relation}answer")


def _event(event: Event) -> str:
    return " ".join([event.type, *event.rel])


def _events(row: Row, seen: Observation) -> list[str]:
    """What a watch of the observed object's collection delivers."""
    if row.object is None or not row.object.path:
        return []
    target = target_of(row.object.path)
    found = []
    for written in seen.writes:
        key = written.key
        if (key.group, key.resource, key.namespace) != (target.group, target.resource, target.namespace):
            continue
        words = [_EVENTS[written.operation]]
        for name, version in (
            ("answer", _answer_version(seen)),
            ("before", seen.before.version),
            ("after", seen.after.version),
        ):
            relation = _relation(written.revision, version)
            if relation:
                words.append(f"{relation}{name}")
        found.append(" ".join(words))
    return found


def _at(document: Json, path: str) -> Json:
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
    return value
