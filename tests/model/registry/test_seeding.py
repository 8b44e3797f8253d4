"""Requests that begin with an object of a watch cache: what the cache must not change. Its two bugs: tests/model/test_bugs_registry.py."""

from __future__ import annotations

from kubecheck import checker
from kubecheck.model.registry.seeding import SeedingScope, seeded


def test_more_writes_hold_as_well() -> None:
    assert checker.check(seeded(SeedingScope(writes=6))).verdict is checker.Verdict.HOLDS
