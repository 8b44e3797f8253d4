"""From a spec to its report: verdicts, shortest paths that the reference execution confirms, warnings, the profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest

from kubecheck.checker import InternalError, Limits, Report, Verdict, check
from kubecheck.checker.engine.explore import explore
from kubecheck.checker.native import compile_spec
from kubecheck.checker.verdict import conclude
from kubecheck.spec import Range, Sort, Spec, State, reference, require
from tests.benchmarks.stale_replicas import stale_replicas
from tests.checker.engine_toys import kernels


class Jugs(State):
    """Two jugs of 3 and 5 litres (Die Hard with a Vengeance); TLA+'s first example."""

    small: Annotated[int, Range(0, 3)] = 0
    big: Annotated[int, Range(0, 5)] = 0


def jugs(*properties: Callable[[Spec], None], overflow: bool = False) -> Spec:
    """Fill, empty and pour; with `overflow`, pouring forgets that the big jug has an end."""
    spec = Spec("jugs", Jugs, scope={"overflow": overflow}, release="film")

    @spec.action(actor="hero")
    def fill_small(s: Jugs) -> None:
        s.small = 3

    @spec.action(actor="hero")
    def fill_big(s: Jugs) -> None:
        s.big = 5

    @spec.action(actor="hero")
    def empty_small(s: Jugs) -> None:
        s.small = 0

    @spec.action(actor="hero")
    def empty_big(s: Jugs) -> None:
        s.big = 0

    @spec.action(actor="hero")
    def small_to_big(s: Jugs) -> None:
        poured = s.small if overflow else min(s.small, 5 - s.big)
        s.small -= poured
        s.big += poured

    @spec.action(actor="hero")
    def big_to_small(s: Jugs) -> None:
        poured = min(s.big, 3 - s.small)
        s.big -= poured
        s.small += poured

    for declare in properties:
        declare(spec)
    return spec


def not_four(spec: Spec) -> None:
    @spec.invariant
    def big_is_not_four(s: Jugs) -> bool:
        """The bomb goes off."""
        return s.big != 4


def never_full(spec: Spec) -> None:
    @spec.step_invariant
    def big_is_never_filled_at_once(before: Jugs, after: Jugs) -> bool:
        """The big jug gains at most three litres in a step."""
        require(before.small == 0)
        return after.big <= before.big + 3


def some_four(spec: Spec) -> None:
    @spec.reachable
    def big_is_four(s: Jugs) -> bool:
        """Exactly four litres."""
        return s.big == 4


def both_four(spec: Spec) -> None:
    @spec.reachable
    def nine_litres(s: Jugs) -> bool:
        """More than there is room for."""
        return s.small + s.big == 9


def reference_search(spec: Spec) -> tuple[list[int], int]:
    """Sizes of levels and generated states by the reference execution."""
    level = list(dict.fromkeys(reference.initial_states(spec)))
    seen, levels, generated = set(level), [], len(reference.initial_states(spec))
    while level:
        levels.append(len(level))
        following = []
        for state in level:
            for taken in reference.steps(spec, state):
                generated += 1
                if taken.state not in seen:
                    seen.add(taken.state)
                    following.append(taken.state)
        level = following
    return levels, generated


def comparable(report: Report) -> dict[str, Any]:
    """All of a report that must not depend on the threads."""
    found: dict[str, Any] = msgspec.to_builtins(report)
    for name in ("seconds", "seconds_total", "memory_bytes", "bytes_per_state", "threads", "audit"):
        del found[name]
    return found


def test_what_holds() -> None:
    report = check(jugs(some_four))
    assert report.verdict is Verdict.HOLDS
    assert report.reason == "every reachable state was explored"
    assert (report.levels, report.states.generated) == reference_search(jugs())
    assert report.states.distinct == report.states.expanded == 16
    assert report.states.frontier == 0
    assert report.depth == len(report.levels) - 1
    assert report.state_bits == 2 + 3
    assert report.path == []
    assert report.found == ""
    assert report.scope == {"overflow": False}
    assert report.release == "film"
    assert report.profile is None
    assert set(report.versions) == {"kubecheck", "python", "llvmlite", "numba", "numpy"}
    assert report.seconds_total > report.seconds > 0
    assert report.bytes_per_state == report.memory_bytes / 16
    (prop,) = report.properties
    assert (prop.name, prop.kind, prop.sentence) == ("big_is_four", "reachable", "Exactly four litres.")
    assert prop.verdict is Verdict.HOLDS
    assert report.warnings == []
    assert [(a.name, a.actor, a.fired) for a in report.actions][:2] == [("fill_small", "hero", 16), ("fill_big", "hero", 16)]


def test_a_violated_invariant_has_a_shortest_path() -> None:
    report = check(jugs(some_four, not_four))
    assert report.verdict is Verdict.VIOLATED
    assert report.reason == "big_is_not_four is violated after 6 steps"
    assert report.found == "big_is_not_four"
    assert [step.step for step in report.path] == list(range(7))
    assert [step.action for step in report.path] == [
        "",
        "fill_big",
        "big_to_small",
        "empty_small",
        "big_to_small",
        "fill_big",
        "big_to_small",
    ]
    assert report.path[0].changes == []
    assert [(c.path, c.before, c.after) for c in report.path[2].changes] == [("small", "0", "3"), ("big", "5", "2")]
    assert [p.verdict for p in report.properties] == [Verdict.HOLDS, Verdict.VIOLATED]
    # The level is finished, the next one is not begun.
    levels, _ = reference_search(jugs())
    assert report.levels == levels[:7]
    assert report.states.expanded == sum(levels[:6])


def test_a_violated_step_invariant_ends_with_the_step() -> None:
    report = check(jugs(not_four, never_full))
    assert report.verdict is Verdict.VIOLATED
    assert [step.action for step in report.path] == ["", "fill_big"]
    assert report.found == "big_is_never_filled_at_once"
    assert report.reason == "big_is_never_filled_at_once is violated after 1 step"
    assert [p.verdict for p in report.properties] == [Verdict.INCOMPLETE, Verdict.VIOLATED]
    assert report.properties[0].detail == "not violated by the 1 states that were explored"


def test_what_no_state_shows_is_violated_without_a_path() -> None:
    report = check(jugs(both_four, some_four))
    assert report.verdict is Verdict.VIOLATED
    assert report.reason == "no reachable state shows nine_litres"
    assert report.found == "nine_litres"
    assert report.path == []
    assert [p.verdict for p in report.properties] == [Verdict.VIOLATED, Verdict.HOLDS]
    assert report.properties[0].detail == "none of the 16 states shows it"
    # Before every state was seen, nobody can say so.
    report = check(jugs(both_four, some_four), limits=Limits(depth=3))
    assert report.verdict is Verdict.INCOMPLETE
    assert [p.verdict for p in report.properties] == [Verdict.INCOMPLETE, Verdict.INCOMPLETE]


def test_witnesses_have_paths_when_asked_for() -> None:
    report = check(jugs(some_four, both_four), witnesses=True)
    witness = report.properties[0].witness
    assert len(witness) == 7
    assert [(c.path, c.after) for c in witness[-1].changes][-1] == ("big", "4")
    assert report.properties[1].witness == []
    assert check(jugs(some_four)).properties[0].witness == []


def test_a_witness_seen_before_a_limit_stays_a_witness() -> None:
    report = check(jugs(some_four), limits=Limits(depth=6))
    assert report.verdict is Verdict.INCOMPLETE
    assert report.properties[0].verdict is Verdict.HOLDS


def test_a_value_that_leaves_its_type_is_an_error_with_a_path() -> None:
    report = check(jugs(not_four, overflow=True))
    assert report.verdict is Verdict.ERROR
    assert sorted(step.action for step in report.path) == ["", "fill_big", "fill_small"]
    assert "small_to_big" in report.reason
    assert "s.big += poured" in report.reason  # the line in which it happens
    assert report.found.startswith(__file__)
    assert report.properties[0].verdict is Verdict.INCOMPLETE


def test_a_value_that_leaves_its_type_in_a_property() -> None:
    def divides(spec: Spec) -> None:
        @spec.invariant
        def ratio(s: Jugs) -> bool:
            return 6 // (5 - s.big) > 0

    report = check(jugs(divides))
    assert report.verdict is Verdict.ERROR
    assert [step.action for step in report.path] == ["", "fill_big"]
    assert "division by zero" in report.reason


class Fuse(State):
    left: Annotated[int, Range(0, 3)] = 3
    lit: bool = False


def fuse() -> Spec:
    """Once lit, it burns; only the environment can light it."""
    spec = Spec("fuse", Fuse)

    @spec.action(actor="user", kind="environment")
    def light(s: Fuse) -> None:
        require(not s.lit)
        s.lit = True

    @spec.action(actor="fuse")
    def burn(s: Fuse) -> None:
        require(s.lit and s.left > 0)
        s.left -= 1

    @spec.action(actor="nobody", kind="fault")
    def relight(s: Fuse) -> None:
        require(s.lit and s.left == 3 and not s.lit)
        s.left = 3

    return spec


def test_quiescent_states_are_judged() -> None:
    spec = fuse()

    @spec.quiescent
    def unlit(s: Fuse) -> bool:
        """Wrong at the end of the fuse only."""
        return not s.lit

    @spec.quiescent
    def burnt(s: Fuse) -> bool:
        """A lit fuse burns to its end."""
        require(s.lit)
        return s.left == 0

    report = check(spec)
    assert report.verdict is Verdict.VIOLATED
    assert report.states.quiescent == 2
    assert [p.verdict for p in report.properties] == [Verdict.VIOLATED, Verdict.HOLDS]  # there was no state left to explore
    assert [p.premise for p in report.properties] == [2, 1]
    assert [step.action for step in report.path] == ["", "light", "burn", "burn", "burn"]
    assert [c.after for c in report.path[-1].changes] == ["0"]


def test_warnings_name_what_was_never_put_to_the_test() -> None:
    spec = fuse()

    @spec.invariant
    def vacuous(s: Fuse) -> bool:
        require(s.left < 3 and not s.lit)
        return False

    report = check(spec)
    assert report.verdict is Verdict.HOLDS
    assert report.warnings == [
        "action relight never fired",
        "invariant vacuous was never put to the test: its premise was never true",
    ]
    assert check(fuse()).warnings[0] == (
        "the spec has no property: nothing was judged but that no value leaves its type"
    )


def test_properties_that_say_nothing_are_warnings() -> None:
    spec = fuse()

    @spec.invariant
    def constant(s: Fuse) -> bool:
        require(s.lit)
        return True

    @spec.invariant
    def called(s: Fuse) -> bool:
        return nothing_but_true(s)

    @spec.step_invariant
    def in_branches(before: Fuse, after: Fuse) -> bool:
        if before.lit:
            return True
        require(after.lit)
        return 1 == 1

    @spec.invariant
    def says_something(s: Fuse) -> bool:
        if s.lit:
            return True
        return s.left >= 0

    @spec.reachable
    def shown(s: Fuse) -> bool:
        require(s.lit)
        return True

    found = check(spec).warnings
    assert [each for each in found if "violated" in each] == [
        "invariant constant cannot be violated: all that it returns is True",
        "invariant called cannot be violated: all that it returns is True",
        "step invariant in_branches cannot be violated: all that it returns is True",
    ]


def nothing_but_true(s: Fuse) -> bool:
    require(s.left > 0)
    return True


class Nobody(Sort, size=0):
    """Nobody."""


def test_what_has_no_instance_is_a_warning() -> None:
    spec = fuse()

    @spec.action(actor="somebody")
    def blow(s: Fuse, who: Nobody) -> None:
        s.lit = False

    @spec.invariant
    def everybody(s: Fuse, who: Nobody) -> bool:
        return False

    report = check(spec)
    assert report.verdict is Verdict.HOLDS
    assert "action blow never fired: its parameter who has no value, for there is no Nobody" in report.warnings
    assert (
        "invariant everybody was never put to the test: its parameter who has no value, for there is no Nobody"
    ) in report.warnings


@pytest.mark.parametrize(
    "make",
    [
        lambda: jugs(some_four, not_four, never_full),
        lambda: jugs(both_four),
        lambda: jugs(overflow=True),
        lambda: stale_replicas(pods=3, writes=1),
        lambda: stale_replicas(pods=2),
    ],
)
def test_reports_do_not_depend_on_the_threads(make: Callable[[], Spec]) -> None:
    first = comparable(check(make(), threads=1, profile=True))
    for threads in (2, 3):
        assert comparable(check(make(), threads=threads, profile=True)) == first


def test_the_profile_says_what_multiplies_states() -> None:
    report = check(jugs(), profile=True)
    assert report.profile is not None
    assert report.profile.states == 16
    assert [(p.path, p.bits, p.values) for p in report.profile.parts] == [("small", 2, 4), ("big", 3, 6)]
    assert sum(a.new for a in report.profile.actions) == 15
    assert sum(a.generated for a in report.profile.actions) == report.states.generated - 1
    assert [a.generated for a in report.profile.actions] == [a.fired for a in report.actions]


def test_the_profile_counts_nested_parts_exactly() -> None:
    spec = stale_replicas(pods=2, nodes=1, desired=1, writes=1, failures=0)
    report = check(spec, profile=True)
    assert report.profile is not None
    native = compile_spec(spec, cache=None)
    seen = explore(native, kernels(native.words), limits=Limits())
    states = [native.unpack(tuple(int(w) for w in row)) for part in seen.store.parts() for row in part]
    found = {p.path: p.values for p in report.profile.parts}
    assert found["store"] == len({s[0][0] for s in states})
    assert found["store[pod-0]"] == len({s[0][0][0] for s in states})
    assert found["store[pod-1].version"] == len({s[0][0][1][2] for s in states})
    assert found["view"] == len({s[0][1] for s in states})
    assert found["view[scheduler]"] == len({s[0][1][1] for s in states})
    assert found["kubelet"] == len({s[0][2] for s in states})


def conclude_with(judged: Spec, explored: Spec) -> Report:
    """Conclude from a search of another spec: as if the native execution had compiled this one wrongly."""
    native = compile_spec(explored, cache=None)
    found = explore(native, kernels(native.words), limits=Limits())
    return conclude(judged, native, found, threads=1, profiled=False)


def test_a_step_that_the_reference_does_not_know_is_our_fault() -> None:
    def other_jugs() -> Spec:
        spec = jugs(not_four)
        spec.actions[1] = spec.actions[3]  # no fill_big
        return spec

    with pytest.raises(InternalError) as caught:
        conclude_with(other_jugs(), jugs(not_four))
    assert "took a step that the reference execution does not know (step 1)" in str(caught.value)
    assert "big: 0 -> 5" in str(caught.value)
    assert "Please report this" in str(caught.value)


def test_a_violation_that_the_reference_does_not_see_is_our_fault() -> None:
    def five(spec: Spec) -> None:
        @spec.invariant
        def big_is_not_five(s: Jugs) -> bool:
            return s.big != 5

    def six(spec: Spec) -> None:
        @spec.invariant
        def big_is_not_six(s: Jugs) -> bool:
            return s.small + s.big != 9

    with pytest.raises(InternalError, match="found a violation of big_is_not_six"):
        conclude_with(jugs(six), jugs(five))


def test_an_error_that_the_reference_does_not_meet_is_our_fault() -> None:
    with pytest.raises(InternalError, match="met an error in a state where the reference execution meets none"):
        conclude_with(jugs(), jugs(overflow=True))


def test_a_start_that_the_reference_does_not_know_is_our_fault() -> None:
    spec = jugs(not_four)

    @spec.initial
    def half(s: Jugs) -> None:
        s.small = 1

    with pytest.raises(InternalError, match="started in a state that the reference execution does not start in"):
        conclude_with(jugs(not_four), spec)
