"""The subresource pods/eviction: a pod is deleted, if the PodDisruptionBudget that selects it allows it.

Facts, from pkg/registry/core/pod/storage/eviction.go (EvictionREST.Create, checkAndDecrement, addConditionAndDeletePod): a pod that is
pending, has ended or is being deleted goes without being asked about; one that is not ready goes if its budget is healthy without it, or
always allows that; every other one spends one disruption of the budget, which is a write of its own and is not given back if the deletion
then fails. The pod first gets the condition DisruptionTarget, in a write, and then is deleted, in one or two more.

More than one budget is refused with 500. Here the steps of one request are one step, so that its retries after conflicts never happen.
"""

from __future__ import annotations

import enum
from typing import Protocol

from kubecheck.model.registry.deletion import delete, preconditions_hold
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import POD
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Request, Version
from kubecheck.model.registry.store import Registry
from kubecheck.spec import Record


class Judgement(enum.Enum):
    """What the budgets that select a pod say."""

    FREE = "no budget is asked"
    SPENDS = "one disruption is spent"
    REFUSES = "no disruption is allowed now"
    FORBIDS = "the budget is broken"
    SEVERAL = "more than one budget"


class Judged(Record):
    """A judgement, and the budget's slot if a disruption is spent."""

    says: Judgement = Judgement.FREE
    budget: Slot | None = None


class Budgets(Protocol):
    """What contents say of pods and of budgets."""

    def is_pending(self, pod: Stored) -> bool:
        """Whether its phase is Pending."""
        ...

    def judge(self, pod: Slot, stored: Stored) -> Judged:
        """What the budgets say of this pod, which is running."""
        ...

    def spent(self, pod: Slot, budget: Stored) -> Stored:
        """The budget with one disruption less, and the pod among its disrupted ones."""
        ...

    def targeted(self, pod: Stored) -> Stored:
        """The pod with the condition DisruptionTarget."""
        ...


def evict(etcd: Etcd, registry: Registry, budgets: Budgets, slot: Slot, request: Request) -> Answer:
    """POST pods/NAME/eviction; a refusal of the Eviction itself is the caller's."""
    pod = etcd.get(slot)
    if not pod.exists:
        return Answer(code=Code.NOT_FOUND)
    if not pod.terminal and not pod.deleting and not budgets.is_pending(pod):
        judged = budgets.judge(slot, pod)
        if judged.says is Judgement.SEVERAL:
            return Answer(code=Code.SERVER_ERROR)
        if judged.says is Judgement.REFUSES:
            return Answer(code=Code.TOO_MANY_REQUESTS)
        if judged.says is Judgement.FORBIDS:
            return Answer(code=Code.FORBIDDEN)
        if judged.budget is not None and not request.dry_run:
            etcd.update(judged.budget, budgets.spent(slot, etcd.get(judged.budget)), remember=registry.remember)
    then = request
    if not request.dry_run:
        if registry.lock and not preconditions_hold(request, pod):
            return Answer(code=Code.CONFLICT)
        marked = budgets.targeted(pod)
        if marked != pod:
            marked = etcd.update(slot, marked, remember=registry.remember)
        if request.version.given is not Given.ABSENT:
            then = request.next(version=Version(given=Given.NUMBER, number=marked.version))
    answer = delete(etcd, registry, POD, slot, then)
    if answer.code is not Code.OK:
        return Answer(code=answer.code)
    return Answer(code=Code.CREATED)
