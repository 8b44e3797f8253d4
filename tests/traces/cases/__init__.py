"""Hand-written logs: for each rule one that conforms, one that violates it and one that it cannot judge; and what is just legal."""

from __future__ import annotations

from tests.traces.cases import cluster, controllers, life, narrow, pods, requests, store, watch
from tests.traces.cases.head import Case, Narrow

CASES: dict[str, Case] = {
    **store.CASES,
    **watch.CASES,
    **pods.CASES,
    **cluster.CASES,
    **controllers.CASES,
    **requests.CASES,
    **life.CASES,
}
NARROW: list[Narrow] = narrow.NARROW
