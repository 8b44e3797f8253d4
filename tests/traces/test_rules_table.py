"""Every rule has a hand-written log that conforms, one that violates it and one that it cannot judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubecheck.traces.findings import RuleResult, Verdict
from kubecheck.traces.readers.folder import find
from kubecheck.traces.rules import ALL
from kubecheck.traces.validate import validate
from tests.traces.cases import CASES, MORE, NARROW, cluster, life
from tests.traces.cases.head import Narrow

OPEN = {**cluster.OPEN, **life.OPEN}
OPEN_ONLY = set(OPEN)
"""Rules that list what is open and call nothing a violation."""
RULES = sorted(CASES)


def result(rule: str, text: str, folder: Path) -> RuleResult:
    log = folder / "log.trace"
    log.write_text(text)
    validation = validate(find([str(log)]).sources)
    assert validation.malformed_count == 0, validation.malformed
    return next(found for found in validation.rules if found.name == rule)


def test_every_rule_has_its_three_logs() -> None:
    assert set(CASES) == {rule.name for rule in ALL}
    assert {rule for rule, case in CASES.items() if not case.violated} == OPEN_ONLY
    assert all(case.conforms and case.not_judged for case in CASES.values())


@pytest.mark.parametrize("rule", RULES)
def test_conforms(rule: str, tmp_path: Path) -> None:
    found = result(rule, CASES[rule].conforms, tmp_path)
    assert found.verdict is Verdict.CONFORMS, (found.violations, found.not_judged)
    assert not found.open


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in OPEN_ONLY])
def test_violated(rule: str, tmp_path: Path) -> None:
    found = result(rule, CASES[rule].violated, tmp_path)
    assert found.verdict is Verdict.VIOLATED, found.not_judged
    lines = CASES[rule].violated.count("\n")
    for violation in found.violations:
        assert violation.sentence
        assert violation.witnesses
        assert all(0 < seen.line <= lines for seen in violation.witnesses)
        assert len(violation.witnesses) < 2 or all(seen.note for seen in violation.witnesses), "what each of them did"


@pytest.mark.parametrize("rule", RULES)
def test_not_judged(rule: str, tmp_path: Path) -> None:
    found = result(rule, CASES[rule].not_judged, tmp_path)
    assert found.verdict is Verdict.NOT_JUDGED, found.violations
    assert found.not_judged


@pytest.mark.parametrize("rule", sorted(OPEN_ONLY))
def test_open(rule: str, tmp_path: Path) -> None:
    text, sentence = OPEN[rule]
    assert any(told.startswith(sentence) for told in result(rule, text, tmp_path).open)


@pytest.mark.parametrize("what", sorted(MORE))
def test_further_faults(what: str, tmp_path: Path) -> None:
    rule, text = MORE[what]
    assert result(rule, text, tmp_path).verdict is Verdict.VIOLATED


@pytest.mark.parametrize("narrow", NARROW, ids=lambda narrow: f"{narrow.rule}: {narrow.why}")
def test_legal_and_its_illegal_neighbour(narrow: Narrow, tmp_path: Path) -> None:
    legal, illegal = result(narrow.rule, narrow.legal, tmp_path), result(narrow.rule, narrow.illegal, tmp_path)
    assert not legal.violations
    assert illegal.verdict is Verdict.VIOLATED, illegal.not_judged
