"""What the hand-written logs begin with."""

from __future__ import annotations

from typing import NamedTuple

_ACCOUNT = "system:serviceaccount:kube-system:"
_COMPONENTS = {
    "sched": "system:kube-scheduler",
    "node-1": "system:node:node-1",
    "node-2": "system:node:node-2",
    "rs": _ACCOUNT + "replicaset-controller",
    "dep": _ACCOUNT + "deployment-controller",
    "sts": _ACCOUNT + "statefulset-controller",
    "job": _ACCOUNT + "job-controller",
    "ds": _ACCOUNT + "daemon-set-controller",
    "eps": _ACCOUNT + "endpointslice-controller",
    "ep": _ACCOUNT + "endpoint-controller",
    "nodes": _ACCOUNT + "node-controller",
    "taint": _ACCOUNT + "taint-eviction-controller",
    "disruption": _ACCOUNT + "disruption-controller",
    "cronjob": _ACCOUNT + "cronjob-controller",
    "hpa": _ACCOUNT + "horizontal-pod-autoscaler",
    "gc": _ACCOUNT + "generic-garbage-collector",
    "kcm": "system:kube-controller-manager",
    "proxy": "system:kube-proxy",
    "server": "system:apiserver",
}
HEAD = "kubecheck-trace 1\n" + "".join(f'component {name} user="{user}"\n' for name, user in _COMPONENTS.items())
COMPLETE = HEAD + "complete\n"
ADMIN = 'groups=["kubeadm:cluster-admins"]'
NOTHING = HEAD + "1 alice list pods t/ -> 200 kind=PodList rv=1\n"
"""A log in which there is nothing for rules on objects."""


def whole(log: str) -> str:
    """The log with objects as an API server has them, and not parts of them: they have a creationTimestamp."""
    made = []
    for line in log.splitlines():
        asked, arrow, answer = line.partition(" -> ")
        if arrow and "rv=" in answer and "List" not in answer:
            told = f'{{metadata.creationTimestamp="{CREATED}" metadata.managedFields=[]'
            answer = answer.replace("{", told + " ", 1) if "{" in answer else f"{answer} {told}}}"
        made.append(asked + arrow + answer)
    return "\n".join(made) + "\n"


CREATED = "2026-01-01T00:00:00Z"


class Case(NamedTuple):
    """One rule's three logs."""

    conforms: str
    violated: str
    not_judged: str


class Narrow(NamedTuple):
    """Something legal that a rule once called wrong, or nearly did, and the illegal thing next to it."""

    rule: str
    why: str
    legal: str
    illegal: str
