"""Tests that tell the model's functions one by one what they must answer: exhaustive comparisons, and stories of the registry.

`COMPARISONS` compare the model with something written independently of it: the workload's API server with the registry, the Deployment
controller with an oracle. `STORIES` pin what single requests, reads and steps do; among them are the answers that a real API server would
give, by its source, beside those that were recorded. Both run in the reference execution, so which functions of the
model a test module runs can be observed; for a mutant of another function it says nothing and is not run.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COMPARISONS = ("model/registry/test_workload_agrees.py", "model/test_deployment_decisions.py")
STORIES = (
    "model/registry/test_cacher.py",
    "model/registry/test_chain.py",
    "model/registry/test_garbage_graph.py",
    "model/registry/test_reads.py",
    "model/registry/test_etcd.py",
    "model/registry/test_seeding.py",
    "model/registry/test_store.py",
    "model/registry/test_namespace_deletion.py",
    "model/registry/test_pods_and_namespaces.py",
    "model/test_apiserver.py",
    "model/test_features.py",
    "model/test_controller_manager.py",
    "model/test_history.py",
    "model/test_kubelet.py",
    "model/test_replica_set_decisions.py",
    "model/test_scheduler_cache.py",
    "model/test_slow_start.py",
    "conformance/test_admission.py",
    "conformance/test_applies.py",
    "conformance/test_authority.py",
    "conformance/test_changes.py",
    "conformance/test_deletions.py",
    "conformance/test_conformance_of_reads.py",
    "conformance/test_metadata.py",
    "conformance/test_patching.py",
    "conformance/test_validation.py",
)


class _Failures:
    """A plugin of pytest that keeps the names of the tests that fail."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.names.append(report.nodeid.rsplit("::", 1)[-1])


def failing(module: str) -> str:
    """The first test of a module (below tests/) that fails; empty if all pass."""
    failures, said = _Failures(), io.StringIO()
    options = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(ROOT / "tests" / module)]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(options, plugins=[failures])
    if failures.names:
        return failures.names[0]
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return f"cannot run: {said.getvalue().splitlines()[-1:]}"
    return ""


class Observed:
    """While it lasts, the functions of the model that run: (file below model/, first line)."""

    def __init__(self) -> None:
        self.functions: set[tuple[str, int]] = set()
        self._seen: set[CodeType] = set()

    def __enter__(self) -> Observed:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event != "call" or code in self._seen:
            return
        self._seen.add(code)
        if "/kubecheck/model/" in code.co_filename:
            self.functions.add((code.co_filename.rsplit("/model/", 1)[1], code.co_firstlineno))
