"""Whether every run of component steps ends: the kernels against definitions that a reader can check by eye, and what a report says."""

from __future__ import annotations

import itertools
import random
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.checker import InternalError, Limits, Verdict, check
from kubecheck.checker import replay as confirming
from kubecheck.checker.engine.compiled import load_rest_kernels
from kubecheck.checker.engine.rest import Rest, comes_to_rest
from kubecheck.spec import Range, Spec, State, reference, require
from tests.checker.engine_toys import State as Words
from tests.checker.engine_toys import Toy, memoize, run, search, shared_cache


@memoize
def rest_kernels(words: int, hash_mask: int = -1):  # type: ignore[no-untyped-def]
    return load_rest_kernels(words, cache=shared_cache(), hash_mask=hash_mask)


def asked(toy: Toy, components: list[bool], *, threads: int = 1, hash_mask: int = -1, limits: Limits | None = None) -> Rest:
    found = run(toy, threads=threads, hash_mask=hash_mask)
    assert found.complete
    return comes_to_rest(
        toy,
        rest_kernels(toy.words, hash_mask),
        found,
        components=components,
        limits=limits or Limits(),
        threads=threads,
    )


def reached(edges: dict[Words, set[Words]], start: Words) -> set[Words]:
    """What one or more steps lead to."""
    found: set[Words] = set()
    level = {start}
    while level := {target for state in level for target in edges[state]} - found:
        found |= level
    return found


def shortest_loop(edges: dict[Words, set[Words]], start: Words) -> int:
    level, length, seen = {start}, 0, set()
    while start not in level or length == 0:
        level = {target for state in level for target in edges[state]} - seen
        seen |= level
        length += 1
    return length


@pytest.mark.parametrize("hash_mask", [-1, 0x0400_0003_0000_0003])
@given(
    seed=st.integers(0, 2**32),
    nodes=st.integers(1, 40),
    degree=st.integers(1, 3),
    actions=st.integers(1, 3),
    initial=st.integers(1, 3),
    threads=st.integers(1, 3),
    backwards=st.sampled_from([0.0, 0.05, 0.5]),
)
def test_random_graphs(
    hash_mask: int, seed: int, nodes: int, degree: int, actions: int, initial: int, threads: int, backwards: float
) -> None:
    """Loops, traps and the lasso that is shown are those of the definitions, by plain reachability in the whole graph."""
    chance = random.Random(seed)
    names = [(number, chance.randrange(2**64)) for number in chance.sample(range(2**20), nodes)]
    table = {}
    for place, name in enumerate(names):  # mostly forwards, or nearly every graph would have a loop
        targets = [chance.choice(names if chance.random() < backwards else names[place:]) for _ in range(chance.randint(0, degree))]
        table[name] = sorted((chance.randrange(actions), target) for target in targets)
    components = [chance.random() < 0.7 for _ in range(actions)]
    toy = Toy(2, table.__getitem__, [chance.choice(names) for _ in range(initial)], n_actions=actions, max_successors=degree)

    distance = search(toy).distance
    edges = {s: {after for action, after in table[s] if components[action] and after != s} for s in distance}
    beyond = {s: reached(edges, s) for s in distance}
    looping = {s for s in distance if s in beyond[s]}
    trapped = {s for s in distance if edges[s] and all(edges[t] for t in beyond[s])}

    found = run(toy, threads=threads, hash_mask=hash_mask)
    told = comes_to_rest(toy, rest_kernels(2, hash_mask), found, components=components, limits=Limits(), threads=threads)
    assert told.stopped == ""
    assert (told.lasso is not None) == bool(looping)
    if told.lasso is None:
        return
    assert told.looping == len(looping)
    assert told.trapped == len(trapped)
    assert told.lasso.trap == bool(trapped)
    wanted = looping & trapped or looping
    nearest = min(distance[s] for s in wanted)
    loop = [found.store.state(number) for number in told.lasso.loop]
    assert loop[0] in wanted
    assert distance[loop[0]] == nearest
    candidates = sorted(s for s in wanted if distance[s] == nearest)[:16]
    assert len(loop) == min(shortest_loop(edges, s) for s in candidates)
    assert all(after in edges[before] for before, after in itertools.pairwise([*loop, loop[0]]))


def ladder(length: int, *, back: bool) -> Toy:
    """A long way down, of one component's steps; at its end back to the beginning, or not."""

    def edges(state: Words) -> list[tuple[int, Words]]:
        after = state[0] + 1
        return [(0, (after,))] if after < length else [(0, (0,))] if back else []

    return Toy(1, edges, [(0,)])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_long_loop_and_a_long_way(threads: int) -> None:
    assert asked(ladder(5000, back=False), [True], threads=threads).lasso is None
    told = asked(ladder(5000, back=True), [True], threads=threads)
    assert told.lasso is not None
    assert len(told.lasso.loop) == 5000
    assert told.lasso.trap
    assert told.trapped == told.looping == 5000


def test_a_loop_that_others_keep_up_is_none() -> None:
    assert asked(ladder(50, back=True), [False]).lasso is None


def test_limits_leave_the_question_open() -> None:
    toy = ladder(5000, back=True)
    assert asked(toy, [True], limits=Limits(seconds=1e-9)).stopped == "the time limit of 1e-09 s is reached"
    found = run(toy)
    found.memory_limit = found.store.bytes_held() + 1000
    told = comes_to_rest(toy, rest_kernels(1), found, components=[True], limits=Limits())
    assert told.stopped == "the memory limit is reached"
    assert told.lasso is None
    told = comes_to_rest(toy, rest_kernels(1), run(toy), components=[True], limits=Limits(), interrupted=lambda: True)
    assert told.stopped == "interrupted"


# --- what a report says -------------------------------------------------------------------------------------------------------


class Lamp(State):
    colour: Annotated[int, Range(0, 3)]
    broken: bool


def lamps(*, breaks: str = "fault", stays: bool = False, limit: bool = False, never_shown: bool = False) -> Spec:
    """Two controllers that give a lamp a colour each, in turn, until it breaks."""
    spec = Spec("lamps", Lamp)

    @spec.action(actor="red")
    def red(s: Lamp) -> None:
        """Red is right."""
        require(not s.broken and s.colour != 1)
        s.colour = 1

    @spec.action(actor="green")
    def green(s: Lamp) -> None:
        """Green is right."""
        require(not s.broken and s.colour == 1 and not stays)
        s.colour = 2

    @spec.action(actor="wear", kind=breaks)
    def wear_out(s: Lamp) -> None:
        """The lamp breaks."""
        require(not s.broken and s.colour == 1)
        s.broken = True

    (spec.limit if limit else spec.quiescent)(has_a_colour)
    if never_shown:

        @spec.reachable
        def blue(s: Lamp) -> bool:
            """It can be blue."""
            return s.colour == 3

    return spec


def has_a_colour(s: Lamp) -> bool:
    """In the end the lamp has a colour."""
    return s.colour > 0


def test_a_loop_without_a_way_to_rest_is_a_violation() -> None:
    """There are quiet states, where the lamp is broken; but no component breaks it."""
    report = check(lamps())
    assert report.states.quiescent > 0
    assert report.verdict is Verdict.VIOLATED
    assert report.found == "has_a_colour"
    assert [step.action for step in report.path] == ["", "red", "green", "red"]
    assert report.back_to == 1
    assert report.path[3].state == report.path[1].state
    assert report.reason == (
        "has_a_colour is violated: after 1 step components go round for ever, and nothing that they do comes to rest"
    )
    (prop,) = report.properties
    assert prop.verdict is Verdict.VIOLATED
    assert prop.detail == "from 3 states nothing that components do comes to rest: they go round for ever"
    assert report.rest is not None
    assert (report.rest.verdict, report.rest.looping, report.rest.trapped) == (Verdict.VIOLATED, 2, 3)
    assert report.why is None
    assert report.refusals == []


def test_a_loop_with_a_way_to_rest_is_no_pass() -> None:
    report = check(lamps(breaks="component"))
    assert report.verdict is Verdict.INCOMPLETE
    assert report.reason == (
        "has_a_colour is not decided: after 1 step components can go round for ever; they can come to rest, too, and whether they "
        "must is a question of fairness, which is not judged"
    )
    assert [step.action for step in report.path] == ["", "red", "green", "red"]
    assert report.back_to == 1
    (prop,) = report.properties
    assert prop.verdict is Verdict.INCOMPLETE
    assert prop.detail == "components can go round for ever through 2 states, from which they can come to rest, too"
    assert report.rest is not None
    assert report.rest.verdict is Verdict.INCOMPLETE


def test_without_a_loop_it_holds() -> None:
    report = check(lamps(stays=True))
    assert report.verdict is Verdict.HOLDS
    assert report.back_to is None
    assert report.rest is not None
    assert report.rest.verdict is Verdict.HOLDS


def test_a_limit_is_never_violated_and_never_a_pass() -> None:
    for breaks in ("fault", "component"):
        report = check(lamps(breaks=breaks, limit=True))
        assert report.verdict is Verdict.INCOMPLETE
        assert report.found == "has_a_colour"
        assert report.back_to == 1
        assert [p.verdict for p in report.properties] == [Verdict.INCOMPLETE]


def test_a_trap_is_shown_before_what_has_no_path() -> None:
    report = check(lamps(never_shown=True))
    assert report.verdict is Verdict.VIOLATED
    assert (report.found, report.back_to) == ("has_a_colour", 1)
    report = check(lamps(breaks="component", never_shown=True))
    assert report.verdict is Verdict.VIOLATED
    assert (report.found, report.back_to) == ("blue", None)
    assert [p.verdict for p in report.properties] == [Verdict.INCOMPLETE, Verdict.VIOLATED]


def test_no_state_is_quiet() -> None:
    spec = Spec("blinking", Lamp)

    @spec.action(actor="lamp")
    def blink(s: Lamp) -> None:
        """On and off."""
        s.colour = 1 - s.colour if s.colour < 2 else 0

    spec.quiescent(has_a_colour)
    report = check(spec)
    assert report.verdict is Verdict.VIOLATED
    assert report.reason == (
        "has_a_colour is violated: from the initial state on components go round for ever, and nothing that they do comes to rest"
    )
    assert report.warnings == ["quiescent has_a_colour was never put to the test: in no state is everything quiet"]


def test_steps_that_change_nothing_are_no_loop() -> None:
    spec = Spec("idle", Lamp)

    @spec.action(actor="lamp")
    def stay(s: Lamp) -> None:
        """It stays as it is."""
        s.colour = max(s.colour, 1)

    spec.quiescent(has_a_colour)
    assert check(spec).verdict is Verdict.HOLDS


def test_it_is_not_asked_where_nobody_wants_to_know() -> None:
    spec = lamps()
    spec.properties.clear()
    assert check(spec).rest is None
    assert check(lamps(), limits=Limits(depth=1)).rest is None


def test_a_loop_that_the_reference_does_not_know_is_our_fault() -> None:
    spec = lamps()
    start = reference.initial_states(spec)[0]
    red = next(t.state for t in reference.steps(spec, start))
    with pytest.raises(InternalError, match="went round by a component step that the reference execution does not know"):
        confirming.confirm_loop(spec, [start], 0, [start, red], trap=True)
    broken = next(t.state for t in reference.steps(spec, red) if t.action.name == "wear_out")
    with pytest.raises(InternalError, match="went round by a component step"):
        confirming.confirm_loop(spec, [start, red], 0, [red, broken], trap=True)
    round_it = [red, next(t.state for t in reference.steps(spec, red) if t.action.name == "green")]
    assert len(confirming.confirm_loop(spec, [start, red], 0, round_it, trap=True)) == 4
    spec = lamps(breaks="component")
    with pytest.raises(InternalError, match="found no way to rest where the reference execution finds one"):
        confirming.confirm_loop(spec, [start, red], 0, round_it, trap=True)
    assert confirming.can_rest(spec, start, most=1) is None
