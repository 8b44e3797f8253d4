"""What changed in kubecheck's cluster, as somebody says it who knows Kubernetes: objects, resourceVersions, how far informers are behind.

The model keeps no revisions but distances, and its history of writes only for informers that lag (model/etcd.py). Here both become
what they stand for: the writes of a path are numbered from 1 in its order, and an informer at distance 2 has seen all but the
last two writes of its kind. What of the scope's budgets has been spent is left out: the step itself
says it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kubecheck.cli.paths import changes_text, difference, short_names, split_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubecheck.checker.report import Change, Step

_OBJECT: Final = re.compile(r"api_server\._etcd\._(deployments|replica_sets|pods|nodes)\[([^\]]+)\](?:\.(.+))?")
_WATCH: Final = re.compile(r"api_server\._watches\.(controllers|scheduler|cache)_(deployments|replica_sets|pods)")
_HISTORY: Final = re.compile(r"api_server\._etcd\._\w+_history")
_MEMORY: Final = re.compile(r"(?:controller_manager|scheduler)\.(\w+)\[([^\]]+)\](?:\.(\w+))?")
_QUEUE: Final = re.compile(r"api_server\.(?:deployment|replica_set)_queue\.keys\[([^\]]+)\]")
_ASSUMED: Final = re.compile(r"scheduler\.assumed\[([^\]]+)\]")
_WORKER: Final = re.compile(r"kubelets\.workers\[([^\]]+)\]\[([^\]]+)\]\.(\w+)")
_WORDS_OF_WORKERS: Final = {
    ("known", "True"): "the kubelet of {} knows {}",
    ("known", "False"): "the kubelet of {} has forgotten {}",
    ("running", "True"): "on {} the containers of {} run",
    ("running", "False"): "on {} the containers of {} have stopped",
    ("ended", "1"): "on {} the containers of {} have failed for good",
    ("ended", "2"): "on {} the containers of {} have ended well",
    ("ended", "0"): "",  # told with what became of it
    ("ending", "True"): "the kubelet of {} is ending {}",
    ("removing", "True"): "the kubelet of {} is about to remove {}",
    ("ending", "False"): "",  # it was: told with what became of it
    ("removing", "False"): "",
}
_UID_OF_WORKER: Final = "uid"  # whose containers these are: told when the kubelet comes to know the pod
# what of the scope's budgets has been spent, and what the model has to remember of names
_BOOKKEEPING: Final = (
    "user.",
    "faults.",
    "outages.",
    "keeper.",
    "network.outages",
    "resyncs.",
    "api_server._pods_created",
    "api_server._replica_sets_created",
)
_SPENT: Final = re.compile(r"(?:user|faults|outages|keeper|network|resyncs|api_server)\._?(\w+)(?:\[([^\]]+)\])?")
_WORDS_OF_FLAGS: Final = {
    ("api_server._failing", "1"): "the next request will be answered with 500",
    ("api_server._failing", "0"): "the request is answered with 500",
    ("api_server._losing", "1"): "the answer to the next request that takes effect will be lost",
    ("api_server._losing", "0"): "the answer is lost: the client sees a timeout",
    ("api_server._changed_since_read", "1"): "the Deployment is not any more what the second user has read",
    ("api_server._changed_since_read", "0"): "the Deployment is what the second user has read",
    ("api_server._watches.controllers_server", "0"): "controllers' informers are served by the first API server",
    ("api_server._watches.controllers_server", "1"): "controllers' informers are served by the second API server",
    ("api_server._watches.scheduler_server", "0"): "scheduler's informer is served by the first API server",
    ("api_server._watches.scheduler_server", "1"): "scheduler's informer is served by the second API server",
}
_CUT_OFF: Final = re.compile(r"network\.cut_off\[([^\]]+)\]")
_KUBELETS_SERVER: Final = re.compile(r"kubelets\.server\[([^\]]+)\]")

_READERS: Final = {
    "controllers": "controllers' informer of {}",
    "scheduler": "scheduler's informer of {}",
    "cache": "second API server's cache of {}",
}
_KINDS: Final = {"deployments": "Deployments", "replica_sets": "ReplicaSets", "pods": "pods", "nodes": "nodes"}
_WORDS_OF_KEYS: Final = {
    "ready": "is added",
    "conflicted": "comes back after a conflict",
    "backoff": "comes back after an error",
    "idle": "is forgotten",
}
_WORDS_OF_MEMORY: Final = {
    ("syncs", "creating"): "sync of {}: pods still to create",
    ("syncs", "deleting"): "sync of {}: pods still to delete",
    ("syncs", "status"): "sync of {}: status still to write",
    ("syncs", "wanted"): "",  # what `creating` was worked out from
    ("syncs", "owner_uid"): "",  # whose sync it is
    ("syncs", "begun"): "",  # which batch it is in
    ("syncs", "failed"): "sync of {}: creations not to be expected any more",
    ("expectations", "creations"): "expectations of {}: creations to see",
    ("expectations", "deletions"): "expectations of {}: deletions to see",
    ("unseen_pods", ""): "stale-write guard of {}: own writes of pods to see",
    ("unseen_status", ""): "stale-write guard of {}: own writes of the status to see",
}
_FIELDS: Final = {
    "deployments": {
        "replicas": "spec.replicas",
        "template": "template of",
        "paused": "spec.paused",
        "annotations": "annotations of somebody else",
        "generation": "metadata.generation",
        "status.updated": "status.updatedReplicas",
        "status.ready": "status.readyReplicas",
        "status.terminating": "status.terminatingReplicas",
        "status.observed": "status.observedGeneration",
    },
    "replica_sets": {
        "replicas": "spec.replicas",
        "desired": "annotation desired-replicas",
        "annotations": "annotations of somebody else",
        "uid": "metadata.uid",
        "generation": "metadata.generation",
        "status.ready": "status.readyReplicas",
        "status.terminating": "status.terminatingReplicas",
        "status.observed": "status.observedGeneration",
    },
    "pods": {
        "node": "spec.nodeName",
        "owner": "owner",
        "annotations": "annotations of somebody else",
        "uid": "metadata.uid",
        "owner_uid": "owner's UID",
    },
}


def is_cluster(path: Sequence[Step]) -> bool:
    """Whether a path is one of kubecheck's cluster: its states have an API server with an etcd and watches."""
    server = path[0].state.get("api_server") if path else None
    return isinstance(server, dict) and {"etcd", "watches"} <= server.keys()


class ClusterWords:
    """Tells the steps of one path, in order: `changes` must be called for each of them once."""

    def __init__(self, path: Sequence[Step]) -> None:
        self._nodes = [_pods_nodes(step.state) for step in path]
        self._names = short_names(path)
        self._revision = 0
        self._writes: dict[str, list[tuple[int, str]]] = {kind: [] for kind in _KINDS}

    def writes(self, kind: str) -> list[tuple[int, str]]:
        """The writes so far to `deployments`, `replica_sets`, `pods` or `nodes`: the resourceVersion and the object's name."""
        return list(self._writes[kind])

    def lane(self, step: Step) -> str:
        """The component that takes a step: its actor; of kubelets, the one on the node that the step is about."""
        if step.actor != "kubelet":
            return step.actor
        pod = step.parameters.get("pod", "")
        before, after = self._nodes[max(0, step.step - 1)], self._nodes[step.step]
        node = step.parameters.get("node") or after.get(pod) or before.get(pod)
        return f"kubelet {node}" if node else step.actor

    def changes(self, step: Step) -> tuple[tuple[str, ...], int]:
        """What a step changed, in lines, and the resourceVersion that it wrote (0 if none)."""
        objects: dict[tuple[str, str], list[Change]] = {}
        others: list[Change] = []
        for change in step.changes:
            found = _OBJECT.fullmatch(change.path)
            if found:
                objects.setdefault((found[1], found[2]), []).append(change)
            elif not _HISTORY.fullmatch(change.path) and not change.path.startswith(_BOOKKEEPING):
                others.append(change)
        lines: list[str] = []
        written = 0
        for (kind, name), changes in objects.items():
            self._revision += 1
            written = self._revision
            told = _object(kind, name, changes)
            self._writes[kind].append((written, name))
            lines.append(f"{told} (rv {written})")
        plain = []
        for change in others:
            words = None if step.step == 0 else self._other(change)
            if words is None:
                plain.append(change)
            elif words:
                lines.append(words)
        if not lines and not plain:  # a step that changes only what is left out elsewhere is told all the same
            lines += [_spent(change) for change in step.changes if not _HISTORY.fullmatch(change.path)]
        if plain:
            lines += changes_text(msgspec.structs.replace(step, changes=plain), self._names).splitlines()
        return tuple(lines) or (() if step.step == 0 else ("nothing",)), written

    def _other(self, change: Change) -> str | None:
        """A change that is not an object's, in a cluster's words; empty if it says nothing, None if there are no words for it."""
        if flag := _WORDS_OF_FLAGS.get((change.path, change.after)):
            return flag
        if node := _CUT_OFF.fullmatch(change.path):
            return f"{node[1]} {'is cut off from the API servers' if change.after == '1' else 'reaches the API servers again'}"
        if node := _KUBELETS_SERVER.fullmatch(change.path):
            return f"the kubelet of {node[1]} watches the {'second' if change.after == '1' else 'first'} API server"
        if watch := _WATCH.fullmatch(change.path):
            return self._informer(watch[1], watch[2], int(change.before), int(change.after))
        if queue := _QUEUE.fullmatch(change.path):
            return f"work queue: key {queue[1]} {_WORDS_OF_KEYS[change.after]}"
        if assumed := _ASSUMED.fullmatch(change.path):
            gone = f"scheduler's cache: {assumed[1]} is no longer assumed on {change.before}"
            return gone if change.after == "none" else f"scheduler's cache: {assumed[1]} is assumed on {change.after}"
        if worker := _WORKER.fullmatch(change.path):
            if worker[3] == _UID_OF_WORKER:
                return ""
            words = _WORDS_OF_WORKERS.get((worker[3], change.after))
            return None if words is None else words.format(worker[1], worker[2])
        if memory := _MEMORY.fullmatch(change.path):
            words = _WORDS_OF_MEMORY.get((memory[1], memory[3] or ""))
            if words is not None:
                return f"{words.format(memory[2])} {difference(change, initial=False)}" if words else ""
        return None

    def _informer(self, reader: str, kind: str, before: int, after: int) -> str:
        """`controllers' informer of pods: rv 3, 2 behind`; where it came closer, which object it shows now."""
        writes = self._writes[kind]
        seen = writes[len(writes) - after - 1] if after < len(writes) else None
        at = f"rv {seen[0]}" if seen else "nothing seen yet"
        shows = f" ({seen[1]})" if seen and after < before else ""
        return f"{_READERS[reader].format(_KINDS[kind])}: {at}{shows}, {f'{after} behind' if after else 'up to date'}"


def _spent(change: Change) -> str:
    """`counted: watches broken 0 -> 1`: what a scope allows only so often, or what is remembered to name things."""
    found = _SPENT.fullmatch(change.path)
    if found is None:
        return f"counted: {change.path} {difference(change, initial=False)}"
    of = f" of {found[2]}" if found[2] else ""
    return f"counted: {found[1].replace('_', ' ')}{of} {difference(change, initial=False)}"


def _object(kind: str, name: str, changes: Sequence[Change]) -> str:
    """`pod-0: Pending -> Running`, `replica-set-1 is created: spec.replicas 0`."""
    fields = {_field_of(change.path): change for change in changes}
    if kind == "nodes":
        return f"{name} is registered" if changes[0].after == "True" else f"{name} is gone"
    sign, absent = {"deployments": ("template", "none"), "replica_sets": ("exists", "False"), "pods": ("phase", "absent")}[kind]
    existence = fields.get(sign)
    if existence is not None and existence.after == absent:
        return f"{name} is gone"
    created = existence is not None and existence.before in (absent, "")
    told: list[str] = []
    for field, change in fields.items():
        if field == "exists" or (field == "unobserved" and created):
            continue
        told.append(_field(kind, field, change, created=created))
    if created and kind == "replica_sets" and "replicas" not in fields:
        told.insert(0, "spec.replicas 0")
    text = ", ".join(told)
    return f"{name} is created: {text}" if created else f"{name}: {text}"


def _field(kind: str, field: str, change: Change, *, created: bool) -> str:
    if (kind == "pods" and field == "terminating") or (field == "deleting" and change.after == "1"):
        return "deletionTimestamp is set"
    if field == "unobserved":
        return "status.observedGeneration is up to date" if change.after == "0" else "a new generation"
    if kind == "pods" and field == "phase":
        return change.after.capitalize() if created else f"{change.before.capitalize()} -> {change.after.capitalize()}"
    if kind == "pods" and field == "owner" and change.after != "none":
        return f"of {change.after}"
    if kind == "pods" and field == "node" and change.before == "none":
        return f"bound to {change.after}"
    word = _FIELDS[kind].get(field, field)
    return f"{word} {change.after}" if created else f"{word} {difference(change, initial=False)}"


def _field_of(path: str) -> str:
    """The field of an object's path, `status.ready`."""
    return split_path(path)[1]


def _pods_nodes(state: dict[str, Any]) -> dict[str, str]:
    """The node of each bound pod, from a state as plain data."""
    get: Callable[[Any, str], Any] = lambda thing, name: thing.get(name, {}) if isinstance(thing, dict) else {}  # noqa: E731
    pods = get(get(get(get(state, "api_server"), "etcd"), "pods"), "#map") or []
    return {pod: nodes[0] for pod, fields in pods if (nodes := get(get(fields, "node"), "#set"))}
