"""Rules of nodes: who writes their status, leases, taints and evictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kubecheck.traces.event import Event
from kubecheck.traces.history import History
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE, LACKING, LEVEL, STRANGER
from kubecheck.traces.rules.contents import written_between
from kubecheck.traces.rules.pods import NODE_USER, by_administrator
from kubecheck.traces.rules.roles import role_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_list, as_text
from kubecheck.traces.versions import Record, Step
from kubecheck.traces.workloads import Workloads

_LIFECYCLE: Final = "pkg/controller/nodelifecycle/node_lifecycle_controller.go"
_RESTRICTION: Final = "plugin/pkg/admission/noderestriction/admission.go"
_CONTROLLERS: Final = ("system:serviceaccount:kube-system:node-controller", "system:kube-controller-manager")
_KUBERNETES_TAINTS: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class NodeWriter(Rule):
    """Who writes a node."""

    name = "nodes.own-kubelet"
    sentence = (
        "A kubelet creates and changes its own Node object only, without its taints, and of the status of nodes only its own."
    )
    every_write = True
    source = f"{_RESTRICTION} admitNode (taints: of an update)"
    nothing = "no node is written by a kubelet in the log"
    resources = frozenset(("nodes",))

    def before_write(self, event: Event, record: Record | None) -> None:
        """A write of a node by a kubelet."""
        if event.resource != "nodes" or event.group != "":
            return
        user = event.user or ""
        if event.subresource == "status" and not user.startswith(NODE_USER):
            if user not in (*_CONTROLLERS, *_STATUS) and role_of(event) is None:
                self.cannot_tell(STRANGER)
                return
            self.judge()
            if user not in (*_CONTROLLERS, *_STATUS):
                self.violated(f"{user} wrote the status of node {event.name}", [f"nodes/{event.name}"], event,
                              *([record.last.event] if record is not None and record.last is not None else []))
            return
        if not user.startswith(NODE_USER):
            return
        self.judge()
        if user != f"{NODE_USER}{event.name}":
            self.violated(f"{user} wrote node {event.name}", [f"nodes/{event.name}"], event,
                          *([record.last.event] if record is not None and record.last is not None else []))

    def step(self, step: Step) -> None:
        """Taints before and after a kubelet's write: it sets them when it registers its node, and never again."""
        before, event = step.before, step.after.event
        if step.record.key[:2] != ("", "nodes") or before is None or not step.exact or not (event.user or "").startswith(NODE_USER):
            return
        old, new = before.body, step.after.body
        if old is None or new is None or event.verb not in ("update", "patch") or not (old.tells("spec") and new.tells("spec")):
            return
        self.judge()
        if as_list(as_dict(old.get("spec")).get("taints")) != as_list(as_dict(new.get("spec")).get("taints")):
            if written_between(step):
                self.cannot_tell(LACKING)
                return
            self.presumed(keeps_taints, f"{event.user} changed the taints of {step.record}", [step.record.key], event, before.event)


_STATUS: Final = (
    "system:serviceaccount:kube-system:attachdetach-controller",
    "system:serviceaccount:kube-system:route-controller",
    "system:serviceaccount:kube-system:cloud-node-controller",
    "system:cloud-controller-manager",
)


class NodeLease(Rule):
    """Leases of nodes."""

    name = "nodes.lease-holder"
    sentence = "The lease of a node in kube-node-lease is written and held by that node's kubelet only."
    source = f"{_RESTRICTION} admitLease; pkg/kubelet/kubelet.go NewMainKubelet (lease.NewController)"
    nothing = "no node lease in the log"
    resources = frozenset(("leases",))

    def before_write(self, event: Event, record: Record | None) -> None:
        """A write of a lease of a node."""
        if event.resource != "leases" or event.namespace != "kube-node-lease" or event.verb == "delete":
            return
        user = event.user or ""
        if by_administrator(event):
            self.cannot_tell("written by an administrator")
            return
        if role_of(event) is None:
            self.cannot_tell(STRANGER)
            return
        self.judge()
        others = [record.last.event] if record is not None and record.last is not None else []
        if user != f"{NODE_USER}{event.name}":
            self.violated(f"{user} wrote the lease of node {event.name}", [f"leases/kube-node-lease/{event.name}"], event, *others)
            return
        holder = as_text(as_dict(as_dict(self.history.body_of(event)).get("spec")).get("holderIdentity"))
        if holder is not None and holder != event.name:
            self.violated(f"the lease of node {event.name} is held by {holder}", [f"leases/kube-node-lease/{event.name}"],
                          event, *others)


class Taints(Rule):
    """not-ready and unreachable."""

    name = "nodes.taints"
    sentence = (
        "not-ready and unreachable are put on a node by the node controller (not-ready by the API server at "
        "registration), and only "
        "on a node whose Ready condition was not True."
    )
    every_write = True
    source = (
        f"{_LIFECYCLE} processTaintBaseEviction, doNoExecuteTaintingPass, doNoScheduleTaintingPass; "
        "plugin/pkg/admission/nodetaint/admission.go addNotReadyTaint"
    )
    nothing = "no node is tainted in the log"
    resources = frozenset(("nodes",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._unready: set[str] = set()
        """Nodes of which some version in the log was not ready."""
        self._before: dict[str, frozenset[str]] = {}

    def step(self, step: Step) -> None:
        """Taints before and after, conditions so far."""
        record, after = step.record, step.after
        if record.key[1] != "nodes" or record.key[0] != "":
            return
        body = after.body
        name = record.key[3]
        if body is None or not body.tells("spec", "status"):
            self._unready.add(name)  # it may have been
            self._before.pop(name, None)
            return
        taints = frozenset(f"{taint.get('key')}:{taint.get('effect')}" for taint in as_list(as_dict(body.get("spec")).get("taints"))
                           if isinstance(taint, dict) and taint.get("key") in _KUBERNETES_TAINTS)
        known = self._before.get(name) if step.before is not None else None  # a node registered again is another one
        self._before[name] = taints
        ready = ready_condition(body)
        if ready != "True":
            self._unready.add(name)
        if known is None:
            return
        added = taints - known
        if not added:
            return
        event = after.event
        user = event.user
        if user is not None and role_of(event) is None and user not in _CONTROLLERS:
            self.cannot_tell(STRANGER)
            return
        self.judge()
        others = [step.before.event] if step.before is not None else []
        if user is not None and user not in _CONTROLLERS:
            self.violated(f"{user} put {', '.join(sorted(added))} on node {name}", [record.key], event, *others)
        elif name not in self._unready:
            self.violated(f"node {name} got {', '.join(sorted(added))} although it was ready in every version before",
                          [record.key], event, *others)


class Evictions(Rule):
    """Pods deleted for their node."""

    name = "nodes.evictions"
    sentence = "The node controller deletes a pod only from a node that is, or was, tainted NoExecute, or that is gone."
    source = "pkg/controller/tainteviction/taint_eviction.go processPodOnNode, addConditionAndDeletePod"
    nothing = "no pod was evicted in the log"
    every_write = True
    resources = frozenset(("nodes", "pods"))
    verbs = frozenset(("delete",))

    _EVICTORS: Final = frozenset((
        "system:serviceaccount:kube-system:node-controller",
        "system:serviceaccount:kube-system:taint-eviction-controller",
    ))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._tainted: set[str] = set()

    def step(self, step: Step) -> None:
        """Remembers nodes with a NoExecute taint, as far as that is told."""
        if step.record.key[1] != "nodes" or step.record.key[3] in self._tainted:
            return
        body = step.after.body
        if body is None or not body.tells("spec"):
            self._tainted.add(step.record.key[3])  # it may have been
            return
        if any(isinstance(taint, dict) and taint.get("effect") == "NoExecute"
               for taint in as_list(as_dict(as_dict(body).get("spec")).get("taints"))):
            self._tainted.add(step.record.key[3])

    def before_write(self, event: Event, record: Record | None) -> None:
        """A deletion by the node controller that marked the pod."""
        self._judge(event, record)

    def placed(self, event: Event, record: Record | None) -> None:
        """One whose answer has no new version."""
        if event.ok:
            self._judge(event, record)

    def _judge(self, event: Event, record: Record | None) -> None:
        if event.resource != "pods" or event.verb != "delete" or event.user not in self._EVICTORS or event.dry_run:
            return
        pod = self.workloads.pods.get(event.uid or "")
        if pod is None or pod.node is None:
            self.cannot_tell(BEFORE)
            return
        node = self.history.records.get(("", "nodes", "", pod.node))
        if node is None or not self.history.covered(("", "nodes", "", "")):
            self.cannot_tell(LEVEL if node is not None else BEFORE)
            return
        self.judge()
        if pod.node in self._tainted or node.exists is False:
            return
        if not node.from_start:
            return
        last = node.last
        self.presumed(keeps_taints, f"{event.user} deleted {record or event.name} from node {pod.node}, which never was tainted NoExecute",
                      [record.key if record is not None else "", node.key], event, *([last.event] if last is not None else []))


def keeps_taints(provenance: Provenance) -> bool:
    """Does the log keep what the controllers write that taint nodes? What takes a taint off leaves nothing in managedFields."""
    return any(provenance.kept.wrote(user, "", "nodes") for user in _CONTROLLERS)


def ready_condition(body: Mapping[str, Any]) -> str | None:
    """The status of a node's Ready condition: True, False, Unknown, or None if it has none yet."""
    for condition in as_list(as_dict(body.get("status")).get("conditions")):
        if isinstance(condition, dict) and condition.get("type") == "Ready":
            return as_text(condition.get("status"))
    return None


RULES: tuple[type[Rule], ...] = (NodeWriter, NodeLease, Taints, Evictions)
