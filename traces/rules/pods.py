"""Rules of pods: binding, status, phases, identity."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from kubecheck.traces.effects import Effect, effect_of
from kubecheck.traces.event import Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.keys import display_key, key_of
from kubecheck.traces.order import surely_before
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE, LACKING, LEVEL, MANY, STRANGER, UNORDERED
from kubecheck.traces.rules.roles import role_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_list, as_text
from kubecheck.traces.versions import Change, Record, Step, slim
from kubecheck.traces.workloads import Workloads, is_ready

_BINDING: Final = "pkg/registry/core/pod/storage/storage.go BindingREST.setPodNodeAndMetadata"
_TERMINAL: Final = ("Succeeded", "Failed")
NODE_USER: Final = "system:node:"
_ADMINISTRATORS: Final = frozenset(("system:masters", "kubeadm:cluster-admins"))


def by_administrator(event: Event) -> bool:
    """Did somebody send it who may do anything (kubeadm's admin.conf names the second group)?"""
    return not _ADMINISTRATORS.isdisjoint(event.groups)


class _Bindings:
    """Accepted bindings of the last pods, by uid (or by key where the request names no uid)."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Event] = OrderedDict()

    def put(self, uid: str, event: Event) -> Event | None:
        known = self._known.get(uid)
        if known is None:
            self._known[uid] = event
            if len(self._known) > 20_000:
                self._known.popitem(last=False)
        return known

    def get(self, uid: str) -> Event | None:
        return self._known.get(uid)


def _target(event: Event) -> str | None:
    return as_text(as_dict(as_dict(event.request_object()).get("target")).get("name"))


def _bound_uid(event: Event, record: Record | None) -> str | None:
    return event.precondition_uid or event.uid or (record.uid if record is not None else None)


class BoundOnce(Rule):
    """A pod gets one node."""

    name = "pods.bound-once"
    sentence = "A pod is bound once, and not while it is being deleted; its nodeName is never changed or taken back."
    source = f"{_BINDING} (409 if nodeName or deletionTimestamp is set); pkg/apis/core/validation/validation.go ValidatePodUpdate"
    nothing = "no pod is bound in the log"
    resources = frozenset(("pods",))
    verbs = frozenset(("create",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._bindings = _Bindings()
        self._bound_at: dict[str, int] = {}
        """uid -> the first version with a node."""

    def placed(self, event: Event, record: Record | None) -> None:
        """An accepted binding."""
        if event.resource != "pods" or event.subresource != "binding" or event.verb != "create" or not event.ok or event.dry_run:
            return
        uid = _bound_uid(event, record)
        if uid is None or record is None:
            self.cannot_tell(BEFORE)
            return
        self.judge()
        going = next((version for version in record.versions if version.event.kind is Kind.REQUEST and version.meta is not None
                      and version.uid == uid and version.meta.deletion_timestamp is not None
                      and surely_before(version.event, event)), None)
        if going is not None:
            self.violated(f"{record} was bound although it was being deleted", [record.key], (event, f"to {_target(event)}"),
                          (going.event, "was being deleted before"))
        known = self._bindings.put(uid, event)
        if known is not None and known is not event:
            self.violated(f"{record} was bound twice", [record.key], (event, f"to {_target(event)}"), (known, f"to {_target(known)}"))
            return
        target, pod = _target(event), self.workloads.pods.get(uid)
        if target is None or pod is None or pod.node is None:
            return
        last = record.last
        if pod.node != target:
            self.violated(f"{record} was bound to {target} and runs on {pod.node}", [record.key],
                          event, *([last.event] if last is not None else []))
            return
        early = next((version for version in record.versions if version.event.kind is Kind.REQUEST
                      and surely_before(version.event, event) and version.number == self._bound_at.get(uid)), None)
        if early is not None:
            self.violated(f"a binding of {record} succeeded although it had a node before", [record.key],
                          (event, f"to {target}"), (early.event, f"on {pod.node} before"))

    def step(self, step: Step) -> None:
        """nodeName before and after."""
        record, after = step.record, step.after
        if record.key[1] != "pods" or record.key[0] != "" or after.uid is None:
            return
        body = after.body
        if body is None or not body.tells("spec"):
            return
        node = as_text(as_dict(body.get("spec")).get("nodeName"))
        pod = self.workloads.pods.get(after.uid)
        if node and (pod is None or pod.node is None):
            self._bound_at[after.uid] = after.number
        if len(self._bound_at) > 20_000:
            self._bound_at.pop(next(iter(self._bound_at)))
        if pod is None or pod.node is None:
            binding = self._bindings.get(after.uid)
            if binding is not None and node:
                self.judge()
                target = _target(binding)
                if target is not None and target != node:
                    self.violated(f"{record} was bound to {target} and has the node {node}", [record.key], after.event, binding)
            return
        self.judge()
        if node != pod.node:
            self.violated(
                f"the node of {record} changed from {pod.node} to {node or 'none'}", [record.key],
                after.event, *([step.before.event] if step.before is not None else []),
            )


class Binder(Rule):
    """Who binds."""

    name = "pods.bound-by-scheduler"
    sentence = (
        "A pod of default-scheduler is bound by system:kube-scheduler, or by somebody whose role is not of the default policy."
    )
    source = (
        "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go clusterRoles (system:kube-scheduler); "
        "pkg/scheduler/framework/plugins/defaultbinder/default_binder.go DefaultBinder.Bind"
    )
    nothing = "no pod is bound in the log"
    resources = frozenset(("pods",))
    verbs = frozenset(("create",))

    def placed(self, event: Event, record: Record | None) -> None:
        """The user of an accepted binding."""
        if event.resource != "pods" or event.subresource != "binding" or event.verb != "create" or not event.ok or event.dry_run:
            return
        last = record.last if record is not None else None
        if record is None or last is None:
            self.cannot_tell(BEFORE)
            return
        body = last.body
        scheduler = as_text(as_dict(as_dict(body).get("spec")).get("schedulerName")) if body is not None else None
        if scheduler is None:
            self.cannot_tell(LEVEL)
            return
        if scheduler != "default-scheduler":
            self.cannot_tell("the pod has a scheduler of its own")
            return
        if event.user != "system:kube-scheduler" and role_of(event) is None:
            self.cannot_tell(STRANGER)
            return
        self.judge()
        if event.user != "system:kube-scheduler":
            self.violated(f"{record}, a pod of {scheduler}, was bound by {event.user}", [record.key], event, last.event)


class NodeExists(Rule):
    """Bound to a node that is there."""

    name = "pods.bound-to-a-node"
    sentence = "A pod is bound to a node that exists."
    source = "pkg/scheduler/backend/cache/cache.go UpdateSnapshot; the API server itself does not check it"
    nothing = "no pod is bound in the log"
    resources = frozenset(("pods", "nodes"))
    verbs = frozenset(("create",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._unseen: dict[str, list[_Unseen]] = {}
        """Node -> the bindings to it that were met before it."""
        self._unseen_count = 0

    def placed(self, event: Event, record: Record | None) -> None:
        """The target of an accepted binding."""
        if event.resource != "pods" or event.subresource != "binding" or event.verb != "create" or not event.ok or event.dry_run:
            return
        target = _target(event)
        if target is None:
            self.cannot_tell(LEVEL)
            return
        node = self.history.records.get(("", "nodes", "", target))
        pod = key_of(event)
        keys = (display_key(pod) if pod is not None else f"a pod in {event.namespace}", f"nodes/{target}")
        if node is None:
            if target in self.history.header_nodes:
                self.judge()
            elif not self.history.complete or not self.history.covered(("", "nodes", "", "")):
                self.cannot_tell(BEFORE)
            elif self._unseen_count >= _UNSEEN:
                self.cannot_tell(MANY)
            else:
                # a version that is out of order makes the binding stand before what was answered earlier: the node may yet come
                last = record.last if record is not None else None
                self._unseen_count += 1
                self._unseen.setdefault(target, []).append((slim(event), slim(last.event) if last is not None else None, keys))
            return
        self.judge()
        gone = node.removed_by
        if node.exists is False and gone is not None and surely_before(gone, event) and not self.history.may_have_come(node.key):
            if _seconds_between(gone, event) > SCHEDULER_LAG:
                self.violated(f"{keys[0]} was bound to {target}, which had been removed", keys, event, gone)
            else:
                self.cannot_tell("the node was removed just before: the scheduler may not have seen it")

    def step(self, step: Step) -> None:
        """A node comes after bindings to it."""
        key, made = step.record.key, step.after
        if not self._unseen or key[:2] != ("", "nodes"):
            return
        for event, _, keys in self._unseen.pop(key[3], ()):
            if made.change is not Change.CREATE or made.event.kind is not Kind.REQUEST:
                self.cannot_tell(LACKING)  # its creation is not in the log, so neither is when that was
            elif surely_before(event, made.event):
                self.judge()
                self.violated(f"{keys[0]} was bound to {key[3]} before there was such a node", keys, event, (made.event, "created later"))
            elif surely_before(made.event, event):
                self.judge()  # the order of versions is broken; the times are not
            else:
                self.cannot_tell(UNORDERED)

    def concluded(self, provenance: Provenance) -> None:
        """Nodes that never came."""
        for target, bindings in self._unseen.items():
            for event, pod, keys in bindings:
                if not provenance.has_all or not self.history.covered(("", "nodes", "", "")):
                    self.cannot_tell(MANY if provenance.lossy else BEFORE)
                    continue
                self.judge()
                self.violated(f"{keys[0]} was bound to {target}: there never was such a node", keys, event,
                              *([pod] if pod is not None else []))
        self._unseen.clear()


_Unseen: TypeAlias = tuple[Event, Event | None, tuple[str, str]]
"""The binding, the last that was known of the pod, and both objects."""
_UNSEEN: Final = 10_000


SCHEDULER_LAG: Final = 60.0
"""Seconds after which the scheduler has seen that a node is gone."""


def _seconds_between(first: Event, second: Event) -> float:
    if first.completed is None or second.received is None:
        return 0.0
    return (second.received - first.completed) / 1e6


class StatusWriter(Rule):
    """Who writes a pod's status."""

    name = "pods.status-by-its-kubelet"
    sentence = (
        "A kubelet writes the status of pods on its own node only, and deletes no others; besides it only controllers that fail or "
        "mark pods write it."
    )
    source = (
        "plugin/pkg/admission/noderestriction/admission.go admitPodStatus, admitPod; "
        "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go buildControllerRoles (pods/status)"
    )
    nothing = "no pod status is written in the log"
    resources = frozenset(("pods",))
    verbs = frozenset(("create",))

    _OTHERS: Final = frozenset((
        "system:serviceaccount:kube-system:node-controller",  # marks pods of dead nodes not ready
        "system:serviceaccount:kube-system:pod-garbage-collector",  # fails orphaned pods before it deletes them
        "system:serviceaccount:kube-system:resource-claim-controller",
        "system:serviceaccount:kube-system:taint-eviction-controller",  # DisruptionTarget
        "system:serviceaccount:kube-system:disruption-controller",
        "system:serviceaccount:kube-system:device-taint-eviction-controller",
        "system:kube-controller-manager",
        "system:kube-scheduler",  # PodScheduled, nominatedNodeName, preemption
        "system:apiserver",
    ))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._bound: OrderedDict[str, tuple[str, Event]] = OrderedDict()
        """uid -> the node of a pod and what said so first: its binding, or a version with that node."""

    def placed(self, event: Event, record: Record | None) -> None:
        """Remembers an accepted binding."""
        if event.resource == "pods" and event.subresource == "binding" and event.ok and not event.dry_run:
            self._says(_bound_uid(event, record), _target(event), event)

    def step(self, step: Step) -> None:
        """Remembers a version with a node."""
        if step.record.key[:2] == ("", "pods") and step.record.uid not in self._bound:
            self._says(step.record.uid, as_text(as_dict(as_dict(step.after.body).get("spec")).get("nodeName")), step.after.event)

    def _says(self, uid: str | None, node: str | None, event: Event) -> None:
        if uid is None or not node or uid in self._bound:
            return
        self._bound[uid] = (node, slim(event))
        if len(self._bound) > _PODS_GONE:
            self._bound.popitem(last=False)

    def before_write(self, event: Event, record: Record | None) -> None:
        """A write of the status that changed something."""
        if event.resource != "pods" or event.group != "":
            return
        user = event.user or ""
        if event.verb == "delete" and event.subresource == "" and user.startswith(NODE_USER):
            self._on_its_node(event, record, user, "deleted")
            return
        if event.subresource != "status" or event.verb not in ("update", "patch"):
            return
        if not user.startswith(NODE_USER):
            if user not in self._OTHERS and role_of(event) is None:
                self.cannot_tell(STRANGER)
                return
            self.judge()
            if user not in self._OTHERS:
                self.violated(f"{user} wrote the status of {record or event.name}", [record.key if record is not None else ""],
                              event, *([record.last.event] if record is not None and record.last is not None else []))
            return
        self._on_its_node(event, record, user, "wrote the status of")

    def _on_its_node(self, event: Event, record: Record | None, user: str, did: str) -> None:
        body = as_dict(self.history.body_of(event))
        node = as_text(as_dict(body.get("spec")).get("nodeName"))
        if node is None:
            pod = self.workloads.pods.get(event.uid or "")
            node = pod.node if pod is not None else None
        if node is None:
            self.cannot_tell(LEVEL if not body else "the pod's node is not told")
            return
        self.judge()
        if user != NODE_USER + node:
            on, told = self._bound.get(event.uid or "", ("", None))
            self.violated(f"{user} {did} {record or event.name}, which is on node {node}",
                          [record.key if record is not None else ""], event,
                          *([(told, f"bound to {node}")] if told is not None and on == node else []))


class TerminalPhase(Rule):
    """Succeeded and Failed are final."""

    name = "pods.terminal-phase"
    sentence = "A pod that has succeeded or failed stays so, and no container of it runs again."
    source = (
        "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/; "
        "pkg/kubelet/status/status_manager.go updateStatusInternal, checkContainerStateTransition"
    )
    nothing = "no pod ended in the log"
    resources = frozenset(("pods",))

    def step(self, step: Step) -> None:
        """The phase before and after."""
        record, before, after = step.record, step.before, step.after
        if record.key[1] != "pods" or record.key[0] != "" or before is None or after.uid is None:
            return
        pod = self.workloads.pods.get(after.uid)
        if pod is None or pod.phase not in _TERMINAL:
            return
        body = after.body
        if body is None or not body.tells("status"):
            return
        self.judge()
        phase = as_text(as_dict(body.get("status")).get("phase"))
        if phase != pod.phase:
            self.violated(f"{record} had ended ({pod.phase}) and is {phase}", [record.key], after.event, before.event)
            return
        old = before.body
        if old is None or not (before.event.user or "").startswith(NODE_USER):
            return  # others end pods without asking whether their containers have
        ended = {name for name, state in _containers(old) if "terminated" in state}
        running = [name for name, state in _containers(body) if name in ended and "running" in state]
        if running:
            self.violated(f"container {running[0]} of {record} runs again; the pod had ended ({pod.phase})", [record.key],
                          after.event, before.event)


def _containers(body: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    told = [as_dict(one) for one in as_list(as_dict(body.get("status")).get("containerStatuses"))]
    return [(str(one.get("name")), as_dict(one.get("state"))) for one in told]


class Deleted(Rule):
    """What is gone does not run."""

    name = "pods.deleted-not-seen-running"
    sentence = "After a pod was removed nothing tells of it again: no status of its uid is accepted, nor delivered."
    every_write = True
    source = (
        "pkg/kubelet/status/status_manager.go syncPod (patch with uid); "
        "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go Update"
    )
    nothing = "no pod is removed in the log"
    resources = frozenset(("pods",))

    verbs = frozenset(("delete",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._gone: OrderedDict[str, tuple[Record, Event]] = OrderedDict()
        self._confirmed: dict[str, Event] = {}
        """uid -> the request that removed a pod of which a stream told it first."""
        self._again: list[tuple[Record, Event, str, int, Event]] = []
        """Pods that a stream told gone, and that are told of again: record, what told it gone, uid, version and event of the other."""

    def removed(self, record: Record, event: Event) -> None:
        """Remembers the uid of a pod that went."""
        if record.key[1] != "pods" or record.key[0] != "" or record.uid is None:
            return
        self.judge()
        if event.response is not None or event.request is not None:
            event = record.removed_by or event
        self._gone[record.uid] = (record, event)
        if len(self._gone) > _PODS_GONE:
            uid, _ = self._gone.popitem(last=False)
            self._confirmed.pop(uid, None)

    def placed(self, event: Event, record: Record | None) -> None:
        """A request that removed a pod, if a stream has told it gone before."""
        if event.resource != "pods" or event.group != "" or event.uid is None or event.uid not in self._gone:
            return
        if effect_of(event) is Effect.REMOVE:
            self._confirmed[event.uid] = slim(event)

    def step(self, step: Step) -> None:
        """A new version with the uid of a pod that is gone."""
        uid = step.after.uid
        if step.record.key[1] != "pods" or uid is None or step.after.change is Change.REMOVE:
            return
        if uid not in self._gone:
            return
        record, event = self._gone[uid]
        if event.version is not None and event.version >= step.after.number:
            return
        if event.kind is Kind.DELIVERY:
            if len(self._again) < _PODS_GONE:
                self._again.append((record, event, uid, step.after.number, slim(step.after.event)))
            return
        if event.version is None and not surely_before(event, step.after.event):
            return
        self.violated(f"{record} (uid {uid}) was removed and is told of again", [record.key], step.after.event, event)

    def finished(self) -> None:
        """Pods that a stream told gone: DELETED also tells that a pod left a selection, so a request must have removed it before."""
        for record, gone, uid, number, again in self._again:
            removal = self._confirmed.get(uid)
            if removal is None or not (
                surely_before(removal, again) if again.kind is Kind.REQUEST
                else (removal.version or number) <= (gone.version or 0) < number
            ):
                self.cannot_tell("a stream told it gone: the pod may only have left what the stream was asked for")
                continue
            self.violated(f"{record} (uid {uid}) was removed and is told of again", [record.key], again, gone, removal)


_PODS_GONE: Final = 20_000


class Identity(Rule):
    """One pod a StatefulSet ordinal."""

    name = "pods.one-per-identity"
    sentence = "A StatefulSet's pod is named for its ordinal, and no two live pods have the same identity."
    source = (
        "pkg/controller/statefulset/stateful_set_utils.go getPodName, getParentNameAndOrdinal, isMemberOf, "
        "initIdentity, updateIdentity; the name is the lock"
    )
    nothing = "no pod of a StatefulSet in the log"
    resources = frozenset(("pods",))

    def step(self, step: Step) -> None:
        """A pod of a StatefulSet: its name against its owner's, its labels against those of others."""
        record, after = step.record, step.after
        meta = after.meta
        if record.key[1] != "pods" or record.key[0] != "" or meta is None or after.change not in (Change.CREATE, Change.SEEN):
            return
        owner = meta.controller
        if owner is None or owner.kind != "StatefulSet":
            return
        self.judge()
        name = record.key[3]
        stem, _, ordinal = name.rpartition("-")
        if stem != owner.name or not ordinal.isdigit():
            self.violated(f"{record} is owned by StatefulSet {owner.name} and is not named for one of its ordinals",
                          [record.key], after.event)
        labels = meta.labels or {}
        if after.change is Change.CREATE and after.event.user == _SET_CONTROLLER and (
            labels.get(_INDEX, ordinal) != ordinal or labels.get(_POD_NAME, name) != name
        ):
            self.violated(f"{record} was created with the labels of another ordinal ({labels.get(_POD_NAME)}, "
                          f"index {labels.get(_INDEX)})", [record.key], after.event)
        identity = labels.get(_INDEX, ordinal)
        for other in self.workloads.of_owner.get(owner.uid, {}).values():
            if other.uid == meta.uid or other.gone or other.key == record.key:
                continue
            if other.labels.get(_INDEX, other.key[3].rpartition("-")[2]) == identity:
                self.violated(f"{record} and {other.key[3]} live with the same ordinal {identity}", [record.key, other.key],
                              after.event, *([other.created] if other.created is not None else []))


_SET_CONTROLLER: Final = "system:serviceaccount:kube-system:statefulset-controller"
_INDEX: Final = "apps.kubernetes.io/pod-index"
_POD_NAME: Final = "statefulset.kubernetes.io/pod-name"


class Readiness(Rule):
    """A ready pod runs."""

    name = "pods.ready-runs"
    sentence = "A pod is Ready only while it is Running, has a node, and after it was bound."
    source = "pkg/kubelet/status/generate.go GeneratePodReadyCondition, GenerateContainersReadyCondition"
    nothing = "no pod is ready in the log"
    resources = frozenset(("pods",))

    def step(self, step: Step) -> None:
        """The conditions of one version."""
        record, after = step.record, step.after
        if record.key[1] != "pods" or record.key[0] != "":
            return
        body = after.body
        if body is None or not body.tells("spec"):
            return
        status = as_dict(body.get("status"))
        if not is_ready(status):
            return
        self.judge()
        phase, node = as_text(status.get("phase")), as_text(as_dict(body.get("spec")).get("nodeName"))
        if phase != "Running" or not node:
            self.violated(f"{record} is Ready while its phase is {phase} and its node {node or 'none'}", [record.key],
                          after.event, *([step.before.event] if step.before is not None else []))


RULES: tuple[type[Rule], ...] = (
    BoundOnce, Binder, NodeExists, StatusWriter, TerminalPhase, Deleted, Identity, Readiness,
)
