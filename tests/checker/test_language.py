"""The executions agree on each construct by itself, from the initial state and from arbitrary ones, for sorts of several sizes."""

from __future__ import annotations

import random

import pytest

from tests.checker.language_toys import build
from tests.spec.comparing import compare, random_data


@pytest.mark.parametrize("action", [a.name for a in build().actions])
@pytest.mark.parametrize(("n", "p"), [(2, 2), (1, 3), (3, 0)])
def test_executions_agree(action: str, n: int, p: int) -> None:
    spec = build(n=n, p=p)
    spec.actions[:] = [spec.find_action(action)]
    more = [random_data(spec.root, random.Random(action).randint) for _ in range(12)]
    assert compare(spec, limit=25, more=more).states > 1
