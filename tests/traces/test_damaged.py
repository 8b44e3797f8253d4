"""Logs with one damaged line: what is said of them names the damage, and nothing else is concluded from it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from kubecheck.traces.findings import RuleResult, Validation, Verdict
from kubecheck.traces.readers import audit, text
from kubecheck.traces.validate import validate
from tests.traces.cases.head import COMPLETE, HEAD
from tests.traces.cases.pods import BIND, NODE, POD
from tests.traces.logs import lines


def judged(told: list[Any], *only: str) -> Validation:
    reader = audit.Reader("audit.jsonl")
    return validate([[reader.event(number, json.dumps(line).encode()) for number, line in enumerate(told, 1)]], only=only)


def damaged(choose: Callable[[dict[str, Any]], bool], version: str) -> Validation:
    """The recorded run's audit log in which the first line chosen tells another resourceVersion."""
    told = [json.loads(line) for line in lines("audit.jsonl.gz")]
    next(line for line in told if choose(line))["responseObject"]["metadata"]["resourceVersion"] = version
    return judged(told)


@functools.cache
def one_version_too_low() -> Validation:
    """Of an update of a ReplicaSet long after the nodes were created, now before their versions."""
    return damaged(
        lambda line: ((line.get("responseObject") or {}).get("metadata") or {}).get("resourceVersion") == "337", "7",
    )


def rule(validation: Validation, name: str) -> RuleResult:
    return next(found for found in validation.rules if found.name == name)


def text_result(name: str, log: str) -> RuleResult:
    return rule(validate([text.parse(log)], only=[name]), name)


def test_a_version_out_of_order_makes_no_node_absent() -> None:
    """The bindings stand before the nodes' creations then, which had been answered before."""
    found = rule(one_version_too_low(), "pods.bound-to-a-node")
    assert (found.verdict, found.judged) == (Verdict.CONFORMS, 2)
    assert {one.rule for one in one_version_too_low().violations} == {"store.revision-order"}


def test_a_node_that_never_was_is_told_with_the_pod() -> None:
    """Also of a pod that the log has not told of."""
    for log in (COMPLETE + NODE + POD, COMPLETE + NODE):
        found = text_result("pods.bound-to-a-node", log + BIND.replace("node-1}", "node-9}"))
        assert [one.objects for one in found.violations] == [("pods/t/p", "nodes/node-9")]
        assert found.violations[0].sentence == "pods/t/p was bound to node-9: there never was such a node"


def test_a_node_created_after_the_binding() -> None:
    late = NODE.replace("1 node-1", "8 node-1").replace("rv=2", "rv=9")
    (found,) = text_result("pods.bound-to-a-node", COMPLETE + POD + NODE.replace("node-1 ->", "n ->") + BIND + late).violations
    assert found.sentence == "pods/t/p was bound to node-1 before there was such a node"
    assert [witness.line for witness in found.witnesses] == sorted(witness.line for witness in found.witnesses)


def test_a_node_whose_creation_is_not_in_the_log_may_have_been_there() -> None:
    seen = "8 node-1 update nodes node-1 -> 200 rv=9 uid=n1 kind=Node\n"
    found = text_result("pods.bound-to-a-node", COMPLETE + POD + NODE.replace("node-1 ->", "n ->") + BIND + seen)
    assert found.verdict is Verdict.NOT_JUDGED
    assert found.not_judged == {"the log lacks writes of the object": 1}


def test_one_version_too_low_is_one_violation() -> None:
    """However many writes with higher versions had been answered."""
    found = rule(one_version_too_low(), "store.revision-order")
    (one,) = found.violations
    assert found.violation_count == 1
    assert one.sentence == (
        "resourceVersion 7 was given to a write received after the write with the higher resourceVersion 19 and 68 further writes "
        "with higher ones had been answered"
    )
    assert (one.line, one.objects) == (1699, ("replicasets/default/shared-9bd5db86c", "namespaces/kube-public"))


def test_two_versions_too_low_are_two_violations() -> None:
    created = "{line} alice create configmaps t/c{line} -> 201 rv={version} uid=u{line}\n"
    versions = (10, 11, 4, 20, 21, 15)
    log = HEAD + "".join(created.format(line=line, version=version) for line, version in enumerate(versions, 1))
    found = text_result("store.revision-order", log)
    assert [(one.objects, "further" in one.sentence) for one in found.violations] == [
        (("configmaps/t/c3", "configmaps/t/c1"), True), (("configmaps/t/c6", "configmaps/t/c4"), True),
    ]
    assert "and 1 further write with higher ones had been answered" in found.violations[0].sentence
