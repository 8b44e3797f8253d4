"""What is legal and looks wrong, with its source in Kubernetes v1.36.2, and the wrong thing next to it."""

from __future__ import annotations

from tests.traces.cases import cluster, controllers, pods, store
from tests.traces.cases.cluster import leader
from tests.traces.cases.controllers import HELD, JOB, OF_JOB, ended, freed, job, pod
from tests.traces.cases.head import ADMIN, COMPLETE, HEAD, Narrow

DEFINED = (
    "1 alice create customresourcedefinitions.apiextensions.k8s.io widgets.example.com -> 201 rv=4 uid=d\n"
    "2 alice create widgets.example.com t/x -> 201 rv=5 uid=u kind=Widget\n"
)
UNDEFINED = "3 alice delete customresourcedefinitions.apiextensions.k8s.io widgets.example.com -> 200 kind=Status\n"
WIDGET_GONE = (
    "w <- ADDED widgets.example.com t/x rv=5 uid=u\nw <- DELETED widgets.example.com t/x rv=8 uid=u\n"
    "9 alice create widgets.example.com t/z -> 201 rv=30 uid=z\n"
)
OUTAGE = "".join(f"{line} alice update configmaps t/c -> 504 Timeout\n" for line in range(2, 98))
AGAIN = "99 alice create configmaps t/c -> 201 rv=99 uid=v\n"
RESTART = "2 api-1 crash\n"
INDEXED = "spec.parallelism=2 spec.completions=2 spec.completionMode=Indexed"
LOWERED = "spec.parallelism=2 spec.completions=1"
CUSTOM = "1 alice create widgets.example.com t/x -> 201 rv=5 uid=u kind=Widget generation=1 {spec.a=1 status.b=1}\n"
ENDPOINTS = "1 alice create endpoints t/s -> 201 rv=2 uid=e kind=Endpoints\n2 alice create services t/s -> 201 rv=3 uid=s kind=Service\n"
NO_SERVICE = "3 alice delete services t/s -> 200 kind=Status\n"
UNTOLD = "w <- ADDED endpoints t/s rv=2 uid=e\nw <- DELETED endpoints t/s rv=6 uid=e\n9 alice create configmaps t/z -> 201 rv=30 uid=z\n"
EVICTED = "2 alice create pods/eviction t/p -> 201 kind=Status\n"
CONDITION = (
    "w <- ADDED pods t/p rv=5 uid=u {spec.x=1}\nw <- MODIFIED pods t/p rv=6 uid=u {spec.x=1 status.conditions=[{type=DisruptionTarget "
    'status="True"}]}\n9 alice create pods t/q -> 201 rv=30 uid=z kind=Pod\n'
)
PLAIN = "1 alice create pods t/p -> 201 rv=5 uid=u kind=Pod {spec.x=1}\n"


def by_admin(text: str, line: str) -> str:
    """The line that begins so, sent by kubeadm's administrator instead."""
    lines = text.splitlines(keepends=True)
    for number, found in enumerate(lines):
        if found.startswith(line):
            when, _, rest = found.split(" ", 2)
            before, mark, after = rest.partition(" {target" if " {target" in rest else " ->")
            lines[number] = f"{when} root {before} {ADMIN}{mark}{after}"
    return "".join(lines)


def timed(text: str) -> str:
    """A time of the first day."""
    return f"2026-01-01T{text}Z"


def thrice(last: str, *, counted: bool = False) -> str:
    """A ReplicaSet of two gets two pods at once, and a third one later."""
    made = "".join(
        pod(number, "rs", name, controllers.OF_SET).replace(f"{number} rs", f"{timed(when)} rs")
        for number, name, when in ((2, "p", "00:00:02"), (3, "q", "00:00:03"), (5, "o", last))
    )
    told = (
        f"{timed('00:00:04')} rs update replicasets.apps/status t/r if rv=10 -> 200 rv=104 uid=r kind=ReplicaSet generation=1 "
        "{spec.replicas=2 status.replicas=2}\n"
    )
    return made + (told if counted else "")


def request(who: str, what: str) -> str:
    """A write that succeeds."""
    return HEAD + f"1 {who} {what} -> 200 rv=5 uid=u\n"


NARROW = [
    Narrow(
        "controllers.leader-election",
        "coordinated leader election: the API server's controller writes the lease too",
        HEAD + leader(1, 1, 2, "a", 1, 1, " spec.strategy=OldestEmulationVersion") + leader(2, 3, 3, "b", 1, 3),
        HEAD + leader(1, 1, 2, "a", 1, 1) + leader(2, 3, 3, "b", 1, 3),
    ),
    Narrow(
        "controllers.owner",
        "an administrator of kubeadm's group may create what names an owner",
        HEAD + controllers.SET + pod(2, "root", "p", controllers.OF_SET).replace(" ->", f" {ADMIN} ->"),
        HEAD + controllers.SET + pod(2, "sched", "p", controllers.OF_SET),
    ),
    Narrow(
        "controllers.replicaset-size",
        "after five minutes a controller no longer waits until it has seen its own creations",
        HEAD + controllers.SET.replace("1 dep", timed("00:00:01") + " dep") + thrice("00:05:10"),
        HEAD + controllers.SET.replace("1 dep", timed("00:00:01") + " dep") + thrice("00:04:10"),
    ),
    Narrow(
        "controllers.replicaset-size",
        "unless it has counted them in the status",
        HEAD + controllers.SET.replace("1 dep", timed("00:00:01") + " dep") + thrice("00:05:10"),
        HEAD + controllers.SET.replace("1 dep", timed("00:00:01") + " dep") + thrice("00:05:10", counted=True),
    ),
    Narrow(
        "nodes.own-kubelet",
        "an operator whose role is not known may write a node's status",
        COMPLETE + cluster.NODE + "2 operator patch nodes/status node-1 -> 200 rv=3 uid=n1 kind=Node\n",
        COMPLETE + cluster.NODE + "2 job patch nodes/status node-1 -> 200 rv=3 uid=n1 kind=Node\n",
    ),
    Narrow(
        "nodes.lease-holder",
        "an administrator may write a node's lease",
        by_admin(COMPLETE + cluster.NODE_LEASE, "2 node-1"),
        COMPLETE + cluster.NODE_LEASE.replace("2 node-1", "2 rs"),
    ),
    Narrow(
        "nodes.taints",
        "an administrator may taint a node",
        by_admin(COMPLETE + cluster.NODE + cluster.LOST, "3 nodes"),
        (COMPLETE + cluster.NODE + cluster.LOST).replace("3 nodes", "3 job"),
    ),
    Narrow(
        "pods.bound-by-scheduler",
        "an administrator may bind",
        by_admin(COMPLETE + pods.POD + pods.BIND, "3 sched"),
        (COMPLETE + pods.POD + pods.BIND).replace("3 sched", "3 job"),
    ),
    Narrow(
        "pods.status-by-its-kubelet",
        "the resource claim controller writes status.resourceClaimStatuses",
        (COMPLETE + pods.POD + pods.BIND + pods.RUNS).replace(
            "4 node-1", '4 "system:serviceaccount:kube-system:resource-claim-controller"'
        ),
        (COMPLETE + pods.POD + pods.BIND + pods.RUNS).replace("4 node-1", "4 job"),
    ),
    Narrow(
        "pods.status-by-its-kubelet",
        "an operator whose role is not known may write a pod's status",
        (COMPLETE + pods.POD + pods.BIND + pods.RUNS).replace("4 node-1", "4 operator"),
        (COMPLETE + pods.POD + pods.BIND + pods.RUNS).replace("4 node-1", "4 eps"),
    ),
    Narrow(
        "controllers.job-completions",
        "completions of an elastic Indexed Job are lowered, and what it counts with them",
        HEAD + JOB + job(2, "status.succeeded=2") + job(3, "status.succeeded=1", LOWERED),
        HEAD + JOB + job(2, "status.succeeded=2") + job(3, "status.succeeded=1"),
    ),
    Narrow(
        "controllers.job-completions",
        "a Job without indexes counts what succeeds, stale caches may start one too many",
        HEAD + JOB + job(2, "status.succeeded=3"),
        HEAD + JOB.replace("spec.parallelism=2 spec.completions=2", INDEXED) + job(2, "status.succeeded=3", INDEXED),
    ),
    Narrow(
        "controllers.job-tracking",
        "an Indexed Job counts by index",
        HEAD
        + JOB.replace("spec.parallelism=2 spec.completions=2", INDEXED)
        + pod(2, "job", "p", OF_JOB, HELD)
        + ended(3, "p")
        + job(4, "status.active=1", INDEXED)
        + freed(5, "p"),
        HEAD + JOB + pod(2, "job", "p", OF_JOB, HELD) + ended(3, "p") + job(4, "status.active=1") + freed(5, "p"),
    ),
    Narrow(
        "controllers.job-tracking",
        "a Job that has failed lets go of pods that it does not count",
        HEAD
        + JOB
        + pod(2, "job", "p", OF_JOB, HELD)
        + ended(3, "p")
        + job(4, 'status.conditions=[{type=Failed status="True"}]')
        + freed(5, "p"),
        HEAD
        + JOB
        + pod(2, "job", "p", OF_JOB, HELD)
        + ended(3, "p")
        + job(4, 'status.conditions=[{type=Failed status="False"}]')
        + freed(5, "p"),
    ),
    Narrow(
        "controllers.job-tracking",
        "a Job that is about to end lets go of pods that still run",
        HEAD
        + JOB
        + pod(2, "job", "p", OF_JOB, HELD)
        + job(4, 'status.conditions=[{type=FailureTarget status="True"}]')
        + freed(5, "p", "Running"),
        HEAD + JOB + pod(2, "job", "p", OF_JOB, HELD) + job(4, "status.active=1") + freed(5, "p", "Running"),
    ),
    Narrow(
        "controllers.endpoints",
        "slices of another controller may hold what it likes",
        HEAD + controllers.SERVICE + controllers.BACKEND + controllers.endpoints("10.0.0.9", "mesh.example.com"),
        HEAD + controllers.SERVICE + controllers.BACKEND + controllers.endpoints("10.0.0.9"),
    ),
    Narrow(
        "controllers.statefulset-order",
        "ordinals.start was changed: which ordinals are lower is not told",
        COMPLETE
        + controllers.STATEFUL
        + "2 alice update statefulsets.apps t/db -> 200 rv=11 uid=s kind=StatefulSet generation=2 "
        "{spec.replicas=2 spec.ordinals.start=5}\n" + pod(3, "sts", "db-7", controllers.OF_STATEFUL),
        COMPLETE + controllers.STATEFUL + pod(3, "sts", "db-7", controllers.OF_STATEFUL),
    ),
    Narrow(
        "controllers.statefulset-order",
        "a pod of an old revision is deleted",
        COMPLETE
        + controllers.STATEFUL
        + pod(2, "sts", "db-0", controllers.OF_STATEFUL, controllers.HASHED)
        + controllers.CURRENT.replace("updateRevision=a", "updateRevision=b")
        + controllers.dismissed("db-0"),
        COMPLETE
        + controllers.STATEFUL
        + pod(2, "sts", "db-0", controllers.OF_STATEFUL, controllers.HASHED)
        + controllers.CURRENT
        + controllers.dismissed("db-0"),
    ),
    Narrow(
        "store.generation",
        "a custom resource without the status subresource counts changes of status too",
        HEAD
        + CUSTOM
        + "2 alice update widgets.example.com t/x if rv=5 -> 200 rv=6 uid=u kind=Widget generation=2 {spec.a=1 status.b=2}\n",
        HEAD
        + CUSTOM
        + "2 alice update widgets.example.com/status t/x if rv=5 -> 200 rv=6 uid=u kind=Widget generation=2 "
        "{spec.a=1 status.b=2}\n",
    ),
    Narrow(
        "requests.through-api",
        "an eviction adds the condition DisruptionTarget before it deletes",
        COMPLETE + PLAIN + EVICTED + CONDITION,
        COMPLETE + PLAIN + CONDITION,
    ),
    Narrow(
        "requests.through-api",
        "the Endpoints of a Service go with it, by no request",
        COMPLETE + ENDPOINTS + NO_SERVICE + UNTOLD,
        COMPLETE + ENDPOINTS + UNTOLD,
    ),
    Narrow(
        "store.create-absent",
        "events expire by no request",
        HEAD + "1 alice create events t/e -> 201 rv=5 uid=u\n2 alice create events t/e -> 201 rv=6 uid=v\n",
        HEAD
        + "1 alice create leases.coordination.k8s.io t/e -> 201 rv=5 uid=u\n"
        + "2 alice create leases.coordination.k8s.io t/e -> 201 rv=6 uid=v\n",
    ),
    Narrow(
        "requests.through-api",
        "custom resources go with their definition, by no request",
        COMPLETE + DEFINED + UNDEFINED + WIDGET_GONE,
        COMPLETE + DEFINED + WIDGET_GONE,
    ),
    Narrow(
        "store.create-absent",
        "a deletion that timed out may have removed it, after however many updates that did",
        HEAD + store.CREATE + OUTAGE + "98 alice delete configmaps t/c -> 504 Timeout\n" + AGAIN,
        HEAD + store.CREATE + OUTAGE + AGAIN,
    ),
    Narrow(
        "store.no-op",
        "after a restart an API server may store the same object in another form",
        HEAD
        + "server api-1\n"
        + store.CREATE
        + RESTART
        + "3 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u kind=ConfigMap {data.x=1}\n",
        HEAD + store.CREATE + "3 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u kind=ConfigMap {data.x=1}\n",
    ),
    *(
        Narrow("requests.role", why, request(who, legal), request(who, illegal))
        for who, why, legal, illegal in (
            (
                "hpa",
                "the autoscaler updates the scale of anything",
                "update deployments.apps/scale t/w",
                "update deployments.apps t/w",
            ),
            (
                "hpa",
                "of custom resources too, and does not patch it",
                "update widgets.example.com/scale t/w",
                "patch widgets.example.com/scale t/w",
            ),
            (
                "sched",
                "leases are updated, not patched",
                "update leases.coordination.k8s.io kube-system/kube-scheduler",
                "patch leases.coordination.k8s.io kube-system/kube-scheduler",
            ),
            (
                "sched",
                "Endpoints are no lock any more",
                "create leases.coordination.k8s.io kube-system/kube-scheduler",
                "update endpoints kube-system/kube-scheduler",
            ),
            ("node-1", "a resize is the user's", "patch pods/status t/p", "patch pods/resize t/p"),
            ("nodes", "it marks and deletes pods, and does not patch them", "patch pods/status t/p", "patch pods t/p"),
            ("job", "it deletes pods, and leaves their status alone", "patch pods t/p", "patch pods/status t/p"),
            ("ep", "Endpoints are its own, Services are not", "update endpoints t/s", "update services/finalizers t/s"),
            ("disruption", "it marks pods, and evicts none itself", "update pods/status t/p", "delete pods t/p"),
            ("cronjob", "it updates its Jobs, not their status", "update jobs.batch t/j", "update jobs.batch/status t/j"),
            ("node-1", "its own node only", "patch nodes/status node-1", "patch nodes/status node-2"),
        )
    ),
]
