"""Probes of reads: a recording that says otherwise disagrees, setups in words are carried out, queries are parsed as upstream does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kubecheck.model.conformance import reader as reader_module
from kubecheck.model.conformance.conform import Checked, Outcome, conform
from kubecheck.model.conformance.selectors import (
    Requirement,
    SelectorError,
    field_requirements,
    fields_of,
    label_requirements,
)
from kubecheck.model.registry.watch import open_watch
from tests.conformance.answers import CONFIG_MAPS, call, config_map, made, row_of
from tests.conformance.page import RECORDING

Json = Any
ROWS = {row["id"]: row for row in map(json.loads, RECORDING.read_bytes().splitlines())}


def checked(row: Json) -> Checked:
    return conform([json.dumps(row).encode()]).checked[0]


def copy(name: str) -> Json:
    return json.loads(json.dumps(ROWS[name]))


CHANGES: dict[str, tuple[str, Callable[[Json], Any]]] = {
    "code": ("list-future", lambda r: r["response"].update(code=200)),
    "reason": ("list-rv-text", lambda r: r["response"].update(reason="Invalid")),
    "kind": ("list-partial", lambda r: r["response"].update(kind="ConfigMapList")),
    "an item too many": ("list-rv-empty", lambda r: r["response"]["items"].append(["c", "226"])),
    "items in another order": ("list-rv-empty", lambda r: r["response"]["items"].reverse()),
    "an older object": ("list-exact-object-rv", lambda r: r["response"]["items"][0].__setitem__(1, "242")),
    "the list's relation": ("compact-rv0", lambda r: r["response"]["rv_rel"].__setitem__(3, ">after")),
    "continue": ("list-limit-selector", lambda r: r["response"].update(continue_set=False)),
    "a field": ("list-item-kind", lambda r: r["response"]["show"].update({"items[0].kind": "ConfigMap"})),
    "an event missing": ("watch-from-list", lambda r: r["events"].pop()),
    "an event's type": ("watch-selector-leaves", lambda r: r["events"][0].update(type="MODIFIED")),
    "an event's relation": ("watch-from-0", lambda r: r["events"][0]["rel"].__setitem__(0, "<list_before")),
    "an event's labels": ("watch-selector-leaves", lambda r: r["events"][0].update(labels={"l": "z"})),
    "an event's phase": ("watch-pods-phase", lambda r: r["events"][0].update(phase="Succeeded")),
    "a bookmark": ("watch-initial", lambda r: r["events"][2].pop("initial-events-end")),
    "an error's code": ("compact-watch-1-restarted", lambda r: r["events"][0].update(code=404)),
    "the number of items": ("list-rv-empty", lambda r: r["response"].update(n=7)),
    "the number of lines": ("watch-from-list", lambda r: r["response"].update(lines=7)),
    "an event's name": ("watch-from-list", lambda r: r["events"][0].update(name="z")),
    "an event's resourceVersion": ("watch-from-list", lambda r: r["events"][0].update(rv="999999999")),
    "the observed object": ("rbac-none-watch", lambda r: r["object"].update(exists_before=False)),
    "a write to it": ("rbac-none-watch", lambda r: r["object"].update(etcd_writes_to_it=1)),
    "an event's node": ("watch-pod-life", lambda r: r["events"][1].update(nodeName="z")),
    "a cause": ("list-future", lambda r: r["response"].update(causes=[])),
    "when to try again": ("list-future", lambda r: r["response"].update(retryAfterSeconds=5)),
    "a text": ("list-unknown-group", lambda r: r["response"].update(text="nothing here")),
    "the stream's end": ("compact-watch-1-restarted", lambda r: r["response"].update(stream_end="open")),
    "a request while it is open": ("watch-from-list", lambda r: r["request"]["then"][0].update(code=409)),
    "a setup": ("list-continue", lambda r: r["setup"][3].update(code=410)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_recording_that_says_otherwise_disagrees(change: str) -> None:
    name, alter = CHANGES[change]
    row = copy(name)
    assert checked(row).outcome is Outcome.AGREES
    alter(row)
    assert checked(row).outcome is Outcome.DISAGREES


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("compact-exact-restarted", "; etcd compacted at rv compacted"),
        ("compact-exact-restarted", "; kube-apiserver killed and started again"),
        ("compact-watch-after-restarted", "; kube-apiserver killed and started again"),
        ("compact-exact", ", c deleted (rv new)"),
        ("compact-watch-0", "; a patched again (rv after)"),
    ],
)
def test_every_clause_of_a_setup_in_words_counts(name: str, clause: str) -> None:
    row = copy(name)
    assert clause in row["setup"][0]["note"]
    row["setup"][0]["note"] = row["setup"][0]["note"].replace(clause, "")
    assert checked(row).outcome is Outcome.DISAGREES


def test_words_that_are_not_known_are_not_modelled() -> None:
    row = copy("compact-exact")
    row["setup"][0]["note"] += "; the moon was full"
    found = checked(row)
    assert found.outcome is Outcome.NOT_MODELLED
    assert found.reason.startswith("a setup in words: three ConfigMaps")


def test_with_the_rule_of_kubernetes_1_7_watches_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without kubernetes#49992 a watch from just before the cache's list would be accepted."""
    row = copy("compact-watch-after-restarted")
    assert checked(row).outcome is Outcome.AGREES
    monkeypatch.setattr(
        reader_module, "open_watch", lambda etcd, cache, options, _: open_watch(etcd, cache, options, False)
    )
    assert checked(row).outcome is Outcome.DISAGREES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("l=b", (Requirement("l", "=", frozenset({"b"})),)),
        ("l==b,m!=c", (Requirement("l", "=", frozenset({"b"})), Requirement("m", "!=", frozenset({"c"})))),
        ("l in (a, b)", (Requirement("l", "in", frozenset({"a", "b"})),)),
        ("l notin ()", (Requirement("l", "notin", frozenset({""})),)),
        ("l in (a,,b)", (Requirement("l", "in", frozenset({"a", "", "b"})),)),
        ("example.com/l", (Requirement("example.com/l", "exists"),)),
        ("!l", (Requirement("l", "absent"),)),
        ("l=", (Requirement("l", "=", frozenset({""})),)),
        ("l>3", (Requirement("l", ">", frozenset({"3"})),)),
    ],
)
def test_label_selectors(text: str, found: tuple[Requirement, ...]) -> None:
    assert label_requirements(text) == found


@pytest.mark.parametrize(
    "text", ["==", ",", "l=a,", "l in a", "l in (a", "a=b=c", "!", "l>x", "-l=a", "l=-a", "A_b/l", "l m"]
)
def test_bad_label_selectors(text: str) -> None:
    with pytest.raises(SelectorError):
        label_requirements(text)


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("l!=a", {}, True),
        ("l notin (a)", {}, True),
        ("l in (a)", {}, False),
        ("l", {"l": ""}, True),
        ("!l", {"l": ""}, False),
        ("l>3", {"l": "4"}, True),
        ("l<3", {"l": "x"}, False),
    ],
)
def test_what_labels_a_selector_selects(text: str, labels: dict[str, str], selected: bool) -> None:
    assert all(r.matches(labels) for r in label_requirements(text)) is selected


def test_field_selectors() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "a", "namespace": "n"}, "spec": {"hostNetwork": True}}
    assert fields_of(pod)["spec.nodeName"] == ""
    assert fields_of(pod)["spec.hostNetwork"] == "true"
    assert fields_of({**pod, "spec": {}})["spec.hostNetwork"] == "false"
    assert field_requirements("spec.nodeName!=", kind="Pod")[0].operator == "!="
    assert field_requirements("spec.host=n", kind="Pod")[0].key == "spec.nodeName"
    assert fields_of({"kind": "Job", "metadata": {}, "status": {"succeeded": 2}})["status.successful"] == "2"
    assert field_requirements(r"metadata.name=a\,b\\\=", kind="ConfigMap")[0].values == frozenset({r"a,b\="})
    assert field_requirements(",metadata.name=a,,", kind="ConfigMap")[0].values == frozenset({"a"})
    for text in ("spec.nodeName=x", "metadata.name", "metadata.name=a=b", "metadata.name=a\\", r"metadata.name=\a"):
        with pytest.raises(SelectorError):
            field_requirements(text, kind="ConfigMap")
    for kind in ("ReplicaSet", "Deployment"):
        with pytest.raises(SelectorError):
            field_requirements("status.replicas=1", kind=kind)
    with pytest.raises(SelectorError):
        field_requirements("metadata.namespace=x", kind="Node")
    assert field_requirements("metadata.namespace=x", kind="ClusterRole")


QUERIES = {
    "limit=x": 400,
    "limit=99999999999": 200,
    "continue=x": 400,
    "continue=eyJ2IjoieCIsInJ2IjoxLCJzdGFydCI6Ii9iIn0": 400,
    "labelSelector=,": 400,
    "fieldSelector=data.k%3Dv": 400,
    "resourceVersion=-1": 400,
    "resourceVersionMatch=exact&resourceVersion=1": 422,
    "resourceVersion=" + "9" * 5000: 400,
    "labelSelector=l%3E" + "9" * 5000: 400,
    "resourceVersion=1": 200,
    "watch=false&limit=1": 200,
}


@pytest.mark.parametrize("query", QUERIES)
def test_queries(query: str) -> None:
    row = copy("list-limit-0")
    row["request"]["path"] = row["request"]["path"].split("?")[0] + "?" + query
    code = QUERIES[query]
    row["response"] = {"code": code, "kind": "ConfigMapList" if code == 200 else "Status"}
    row["response"]["reason"] = {400: "BadRequest", 422: "Invalid"}.get(code)
    assert checked(row).differences == ()


def test_objects_and_namespaces_that_only_come_while_a_watch_is_open() -> None:
    then = [
        call("POST", "/api/v1/namespaces/p-y/configmaps", config_map("b"), 201),
        call("POST", CONFIG_MAPS, {"metadata": {"generateName": "g-"}}, 201),
    ]
    request = call("GET", "/api/v1/configmaps?watch=true&resourceVersion=10", then=then)
    events = [{"type": "ADDED", "name": "b"}]
    row = row_of([made(CONFIG_MAPS, config_map(), rv="10")], request, {"code": 200}, events=events)
    assert [d.what for d in checked(row).differences] == ["events"]  # of the second one the name is made up
