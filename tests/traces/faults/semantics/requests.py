"""Requests: who may do what, and nothing but through the API server."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import ACCOUNT, of, pick, planted, safe, steps
from tests.traces.faults.semantics.places import copied, gap, last, metadata, register, shift, uid
from tests.traces.faults.watch import changes
from tests.traces.mutate import Fault, Log, Planted, code, done, key_of, meta, ref, user, version

KINDS: dict[str, Fault] = {}


@register(KINDS, "a request without a valid token that succeeds")
def bad_token(log: Log, chosen: random.Random) -> Planted | None:
    """A request that was answered with 401 is said to have succeeded."""
    found = pick(chosen, [entry for entry in log.audits if code(entry[2]) == 401])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["stage"], line["responseStatus"] = "ResponseComplete", {"metadata": {}, "code": 200}
    line.pop("responseObject", None)
    return planted(log, found[0], found[1], "200 instead of 401, of nobody")


@register(KINDS, "an anonymous read of a Secret")
def anonymous_read(log: Log, chosen: random.Random) -> Planted | None:
    """An anonymous user reads Secrets."""
    found = pick(chosen, [entry for entry in log.complete if entry[2]["verb"] in ("get", "list") and code(entry[2]) == 200
                          and ref(entry[2]).get("resource") in ("secrets", "configmaps", "pods")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    line["user"] = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
    return planted(log, found[0], found[1], f"{ref(line)['resource']} read by system:anonymous")


def _as(log: Log, chosen: random.Random, who: str, resource: str, verb: str) -> Planted | None:
    found = pick(chosen, [entry for entry in of(log, resource, verb=verb) if user(entry[2]) != ACCOUNT + who])
    if found is None:
        return None
    group = "system:nodes" if who.startswith("system:node:") else "system:serviceaccounts"
    log.edit(found[0], found[1])["user"] = {
        "username": who if who.startswith("system:") else ACCOUNT + who, "groups": [group, "system:authenticated"]}
    return planted(log, found[0], found[1], f"{verb} of {resource} by {who}")


@register(KINDS, "a pod deleted by the endpoint controller")
def endpoint_deletes(log: Log, chosen: random.Random) -> Planted | None:
    """The endpoint controller deletes a pod, which its role does not allow."""
    return _as(log, chosen, "endpoint-controller", "pods", "delete")


@register(KINDS, "a Service created by a kubelet")
def kubelet_service(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet creates a Service."""
    return _as(log, chosen, "system:node:node-1", "services", "create")


@register(KINDS, "a Deployment created by the job controller")
def job_deployment(log: Log, chosen: random.Random) -> Planted | None:
    """The job controller creates a Deployment."""
    return _as(log, chosen, "job-controller", "deployments", "create")


@register(KINDS, "a version that nobody wrote, in a stream")
def unwritten(log: Log, chosen: random.Random) -> Planted | None:
    """A stream tells a change that no request made."""
    places = []
    for name in log.streams():
        if "s12" in log.folder.name or not any(resource in name for resource in ("pods", "deployments", "replicasets", "leases", "nodes")):
            continue
        numbers = changes(log, name)
        for at, number in enumerate(numbers[:-1]):
            one, other = (int(meta(log.files[name][numbers[at + step]]["object"])["resourceVersion"]) for step in (0, 1))
            fresh = log.fresh(one, other)
            if log.files[name][number]["type"] == "MODIFIED" and fresh and meta(log.files[name][number]["object"])["uid"] == (
                    meta(log.files[name][numbers[at + 1]]["object"])["uid"]):
                places.append((name, number, fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    name, number, fresh = found
    line = copy.deepcopy(log.files[name][number])
    meta(line["object"])["resourceVersion"] = str(fresh)
    meta(line["object"])["labels"] = {**(meta(line["object"]).get("labels") or {}), "planted": "nobody"}
    log.files[name].insert(number + 1, line)
    return planted(log, name, number + 1, f"{fresh}, which no request wrote")


@register(KINDS, "a read of a version that nobody wrote")
def unwritten_read(log: Log, chosen: random.Random) -> Planted | None:
    """Between two writes a GET answers a version of its own (not of pods, whose bindings write versions that no line tells)."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if gap(log, one, other) and one[2]["verb"] in ("create", "update")
                          and safe(log, one) and key_of(one[2])[0] in ("deployments", "replicasets", "nodes")])
    if found is None:
        return None
    one, other = found
    fresh, at = gap(log, one, other) or (0, "")
    line = copied(one, at=at, fresh=fresh)
    line["verb"], line["responseStatus"] = "get", {"metadata": {}, "code": 200}
    line["objectRef"] = {key: value for key, value in ref(line).items() if key not in ("subresource", "uid", "resourceVersion")}
    ref(line)["name"] = key_of(one[2])[2]
    line.pop("requestObject", None)
    meta(line["responseObject"])["labels"] = {"planted": "nobody"}
    return planted(log, *log.insert_by_time(line), f"answers {fresh}, which no request wrote")


@register(KINDS, "a dry run that is read afterwards")
def dry_run_read(log: Log, chosen: random.Random) -> Planted | None:
    """The next version of an object is said to have been a dry run, and a GET answers it."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if other[2]["verb"] == "update" and safe(log, other)
                          and key_of(one[2])[0] in ("configmaps", "deployments", "replicasets") and "?" not in other[2]["requestURI"]])
    if found is None:
        return None
    _, (name, number, line) = found
    read = copied((name, number, line), at=shift(done(line), 20))
    read["verb"], read["responseStatus"] = "get", {"metadata": {}, "code": 200}
    read["objectRef"] = {key: value for key, value in ref(read).items() if key not in ("subresource", "uid", "resourceVersion")}
    read.pop("requestObject", None)
    log.edit(name, number)["requestURI"] += "?dryRun=All"
    log.insert_by_time(read)
    place = next(at for at, other in enumerate(log.files[name]) if "dryRun=All" in other.get("requestURI", "")
                 and other.get("auditID") == line["auditID"] and other["stage"] == "ResponseComplete")
    return planted(log, name, place, f"a dry run, and {version(line)} of {uid((name, number, line))} is read")


@register(KINDS, "a dry-run deletion that marks")
def dry_run_deletes(log: Log, chosen: random.Random) -> Planted | None:
    """A deletion is said to have been a dry run, and the object has its deletionTimestamp afterwards."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if one[2]["verb"] == "delete" and safe(log, one)
                          and metadata(one).get("deletionGracePeriodSeconds") != 0])
    if found is None:
        return None
    (name, number, _), _ = found
    log.edit(name, number)["requestURI"] += "?dryRun=All"
    return planted(log, name, number, "a deletion called a dry run, told and acted on")


@register(KINDS, "a dry-run creation with a version")
def dry_run_created(log: Log, chosen: random.Random) -> Planted | None:
    """A creation of another name is a dry run, and is answered with a version."""
    found = pick(chosen, [entry for entry in log.writes if entry[2]["verb"] == "create" and "?" not in entry[2]["requestURI"]
                          and key_of(entry[2])[0] in ("configmaps", "pods", "deployments")])
    if found is None:
        return None
    line = copied(found, at=shift(done(found[2]), 20), fresh=last(log))
    line["requestURI"] += "?dryRun=All"
    ref(line)["name"] = "planted"
    meta(line["responseObject"]).update(name="planted", uid="00000000-0000-4000-8000-000000000010")
    return planted(log, *log.insert_by_time(line), f"a dry run answered with {last(log)}")
