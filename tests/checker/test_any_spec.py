"""checker/ knows nothing of Kubernetes: it checks traffic lights and two-phase commit just as well."""

from __future__ import annotations

import enum
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from kubecheck.checker import Verdict, check
from kubecheck.spec import Array, Spec, State, require

ROOT = Path(__file__).parents[2]


class Light(enum.Enum):
    RED = 0
    GREEN = 1


class Road(enum.Enum):
    NORTH = 0
    EAST = 1


class Crossing(State):
    light: Array[Road, Light]


def crossing(*, interlocked: bool) -> Spec:
    """Two roads that cross; with the interlock, a light turns green only while the other is red."""
    spec = Spec("crossing", Crossing)

    @spec.action(actor="controller")
    def go(s: Crossing, road: Road) -> None:
        """A light turns green."""
        require(s.light[road] is Light.RED)
        if interlocked:
            require(all(light is Light.RED for light in s.light))
        s.light[road] = Light.GREEN

    @spec.action(actor="controller")
    def stop(s: Crossing, road: Road) -> None:
        """A light turns red."""
        require(s.light[road] is Light.GREEN)
        s.light[road] = Light.RED

    @spec.invariant
    def no_crash(s: Crossing) -> bool:
        """Not both roads have green."""
        return not all(light is Light.GREEN for light in s.light)

    return spec


def example(name: str, function: str, **scope: Any) -> Spec:
    """A spec from a file of examples/ or tests/benchmarks/."""
    found = importlib.util.spec_from_file_location(Path(name).stem, ROOT / name)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    spec: Spec = getattr(module, function)(**scope)
    return spec


def test_traffic_lights_with_an_interlock_never_crash() -> None:
    report = check(crossing(interlocked=True))
    assert (report.verdict, report.states.distinct, report.states.generated) == (Verdict.HOLDS, 3, 5)


def test_traffic_lights_without_one_crash_in_two_steps() -> None:
    report = check(crossing(interlocked=False))
    assert report.verdict is Verdict.VIOLATED
    assert [step.action for step in report.path[1:]] == ["go", "go"]
    assert {step.parameters["road"] for step in report.path[1:]} == {"north", "east"}


# 288 and 8,832 are what Stateright's own two-phase commit example pins for three and five resource managers.
@pytest.mark.parametrize(("managers", "distinct"), [(3, 288), (5, 8_832)])
def test_two_phase_commit_holds(managers: int, distinct: int) -> None:
    report = check(example("examples/two_phase_commit.py", "two_phase_commit", managers=managers))
    assert (report.verdict, report.states.distinct) == (Verdict.HOLDS, distinct)
    assert not report.warnings


# With three TLC, too, generates 1,146 states of TwoPhase.tla.
@pytest.mark.parametrize(("managers", "distinct", "generated"), [(3, 288, 1_146), (5, 8_832, None)])
def test_two_phase_commit_with_its_messages_holds(managers: int, distinct: int, generated: int | None) -> None:
    report = check(example("examples/two_phase_messages.py", "two_phase_messages", managers=managers))
    assert (report.verdict, report.states.distinct) == (Verdict.HOLDS, distinct)
    assert generated is None or report.states.generated == generated
    assert not report.warnings


def test_a_transaction_manager_that_does_not_wait_is_caught() -> None:
    report = check(example("examples/two_phase_commit.py", "two_phase_commit", managers=3, early=True))
    assert report.verdict is Verdict.VIOLATED
    assert report.found == "consistent"


# pods, nodes, desired, writes, failures; the last row agrees with TLC, SPIN and a C program (tests/benchmarks/compare.py shows it)
@pytest.mark.parametrize(
    ("row", "distinct", "generated"),
    [((3, 2, 2, 1, 1), 4_913, 28_420), ((2, 2, 2, 2, 1), 15_625, 79_751), ((3, 2, 2, 2, 1), 3_847_229, 28_998_466)],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_stale_replicas_counts_what_tlc_and_spin_count(row: tuple[int, ...], distinct: int, generated: int, threads: int) -> None:
    names = ("pods", "nodes", "desired", "writes", "failures")
    spec = example("tests/benchmarks/stale_replicas.py", "stale_replicas", **dict(zip(names, row, strict=True)))
    report = check(spec, threads=threads)
    assert (report.verdict, report.states.distinct, report.states.generated) == (Verdict.HOLDS, distinct, generated)
