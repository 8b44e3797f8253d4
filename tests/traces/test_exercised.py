"""Every rule but the named ones has something to judge in the recorded logs, and the page of counts is up to date."""

from __future__ import annotations

from tests.traces.exercised import PAGE, counts, markdown

NEVER = {"end-state.status-true"}
"""Needs a controller that works on for ten seconds after a ReplicaSet has come to rest."""


def test_recorded_logs_exercise_the_rules() -> None:
    judged = counts()
    assert {name for name, found in judged.items() if not found} == NEVER
    assert PAGE.read_text() == markdown(judged), "python -m tests.traces.exercised > docs/rules-exercised.md"
