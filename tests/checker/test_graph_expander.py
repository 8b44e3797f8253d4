"""The steps, marks and texts that graphs are made of, held against the reference execution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject

from kubecheck.checker.graph.decoding import plain
from kubecheck.checker.graph.enumeration import Enumeration, TooManyStatesError
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.symmetry import MOST_RENAMINGS, NotSymmetricError, Symmetry, renamed
from kubecheck.model.scenarios import ALL
from kubecheck.spec import PropertyKind, Sort, Spec, SpecError, State, ValueEscape, reference
from kubecheck.spec.layout import pack
from kubecheck.spec.reference import Outcome, Snapshot
from tests.checker.test_differential import CHOICES, Drawn, examples, refused, written
from tests.cli.specs.crossing import crossing
from tests.cli.specs.lamp import lamp
from tests.spec.comparing import random_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("specs")


def steps_by_reference(spec: Spec, state: Snapshot) -> list[tuple[str, dict[str, str], Snapshot]]:
    """Every step of a state until one raises an error."""
    found = []
    try:
        for taken in reference.steps(spec, state):
            types = {p.name: p.type for p in spec.parameters(taken.action)}
            told = {name: reference.show(types[name], value) for name, value in taken.parameters.items()}
            found.append((taken.action.name, told, taken.state))
    except SpecError:
        pass
    return found


def whole(expander: Expander, *, limit: int) -> Enumeration:
    states = Enumeration(expander, limit=limit)
    while not states.complete:
        states.grow()
    return states


def rows(expander: Expander, states: list[Snapshot]) -> Any:
    return np.array([expander.native.pack(state) for state in states], np.uint64).reshape(-1, expander.words)


@given(choices=CHOICES)
@examples(40)
def test_steps_are_those_of_the_reference(folder: Path, choices: Drawn) -> None:
    spec = written(choices, folder, errors=True)
    try:
        expander = Expander(spec)
        states = [*reference.initial_states(spec), *(random_data(spec.root, choices.random.randint) for _ in range(6))]
    except ValueEscape:  # already in an initial state
        reject()
    except SpecError as error:
        refused(error)
    found = expander.steps(rows(expander, states))
    for place, state in enumerate(states):
        mine = [
            (action.name, parameters, expander.unpack(target))
            for source, target, instance in zip(found.sources, found.targets, found.instances, strict=True)
            if source == place
            for action, parameters in [expander.instance(int(instance))]
        ]
        assert mine == steps_by_reference(spec, state)


def test_steps_of_many_states_are_collected_in_pieces() -> None:
    """More successors than the room for them holds at once."""
    expander = Expander(crossing(lights=4, turns=4, guard=False))
    states = whole(expander, limit=10_000).states()
    everything = expander.steps(states)
    expander._room = expander.native.max_successors + 1
    pieces = expander.steps(states)
    for name in ("sources", "targets", "instances"):
        assert np.array_equal(getattr(everything, name), getattr(pieces, name))


@pytest.mark.parametrize("spec", [crossing(guard=False), ALL["apply"].build(), ALL["stale-restart"].build()], ids=lambda spec: spec.name)
def test_marks_are_those_of_the_reference(spec: Spec) -> None:
    expander = Expander(spec)
    states = Enumeration(expander, limit=100_000)
    while not states.complete and len(states) < 60:
        states.grow()
    some = states.states()[:60]
    marks = expander.marks(some)
    for i, row in enumerate(some):
        state = expander.unpack(row)
        assert marks.quiescent[i] == reference.is_quiescent(spec, state)
        assert not marks.error[i]
        wrong = [
            p.name
            for p in spec.properties
            if p.kind is PropertyKind.INVARIANT
            or (p.kind is PropertyKind.QUIESCENT and reference.is_quiescent(spec, state))
            if reference.evaluate(spec, p, state) is Outcome.VIOLATED
        ]
        assert expander.violated(int(marks.violated[i])) == wrong


def test_a_state_with_an_error_is_marked() -> None:
    expander = Expander(crossing(lights=2, turns=1, overflow=True))
    states = whole(expander, limit=100)
    errors = expander.marks(states.states()).error
    for row, marked in zip(states.states(), errors, strict=True):
        try:
            list(reference.steps(expander.spec, expander.unpack(row)))
        except SpecError:
            assert marked
        else:
            assert not marked
    assert errors.any()


class TestEnumeration:
    def test_numbers_states_breadth_first_in_the_order_of_the_actions(self) -> None:
        """As a search in plain Python, which knows nothing of words, numbers them."""
        spec = crossing()
        numbers = {state: number for number, state in enumerate(reference.initial_states(spec))}
        queue, edges = list(numbers), []
        for state in queue:
            for taken in reference.steps(spec, state):
                if taken.state not in numbers:
                    numbers[taken.state] = len(numbers)
                    queue.append(taken.state)
                edges.append((numbers[state], numbers[taken.state]))
        expander = Expander(spec)
        found = whole(expander, limit=1_000)
        assert [expander.unpack(row) for row in found.states()] == list(numbers)
        sources, targets, _ = found.edges()
        assert list(zip(sources.tolist(), targets.tolist(), strict=True)) == edges
        assert found.depths().tolist() == sorted(found.depths().tolist())
        assert found.number(found.states()[5]) == 5

    def test_stops_at_its_limit(self) -> None:
        with pytest.raises(TooManyStatesError, match="more than 10 states"):
            whole(Expander(crossing()), limit=10)


class TestDecoding:
    @given(choices=CHOICES)
    @examples(30)
    def test_data_and_json_are_those_of_the_layout(self, folder: Path, choices: Drawn) -> None:
        spec = written(choices, folder, errors=False)
        try:
            expander = Expander(spec)
        except ValueEscape:
            reject()
        except SpecError as error:
            refused(error)
        for _ in range(10):
            state = random_data(spec.root, choices.random.randint)
            row = rows(expander, [state])[0]
            assert expander.unpack(row) == state
            assert json.loads(expander.json(row)) == json.loads(json.dumps(plain(spec.root, state)))

    def test_json_is_what_a_reader_expects(self) -> None:
        expander = Expander(crossing())
        assert json.loads(expander.json(expander.initial[0])) == {
            "crossing": {"colour": {"light-0": "red", "light-1": "red", "light-2": "red"}, "turns": 0}
        }


class Thing(Sort, size=7, symmetric=True):
    pass


class Things(State):
    chosen: Thing | None = None


class TestSymmetry:
    def test_merges_what_renaming_makes_of_each_other(self) -> None:
        """The states that are left are one for each orbit, counted by brute force."""
        spec = crossing(lights=3, turns=3, guard=False)
        expander = Expander(spec)
        symmetry = Symmetry(expander)
        plainly, merged = Enumeration(expander, limit=10_000), Enumeration(expander, limit=10_000, canonical=symmetry.canonical)
        for states in (plainly, merged):
            while not states.complete:
                states.grow()
        everything = [expander.unpack(row) for row in plainly.states()]
        orbits = {frozenset(renamed(spec.root, s, r) for r in symmetry._renamings) for s in everything}
        assert len(merged) == len(orbits) < len(plainly)
        assert all(any(expander.unpack(row) in orbit for orbit in orbits) for row in merged.states())

    def test_packed_states_are_renamed_as_unpacked_ones(self) -> None:
        """Of a cluster, whose state is larger than a word and has arrays in arrays, histories and sets."""
        spec = ALL["full-nodes"].build()
        expander = Expander(spec)
        symmetry = Symmetry(expander)
        assert [t.cls.__name__ for t in symmetry.sorts] == ["Pod", "Node"]
        states = Enumeration(expander, limit=100_000)
        for _ in range(9):
            states.grow()
        rows = states.levels[-1][:: max(1, len(states.levels[-1]) // 12)]
        found = symmetry.canonical(rows)
        for row, least in zip(rows, found, strict=True):
            images = [pack(spec.root, renamed(spec.root, expander.unpack(row), r)) for r in symmetry._renamings]
            assert tuple(least.tolist()) == min(images, key=lambda words: words[::-1])

    def test_what_is_merged_are_states_that_were_found(self) -> None:
        """A renamed state may be one that cannot be reached, where a spec only calls a sort alike."""
        spec = ALL["apply"].build()
        expander = Expander(spec)
        symmetry = Symmetry(expander)
        assert [t.cls.__name__ for t in symmetry.sorts] == ["Pod"]
        assert symmetry.note == (
            "of states that differ only in which Pod is which, the one that was found first is shown, with its steps: "
            "after a step they may be called otherwise"
        )
        plainly, merged = Enumeration(expander, limit=10_000), Enumeration(expander, limit=10_000, canonical=symmetry.canonical)
        for states in (plainly, merged):
            while not states.complete:
                states.grow()
        known = {row.tobytes() for row in plainly.states()}
        assert {row.tobytes() for row in merged.states()} < known
        classes = {row.tobytes() for row in symmetry.canonical(plainly.states())}
        assert len(merged) == len(classes)
        one = Enumeration(expander, limit=1, canonical=lambda rows: np.full_like(rows, 7))
        assert one.states().tolist() == expander.initial.tolist()

    def test_refuses_a_spec_without_symmetric_sorts(self) -> None:
        message = r"^lamp has no symmetric sort of more than one member in its state, and calls none alike$"
        with pytest.raises(NotSymmetricError, match=message):
            Symmetry(Expander(lamp()))

    def test_refuses_too_many_renamings(self) -> None:
        spec = Spec("many", Things)
        message = r"^many has 5,040 renamings of its symmetric sorts \(Thing has 7 members\), more than 720$"
        assert MOST_RENAMINGS == 720
        with pytest.raises(NotSymmetricError, match=message):
            Symmetry(Expander(spec))
