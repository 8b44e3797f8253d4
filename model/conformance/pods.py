"""What the API server checks of pods: their specs, alone and in templates, what may change of them, and their status.

From pkg/apis/core/validation/validation.go (ValidatePodSpec, ValidatePodCreate, ValidatePodUpdate, ValidatePodStatusUpdate,
ValidatePodEphemeralContainersUpdate, ValidatePodResize) and pkg/api/v1/pod/util.go (ContainerShouldRestart).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from kubecheck.model.conformance import names, scheduling
from kubecheck.model.conformance.amounts import added, amounts_of
from kubecheck.model.conformance.containers import containers, seccomp, volumes
from kubecheck.model.conformance.label_selectors import labels

Json = Any
Problems = list[str]

_SYSTEM_CONDITIONS: Final = ("PodScheduled", "Ready", "Initialized")
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def quality(spec: Json) -> str:
    """The quality-of-service class (pkg/apis/core/v1/helper/qos/qos.go): of cpu and memory, in all containers together."""
    total: dict[str, dict[str, Decimal]] = {"requests": {}, "limits": {}}
    guaranteed = True
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        for which in total:
            given = {n: v for n, v in amounts_of(container, which).items() if n in ("cpu", "memory") and v > 0}
            total[which] = added(total[which], given)
            if which == "limits" and len(given) < 2:
                guaranteed = False
    if not total["requests"] and not total["limits"]:
        return "BestEffort"
    return "Guaranteed" if guaranteed and total["requests"] == total["limits"] else "Burstable"


def template(given: Json, path: str) -> Problems:
    """ValidatePodTemplateSpec."""
    meta = given.get("metadata") or {}
    found = labels(meta.get("labels") or {}, f"{path}.metadata.labels")
    found += [
        f"{path}.metadata.annotations: bad key"
        for k in meta.get("annotations") or {}
        if not names.is_qualified(k.lower())
    ]
    return found + spec(given.get("spec") or {}, f"{path}.spec", of_pod=False)


def spec(given: Json, path: str, *, of_pod: bool) -> Problems:
    """ValidatePodSpec."""
    found = containers(given, path, of_pod=of_pod) + volumes(given.get("volumes") or [], f"{path}.volumes")
    if given.get("restartPolicy") not in ("Always", "OnFailure", "Never"):
        found.append(f"{path}.restartPolicy: unsupported value")
    policy = given.get("dnsPolicy")
    if policy not in ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"):
        found.append(f"{path}.dnsPolicy: unsupported value")
    if policy == "None" and not (given.get("dnsConfig") or {}).get("nameservers"):
        found.append(f"{path}.dnsConfig.nameservers: must provide at least one DNS nameserver when `dnsPolicy` is None")
    found += labels(given.get("nodeSelector") or {}, f"{path}.nodeSelector")
    for name in ("nodeName", "serviceAccountName", "priorityClassName", "runtimeClassName"):
        if given.get(name) and not names.is_subdomain(given[name]):
            found.append(f"{path}.{name}: not a DNS subdomain")
    for name in ("hostname", "subdomain"):
        if given.get(name) and not names.is_label(given[name]):
            found.append(f"{path}.{name}: not a DNS label")
    deadline = given.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2**31 - 1:
        found.append(f"{path}.activeDeadlineSeconds: must be between 1 and 2147483647")
    if given.get("preemptionPolicy") not in (None, "PreemptLowerPriority", "Never"):
        found.append(f"{path}.preemptionPolicy: unsupported value")
    if given.get("shareProcessNamespace") and given.get("hostPID"):
        found.append(f"{path}.shareProcessNamespace: ShareProcessNamespace and HostPID cannot both be enabled")
    gates = [g.get("name") for g in given.get("schedulingGates") or []]
    found += [f"{path}.schedulingGates: not a qualified name" for g in gates if not names.is_qualified(g)]
    if len(set(gates)) < len(gates):
        found.append(f"{path}.schedulingGates: duplicate")
    for gate in given.get("readinessGates") or []:
        if not names.is_qualified(gate.get("conditionType")):
            found.append(f"{path}.readinessGates: not a qualified name")
    found += [f"{path}.tolerations: bad" for t in given.get("tolerations") or [] if not tolerates(t)]
    found += scheduling.problems(given, path)
    return found + _security(given.get("securityContext") or {}, f"{path}.securityContext")


def _security(context: Json, path: str) -> Problems:
    numbers = {name: context[name] for name in ("runAsUser", "runAsGroup", "fsGroup") if context.get(name) is not None}
    found = [f"{path}.{name}: must be between 0 and 2147483647" for name, v in numbers.items() if not 0 <= v < 2**31]
    found += [f"{path}.supplementalGroups: bad" for g in context.get("supplementalGroups") or [] if not 0 <= g < 2**31]
    return found + seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")


def tolerates(toleration: Json) -> bool:
    """ValidateTolerations, of one."""
    operator, key = toleration.get("operator") or "Equal", toleration.get("key") or ""
    if key and not names.is_qualified(key):
        return False
    if not key and operator != "Exists":
        return False
    if toleration.get("tolerationSeconds") is not None and toleration.get("effect") != "NoExecute":
        return False
    value = toleration.get("value") or ""
    if (operator == "Exists" and value) or (operator == "Equal" and not names.is_label_value(value)):
        return False
    return operator in ("Exists", "Equal") and (toleration.get("effect") or "NoExecute") in _EFFECTS


def creation(pod: Json) -> Problems:
    """ValidatePodCreate, besides what holds of every pod."""
    given = pod.get("spec") or {}
    found = []
    if given.get("ephemeralContainers"):
        found.append("spec.ephemeralContainers: cannot be set on create")
    if given.get("nodeName") and given.get("schedulingGates"):
        found.append("spec.nodeName: cannot be set until all schedulingGates have been cleared")
    return found


def update(new: Json, old: Json) -> Problems:
    """ValidatePodUpdate: images, a deadline, more tolerations, fewer gates; nothing else."""
    was, now = dict(old["spec"]), dict(new["spec"])
    found = []
    before, after = was.pop("activeDeadlineSeconds", None), now.pop("activeDeadlineSeconds", None)
    if before is not None and (after is None or after > before):
        found.append("spec.activeDeadlineSeconds: must not update from a positive integer to a larger one or none")
    gates, gates_then = now.pop("schedulingGates", None) or [], was.pop("schedulingGates", None) or []
    found += [f"spec.schedulingGates: new gate {g}" for g in gates if g not in gates_then]
    tolerations, tolerated = now.pop("tolerations", None) or [], was.pop("tolerations", None) or []
    found += [
        "spec.tolerations: existing toleration can not be modified except its tolerationSeconds"
        for t in tolerated
        if not any(_same_toleration(t, n) for n in tolerations)
    ]
    if gates_then:
        found += _gated(now, was)
    for group in ("containers", "initContainers"):
        if [c.get("name") for c in now.get(group) or []] == [c.get("name") for c in was.get(group) or []]:
            now[group], was[group] = _without(now.get(group), "image"), _without(was.get(group), "image")
    return found + [f"spec: pod updates may not change {name}" for name in sorted(differing(now, was))]


def differing(new: dict[str, Json], old: dict[str, Json]) -> set[str]:
    """The members in which two objects differ."""
    return {k for k in new.keys() | old.keys() if new.get(k) != old.get(k)}


def _gated(now: Json, was: Json) -> Problems:
    """A gated pod's nodeSelector may grow, and its node affinity may become narrower."""
    new, old = now.pop("nodeSelector", None) or {}, was.pop("nodeSelector", None) or {}
    found = [f"spec.nodeSelector[{k}]: only additions are allowed" for k, v in old.items() if new.get(k) != v]
    if now.get("affinity") != was.get("affinity"):
        found += _narrowed(now, was)
    return found


def _narrowed(now: Json, was: Json) -> Problems:
    """validateNodeAffinityMutation: each required term keeps its expressions and fields; preferences may change."""
    new, old = dict(now.pop("affinity", None) or {}), dict(was.pop("affinity", None) or {})
    mine, theirs = new.pop("nodeAffinity", None) or {}, old.pop("nodeAffinity", None) or {}
    found = [] if new == old else ["spec.affinity: pod updates may not change"]
    name = "requiredDuringSchedulingIgnoredDuringExecution"
    before, after = ((one.get(name) or {}).get("nodeSelectorTerms") or [] for one in (theirs, mine))
    if before and len(before) != len(after):
        found.append(
            "spec.affinity.nodeAffinity: no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        )
    for one, other in zip(before, after, strict=False):
        for field in ("matchExpressions", "matchFields"):
            kept = (other.get(field) or [])[: len(one.get(field) or [])]
            if kept != (one.get(field) or []) or (
                not one.get("matchExpressions") and not one.get("matchFields") and one != other
            ):
                found.append("spec.affinity.nodeAffinity: only additions are allowed (no mutations or deletions)")
    return found


def _same_toleration(one: Json, other: Json) -> bool:
    return {**one, "tolerationSeconds": None} == {**other, "tolerationSeconds": None}


def _without(given: Json, *members: str) -> Json:
    return [{k: v for k, v in c.items() if k not in members} for c in given or []]


def ephemeral(new: Json, old: Json) -> Problems:
    """ValidatePodEphemeralContainersUpdate: none is removed or changed."""
    now = {c.get("name"): c for c in new["spec"].get("ephemeralContainers") or []}
    return [
        f"spec.ephemeralContainers: {c.get('name')} may not be removed or changed"
        for c in old["spec"].get("ephemeralContainers") or []
        if now.get(c.get("name")) != c
    ]


def resize(new: Json, old: Json) -> Problems:
    """ValidatePodResize: cpu and memory of containers, none of which is taken away; the quality of service stays."""
    found = (
        []
        if quality(new["spec"]) == quality(old["spec"])
        else ["spec: Pod QOS Class may not change as a result of resizing"]
    )
    for group in ("containers", "initContainers"):
        before, after = old["spec"].get(group) or [], new["spec"].get(group) or []
        if [c.get("name") for c in before] != [c.get("name") for c in after]:
            return [f"spec.{group}: containers may not be added, removed, renamed or reordered"]
        for was, now in zip(before, after, strict=True):
            if group == "initContainers" and was.get("restartPolicy") != "Always" and was != now:
                found.append("spec: resources for non-sidecar init containers are immutable")
            for amounts in ("requests", "limits"):
                had, has = ((c.get("resources") or {}).get(amounts) or {} for c in (was, now))
                found += [f"spec.{group}.{amounts}.{name}: cannot be removed" for name in had if name not in has]
                changed = {name for name in had.keys() | has.keys() if had.get(name) != has.get(name)}
                found += [
                    f"spec.{group}.{name}: only cpu and memory are mutable" for name in changed - {"cpu", "memory"}
                ]
            if _without([was], "resources", "resizePolicy") != _without([now], "resources", "resizePolicy"):
                found.append("spec: only cpu and memory resources are mutable")
    return found


def status(new: Json, old: Json) -> Problems:
    """ValidatePodStatusUpdate."""
    now, was = new.get("status") or {}, old.get("status") or {}
    found = [
        f"status.conditions: {c.get('type')}: not a qualified name"
        for c in now.get("conditions") or []
        if c.get("type") not in _SYSTEM_CONDITIONS and not names.is_qualified(c.get("type"))
    ]
    found += [
        "status.conditions.observedGeneration: must be a non-negative integer"
        for c in now.get("conditions") or []
        if (c.get("observedGeneration") or 0) < 0
    ]
    nominated = now.get("nominatedNodeName") or ""
    if nominated != (was.get("nominatedNodeName") or "") and nominated:
        if not names.is_subdomain(nominated):
            found.append("status.nominatedNodeName: not a DNS subdomain")
        if old["spec"].get("nodeName"):
            found.append("status.nominatedNodeName: may not be set on pods that are already bound to a node")
    if (now.get("observedGeneration") or 0) < 0:
        found.append("status.observedGeneration: must be a non-negative integer")
    if now.get("qosClass") != was.get("qosClass"):
        found.append("status.qosClass: field is immutable")
    found += _addresses("podIPs", now, was) + _addresses("hostIPs", now, was)
    if now.get("hostIPs") and now["hostIPs"][0].get("ip") != now.get("hostIP"):
        found.append("status.hostIPs: must be equal to `hostIP`")
    for group, of in (("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")):
        found += _transitions(now.get(group) or [], was.get(group) or [], old["spec"], of)
    return found


def _addresses(field: str, now: Json, was: Json) -> Problems:
    known = [a.get("ip") for a in was.get(field) or []]
    given = [a.get("ip") for a in now.get(field) or []]
    found = [f"status.{field}: {a} is no address" for a in given if a not in known and names.address(a) is None]
    return found + (
        []
        if names.one_of_each_family(given)
        else [f"status.{field}: may specify no more than one IP for each IP family"]
    )


def _transitions(new: list[Json], old: list[Json], pod: Json, group: str) -> Problems:
    """A container that has ended does not run again where its restart policy forbids it."""
    found = []
    for before in old:
        ended = (before.get("state") or {}).get("terminated")
        after = next((s for s in new if s.get("name") == before.get("name")), None)
        if ended is None or after is None or (after.get("state") or {}).get("terminated") is not None:
            continue
        container = next((c for c in pod.get(group) or [] if c.get("name") == before.get("name")), None)
        if container is None or not _restarts(container, pod, ended.get("exitCode") or 0):
            found.append(f"status.{group}: {before.get('name')} may not be transitioned to non-terminated state")
    return found


def _restarts(container: Json, pod: Json, code: int) -> bool:
    policy = container.get("restartPolicy") or pod.get("restartPolicy")
    return policy == "Always" or (policy == "OnFailure" and code != 0)
