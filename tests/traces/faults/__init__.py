"""The faults that are planted: kind -> (subject of the rules that should find it, how it is planted)."""

from __future__ import annotations

from tests.traces.faults import controllers, end_state, life, nodes, pods, requests, semantics, store, watch
from tests.traces.mutate import Fault


def _of_subject(subject: str, kinds: dict[str, Fault]) -> dict[str, tuple[str, Fault]]:
    return {kind: (subject, fault) for kind, fault in kinds.items()}


FIRST: dict[str, tuple[str, Fault]] = {
    **_of_subject("store", store.STORE),
    **_of_subject("watch", watch.WATCH),
    **_of_subject("pods", pods.PODS),
    **_of_subject("nodes", nodes.NODES),
    **_of_subject("controllers", controllers.CONTROLLERS),
    **_of_subject("requests", requests.REQUESTS),
    **_of_subject("end-state", end_state.END),
    **_of_subject("malformed", end_state.BROKEN),
    **{kind: found for subject, kinds in life.LIFE.items() for kind, found in _of_subject(subject, kinds).items()},
}
"""Kinds written together with the rules."""

FAULTS: dict[str, tuple[str, Fault]] = {**FIRST, **semantics.SEMANTICS}
