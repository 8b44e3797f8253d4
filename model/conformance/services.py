"""Services: what the API server allocates and keeps for them, and what it checks.

From pkg/registry/core/service/strategy.go (dropTypeDependentFields), storage/storage.go (normalizeClusterIPs, patchAllocatedValues),
storage/alloc.go, and pkg/apis/core/validation/validation.go (ValidateServiceCreate, ValidateServiceUpdate, ValidateServiceStatusUpdate).

Which free address or port is taken is the server's choice. The model takes the last ones of the ranges; where a client that read a
service sends it back, the server's are recognised by their place. An address among the first of the range is a client's: a server takes
of those only when all others are taken (service/ipallocator/ipallocator.go, calculateRangeOffset).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from kubecheck.model.conformance import label_selectors, names

Json = Any
Problems = list[str]

_ADDRESSES: Final = ipaddress.ip_network("10.96.0.0/12")
_OF_CLIENTS: Final = 256  # so many addresses at the beginning of the range
_PORTS: Final = range(30000, 32768)
_PORTS_TAKEN: Final = range(32700, 32768)
_OF_DRY_RUN: Final = "10.96.0.0"
_TYPES: Final = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")


def _needs_address(spec: Json) -> bool:
    return bool(spec.get("type") != "ExternalName")


def _needs_ports(spec: Json) -> bool:
    return spec.get("type") == "NodePort" or (
        spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def _needs_check(spec: Json) -> bool:
    return bool(spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local")


def _is_headless(spec: Json) -> bool:
    return bool(spec.get("clusterIP") == "None" and spec.get("type") != "ExternalName")


def _is_taken(address: Json) -> bool:
    """Whether the model chose this address."""
    return str(address).startswith("10.111.255.")


def prepare(service: Json, live: Json | None) -> None:
    """What an update fills in from the stored service, and drops of it."""
    spec = service["spec"]
    if live is None:
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        return
    old = live["spec"]
    _normalize(spec, old)
    if _needs_address(old) and _needs_address(spec):
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if not spec.get(name) and old.get(name):
                spec[name] = old[name]
    if _needs_check(old) and _needs_check(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = old["healthCheckNodePort"]
    if _needs_ports(old) and _needs_ports(spec):
        before = {p.get("name") or "": p.get("nodePort") for p in old.get("ports") or []}
        for port in spec.get("ports") or []:
            if not port.get("nodePort") and before.get(port.get("name") or ""):
                port["nodePort"] = before[port.get("name") or ""]
    _drop(service, old)


def _may_be_servers(address: Json) -> bool:
    """Whether a server can have chosen this address."""
    found = names.address(address)
    first = _ADDRESSES.network_address
    return found is not None and found in _ADDRESSES and int(found) - int(first) > _OF_CLIENTS


def recognise(service: Json, live: Json) -> None:
    """Puts the model's addresses and ports for those that a client has read and sends back."""
    spec, old = service["spec"], live["spec"]
    given = spec.get("clusterIPs") or []
    if given and _may_be_servers(given[0]) and _is_taken(old.get("clusterIP")):
        known = given[0]
        spec["clusterIPs"] = list(old["clusterIPs"])
        if spec.get("clusterIP") == known:
            spec["clusterIP"] = old["clusterIP"]
    before = {p.get("name") or "": p.get("nodePort") or 0 for p in old.get("ports") or []}
    if spec.get("healthCheckNodePort") and old.get("healthCheckNodePort") in _PORTS_TAKEN:
        spec["healthCheckNodePort"] = old["healthCheckNodePort"]
    for port in spec.get("ports") or []:
        if port.get("nodePort") and before.get(port.get("name") or "", 0) in _PORTS_TAKEN:
            port["nodePort"] = before[port.get("name") or ""]


def _normalize(spec: Json, old: Json) -> None:
    """normalizeClusterIPs: one address in the singular and the plural."""
    same = (spec.get("clusterIPs") or []) == (old.get("clusterIPs") or [])
    if not spec.get("clusterIPs") and old.get("clusterIPs") and spec.get("clusterIP") == old.get("clusterIP"):
        spec["clusterIPs"] = list(old["clusterIPs"])
    elif spec.get("clusterIP") != old.get("clusterIP") and same:
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        else:
            spec.pop("clusterIPs", None)


def _drop(service: Json, old: Json) -> None:
    """dropTypeDependentFields: what another type does not have, if the client left it as it was."""
    spec = service["spec"]
    if _needs_address(old) and not _needs_address(spec):
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(name) == old.get(name):
                spec.pop(name, None)
    typed = ("NodePort", "LoadBalancer")
    if old.get("type") in typed and spec.get("type") not in typed:
        before = {p.get("nodePort") for p in old.get("ports") or [] if p.get("nodePort")}
        if {p.get("nodePort") for p in spec.get("ports") or [] if p.get("nodePort")} == before:
            for port in spec.get("ports") or []:
                port.pop("nodePort", None)
    if old.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(name) == old.get(name):
                spec.pop(name, None)
    if (
        _needs_check(old)
        and not _needs_check(spec)
        and spec.get("healthCheckNodePort") == old.get("healthCheckNodePort")
    ):
        spec.pop("healthCheckNodePort", None)
    if (
        _is_external(old)
        and not _is_external(spec)
        and spec.get("externalTrafficPolicy") == old.get("externalTrafficPolicy")
    ):
        spec.pop("externalTrafficPolicy", None)


def _is_external(spec: Json) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer") or (
        spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs"))
    )


def allocate(service: Json, live: Json | None, others: Iterable[Json], *, dry_run: bool) -> bool:
    """Gives the service the addresses and ports that it needs; False if one that it asks for cannot be had."""
    spec, old = service["spec"], (live or {}).get("spec") or {}
    all_others = [o["spec"] for o in others]
    if _needs_address(spec):
        alone = (
            live is None and spec.get("clusterIPs") and not spec.get("clusterIP")
        )  # the first of them is no clusterIP
        if alone or not _families(spec):
            return False
        taken = {a for o in all_others for a in o.get("clusterIPs") or []}
        asked = [a for a in spec.get("clusterIPs") or [] if a != "None" and a not in (old.get("clusterIPs") or [])]
        if any(a in taken or ipaddress.ip_address(a) not in _ADDRESSES for a in asked if names.address(a)):
            return False
        if not spec.get("clusterIP"):
            free = (f"10.111.255.{n}" for n in range(254, 0, -1))
            spec["clusterIP"] = _OF_DRY_RUN if dry_run else next(a for a in free if a not in taken)
            spec["clusterIPs"] = [spec["clusterIP"]]
    if _needs_check(spec) and not spec.get("healthCheckNodePort"):
        checks = {o.get("healthCheckNodePort") for o in all_others}
        spec["healthCheckNodePort"] = next(n for n in _PORTS_TAKEN if n not in checks)
    if _needs_ports(spec):
        used = {p.get("nodePort") for o in all_others for p in o.get("ports") or []}
        mine = {p.get("nodePort") for p in old.get("ports") or []}
        for port in spec.get("ports") or []:
            wanted = port.get("nodePort")
            if wanted and wanted not in mine and (wanted in used or wanted not in _PORTS):
                return False
            if not wanted:
                port["nodePort"] = next(n for n in reversed(_PORTS_TAKEN) if n not in used | mine)
                used.add(port["nodePort"])
    return True


def _families(spec: Json) -> bool:
    """initIPFamilyFields, of a cluster with IPv4 addresses only; False if the service wants what it does not have."""
    anywhere = _is_headless(spec) and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        spec["ipFamilyPolicy"] = "RequireDualStack" if anywhere else "SingleStack"
    single = spec["ipFamilyPolicy"] == "SingleStack"
    families = list(spec.get("ipFamilies") or ["IPv4"])
    if single and (len(families) > 1 or len(spec.get("clusterIPs") or []) > 1):
        return False
    if anywhere:
        if not single and len(families) == 1:
            families += ["IPv6" if families[0] == "IPv4" else "IPv4"]
    elif spec["ipFamilyPolicy"] == "RequireDualStack" or families != ["IPv4"]:
        return False
    spec["ipFamilies"] = families
    return True


def contents(service: Json) -> Problems:
    """validateService."""
    spec = service.get("spec") or {}
    kind, ports = spec.get("type"), spec.get("ports") or []
    found = []
    if kind not in _TYPES:
        found.append("spec.type: unsupported value")
    if not ports and not _is_headless(spec) and kind != "ExternalName":
        found.append("spec.ports: required")
    if _is_headless(spec) and kind in ("LoadBalancer", "NodePort"):
        found.append(f"spec.clusterIPs: may not be set to 'None' for {kind} services")
    if kind == "ExternalName":
        banned = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
        found += [f"spec.{n}: may not be set for ExternalName services" for n in banned if spec.get(n)]
        if not names.is_subdomain((spec.get("externalName") or "").removesuffix(".")):
            found.append("spec.externalName: not a DNS subdomain")
    found += _ports(spec, ports) + label_selectors.labels(spec.get("selector") or {}, "spec.selector")
    if spec.get("sessionAffinity") not in ("None", "ClientIP"):
        found.append("spec.sessionAffinity: unsupported value")
    timeout = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds")
    if spec.get("sessionAffinity") == "ClientIP" and not (timeout is not None and 0 < timeout <= 86400):
        found.append("spec.sessionAffinityConfig.clientIP.timeoutSeconds: must be between 1 and 86400")
    found += _addresses(spec)
    if not _is_external(spec) and spec.get("externalTrafficPolicy"):
        found.append("spec.externalTrafficPolicy: may only be set for externally-accessible services")
    if _is_external(spec) and spec.get("externalTrafficPolicy") not in ("Cluster", "Local"):
        found.append("spec.externalTrafficPolicy: unsupported value")
    if spec.get("internalTrafficPolicy") not in (
        ("Cluster", "Local") if kind != "ExternalName" else ("Cluster", "Local", None)
    ):
        found.append("spec.internalTrafficPolicy: unsupported value")
    if spec.get("trafficDistribution") not in (None, "PreferClose", "PreferSameZone", "PreferSameNode"):
        found.append("spec.trafficDistribution: unsupported value")
    if not _needs_check(spec) and spec.get("healthCheckNodePort"):
        found.append("spec.healthCheckNodePort: goes with type LoadBalancer and externalTrafficPolicy Local")
    if kind != "LoadBalancer":
        only = ("loadBalancerSourceRanges", "loadBalancerClass")
        found += [f"spec.{n}: may only be used when `type` is 'LoadBalancer'" for n in only if spec.get(n)]
        if spec.get("allocateLoadBalancerNodePorts") is not None:
            found.append("spec.allocateLoadBalancerNodePorts: may only be used when `type` is 'LoadBalancer'")
    found += [
        f"spec.loadBalancerSourceRanges: {r}"
        for r in spec.get("loadBalancerSourceRanges") or []
        if not names.is_network(r.strip())
    ]
    if spec.get("loadBalancerClass") and not names.is_qualified(spec["loadBalancerClass"]):
        found.append("spec.loadBalancerClass: not a qualified name")
    return found


def _ports(spec: Json, ports: list[Json]) -> Problems:
    found = []
    seen, numbers, outside = set(), set(), set()
    for i, port in enumerate(ports):
        path, name = f"spec.ports[{i}]", port.get("name") or ""
        if (len(ports) > 1 and not name) or (name and not names.is_label(name)) or (name and name in seen):
            found.append(f"{path}.name: required, a DNS label, and unique")
        seen.add(name)
        if not names.is_port(port.get("port")):
            found.append(f"{path}.port: must be between 1 and 65535")
        if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
            found.append(f"{path}.protocol: unsupported value")
        if not names.is_port_or_name(port.get("targetPort")):
            found.append(f"{path}.targetPort: must be between 1 and 65535")
        if port.get("appProtocol") is not None and not names.is_qualified(port["appProtocol"]):
            found.append(f"{path}.appProtocol: not a qualified name")
        number, beyond = (port.get("protocol"), port.get("port")), (port.get("protocol"), port.get("nodePort"))
        if number in numbers or (port.get("nodePort") and beyond in outside):
            found.append(f"{path}: duplicate")
        numbers.add(number)
        outside.add(beyond)
        if port.get("nodePort") and spec.get("type") == "ClusterIP":
            found.append(f"{path}.nodePort: may not be used when `type` is 'ClusterIP'")
    return found


def _addresses(spec: Json) -> Problems:
    if spec.get("type") == "ExternalName":
        return []
    one, all_of = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    found = []
    if (all_of[:1] or [""])[0] != one:
        found.append("spec.clusterIPs: first value must match `clusterIP`")
    if "None" in all_of and all_of != ["None"]:
        found.append("spec.clusterIPs: 'None' must be the first and only value")
    found += [f"spec.clusterIPs: {a} is no address" for a in all_of if a != "None" and names.address(a) is None]
    if not names.one_of_each_family([a for a in all_of if a != "None"]):
        found.append("spec.clusterIPs: may specify no more than one IP for each IP family")
    families = spec.get("ipFamilies") or []
    if any(f not in ("IPv4", "IPv6") for f in families) or len(set(families)) < len(families):
        found.append("spec.ipFamilies: unsupported value")
    if spec.get("ipFamilyPolicy") not in (None, "SingleStack", "PreferDualStack", "RequireDualStack"):
        found.append("spec.ipFamilyPolicy: unsupported value")
    for address in spec.get("externalIPs") or []:
        if not names.is_endpoint(address):
            found.append(f"spec.externalIPs: {address}")
    return found


def change(new: Json, old: Json) -> Problems:
    """ValidateServiceUpdate: an address that was given stays, but for a service without one or of type ExternalName."""
    spec, was = new["spec"], old["spec"]
    found = []
    if _needs_address(spec) and _needs_address(was) and not (_is_headless(spec) and _is_headless(was)):
        before, after = was.get("clusterIPs") or [], spec.get("clusterIPs") or []
        if before and (not after or before[0] != after[0]):
            found.append("spec.clusterIPs: may not change once set")
        families_then, families = was.get("ipFamilies") or [], spec.get("ipFamilies") or []
        if _is_headless(spec) == _is_headless(was) and families_then and families[:1] != families_then[:1]:
            found.append("spec.ipFamilies: may not change once set")
    if _needs_check(spec) and _needs_check(was) and spec.get("healthCheckNodePort") != was.get("healthCheckNodePort"):
        found.append("spec.healthCheckNodePort: field is immutable")
    if spec.get("type") == was.get("type") == "LoadBalancer" and spec.get("loadBalancerClass") != was.get(
        "loadBalancerClass"
    ):
        found.append("spec.loadBalancerClass: may not change once set")
    return found


def status(new: Json) -> Problems:
    """ValidateLoadBalancerStatus."""
    ingress = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    if ingress and new["spec"].get("type") != "LoadBalancer":
        return ["status.loadBalancer.ingress: may only be used when `spec.type` is 'LoadBalancer'"]
    return [
        f"status.loadBalancer.ingress: {i.get('ip')} is no address"
        for i in ingress
        if i.get("ip") and names.address(i["ip"]) is None
    ]
