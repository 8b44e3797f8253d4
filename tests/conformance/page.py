"""docs/conformance.md, written from what `kubecheck conform` finds: `python -m tests.conformance.page` from the root writes it anew."""

from __future__ import annotations

import textwrap
from pathlib import Path

from kubecheck.model.conformance.conform import Conformance, Outcome, conform

HERE = Path(__file__).parent
RECORDING = HERE / "data" / "api-semantics.jsonl"
PAGE = HERE.parent.parent / "docs" / "conformance.md"

HEAD = """\
# The model's API server, held against a real one

    kubecheck conform tests/conformance/data/api-semantics.jsonl

This page is generated: `python -m tests.conformance.page` writes it, and a test fails while it is not what the model does.

A recording has one probe a line: requests that set a situation up, the request under test, what kube-apiserver v1.36.2 answered, what a
watch delivered and what etcd wrote. Each is replayed on the model (`model/registry/`), by the reference execution of the language, so
that every value is held to its type; nothing is looked up by a probe's name.

- `model/registry/` decides: revisions, uids, preconditions, generations, finalizers, graceful deletion, propagation, bindings, the chain
  of authentication, authorization and admission, watch caches, lists, watches, compaction. It is written in the language of the specs and
  can be explored: `model/registry/cluster.py`, `seeding.py`, `watching.py`, `collecting.py`.
- `model/conformance/` translates: paths, bodies and patches to the model's requests, contents to small numbers, and answers back. What
  JSON says (defaults, patches, validation of fields, who owns a field, RBAC's rules) is computed here, because the model only moves
  contents about.

## The command

    kubecheck conform FILE.jsonl [--topic TOPIC]… [--list] [--json FILE]

FILE has one probe a line; `-` is standard input, and it may be compressed by gzip. Each probe agrees, disagrees, in which case both
answers are shown side by side, or is not modelled, with the reason. `--topic` takes the probes of a topic only and may be repeated;
`--list` names the probes that are not modelled; `--json` writes every probe with its outcome, its reason and its differences, to standard
output for `-`.

| exit code | meaning |
|---|---|
| 0 | no probe disagrees |
| 1 | some probe disagrees |
| 2 | the file cannot be read, or lines of it are no probes; the others were judged |
| 3 | no probe agrees or disagrees: nothing was modelled |
| 70 | kubecheck itself failed at a probe; the others were judged |

70 outweighs 1, and 1 outweighs 2.

## What is compared

- The codes, and the reasons where they are recorded, of the setup and of requests that were sent while a watch was open.
- Of the answer: code, reason, kind; of a Status whether it is a success, whether the details have a uid, the seconds after which to try
  again, and fields and reasons of the causes where the model knows them: of evictions, and of revisions that are not there yet. Plain
  texts (`ok`, `404 page not found`). Of an object the relation of its resourceVersion to the object before and after, generation,
  finalizers, whether it has a deletionTimestamp, its grace period.
- Of a list: its items in order, their number, the order of all resourceVersions, whether there is more, the relation of its
  resourceVersion to those that the recording names.
- The observed object before and after: whether it exists, whether it is the same, generation, finalizers, deletion, grace period, how
  often it was written.
- etcd's writes in order: operation, key, relation to the answer. The revisions of the answer, of the object, of the writes
  and of the events by their order.
- The events of a watch in order: type, name, relation of the resourceVersion, deletionTimestamp (whether), phase, node; code and reason
  of an error; the end of the initial events; of the labels `l` and `app`, which are those that the recording has. The number of lines,
  and whether the server closed the stream, unless it has a `timeoutSeconds`: how long its client read is not recorded. Bookmarks other than
  the one that ends the initial events come when the server likes: how far each says that the watch is has to fit its place.
- The status of the disruption budget after an eviction, but for its times, and of the quota after a creation.
- The fields of answer and object that a probe shows. Of those that a server makes up (uid, resourceVersion, times, continue) whether they
  are set.

**Not compared** are texts of messages and warnings; fields and reasons of the causes of an invalid object, which are told by the code 422
alone; times, and so whether a deletionTimestamp has moved; names that a server makes up, generateName, managedFields; reasons in the
status of an access review; the rules that a SelfSubjectRulesReview lists, and their order; what a discovery
document holds.

Two things happened beside the recorded requests, and cannot be seen in a recording:

- Others write to the same etcd, as the API servers that renew their Leases do. A probe of a read is tried without such a write, and, if
  it disagrees, with one just before the request; the answer to a list without a resourceVersion is of the one revision or of the other.
  It agrees if either does.
- The recording leaves managedFields out of bodies. A PUT of an object that was read, or a patch of an empty metadata, that disagrees is
  tried with managedFields emptied; if that agrees the probe is not modelled, because what it tells of was left out. An apply that was
  refused because it had managedFields had some: the refusal says so.

## What a recording does not say is taken so

- A uid beside a kind and a name, as in an owner reference, is that of the object of this name. Another one that a request names is the
  one of the object that its resourceVersion names; else, for a PUT, that of the object it is sent to, and for a token that of what it is
  bound to; else that of the first object of the collection that the setup created.
- Namespaces that begin with `p-` exist, as those of the recording do, and those in which the setup succeeded.
- Setups with fields that the model does not validate were valid, as recorded.
- Addresses and ports that the server chose for a Service are recognised by their place in what a client sends back; an address among the
  first 256 of the range is the client's own.
- Of the recording's users, `admin`, `client-a` and `client-b` are in system:masters, `eve` is in the group devs, `system:node:NAME` is
  the kubelet of that node. Of another user only the name is known: what that alone allows is answered, the rest is not modelled.
- No controller runs. So the ClusterRoles view, edit and admin, which one gathers from others, have no rules. The other roles that an API
  server makes when it starts have those in `model/conformance/bootstrap.py`; one that is not there, and what else it makes, is not
  modelled.
- An object that existed before the request, and that no request of the setup can have made, was found there and has no contents.
- A body that is not recorded as it was (`raw`) had a blank after each comma and colon; a ControllerRevision's data is compared with them.
- What was shortened is as long as it was: the last character, or item, repeated.
- Credentials are told in words ("Bearer with an unknown token"), as are compactions and restarts: those that
  `model/conformance/authentication.py` and `words.py` know are understood, others are not modelled.
- A replay has room for some 100 objects.

"""


def text_of(found: Conformance) -> str:
    """The page."""
    rows = ["| topic | agree | disagree | not modelled |", "|---|---:|---:|---:|"]
    for topic, counts in found.by_topic().items():
        rows.append(f"| {topic} | " + " | ".join(str(n) if n else "" for n in counts) + " |")
    totals = [len(found.of(o)) for o in (Outcome.AGREES, Outcome.DISAGREES, Outcome.NOT_MODELLED)]
    rows.append("| **all** | " + " | ".join(f"**{n}**" for n in totals) + " |")
    parts = [HEAD, f"## {totals[0] + totals[1] + totals[2]} probes\n\n", "\n".join(rows), "\n"]
    disagreeing = found.of(Outcome.DISAGREES)
    if disagreeing:
        parts.append("\n## Disagreeing\n\n")
        parts += [f"- `{c.row.id}`: {c.row.title}\n" for c in disagreeing]
    parts.append("\n## Not modelled, and why\n\n")
    for reason, probes in sorted(found.unmodelled().items()):
        topics: dict[str, list[str]] = {}
        for checked in probes:
            topics.setdefault(checked.row.topic, []).append(f"`{checked.row.id}`")
        parts.append(f"- {reason}\n")
        for topic, ids in topics.items():
            parts.append(
                textwrap.fill(f"  - {topic}: {', '.join(ids)}", 140, subsequent_indent="    ", break_on_hyphens=False)
                + "\n"
            )
    return "".join(parts)


def recorded() -> Conformance:
    """What conform finds of the recording."""
    return conform(RECORDING.read_bytes().splitlines())


if __name__ == "__main__":
    PAGE.write_text(text_of(recorded()), encoding="utf-8")
