"""Files: lines and their numbers, compression, what is recognised as what, folders and rotated logs."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kubecheck.spec.visible import visible
from kubecheck.traces.errors import TraceError
from kubecheck.traces.event import Event, Malformed
from kubecheck.traces.readers.clock import microseconds, timestamp
from kubecheck.traces.readers.files import Input, Limits, excerpt, zstd_module
from kubecheck.traces.readers.folder import find
from kubecheck.traces.readers.recognise import Format, recognise
from tests.traces.logs import RUN, audit_line, encoded

PACKINGS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd_module().compress}
WATCHED = {"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "resourceVersion": "1"}}}
HEADER = {"event": "trace", "version": 1}


def numbered(tmp_path: Path, data: bytes, limits: Limits | None = None) -> list[tuple[int, bytes] | Malformed]:
    file = tmp_path / "f"
    file.write_bytes(data)
    return list(Input(str(file)).lines(limits=limits or Limits()))


@pytest.mark.parametrize("packing", PACKINGS)
def test_packings_are_told_by_content(tmp_path: Path, packing: str) -> None:
    assert numbered(tmp_path, PACKINGS[packing](b"one\n\n  \ntwo\r\nthree")) == [(1, b"one"), (4, b"two\r"), (5, b"three")]


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    assert numbered(tmp_path, gzip.compress(b"a\nb") + gzip.compress(b"c\n")) == [(1, b"a"), (2, b"bc")]


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    assert numbered(tmp_path, b"\xef\xbb\xbf{}\n") == [(1, b"{}")]


@example([b"\t\x00"], 1)
@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and not line.isspace()), max_size=20), st.integers(1, 7))
def test_lines_are_those_of_the_file_wherever_chunks_end(lines: list[bytes], chunk: int) -> None:
    from kubecheck.traces.readers import files

    class Chunked:
        packed = False
        counted = None

        def __init__(self) -> None:
            self._data = io.BytesIO(b"\n".join(lines))

        def read(self) -> bytes:
            return self._data.read(chunk)

    found = list(files._split(Chunked(), "f", Limits(line=20)))  # type: ignore[arg-type]
    skip = 3 if lines and lines[0].startswith(b"\xef\xbb\xbf") and chunk >= 3 else 0
    kept = [line[skip:] if number == 0 else line for number, line in enumerate(lines)]
    wanted = [(number, line) for number, line in enumerate(kept, 1) if line and not line.isspace()]
    assert [item if isinstance(item, tuple) else item.line for item in found] == [
        (number, line) if len(line) <= 20 else number for number, line in wanted
    ]


@pytest.mark.parametrize("length", [1000, 1 << 20])
def test_a_line_over_the_limit_is_told_and_skipped(tmp_path: Path, length: int) -> None:
    first, long, last = numbered(tmp_path, b"a\n" + b"x" * length + b"\nb\n", Limits(line=999))
    assert (first, last) == ((1, b"a"), (3, b"b"))
    assert isinstance(long, Malformed)
    assert (long.line, long.message) == (2, "the line is longer than 999 bytes: skipped")


@pytest.mark.parametrize(
    ("packing", "reason"),
    [
        ("gzip", "it ends too early"),
        ("zstd", "it ends too early"),
    ],
)
def test_a_packed_file_that_breaks_off(tmp_path: Path, packing: str, reason: str) -> None:
    data = PACKINGS[packing](b"".join(b"%d\n" % n for n in range(200_000)))
    *lines, end = numbered(tmp_path, data[: len(data) // 2])
    assert isinstance(end, Malformed)
    assert end.fatal
    assert end.message == f"the compressed stream is broken here: {reason}; nothing after this can be read"
    assert end.line in {len(lines), len(lines) + 1}


def test_a_damaged_gzip_stream(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(b"".join(b"%d\n" % n for n in range(200_000))))
    data[len(data) // 2] ^= 0xFF
    *_, end = numbered(tmp_path, bytes(data))
    assert isinstance(end, Malformed)
    assert end.message.startswith("the compressed stream is broken here: ")


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (encoded(audit_line()), Format.AUDIT),
        (b'level":"Metadata","rest of a line"}\n' + encoded(audit_line()), Format.AUDIT),
        (encoded({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": []}), Format.AUDIT),
        (json.dumps(audit_line(), separators=(",", ":")).encode()[:150], Format.AUDIT),
        (encoded(WATCHED), Format.WATCH),
        (json.dumps(WATCHED, indent=4).encode(), Format.WATCH),
        (json.dumps(WATCHED).encode()[:60], Format.WATCH),
        (b"Warning: deprecated\n" + json.dumps(WATCHED, indent=4).encode(), Format.WATCH),
        (encoded(HEADER), Format.JSON_LINES),
        (b"\n# a trace\nkubecheck-trace 1\n", Format.TEXT),
        (b"\xef\xbb\xbfkubecheck-trace 1\n", Format.TEXT),
        (b"", None),
        (b"apiVersion: audit.k8s.io/v1\nkind: Policy\n", None),
        (encoded({"type": "PUT", "key": "/registry/x", "mod_revision": 2}), None),
        (encoded({"line": 1, "type": "ADDED", "rv": "1"}), None),
        (encoded({"kind": "Event", "apiVersion": "v1"}), None),
    ],
)
def test_recognition(data: bytes, form: Format | None) -> None:
    assert recognise(data) is form


@given(st.binary(max_size=300))
def test_recognition_takes_anything(data: bytes) -> None:
    recognise(data)


@pytest.mark.parametrize(
    ("data", "remedy"),
    [
        (b"hello\n", "a log is audit.k8s.io/v1 JSON lines"),
        (encoded(audit_line(apiVersion="audit.k8s.io/v1beta1")), "audit.k8s.io/v1beta1 and v1alpha1 were removed"),
        (b"apiVersion: audit.k8s.io/v1\nkind: Policy\n", "this is an audit policy, not a log"),
        (encoded({"apiVersion": "v1", "kind": "Pod"}), "these are objects, not what happened to them"),
        ("{}".encode("utf-16"), "this is UTF-16"),
    ],
)
def test_what_is_no_log_says_what_it_looks_like(tmp_path: Path, data: bytes, remedy: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        find([str(file)])
    assert caught.value.remedy.startswith(remedy)
    assert str(caught.value).startswith(f"{file}:1: not a trace in a format that kubecheck reads\n")


def test_a_missing_file() -> None:
    with pytest.raises(TraceError, match=r"^/nowhere/x: there is no such file\n  help: name a log, a folder of logs, or - "):
        find(["/nowhere/x"])


def test_a_folder_takes_the_logs_and_names_the_others(tmp_path: Path) -> None:
    for file in RUN.glob("*.gz"):
        shutil.copy(file, tmp_path)
    (tmp_path / "notes.md").write_text("# run\n")
    (tmp_path / "empty.log").write_text("\n")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "audit.log").write_bytes(encoded(audit_line()))
    logs = find([str(tmp_path)])
    assert {(s.format, s.name) for s in logs.sources} >= {(Format.AUDIT, "audit"), (Format.WATCH, "watch-pods")}
    assert len(logs.sources) == len([*RUN.glob("audit*.gz"), *RUN.glob("watch-*.gz")])
    assert logs.others == (str(tmp_path / "notes.md"),)
    assert logs.empty == (str(tmp_path / "empty.log"),)


def test_rotated_files_are_one_log_from_the_oldest_on(tmp_path: Path) -> None:
    names = ["audit.log", "audit.log.1", "audit.log.2.gz", "audit-2026-11-20T01-02-03.004.log", "audit-2.log"]
    days = [25, 24, 23, 20, 1]
    for name, day in zip(names, days, strict=True):
        line = encoded(audit_line(auditID=name, stageTimestamp=f"2026-11-{day:02}T03:00:56.205173Z"))
        (tmp_path / name).write_bytes(gzip.compress(line) if name.endswith("gz") else line)
    logs = find([str(tmp_path)])
    read = {source.name: [item.audit_id for item in source if isinstance(item, Event)] for source in logs.sources}
    assert read == {
        "audit": ["audit-2026-11-20T01-02-03.004.log", "audit.log.2.gz", "audit.log.1", "audit.log"],
        "audit-2": ["audit-2.log"],
    }
    assert {item.server for source in logs.sources for item in source if isinstance(item, Event)} == {"audit", "audit-2"}


def test_one_log_of_each_api_server_in_a_folder_of_its_own(tmp_path: Path) -> None:
    paths = []
    for server in ("master-0", "master-1"):
        (tmp_path / server).mkdir()
        paths.append(tmp_path / server / "audit.log")
        paths[-1].write_bytes(encoded(audit_line()))
    logs = find([*map(str, paths), str(paths[0])])
    assert [source.name for source in logs.sources] == ["master-0/audit", "master-1/audit"]


def test_relative_and_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    for file in ("audit.log", "run/audit.log", "run/audit-2.log"):
        Path(file).write_bytes(encoded(audit_line()))
    logs = find(["audit.log", "run/audit.log", str(tmp_path / "run" / "audit-2.log"), "./audit.log"])
    assert [source.name for source in logs.sources] == ["audit", "run/audit", "run/audit-2"]


def test_standard_input_is_looked_at_and_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    data = gzip.compress(encoded(audit_line()) * 5000)

    class Stdin:
        buffer = io.BytesIO(data)

    monkeypatch.setattr(sys, "stdin", Stdin)
    (source,) = find(["-"]).sources
    items = list(source)
    assert (source.format, len(items), items[-1].file, items[-1].line) == (Format.AUDIT, 5000, "<stdin>", 5000)


def test_a_pipe_is_looked_at_and_read_whole(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = encoded(audit_line()) * 500
    writer = threading.Thread(target=lambda: pipe.write_bytes(data))
    writer.start()
    (source,) = find([str(pipe)]).sources
    assert len(list(source)) == 500
    writer.join()


@given(st.integers(-62135596800_000000, 253402300799_999999))
def test_times_there_and_back(micros: int) -> None:
    assert microseconds(timestamp(micros)) == micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00.5+01:00", 500_000),
        ("1970-01-01T00:00:01.000001Z", 1_000_001),
    ],
)
def test_times(text: str, micros: int) -> None:
    assert microseconds(text) == micros


@pytest.mark.parametrize("text", ["", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00.000000Z", "²" * 27])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time like"):
        microseconds(text)


@given(st.text(max_size=400), st.integers(1, 500))
def test_excerpts_show_the_column_and_are_safe_to_print(line: str, column: int) -> None:
    shown, caret = excerpt(line, column=column)
    assert visible(shown) == shown
    assert caret is not None
    assert 0 <= caret <= len(shown)
    if column <= len(line) and line.isprintable():
        assert shown[caret] == line[column - 1]
