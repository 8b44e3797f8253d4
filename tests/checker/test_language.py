"""The executions agree on each construct by itself, from the initial state and from arbitrary ones, for sorts of several sizes."""

from __future__ import annotations

import random

import pytest

from kubecheck.spec import Spec
from tests.checker.language_toys import build, tables
from tests.spec.comparing import compare, random_data


@pytest.mark.parametrize("action", [a.name for a in build().actions])
@pytest.mark.parametrize(("n", "p"), [(2, 2), (1, 3), (3, 0)])
def test_executions_agree(action: str, n: int, p: int) -> None:
    spec = build(n=n, p=p)
    spec.actions[:] = [spec.find_action(action)]
    integer = random.Random(action).randint
    more = [random_data(spec.root, integer) for _ in range(12)]
    assert compare(spec, limit=25, more=more).states > 1


@pytest.mark.parametrize("action", [a.name for a in tables().actions])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_executions_agree_on_tables(action: str, n: int) -> None:
    spec = tables(n=n)
    spec.actions[:] = [spec.find_action(action)]
    integer = random.Random(action).randint
    more = [random_data(spec.root, integer) for _ in range(20)]
    assert compare(spec, limit=30, more=more).states > 1


def test_a_module_that_is_included_twice() -> None:
    spec = tables()
    twice = Spec("twice", *spec.parts, scope=spec.scope)
    twice.include(spec, prefix="left")
    twice.include(spec, prefix="right")
    assert [a.name for a in twice.actions][::9] == ["left_nxt", "right_nxt"]
    assert [p.name for p in twice.properties] == ["left_inv", "right_inv"]
    twice.actions[:] = [twice.find_action("right_add2"), twice.find_action("left_add1")]
    assert compare(twice, limit=30).states > 1
