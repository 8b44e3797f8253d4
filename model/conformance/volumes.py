"""What the API server checks of a pod's volumes: pkg/apis/core/validation/validation.go, ValidateVolumes and what it calls."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from kubecheck.model.conformance import checks, names
from kubecheck.model.conformance.checks import Problems, problem, required, supported
from kubecheck.model.conformance.label_selectors import annotation_problems, labels, selector_problems
from kubecheck.model.conformance.quantities import canonical, quantity

Json = Any

_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_FIELD_PATHS: Final = ("metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid")
_LABELS_OF_POD: Final = {
    *_FIELD_PATHS, "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs",
}  # fmt: skip
_RESOURCES: Final = {f"{which}.{name}" for which in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")}
_UNITS: Final = {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}
_ACCESS_MODES: Final = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_HOST_PATHS: Final = ("DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
_KEY_TYPES: Final = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_ISCSI: Final = {
    "iqn": re.compile(r".*iqn\.[0-9]{4}-[0-9]{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+"),
    "eui": re.compile(r"eui.[A-Za-z0-9]{16}"),
    "naa": re.compile(r"naa.[A-Za-z0-9]{32}"),
}
_SHORTEST_TOKEN, _LONGEST_TOKEN = 600, 1 << 32
_SHORTEST_CERTIFICATE, _LONGEST_OF_KUBERNETES, _LONGEST_CERTIFICATE = 3600, 24 * 3600, 91 * 24 * 3600


def volumes(given: list[Json], path: str) -> tuple[dict[str, Json], Problems]:
    """ValidateVolumes: the volumes that are valid, by name, and the problems of the others."""
    found: dict[str, Json] = {}
    problems: Problems = []
    for i, volume in enumerate(given):
        here, name = f"{path}[{i}]", volume.get("name") or ""
        mine = _source(volume, here) + checks.label(f"{here}.name", name)
        if name in found:
            mine += problem(f"{here}.name", f"is {checks.shown(name)}, which is the name of another volume", "rename one of them")
        if not mine:
            found[name] = volume
        problems += mine
    return found, problems


def _source(volume: Json, path: str) -> Problems:
    """validateVolumeSource."""
    given = [name for name, value in volume.items() if name != "name" and value is not None]
    found: Problems = []
    if not given:
        found += problem(path, "has no type of volume", "give one, for example emptyDir: {}")
    for name in given[1:]:
        found += problem(f"{path}.{name}", f"is a second type of volume beside {given[0]}", "give one")
    for name in given:
        if name in _NEEDED:
            found += _needs(volume[name], f"{path}.{name}", *_NEEDED[name])
        if name in _SOURCES:
            found += _SOURCES[name](volume[name], f"{path}.{name}")
    iscsi = volume.get("iscsi") or {}
    if iscsi.get("initiatorName") is not None and len(f"{volume.get('name')}:{iscsi.get('targetPortal')}") > 64:
        found += problem(f"{path}.name", "is, together with iscsi.targetPortal, longer than 64 characters")
    return found


def _needs(source: Json, path: str, *members: str) -> Problems:
    return [p for member in members for p in required(f"{path}.{member}", source.get(member))]


# Members that a volume of a type must have.
_NEEDED: Final = {
    "awsElasticBlockStore": ("volumeID",), "azureDisk": ("diskName", "diskURI"), "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",), "cinder": ("volumeID",), "configMap": ("name",), "flexVolume": ("driver",), "gcePersistentDisk": ("pdName",),
    "gitRepo": ("repository",), "glusterfs": ("endpoints", "path"), "hostPath": ("path",), "iscsi": ("targetPortal", "iqn"),
    "nfs": ("server", "path"), "persistentVolumeClaim": ("claimName",), "photonPersistentDisk": ("pdID",), "portworxVolume": ("volumeID",),
    "quobyte": ("registry", "volume"), "rbd": ("monitors", "image"), "scaleIO": ("gateway", "system", "volumeName"),
    "secret": ("secretName",), "vsphereVolume": ("volumePath",),
}  # fmt: skip


def _empty_dir(source: Json, path: str) -> Problems:
    size = quantity(source["sizeLimit"]) if source.get("sizeLimit") is not None else None
    return problem(f"{path}.sizeLimit", "is negative") if size is not None and size < 0 else []


def _host_path(source: Json, path: str) -> Problems:
    found = checks.no_backsteps(f"{path}.path", source.get("path") or "")
    return found + supported(f"{path}.type", source.get("type"), _HOST_PATHS, empty=True)


def _git(source: Json, path: str) -> Problems:
    return checks.descending(f"{path}.directory", source.get("directory") or "")


def _partition(source: Json, path: str) -> Problems:
    return checks.between(f"{path}.partition", source.get("partition"), 0, 255)


def _iscsi(source: Json, path: str) -> Problems:
    found = checks.between(f"{path}.lun", source.get("lun"), 0, 255)
    for name in ("iqn", "initiatorName"):
        value = source.get(name)
        if name == "iqn" and not value:
            continue
        if value is not None and not (value[:3] in _ISCSI and _ISCSI[value[:3]].fullmatch(value)):
            found += problem(f"{path}.{name}", f"is {checks.shown(value)}: must be valid format starting with iqn, eui, or naa")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        found += problem(f"{path}.secretRef", "is required for CHAP")
    return found


def _nfs(source: Json, path: str) -> Problems:
    value = source.get("path") or ""
    return [] if value.startswith("/") else problem(f"{path}.path", f"is {checks.shown(value)}: must be an absolute path")


def _items(source: Json, path: str) -> Problems:
    """Of a Secret or a ConfigMap: the permissions, and validateKeyToPath of each item."""
    found = checks.mode(f"{path}.defaultMode", source.get("defaultMode"))
    for i, item in enumerate(source.get("items") or []):
        here = f"{path}.items[{i}]"
        found += _needs(item, here, "key", "path") + checks.not_reserved(f"{here}.path", item.get("path") or "")
        found += checks.mode(f"{here}.mode", item.get("mode"))
    return found


def _downward(source: Json, path: str) -> Problems:
    found = checks.mode(f"{path}.defaultMode", source.get("defaultMode"))
    return found + [p for i, item in enumerate(source.get("items") or []) for p in _downward_item(item, f"{path}.items[{i}]")]


def _downward_item(item: Json, path: str) -> Problems:
    """validateDownwardAPIVolumeFile."""
    found = _needs(item, path, "path") + checks.not_reserved(f"{path}.path", item.get("path") or "")
    field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if field is not None:
        found += field_reference(field, f"{path}.fieldRef", _FIELD_PATHS)
        if resource is not None:
            found += problem(path, "has both fieldRef and resourceFieldRef", "give one of the two")
    elif resource is not None:
        found += resource_reference(resource, f"{path}.resourceFieldRef", of_container=False)
    else:
        found += problem(path, "has neither fieldRef nor resourceFieldRef", "give one of the two")
    return found + checks.mode(f"{path}.mode", item.get("mode"))


def field_reference(given: Json, path: str, allowed: tuple[str, ...]) -> Problems:
    """validateObjectFieldSelector; `allowed`: the fields without a subscript."""
    where = f"{path}.fieldPath"
    text = given.get("fieldPath") or ""
    if not text:
        return problem(where, "is required")
    if given.get("apiVersion") != "v1":
        return problem(where, f"cannot be read in apiVersion {checks.shown(given.get('apiVersion') or '')}", "write v1, or leave it out")
    before, subscript, key = text.partition("['")
    if text.endswith("']") and subscript and before:
        key = key.removesuffix("']")
        if before == "metadata.annotations":
            return checks.qualified(where, key.lower())
        if before == "metadata.labels":
            return checks.qualified(where, key)
        return problem(where, f"is {checks.shown(text)}, which does not support a subscript")
    field = {"spec.host": "spec.nodeName"}.get(text, text)
    return [] if field in allowed and field in _LABELS_OF_POD else supported(where, text, allowed)


def resource_reference(given: Json, path: str, *, of_container: bool) -> Problems:
    """validateContainerResourceFieldSelector; `of_container`: in an environment variable, where the container is known."""
    found: Problems = []
    resource = given.get("resource") or ""
    if not of_container and not given.get("containerName"):
        found += problem(f"{path}.containerName", "is required")
    elif resource not in _RESOURCES and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        found += supported(f"{path}.resource", resource, _RESOURCES)
    divisor = given.get("divisor")
    amount = quantity(divisor) if divisor is not None else None
    if amount:
        kind = resource.partition(".")[2]
        allowed = {"1m", "1"} if kind == "cpu" else _UNITS
        known = kind in ("cpu", "memory", "ephemeral-storage") or kind.startswith("hugepages-")
        if known and canonical(divisor) not in allowed:
            cause = f"is {checks.shown(str(divisor))}, which is not supported"
            found += problem(f"{path}.divisor", cause, f"one of {', '.join(sorted(allowed))}")
    return found


def _projected(source: Json, path: str) -> Problems:
    """validateProjectedVolumeSource."""
    found = checks.mode(f"{path}.defaultMode", source.get("defaultMode"))
    taken: set[str] = set()

    def claim(value: Json, where: str) -> None:
        nonlocal found
        if value and value in taken:
            found += problem(where, f"is {checks.shown(value)}, the path of another source")
        taken.add(value)

    for i, one in enumerate(source.get("sources") or []):
        here = f"{path}.sources[{i}]"
        given = [name for name, value in one.items() if value is not None]
        if len(given) > 1:
            found += problem(here, f"has more than one source: {', '.join(given)}", "give each an element of its own")
        for name in given:
            found += _PROJECTIONS[name](one[name], f"{here}.{name}")
        for name in ("secret", "configMap", "downwardAPI"):
            for j, item in enumerate((one.get(name) or {}).get("items") or []):
                claim(item.get("path"), f"{here}.{name}.items[{j}].path")
        if one.get("clusterTrustBundle") is not None:
            claim(one["clusterTrustBundle"].get("path") or "", f"{here}.clusterTrustBundle.path")
        for name in ("credentialBundlePath", "keyPath", "certificateChainPath"):
            claim((one.get("podCertificate") or {}).get(name), f"{here}.podCertificate.{name}")
    return found


def _projected_object(source: Json, path: str) -> Problems:
    return _needs(source, path, "name") + _items(source, path)


def _token(source: Json, path: str) -> Problems:
    seconds = source.get("expirationSeconds") or 0
    found: Problems = []
    if not _SHORTEST_TOKEN <= seconds <= _LONGEST_TOKEN:
        found += problem(f"{path}.expirationSeconds", f"is {seconds}: must be between 10 minutes and 2^32 seconds")
    return found + _needs(source, path, "path") + checks.not_reserved(f"{path}.path", source.get("path") or "")


def _trust_bundle(source: Json, path: str) -> Problems:
    name, signer = source.get("name"), source.get("signerName")
    found: Problems = []
    if name is not None and signer is not None:
        found += problem(path, "has both name and signerName", "give one of the two")
    elif name is not None:
        prefix, colon, rest = name.rpartition(":")
        if not names.is_subdomain(rest) or (colon and not prefix):
            found += problem(f"{path}.name", f"is {checks.shown(name)}, which is not the name of a ClusterTrustBundle")
        found += checks.forbidden(f"{path}.labelSelector", source.get("labelSelector"), "goes with signerName only")
    elif signer is not None:
        found += signer_name(f"{path}.signerName", signer)
        found += selector_problems(source.get("labelSelector"), f"{path}.labelSelector")
    else:
        found += problem(path, "has neither name nor signerName", "give one of the two")
    return found + _needs(source, path, "path") + checks.not_reserved(f"{path}.path", source.get("path") or "")


def signer_name(path: str, value: str) -> Problems:
    """ValidateSignerName: example.com/signer-name."""
    if not value:
        return problem(path, "is required")
    domain, slash, name = value.partition("/")
    parts = domain.split(".")
    valid = slash and len(domain) <= 253 and len(parts) > 1 and all(names.is_label(p) for p in parts)
    pieces = name.split(".")
    if not valid or not all(names.is_subdomain(p) for p in pieces) or len(name) > 253 + 63 + 1:
        return problem(path, f"is {checks.shown(value)}, which is not the name of a signer", "for example example.com/signer-name")
    return []


def _certificate(source: Json, path: str) -> Problems:
    signer = source.get("signerName") or ""
    found = signer_name(f"{path}.signerName", signer)
    for key in source.get("userAnnotations") or {}:
        if "/" not in key or not names.is_qualified(key.lower()):
            found += problem(f"{path}.userAnnotations", f"has the key {checks.shown(key)}, which must be a domain, / and a name")
    found += supported(f"{path}.keyType", source.get("keyType"), _KEY_TYPES)
    host = signer.partition("/")[0]
    ours = host == "kubernetes.io" or host.endswith(".kubernetes.io")
    longest = _LONGEST_OF_KUBERNETES if ours else _LONGEST_CERTIFICATE
    found += checks.between(f"{path}.maxExpirationSeconds", source.get("maxExpirationSeconds"), _SHORTEST_CERTIFICATE, longest)
    paths = [name for name in ("credentialBundlePath", "keyPath", "certificateChainPath") if source.get(name)]
    if not paths:
        found += problem(path, "has no path", "give at least one of credentialBundlePath, keyPath, certificateChainPath")
    return found + [p for name in paths for p in checks.not_reserved(f"{path}.{name}", source[name])]


_PROJECTIONS: Final[dict[str, Callable[[Json, str], Problems]]] = {
    "secret": _projected_object,
    "configMap": _projected_object,
    "downwardAPI": _downward,
    "serviceAccountToken": _token,
    "clusterTrustBundle": _trust_bundle,
    "podCertificate": _certificate,
}


def _cinder(source: Json, path: str) -> Problems:
    reference = source.get("secretRef")
    return _needs(reference, f"{path}.secretRef", "name") if reference is not None else []


def _flex(source: Json, path: str) -> Problems:
    found: Problems = []
    for key in source.get("options") or {}:
        if f".{key.partition('/')[0].lower()}".endswith((".kubernetes.io", ".k8s.io")):
            found += problem(f"{path}.options[{key}]", "is in a namespace that is reserved: kubernetes.io and k8s.io")
    return found


def _flocker(source: Json, path: str) -> Problems:
    found: Problems = []
    if bool(source.get("datasetName")) == bool(source.get("datasetUUID")):
        found += problem(path, "must have one of datasetName and datasetUUID")
    if "/" in (source.get("datasetName") or ""):
        found += problem(f"{path}.datasetName", "must not contain '/'")
    return found


def _fiber_channel(source: Json, path: str) -> Problems:
    found: Problems = []
    if bool(source.get("targetWWNs")) == bool(source.get("wwids")):
        found += problem(f"{path}.targetWWNs", "must be given, or wwids, but not both")
    if source.get("targetWWNs"):
        found += problem(f"{path}.lun", "is required with targetWWNs") if source.get("lun") is None else []
        found += checks.between(f"{path}.lun", source.get("lun"), 0, 255)
    return found


def _azure_disk(source: Json, path: str) -> Problems:
    kind, uri = source.get("kind"), source.get("diskURI") or ""
    found: Problems = []
    if source.get("cachingMode") is not None:
        found += supported(f"{path}.cachingMode", source["cachingMode"], ("None", "ReadOnly", "ReadWrite"))
    if kind is not None:
        found += supported(f"{path}.kind", kind, ("Shared", "Dedicated", "Managed"))
        if not uri.startswith("/subscriptions/" if kind == "Managed" else "https://"):
            found += problem(f"{path}.diskURI", f"is {checks.shown(uri)}, which is not of kind {kind}")
    return found


def _storage_os(source: Json, path: str) -> Problems:
    found = checks.label(f"{path}.volumeName", source.get("volumeName"))
    if source.get("volumeNamespace"):
        found += checks.label(f"{path}.volumeNamespace", source["volumeNamespace"])
    return found + _cinder(source, path)


def _quobyte(source: Json, path: str) -> Problems:
    if len(source.get("tenant") or "") > 64:
        return problem(f"{path}.tenant", "may not exceed a length of 64 characters")
    registry = source.get("registry") or ""
    for pair in registry.split(",") if registry else []:
        if not re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*", pair):
            return problem(f"{path}.registry", "must be a host:port pair or multiple pairs separated by commas")
    return []


def _csi(source: Json, path: str) -> Problems:
    driver = source.get("driver") or ""
    found = checks.subdomain(f"{path}.driver", driver.lower())
    if len(driver) > 63:
        found += problem(f"{path}.driver", "may not be longer than 63 characters")
    secret = source.get("nodePublishSecretRef")
    return found + (checks.subdomain(f"{path}.nodePublishSecretRef.name", secret.get("name")) if secret is not None else [])


def _image(source: Json, path: str) -> Problems:
    return supported(f"{path}.pullPolicy", source.get("pullPolicy"), _PULL_POLICIES)


def _ephemeral(source: Json, path: str) -> Problems:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return problem(f"{path}.volumeClaimTemplate", "is required")
    here = f"{path}.volumeClaimTemplate"
    meta = template.get("metadata") or {}
    found = annotation_problems(meta.get("annotations") or {}, f"{here}.metadata.annotations")
    found += labels(meta.get("labels") or {}, f"{here}.metadata.labels")
    for name, value in meta.items():
        if name not in ("annotations", "labels") and value:
            found += problem(f"{here}.metadata.{name}", "cannot be set: only labels and annotations", "leave it out")
    return found + claim(template.get("spec") or {}, f"{here}.spec")


def claim(spec: Json, path: str) -> Problems:
    """ValidatePersistentVolumeClaimSpec."""
    modes = spec.get("accessModes") or []
    found = required(f"{path}.accessModes", modes)
    found += selector_problems(spec.get("selector"), f"{path}.selector")
    for i, mode in enumerate(modes):
        found += supported(f"{path}.accessModes[{i}]", mode, _ACCESS_MODES)
    if "ReadWriteOncePod" in modes and any(m in _ACCESS_MODES[:3] for m in modes):
        found += problem(f"{path}.accessModes", "may not have ReadWriteOncePod beside other access modes")
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        found += problem(f"{path}.resources.requests", "must have storage", "for example requests: {storage: 1Gi}")
    elif (quantity(storage) or 0) <= 0:
        found += problem(f"{path}.resources.requests.storage", "must be greater than zero")
    for name in ("storageClassName", "volumeAttributesClassName"):
        found += checks.subdomain(f"{path}.{name}", spec[name]) if spec.get(name) else []
    if spec.get("volumeMode") is not None:
        found += supported(f"{path}.volumeMode", spec["volumeMode"], ("Block", "Filesystem"))
    return found + _data_sources(spec, path)


def _data_sources(spec: Json, path: str) -> Problems:
    found: Problems = []
    for name in ("dataSource", "dataSourceRef"):
        source = spec.get(name)
        if source is None:
            continue
        here, group = f"{path}.{name}", source.get("apiGroup") or ""
        found += _needs(source, here, "name", "kind")
        if group:
            found += checks.subdomain(f"{here}.apiGroup", group)
        elif source.get("kind") != "PersistentVolumeClaim":
            found += problem(f"{here}.kind", "must be PersistentVolumeClaim without an apiGroup")
        if source.get("namespace"):
            found += checks.label(f"{here}.namespace", source["namespace"])
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is not None:
        if reference.get("namespace"):
            found += problem(f"{path}.dataSource", "may not be given beside dataSourceRef.namespace")
        elif any(source.get(n) != reference.get(n) for n in ("apiGroup", "kind", "name")):
            found += problem(f"{path}.dataSource", "must match dataSourceRef")
    return found


_SOURCES: Final[dict[str, Callable[[Json, str], Problems]]] = {
    "awsElasticBlockStore": _partition,
    "azureDisk": _azure_disk,
    "cinder": _cinder,
    "configMap": _items,
    "csi": _csi,
    "downwardAPI": _downward,
    "emptyDir": _empty_dir,
    "ephemeral": _ephemeral,
    "fc": _fiber_channel,
    "flexVolume": _flex,
    "flocker": _flocker,
    "gcePersistentDisk": _partition,
    "gitRepo": _git,
    "hostPath": _host_path,
    "image": _image,
    "iscsi": _iscsi,
    "nfs": _nfs,
    "projected": _projected,
    "quobyte": _quobyte,
    "secret": _items,
    "storageos": _storage_os,
}
