"""`kubecheck bugs`: the list, runs of single ones, exit codes, limits."""

from __future__ import annotations

import dataclasses

import pytest

from kubecheck.cli import bugs as verb
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from kubecheck.model import bugs


def run(*arguments: str) -> int:
    return main(["bugs", *arguments])


def test_the_list_names_issues_releases_and_properties(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert "stale-restart  kubernetes#59848, up to 1.31, and 1.33" in out
    assert "Violates no_pod_too_many_after_a_restart." in out


@pytest.mark.parametrize("name", ["phase-goes-back", "54499", "kubernetes#58711"])
def test_a_bug_is_run_by_name_and_by_issue(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", name) == ExitCode.HOLDS
    line = capsys.readouterr().out.splitlines()[2]
    assert line.split()[:2] == ["[ok]", "phase-goes-back"]
    assert all(told in line for told in ("terminal_phases_are_final", "after 7 steps", "holds, 36 states"))


def test_the_path_is_printed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "--path", "phase-goes-back") == ExitCode.HOLDS
    assert "the shortest path to a violation of terminal_phases_are_final, 7 steps:" in capsys.readouterr().out


def test_a_bug_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "stale-restarts") == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == "error: there is no bug stale-restarts\n  help: did you mean `stale-restart`?\n"
    assert run("run", "0") == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == "error: there is no bug 0\n  help: `kubecheck bugs` lists them\n"


def test_a_bug_that_is_not_as_claimed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    bug = bugs.all_bugs()["phase-goes-back"]
    for changed, told in (
        (dataclasses.replace(bug, feature="no-op-writes"), "holds, 36 states"),
        (dataclasses.replace(bug, feature="no-op-writes", scope=bug.scope.switched(without=[bug.feature])), "violated, "),
        (dataclasses.replace(bug, violates="nothing"), "violates terminal_phases_are_final instead"),
    ):
        monkeypatch.setattr(bugs, "all_bugs", lambda changed=changed: {changed.name: changed})
        assert run("run", "phase-goes-back") == ExitCode.VIOLATED
        line = capsys.readouterr().out.splitlines()[2]
        assert line.startswith("[violation]")
        assert told in line


def test_a_limit_is_not_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "stuck-rollout", "--time", "1ms") == ExitCode.INCOMPLETE
    assert capsys.readouterr().out.splitlines()[2].startswith("[incomplete]")


def test_several_results_are_judged_together() -> None:
    assert [b.name for b in verb._chosen(["59848", "stale-restart"])] == ["stale-kubelet", "stale-restart"]
    assert len(verb._chosen([])) == len(bugs.all_bugs())
