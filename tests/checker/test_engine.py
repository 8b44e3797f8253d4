"""The engine against a search that a reader can check by eye: same states, same counts, shortest paths, with any number of threads."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.checker.engine import explore as engine
from kubecheck.checker.engine.fields import FOUND_ACTION_ERROR, FOUND_PROPERTY_ERROR, state_id
from kubecheck.checker.engine.workers import Workers
from kubecheck.checker.report import Limits
from tests.checker.engine_toys import State, Toy, counter, kernels, run, search, states

WORD = 2**64

# 0 leaves no bit of the hash: every state has the same partition, slot and tag. 0x…c3 leaves a few bits of each of the three.
HASH_MASKS = [-1, 0, 0x0400_0003_0000_0003]


def random_graph(seed: int, *, nodes: int, degree: int, actions: int, words: int, initial: int) -> Toy:
    """A graph whose nodes are random words: any two states may share some of them, and bits at both ends occur."""
    chance = random.Random(seed)
    pool = [0, WORD - 1, 1, 1 << 63, *(chance.randrange(WORD) for _ in range(6))]
    names = list({tuple(chance.choice(pool) for _ in range(words)) for _ in range(nodes)})
    names += list({tuple(chance.randrange(WORD) for _ in range(words)) for _ in range(nodes)})
    table = {}
    for name in names:
        targets = [chance.choice(names) for _ in range(chance.randint(0, degree))]
        table[name] = sorted((chance.randrange(actions), target) for target in targets)
    start = [chance.choice(names) for _ in range(initial)]
    return Toy(words, table.__getitem__, start, n_actions=actions, max_successors=degree)


@pytest.mark.parametrize("hash_mask", HASH_MASKS)
@given(
    seed=st.integers(0, 2**32),
    nodes=st.integers(1, 150),
    degree=st.integers(1, 6),
    actions=st.integers(1, 3),
    initial=st.integers(1, 5),
    threads=st.integers(1, 3),
)
def test_a_random_graph_is_explored_as_by_a_plain_search(
    hash_mask: int, seed: int, nodes: int, degree: int, actions: int, initial: int, threads: int
) -> None:
    toy = random_graph(seed, nodes=nodes, degree=degree, actions=actions, words=2, initial=initial)
    expected = search(toy)
    found = run(toy, threads=threads, hash_mask=hash_mask, profile=True)
    assert found.complete
    assert found.stopped == ""
    assert sorted(states(found)) == sorted(expected.distance)
    assert found.levels == expected.levels
    assert found.generated == expected.generated
    assert found.expanded == len(expected.distance)
    assert found.quiescent == expected.quiescent
    assert found.fired == expected.fired
    assert sum(found.new) == len(expected.distance) - len(set(toy.initial))


@pytest.mark.parametrize("words", [1, 3])
def test_states_of_other_sizes(words: int) -> None:
    toy = random_graph(7, nodes=300, degree=5, actions=2, words=words, initial=3)
    expected = search(toy)
    found = run(toy, threads=2)
    assert sorted(states(found)) == sorted(expected.distance)
    assert found.levels == expected.levels


@pytest.mark.parametrize("hash_mask", HASH_MASKS)
def test_every_predecessor_is_one_step_nearer(hash_mask: int) -> None:
    toy = random_graph(3, nodes=120, degree=3, actions=2, words=2, initial=2)
    expected = search(toy)
    found = run(toy, threads=3, hash_mask=hash_mask)
    numbers = {found.store.state(i): i for i in _ids(found.store.counts)}
    assert set(numbers) == set(expected.distance)
    for state, number in numbers.items():
        path = found.store.path(number)
        assert path[0] in toy.initial
        assert path[-1] == state
        assert len(path) - 1 == expected.distance[state]
        for before, after in itertools.pairwise(path):
            assert after in [target for _, target in toy.edges(before)]


def _ids(counts: np.ndarray) -> list[int]:
    return [state_id(partition, number) for partition, count in enumerate(counts) for number in range(int(count))]


def test_tables_grow_and_rows_follow_one_another() -> None:
    # 20 ** 4 states: more than a row of 131,072, and tables that double several times while they are in use.
    toy = counter(20)
    found = run(toy, threads=2)
    assert found.complete
    assert found.store.distinct == 20**4
    assert found.store.slots > 64
    assert len(set(states(found))) == 20**4
    assert found.generated == 1 + 4 * 19 * 20**3
    assert len(found.levels) == 1 + 4 * 19


def test_numbers_do_not_depend_on_the_threads() -> None:
    first = run(counter(9), threads=1, profile=True)
    for threads in (2, 3, 8):
        other = run(counter(9), threads=threads, profile=True)
        assert other.levels == first.levels
        assert other.generated == first.generated
        assert other.fired == first.fired
        assert other.new == first.new
        # Not only how many: each state has the same id and the same predecessor.
        assert states(other) == states(first)
        assert [other.store.predecessor(i) for i in _ids(other.store.counts)] == [
            first.store.predecessor(i) for i in _ids(first.store.counts)
        ]


@pytest.mark.parametrize("block", [1, 100, 1000, 10_000])
def test_batches_and_arenas_make_no_difference(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    found = sorted(states(run(counter(7), threads=2)))
    # Blocks of one state, of a state of some partitions, of several of each. Their shape makes the order, nothing else does.
    monkeypatch.setattr(engine, "_BLOCK", block)
    first = run(counter(7), threads=1)
    monkeypatch.setattr(engine, "_ARENA", 1 << 12)
    monkeypatch.setattr(engine, "_MOST_BLOCKS", 3)
    monkeypatch.setattr(engine, "_ALONE", 1)
    other = run(counter(7), threads=3)
    assert states(other) == states(first)
    assert sorted(states(other)) == found
    assert other.levels == first.levels
    assert other.expanded == first.expanded == 7**4


@given(seed=st.integers(0, 2**32), degree=st.integers(1, 6), threads=st.integers(1, 3), depth=st.integers(1, 12), most=st.integers(1, 30))
def test_small_levels_are_done_as_large_ones(seed: int, degree: int, threads: int, depth: int, most: int) -> None:
    """Several at once or one after the other: the same states with the same numbers and predecessors, the same counts and findings."""

    class OneByOne(engine._Search):
        def _descend(self) -> int:
            return 0

    toy = random_graph(seed, nodes=150, degree=degree, actions=2, words=1, initial=2)
    toy.n_properties, toy.judged = 1, lambda state: int(state[0] % 97 == 5)
    found = []
    for kind in (engine._Search, OneByOne):
        limits, memory = Limits(depth=depth), 1 << 28
        explored = kind(toy, kernels(1), limits, memory, threads, seed % 2, profile=True)
        explored.interrupted, explored.reserve, explored._stride = (lambda: False), 0, most
        with Workers(threads) as workers:
            found.append(explored.run(workers))
    one, other = found
    for name in ("levels", "complete", "stopped", "expanded", "generated", "quiescent", "fired", "premise", "new", "found"):
        assert getattr(one, name) == getattr(other, name), name
    assert states(one) == states(other)
    assert [one.store.predecessor(i) for i in _ids(one.store.counts)] == [other.store.predecessor(i) for i in _ids(other.store.counts)]


def test_duplicate_initial_states_are_generated_but_not_distinct() -> None:
    toy = Toy(2, lambda state: [], [(5, 5)] * 3000 + [(6, 6)] * 2, max_successors=1)
    found = run(toy)
    assert found.complete
    assert found.levels == [2]
    assert found.generated == 3002
    assert found.quiescent == 2


def test_steps_to_the_same_state_are_generated_but_not_new() -> None:
    toy = Toy(2, lambda state: [(0, state), (1, state), (1, (1, 1))], [(0, 0)], n_actions=2)
    found = run(toy, profile=True)
    assert found.levels == [1, 1]
    assert found.generated == 1 + 2 * 3
    assert found.fired == [2, 4]
    assert found.new == [0, 1]


def test_a_level_is_finished_before_a_violation_ends_the_search() -> None:
    toy = counter(6)
    toy.n_properties = 1
    toy.judged = lambda state: int(_digits(state) == (1, 1, 1, 0))
    expected = search(toy, depth=3)
    for threads in (1, 2, 3):
        found = run(toy, threads=threads)
        assert not found.complete
        assert found.stopped == ""
        assert found.levels == expected.levels
        assert found.expanded == sum(expected.levels[:-1])
        assert found.store.path(found.found[0])[-1] == (1 + 6 + 36, 0)
        assert len(found.store.path(found.found[0])) == 4


def _digits(state: State) -> tuple[int, ...]:
    return tuple(state[0] // 6**digit % 6 for digit in range(4))


def test_of_several_findings_the_one_with_the_least_words_is_given() -> None:
    chance = random.Random(1)
    leaves = [(chance.randrange(WORD), chance.randrange(WORD)) for _ in range(2000)]
    leaves.append((min(leaves)[0], min(leaves)[1] - 1))
    middle = [(0, i + 1) for i in range(200)]
    table: dict[State, list[tuple[int, State]]] = {leaf: [] for leaf in leaves}
    table |= {m: [(0, leaf) for leaf in leaves[i::200]] for i, m in enumerate(middle)}
    table[(0, 0)] = [(0, m) for m in middle]
    toy = Toy(2, table.__getitem__, [(0, 0)], n_properties=64, max_successors=200)
    toy.judged = lambda state: 0 if state[1] <= 200 and state[0] == 0 else 1 << 63
    for threads in (1, 3):
        found = run(toy, threads=threads)
        assert list(found.found) == [63]
        assert found.store.state(found.found[63]) == min(leaves)  # as unsigned numbers


def test_a_witness_closes_its_property_and_does_not_end_the_search() -> None:
    toy = counter(5)
    toy.n_properties = 2
    asked: list[int] = []

    def judged(state: State) -> int:
        asked.append(state[0])
        return 0b01 if state[0] == 1 else 0b00

    toy.judged = judged
    found = run(toy, witnesses=0b01)
    assert found.complete
    assert found.store.state(found.found[0]) == (1, 0)
    assert len(asked) == 5**4  # each state is judged once
    assert found.premise == [2 * 5**4, 2 * 5**4]


def test_a_finding_in_a_step_belongs_to_the_state_before_it() -> None:
    toy = counter(5)
    toy.n_properties = 1
    toy.step_judged = lambda state: int(state[0] == 7)
    found = run(toy, threads=2)
    assert found.store.state(found.found[0]) == (7, 0)
    assert len(found.levels) == 5  # depth 3 was expanded, 4 was found


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_ends_the_search_after_its_level(threads: int) -> None:
    toy = counter(5)
    toy.failing = frozenset({(1, 0), (5, 0)})
    found = run(toy, threads=threads)
    assert found.store.state(found.found[FOUND_ACTION_ERROR]) == (1, 0)
    assert not found.complete
    assert found.levels[:2] == [1, 4]
    toy = counter(5)
    toy.failing_judgement = frozenset({(25, 0)})
    found = run(toy, threads=threads)
    assert found.store.state(found.found[FOUND_PROPERTY_ERROR]) == (25, 0)
    assert found.levels == [1, 4]


def test_an_exception_in_a_thread_reaches_the_caller() -> None:
    def fails(number: int) -> None:
        if number == 2:
            raise LookupError("two")

    with Workers(3) as workers:
        with pytest.raises(LookupError, match="two"):
            workers.run(fails)
        workers.run(lambda number: None)
