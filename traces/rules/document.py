"""docs/rules.md, made from the rules themselves: `python -m kubecheck.traces.rules.document > docs/rules.md`."""

from __future__ import annotations

from typing import Final

from kubecheck.traces.event import Level
from kubecheck.traces.rules.registry import ALL

_HEAD: Final = """\
# Rules for recorded traces

This page is made from the rules (`python -m kubecheck.traces.rules.document`); a test compares it with them.

`kubecheck rules` lists them with their sentences, sources and the level of the log that they need; `kubecheck rules SUBJECT` those of one
subject, `--json` as JSON. Its exit codes: 0, or 2 for a subject that there is not.

`kubecheck validate` answers of each rule: **conforms** (it had something to judge, how often is told, and nothing contradicts),
**violated** (with the two or three events that contradict each other), or **not judged** (with the reasons). A rule never says
violated where the log leaves open whether it was so.

What the rules presume, and what they do with logs that are not like that:

- **One etcd for each store.** resourceVersions of all files given are of one cluster; logs of two clusters must be validated apart.
  Events and groups that are not Kubernetes' own may have a counter of their own and are not compared with others. That another kind
  has one (`--etcd-servers-overrides`) shows where several of its writes contradict several others: then no violation is called one.
- **What is not told is unknown.** Of another view of an object (a Scale, PartialObjectMetadata), of an answer that was cut off
  (`audit.k8s.io/truncated`) or of a version alone nothing else is concluded.
- **The log of an API server may be missing.** It is noticed by the lease that each API server renews, and by the addresses in the
  Endpoints of the Service `kubernetes`; then nothing is judged that another server's write could explain. Otherwise it looks like
  any log that lacks lines.
- **An audit policy may leave out** users, kinds, verbs or bodies, and lines may be lost. What is not in the log is an argument only
  where the log is known to keep such writes: "created although it exists" asks for deletions by whoever may have removed it,
  "created before its predecessor was ready" for the statuses of that pod's kubelet, "there never was one" for creations of that
  kind and for a log in which nearly every revision is accounted for. Where a precondition, a read, a stream or managedFields
  tell of a write that the log has not, what would need all writes of that object is taken back; where they tell of many, of all
  objects. A single one is listed as open (`requests.through-api`) if the log keeps what its writers write: its line may be lost.
  With `complete` in the header it is a violation, as is a version that a refused request, or a dry run, tells itself.
  What the API server does without a request (events that expire, the Endpoints of a Service that is removed, custom resources
  whose definition is) is not judged. Logs of our own formats have no policy: they are taken to hold what was written while they
  were, and with `complete` in their header since the cluster was empty.
- **Bodies may be told in other ways.** Without managedFields (`omitManagedFields`, `kubectl get -w`) the rest is compared; in two API
  versions (`autoscaling/v1` and `v2`, converted custom resources) only the metadata that a conversion leaves alone.
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
- **A watch stream does not say what it was asked for** (a namespace, a selector, a resourceVersion to begin at). What it must deliver is
  judged only of objects that it has told of before, or that were created after its first change. DELETED also says that an object
  left a field or label selection; it then has the content of before with the resourceVersion of the change
  (cache_watcher.go convertToWatchEvent). It counts as a removal only if a request in the log removed the object, or its grace
  period was over; else it is not known whether the object still exists. A stream's file may hold several sessions of its client:
  ADDED of all that exists, again, begins the next. Nor does a stream say when: times come from our own formats or from a list of
  receipts beside it (`recv-NAME` for `watch-NAME`).
- **Whose role is not known is not judged**: custom schedulers, KWOK, operators, people who create in a controller's name
  (`kubectl create job --from=cronjob/…`), and what a role binding beside the default policy allowed (the reason in the log says so).

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
