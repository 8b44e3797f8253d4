"""Rules that the recorded logs do not exercise, in logs made by hand; the page of rules; the choice of rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from kubecheck.traces.event import Delivery, Event, Kind, Level
from kubecheck.traces.findings import RuleResult, Verdict
from kubecheck.traces.objects import Meta
from kubecheck.traces.rules import ALL, choose
from kubecheck.traces.rules.controllers import bounds
from kubecheck.traces.rules.document import markdown
from kubecheck.traces.rules.registry import UnknownRuleError
from kubecheck.traces.validate import validate

ACCOUNT = "system:serviceaccount:kube-system:"


def event(line: int, **fields: Any) -> Event:
    given: dict[str, Any] = {"kind": Kind.REQUEST, "file": "log", "line": line, "code": 200, "level": Level.REQUEST_RESPONSE,
                             "namespace": "t", "audit_id": f"id-{line}", "user": "alice", "decision": "allow"}
    body = fields.pop("body", None)
    if body is not None:


        fields["response"] = msgspec.Raw(msgspec.json.encode(body))
        fields["answer_kind"] = body["kind"]
        fields["answer"] = msgspec.convert(body["metadata"], Meta)
        fields.setdefault("name", body["metadata"]["name"])
    return Event(**(given | fields))


def result(name: str, events: list[Event]) -> RuleResult:
    return next(found for found in validate([events]).rules if found.name == name)


def config_map(version: int) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "t", "uid": "u", "resourceVersion": str(version)}}


def deliveries(first: int, second: int) -> list[Event]:
    """A creation at 1000, an update at 2000, and a stream that tells of them at these times."""
    return [
        event(1, verb="create", code=201, resource="configmaps", body=config_map(5), received=1000, completed=1010),
        event(2, verb="update", resource="configmaps", precondition_version="5", body=config_map(6), received=2000, completed=2010),
        event(3, kind=Kind.DELIVERY, code=None, delivery=Delivery.ADDED, stream="w", resource="configmaps", body=config_map(5),
              received=first, completed=first),
        event(4, kind=Kind.DELIVERY, code=None, delivery=Delivery.MODIFIED, stream="w", position=1, resource="configmaps",
              body=config_map(6), received=second, completed=second),
    ]


@pytest.mark.parametrize(("first", "second", "verdict"), [
    (1005, 2005, Verdict.CONFORMS), (900, 2005, Verdict.VIOLATED), (1005, 1990, Verdict.VIOLATED),
])
def test_nothing_is_delivered_from_the_future(first: int, second: int, verdict: Verdict) -> None:
    assert result("watch.not-from-the-future", deliveries(first, second)).verdict is verdict


def test_violation_names_lines_and_explains() -> None:
    found = result("watch.not-from-the-future", deliveries(900, 2005)).violations[0]
    assert [seen.where for seen in found.witnesses] == ["log:3", "log:1"]
    assert found.objects == ("configmaps/t/c",)
    assert "delivered before its write was received" in found.sentence


SECOND = 1_000_000


def replicas(told: int, ready: int) -> list[Event]:
    """A ReplicaSet with one ready pod whose controller writes this status, and works on 30 s later."""

    def size(version: int, status: dict[str, int]) -> dict[str, Any]:
        return {"kind": "ReplicaSet", "metadata": {"name": "r", "namespace": "t", "uid": "r", "resourceVersion": str(version),
                                                   "generation": 1}, "spec": {"replicas": 1}, "status": status}

    def pod(version: int, status: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "Pod", "metadata": {"name": "p", "namespace": "t", "uid": "p", "resourceVersion": str(version), "ownerReferences": [
            {"kind": "ReplicaSet", "name": "r", "uid": "r", "controller": True}]}, "spec": {"nodeName": "n"}, "status": status}

    running = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    controller = ACCOUNT + "replicaset-controller"
    apps: dict[str, Any] = {"group": "apps", "resource": "replicasets"}

    def at(line: int, seconds: int, **fields: Any) -> Event:
        return event(line, received=seconds * SECOND, completed=seconds * SECOND + 10, **fields)

    return [
        at(1, 1, verb="create", code=201, body=size(1, {}), **apps),
        at(2, 2, verb="create", code=201, body=pod(2, {"phase": "Pending"}), resource="pods", user=controller),
        at(3, 3, verb="patch", body=pod(3, running), resource="pods", subresource="status", user="system:node:n"),
        at(4, 4, verb="update", body=size(4, {"replicas": told, "readyReplicas": ready}), subresource="status", user=controller,
           precondition_version="1", **apps),
        at(5, 34, verb="update", body={**size(5, {}), "metadata": {"name": "other", "namespace": "t", "uid": "o", "resourceVersion": "5"}},
           subresource="status", user=controller, **apps),
    ]


@pytest.mark.parametrize(("told", "ready", "verdict"), [
    (1, 1, Verdict.CONFORMS), (2, 1, Verdict.VIOLATED), (1, 0, Verdict.VIOLATED),
])
def test_status_at_rest_tells_the_truth(told: int, ready: int, verdict: Verdict) -> None:
    assert result("end-state.status-true", replicas(told, ready)).verdict is verdict


def test_status_is_not_judged_while_its_controller_may_be_gone() -> None:
    assert result("end-state.status-true", replicas(2, 1)[:-1]).verdict is Verdict.NOT_JUDGED


def test_what_was_not_reached_is_open_and_no_violation() -> None:
    found = result("end-state.reached", replicas(1, 0))
    assert found.verdict is Verdict.CONFORMS
    assert "replicasets/t/r asks for 1 replicas and has 0 ready" in found.open


def service(ready: bool) -> list[Event]:
    """A Service whose slice tells of its pod, or does not."""
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "t", "uid": "p", "resourceVersion": "2", "labels": {"a": "b"}},
           "spec": {"nodeName": "n"}, "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [
               {"type": "Ready", "status": "True"}]}}
    slices = {"kind": "EndpointSlice", "metadata": {"name": "s-1", "namespace": "t", "uid": "e", "resourceVersion": "3",
                                                    "labels": {"kubernetes.io/service-name": "s"}},
              "endpoints": [{"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "name": "p", "uid": "p"}}] if ready else []}
    asked = {"kind": "Service", "metadata": {"name": "s", "namespace": "t", "uid": "s", "resourceVersion": "1"},
             "spec": {"selector": {"a": "b"}}}
    return [event(line, verb="create", code=201, resource=resource, body=body, received=line, completed=line)
            for line, (resource, body) in enumerate([("services", asked), ("pods", pod), ("endpointslices", slices)], 1)]


@pytest.mark.parametrize(("ready", "count"), [(True, 0), (False, 1)])
def test_endpoints_in_the_end(ready: bool, count: int) -> None:
    found = result("end-state.endpoints", service(ready))
    assert found.judged == 1
    assert len(found.open) == count


def test_metadata_level_is_told_as_the_reason() -> None:
    events = [event(line, verb="update", resource="secrets", name="s", level=Level.METADATA, precondition_version="1", received=line,
                    completed=line, answer=None) for line in range(1, 4)]
    validation = validate([events])
    assert next(found for found in validation.rules if found.name == "store.no-op").verdict is Verdict.NOT_JUDGED
    assert next(found for found in validation.rules if found.name == "requests.authorised").verdict is Verdict.CONFORMS


def test_nothing_to_judge() -> None:
    validation = validate([[]])
    assert validation.verdict is Verdict.NOT_JUDGED
    assert all(found.verdict is Verdict.NOT_JUDGED for found in validation.rules)
    assert all(found.not_judged for found in validation.rules)


@pytest.mark.parametrize(("spec", "expected"), [
    ({"replicas": 4, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}, (5, 4)),
    ({"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}}, (4, 3)),
    ({"replicas": 10, "strategy": {"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "0%"}}}, (10, 9)),
    ({"replicas": 2, "strategy": {"type": "Recreate"}}, (2, 0)),
])
def test_bounds_of_a_rolling_update(spec: dict[str, Any], expected: tuple[int, int]) -> None:
    assert bounds(spec) == expected


def test_choice_of_rules() -> None:
    assert {rule.name for rule in choose(only=["watch"])} == {rule.name for rule in ALL if rule.name.startswith("watch.")}
    assert [rule.name for rule in choose(only=["store.uid"])] == ["store.uid"]
    assert "store.uid" not in {rule.name for rule in choose(skip=["store.uid"])}
    with pytest.raises(UnknownRuleError, match=r"^there is no rule 'store.uidd'$") as caught:
        choose(only=["store.uidd"])
    assert caught.value.remedy == "did you mean `store.uid`?"


def test_page_of_rules_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "rules.md"
    assert page.read_text() == markdown(), "python -m kubecheck.traces.rules.document > docs/rules.md"


def test_every_rule_says_what_it_rests_on() -> None:
    names = [rule.name for rule in ALL]
    assert len(names) == len(set(names))
    for rule in ALL:
        assert rule.sentence.endswith(".")
        assert rule.source
        assert rule.__doc__


