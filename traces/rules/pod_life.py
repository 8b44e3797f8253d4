"""Rules of a pod's deletion and of its start: who may take it away at once, and what its kubelet never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubecheck.traces.effects import Effect, effect_of
from kubecheck.traces.event import Event
from kubecheck.traces.order import surely_before
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE, LEVEL, UNLOGGED
from kubecheck.traces.rules.pods import NODE_USER
from kubecheck.traces.rules.requests import MIRROR
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_int, as_number, as_text
from kubecheck.traces.uri import parameter
from kubecheck.traces.versions import Change, Record, Step, Version

_TERMINAL: Final = ("Succeeded", "Failed")


class GracefulDeletion(Rule):
    """A running pod is asked to go first."""

    name = "pods.graceful-deletion"
    sentence = (
        "A deletion that is not forced (grace period 0) marks a pod that is on a node and has not ended, and removes it not; a kubelet "
        "removes only pods that have been marked, but for its mirror pods."
    )
    source = (
        "pkg/registry/core/pod/strategy.go CheckGracefulDelete; staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go BeforeDelete; "
        "pkg/kubelet/status/status_manager.go canBeDeleted"
    )
    nothing = "no pod is removed in the log"
    every_write = True
    resources = frozenset(("pods",))
    verbs = frozenset(("delete",))

    def before_write(self, event: Event, record: Record | None) -> None:
        """A removal that answers the pod."""
        self._judge(event, record)

    def placed(self, event: Event, record: Record | None) -> None:
        """A removal that answers a Status."""
        self._judge(event, record)

    def _judge(self, event: Event, record: Record | None) -> None:
        if event.resource != "pods" or event.group != "" or event.verb != "delete" or effect_of(event) is not Effect.REMOVE:
            return
        if event.response is None:
            self.cannot_tell(LEVEL)
            return
        last = record.last if record is not None else None
        if record is None or last is None or last.meta is None or record.exists is not True or last.body is None:
            self.cannot_tell(BEFORE)
            return
        if event.uid is not None and event.uid != record.uid:
            self.cannot_tell(UNLOGGED)
            return
        if last.meta.deletion_timestamp is not None:
            self.judge()
            return
        if not surely_before(last.event, event):
            self.cannot_tell(UNLOGGED)
            return
        spec, phase = as_dict(last.body.get("spec")), as_text(as_dict(last.body.get("status")).get("phase"))
        of_kubelet = (event.user or "").startswith(NODE_USER)
        asked = _grace(event, spec)
        if not of_kubelet and (asked == 0 or not spec.get("nodeName") or phase not in ("Pending", "Running")):
            return
        if of_kubelet and MIRROR in as_dict(as_dict(last.body.get("metadata")).get("annotations")):
            return
        if self.history.uncertain(record.key) or self.history.restarted_between(last.event, event):
            self.cannot_tell(UNLOGGED)
            return
        self.judge()
        wrong = f"{event.user} removed {record}, which nobody had asked to go" if of_kubelet else (
            f"a deletion with a grace period of {asked} s removed {record} at once, which was {phase} on {spec.get('nodeName')}")
        self.presumed(self._told(record, last, of_kubelet), wrong, [record.key], (event, "removed it"), (last.event, "its last state"))

    def _told(self, record: Record, last: Version, of_kubelet: bool) -> Any:
        meta, pod = last.meta, self.workloads.pods.get(record.uid or "")

        def told(provenance: Provenance) -> bool:
            """Would the log have the mark, and (if it matters) the status that ended the pod?"""
            assert meta is not None  # _judge looked
            return provenance.keeps_marks(record.key, meta) and (of_kubelet or (pod is not None and provenance.tells_statuses(pod)))

        return told


def _grace(event: Event, spec: Mapping[str, Any]) -> int | None:
    """The grace period that a deletion asks for: its own, or the pod's. None is an unknown one, which is no 0."""
    text = parameter(event.uri or "", "gracePeriodSeconds")
    if text is not None:
        return as_number(text) or 0
    sent = as_dict(event.request_object())
    if "gracePeriodSeconds" in sent:
        return as_int(sent.get("gracePeriodSeconds"))
    return as_int(spec.get("terminationGracePeriodSeconds")) or 0


class StartTime(Rule):
    """A pod starts once."""

    name = "pods.start-time"
    sentence = "A kubelet sets the startTime of a pod once, and what runs has a node."
    source = "pkg/kubelet/status/status_manager.go updateStatusInternal (startTime of the old status is kept)"
    nothing = "no pod starts in the log"
    every_write = True
    resources = frozenset(("pods",))

    def step(self, step: Step) -> None:
        """startTime before and after a kubelet's write; phase and node of one version."""
        record, before, after = step.record, step.before, step.after
        if record.key[0] != "" or after.change is Change.REMOVE:
            return
        body = after.body
        if body is None:
            return
        status = as_dict(body.get("status"))
        others = [before.event] if before is not None else []
        if as_text(status.get("phase")) == "Running" and body.tells("spec") and not as_dict(body.get("spec")).get("nodeName"):
            self.judge()
            self.violated(f"{record} runs and has no node", [record.key], after.event, *others)
        if before is None or before.body is None or not (after.event.user or "").startswith(NODE_USER):
            return
        old = as_dict(before.body.get("status")).get("startTime")
        if old is None or not body.tells("status"):
            return
        self.judge()
        if status.get("startTime") != old:
            self.violated(f"the startTime of {record} changed from {old} to {status.get('startTime')}", [record.key],
                          after.event, *others)


RULES: tuple[type[Rule], ...] = (GracefulDeletion, StartTime)
