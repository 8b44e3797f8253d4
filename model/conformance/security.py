"""What the API server checks of security contexts, of pods and of containers: pkg/apis/core/validation/validation.go.

ValidateSecurityContext, validatePodSpecSecurityContext, validateSysctls, validateWindowsSecurityContextOptions,
validateWindowsHostProcessPod, validateSeccompProfileField, ValidateAppArmorProfileField, and the annotations that these fields had before.
"""

from __future__ import annotations

import re
from typing import Any, Final

from kubecheck.model.conformance import checks
from kubecheck.model.conformance.checks import Problems, problem, supported

Json = Any

_PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
_LONGEST_PROFILE: Final = 4095
_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_LONGEST_SYSCTL: Final = 253
_IPC: Final = {
    "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.shm", "kernel.msgmax",
    "kernel.msgmnb", "kernel.msgmni", "kernel.msg",
}  # fmt: skip
_NETBIOS: Final = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_DNS: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*")
_SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_APPARMOR_CONTAINER: Final = "container.apparmor.security.beta.kubernetes.io/"
_DEFAULT_SECCOMP: Final = ("runtime/default", "docker/default")


def seccomp(profile: Json, path: str) -> Problems:
    """validateSeccompProfileField."""
    if profile is None:
        return []
    local = profile.get("localhostProfile")
    found = supported(f"{path}.type", profile.get("type"), _PROFILES)
    if profile.get("type") != "Localhost":
        return found + checks.forbidden(f"{path}.localhostProfile", local, "can only be set when the type is Localhost")
    if local is None:
        return [*found, *problem(f"{path}.localhostProfile", "must be set when the type is Localhost")]
    return found + checks.descending(f"{path}.localhostProfile", local)


def app_armor(profile: Json, path: str) -> Problems:
    """ValidateAppArmorProfileField."""
    if profile is None:
        return []
    here, local = f"{path}.localhostProfile", profile.get("localhostProfile")
    found = supported(f"{path}.type", profile.get("type"), _PROFILES)
    if profile.get("type") in ("RuntimeDefault", "Unconfined"):
        return found + checks.forbidden(here, local, "can only be set when the type is Localhost")
    if profile.get("type") != "Localhost":
        return found
    if not (local or "").strip():
        found += problem(here, "must be set when the type is Localhost")
    elif local.strip() != local:
        found += problem(here, "must not be padded with whitespace")
    elif len(local.encode()) > _LONGEST_PROFILE:
        found += problem(here, f"is longer than {_LONGEST_PROFILE} bytes")
    return found


def _ids(context: Json, path: str, *members: str) -> Problems:
    return [p for name in members for p in checks.between(f"{path}.{name}", context.get(name), 0, 2**31 - 1)]


def security_of_container(context: Json, path: str, *, host_users: bool) -> Problems:
    """ValidateSecurityContext."""
    if context is None:
        return []
    found = _ids(context, path, "runAsUser", "runAsGroup")
    if context.get("procMount") is not None:
        found += supported(f"{path}.procMount", context["procMount"], ("Default", "Unmasked"))
        if host_users and context["procMount"] == "Unmasked":
            found += problem(f"{path}.procMount", "`hostUsers` must be false to use `Unmasked`")
    found += seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            found += problem(path, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or []):
            found += problem(path, "cannot set `allowPrivilegeEscalation` to false and `capabilities.add` CAP_SYS_ADMIN")
    found += _windows(context.get("windowsOptions"), f"{path}.windowsOptions")
    return found + app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def security_of_pod(spec: Json, path: str) -> Problems:
    """validatePodSpecSecurityContext."""
    context, here = spec.get("securityContext") or {}, f"{path}.securityContext"
    found = _ids(context, here, "fsGroup", "runAsUser", "runAsGroup")
    for i, group in enumerate(context.get("supplementalGroups") or []):
        found += checks.between(f"{here}.supplementalGroups[{i}]", group, 0, 2**31 - 1)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        found += problem(f"{path}.shareProcessNamespace", "cannot be enabled together with hostPID")
    found += _sysctls(context.get("sysctls") or [], f"{here}.sysctls", spec)
    choices = {
        "fsGroupChangePolicy": ("OnRootMismatch", "Always"), "supplementalGroupsPolicy": ("Merge", "Strict"),
        "seLinuxChangePolicy": _SELINUX_CHANGES,
    }  # fmt: skip
    for name, allowed in choices.items():
        found += supported(f"{here}.{name}", context[name], allowed) if context.get(name) is not None else []
    found += seccomp(context.get("seccompProfile"), f"{here}.seccompProfile")
    found += _windows(context.get("windowsOptions"), f"{here}.windowsOptions")
    return found + app_armor(context.get("appArmorProfile"), f"{here}.appArmorProfile")


_SELINUX_CHANGES: Final = ("Recursive",)  # MountOption needs SELinuxMount, which is off


def _sysctls(given: list[Json], path: str, spec: Json) -> Problems:
    found: Problems = []
    seen: set[str] = set()
    for i, one in enumerate(given):
        here, name = f"{path}[{i}].name", one.get("name") or ""
        if not name:
            found += problem(here, "is required")
        elif len(name) > _LONGEST_SYSCTL or not _SYSCTL.fullmatch(name):
            found += problem(here, f"is {checks.shown(name)}, which is not the name of a sysctl")
        elif name in seen:
            found += problem(here, f"is {checks.shown(name)}, which another element has")
        seen.add(name)
        dotted = _normal(name)
        if spec.get("hostNetwork") and dotted.startswith("net."):
            found += problem(here, "may not be specified when hostNetwork is true")
        if spec.get("hostIPC") and (dotted in _IPC or dotted.startswith("fs.mqueue.")):
            found += problem(here, "may not be specified when hostIPC is true")
    return found


def _normal(name: str) -> str:
    """NormalizeName: with slashes as separators dots and slashes change places."""
    first = re.search(r"[./]", name)
    return name.translate(str.maketrans("./", "/.")) if first is not None and first[0] == "/" else name


def _windows(options: Json, path: str) -> Problems:
    """validateWindowsSecurityContextOptions."""
    if options is None:
        return []
    found: Problems = []
    name, credentials, user = options.get("gmsaCredentialSpecName"), options.get("gmsaCredentialSpec"), options.get("runAsUserName")
    if name is not None:
        found += checks.subdomain(f"{path}.gmsaCredentialSpecName", name)
    if credentials is not None and not 1 <= len(credentials.encode()) <= 64 * 1024:
        found += problem(f"{path}.gmsaCredentialSpec", "must have 1 byte to 64 KiB")
    if user is not None and not _is_windows_user(user):
        found += problem(f"{path}.runAsUserName", f"is {checks.shown(user)}, which is not the name of a user", "write USER or DOMAIN\\USER")
    return found


def _is_windows_user(text: str) -> bool:
    domain, backslash, user = text.rpartition("\\")
    if not text or re.search(r"[\x00-\x1f\x7f]", text) or "\\" in domain:
        return False
    if backslash and (len(domain.encode()) >= 256 or not (_NETBIOS.fullmatch(domain) or _DNS.fullmatch(domain))):
        return False
    return 1 <= len(user.encode()) <= 104 and not re.fullmatch(r"[. ]+", user) and not re.search(r'["/\\:;|=,+*?<>@\[\]]', user)


def host_processes(spec: Json, path: str, containers: list[tuple[str, Json]]) -> Problems:
    """validateWindowsHostProcessPod."""
    found: Problems = []
    of_pod = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    ours = []
    for here, container in containers:
        own = ((container.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        if of_pod is not None and own is not None and of_pod != own:
            found += problem(f"{here}.securityContext.windowsOptions.hostProcess", "must be the same as the pod's")
        ours.append(of_pod if own is None else own)
    if any(ours):
        if not all(ours):
            found += problem(path, "has hostProcess containers and others", "make all of them hostProcess containers, or none")
        if not spec.get("hostNetwork"):
            found += problem(f"{path}.hostNetwork", "must be true if the pod contains any hostProcess containers")
    return found


def annotated(annotations: Json, spec: Json, path: str, containers: list[tuple[str, Json]]) -> Problems:
    """The annotations of a template or a pod that stood for its seccomp and AppArmor profiles, and whether they agree with the fields."""
    found: Problems = []
    named = {c.get("name") for _, c in containers}
    for key, value in annotations.items():
        here = f"{path}.metadata.annotations[{key}]"
        if key == _SECCOMP_POD or key.startswith(_SECCOMP_CONTAINER):
            if value.startswith("localhost/"):
                found += checks.descending(here, value.removeprefix("localhost/"))
            elif value not in (*_DEFAULT_SECCOMP, "unconfined"):
                found += problem(here, f"is {checks.shown(value)}: must be a valid seccomp profile")
        if key.startswith(_APPARMOR_CONTAINER):
            if key.removeprefix(_APPARMOR_CONTAINER) not in named:
                found += problem(here, "names a container that is not there")
            if value not in ("", "runtime/default", "unconfined") and not value.startswith("localhost/"):
                found += problem(here, f"is {checks.shown(value)}, which is not the name of an AppArmor profile")
    of_pod = spec.get("securityContext") or {}
    where = f"{path}.spec.securityContext"
    found += _agree(annotations.get(_SECCOMP_POD), of_pod.get("seccompProfile"), f"{where}.seccompProfile", _DEFAULT_SECCOMP)
    for here, container in containers:
        own, name = container.get("securityContext") or {}, container.get("name") or ""
        where = f"{here}.securityContext"
        found += _agree(
            annotations.get(_SECCOMP_CONTAINER + name), own.get("seccompProfile"), f"{where}.seccompProfile", _DEFAULT_SECCOMP
        )
        if (spec.get("os") or {}).get("name") != "windows":
            profile = own.get("appArmorProfile") or of_pod.get("appArmorProfile")
            found += _agree(annotations.get(_APPARMOR_CONTAINER + name), profile, f"{where}.appArmorProfile", ("runtime/default",))
    return found


def _agree(annotation: str | None, profile: Json, path: str, default: tuple[str, ...]) -> Problems:
    if annotation is None or profile is None:
        return []
    local = profile.get("localhostProfile")
    expected: dict[str, tuple[str, ...]] = {
        "Unconfined": ("unconfined",),
        "RuntimeDefault": default,
        "Localhost": () if local is None else (f"localhost/{local}",),
    }
    kind = profile.get("type") or ""
    if kind not in expected or annotation in expected[kind]:
        return []
    return problem(f"{path}.type", f"must match the annotation, which says {checks.shown(annotation)}")
