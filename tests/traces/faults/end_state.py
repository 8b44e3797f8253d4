"""Faults of the end, and broken lines."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from tests.traces.faults.places import NEW_UID, Entry, pick, planted, status
from tests.traces.mutate import Fault, Line, Log, Planted, done, key_of, meta, ref, user, version


def unready_end(log: Log, chosen: random.Random) -> Planted | None:
    """The last status of a ReplicaSet or StatefulSet lacks a ready pod."""
    found = pick(chosen, [entries[-1] for key, entries in log.of.items() if key[0] in ("replicasets", "statefulsets")
                          and status(entries[-1][2]).get("readyReplicas") and key[1] == "default"])
    if found is None:
        return None
    status(log.edit(found[0], found[1]))["readyReplicas"] += 7
    for name, lines in log.files.items():
        if name.startswith("watch"):
            for at, line in enumerate(lines):
                if meta(line["object"]).get("resourceVersion") == str(version(found[2])):
                    log.edit(name, at)["object"]["status"]["readyReplicas"] += 7
    return planted(log, found[0], found[1], "more ready replicas than asked for, in every telling")


def unobserved_end(log: Log, chosen: random.Random) -> Planted | None:
    """The last change of a Deployment was not observed."""
    found = pick(chosen, [entries[-1] for key, entries in log.of.items() if key[0] == "deployments" and key[1] == "default"
                          and status(entries[-1][2]).get("observedGeneration")])
    if found is None:
        return None
    status(log.edit(found[0], found[1]))["observedGeneration"] -= 1
    for name, lines in log.files.items():
        if name.startswith("watch"):
            for at, line in enumerate(lines):
                if meta(line["object"]).get("resourceVersion") == str(version(found[2])):
                    log.edit(name, at)["object"]["status"]["observedGeneration"] -= 1
    return planted(log, found[0], found[1], "the last generation not observed, in every telling")


def _everywhere(log: Log, entry: Entry, change: Callable[[Line], None]) -> None:
    """Changes the body of a version in its answer and in every stream."""
    change(log.edit(entry[0], entry[1])["responseObject"])
    for name, lines in log.files.items():
        if name.startswith("watch"):
            for at, line in enumerate(lines):
                if meta(line["object"]).get("resourceVersion") == str(version(entry[2])) and line["type"] != "BOOKMARK":
                    change(log.edit(name, at)["object"])


def _at_rest(log: Log, chosen: random.Random) -> Entry | None:
    """The last status of a ReplicaSet that lives; its controller goes on to work on something else, a minute later."""
    last = pick(chosen, [entries[-1] for key, entries in log.of.items() if key[0] == "replicasets" and key[1] == "default"
                         and status(entries[-1][2]).get("readyReplicas") and ref(entries[-1][2]).get("subresource") == "status"
                         and not meta(entries[-1][2]["responseObject"]).get("deletionTimestamp")])
    if last is None or "s12" in log.folder.name or any(user(line) == _GARBAGE and line["verb"] == "delete" for _, _, line in log.complete):
        return None
    refused = copy.deepcopy(last[2])
    where = ref(refused)
    where["name"], refused["auditID"] = "another", "planted"
    minute = int(done(refused)[14:16]) + 1
    for field in ("requestReceivedTimestamp", "stageTimestamp"):
        refused[field] = f"{refused[field][:14]}{minute:02d}{refused[field][16:]}"
    head = meta(refused["responseObject"])
    head["name"], head["uid"], head["resourceVersion"] = "another", NEW_UID, str(max(log.used) + 1)
    where.pop("resourceVersion", None)
    log.insert_by_time(refused)
    return last


_GARBAGE = "system:serviceaccount:kube-system:generic-garbage-collector"


def _counts(field: str) -> Fault:
    def fault(log: Log, chosen: random.Random) -> Planted | None:
        last = _at_rest(log, chosen)
        if last is None:
            return None

        def more(body: Line) -> None:
            body["status"][field] += 1

        _everywhere(log, last, more)
        return planted(log, last[0], last[1], f"one too many in {field}, and its controller works on, in every telling")

    return fault


def _until(log: Log, entry: Entry) -> Log:
    """The log as it was before this line was written."""
    ended = log.copied()
    last = max((version(line) for _, _, line in log.audits if done(line) < done(entry[2])), default=0)
    for name, lines in log.files.items():
        ended.files[name] = [line for line in lines if (
            int(meta(line["object"])["resourceVersion"]) <= last if name.startswith("watch") else done(line) < done(entry[2]))]
    return ended


def _endpoint(what: str, change: Callable[[list[Any]], None]) -> Fault:
    def fault(log: Log, chosen: random.Random) -> Planted | None:
        gone = pick(chosen, [entry for entry in log.complete if entry[2]["verb"] == "delete"
                             and key_of(entry[2])[:2] == ("services", "default")])
        if gone is None:
            return None
        before = _until(log, gone)
        found = pick(chosen, [known[-1] for key, entries in log.of.items() if key[:2] == ("endpointslices", "default") and (
            known := [entry for entry in entries if done(entry[2]) < done(gone[2])]
        ) and len(known[-1][2]["responseObject"].get("endpoints") or []) > 1])
        if found is None:
            return None
        number = next(at for at, line in enumerate(before.files[found[0]]) if line is found[2])
        log = before.copied()
        _everywhere(log, (found[0], number, found[2]), lambda body: change(body["endpoints"]))
        return Planted(log, found[0], number + 1, what, before)

    return fault


def _forget(endpoints: list[Any]) -> None:
    del endpoints[-1]


def _unready(endpoints: list[Any]) -> None:
    endpoints[-1]["conditions"]["ready"] = False


def truncated(log: Log, chosen: random.Random) -> Planted | None:
    """The last line breaks off."""
    name = "audit.jsonl.gz"
    whole = json.dumps(log.files[name][-1]).encode()
    log.files[name][-1] = whole[: chosen.randrange(1, len(whole) - 1)]
    return planted(log, name, len(log.files[name]) - 1, "a truncated last line")


def garbled(log: Log, chosen: random.Random) -> Planted | None:
    """A line in the middle of a stream is no JSON."""
    name = pick(chosen, log.streams())
    if name is None:
        return None
    number = chosen.randrange(len(log.files[name]))
    if log.files[name][number]["type"] != "BOOKMARK":
        return None
    log.files[name][number] = b'{"type":"BOOKMARK","object":\x00\xff}'
    return planted(log, name, number, "no JSON")


END: dict[str, Fault] = {
    "an end that is not reached": unready_end,
    "an end that was not observed": unobserved_end,
    "a status at rest that counts too many": _counts("replicas"),
    "a status at rest with too many ready": _counts("readyReplicas"),
    "an endpoint missing at the end": _endpoint("the last EndpointSlice lacks a ready pod, in every telling", _forget),
    "an endpoint not ready at the end": _endpoint("the last EndpointSlice calls a ready pod not ready, in every telling", _unready),
}

BROKEN: dict[str, Fault] = {"a truncated last line": truncated, "a garbled line": garbled}
