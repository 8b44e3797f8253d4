"""Requests that begin with an object of a watch cache: the two bugs of that, and what the cache must not change."""

from __future__ import annotations

import pytest

from kubecheck import checker
from kubecheck.model.bugs import all_bugs
from kubecheck.model.registry.seeding import SeedingScope, seeded

# steps to the violation without the fix; distinct states and generated ones with it
PINNED = {"ignored-finalizer": (4, 90, 330), "spurious-conflict": (4, 90, 330)}


@pytest.mark.parametrize("name", PINNED)
def test_a_bug_is_there_without_its_fix_and_gone_with_it(name: str) -> None:
    bug = all_bugs()[name]
    broken, fixed = checker.check(bug.broken()), checker.check(bug.fixed())
    assert broken.verdict is checker.Verdict.VIOLATED
    assert [p.name for p in broken.properties if p.verdict is checker.Verdict.VIOLATED] == [bug.violates]
    assert len(broken.path) - 1 == PINNED[name][0]
    assert fixed.verdict is checker.Verdict.HOLDS
    assert not fixed.warnings
    assert (fixed.states.distinct, fixed.states.generated) == PINNED[name][1:]


def test_more_writes_hold_as_well() -> None:
    assert checker.check(seeded(SeedingScope(writes=6))).verdict is checker.Verdict.HOLDS
