"""The admission plugin PodSecurity: whether a pod keeps to the policy level of its namespace, in the latest version.

After staging/src/k8s.io/pod-security-admission/policy (check_*.go) and admission/admission.go (isSignificantPodUpdate). Levels that only
warn or audit refuse nothing, and neither do those of templates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Json = Any

ENFORCE: Final = "pod-security.kubernetes.io/enforce"
VERSION: Final = "pod-security.kubernetes.io/enforce-version"

_CAPABILITIES: Final = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
    "SETUID", "SYS_CHROOT",
}  # fmt: skip
_SYSCTLS: Final = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
}  # fmt: skip
_LABELS: Final = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_VOLUMES: Final = {
    "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def allows(level: str, pod: Json) -> bool:
    """Whether a pod keeps to a level."""
    checks = {"baseline": _BASELINE, "restricted": (*_BASELINE, *_RESTRICTED)}.get(level, ())
    return all(check(pod["spec"]) for check in checks)


def is_looked_at(new: Json, old: Json) -> bool:
    """Whether an update of a pod matters: another image, or one more container."""
    for group in ("containers", "initContainers", "ephemeralContainers"):
        before = {c.get("name"): c.get("image") for c in old["spec"].get(group) or []}
        after = {c.get("name"): c.get("image") for c in new["spec"].get(group) or []}
        if before != after:
            return True
    return False


def _all(spec: Json) -> list[Json]:
    groups = ("initContainers", "containers", "ephemeralContainers")
    return [container for group in groups for container in spec.get(group) or []]


def _contexts(spec: Json) -> list[Json]:
    return [c.get("securityContext") or {} for c in _all(spec)]


def _shares_nothing(spec: Json) -> bool:
    return not any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC"))


def _is_unprivileged(spec: Json) -> bool:
    return not any(context.get("privileged") for context in _contexts(spec))


def _adds_little(spec: Json) -> bool:
    return all(
        c in _CAPABILITIES for context in _contexts(spec) for c in (context.get("capabilities") or {}).get("add") or []
    )


def _mounts_no_host_path(spec: Json) -> bool:
    return not any(volume.get("hostPath") is not None for volume in spec.get("volumes") or [])


def _opens_no_host_port(spec: Json) -> bool:
    return not any(port.get("hostPort") for container in _all(spec) for port in container.get("ports") or [])


def _probes_no_host(spec: Json) -> bool:
    for container in _all(spec):
        handlers = [container.get(name) or {} for name in ("livenessProbe", "readinessProbe", "startupProbe")]
        handlers += list((container.get("lifecycle") or {}).values())
        if any(((h or {}).get(kind) or {}).get("host") for h in handlers for kind in ("httpGet", "tcpSocket")):
            return False
    return True


def _is_confined(spec: Json) -> bool:
    """AppArmor, SELinux, seccomp, procMount and Windows host processes, of the pod and of each container."""
    for context in [spec.get("securityContext") or {}, *_contexts(spec)]:
        if (context.get("seccompProfile") or {}).get("type") == "Unconfined":
            return False
        if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
            return False
        label = context.get("seLinuxOptions") or {}
        if (label.get("type") or "") not in _LABELS or label.get("user") or label.get("role"):
            return False
        if (context.get("procMount") or "Default") != "Default" and spec.get("hostUsers") is not False:
            return False
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            return False
    return True


def _sets_safe_sysctls(spec: Json) -> bool:
    return all(s.get("name") in _SYSCTLS for s in (spec.get("securityContext") or {}).get("sysctls") or [])


def _is_linux(spec: Json) -> bool:
    return (spec.get("os") or {}).get("name") != "windows"


def _mounts_plain_volumes(spec: Json) -> bool:
    return all(any(volume.get(n) is not None for n in _VOLUMES - {"name"}) for volume in spec.get("volumes") or [])


def _escalates_never(spec: Json) -> bool:
    return not _is_linux(spec) or all(c.get("allowPrivilegeEscalation") is False for c in _contexts(spec))


def _drops_all(spec: Json) -> bool:
    given = [context.get("capabilities") or {} for context in _contexts(spec)]
    kept = all("ALL" in (c.get("drop") or []) and set(c.get("add") or []) <= {"NET_BIND_SERVICE"} for c in given)
    return not _is_linux(spec) or kept


def _runs_as_somebody(spec: Json) -> bool:
    """runAsNonRoot of every container or of the pod, and never the user 0; in a user namespace anything goes."""
    if spec.get("hostUsers") is False:
        return True
    pod = spec.get("securityContext") or {}
    contexts = _contexts(spec)
    if pod.get("runAsNonRoot") is False or any(c.get("runAsNonRoot") is False for c in contexts):
        return False
    if any(c.get("runAsUser") == 0 for c in [pod, *contexts]):
        return False
    return bool(pod.get("runAsNonRoot")) or all(c.get("runAsNonRoot") for c in contexts)


def _has_seccomp(spec: Json) -> bool:
    pod = ((spec.get("securityContext") or {}).get("seccompProfile") or {}).get("type")
    own = [(c.get("seccompProfile") or {}).get("type") or pod for c in _contexts(spec)]
    return not _is_linux(spec) or all(profile in ("RuntimeDefault", "Localhost") for profile in own)


Check = Callable[[Json], bool]
_BASELINE: Final[tuple[Check, ...]] = (
    _shares_nothing, _is_unprivileged, _adds_little, _mounts_no_host_path, _opens_no_host_port, _probes_no_host, _is_confined,
    _sets_safe_sysctls,
)  # fmt: skip
_RESTRICTED: Final[tuple[Check, ...]] = (
    _mounts_plain_volumes, _escalates_never, _drops_all, _runs_as_somebody, _has_seccomp,
)  # fmt: skip
