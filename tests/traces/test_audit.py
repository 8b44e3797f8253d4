"""Audit logs: what an Event takes from a line, at every level, and what is said of a line that is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kubecheck.traces.event import Event, Kind, Level, Malformed, Stage
from kubecheck.traces.objects import Meta
from kubecheck.traces.readers import audit
from kubecheck.traces.readers.files import Input
from tests.traces.logs import RUN, audit_line, encoded, lines


def read(tmp_path: Path, data: bytes) -> list[Event | Malformed]:
    file = tmp_path / "audit.log"
    file.write_bytes(data)
    return list(audit.read(Input(str(file)), server="api-1"))


def one(tmp_path: Path, **changes: Any) -> Event:
    (found,) = read(tmp_path, encoded(audit_line(**changes)))
    assert isinstance(found, Event)
    return found


def test_update(tmp_path: Path) -> None:
    event = one(tmp_path)
    assert (event.kind, event.line, event.server, event.stage) == (Kind.REQUEST, 1, "api-1", Stage.COMPLETE)
    assert (event.user, event.groups, event.agent, event.verb) == ("alice", ("system:authenticated",), "kubectl", "update")
    assert (event.resource, event.group, event.subresource, event.namespace, event.name) == ("configmaps", "", "", "t", "c")
    assert (event.precondition_version, event.precondition_uid, event.uid) == ("6", "u", "u")
    assert (event.code, event.ok, event.version, event.answer_kind) == (200, True, 7, "ConfigMap")
    assert (event.received, event.completed) == (1795402856203590, 1795402856205173)
    assert event.level is Level.REQUEST_RESPONSE
    assert event.request_object()["metadata"]["resourceVersion"] == "6"


def test_every_field_is_where_its_name_says(tmp_path: Path) -> None:
    """The reader builds events by position: each field of this line has a value of its own."""
    request = {"kind": "Patch", "metadata": {"uid": "wanted-uid", "resourceVersion": "41"}}
    response = {"kind": "Scale", "metadata": {"name": "answered", "uid": "answered-uid", "resourceVersion": "42"}}
    patched = one(
        tmp_path, verb="patch", impersonatedUser={"username": "bob"}, userAgent="agent", auditID="id", requestURI="/uri?dryRun=All",
        user={"username": "alice", "uid": "user-uid", "groups": ["group"],
              "extra": {"authentication.kubernetes.io/credential-id": ["credential"]}},
        objectRef={"resource": "deployments", "apiGroup": "apps", "namespace": "t", "name": "web", "subresource": "scale"},
        responseStatus={"code": 202, "reason": "Reason", "message": "message"}, requestObject=request, responseObject=response,
        annotations={"authorization.k8s.io/decision": "allow"},
    )
    expected = Event(
        kind=Kind.REQUEST, file=str(tmp_path / "audit.log"), line=1, server="api-1", user="alice", groups=("group",), agent="agent",
        user_uid="user-uid", credential="credential", impersonated="bob", verb="patch", group="apps", resource="deployments",
        subresource="scale", namespace="t", name="web", uid="answered-uid", precondition_version="41", precondition_uid="wanted-uid",
        dry_run=True, uri="/uri?dryRun=All", stage=Stage.COMPLETE, code=202, reason="Reason", message="message", answer_kind="Scale",
        answer=Meta(name="answered", uid="answered-uid", resource_version="42"), received=1795402856203590,
        completed=1795402856205173, audit_id="id", level=Level.REQUEST_RESPONSE, decision="allow",
        request=msgspec.Raw(json.dumps(request).encode()), response=msgspec.Raw(json.dumps(response).encode()),
    )
    for field in Event.__struct_fields__:
        assert getattr(patched, field) == getattr(expected, field), field
    listed = one(tmp_path, verb="list", requestURI="/?resourceVersion=7&resourceVersionMatch=Exact", requestObject=None)
    assert (listed.requested_version, listed.version_match) == ("7", "Exact")


@pytest.mark.parametrize("level", ["Metadata", "Request"])
def test_lower_levels_keep_the_precondition_and_the_outcome(tmp_path: Path, level: str) -> None:
    request = None if level == "Metadata" else audit_line()["requestObject"]
    event = one(tmp_path, level=level, requestObject=request, responseObject=None)
    assert event.level is (Level.METADATA if level == "Metadata" else Level.REQUEST)
    assert (event.precondition_version, event.code, event.version) == ("6", 200, None)
    assert (event.request is None, event.response) == (level == "Metadata", None)


def test_failure(tmp_path: Path) -> None:
    status = {"code": 409, "reason": "Conflict", "message": "modified", "details": {"name": "c"}}
    event = one(tmp_path, responseStatus=status, responseObject={"kind": "Status", "metadata": {}, **status})
    assert (event.code, event.reason, event.message, event.ok) == (409, "Conflict", "modified", False)
    assert (event.answer_kind, event.answer, event.uid) == ("Status", None, None)


def test_delete_answered_with_a_status_tells_the_uid(tmp_path: Path) -> None:
    options = {"kind": "DeleteOptions", "preconditions": {"uid": "u9", "resourceVersion": "5"}, "dryRun": ["All"]}
    event = one(
        tmp_path, verb="delete", objectRef={"resource": "configmaps", "namespace": "t", "name": "c"}, requestObject=options,
        responseStatus={"code": 200, "details": {"uid": "u9"}}, responseObject={"kind": "Status", "details": {"uid": "u9"}},
    )  # fmt: skip
    assert (event.uid, event.precondition_uid, event.precondition_version, event.dry_run) == ("u9", "u9", "5", True)


@pytest.mark.parametrize(
    ("body", "version", "uid"),
    [
        ({"metadata": {"resourceVersion": "4", "uid": "u4"}}, "4", "u4"),
        ({"spec": {"replicas": 1}}, None, None),
        ([{"op": "test", "path": "/metadata/resourceVersion", "value": "4"}], None, None),
    ],
)
def test_patch(tmp_path: Path, body: object, version: str | None, uid: str | None) -> None:
    event = one(tmp_path, verb="patch", objectRef={"resource": "configmaps", "name": "c"}, requestObject=body)
    assert (event.precondition_version, event.precondition_uid) == (version, uid)
    assert event.request_object() == body


def test_generated_name_is_taken_from_the_answer(tmp_path: Path) -> None:
    answer = {"kind": "Pod", "metadata": {"name": "web-x7", "uid": "u1", "resourceVersion": "9"}}
    event = one(tmp_path, verb="create", objectRef={"resource": "pods", "namespace": "t"}, responseObject=answer)
    assert (event.name, event.uid, event.version) == ("web-x7", "u1", 9)


@pytest.mark.parametrize(
    ("query", "version", "match"),
    [
        ("", None, None),
        ("?resourceVersion=", "", None),
        ("?limit=5&resourceVersion=0", "0", None),
        ("?resourceVersionMatch=NotOlderThan&resourceVersion=12", "12", "NotOlderThan"),
        ("?x=resourceVersion%3D3", None, None),
        ("?resourceVersion=%31%32&resourceVersion=3", "12", None),
    ],
)
def test_reads_tell_the_version_asked_for(tmp_path: Path, query: str, version: str | None, match: str | None) -> None:
    event = one(tmp_path, verb="list", requestURI="/api/v1/pods" + query)
    assert (event.requested_version, event.version_match) == (version, match)


def test_who(tmp_path: Path) -> None:
    user = {
        "username": "system:serviceaccount:kube-system:job-controller", "uid": "x",
        "extra": {"authentication.kubernetes.io/credential-id": ["JTI=1"], "other": ["y"]},
    }  # fmt: skip
    event = one(tmp_path, user=user, impersonatedUser={"username": "bob"}, annotations={"authorization.k8s.io/decision": "forbid"})
    assert (event.credential, event.user_uid, event.impersonated, event.decision) == ("JTI=1", "x", "bob", "forbid")


def test_refused_authentication_has_no_user_and_no_object(tmp_path: Path) -> None:
    event = one(
        tmp_path, stage="ResponseStarted", user={}, objectRef=None, requestObject=None, responseObject=None,
        responseStatus={"code": 401},
    )  # fmt: skip
    assert (event.user, event.resource, event.code, event.stage) == ("", None, 401, Stage.STARTED)


def test_dry_run_in_the_uri(tmp_path: Path) -> None:
    assert one(tmp_path, requestURI="/api/v1/namespaces/t/configmaps/c?dryRun=All").dry_run


def test_null_bodies_are_no_bodies(tmp_path: Path) -> None:
    line = encoded(audit_line()).replace(b'"requestObject": {', b'"requestObject": null, "x": {')
    (event,) = read(tmp_path, line)
    assert isinstance(event, Event)
    assert event.request is None


def test_webhook_batches(tmp_path: Path) -> None:
    batch = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [audit_line(), {"x": 1}, audit_line(auditID="a-2")]}
    first, bad, last = read(tmp_path, encoded(batch))
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    assert (first.audit_id, last.audit_id, first.line) == ("a-1", "a-2", 1)
    assert isinstance(bad, Malformed)


@pytest.mark.parametrize(
    ("data", "column", "message"),
    [
        (b'{"kind":"Event",', 17, "the line breaks off: not complete JSON"),
        (b'{"kind":Event}', 9, "not JSON: expecting value"),
        (b"\0\0\0", 1, "a NUL byte: not JSON (was the file cut off by a crash, or is it UTF-16?)"),
        (b'{"kind":"\xff"}', 10, "byte 0xff is not UTF-8"),
        (b"[1]", None, "expected `object`, got `int`"),
        (encoded({"kind": "Event"}), None, "object missing required field `level`"),
        (encoded(audit_line(verb=3)), encoded(audit_line(verb=3)).index(b'"verb"') + 1, "expected `str`, got `int` at verb"),
        (encoded(audit_line(stage="Done")), encoded(audit_line()).index(b'"stage"') + 1, "invalid enum value 'Done' at stage"),
        (encoded(audit_line(user=3)), encoded(audit_line(user=3)).index(b'"user"') + 1, "expected `object`, got `int` at user"),
        (
            encoded(audit_line(user={"username": 3})), encoded(audit_line(user={"username": 3})).index(b'"username"') + 1,
            "expected `str`, got `int` at user.username",
        ),
        (
            encoded(audit_line(impersonatedUser="x")), encoded(audit_line(impersonatedUser="x")).index(b'"impersonatedUser"') + 1,
            "expected `object`, got `str` at impersonatedUser",
        ),
        (
            encoded(audit_line(responseObject=3)), encoded(audit_line(responseObject=3)).index(b'"responseObject"') + 1,
            "expected `object`, got `int` at responseObject",
        ),
        (encoded(audit_line(level="All")), None, "level All: expected Metadata, Request or RequestResponse"),
        (encoded(audit_line(kind="Policy")), None, "kind Policy: expected Event of audit.k8s.io/v1"),
        (encoded(audit_line(stageTimestamp="now")), None, "'now' is not a time like 2026-11-23T03:00:56.203590Z"),
        (
            encoded(audit_line(responseObject={"metadata": {"name": 3}})),
            None,
            "expected `str | null`, got `int` at responseObject.metadata.name",
        ),
        (b'{"a":' + b"[" * 100_000, 5 + 100, "nested too deeply"),
    ],
)
def test_malformed(tmp_path: Path, data: bytes, column: int | None, message: str) -> None:
    good = encoded(audit_line())
    first, bad, last = read(tmp_path, good + data.rstrip(b"\n") + b"\n" + good)
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    assert last.line == 3
    assert isinstance(bad, Malformed)
    assert (bad.line, bad.column, bad.message) == (2, column, message)


def test_a_real_log_is_read_whole() -> None:
    events = list(audit.read(Input(str(RUN / "audit.jsonl.gz"))))
    logged = [json.loads(line) for line in lines("audit.jsonl.gz")]
    assert len(events) == len(logged) > 2000
    for event, line in zip(events, logged, strict=True):
        assert isinstance(event, Event)
        ref, answer = line.get("objectRef", {}), line.get("responseObject") or {}
        assert (event.verb, event.user, event.audit_id) == (line["verb"], line["user"]["username"], line["auditID"])
        assert event.resource == ref.get("resource")
        assert event.code == line.get("responseStatus", {}).get("code")
        assert event.request_object() == line.get("requestObject")
        assert event.response_object() == line.get("responseObject")
        version = answer.get("metadata", {}).get("resourceVersion") if answer.get("kind") != "Status" else None
        assert event.version == (int(version) if version else None)


def test_rotation_leaves_half_a_line(tmp_path: Path) -> None:
    data = gzip.decompress((RUN / "audit.jsonl.gz").read_bytes())
    items = read(tmp_path, data[200:90_000])
    assert [type(item) for item in items[:1] + items[-1:]] == [Malformed, Malformed]
    assert all(isinstance(item, Event) for item in items[1:-1])
    assert len(items) > 20
