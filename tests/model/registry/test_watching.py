"""Lists and watches: each promise holds, completely explored, and is broken when its protection is removed.

Counts and path lengths are pinned: a path is a shortest one. The other promises' controls are the bugs of
tests/model/test_bugs_registry.py.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from kubecheck import checker
from kubecheck.model import ScopeError
from kubecheck.model.registry.watching import WatchingScope, watching


@dataclass(frozen=True)
class Control:
    """A promise, the protections whose absence breaks it, a scope, and the number of steps to the violation."""

    violates: str
    without: tuple[str, ...]
    scope: WatchingScope
    steps: int

    def __str__(self) -> str:
        return f"{self.violates} without {', '.join(self.without)}"


RELIST = WatchingScope(servers=2, broken_watches=1, consistent_list=False)
OLD_CACHE = WatchingScope(
    others=1, servers=2, server_restarts=1, broken_watches=1, consistent_list=False, progress_notifications=False
)

CONTROLS = (
    Control("informers_never_go_back", ("relist-at-last-version",), RELIST, 5),
    Control("restarts_do_not_go_back", ("consistent-list",), WatchingScope(servers=2, client_restarts=1), 5),
    Control("informers_skip_no_event", ("oldest-after-list",), WatchingScope(others=1, server_restarts=1), 5),
)


@pytest.mark.parametrize("control", CONTROLS, ids=str)
def test_a_promise_needs_its_protection(control: Control) -> None:
    report = checker.check(watching(control.scope.switched(without=control.without)))
    assert report.verdict is checker.Verdict.VIOLATED
    assert control.violates in [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED]
    assert len(report.path) - 1 == control.steps


@pytest.mark.parametrize("control", CONTROLS, ids=str)
def test_with_it_all_promises_hold(control: Control) -> None:
    report = checker.check(watching(control.scope))
    assert report.verdict is checker.Verdict.HOLDS
    assert next(p.premise for p in report.properties if p.name == control.violates) > 0


# what is not in the scope's defaults; distinct states, generated ones, depth
LARGER = {
    "two API servers": (
        WatchingScope(servers=2, broken_watches=1, client_restarts=1, server_restarts=1),
        (13_320, 56_133, 12),
    ),
    "two clients": (
        WatchingScope(clients=2, broken_watches=1, server_restarts=1, compactions=1, window=1),
        (22_232, 99_029, 11),
    ),
    "two objects and a compaction": (
        WatchingScope(objects=2, others=1, servers=2, broken_watches=1, compactions=1, window=1),
        (26_751, 94_005, 10),
    ),
    "two resources with their caches": (
        WatchingScope(others=1, watch_others=True, servers=2, server_restarts=1, writes=2),
        (114_150, 529_945, 13),
    ),
    "everything once": (
        WatchingScope(
            servers=2, broken_watches=1, client_restarts=1, server_restarts=1, compactions=1, restores=1, window=2
        ),
        (86_024, 482_691, 13),
    ),
}


@pytest.mark.parametrize("name", LARGER)
def test_all_promises_hold_in_larger_scopes(name: str) -> None:
    scope, counts = LARGER[name]
    report = checker.check(watching(scope))
    assert report.verdict is checker.Verdict.HOLDS
    assert (report.states.distinct, report.states.generated, report.depth) == counts


def test_either_fix_is_enough_against_too_large_versions() -> None:
    """kubernetes#92537 in the client, or notifications of progress in the API server (KEP-1904)."""
    scope = dataclasses.replace(OLD_CACHE, give_up_last_version=False, progress_notifications=True)
    assert checker.check(watching(scope)).verdict is checker.Verdict.HOLDS


def test_without_the_retry_a_lost_tombstone_does_no_harm() -> None:
    """Before kubernetes#111387 the API server listed anew after the internal error."""
    scope = WatchingScope(others=1, compactions=1, tombstones_kept=False, retry_internal_errors=False)
    assert checker.check(watching(scope)).verdict is checker.Verdict.HOLDS


def test_what_nobody_watches_has_no_cache() -> None:
    with pytest.raises(ScopeError) as caught:
        WatchingScope(watch_others=True)
    assert str(caught.value) == "watch_others: needs others of 1 or more"
