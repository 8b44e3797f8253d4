"""ReplicaSets, rolling updates, StatefulSets, Jobs, DaemonSets."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import ACCOUNT, Entry, creations, last_version, of, pick, planted, rename, status, steps
from tests.traces.faults.semantics.places import Body, body, copied, end, last, metadata, register, tellings, uid
from tests.traces.mutate import Fault, Log, Planted, key_of, meta, received, ref, user, version

KINDS: dict[str, Fault] = {}


def _owner(entry: Entry) -> str:
    references = metadata(entry).get("ownerReferences") or [{}]
    return str(references[0].get("uid", ""))


def _another(log: Log, model: Entry) -> Planted:
    """A pod like this one, created by the same process at the end of the log."""
    number, when = last_version(log)
    line = copy.deepcopy(model[2])
    rename(line, key_of(line)[2][:-5] + "zzzzz", number)
    line["requestReceivedTimestamp"] = line["stageTimestamp"] = when
    return planted(log, *log.insert_by_time(line), f"a pod more at the end, at {number}")


@register(KINDS, "a pod for a ReplicaSet of none")
def for_none(log: Log, chosen: random.Random) -> Planted | None:
    """A ReplicaSet that its controller has scaled to nothing gets a pod from the same process."""
    places = []
    for entry in creations(log, "replicaset-controller"):
        sets = [one for one in of(log, "replicasets") if uid(one) == _owner(entry)]
        if sets and body(sets[-1])["spec"].get("replicas") == 0 and status(sets[-1][2]).get("replicas") == 0 and (
                status(sets[-1][2]).get("observedGeneration") == metadata(sets[-1]).get("generation")):
            places.append(entry)
    found = pick(chosen, places)
    return _another(log, found) if found else None


@register(KINDS, "a pod for a full ReplicaSet at the end")
def for_full(log: Log, chosen: random.Random) -> Planted | None:
    """A ReplicaSet that has all its pods, and whose controller has said so, gets one more from the same process."""
    places = []
    for entry in creations(log, "replicaset-controller"):
        sets = [one for one in of(log, "replicasets") if uid(one) == _owner(entry)]
        pods = [one for one in creations(log, "replicaset-controller") if _owner(one) == _owner(entry)]
        gone = [one for one in of(log, "pods", verb="delete") if _owner(one) == _owner(entry)]
        if sets and not gone and len({str(one[2]["user"].get("extra")) for one in pods}) == 1 and len(pods) == (
                body(sets[-1])["spec"].get("replicas")) == status(sets[-1][2]).get("replicas"):
            places.append(entry)
    found = pick(chosen, places)
    return _another(log, found) if found else None


def _scalings(log: Log) -> list[tuple[Entry, Entry]]:
    return [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "replicasets" and not ref(other[2]).get("subresource")
            and user(other[2]) == ACCOUNT + "deployment-controller"
            and body(one)["spec"].get("replicas") != body(other)["spec"].get("replicas")]


@register(KINDS, "an old ReplicaSet that grows in a rollout")
def old_grows(log: Log, chosen: random.Random) -> Planted | None:
    """Instead of being scaled down a ReplicaSet is doubled."""
    found = pick(chosen, [(one, other) for one, other in _scalings(log)
                          if body(one)["spec"]["replicas"] > body(other)["spec"].get("replicas", 0) > 0])
    if found is None:
        return None
    one, (name, number, line) = found
    size = 3 * body(one)["spec"]["replicas"]
    for told in tellings(log, uid(one), at=version(line)):
        told["spec"]["replicas"] = size
    return planted(log, name, number, f"from {one[2]['responseObject']['spec']['replicas']} to {size} in a rollout, in every telling")


@register(KINDS, "the new ReplicaSet at once")
def all_at_once(log: Log, chosen: random.Random) -> Planted | None:
    """The new ReplicaSet is scaled to twice the Deployment's replicas."""
    found = pick(chosen, [(one, other) for one, other in _scalings(log)
                          if body(one)["spec"].get("replicas", 0) < body(other)["spec"].get("replicas", 0)
                          and metadata(other).get("annotations", {}).get("deployment.kubernetes.io/desired-replicas")])
    if found is None:
        return None
    one, (name, number, line) = found
    size = 2 * int(meta(line["responseObject"])["annotations"]["deployment.kubernetes.io/desired-replicas"]) + 2
    for told in tellings(log, uid(one), at=version(line)):
        told["spec"]["replicas"] = size
    return planted(log, name, number, f"scaled to {size}, in every telling")


@register(KINDS, "a StatefulSet deletes a healthy pod that it wants")
def deletes_wanted(log: Log, chosen: random.Random) -> Planted | None:
    """The StatefulSet's controller deletes its lowest pod, which is ready, of the current revision and within its replicas."""
    places = [entry for entry in creations(log, "statefulset-controller") if key_of(entry[2])[2].endswith("-0")
              and not any(one[2]["verb"] == "delete" for one in log.of[key_of(entry[2])])]
    found = pick(chosen, places)
    if found is None:
        return None
    latest = log.of[key_of(found[2])][-1]
    line = copied(latest, at=end(log), fresh=last(log))
    line["verb"], line["user"], line["responseStatus"] = "delete", found[2]["user"], {"metadata": {}, "code": 200}
    line["objectRef"] = {key: value for key, value in ref(found[2]).items() if key != "subresource"} | {"name": key_of(found[2])[2]}
    line["requestObject"] = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/__internal"}
    meta(line["responseObject"]).update(deletionTimestamp=end(log)[:19] + "Z", deletionGracePeriodSeconds=30)
    return planted(log, *log.insert_by_time(line), f"{key_of(found[2])[2]} deleted by its own controller")


@register(KINDS, "a Job's pod after the Job was complete")
def after_complete(log: Log, chosen: random.Random) -> Planted | None:
    """A Job that its controller has called complete gets a pod from the same process."""
    done_jobs = {uid(entry): version(entry[2]) for entry in of(log, "jobs") if any(
        one.get("type") == "Complete" and one.get("status") == "True" for one in status(entry[2]).get("conditions") or [])}
    found = pick(chosen, [entry for entry in creations(log, "job-controller") if _owner(entry) in done_jobs])
    return _another(log, found) if found else None


def _job_steps(log: Log) -> list[tuple[Entry, Entry]]:
    return [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "jobs" and ref(other[2]).get("subresource") == "status"]


@register(KINDS, "succeeded that goes back, in every telling")
def fewer_succeeded(log: Log, chosen: random.Random) -> Planted | None:
    """A Job counts fewer successes than before."""
    found = pick(chosen, [(one, other) for one, other in _job_steps(log) if status(one[2]).get("succeeded")
                          and (status(other[2]).get("succeeded") or 0) >= status(one[2])["succeeded"]])
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        told["status"]["succeeded"] = status(one[2])["succeeded"] - 1
    return planted(log, name, number, "one success less than before, in every telling")


@register(KINDS, "a success that no pod had, in every telling")
def invented_success(log: Log, chosen: random.Random) -> Planted | None:
    """A Job counts a success before any of its pods has ended."""
    places = []
    for entry in of(log, "jobs", subresource="status"):
        ended = [one for one in of(log, "pods") if _owner(one) == uid(entry) and status(one[2]).get("phase") == "Succeeded"
                 and version(one[2]) < version(entry[2])]
        if not ended and not status(entry[2]).get("succeeded") and body(entry)["spec"].get("completions", 0) > 1:
            places.append(entry)
    found = pick(chosen, places)
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        told["status"]["succeeded"] = 1
    return planted(log, found[0], found[1], "succeeded 1 before any pod had ended, in every telling")


@register(KINDS, "the tracking finalizer taken off a running pod")
def untracked(log: Log, chosen: random.Random) -> Planted | None:
    """The Job's controller takes its finalizer off a pod that never ended, and no status of the Job named."""
    found = pick(chosen, [entry for entry in of(log, "pods", verb="patch") if user(entry[2]) == ACCOUNT + "job-controller"
                          and status(entry[2]).get("phase") == "Succeeded" and not any(
                              status(job[2]).get("conditions") and version(job[2]) < version(entry[2]) for job in of(log, "jobs")
                              if uid(job) == _owner(entry))])  # a Job that is about to end may let go of pods that run
    if found is None:
        return None
    pod = uid(found)

    def running(told: Body) -> None:
        if (told.get("status") or {}).get("phase") == "Succeeded":
            told["status"]["phase"] = "Running"

    for told in tellings(log, pod, since=1):
        running(told)
    for job in [entry for entry in of(log, "jobs") if pod in str(status(entry[2]).get("uncountedTerminatedPods"))]:
        for told in tellings(log, uid(job), at=version(job[2])):
            told["status"]["uncountedTerminatedPods"] = {}
    return planted(log, found[0], found[1], "a finalizer taken off a pod that never ended, in every telling")


@register(KINDS, "two pods of a DaemonSet for one node, in every telling")
def same_node(log: Log, chosen: random.Random) -> Planted | None:
    """A pod of a DaemonSet is made for the node of the pod before it."""
    def affinity(body: Body) -> Body:
        terms = body["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        found: Body = terms[0]["matchFields"][0]
        return found

    made = creations(log, "daemon-set-controller")
    places = [(one, other) for at, other in enumerate(made) for one in made[:at] if _owner(one) == _owner(other)
              and affinity(body(one)) != affinity(body(other))
              and not any(entry[2]["verb"] == "delete" and version(entry[2]) < version(other[2]) for entry in log.of[key_of(one[2])])
              and received(other[2]) > received(one[2])]
    found = pick(chosen, places)
    if found is None:
        return None
    one, (name, number, line) = found
    node = affinity(body(one))["values"]
    for told in tellings(log, meta(line["responseObject"])["uid"], since=1):
        affinity(told)["values"] = list(node)
    return planted(log, name, number, f"made for {node[0]}, which has one, in every telling")


@register(KINDS, "a pod of a DaemonSet for no node")
def for_no_node(log: Log, chosen: random.Random) -> Planted | None:
    """A DaemonSet's pod is made for a node that never was."""
    found = pick(chosen, creations(log, "daemon-set-controller"))
    if found is None:
        return None
    for told in tellings(log, uid(found), since=1):
        terms = told["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        terms[0]["matchFields"][0]["values"] = ["node-99"]
    return planted(log, found[0], found[1], "made for node-99, in every telling")
