"""Sessions and servers for the tests of the explorer, and a real browser where there is one."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubecheck.checker.stepper import SearchLimits
from kubecheck.cli.explorer.server import ExplorerServer
from kubecheck.cli.explorer.session import Session
from kubecheck.cli.subjects import ScopeOptions, subjects

EXAMPLES = Path(__file__).parents[2] / "examples"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def session_of(target: str) -> Session:
    subject = subjects(target, ScopeOptions())[0]
    return Session(subject.build(), subject, command=f"kubecheck explore {target}")


@contextlib.contextmanager
def serving(session: Session, *, start: tuple[int, ...] = (0,), note: str = "") -> Iterator[ExplorerServer]:
    with ExplorerServer(session, port=0, start=start, note=note, limits=SearchLimits(seconds=20)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def stuck() -> Session:
    """A cluster with a counterexample of ten steps."""
    return session_of("stuck-rollout")


@pytest.fixture(scope="session")
def lagging() -> Session:
    """A cluster with informers that lag, two API servers and a crash."""
    return session_of("stale-restart-1.33")


@pytest.fixture(scope="session")
def commit() -> Session:
    """A spec that is no cluster."""
    return session_of(str(EXAMPLES / "two_phase_commit.py"))


@pytest.fixture(scope="session")
def stuck_server(stuck: Session) -> Iterator[ExplorerServer]:
    with serving(stuck) as server:
        yield server


@pytest.fixture(scope="session")
def lagging_server(lagging: Session) -> Iterator[ExplorerServer]:
    with serving(lagging) as server:
        yield server


@pytest.fixture(scope="session")
def apart_server() -> Iterator[ExplorerServer]:
    """A cluster whose kubelets have a memory, and whose nodes are cut off."""
    with serving(session_of("stateful-node-cut-off")) as server:
        yield server


@pytest.fixture(scope="session")
def commit_server(commit: Session) -> Iterator[ExplorerServer]:
    with serving(commit) as server:
        yield server


@pytest.fixture(scope="module")  # no longer: Playwright keeps an event loop in this thread
def browser() -> Iterator[Any]:
    """A browser driven by Playwright; the tests that want it are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the explorer was not tried in a browser: no playwright")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"the explorer was not tried in a browser: none of {', '.join(BROWSERS)} is installed")
    # Chromium's sandbox refuses to run as root, as in a container
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=found, args=arguments)
        yield launched
        launched.close()
