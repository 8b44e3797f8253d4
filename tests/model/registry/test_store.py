"""What the generic registry makes of an update, where no recording and no kind of those that are modelled can show it (store.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kubecheck.model.registry.binding import bind
from kubecheck.model.registry.deletion import delete, delete_from
from kubecheck.model.registry.eviction import Judged, evict
from kubecheck.model.registry.kinds import CONFIG_MAP, POD, Strategy
from kubecheck.model.registry.namespaces import delete_namespace
from kubecheck.model.registry.objects import ORPHAN, Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Part, Propagation, Proposed, Request, Version
from kubecheck.model.registry.store import Registry, update, update_from
from tests.model.registry.laboratory import Bench

Change = Callable[[Stored], Stored]


@dataclass
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


@dataclass
class Counting(Body):
    """The same, and how often admission was asked."""

    asked: int = 0

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        self.asked += 1
        return Code.OK


@pytest.mark.parametrize(("stale", "asked"), [(False, 1), (True, 2)])
@pytest.mark.parametrize("deletes", [False, True])
def test_admission_is_asked_again_if_the_object_of_the_watch_cache_was_older(deletes: bool, stale: bool, asked: int) -> None:
    """etcd3/store.go, GuaranteedUpdate: its function, and admission within it, runs on the stored object if that is another."""
    bench, contents = Bench(1, finalizers=1), Counting(labelled)

    def request(lab: Any) -> Answer:
        registry = Registry(contents=contents, remember=False)
        seed = lab.etcd.create(Slot(0), Stored(finalizers=(ORPHAN,)), remember=False)
        if stale:
            lab.etcd.update(Slot(0), seed.next(spec=1), remember=False)
        if deletes:
            answer: Answer = delete_from(lab.etcd, registry, CONFIG_MAP, Slot(0), Request(), seed)
        else:
            answer = update_from(lab.etcd, registry, CONFIG_MAP, Part.MAIN, Slot(0), Request(), seed)
        return answer

    assert bench.run(request).code is Code.OK
    assert contents.asked == asked


@pytest.mark.parametrize("generation", [0, 1])
def test_a_pod_of_an_older_release_has_no_generation_and_gets_none(generation: int) -> None:
    """rest/delete.go, BeforeDelete: "bump Object's generation (if set)"; before 1.33 pods had none."""
    bench = Bench(1, generations=2, finalizers=1)

    def request(lab: Any) -> Answer:
        lab.etcd.create(Slot(0), Stored(generation=generation, finalizers=(ORPHAN,)), remember=False)
        return delete(lab.etcd, Registry(contents=Body(labelled), remember=False), POD, Slot(0), Request())

    assert bench.run(request).object.generation == 2 * generation


class Willing:
    """No budget is asked, and nothing is said of a pod or a namespace that goes."""

    def is_pending(self, pod: Stored) -> bool:
        return True

    def judge(self, pod: Slot, stored: Stored) -> Judged:
        return Judged()

    def spent(self, pod: Slot, budget: Stored) -> Stored:
        return budget

    def targeted(self, pod: Stored) -> Stored:
        return pod

    def terminating(self, namespace: Stored) -> Stored:
        return namespace


PRECONDITIONS: dict[str, tuple[Callable[[Any, Registry, Request], Answer], dict[str, Any]]] = {
    "update": (lambda etcd, registry, by: update(etcd, registry, CONFIG_MAP, Part.MAIN, Slot(0), by), {"uid": 2}),
    "delete": (lambda etcd, registry, by: delete(etcd, registry, CONFIG_MAP, Slot(0), by), {"uid": 2}),
    "drop the last finalizer": (
        lambda etcd, registry, by: delete(etcd, registry, CONFIG_MAP, Slot(0), by),
        {"number": 1, "propagation": Propagation.BACKGROUND},
    ),
    "bind": (lambda etcd, registry, by: bind(etcd, registry, Slot(0), by), {"uid": 2, "node": 1}),
    "bind by version": (lambda etcd, registry, by: bind(etcd, registry, Slot(0), by), {"number": 2, "node": 1}),
    "evict": (lambda etcd, registry, by: evict(etcd, registry, Willing(), Slot(0), by), {"number": 2}),
    "delete a namespace": (lambda etcd, registry, by: delete_namespace(etcd, registry, Willing(), Slot(0), by), {"number": 2}),
}


@pytest.mark.parametrize("lock", [True, False])
@pytest.mark.parametrize("name", PRECONDITIONS)
def test_without_the_lock_nothing_is_refused_for_a_uid_or_a_version(name: str, lock: bool) -> None:
    bench, (ask, given) = Bench(1, finalizers=1, nodes=1), PRECONDITIONS[name]

    def request(lab: Any) -> Answer:
        lab.etcd.create(Slot(0), Stored(finalizers=(ORPHAN,)), remember=False)
        number = {"version": Version(given=Given.NUMBER, number=given["number"])} if "number" in given else {}
        by = Request(**{name: value for name, value in given.items() if name != "number"}, **number)
        return ask(lab.etcd, Registry(contents=Body(labelled), lock=lock, remember=False), by)

    code = bench.run(request).code
    assert (code is Code.CONFLICT) is lock
    assert lock or code in (Code.OK, Code.CREATED)
