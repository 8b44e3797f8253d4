"""JSON lines of our own format: the schema that is shipped describes what is read and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.traces.event import Event, Header, Malformed
from kubecheck.traces.readers import audit, jsonl, printer, text
from kubecheck.traces.readers import records as r
from kubecheck.traces.readers.files import Input
from tests.traces.logs import RUN, encoded
from tests.traces.test_text import _RECORD, plain

HEADER = {"event": "trace", "version": 1}
VALIDATOR = jsonschema.Draft202012Validator(json.loads(jsonl.shipped_schema()))


def read(tmp_path: Path, *values: Any) -> list[Event | Header | Malformed]:
    file = tmp_path / "trace.jsonl"
    file.write_bytes(encoded(*values))
    return list(jsonl.read(Input(str(file))))


def without_place(item: Event | Header) -> dict[str, Any]:
    made = {k: json.loads(bytes(v)) if isinstance(v, msgspec.Raw) else v for k, v in msgspec.structs.asdict(item).items()}
    return {key: value for key, value in made.items() if key not in {"file", "line"}}


def test_the_shipped_schema_is_that_of_the_records() -> None:
    made = json.loads(json.dumps(jsonl.schema()))
    assert json.loads(jsonl.shipped_schema()) == made, "traces/trace.schema.json: write jsonl.schema() into it"
    jsonschema.Draft202012Validator.check_schema(jsonl.schema())


def test_every_field_of_the_schema_is_described_by_name_or_sentence() -> None:
    for name, definition in jsonl.schema()["$defs"].items():
        assert definition.get("description"), name


def test_read(tmp_path: Path) -> None:
    header, create, added, crash = read(
        tmp_path,
        HEADER | {"servers": ["api-1"], "nodes": ["n"], "components": [{"name": "sched", "user": "system:kube-scheduler"}]},
        {"event": "request", "actor": "sched", "verb": "create", "resource": "pods", "subresource": "binding", "namespace": "d",
         "name": "web", "code": 201, "sequence": 1, "precondition": {"uid": "u"}, "request": {"target": {"name": "n"}}},
        {"event": "delivery", "stream": "w", "type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {
            "name": "web", "namespace": "d", "resourceVersion": "3"}}},
        {"event": "crash", "component": "sched", "received": "2026-11-23T03:00:56Z"},
    )  # fmt: skip
    assert isinstance(header, Header)
    assert (header.servers, header.nodes) == (("api-1",), ("n",))
    assert isinstance(create, Event)
    assert (create.user, create.component, create.server, create.line) == ("system:kube-scheduler", "sched", "api-1", 2)
    assert (create.subresource, create.precondition_uid, create.sequence) == ("binding", "u", 1)
    assert isinstance(added, Event)
    assert (added.resource, added.name, added.version) == ("pods", "web", 3)
    assert isinstance(crash, Event)
    assert (crash.component, crash.received) == ("sched", 1795402856000000)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"event": "request", "actor": "a", "verb": "updaet", "resource": "pods"}, "updaet is no verb for an object: did you mean update?"),
        ({"event": "request", "actor": "a", "verb": "GET"}, "expected `str` matching regex '^[a-z]+$' at verb"),
        ({"event": "request", "actor": "a", "verb": "get", "resource": "Pods"},
         "expected `str` matching regex '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' at resource"),
        ({"event": "request", "actor": "a", "verb": "get", "code": 20000}, "expected `int` <= 599 at code"),
        ({"event": "request", "actor": "a", "verb": "get", "precondition": {"resourceVersion": "abc"}},
         "expected `str` matching regex '^[0-9]*$' at precondition.resourceVersion"),
        ({"event": "request", "actor": "a", "verb": "get", "response": {"metadata": {"resourceVersion": "abc"}}},
         "metadata.resourceVersion is abc: a resourceVersion is a number"),
        ({"event": "delivery", "stream": "w", "type": "ADDED", "object": {"kind": "Pod", "metadata": {"resourceVersion": "x"}}},
         "metadata.resourceVersion is x: a resourceVersion is a number"),
        ({"event": "reqest"}, "invalid value 'reqest' at event"),
        ({"event": "request", "verb": "get"}, "object missing required field `actor`"),
        ({"event": "request", "actor": "a", "verb": "get", "resorce": "pods"}, "object contains unknown field `resorce`"),
        ({"event": "request", "actor": "a", "verb": "get", "code": "200"}, "expected `int | null`, got `str` at code"),
        ({"event": "request", "actor": "a", "verb": "get", "received": "noon"}, "'noon' is not a time like 2026-11-23T03:00:56.203590Z"),
        ({"event": "delivery", "stream": "w", "type": "ADDED", "object": {}}, "neither resource nor object.kind tells what was delivered"),
        (HEADER, "a header after the first event: it belongs before"),
        (HEADER | {"version": 2}, "invalid enum value 2 at version"),
        ({"verb": "get"}, "object missing required field `event`"),
    ],
)
def test_malformed(tmp_path: Path, value: dict[str, Any], message: str) -> None:
    good = {"event": "request", "actor": "a", "verb": "get"}
    _, first, bad, last = read(tmp_path, HEADER, good, value, good)
    assert isinstance(first, Event)
    assert isinstance(last, Event)
    assert isinstance(bad, Malformed)
    assert (bad.line, bad.message) == (3, message)


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        (b'{"event":"request","actor":"a","verb":"get","resorce":"pods"}', 45, "object contains unknown field `resorce`"),
        (b'{"event":"request","actor":"a","verb":"get","code":"200"}', 45, "expected `int | null`, got `str` at code"),
        (b'{"event":"request","actor":"a","verb":"get","name":7,"request":{"name":1}}', None, "expected `str | null`, got `int` at name"),
        (b'{"event":"request","actor":"\\ud800","verb":"get"}', 35, None),
        (b'{"event":"request","actor":"a","verb":"get","request":' + b"[" * 5000, 154, "nested too deeply"),
    ],
)
def test_the_column_of_what_is_wrong(tmp_path: Path, line: bytes, column: int | None, message: str | None) -> None:
    (tmp_path / "t.jsonl").write_bytes(line)
    (bad,) = jsonl.read(Input(str(tmp_path / "t.jsonl")))
    assert isinstance(bad, Malformed)
    assert (bad.column, bad.message) == (column, message or bad.message)
    assert "(byte" not in bad.message


@given(_RECORD)
def test_what_is_written_is_in_the_schema_and_reads_the_same(record: r.Record) -> None:
    written = msgspec.json.encode(record)
    VALIDATOR.validate(json.loads(written))
    assert plain(msgspec.json.decode(written, type=r.Record)) == plain(record)


_KEYS = [
    "event", "actor", "verb", "resource", "code", "stream", "type", "object", "component", "version", "received", "precondition",
    "level", "groups", "dryRun", "group", "response",
]  # fmt: skip
_SCALARS = st.sampled_from([  # of every type, some of them right
    "request", "delivery", "crash", "trace", "ADDED", "a", "get", "Pods", "pods", 1, 200, 999, None, True, [], {}, ["a"],
    {"uid": "u"}, {"resourceVersion": "x"},
])  # fmt: skip


@given(st.dictionaries(st.sampled_from(_KEYS), _SCALARS, max_size=6))
def test_the_reader_and_the_schema_agree_on_what_is_allowed(value: dict[str, Any]) -> None:
    """Times aside: the schema only says date-time, which validators need not look at."""
    try:
        msgspec.json.decode(json.dumps(value), type=r.Record)
        read_it = True
    except msgspec.DecodeError:
        read_it = False
    assert VALIDATOR.is_valid(value) == read_it


def test_a_real_log_survives_both_formats(tmp_path: Path) -> None:
    events = [e for e in audit.read(Input(str(RUN / "audit.jsonl.gz")), server="api") if isinstance(e, Event)][::5]
    as_json = b"".join(jsonl.write(event) + b"\n" for event in events)
    (tmp_path / "t.jsonl").write_bytes(as_json)
    from_json = list(jsonl.read(Input(str(tmp_path / "t.jsonl"))))
    header, *from_text = text.parse("kubecheck-trace 1\n" + printer.print_items(events))
    assert isinstance(header, Header)
    assert len(events) == len(from_json) == len(from_text) > 400
    for event, one, other in zip(events, from_json, from_text, strict=True):
        assert isinstance(one, Event)
        assert isinstance(other, Event)
        assert without_place(event) == without_place(one) == without_place(other)
