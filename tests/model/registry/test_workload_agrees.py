"""The API server of the workload model answers and writes as the registry does, which recorded answers of a real one hold to account.

The workload model keeps of each kind only what its components read, and no resourceVersions; so it decides requests in functions of its
own. Here every one of its requests meets every object that its kind can be in, as small as the scope makes them, and the registry meets the
same: the answer must be the same and what is then stored, too. What the two do not share is listed in `DIFFERENT_CODES`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from kubecheck.model import ClusterScope, Kind
from kubecheck.model.answers import Answer as WorkloadAnswer
from kubecheck.model.apiserver import ApiServer
from kubecheck.model.cluster import cluster
from kubecheck.model.objects import (
    Deployment,
    DeploymentObject,
    DeploymentStatus,
    Node,
    Phase,
    Pod,
    PodObject,
    ReplicaSet,
    ReplicaSetObject,
    ReplicaSetStatus,
)
from kubecheck.model.registry import binding, deletion, store
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.kinds import DEPLOYMENT, NODE, POD, REPLICA_SET, Strategy
from kubecheck.model.registry.objects import FOREGROUND, Slot, Stored
from kubecheck.model.registry.requests import Code, Given, Part, Propagation, Proposed, Request, Version
from kubecheck.model.registry.store import Registry
from kubecheck.spec import Spec
from tests.model.states import part

DEPLOYMENTS = ClusterScope(
    replicas=2, templates=2, image_changes=1, scales=1, least_replicas=1, paused=True, resumes=1, generations=True,
    conflicts=1, conflicts_of_deployments=1, lag_replica_sets=1, deployment_status=True, edits=1,
)  # fmt: skip
REPLICA_SETS = ClusterScope(
    kind=Kind.REPLICA_SET, replicas=2, scales=1, least_replicas=1, generations=True, conflicts=1
)
# The same where deletions are in the foreground, so that objects may be on their way.
DEPLOYMENTS_GOING = dataclasses.replace(DEPLOYMENTS, deletes=1, foreground=True)
REPLICA_SETS_GOING = dataclasses.replace(REPLICA_SETS, deletes=1, foreground=True)
NUMBERS = {
    "objects": 1, "revisions": 9, "uids": 5, "generations": 9, "finalizers": 2, "finalizer_names": 2,
    "contents": 9_999, "graces": 30, "nodes": 3, "bodies": 1, "history": 0,
}  # fmt: skip
OTHER_UID = 4
BACKGROUND = {"propagation": Propagation.BACKGROUND}
IN_FOREGROUND = {"propagation": Propagation.FOREGROUND}
PODS = ClusterScope(kind=Kind.POD, replicas=1, nodes=2, recreations=1, conflicts_of_pods=1)
# What of an object is compared, and what stands for nothing.
DEFAULTS: dict[str, Any] = {
    "generation": 0, "deleting": False, "owners": 0, "annotations": 0, "spec": 0, "status": 0, "node": 0, "terminal": False,
    "finalizers": (),
}  # fmt: skip
KEPT = tuple(DEFAULTS)

DIFFERENT_CODES = {
    # A PATCH with another UID is refused as invalid; the kubelet treats that as it treats any other failure, and tries again later.
    ("patch_pod_status", "422 Invalid"): "409 Conflict",
}


class Bodies:
    """What the registry needs of a body: the object that it leads to. Contents' numbers stand for what the workload model stores."""

    def __init__(self) -> None:
        self.change_to: Callable[[Stored], Stored] = lambda stored: stored
        self.stale: int | None = None
        self._numbers: dict[Any, int] = {}

    def number(self, *content: Any) -> int:
        return self._numbers.setdefault(content, len(self._numbers) + 1)

    def content(self, number: int) -> Any:
        return next(content for content, n in self._numbers.items() if n == number)

    def change(self, kind: Strategy, part: Part, request: Request, stored: Stored) -> Proposed:
        if self.stale is None:
            return Proposed(object=self.change_to(stored))
        return Proposed(object=self.change_to(stored), version=Version(given=Given.NUMBER, number=self.stale))

    def valid(self, kind: Strategy, part: Part, new: Stored, old: Stored) -> bool:
        return True

    def admit(self, kind: Strategy, part: Part, request: Request, new: Stored, old: Stored) -> Code:
        return Code.OK

    def bound(self, request: Request, stored: Stored) -> Stored:
        return stored


@dataclass(frozen=True)
class Case:
    """A request of the workload model, and the same to the registry. `body` makes what it stores of what is stored."""

    name: str
    kind: Strategy
    ask: Callable[[Any, ClusterScope], WorkloadAnswer]
    body: Callable[[Bodies, Stored], Stored] = lambda _, stored: stored
    request: dict[str, Any] = field(default_factory=dict)
    verb: str = "update"
    part: Part = Part.MAIN
    stale: bool = False

    def __str__(self) -> str:
        return self.name + (" stale" if self.stale else "") + "".join(f" {k}={v}" for k, v in self.request.items())


def going(deleting: bool) -> dict[str, Any]:
    """What a deletion in the foreground has put on an object."""
    return {"deleting": True, "grace": 0, "finalizers": (FOREGROUND,)} if deleting else {}


# What an object is in the registry, as keyword arguments: both models make their values in their own scope.


def plain_pod(bodies: Bodies, pod: PodObject) -> dict[str, Any]:
    if not pod.exists:
        return {}
    return {
        "uid": 1,
        "deleting": pod.terminating,
        "grace": 30 if pod.terminating else None,
        "owners": bodies.number("owner", pod.owner is not None),
        "annotations": bodies.number("annotations", pod.annotations),
        "status": bodies.number(pod.phase),
        "node": 0 if pod.node is None else pod.node.index + 1,
        "terminal": pod.terminal,
        "spec_grace": 30,
    }


def plain_node(_: Bodies, registered: bool) -> dict[str, Any]:
    return {"uid": 1} if registered else {}


def plain_replica_set(bodies: Bodies, found: ReplicaSetObject) -> dict[str, Any]:
    if not found.exists:
        return {}
    return {
        "uid": 1,
        "generation": found.generation,
        **going(found.deleting == 1),
        "annotations": bodies.number("annotations", found.desired, found.annotations),
        "spec": bodies.number("replicas", found.replicas),
        "status": bodies.number("status", found.status.replicas, found.status.ready),
    }


def plain_deployment(bodies: Bodies, found: DeploymentObject) -> dict[str, Any]:
    if found.template is None:
        return {}
    return {
        "uid": 1,
        "generation": found.generation,
        **going(found.deleting == 1),
        "annotations": bodies.number("annotations", found.annotations),
        "spec": bodies.number("spec", found.template.index, found.replicas, found.paused),
        "status": bodies.number("status", found.status.replicas, found.status.updated, found.status.ready),
    }


# --- every object that a kind can be in


def pods() -> Iterator[PodObject]:
    yield PodObject()
    for phase, node in itertools.product((Phase.PENDING, Phase.RUNNING, Phase.FAILED), (None, Node(0), Node(1))):
        for terminating in (False, True) if node is not None else (False,):  # an unbound pod is deleted at once
            for owner in (None, *ReplicaSet):
                yield PodObject(phase=phase, owner=owner, node=node, terminating=terminating)


def new_pods() -> Iterator[PodObject]:
    """A name that is made up is not taken."""
    yield PodObject()


def nodes() -> Iterator[bool]:
    yield from (False, True)


def replica_sets(*, generation: int, marked: tuple[int, ...] = (0,)) -> Iterator[ReplicaSetObject]:
    yield ReplicaSetObject()
    for replicas, desired, ready, deleting in itertools.product((0, 1, 2), (1, 2), (0, 1), marked):
        status = ReplicaSetStatus(replicas=ready, ready=ready)
        yield ReplicaSetObject(
            exists=True, generation=generation, replicas=replicas, desired=desired, status=status, deleting=deleting
        )


def deployments(*, marked: tuple[int, ...] = (0,)) -> Iterator[DeploymentObject]:
    yield DeploymentObject()
    for template, replicas, paused, ready, deleting in itertools.product((0, 1), (1, 2), (0, 1), (0, 1), marked):
        status = DeploymentStatus(replicas=2, updated=ready, ready=ready)
        yield DeploymentObject(
            template=ReplicaSet(template),
            generation=2,
            replicas=replicas,
            paused=paused,
            status=status,
            deleting=deleting,
        )


# --- every request


def made(bodies: Bodies, *, owned: bool) -> Stored:
    return Stored(
        owners=bodies.number("owner", owned),
        annotations=bodies.number("annotations", 0),
        status=bodies.number(Phase.PENDING),
        spec_grace=30,
    )


def created_cases() -> Iterator[Case]:
    """Requests that create what has a name of its own only afterwards, and nodes."""
    yield Case(
        "create_pod", POD, lambda api, scope: api.create_pod(scope, Pod(0), ReplicaSet(0), 0),
        lambda bodies, _: made(bodies, owned=True), verb="create",
    )  # fmt: skip


def node_cases() -> Iterator[Case]:
    yield Case(
        "create_node", NODE, lambda api, scope: api.create_node(scope, Node(0)), lambda _, __: Stored(), verb="create"
    )


def pod_cases() -> Iterator[Case]:
    def named(bodies: Bodies, _: Stored) -> Stored:
        return made(bodies, owned=False)

    def annotated(bodies: Bodies, stored: Stored) -> Stored:
        _, annotations = bodies.content(stored.annotations)
        return stored.next(annotations=bodies.number("annotations", annotations + 1))

    def phased(phase: Phase, **changes: Any) -> Callable[[Bodies, Stored], Stored]:
        return lambda bodies, stored: stored.next(
            status=bodies.number(phase), terminal=phase is Phase.FAILED, **changes
        )

    def patched(phase: Phase, uid: int) -> Callable[[Any, ClusterScope], WorkloadAnswer]:
        return lambda api, scope: api.patch_pod_status(scope, Pod(0), uid, phase)

    yield Case("create_named_pod", POD, lambda api, scope: api.create_named_pod(scope, Pod(0), None), named, verb="create")
    yield Case(
        "bind_pod", POD, lambda api, scope: api.bind_pod(scope, Pod(0), Node(1)), request={"node": 2}, verb="bind"
    )
    for phase in (Phase.PENDING, Phase.RUNNING, Phase.FAILED):
        yield Case("patch_pod_status", POD, patched(phase, 0), phased(phase), part=Part.STATUS)
    foreign = phased(Phase.FAILED, uid=OTHER_UID)
    yield Case("patch_pod_status", POD, patched(Phase.FAILED, 1), foreign, part=Part.STATUS)
    yield Case("annotate_pod", POD, lambda api, scope: api.annotate_pod(scope, Pod(0)), annotated)
    yield Case("delete_pod", POD, lambda api, scope: api.delete_pod(scope, Pod(0)), verb="delete")
    for uid, sent in ((0, 1), (1, OTHER_UID)):
        yield Case(
            "remove_pod", POD, lambda api, scope, uid=uid: api.remove_pod(scope, Pod(0), uid),
            request={"grace": 0, "uid": sent}, verb="delete",
        )  # fmt: skip


def replica_set_cases() -> Iterator[Case]:
    def made() -> ReplicaSetObject:
        return ReplicaSetObject(exists=True, replicas=2, desired=2)

    def annotated(bodies: Bodies, stored: Stored) -> Stored:
        _, desired, annotations = bodies.content(stored.annotations)
        return stored.next(annotations=bodies.number("annotations", desired, annotations + 1))

    yield Case(
        "create_replica_set", REPLICA_SET, lambda api, scope: api.create_replica_set(scope, ReplicaSet(0), made()),
        lambda bodies, _: Stored(
            annotations=bodies.number("annotations", 2, 0),
            spec=bodies.number("replicas", 2),
            status=bodies.number("status", 0, 0),
        ),
        verb="create",
    )  # fmt: skip
    for replicas in (1, 2):
        yield Case(
            "scale_replica_set", REPLICA_SET,
            lambda api, scope, replicas=replicas: api.scale_replica_set(scope, ReplicaSet(0), replicas),
            lambda bodies, stored, replicas=replicas: stored.next(spec=bodies.number("replicas", replicas)),
        )  # fmt: skip
    yield Case(
        "annotate_replica_set",
        REPLICA_SET,
        lambda api, scope: api.annotate_replica_set(scope, ReplicaSet(0)),
        annotated,
    )
    for stale in (False, True):
        yield Case(
            "update_replica_set_status", REPLICA_SET,
            lambda api, scope, stale=stale: api.update_replica_set_status(
                scope, ReplicaSet(0), made().next(status=ReplicaSetStatus(replicas=2, ready=1)), 2, stale
            ),
            lambda bodies, stored: stored.next(status=bodies.number("status", 2, 1), spec=0, annotations=stored.annotations),
            part=Part.STATUS, stale=stale,
        )  # fmt: skip
    yield Case(
        "delete_replica_set", REPLICA_SET, lambda api, scope: api.delete_replica_set(scope, ReplicaSet(0)),
        request=BACKGROUND, verb="delete",
    )  # fmt: skip


def finalization_cases() -> Iterator[Case]:
    """What the garbage collector asks for of what is being deleted in the foreground."""

    def released(_: Bodies, stored: Stored) -> Stored:
        return stored.next(finalizers=())

    yield Case(
        "finalize_replica_set", REPLICA_SET, lambda api, scope: api.finalize_replica_set(scope, ReplicaSet(0)), released
    )
    yield Case(
        "finalize_deployment", DEPLOYMENT, lambda api, scope: api.finalize_deployment(scope, Deployment(0)), released
    )


def in_foreground(cases: Iterator[Case]) -> list[Case]:
    """The same cases; a DELETE is one in the foreground."""
    return [dataclasses.replace(c, request=IN_FOREGROUND) if c.verb == "delete" else c for c in cases]


def update_cases() -> Iterator[Case]:
    """The Deployment controller's PUT of a ReplicaSet. Whose ReplicaSets have a Deployment keep no generation in the model."""

    def put(replicas: int, desired: int, stale: bool) -> Callable[[Any, ClusterScope], WorkloadAnswer]:
        return lambda api, scope: api.update_replica_set(
            scope, ReplicaSet(0), ReplicaSetObject(exists=True, replicas=replicas, desired=desired), stale
        )

    def written(replicas: int, desired: int) -> Callable[[Bodies, Stored], Stored]:
        return lambda bodies, stored: stored.next(
            annotations=bodies.number("annotations", desired, 0), spec=bodies.number("replicas", replicas), status=0
        )

    for stale, replicas, desired in itertools.product((False, True), (0, 1, 2), (1, 2)):
        yield Case(
            "update_replica_set", REPLICA_SET, put(replicas, desired, stale), written(replicas, desired), stale=stale
        )


def deployment_cases() -> Iterator[Case]:
    def patched(template: int, replicas: int, paused: int) -> Callable[[Any, ClusterScope], WorkloadAnswer]:
        return lambda api, scope: api.patch_deployment(scope, Deployment(0), ReplicaSet(template), replicas, paused)

    def written(*spec: int) -> Callable[[Bodies, Stored], Stored]:
        return lambda bodies, stored: stored.next(spec=bodies.number("spec", *spec))

    def reported(stale: bool) -> Callable[[Any, ClusterScope], WorkloadAnswer]:
        return lambda api, scope: api.update_deployment_status(
            scope,
            Deployment(0),
            DeploymentObject(template=ReplicaSet(0), status=DeploymentStatus(replicas=2, updated=2, ready=1)),
            stale,
        )

    def replaced(
        spec: tuple[int, int, int], annotations: int, changed: bool
    ) -> Callable[[Any, ClusterScope], WorkloadAnswer]:
        def ask(api: Any, scope: ClusterScope) -> WorkloadAnswer:
            api._changed_since_read = 1 if changed else 0
            template, replicas, paused = spec
            copy = DeploymentObject(
                template=ReplicaSet(template), replicas=replicas, paused=paused, annotations=annotations
            )
            answer: WorkloadAnswer = api.replace_deployment(scope, Deployment(0), copy)
            return answer

        return ask

    def sent(spec: tuple[int, int, int], annotations: int) -> Callable[[Bodies, Stored], Stored]:
        return lambda bodies, stored: stored.next(
            spec=bodies.number("spec", *spec), annotations=bodies.number("annotations", annotations), status=0
        )

    def annotated(bodies: Bodies, stored: Stored) -> Stored:
        _, annotations = bodies.content(stored.annotations)
        return stored.next(annotations=bodies.number("annotations", annotations + 1))

    yield Case(
        "create_deployment", DEPLOYMENT,
        lambda api, scope: api.create_deployment(scope, Deployment(0), ReplicaSet(0), 2),
        lambda bodies, _: Stored(
            annotations=bodies.number("annotations", 0),
            spec=bodies.number("spec", 0, 2, 1),
            status=bodies.number("status", 0, 0, 0),
        ),
        verb="create",
    )  # fmt: skip
    yield Case(
        "annotate_deployment", DEPLOYMENT, lambda api, scope: api.annotate_deployment(scope, Deployment(0)), annotated
    )
    for stale, noted, replicas in itertools.product((False, True), (0, 1), (1, 2)):
        spec = (0, replicas, 0)
        yield Case("replace_deployment", DEPLOYMENT, replaced(spec, noted, stale), sent(spec, noted), stale=stale)
    for spec in itertools.product((0, 1), (1, 2), (0, 1)):
        yield Case("patch_deployment", DEPLOYMENT, patched(*spec), written(*spec))
    for stale in (False, True):
        yield Case(
            "update_deployment_status", DEPLOYMENT, reported(stale),
            lambda bodies, stored: stored.next(status=bodies.number("status", 2, 2, 1), spec=0),
            part=Part.STATUS, stale=stale,
        )  # fmt: skip
    yield Case(
        "delete_deployment", DEPLOYMENT, lambda api, scope: api.delete_deployment(scope, Deployment(0)),
        request=BACKGROUND, verb="delete",
    )  # fmt: skip


# --- asking both


def ask_registry(case: Case, bodies: Bodies, before: dict[str, Any]) -> tuple[Code, dict[str, Any]]:
    with part(Spec("registry", Etcd, scope=NUMBERS), "etcd") as etcd:
        slot, version = Slot(0), 3
        if before:
            etcd._objects[slot] = Stored(**before, version=version)
        etcd._revision, etcd._uid = 5, 0 if not before else 1
        bodies.change_to = lambda stored: case.body(bodies, stored)
        bodies.stale = version - 1 if case.stale else None
        registry, request = Registry(contents=bodies, remember=False), Request(**case.request)
        if case.verb == "create":
            answer = store.create(etcd, registry, case.kind, slot, request)
        elif case.verb == "delete":
            answer = deletion.delete(etcd, registry, case.kind, slot, request)
        elif case.verb == "bind":
            answer = binding.bind(etcd, registry, slot, request)
        else:
            answer = store.update(etcd, registry, case.kind, case.part, slot, request)
        stored = etcd.get(slot)
        kept = {f: getattr(stored, f) for f in KEPT} | {"finalizers": tuple(stored.finalizers)}
        return answer.code, kept if stored.exists else {}


def disagreements(
    case: Case, scope: ClusterScope, place: str, objects: Callable[[], Iterator[Any]], plain: Any, *, generations: bool
) -> list[str]:
    """Every object for which the two differ. Where the model keeps no generations they are not compared."""
    bodies, asked = Bodies(), []
    spec = cluster(scope)
    key = {"_pods": Pod, "_replica_sets": ReplicaSet, "_deployments": Deployment, "_nodes": Node}[place]
    with spec.types.active():
        all_objects = list(objects())
    for found in all_objects:
        with part(spec, "api_server") as api:
            stored = getattr(api._etcd, place)
            stored[key(0)] = found
            shown, before = repr(found), plain(bodies, found)
            answer = case.ask(api, scope)
            asked.append((shown, before, answer, plain(bodies, stored[key(0)])))
    differing = []
    for shown, before, answer, after in asked:
        code, registry = ask_registry(case, bodies, before)
        ours = {f: after.get(f, DEFAULTS[f]) for f in KEPT} if after else {}
        theirs = dict(registry)
        for one in (ours, theirs):
            if not generations:
                one.pop("generation", None)
        if not same_answer(case, answer, code) or ours != theirs:
            differing.append(f"{shown}: {answer.value} {ours}; the registry: {code.value} {theirs}")
    return differing


def same_answer(case: Case, workload: WorkloadAnswer, registry: Code) -> bool:
    if registry in (Code.OK, Code.CREATED):
        return workload is WorkloadAnswer.OK
    return workload.value == DIFFERENT_CODES.get((case.name, registry.value), registry.value)


@pytest.mark.parametrize("case", list(pod_cases()), ids=str)
def test_pods(case: Case) -> None:
    assert disagreements(case, PODS, "_pods", pods, plain_pod, generations=False) == []


@pytest.mark.parametrize("case", list(replica_set_cases()), ids=str)
def test_replica_sets_of_a_user(case: Case) -> None:
    objects = functools.partial(replica_sets, generation=1)
    assert disagreements(case, REPLICA_SETS, "_replica_sets", objects, plain_replica_set, generations=True) == []


@pytest.mark.parametrize("case", list(update_cases()), ids=str)
def test_replica_sets_of_a_deployment(case: Case) -> None:
    objects = functools.partial(replica_sets, generation=0)
    assert disagreements(case, DEPLOYMENTS, "_replica_sets", objects, plain_replica_set, generations=False) == []


@pytest.mark.parametrize("case", list(deployment_cases()), ids=str)
def test_deployments(case: Case) -> None:
    assert disagreements(case, DEPLOYMENTS, "_deployments", deployments, plain_deployment, generations=True) == []


@pytest.mark.parametrize("case", list(created_cases()), ids=str)
def test_creations_of_pods(case: Case) -> None:
    assert disagreements(case, REPLICA_SETS, "_pods", new_pods, plain_pod, generations=False) == []


@pytest.mark.parametrize("case", list(node_cases()), ids=str)
def test_nodes(case: Case) -> None:
    assert disagreements(case, PODS, "_nodes", nodes, plain_node, generations=False) == []


@pytest.mark.parametrize("case", in_foreground(replica_set_cases()), ids=str)
def test_replica_sets_that_may_be_going(case: Case) -> None:
    objects = functools.partial(replica_sets, generation=1, marked=(0, 1))
    assert disagreements(case, REPLICA_SETS_GOING, "_replica_sets", objects, plain_replica_set, generations=True) == []


@pytest.mark.parametrize("case", in_foreground(deployment_cases()), ids=str)
def test_deployments_that_may_be_going(case: Case) -> None:
    objects = functools.partial(deployments, marked=(0, 1))
    assert disagreements(case, DEPLOYMENTS_GOING, "_deployments", objects, plain_deployment, generations=True) == []


@pytest.mark.parametrize("case", list(update_cases()), ids=str)
def test_replica_sets_of_a_deployment_that_may_be_going(case: Case) -> None:
    objects = functools.partial(replica_sets, generation=0, marked=(0, 1))
    assert disagreements(case, DEPLOYMENTS_GOING, "_replica_sets", objects, plain_replica_set, generations=False) == []


@pytest.mark.parametrize("case", list(finalization_cases()), ids=str)
def test_finalization(case: Case) -> None:
    """The garbage collector asks only for what is going."""
    if case.kind is REPLICA_SET:
        objects: Any = functools.partial(replica_sets, generation=1, marked=(1,))
        found = disagreements(case, REPLICA_SETS_GOING, "_replica_sets", objects, plain_replica_set, generations=True)
    else:
        objects = functools.partial(deployments, marked=(1,))
        found = disagreements(case, DEPLOYMENTS_GOING, "_deployments", objects, plain_deployment, generations=True)
    assert found == []


def test_every_request_has_a_case() -> None:
    """A request is a method of the API server that is answered."""
    requests = {
        name
        for name, method in vars(ApiServer).items()
        if inspect.isfunction(method) and not name.startswith("_") and method.__annotations__.get("return") == "Answer"
    }
    cases = (
        *pod_cases(), *created_cases(), *node_cases(), *replica_set_cases(), *update_cases(), *deployment_cases(),
        *finalization_cases(),
    )  # fmt: skip
    assert {case.name for case in cases} == requests
    assert len(requests) > 15


@pytest.mark.parametrize(
    ("without", "case"), [("optimistic-lock", "update_replica_set"), ("binding-check", "bind_pod")]
)
def test_a_protection_that_is_off_shows(without: str, case: str) -> None:
    cases = [c for c in (*pod_cases(), *update_cases()) if c.name == case]
    scope = dataclasses.replace(PODS if case == "bind_pod" else DEPLOYMENTS, without=(without,))
    place, objects, plain = ("_pods", pods, plain_pod)
    if case != "bind_pod":
        place, objects, plain = ("_replica_sets", functools.partial(replica_sets, generation=0), plain_replica_set)
    assert any(disagreements(c, scope, place, objects, plain, generations=False) for c in cases)
