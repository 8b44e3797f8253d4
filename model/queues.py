"""What waits in the queues of the controllers and of the scheduler, as an observer from outside finds it out.

Who is not in a queue is stored where it can be told (workqueue.py); of the others those are shown that have something to do. So each
action of a controller is tried on the state for each of its keys. A request that would take a reader further back than the scope lets it
lag cannot be made yet (watches.py): then the key waits, and not because there is nothing to do.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.objects import Node
from kubecheck.model.watches import Watches
from kubecheck.spec import Action, Sort, Spec, SpecError
from kubecheck.spec.errors import NotEnabled
from kubecheck.spec.layout import show_scalar
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.types import RefType
from kubecheck.spec.values import Part, Root, lift

# who refuses a write, because a reader of the kind is as far behind as it may be
_BOUNDS: Final = {
    Watches.deployment_written.__code__: "Deployments",
    Watches.replica_set_written.__code__: "ReplicaSets",
    Watches.pod_written.__code__: "pods",
}


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key in a queue. `waits` names the kind that somebody is so far behind in that the key's next request has to wait; else empty."""

    name: str
    waits: str = ""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The keys of one controller (its actor's name) that have something to do."""

    name: str
    keys: list[Key]


def queues(spec: Spec, state: Snapshot, actors: list[str]) -> list[Queue]:
    """The queue of each of the actors that has one: whose steps are about an object. The keys are in the order of their names."""
    found = []
    for actor in actors:
        keyed = [(a, key) for a in spec.actions if a.actor == actor and a.kind == "component" and (key := _key(spec, a))]
        keys: dict[Any, str] = {}
        for action, key in keyed:
            for values, waits in _tries(spec, state, action):
                of = values[key]
                keys[of] = waits if keys.get(of, waits) else ""  # where one request is possible the key need not wait
        if keyed:
            found.append(Queue(name=actor, keys=[Key(name=show_scalar(of), waits=keys[of]) for of in sorted(keys, key=_order)]))
    return found


def _order(of: Sort) -> tuple[str, int]:
    """Objects by their kinds, then by their numbers: the garbage collector's queue has several kinds."""
    return type(of).__name__, of.number


def _key(spec: Spec, action: Action) -> str:
    """The parameter that an action is about: the last that is an object, and no node; empty if there is none."""
    objects = [p.name for p in spec.parameters(action) if isinstance(p.type, RefType) and p.part is None and p.type.cls is not Node]
    return objects[-1] if objects else ""


def _tries(spec: Spec, state: Snapshot, action: Action) -> Iterator[tuple[dict[str, Any], str]]:
    """The parameters with which the action would make a request, each with the kind that it has to wait for."""
    parameters = spec.parameters(action)
    finite = [p for p in parameters if p.part is None]
    for chosen in itertools.product(*(p.type.values() for p in finite)):
        root, values = Root(state), {p.name: v for p, v in zip(finite, chosen, strict=True)}
        arguments = {
            p.name: lift(p.type, values[p.name], None) if p.part is None else lift(p.type, state[p.part], Part(root, p.part))
            for p in parameters
        }
        with spec.types.active():
            try:
                action.function(**arguments)
            except NotEnabled as refused:
                if waits := _bound(refused):
                    yield values, waits
            except (SpecError, ArithmeticError, AttributeError, TypeError):
                yield values, ""  # a value leaves its type: the step is tried all the same
            else:
                yield values, ""


def _bound(refused: NotEnabled) -> str:
    """The kind that somebody is too far behind in, if that is why a request cannot be made; else empty."""
    at = refused.__traceback__
    while at is not None:
        if at.tb_frame.f_code in _BOUNDS:
            return _BOUNDS[at.tb_frame.f_code]
        at = at.tb_next
    return ""
