"""Which cases of a test `make test` runs; the others are marked slow and run by `make slow`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def some(cases: Iterable[str], *quick: str) -> list[Any]:
    """All cases as parameters, all but the quick ones marked slow. Raises ValueError for a quick one that is no case."""
    names = list(cases)
    if unknown := set(quick) - set(names):
        raise ValueError(f"no such case: {', '.join(sorted(unknown))}")
    return [pytest.param(name, id=name, marks=() if name in quick else (pytest.mark.slow,)) for name in names]


def rounds(number: int) -> pytest.MarkDecorator:
    """Runs a test of random examples once in `make test`, and so many times in all; the test takes `round_` and need not use it."""
    return pytest.mark.parametrize("round_", some(map(str, range(number)), "0"))
