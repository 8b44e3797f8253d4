"""Rules of how objects begin and end, what never changes, what is counted, and what is read."""

from __future__ import annotations

from tests.traces.cases.head import COMPLETE, HEAD, NOTHING, Case

DEPLOYMENT = "1 alice create deployments.apps t/d -> 201 rv=5 uid=d kind=Deployment generation=1 {spec.selector.matchLabels.app=d}\n"
MAP = "1 alice create configmaps t/c -> 201 rv=5 uid=c kind=ConfigMap {metadata.name=c metadata.namespace=t data.x=1}\n"
NODE = "1 alice create nodes node-1 -> 201 rv=2 uid=n1 kind=Node {metadata.labels.disk=ssd}\n"
POD = (
    "2 alice create pods t/p -> 201 rv=5 uid=u kind=Pod {spec.schedulerName=default-scheduler spec.terminationGracePeriodSeconds=30 "
    "status.phase=Pending}\n"
)
BIND = "3 sched create pods/binding t/p {target.name=node-1} -> 201 kind=Status\n"
SPEC = "spec.nodeName=node-1 spec.schedulerName=default-scheduler spec.terminationGracePeriodSeconds=30"
RUNS = (
    f"4 node-1 patch pods/status t/p if uid=u -> 200 rv=7 uid=u kind=Pod {{{SPEC} status.phase=Running "
    'status.startTime="2026-01-01T00:00:00Z"}\n'
)
MARK = 'metadata.deletionTimestamp="2026-01-01T00:00:30Z" metadata.deletionGracePeriodSeconds=30'
MARKED = f"5 alice delete pods t/p -> 200 rv=8 uid=u kind=Pod {{{SPEC} {MARK} status.phase=Running}}\n"
GONE = (
    f"6 node-1 delete pods t/p if uid=u {{gracePeriodSeconds=0}} -> 200 rv=10 uid=u kind=Pod {{{SPEC} status.phase=Running "
    f"{MARK.replace('Seconds=30', 'Seconds=0')}}}\n"
)
SET = (
    "1 alice create replicasets.apps t/r -> 201 rv=3 uid=r kind=ReplicaSet generation=1 {spec.replicas=2 spec.selector.matchLabels.app=r "
    "spec.template.spec.containers=[{name=c image=v1}]}\n"
)


def changed(creation: str) -> str:
    """An update of what was created at 5."""
    return creation.replace("1 alice create", "2 alice update").replace("201 rv=5", "200 rv=6")


def item(x: int) -> str:
    """The ConfigMap at version 5, in a list."""
    return f'{{metadata={{name=c namespace=t uid=c resourceVersion="5"}} data={{x={x}}}}}'


def owned(line: int, name: str, kind: str, of: str, rest: str) -> str:
    """The creation of a pod for an owner whose uid is its name."""
    who = {"ReplicaSet": "rs", "DaemonSet": "ds", "Job": "job"}[kind]
    return (
        f"{line} {who} create pods t/{name} -> 201 rv={line + 10} uid=u-{name} kind=Pod {{metadata.name={name} metadata.namespace=t "
        f"metadata.ownerReferences=[{{kind={kind} name={of} uid={of} controller=true}}] {rest}}}\n"
    )


MEMBER = owned(2, "r-1", "ReplicaSet", "r", "metadata.labels.app=r spec.containers=[{name=c image=v1}]")
STATUS = (
    "9 rs update replicasets.apps/status t/r -> 200 rv=30 uid=r kind=ReplicaSet generation=1 {spec.replicas=2 "
    "spec.selector.matchLabels.app=r spec.template.spec.containers=[{name=c image=v1}] status.replicas=1 status.readyReplicas=1}\n"
)
JOB = "1 alice create jobs.batch t/j -> 201 rv=3 uid=j kind=Job generation=1 {spec.backoffLimit=0 spec.completions=1}\n"
FAILED = (
    "3 job update jobs.batch/status t/j if rv=3 -> 200 rv=15 uid=j kind=Job generation=1 {spec.backoffLimit=0 spec.completions=1 "
    'status.failed=1 status.conditions=[{type=Failed status="True"}]}\n'
)
SERVICE = "1 alice create services t/s -> 201 rv=3 uid=s kind=Service {spec.selector.app=r}\n"
ENDPOINT = "{addresses=[10.0.0.1] targetRef={kind=Pod name=r-1 uid=u-r-1}}"
SLICE = (
    '4 eps create endpointslices.discovery.k8s.io t/s-x -> 201 rv=20 uid=e kind=EndpointSlice {metadata.labels={'
    f'"kubernetes.io/service-name"=s}} endpoints=[{ENDPOINT}]}}\n'
)
OWNED = 'metadata.ownerReferences=[{kind=Deployment name=d uid=d controller=true apiVersion="apps/v1"}]'
CHILD = f"2 dep create replicasets.apps t/d-1 -> 201 rv=6 uid=d1 kind=ReplicaSet generation=1 {{{OWNED}}}\n"
COLLECTED = "6 gc delete replicasets.apps t/d-1 if uid=d1 -> 200 kind=Status uid=d1\n"
STATE = 'w <- BOOKMARK pods rv=4 {metadata.annotations."k8s.io/initial-events-end"="true"}\n'


def told(name: str, version: int) -> str:
    """A stream tells of a pod's creation."""
    return (
        f"w <- ADDED pods t/{name} rv={version} uid=u-{name} {{kind=Pod "
        "metadata.ownerReferences=[{kind=ReplicaSet name=r uid=r controller=true}] metadata.labels.app=r "
        "spec.containers=[{name=c image=v1}]}\n"
    )


THREE = SET + "".join(
    owned(line, f"r-{line - 1}", "ReplicaSet", "r", "metadata.labels.app=r spec.containers=[{name=c image=v1}]") for line in (2, 3, 4, 5)
)

def lease(line: int, holder: str, verb: str = "update") -> str:
    """The lease of the controller managers, written at a line."""
    before, code = (" if rv=11", 200) if verb == "update" else ("", 201)
    return (
        f"{line} kcm {verb} leases.coordination.k8s.io kube-system/kube-controller-manager{before} -> {code} rv={line + 10} uid=l "
        f"kind=Lease {{spec.holderIdentity={holder}}}\n"
    )


def write(line: int, process: str) -> str:
    """A write of one of two processes of a controller."""
    return f"{line} rs create pods t/p-{line} credential={process} -> 201 rv={line + 10} uid=u-{line}\n"


FORMER = HEAD + lease(1, "a", "create") + write(2, "one") + lease(3, "b") + write(4, "two")
OPEN = {
    "controllers.former-leader": (
        FORMER + write(5, "one"),
        "leases/kube-system/kube-controller-manager went from a to b, and processes of former holders (replicaset-controller) wrote 1 "
        "times more",
    ),
}
"""What is listed as open."""


CASES = {
    "controllers.former-leader": Case(FORMER, "", HEAD + lease(1, "a", "create") + write(2, "one")),
    "store.creation": Case(
        HEAD + DEPLOYMENT,
        HEAD + DEPLOYMENT.replace("generation=1", "generation=5"),
        NOTHING,
    ),
    "store.immutable-fields": Case(
        HEAD + DEPLOYMENT + changed(DEPLOYMENT),
        HEAD + DEPLOYMENT + changed(DEPLOYMENT).replace("app=d", "app=e"),
        HEAD + DEPLOYMENT,
    ),
    "store.answers-its-object": Case(
        HEAD + MAP + "2 alice get configmaps t/c -> 200 rv=5 uid=c kind=ConfigMap {metadata.name=c metadata.namespace=t data.x=1}\n",
        HEAD + MAP + "2 alice get configmaps t/d -> 200 rv=5 uid=c kind=ConfigMap {metadata.name=c metadata.namespace=t data.x=1}\n",
        NOTHING,
    ),
    "store.list": Case(
        HEAD + MAP + f"2 alice list configmaps t/ -> 200 kind=ConfigMapList rv=5 {{items=[{item(1)}]}}\n",
        HEAD + MAP + f"2 alice list configmaps t/ -> 200 kind=ConfigMapList rv=5 {{items=[{item(2)}]}}\n",
        HEAD + MAP,
    ),
    "watch.creations": Case(
        HEAD + THREE + STATE + told("r-1", 12) + told("r-2", 13) + told("r-3", 14) + told("r-4", 15),
        HEAD + THREE + STATE + told("r-1", 12) + told("r-2", 13) + told("r-4", 15),
        HEAD + THREE + told("r-4", 15),
    ),
    "pods.graceful-deletion": Case(
        COMPLETE + NODE + POD + BIND + RUNS + MARKED + GONE,
        COMPLETE + NODE + POD + BIND + RUNS + MARKED.replace("5 alice delete pods t/p -> 200 rv=8 uid=u kind=Pod",
                                                             "5 alice delete pods t/p -> 200 kind=Status uid=u"),
        HEAD + GONE,
    ),
    "pods.start-time": Case(
        HEAD + POD + BIND + RUNS + RUNS.replace("4 node-1", "5 node-1").replace("rv=7", "rv=8"),
        HEAD + POD + BIND + RUNS + RUNS.replace("4 node-1", "5 node-1").replace("rv=7", "rv=8").replace("00:00:00Z", "00:00:09Z"),
        HEAD + POD,
    ),
    "controllers.status-counts": Case(
        HEAD + SET + MEMBER + STATUS, HEAD + SET + MEMBER + STATUS.replace("readyReplicas=1", "readyReplicas=2"), HEAD + MEMBER
    ),
    "controllers.job-end": Case(
        HEAD + JOB + FAILED,
        HEAD + JOB + FAILED + FAILED.replace("3 job", "4 job").replace("rv=3", "rv=15").replace("200 rv=15", "200 rv=16").replace(
            "failed=1", "failed=0"),
        NOTHING,
    ),
    "controllers.pod-from-template": Case(
        HEAD + SET + MEMBER, HEAD + SET + MEMBER.replace("metadata.labels.app=r", "metadata.labels.x=y").replace(
            "create pods t/r-1", "create pods t/r-1 {metadata.labels.x=y}"), HEAD + MEMBER
    ),
    "controllers.endpoint-selection": Case(
        HEAD + SERVICE + MEMBER + SLICE,
        HEAD + SERVICE + MEMBER + SLICE.replace(f"[{ENDPOINT}]", f"[{ENDPOINT}, {ENDPOINT}]"),
        HEAD + SERVICE + MEMBER,
    ),
    "controllers.garbage-collector": Case(
        COMPLETE + DEPLOYMENT + CHILD + "5 alice delete deployments.apps t/d -> 200 kind=Status uid=d\n" + COLLECTED,
        COMPLETE + DEPLOYMENT + CHILD + COLLECTED,
        HEAD + COLLECTED,
    ),
}

MORE = {
    "a namespace that is Active while it goes": (
        "controllers.namespace-empty",
        HEAD + f"1 alice delete namespaces t -> 200 rv=5 uid=t kind=Namespace {{{MARK} status.phase=Active}}\n",
    ),
    "created while being deleted": ("store.creation", HEAD + DEPLOYMENT.replace("{spec", f"{{{MARK} spec")),
    "created with a status": ("store.creation", HEAD + DEPLOYMENT.replace("{spec", "{status.readyReplicas=2 spec")),
    "created an hour late": (
        "store.creation",
        HEAD + MAP.replace("1 alice", "2026-01-01T00:00:00Z..2026-01-01T00:00:01Z alice").replace(
            "data.x", 'metadata.creationTimestamp="2026-01-01T01:00:00Z" data.x'),
    ),
    "created nowhere": (
        "store.creation",
        COMPLETE + "1 server create namespaces kube-system -> 201 rv=1 uid=ks kind=Namespace\n" + MAP.replace("1 alice", "2 alice"),
    ),
    "another creationTimestamp": (
        "store.immutable-fields",
        HEAD + MAP.replace("data.x", 'metadata.creationTimestamp="2026-01-01T01:00:00Z" data.x')
        + changed(MAP).replace("data.x", 'metadata.creationTimestamp="2026-01-01T02:00:00Z" data.x'),
    ),
    "an immutable map that changes": (
        "store.immutable-fields",
        HEAD + MAP.replace("data.x", "immutable=true data.x") + changed(MAP).replace("data.x=1", "immutable=true data.x=2"),
    ),
    "a list that is too old": (
        "store.list",
        HEAD + MAP + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=c\n3 alice list configmaps t/ -> 200 kind=ConfigMapList rv=5\n",
    ),
    "an item that is too old": (
        "store.list",
        HEAD + MAP + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=c\n3 alice list configmaps t/ read=0 -> 200 "
        f"kind=ConfigMapList rv=6 {{items=[{item(1)}]}}\n",
    ),
    "an item of the future": (
        "store.list",
        HEAD + f"3 alice list configmaps t/ -> 200 kind=ConfigMapList rv=4 {{items=[{item(1)}]}}\n",
    ),
    "a list older than it was to be": ("store.list", HEAD + "3 alice list configmaps t/ read=7 -> 200 kind=ConfigMapList rv=4\n"),
    "a read older than it was to be": (
        "store.fresh-read",
        HEAD + MAP + "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=c\n3 alice get configmaps t/c read=6 -> 200 rv=5 uid=c\n",
    ),
    "a read at a version that is still to come": (
        "store.fresh-read",
        HEAD + MAP + "2 alice get configmaps t/c read=9 -> 200 rv=5 uid=c\n3 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=c\n",
    ),
    "the kubelet removes a pod that nobody deleted": ("pods.graceful-deletion", COMPLETE + NODE + POD + BIND + RUNS + GONE),
    "a pod that runs nowhere": ("pods.start-time", HEAD + POD.replace("Pending", "Running")),
    "bound while it is being deleted": (
        "pods.bound-once",
        HEAD + POD + f"3 alice delete pods t/p -> 200 rv=6 uid=u kind=Pod {{{MARK} status.phase=Pending}}\n" + BIND.replace("3 ", "4 "),
    ),
    "pods that never were": (
        "controllers.status-counts",
        COMPLETE + SET + MEMBER + STATUS.replace("status.replicas=1", "status.replicas=9"),
    ),
    "more nodes than there are": (
        "controllers.status-counts",
        COMPLETE + NODE + "2 alice create daemonsets.apps t/a -> 201 rv=3 uid=a kind=DaemonSet generation=1\n"
        "3 ds update daemonsets.apps/status t/a -> 200 rv=4 uid=a kind=DaemonSet generation=1 {status.desiredNumberScheduled=2}\n",
    ),
    "a negative count": ("controllers.status-counts", HEAD + SET + STATUS.replace("status.readyReplicas=1", "status.readyReplicas=-1")),
    "Complete and Failed": (
        "controllers.job-end",
        HEAD + JOB + FAILED.replace("conditions=[", 'conditions=[{type=Complete status="True"}, '),
    ),
    "Failed no more": (
        "controllers.job-end",
        HEAD + JOB + FAILED + FAILED.replace("3 job", "4 job").replace("rv=3", "rv=15").replace("200 rv=15", "200 rv=16").replace(
            'status.conditions=[{type=Failed status="True"}]', "status.x=1"),
    ),
    "another image than the template's": (
        "controllers.pod-from-template",
        HEAD + SET + MEMBER.replace("create pods t/r-1", "create pods t/r-1 {metadata.labels.app=r spec.containers=[{name=c image=v2}]}"),
    ),
    "a pod of a suspended Job": (
        "controllers.pod-from-template",
        HEAD + JOB.replace("{spec", "{spec.suspend=true spec") + owned(2, "j-1", "Job", "j", ""),
    ),
    "a pod more than backoffLimit": (
        "controllers.pod-from-template",
        HEAD + JOB + FAILED.replace("status.failed=1", "status.uncountedTerminatedPods.failed=[a]")
        + "4 job update jobs.batch/status t/j if rv=15 -> 200 rv=16 uid=j kind=Job generation=1 {spec.backoffLimit=0 spec.completions=1 "
        "status.failed=1}\n" + owned(8, "j-1", "Job", "j", ""),
    ),
    "a daemon on a node that it does not want": (
        "controllers.pod-from-template",
        COMPLETE + NODE + "2 alice create daemonsets.apps t/a -> 201 rv=3 uid=a kind=DaemonSet generation=1 "
        "{spec.template.spec.nodeSelector.disk=hdd}\n" + owned(3, "a-1", "DaemonSet", "a", (
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms="
            "[{matchFields=[{key=metadata.name operator=In values=[node-1]}]}]"
        )),
    ),
    "an endpoint that is not selected": (
        "controllers.endpoint-selection", COMPLETE + SERVICE.replace("app=r", "app=q") + MEMBER + SLICE
    ),
    "collected without an owner": ("controllers.garbage-collector", COMPLETE + CHILD.replace(OWNED, "x=1") + COLLECTED),
    "an observedGeneration that its own controller takes back": (
        "store.observed-generation",
        HEAD + SET.replace("generation=1", "generation=3")
        + STATUS.replace("generation=1", "generation=3").replace("status.replicas=1", "status.replicas=1 status.observedGeneration=3")
        + STATUS.replace("9 rs", "10 rs").replace("rv=30", "rv=31").replace("generation=1", "generation=3").replace(
            "status.replicas=1", "status.replicas=1 status.observedGeneration=2"),
    ),
    "a lease acquired again by its holder": (
        "controllers.leader-election",
        HEAD + "".join(
            f"{line} kcm {verb} leases.coordination.k8s.io kube-system/kube-controller-manager -> {code} rv={line + 4} uid=l kind=Lease "
            f'{{spec.holderIdentity=a spec.leaseDurationSeconds=15 spec.leaseTransitions=1 '
            f'spec.acquireTime="2026-01-01T00:00:0{line}.000000Z" '
            f'spec.renewTime="2026-01-01T00:00:0{line}.000000Z"}}\n' for line, verb, code in ((1, "create", 201), (2, "update", 200))
        ),
    ),
    "a scheduler that reads Secrets": ("requests.role", HEAD + "1 sched get secrets kube-system/x -> 200 rv=4 uid=x\n"),
    "a kubelet that lists Secrets": ("requests.role", HEAD + "1 node-1 list secrets -> 200 kind=SecretList rv=4\n"),
    "a kubelet with another's lease": (
        "requests.role", HEAD + "1 node-1 get leases.coordination.k8s.io kube-node-lease/node-2 -> 200 rv=4\n"
    ),
    "a kubelet with a lease elsewhere": ("requests.role", HEAD + "1 node-1 create leases.coordination.k8s.io t/node-1 -> 201 rv=4 uid=x\n"),
    "the scheduler with another's lease": (
        "requests.role", HEAD + "1 sched update leases.coordination.k8s.io kube-system/kube-controller-manager -> 200 rv=4 uid=x\n"
    ),
    "a kubelet that creates a pod": (
        "requests.role", HEAD + "1 node-1 create pods t/p -> 201 rv=4 uid=x kind=Pod {spec.nodeName=node-1 "
        'metadata.creationTimestamp="2026-01-01T00:00:00Z"}\n'
    ),
    "a collector that creates": ("requests.role", HEAD + "1 gc create deployments.apps t/d -> 201 rv=4 uid=x\n"),
    "a proxy that writes": ("requests.role", HEAD + "1 proxy create pods t/p -> 201 rv=4 uid=x\n"),
}
