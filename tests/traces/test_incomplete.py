"""What a log does not say is not assumed: taking evidence out of a log that conforms must not make a violation."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from kubecheck.traces.findings import Verdict
from kubecheck.traces.validate import validate
from tests.traces.incomplete import Take, cases, left, told
from tests.traces.mutate import DATA, Log

FOLDERS = sorted(path.name for path in DATA.iterdir() if path.is_dir())

EACH = 4
"""Cases of each log in the fast tests: others for each log, so that together they are about all of them."""


@functools.cache
def _log(name: str) -> Log:
    return Log(DATA / name)


def _some(name: str) -> Iterator[tuple[str, Take]]:
    found = list(cases(_log(name)))
    first = FOLDERS.index(name)
    for number in range(EACH):
        yield found[(first * EACH + number) * len(found) // (len(FOLDERS) * EACH)]


def _judge(name: str, without: str, take: Take) -> None:
    assert not told(validate(left(_log(name), take).sources())), f"{name} without {without}"


@pytest.mark.parametrize("name", FOLDERS)
def test_nothing_is_called_violated_for_what_is_missing(name: str) -> None:
    for without, take in _some(name):
        _judge(name, without, take)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_nothing_is_called_violated_whatever_is_missing(name: str) -> None:
    for without, take in cases(_log(name)):
        _judge(name, without, take)


# Without watch streams less shows that something is missing: of so many of the cases a violation is told that is none. It should be none.
FALSE_ALARMS = {
    "s01a_deployment_allstages": 3, "s01b_deployment": 4, "s02_scale": 13, "s03_rollout": 11, "s04_conflicts": 11,
    "s05_statefulset": 14, "s06_job": 15, "s07_daemonset": 6, "s08_service": 13, "s09a_node_back": 7, "s10a_kcm_killed": 12,
    "s10b_kcm_paused": 16, "s11_namespace": 7, "s12a_apiserver_killed_allstages": 7, "s12b_apiserver_killed": 6,
    "s13_denied": 3, "s14_stale_apiserver": 7, "s15_many_writers": 5,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_false_alarms_without_streams_are_those_that_are_known(name: str) -> None:
    log = _log(name).copied()
    log.files = {file: lines for file, lines in log.files.items() if file.startswith("audit")}
    assert not told(validate(log.sources()))
    alarms = [without for without, take in cases(log) if told(validate(left(log, take).sources()))]
    assert len(alarms) <= FALSE_ALARMS[name], alarms


def _reasons(name: str, without: str) -> dict[str, int]:
    take = dict(cases(_log(name)))[without]
    found = next(one for one in validate(left(_log(name), take).sources()).rules if one.name == "requests.through-api")
    assert found.verdict is not Verdict.VIOLATED
    return found.not_judged


@pytest.mark.parametrize(("name", "without", "reason"), [
    ("s03_rollout", "every 2nd line", "so many versions are told of by no request that lines, or writers, must be missing in the log"),
    ("s03_rollout", "user system:serviceaccount:kube-system:root-ca-cert-publisher",
     "nothing shows that the log keeps what its writer writes: the audit policy may leave that out"),
    ("s03_rollout", "the last half", "the audit log ends earlier"),
    ("s03_rollout", "the bodies", "the log's level does not keep the bodies that tell"),
    ("s14_stale_apiserver", "server audit-2.jsonl.gz",
     "so many versions are told of by no request that lines, or writers, must be missing in the log"),
])
def test_what_is_missing_is_told(name: str, without: str, reason: str) -> None:
    assert reason in _reasons(name, without)


def test_a_single_write_is_still_missed() -> None:
    """The negative control: a log that keeps everything but one write is not taken for an incomplete one."""
    log = _log("s03_rollout").copied()
    file, number, line = next(entry for entry in log.complete if entry[2]["verb"] == "update"
                              and entry[2]["objectRef"].get("resource") == "replicasets" and entry[2]["responseStatus"]["code"] == 200)
    del log.files[file][number]
    found = validate(log.sources()).violations
    assert {one.rule for one in found} == {"requests.through-api"}
    assert all(line["objectRef"]["name"] in one.objects[0] for one in found)


