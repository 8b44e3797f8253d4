"""Rules of pods."""

from __future__ import annotations

from tests.traces.cases.head import COMPLETE, HEAD, NOTHING, Case

NODE = "1 node-1 create nodes node-1 -> 201 rv=2 uid=n1 kind=Node\n"
POD = "2 alice create pods t/p -> 201 rv=5 uid=u kind=Pod {spec.schedulerName=default-scheduler status.phase=Pending}\n"
BIND = "3 sched create pods/binding t/p {target.name=node-1} -> 201 kind=Status\n"
SPEC = "spec.nodeName=node-1 spec.schedulerName=default-scheduler"
READY = 'status.conditions=[{type=Ready status="True"}]'
RUNS = f"4 node-1 patch pods/status t/p if uid=u -> 200 rv=7 uid=u kind=Pod {{{SPEC} status.phase=Running {READY}}}\n"
ENDED = (
    f"5 node-1 patch pods/status t/p if uid=u -> 200 rv=8 uid=u kind=Pod {{{SPEC} status.phase=Succeeded "
    "status.containerStatuses=[{name=c state={terminated={exitCode=0}}}]}\n"
)
GONE = "6 node-1 delete pods t/p if uid=u -> 200 kind=Status uid=u\n"
OWNED = "metadata.ownerReferences=[{kind=StatefulSet name=db uid=s controller=true}]"


def member(line: int, name: str, index: str, rest: str = "") -> str:
    """The creation of a StatefulSet's pod."""
    return (
        f"{line} sts create pods t/{name} -> 201 rv={line + 10} uid=u-{name} kind=Pod {{{OWNED} "
        f'metadata.labels={{"apps.kubernetes.io/pod-index"="{index}"}}{rest}}}\n'
    )


CASES = {
    "pods.bound-once": Case(
        HEAD + POD + BIND + RUNS,
        HEAD + POD + BIND + RUNS + BIND.replace("3 ", "6 ").replace("node-1}", "node-2}"),
        HEAD + BIND,
    ),
    "pods.bound-by-scheduler": Case(HEAD + POD + BIND, HEAD + POD + BIND.replace("sched", "rs"), HEAD + BIND),
    "pods.bound-to-a-node": Case(
        COMPLETE + NODE + POD + BIND, COMPLETE + NODE + POD + BIND.replace("node-1}", "node-9}"), HEAD + POD + BIND
    ),
    "pods.status-by-its-kubelet": Case(
        COMPLETE + POD + BIND + RUNS,
        COMPLETE + POD + BIND + RUNS.replace("4 node-1", "4 node-2"),
        COMPLETE + POD + BIND + RUNS.replace("4 node-1", "4 operator"),
    ),
    "pods.terminal-phase": Case(
        HEAD
        + POD
        + BIND
        + RUNS
        + ENDED
        + ENDED.replace("5 ", "6 ").replace("rv=8", "rv=9").replace("Succeeded", "Succeeded status.reason=Done"),
        HEAD + POD + BIND + RUNS + ENDED + RUNS.replace("4 ", "6 ").replace("rv=7", "rv=9"),
        HEAD + POD + BIND + RUNS,
    ),
    "pods.deleted-not-seen-running": Case(
        HEAD + POD + BIND + RUNS + GONE,
        HEAD + POD + BIND + RUNS + GONE + RUNS.replace("4 ", "7 ").replace("rv=7", "rv=9"),
        HEAD + POD,
    ),
    "pods.one-per-identity": Case(
        HEAD + member(1, "db-0", "0") + member(2, "db-1", "1"),
        HEAD + member(1, "db-0", "0") + member(2, "web-1", "1"),
        NOTHING,
    ),
    "pods.ready-runs": Case(
        HEAD + POD + BIND + RUNS, HEAD + POD + BIND + RUNS.replace("Running", "Pending"), HEAD + POD
    ),
}

MORE = {
    "a kubelet deletes another's pod": (
        "pods.status-by-its-kubelet",
        COMPLETE + POD + BIND + RUNS + f"6 node-2 delete pods t/p -> 200 rv=9 uid=u kind=Pod {{{SPEC} "
        'metadata.deletionTimestamp="2026-01-01T00:00:30Z" metadata.deletionGracePeriodSeconds=0}\n',
    ),
    "a container that runs again": (
        "pods.terminal-phase",
        HEAD
        + POD
        + BIND
        + RUNS
        + ENDED
        + ENDED.replace("5 ", "6 ").replace("rv=8", "rv=9").replace("terminated={exitCode=0}", "running={}"),
    ),
    "two ordinals in one": ("pods.one-per-identity", HEAD + member(1, "db-0", "0") + member(2, "db-1", "0")),
}
