"""Rules of controllers."""

from __future__ import annotations

from tests.traces.cases.head import ADMIN, COMPLETE, HEAD, NOTHING, Case


def own(kind: str, name: str, uid: str) -> str:
    """An owner reference."""
    return f"metadata.ownerReferences=[{{kind={kind} name={name} uid={uid} controller=true}}]"


def pod(line: int, who: str, name: str, owner: str, rest: str = "") -> str:
    """The creation of a pod, with a version after its line."""
    return f"{line} {who} create pods t/{name} -> 201 rv={line + 100} uid=u-{name} kind=Pod {{{owner} status.phase=Pending{rest}}}\n"


SET = "1 dep create replicasets.apps t/r -> 201 rv=10 uid=r kind=ReplicaSet generation=1 {spec.replicas=2}\n"
OF_SET = own("ReplicaSet", "r", "r")
JOB = "1 alice create jobs.batch t/j -> 201 rv=10 uid=j kind=Job generation=1 {spec.parallelism=2 spec.completions=2}\n"
OF_JOB = own("Job", "j", "j")
HELD = ' metadata.finalizers=["batch.kubernetes.io/job-tracking"]'
STATEFUL = "1 alice create statefulsets.apps t/db -> 201 rv=10 uid=s kind=StatefulSet generation=1 {spec.replicas=2}\n"
OF_STATEFUL = own("StatefulSet", "db", "s")
DAEMONS = "2 alice create daemonsets.apps t/d -> 201 rv=10 uid=d kind=DaemonSet generation=1 {spec.x=1}\n"
OF_DAEMONS = own("DaemonSet", "d", "d")
NODE = "1 node-1 create nodes node-1 -> 201 rv=2 uid=n1 kind=Node\n"
READY = 'status.conditions=[{type=Ready status="True"}]'


def on(node: str) -> str:
    """The affinity of a DaemonSet's pod."""
    return (
        " spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms="
        f'[{{matchFields=[{{key="metadata.name" values=[{node}]}}]}}]'
    )


def job(line: int, rest: str, spec: str = "spec.parallelism=2 spec.completions=2") -> str:
    """A write of the Job's status."""
    return f"{line} job update jobs.batch/status t/j -> 200 rv={line + 100} uid=j kind=Job generation=1 {{{spec} {rest}}}\n"


def ended(line: int, name: str, rest: str = HELD) -> str:
    """A pod of the Job that has succeeded."""
    return (
        f"{line} node-1 patch pods/status t/{name} -> 200 rv={line + 100} uid=u-{name} kind=Pod {{{OF_JOB} spec.nodeName=node-1 "
        f"status.phase=Succeeded{rest}}}\n"
    )


def freed(line: int, name: str, phase: str = "Succeeded") -> str:
    """The finalizer taken off."""
    return (
        f"{line} job patch pods t/{name} -> 200 rv={line + 100} uid=u-{name} kind=Pod {{{OF_JOB} spec.nodeName=node-1 "
        f"status.phase={phase}}}\n"
    )


DEPLOYMENT = (
    "1 alice create deployments.apps t/w -> 201 rv=5 uid=w kind=Deployment generation=1 {spec.replicas=2 "
    "spec.strategy={type=RollingUpdate rollingUpdate={maxSurge=1 maxUnavailable=0}}}\n"
)
OF_DEPLOYMENT = own("Deployment", "w", "w")


def scaled(line: int, name: str, size: int, verb: str = "create") -> str:
    """The Deployment's controller writes a ReplicaSet."""
    wrote = f"{line} dep {verb} replicasets.apps t/{name} -> 200 rv={line + 100} uid=u-{name} kind=ReplicaSet "
    return wrote + f"{{{OF_DEPLOYMENT} spec.replicas={size}}}\n"


SERVICE = "1 alice create services t/s -> 201 rv=1 uid=s kind=Service {spec.selector.a=b}\n"
BACKEND = f'2 alice create pods t/p -> 201 rv=2 uid=p kind=Pod {{spec.nodeName=n status.phase=Running status.podIP="10.0.0.1" {READY}}}\n'


def endpoints(address: str, managed: str = "endpointslice-controller.k8s.io") -> str:
    """A slice with one endpoint."""
    return (
        "3 eps create endpointslices.discovery.k8s.io t/s-1 -> 201 rv=3 uid=e kind=EndpointSlice {metadata.labels="
        f'{{"kubernetes.io/service-name"=s "endpointslice.kubernetes.io/managed-by"="{managed}"}} '
        f'endpoints=[{{addresses=["{address}"] conditions={{ready=true}} targetRef={{kind=Pod name=p uid=p}}}}]}}\n'
    )


CASES = {
    "controllers.owner": Case(
        HEAD + SET + pod(2, "rs", "p", OF_SET),
        HEAD + SET + pod(2, "job", "p", OF_SET),
        HEAD + pod(2, "alice", "p", OF_SET).replace(" ->", f" {ADMIN} ->"),
    ),
    "controllers.replicaset-size": Case(
        HEAD + SET + pod(2, "rs", "p", OF_SET) + pod(3, "rs", "q", OF_SET),
        HEAD + SET + pod(2, "rs", "p", OF_SET) + pod(3, "rs", "q", OF_SET) + pod(4, "rs", "o", OF_SET),
        HEAD + pod(2, "rs", "p", OF_SET),
    ),
    "controllers.rolling-update": Case(
        HEAD + DEPLOYMENT + scaled(2, "old", 2) + scaled(3, "new", 1),
        HEAD + DEPLOYMENT + scaled(2, "old", 2) + scaled(3, "new", 2),
        HEAD + scaled(2, "old", 2),
    ),
    "controllers.statefulset-order": Case(
        COMPLETE + STATEFUL + pod(2, "sts", "db-0", OF_STATEFUL, f" {READY}") + pod(3, "sts", "db-1", OF_STATEFUL),
        COMPLETE + STATEFUL + pod(2, "sts", "db-0", OF_STATEFUL) + pod(3, "sts", "db-1", OF_STATEFUL),
        HEAD + pod(3, "sts", "db-1", OF_STATEFUL),
    ),
    "controllers.job-parallelism": Case(
        HEAD + JOB + pod(2, "job", "p", OF_JOB) + pod(3, "job", "q", OF_JOB),
        HEAD + JOB + pod(2, "job", "p", OF_JOB) + pod(3, "job", "q", OF_JOB) + pod(4, "job", "o", OF_JOB),
        HEAD + pod(2, "job", "p", OF_JOB),
    ),
    "controllers.job-completions": Case(
        HEAD
        + JOB
        + job(2, "status.succeeded=1")
        + job(3, 'status.succeeded=2 status.conditions=[{type=Complete status="True"}]'),
        HEAD
        + JOB
        + job(2, "status.succeeded=1")
        + job(3, 'status.succeeded=1 status.conditions=[{type=Complete status="True"}]'),
        NOTHING,
    ),
    "controllers.job-tracking": Case(
        HEAD
        + JOB
        + pod(2, "job", "p", OF_JOB, HELD)
        + ended(3, "p")
        + job(4, "status.uncountedTerminatedPods.succeeded=[u-p]")
        + freed(5, "p"),
        HEAD + JOB + pod(2, "job", "p", OF_JOB, HELD) + ended(3, "p") + job(4, "status.active=1") + freed(5, "p"),
        HEAD + ended(3, "p") + freed(5, "p"),
    ),
    "controllers.daemonset-one-per-node": Case(
        HEAD
        + NODE
        + DAEMONS
        + pod(3, "ds", "p", OF_DAEMONS, on("node-1"))
        + pod(4, "ds", "q", OF_DAEMONS, on("node-2")),
        HEAD
        + NODE
        + DAEMONS
        + pod(3, "ds", "p", OF_DAEMONS, on("node-1"))
        + pod(4, "ds", "q", OF_DAEMONS, on("node-1")),
        HEAD + DAEMONS + pod(3, "ds", "p", OF_DAEMONS),
    ),
    "controllers.endpoints": Case(
        HEAD + SERVICE + BACKEND + endpoints("10.0.0.1"),
        HEAD + SERVICE + BACKEND + endpoints("10.0.0.9"),
        HEAD + SERVICE + endpoints("10.0.0.1"),
    ),
}

CURRENT = (
    "4 sts update statefulsets.apps/status t/db if rv=10 -> 200 rv=104 uid=s kind=StatefulSet generation=1 {spec.replicas=2 "
    "status.observedGeneration=1 status.currentRevision=a status.updateRevision=a}\n"
)
HASHED = ' metadata.labels={"controller-revision-hash"=a}'


def dismissed(name: str) -> str:
    """The StatefulSet's controller deletes a pod."""
    return (
        f'5 sts delete pods t/{name} -> 200 rv=105 uid=u-{name} kind=Pod {{{OF_STATEFUL} metadata.deletionTimestamp="2026-01-01T00:00:30Z" '
        "metadata.deletionGracePeriodSeconds=30}\n"
    )


MORE = {
    "two controllers": (
        "controllers.owner",
        HEAD + SET + pod(2, "rs", "p", OF_SET[:-1] + ", {kind=ReplicaSet name=q uid=q controller=true}]"),
    ),
    "an owner under another name": (
        "controllers.owner",
        HEAD + SET + pod(2, "rs", "p", own("ReplicaSet", "other", "r")),
    ),
    "an owner that never was": ("controllers.owner", COMPLETE + SET + pod(2, "rs", "p", own("ReplicaSet", "x", "x"))),
    "beyond replicas": ("controllers.statefulset-order", COMPLETE + STATEFUL + pod(2, "sts", "db-7", OF_STATEFUL)),
    "a wanted pod deleted": (
        "controllers.statefulset-order",
        COMPLETE + STATEFUL + pod(2, "sts", "db-0", OF_STATEFUL, HASHED) + CURRENT + dismissed("db-0"),
    ),
    "a running pod let go": (
        "controllers.job-tracking",
        HEAD + JOB + job(2, "status.active=1") + pod(3, "job", "p", OF_JOB, HELD) + freed(5, "p", "Running"),
    ),
    "a node that never was": (
        "controllers.daemonset-one-per-node",
        COMPLETE + NODE + DAEMONS + pod(3, "ds", "p", OF_DAEMONS, on("node-9")),
    ),
}
