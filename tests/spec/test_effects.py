"""What functions read and write, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kubecheck.spec import Array, Spec, count, present, require
from kubecheck.spec.effects import Effects, effects
from kubecheck.spec.frontend import program
from tests.spec.toys import Inner, Main, Node, Other, Phase, Pod, Work, empty


def effects_of(function: Callable[..., Any], *, parts: int = 2) -> Effects:
    spec = empty() if parts == 2 else Spec("one", Main, scope={"pods": 2, "nodes": 2})
    spec.action(actor="a")(function)
    compiled = program(spec)
    return effects(compiled.actions[0], compiled.root)


def reading(s: Main, o: Other, pod: Pod) -> None:
    require(s.work[pod].spot.tries > s.count and o.flag)


def writing(s: Main, pod: Pod) -> None:
    s.work[pod].phase = Phase.ABSENT
    s.last = Work()
    s.ready |= {pod}


def copying(s: Main, node: Node) -> None:
    s.grid[node] = s.grid[Node(0)]


def naming(s: Main, node: Node) -> None:
    row, inner = s.grid[node], s.many[node]
    row[node] = inner.level > 1


def looping(s: Main) -> None:
    for inner in s.many:
        inner.level += 1
    require(count(w.phase is Phase.ABSENT for w in s.work) > 0)


def _lift(inner: Inner, row: Array[Node, bool], by: int) -> None:
    inner.level += by
    row[Node(0)] = True


def calling(s: Main, node: Node) -> None:
    _lift(s.many[node], s.grid[node], s.count)
    s.inner.hide()
    require(present(s.last).tried())


@pytest.mark.parametrize(
    ("function", "reads", "writes"),
    [
        (reading, {"main.work[*].spot.tries", "main.count", "other.flag"}, set()),
        (writing, {"main.ready"}, {"main.work[*].phase", "main.last", "main.ready"}),
        (copying, {"main.grid[*]"}, {"main.grid[*]"}),
        (naming, {"main.many[*].level"}, {"main.grid[*][*]"}),
        (looping, {"main.many[*]", "main.many[*].level", "main.work[*]"}, {"main.many[*].level"}),
        (
            calling,
            {"main.many[*].level", "main.count", "main.last"},
            {"main.many[*].level", "main.grid[*][*]", "main.inner._hidden"},
        ),
    ],
)
def test_effects(function: Callable[..., Any], reads: set[str], writes: set[str]) -> None:
    assert effects_of(function) == Effects(frozenset(reads), frozenset(writes))


def test_the_only_part_of_a_spec_is_not_named() -> None:
    assert effects_of(writing, parts=1).writes == {"work[*].phase", "last", "ready"}


def test_a_step_invariant_reads_both_states() -> None:
    spec = empty()

    @spec.step_invariant
    def grows(before: Main, after: Main) -> bool:
        return before.count <= after.inner.level

    compiled = program(spec)
    assert effects(compiled.properties[0], compiled.root).reads == {"main.count", "main.inner.level"}
