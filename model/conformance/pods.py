"""What the API server checks of pods: their specs, alone and in templates, what may change of them, and their status.

From pkg/apis/core/validation/validation.go (ValidatePodSpec, ValidatePodCreate, ValidatePodUpdate, ValidatePodStatusUpdate,
ValidatePodEphemeralContainersUpdate, ValidatePodResize) and pkg/api/v1/pod/util.go (ContainerShouldRestart).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final

from kubecheck.model.conformance import checks, names, scheduling, security
from kubecheck.model.conformance.amounts import added, amounts_of, of_pod
from kubecheck.model.conformance.checks import Problems, problem
from kubecheck.model.conformance.containers import all_containers, containers, resources
from kubecheck.model.conformance.label_selectors import annotation_problems, labels
from kubecheck.model.conformance.quantities import quantity
from kubecheck.model.conformance.volumes import volumes

Json = Any

_SYSTEM_CONDITIONS: Final = ("PodScheduled", "Ready", "Initialized")
_DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MIRROR: Final = "kubernetes.io/config.mirror"
_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
_TOLERATIONS: Final = "scheduler.alpha.kubernetes.io/tolerations"
_INTEGER: Final = re.compile("0|[1-9][0-9]*|-[0-9]+")  # as GetDeletionCostFromPodAnnotations reads one
# What may not be set for a pod of a system; of `_UNLESS_SET` false and empty ones may.
_NOT_LINUX: Final = ("windowsOptions",)
_NOT_WINDOWS: Final = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser", "runAsGroup",
    "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
)  # fmt: skip
_NOT_WINDOWS_POD: Final = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")
_NOT_WINDOWS_CONTAINER: Final = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip
_UNLESS_SET: Final = ("hostPID", "hostIPC", "sysctls")


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
    meta, of_pod = given.get("metadata") or {}, given.get("spec") or {}
    found = labels(meta.get("labels") or {}, f"{path}.metadata.labels")
    found += annotation_problems(meta.get("annotations") or {}, f"{path}.metadata.annotations")
    found += spec(of_pod, f"{path}.spec", of_pod=False) + _annotated(meta.get("annotations") or {}, of_pod, path)
    if of_pod.get("ephemeralContainers"):
        found += problem(f"{path}.spec.ephemeralContainers", "are not allowed in a pod template", "leave them out")
    return found


def _annotated(given: Json, of_pod: Json, path: str) -> Problems:
    """ValidatePodSpecificAnnotations, validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate."""
    here = f"{path}.metadata.annotations"
    found = security.annotated(given, of_pod, path, list(all_containers(of_pod, f"{path}.spec")))
    if _MIRROR in given and not of_pod.get("nodeName"):
        found += problem(f"{here}[{_MIRROR}]", "is for static pods, which have spec.nodeName")
    cost = given.get(_COST)
    if cost is not None and not (_INTEGER.fullmatch(cost) and -(2**31) <= int(cost) < 2**31):
        found += problem(f"{here}[{_COST}]", "must be a 32bit integer")
    if given.get(_TOLERATIONS):
        try:
            parsed = json.loads(given[_TOLERATIONS])
            tolerations = parsed if all(isinstance(t, dict) for t in parsed) else None
        except (ValueError, TypeError, RecursionError):
            tolerations = None
        if tolerations is None:
            found += problem(f"{here}[{_TOLERATIONS}]", "is no list of tolerations as JSON")
        else:
            found += scheduling.tolerations(tolerations, f"{here}[{_TOLERATIONS}]")
    return found


def spec(given: Json, path: str, *, of_pod: bool) -> Problems:
    """ValidatePodSpec."""
    valid, found = volumes(given.get("volumes") or [], f"{path}.volumes")
    found += _claims(given.get("resourceClaims") or [], f"{path}.resourceClaims")
    found += containers(given, path, valid, of_pod=of_pod)
    found += _own_resources(given, path)
    found += checks.supported(f"{path}.restartPolicy", given.get("restartPolicy"), ("Always", "OnFailure", "Never"))
    found += checks.supported(f"{path}.dnsPolicy", given.get("dnsPolicy"), _DNS_POLICIES)
    found += labels(given.get("nodeSelector") or {}, f"{path}.nodeSelector")
    found += security.security_of_pod(given, path)
    found += scheduling.problems(given, path)
    for i, gate in enumerate(given.get("readinessGates") or []):
        found += checks.qualified(f"{path}.readinessGates[{i}].conditionType", gate.get("conditionType"))
    gates = [g.get("name") or "" for g in given.get("schedulingGates") or []]
    for i, name in enumerate(gates):
        found += checks.qualified(f"{path}.schedulingGates[{i}].name", name)
        if name in gates[:i]:
            found += problem(f"{path}.schedulingGates[{i}].name", f"is {checks.shown(name)}, which another gate has")
    every = list(all_containers(given, path))
    found += security.host_processes(given, path, every)
    found += _own_users(given, path, every) + _host_name(given, path)
    for name in ("nodeName", "serviceAccountName", "priorityClassName"):
        found += checks.subdomain(f"{path}.{name}", given[name]) if given.get(name) else []
    for name in ("hostname", "subdomain"):
        found += checks.label(f"{path}.{name}", given[name]) if given.get(name) else []
    if given.get("runtimeClassName") is not None:
        found += checks.subdomain(f"{path}.runtimeClassName", given["runtimeClassName"])
    found += checks.between(f"{path}.activeDeadlineSeconds", given.get("activeDeadlineSeconds"), 1, 2**31 - 1)
    if given.get("preemptionPolicy") is not None:
        found += checks.supported(f"{path}.preemptionPolicy", given["preemptionPolicy"], ("PreemptLowerPriority", "Never"))
    if given.get("overhead") is not None:
        found += resources({"limits": given["overhead"]}, f"{path}.overhead")
    if given.get("os") is not None:
        found += _system(given, path, every)
    group = given.get("schedulingGroup")
    return found + (checks.subdomain(f"{path}.schedulingGroup.podGroupName", group.get("podGroupName")) if group is not None else [])


def _claims(given: list[Json], path: str) -> Problems:
    """validatePodResourceClaims."""
    found: Problems = []
    taken: set[str] = set()
    for i, claim in enumerate(given):
        here, name = f"{path}[{i}]", claim.get("name") or ""
        found += checks.label(f"{here}.name", name)
        if name and name in taken:
            found += problem(f"{here}.name", f"is {checks.shown(name)}, which is the name of another claim", "rename one of them")
        taken.add(name)
        sources = [n for n in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(n) is not None]
        if len(sources) != 1:
            found += problem(here, "must have one of resourceClaimName and resourceClaimTemplateName")
        found += [p for n in sources for p in checks.subdomain(f"{here}.{n}", claim[n])]
    return found


def _own_resources(given: Json, path: str) -> Problems:
    """validatePodResources: of the pod as a whole."""
    own, here = given.get("resources"), f"{path}.resources"
    if own is None:
        return []
    if (given.get("os") or {}).get("name") == "windows":
        return problem(here, "may not be set for a windows pod", "leave it out")
    found = problem(f"{here}.claims", "may not be set for a pod", "leave it out") if own.get("claims") else []
    found += resources({name: own.get(name) for name in ("limits", "requests")}, here, of_pod=True)
    together = {which: of_pod(given, which) for which in ("requests", "limits")}
    for which in together:
        for name, value in (own.get(which) or {}).items():
            most, amount = together[which].get(name, Decimal(0)), quantity(value) or Decimal(0)
            if most > amount and (which == "requests" or name.startswith("hugepages-")):
                found += problem(f"{here}.{which}[{name}]", f"is {value}: must be no less than the containers' {which} together")
    for i, container in enumerate(given.get("containers") or []):
        for name, value in amounts_of(container, "limits").items():
            limit = quantity((own.get("limits") or {}).get(name, ""))
            if limit is not None and value > limit:
                found += problem(f"{path}.containers[{i}].resources.limits[{name}]", "must be less than or equal to the pod's limit")
    return found


def _own_users(given: Json, path: str, every: list[tuple[str, Json]]) -> Problems:
    """validateHostUsers."""
    if given.get("hostUsers") is not False:
        return []
    found: Problems = []
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        found += problem(f"{path}.{name}", "may not be set when `hostUsers` is false", "leave it out") if given.get(name) else []
    for here, container in every:
        if container.get("volumeDevices"):
            found += problem(f"{here}.volumeDevices", "may not be set when `hostUsers` is false", "leave it out")
    return found


def _host_name(given: Json, path: str) -> Problems:
    """validatePodHostName."""
    name, here = given.get("hostnameOverride"), f"{path}.hostnameOverride"
    if name is None:
        return []
    found = checks.subdomain(here, name)
    if given.get("setHostnameAsFQDN"):
        found += problem(here, "may not be specified when setHostnameAsFQDN is true")
    if given.get("hostNetwork"):
        found += problem(here, "may not be specified when hostNetwork is true")
    return found + (problem(here, "may not be longer than 64 characters") if len(name.encode()) > 64 else [])


def _system(given: Json, path: str, every: list[tuple[str, Json]]) -> Problems:
    """validateOS, validateLinux, validateWindows."""
    name = given["os"].get("name") or ""
    found = checks.supported(f"{path}.os.name", name, ("linux", "windows"))
    if found:
        return found
    banned: Collection[str] = _NOT_LINUX if name == "linux" else _NOT_WINDOWS
    places: list[tuple[str, Json, Collection[str]]] = [(f"{path}.securityContext", given.get("securityContext") or {}, banned)]
    if name == "windows":
        places.append((path, given, _NOT_WINDOWS_POD))
        banned = _NOT_WINDOWS_CONTAINER
    places += [(f"{here}.securityContext", container.get("securityContext") or {}, banned) for here, container in every]
    for here, fields, members in places:
        for member in members:
            value = fields.get(member)
            if value is not None and (member not in _UNLESS_SET or value):
                found += problem(f"{here}.{member}", f"cannot be set for a {name} pod", "leave it out")
    return found


def creation(pod: Json) -> Problems:
    """ValidatePodCreate, besides what holds of every pod."""
    given = pod.get("spec") or {}
    found = _annotated((pod.get("metadata") or {}).get("annotations") or {}, given, "")
    if given.get("ephemeralContainers"):
        found.append("spec.ephemeralContainers: cannot be set on create")
    if given.get("nodeName") and given.get("schedulingGates"):
        found.append("spec.nodeName: cannot be set until all schedulingGates have been cleared")
    return found


def update(new: Json, old: Json) -> Problems:
    """ValidatePodUpdate: images, a deadline, more tolerations, fewer gates; nothing else."""
    was, now = dict(old["spec"]), dict(new["spec"])
    notes, noted = (one["metadata"].get("annotations") or {} for one in (new, old))
    found = []
    if notes.get(_MIRROR) != noted.get(_MIRROR):
        found.append(f"metadata.annotations[{_MIRROR}]: may not add, remove or update mirror pod annotation")
    if notes.get(_COST) != noted.get(_COST):
        found += _annotated({_COST: notes.get(_COST, "0")}, now, "")
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
