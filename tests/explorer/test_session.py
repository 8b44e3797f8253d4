"""What the page is told about a state."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from kubecheck.checker.stepper import ChoiceError, SearchLimits
from kubecheck.cli.explorer.protocol import PropertyNow, View
from kubecheck.cli.explorer.session import Session, fingerprint
from kubecheck.cli.subjects import ScopeOptions, subjects
from kubecheck.spec import reference

LIMITS = SearchLimits(seconds=20)


def counterexample(session: Session, name: str) -> tuple[int, ...]:
    found = session.find_property(name, limits=LIMITS)
    assert found.path is not None
    return tuple(map(int, found.path.split(".")))


def now(view: View) -> dict[str, PropertyNow]:
    return {p.name: p for p in view.properties}


def test_a_view_has_the_steps_of_the_reference_execution(stuck: Session) -> None:
    state, choices = reference.initial_states(stuck.spec)[0], (0,)
    for _ in range(6):
        view = stuck.view(choices)
        steps = list(reference.steps(stuck.spec, state))
        assert [c.action.partition("(")[0] for c in view.choices] == [s.action.name for s in steps]
        assert [c.same for c in view.choices] == [s.state == state for s in steps]
        assert [c.number for c in view.choices] == list(range(len(steps)))
        state, choices = steps[-1].state, (*choices, len(steps) - 1)


def test_what_a_choice_would_change_is_what_the_step_then_changed(lagging: Session) -> None:
    choices = counterexample(lagging, "no_pod_too_many_after_a_restart")
    for length in range(1, len(choices)):
        for choice in lagging.view(choices[:length]).choices:
            after = lagging.view((*choices[:length], choice.number))
            assert after.row.action == choice.action
            assert after.row.lane == choice.lane
            assert choice.same or after.row.changes == choice.changes


def test_steps_that_violate_are_marked_before_they_are_taken(lagging: Session, stuck: Session) -> None:
    for session, name in ((lagging, "no_pod_too_many_after_a_restart"), (stuck, "deployment_has_converged")):
        choices = counterexample(session, name)
        assert [c.breaks for c in session.view(choices[:-1]).choices if c.number == choices[-1]] == [[name]]
        assert not any(c.breaks for c in session.view((0,)).choices)
        told = now(session.view(choices))[name]
        assert told.value == "violated"
        assert told.why[0].startswith(f"{name} is false")


def test_properties_have_the_value_that_the_reference_execution_gives(stuck: Session) -> None:
    first = now(stuck.view((0,)))
    assert {p.value for p in first.values() if p.kind == "step invariant"} == {"waiting"}
    assert first["all_pods_become_ready"].value == "not shown"
    choices = counterexample(stuck, "a_rollout_completes")
    assert now(stuck.view(choices))["a_rollout_completes"].value == "shown"
    for length in range(2, len(choices)):
        view = stuck.view(choices[:length])
        if not view.quiescent:
            assert now(view)["deployment_has_converged"].value == "waiting"


def test_a_path_in_words_is_that_of_the_terminal(stuck: Session) -> None:
    from kubecheck import checker
    from kubecheck.cli.rows import rows

    report = checker.check(stuck.spec)
    choices = counterexample(stuck, report.found or "")
    told = stuck.rows(choices)
    assert len(told) == len(report.path)
    states = [state for _, state in stuck.stepper.walk(choices)]
    from kubecheck.checker.replay import replay

    assert [(row.lane, row.changes) for row in told] == [(r.lane, list(r.changes)) for r in rows(replay(stuck.spec, states))]


def states(session: Session) -> int:
    """How many states there are, by plain Python."""
    border = list(reference.initial_states(session.spec))
    seen = set(border)
    while border:
        border = list({t.state: None for state in border for t in reference.steps(session.spec, state) if t.state not in seen})
        seen.update(border)
    return len(seen)


def test_searches(stuck: Session, commit: Session) -> None:
    found = stuck.find("any(p.phase is Phase.RUNNING for p in pods)", limits=LIMITS)
    assert found.path is not None
    assert "1 step" not in found.sentence
    view = stuck.view(tuple(map(int, found.path.split("."))))
    assert view.picture is not None
    assert [pod.phase for node in view.picture.nodes for pod in node.pods].count("running") == 1
    nowhere = commit.find("len(heard) == 4", limits=LIMITS)
    assert nowhere.path is None
    assert nowhere.sentence == f"a state with len(heard) == 4 does not exist: all {states(commit)} states were seen"
    stopped = stuck.find("count(p.exists for p in pods) == 4", limits=SearchLimits(states=50))
    assert stopped.path is None
    assert stopped.sentence.startswith("a state with count(p.exists for p in pods) == 4 was not found: the search ended, more than 50")
    assert stuck.find("quiescent", limits=LIMITS).path == "0"


def test_a_new_search_ends_the_one_before(stuck: Session) -> None:
    sentences: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow(states: Any) -> list[bool]:
        begun.set()
        go_on.wait(20)
        return [False] * len(states)

    def search() -> None:
        found = stuck.stepper.find(slow, limits=LIMITS, cancelled=stuck._begin_search())
        sentences.append(found.stopped)

    thread = threading.Thread(target=search)
    thread.start()
    assert begun.wait(20)
    assert stuck.find("quiescent", limits=LIMITS).path == "0"
    go_on.set()
    thread.join()
    assert sentences == ["it was cancelled"]


def test_a_spec_that_is_no_cluster_has_tables(commit: Session) -> None:
    view = commit.view((0, 0))
    assert view.picture is None
    [part] = view.parts
    assert [cell.path for cell in part.cells] == ["heard", "sent", "decision"]
    [table] = part.tables
    assert (table.title, table.keys) == ("stage", ["rm-0", "rm-1", "rm-2"])
    assert [[cell.value for cell in row] for row in table.rows] == [["prepared"], ["working"], ["working"]]


def test_a_fingerprint_changes_with_the_meaning(stuck: Session) -> None:
    again = subjects("stuck-rollout", ScopeOptions())[0].build()
    assert fingerprint(again) == stuck.fingerprint
    others = [
        subjects("stuck-rollout-fixed", ScopeOptions())[0].build(),
        subjects("stuck-rollout", ScopeOptions(settings={"scales": "2"}))[0].build(),
    ]
    assert len({stuck.fingerprint, *map(fingerprint, others)}) == 3


def test_a_value_that_leaves_its_type_is_shown_where_it_does() -> None:
    from kubecheck.cli.subjects import Subject
    from tests.checker.test_stepper import counting

    spec = counting()
    session = Session(spec, Subject(name="counting", title="counting", build=lambda: spec), command="x", cache=False)
    view = session.view((1, 0, 2))
    assert "up(2): 10 is outside Range(0, 9)" in view.error
    assert not view.quiescent
    assert [c.action for c in view.choices] == ["up(by=1)"]
    assert now(view)["below_eight"].value == "violated"


def test_paths_that_do_not_exist(stuck: Session) -> None:
    for choices in ((), (1,), (0, 5), (0, 0, 99)):
        with pytest.raises(ChoiceError):
            stuck.view(choices)


def test_what_is_known_of_a_path_may_be_forgotten(stuck: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    choices = counterexample(stuck, "deployment_has_converged")
    expected = msgspec.json.encode(stuck.view(choices))
    monkeypatch.setattr("kubecheck.cli.explorer.session._KEPT", 3)
    stuck._visits.clear()
    assert msgspec.json.encode(stuck.view(choices)) == expected
    assert len(stuck._visits) == 3
    assert msgspec.json.encode(stuck.view(choices)) == expected
