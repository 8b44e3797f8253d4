"""A plugin of pytest for `python -m tests.mutants.rooms`: which test runs which line, how long it takes, and whose code is run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_DATA = os.environ.get("KUBECHECK_MUTANTS_DATA")
_FROM = os.environ.get("KUBECHECK_MUTANTS_FROM")
_watch: Any = None


def pytest_configure() -> None:
    """Starts to watch; or sees that what is tested is the code that was changed."""
    global _watch
    if _FROM:
        import kubecheck.spec

        assert str(kubecheck.spec.__file__).startswith(_FROM), f"{kubecheck.spec.__file__} is tested, not {_FROM}"
    if _DATA:
        import coverage

        room = Path(__file__).parents[2] / os.environ["KUBECHECK_MUTANTS_ROOM"]
        _watch = coverage.Coverage(data_file=_DATA, config_file=False, source=[str(room)])
        _watch.start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Tells the test's name to coverage, and notes its CPU time."""
    if _watch is None:
        yield
        return
    _watch.switch_context(item.nodeid)
    before = sum(os.times()[:4])
    yield
    spent = sum(os.times()[:4]) - before
    _watch.switch_context("")
    with open(os.environ["KUBECHECK_MUTANTS_TIMES"], "a") as file:
        file.write(f"{spent:.3f}\t{item.nodeid}\n")


def pytest_unconfigure() -> None:
    """Writes what was seen."""
    if _watch is not None:
        _watch.stop()
        _watch.save()
