"""Rules of pods against the templates that they were made from, and against the Jobs and nodes that they are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from kubecheck.traces.event import Event
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_int, as_list, as_text
from kubecheck.traces.versions import Change, Record, Step, slim
from kubecheck.traces.workloads import Workloads, affine_node, process_of

_ACCOUNT: Final = "system:serviceaccount:kube-system:"
_CONTROLLERS: Final = {
    "ReplicaSet": "replicaset-controller", "StatefulSet": "statefulset-controller", "DaemonSet": "daemon-set-controller",
    "Job": "job-controller",
}
_RESOURCES: Final = frozenset(("replicasets", "statefulsets", "daemonsets", "jobs"))
_MUTATING: Final = ("mutatingwebhookconfigurations", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings")
"""What may change what a controller sends."""
_KEPT: Final = 16
Labels: TypeAlias = Mapping[str, Any]


class _Doubt:
    """A pod that no known template explains: there may be another template, in a version that the log has not."""

    __slots__ = ("generation", "number", "proved")

    def __init__(self, number: int, generation: int | None) -> None:
        self.number = number
        self.generation = generation
        """Of the owner, as it was told last before the pod."""
        self.proved = False
        """The owner has had the same generation after it."""


class Owner:
    """What an owner of pods asked for, in all its versions."""

    __slots__ = ("doubts", "generation", "images", "key", "last", "node_selectors", "selector", "tries", "whole")

    def __init__(self, key: Key, *, whole: bool) -> None:
        self.key = key
        self.whole = whole
        """Its creation is in the log, and all versions since are here."""
        self.selector: Labels = {}
        self.images: list[Mapping[str, str]] = []
        """Container -> image, of each template."""
        self.node_selectors: list[Labels] = []
        self.last: Event | None = None
        self.generation: int | None = None
        self.doubts: list[_Doubt] = []
        """Pods of a template that is not known, since the last version that told its generation."""
        self.tries: list[tuple[int, int, int, bool]] = []
        """Of a Job: (resourceVersion, failed and counted or about to be, backoffLimit, suspended)."""


class FromTemplate(Rule):
    """A pod is what its owner's template says."""

    name = "controllers.pod-from-template"
    sentence = (
        "A pod that a controller creates has the labels that its owner selects by and the images of a template that its owner had, is "
        "for a node that the nodeSelector of a DaemonSet took, and of a Job that is not suspended and has tries left."
    )
    source = (
        "pkg/controller/controller_utils.go GetPodFromTemplate; pkg/controller/daemon/daemon_controller.go NodeShouldRunDaemonPod, "
        "podsShouldBeOnNode; pkg/controller/job/job_controller.go syncJob, manageJob, exceedsBackoffLimit"
    )
    nothing = "no controller creates a pod in the log"
    every_write = True
    resources = frozenset(("pods", "nodes", *_RESOURCES, *_MUTATING))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._owners: dict[str, Owner] = {}
        self._nodes: dict[str, list[Labels]] = {}
        """Name -> all the labels that nodes of that name had; the last `_KEPT`."""
        self._unlabelled: set[str] = set()
        """Nodes of which a version does not tell its labels."""
        self._webhooks = False
        """Somebody has set up something that changes what is created."""

    def step(self, step: Step) -> None:
        """A version of an owner or of a node."""
        (group, resource, _, name), after, uid = step.record.key, step.after, step.after.uid
        if resource in _MUTATING:
            self._webhooks = True
        if uid is None or after.change is Change.REMOVE:
            return
        if resource == "nodes" and group == "":
            known, meta = self._nodes.setdefault(name, []), after.meta
            if meta is None:
                self._unlabelled.add(name)
            elif meta.labels is not None and len(known) <= _KEPT and (not known or known[-1] != meta.labels):
                known.append(meta.labels)
            return
        if group not in ("apps", "batch") or resource not in _RESOURCES:
            return
        owner = self._owners.get(uid)
        if owner is not None and after.generation is not None:
            for doubt in owner.doubts:
                doubt.proved = after.number > doubt.number and after.generation == doubt.generation
            owner.doubts.clear()
            owner.generation = after.generation
        if after.body is None or not after.body.tells("spec"):
            if owner is not None and after.event.subresource not in ("status", "scale"):
                owner.whole = False  # what it asks for now is not told
            return
        if owner is None:
            owner = self._owners[uid] = Owner(step.record.key, whole=after.change is Change.CREATE)
            owner.generation = after.generation
        if step.before is None or step.before.body is None or not step.before.body.same(after.body, "spec"):
            self._take(owner, as_dict(after.body.get("spec")), after.event)
        if resource == "jobs":
            spec, status = as_dict(after.body.get("spec")), as_dict(after.body.get("status"))
            uncounted = as_list(as_dict(status.get("uncountedTerminatedPods")).get("failed"))
            limit = as_int(spec.get("backoffLimit"))
            owner.tries.append((after.number, (as_int(status.get("failed")) or 0) + len(uncounted),
                                limit if limit is not None else _NO_LIMIT, spec.get("suspend") is True))
            del owner.tries[:-_TRIES]

    @staticmethod
    def _take(owner: Owner, spec: Labels, event: Event) -> None:
        owner.last = slim(event)
        owner.selector = as_dict(as_dict(spec.get("selector")).get("matchLabels"))
        template = as_dict(as_dict(spec.get("template")).get("spec"))
        images, wanted = images_of(template), as_dict(template.get("nodeSelector"))
        if images not in owner.images:
            owner.images.append(images)
        if wanted not in owner.node_selectors:
            owner.node_selectors.append(wanted)
        if len(owner.images) > _KEPT or len(owner.node_selectors) > _KEPT:
            owner.whole = False

    def removed(self, record: Record, event: Event) -> None:
        """Forgets an owner that is gone; pods may follow it, and are not judged then."""
        if record.uid is not None:
            self._owners.pop(record.uid, None)

    def before_write(self, event: Event, record: Record | None) -> None:
        """The creation of a pod by the controller of its owner."""
        if event.resource != "pods" or event.verb != "create" or event.subresource or event.group or event.answer is None:
            return
        reference = event.answer.controller
        if reference is None or event.user != _ACCOUNT + _CONTROLLERS.get(reference.kind, "-"):
            return
        owner = self._owners.get(reference.uid)
        if owner is None or not owner.whole or owner.last is None:
            self.cannot_tell(BEFORE)
            return
        self.judge()
        sent, body = as_dict(event.request_object()), as_dict(self.history.body_of(event))
        name: list[Key | str] = [f"pods/{event.namespace}/{event.name}", owner.key]
        labels = as_dict(as_dict(sent.get("metadata")).get("labels")) if sent else None
        told = event.metadata.labels or {} if event.metadata is not None and not (sent and self._webhooks_may()) else None
        missing = next((key for one in (labels, told) if one is not None for key, value in owner.selector.items()
                        if one.get(key) != value), None)
        if missing is not None:
            self.violated(f"pod {event.name} was created for {'/'.join(owner.key[1::2])} without the label {missing} that it selects by",
                          name, event, owner.last)
        self._images(event, owner, sent, body, name)
        if reference.kind == "DaemonSet":
            self._node(event, owner, body, name)
        elif reference.kind == "Job":
            self._job(event, owner, reference.uid, name)

    def _webhooks_may(self) -> bool:
        """May somebody else have changed what the controller sent? Not in a log of everything, which has no such webhook."""
        return self._webhooks or not self.history.complete or self.history.promised

    def _images(self, event: Event, owner: Owner, sent: Labels, body: Labels, name: list[Key | str]) -> None:
        for told in ([as_dict(sent.get("spec"))] if sent else []) + ([] if self._webhooks_may() else [as_dict(body.get("spec"))]):
            images = images_of(told)
            if images and images not in owner.images and owner.last is not None:
                doubt = _Doubt(event.version or 0, owner.generation)
                owner.doubts.append(doubt)
                self.presumed(_keeps(owner, doubt), f"pod {event.name} was created for {'/'.join(owner.key[1::2])} with "
                              f"{', '.join(sorted(set(images.values())))}, which no template of it had", name, event, owner.last)
                return

    def _node(self, event: Event, owner: Owner, body: Labels, name: list[Key | str]) -> None:
        node = affine_node(as_dict(body.get("spec")))
        record = self.history.records.get(("", "nodes", "", node or ""))
        known = self._nodes.get(node or "", ())
        if node is None or record is None or not record.from_start or not known or len(known) > _KEPT or node in self._unlabelled:
            return
        if not any(takes(wanted, labels) for wanted in owner.node_selectors for labels in known) and owner.last is not None:
            others = [owner.last, record.last.event] if record.last is not None else [owner.last]
            self.presumed(self._keeps_nodes, f"a pod of daemonset {owner.key[3]} was created for node {node}, which its nodeSelector "
                          "excludes", [*name, f"nodes/{node}"], event, *others)

    def _keeps_nodes(self, provenance: Provenance) -> bool:
        return provenance.lossless and self.history.covered(("", "nodes", "", ""))

    def _job(self, event: Event, owner: Owner, uid: str, name: list[Key | str]) -> None:
        process = process_of(event)
        seen = self.workloads.seen_by(process, uid) if process is not None else 0
        views = [view for view in owner.tries if view[0] >= seen]
        older = [view for view in owner.tries if view[0] < seen]
        if not any(view[0] == seen for view in views):
            views = older[-1:] + views
            if not older and len(owner.tries) >= _TRIES:
                return  # the first ones are forgotten
        if not views or owner.last is None:
            return
        if all(suspended for *_, suspended in views):
            self.presumed(_keeps(owner), f"a pod of job {owner.key[3]} was created while it was suspended", name, event, owner.last)
        elif all(failed > limit for _, failed, limit, _ in views):
            self.presumed(_keeps(owner), f"a pod of job {owner.key[3]} was created after {min(view[1] for view in views)} had failed, more "
                          f"than its backoffLimit of {views[-1][2]}", name, event, owner.last)


_NO_LIMIT: Final = 1 << 31
_TRIES: Final = 32


def _keeps(owner: Owner, doubt: _Doubt | None = None) -> Callable[[Provenance], bool]:
    """Does the log keep whatever changes what an owner asks for? Or is it shown that it was not changed?"""

    def keeps(provenance: Provenance) -> bool:
        if not (provenance.lossless and provenance.kept.people and provenance.kept.creations(owner.key)):
            return False
        return (doubt is not None and doubt.proved) or owner.key[1] == "jobs" or provenance.kept.specs(owner.key)

    return keeps


def images_of(spec: Labels) -> Mapping[str, str]:
    """Container -> image."""
    told = [as_dict(one) for field in ("containers", "initContainers") for one in as_list(spec.get(field))]
    return {name: image for one in told if (name := as_text(one.get("name"))) and (image := as_text(one.get("image")))}


def takes(wanted: Labels, labels: Labels) -> bool:
    """Does a selector (of labels and values) take an object with these labels?"""
    return all(labels.get(key) == value for key, value in wanted.items())


RULES: tuple[type[Rule], ...] = (FromTemplate,)
