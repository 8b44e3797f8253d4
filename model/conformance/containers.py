"""What the API server checks of containers: pkg/apis/core/validation/validation.go, validateContainers and what it calls.

As in a cluster whose API server allows privileged containers (--allow-privileged), with the features that are on in 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from kubecheck.model.conformance import checks, names
from kubecheck.model.conformance.checks import Problems, forbidden, problem, required, supported
from kubecheck.model.conformance.quantities import is_multiple, is_whole, quantity
from kubecheck.model.conformance.security import security_of_container
from kubecheck.model.conformance.volumes import field_reference, resource_reference

Json = Any
Volumes = dict[str, Json]

GROUPS: Final = ("containers", "initContainers", "ephemeralContainers")
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_FIELD_PATHS: Final = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
    "status.podIP", "status.podIPs",
)  # fmt: skip
_STANDARD: Final = ("cpu", "memory", "ephemeral-storage")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_EPHEMERAL_BANNED: Final = (
    "ports", "lifecycle", *_PROBES, "resources", "restartPolicy", "restartPolicyRules", "resizePolicy",
)  # fmt: skip
_PROBE_NUMBERS: Final = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_RULES, _EXIT_CODES = 20, 255  # the most that are allowed
_REAL_TIME: Final = ("SIGRTMIN", *(f"SIGRTMIN+{i}" for i in range(1, 16)), *(f"SIGRTMAX-{i}" for i in range(14, 0, -1)), "SIGRTMAX")
_SIGNALS: Final = {
    "windows": ("SIGKILL", "SIGTERM"),
    "linux": (
        "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT",
        "SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP",
        "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", *_REAL_TIME,
    ),
}  # fmt: skip


def all_containers(spec: Json, path: str) -> Iterator[tuple[str, Json]]:
    """The containers of a pod of all kinds, each with its path (VisitContainersWithPath: init containers first)."""
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for i, container in enumerate(spec.get(group) or []):
            yield f"{path}.{group}[{i}]", container


def containers(spec: Json, path: str, volumes: Volumes, *, of_pod: bool) -> Problems:
    """All containers of a pod, of whose volumes the valid ones are given; `of_pod`: it is no template."""
    regular, initial = spec.get("containers") or [], spec.get("initContainers") or []
    found = [] if regular else problem(f"{path}.containers", "is required", "give at least one container with name and image")
    for group in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(group) or []):
            here = f"{path}.{group}[{i}]"
            found += _container(container, here, spec, volumes)
            found += _restarts(container, here)
            if of_pod and (container.get("image") or "").strip() != (container.get("image") or ""):
                found += problem(f"{here}.image", "must not have leading or trailing whitespace")
            if group == "containers" or container.get("restartPolicy") == "Always":
                found += _probes(container, here, spec)
            else:
                found += _plain_init(container, here)
    found += _unique(spec, path)
    found += _host_ports(regular, f"{path}.containers")
    for i, container in enumerate(initial):
        found += _host_ports([container], f"{path}.initContainers", first=i)
    if spec.get("hostNetwork"):
        found += _host_network(regular, f"{path}.containers", of_pod=of_pod)
    return found + _ephemeral(spec, path, volumes)


def _plain_init(container: Json, path: str) -> Problems:
    """What an init container may not have unless it goes on running."""
    cause = "may not be set for init containers without restartPolicy=Always"
    found = [p for name in ("lifecycle", *_PROBES) for p in forbidden(f"{path}.{name}", container.get(name), cause)]
    for i, policy in enumerate(container.get("resizePolicy") or []):
        if policy.get("restartPolicy") == "RestartContainer":
            found += problem(f"{path}.resizePolicy[{i}].restartPolicy", "must not be RestartContainer for an init container that ends")
    return found


def _unique(spec: Json, path: str) -> Problems:
    """That no two containers of any kind have one name."""
    found: Problems = []
    taken: set[str] = set()
    for group in GROUPS:
        for i, container in enumerate(spec.get(group) or []):
            name = container.get("name") or ""
            if name in taken:
                cause = f"is {checks.shown(name)}, which is the name of another container"
                found += problem(f"{path}.{group}[{i}].name", cause, "rename one of them")
            if name or group == "containers":
                taken.add(name)
    return found


def _host_network(regular: list[Json], path: str, *, of_pod: bool) -> Problems:
    """validatePodHostNetworkDeps: a template may leave the port of the host to the default."""
    found: Problems = []
    for i, container in enumerate(regular):
        for j, port in enumerate(container.get("ports") or []):
            host = port.get("hostPort") or 0
            if host != (port.get("containerPort") or 0) and (of_pod or host):
                found += problem(f"{path}[{i}].ports[{j}].hostPort", f"is {host}: must match `containerPort` when `hostNetwork` is true")
    return found


def _ephemeral(spec: Json, path: str, volumes: Volumes) -> Problems:
    others = {c.get("name") for group in GROUPS[:2] for c in spec.get(group) or []}
    found: Problems = []
    for i, container in enumerate(spec.get("ephemeralContainers") or []):
        here = f"{path}.ephemeralContainers[{i}]"
        found += _container(container, here, spec, volumes)
        if (container.get("image") or "").strip() != (container.get("image") or ""):
            found += problem(f"{here}.image", "must not have leading or trailing whitespace")
        banned = [name for name in _EPHEMERAL_BANNED if container.get(name)]
        found += [p for name in banned for p in problem(f"{here}.{name}", "cannot be set for an Ephemeral Container", "leave it out")]
        target = container.get("targetContainerName")
        if target and target not in others:
            found += problem(f"{here}.targetContainerName", f"is {checks.shown(target)}, and there is no such container")
        for j, mount in enumerate(container.get("volumeMounts") or []):
            for name in ("subPath", "subPathExpr"):
                if mount.get(name):
                    found += problem(f"{here}.volumeMounts[{j}].{name}", "cannot be set for an Ephemeral Container")
    return found


def _container(container: Json, path: str, spec: Json, volumes: Volumes) -> Problems:
    """validateContainerCommon."""
    claims = {c.get("name") for c in spec.get("resourceClaims") or [] if c.get("name")}
    remedy = "give the container an image"
    return [
        *checks.label(f"{path}.name", container.get("name")),
        *([] if container.get("image") else problem(f"{path}.image", "is required", remedy)),
        *supported(f"{path}.terminationMessagePolicy", container.get("terminationMessagePolicy"), ("File", "FallbackToLogsOnError")),
        *_ports(container.get("ports") or [], f"{path}.ports"),
        *_environment(container.get("env") or [], f"{path}.env", spec),
        *_environment_sources(container.get("envFrom") or [], f"{path}.envFrom"),
        *_mounts(container, volumes, f"{path}.volumeMounts"),
        *_devices(container, volumes, f"{path}.volumeDevices"),
        *supported(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never")),
        *resources(container.get("resources") or {}, f"{path}.resources", claims=claims),
        *_resize(container.get("resizePolicy") or [], f"{path}.resizePolicy", spec),
        *security_of_container(container.get("securityContext"), f"{path}.securityContext", host_users=spec.get("hostUsers") is not False),
    ]


def _ports(ports: list[Json], path: str) -> Problems:
    found: Problems = []
    seen: set[str] = set()
    for i, port in enumerate(ports):
        here, name = f"{path}[{i}]", port.get("name")
        if name and not names.is_port_name(name):
            found += checks.port(f"{here}.name", name)
        elif name and name in seen:
            found += problem(f"{here}.name", f"is {checks.shown(name)}, which is the name of another port", "rename one of them")
        seen.add(name)
        found += checks.port(f"{here}.containerPort", port.get("containerPort") or 0)
        found += checks.port(f"{here}.hostPort", port["hostPort"]) if port.get("hostPort") else []
        found += supported(f"{here}.protocol", port.get("protocol"), _PROTOCOLS)
    return found


def _host_ports(given: list[Json], path: str, *, first: int = 0) -> Problems:
    """checkHostPortConflicts."""
    taken: set[tuple[Json, ...]] = set()
    found: Problems = []
    for i, container in enumerate(given, first):
        for j, port in enumerate(container.get("ports") or []):
            claimed = (port.get("protocol"), port.get("hostIP") or "", port.get("hostPort") or 0)
            if claimed[2] and claimed in taken:
                found += problem(f"{path}[{i}].ports[{j}].hostPort", f"is {claimed[2]}, which another port of the pod has")
            taken.add(claimed)
    return found


def _environment(variables: list[Json], path: str, spec: Json) -> Problems:
    found: Problems = []
    for i, variable in enumerate(variables):
        here = f"{path}[{i}]"
        found += _variable_name(variable.get("name") or "", f"{here}.name")
        source = variable.get("valueFrom")
        if source is None:
            continue
        given = {name: value for name, value in source.items() if value is not None}
        if not given:
            found += problem(f"{here}.valueFrom", "has no source", "give one, for example configMapKeyRef")
        elif variable.get("value"):
            found += problem(f"{here}.valueFrom", "may not be specified when `value` is not empty", "leave one of the two out")
        elif len(given) > 1:
            found += problem(f"{here}.valueFrom", f"may have one source, and has {', '.join(given)}")
        for name, reference in given.items():
            found += _variable_source(name, reference, f"{here}.valueFrom.{name}", spec)
    return found


def _variable_name(name: str, path: str) -> Problems:
    if not name:
        return problem(path, "is required")
    if names.is_environment_name(name):
        return []
    return problem(path, f"is {checks.shown(name)}, which is not the name of a variable", "printable ASCII without an equals sign")


def _variable_source(kind: str, reference: Json, path: str, spec: Json) -> Problems:
    if kind == "fieldRef":
        return field_reference(reference, path, _FIELD_PATHS)
    if kind == "resourceFieldRef":
        return resource_reference(reference, path, of_container=True)
    if kind == "fileKeyRef":
        return _file_key(reference, path, spec)
    return checks.subdomain(f"{path}.name", reference.get("name")) + checks.config_key(f"{path}.key", reference.get("key"))


def _file_key(reference: Json, path: str, spec: Json) -> Problems:
    """validateFileKeySelector and validateFileKeyRefVolumes."""
    found = _variable_name(reference.get("key") or "", f"{path}.key")
    name = reference.get("volumeName") or ""
    found += checks.label(f"{path}.volumeName", name)
    found += required(f"{path}.path", reference.get("path")) + checks.no_backsteps(f"{path}.path", reference.get("path") or "")
    volume = next((v for v in reversed(spec.get("volumes") or []) if (v.get("name") or "") == name), None)
    if volume is None:
        found += problem(f"{path}.volumeName", f"is {checks.shown(name)}, and there is no such volume")
    elif volume.get("emptyDir") is None:
        found += problem(f"{path}.volumeName", f"is {checks.shown(name)}: the volume must be of type emptyDir")
    return found


def _environment_sources(sources: list[Json], path: str) -> Problems:
    found: Problems = []
    for i, source in enumerate(sources):
        here = f"{path}[{i}]"
        given = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        if len(given) != 1:
            found += problem(here, "must specify one of: `configMapRef` or `secretRef`")
        found += [p for name in given for p in _prefix_of_name(source[name].get("name") or "", f"{here}.{name}.name")]
        if source.get("prefix"):
            found += _variable_name(source["prefix"], f"{here}.prefix")
    return found


def _prefix_of_name(name: str, path: str) -> Problems:
    """A name as a prefix (NameIsDNSSubdomain with `prefix`): the dash at its end does not count."""
    return checks.subdomain(path, f"{name[:-1]}a" if len(name) > 1 and name.endswith("-") else name)


def _mounts(container: Json, volumes: Volumes, path: str) -> Problems:
    found: Problems = []
    seen: set[str] = set()
    devices = {d.get("name"): d.get("devicePath") for d in container.get("volumeDevices") or []}
    for i, mount in enumerate(container.get("volumeMounts") or []):
        here, name, target = f"{path}[{i}]", mount.get("name") or "", mount.get("mountPath") or ""
        if not name or name not in volumes:
            found += problem(f"{here}.name", f"is {checks.shown(name)}, and there is no such valid volume" if name else "is required")
        found += required(f"{here}.mountPath", target)
        if target in seen:
            found += problem(f"{here}.mountPath", f"is {checks.shown(target)}, and must be unique")
        seen.add(target)
        if name in devices:
            found += problem(f"{here}.name", "must not already exist in volumeDevices")
        if target in devices.values():
            found += problem(f"{here}.mountPath", "must not already exist as a path in volumeDevices")
        inner, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
        found += checks.descending(f"{here}.subPath", inner) + checks.descending(f"{here}.subPathExpr", expression)
        if inner and expression:
            found += problem(f"{here}.subPathExpr", "may not stand beside subPath", "leave one of the two out")
        found += _propagation(mount, here, privileged=bool((container.get("securityContext") or {}).get("privileged")))
    return found


def _propagation(mount: Json, path: str, *, privileged: bool) -> Problems:
    """validateMountPropagation and validateMountRecursiveReadOnly."""
    found: Problems = []
    propagation, recursive = mount.get("mountPropagation"), mount.get("recursiveReadOnly")
    if propagation is not None:
        found += supported(f"{path}.mountPropagation", propagation, ("Bidirectional", "HostToContainer", "None"))
    if propagation == "Bidirectional" and not privileged:
        found += problem(f"{path}.mountPropagation", "is Bidirectional, which is available only to privileged containers")
    if recursive is not None:
        found += supported(f"{path}.recursiveReadOnly", recursive, ("Disabled", "IfPossible", "Enabled"))
    if recursive in ("Enabled", "IfPossible"):
        if not mount.get("readOnly"):
            found += problem(f"{path}.recursiveReadOnly", "may only be specified when readOnly is true")
        if propagation not in (None, "None"):
            found += problem(f"{path}.recursiveReadOnly", "may only be specified when mountPropagation is None or not specified")
    return found


def _devices(container: Json, volumes: Volumes, path: str) -> Problems:
    """ValidateVolumeDevices."""
    found: Problems = []
    mounts = {m.get("name"): m.get("mountPath") for m in container.get("volumeMounts") or []}
    named: set[str] = set()
    placed: set[str] = set()
    for i, device in enumerate(container.get("volumeDevices") or []):
        here, name, target = f"{path}[{i}]", device.get("name") or "", device.get("devicePath") or ""
        volume = volumes.get(name)
        found += required(f"{here}.name", name) + required(f"{here}.devicePath", target)
        if volume is None and name:
            found += problem(f"{here}.name", f"is {checks.shown(name)}, and there is no such valid volume")
        elif volume is not None and volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
            found += problem(f"{here}.name", "must be a volume of type persistentVolumeClaim or ephemeral")
        for value, taken, member in ((name, named, "name"), (target, placed, "devicePath")):
            if value in taken:
                found += problem(f"{here}.{member}", f"is {checks.shown(value)}, and must be unique")
            taken.add(value)
        found += checks.no_backsteps(f"{here}.devicePath", target)
        if name in mounts or target in mounts.values():
            found += problem(here, "must not have a name or a path of volumeMounts")
    return found


def resources(given: Json, path: str, *, claims: set[str] | None = None, of_pod: bool = False) -> Problems:
    """validateResourceRequirements; `claims`: the names of the pod's, `of_pod`: of the pod as a whole."""
    found: Problems = []
    limits, requests = given.get("limits") or {}, given.get("requests") or {}
    for which, amounts in (("limits", limits), ("requests", requests)):
        for name, value in amounts.items():
            here, amount = f"{path}.{which}[{name}]", quantity(value) or Decimal(0)
            found += _resource_name(name, here, of_pod=of_pod)
            if amount < 0:
                found += problem(here, f"is {value}: must be greater than or equal to 0")
            if (_is_extended(name) or name in _COUNTED) and not is_whole(amount):
                found += problem(here, f"is {value}: must be an integer")
            if name.startswith("hugepages-") and not _divisible(name, amount):
                found += problem(here, f"is {value}, which is no multiple of the size of the pages")
    for name, value in requests.items():
        here = f"{path}.requests[{name}]"
        low, high = quantity(value) or Decimal(0), quantity(limits[name]) if name in limits else None
        if high is None and not _overcommits(name):
            found += problem(here, f"must have a limit of {name}, too", f"add limits: {{{name}: {value}}}")
        elif high is not None and low != high and not _overcommits(name):
            found += problem(here, f"is {value}: must be equal to the limit of {limits[name]}")
        elif high is not None and low > high:
            found += problem(here, f"is {value}: must be less than or equal to the limit of {limits[name]}")
    paged = any(name.startswith("hugepages-") for name in [*limits, *requests])
    if paged and not any(name in ("cpu", "memory") for name in [*limits, *requests]):
        found += problem(path, "must have cpu or memory beside hugepages")
    return found + _claims(given.get("claims") or [], f"{path}.claims", claims or set())


_COUNTED: Final = {
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
}  # fmt: skip


def _claims(given: list[Json], path: str, of_pod: set[str]) -> Problems:
    """validateResourceClaimNames."""
    found: Problems = []
    taken: set[str] = set()
    for i, claim in enumerate(given):
        here, name, request = f"{path}[{i}]", claim.get("name") or "", claim.get("request") or ""
        if not name:
            found += problem(f"{here}.name", "is required")
            continue
        key = f"{name}/{request}" if request else name
        if request and name not in taken:
            found += checks.label(f"{here}.request", request)
        if name in taken or key in taken or (not request and any(t.startswith(f"{name}/") for t in taken)):
            found += problem(here, f"is {checks.shown(key)}, which another element has")
        taken.add(key)
        if name not in of_pod:
            found += problem(f"{here}.name", f"is {checks.shown(name)}, which is none of the pod's resourceClaims")
    return found


def _resource_name(name: str, path: str, *, of_pod: bool) -> Problems:
    """validateContainerResourceName, validatePodResourceName."""
    found = checks.qualified(path, name)
    if found:
        return found
    if of_pod:
        known = name in ("cpu", "memory") or name.startswith("hugepages-")
        return [] if known else problem(path, "is not supported for a pod", "one of cpu, memory, hugepages-…")
    if "/" not in name:
        known = name in _STANDARD or name.startswith("hugepages-")
        remedy = "cpu, memory, ephemeral-storage, hugepages-…, or example.com/name"
        return [] if known else problem(path, "is no resource of containers", remedy)
    if _is_native(name) or _is_extended(name):
        return []
    return problem(path, "is not the name of an extended resource")


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _is_extended(name: str) -> bool:
    return not _is_native(name) and not name.startswith("requests.") and names.is_qualified(f"requests.{name}")


def _divisible(name: str, amount: Decimal) -> bool:
    size = quantity(name.removeprefix("hugepages-"))
    return size is not None and is_multiple(amount, size)


def _overcommits(name: str) -> bool:
    return _is_native(name) and not name.startswith("hugepages-")


def _resize(policies: list[Json], path: str, spec: Json) -> Problems:
    """validateResizePolicy."""
    found: Problems = []
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        here, name = f"{path}[{i}]", policy.get("resourceName") or ""
        if name in seen:
            found += problem(f"{here}.resourceName", f"is {checks.shown(name)}, which another policy has")
        seen.add(name)
        found += supported(f"{here}.resourceName", name, ("cpu", "memory"))
        found += supported(f"{here}.restartPolicy", policy.get("restartPolicy"), ("NotRequired", "RestartContainer"))
        if spec.get("restartPolicy") == "Never" and policy.get("restartPolicy") != "NotRequired":
            found += problem(f"{here}.restartPolicy", "must be NotRequired when the pod's restartPolicy is Never")
    return found


def _restarts(container: Json, path: str) -> Problems:
    """validateContainerRestartPolicy."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or []
    found: Problems = []
    if policy is not None:
        found += supported(f"{path}.restartPolicy", policy, ("Always", "Never", "OnFailure"))
    elif rules:
        found += problem(f"{path}.restartPolicy", "is required beside restartPolicyRules")
    if len(rules) > _RULES:
        found += problem(f"{path}.restartPolicyRules", f"has more than {_RULES} elements")
    for i, rule in enumerate(rules):
        here, codes = f"{path}.restartPolicyRules[{i}]", rule.get("exitCodes")
        found += supported(f"{here}.action", rule.get("action"), ("Restart", "RestartAllContainers"))
        if codes is None:
            found += problem(f"{here}.exitCodes", "is required")
            continue
        found += supported(f"{here}.exitCodes.operator", codes.get("operator"), ("In", "NotIn"))
        if len(codes.get("values") or []) > _EXIT_CODES:
            found += problem(f"{here}.exitCodes.values", f"has more than {_EXIT_CODES} elements")
    return found


def _probes(container: Json, path: str, spec: Json) -> Problems:
    found: Problems = []
    for name in _PROBES:
        probe, here = container.get(name), f"{path}.{name}"
        if probe is None:
            continue
        found += _handler(probe, here, spec)
        found += [p for number in _PROBE_NUMBERS for p in checks.not_negative(f"{here}.{number}", probe.get(number))]
        if name != "readinessProbe" and probe.get("successThreshold") != 1:
            found += problem(f"{here}.successThreshold", "must be 1")
        grace = probe.get("terminationGracePeriodSeconds")
        if grace is not None and name == "readinessProbe":
            found += problem(f"{here}.terminationGracePeriodSeconds", "must not be set for a readinessProbe", "leave it out")
        elif grace is not None:
            found += checks.positive(f"{here}.terminationGracePeriodSeconds", grace)
    lifecycle = container.get("lifecycle") or {}
    for hook in ("postStart", "preStop"):
        if lifecycle.get(hook) is not None:
            found += _handler(lifecycle[hook], f"{path}.lifecycle.{hook}", spec)
    if lifecycle.get("stopSignal") is not None:
        found += _signal(lifecycle["stopSignal"], f"{path}.lifecycle.stopSignal", spec.get("os"))
    return found


def _signal(signal: str, path: str, system: Json) -> Problems:
    """validateStopSignal."""
    if system is None:
        return problem(path, "may not be set for containers without spec.os.name", "name the operating system")
    allowed = _SIGNALS.get(system.get("name") or "")
    return supported(path, signal, allowed) if allowed else []


def _handler(given: Json, path: str, spec: Json) -> Problems:
    """validateHandler."""
    kinds = [name for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if given.get(name) is not None]
    found: Problems = []
    if not kinds:
        found += problem(path, "must specify a handler type", "exec, httpGet, tcpSocket, or grpc")
    for name in kinds[1:]:
        found += problem(f"{path}.{name}", f"is a second handler beside {kinds[0]}", "give one")
    for name in kinds[:1]:
        action, here = given[name], f"{path}.{name}"
        if name == "exec":
            found += required(f"{here}.command", action.get("command"))
        elif name == "sleep":
            grace = spec.get("terminationGracePeriodSeconds")
            if grace is not None and not 0 <= (action.get("seconds") or 0) <= grace:
                found += problem(f"{here}.seconds", f"must be non-negative and less than terminationGracePeriodSeconds ({grace})")
        else:
            found += checks.port(f"{here}.port", action.get("port") if name != "grpc" else action.get("port") or 0)
        if name == "httpGet":
            found += required(f"{here}.path", action.get("path"))
            found += supported(f"{here}.scheme", action.get("scheme"), ("HTTP", "HTTPS"))
            for i, header in enumerate(action.get("httpHeaders") or []):
                written = header.get("name") or ""
                if not names.is_header(written):
                    where = f"{here}.httpHeaders[{i}].name"
                    found += problem(where, f"is {checks.shown(written)}, which is not the name of a header", "letters, digits and '-'")
    return found
