"""Rules of requests."""

from __future__ import annotations

from tests.traces.cases.head import COMPLETE, HEAD, Case

POD = "1 alice create pods t/p decision=allow -> 201 rv=5 uid=u kind=Pod {spec.x=1}\n"
BOOTSTRAP = "1 server create clusterroles.rbac.authorization.k8s.io view -> 201 rv=2 uid=r\n"
CRASHED = HEAD + "1 node-1 crash\n"
ANONYMOUS = '2 "system:anonymous" {verb} {resource} t/p -> 200 rv={rv} uid=u kind=Pod\n'

CASES = {
    "requests.authorised": Case(
        HEAD + POD + "2 eve create pods t/q decision=forbid -> 403 Forbidden\n",
        HEAD + POD + "2 eve create pods t/q decision=forbid -> 201 rv=6 uid=v\n",
        CRASHED,
    ),
    "requests.anonymous": Case(
        HEAD + POD + '2 "system:anonymous" get pods t/p decision=forbid -> 403 Forbidden\n',
        COMPLETE + BOOTSTRAP + POD + '2 "system:anonymous" update pods t/p decision=allow -> 200 rv=6 uid=u\n',
        HEAD + POD + '2 "system:anonymous" update pods t/p decision=allow -> 200 rv=6 uid=u\n',
    ),
    "requests.role": Case(
        HEAD + "2 sched create pods/binding t/p {target.name=node-1} -> 201 kind=Status\n",
        HEAD + "2 sched create deployments.apps t/d -> 201 rv=6 uid=v\n",
        HEAD + POD,
    ),
    "requests.through-api": Case(
        COMPLETE + POD + "w <- ADDED pods t/p rv=5 uid=u {spec.x=1}\n",
        COMPLETE + POD + "w <- ADDED pods t/p rv=5 uid=u {spec.x=1}\nw <- MODIFIED pods t/p rv=6 uid=u {spec.x=2}\n"
        "3 alice create pods t/q -> 201 rv=9 uid=v kind=Pod\n",
        HEAD + "w <- ADDED pods t/p rv=5 uid=u {spec.x=1}\n",
    ),
    "requests.dry-run": Case(
        HEAD + POD + "2 alice update pods t/p dry-run=true -> 200 rv=5 uid=u kind=Pod {spec.x=2}\n",
        HEAD + POD + "2 alice create pods t/q dry-run=true -> 201 rv=6 uid=v kind=Pod\n",
        HEAD + POD,
    ),
}

MORE = {
    "an anonymous read": (
        "requests.anonymous",
        COMPLETE + BOOTSTRAP + POD + '2 "system:anonymous" get pods t/p decision=allow -> 200 rv=5 uid=u kind=Pod\n',
    ),
    "nobody's success": ("requests.authorised", HEAD + '1 "" list pods t/ -> 200 kind=PodList rv=4\n'),
    "forbidden and found": ("requests.authorised", HEAD + "1 eve get pods t/p decision=forbid -> 404 NotFound\n"),
}
