"""Probes of our own, recorded from a real server: neighbours of kinds of answers that the model once had wrong.

data/README.md says how they were recorded. What still differs is known, and named.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubecheck.model.conformance.conform import Outcome, conform

Json = Any

LINES = (Path(__file__).parent / "data" / "neighbours.jsonl").read_bytes().splitlines()
# The first write to a claim after its creation writes, whatever it says; we do not know why.
DIFFER = {"t-pvc", "k-pvc-status"}
NOT_MODELLED = {"off-group": "validation of Pod with spec.schedulingGroup",
                "off-hpa-tol": "validation of HorizontalPodAutoscaler with spec.behavior"}  # fmt: skip


def test_the_model_answers_as_the_server_did() -> None:
    found = conform(LINES)
    assert not found.malformed
    assert not found.faults
    assert {c.row.id for c in found.of(Outcome.DISAGREES)} == DIFFER
    assert {c.row.id: c.reason for c in found.of(Outcome.NOT_MODELLED)} == NOT_MODELLED
    assert len(found.of(Outcome.AGREES)) == len(LINES) - len(DIFFER) - len(NOT_MODELLED)


def row(name: str) -> Json:
    return next(r for r in map(json.loads, LINES) if r["id"] == name)


def outcome(changed: Json) -> Outcome:
    return conform([json.dumps(changed).encode()]).checked[0].outcome


BOOKMARK = {"type": "BOOKMARK", "name": None, "rel": []}


@pytest.mark.parametrize("name", ["wi-old-quiet", "wi-fsel", "wt-3-bm"])
def test_a_bookmark_comes_when_the_server_likes(name: str) -> None:
    """One more or one less agrees, as long as it says how far the watch is."""
    told = row(name)
    last = told["events"][-1]
    assert last["type"] == "BOOKMARK"
    assert "initial-events-end" not in last
    told["events"].append(last)
    told["response"]["lines"] += 1
    assert outcome(told) is Outcome.AGREES
    told["events"] = told["events"][:-2]
    told["response"]["lines"] -= 2
    assert outcome(told) is Outcome.AGREES


def test_a_bookmark_does_not_go_back() -> None:
    told = row("wi-old-quiet")
    last = told["events"][-1]
    before = told["extra"]["rvs"]["list_before"]
    told["events"][-1] = {**last, "rv": before, "rel": ["=list_before", "<write"]}
    assert outcome(told) is Outcome.DISAGREES


def test_who_wants_no_bookmarks_gets_none() -> None:
    told = row("wt-bm")
    told["request"]["path"] = told["request"]["path"].replace("&allowWatchBookmarks=true", "")
    assert outcome(told) is Outcome.AGREES
    told["events"].append({**BOOKMARK, "rv": told["events"][-1]["rv"], "rel": told["events"][-1]["rel"]})
    told["response"]["lines"] += 1
    assert outcome(told) is Outcome.DISAGREES


@pytest.mark.parametrize(
    ("query", "ends", "agrees"),
    [
        ("&timeoutSeconds=1", "closed by the server", True),
        ("&timeoutSeconds=1", "open", True),  # its client has left before
        ("", "closed by the server", False),
        ("&timeoutSeconds=-1", "open", False),
    ],
)
def test_a_stream_ends_after_its_time(query: str, ends: str, agrees: bool) -> None:
    told = row("wt-1-then-none")
    told["request"]["path"] = told["request"]["path"].replace("&timeoutSeconds=1", query)
    told["response"]["stream_end"] = ends
    assert (outcome(told) is Outcome.AGREES) is agrees


def test_an_apply_whose_refusal_says_that_it_had_managed_fields_had_some() -> None:
    """The recording leaves them out of bodies."""
    told = row("a-mf")
    assert "managedFields" not in told["request"]["body"]["metadata"]
    assert outcome(told) is Outcome.AGREES
    told["response"]["message"] = "something else"
    assert outcome(told) is Outcome.DISAGREES
