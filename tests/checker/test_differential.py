"""The reference and the native execution of random specs agree: on every successor, count, property and error.

With `HYPOTHESIS_PROFILE=thorough` thousands of specs are tried, others each time; else a few, always the same.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, Phase, assume, given, reject, settings
from hypothesis import strategies as st

from kubecheck.checker import Verdict, check
from kubecheck.checker.cache import Cache
from kubecheck.spec import PropertyKind, Spec, SpecError, reference
from tests.spec.comparing import Answer, Judgement, Reference, compare, load, random_data
from tests.spec.random_specs import NoWay, Writer

THOROUGH = settings().max_examples > 1000

# A spec may be refused for these reasons, which the writer does not track: facts that a write ended, constants outside their range,
# rounds of symmetric loops that meet, constant arithmetic that fails. Any other refusal is a defect of one of the two.
EXPECTED = {
    "KC005", "KC201", "KC229", "KC205", "KC206", "KC210", "KC212", "KC219", "KC220", "KC222", "KC226", "KC228", "KC230", "KC303", "KC305",
    "KC306", "KC504", "KC505",
}  # fmt: skip


@dataclass
class Drawn:
    """Random choices. What hypothesis draws is their seed, and which of them are the simplest: so it finds large specs, and shrinks them.

    Were each choice drawn by itself, hypothesis would try small specs over and over: of ten faults put into the compiler, those found one.
    """

    seed: int
    random_choices: int
    simple: frozenset[int]
    made: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def integer(self, lo: int, hi: int) -> int:
        self.made += 1
        drawn = self.random.randint(lo, hi)
        return lo if self.made > self.random_choices or self.made in self.simple else drawn


CHOICES = st.builds(
    Drawn,
    st.integers(0, 2**32),
    st.sampled_from([0, 25, 50, 100, 150, 200, 300, 400, 600, 800, *[10**6] * 40]),
    st.frozensets(st.integers(0, 2000), max_size=8),
)


def examples(number: int) -> Any:
    """Settings for so many specs, or for as many as the profile says if that is a thorough one."""
    return settings(
        max_examples=settings().max_examples if THOROUGH else number,
        derandomize=not THOROUGH,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # shrinking compiles hundreds of specs: it is for whoever looks into a failure
        phases=list(Phase) if THOROUGH else [Phase.explicit, Phase.reuse, Phase.generate],
        print_blob=True,
    )


def written(choices: Drawn, folder: Path, *, errors: bool) -> Spec:
    """A random spec. Not an example where the writer finds no way, or the front end has a good reason."""
    try:
        text = Writer(choices, errors=errors).module()
    except NoWay:
        reject()
    try:
        spec: Spec = load(text, folder).build()
        spec.root.bits  # noqa: B018 - resolves the types
    except SpecError as e:
        refused(e, text)
    return spec


def refused(e: SpecError, text: str = "") -> NoReturn:
    """Ends an example that the front end refused; fails if it had no reason to."""
    if e.code not in EXPECTED:
        pytest.fail(f"{e}\n\n{text}")
    reject()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("specs")


@given(choices=CHOICES, errors=st.booleans())
@examples(60)
def test_executions_agree(folder: Path, choices: Drawn, errors: bool) -> None:
    agree(folder, choices, errors)


@pytest.mark.slow
@given(choices=CHOICES, errors=st.booleans())
@examples(600)
def test_executions_agree_on_many_specs(folder: Path, choices: Drawn, errors: bool) -> None:
    agree(folder, choices, errors)


def agree(folder: Path, choices: Drawn, errors: bool) -> None:
    """From the initial states and from arbitrary ones: the same successors in the same order, the same masks and counts, the same
    errors; packing loses nothing; and members of a symmetric sort can be exchanged."""
    spec = written(choices, folder, errors=errors)
    more = [random_data(spec.root, choices.random.randint) for _ in range(8)]
    try:
        compare(spec, limit=40, more=more)
    except SpecError as e:
        refused(e)


@given(choices=CHOICES, threads=st.integers(1, 2))
@examples(60)
def test_checks_agree(folder: Path, choices: Drawn, threads: int) -> None:
    """A whole check by the engine: verdict, counts and depth are those of a search by the reference execution."""
    spec = written(choices, folder, errors=False)
    try:
        wanted = searched(spec, limit=150)
    except SpecError as e:
        refused(e)
    assume(wanted is not None)
    try:
        report = check(spec, threads=threads, cache=Cache(folder / "cache"))
    except SpecError as e:
        if e.code == "KC140":
            assert not reference.initial_states(spec)
            reject()
        refused(e)
    assert wanted is not None
    broken = [p for i, p in enumerate(spec.properties) if wanted["broken"] >> i & 1]
    unshown = [
        p for i, p in enumerate(spec.properties) if p.kind is PropertyKind.REACHABLE and not wanted["shown"] >> i & 1
    ]
    if wanted["error"]:
        assert report.verdict is Verdict.ERROR or (report.verdict is Verdict.VIOLATED and broken)
        return
    rests = [p for p in spec.properties if p.kind in (PropertyKind.QUIESCENT, PropertyKind.LIMIT)]
    trapped, looping = wanted["trapped"] and rests, wanted["looping"] and rests
    violated = broken or unshown or (trapped and any(p.kind is PropertyKind.QUIESCENT for p in rests))
    assert report.verdict is (Verdict.VIOLATED if violated else Verdict.INCOMPLETE if looping or not spec.properties else Verdict.HOLDS)
    if not broken:
        if rests:
            assert report.rest is not None
            assert (report.rest.looping > 0, report.rest.trapped > 0) == (wanted["looping"], wanted["trapped"])
        assert report.states.distinct == wanted["distinct"]
        assert report.states.generated == wanted["generated"]
        assert report.states.quiescent == wanted["quiescent"]
        assert report.levels == wanted["levels"]
        assert [a.fired for a in report.actions] == wanted["fired"]
        premises = [p.premise for p, q in zip(report.properties, spec.properties, strict=True)]
        assert premises == wanted["premises"]


def searched(spec: Spec, *, limit: int) -> dict[str, Any] | None:
    """A breadth-first search by the reference execution; None if there are too many states."""
    from kubecheck.spec import ValueEscape, reference

    plain = Reference(spec)
    fired, premises = [0] * len(spec.actions), [0] * len(spec.properties)
    edges: dict[Any, set[Any]] = {}
    found: dict[str, Any] = {"broken": 0, "shown": 0, "error": False, "quiescent": 0, "levels": [], "fired": fired, "premises": premises}
    try:
        initial = reference.initial_states(spec)
    except ValueEscape:
        return None
    generated = len(initial)
    frontier = list(dict.fromkeys(initial))
    seen = set(frontier)
    while frontier:
        found["levels"].append(len(frontier))
        following = []
        for state in frontier:
            judged, answer = plain.judge(state), plain.answer(state)
            reachable = sum(1 << i for i, p in enumerate(spec.properties) if p.kind is PropertyKind.REACHABLE)
            if not isinstance(judged, Judgement) or not isinstance(answer, Answer):
                found["error"] = True
                if isinstance(judged, Judgement):  # a state is judged before it is expanded
                    found["broken"] |= judged.mask & ~reachable
                continue
            found["broken"] |= (judged.mask & ~reachable) | answer.violated
            found["shown"] |= judged.mask & reachable
            found["quiescent"] += answer.quiescent
            generated += len(answer.successors)
            for counts, new in ((fired, answer.fired), (premises, answer.premises), (premises, judged.premises)):
                counts[:] = [a + b for a, b in zip(counts, new, strict=True)]
            edges[state] = {t.state for t in reference.steps(spec, state) if t.action.kind == "component" and t.state != state}
            for after in answer.successors:
                if after not in seen:
                    seen.add(after)
                    following.append(after)
            if len(seen) > limit:
                return None
        frontier = following
    if not found["error"]:
        found |= rounds(edges)
    return {**found, "distinct": len(seen), "generated": generated}


def rounds(edges: dict[Any, set[Any]]) -> dict[str, bool]:
    """Whether there is a loop, and whether there are states that none of the edges leads out of to one that has none, by definition."""
    beyond = {}
    for state in edges:
        reached: set[Any] = set()
        level = {state}
        while level := {after for one in level for after in edges[one]} - reached:
            reached |= level
        beyond[state] = reached
    return {
        "looping": any(state in reached for state, reached in beyond.items()),
        "trapped": any(edges[state] and all(edges[s] for s in reached) for state, reached in beyond.items()),
    }
