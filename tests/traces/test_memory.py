"""Memory grows with what lives, and not with the log: large bodies, live objects, requests without an answer."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubecheck.traces.event import Event, Item, Kind, Stage
from kubecheck.traces.findings import Validation
from kubecheck.traces.order import HELD_BYTES, Counts, Place, Timeline, joined
from kubecheck.traces.packing import SMALLEST, Packer
from kubecheck.traces.readers import audit
from kubecheck.traces.readers.clock import timestamp
from kubecheck.traces.validate import validate
from kubecheck.traces.versions import slim
from tests.traces.logs import audit_line

MIB = 1 << 20
BEGIN = 1_795_402_856_000_000


def line(number: int, **changes: Any) -> bytes:
    at = {"requestReceivedTimestamp": timestamp(BEGIN + 10_000 * number), "stageTimestamp": timestamp(BEGIN + 10_000 * number + 5_000)}
    return json.dumps(audit_line(auditID=f"a-{number}", **(at | changes)), separators=(",", ":")).encode()


def read(lines: Iterator[bytes]) -> Iterator[Event]:
    reader = audit.Reader("log", server="api")
    for number, data in enumerate(lines, start=1):
        yield reader.event(number, data)


def updates(count: int, size: int) -> Iterator[bytes]:
    """Updates of one ConfigMap."""
    for number in range(count):
        meta = {"name": "c", "namespace": "t", "uid": "u", "resourceVersion": str(1000 + number)}
        ref = audit_line()["objectRef"] | {"resourceVersion": str(999 + number)}
        body = {"kind": "ConfigMap", "metadata": meta, "data": {"n": str(number), "x": "a" * size}}
        yield line(number, objectRef=ref, requestObject=None, responseObject=body)


def pods(count: int) -> Iterator[bytes]:
    """Creations of pods of about 6 KiB each."""
    for number in range(count):
        meta = {"name": f"p-{number}", "namespace": "t", "uid": f"u-{number}", "resourceVersion": str(1000 + number),
                "managedFields": [{"manager": "kubectl", "fieldsV1": {f"f:{field}": {} for field in range(500)}}]}
        spec = {"containers": [{"name": f"c{one}", "image": "registry.example/app:v1", "env": []} for one in range(8)]}
        yield line(number, verb="create", requestObject=None, responseStatus={"code": 201},
                   objectRef={"resource": "pods", "namespace": "t", "name": f"p-{number}", "apiVersion": "v1"},
                   responseObject={"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec, "status": {"phase": "Pending"}})


def peak(lines: Iterator[bytes], *, window: int = 8192) -> tuple[Validation, int]:
    """The verdict, and the highest memory while it was found; the lines themselves are there before."""
    made = list(lines)
    tracemalloc.start()
    try:
        return validate([read(bytes(memoryview(data)) for data in made)], window=window), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_bodies_shorten_the_window() -> None:
    validation, highest = peak(updates(140, MIB))
    assert validation.summary.writes == 140
    assert validation.summary.late == 0
    assert validation.summary.shortened > 0
    assert highest < HELD_BYTES + 16 * MIB, "the log has 140 MiB"


def test_what_a_shortened_window_misses_is_late_and_not_judged() -> None:
    events = [*read(updates(30, 1000))]
    swapped = [*events[1:20], events[0], *events[20:]]
    whole, cut = Timeline([swapped]), Timeline([swapped], held_bytes=8_000)
    assert [place for place, _ in whole if place is Place.LATE] == []
    assert [event.version for place, event in cut if place is Place.LATE] == [1000]
    assert (whole.counts.shortened, cut.counts.shortened) == (0, 30 - 7)


def test_a_live_object_takes_a_fraction_of_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubecheck.traces.history._DECODED", 16)
    few, many = 100, 400
    _, most = peak(pods(many), window=16)
    _, least = peak(pods(few), window=16)
    assert len(next(pods(1))) > 6_000
    assert (most - least) / (many - few) < 4_000


def received(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield line(number, stage="RequestReceived", responseStatus=None, responseObject=None,
                   requestObject={"kind": "ConfigMap", "data": {"x": "a" * 4000}})


def test_requests_without_an_answer_are_held_in_bounded_number_and_without_bodies() -> None:
    counts = Counts()
    found = []
    for event in joined(read(received(50)), counts, in_flight=20):
        found.append(event.line)
        assert event.request is None
    assert found == list(range(1, 51)), "the oldest first"
    assert counts.unanswered == 50
    validation, highest = peak(received(3_000))
    assert validation.summary.unanswered == 3_000
    assert highest < 8 * MIB, "their bodies alone have 12 MB"


def test_an_answer_in_time_joins_its_request() -> None:
    counts = Counts()
    both = [line(1, stage="RequestReceived", responseStatus=None, responseObject=None), line(1), line(2)]
    assert [event.stage for event in joined(read(iter(both)), counts, in_flight=1)] == [Stage.COMPLETE, Stage.COMPLETE]
    assert counts.unanswered == 0


def test_released_writes_leave_the_list_of_ends() -> None:
    first = next(read(iter([line(0, responseObject={"kind": "ConfigMap", "metadata": {"name": "c", "resourceVersion": "9" * 18}})])))
    timeline = Timeline([[first, *read(updates(6_000, 1))]], window=16)
    for _ in timeline:
        assert sum(len(store.ends) for store in timeline._stores.values()) < 5_000


def test_one_light_event_for_all_who_ask() -> None:
    event = next(read(updates(1, 10)))
    light = slim(event)
    assert light.response is None
    assert light.version == event.version == 1000
    assert slim(event) is light
    assert slim(light) is light
    assert msgspec.structs.replace(event, line=7).light is None


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers(), max_size=30), max_size=12))
def test_packed_and_unpacked_is_the_same(bodies: list[dict[str, Any]]) -> None:
    packer = Packer()
    kept = []
    for body in bodies:
        raw = msgspec.Raw(msgspec.json.encode({**body, "filler": "abc" * 200}))
        kept.append((raw, packer.pack("pods", raw)))
    for raw, packed in kept:
        assert packed is None or packed.unpack() == raw


def test_bodies_of_a_kind_pack_to_what_differs() -> None:
    packer = Packer()
    packed = [packer.pack("pods", msgspec.Raw(json.dumps(json.loads(data)["responseObject"]).encode())) for data in pods(3)]
    assert [len(one.data) < 400 for one in packed if one is not None] == [False, True, True]
    assert packer.pack("pods", msgspec.Raw(b"1" * (SMALLEST - 1))) is None


@pytest.mark.parametrize("kind", [Kind.CRASH, Kind.DELIVERY])
def test_what_is_no_request_passes_at_once(kind: Kind) -> None:
    items: list[Item] = [Event(kind=kind, file="log", line=1)]
    assert list(joined(items, Counts())) == items
