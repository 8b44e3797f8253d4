"""What the API server checks of where a pod may go: affinity, topology spread, tolerations, host aliases and DNS.

From pkg/apis/core/validation/validation.go: validateAffinity, validateTopologySpreadConstraints, ValidateTolerations, ValidateHostAliases,
validatePodDNSConfig.
"""

from __future__ import annotations

from typing import Any, Final

from kubecheck.model.conformance import checks, names
from kubecheck.model.conformance.checks import Problems, problem, required, supported
from kubecheck.model.conformance.label_selectors import selector_problems

Json = Any

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_MOST_SERVERS, _MOST_SEARCHES, _LONGEST_SEARCHES = 3, 32, 2048


def problems(spec: Json, path: str) -> Problems:
    """All of it."""
    affinity = spec.get("affinity") or {}
    found = _node_affinity(affinity.get("nodeAffinity") or {}, f"{path}.affinity.nodeAffinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        found += _pod_affinity(affinity.get(kind) or {}, f"{path}.affinity.{kind}")
    found += _spread(spec.get("topologySpreadConstraints") or [], f"{path}.topologySpreadConstraints")
    found += tolerations(spec.get("tolerations") or [], f"{path}.tolerations")
    for i, alias in enumerate(spec.get("hostAliases") or []):
        here = f"{path}.hostAliases[{i}]"
        found += checks.address(f"{here}.ip", alias.get("ip"))
        found += [p for j, h in enumerate(alias.get("hostnames") or []) for p in checks.subdomain(f"{here}.hostnames[{j}]", h)]
    return found + _dns(spec, path)


def _weight(given: Json, path: str) -> Problems:
    return checks.between(f"{path}.weight", given.get("weight") or 0, 1, 100)


def _node_affinity(given: Json, path: str) -> Problems:
    selector, here = given.get(_REQUIRED), f"{path}.{_REQUIRED}.nodeSelectorTerms"
    found: Problems = []
    terms = [] if selector is None else selector.get("nodeSelectorTerms") or []
    if selector is not None and not terms:
        found += problem(here, "must have at least one node selector term")
    for i, term in enumerate(terms):
        found += _term(term, f"{here}[{i}]", strict=True)
    for i, preference in enumerate(given.get(_PREFERRED) or []):
        where = f"{path}.{_PREFERRED}[{i}]"
        found += _weight(preference, where) + _term(preference.get("preference") or {}, f"{where}.preference", strict=False)
    return found


def _term(term: Json, path: str, *, strict: bool) -> Problems:
    """ValidateNodeSelectorTerm; `strict`: values must be those of labels."""
    found: Problems = []
    for i, one in enumerate(term.get("matchExpressions") or []):
        found += _requirement(one, f"{path}.matchExpressions[{i}]", strict=strict)
    for i, one in enumerate(term.get("matchFields") or []):
        here, values = f"{path}.matchFields[{i}]", one.get("values") or []
        found += supported(f"{here}.operator", one.get("operator"), ("In", "NotIn"))
        if one.get("operator") in ("In", "NotIn") and len(values) != 1:
            found += problem(f"{here}.values", "must be only one value")
        found += supported(f"{here}.key", one.get("key"), ("metadata.name",))
        if one.get("key") == "metadata.name":
            found += [p for j, v in enumerate(values) for p in checks.subdomain(f"{here}.values[{j}]", v)]
    return found


def _requirement(given: Json, path: str, *, strict: bool) -> Problems:
    """ValidateNodeSelectorRequirement."""
    operator, values = given.get("operator") or "", given.get("values") or []
    found = supported(f"{path}.operator", operator, ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"))
    if operator in ("In", "NotIn") and not values:
        found += problem(f"{path}.values", f"is required for the operator {operator}", "list at least one value")
    if operator in ("Exists", "DoesNotExist") and values:
        found += problem(f"{path}.values", f"may not be given for the operator {operator}", "leave it out")
    if operator in ("Gt", "Lt") and len(values) != 1:
        found += problem(f"{path}.values", f"must be one value for the operator {operator}")
    found += checks.qualified(f"{path}.key", given.get("key"))
    if strict:
        found += [p for i, v in enumerate(values) for p in checks.label_value(f"{path}.values[{i}]", v)]
    return found


def _pod_affinity(given: Json, path: str) -> Problems:
    found: Problems = []
    for i, term in enumerate(given.get(_REQUIRED) or []):
        found += _pod_term(term, f"{path}.{_REQUIRED}[{i}]")
    for i, preference in enumerate(given.get(_PREFERRED) or []):
        here = f"{path}.{_PREFERRED}[{i}]"
        found += _weight(preference, here) + _pod_term(preference.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")
    return found


def _pod_term(term: Json, path: str) -> Problems:
    found: Problems = []
    for selector in ("labelSelector", "namespaceSelector"):
        found += selector_problems(term.get(selector), f"{path}.{selector}")
    for i, name in enumerate(term.get("namespaces") or []):
        found += checks.label(f"{path}.namespaces[{i}]", name)
    found += _label_keys(term, path)
    return found + _topology_key(term.get("topologyKey"), f"{path}.topologyKey")


def _topology_key(value: Json, path: str) -> Problems:
    return checks.qualified(path, value) if value else problem(path, "is required", "for example kubernetes.io/hostname")


def _label_keys(given: Json, path: str) -> Problems:
    """ValidateMatchLabelKeysAndMismatchLabelKeys."""
    found: Problems = []
    selector = given.get("labelSelector")
    match, mismatch = given.get("matchLabelKeys") or [], given.get("mismatchLabelKeys") or []
    for name, keys in (("matchLabelKeys", match), ("mismatchLabelKeys", mismatch)):
        if keys and selector is None:
            found += problem(f"{path}.{name}", "must not be specified when labelSelector is not set")
        elif keys:
            found += [p for i, key in enumerate(keys) for p in checks.qualified(f"{path}.{name}[{i}]", key)]
    taken = set((selector or {}).get("matchLabels") or {})
    for expression in (selector or {}).get("matchExpressions") or []:
        key = expression.get("key") or ""
        if key in match and key in taken:
            found += problem(f"{path}.matchLabelKeys[{match.index(key)}]", f"is {checks.shown(key)}, which labelSelector has, too")
        taken.add(key)
    for i, key in enumerate(match):
        if key in mismatch:
            found += problem(f"{path}.matchLabelKeys[{i}]", f"is {checks.shown(key)}, which mismatchLabelKeys has, too")
    return found


def _spread(given: list[Json], path: str) -> Problems:
    found: Problems = []
    pairs = [(c.get("topologyKey"), c.get("whenUnsatisfiable")) for c in given]
    for i, constraint in enumerate(given):
        here, domains = f"{path}[{i}]", constraint.get("minDomains")
        found += checks.positive(f"{here}.maxSkew", constraint.get("maxSkew"))
        found += required(f"{here}.topologyKey", constraint.get("topologyKey"))
        found += supported(f"{here}.whenUnsatisfiable", constraint.get("whenUnsatisfiable"), ("DoNotSchedule", "ScheduleAnyway"))
        if pairs[i] in pairs[i + 1 :]:
            found += problem(here, "has topologyKey and whenUnsatisfiable of another constraint")
        if domains is not None:
            found += checks.positive(f"{here}.minDomains", domains)
            if constraint.get("whenUnsatisfiable") != "DoNotSchedule":
                found += problem(f"{here}.minDomains", "can only be used with whenUnsatisfiable: DoNotSchedule")
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(policy) is not None:
                found += supported(f"{here}.{policy}", constraint[policy], ("Honor", "Ignore"))
        found += _label_keys(constraint, here)
        found += selector_problems(constraint.get("labelSelector"), f"{here}.labelSelector")
    return found


def tolerations(given: list[Json], path: str) -> Problems:
    """ValidateTolerations."""
    found: Problems = []
    for i, one in enumerate(given):
        here, operator, key = f"{path}[{i}]", one.get("operator") or "", one.get("key") or ""
        value, effect = one.get("value") or "", one.get("effect") or ""
        found += checks.qualified(f"{here}.key", key) if key else []
        if not key and operator != "Exists":
            found += problem(f"{here}.operator", "must be Exists without a key, which means all keys and values")
        if one.get("tolerationSeconds") is not None and effect != "NoExecute":
            found += problem(f"{here}.effect", "must be NoExecute when `tolerationSeconds` is set")
        if operator in ("Equal", ""):
            found += checks.label_value(f"{here}.value", value)
        elif operator == "Exists":
            found += problem(f"{here}.value", "must be empty when the operator is Exists", "leave it out") if value else []
        else:
            found += supported(f"{here}.operator", operator, ("Equal", "Exists"))
        found += supported(f"{here}.effect", effect, EFFECTS, empty=True)
    return found


def _dns(spec: Json, path: str) -> Problems:
    """validatePodDNSConfig."""
    config, here = spec.get("dnsConfig"), f"{path}.dnsConfig"
    servers, searches = (config or {}).get("nameservers") or [], (config or {}).get("searches") or []
    if spec.get("dnsPolicy") == "None" and not servers:
        where = here if config is None else f"{here}.nameservers"
        return problem(where, "must have at least one nameserver when `dnsPolicy` is None")
    found = [p for i, s in enumerate(servers) for p in checks.address(f"{here}.nameservers[{i}]", s)]
    if len(servers) > _MOST_SERVERS:
        found += problem(f"{here}.nameservers", f"must not have more than {_MOST_SERVERS} nameservers")
    if len(searches) > _MOST_SEARCHES or len(" ".join(searches).encode()) > _LONGEST_SEARCHES:
        found += problem(f"{here}.searches", f"must not have more than {_MOST_SEARCHES} search paths and {_LONGEST_SEARCHES} characters")
    for i, search in enumerate(searches):
        if search != "." and not names.is_relaxed_subdomain(search.removesuffix(".")):
            found += problem(f"{here}.searches[{i}]", f"is {checks.shown(search)}, which is not a domain", checks.SUBDOMAIN_REMEDY)
    for i, option in enumerate((config or {}).get("options") or []):
        found += required(f"{here}.options[{i}].name", option.get("name"))
    return found
