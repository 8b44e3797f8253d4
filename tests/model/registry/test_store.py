"""What the generic registry makes of an update, where no recording and no kind of those that are modelled can show it (store.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kubecheck.model.registry.deletion import delete
from kubecheck.model.registry.kinds import CONFIG_MAP, POD, Strategy
from kubecheck.model.registry.objects import ORPHAN, Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Part, Propagation, Proposed, Request, Version
from kubecheck.model.registry.store import Registry, update_from
from tests.model.registry.laboratory import Bench

Change = Callable[[Stored], Stored]


@dataclass(frozen=True)
class Body:
    """One body: what it makes of an object, and which resourceVersion it has."""

    changed: Change
    version: Version | None = None

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        return Proposed(object=self.changed(stored), version=self.version or Version())

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        return new.spec != REFUSED

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        return Code.OK

    def bound(self, request: Request, stored: Stored) -> Stored:
        return stored


REFUSED = 9


def labelled(stored: Stored) -> Stored:
    return stored.next(labels=1)


def updated(
    kind: Strategy, stored: dict[str, Any], change: Change, seed: dict[str, Any] | None = None, *, by: int = 0, **switches: bool
) -> Answer:
    """The answer to an update of an object, which in the watch cache still is as in `seed`; `by` is the resourceVersion of the body."""
    bench = Bench(1, nodes=2)

    def request(lab: Any) -> Answer:
        slot = Slot(0)
        older = lab.etcd.create(slot, Stored(**(seed or stored)), remember=False)
        if seed is not None:
            lab.etcd.update(slot, older.next(**stored), remember=False)
        version = Version(given=Given.NUMBER, number=by) if by else None
        registry = Registry(contents=Body(change, version), remember=False, **switches)
        answer: Answer = update_from(lab.etcd, registry, kind, Part.MAIN, slot, Request(), older)
        return answer

    return bench.run(request)


def test_a_pod_is_not_moved() -> None:
    """pkg/apis/core/validation/validation.go, ValidatePodUpdate: the node is of the spec, and only a binding sets it."""
    assert updated(POD, {"node": 1}, labelled).code is Code.OK
    assert updated(POD, {"node": 1}, lambda pod: pod.next(node=2)).code is Code.INVALID


@pytest.mark.parametrize(("subresource", "status"), [(False, 2), (True, 1)])
def test_a_kind_without_the_subresource_has_its_status_written_as_all_else(subresource: bool, status: int) -> None:
    """A custom resource can be such: apiextensions-apiserver/pkg/registry/customresource/strategy.go, PrepareForUpdate."""
    kind = Strategy(kind="Gadget", resource="gadgets", status=subresource)
    assert updated(kind, {"status": 1}, lambda gadget: gadget.next(status=2, labels=1)).object.status == status


@pytest.mark.parametrize(("retry_errors", "code"), [(True, Code.OK), (False, Code.INVALID)])
def test_before_77619_an_error_met_on_an_older_object_was_answered(retry_errors: bool, code: Code) -> None:
    """etcd3/store.go, GuaranteedUpdate, then: of all errors of its function only a conflict made it read the object again."""
    assert updated(CONFIG_MAP, {"spec": 1}, labelled, {"spec": REFUSED}, retry_errors=retry_errors).code is code
    assert updated(CONFIG_MAP, {"spec": 1}, labelled, {"spec": 2}, by=2, retry_errors=retry_errors).code is Code.OK


@pytest.mark.parametrize(("lock", "code"), [(True, Code.CONFLICT), (False, Code.OK)])
def test_without_the_lock_a_deletion_is_not_refused_for_a_version_that_is_lost(lock: bool, code: Code) -> None:
    bench = Bench(1, finalizers=1)

    def request(lab: Any) -> Answer:
        found = lab.etcd.create(Slot(0), Stored(finalizers=(ORPHAN,)), remember=False)
        registry = Registry(contents=Body(labelled), lock=lock, remember=False)
        by = Request(propagation=Propagation.BACKGROUND, version=Version(given=Given.NUMBER, number=found.version))
        answer: Answer = delete(lab.etcd, registry, CONFIG_MAP, Slot(0), by)
        return answer

    assert bench.run(request).code is code
