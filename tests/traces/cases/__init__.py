"""Hand-written logs: for each rule one that conforms, one that violates it and one that it cannot judge; and what is just legal."""

from __future__ import annotations

from tests.traces.cases import cluster, controllers, life, narrow, pods, requests, store, watch
from tests.traces.cases.head import Case, Narrow, whole

_CASES: dict[str, Case] = {
    **store.CASES,
    **watch.CASES,
    **pods.CASES,
    **cluster.CASES,
    **controllers.CASES,
    **requests.CASES,
    **life.CASES,
}
_MORE = {**store.MORE, **pods.MORE, **controllers.MORE, **cluster.MORE, **requests.MORE, **life.MORE}
_WHOLE = frozenset((
    "controllers.garbage-collector", "nodes.evictions", "nodes.own-kubelet", "nodes.taints", "pods.graceful-deletion", "store.deletion",
    "store.generation", "store.no-op", "store.status-subresource",
))
"""Rules that ask for what is not in an object: objects told in part are not enough for them."""

CASES = {rule: Case(*map(whole, case)) if rule in _WHOLE else case for rule, case in _CASES.items()}
MORE = {what: (rule, whole(log) if rule in _WHOLE else log) for what, (rule, log) in _MORE.items()}
NARROW: list[Narrow] = [
    one._replace(legal=whole(one.legal), illegal=whole(one.illegal)) if one.rule in _WHOLE else one for one in narrow.NARROW
]
