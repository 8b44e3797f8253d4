"""Bindings, evictions and namespaces are in the language of the specs: a search explores them, and finds what they must never do."""

from __future__ import annotations

from kubecheck import checker
from kubecheck.model.registry.binding import bind
from kubecheck.model.registry.deletion import delete
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.eviction import Judged, Judgement, evict
from kubecheck.model.registry.kinds import NAMESPACE, POD, Strategy
from kubecheck.model.registry.namespaces import delete_namespace
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.requests import Code, Part, Proposed, Request
from kubecheck.model.registry.store import Registry, create, update
from kubecheck.spec import Spec, require

RUNNING, ENDED, TARGETED, TERMINATING = 1, 2, 3, 4


class Plain:
    """Contents, budgets and phases: body 1 runs a pod, 2 ends it; a namespace's finalize empties its spec."""

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        new = stored
        if part is Part.STATUS:
            new = stored.next(status=request.body, terminal=request.body == ENDED)
        if part is Part.FINALIZE:
            new = stored.next(gated=False)
        if not stored.exists and kind.finalizes:
            new = stored.next(gated=True)
        return Proposed(object=new)

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        return True

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        return Code.OK

    def bound(self, request: Request, stored: Stored) -> Stored:
        return stored

    def is_pending(self, pod: Stored) -> bool:
        return pod.status == 0

    def judge(self, pod: Slot, stored: Stored) -> Judged:
        return Judged(says=Judgement.REFUSES)

    def spent(self, pod: Slot, budget: Stored) -> Stored:
        return budget

    def targeted(self, pod: Stored) -> Stored:
        return pod.next(status=TARGETED)

    def terminating(self, namespace: Stored) -> Stored:
        return namespace.next(status=TERMINATING)


def pods_and_namespaces() -> Spec:
    """Slot 0 is a pod, slot 1 a namespace."""
    plain = Plain()
    registry = Registry(contents=plain, remember=False)
    scope = {
        "objects": 2, "revisions": 8, "history": 0, "uids": 2, "generations": 3, "finalizers": 1, "finalizer_names": 1,
        "contents": 4, "graces": 1, "nodes": 2, "bodies": 2, "users": 0,
    }  # fmt: skip
    spec = Spec("pods-and-namespaces", Etcd, scope=scope)

    @spec.action(actor="somebody")
    def make(etcd: Etcd, slot: Slot) -> None:
        """The pod or the namespace is created."""
        require(etcd.revision() < 5 and etcd.uid() < 2)
        if slot.index == 0:
            create(etcd, registry, POD, slot, Request())
        else:
            create(etcd, registry, NAMESPACE, slot, Request())

    @spec.action(actor="scheduler")
    def bind_pod(etcd: Etcd) -> None:
        """The pod is bound to the first or the second node."""
        require(etcd.revision() < 5)
        bind(etcd, registry, Slot(0), Request(node=1 + etcd.revision() % 2))

    @spec.action(actor="kubelet")
    def run_pod(etcd: Etcd, ended: bool) -> None:
        """The pod runs, or ends."""
        require(etcd.revision() < 5)
        body = RUNNING
        if ended:
            body = ENDED
        update(etcd, registry, POD, Part.STATUS, Slot(0), Request(body=body))

    @spec.action(actor="somebody")
    def evict_pod(etcd: Etcd) -> None:
        """Somebody evicts the pod, which its budget does not allow while it runs."""
        require(etcd.revision() < 5)
        evict(etcd, registry, plain, Slot(0), Request(grace=1))

    @spec.action(actor="kubelet")
    def remove_pod(etcd: Etcd) -> None:
        """The kubelet deletes the pod with grace period 0."""
        require(etcd.revision() < 5)
        delete(etcd, registry, POD, Slot(0), Request(grace=0))

    @spec.action(actor="somebody")
    def delete_the_namespace(etcd: Etcd) -> None:
        """Somebody deletes the namespace."""
        require(etcd.revision() < 5)
        delete_namespace(etcd, registry, plain, Slot(1), Request())

    @spec.action(actor="namespace-controller")
    def finalize(etcd: Etcd) -> None:
        """The namespace controller empties spec.finalizers."""
        require(etcd.revision() < 5)
        update(etcd, registry, NAMESPACE, Part.FINALIZE, Slot(1), Request())

    @spec.step_invariant
    def a_pod_stays_on_its_node(before: Etcd, after: Etcd) -> bool:
        """A pod is bound once."""
        require(before.get(Slot(0)).node != 0 and after.get(Slot(0)).uid == before.get(Slot(0)).uid)
        return after.get(Slot(0)).node == before.get(Slot(0)).node

    @spec.step_invariant
    def a_namespace_is_finalized_first(before: Etcd, after: Etcd) -> bool:
        """A namespace goes only once it was marked."""
        require(before.get(Slot(1)).exists and not after.get(Slot(1)).exists)
        return before.get(Slot(1)).deleting

    @spec.reachable
    def both_can_go(etcd: Etcd) -> bool:
        """The pod and the namespace have been and are gone."""
        return etcd.uid() == 2 and not etcd.get(Slot(0)).exists and not etcd.get(Slot(1)).exists

    return spec


def test_a_search_explores_bindings_evictions_and_namespaces() -> None:
    report = checker.check(pods_and_namespaces())
    assert report.verdict is checker.Verdict.HOLDS
    assert report.warnings == []
    assert (report.states.distinct, report.states.generated, report.depth) == (359, 819, 5)
