"""The order of events of several logs, and what the history makes of them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.traces.event import Event, Kind, Malformed, Stage
from kubecheck.traces.history import Effect, effect_of, empties_finalizers
from kubecheck.traces.objects import Meta
from kubecheck.traces.order import SKEW, Counts, Place, Timeline, interval, joined, surely_before
from kubecheck.traces.readers import audit
from tests.traces.logs import audit_line, lines

_ids = itertools.count()


def write(version: int, begin: int, end: int, **more: Any) -> Event:
    given: dict[str, Any] = {
        "kind": Kind.REQUEST, "file": "a", "line": next(_ids), "user": "u", "verb": "update", "resource": "configmaps", "namespace": "t",
        "name": f"c{version}", "code": 200, "answer": Meta(resource_version=str(version), uid="x"), "received": begin, "completed": end,
        "audit_id": f"id-{version}-{begin}-{end}",
    }
    return Event(**(given | more))


def read(version: int, begin: int, end: int) -> Event:
    return write(version, begin, end, verb="get")


def order(*sources: list[Event], window: int = 100) -> list[tuple[Place, Event]]:
    return [placed for placed in Timeline(sources, window=window) if placed[0] is not Place.ARRIVED]


def test_writes_come_in_the_order_of_versions() -> None:
    events = [write(version, version * 10, version * 10 + 25) for version in range(1, 30)]
    shuffled = events[:]
    random.Random(7).shuffle(shuffled)
    assert [event.version for _, event in order(shuffled)] == list(range(1, 30))


@given(st.permutations(range(1, 12)), st.integers(0, 11))
def test_any_order_of_lines_and_any_split_into_files(lines: list[int], cut: int) -> None:
    events = [write(version, version * 10, version * 10 + 15) for version in lines]
    assert [event.version for _, event in order(events[:cut], events[cut:])] == list(range(1, 12))


def test_reads_come_after_the_writes_that_they_may_have_seen() -> None:
    placed = order([read(5, 30, 45), write(5, 10, 20), write(9, 60, 70), write(7, 40, 50)])
    assert [(place, event.version) for place, event in placed] == [
        (Place.REVISION, 5), (Place.REVISION, 7), (Place.TIME, 5), (Place.REVISION, 9),
    ]


def test_too_late_for_the_window() -> None:
    events = [write(version, version * 10, version * 10 + 5) for version in (2, 3, 4, 5, 6, 1)]
    places = [(place, event.version) for place, event in order(events, window=2)]
    assert (Place.LATE, 1) in places
    assert [version for place, version in places if place is Place.REVISION] == [2, 3, 4, 5, 6]


def test_window_bounds_what_is_held() -> None:
    timeline = Timeline([[write(version, version * 10, version * 10 + 5) for version in range(1, 500)]], window=10)
    held = released = 0
    for place, _ in timeline:
        held += place is Place.ARRIVED
        released += place is not Place.ARRIVED
        assert held - released <= 12


def test_stages_are_joined_and_lines_repeated_dropped() -> None:
    first = write(3, 10, 10, stage=Stage.RECEIVED, code=None, answer=None, audit_id="a")
    last = write(3, 10, 20, audit_id="a")
    alone = write(4, 30, 30, stage=Stage.RECEIVED, code=None, answer=None, audit_id="b")
    counts = Counts()
    assert list(joined([first, first, last, last, alone], counts)) == [last, alone]
    assert (counts.duplicates, counts.unanswered) == (2, 1)


@pytest.mark.parametrize("between", [0, 1, 6, 7, 8, 9])
def test_a_repeated_line_is_known_for_as_long_as_is_promised(monkeypatch: pytest.MonkeyPatch, between: int) -> None:
    """Lines are remembered in two halves, of which the older one is dropped: at least the last eight are known."""
    monkeypatch.setattr("kubecheck.traces.order._REMEMBERED", 8)
    for before in range(20):  # wherever the halves change
        others = [write(version, version, version) for version in range(100, 100 + before)]
        later = [write(version, version, version) for version in range(200, 200 + between)]
        counts = Counts()
        repeated = write(3, 10, 20, audit_id="a")
        found = list(joined([*others, repeated, *later, repeated], counts))
        expected = 1 if between <= 7 else counts.duplicates
        assert (counts.duplicates, len(found)) == (expected, before + between + 2 - expected)


@given(st.integers())
def test_stages_are_joined_in_any_order(seed: int) -> None:
    """Also a request that is told after its answer: it is no second one."""
    told = [write(version, version, version, stage=Stage.RECEIVED, code=None, answer=None, audit_id=f"{version}") for version in range(9)]
    told += [write(version, version, version + 5, audit_id=f"{version}") for version in range(1, 9)]
    random.Random(seed).shuffle(told)
    counts = Counts()
    assert sorted(str(event.audit_id) for event in joined(told, counts)) == [str(version) for version in range(9)]
    assert (counts.unanswered, counts.duplicates) == (1, 0)


def test_a_shuffled_log_has_no_request_without_an_answer() -> None:
    told = lines("audit.jsonl.gz")
    random.Random(1).shuffle(told)
    counts, reader = Counts(), audit.Reader("a")
    assert len(list(joined([reader.event(number, line) for number, line in enumerate(told, 1)], counts))) == 1151
    assert counts.unanswered == 0


def test_a_retry_with_the_same_audit_id_is_another_request() -> None:
    counts = Counts()
    assert len(list(joined([write(3, 10, 20, audit_id="a"), write(4, 30, 40, audit_id="a")], counts))) == 2
    assert counts.duplicates == 0


def test_malformed_lines_are_counted_and_do_not_stop() -> None:
    counts = Counts()
    bad = Malformed(file="a", line=1, column=None, message="no JSON")
    assert len(list(joined([bad, write(1, 1, 2), bad], counts))) == 1
    assert counts.malformed_count == 2


def test_clocks_of_two_servers_may_differ() -> None:
    one, other = write(1, 0, 10), write(2, 20, 30)
    assert surely_before(one, other)
    assert not surely_before(one, write(2, 20, 30, server="b"))
    assert surely_before(one, write(2, 20 + SKEW, 30 + SKEW, server="b"))
    assert not surely_before(one, write(2, 10, 30))


def test_logs_without_clocks_have_their_own_order() -> None:
    assert interval(write(1, 0, 0, received=None, completed=None, sequence=4)) == (4, 4)
    assert interval(write(1, 0, 0, received=None, completed=None)) is None


def _event(**changes: Any) -> Event:
    return audit.Reader("a").event(1, msgspec.json.encode(audit_line(**changes)))


_OBJECT = {"kind": "Pod", "apiVersion": "v1"}


@pytest.mark.parametrize(
    ("changes", "effect"),
    [
        ({}, Effect.UPDATE),
        ({"verb": "get"}, Effect.NONE),
        ({"responseStatus": {"code": 409, "reason": "Conflict"}}, Effect.NONE),
        ({"requestURI": "/api/v1/namespaces/t/configmaps/c?dryRun=All"}, Effect.NONE),
        ({"verb": "create", "responseStatus": {"code": 201}}, Effect.CREATE),
        ({"responseStatus": {"code": 201}}, Effect.CREATE),
        ({"verb": "delete", "responseObject": {"kind": "Status", "details": {"uid": "u"}}}, Effect.REMOVE),
        ({"verb": "delete", "responseObject": {**_OBJECT, "metadata": {
            "name": "c", "uid": "u", "resourceVersion": "7", "deletionTimestamp": "2026-11-23T03:00:00Z",
            "deletionGracePeriodSeconds": 30}}}, Effect.UPDATE),
        ({"verb": "delete", "responseObject": {**_OBJECT, "metadata": {
            "name": "c", "uid": "u", "resourceVersion": "7", "deletionTimestamp": "2026-11-23T03:00:00Z",
            "deletionGracePeriodSeconds": 0}}}, Effect.REMOVE),
        ({"verb": "delete", "responseObject": {**_OBJECT, "metadata": {
            "name": "c", "uid": "u", "resourceVersion": "7", "deletionTimestamp": "2026-11-23T03:00:00Z",
            "deletionGracePeriodSeconds": 0, "finalizers": ["x"]}}}, Effect.UPDATE),
        ({"verb": "create", "responseStatus": {"code": 201}, "objectRef": {
            "resource": "pods", "subresource": "binding", "namespace": "t", "name": "p"}}, Effect.UNLOGGED),
        ({"verb": "deletecollection", "responseObject": {"kind": "PodList", "metadata": {"resourceVersion": "9"}}}, Effect.COLLECTION),
    ],
)
def test_effect_of_a_request(changes: dict[str, Any], effect: Effect) -> None:
    assert effect_of(_event(**changes)) is effect


def test_taking_the_last_finalizer_off_removes() -> None:
    deleting = {"name": "c", "uid": "u", "resourceVersion": "7", "deletionTimestamp": "2026-11-23T03:00:00Z"}
    assert empties_finalizers(_event(verb="patch", responseObject={"kind": "ConfigMap", "metadata": deleting}))
    assert not empties_finalizers(_event(verb="patch", responseObject={"kind": "ConfigMap", "metadata": {**deleting, "finalizers": ["x"]}}))
    assert not empties_finalizers(_event(verb="patch"))
