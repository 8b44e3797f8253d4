"""Rules of namespaces and of leader election."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubecheck.traces.event import Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.order import interval, surely_before
from kubecheck.traces.reasons import BEFORE, LEVEL, NO_TIME, UNLOGGED
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_int, as_micros, as_text
from kubecheck.traces.versions import Change, Record, Step, slim
from kubecheck.traces.workloads import Workloads


class NamespaceEmpty(Rule):
    """A namespace goes last."""

    name = "controllers.namespace-empty"
    sentence = (
        "When a namespace is removed nothing is left in it, nothing is created in it while or after it goes, and its phase tells whether "
        "it is being deleted."
    )
    source = (
        "pkg/controller/namespace/deletion/namespaced_resources_deleter.go Delete, "
        "deleteAllContent; pkg/apis/core/validation/validation.go ValidateNamespaceStatusUpdate; "
        "pkg/registry/core/namespace/storage/storage.go REST.Delete; "
        "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go Lifecycle.Admit"
    )
    every_write = True
    nothing = "no namespace in the log"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._terminating: dict[str, Event] = {}
        self._gone: dict[str, Event] = {}

    def step(self, step: Step) -> None:
        """Namespaces that begin to go, and creations in them."""
        key, meta = step.record.key, step.after.meta
        if key[:2] == ("", "namespaces"):
            self._phase(step)
            if meta is not None and meta.deletion_timestamp is not None:
                self._terminating.setdefault(key[3], slim(step.after.event))
            elif step.after.change is Change.CREATE:
                self._terminating.pop(key[3], None)
                self._gone.pop(key[3], None)
            return
        if step.after.change is not Change.CREATE or step.after.event.kind is not Kind.REQUEST:
            return
        namespace = key[2]
        since = self._terminating.get(namespace) or self._gone.get(namespace)
        if since is None:
            return
        self.judge()
        event = step.after.event
        if len(self.history.servers) > 1:
            self.cannot_tell("another API server may not have seen it yet")
            return
        if surely_before(since, event) and _seconds(since, event) > ADMISSION_LAG:
            self.violated(f"{step.record} was created in namespace {namespace}, which was being deleted",
                          [key, f"namespaces/{namespace}"], event, since)

    def _phase(self, step: Step) -> None:
        meta, body = step.after.meta, step.after.body
        phase = as_dict(as_dict(body).get("status")).get("phase")
        if meta is None or phase is None:
            return
        self.judge()
        expected = "Active" if meta.deletion_timestamp is None else "Terminating"
        if phase != expected:
            being = "is being deleted" if meta.deletion_timestamp else "is not being deleted"
            self.violated(f"{step.record} is {phase} and {being}", [step.record.key], step.after.event,
                          *([step.before.event] if step.before is not None else []))

    def removed(self, record: Record, event: Event) -> None:
        """What the namespace still holds."""
        if record.key[:2] != ("", "namespaces"):
            return
        name = record.key[3]
        self._gone[name] = slim(event)
        self.judge()
        when = interval(event) if event.kind is Kind.REQUEST else None  # a delivery comes after all that is below its version
        for key, other in self.history.records.items():
            if key[2] != name or not other.exists or other.last is None:
                continue
            if self.may_be_gone(key) or not self.history.covered(key):
                self.cannot_tell(UNLOGGED)
                continue
            if when is not None and not surely_before(other.last.event, event):
                continue
            self.presumed(lambda provenance: provenance.kept.collections, f"namespace {name} was removed and {other} was left",
                          [key, record.key], event, other.last.event)


ADMISSION_LAG: Final = 1.0
"""Seconds after which an API server's own namespace cache has seen the deletion (one that handled it itself looks live)."""


def _seconds(first: Event, second: Event) -> float:
    one, other = interval(first), interval(second)
    return 0.0 if one is None or other is None else (other[0] - one[1]) / 1e6


class LeaderElection(Rule):
    """Leases of leaders."""

    name = "controllers.leader-election"
    sentence = (
        "A lease that client-go elects with (not coordinated leader election) changes its holder only when it was given back or has "
        "not been renewed for its duration; each change counts up "
        "leaseTransitions by one, and within a term only its holder renews it, which leaves acquireTime as it is."
    )
    source = (
        "staging/src/k8s.io/client-go/tools/leaderelection/leaderelection.go tryAcquireOrRenew, release, "
        "isLeaseValid"
    )
    nothing = "no lease with a holder changes in the log"
    resources = frozenset(("leases",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._users: dict[str, tuple[str, str, Event]] = {}

    def step(self, step: Step) -> None:
        """Holder and times before and after."""
        record, before, after = step.record, step.before, step.after
        if record.key[:2] != ("coordination.k8s.io", "leases") or record.key[2] == "kube-node-lease":
            return
        if before is None or after.change is not Change.UPDATE:
            return
        old, new = before.body, after.body
        if old is None or new is None:
            self.cannot_tell(LEVEL if after.event.response is None else BEFORE)
            return
        one, other = as_dict(old.get("spec")), as_dict(new.get("spec"))
        holder, taker = as_text(one.get("holderIdentity")), as_text(other.get("holderIdentity"))
        if taker is None or any(name not in one for name in ("leaseDurationSeconds", "acquireTime", "renewTime")):
            return  # not an election's lease: others may count as they like
        if any(name in lease for lease in (one, other) for name in ("strategy", "preferredHolder")):
            self.cannot_tell("coordinated leader election: the API server writes the lease too")
            return
        if not _by_client_go(step):
            self.cannot_tell("nothing shows that it was written with client-go: other libraries may elect in another way")
            return
        self.judge()
        if holder == taker:
            self._renewed(step, one, other, taker)
            return
        self._taken(step, one, other, holder, taker)

    def _renewed(self, step: Step, one: Mapping[str, Any], other: Mapping[str, Any], holder: str) -> None:
        after, before = step.after, step.before
        assert before is not None  # step() looked
        if one.get("leaseTransitions") != other.get("leaseTransitions"):
            self.violated(f"{step.record} counts another transition although {holder} kept it", [step.record.key],
                          after.event, before.event)
        acquired = as_micros(one.get("acquireTime"))
        if after.event.user in _ELECTED and holder and acquired is not None and acquired != as_micros(other.get("acquireTime")):
            self.violated(f"{step.record} has another acquireTime although {holder} kept it", [step.record.key],
                          after.event, before.event)
        event = after.event
        if event.kind is not Kind.REQUEST or event.user is None:
            return
        known = self._users.get(str(step.record))
        if known is not None and known[0] == holder and known[1] != event.user:
            self.violated(f"{step.record}, held by {holder} in the name of {known[1]}, was renewed by {event.user}",
                          [step.record.key], event, known[2])
        self._users[str(step.record)] = (holder, event.user, slim(event))

    def _taken(self, step: Step, one: Mapping[str, Any], other: Mapping[str, Any], holder: str | None, taker: str) -> None:
        after, before = step.after, step.before
        assert before is not None  # step() looked
        if after.event.user is not None:
            self._users[str(step.record)] = (taker, after.event.user, slim(after.event))
        if not holder or not taker:
            return  # given back
        old, new = as_int(one.get("leaseTransitions")) or 0, as_int(other.get("leaseTransitions")) or 0
        if new != old + 1:
            self.violated(f"{step.record} went from {holder} to {taker} and its transitions from {old} to {new}", [step.record.key],
                          after.event, before.event)
        duration = as_int(one.get("leaseDurationSeconds")) or 0
        renewed, acquired = as_micros(one.get("renewTime")), as_micros(other.get("acquireTime"))
        if renewed is None or acquired is None or duration <= 0:
            self.cannot_tell(NO_TIME)
            return
        if (acquired - renewed) / 1e6 < duration - 1.0:  # the clocks of two managers may differ by a second
            self.violated(
                f"{taker} took {step.record} {(acquired - renewed) / 1e6:.1f} s after {holder} had renewed it for {duration} s",
                [step.record.key], (after.event, "took it"), (before.event, "renewed it"),
            )


def _by_client_go(step: Step) -> bool:
    """Did somebody write it who elects with client-go: a component of Kubernetes, or a client that says so?

    Components and controller-runtime add it to their User-Agent (cmd/kube-controller-manager/app/options/options.go Config,
    controller-runtime pkg/leaderelection/leader_election.go NewResourceLock). A stream tells no writer: there the lease's name counts.
    """
    event = step.after.event
    if event.kind is Kind.REQUEST:
        return event.user in _ELECTED or "leader-election" in (event.agent or "")
    return step.record.key[2] == "kube-system" and f"system:{step.record.key[3]}" in _ELECTED


_ELECTED: Final = frozenset(("system:kube-controller-manager", "system:kube-scheduler", "system:cloud-controller-manager"))
"""Who is known to use client-go: a renewal of it keeps acquireTime. Others may count as they like."""


RULES: tuple[type[Rule], ...] = (NamespaceEmpty, LeaderElection)
