"""Rules of the store."""

from __future__ import annotations

from tests.traces.cases.head import COMPLETE, HEAD, NOTHING, Case

CREATE = "1 alice create configmaps t/c -> 201 rv=5 uid=u kind=ConfigMap {data.x=1}\n"
SEEN = "1 alice update configmaps t/c -> 200 rv=5 uid=u kind=ConfigMap\n"
UNSURE = "2 alice delete configmaps t/c -> 504 Timeout\n"
REMOVE = "2 alice delete configmaps t/c -> 200 kind=Status\n"
DEPLOYMENT = (
    "1 alice create deployments.apps t/d -> 201 rv=5 uid=u kind=Deployment generation=1 "
    "{spec.replicas=1 status.observedGeneration=0}\n"
)
OBSERVED = (
    "2 dep update deployments.apps/status t/d if rv=5 -> 200 rv=6 uid=u kind=Deployment generation=1 "
    "{spec.replicas=1 status.observedGeneration=1}\n"
)
DELETING = 'metadata.deletionTimestamp="2026-01-01T00:00:30Z" metadata.deletionGracePeriodSeconds=30'
POD = "1 alice create pods t/p -> 201 rv=5 uid=u kind=Pod {spec.nodeName=node-1}\n"

CASES = {
    "store.revision-order": Case(
        HEAD + CREATE + "2 alice create configmaps t/d -> 201 rv=6 uid=v\n",
        HEAD + CREATE + "2 alice create configmaps t/d -> 201 rv=4 uid=v\n",
        HEAD + "alice create configmaps t/c -> 201 rv=5 uid=u\nalice create configmaps t/d -> 201 rv=4 uid=v\n",
    ),
    "store.revision-unique": Case(
        HEAD + CREATE + "2 alice get configmaps t/c -> 200 rv=5 uid=u kind=ConfigMap {data.x=1}\n",
        HEAD + CREATE + "2 alice get configmaps t/c -> 200 rv=5 uid=u kind=ConfigMap {data.x=2}\n",
        NOTHING,
    ),
    "store.create-absent": Case(
        HEAD + CREATE + REMOVE + "3 alice create configmaps t/c -> 201 rv=7 uid=v\n",
        HEAD + CREATE + "3 alice create configmaps t/c -> 201 rv=7 uid=v\n",
        HEAD + SEEN + UNSURE + "3 alice create configmaps t/c -> 201 rv=7 uid=v\n",
    ),
    "store.change-existing": Case(
        HEAD + CREATE + "2 alice update configmaps t/c -> 200 rv=6 uid=u\n",
        HEAD + CREATE + REMOVE + "3 alice update configmaps t/c -> 200 rv=7 uid=u\n",
        NOTHING,
    ),
    "store.not-found": Case(
        HEAD + CREATE + REMOVE + "3 alice get configmaps t/c -> 404 NotFound\n",
        HEAD + CREATE + "3 alice get configmaps t/c -> 404 NotFound\n",
        HEAD + SEEN + UNSURE + "3 alice get configmaps t/c -> 404 NotFound\n",
    ),
    "store.lost-update": Case(
        HEAD
        + CREATE
        + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u\n3 bob update configmaps t/c if rv=6 -> 200 rv=7 uid=u\n",
        HEAD
        + CREATE
        + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u\n3 bob update configmaps t/c if rv=5 -> 200 rv=7 uid=u\n",
        HEAD + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u\n",
    ),
    "store.conflict": Case(
        HEAD + CREATE + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u\n"
        '3 bob update configmaps t/c if rv=5 -> 409 Conflict "the object has been modified"\n',
        HEAD + CREATE + '2 bob update configmaps t/c if rv=5 -> 409 Conflict "the object has been modified"\n'
        "3 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u\n",
        HEAD + '2 bob update configmaps t/c if rv=5 -> 409 Conflict "the object has been modified"\n',
    ),
    "store.uid": Case(
        COMPLETE + CREATE + "2 alice update configmaps t/c if uid=u -> 200 rv=6 uid=u\n",
        COMPLETE + CREATE + "2 alice update configmaps t/c if uid=v -> 200 rv=6 uid=u\n",
        NOTHING,
    ),
    "store.no-op": Case(
        HEAD + CREATE + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u kind=ConfigMap {data.x=2}\n",
        HEAD + CREATE + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u kind=ConfigMap {data.x=1}\n",
        NOTHING,
    ),
    "store.fresh-read": Case(
        HEAD + CREATE + "2 alice update configmaps t/c -> 200 rv=6 uid=u\n3 bob get configmaps t/c -> 200 rv=6 uid=u\n",
        HEAD + CREATE + "2 alice update configmaps t/c -> 200 rv=6 uid=u\n3 bob get configmaps t/c -> 200 rv=5 uid=u\n",
        HEAD + CREATE + "bob get configmaps t/c -> 200 rv=4 uid=u\n",
    ),
    "store.deletion": Case(
        HEAD + POD + f"2 alice delete pods t/p -> 200 rv=6 uid=u kind=Pod {{{DELETING}}}\n"
        f"3 node-1 patch pods/status t/p -> 200 rv=7 uid=u kind=Pod {{{DELETING} status.phase=Running}}\n",
        HEAD + POD + f"2 alice delete pods t/p -> 200 rv=6 uid=u kind=Pod {{{DELETING}}}\n"
        "3 node-1 patch pods/status t/p -> 200 rv=7 uid=u kind=Pod {status.phase=Running}\n",
        HEAD + POD,
    ),
    "store.finalizers": Case(
        HEAD + '1 alice create configmaps t/c -> 201 rv=5 uid=u {metadata.finalizers=["f/f"]}\n'
        "2 alice update configmaps t/c -> 200 rv=6 uid=u\n" + "3 alice delete configmaps t/c -> 200 kind=Status\n"
        '4 alice create configmaps t/d -> 201 rv=7 uid=v {metadata.finalizers=["f/f"]}\n'
        f'5 alice delete configmaps t/d -> 200 rv=8 uid=v {{{DELETING} metadata.finalizers=["f/f"]}}\n'
        f'6 alice update configmaps t/d -> 200 rv=9 uid=v {{{DELETING} metadata.finalizers=["f/f"] data.x=1}}\n',
        HEAD + '1 alice create configmaps t/c -> 201 rv=5 uid=u {metadata.finalizers=["f/f"]}\n' + REMOVE,
        NOTHING,
    ),
    "store.generation": Case(
        HEAD
        + DEPLOYMENT
        + "2 alice update deployments.apps t/d if rv=5 -> 200 rv=6 uid=u kind=Deployment generation=2 {spec.replicas=2}\n",
        HEAD
        + DEPLOYMENT
        + "2 alice update deployments.apps t/d if rv=5 -> 200 rv=6 uid=u kind=Deployment generation=1 {spec.replicas=2}\n",
        NOTHING,
    ),
    "store.observed-generation": Case(
        HEAD + DEPLOYMENT + OBSERVED,
        HEAD + DEPLOYMENT + OBSERVED.replace("observedGeneration=1", "observedGeneration=2"),
        HEAD + DEPLOYMENT + OBSERVED.replace("observedGeneration=1", "observedGeneration=2").replace("dep update", "alice update"),
    ),
    "store.status-subresource": Case(
        HEAD
        + DEPLOYMENT
        + OBSERVED,
        HEAD
        + DEPLOYMENT
        + "2 dep update deployments.apps/status t/d if rv=5 -> 200 rv=6 uid=u kind=Deployment generation=2 "
        "{spec.replicas=2 status.observedGeneration=1}\n",
        HEAD + DEPLOYMENT,
    ),
}

MORE = {
    "a refusal of what never was": (
        "store.conflict",
        COMPLETE + CREATE + "2 alice create configmaps t/d -> 409 AlreadyExists\n",
    ),
    "a uid refused that fits": (
        "store.conflict",
        HEAD + CREATE + "2 alice delete configmaps t/c if uid=u -> 409 Conflict "
        '"Precondition failed: UID in precondition: u, UID in object meta: u"\n',
    ),
    "two objects of one uid": ("store.uid", HEAD + CREATE + "2 alice create configmaps t/d -> 201 rv=6 uid=u\n"),
    "a read of the removed": (
        "store.fresh-read",
        HEAD + CREATE + REMOVE + "3 bob get configmaps t/c -> 200 rv=5 uid=u\n",
    ),
    "a read before its write": (
        "store.fresh-read",
        HEAD + CREATE + "2 bob get configmaps t/c -> 200 rv=6 uid=u\n"
        "3 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u\n",
    ),
    "a deletion by an update": (
        "store.deletion",
        HEAD + CREATE + f"2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u {{{DELETING}}}\n",
    ),
    "a status refused as not found": (
        "store.not-found",
        HEAD + POD + "2 node-1 patch pods/status t/p -> 404 NotFound\n",
    ),
    "labels through status": (
        "store.status-subresource",
        HEAD + DEPLOYMENT + "2 dep update deployments.apps/status t/d if rv=5 -> 200 rv=6 "
        "uid=u kind=Deployment generation=1 {metadata.labels.a=b spec.replicas=1}\n",
    ),
}
"""Further faults: what -> (rule, log)."""
