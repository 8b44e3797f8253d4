"""What the API server checks of ConfigMaps, Secrets, Leases and Nodes.

From pkg/apis/core/validation/validation.go (ValidateConfigMap, ValidateSecret, ValidateNode and their updates) and
pkg/apis/coordination/validation/validation.go (ValidateLeaseSpec).
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from kubecheck.model.conformance import names
from kubecheck.model.conformance.quantities import quantity

Json = Any
Problems = list[str]

_LARGEST: Final = 1024 * 1024
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# What a Secret of a type has in its data: one of, or all of.
_ANY_OF: Final = {"kubernetes.io/basic-auth": ("username", "password")}
_ALL_OF: Final = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def data(kind: str, new: Json) -> Problems:
    """A ConfigMap or a Secret: keys, the size of everything together, and what the Secret's type needs."""
    plain, binary = new.get("data") or {}, new.get("binaryData") or {}
    found = [f"data[{key}]: bad key" for key in [*plain, *binary] if not names.is_config_key(key)]
    found += [f"data[{key}]: duplicate of key present in binaryData" for key in plain if key in binary]
    encoded = [*binary.values(), *(plain.values() if kind == "Secret" else ())]
    size = sum(len(base64.b64decode(v)) for v in encoded)
    size += sum(len(v.encode()) for v in plain.values()) if kind == "ConfigMap" else 0
    if size > _LARGEST:
        found.append(f"data: must have at most {_LARGEST} bytes")
    return found + (_secret(new, plain) if kind == "Secret" else [])


def _secret(new: Json, plain: dict[str, str]) -> Problems:
    kind = new.get("type") or ""
    annotations = (new.get("metadata") or {}).get("annotations") or {}
    if kind == "kubernetes.io/service-account-token" and not annotations.get("kubernetes.io/service-account.name"):
        return ["metadata.annotations[kubernetes.io/service-account.name]: required"]
    if kind in _ANY_OF and not any(name in plain for name in _ANY_OF[kind]):
        return [f"data: needs one of {', '.join(_ANY_OF[kind])}"]
    found = [f"data[{name}]: required" for name in _ALL_OF.get(kind, ()) if name not in plain]
    if not found and kind.startswith("kubernetes.io/dockerc"):
        try:
            parsed = json.loads(base64.b64decode(plain[_ALL_OF[kind][0]]))
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            found.append("data: no JSON object")
    if kind == "kubernetes.io/ssh-auth" and not plain.get("ssh-privatekey"):
        found.append("data[ssh-privatekey]: required")
    return found


def data_change(kind: str, new: Json, old: Json) -> Problems:
    """An immutable one stays as it is, and so does a Secret's type."""
    found = []
    if kind == "Secret" and new.get("type") != old.get("type"):
        found.append("type: field is immutable")
    if old.get("immutable"):
        if not new.get("immutable"):
            found.append("immutable: field is immutable when `immutable` is set")
        found += [
            f"{field}: field is immutable when `immutable` is set"
            for field in ("data", "binaryData")
            if (new.get(field) or {}) != (old.get(field) or {})
        ]
    return found


def lease(spec: Json) -> Problems:
    """ValidateLeaseSpec."""
    found = []
    if spec.get("leaseDurationSeconds") is not None and spec["leaseDurationSeconds"] <= 0:
        found.append("spec.leaseDurationSeconds: must be greater than 0")
    if spec.get("leaseTransitions") is not None and spec["leaseTransitions"] < 0:
        found.append("spec.leaseTransitions: must be greater than or equal to 0")
    strategy = spec.get("strategy")
    if (
        strategy is not None
        and strategy != "OldestEmulationVersion"
        and (not names.is_qualified(strategy) or "/" not in strategy)
    ):
        found.append("spec.strategy: unsupported value")
    if spec.get("preferredHolder") and not strategy:
        found.append("spec.preferredHolder: may only be specified if `strategy` is defined")
    return found


def node(new: Json, old: Json | None) -> Problems:
    """ValidateNode and ValidateNodeUpdate; the status is held to the same rules."""
    spec, status = new.get("spec") or {}, new.get("status") or {}
    found = [f"spec.taints: {t}" for t in spec.get("taints") or [] if not _is_taint(t)]
    marks = [(t.get("key"), t.get("effect")) for t in spec.get("taints") or []]
    if len(set(marks)) < len(marks):
        found.append("spec.taints: taints must be unique by key and effect pair")
    for amounts in ("capacity", "allocatable"):
        for name, amount in (status.get(amounts) or {}).items():
            value = quantity(amount)
            if value is None or value < 0 or (name in ("pods",) and value % 1 != 0):
                found.append(f"status.{amounts}.{name}: must be greater than or equal to 0")
    given = [(a.get("type"), a.get("address")) for a in status.get("addresses") or []]
    if old is None:
        ranges = spec.get("podCIDRs") or []
        found += [f"spec.podCIDRs: {r} is no range" for r in ranges if not names.is_network(r)]
        return found + (
            []
            if names.one_of_each_family(ranges)
            else ["spec.podCIDRs: may specify no more than one CIDR for each IP family"]
        )
    was = old.get("spec") or {}
    if len(set(given)) < len(given):
        found.append("status.addresses: duplicate")
    if was.get("podCIDRs") and (spec.get("podCIDRs") or []) != was["podCIDRs"]:
        found.append('spec.podCIDRs: node updates may not change podCIDR except from "" to valid')
    if was.get("providerID") and spec.get("providerID") != was["providerID"]:
        found.append('spec.providerID: node updates may not change providerID except from "" to valid')
    if (spec.get("externalID") or "") != (was.get("externalID") or ""):
        found.append("spec.externalID: may not be updated")
    return found


def _is_taint(taint: Json) -> bool:
    value = taint.get("value") or ""
    return names.is_qualified(taint.get("key")) and names.is_label_value(value) and taint.get("effect") in _EFFECTS


def one_and_many(document: Json, one: str, many: str, key: str | None = None) -> None:
    """A member that was one and became many: the single one decides where both are given and differ, and is the first of the many.

    pkg/apis/core/v1/conversion.go: podIP and podIPs, podCIDR and podCIDRs.
    """
    single, several = document.get(one) or "", document.get(many) or []
    first = several[0].get(key) if several and key else several[0] if several else ""
    if single and single != first:
        document[many] = several = [{key: single} if key else single]
    if several:
        document[one] = several[0].get(key) if key else several[0]
