"""docs/conformance.md, written from what `kubecheck conform` finds: `python -m tests.conformance.page` from the root writes it anew."""

from __future__ import annotations

import textwrap
from collections import Counter
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
watch delivered and what etcd wrote. Each is replayed on the model (`model/registry/`), by the reference execution of the language,
so that every value is held to its type; nothing is looked up by a probe's name.

- `model/registry/` decides: revisions, uids, preconditions, generations, finalizers, graceful deletion, propagation, bindings, the chain of
  authentication, authorization and admission, watch caches, lists, watches, compaction. It is written in the language of the specs and can
  be explored: `model/registry/cluster.py`, `seeding.py`, `watching.py`, `collecting.py`.
- `model/conformance/` translates: paths, bodies and patches to the model's requests, contents to small numbers, and answers back. What JSON
  says (defaults, patches, validation of fields, who owns a field, RBAC's rules) is computed here, because the model only moves
  contents about.

**Compared** are the codes of the setup; code and reason; kind; of an answer with an object the relation of its resourceVersion to the
object before and after, generation, finalizers, deletionTimestamp (whether), grace period; the object after; the writes in etcd in order
with their relation to the answer; the events of a watch, with theirs; items and continue of lists; of the fields that a probe
shows, all but names, uids and times that a server makes up. **Not compared** are texts of messages, warnings and times.

What a recording does not say is taken so:

- A uid that a request names is the one of the object that its resourceVersion names; else, for a PUT, that of the object it is sent to;
  else that of the first object of the collection that the setup created.
- Namespaces that begin with `p-` exist, as those of the recording do, and those in which the setup succeeded.
- Setups with fields that the model does not validate were valid, as recorded.
- Addresses and ports that the server chose for a Service are recognised by their place in what a client sends back.
- Of the recording's users, `admin`, `client-a` and `client-b` are in system:masters, `eve` is in the group devs, `system:node:NAME` is the
  kubelet of that node.
- An object that existed before the request, and that no request of the setup can have made, was found there and has no contents.
- A body that is not recorded as it was (`raw`) had a blank after each comma and colon; a ControllerRevision's data is compared with them.
- What was shortened is as long as it was: the last character, or item, repeated.

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
    reasons = Counter((c.reason, c.row.topic) for c in found.of(Outcome.NOT_MODELLED))
    by_reason: dict[str, list[str]] = {}
    for (reason, topic), number in reasons.items():
        by_reason.setdefault(reason, []).append(f"{topic} {number}")
    for reason, topics in sorted(by_reason.items()):
        parts.append(textwrap.fill(f"- {reason}: {', '.join(topics)}", 140, subsequent_indent="  ") + "\n")
    return "".join(parts)


def recorded() -> Conformance:
    """What conform finds of the recording."""
    return conform(RECORDING.read_bytes().splitlines())


if __name__ == "__main__":
    PAGE.write_text(text_of(recorded()), encoding="utf-8")
