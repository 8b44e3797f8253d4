"""Faults of the end, and broken lines."""

from __future__ import annotations

import json
import random

from tests.traces.faults.places import pick, planted, status
from tests.traces.mutate import Fault, Log, Planted, meta, version


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
}

BROKEN: dict[str, Fault] = {"a truncated last line": truncated, "a garbled line": garbled}
