"""Hostile input: whatever a file holds, the answer is items with positions, in bounded memory, and never an exception."""

from __future__ import annotations

import gzip
import json
import random
import resource
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.traces.errors import TraceError
from kubecheck.traces.event import Event, Header, Malformed
from kubecheck.traces.readers.files import Input, Limits, zstd_module
from kubecheck.traces.readers.folder import Source, find
from kubecheck.traces.readers.recognise import Format
from kubecheck.traces.validate import validate
from tests.traces.fuzz import Runs, round_of
from tests.traces.logs import RUN, audit_line, encoded, lines

LIMITS = Limits(line=1 << 20)
SEEDS: dict[Format, list[bytes]] = {
    Format.AUDIT: [*lines("audit.jsonl.gz")[400:460:4], encoded(audit_line()).strip()],
    Format.WATCH: [
        *lines("watch-pods.jsonl.gz")[:8],
        *json.dumps(json.loads(lines("watch-pods.jsonl.gz")[2]), indent=4).encode().split(b"\n")[:40],
    ],
    Format.JSON_LINES: [
        b'{"event":"trace","version":1,"servers":["a"],"components":[{"name":"c","user":"u"}]}',
        b'{"event":"request","actor":"c","verb":"update","resource":"pods","namespace":"d","name":"p","code":200,'
        b'"precondition":{"resourceVersion":"1"},"request":{"spec":{}},"response":{"kind":"Pod","metadata":{"resourceVersion":"2"}}}',
        b'{"event":"delivery","stream":"w","type":"ADDED","object":{"kind":"Pod","metadata":{"name":"p","resourceVersion":"2"}}}',
        b'{"event":"crash","component":"c"}',
    ],
    Format.TEXT: [
        b"kubecheck-trace 1", b"server a b", b'component c user="system:x"', b"1 c crash",
        b'2 c update pods/status d/p if rv=1 {a.b=[1, {c=d}] "e f"=null} -> 200 Reason "message" rv=2 kind=Pod {spec.x=1.5}',
        b"2026-11-23T03:00:56.2Z..2026-11-23T03:00:57Z w <- ADDED pods d/p rv=2 {spec.a=1}",
    ],
}  # fmt: skip

INSERTED = [b"\0", b"\xff", b"\n", b'"', b"{", b"}", b"[", b"null", b"-1", b"1e999", b"\\ud800", b"\x1b[2J"]


def read(tmp_path: Path, data: bytes, form: Format, limits: Limits = LIMITS) -> list[Event | Header | Malformed]:
    file = tmp_path / "hostile"
    file.write_bytes(data)
    items = list(Source(format=form, name="x", inputs=(Input(str(file)),), limits=limits))
    count = data.count(b"\n") + 1
    for item in items:
        assert 1 <= item.line <= count
        if isinstance(item, Malformed):
            assert item.message.isprintable(), item
            assert item.text.isprintable()
            assert len(item.text) <= 2000
            assert item.caret is None or 0 <= item.caret <= len(item.text)
        if isinstance(item, Event):
            item.request_object()
            item.response_object()
    validate([items])
    return items


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@given(st.binary(max_size=400), st.sampled_from(Format))
def test_random_bytes(folder: Path, data: bytes, form: Format) -> None:
    read(folder, data, form)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Format, bytes]:
    """Lines of a format, some of their bytes changed, cut out, or written twice."""
    form = draw(st.sampled_from(Format))
    data = bytearray(b"\n".join(draw(st.lists(st.sampled_from(SEEDS[form]), min_size=1, max_size=4))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 30)))
        how = draw(st.sampled_from(["cut", "set", "twice", "put"]))
        if how == "cut":
            del data[at:end]
        elif how == "set" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif how == "twice":
            data[at:at] = data[at:end]
        else:
            data[at:at] = draw(st.sampled_from(INSERTED))
    return form, bytes(data)


@given(damaged())
def test_damaged_lines(folder: Path, case: tuple[Format, bytes]) -> None:
    read(folder, case[1], case[0])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mistyped(draw: st.DrawFn) -> dict[str, Any]:
    """An audit line with a value of any type at any place."""
    line = json.loads(draw(st.sampled_from(SEEDS[Format.AUDIT])))
    for _ in range(draw(st.integers(1, 3))):
        at: Any = line
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(at[key], dict | list) and at[key] and draw(st.booleans()):
                at = at[key]
                continue
            if draw(st.booleans()) and isinstance(at, dict):
                del at[key]
            else:
                at[key] = draw(_JSON)
            break
    return line


@given(st.lists(mistyped(), min_size=1, max_size=3))
def test_wrong_types_and_missing_fields(folder: Path, values: list[dict[str, Any]]) -> None:
    read(folder, encoded(*values), Format.AUDIT)


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"object":', b'{"type":"ADDED","object":', b"a get pods x {a=", b"a get pods x ["])
def test_deep_nesting(tmp_path: Path, form: Format, opening: bytes) -> None:
    deep = opening + (b"[" if opening.endswith(b"[") else b'{"a":' if b'"' in opening else b"{a=") * 200_000
    items = read(tmp_path, SEEDS[form][0] + b"\n" + deep + b"\n" + SEEDS[form][-1], form)
    assert any(isinstance(item, Malformed) and item.line == 2 for item in items)


@pytest.mark.parametrize("depth", [300, 900, 990, 1100, 5000])
def test_nesting_near_the_limit_of_recursion(tmp_path: Path, depth: int) -> None:
    line = encoded(audit_line(requestObject=None)).strip()[:-1] + b',"requestObject":' + b"[" * depth + b"]" * depth + b"}"
    read(tmp_path, line, Format.AUDIT)


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("bad", [b"\0", b"\xff\xfe", b"\xed\xa0\x80", b'"\\ud800"', b"\x1b[31m", b"9" * 10_000])
def test_bytes_that_are_no_text(tmp_path: Path, form: Format, bad: bytes) -> None:
    items = read(tmp_path, b"\n".join([SEEDS[form][0], bad, SEEDS[form][-1]]), form)
    assert any(isinstance(item, Malformed) and item.line == 2 for item in items)


def test_invalid_utf8_inside_a_body_is_found(tmp_path: Path) -> None:
    line = encoded(audit_line()).replace(b'"kind": "ConfigMap"', b'"kind": "Config\xffMap"')
    (bad,) = read(tmp_path, line, Format.AUDIT)
    assert isinstance(bad, Malformed)
    assert bad.column == line.index(b"\xff") + 1


@pytest.mark.parametrize("number", [b"1e999", b"9" * 5000, b"-1e400"])
def test_numbers_out_of_range_in_a_body(tmp_path: Path, number: bytes) -> None:
    line = encoded(audit_line(), audit_line(verb="get"), audit_line())
    for body in (b'"requestObject": {', b'"responseObject": {'):
        line = line.replace(body, body + b'"spec": ' + number + b", ")
    read(tmp_path, line, Format.AUDIT)
    pod = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","uid":"u","resourceVersion":"5"},"spec":' + number + b"}"
    read(tmp_path, b'{"type":"ADDED","object":' + pod + b"}", Format.WATCH)


@pytest.mark.parametrize("version", ["9" * 30, "-1", "1.5", "", "²", "0"])
def test_versions_that_are_no_revisions(tmp_path: Path, version: str) -> None:
    answer = {"kind": "ConfigMap", "metadata": {"name": "c", "uid": "u", "resourceVersion": version}}
    read(tmp_path, encoded(audit_line(responseObject=answer)), Format.AUDIT)


# --- memory ---

_BOUNDED = """
import resource, sys
limit = int(sys.argv[2]) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from kubecheck.traces.readers.folder import find
count = 0
last = None
for source in find([sys.argv[1]]).sources:
    for item in source:
        count += 1
        last = item
print(count, getattr(last, "line", 0), getattr(last, "message", "") or "")
"""


def bounded(path: Path, *, mebibytes: int) -> str:
    """Reads a log in a process that may not have more memory than that."""
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(path), str(mebibytes)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_line_of_100_mb_takes_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "long.log"
    good = encoded(audit_line())
    with file.open("wb") as out:
        out.write(good + b'{"kind":"Event","x":"')
        for _ in range(100):
            out.write(b"x" * (1 << 20))
        out.write(b'"}\n' + good)
    assert bounded(file, mebibytes=256) == "3 3"
    items = list(find([str(file)]).sources[0])
    assert isinstance(items[1], Malformed)
    assert items[1].message == "the line is longer than 32 MiB: skipped"


@pytest.mark.parametrize("filling", [b"\0", b"\n"])
def test_a_gzip_bomb_is_stopped(tmp_path: Path, filling: bytes) -> None:
    packer = zlib.compressobj(9, wbits=31)
    block = filling * ((1 << 20) // len(filling))
    packed = packer.compress(encoded(audit_line()))
    packed += b"".join(packer.compress(block) for _ in range(300)) + packer.flush()
    file = tmp_path / "bomb.gz"
    file.write_bytes(packed)
    assert "this is no log; reading stopped here" in bounded(file, mebibytes=256)


def test_a_zstd_bomb_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "bomb.zst"
    file.write_bytes(zstd_module().compress(encoded(audit_line()) + bytes(300 << 20)))
    assert "this is no log; reading stopped here" in bounded(file, mebibytes=384)


def test_many_malformed_lines_are_counted_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "bad.log"
    file.write_bytes(encoded(audit_line()) + b"{\n" * 200_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    validation = validate(find([str(file)]).sources)
    assert validation.malformed_count == 200_000
    assert len(validation.malformed) <= 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_a_packed_log_with_a_flipped_byte_anywhere(tmp_path: Path) -> None:
    whole = (RUN / "watch-pods.jsonl.gz").read_bytes()
    chance = random.Random(4)
    file = tmp_path / "flipped.gz"
    for _ in range(60):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.write_bytes(bytes(data))
        try:
            found = find([str(file)])
        except TraceError:
            continue
        validate(found.sources)


def test_ordinary_logs_do_not_look_like_bombs(tmp_path: Path) -> None:
    file = tmp_path / "audit.gz"
    file.write_bytes(gzip.compress(gzip.decompress((RUN / "audit.jsonl.gz").read_bytes()) * 28, 9))
    items = list(find([str(file)]).sources[0])
    assert all(isinstance(item, Event) for item in items)


@pytest.fixture(scope="module")
def runs() -> Runs:
    return Runs()


@pytest.mark.parametrize("seed", [249, *range(1, 9), *range(100, 140, 2)])
def test_damaged_logs_are_judged_without_an_exception(runs: Runs, seed: int) -> None:
    """Rules meet values of every type in every place; 249 put a list where an address belongs. The tool goes on: tests.traces.fuzz."""
    assert round_of(runs, seed) in {"conforms", "violated", "not judged", "none"}
