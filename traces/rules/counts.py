"""Rules of what the status of a workload counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from kubecheck.traces.event import Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_int, as_list
from kubecheck.traces.versions import Change, Record, Step
from kubecheck.traces.workloads import Workloads

_APPS: Final = "pkg/apis/apps/validation/validation.go"
_JOBS: Final = "pkg/apis/batch/validation/validation.go"
_WHOLE: Final[Mapping[str, tuple[str, ...]]] = {
    "replicasets": ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
    "deployments": ("updatedReplicas", "readyReplicas", "availableReplicas"),
    "statefulsets": ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
}
"""What is not more than `replicas`."""
_TOTAL: Final = {"replicasets": "replicas", "statefulsets": "replicas", "jobs": "active", "deployments": "replicas"}
"""What counts the pods of an owner."""
_MAKERS: Final[Mapping[str, tuple[str, ...]]] = {
    "replicasets": ("ReplicaSet",),
    "statefulsets": ("StatefulSet",),
    "jobs": ("Job",),
    "deployments": ("Deployment", "ReplicaSet"),
}
"""Whose controllers make these pods: what they write must be in the log."""


class StatusCounts(Rule):
    """Parts and wholes."""

    name = "controllers.status-counts"
    sentence = (
        "No count of a workload's status is negative or (of a Deployment, ReplicaSet, StatefulSet) more than its replicas, available ones "
        "are ready, no more pods are counted than it ever had, and a DaemonSet wants no more pods than there ever were nodes."
    )
    source = (
        f"{_APPS} ValidateReplicaSetStatus, ValidateDeploymentStatus, ValidateStatefulSetStatus, ValidateDaemonSetStatus; {_JOBS} "
        "validateJobStatus; pkg/controller/replicaset/replica_set_utils.go calculateStatus; pkg/controller/deployment/sync.go "
        "calculateStatus; pkg/controller/daemon/daemon_controller.go updateDaemonSetStatus"
    )
    nothing = "no status of a workload in the log"
    every_write = True
    resources = frozenset(("pods", "nodes", "replicasets", "deployments", "statefulsets", "daemonsets", "jobs"))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._pods: Counter[str] = Counter()
        """uid of an owner -> how many pods it ever had; those of a ReplicaSet that is gone count for its Deployment."""
        self._created: set[str] = set()
        """Owners that a request in the log created: they had no pods before it."""
        self._nodes = 0

    def step(self, step: Step) -> None:
        """Counts pods and nodes; judges a status."""
        (group, resource, _, _), after, uid = step.record.key, step.after, step.after.uid
        if group == "" and resource == "nodes":
            self._nodes += after.change in (Change.CREATE, Change.SEEN)
            return
        if uid is None:
            return
        if group == "" and resource == "pods":
            meta = after.meta
            if meta is None:
                return  # whose it is is not told: see Workloads.unowned
            before = step.before.meta.controller if step.before is not None and step.before.meta is not None else None
            if meta.controller is not None and (before is None or before.uid != meta.controller.uid):
                self._pods[meta.controller.uid] += 1
            return
        if group not in ("apps", "batch") or after.change is Change.REMOVE:
            return
        if after.change is Change.CREATE and after.event.kind is Kind.REQUEST:
            self._created.add(uid)
        if after.body is None:
            return
        status = as_dict(after.body.get("status"))
        counts = {name: value for name, value in status.items() if isinstance(value, int) and not isinstance(value, bool)}
        if not counts:
            return
        self.judge()
        event, key = after.event, step.record.key
        others = [step.before.event] if step.before is not None else []
        negative = next((name for name, value in counts.items() if value < 0), None)
        if negative is not None:
            self.violated(f"{negative} of {step.record} is {counts[negative]}", [key], event, *others)
        whole = counts.get("replicas", 0)
        part = next((name for name in _WHOLE.get(resource, ()) if counts.get(name, 0) > whole), None)
        if part is not None:
            self.violated(f"{part} of {step.record} is {counts[part]}, of {whole} replicas", [key], event, *others)
        elif resource in _WHOLE and counts.get("availableReplicas", 0) > counts.get("readyReplicas", 0):
            self.violated(f"{step.record} counts {counts.get('availableReplicas', 0)} available replicas, of "
                          f"{counts.get('readyReplicas', 0)} ready ones", [key], event, *others)
        self._total(step, uid, counts, others)

    def removed(self, record: Record, event: Event) -> None:
        """Forgets an owner that is gone."""
        if record.uid is None:
            return
        self._created.discard(record.uid)
        if record.uid not in self._pods:
            return
        last = record.last.meta if record.last is not None else None
        pods = self._pods.pop(record.uid)
        if last is not None and last.controller is not None:
            self._pods[last.controller.uid] += pods

    def _total(self, step: Step, uid: str, counts: Mapping[str, int], others: list[Event]) -> None:
        (_, resource, namespace, _), event = step.record.key, step.after.event
        if event.subresource != "status":
            return
        if resource == "daemonsets":
            told, most, what = counts.get("desiredNumberScheduled", 0), self._nodes + len(self.history.header_nodes), "nodes"
            known = self.history.complete and self.history.covered(("", "nodes", "", "")) and not self.history.restarts
        else:
            children = [uid] if resource != "deployments" else [uid, *(
                size.uid for size in self.workloads.children.get(uid, {}).values() if not size.removed)]
            told = counts.get(_TOTAL[resource], 0)
            most, what = sum(self._pods[child] for child in children), "pods"
            told_of = resource != "deployments" or (
                self.history.covered(("apps", "replicasets", namespace, "")) and not self.workloads.unplaced)
            known = told_of and not self.workloads.unowned and self._created.issuperset(children) and not self.history.restarts and (
                self.history.covered(("", "pods", namespace, "")))
        if told <= most:
            return
        if not known:
            self.cannot_tell(BEFORE)
            return
        kinds = [("", what)] + ([("apps", "replicasets")] if resource == "deployments" else [])
        makers = _MAKERS.get(resource, ())
        self.presumed(lambda provenance: self._has_all(provenance, kinds) and all(map(provenance.kept.writes_for, makers)),
                      f"{step.record} counts {told} {what}; there never were more than "
                      f"{most}", [step.record.key], event, *others)

    @staticmethod
    def _has_all(provenance: Provenance, kinds: list[tuple[str, str]]) -> bool:
        return provenance.has_all and all(provenance.kept.creations((*kind, "", "")) for kind in kinds)


class JobEnd(Rule):
    """A Job ends once."""

    name = "controllers.job-end"
    sentence = (
        "A Job's failed never goes back, it is never both Complete and Failed, and neither is taken back."
    )
    source = (
        f"{_JOBS} ValidateJobUpdateStatus (RejectDecreasingFailedCounter, RejectCompleteJobWithFailedCondition, "
        "RejectDisablingTerminalCondition)"
    )
    nothing = "no Job in the log"
    every_write = True
    resources = frozenset(("jobs",))

    def step(self, step: Step) -> None:
        """Status before and after."""
        record, before, after = step.record, step.before, step.after
        if record.key[0] != "batch" or after.change is Change.REMOVE or after.body is None or not after.body.tells("status"):
            return
        self.judge()
        status = as_dict(after.body.get("status"))
        ends = job_ends(status)
        if len(ends) == 2:
            self.violated(f"{record} is Complete and Failed", [record.key], after.event, *([before.event] if before is not None else []))
        if before is None or before.body is None or not before.body.tells("status"):
            return
        old = as_dict(before.body.get("status"))
        failed, now = as_int(old.get("failed")) or 0, as_int(status.get("failed")) or 0
        if now < failed:
            self.violated(f"failed of {record} went back from {failed} to {now}", [record.key], after.event, before.event)
        taken = job_ends(old) - ends
        if taken:
            self.violated(f"{record} was {', '.join(sorted(taken))} and is not any more", [record.key], after.event, before.event)


def job_ends(status: Mapping[str, Any]) -> frozenset[str]:
    """Which of the two conditions that end a Job are True."""
    return frozenset(
        str(as_dict(one).get("type")) for one in as_list(status.get("conditions"))
        if as_dict(one).get("type") in ("Complete", "Failed") and as_dict(one).get("status") == "True"
    )


RULES: tuple[type[Rule], ...] = (StatusCounts, JobEnd)
