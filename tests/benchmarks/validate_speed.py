"""Measures `kubecheck validate` on long audit logs, which it makes from a recorded one. It only prints; nothing passes or fails.

    python -m tests.benchmarks.validate_speed                        all mixes, 100 MB each, with the time of each stage
    python -m tests.benchmarks.validate_speed --megabytes 1000 --mix mixed --whole       the memory of a log of 1 GB
    python -m tests.benchmarks.validate_speed --keep big.log --mix writes                keeps the log that was made

A long log is the recorded one again and again: as if the same things were done to the same etcd by the same processes, with
later revisions, later times and new uids; in between everything that is left is deleted. Mixes: `recorded` as it is, `writes`
without get, list and watch, `reads` with each get and list ten times; and what is hard on memory: `big-bodies` (one ConfigMap of 1 MB
is updated), `live` (pods are created and stay), `unanswered` (requests that nobody answers); `mixed` is `recorded` with some of these
after each telling. Each stage is timed in a process of its own, with all stages before it: reading (bytes to events), order,
history, rules; what a stage costs is the difference. Times are those of the processor, the least of `--runs`.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import gc
import gzip
import multiprocessing
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from kubecheck.traces.order import Timeline
from kubecheck.traces.readers.folder import find
from kubecheck.traces.rules import ALL
from kubecheck.traces.validate import validate

RECORDED = Path(__file__).parent.parent / "traces" / "data" / "s03_rollout" / "audit.jsonl.gz"
EXTRAS = {"big-bodies": 1, "live": 100, "unanswered": 200}
"""How many of these lines follow each telling of `mixed`."""
MIXES = ("recorded", "writes", "reads", *EXTRAS, "mixed")
SPARE = 1000
"""Revisions between two tellings, for them."""
READS = ("get", "list", "watch")
REPEATED = 10

_VERSION = re.compile(rb'(resourceVersion(?:":"|=))([1-9]\d*)')
_TIME = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class LongLog:
    """Lines of a recorded log, to be told again and again."""

    def __init__(self, path: Path, mix: str) -> None:
        data = path.read_bytes()
        self.lines: list[bytes] = []
        self.highest = 0
        self.kept: set[bytes] = set()
        """uids that stay: an API server that has another one was restarted."""
        last: dict[str, dict[str, Any]] = {}
        times: list[str] = []
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
            event = msgspec.json.decode(line)
            if event["user"].get("username") == "system:apiserver":
                self.kept.add(event["user"].get("uid", "").encode())
            times.append(event["stageTimestamp"])
            self.highest = max([self.highest, *(int(found[2]) for found in _VERSION.finditer(line))])
            _follow(last, event)
            if event["verb"] not in READS or mix != "writes":
                self.lines += [line] * (REPEATED if mix == "reads" and event["verb"] in ("get", "list") else 1)
        self.begin, self.end = min(times), max(times)
        span = datetime.datetime.fromisoformat(self.end) - datetime.datetime.fromisoformat(self.begin)
        self.seconds = int(span.total_seconds()) + 10
        self.mix = mix
        self.pod = next(line for line in self.lines if b'"verb":"create"' in line and b'"resource":"pods"' in line)
        self.lines += [_deletion(event, self.end) for event in sorted(last.values(), key=_depth)]

    def told(self, times: int) -> Iterator[bytes]:
        """All lines, told for the n-th time, n from 0."""
        versions, seconds = times * (self.highest + SPARE), times * self.seconds
        number = 0

        def version(found: re.Match[bytes]) -> bytes:
            return found[1] + str(int(found[2]) + versions).encode()

        def uid(found: re.Match[bytes]) -> bytes:
            return found[0] if found[0] in self.kept else found[0][:-5] + f"{times:05x}".encode()

        for number, line in enumerate(self.lines):
            line = _UUID.sub(uid, _TIME.sub(lambda found: _later(found[0], seconds), _VERSION.sub(version, line)))
            # a read that is told several times is several requests
            yield re.sub(rb'("auditID":")([^"]{8})', lambda found, number=number: found[1] + f"{number:08x}".encode(), line, count=1) \
                if line.find(b'"verb":"get"') > 0 or line.find(b'"verb":"list"') > 0 else line

    def write(self, path: Path, size: int) -> int:
        """Writes at least so many bytes; returns the number of lines."""
        written = lines = times = 0
        with path.open("wb") as out:
            while written < size:
                for line in self.extra(times) if self.mix in EXTRAS else self.told(times):
                    written += out.write(line + b"\n")
                    lines += 1
                if self.mix == "mixed":
                    for line in self.extra(times):
                        written += out.write(line + b"\n")
                        lines += 1
                times += 1
        return lines

    def extra(self, times: int) -> Iterator[bytes]:
        """Lines that are hard on memory, written after the n-th telling."""
        counts = {kind: count if self.mix == "mixed" else 100 * (kind == self.mix) for kind, count in EXTRAS.items()}
        begun = datetime.datetime.fromisoformat(self.end) + datetime.timedelta(seconds=times * self.seconds + 5)
        version = times * (self.highest + SPARE) + self.highest
        number = 0
        for kind, count in counts.items():
            for _ in range(count):
                number += 1
                stamp = (begun + datetime.timedelta(milliseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                yield self._extra(kind, f"{times:08x}-{number:04x}-4111-8111-111111111111", version + number, stamp)

    def _extra(self, kind: str, uid: str, version: int, stamp: str) -> bytes:
        pod = msgspec.json.decode(self.pod)
        event = {**pod, "auditID": uid, "requestReceivedTimestamp": stamp, "stageTimestamp": stamp,
                 "user": {"username": "admin", "groups": ["system:masters", "system:authenticated"]}}
        if kind == "live":
            meta = {name: value for name, value in pod["responseObject"]["metadata"].items()
                    if name not in ("ownerReferences", "generateName")}
            meta |= {"name": f"stays-{uid[:13]}", "namespace": "elsewhere", "uid": uid, "resourceVersion": str(version)}
            event["objectRef"] = {"resource": "pods", "namespace": "elsewhere", "name": meta["name"], "apiVersion": "v1"}
            event["responseObject"] = pod["responseObject"] | {"metadata": meta}
            return msgspec.json.encode(event)
        event |= {"verb": "update", "requestURI": "/big", "objectRef": {
            "resource": "configmaps", "namespace": "elsewhere", "name": "big", "apiVersion": "v1"}}
        if kind == "unanswered":
            event["objectRef"]["name"] = f"never-{uid[:13]}"
            return msgspec.json.encode({name: event[name] for name in event if name not in ("responseObject", "responseStatus")}
                                       | {"stage": "RequestReceived"})
        event["responseStatus"] = {"metadata": {}, "code": 200}
        event["responseObject"] = {"kind": "ConfigMap", "apiVersion": "v1", "data": {"x": "a" * 1_000_000, "n": uid}, "metadata": {
            "name": "big", "namespace": "elsewhere", "uid": "big", "resourceVersion": str(version)}}
        return msgspec.json.encode({name: value for name, value in event.items() if name != "requestObject"})


@functools.lru_cache(maxsize=4096)
def _later(text: bytes, seconds: int) -> bytes:
    when = datetime.datetime.fromisoformat(text.decode()) + datetime.timedelta(seconds=seconds)
    return when.isoformat().encode()


def _follow(last: dict[str, dict[str, Any]], event: dict[str, Any]) -> None:
    """Keeps the newest answer about each object that is there."""
    body = event.get("responseObject") or {}
    meta = body.get("metadata") or {}
    where = event.get("objectRef") or {}
    code = (event.get("responseStatus") or {}).get("code", 0)
    if event["verb"] in READS or not 200 <= code < 300 or "dryRun" in event.get("requestURI", ""):
        return
    name = meta.get("name") or where.get("name")
    namespace = "" if where.get("resource") == "namespaces" else where.get("namespace", "")
    key = f"{where.get('apiGroup', '')}/{where.get('resource')}/{namespace}/{name}"
    if event["verb"] == "delete" and (body.get("kind") == "Status" or not meta.get("deletionGracePeriodSeconds")):
        last.pop(key, None)
    elif meta.get("uid") and meta.get("resourceVersion") and where.get("subresource", "") in ("", "status"):
        last[key] = event


def _depth(event: dict[str, Any]) -> int:
    """Namespaces go last."""
    return int(event["objectRef"].get("resource") == "namespaces")


def _deletion(event: dict[str, Any], when: str) -> bytes:
    """A deletion of an object, by an administrator, answered with a Status."""
    meta, where = event["responseObject"]["metadata"], event["objectRef"]
    second = datetime.datetime.fromisoformat(when) + datetime.timedelta(seconds=4 if where["resource"] == "namespaces" else 3)
    stamp = second.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return msgspec.json.encode({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": meta["uid"],
        "stage": "ResponseComplete", "requestURI": "/deleted-between-two-tellings", "verb": "delete",
        "user": {"username": "admin", "groups": ["system:masters", "system:authenticated"]},
        "objectRef": {**{name: where[name] for name in ("resource", "namespace", "apiGroup", "apiVersion") if name in where},
                      "name": meta["name"]},
        "responseStatus": {"metadata": {}, "status": "Success", "code": 200},
        "responseObject": {"kind": "Status", "apiVersion": "v1", "status": "Success",
                           "details": {"name": meta["name"], "uid": meta["uid"]}},
        "requestReceivedTimestamp": stamp, "stageTimestamp": stamp,
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    })


def read(path: str) -> str:
    """Bytes to events."""
    for source in find([path]).sources:
        for _ in source:
            pass
    return ""


def order(path: str) -> str:
    """And events in order."""
    for _ in Timeline(find([path]).sources):
        pass
    return ""


def history(path: str) -> str:
    """And the history, with no rule."""
    validate(find([path]).sources, skip=[rule.name for rule in ALL])
    return ""


def rules(path: str) -> str:
    """And all rules."""
    validation = validate(find([path]).sources)
    summary = validation.summary
    return (f"{validation.verdict.value}, {summary.writes:,} versions, {summary.objects:,} objects, {summary.live:,} live, "
            f"{summary.late} late")


STAGES: tuple[Callable[[str], str], ...] = (read, order, history, rules)


def _measured(stage: Callable[[str], str], path: str, answer: Any) -> None:
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)  # as the command does
    began = time.process_time()
    said = stage(path)
    answer.put((time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10, said))


def in_a_process(stage: Callable[[str], str], path: str) -> tuple[float, int, str]:
    """Seconds of the processor, peak memory in bytes, and what it said, of a fresh process."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_measured, args=(stage, path, answer))
    process.start()
    measured: tuple[float, int, str] = answer.get()
    process.join()
    return measured


def measure(mix: str, recorded: Path, size: int, path: Path, stages: tuple[Callable[[str], str], ...], runs: int) -> None:
    """Makes a log of this mix and prints what each stage takes."""
    lines = LongLog(recorded, mix).write(path, size)
    print(f"{mix}: {lines:,} events, {path.stat().st_size / 1e6:,.0f} MB, {path.stat().st_size / lines:,.0f} bytes an event")
    measured = [[in_a_process(stage, str(path)) for stage in stages] for _ in range(runs)]
    before = 0.0
    for number, stage in enumerate(stages):
        seconds, memory, said = min(run[number] for run in measured)
        print(f"  {stage.__name__:8} {seconds:8.1f} s  +{(seconds - before) / lines * 1e6:6.1f} us an event  "
              f"{lines / seconds:9,.0f} events/s so far  peak {memory >> 20:,} MiB  {said}", flush=True)
        before = seconds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, default=RECORDED, help="audit log to repeat, plain or .gz")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--mix", choices=MIXES, action="append")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="time the whole validation only")
    parser.add_argument("--keep", type=Path, help="keep the log here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for mix in given.mix or MIXES:
            measure(mix, given.log, given.megabytes * 1_000_000, given.keep or Path(folder) / f"{mix}.log",
                    (rules,) if given.whole else STAGES, given.runs)


if __name__ == "__main__":
    main()
