"""docs/rules.md, made from the rules themselves: `python -m kubecheck.traces.rules.document > docs/rules.md`."""

from __future__ import annotations

from typing import Final

from kubecheck.traces.event import Level
from kubecheck.traces.rules.registry import ALL

_HEAD: Final = """\
# Rules for recorded traces

This page is made from the rules (`python -m kubecheck.traces.rules.document`); a test compares it with them.

`kubecheck validate` answers of each rule: **conforms** (it had something to judge, how often is told, and nothing contradicts),
**violated** (with the two or three events that contradict each other), or **not judged** (with the reasons). A rule never says
violated where the log leaves open whether it was so.

What the rules presume, and what they do with logs that are not like that:

- **One etcd.** resourceVersions of all files given are of one counter. Logs of two clusters must be validated apart.
- **The logs of all API servers.** The log of one that is missing cannot always be noticed: what it wrote is then reported as written
  by no request (`requests.through-api`), and what it removed as still there. Give all of them, or skip that subject.
- **An audit policy that leaves no writer out.** `requests.through-api` presumes that the policy logs every write of every user of
  the objects that it judges, and that the logs of all API servers are given: a policy with `level: None` for a component (a common
  way to keep logs small) makes its writes look like written by no request. What the API server does without a request (events
  that expire, the Endpoints of a Service that is removed, custom resources whose definition is) is not judged.
- **A log may begin at any time**, and in the middle of things. What was before is "the log starts later than the object". Only a log
  in which the namespace kube-system is created, or whose header says so, is taken to begin with the empty cluster.
- **Lines may be in any order**, repeated, and of several files. Writes are put in the order of their resourceVersions, within a window of
  8192 events that matter; a write that comes later than that is counted (`late`), and nothing of its object is called a violation.
- **Reads, failures and writes without a version** (bindings, deletions answered with a Status) lie somewhere between reception and
  answer. "Before" is said only where the answer of the one came before the reception of the other; clocks of several API servers
  may differ by one second.
- **Requests without an answer**, 5xx answers, panics and killed API servers may or may not have written: whatever they could have done
  is not judged.
- **What a controller had seen is in no log.** Rules on controllers ask whether any view, not older than what this process has proved
  to have seen, allows what it did. Processes of one user are told apart by their credential
  (`authentication.kubernetes.io/credential-id`) or by the header of a text log.
- **Who holds a lease is in no line of a controller.** Controllers write under service accounts whose credentials nothing ties to the
  `holderIdentity` of their process's lease, and Kubernetes has no fencing: a manager that was stopped and goes on writes until it
  notices that its lease is lost, and every such write is accepted (client-go's leaderelection.go says so at its top). So
  `controllers.leader-election` judges the leases alone; pods created by two managers are not counted together
  (`controllers.replicaset-size`).
- **A watch stream does not say what it was asked for** (a namespace, a selector). What it must deliver is judged only of objects
  that it has told of before. Nor does it say when: times come from our own formats or from a list of receipts beside it
  (`recv-NAME` for `watch-NAME`).

[rules-exercised.md](rules-exercised.md) tells how often the recorded logs of a real control plane give each rule something to judge.

Sources are files and functions of Kubernetes v1.36.2. Level is the lowest level of an audit log at which the rule can
judge at all; watch streams count as RequestResponse.

"""

_SUBJECTS: Final = {
    "store": "Store",
    "watch": "Watch",
    "pods": "Pods",
    "nodes": "Nodes",
    "controllers": "Controllers",
    "requests": "Requests",
    "end-state": "End state",
}
_LEVELS: Final = {Level.METADATA: "Metadata", Level.REQUEST: "Request", Level.REQUEST_RESPONSE: "RequestResponse"}


def markdown() -> str:
    """The whole page."""
    parts = [_HEAD]
    for subject, title in _SUBJECTS.items():
        parts.append(f"## {title}\n\n| rule | what holds | source | level |\n|---|---|---|---|\n")
        for rule in ALL:
            if rule.name.partition(".")[0] == subject:
                parts.append(f"| `{rule.name}` | {rule.sentence} | {rule.source.replace('|', '/')} | {_LEVELS[rule.level]} |\n")
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
