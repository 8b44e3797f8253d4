"""A path with a fault after which a property does not hold, and then does: against all paths."""

from __future__ import annotations

import pytest

from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.recovery import recovery
from kubecheck.spec import Spec, reference
from kubecheck.spec.reference import Outcome, Snapshot
from tests.cli.specs.crossing import crossing
from tests.cli.specs.lamp import Lamp, lamp


def by_brute_force(spec: Spec, name: str) -> int | None:
    """The length of the shortest such path, by all paths of up to ten steps; None if there is none."""
    prop = spec.find_property(name)
    paths: list[tuple[Snapshot, bool]] = [(state, False) for state in reference.initial_states(spec)]
    for length in range(10):
        if any(hurt and reference.evaluate(spec, prop, state) is Outcome.HOLDS for state, hurt in paths):
            return length
        paths = [
            (
                t.state,
                hurt or (t.action.kind == "fault" and reference.evaluate(spec, prop, t.state) is not Outcome.HOLDS),
            )
            for state, hurt in paths
            for t in reference.steps(spec, state)
        ]
    return None


def test_it_is_the_shortest_one() -> None:
    spec = lamp()
    steps = recovery(Expander(spec), spec.find_property("is_lit"), most=100)
    assert [step.action for step in steps] == ["", "fuse_blows", "mend", "switch_on"]
    assert by_brute_force(spec, "is_lit") == 3


def test_a_fault_that_changes_nothing_for_the_property_is_none() -> None:
    spec = lamp()

    @spec.reachable
    def is_dark(s: Lamp) -> bool:
        """No light."""
        return not s.lit

    assert recovery(Expander(spec), spec.find_property("is_dark"), most=100) == []
    assert by_brute_force(spec, "is_dark") is None


@pytest.mark.parametrize(("spec", "name", "most"), [(lamp(), "is_lit", 1), (crossing(), "one_is_green", 100)])
def test_there_is_none_among_so_many_states_or_without_faults(spec: Spec, name: str, most: int) -> None:
    assert recovery(Expander(spec), spec.find_property(name), most=most) == []
