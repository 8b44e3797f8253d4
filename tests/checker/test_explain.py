"""Why a property is false, and why a step is refused: the part of the source that decides, with its values."""

from __future__ import annotations

import itertools
import linecache

import msgspec
import pytest
from hypothesis import event, given, reject

from kubecheck.checker.explain import why_quiet, why_refused, why_violated
from kubecheck.checker.report import Condition, Operand, Position, Refusal
from kubecheck.cli.why import condition_lines, quiet_lines
from kubecheck.model.scenarios import ALL
from kubecheck.spec import PropertyKind, Spec, SpecError, reference
from kubecheck.spec.reference import Outcome, Snapshot
from tests.checker.explain_toys import Job, Table, jobs
from tests.checker.test_differential import CHOICES, Drawn, examples, written
from tests.cli.specs.crossing import crossing

JOBS = jobs()
[START] = reference.initial_states(JOBS)


def told(condition: Condition | None) -> list[str]:
    """The lines that a user reads, without places."""
    assert condition is not None
    return [f"{'  ' * depth}{text.partition('  [')[0]}" for depth, text in condition_lines(condition)]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("compared", ["s.total <= limit is false: s.total is 3, limit is 2"]),
        (
            "member",
            ["s.entries[Job(2)].phase in RESTING is false: s.entries[Job(2)].phase is busy, RESTING is {idle}"],
        ),
        ("chained", ["1 < s.total < limit is false: s.total is 3, limit is 2"]),
        (
            "for_all",
            [
                "all(e.tries < limit for e in s.entries) is false",
                "  for e = s.entries[job-2]: e.tries < limit is false: e.tries is 3, limit is 2",
            ],
        ),
        (
            "for_all_of_two",
            [
                "all(s.entries[a].tries == s.entries[b].tries for a in Job for b in Job if a != b) is false",
                "  for a = job-0, b = job-2: s.entries[a].tries == s.entries[b].tries is false: "
                "s.entries[a].tries is 0, s.entries[b].tries is 3",
            ],
        ),
        (
            "negated",
            [
                "not any(e.is_tired for e in s.entries) is false",
                "  for e = s.entries[job-2]: e.is_tired is true",
                "    self.tries > 2 and self.phase is Phase.BUSY is true",
                "      self.tries > 2 is true: self.tries is 3",
                "      self.phase is Phase.BUSY is true: self.phase is busy",
            ],
        ),
        ("conjunction", ["s.busy() < 2 is false: s.busy() is 2 (e = self.entries[job-1], self.entries[job-2])"]),
        (
            "disjunction",
            [
                "s.total == 0 or s.busy() == 0 is false",
                "  s.total == 0 is false: s.total is 3",
                "  s.busy() == 0 is false: s.busy() is 2 (e = self.entries[job-1], self.entries[job-2])",
            ],
        ),
        (
            "implication",
            [
                "implies(s.total > 1, s.busy() == 0) is false",
                "  s.total > 1 is true: s.total is 3",
                "  s.busy() == 0 is false: s.busy() is 2 (e = self.entries[job-1], self.entries[job-2])",
            ],
        ),
        (
            "by_helper",
            [
                "is_calm(s, job, limit) is false",
                "  s.entries[job].tries <= limit is false: s.entries[job].tries is 3, limit is 2",
            ],
        ),
        ("by_statement", ["s.entries[job].tries > limit is true: s.entries[job].tries is 3, limit is 2"]),
        (
            "by_name",
            ["few is false", "  s.busy() <= 1 is false: s.busy() is 2 (e = self.entries[job-1], self.entries[job-2])"],
        ),
        ("by_choice", ["s.busy() == 1 is false: s.busy() is 2 (e = self.entries[job-1], self.entries[job-2])"]),
    ],
)
def test_the_part_that_decides(name: str, lines: list[str]) -> None:
    why = why_violated(JOBS, JOBS.find_property(name), START)
    assert why is not None
    assert (why.property, why.kind, why.sentence) == (name, "invariant", JOBS.find_property(name).sentence)
    assert told(why.condition) == lines


def test_the_instance_and_the_place() -> None:
    why = why_violated(JOBS, JOBS.find_property("by_helper"), START)
    assert why is not None
    assert why.parameters == {"job": "job-2"}
    [inside] = why.condition.parts
    assert inside.function == "is_calm"
    with open(inside.position.file) as source:
        line = source.read().splitlines()[inside.position.line - 1]
    assert line[inside.position.column - 1 :] == "s.entries[job].tries <= limit"


def test_a_step() -> None:
    [taken] = [t for t in reference.steps(JOBS, START) if t.parameters == {"job": Job.member(0), "other": Job.member(2)}]
    why = why_violated(JOBS, JOBS.find_property("step"), START, taken.state)
    assert why is not None
    assert why.parameters == {"job": "job-0"}
    assert told(why.condition) == ["after.entries[job].after is None is false: after.entries[job].after is job-2"]


def test_nothing_is_said_of_what_holds() -> None:
    [after] = {t.state for t in reference.steps(JOBS, START) if t.parameters == {"job": Job.member(0), "other": Job.member(1)}}
    assert why_violated(JOBS, JOBS.find_property("step"), START, START) is None
    assert why_violated(JOBS, JOBS.find_property("step"), after, after) is None


class TestRefusals:
    def told(self, name: str, *numbers: int) -> list[str] | None:
        action = JOBS.find_action(name)
        names = [p.name for p in JOBS.parameters(action) if p.part is None]
        values = dict(zip(names, (Job.member(n) for n in numbers), strict=True))
        refused = why_refused(JOBS, action, values, START)
        assert (refused is None) == (reference.take(JOBS, action, values, START) is not None)
        return None if refused is None else told(refused)

    def test_require(self) -> None:
        assert self.told("wait", 1, 2) == [
            "s.entries[job].phase is Phase.IDLE is false: s.entries[job].phase is busy",
        ]

    def test_present(self) -> None:
        assert self.told("go_on", 0) == ["s.entries[job].after is none"]
        assert self.told("follow", 0) == ["s.entries[job].after is none"]
        assert self.told("gather") == ["e.after is none"]

    def test_a_condition_that_writes_to_the_state_is_told_without_reasons(self) -> None:
        """Evaluated again it would say something else."""
        assert self.told("pay") == ["spend(s, 1) is false"]

    def test_an_enabled_one(self) -> None:
        assert self.told("wait", 0, 1) is None

    def test_a_state_that_the_action_has_written_to_is_told_as_it_was_then(self) -> None:
        action = JOBS.find_action("wait")
        state = reference.take(JOBS, action, {"job": Job.member(0), "other": Job.member(1)}, START)
        assert state is not None
        refused = why_refused(JOBS, JOBS.find_action("go_on"), {"job": Job.member(0)}, state)
        assert told(refused) == [
            "s.total < 4 or other == job is false",
            "  s.total < 4 is false: s.total is 4",
            "  other == job is false: other is job-1, job is job-0",
        ]


def test_what_keeps_the_components_from_moving() -> None:
    spec = crossing(lights=2, turns=1)
    [start] = reference.initial_states(spec)
    green = next(taken.state for taken in reference.steps(spec, start) if taken.action.name == "go")
    red = next(taken.state for taken in reference.steps(spec, green) if taken.action.name == "stop")
    assert reference.is_quiescent(spec, red)
    refusals = why_quiet(spec, red)
    assert [(r.actor, r.action, r.parameters, r.condition is None) for r in refusals] == [
        ("controller", "go", {"light": "light-0"}, False),
        ("controller", "go", {"light": "light-1"}, False),
        ("controller", "stop", {"light": "light-0"}, False),
        ("controller", "stop", {"light": "light-1"}, False),
    ]
    assert quiet_lines(refusals) == [
        "What keeps the components from moving there:",
        "  controller",
        "    go(light-0) and 1 more: s.turns < turns is false: s.turns is 1, turns is 1",
        "    stop(light-0) and 1 more: s.colour[light] is Colour.GREEN is false: s.colour[light] is red",
    ]


def test_an_action_that_the_scope_leaves_out_is_told_where_it_would_be_taken() -> None:
    """A cluster is quiet where only a status would be written, which nobody but people reads: that is the scope's doing."""
    position = Position(file="a.py", line=1, column=1)
    operand = Operand(text="decision.request", value="status")
    condition = Condition(text="decision.request is Request.SCALE", holds=False, function="f", position=position, operands=[operand])
    refusal = Refusal(actor="deployment-controller", action="scale", parameters={}, condition=condition)
    lines = quiet_lines([refusal], scope={"deployment_status": False})
    assert lines[2] == "    it would write the Deployment's status now, which is left out here: --set deployment_status=true"
    for scope in ({"deployment_status": True}, {}):
        assert quiet_lines([refusal], scope=scope)[2:] == lines[3:]
    scaling = msgspec.structs.replace(condition, operands=[Operand(text="decision.request", value="scale")])
    others = [msgspec.structs.replace(refusal, condition=scaling)]
    assert not [line for line in quiet_lines(others, scope={"deployment_status": False}) if "left out" in line]


def test_a_step_that_changes_nothing_is_told() -> None:
    spec = Spec("idle", Table, scope={"jobs": 1})

    @spec.action(actor="worker")
    def look(s: Table, job: Job) -> None:
        """A worker looks at a job."""
        s.entries[job].phase = s.entries[job].phase

    [start] = reference.initial_states(spec)
    assert quiet_lines(why_quiet(spec, start))[2] == "    look(job-0): changes nothing"


def explained(spec: Spec, most: int) -> int:
    """Explains every violation in the first states of a spec, and says how many there were."""
    seen: set[Snapshot] = set()
    waiting, found = reference.initial_states(spec), 0
    while waiting and len(seen) < most:
        state = waiting.pop(0)
        if state in seen:
            continue
        seen.add(state)
        waiting += [taken.state for taken in reference.steps(spec, state)]
        for prop in spec.properties:
            if prop.kind in (PropertyKind.STEP_INVARIANT, PropertyKind.REACHABLE):
                continue
            why = why_violated(spec, prop, state)
            if reference.evaluate(spec, prop, state) is Outcome.VIOLATED:
                found += 1
                assert why is not None, prop.name
                whole = " ".join("".join(linecache.getlines(why.condition.position.file)).split())
                assert why.condition.text in whole
            else:
                assert why is None
    return found


def test_every_property_of_a_cluster_can_be_explained() -> None:
    """Also where it is false only because the state is no end: no property of the model has a form that is not understood."""
    assert explained(ALL["stuck-rollout"].build(), 60) > 50


@given(choices=CHOICES)
@examples(60)
def test_whatever_the_language_has_can_be_explained(tmp_path_factory: pytest.TempPathFactory, choices: Drawn) -> None:
    spec = written(choices, tmp_path_factory.mktemp("specs"), errors=False)
    try:
        found = explained(spec, 8)
        refused = refusals(spec, 3)
    except SpecError:  # a value left its type: others test that
        reject()
    event(f"violations explained: {min(found, 3)}")
    event(f"refusals explained: {'some' if refused else 'none'}")


def refusals(spec: Spec, most: int) -> int:
    """Explains why action instances are not enabled in the first states, and says how many were."""
    states = [*reference.initial_states(spec)[:1]]
    states += [taken.state for state in states[:1] for taken in reference.steps(spec, state)][: most - 1]
    found = 0
    for state in states:
        for action in spec.actions:
            finite = [p for p in spec.parameters(action) if p.part is None]
            for values in itertools.islice(itertools.product(*(p.type.values() for p in finite)), 10):
                parameters = dict(zip((p.name for p in finite), values, strict=True))
                enabled = reference.take(spec, action, parameters, state) is not None
                why = why_refused(spec, action, parameters, state)
                assert not (enabled and why is not None)
                found += why is not None
    return found
