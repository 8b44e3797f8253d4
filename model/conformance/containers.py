"""What the API server checks of containers and volumes: pkg/apis/core/validation/validation.go, validateContainers and ValidateVolumes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from kubecheck.model.conformance import names
from kubecheck.model.conformance.quantities import quantity

Json = Any
Problems = list[str]

_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_STANDARD: Final = ("cpu", "memory", "ephemeral-storage")
_FIELD_PATHS: Final = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
    "status.podIP", "status.podIPs",
}  # fmt: skip
_EPHEMERAL_BANNED: Final = (
    "ports", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "resources", "restartPolicy", "resizePolicy",
)  # fmt: skip


def containers(spec: Json, path: str, *, of_pod: bool) -> Problems:
    """All containers of a pod; `of_pod`: it is no template."""
    regular, initial = spec.get("containers") or [], spec.get("initContainers") or []
    found = [] if regular else [f"{path}.containers: required"]
    seen: set[str] = set()
    volumes = {v.get("name") for v in spec.get("volumes") or []}
    for i, container in enumerate(regular):
        here = f"{path}.containers[{i}]"
        found += _container(container, here, volumes, seen, of_pod=of_pod)
        found += _probes(container, here)
    found += _host_ports(regular, f"{path}.containers")
    for i, container in enumerate(initial):
        here = f"{path}.initContainers[{i}]"
        found += _container(container, here, volumes, seen, of_pod=of_pod)
        found += _host_ports([container], here)
        sidecar = container.get("restartPolicy") == "Always"
        if sidecar:
            found += _probes(container, here)
        for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(name) is not None and not sidecar:
                found.append(f"{here}.{name}: may not be set for init containers without restartPolicy=Always")
    if spec.get("hostNetwork"):
        for container in [*regular, *initial]:
            found += [
                f"{path}.containers.ports: must match `containerPort` when `hostNetwork` is true"
                for p in container.get("ports") or []
                if p.get("hostPort", 0) != p.get("containerPort", 0)
            ]
    return found + _ephemeral(spec, path, volumes, seen, of_pod=of_pod)


def _ephemeral(spec: Json, path: str, volumes: set[str], seen: set[str], *, of_pod: bool) -> Problems:
    others = set(seen)
    found = []
    given = spec.get("ephemeralContainers") or []
    if given and not of_pod:
        found.append(f"{path}.ephemeralContainers: ephemeral containers not allowed in pod template")
    for i, container in enumerate(given):
        here = f"{path}.ephemeralContainers[{i}]"
        found += _container(container, here, volumes, seen, of_pod=of_pod)
        found += [f"{here}.{name}: cannot be set" for name in _EPHEMERAL_BANNED if container.get(name)]
        target = container.get("targetContainerName")
        if target and target not in others:
            found.append(f"{here}.targetContainerName: not found")
        found += [f"{here}.subPath: cannot be set" for m in container.get("volumeMounts") or [] if m.get("subPath")]
    return found


def _container(container: Json, path: str, volumes: set[str], seen: set[str], *, of_pod: bool) -> Problems:
    name, image = container.get("name") or "", container.get("image") or ""
    found = []
    if not names.is_label(name):
        found.append(f"{path}.name: not a DNS label")
    if name in seen:
        found.append(f"{path}.name: duplicate")
    seen.add(name)
    if not image or (of_pod and image.strip() != image):
        found.append(f"{path}.image: required")
    if container.get("terminationMessagePolicy") not in ("File", "FallbackToLogsOnError"):
        found.append(f"{path}.terminationMessagePolicy: unsupported value")
    if container.get("imagePullPolicy") not in ("Always", "IfNotPresent", "Never"):
        found.append(f"{path}.imagePullPolicy: unsupported value")
    return [
        *found,
        *_ports(container.get("ports") or [], f"{path}.ports"),
        *_environment(container.get("env") or [], f"{path}.env"),
        *_environment_sources(container.get("envFrom") or [], f"{path}.envFrom"),
        *_mounts(container.get("volumeMounts") or [], volumes, f"{path}.volumeMounts"),
        *resources(container.get("resources") or {}, f"{path}.resources"),
        *_security(container.get("securityContext") or {}, f"{path}.securityContext"),
    ]


def _ports(ports: list[Json], path: str) -> Problems:
    found, seen = [], set()
    for i, port in enumerate(ports):
        name = port.get("name")
        if name:
            if not names.is_port_name(name):
                found.append(f"{path}[{i}].name: not a port name")
            elif name in seen:
                found.append(f"{path}[{i}].name: duplicate")
            seen.add(name)
        if not names.is_port(port.get("containerPort", 0)):
            found.append(f"{path}[{i}].containerPort: must be between 1 and 65535")
        if port.get("hostPort") and not names.is_port(port["hostPort"]):
            found.append(f"{path}[{i}].hostPort: must be between 1 and 65535")
        if port.get("protocol") not in _PROTOCOLS:
            found.append(f"{path}[{i}].protocol: unsupported value")
    return found


def _host_ports(given: list[Json], path: str) -> Problems:
    """checkHostPortConflicts."""
    taken: set[tuple[Json, ...]] = set()
    found = []
    for port in [p for c in given for p in c.get("ports") or [] if p.get("hostPort")]:
        claimed = (port.get("protocol"), port.get("hostIP") or "", port["hostPort"])
        if claimed in taken:
            found.append(f"{path}.ports.hostPort: duplicate")
        taken.add(claimed)
    return found


def _environment(variables: list[Json], path: str) -> Problems:
    found = []
    for i, variable in enumerate(variables):
        if not variable.get("name") or not names.is_environment_name(variable["name"]):
            found.append(f"{path}[{i}].name: required")
        source = variable.get("valueFrom")
        if source is None:
            continue
        given = {name: value for name, value in source.items() if value is not None}
        if len(given) != 1:
            found.append(f"{path}[{i}].valueFrom: must have exactly one source")
        elif variable.get("value"):
            found.append(f"{path}[{i}].valueFrom: may not be specified when `value` is not empty")
        for name in ("configMapKeyRef", "secretKeyRef"):
            reference = given.get(name)
            if reference is not None and (
                not reference.get("name") or not names.is_config_key(reference.get("key") or "")
            ):
                found.append(f"{path}[{i}].valueFrom.{name}: needs a name and a key")
        if given.get("fieldRef") is not None and not _is_field(given["fieldRef"].get("fieldPath") or ""):
            found.append(f"{path}[{i}].valueFrom.fieldRef.fieldPath: unsupported value")
    return found


def _is_field(path: str) -> bool:
    key = path.partition("['")[2].removesuffix("']")
    if path.startswith(("metadata.labels['", "metadata.annotations['")):
        return names.is_qualified(key.lower() if "annotations" in path else key)
    return path in _FIELD_PATHS


def _environment_sources(sources: list[Json], path: str) -> Problems:
    found = []
    for i, source in enumerate(sources):
        given = [source.get(name) for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        if len(given) != 1:
            found.append(f"{path}[{i}]: must specify one of: `configMapRef` or `secretRef`")
        found += [f"{path}[{i}].name: required" for reference in given if not reference.get("name")]
        if not names.is_environment_name(source.get("prefix") or ""):
            found.append(f"{path}[{i}].prefix: not a name")
    return found


def _mounts(mounts: list[Json], volumes: set[str], path: str) -> Problems:
    found, seen = [], set()
    for i, mount in enumerate(mounts):
        if not mount.get("name") or mount["name"] not in volumes:
            found.append(f"{path}[{i}].name: not found")
        if not mount.get("mountPath"):
            found.append(f"{path}[{i}].mountPath: required")
        elif mount["mountPath"] in seen:
            found.append(f"{path}[{i}].mountPath: must be unique")
        seen.add(mount.get("mountPath"))
        inner = mount.get("subPath") or ""
        if inner.startswith("/") or ".." in inner.split("/"):
            found.append(f"{path}[{i}].subPath: must be a relative path without '..'")
        if inner and mount.get("subPathExpr"):
            found.append(f"{path}[{i}].subPathExpr: subPathExpr and subPath are mutually exclusive")
    return found


def resources(given: Json, path: str) -> Problems:
    """ValidateContainerResourceRequirements."""
    found = []
    limits, requests = given.get("limits") or {}, given.get("requests") or {}
    for name, value in [*limits.items(), *requests.items()]:
        amount = quantity(value)
        if not _is_resource(name):
            found.append(f"{path}.{name}: must be a standard resource for containers")
        if amount is not None and amount < 0:
            found.append(f"{path}.{name}: must be greater than or equal to 0")
        if "/" in name and amount is not None and amount % 1 != 0:
            found.append(f"{path}.{name}: must be an integer")
    for name, value in requests.items():
        low, high = quantity(value), quantity(limits[name]) if name in limits else None
        if low is not None and high is not None and low > high:
            found.append(f"{path}.requests: must be less than or equal to {name} limit")
        if not _overcommits(name) and (high is None or low != high):
            found.append(f"{path}.requests: must be equal to {name} limit")
    found += [
        f"{path}.limits: limit must be set for non overcommitable resources"
        for name in limits
        if not _overcommits(name) and name not in requests
    ]
    paged = any(name.startswith("hugepages-") for name in [*limits, *requests])
    if paged and not any(name in ("cpu", "memory") for name in [*limits, *requests]):
        found.append(f"{path}: HugePages require cpu or memory")
    return found


def _is_resource(name: str) -> bool:
    if "/" in name:
        return names.is_qualified(name) and not name.startswith("requests.")
    return name in _STANDARD or name.startswith("hugepages-")


def _overcommits(name: str) -> bool:
    return "/" not in name and not name.startswith("hugepages-")


def _security(context: Json, path: str) -> Problems:
    """ValidateSecurityContext."""
    found = []
    for name in ("runAsUser", "runAsGroup"):
        if context.get(name) is not None and not 0 <= context[name] <= 2**31 - 1:
            found.append(f"{path}.{name}: must be between 0 and 2147483647")
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            found.append(f"{path}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or []):
            found.append(f"{path}: cannot set `allowPrivilegeEscalation` to false and CAP_SYS_ADMIN")
    return found + seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")


def seccomp(profile: Json, path: str) -> Problems:
    """validateSeccompProfileField."""
    if profile is None:
        return []
    if profile.get("type") not in ("Localhost", "RuntimeDefault", "Unconfined"):
        return [f"{path}.type: unsupported value"]
    if (profile["type"] == "Localhost") != bool(profile.get("localhostProfile")):
        return [f"{path}.localhostProfile: goes with type Localhost"]
    return []


def _probes(container: Json, path: str) -> Problems:
    found = []
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        found += _handler(probe, f"{path}.{name}")
        for number in (
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        ):
            if (probe.get(number) or 0) < 0:
                found.append(f"{path}.{name}.{number}: must be greater than or equal to 0")
        if name != "readinessProbe" and probe.get("successThreshold") != 1:
            found.append(f"{path}.{name}.successThreshold: must be 1")
        grace = probe.get("terminationGracePeriodSeconds")
        if grace is not None and (name == "readinessProbe" or grace <= 0):
            found.append(
                f"{path}.{name}.terminationGracePeriodSeconds: must be greater than 0, and not of a readinessProbe"
            )
    for hook, handler in (container.get("lifecycle") or {}).items():
        if hook in ("postStart", "preStop") and handler is not None:
            found += _handler(handler, f"{path}.lifecycle.{hook}")
    return found


def _handler(given: Json, path: str) -> Problems:
    kinds = [name for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if given.get(name) is not None]
    found = [] if len(kinds) == 1 else [f"{path}: must specify exactly one handler type"]
    if "exec" in kinds and not given["exec"].get("command"):
        found.append(f"{path}.exec.command: required")
    if "httpGet" in kinds:
        action = given["httpGet"]
        if not action.get("path") or not names.is_port_or_name(action.get("port")):
            found.append(f"{path}.httpGet: needs a path and a port")
        if action.get("scheme") not in ("HTTP", "HTTPS"):
            found.append(f"{path}.httpGet.scheme: unsupported value")
    if "tcpSocket" in kinds and not names.is_port_or_name(given["tcpSocket"].get("port")):
        found.append(f"{path}.tcpSocket.port: must be between 1 and 65535")
    if "grpc" in kinds and not names.is_port(given["grpc"].get("port")):
        found.append(f"{path}.grpc.port: must be between 1 and 65535")
    return found


def volumes(given: list[Json], path: str) -> Problems:
    """ValidateVolumes."""
    found, seen = [], set()
    for i, volume in enumerate(given):
        here, name = f"{path}[{i}]", volume.get("name") or ""
        if not names.is_label(name):
            found.append(f"{here}.name: not a DNS label")
        if name in seen:
            found.append(f"{here}.name: duplicate")
        seen.add(name)
        sources = [source for source, value in volume.items() if source != "name" and value is not None]
        if len(sources) != 1:
            found.append(f"{here}: must specify exactly one volume type")
        for source in sources:
            found += _source(source, volume[source], f"{here}.{source}")
    return found


def _source(kind: str, source: Json, path: str) -> Problems:
    needed = {
        "secret": "secretName", "configMap": "name", "persistentVolumeClaim": "claimName", "hostPath": "path",
    }.get(kind)  # fmt: skip
    found = [f"{path}.{needed}: required"] if needed and not source.get(needed) else []
    mode = source.get("defaultMode")
    if mode is not None and not 0 <= mode <= 0o777:
        found.append(f"{path}.defaultMode: must be a number between 0 and 0777")
    for item in source.get("items") or []:
        inner = item.get("path") or ""
        if kind in ("secret", "configMap") and not item.get("key"):
            found.append(f"{path}.items.key: required")
        if not inner or inner.startswith(("/", "..")) or ".." in inner.split("/"):
            found.append(f"{path}.items.path: must be a relative path without '..'")
    if kind == "hostPath" and ".." in (source.get("path") or "").split("/"):
        found.append(f"{path}.path: must not contain '..'")
    if kind == "emptyDir":
        size = source.get("sizeLimit")
        amount = Decimal(0) if size is None else quantity(size)
        if amount is not None and amount < 0:
            found.append(f"{path}.sizeLimit: must be greater than or equal to 0")
        if (source.get("medium") or "") not in ("", "Memory") and not source["medium"].startswith("HugePages"):
            found.append(f"{path}.medium: unsupported value")
    return found
