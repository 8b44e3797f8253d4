"""A state of the cluster as somebody would draw it: etcd, API servers, components with memory, queues and informers, nodes with pods.

Plain data, without any notion of how it is drawn. It looks through the components' privacy, as an observer from outside does: it reads the
state, not what a component may see of it. Only what the scope gives bits to is shown: what cannot change says nothing. And all that can
change is shown: a step that changes the state changes its picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kubecheck.model.apiserver import ApiServer
from kubecheck.model.queues import Key, Queue, queues
from kubecheck.spec import Spec
from kubecheck.spec.reference import Snapshot, show
from kubecheck.spec.types import ArrayType, BoolType, IntType, RecordType, Type

_KINDS: Final = {"deployments": "Deployments", "replica_sets": "ReplicaSets", "pods": "Pods"}
_LABELS: Final = {
    "deployments": {"template": "template of", "replicas": "spec.replicas", "paused": "spec.paused", "status.ready": "status.readyReplicas",
                    "status.updated": "status.updatedReplicas", "status.terminating": "status.terminatingReplicas"},
    "replica_sets": {"replicas": "spec.replicas", "desired": "desired-replicas", "status.ready": "status.readyReplicas",
                     "status.terminating": "status.terminatingReplicas", "unobserved": "generations not observed"},
    "pods": {"uid": "UID", "owner": "owner", "owner_uid": "owner's UID", "node": "spec.nodeName", "terminating": "deletionTimestamp"},
}  # fmt: skip
_MEMORY: Final = {
    "syncs.creating": "sync of {}: pods still to create",
    "syncs.deleting": "sync of {}: pods still to delete",
    "syncs.status": "sync of {}: status still to write",
    "expectations.creations": "expectations of {}: creations",
    "expectations.deletions": "expectations of {}: deletions",
    "unseen_pods": "guard of {}: own pod writes not seen",
    "unseen_status": "guard of {}: own status writes not seen",
    "assumed": "{} assumed on",
    "failed": "{} has a failed binding",
    "ghosts": "pods counted on {} that are gone",
    "replacing": "{} is taken out and not put in again",
}
_TOLD: Final = {"syncs.wanted", "syncs.owner_uid"}  # what `creating` was worked out from
_DRAWN: Final = ("api_server", "controller_manager", "scheduler", "runtime", "kubelets")  # parts with a place of their own
_BUDGETS: Final = {
    "outages": "nodes cut off",
    "restarted": "kubelets restarted",
    "created": "{} has been created",
    "recreated": "pods created again",
    "done": "keys that came back by a resync",
}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that is so: `quiet` if it is as it always is when nothing is going on."""

    label: str
    value: str
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Object:
    """An API object as etcd has it."""

    name: str
    facts: list[Fact]


@dataclass(frozen=True, kw_only=True)
class Write:
    """A write that somebody has not seen: `back` 1 is the last one. `before` is what the object was."""

    back: int
    name: str
    before: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The objects of a kind, and those of its last writes that somebody has not seen, the oldest first."""

    name: str
    objects: list[Object]
    history: list[Write] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An object that a reader sees otherwise than it is."""

    name: str
    sees: str
    stored: str


@dataclass(frozen=True, kw_only=True)
class Reader:
    """An informer, or a watch cache, of a kind: how many of the kind's last writes it has not seen, and how many that may be at most."""

    kind: str
    behind: int
    most: int
    differences: list[Difference]


@dataclass(frozen=True, kw_only=True)
class Component:
    """A process, or a user: its name, the actors that run in it, what it remembers, its informers that may lag, the queues of its actors.

    `served_by` names its API server.
    """

    name: str
    title: str
    actors: list[str]
    memory: list[Fact]
    readers: list[Reader]
    queues: list[Queue] = field(default_factory=list)
    served_by: str = ""


@dataclass(frozen=True, kw_only=True)
class PodBox:
    """A pod as it stands on its node. `phase` is in lower case; `containers` says whether they run, where the scope tells that apart."""

    name: str
    phase: str
    owner: str
    terminating: bool
    containers: str = ""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """What a kubelet has of a name, whatever the API says: `known` if it knows a pod, `uid` (empty if there is but one) which.

    `running` are its containers, `ending` and `removing` what it is about to do. `stored` says whether etcd has that very pod on its node.
    """

    name: str
    uid: str
    known: bool
    running: bool
    ending: bool
    removing: bool
    stored: bool


@dataclass(frozen=True, kw_only=True)
class NodeBox:
    """A node with the pods bound to it; `room` is how many fit. `cut_off` says that it does not reach the API servers.

    Where kubelets have a memory of their own there are `workers`; where they may watch at the second API server, `served_by` names the one,
    and `reader` says how far behind it is.
    """

    name: str
    registered: bool
    room: int
    pods: list[PodBox]
    cut_off: bool = False
    workers: list[Worker] = field(default_factory=list)
    served_by: str = ""
    reader: Reader | None = None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How often something has happened, and how often it may in this scope."""

    label: str
    used: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The whole cluster. `notes` are conditions that hang over it: the next request fails, say."""

    kinds: list[Kind]
    components: list[Component]
    nodes: list[NodeBox]
    unbound: list[PodBox]
    budgets: list[Budget]
    notes: list[str]


def is_cluster(spec: Spec) -> bool:
    """Whether a spec is one of this model's clusters."""
    return any(isinstance(f.type, RecordType) and f.type.cls is ApiServer for f in spec.root.fields)


def picture(spec: Spec, state: Snapshot) -> Picture:
    """The picture of a state. Takes a spec that `is_cluster`; raises KeyError for another."""
    return _Drawing(spec, state).picture()


@dataclass(frozen=True)
class _Place:
    """A part of the state with its type."""

    type: Any
    data: Any

    def __getitem__(self, name: str) -> _Place:
        index = self.type.index(name)
        return _Place(self.type.fields[index].type, self.data[index])

    @property
    def exists(self) -> bool:
        return bool(self.type.bits)

    def entries(self) -> list[tuple[str, _Place]]:
        """The elements of an array, by their names."""
        t: ArrayType = self.type
        return [(show(t.key, k), _Place(t.element, d)) for k, d in zip(t.key.values(), self.data, strict=True)]

    def text(self) -> str:
        return show(self.type, self.data)


class _Drawing:
    def __init__(self, spec: Spec, state: Snapshot) -> None:
        self._spec, self._state = spec, state
        self._scope: Mapping[str, Any] = spec.scope
        root = spec.root
        self._parts = {f.name: _Place(f.type, d) for f, d in zip(root.fields, state, strict=True)}
        self._server = self._parts["api_server"]
        self._etcd, self._watches = self._server["_etcd"], self._server["_watches"]

    def picture(self) -> Picture:
        pods = [(name, place) for name, place in self._etcd["_pods"].entries() if place["phase"].text() != "absent"]
        return Picture(
            kinds=[self._kind(kind) for kind in _KINDS if self._etcd[f"_{kind}"].type.length],
            components=list(self._components()),
            nodes=[self._node(name, place, pods) for name, place in self._etcd["_nodes"].entries()],
            unbound=[self._pod(name, place) for name, place in pods if place["node"].data is None],
            budgets=list(self._budgets()),
            notes=[*(text for field_, text in _NOTES.items() if self._server[field_].data), *self._orphans(dict(pods))],
        )

    def _orphans(self, pods: Mapping[str, _Place]) -> Iterator[str]:
        """Containers that run although their pod is gone; where kubelets have workers these tell."""
        for name, place in self._containers().items():
            if place.data and name not in pods:
                yield f"the containers of {name} run, and etcd has no such pod"

    def _containers(self) -> dict[str, _Place]:
        """Whose containers run, where the scope tells that apart from the phase."""
        if "runtime" not in self._parts or not self._parts["runtime"]["running"].exists:
            return {}
        return dict(self._parts["runtime"]["running"].entries())

    def _kind(self, kind: str) -> Kind:
        objects = [Object(name=n, facts=_facts(kind, place)) for n, place in self._etcd[f"_{kind}"].entries() if _there(kind, place)]
        history = self._history(kind)
        writes = [
            Write(back=len(history) - i, name=name, before=_object_text(kind, before)) for i, (name, before) in enumerate(history)
        ]
        return Kind(name=_KINDS[kind], objects=objects, history=writes)

    def _history(self, kind: str) -> list[tuple[str, _Place]]:
        """The writes that somebody has not seen: the object's name and what it was before; the oldest first."""
        seq = self._etcd[f"_{kind.removesuffix('s')}_history"]
        entries = [_Place(seq.type.element, data) for data in seq.data]
        return [(entry[kind.removesuffix("s")].text(), entry["before"]) for entry in entries]

    def _components(self) -> Iterator[Component]:
        actors = list(dict.fromkeys(action.actor for action in self._spec.actions))
        second = self._scope["api_servers"] == 2
        if "user" in self._parts and self._parts["user"]["copies"].exists:
            yield self._editor()
        if second:
            yield Component(name="second-api-server", title="second API server", actors=[], memory=[], readers=self._readers("cache"))
        controllers = [a for a in actors if a.endswith(("controller", "controller-manager", "collector"))]
        yield Component(
            name="controller-manager",
            title="kube-controller-manager",
            actors=controllers,
            memory=[*self._keys(), *self._memory("controller_manager")],
            readers=self._readers("controllers"),
            queues=queues(self._spec, self._state, controllers),
            served_by=self._served_by(self._watches, "controllers_server"),
        )
        yield Component(
            name="scheduler",
            title="kube-scheduler",
            actors=["scheduler"],
            memory=list(self._memory("scheduler")),
            readers=self._readers("scheduler"),
            queues=queues(self._spec, self._state, ["scheduler"]),
            served_by=self._served_by(self._watches, "scheduler_server"),
        )

    def _served_by(self, place: _Place, name: str) -> str:
        """The API server that a field names; empty where it can be but one."""
        if name not in (f.name for f in place.type.fields) or not place[name].exists:
            return ""
        return "second API server" if place[name].data else "API server"

    def _editor(self) -> Component:
        """The second user, with what he has read."""
        memory = []
        for _, copy in self._parts["user"]["copies"].entries():
            there = _there("deployments", copy)
            memory.append(Fact(label="has open", value=_object_text("deployments", copy) if there else "nothing", quiet=not there))
        since = self._server["_changed_since_read"]
        memory.append(Fact(label="the Deployment has been written since", value="yes" if since.data else "no", quiet=not since.data))
        return Component(name="second-user", title="second user", actors=["second-user"], memory=memory, readers=[])

    def _readers(self, reader: str) -> list[Reader]:
        found = []
        for kind, title in _KINDS.items():
            try:
                place = self._watches[f"{reader}_{kind}"]
            except KeyError:
                continue
            if place.exists:
                found.append(
                    Reader(
                        kind=title,
                        behind=place.data,
                        most=place.type.hi,
                        differences=self._differences(kind, place.data),
                    )
                )
        return found

    def _differences(self, kind: str, behind: int) -> list[Difference]:
        """The objects that look otherwise `behind` writes ago: what the oldest unseen write found."""
        seen: dict[str, _Place] = {}
        for name, before in self._history(kind)[-behind:] if behind else ():
            seen.setdefault(name, before)
        stored = dict(self._etcd[f"_{kind}"].entries())
        return [
            Difference(name=name, sees=_object_text(kind, before), stored=_object_text(kind, stored[name]))
            for name, before in seen.items()
            if before.data != stored[name].data
        ]

    def _keys(self) -> Iterator[Fact]:
        """How the keys of the work queues are: in the queue, failed before, or in none."""
        for queue in ("deployment_queue", "replica_set_queue"):
            for key, work in self._server[queue]["keys"].entries():
                yield Fact(label=f"key {key}", value=work.text(), quiet=work.data == work.type.default)

    def _memory(self, part: str) -> Iterator[Fact]:
        if part not in self._parts:
            return
        for f in self._parts[part].type.fields:
            place = self._parts[part][f.name]
            if not place.exists:
                continue
            for key, element in place.entries() if isinstance(f.type, ArrayType) else [("", place)]:
                for name, value in _leaves(element, f.name):
                    if name not in _TOLD and value.exists:
                        label = _MEMORY.get(name, name.replace("_", " ") + " {}").format(key).strip()
                        yield Fact(label=label, value=value.text(), quiet=value.data == value.type.default)

    def _node(self, name: str, place: _Place, pods: Sequence[tuple[str, _Place]]) -> NodeBox:
        bound = [self._pod(n, p) for n, p in pods if p["node"].text() == name]
        cut_off = self._parts["network"]["cut_off"] if "network" in self._parts else None
        served_by, reader = "", None
        if "kubelets" in self._parts and self._parts["kubelets"]["server"].exists:
            second = dict(self._parts["kubelets"]["server"].entries())[name].data
            served_by = "second API server" if second else "API server"
            reader = next((r for r in self._readers("cache") if r.kind == _KINDS["pods"]), None) if second else None
        return NodeBox(
            name=name,
            registered=bool(place.data),
            room=int(self._scope["pods_per_node"]),
            pods=bound,
            cut_off=cut_off is not None and bool(dict(cut_off.entries())[name].data),
            workers=list(self._workers(name, dict(pods))),
            served_by=served_by,
            reader=reader,
        )

    def _workers(self, node: str, pods: Mapping[str, _Place]) -> Iterator[Worker]:
        if "kubelets" not in self._parts:
            return
        for name, worker in dict(self._parts["kubelets"]["workers"].entries())[node].entries():
            if worker.data != worker.type.default:
                stored = name in pods and pods[name]["node"].text() == node and pods[name]["uid"].data == worker["uid"].data
                flags = {flag: bool(worker[flag].data) for flag in ("known", "running", "ending", "removing")}
                yield Worker(name=name, uid=worker["uid"].text() if worker["uid"].exists else "", stored=stored, **flags)

    def _pod(self, name: str, place: _Place) -> PodBox:
        running = self._containers().get(name)
        return PodBox(
            name=name,
            phase=place["phase"].text(),
            owner=place["owner"].text() if place["owner"].data is not None else "",
            terminating=bool(place["terminating"].data),
            containers="" if running is None else "running" if running.data else "stopped",
        )

    def _budgets(self) -> Iterator[Budget]:
        """What has happened, of what may: the numbers and the marks of all parts that are drawn nowhere else."""
        for part, whole in self._parts.items():
            for f in whole.type.fields if part not in _DRAWN else ():
                place, label = whole[f.name], _BUDGETS.get(f.name, f.name.replace("_", " ") + " {}")
                for key, one in place.entries() if isinstance(f.type, ArrayType) else [("", place)]:
                    if one.exists and isinstance(one.type, IntType | BoolType) and f.name != "cut_off":
                        most = one.type.hi if isinstance(one.type, IntType) else 1
                        yield Budget(label=label.format(key).strip(), used=int(one.data), most=most)


_NOTES: Final = {
    "_failing": "the next request is answered with 500",
    "_losing": "the answer to the next request that takes effect is lost",
}


def _there(kind: str, place: _Place) -> bool:
    """Whether there is an object in the slot."""
    if kind == "deployments":
        return place["template"].data is not None
    return bool(place["exists"].data) if kind == "replica_sets" else place["phase"].text() != "absent"


def _facts(kind: str, place: _Place) -> list[Fact]:
    found = []
    for name, value in _leaves(place, ""):
        if name == "exists" or not value.exists:
            continue
        text = value.text()
        if name == "terminating":
            text = "set" if value.data else "none"
        elif name == "phase":
            text = text.capitalize()
        found.append(Fact(label=_LABELS[kind].get(name, name), value=text, quiet=value.data == value.type.default))
    return found


def _object_text(kind: str, place: _Place) -> str:
    """An object in one line; what is as it was by default is left out."""
    if not _there(kind, place):
        return "not there"
    return ", ".join(
        fact.value if fact.label == "phase" else f"{fact.label} {fact.value}"
        for fact in _facts(kind, place)
        if fact.label in ("phase", "spec.replicas") or not fact.quiet
    )


def _leaves(place: _Place, name: str) -> Iterator[tuple[str, _Place]]:
    """The fields of a record within records, each with its path; a value that is no record is itself."""
    t: Type = place.type
    if isinstance(t, RecordType):
        for f in t.fields:
            yield from _leaves(place[f.name], f"{name}.{f.name}" if name else f.name)
    else:
        yield name, place


__all__ = [
    "Budget",
    "Component",
    "Difference",
    "Fact",
    "Key",
    "Kind",
    "NodeBox",
    "Object",
    "Picture",
    "PodBox",
    "Queue",
    "Reader",
    "Worker",
    "Write",
    "is_cluster",
    "picture",
]
