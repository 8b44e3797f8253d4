"""Watch streams, raw and as kubectl prints them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubecheck.traces.event import Delivery, Event, Kind, Malformed
from kubecheck.traces.readers import watch
from kubecheck.traces.readers.files import Input
from kubecheck.traces.resources import resource_of
from tests.traces.logs import encoded, lines


def read(tmp_path: Path, data: bytes) -> list[Event | Malformed]:
    file = tmp_path / "watch.json"
    file.write_bytes(data)
    return list(watch.read(Input(str(file)), stream="w"))


def watched(kind: str = "ADDED", version: str = "5", **metadata: Any) -> dict[str, Any]:
    meta = {"name": "web", "namespace": "default", "uid": "u", "resourceVersion": version} | metadata
    return {"type": kind, "object": {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": {"nodeName": "n"}}}


def told(items: list[Event | Malformed]) -> list[tuple[Any, ...]]:
    return [(i.line, i.delivery, i.position) if isinstance(i, Event) else (i.line, i.column, i.message) for i in items]


def test_raw(tmp_path: Path) -> None:
    mark = {"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {
        "resourceVersion": "6", "annotations": {"k8s.io/initial-events-end": "true"}}}}  # fmt: skip
    plain = {"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "8"}}}
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    added, first, second, error = read(tmp_path, encoded(watched(), mark, plain, gone))
    assert isinstance(added, Event)
    assert (added.kind, added.stream, added.position, added.line) == (Kind.DELIVERY, "w", 0, 1)
    assert (added.resource, added.group, added.namespace, added.name, added.uid) == ("pods", "", "default", "web", "u")
    assert (added.version, added.answer_kind) == (5, "Pod")
    assert added.response_object()["spec"] == {"nodeName": "n"}
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert (first.initial_end, first.version, first.name, second.initial_end) == (True, 6, None, False)
    assert isinstance(error, Event)
    assert (error.delivery, error.code, error.reason, error.message) == (Delivery.ERROR, 410, "Expired", "too old")
    assert (error.answer, error.resource) == (None, None)


def test_group_and_cluster_scope(tmp_path: Path) -> None:
    lease = {"type": "ADDED", "object": {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {
        "name": "l", "namespace": "t", "resourceVersion": "1"}}}  # fmt: skip
    node = {"type": "ADDED", "object": {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "resourceVersion": "2"}}}
    first, second = read(tmp_path, encoded(lease, node))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert (first.group, first.resource) == ("coordination.k8s.io", "leases")
    assert (second.resource, second.namespace) == ("nodes", "")


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("Pod", "pods"), ("Endpoints", "endpoints"), ("EndpointSlice", "endpointslices"), ("NetworkPolicy", "networkpolicies"),
        ("Ingress", "ingresses"), ("StorageClass", "storageclasses"), ("DaemonSet", "daemonsets"),
    ],
)  # fmt: skip
def test_resources(kind: str, resource: str) -> None:
    assert resource_of(kind) == resource


@pytest.mark.parametrize("indent", [4, 2])
def test_kubectl_indents_over_many_lines(tmp_path: Path, indent: int) -> None:
    documents = [json.dumps(watched(version=str(v)), indent=indent) for v in (5, 6)]
    found = read(tmp_path, ("\n".join(documents) + "\n").encode())
    height = documents[0].count("\n") + 1
    assert told(found) == [(1, Delivery.ADDED, 0), (height + 1, Delivery.ADDED, 1)]


def test_kubectl_stopped_in_the_middle(tmp_path: Path) -> None:
    whole, cut = json.dumps(watched(), indent=4), json.dumps(watched("MODIFIED", "6"), indent=4)[:60]
    found = read(tmp_path, f"{whole}\n{cut}".encode())
    begin = whole.count("\n") + 2
    assert told(found) == [(1, Delivery.ADDED, 0), (begin, 1, "the document that begins here breaks off after 4 lines")]


def test_a_document_without_end_does_not_take_the_next_along(tmp_path: Path) -> None:
    cut, whole = json.dumps(watched(), indent=4)[:40], json.dumps(watched("MODIFIED", "6"), indent=4)
    found = read(tmp_path, f"{cut}\n{whole}\n".encode() + encoded(watched("DELETED", "7")))
    assert [type(item) for item in found] == [Malformed, Event, Event]


def test_several_on_one_line(tmp_path: Path) -> None:
    found = read(tmp_path, encoded(watched()).strip() + encoded(watched("MODIFIED", "6")))
    assert told(found) == [(1, Delivery.ADDED, 0), (1, Delivery.MODIFIED, 1)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"type": "ADDED"}, "object missing required field `object`"),
        ({"type": "GONE", "object": {}}, "invalid enum value 'GONE' at type"),
        ({"type": "ADDED", "object": {"kind": "Pod"}}, "ADDED of a Pod without metadata.resourceVersion"),
        ({"type": "ADDED", "object": {"kind": "Pod", "metadata": {"resourceVersion": "1"}}}, "ADDED of a Pod without metadata.name"),
        ({"type": "ADDED", "object": {"metadata": {"resourceVersion": "1", "name": "x"}}}, "object missing required field `kind`"),
        ({"type": "ADDED", "object": 3}, "expected `object`, got `int`"),
    ],
)
def test_malformed(tmp_path: Path, line: dict[str, Any], message: str) -> None:
    found = read(tmp_path, encoded(watched(), line, watched("DELETED", "6")))
    column = 2 if message.endswith("at type") else None
    assert told(found) == [(1, Delivery.ADDED, 0), (2, column, message), (3, Delivery.DELETED, 1)]


def test_a_real_stream_is_read_whole_and_the_same_as_kubectl_prints_it(tmp_path: Path) -> None:
    raw = [json.loads(line) for line in lines("watch-pods.jsonl.gz")]
    as_lines = read(tmp_path, encoded(*raw))
    as_documents = read(tmp_path, "\n".join(json.dumps(one, indent=4) for one in raw).encode())
    assert len(as_lines) == len(raw)
    for one, line, document in zip(raw, as_lines, as_documents, strict=True):
        assert isinstance(line, Event)
        assert isinstance(document, Event)
        assert line.delivery is not None
        assert line.delivery.value == one["type"]
        assert line.response_object() == document.response_object() == one["object"]
        assert (line.version, line.position) == (document.version, document.position)
