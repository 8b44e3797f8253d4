"""Finding all tellings of a version, and making lines."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.traces.faults.places import Entry
from tests.traces.mutate import Fault, Line, Log, done, meta, version

Body = dict[str, Any]


def register(kinds: dict[str, Fault], kind: str) -> Callable[[Fault], Fault]:
    """Enters a fault under the name of its kind."""

    def enter(fault: Fault) -> Fault:
        kinds[kind] = fault
        return fault

    return enter


def shift(text: str, micros: int) -> str:
    """A time of the log some microseconds later."""
    return (datetime.fromisoformat(text) + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def body(entry: Entry) -> Body:
    """What was answered."""
    found: Body = entry[2]["responseObject"]
    return found


def metadata(entry: Entry) -> Body:
    """metadata of what was answered."""
    return meta(entry[2]["responseObject"])


def uid(entry: Entry) -> str:
    """The uid of what was answered."""
    return str(metadata(entry).get("uid", ""))


def tellings(log: Log, of: str, *, at: int = 0, since: int = 0) -> Iterator[Body]:
    """The object of this uid wherever the log tells it, to be changed: at one version, or since one."""
    for name, lines in log.files.items():
        for number, line in enumerate(lines):
            for path in (("object",) if name.startswith("watch") else ("responseObject",)):
                told = line.get(path)
                if not isinstance(told, dict):
                    continue
                if _is(told, of, at, since):
                    yield log.edit(name, number)[path]
                elif isinstance(items := told.get("items"), list):
                    for place, item in enumerate(items):
                        if isinstance(item, dict) and _is(item, of, at, since):
                            yield log.edit(name, number)[path]["items"][place]


def _is(body: Body, of: str, at: int, since: int) -> bool:
    told = meta(body)
    if told.get("uid") != of or body.keys() <= {"kind", "apiVersion", "metadata"}:  # PartialObjectMetadata
        return False
    return (int(told["resourceVersion"]) == at if at else int(told.get("resourceVersion") or 0) >= since)


def renamed_uid(log: Log, old: str, new: str) -> None:
    """Replaces a uid in every line."""
    import msgspec

    for name, lines in log.files.items():
        log.files[name] = [
            msgspec.json.decode(data.replace(old.encode(), new.encode())) if old.encode() in (data := msgspec.json.encode(line)) else line
            for line in lines
        ]


def copied(entry: Entry, *, at: str, fresh: int = 0, micros: int = 100) -> Line:
    """A copy of a line as a request of its own, received at a time and answered `micros` later, with a version of its own."""
    line = copy.deepcopy(entry[2])
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = at, shift(at, micros)
    if fresh:
        meta(line["responseObject"])["resourceVersion"] = str(fresh)
    return line


def refused(line: Line, code: int, reason: str, message: str = "") -> Line:
    """Makes of an answer a refusal."""
    line["responseStatus"] = {"metadata": {}, "status": "Failure", "reason": reason, "code": code, "message": message or reason}
    line["responseObject"] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code}
    return line


def end(log: Log) -> str:
    """A time after everything in the log."""
    return shift(max(done(entry[2]) for entry in log.audits), 1000)


def last(log: Log) -> int:
    """A version after everything in the log."""
    return max(log.used) + 1


def gap(log: Log, one: Entry, other: Entry, micros: int = 200) -> tuple[int, str] | None:
    """A version and a time between two writes of which the one was answered well before the other was received."""
    fresh = log.fresh(version(one[2]), version(other[2]))
    begin = shift(done(one[2]), 20)
    return (fresh, begin) if fresh and shift(begin, micros + 20) < str(other[2]["requestReceivedTimestamp"]) else None


def condition(body: Body, kind: str) -> Body:
    """A condition of status, or an empty one."""
    found = (body.get("status") or {}).get("conditions") or []
    return next((one for one in found if one.get("type") == kind), {})
