"""What the API server checks of where a pod may go: affinity, topology spread, host aliases and DNS.

From pkg/apis/core/validation/validation.go: validateAffinity, validateTopologySpreadConstraints, ValidateHostAliases, validatePodDNSConfig.
"""

from __future__ import annotations

from typing import Any

from kubecheck.model.conformance import names
from kubecheck.model.conformance.label_selectors import selector_problems

Json = Any
Problems = list[str]


def problems(spec: Json, path: str) -> Problems:
    """All of it."""
    affinity = spec.get("affinity") or {}
    found = _node_affinity(affinity.get("nodeAffinity") or {}, f"{path}.affinity.nodeAffinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        found += _pod_affinity(affinity.get(kind) or {}, f"{path}.affinity.{kind}")
    found += _spread(spec.get("topologySpreadConstraints") or [], f"{path}.topologySpreadConstraints")
    for alias in spec.get("hostAliases") or []:
        if names.address(alias.get("ip")) is None or not all(
            names.is_subdomain(h) for h in alias.get("hostnames") or []
        ):
            found.append(f"{path}.hostAliases: needs an address and DNS names")
    return found + _dns(spec.get("dnsConfig") or {}, f"{path}.dnsConfig")


def _node_affinity(given: Json, path: str) -> Problems:
    required = given.get("requiredDuringSchedulingIgnoredDuringExecution")
    found = []
    terms = [] if required is None else required.get("nodeSelectorTerms") or []
    if required is not None and not terms:
        found.append(f"{path}.nodeSelectorTerms: must have at least one node selector term")
    for preference in given.get("preferredDuringSchedulingIgnoredDuringExecution") or []:
        if not 1 <= (preference.get("weight") or 0) <= 100:
            found.append(f"{path}.weight: must be in the range 1-100")
        terms = [*terms, preference.get("preference") or {}]
    for term in terms:
        found += [p for e in term.get("matchExpressions") or [] for p in _requirement(e, f"{path}.matchExpressions")]
        for field in term.get("matchFields") or []:
            one = len(field.get("values") or []) == 1
            if field.get("key") != "metadata.name" or field.get("operator") not in ("In", "NotIn") or not one:
                found.append(f"{path}.matchFields: metadata.name, and one value")
    return found


def _requirement(given: Json, path: str) -> Problems:
    """ValidateNodeSelectorRequirement."""
    operator, values = given.get("operator"), given.get("values") or []
    found = [] if names.is_qualified(given.get("key") or "") else [f"{path}.key: bad key"]
    if operator in ("In", "NotIn"):
        return found + ([] if values else [f"{path}.values: must be specified when `operator` is 'In' or 'NotIn'"])
    if operator in ("Gt", "Lt"):
        return found + ([] if len(values) == 1 else [f"{path}.values: must be specified single value"])
    if operator not in ("Exists", "DoesNotExist"):
        return [*found, f"{path}.operator: not a valid selector operator"]
    return found + (
        [f"{path}.values: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"] if values else []
    )


def _pod_affinity(given: Json, path: str) -> Problems:
    found = []
    terms = list(given.get("requiredDuringSchedulingIgnoredDuringExecution") or [])
    for preference in given.get("preferredDuringSchedulingIgnoredDuringExecution") or []:
        if not 1 <= (preference.get("weight") or 0) <= 100:
            found.append(f"{path}.weight: must be in the range 1-100")
        terms.append(preference.get("podAffinityTerm") or {})
    for term in terms:
        if not names.is_qualified(term.get("topologyKey") or ""):
            found.append(f"{path}.topologyKey: can not be empty")
        found += [f"{path}.namespaces: {n}" for n in term.get("namespaces") or [] if not names.is_label(n)]
        for selector in ("labelSelector", "namespaceSelector"):
            found += selector_problems(term.get(selector), f"{path}.{selector}")
    return found


def _spread(given: list[Json], path: str) -> Problems:
    found = []
    for constraint in given:
        hard = constraint.get("whenUnsatisfiable") == "DoNotSchedule"
        if (constraint.get("maxSkew") or 0) <= 0:
            found.append(f"{path}.maxSkew: must be greater than zero")
        if not names.is_qualified(constraint.get("topologyKey") or ""):
            found.append(f"{path}.topologyKey: can not be empty")
        if constraint.get("whenUnsatisfiable") not in ("DoNotSchedule", "ScheduleAnyway"):
            found.append(f"{path}.whenUnsatisfiable: unsupported value")
        domains = constraint.get("minDomains")
        if domains is not None and (domains <= 0 or not hard):
            found.append(f"{path}.minDomains: greater than zero, and only with DoNotSchedule")
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(policy) not in (None, "Honor", "Ignore"):
                found.append(f"{path}.{policy}: unsupported value")
        found += selector_problems(constraint.get("labelSelector"), f"{path}.labelSelector")
    pairs = [(c.get("topologyKey"), c.get("whenUnsatisfiable")) for c in given]
    return found + ([f"{path}: duplicate"] if len(set(pairs)) < len(pairs) else [])


def _dns(config: Json, path: str) -> Problems:
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    found = [f"{path}.nameservers: {s} is no address" for s in servers if names.address(s) is None]
    if len(servers) > 3 or len(searches) > 32 or len(" ".join(searches)) > 2048:
        found.append(f"{path}: too many")
    found += [
        f"{path}.searches: {s}"
        for s in searches
        if s != "." and not names.is_subdomain(s.removesuffix(".").replace("_", "a"))
    ]
    return found + [f"{path}.options.name: required" for o in config.get("options") or [] if not o.get("name")]
