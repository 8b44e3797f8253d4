"""Who belongs to whom: pods, their owners and nodes, as far as rules of several subjects need them.

Kept up to date by the validation after each step; small values instead of bodies, and only of what lives.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from kubecheck.traces.event import Event, Kind
from kubecheck.traces.keys import Key
from kubecheck.traces.objects import Meta
from kubecheck.traces.shapes import as_dict, as_list, as_number, as_text
from kubecheck.traces.versions import Change, Record, Step, slim

_GONE: Final = 20_000
_SIZED: Final = frozenset(("replicasets", "statefulsets", "deployments", "jobs", "daemonsets"))
_KEPT: Final = 64


class Pod:
    """A pod, by uid, as its newest version tells it, and what it ever was."""

    __slots__ = ("addresses", "created", "creator", "deleting", "ever_ready", "gaps", "gone", "key", "labels", "node", "owner", "phase",
                 "ready", "ready_since", "scheduled_to", "uid", "untold")

    def __init__(self, uid: str, key: Key) -> None:
        self.uid = uid
        self.key = key
        self.created: Event | None = None
        self.creator: str | None = None
        """The process that created it (`process_of`), if the log tells."""
        self.owner: tuple[str, str, str] | None = None
        """kind, name, uid of the controller."""
        self.labels: dict[str, str] = {}
        self.node: str | None = None
        self.scheduled_to: str | None = None
        """Of a DaemonSet's pod: the node that its affinity names."""
        self.phase: str | None = None
        self.ready = False
        self.ever_ready = False
        self.ready_since: Event | None = None
        self.deleting = False
        self.gone = False
        self.untold = False
        """Its newest version does not tell whether it is being deleted, or whether it has ended."""
        self.gaps = False
        """One of its versions does not tell its status: it may have been ready, or had another address."""
        self.addresses: set[str] = set()

    @property
    def active(self) -> bool:
        """It surely counts for its controller: not gone, not being deleted, not ended."""
        return not self.gone and not self.untold and not self.deleting and self.phase not in ("Succeeded", "Failed")


class Size:
    """How large an owner was asked to be, version by version."""

    __slots__ = ("deleting", "key", "kind", "moved", "owner", "removed", "sizes", "status", "uid", "whole")

    def __init__(self, uid: str, key: Key) -> None:
        self.uid = uid
        self.key = key
        self.owner: str | None = None
        self.moved = False
        """It has had another owner, or none, before."""
        self.sizes: list[tuple[int, Mapping[str, Any], Event]] = []
        """(resourceVersion, spec's numbers, who wrote it), ascending; the last `_KEPT`."""
        self.status: Mapping[str, Any] = {}
        self.deleting = False
        self.removed = False
        self.kind = key[1]
        self.whole = False
        """`sizes` goes back to its creation."""

    def knows(self, version: int) -> bool:
        """Does the log have the numbers of this version and all later ones?"""
        return self.whole or (bool(self.sizes) and self.sizes[0][0] <= version)

    @property
    def spec(self) -> Mapping[str, Any]:
        """The newest numbers."""
        return self.sizes[-1][1] if self.sizes else {}

    def since(self, version: int) -> list[Mapping[str, Any]]:
        """The numbers that a reader who has seen `version` may still go by: of that version and all later ones."""
        found = [spec for number, spec, _ in self.sizes if number >= version]
        older = [spec for number, spec, _ in self.sizes if number < version]
        return (older[-1:] if version not in [number for number, _, _ in self.sizes] else []) + found


class Workloads:
    """Pods and the things that own them."""

    def __init__(self) -> None:
        self.pods: dict[str, Pod] = {}
        self.of_owner: dict[str, dict[str, Pod]] = {}
        self.owners: dict[str, Size] = {}
        self.children: dict[str, dict[str, Size]] = {}
        """uid of a Deployment -> the ReplicaSets that are its own, or were (`moved`)."""
        self.unowned = False
        """There is a pod, or an owner, of which it is not told which it is; or a pod of which it is not told whose."""
        self.unplaced = False
        """There is a ReplicaSet of which it is not told whose it is."""
        self._seen: dict[str, dict[str, int]] = {}
        """uid -> process -> the highest version of the object that the process named in a write: it has seen that."""
        self._gone: OrderedDict[str, None] = OrderedDict()

    def update(self, step: Step) -> None:
        """Takes a new version in."""
        resource, after = step.record.key[1], step.after
        uid = after.uid
        if uid is None:
            self.unowned = self.unowned or resource == "pods" or resource in _SIZED
            return
        wanted = as_number(after.event.precondition_version)
        process = process_of(after.event)
        if process is not None and wanted is not None:
            seen = self._seen.setdefault(uid, {})
            seen[process] = max(wanted, seen.get(process, 0))
        if resource == "pods":
            self._pod(step, uid)
        elif resource in _SIZED and step.record.key[0] in ("apps", "batch"):
            self._size(step, uid)

    def seen_by(self, process: str, uid: str) -> int:
        """The highest version of an object that a process has proved to have seen; 0 if it has proved nothing."""
        return self._seen.get(uid, {}).get(process, 0)

    def removed(self, record: Record) -> None:
        """Takes a removal in."""
        uid = record.uid
        if uid is None:
            return
        self._seen.pop(uid, None)
        pod = self.pods.get(uid)
        if pod is not None and not pod.gone:
            pod.gone = True
            if pod.owner is not None:
                self.of_owner.get(pod.owner[2], {}).pop(uid, None)
            self._gone[uid] = None
        size = self.owners.get(uid)
        if size is not None:
            size.removed = True
            self._gone[uid] = None
        while len(self._gone) > _GONE:
            forgotten, _ = self._gone.popitem(last=False)
            self.pods.pop(forgotten, None)
            self.owners.pop(forgotten, None)
            self.children.pop(forgotten, None)
            self.of_owner.pop(forgotten, None)

    def _pod(self, step: Step, uid: str) -> None:
        after, event = step.after, step.after.event
        meta, body = after.meta, after.body
        pod = self.pods.get(uid)
        if pod is None:
            pod = self.pods[uid] = Pod(uid, step.record.key)
            self.unowned = self.unowned or meta is None
        tells_status = body is not None and body.tells("status")
        if after.change is not Change.CREATE:  # what is new is not being deleted and has not ended
            request = event.kind is Kind.REQUEST  # an update cannot begin a deletion, nor change a status but through its subresource
            told = tells_status or (request and event.subresource != "status")
            pod.gaps = pod.gaps or not told
            pod.untold = (meta is None and not request) or not told
        if after.change is Change.CREATE and pod.created is None:
            pod.created = slim(after.event)
            pod.creator = process_of(after.event)
        if meta is not None:
            self._own(pod, meta)
        if body is None:
            return
        if body.tells("spec"):
            spec = as_dict(body.get("spec"))
            pod.node = as_text(spec.get("nodeName")) or pod.node
            pod.scheduled_to = pod.scheduled_to or affine_node(spec)
        if not tells_status:
            return
        status = as_dict(body.get("status"))
        pod.phase = as_text(status.get("phase"))
        pod.ready = is_ready(status)
        if pod.ready and not pod.ever_ready:
            pod.ever_ready, pod.ready_since = True, slim(after.event)
        for address in as_list(status.get("podIPs")):
            if isinstance(address, dict) and isinstance(address.get("ip"), str):
                pod.addresses.add(address["ip"])
        if isinstance(status.get("podIP"), str):
            pod.addresses.add(status["podIP"])

    def _own(self, pod: Pod, meta: Meta) -> None:
        controller = meta.controller
        owner = (controller.kind, controller.name, controller.uid) if controller is not None else None
        if owner != pod.owner:
            if pod.owner is not None:
                self.of_owner.get(pod.owner[2], {}).pop(pod.uid, None)
            pod.owner = owner
        if owner is not None and not pod.gone:
            self.of_owner.setdefault(owner[2], {})[pod.uid] = pod
        pod.labels = meta.labels or {}
        pod.deleting = meta.deletion_timestamp is not None

    def _size(self, step: Step, uid: str) -> None:
        after, meta = step.after, step.after.meta
        size = self.owners.get(uid)
        first = size is None
        self.unplaced = self.unplaced or (first and meta is None and step.record.key[1] == "replicasets")
        if size is None:
            size = self.owners[uid] = Size(uid, step.record.key)
            size.whole = after.change is Change.CREATE
        if meta is not None:
            size.deleting = meta.deletion_timestamp is not None
            owner = meta.controller.uid if meta.controller is not None else None
            if owner != size.owner:
                size.moved = not first
                size.owner = owner
            if owner is not None:
                self.children.setdefault(owner, {})[size.uid] = size
        body = after.body
        if body is not None and body.tells("status"):
            status = as_dict(body.get("status"))
            size.status = {name: value for name, value in status.items() if isinstance(value, int)}
        if body is not None and body.tells("spec"):
            spec = as_dict(body.get("spec"))
            numbers = {name: spec[name] for name in _NUMBERS if name in spec}
        elif after.event.subresource == "status":
            return  # it leaves them as they are
        else:
            scale = as_dict(after.event.response_object()) if after.event.subresource == "scale" else {}
            if "spec" not in scale or not size.sizes:
                size.sizes, size.whole = [], False  # what it asks for now is not told
                return
            numbers = {**size.spec, "replicas": as_dict(scale.get("spec")).get("replicas", 0)}
        if not size.sizes or size.sizes[-1][1] != numbers:
            size.sizes.append((after.number, numbers, slim(after.event)))
            if len(size.sizes) > _KEPT:
                del size.sizes[0]
                size.whole = False


_NUMBERS: Final = ("replicas", "parallelism", "completions", "strategy", "updateStrategy", "podManagementPolicy", "ordinals",
                   "paused", "suspend", "completionMode")


def process_of(event: Event) -> str | None:
    """The process that sent a request, if the log tells processes of one user apart; else None."""
    if event.credential is not None:
        return f"{event.user} {event.credential}"
    return event.component


def is_ready(status: Mapping[str, Any]) -> bool:
    """Has the object a condition Ready that is True?"""
    return any(isinstance(condition, dict) and condition.get("type") == "Ready" and condition.get("status") == "True"
               for condition in as_list(status.get("conditions")))


def affine_node(spec: Mapping[str, Any]) -> str | None:
    """The one node that a DaemonSet's pod is for: matchFields metadata.name (pkg/controller/daemon/util)."""
    affinity = as_dict(as_dict(spec.get("affinity")).get("nodeAffinity"))
    required = as_dict(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    for term in as_list(required.get("nodeSelectorTerms")):
        for field in as_list(as_dict(term).get("matchFields")):
            if as_dict(field).get("key") == "metadata.name":
                values = as_list(as_dict(field).get("values"))
                if len(values) == 1:
                    return as_text(values[0])
    return None

