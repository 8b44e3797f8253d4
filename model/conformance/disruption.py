"""PodDisruptionBudgets as the model's `Budgets`: which budget selects a pod, and what it allows, computed on JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from kubecheck.model.conformance.contents import JsonContents
from kubecheck.model.conformance.http import Key
from kubecheck.model.conformance.label_selectors import selects
from kubecheck.model.conformance.world import World
from kubecheck.model.registry.eviction import Judged, Judgement
from kubecheck.model.registry.kinds import POD
from kubecheck.model.registry.objects import Slot, Stored

Json = Any

_MOST_DISRUPTED: Final = 2000
_WAIT: Final = 10  # seconds (eviction.go, createTooManyRequestsError)
_NOW: Final = "2000-01-01T00:00:00Z"
_ALLOWED: Final = "DisruptionAllowed"


@dataclass(frozen=True)
class JsonBudgets:
    """The `Budgets` of a replay."""

    world: World
    contents: JsonContents
    waits: list[int] = field(default_factory=list)
    "How long a client that was refused is to wait, if it is told so: while the budget's status is not of its generation."

    def is_pending(self, pod: Stored) -> bool:
        """Whether its phase is Pending."""
        return bool((self.contents.interner.value(pod.status) or {}).get("phase") == "Pending")

    def judge(self, pod: Slot, stored: Stored) -> Judged:
        """Finds the budgets of the pod's namespace that select it (getPodDisruptionBudgets), and asks the only one."""
        key = self.world.keys[pod.index]
        document = self.contents.to_json(POD, key, stored)
        own = document["metadata"].get("labels") or {}
        found = []
        for other in self.world.keys:
            if (other.group, other.resource, other.namespace) == ("policy", "poddisruptionbudgets", key.namespace):
                budget = self.contents.lookup(other)
                selector = None if budget is None else (budget.get("spec") or {}).get("selector")
                if selector is not None and selects(selector, own):
                    found.append((other, budget))
        if not found:
            return Judged()
        if len(found) > 1:
            return Judged(says=Judgement.SEVERAL)
        return self._asked(found[0][0], found[0][1], document)

    def _asked(self, key: Key, budget: Json, pod: Json) -> Judged:
        status, spec = budget.get("status") or {}, budget.get("spec") or {}
        if not _is_ready(pod):
            if spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
                return Judged()
            if status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0:
                return Judged()
        allowed = status.get("disruptionsAllowed", 0)
        if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
            self.waits.append(_WAIT)
            return Judged(says=Judgement.REFUSES)
        if allowed < 0 or len(status.get("disruptedPods") or {}) > _MOST_DISRUPTED:
            return Judged(says=Judgement.FORBIDS)
        if allowed == 0:
            return Judged(says=Judgement.REFUSES)
        return Judged(says=Judgement.SPENDS, budget=self.world.slot(key))

    def spent(self, pod: Slot, budget: Stored) -> Stored:
        """One disruption less, and the pod's name among the disrupted; with the last one goes the condition (checkAndDecrement)."""
        status = self.contents.interner.value(budget.status) or {}
        status["disruptionsAllowed"] = status.get("disruptionsAllowed", 0) - 1
        status["disruptedPods"] = {**(status.get("disruptedPods") or {}), self.world.keys[pod.index].name: _NOW}
        if status["disruptionsAllowed"] == 0:
            others = [c for c in status.get("conditions") or [] if c.get("type") != _ALLOWED]
            refusal = {"type": _ALLOWED, "status": "False", "reason": "InsufficientPods", "message": ""}
            observed = {"observedGeneration": status["observedGeneration"]} if status.get("observedGeneration") else {}
            status["conditions"] = [*others, {**refusal, **observed}]
        return budget.next(status=self.contents.interner.number(status))

    def targeted(self, pod: Stored) -> Stored:
        """The pod with the condition DisruptionTarget, at the end of its conditions if it is new."""
        status = self.contents.interner.value(pod.status) or {}
        conditions = status.get("conditions") or []
        target = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
        if target not in conditions:
            conditions = [c for c in conditions if c.get("type") != "DisruptionTarget"] + [target]
        status["conditions"] = conditions
        return pod.next(status=self.contents.interner.number(status))


def _is_ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
