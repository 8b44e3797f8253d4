"""Rules of the end: what was asked for and not reached is listed as open, and a status may not claim what is not so.

A log can end at any moment, so an unreached goal is no contradiction: it is listed. A contradiction is a status that says that
the goal was reached, unchanged for `QUIET` seconds in which nothing that it counts changed either, and is not true.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubecheck.traces.effects import WRITES
from kubecheck.traces.event import Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_int, as_list
from kubecheck.traces.versions import Record, Step, slim
from kubecheck.traces.workloads import Size, Workloads

QUIET: Final = 10.0
"""Seconds after which a controller that runs has acted on a change (its informers' lag and its client's rate limit included)."""

_WRITERS: Final = {
    "system:serviceaccount:kube-system:replicaset-controller": "replicasets",
    "system:serviceaccount:kube-system:statefulset-controller": "statefulsets",
}
_REPLICATED: Final = ("deployments", "replicasets", "statefulsets")


class Reached(Rule):
    """What was asked for."""

    name = "end-state.reached"
    sentence = "What was asked for was reached by the end of the log, or it is listed as open."
    source = "pkg/controller (level-triggered: each controller works until status equals spec)"
    nothing = "nothing was asked for in the log"

    def finished(self) -> None:
        """Looks at all that lives."""
        for size in self.workloads.owners.values():
            if size.removed or not size.sizes:
                continue
            record = self.history.records.get(size.key)
            if record is None or record.exists is not True:
                continue
            self.judge()
            self._size(size, record)
        for pod in self.workloads.pods.values():
            if pod.gone:
                continue
            record = self.history.records.get(pod.key)
            if record is None or not record.exists or self.may_be_gone(pod.key):
                continue
            self.judge()
            if pod.deleting:
                self.open.append(f"{record} is being deleted and still there")
            elif pod.node is None and pod.phase not in ("Succeeded", "Failed"):
                self.open.append(f"{record} is not bound to a node")
            elif pod.phase in (None, "Pending"):
                self.open.append(f"{record} is pending on node {pod.node}")
        for key, record in self.history.records.items():
            if key[:2] == ("", "namespaces") and record.exists and record.last is not None and record.last.meta is not None:
                self.judge()
                if record.last.meta.deletion_timestamp is not None and not self.may_be_gone(key):
                    self.open.append(f"{record} is being deleted and still there")

    def _size(self, size: Size, record: Record) -> None:
        generation = record.last.generation if record.last is not None else None
        observed = size.status.get("observedGeneration")
        if size.deleting:
            self.open.append(f"{record} is being deleted and still there")
            return
        if generation is not None and size.kind in _REPLICATED and observed != generation:
            self.open.append(f"{record} has generation {generation}; its controller has observed {observed or 'none'}")
        if size.kind in _REPLICATED:
            wanted = as_int(size.spec.get("replicas", 1))
            ready = size.status.get("readyReplicas", 0)
            if wanted != ready:
                self.open.append(f"{record} asks for {wanted} replicas and has {ready} ready")
        elif size.kind == "daemonsets":
            wanted, ready = size.status.get("desiredNumberScheduled", 0), size.status.get("numberReady", 0)
            if wanted != ready:
                self.open.append(f"{record} wants {wanted} pods and has {ready} ready")
        elif size.kind == "jobs":
            completions, done = as_int(size.spec.get("completions")), size.status.get("succeeded", 0)
            if completions is not None and done < completions:
                self.open.append(f"{record} needs {completions} completions and has {done}")


class StatusTrue(Rule):
    """A status at rest tells the truth."""

    name = "end-state.status-true"
    sentence = (
        "What the status of a ReplicaSet or StatefulSet counts is so, if nothing of it changed for "
        f"{QUIET:.0f} seconds after which its "
        "controller still worked."
    )
    source = (
        "pkg/controller/replicaset/replica_set_utils.go calculateStatus; "
        "pkg/controller/statefulset/stateful_set_control.go updateStatus"
    )
    nothing = "nothing that counts pods was at rest when the log ended"
    resources = frozenset(("pods", "replicasets", "statefulsets", "leases"))  # leases are written all the time: a clock

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._end = 0
        self._changed: dict[str, tuple[int, Event]] = {}
        """uid of an owner -> when it, or a pod of it, changed last."""
        self._between: dict[str, Event] = {}
        """uid of an owner -> a delivery that told a change of it, or of a pod: it was written before the next write that has a time."""
        self._working: dict[str, int] = {}
        """resource -> when its controller wrote last: one that is not there (between two leaders) cannot be wrong."""

    def arrived(self, event: Event) -> None:
        """The end of the log."""
        if event.completed is not None and event.completed > self._end:
            self._end = event.completed
        resource = _WRITERS.get(event.user or "")
        if resource is not None and event.ok and event.verb in WRITES and event.received is not None:
            self._working[resource] = max(event.received, self._working.get(resource, 0))

    def step(self, step: Step) -> None:
        """What changed when."""
        meta, uid, event = step.after.meta, step.after.uid, step.after.event
        if uid is None:
            return
        when = event.completed
        if step.record.key[1] == "pods":
            self._pod_changed(meta.controller.uid if meta is not None and meta.controller is not None else None, when, event)
            pod = self.workloads.pods.get(uid)
            if pod is not None and pod.owner is not None:
                self._pod_changed(pod.owner[2], when, event)
        elif step.record.key[1] in ("replicasets", "statefulsets"):
            self._pod_changed(uid, when, event)

    def removed(self, record: Record, event: Event) -> None:
        """A pod that went."""
        pod = self.workloads.pods.get(record.uid or "")
        if pod is not None and pod.owner is not None:
            self._pod_changed(pod.owner[2], event.completed if event.kind is Kind.REQUEST else None, event)

    def before_write(self, event: Event, record: Record | None) -> None:
        """What deliveries told since the last write with a time was written before this one was answered."""
        if self._between and event.completed is not None:
            for uid, delivery in self._between.items():
                self._pod_changed(uid, event.completed, delivery)
            self._between.clear()

    def _pod_changed(self, uid: str | None, when: int | None, event: Event) -> None:
        if uid is None:
            return
        if when is None:
            self._between[uid] = slim(event)
        elif when >= self._changed.get(uid, (0, event))[0]:
            self._changed[uid] = (when, slim(event))

    def finished(self) -> None:
        """Compares what rests with its pods."""
        for uid, delivery in self._between.items():
            self._changed[uid] = (self._end, delivery)
        for size in self.workloads.owners.values():
            if size.kind not in ("replicasets", "statefulsets") or size.removed or size.deleting or not size.sizes:
                continue
            record = self.history.records.get(size.key)
            if record is None or not record.from_start or record.last is None or self.history.restarts:
                continue
            if not self.history.covered(("", "pods", size.key[2], "")) or self.may_be_gone(size.key):
                continue
            when, event = self._changed.get(size.uid, (self._end, record.last.event))
            if (self._working.get(size.kind, 0) - when) / 1e6 < QUIET:
                continue
            pods = [pod for pod in self.workloads.of_owner.get(size.uid, {}).values() if not pod.gone]
            if self.workloads.unowned or any(pod.untold or self.history.uncertain(pod.key) for pod in pods):
                continue
            self.judge()
            active = [pod for pod in pods if pod.phase not in ("Succeeded", "Failed") and not pod.deleting]
            counted = as_int(size.status.get("replicas", 0)) or 0
            if counted != len(active) and not any(pod.deleting for pod in pods):
                self.violated(f"the status of {record} counts {counted} replicas, unchanged for {QUIET:.0f} seconds; it has "
                              f"{len(active)} pods", [size.key], record.last.event, event)
                continue
            ready = sum(pod.ready for pod in active)
            told = as_int(size.status.get("readyReplicas", 0)) or 0
            if told != ready and not any(pod.deleting for pod in pods):
                self.violated(f"the status of {record} counts {told} ready replicas, unchanged for {QUIET:.0f} seconds; {ready} of "
                              "its pods are", [size.key], record.last.event, event)


class ServiceEndpoints(Rule):
    """Endpoints in the end."""

    name = "end-state.endpoints"
    sentence = (
        "By the end of the log the EndpointSlices of a Service hold exactly its ready pods, or the "
        "difference is listed as open."
    )
    source = "staging/src/k8s.io/endpointslice/reconciler.go Reconcile, reconcileByPortMapping"
    nothing = "no Service with a selector in the log"

    def finished(self) -> None:
        """Services, their pods and their slices."""
        slices: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for key, record in self.history.records.items():
            if key[1] == "endpointslices" and record.exists and record.last is not None and not self.may_be_gone(key):
                body = record.last.body
                name = as_dict(as_dict(as_dict(body).get("metadata")).get("labels")).get("kubernetes.io/service-name")
                if body is not None and isinstance(name, str):
                    slices.setdefault((key[2], name), []).append(body)
        for key, record in self.history.records.items():
            if key[:2] != ("", "services") or not record.exists or record.last is None or self.may_be_gone(key):
                continue
            spec = as_dict(as_dict(record.last.body).get("spec"))
            selector = as_dict(spec.get("selector"))
            if not selector:
                continue
            self.judge()
            wanted = {pod.uid for pod in self.workloads.pods.values()
                      if not pod.gone and pod.key[2] == key[2] and pod.ready and not pod.deleting
                      and selector.items() <= pod.labels.items() and not self.may_be_gone(pod.key)}
            told = set()
            for told_by in slices.get((key[2], key[3]), ()):
                for endpoint in as_list(told_by.get("endpoints")):
                    entry = as_dict(endpoint)
                    uid = as_dict(entry.get("targetRef")).get("uid")
                    if isinstance(uid, str) and as_dict(entry.get("conditions")).get("ready") is not False:
                        told.add(uid)
            if spec.get("publishNotReadyAddresses"):
                continue
            if wanted != told:
                self.open.append(f"{record}: {len(wanted)} pods are ready, its EndpointSlices tell {len(told)}, "
                                 f"{len(wanted & told)} of them the same")


RULES: tuple[type[Rule], ...] = (Reached, StatusTrue, ServiceEndpoints)
