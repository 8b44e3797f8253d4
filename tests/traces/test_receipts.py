"""Receipts: when the lines of a watch stream came, told by a file beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubecheck.traces.errors import TraceError
from kubecheck.traces.event import Event, Malformed
from kubecheck.traces.findings import Verdict
from kubecheck.traces.readers.folder import find
from kubecheck.traces.validate import validate
from tests.traces.logs import audit_line, encoded


def delivery(kind: str, version: int) -> dict[str, Any]:
    return {"type": kind, "object": {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {
        "name": "c", "namespace": "t", "uid": "u", "resourceVersion": str(version)}}}


def receipt(line: int, second: int, connection: int = 1) -> dict[str, Any]:
    return {"line": line, "conn": connection, "t": f"2026-11-23T03:00:{second:02d}.000000Z", "type": "ADDED", "rv": "1"}


CONNECTED = {"event": "connected", "conn": 1, "t": "2026-11-23T03:00:00.000000Z", "url": "/api/v1/configmaps?watch=true", "status": 200}


def written(folder: Path, *receipts: dict[str, Any] | str) -> list[Any]:
    """The items of a stream of three lines with these receipts."""
    (folder / "watch-configmaps.jsonl").write_bytes(encoded(delivery("ADDED", 5), delivery("MODIFIED", 6), delivery("MODIFIED", 7)))
    (folder / "recv-configmaps.jsonl").write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in receipts))
    logs = find([str(folder)])
    assert len(logs.sources) == 1
    return list(logs.sources[0])


def test_deliveries_get_their_times_and_connections(tmp_path: Path) -> None:
    items = written(tmp_path, CONNECTED, receipt(1, 1), receipt(2, 2), {**CONNECTED, "event": "closed"}, receipt(3, 4, 2))
    assert [(item.version, (item.received - items[0].received) // 1_000_000, item.connection) for item in items] == [
        (5, 0, 0), (6, 1, 0), (7, 3, 1)]
    assert all(item.received == item.completed for item in items)


def test_lines_without_a_receipt_have_no_time(tmp_path: Path) -> None:
    items = written(tmp_path, CONNECTED, receipt(2, 2))
    assert [item.received is None for item in items] == [True, False, True]


def test_a_broken_receipt_is_told_and_skipped(tmp_path: Path) -> None:
    items = written(tmp_path, CONNECTED, receipt(1, 1), '{"line": 2, "conn": 1, "t": "yesterday"}', receipt(3, 3))
    broken = [item for item in items if isinstance(item, Malformed)]
    assert [(item.line, item.message) for item in broken] == [(3, "'yesterday' is not a time like 2026-11-23T03:00:56.203590Z")]
    assert broken[0].file.endswith("recv-configmaps.jsonl")
    assert [item.received is None for item in items if isinstance(item, Event)] == [False, True, False]


def test_the_files_of_a_stream_are_named(tmp_path: Path) -> None:
    written(tmp_path, CONNECTED, receipt(1, 1))
    logs = find([str(tmp_path)])
    assert [Path(name).name for name in logs.sources[0].files] == ["watch-configmaps.jsonl", "recv-configmaps.jsonl"]
    assert logs.others == ()


def test_receipts_without_their_stream_are_no_log(tmp_path: Path) -> None:
    lonely = tmp_path / "recv-pods.jsonl"
    lonely.write_bytes(encoded(CONNECTED, receipt(1, 1)))
    assert find([str(tmp_path)]).others == (str(lonely),)
    with pytest.raises(TraceError, match="not a trace in a format that kubecheck reads"):
        find([str(lonely)])


@pytest.mark.parametrize(("second", "verdict"), [(57, Verdict.CONFORMS), (54, Verdict.VIOLATED)])
def test_a_delivery_is_judged_by_its_time(tmp_path: Path, second: int, verdict: Verdict) -> None:
    """The update of version 7 was received at 03:00:56.2."""
    (tmp_path / "audit.log").write_bytes(encoded(audit_line()))
    written_before = [receipt(1, 10), receipt(2, 11), receipt(3, second)]
    (tmp_path / "watch-configmaps.jsonl").write_bytes(encoded(delivery("ADDED", 5), delivery("MODIFIED", 6), delivery("MODIFIED", 7)))
    (tmp_path / "recv-configmaps.jsonl").write_bytes(encoded(CONNECTED, *written_before))
    validation = validate(find([str(tmp_path)]).sources)
    found = next(rule for rule in validation.rules if rule.name == "watch.not-from-the-future")
    assert found.verdict is verdict
    if verdict is Verdict.VIOLATED:
        assert found.violations[0].sentence == (
            "configmaps/t/c at resourceVersion 7 was delivered before its write was received")
