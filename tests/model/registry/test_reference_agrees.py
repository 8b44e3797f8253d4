"""The reference execution and the native engine find the same states of lists and watches, and of garbage collection."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kubecheck import checker
from kubecheck.model.registry.collecting import CollectingScope, Owned, collecting
from kubecheck.model.registry.watching import WatchingScope, watching
from kubecheck.spec import Spec
from kubecheck.spec.reference import initial_states, steps

SPECS: dict[str, Callable[[], Spec]] = {
    "watching, with every fault": lambda: watching(
        WatchingScope(
            writes=1, broken_watches=1, client_restarts=1, server_restarts=1, compactions=1, restores=1, window=1
        )
    ),
    "watching, two servers": lambda: watching(WatchingScope(servers=2, others=1, writes=1, broken_watches=1)),
    "watching, two resources": lambda: watching(WatchingScope(others=1, watch_others=True, writes=1, broken_watches=1)),
    "collecting": lambda: collecting(CollectingScope(restarts=1)),
    "collecting, wrong coordinates": lambda: collecting(
        CollectingScope(objects=(Owned(), Owned(0, 1, True), Owned(3, 1)), empty_slots=1, deletes=0)
    ),
}


def counts(spec: Spec) -> int:
    """Distinct states, by plain Python."""
    level = list(dict.fromkeys(initial_states(spec)))
    seen = set(level)
    while level:
        found = dict.fromkeys(taken.state for state in level for taken in steps(spec, state))
        level = [state for state in found if state not in seen]
        seen.update(level)
    return len(seen)


@pytest.mark.parametrize("name", SPECS)
def test_both_executions_find_the_same_states(name: str) -> None:
    report = checker.check(SPECS[name]())
    assert report.verdict is checker.Verdict.HOLDS
    assert report.states.distinct == counts(SPECS[name]())
