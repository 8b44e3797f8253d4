"""Kinds of faults written from Kubernetes' semantics alone, before the rules were looked at.

Most of them are told by every line that tells the version concerned (the answer, reads, watch streams), so that it is the contradiction
with Kubernetes' behaviour that has to be found, and not two tellings that differ.
"""

from __future__ import annotations

from tests.traces.faults.semantics import controllers, end_state, life, nodes, pods, requests, store, watch, workloads
from tests.traces.mutate import Fault

SEMANTICS: dict[str, tuple[str, Fault]] = {
    kind: (subject, fault)
    for subject, kinds in (
        ("store", store.KINDS), ("store", life.KINDS), ("watch", watch.KINDS),
        ("pods", pods.KINDS), ("nodes", nodes.KINDS), ("controllers", controllers.KINDS),
        ("controllers", workloads.KINDS), ("requests", requests.KINDS), ("end-state", end_state.KINDS),
    )
    for kind, fault in kinds.items()
}
