"""What the kinds of faults share: how places are found, and lines of the log made."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.traces.mutate import Line, Log, Planted, code, done, meta, ref, user, version

Entry = tuple[str, int, Line]


def pick(chosen: random.Random, candidates: list[Any]) -> Any:
    """One of them, or None."""
    return chosen.choice(candidates) if candidates else None


def planted(log: Log, name: str, number: int, what: str) -> Planted:
    """The fault at a line counted from 0."""
    return Planted(log, name, number + 1, what)


def later(text: str, micros: int) -> str:
    """A time of the log some microseconds later (within the second)."""
    base, _, rest = text.partition(".")
    return f"{base}.{min(999999, max(0, int(rest[:-1].ljust(6, '0')) + micros)):06d}Z"


def steps(log: Log) -> Iterator[tuple[Entry, Entry]]:
    """Writes of one object one after the other, of the same uid."""
    for entries in log.of.values():
        for one, other in pairwise(entries):
            if meta(one[2]["responseObject"]).get("uid") == meta(other[2]["responseObject"]).get("uid"):
                yield one, other


ACCOUNT = "system:serviceaccount:kube-system:"
NEW_UID = "00000000-0000-4000-8000-00000000000a"


def bindings(log: Log) -> list[Entry]:
    """Bindings that succeeded."""
    return [entry for entry in log.complete if ref(entry[2]).get("subresource") == "binding" and code(entry[2]) == 201]


def of(log: Log, resource: str, **wanted: str) -> list[Entry]:
    """Writes of objects of this resource, with this verb or subresource."""
    return [entry for entry in log.writes if ref(entry[2]).get("resource") == resource
            and all((ref(entry[2]).get(name, "") if name == "subresource" else entry[2][name]) == value for name, value in wanted.items())]


def status(line: Line) -> dict[str, Any]:
    """status of the answer."""
    found = line["responseObject"].get("status")
    return found if isinstance(found, dict) else {}


def last_version(log: Log) -> tuple[int, str]:
    """A version, and a time, after everything in the log."""
    return max(log.used) + 1, later(max(done(entry[2]) for entry in log.audits), 1)


def rename(line: Line, name: str, number: int) -> None:
    """Makes of a copied creation that of another object, right after it."""
    line["auditID"] = "planted"
    line["requestReceivedTimestamp"], line["stageTimestamp"] = later(done(line), 1), later(done(line), 2)
    if "name" in ref(line):
        ref(line)["name"] = name
    answered = meta(line["responseObject"])
    answered["name"], answered["uid"], answered["resourceVersion"] = name, NEW_UID, str(number)


def creations(log: Log, controller: str) -> list[Entry]:
    """Pods created by this controller."""
    return [entry for entry in of(log, "pods", verb="create") if user(entry[2]) == ACCOUNT + controller]


def watched(log: Log) -> list[Entry]:
    """Writes whose version a stream tells."""
    told = {int(meta(line["object"])["resourceVersion"]) for name, lines in log.files.items() if name.startswith("watch")
            for line in lines if line["type"] in ("ADDED", "MODIFIED")}
    return [entry for entry in log.writes if version(entry[2]) in told and entry[2]["verb"] in ("create", "update", "patch")]


def safe(log: Log, entry: Entry) -> bool:
    """Would the log tell that the write is missing? Not where an API server was killed, or where bodies are not kept."""
    return "s12" not in log.folder.name and entry[2]["level"] == "RequestResponse"
