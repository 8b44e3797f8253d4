"""The rule of which pods an EndpointSlice holds."""

from __future__ import annotations

from typing import Any, Final

from kubecheck.traces.event import Event
from kubecheck.traces.history import History
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.rules.templates import takes
from kubecheck.traces.shapes import as_dict, as_list, as_text
from kubecheck.traces.versions import Change, Record, Step
from kubecheck.traces.workloads import Workloads

_CONTROLLER: Final = "system:serviceaccount:kube-system:endpointslice-controller"
_SERVICE: Final = "kubernetes.io/service-name"
_KEPT: Final = 16


class Selected(Rule):
    """A slice holds what its Service selects."""

    name = "controllers.endpoint-selection"
    sentence = "An EndpointSlice that its controller writes holds each pod once, and only pods that a selector of its Service took."
    source = (
        "pkg/controller/endpointslice/endpointslice_controller.go syncService (pods are listed by the Service's selector); "
        "staging/src/k8s.io/endpointslice/reconciler.go reconcileByAddressType, reconcileByPortMapping; utils.go endpointHash"
    )
    nothing = "the endpointslice-controller writes no endpoint of a pod in the log"
    every_write = True
    resources = frozenset(("pods", "services", "endpointslices"))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._labels: dict[str, list[dict[str, str]]] = {}
        """uid of a pod -> all the labels that it had, if its creation is in the log."""
        self._selectors: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """(namespace, name) of a Service -> all the selectors that it had, if its creation is in the log."""

    def step(self, step: Step) -> None:
        """Labels, selectors, endpoints."""
        (group, resource, namespace, name), after, meta = step.record.key, step.after, step.after.meta
        if after.uid is None or after.change is Change.REMOVE:
            return
        if group == "" and resource == "pods":
            if meta is None:
                self._labels.pop(after.uid, None)  # it may have others now
            elif after.change is Change.CREATE:
                self._labels[after.uid] = [meta.labels or {}]
            elif (known := self._labels.get(after.uid)) is not None and known[-1] != (meta.labels or {}):
                known.append(meta.labels or {})
                if len(known) > _KEPT:
                    del self._labels[after.uid]
        elif group == "" and resource == "services":
            self._service(namespace, name, step)
        elif group == "discovery.k8s.io" and after.event.user == _CONTROLLER and after.body is not None:
            self._slice(step)

    def _service(self, namespace: str, name: str, step: Step) -> None:
        if step.after.change is Change.CREATE and (namespace, name) not in self._selectors:
            self._selectors[namespace, name] = []
        known = self._selectors.get((namespace, name))
        if known is None:
            return
        if step.after.body is None or not step.after.body.tells("spec"):
            if step.after.event.subresource != "status":
                del self._selectors[namespace, name]
            return
        selector = dict(as_dict(as_dict(step.after.body.get("spec")).get("selector")))
        if selector not in known:
            known.append(selector)
        if len(known) > _KEPT:
            del self._selectors[namespace, name]

    def removed(self, record: Record, event: Event) -> None:
        """Forgets a pod that is gone: what a slice still holds of it is not judged."""
        if record.key[1] == "pods" and record.uid is not None:
            self._labels.pop(record.uid, None)

    def _slice(self, step: Step) -> None:
        record, after = step.record, step.after
        service = (step.after.meta.labels or {}).get(_SERVICE) if step.after.meta is not None else None
        selectors = self._selectors.get((record.key[2], service or ""))
        seen: set[str] = set()
        others = [step.before.event] if step.before is not None else []
        for one in as_list(as_dict(after.body).get("endpoints")):
            target = as_dict(as_dict(one).get("targetRef"))
            uid = as_text(target.get("uid"))
            if target.get("kind") != "Pod" or uid is None:
                continue
            self.judge()
            if uid in seen:
                self.violated(f"{record} holds pod {target.get('name')} twice", [record.key], after.event, *others)
            seen.add(uid)
            labels = self._labels.get(uid)
            if not selectors or labels is None:
                self.cannot_tell(BEFORE)
                continue
            if any(selector and takes(selector, told) for selector in selectors for told in labels):
                continue
            pod = self.workloads.pods.get(uid)
            shown = self.history.records.get(pod.key) if pod is not None else None
            witness = [shown.last.event] if shown is not None and shown.last is not None else []
            asked = self.history.records.get(("", "services", record.key[2], service or ""))
            witness += [asked.last.event] if asked is not None and asked.last is not None else []
            self.presumed(self._has_all, f"{record} holds pod {target.get('name')}, whose labels no selector of service {service} took",
                          [record.key, *([pod.key] if pod is not None else [])], after.event, *witness)

    @staticmethod
    def _has_all(provenance: Provenance) -> bool:
        return provenance.lossless and provenance.kept.creations(("", "services", "", "")) and provenance.kept.people


RULES: tuple[type[Rule], ...] = (Selected,)
