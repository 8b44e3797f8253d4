"""What the page is told about a state."""

from __future__ import annotations

import msgspec
import pytest

from kubecheck.checker.graph.expression import ExpressionError
from kubecheck.checker.stepper import ChoiceError, SearchLimits
from kubecheck.cli.explorer.parts import parts
from kubecheck.cli.explorer.protocol import PropertyNow, View
from kubecheck.cli.explorer.session import Session, fingerprint
from kubecheck.cli.subjects import ScopeOptions, subjects
from kubecheck.model.scenarios import ALL
from kubecheck.spec import reference
from tests.explorer.conftest import session_of

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

    assert [(row.lane, row.changes) for row in told] == [(r.lane, list(r.changes)) for r in rows(replay(stuck.spec, states, 0))]


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


def test_conditions_that_are_none(stuck: Session) -> None:
    with pytest.raises(ExpressionError, match=r"^KC216: count\(p.ready for p in pods\) is an int, and a condition is true or false$"):
        stuck.find("count(p.ready for p in pods)", limits=LIMITS)
    with pytest.raises(ExpressionError) as raised:
        stuck.find("pods[0].ready", limits=LIMITS)
    assert raised.value.remedy == "write Pod(0)"


def test_quiescence_in_conditions(stuck: Session) -> None:
    asked, shown = stuck.find("quiescent and not deployment_has_converged", limits=LIMITS), stuck.find_property(
        "deployment_has_converged", limits=LIMITS
    )
    assert asked.path is not None
    assert shown.path is not None
    assert len(asked.path.split(".")) == len(shown.path.split("."))  # the shortest, of which there are several
    # of states that are not quiescent the property says nothing, so that it is not false
    assert stuck.find("not deployment_has_converged", limits=LIMITS).path == stuck.find(
        "quiescent and not deployment_has_converged", limits=LIMITS
    ).path


def test_a_search_that_nobody_waits_for(stuck: Session) -> None:
    found = stuck.find("len(pods) == 99", limits=LIMITS, cancelled=lambda: True)
    assert found.path is None
    assert found.sentence == "a state with len(pods) == 99 was not found: the search ended, it was cancelled (1 states, 0 steps far)"


def test_each_step_is_told_what_its_action_does_however_often_it_was_taken(lagging: Session) -> None:
    choices = counterexample(lagging, "no_pod_too_many_after_a_restart")
    told = lagging.rows(choices)
    assert [row.action for row in told].count("create_pod(replica-set-0)") == 3
    for number, row in enumerate(told[1:], start=1):
        assert row.sentence == lagging.spec.find_action(row.action.partition("(")[0]).sentence
        assert lagging.view(choices[: number + 1]).row == row


def test_resource_versions_of_objects_and_of_readers(lagging: Session) -> None:
    choices = counterexample(lagging, "no_pod_too_many_after_a_restart")
    for length in range(1, len(choices) + 1):
        view, written = lagging.view(choices[:length]), lagging.rows(choices[:length])
        assert view.revisions is not None
        assert view.picture is not None
        assert view.revisions.latest == max([1, *(row.revision for row in written)])  # the node is registered at 1
        for kind in view.picture.kinds:
            for found in kind.objects:
                about = [r.revision for r in written if any(c.startswith((f"{found.name} ", f"{found.name}:")) for c in r.changes)]
                assert view.revisions.objects[found.name] == about[-1]
    told = lagging.view(choices).revisions
    assert told is not None
    assert told.objects == {"node-0": 1, "replica-set-0": 2, "pod-0": 3, "pod-1": 4, "pod-2": 5}
    assert told.readers == {"second-api-server/Pods": 3, "controller-manager/Pods": 3}
    first = lagging.view((0,)).revisions
    assert first is not None
    assert first.readers == {"second-api-server/Pods": 0, "controller-manager/Pods": 0}


def test_what_is_violated_already_is_not_told_again_of_each_step() -> None:
    session = session_of("recreated-replica-set")
    [violated] = [p.name for p in session.spec.properties if p.name in ALL["recreated-replica-set"].violates]
    choices = counterexample(session, violated)
    kind = session.spec.find_property(violated).kind
    assert kind in ("invariant", "quiescent")
    assert [violated] in [c.breaks for c in session.view(choices[:-1]).choices]
    after = session.view(choices)
    assert now(after)[violated].value == "violated"
    still = [c for c in after.choices if not c.same and now(session.view((*choices, c.number)))[violated].value == "violated"]
    assert all(violated not in c.breaks for c in after.choices)
    assert still or kind == "quiescent"


def test_where_something_is_wrong_at_the_end_one_begins_there(stuck: Session) -> None:
    choices = counterexample(stuck, "deployment_has_converged")
    assert stuck.info(start=choices).start_at == len(choices) - 1
    assert stuck.info(start=choices[:-1]).start_at == 0
    assert stuck.info().start_at == 0


def test_only_names_that_have_bits_are_offered(stuck: Session) -> None:
    names = stuck.info().names
    assert {"pods", "scaled", "deployment_has_converged"} <= set(names)
    assert not {"paused", "crashed", "cache_pods", "runtime"} & set(names)


def test_an_array_of_arrays_has_a_row_for_each_element() -> None:
    spec = ALL["stateful-node-cut-off"].build()
    [kubelets] = [part for part in parts(spec, reference.initial_states(spec)[0]) if part.title == "kubelets"]
    [table] = kubelets.tables
    assert table.columns == ["known", "uid", "running", "ending", "removing"]
    assert table.keys == ["node-0, pod-0", "node-0, pod-1", "node-1, pod-0", "node-1, pod-1"]
    assert {cell.value for row in table.rows for cell in row} == {"False", "0"}


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
