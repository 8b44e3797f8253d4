"""Faults of how objects begin and end, of what never changes, of counts, and of reads."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any, Final

from tests.traces.faults.places import ACCOUNT, Entry, creations, last_version, of, pick, planted, steps
from tests.traces.faults.semantics.places import Body, body, copied, end, metadata, register, shift, tellings, uid
from tests.traces.mutate import Fault, Line, Log, Planted, code, done, key_of, meta, received, ref, user, version

STORE: Final[dict[str, Fault]] = {}
PODS: Final[dict[str, Fault]] = {}
CONTROLLERS: Final[dict[str, Fault]] = {}
REQUESTS: Final[dict[str, Fault]] = {}
WATCH: Final[dict[str, Fault]] = {}
END: Final[dict[str, Fault]] = {}
_COLLECTOR: Final = {"username": ACCOUNT + "generic-garbage-collector", "groups": ["system:authenticated"]}
_SIZED: Final = ("deployments", "replicasets", "statefulsets", "daemonsets")


def _everywhere(log: Log, entry: Entry | None, change: Callable[[Body], Any], what: str, *, since: bool = False) -> Planted | None:
    """Changes a version, or it and all later ones of its object, wherever they are told."""
    if entry is None:
        return None
    number = version(entry[2])
    for told in list(tellings(log, uid(entry), **({"since": number} if since else {"at": number}))):
        if told.get("kind") != "Scale":
            change(told)
    return planted(log, entry[0], entry[1], what)


def _made(log: Log, *resources: str) -> list[Entry]:
    return [entry for entry in log.writes if entry[2]["verb"] == "create" and ref(entry[2])["resource"] in resources
            and not ref(entry[2]).get("subresource")]


@register(STORE, "a creation of generation 5, in every telling")
def older_than_it_is(log: Log, chosen: random.Random) -> Planted | None:
    """A new object has a history."""
    def change(told: Body) -> None:
        told["metadata"]["generation"] += 4

    return _everywhere(log, pick(chosen, _made(log, *_SIZED, "jobs")), change, "generation 5", since=True)


@register(STORE, "a creation with a status, in every telling")
def born_ready(log: Log, chosen: random.Random) -> Planted | None:
    """A new object counts what it cannot have."""
    return _everywhere(log, pick(chosen, _made(log, *_SIZED)), lambda told: told.__setitem__("status", {"replicas": 3}), "3 replicas")


@register(STORE, "a creation an hour early, in every telling")
def born_early(log: Log, chosen: random.Random) -> Planted | None:
    """A creationTimestamp from before the request."""
    return _everywhere(log, pick(chosen, _made(log, "pods", *_SIZED)),
                       lambda told: told["metadata"].__setitem__("creationTimestamp", "2026-01-01T00:00:00Z"), "months before", since=True)


@register(STORE, "a creationTimestamp that changes, in every telling")
def born_again(log: Log, chosen: random.Random) -> Planted | None:
    """It changes with a later version."""
    found = pick(chosen, [other for _, other in steps(log)])
    return _everywhere(log, found, lambda told: told["metadata"].__setitem__("creationTimestamp", "2026-01-01T00:00:00Z"), "another",
                       since=True)


@register(STORE, "a selector that changes, in every telling")
def other_selector(log: Log, chosen: random.Random) -> Planted | None:
    """A workload selects something else."""
    found = pick(chosen, [other for _, other in steps(log) if ref(other[2])["resource"] in _SIZED])
    return _everywhere(log, found, lambda told: told["spec"]["selector"].__setitem__("matchLabels", {"app": "other"}), "another selector",
                       since=True)


@register(STORE, "a service account that changes, in every telling")
def other_account(log: Log, chosen: random.Random) -> Planted | None:
    """A pod gets other rights."""
    found = pick(chosen, [other for _, other in steps(log) if ref(other[2])["resource"] == "pods"])
    return _everywhere(log, found, lambda told: told["spec"].__setitem__("serviceAccountName", "root"), "another account", since=True)


def _answers(log: Log, verb: str) -> list[Entry]:
    return [entry for entry in log.complete if entry[2]["verb"] == verb and code(entry[2]) == 200 and entry[2].get("responseObject")]


@register(STORE, "a GET of another object")
def other_object(log: Log, chosen: random.Random) -> Planted | None:
    """It is answered with an object of another name."""
    found = pick(chosen, [entry for entry in _answers(log, "get") if meta(entry[2]["responseObject"]).get("uid")
                          and not ref(entry[2]).get("subresource")])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["name"] = "another"
    return planted(log, found[0], found[1], "another name")


@register(STORE, "a PUT answered with another object")
def other_answer(log: Log, chosen: random.Random) -> Planted | None:
    """It tells an object of another namespace."""
    found = pick(chosen, [entry for entry in log.writes if entry[2]["verb"] == "update" and ref(entry[2]).get("namespace")
                          and ref(entry[2])["resource"] != "namespaces"])
    if found is None:
        return None
    meta(log.edit(found[0], found[1])["responseObject"])["namespace"] = "elsewhere"
    return planted(log, found[0], found[1], "of another namespace")


def _lists(log: Log) -> list[Entry]:
    """Lists with an item whose write the log has."""
    known = {version(entry[2]) for entry in log.writes}
    return [entry for entry in _answers(log, "list") for items in [entry[2]["responseObject"].get("items")] if isinstance(items, list)
            and any(int(meta(item).get("resourceVersion") or 0) in known for item in items)]


@register(STORE, "a list with an item of the future")
def later_item(log: Log, chosen: random.Random) -> Planted | None:
    """An item is newer than its list."""
    found = pick(chosen, [entry for entry in _answers(log, "list") if entry[2]["responseObject"].get("items") and version(entry[2])])
    if found is None:
        return None
    answer = log.edit(found[0], found[1])["responseObject"]
    meta(answer["items"][0])["resourceVersion"] = str(version(found[2]) + 7)
    return planted(log, found[0], found[1], "an item of a later version")


@register(STORE, "a list with other content")
def other_item(log: Log, chosen: random.Random) -> Planted | None:
    """A list tells an object otherwise than it was written."""
    latest = {key_of(entries[-1][2]): version(entries[-1][2]) for entries in log.of.values()}
    places = [(entry, number) for entry in _lists(log) for number, item in enumerate(entry[2]["responseObject"]["items"])
              if latest.get((ref(entry[2])["resource"], meta(item).get("namespace", ""), meta(item)["name"])) == int(
                  meta(item)["resourceVersion"])]
    found = pick(chosen, places)
    if found is None:
        return None
    (name, line, _), number = found
    log.edit(name, line)["responseObject"]["items"][number]["planted"] = True
    return planted(log, name, line, "an item with a field more")


@register(STORE, "a consistent list from before a write")
def old_list(log: Log, chosen: random.Random) -> Planted | None:
    """A list lags behind."""
    found = pick(chosen, [entry for entries in log.of.values() for entry in entries if entry[2]["verb"] in ("create", "update")])
    if found is None:
        return None
    where = ref(found[2])
    line: Line = copied(found, at=shift(done(found[2]), 3_000_000))
    line["verb"] = "list"
    group = f"apis/{where['apiGroup']}" if where.get("apiGroup") else "api"
    line["objectRef"] = {name: value for name, value in where.items() if name in ("resource", "apiGroup", "apiVersion")}
    line["requestURI"] = f"/{group}/{where['apiVersion']}/{where['resource']}"
    line["user"] = {"username": "alice", "groups": ["system:authenticated"]}
    line.pop("requestObject", None)
    line["responseStatus"] = {"code": 200}
    line["responseObject"] = {"kind": "List", "metadata": {"resourceVersion": str(version(found[2]) - 1)}, "items": []}
    return planted(log, *log.insert_by_time(line), "a list at the version before")


@register(STORE, "a GET older than it asked for")
def too_old(log: Log, chosen: random.Random) -> Planted | None:
    """A read allows a cache, of a version that the object has left behind."""
    found = pick(chosen, [(one, other) for one, other in steps(log) if ref(other[2])["resource"] == "configmaps"
                          or ref(other[2])["resource"] in _SIZED])
    if found is None:
        return None
    one, other = found
    line: Line = copied(one, at=shift(done(other[2]), 3_000_000))
    line["verb"], line["objectRef"] = "get", {name: value for name, value in ref(one[2]).items() if name != "subresource"}
    line["objectRef"]["name"] = key_of(one[2])[2]
    line["requestURI"] = f"/x?resourceVersion={version(other[2])}"
    line["user"] = {"username": "alice", "groups": ["system:authenticated"]}
    line["responseStatus"] = {"code": 200}
    return planted(log, *log.insert_by_time(line), "the version before")


def _running(log: Log) -> list[Entry]:
    """The last writes of pods that run and that nobody has asked to go."""
    newest = {key: entries[-1] for key, entries in log.of.items() if key[0] == "pods"}
    return [entry for entry in newest.values() if not metadata(entry).get("deletionTimestamp")
            and body(entry).get("status", {}).get("phase") == "Running" and body(entry)["spec"].get("nodeName")]


def _removal(log: Log, entry: Entry, who: dict[str, Any], sent: dict[str, Any], *, at: str = "") -> Planted:
    line: Line = copied(entry, at=at or end(log))
    resource, namespace, name = key_of(entry[2])
    line["verb"], line["user"] = "delete", who
    line["objectRef"].pop("subresource", None)
    line["objectRef"]["name"] = name
    line["requestURI"] = f"/api/v1/namespaces/{namespace}/{resource}/{name}"
    line["requestObject"] = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/__internal", **sent}
    line["responseObject"] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                              "details": {"name": name, "uid": uid(entry)}}
    return planted(log, *log.insert_by_time(line), "removed at once")


@register(PODS, "a running pod removed at once")
def at_once(log: Log, chosen: random.Random) -> Planted | None:
    """A person's graceful deletion marks nothing and removes the pod."""
    found = pick(chosen, _running(log))
    return None if found is None else _removal(log, found, {"username": "alice", "groups": ["system:authenticated"]}, {})


@register(PODS, "a kubelet that removes what nobody deleted")
def unasked(log: Log, chosen: random.Random) -> Planted | None:
    """The last step of a deletion that had no first one."""
    found = pick(chosen, _running(log))
    if found is None:
        return None
    who = {"username": f"system:node:{body(found)['spec']['nodeName']}", "groups": ["system:nodes", "system:authenticated"]}
    return _removal(log, found, who, {"gracePeriodSeconds": 0})


@register(PODS, "a startTime that changes, in every telling")
def started_again(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet changes when its pod started."""
    found = pick(chosen, [other for one, other in steps(log) if body(one).get("status", {}).get("startTime")
                          and user(other[2]).startswith("system:node:") and ref(other[2]).get("subresource") == "status"])
    return _everywhere(log, found, lambda told: told["status"].__setitem__("startTime", "2026-01-01T00:00:00Z"), "another", since=True)


@register(PODS, "a pod that runs nowhere")
def nowhere(log: Log, chosen: random.Random) -> Planted | None:
    """A pod runs when it is created."""
    return _everywhere(log, pick(chosen, _made(log, "pods")), lambda told: told["status"].__setitem__("phase", "Running"), "Running")


def _statuses(log: Log, *resources: str) -> list[Entry]:
    return [entry for entry in log.writes if ref(entry[2])["resource"] in resources and ref(entry[2]).get("subresource") == "status"]


@register(CONTROLLERS, "more ready than there are, in every telling")
def too_ready(log: Log, chosen: random.Random) -> Planted | None:
    """readyReplicas above replicas."""
    found = pick(chosen, _statuses(log, "deployments", "replicasets", "statefulsets"))
    return _everywhere(log, found, lambda told: told["status"].__setitem__("readyReplicas", 99), "99 ready")


@register(CONTROLLERS, "pods counted that never were, in every telling")
def too_many(log: Log, chosen: random.Random) -> Planted | None:
    """replicas above all pods."""
    made = {uid(entry) for entry in _made(log, "deployments", "replicasets")}
    found = pick(chosen, [entry for entry in _statuses(log, "deployments", "replicasets") if uid(entry) in made]
                 if "s12" not in log.folder.name else [])
    return _everywhere(log, found, lambda told: told["status"].__setitem__("replicas", 99), "99 replicas")


@register(CONTROLLERS, "a failed that goes back, in every telling")
def forgotten_failure(log: Log, chosen: random.Random) -> Planted | None:
    """A Job forgets what failed."""
    found = pick(chosen, [other for one, other in steps(log) if key_of(one[2])[0] == "jobs" and body(one).get("status", {}).get("failed")])
    return _everywhere(log, found, lambda told: told["status"].__setitem__("failed", 0), "failed 0")


@register(CONTROLLERS, "a Job that is Complete and Failed, in every telling")
def both_ends(log: Log, chosen: random.Random) -> Planted | None:
    """Both conditions are True."""
    found = pick(chosen, [entry for entry in _statuses(log, "jobs") if any(
        one["type"] == "Complete" for one in body(entry)["status"].get("conditions", ()))])
    return _everywhere(log, found, lambda told: told["status"]["conditions"].append({"type": "Failed", "status": "True"}), "Failed too",
                       since=True)


def _sent(log: Log, chosen: random.Random, change: Callable[[Body], Any], what: str) -> Planted | None:
    """Changes what a controller has sent for a pod."""
    found = pick(chosen, [entry for entry in creations(log, "replicaset-controller") if entry[2].get("requestObject")])
    if found is None:
        return None
    line = log.edit(found[0], found[1])
    change(line["requestObject"])
    change(line["responseObject"])
    return planted(log, found[0], found[1], what)


@register(CONTROLLERS, "a pod without its owner's labels")
def unlabelled(log: Log, chosen: random.Random) -> Planted | None:
    """The controller leaves out what the ReplicaSet selects by."""
    return _sent(log, chosen, lambda told: told["metadata"].__setitem__("labels", {"x": "y"}), "other labels")


@register(CONTROLLERS, "a pod of another image")
def other_image(log: Log, chosen: random.Random) -> Planted | None:
    """The controller takes another image than its template has."""
    return _sent(log, chosen, lambda told: told["spec"]["containers"][0].__setitem__("image", "other:v9"), "another image")


@register(CONTROLLERS, "a pod of a suspended Job, in every telling")
def suspended(log: Log, chosen: random.Random) -> Planted | None:
    """The Job had been suspended all the time."""
    return _everywhere(log, pick(chosen, _made(log, "jobs")), lambda told: told["spec"].__setitem__("suspend", True), "suspended",
                       since=True)


def _slices(log: Log) -> list[Entry]:
    return [entry for entry in of(log, "endpointslices") if user(entry[2]) == ACCOUNT + "endpointslice-controller"
            and any("targetRef" in endpoint for endpoint in body(entry).get("endpoints") or ())]


@register(CONTROLLERS, "an endpoint twice, in every telling")
def twin_endpoint(log: Log, chosen: random.Random) -> Planted | None:
    """A slice holds a pod twice."""
    return _everywhere(log, pick(chosen, _slices(log)), lambda told: told["endpoints"].append(copy.deepcopy(told["endpoints"][0])), "twice")


@register(CONTROLLERS, "an endpoint that is not selected, in every telling")
def foreign_endpoint(log: Log, chosen: random.Random) -> Planted | None:
    """A Service had another selector from its creation."""
    held = {(key_of(entry[2])[1], (metadata(entry).get("labels") or {}).get("kubernetes.io/service-name")) for entry in _slices(log)}
    found = pick(chosen, [entry for entry in _made(log, "services") if key_of(entry[2])[1:] in held])
    return _everywhere(log, found, lambda told: told["spec"].__setitem__("selector", {"app": "other"}), "another selector", since=True)


def _collected(log: Log, chosen: random.Random, entries: list[Entry]) -> Planted | None:
    found = pick(chosen, entries)
    if found is None:
        return None
    return _removal(log, found, _COLLECTOR, {"preconditions": {"uid": uid(found)}})


def _newest(log: Log, resource: str) -> list[Entry]:
    if "s12" in log.folder.name:
        return []
    return [entries[-1] for key, entries in log.of.items() if key[0] == resource and not metadata(entries[-1]).get("deletionTimestamp")]


@register(CONTROLLERS, "a collected object whose owner exists")
def orphaned(log: Log, chosen: random.Random) -> Planted | None:
    """The garbage collector deletes the ReplicaSet of a Deployment, just before the Deployment's last write."""
    last = {uid(entry): shift(received(entry[2]), -2000) for entry in _newest(log, "deployments")}
    places = [
        (entry, last[owner["uid"]])
        for entry in _newest(log, "replicasets")
        for owner in metadata(entry).get("ownerReferences") or ()
        if owner["uid"] in last and done(entry[2]) < last[owner["uid"]]
    ]
    if not places:
        return None
    found, at = chosen.choice(places)
    return _removal(log, found, _COLLECTOR, {"preconditions": {"uid": uid(found)}}, at=at)


@register(CONTROLLERS, "a collected object without an owner")
def ownerless(log: Log, chosen: random.Random) -> Planted | None:
    """The garbage collector deletes a Deployment."""
    return _collected(log, chosen, _newest(log, "deployments"))


def _read(log: Log, chosen: random.Random, who: str, verb: str, where: dict[str, str], uri: str) -> Planted | None:
    found = pick(chosen, log.writes)
    if found is None:
        return None
    line: Line = copied(found, at=end(log))
    line.update(verb=verb, objectRef={**where, "apiVersion": "v1"}, requestURI=uri, level="Metadata",
                user={"username": who, "groups": ["system:authenticated"]}, responseStatus={"code": 200})
    line.pop("responseObject", None)
    line.pop("requestObject", None)
    return planted(log, *log.insert_by_time(line), f"{verb} by {who}")


@register(REQUESTS, "a scheduler that reads a Secret")
def curious_scheduler(log: Log, chosen: random.Random) -> Planted | None:
    """A read that the role does not have."""
    return _read(log, chosen, "system:kube-scheduler", "get", {"resource": "secrets", "namespace": "kube-system", "name": "x"},
                 "/api/v1/namespaces/kube-system/secrets/x")


@register(REQUESTS, "a kubelet that lists all Secrets")
def curious_kubelet(log: Log, chosen: random.Random) -> Planted | None:
    """A kubelet may read those of its pods, by name."""
    return _read(log, chosen, "system:node:node-1", "list", {"resource": "secrets"}, "/api/v1/secrets")


@register(REQUESTS, "a kubelet's pod that is no mirror pod")
def kubelets_pod(log: Log, chosen: random.Random) -> Planted | None:
    """NodeRestriction lets mirror pods pass only."""
    found = pick(chosen, _made(log, "pods"))
    if found is None:
        return None
    number, when = last_version(log)
    line: Line = copied(found, at=when)
    answered = meta(line["responseObject"])
    answered.update(name="mine", uid="mine", resourceVersion=str(number), creationTimestamp=when[:19] + "Z")
    answered.pop("ownerReferences", None)
    line["objectRef"]["name"] = "mine"
    line["user"] = {"username": "system:node:node-1", "groups": ["system:nodes", "system:authenticated"]}
    return planted(log, *log.insert_by_time(line), "created by a kubelet")


def _siblings(log: Log) -> list[Entry]:
    """Creations of pods of which a stream tells, of owners with more of them."""
    pods = [] if "watch-pods.jsonl.gz" not in log.files else creations(log, "replicaset-controller")
    told = {meta(line["object"]).get("resourceVersion") for line in log.files.get("watch-pods.jsonl.gz", ()) if line["type"] == "ADDED"}
    pods = [entry for entry in pods if metadata(entry)["resourceVersion"] in told]
    owners = [metadata(entry)["ownerReferences"][0]["uid"] for entry in pods]
    return [entry for entry in pods if owners.count(metadata(entry)["ownerReferences"][0]["uid"]) > 2]


@register(WATCH, "a pod that a stream never tells of")
def untold(log: Log, chosen: random.Random) -> Planted | None:
    """All deliveries of one pod are missing."""
    found = pick(chosen, _siblings(log))
    if found is None:
        return None
    name = "watch-pods.jsonl.gz"
    log.files[name] = [line for line in log.files[name] if meta(line["object"]).get("uid") != uid(found)]
    return planted(log, found[0], found[1], "in no delivery")


@register(WATCH, "a creation and a removal that a stream skips")
def skipped(log: Log, chosen: random.Random) -> Planted | None:
    """All deliveries of a pod that is gone are missing, so that nothing misses it later."""
    gone = {meta(line["object"]).get("uid") for line in log.files.get("watch-pods.jsonl.gz", ()) if line["type"] == "DELETED"}
    found = pick(chosen, [entry for entry in _siblings(log) if uid(entry) in gone])
    if found is None:
        return None
    name = "watch-pods.jsonl.gz"
    log.files[name] = [line for line in log.files[name] if meta(line["object"]).get("uid") != uid(found)]
    return planted(log, found[0], found[1], "neither created nor removed")


def _written_late(log: Log, chosen: random.Random, controller: str) -> Planted | None:
    """A write of the process that leads now gets the credential of one that led before."""
    processes: dict[str, list[Entry]] = {}
    for entry in log.writes:
        if user(entry[2]) == ACCOUNT + controller:
            extra = entry[2]["user"].get("extra") or {}
            processes.setdefault(str(extra.get("authentication.kubernetes.io/credential-id")), []).append(entry)
    if len(processes) != 2:
        return None
    old, new = sorted(processes.values(), key=lambda entries: version(entries[0][2]))
    found = pick(chosen, [entry for entry in new[1:] if done(entry[2]) > done(old[-1][2])])
    if found is None:
        return None
    log.edit(found[0], found[1])["user"]["extra"] = copy.deepcopy(old[0][2]["user"]["extra"])
    return planted(log, found[0], found[1], "written by the former leader")


@register(END, "a former leader that creates pods")
def late_pods(log: Log, chosen: random.Random) -> Planted | None:
    """Its replicaset-controller writes on."""
    return _written_late(log, chosen, "replicaset-controller")


@register(END, "a former leader that writes Deployments")
def late_deployments(log: Log, chosen: random.Random) -> Planted | None:
    """Its deployment-controller writes on."""
    return _written_late(log, chosen, "deployment-controller")


LIFE: Final = {"end-state": END, "store": STORE, "pods": PODS, "controllers": CONTROLLERS, "requests": REQUESTS, "watch": WATCH}
