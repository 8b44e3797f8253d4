"""The model's API server answers as a real one did; and the comparison would notice if it did not."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from kubecheck.model.conformance import host
from kubecheck.model.conformance.conform import Checked, Conformance, Outcome, conform
from kubecheck.model.registry.store import Registry
from tests.conformance.page import PAGE, RECORDING, recorded, text_of

LINES = RECORDING.read_bytes().splitlines()
# Of these topics every probe about the modelled kinds is modelled.
REQUIRED = {
    "optimistic-lock", "put", "patch", "delete", "finalizers", "propagation", "binding", "generation", "authentication",
    "authorization", "watch", "list", "get", "compaction", "owner-references",
}  # fmt: skip
MODELLED = ("deployments", "replicasets", "pods", "nodes", "configmaps")


@pytest.fixture(scope="module")
def found() -> Conformance:
    return recorded()


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in LINES]


def outcomes(changed: list[dict[str, Any]]) -> list[Checked]:
    return list(conform(json.dumps(row).encode() for row in changed).checked)


def row(name: str) -> dict[str, Any]:
    return next(r for r in rows() if r["id"] == name)


def test_no_probe_disagrees(found: Conformance) -> None:
    assert [(c.row.id, c.differences) for c in found.of(Outcome.DISAGREES)] == []
    assert not found.malformed
    assert len(found.checked) == 624


def test_the_page_says_what_the_model_does(found: Conformance) -> None:
    assert PAGE.read_text(encoding="utf-8") == text_of(found), "python -m tests.conformance.page writes it anew"


def test_every_required_probe_of_the_modelled_kinds_is_modelled(found: Conformance) -> None:
    """What is left out speaks of other kinds, or of what the recording does not tell."""
    missing = [
        (c.row.id, c.reason)
        for c in found.of(Outcome.NOT_MODELLED)
        if c.row.topic in REQUIRED and any(f"/{kind}" in c.row.request.path for kind in MODELLED)
    ]
    told = {"managedFields in a body, which the recording leaves out"}
    assert {reason for _, reason in missing} <= told, missing


def test_no_probe_is_recognised_by_its_name(found: Conformance) -> None:
    """In another order, with other ids and titles, and in namespaces of other names, each probe comes out the same."""
    renamed = []
    for number, line in enumerate(LINES):
        text = line.decode()
        name = json.loads(text)["id"]
        changed = json.loads(text.replace(f"p-{name}", f"p-{number}x"))
        changed.update(id=f"probe-{number}", title="", note="")
        renamed.append(changed)
    order = list(range(len(renamed)))
    random.Random(7).shuffle(order)
    again = outcomes([renamed[i] for i in order])
    assert [c.outcome for c in again] == [found.checked[i].outcome for i in order]


@pytest.mark.parametrize(
    ("protection", "at_least"),
    [("lock", 20), ("finalizers_hold", 5), ("deletion_is_final", 1), ("closed_to_finalizers", 2), ("fresh_uids", 3)],
)
def test_without_a_protection_probes_disagree(protection: str, at_least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def weakened(**given: Any) -> Registry:
        return Registry(**given, **{protection: False})

    monkeypatch.setattr(host, "Registry", weakened)
    found = conform(LINES, topics=frozenset(REQUIRED - {"list", "get", "watch", "compaction"}))
    assert len(found.of(Outcome.DISAGREES)) >= at_least


CHANGES = {
    "code": lambda r: r["response"].update(code=418),
    "reason": lambda r: r["response"].update(reason="Teapot"),
    "generation": lambda r: r["response"].update(generation=77),
    "relation": lambda r: r["response"]["rv_rel"].update(before="<"),
    "exists": lambda r: r["object"].update(exists_after=False),
    "finalizers": lambda r: r["object"].update(finalizers_after=["example.com/x"]),
    "etcd": lambda r: r["etcd_writes"].append({"op": "DELETE", "key": "/x"}),
    "event": lambda r: r["events"].clear(),
    "setup": lambda r: r["setup"][0].update(code=500),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_recording_that_says_otherwise_disagrees(change: str) -> None:
    changed = row("gen-dep-template")
    assert outcomes([changed])[0].outcome is Outcome.AGREES
    CHANGES[change](changed)
    checked = outcomes([changed])[0]
    assert checked.outcome is Outcome.DISAGREES
    assert all(d.recorded != d.model for d in checked.differences)


def test_both_sides_are_told() -> None:
    changed = row("put-stale-rv")
    changed["response"] = {"code": 200, "kind": "ConfigMap"}
    difference = outcomes([changed])[0].differences[0]
    assert (difference.what, difference.recorded, difference.model) == ("code", "200", "409")


def test_the_request_decides_and_not_the_topic() -> None:
    changed = row("put-stale-rv")
    changed["topic"] = "weather"
    assert outcomes([changed])[0].outcome is Outcome.AGREES
    changed["request"]["path"] = changed["request"]["path"].replace("configmaps", "gadgets")
    checked = outcomes([changed])[0]
    assert (checked.outcome, checked.reason) == (Outcome.NOT_MODELLED, "resource gadgets")


VALUES = [None, 0, -1, 1.5, True, "", "x", [], [1], {}, {"a": None}, [{}], 10**30, [None], {"name": 5}]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, child in children for p in places(child, (*path, key)))]


def test_a_broken_recording_is_malformed_or_compared_and_never_a_traceback() -> None:
    """One value anywhere in a probe is replaced by nonsense, or left out."""
    chance = random.Random(3)
    broken = []
    for line in chance.choices(LINES, k=400):
        changed = json.loads(line)
        path = chance.choice(places(changed)[1:])
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = chance.choice(VALUES)
        broken.append(json.dumps(changed).encode())
    found = conform([*broken, b"{", b"\xff", b"", b"[1]"])
    assert len(found.checked) + len(found.malformed) == 403
    assert not [d for c in found.checked for d in c.differences if d.what == "model"]
