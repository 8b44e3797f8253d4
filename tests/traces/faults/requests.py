"""Faults of requests."""

from __future__ import annotations

import random

from tests.traces.faults.places import last_version, of, pick, planted, safe, watched
from tests.traces.mutate import Fault, Line, Log, Planted, code, meta, version


def forbidden_success(log: Log, chosen: random.Random) -> Planted | None:
    """What was forbidden succeeds."""
    found = pick(chosen, [entry for entry in log.complete
                          if (entry[2].get("annotations") or {}).get("authorization.k8s.io/decision") == "forbid"])
    if found is None:
        return None
    log.edit(found[0], found[1])["responseStatus"] = {"metadata": {}, "code": 200}
    return planted(log, found[0], found[1], "200 although forbidden")


def allowed_to_forbidden(log: Log, chosen: random.Random) -> Planted | None:
    """What succeeded had been forbidden."""
    found = pick(chosen, log.writes)
    if found is None:
        return None
    log.edit(found[0], found[1])["annotations"]["authorization.k8s.io/decision"] = "forbid"
    return planted(log, found[0], found[1], "forbidden and done")


def anonymous_write(log: Log, chosen: random.Random) -> Planted | None:
    """An anonymous user writes."""
    found = pick(chosen, log.writes)
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
    return planted(log, found[0], found[1], "by system:anonymous")


def unauthenticated_write(log: Log, chosen: random.Random) -> Planted | None:
    """A request without an authenticated user succeeds."""
    found = pick(chosen, log.writes)
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {}
    return planted(log, found[0], found[1], "by nobody")


def _by(log: Log, chosen: random.Random, who: str, resource: str) -> Planted | None:
    found = pick(chosen, of(log, resource))
    if found is None:
        return None
    log.edit(found[0], found[1])["user"] = {"username": who, "groups": ["system:authenticated"]}
    return planted(log, found[0], found[1], f"by {who}")


def scheduler_writes(log: Log, chosen: random.Random) -> Planted | None:
    """The scheduler writes a Deployment."""
    return _by(log, chosen, "system:kube-scheduler", "deployments")


def kubelet_writes(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet writes a ReplicaSet."""
    return _by(log, chosen, "system:node:node-1", "replicasets")


def lost_write(log: Log, chosen: random.Random) -> Planted | None:
    """A write whose version is told elsewhere is not in the log."""
    found = pick(chosen, [entry for entry in watched(log) if safe(log, entry)])
    if found is None:
        return None
    line = log.files[found[0]][found[1]]  # with its other stages: a request without an answer would explain the version
    log.files[found[0]] = [other for other in log.files[found[0]] if other["auditID"] != line["auditID"]]
    return planted(log, found[0], found[1], f"the write of {version(line)} is missing")


def refused_and_done(log: Log, chosen: random.Random) -> Planted | None:
    """A refused write takes effect."""
    found = pick(chosen, [entry for entry in watched(log) if safe(log, entry)])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["responseStatus"] = {"code": 403, "reason": "Forbidden", "status": "Failure", "metadata": {}}
    line["responseObject"] = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}
    return planted(log, found[0], found[1], "refused, and its version is told")


def _dry_runs(log: Log) -> list[tuple[str, int, Line]]:
    return [entry for entry in log.complete if "dryRun=All" in entry[2].get("requestURI", "") and code(entry[2]) < 300]


def dry_run_creates(log: Log, chosen: random.Random) -> Planted | None:
    """A dry run answers a new version."""
    found = pick(chosen, [entry for entry in _dry_runs(log) if isinstance(entry[2].get("responseObject"), dict)])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["resourceVersion"] = str(last_version(log)[0])
    return planted(log, found[0], found[1], "a dry run with a new version")


def dry_run_told(log: Log, chosen: random.Random) -> Planted | None:
    """A dry run takes effect: a write is called one, and its version is told."""
    found = pick(chosen, [entry for entry in watched(log) if safe(log, entry) and "?" not in entry[2]["requestURI"]])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["requestURI"] += "?dryRun=All"
    return planted(log, found[0], found[1], "a write called a dry run")


REQUESTS: dict[str, Fault] = {
    "forbidden and successful": forbidden_success,
    "done although forbidden": allowed_to_forbidden,
    "an anonymous write": anonymous_write,
    "a write by nobody": unauthenticated_write,
    "a Deployment written by the scheduler": scheduler_writes,
    "a ReplicaSet written by a kubelet": kubelet_writes,
    "a lost write in the middle": lost_write,
    "a refusal that took effect": refused_and_done,
    "a dry run with a version": dry_run_creates,
    "a dry run that took effect": dry_run_told,
}
