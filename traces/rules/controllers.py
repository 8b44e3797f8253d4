"""Rules of controllers: who creates what, how much, and in which order.

What a controller had seen is not in any log. So each rule asks whether there is any view, not older than what that process has
proved to have seen by naming a version in a write, from which it could have done what it did. Processes that share a user
(two controller managers) are told apart by their credential; where the log does not tell them apart, nothing is judged.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubecheck.traces.event import Event
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE, NOT_TOLD, STRANGER
from kubecheck.traces.rules.pods import NODE_USER, by_administrator
from kubecheck.traces.rules.roles import role_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_int, as_list, as_text
from kubecheck.traces.versions import Change, Record, Step
from kubecheck.traces.workloads import Pod, Size, Workloads, affine_node, is_ready, process_of

SERVICE_ACCOUNT: Final = "system:serviceaccount:kube-system:"
_MANAGER: Final = "system:kube-controller-manager"
_CREATORS: Final = {
    ("pods", "ReplicaSet"): "replicaset-controller",
    ("pods", "ReplicationController"): "replication-controller",
    ("pods", "StatefulSet"): "statefulset-controller",
    ("pods", "DaemonSet"): "daemon-set-controller",
    ("pods", "Job"): "job-controller",
    ("replicasets", "Deployment"): "deployment-controller",
    ("jobs", "CronJob"): "cronjob-controller",
    ("endpointslices", "Service"): "endpointslice-controller",
    ("controllerrevisions", "StatefulSet"): "statefulset-controller",
    ("controllerrevisions", "DaemonSet"): "daemon-set-controller",
}
_SLICES: Final = "endpointslice-controller.k8s.io"
_MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
_ONE_USER: Final = "the log does not tell processes of one user apart"


class Owner(Rule):
    """Who creates what is owned."""

    name = "controllers.owner"
    every_write = True
    sentence = "What names a controller as its owner was created by that controller, names one only, and the owner existed under that name."
    source = (
        "pkg/controller/controller_utils.go RealPodControl.createPods; "
        "staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go ValidateOwnerReferences; "
        "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go"
    )
    nothing = "nothing with a controller is created in the log"
    resources = frozenset(("pods", "replicasets", "jobs", "endpointslices", "controllerrevisions"))

    def before_write(self, event: Event, record: object) -> None:
        """The user of a creation against the kind of the owner."""
        if event.verb != "create" or event.subresource or event.answer is None or event.answer.controller is None:
            return
        owner = event.answer.controller
        expected = _CREATORS.get((event.resource or "", owner.kind))
        name = "/".join(part for part in (event.resource, event.namespace, event.name) if part)
        if sum(bool(reference.controller) for reference in event.answer.owner_references or ()) > 1:
            self.judge()
            self.violated(f"{name} was created with two owners that are its controller", [name], event)
            return
        if expected is None:
            if owner.kind == "Node" and event.resource == "pods":
                self.judge()
                if event.user != NODE_USER + owner.name:
                    self.violated(f"{name}, a mirror pod of node {owner.name}, was created by {event.user}", [name], event)
            return
        if role_of(event) is None and event.user != _MANAGER:
            # people and operators create in a controller's name: kubectl create job --from (create_job.go createJobWithCronJob)
            self.cannot_tell(STRANGER)
            return
        if event.resource == "endpointslices" and (event.answer.labels or {}).get(_MANAGED_BY) != _SLICES:
            self.cannot_tell("managed by another controller")
            return
        self.judge()
        size = self.workloads.owners.get(owner.uid)
        others = [size.sizes[-1][2]] if size is not None and size.sizes else []
        if size is not None and size.key[3] != owner.name:
            self.violated(f"{name} names {owner.kind} {owner.name} as its controller with the uid of {size.key[3]}", [name, size.key],
                          event, *others)
            return
        if event.user not in (SERVICE_ACCOUNT + expected, _MANAGER):
            self.violated(f"{name} names {owner.kind} {owner.name} as its controller and was created by {event.user}, not by "
                          f"the {expected}", [name], event, *others)
            return
        resource = _SIZED.get(owner.kind)
        named = self.history.records.get((*resource, event.namespace, owner.name)) if resource is not None else None
        if size is None and named is not None and named.uid is None:
            self.cannot_tell(NOT_TOLD)
            return
        if size is None and resource is not None and self.history.complete and not self.history.restarts and (
            self.history.covered((*resource, event.namespace, ""))
        ):
            self.presumed(lambda provenance: provenance.has_all and provenance.kept.creations((*resource, "", "")),
                          f"{name} names {owner.kind} {owner.name} (uid {owner.uid}) as its controller: there never was one",
                          [name], event)


_SIZED: Final = {
    "ReplicaSet": ("apps", "replicasets"),
    "StatefulSet": ("apps", "statefulsets"),
    "DaemonSet": ("apps", "daemonsets"),
    "Job": ("batch", "jobs"),
    "Deployment": ("apps", "deployments"),
}


class Creations(Rule):
    """Base of rules on the creation of pods by a controller."""

    owner_kind = ""
    resources = frozenset(("pods",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self.older: list[Pod] = []
        """Active pods that the process created so long ago that it no longer waits for them, and of which it has told nothing."""

    def before_write(self, event: Event, record: object) -> None:
        """Picks creations of pods that name an owner of this kind."""
        if event.resource != "pods" or event.verb != "create" or event.subresource or event.group != "" or event.answer is None:
            return
        owner = event.answer.controller
        if owner is None or owner.kind != self.owner_kind or by_administrator(event):
            return
        size = self.workloads.owners.get(owner.uid)
        if size is None or not size.sizes:
            self.cannot_tell(BEFORE)
            return
        process = process_of(event)
        if process is None:
            self.cannot_tell(_ONE_USER)
            return
        seen = self.workloads.seen_by(process, owner.uid)
        if not size.knows(seen):
            self.cannot_tell(BEFORE)
            return
        own = [pod for pod in self.workloads.of_owner.get(owner.uid, {}).values()
               if pod.active and pod.creator == process and not self.history.may_be_gone(pod.key)]
        old = [pod for pod in own if _forgotten(pod, event)]
        if old and not self._counted(size, process, len(old)):
            own = [pod for pod in own if pod not in old]
            self.older = old
        else:
            self.older = []
        self.created(event, size, own, size.since(seen))

    def _counted(self, size: Size, process: str, number: int) -> bool:
        """Has the process told in its owner's status that it has seen so many pods?"""
        record = self.history.records.get(size.key)
        last = record.last if record is not None else None
        told = max(size.status.get(name, 0) for name in ("replicas", "active", "currentNumberScheduled"))
        return last is not None and process_of(last.event) == process and told >= number

    @staticmethod
    def counts(size: Size, pods: list[Pod]) -> Callable[[Provenance], bool]:
        """What an owner asks for, and that these pods are active, is known only if the log keeps what changes the one and ends the
        others: their kubelets' statuses, and deletions by people and for their node.
        """
        return lambda provenance: provenance.kept.changes(size.key) and (not pods or (
            provenance.kept.any_deletion and provenance.kept.people
            and provenance.kept.wrote(SERVICE_ACCOUNT + "node-controller", "", "nodes")
            and all(provenance.tells_statuses(pod) for pod in pods)
        ))

    def created(self, event: Event, size: Size, own: list[Pod], views: list[Mapping[str, Any]]) -> None:
        """A creation; `own` are the active pods that the same process created, `views` what it may have "
        "read of the owner."""


EXPECTATIONS_TIMEOUT: Final = 300.0
"""Seconds after which a controller no longer waits until its cache has its own creations (controller_utils.go, ExpectationsTimeout)."""
FORGOTTEN: Final = "its own creations are five minutes old: the controller no longer waits until it has seen them"


def _forgotten(pod: Pod, event: Event) -> bool:
    created = pod.created.completed if pod.created is not None else None
    return created is not None and event.received is not None and (event.received - created) / 1e6 > EXPECTATIONS_TIMEOUT


class ReplicaSetSize(Creations):
    """Not too many pods."""

    name = "controllers.replicaset-size"
    every_write = True
    sentence = (
        "A ReplicaSet's controller does not create a pod beyond the replicas that it may have read, its own "
        "pods of the last five minutes, and those that it has counted in the status, counted."
    )
    source = (
        "pkg/controller/replicaset/replica_set.go manageReplicas; pkg/controller/controller_utils.go "
        "ControllerExpectations, ExpectationsTimeout (own creations, for five minutes)"
    )
    nothing = "no pod of a ReplicaSet is created in the log"
    owner_kind = "ReplicaSet"

    def created(self, event: Event, size: Size, own: list[Pod], views: list[Mapping[str, Any]]) -> None:
        """Own active pods and this one against the largest number it may have read."""
        self.judge()
        most = max((as_int(view.get("replicas", 1)) or 0 for view in views), default=0)
        if len(own) + 1 <= most < len(own) + len(self.older) + 1:
            self.cannot_tell(FORGOTTEN)
        elif len(own) + 1 > most:
            last = max(own, key=lambda pod: pod.created.version or 0 if pod.created is not None else 0, default=None)
            self.presumed(
                self.counts(size, own),
                f"replicaset {size.key[3]} asks for {most} and its controller created a pod more: {len(own)} that the same process "
                "created were active",
                [f"pods/{event.namespace}/{event.name}", size.key, *(pod.key for pod in own)], event, size.sizes[-1][2],
                *([last.created] if last is not None and last.created is not None else []),
            )


class DaemonSetNode(Creations):
    """One pod a node."""

    name = "controllers.daemonset-one-per-node"
    every_write = True
    sentence = (
        "A DaemonSet's controller creates one pod for each node that exists, and none beside an active one that it "
        "created itself."
    )
    source = "pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode, manage, syncNodes"
    nothing = "no pod of a DaemonSet is created in the log"
    owner_kind = "DaemonSet"

    def created(self, event: Event, size: Size, own: list[Pod], views: list[Mapping[str, Any]]) -> None:
        """The node of the new pod against those of its own active pods."""
        body = as_dict(self.history.body_of(event))
        node = affine_node(as_dict(body.get("spec")))
        if node is None:
            self.cannot_tell("the pod does not name its node")
            return
        if any(as_dict(as_dict(view.get("updateStrategy")).get("rollingUpdate")).get("maxSurge") not in (None, 0, "0%")
               for view in views):
            self.cannot_tell("maxSurge allows two pods on a node")
            return
        self.judge()
        if self.history.complete and self.history.covered(("", "nodes", "", "")) and node not in self.history.header_nodes and (
            ("", "nodes", "", node) not in self.history.records and not self.history.restarts
        ):
            self.presumed(lambda provenance: provenance.has_all and provenance.kept.creations(("", "nodes", "", "")),
                          f"daemonset {size.key[3]} got a pod for node {node}: there never was such a node",
                          [f"pods/{event.namespace}/{event.name}", size.key], event, size.sizes[-1][2])
            return
        if any(node in (pod.node, pod.scheduled_to) for pod in self.older):
            self.cannot_tell(FORGOTTEN)
        for pod in own:
            if node in (pod.node, pod.scheduled_to):
                self.presumed(self.counts(size, [pod]),
                              f"daemonset {size.key[3]} got a second pod for node {node}: {pod.key[3]} is active there",
                              [f"pods/{event.namespace}/{event.name}", pod.key], event,
                              *([pod.created] if pod.created is not None else []))


class StatefulSetOrder(Rule):
    """Ordinals in order."""

    name = "controllers.statefulset-order"
    every_write = True
    sentence = (
        "An OrderedReady StatefulSet's pod is created after every pod of a lower ordinal has been ready, "
        "within its replicas; its controller deletes no pod within its replicas that has neither ended nor is of an old revision."
    )
    source = "pkg/controller/statefulset/stateful_set_control.go updateStatefulSet, processReplica, processCondemned"
    nothing = "no pod of an OrderedReady StatefulSet is created in the log"
    resources = frozenset(("pods",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._ready: set[tuple[str, str]] = set()
        """(uid of the set, pod name) of which a version was ready."""

    def before_write(self, event: Event, record: Record | None) -> None:
        """A deletion by the controller: of a pod that it cannot want to be without."""
        if event.verb != "delete" or event.resource != "pods" or event.user != SERVICE_ACCOUNT + "statefulset-controller":
            return
        pod = self.workloads.pods.get(event.uid or "")
        if pod is None or pod.owner is None or pod.deleting or pod.phase not in ("Pending", "Running"):
            return
        size, process = self.workloads.owners.get(pod.owner[2]), process_of(event)
        latest = self.history.records.get(size.key) if size is not None else None
        if size is None or process is None or latest is None or latest.last is None:
            self.cannot_tell(_ONE_USER if process is None else BEFORE)
            return
        seen = self.workloads.seen_by(process, size.uid)
        text, body = pod.key[3].rpartition("-")[2], latest.last.body
        told = as_dict(as_dict(body).get("status"))
        # deletions name no uid: one meant for the pod's predecessor, of which the process knows only, would hit it too
        if not text.isdigit() or pod.creator != process or not size.knows(seen) or process_of(latest.last.event) != process or (
            told.get("observedGeneration") != latest.last.generation
        ):
            self.cannot_tell("what the controller had read of its StatefulSet is not told")
            return
        revision = pod.labels.get("controller-revision-hash")
        if revision is None or told.get("currentRevision") != revision or told.get("updateRevision") != revision:
            return
        self.judge()
        if all(self._wanted(view, int(text)) for view in size.since(seen)):
            self.violated(f"statefulset {size.key[3]} deleted {pod.key[3]}, which is {pod.phase}, of its only revision "
                          "and within its replicas", [pod.key, size.key], event, size.sizes[-1][2])

    def _readiness_told(self, other: Record | None, provenance: Provenance) -> bool:
        """Does the log keep what tells that this pod is ready?"""
        if other is None:
            return provenance.lossless
        pod = self.workloads.pods.get(other.uid or "")
        return pod is not None and provenance.tells_statuses(pod)

    @staticmethod
    def _wanted(view: Mapping[str, Any], ordinal: int) -> bool:
        start = as_int(as_dict(view.get("ordinals")).get("start")) or 0
        return start <= ordinal < start + (as_int(view.get("replicas", 1)) or 0)

    def step(self, step: Step) -> None:
        """Remembers what was ready; judges creations."""
        record, after = step.record, step.after
        meta = after.meta
        if record.key[1] != "pods" or record.key[0] != "" or meta is None:
            return
        owner = meta.controller
        if owner is None or owner.kind != "StatefulSet":
            return
        body = after.body
        if body is not None and is_ready(as_dict(body.get("status"))):
            self._ready.add((owner.uid, record.key[3]))
        if after.change is not Change.CREATE:
            return
        size = self.workloads.owners.get(owner.uid)
        if size is None or not size.sizes:
            self.cannot_tell(BEFORE)
            return
        if size.spec.get("podManagementPolicy") == "Parallel":
            return
        stem, _, text = record.key[3].rpartition("-")
        if not text.isdigit():
            return
        if len({as_int(as_dict(spec.get("ordinals")).get("start")) or 0 for _, spec, _ in size.sizes}) > 1:
            self.cannot_tell("ordinals.start changed")
            return
        self.judge()
        ordinal, start = int(text), as_int(as_dict(size.spec.get("ordinals")).get("start")) or 0
        most = max((as_int(spec.get("replicas", 1)) or 0) for _, spec, _ in size.sizes)
        if ordinal >= start + most:
            self.violated(f"{record} was created; statefulset {owner.name} asks for {most} replicas", [record.key, size.key],
                          after.event, size.sizes[-1][2])
            return
        for lower in range(start, ordinal):
            name = f"{stem}-{lower}"
            if (owner.uid, name) in self._ready:
                continue
            other = self.history.records.get(("", "pods", record.key[2], name))
            if other is not None and not other.from_start:
                self.cannot_tell(BEFORE)
                continue
            lower_pod = self.workloads.pods.get(other.uid or "") if other is not None else None
            if other is not None and (lower_pod is None or lower_pod.gaps):
                self.cannot_tell(NOT_TOLD)
                continue
            self.presumed(
                functools.partial(self._readiness_told, other),
                f"{record} was created before {name} had been ready" if other is not None else
                f"{record} was created and {name} never was",
                [record.key, size.key], after.event,
                *([other.last.event] if other is not None and other.last is not None else []), size.sizes[-1][2],
            )


class RollingUpdate(Rule):
    """maxSurge and maxUnavailable."""

    name = "controllers.rolling-update"
    every_write = True
    sentence = (
        "The deployment controller never asks for more than replicas + maxSurge over all ReplicaSets of a "
        "Deployment, nor for fewer "
        "than replicas - maxUnavailable, whichever of the versions that it may have read it went by."
    )
    source = (
        "pkg/controller/deployment/rolling.go reconcileNewReplicaSet, reconcileOldReplicaSets; "
        "pkg/controller/deployment/sync.go scale; "
        "pkg/controller/deployment/util/deployment_util.go NewRSNewReplicas, ResolveFenceposts"
    )
    nothing = "no ReplicaSet of a Deployment is scaled in the log"
    resources = frozenset(("replicasets",))

    def before_write(self, event: Event, record: object) -> None:
        """A write of a ReplicaSet's spec by the deployment controller."""
        if event.resource != "replicasets" or event.group != "apps" or event.subresource or event.verb not in ("create", "update"):
            return
        if event.user not in (SERVICE_ACCOUNT + "deployment-controller", _MANAGER) or event.answer is None:
            return
        owner = event.answer.controller
        if owner is None or owner.kind != "Deployment" or event.answer.uid is None:
            return
        deployment = self.workloads.owners.get(owner.uid)
        if deployment is None or not deployment.sizes:
            self.cannot_tell(BEFORE)
            return
        process = process_of(event)
        if process is None:
            self.cannot_tell(_ONE_USER)
            return
        after = as_int(as_dict(as_dict(self.history.body_of(event)).get("spec")).get("replicas"))
        if after is None:
            return
        mine = self.workloads.owners.get(event.answer.uid)
        before = as_int(mine.spec.get("replicas")) or 0 if mine is not None else 0
        if after == before:
            return
        seen_by = self.workloads.seen_by
        siblings_of = [size for size in self.workloads.children.get(owner.uid, {}).values()
                       if size.uid != event.answer.uid and not size.removed]
        if not all(size.knows(seen_by(process, size.uid)) for size in (deployment, *siblings_of)):
            self.cannot_tell(BEFORE)
            return
        views = deployment.since(seen_by(process, owner.uid))
        # of one that was adopted or released it is not told whether the controller counted it
        siblings = [(size.since(seen_by(process, size.uid)) or [{}]) + ([{"replicas": 0}] if size.moved else []) for size in siblings_of]
        keys: list[Key | str] = [f"replicasets/{event.namespace}/{event.name}", deployment.key]
        limits = [bounds(view) for view in views]
        self.judge()
        if after > before:
            least = after + sum(min(as_int(view.get("replicas")) or 0 for view in sibling) for sibling in siblings)
            most = max(high for high, _ in limits)
            if least > most:
                self.violated(f"the ReplicaSets of deployment {deployment.key[3]} are asked for {least} pods; replicas and maxSurge "
                              f"allow {most}", keys, event, deployment.sizes[-1][2],
                              *([mine.sizes[-1][2]] if mine is not None and mine.sizes else []))
            return
        if any(as_dict(view.get("strategy")).get("type") == "Recreate" or view.get("paused") for view in views):
            self.cannot_tell("Recreate, or paused")
            return
        highest = after + sum(max(as_int(view.get("replicas")) or 0 for view in sibling) for sibling in siblings)
        least_allowed = min(low for _, low in limits)
        if highest < least_allowed:
            self.violated(f"the ReplicaSets of deployment {deployment.key[3]} are asked for {highest} pods only; replicas and "
                          f"maxUnavailable demand {least_allowed}", keys, event, deployment.sizes[-1][2],
                          *([mine.sizes[-1][2]] if mine is not None and mine.sizes else []))


def bounds(spec: Mapping[str, Any]) -> tuple[int, int]:
    """The most and the fewest pods that a Deployment's spec allows during an update (ResolveFenceposts)."""
    replicas = as_int(spec.get("replicas", 1)) or 0
    strategy = as_dict(spec.get("strategy"))
    if strategy.get("type") == "Recreate":
        return replicas, 0
    rolling = as_dict(strategy.get("rollingUpdate"))
    surge = _share(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return replicas + surge, max(0, replicas - unavailable)


def _share(value: Any, of: int, *, up: bool) -> int:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        exact = int(value[:-1]) * of / 100
        return math.ceil(exact) if up else math.floor(exact)
    return as_int(value) or 0


class Endpoints(Rule):
    """What EndpointSlices and Endpoints hold."""

    name = "controllers.endpoints"
    every_write = True
    sentence = "An endpoint is the address of its pod, and is called ready only if that pod has been ready."
    source = (
        "staging/src/k8s.io/endpointslice/utils.go podToEndpoint; "
        "pkg/controller/endpoint/endpoints_controller.go podToEndpointAddressForService, addEndpointSubset"
    )
    nothing = "no endpoint of a pod in the log"
    resources = frozenset(("endpointslices", "endpoints"))

    def step(self, step: Step) -> None:
        """Each endpoint of a new version."""
        record, after = step.record, step.after
        if record.key[1] not in ("endpointslices", "endpoints") or after.change is Change.REMOVE:
            return
        body = after.body
        if body is None:
            return
        if record.key[1] == "endpointslices":
            if after.meta is None or (after.meta.labels or {}).get(_MANAGED_BY, _SLICES) != _SLICES:
                return  # perhaps of another controller, which may give what it likes
            for endpoint in as_list(body.get("endpoints")):
                told = as_dict(endpoint)
                ready = as_dict(told.get("conditions")).get("ready")
                for address in as_list(told.get("addresses")):
                    self._endpoint(step, address, as_dict(told.get("targetRef")), told.get("nodeName"), ready is not False)
            return
        for subset in as_list(body.get("subsets")):
            told = as_dict(subset)
            for name, ready in (("addresses", True), ("notReadyAddresses", False)):
                for entry in as_list(told.get(name)):
                    address = as_dict(entry)
                    self._endpoint(step, address.get("ip"), as_dict(address.get("targetRef")), address.get("nodeName"), ready)

    def _endpoint(self, step: Step, address: Any, target: Mapping[str, Any], node: Any, ready: bool) -> None:
        if target.get("kind") != "Pod" or not isinstance(target.get("uid"), str) or not isinstance(address, str):
            return
        pod = self.workloads.pods.get(target["uid"])
        event, key = step.after.event, step.record.key
        others = [step.before.event] if step.before is not None else []
        if pod is None:
            named = self.history.records.get(("", "pods", key[2], str(target.get("name"))))
            if named is not None and named.uid is None:
                self.cannot_tell(NOT_TOLD)
            elif self.history.complete and self.history.covered(("", "pods", key[2], "")) and not self.history.restarts:
                self.judge()
                self.presumed(lambda provenance: provenance.has_all and provenance.kept.creations(("", "pods", "", "")),
                              f"{step.record} holds pod {target.get('name')} (uid {target['uid']}): there never was one",
                              [key], event, *others)
            else:
                self.cannot_tell(BEFORE)
            return
        if not pod.addresses or pod.gaps:
            self.cannot_tell("the pod's status is not in the log")
            return
        self.judge()
        last = self.history.records.get(pod.key)
        witness = [last.last.event] if last is not None and last.last is not None else others
        keeps = self._told(pod)
        if address not in pod.addresses:
            self.presumed(keeps, f"{step.record} gives {address} for pod {pod.key[3]}, whose address is {', '.join(sorted(pod.addresses))}",
                          [key, pod.key], event, *witness)
        elif ready and not pod.ever_ready and self._counts(step):
            self.presumed(keeps, f"{step.record} calls pod {pod.key[3]} ready, which never was", [key, pod.key], event, *witness)
        elif as_text(node) is not None and pod.node is not None and node != pod.node:
            self.violated(f"{step.record} puts pod {pod.key[3]} on node {node}; it is on {pod.node}", [key, pod.key], event, *witness)

    @staticmethod
    def _told(pod: Pod) -> Callable[[Provenance], bool]:
        return lambda provenance: provenance.tells_statuses(pod)

    def _counts(self, step: Step) -> bool:
        """May only ready pods be called ready? Not if the Service publishes those that are not."""
        name = step.record.key[3]
        body = as_dict(step.after.body)
        if step.record.key[1] == "endpointslices":
            labels = as_dict(as_dict(body.get("metadata")).get("labels"))
            name = as_text(labels.get("kubernetes.io/service-name")) or name
        service = self.history.records.get(("", "services", step.record.key[2], name))
        if service is None or service.last is None or service.last.body is None or not service.last.body.tells("spec"):
            return False
        return not as_dict(service.last.body.get("spec")).get("publishNotReadyAddresses")


RULES: tuple[type[Rule], ...] = (
    Owner, ReplicaSetSize, RollingUpdate, StatefulSetOrder, DaemonSetNode, Endpoints,
)
