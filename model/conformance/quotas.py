"""The admission plugin ResourceQuota: what a creation uses is charged to the quotas of its namespace before it is written.

After staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go (CheckRequest, checkQuotas) and the evaluators in
pkg/quota/v1/evaluator/core and generic. Nothing is given back here: that is the quota controller's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from kubecheck.model.conformance.amounts import Amounts, added, of_pod
from kubecheck.model.conformance.quantities import canonical, quantity

Json = Any

_ALIASES: Final = ("configmaps", "resourcequotas", "replicationcontrollers", "secrets")
_COMPUTED: Final = ("cpu", "memory", "ephemeral-storage")
# What every container must say if a quota limits it (validationSet in pods.go).
_REQUIRED: Final = {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}


# Whose updates are looked at, besides all creations: a pod's only where it is resized (Handles of the evaluators).
UPDATED: Final = ("persistentvolumeclaims", "services")


def usage(resource: str, group: str, document: Json) -> Amounts:
    """What an object uses of everything that a quota can limit."""
    spec = document.get("spec") or {}
    found = {f"count/{resource}{'.' if group else ''}{group}": Decimal(1)}
    if group:
        return found
    if resource in _ALIASES or resource in ("pods", "services", "persistentvolumeclaims"):
        found[resource] = Decimal(1)
    if resource == "pods":
        found.update(_computed(of_pod(spec, "requests"), of_pod(spec, "limits")))
    if resource == "services":
        found.update(_of_service(spec))
    if resource == "persistentvolumeclaims":
        found.update(_of_claim(spec))
    return found


def _computed(requests: Amounts, limits: Amounts) -> Amounts:
    found: Amounts = {}
    for name, amount in requests.items():
        found[f"requests.{name}"] = amount
        if name in _COMPUTED or name.startswith("hugepages-"):
            found[name] = amount
    found.update({f"limits.{name}": amount for name, amount in limits.items() if name in _COMPUTED})
    return found


def _of_service(spec: Json) -> Amounts:
    ports, kind = spec.get("ports") or [], spec.get("type")
    numbered = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        numbered = sum(1 for p in ports if p.get("nodePort"))
    return {"services.nodeports": Decimal(numbered), "services.loadbalancers": Decimal(kind == "LoadBalancer")}


def _of_claim(spec: Json) -> Amounts:
    found = {}
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    own = f"{spec['storageClassName']}.storageclass.storage.k8s.io/" if spec.get("storageClassName") else None
    if own:
        found[f"{own}persistentvolumeclaims"] = Decimal(1)
    if asked is not None:
        found["requests.storage"] = quantity(asked) or Decimal(0)
        if own:
            found[f"{own}requests.storage"] = found["requests.storage"]
    return found


def charged(quota: Json, resource: str, document: Json, used: Amounts, before: Amounts) -> Json | bool:
    """The status of a quota with the object on it; True if it is none of its business, False if the object is too much."""
    status = quota.get("status") or {}
    hard, spent = status.get("hard") or {}, status.get("used") or {}
    watched = [name for name in hard if name in used or _could_use(resource, name)]
    if not watched:
        return True
    if resource == "pods" and any(_silent(c, name) for name in watched for c in _all(document)):
        return False
    if any(name not in spent for name in watched):
        return False
    more = {name: used[name] - before.get(name, Decimal(0)) for name in watched if name in used}
    more = {name: amount for name, amount in more.items() if amount > 0}
    if not more:
        return True
    now = added({name: quantity(value) or Decimal(0) for name, value in spent.items()}, more)
    if any(now[name] > (quantity(hard[name]) or Decimal(0)) for name in more):
        return False
    written = {name: canonical(_text(amount, spent.get(name, "0"))) for name, amount in now.items()}
    return {**status, "used": written}


def _could_use(resource: str, name: str) -> bool:
    """MatchingResources of pods: also what this pod does not ask for."""
    base = name.removeprefix("requests.").removeprefix("limits.")
    return resource == "pods" and (base in _COMPUTED or base.startswith("hugepages-"))


def _all(pod: Json) -> list[Json]:
    spec = pod.get("spec") or {}
    return [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]


def _silent(container: Json, name: str) -> bool:
    """Whether a container does not say what a quota limits (enforcePodContainerConstraints)."""
    which = "limits" if name.startswith("limits.") else "requests"
    given = (container.get("resources") or {}).get(which) or {}
    return name in _REQUIRED and name.removeprefix("requests.").removeprefix("limits.") not in given


def _text(amount: Decimal, like: Json) -> str:
    """An amount in the notation of another one."""
    return f"{amount:f}" if str(like)[-1:] != "i" else f"{amount / 1024:f}Ki"
