"""Controllers other than those of workloads: owners, endpoints, leases, namespaces."""

from __future__ import annotations

import copy
import random

from tests.traces.faults.places import Entry, of, pick, planted, steps
from tests.traces.faults.semantics.places import body, condition, metadata, register, tellings, uid
from tests.traces.mutate import Fault, Log, Planted, code, done, key_of, meta, received, ref, user, version

KINDS: dict[str, Fault] = {}


def _owned(log: Log) -> list[Entry]:
    return [entry for entry in log.writes if entry[2]["verb"] == "create" and user(entry[2]).endswith("-controller")
            and key_of(entry[2])[0] in ("pods", "replicasets") and metadata(entry).get("ownerReferences")]


@register(KINDS, "two controllers own it")
def two_controllers(log: Log, chosen: random.Random) -> Planted | None:
    """An object has two owners that are its controller, which validation refuses."""
    found = pick(chosen, _owned(log))
    if found is None:
        return None
    for told in tellings(log, uid(found), since=1):
        references = meta(told)["ownerReferences"]
        references.append({**references[0], "uid": "00000000-0000-4000-8000-00000000000e", "name": "another"})
    return planted(log, found[0], found[1], "two owner references with controller: true, in every telling")


@register(KINDS, "an owner under another name")
def misnamed_owner(log: Log, chosen: random.Random) -> Planted | None:
    """A controller's owner reference has its owner's uid and another name."""
    found = pick(chosen, _owned(log))
    if found is None:
        return None
    for told in tellings(log, uid(found), since=1):
        meta(told)["ownerReferences"][0]["name"] = "another"
    return planted(log, found[0], found[1], "the owner's uid with the name another, in every telling")


@register(KINDS, "an owner of another kind")
def other_kind(log: Log, chosen: random.Random) -> Planted | None:
    """A controller's creation names an owner of a kind that this controller does not look after."""
    found = pick(chosen, [entry for entry in _owned(log) if key_of(entry[2])[0] == "pods"])
    if found is None:
        return None
    kind = "Job" if "job" not in user(found[2]) else "ReplicaSet"
    for told in tellings(log, uid(found), since=1):
        meta(told)["ownerReferences"][0]["kind"] = kind
    return planted(log, found[0], found[1], f"owned by a {kind}, created by {user(found[2])}")


@register(KINDS, "an endpoint ready before its pod, in every telling")
def early_endpoint(log: Log, chosen: random.Random) -> Planted | None:
    """An EndpointSlice calls a pod ready; everything until then says that it was not."""
    places = [(entry, endpoint["targetRef"]["uid"]) for entry in of(log, "endpointslices")
              for endpoint in body(entry).get("endpoints") or []
              if endpoint.get("targetRef") and (endpoint.get("conditions") or {}).get("ready")]
    found = pick(chosen, places)
    if found is None:
        return None
    entry, pod = found
    for told in tellings(log, pod, since=1):
        if int(meta(told)["resourceVersion"]) < version(entry[2]) and condition(told, "Ready"):
            condition(told, "Ready")["status"] = "False"
    return planted(log, entry[0], entry[1], "a ready endpoint of a pod that was not ready until then, in every telling")


@register(KINDS, "two endpoints with each other's address")
def crossed_addresses(log: Log, chosen: random.Random) -> Planted | None:
    """Two endpoints have each other's addresses, in every telling."""
    found = pick(chosen, [entry for entry in of(log, "endpointslices") if len([
        one for one in body(entry).get("endpoints") or [] if one.get("targetRef")]) > 1])
    if found is None:
        return None
    for told in tellings(log, uid(found), at=version(found[2])):
        one, other = told["endpoints"][:2]
        one["addresses"], other["addresses"] = other["addresses"], one["addresses"]
    return planted(log, found[0], found[1], "addresses of two endpoints swapped, in every telling")


def _elections(log: Log) -> list[tuple[Entry, Entry]]:
    return [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "leases" and key_of(one[2])[1] == "kube-system"
            and key_of(one[2])[2] in ("kube-scheduler", "kube-controller-manager") and body(one)["spec"].get("holderIdentity")
            and body(one)["spec"]["holderIdentity"] == body(other)["spec"].get("holderIdentity")]


@register(KINDS, "a holder that changes without a transition, in every telling")
def silent_holder(log: Log, chosen: random.Random) -> Planted | None:
    """A lease has another holder from one renewal to the next, with the same acquireTime and leaseTransitions."""
    found = pick(chosen, _elections(log))
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), at=version(line)):
        told["spec"]["holderIdentity"] = "another"
    return planted(log, name, number, "renewed by another within the term, in every telling")


@register(KINDS, "a takeover without a count, in every telling")
def uncounted_takeover(log: Log, chosen: random.Random) -> Planted | None:
    """A lease that has run out is taken and leaseTransitions stays."""
    places = [(one, other) for one, other in steps(log) if key_of(one[2])[0] == "leases" and key_of(one[2])[1] == "kube-system"
              and (body(one)["spec"].get("holderIdentity") or "") != (body(other)["spec"].get("holderIdentity") or "")
              and body(one)["spec"].get("leaseTransitions") != body(other)["spec"].get("leaseTransitions")
              and body(one)["spec"].get("holderIdentity")]
    found = pick(chosen, places)
    if found is None:
        return None
    one, (name, number, line) = found
    for told in tellings(log, uid(one), since=version(line)):
        told["spec"]["leaseTransitions"] = body(one)["spec"].get("leaseTransitions", 0)
    return planted(log, name, number, "taken by another, leaseTransitions as before, in every telling")


@register(KINDS, "a creation in a namespace that goes")
def created_while_going(log: Log, chosen: random.Random) -> Planted | None:
    """A creation that was refused because the namespace is being removed is said to have succeeded; nothing removes it."""
    places = []
    for entry in log.complete:
        line = entry[2]
        if line["verb"] == "create" and code(line) == 403 and ref(line).get("resource") == "configmaps" and (
                "being terminated" in str((line.get("responseStatus") or {}).get("message"))):
            models = of(log, "configmaps", verb="create")
            before = max((version(one[2]) for one in log.writes if done(one[2]) < received(line)), default=0)
            fresh = log.fresh(before, before + 30)
            if models and fresh:
                places.append((entry, models[0], fresh))
    found = pick(chosen, places)
    if found is None:
        return None
    (name, number, _), model, fresh = found
    line = log.edit(name, number)
    line["responseStatus"] = {"metadata": {}, "code": 201}
    line["responseObject"] = copy.deepcopy(body(model))
    called = (line.get("requestObject") or {}).get("metadata", {}).get("name") or ref(line).get("name") or "late"
    meta(line["responseObject"]).update(name=called, namespace=ref(line)["namespace"], resourceVersion=str(fresh),
                                        uid="00000000-0000-4000-8000-00000000000f")
    return planted(log, name, number, f"{called} created at {fresh} in a namespace that goes, and never removed")
