"""The end of the log: what was asked for and is not there."""

from __future__ import annotations

import random

from tests.traces.faults.places import of, pick, planted, status
from tests.traces.faults.semantics.places import body, metadata, register, tellings, uid
from tests.traces.mutate import Fault, Log, Planted, key_of, meta, version

KINDS: dict[str, Fault] = {}


@register(KINDS, "a Deployment that ends below its replicas")
def short(log: Log, chosen: random.Random) -> Planted | None:
    """The last status of a Deployment has one available replica less than asked for."""
    found = pick(chosen, [entries[-1] for key, entries in log.of.items() if key[0] == "deployments"
                          and status(entries[-1][2]).get("availableReplicas")
                          and not metadata(entries[-1]).get("deletionTimestamp")
                          and status(entries[-1][2])["availableReplicas"] == body(entries[-1])["spec"]["replicas"]])
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        for count in ("availableReplicas", "readyReplicas"):
            told["status"][count] -= 1
        told["status"]["unavailableReplicas"] = 1
    return planted(log, found[0], found[1], "one replica not available at the end, in every telling")


@register(KINDS, "a Service that ends without a ready pod")
def no_endpoint(log: Log, chosen: random.Random) -> Planted | None:
    """The last EndpointSlice of a Service lacks one of its ready pods."""
    found = pick(chosen, [entries[-1] for key, entries in log.of.items() if key[0] == "endpointslices" and not any(
                          line["verb"] == "delete" and key_of(line) == key for _, _, line in log.complete)
                          and any(one.get("targetRef") and (one.get("conditions") or {}).get("ready")
                                  for one in body(entries[-1]).get("endpoints") or [])])
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        told["endpoints"] = [one for one in told["endpoints"] if not (one.get("conditions") or {}).get("ready")]
    return planted(log, found[0], found[1], "ready endpoints left out at the end, in every telling")


@register(KINDS, "a pod still terminating at the end")
def never_gone(log: Log, chosen: random.Random) -> Planted | None:
    """The removal of a pod that was deleted is not in the log, nor told."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="delete") if key_of(entry[2])[1] == "default"
                          and "s12" not in log.folder.name  # where an API server was killed, requests that are not told may have written
                          and metadata(entry).get("deletionGracePeriodSeconds") == 0
                          and len([one for one in log.of[key_of(entry[2])] if uid(one) == uid(entry)]) == len(log.of[key_of(entry[2])])
                          and not body(entry)["metadata"].get("finalizers")])
    if found is None:
        return None
    gone = uid(found)
    log.files[found[0]] = [line for line in log.files[found[0]] if line.get("auditID") != found[2]["auditID"]]
    for name, lines in log.files.items():
        if name.startswith("watch"):
            log.files[name] = [line for line in lines if not (line["type"] == "DELETED" and meta(line["object"]).get("uid") == gone)]
    return planted(log, found[0], -1, f"the removal of {key_of(found[2])[2]} is missing")
