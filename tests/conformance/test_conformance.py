"""The model's API server answers as a real one did; and the comparison would notice if it did not."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from kubecheck.model.conformance import conform as conform_module
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


def test_the_readme_tells_the_same_number(found: Conformance) -> None:
    told = f"{len(found.of(Outcome.AGREES))} of {len(found.checked)} answers agree, none differs"
    assert told in (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")


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
    "kind": lambda r: r["response"].update(kind=None),
    "generation": lambda r: r["response"].update(generation=77),
    "relation": lambda r: r["response"]["rv_rel"].update(before="<"),
    "no relation": lambda r: r["response"].update(rv_rel=None),
    "revision of the answer": lambda r: r["response"].update(rv="1"),
    "exists": lambda r: r["object"].update(exists_after=False),
    "existed": lambda r: r["object"].update(exists_before=False),
    "finalizers": lambda r: r["object"].update(finalizers_after=["example.com/x"]),
    "finalizers before": lambda r: r["object"].update(finalizers_before=["example.com/x"]),
    "deletion": lambda r: r["object"].update(deletionTimestamp_set=True),
    "revision after": lambda r: r["object"].update(rv_after="1"),
    "etcd": lambda r: r["etcd_writes"].append({"op": "DELETE", "key": "/x"}),
    "etcd's key": lambda r: r["etcd_writes"][0].update(key="/registry/secrets/x/y"),
    "etcd's revision": lambda r: r["etcd_writes"][0].update(rev=1),
    "event": lambda r: r["events"].clear(),
    "an event's name": lambda r: r["events"][0].update(name="z"),
    "an event's resourceVersion": lambda r: r["events"][0].update(rv="1"),
    "an event's phase": lambda r: r["events"][0].update(phase="Failed"),
    "an event's node": lambda r: r["events"][0].update(nodeName="z"),
    "an event's labels": lambda r: r["events"][0].update(labels={"app": "z"}),
    "an event's deletion": lambda r: r["events"][0].update(deletionTimestamp_set=True),
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


OTHER_CHANGES = {
    "the budget": ("evict-uid-wrong-then-right", lambda r: r["extra"]["pdb_status_after"].update(disruptionsAllowed=9)),
    "its condition": ("evict-second", lambda r: r["extra"]["pdb_status_after"].pop("conditions")),
    "the disrupted pods": ("evict-second", lambda r: r["extra"]["pdb_status_after"].update(disruptedPods={"q": "now"})),
    "when to try again": ("evict-budget-stale", lambda r: r["response"].pop("retryAfterSeconds")),
    "a cause": ("evict-blocked", lambda r: r["response"].update(causes=[{"reason": "Other"}])),
    "success": ("delete-dep", lambda r: r["response"].update(status="Failure")),
    "the details' uid": ("delete-dep", lambda r: r["response"].pop("details_uid_set")),
    "a text": ("authn-healthz-none", lambda r: r["response"].update(text="no")),
    "deleted": ("delete-dep", lambda r: r["object"].update(deletionTimestamp_set=True)),
    "before": ("fin-pod-grace-remaining", lambda r: r["object"].update(deletionTimestamp_set_before=False)),
    "grace before": ("fin-pod-grace-remaining", lambda r: r["object"].update(deletionGracePeriodSeconds_before=7)),
    "an item": ("deletecollection-limit", lambda r: r["response"]["show"].update({"items[0].metadata.name": "z"})),
    "a token": ("deletecollection-limit", lambda r: r["response"]["show"].update({"metadata.continue": None})),
    "a plain kind": ("authn-version-none", lambda r: r["response"].update(kind="Status")),
}


@pytest.mark.parametrize("change", OTHER_CHANGES)
def test_other_recordings_that_say_otherwise_disagree(change: str) -> None:
    name, alter = OTHER_CHANGES[change]
    changed = row(name)
    assert outcomes([changed])[0].outcome is Outcome.AGREES
    alter(changed)
    assert outcomes([changed])[0].outcome is Outcome.DISAGREES


def test_what_a_body_may_have_lacked_is_tried() -> None:
    """The recording leaves managedFields out of bodies: a write that they alone can have made is neither agreed nor disagreed with."""
    reason = "managedFields in a body, which the recording leaves out"
    found = outcomes([row("put-managedfields-empty")])[0]
    assert (found.outcome, found.reason) == (Outcome.NOT_MODELLED, reason)
    changed = row("put-managedfields-empty")
    changed["object"]["show"] = {}  # what the probe shows does not matter
    assert outcomes([changed])[0].reason == reason
    changed["response"]["rv_rel"]["after"] = ">"
    assert outcomes([changed])[0].outcome is Outcome.DISAGREES
    assert outcomes([row("put-noop")])[0].outcome is Outcome.AGREES


def test_both_sides_are_told() -> None:
    changed = row("put-stale-rv")
    changed["response"] = {"code": 200, "kind": "ConfigMap"}
    difference = outcomes([changed])[0].differences[0]
    assert (difference.what, difference.recorded, difference.model) == ("code", "200", "409")


def test_the_request_decides_and_not_the_topic() -> None:
    changed = row("put-stale-rv")
    changed["topic"] = "weather"
    assert outcomes([changed])[0].outcome is Outcome.AGREES
    changed["request"]["path"] = changed["request"]["path"].replace("configmaps", "podtemplates")
    checked = outcomes([changed])[0]
    assert (checked.outcome, checked.reason) == (Outcome.NOT_MODELLED, "resource podtemplates")


def test_a_fault_at_one_probe_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real = conform_module.replay

    def failing(row: Any, world: Any) -> Any:
        if row.id == "put-noop":
            raise KeyError("lost")
        return real(row, world)

    monkeypatch.setattr(conform_module, "replay", failing)
    found = conform(json.dumps(row(name)).encode() for name in ("put-stale-rv", "put-noop", "put-current-rv"))
    assert [c.outcome for c in found.checked] == [Outcome.AGREES, Outcome.AGREES]
    assert [(f.line, f.id, f.cause) for f in found.faults] == [(2, "put-noop", "KeyError: 'lost'")]


VALUES = [
    None, 0, -1, 1.5, True, "", "x", [], [1], {}, {"a": None}, [{}], 10**30, [None], {"name": 5}, "http://[", "9" * 5000, "%",
    "?a=%zz", "//", "\x00", "\u00b2", "/api/v1", "/apis/apps/v1/watch", "metadata.name=", [[[]]], {"spec": []},
    {"metadata": {"labels": [1]}}, 2**63,
]  # fmt: skip
QUERIES = [
    "?resourceVersion=" + "9" * 5000, "?watch=true", "?fieldSelector=%3D%3D", "?resourceVersion=%C2%B2", "?labelSelector=a%3E" + "9" * 5000,
    "/status", "/scale", "/binding", "/eviction", "?dryRun=All", "?fieldManager=a&force=true", "//", "#[",
]  # fmt: skip


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
        if path[-1] == "path" and chance.random() < 0.5:
            at[path[-1]] = str(at[path[-1]]) + chance.choice(QUERIES)
        else:
            at[path[-1]] = chance.choice(VALUES)
        broken.append(json.dumps(changed).encode())
    # Paths are rare among the places; these are broken once each.
    for place in ("setup", "request", "object"):
        for value in ("http://[", "/api/v1/namespaces/p-x/configmaps/a?resourceVersion=" + "9" * 5000):
            changed = row("put-stale-rv")
            at = changed[place][0] if place == "setup" else changed[place]
            at["path"] = value
            broken.append(json.dumps(changed).encode())
    found = conform([*broken, b"{", b"\xff", b"", b"[1]"])
    assert len(found.checked) + len(found.malformed) == 409
    assert found.faults == ()
