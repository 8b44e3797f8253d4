"""What a log does not say is not assumed: taking evidence out of a log that conforms must not make a violation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

import pytest

from kubecheck.traces.findings import Verdict
from kubecheck.traces.validate import validate
from tests.traces.incomplete import alone, cases, told
from tests.traces.mutate import DATA, Log

FOLDERS = sorted(path.name for path in DATA.iterdir() if path.is_dir())

EACH = 2
"""Cases of each log in the fast tests: others for each log, so that together they are about all of them."""


@functools.cache
def _log(name: str) -> Log:
    return Log(DATA / name)


def _of(name: str) -> Log:
    """The recorded log: with its streams, or of a name with "/" the audit log alone."""
    folder, _, beside = name.partition("/")
    return alone(_log(folder)) if beside else _log(folder)


LOGS = [f"{name}{beside}" for name in FOLDERS for beside in ("", "/alone")]


def _judge(name: str, cases: Iterable[tuple[str, Callable[[], Log]]]) -> None:
    alarms = {without: told(validate(less().sources())) for without, less in cases}
    assert not [f"without {without}: {found}" for without, found in alarms.items() if found]


@pytest.mark.parametrize("name", LOGS)
def test_nothing_is_called_violated_for_what_is_missing(name: str) -> None:
    """A sample: the cases of each log are others."""
    found = list(cases(_of(name)))
    first = LOGS.index(name)
    _judge(name, [found[(first * EACH + number) * len(found) // (len(LOGS) * EACH)] for number in range(EACH)])


@pytest.mark.parametrize(("name", "without"), [
    ("s02_scale/alone", "components"),
    ("s03_rollout", "managedFields everywhere"),
    ("s03_rollout/alone", "subresource binding"),
    ("s05_statefulset/alone", "user system:node:node-2"),
    ("s06_job/alone", "kubelets"),
    ("s06_job/alone", "the answers of patches"),
    ("s07_daemonset/alone", "every 10th line"),
    ("s08_service/alone", "people"),
    ("s09a_node_back/alone", "user system:serviceaccount:kube-system:node-controller"),
    ("s10b_kcm_paused/alone", "kubelets"),
    ("s11_namespace", "the last 1/3"),
    ("s13_denied/alone", "3 of 10 lines (1)"),
    ("s14_stale_apiserver", "the first third of streams"),
    ("s14_stale_apiserver/alone", "server audit.jsonl.gz"),
    ("s14_stale_apiserver/alone", "server audit-2.jsonl.gz"),
    ("s03_rollout", "nothing, but pods have a store of their own"),
    ("s03_rollout", "all but the metadata in streams"),
    ("s05_statefulset", "parts of the objects (1)"),
    ("s06_job/alone", "parts of the objects (2)"),
    ("s07_daemonset/alone", "parts of the objects (0)"),
    ("s14_stale_apiserver", "parts of the objects (2)"),
    ("s06_job", "bodies that are larger than most"),
    ("s11_namespace/alone", "answers that nobody tells of"),
])  # fmt: skip
def test_what_once_raised_an_alarm(name: str, without: str) -> None:
    """One of each way in which a log was once taken to be complete."""
    _judge(name, [(without, dict(cases(_of(name)))[without])])


@pytest.mark.slow
@pytest.mark.parametrize("name", LOGS)
def test_nothing_is_called_violated_whatever_is_missing(name: str) -> None:
    _judge(name, cases(_of(name)))


def _reasons(name: str, without: str) -> dict[str, int]:
    less = dict(cases(_log(name)))[without]
    found = next(one for one in validate(less().sources()).rules if one.name == "requests.through-api")
    assert found.verdict is not Verdict.VIOLATED
    return found.not_judged


@pytest.mark.parametrize(("name", "without", "reason"), [
    ("s03_rollout", "every 2nd line", "so many versions are told of by no request that lines, or writers, must be missing in the log"),
    ("s03_rollout", "user system:serviceaccount:kube-system:root-ca-cert-publisher",
     "nothing shows that the log keeps what its writer writes: the audit policy may leave that out"),
    ("s03_rollout", "the last half", "the audit log ends earlier"),
    ("s03_rollout", "the bodies", "the log's level does not keep the bodies that tell"),
    ("s14_stale_apiserver", "server audit-2.jsonl.gz", "the log of an API server is missing"),
])
def test_what_is_missing_is_told(name: str, without: str, reason: str) -> None:
    assert reason in _reasons(name, without)


def test_a_single_write_is_still_missed() -> None:
    """The negative control: a log that keeps everything but one write is not taken for an incomplete one; the write is open, as it may
    be a lost line."""
    log = _log("s03_rollout").copied()
    file, number, line = next(entry for entry in log.complete if entry[2]["verb"] == "update"
                              and entry[2]["objectRef"].get("resource") == "replicasets" and entry[2]["responseStatus"]["code"] == 200)
    del log.files[file][number]
    found = validate(log.sources())
    assert not found.violations
    (opened,) = next(one.open for one in found.rules if one.name == "requests.through-api")
    assert line["objectRef"]["name"] in opened
    assert "was written by no request in the log" in opened


